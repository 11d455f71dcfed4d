//! Believable scores and buckets.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::kpi::{Base, Kpi, Point, Score, Unit};

/// Returns the score of a bucket with so many answers.
#[must_use]
pub fn score(kpi: &Kpi, value: f64, n: u64) -> Score {
    let base = match n {
        0..=4 => Base::Hidden,
        5..=9 => Base::CountsOnly,
        10..=29 => Base::Low,
        _ => Base::Ok,
    };
    if base == Base::Hidden {
        return hidden();
    }
    let is_shown = base != Base::CountsOnly || kpi.unit == Unit::Count;
    #[expect(clippy::cast_precision_loss, reason = "small sample counts")]
    let reach = 165.0 / (n as f64).sqrt();
    let is_time = kpi.unit == Unit::Seconds;
    let reach = if is_time {
        value.abs() * reach / 100.0
    } else {
        reach
    };
    let (least, greatest) = (kpi.range.0, kpi.range.1);
    let has_interval = is_shown && kpi.unit != Unit::Count;
    let low = (value - reach).max(least.unwrap_or(f64::NEG_INFINITY));
    let high = (value + reach).min(greatest.unwrap_or(f64::INFINITY));
    Score {
        value: is_shown.then_some(value),
        bound: None,
        low: has_interval.then_some(low),
        high: has_interval.then_some(high),
        n: Some(n),
        base,
        counts: match kpi.name {
            "nps" => nps_counts(value, n),
            _ if is_time => vec![("open", n / 7)],
            _ => Vec::new(),
        },
        histogram: if kpi.name == "nps" {
            nps_histogram(value, n)
        } else {
            Vec::new()
        },
        secondary: match is_time && is_shown {
            true => vec![("p90", 4.0 * value)],
            false => Vec::new(),
        },
    }
}

/// Returns a score that privacy hides.
#[must_use]
pub fn hidden() -> Score {
    Score {
        value: None,
        bound: None,
        low: None,
        high: None,
        n: None,
        base: Base::Hidden,
        counts: Vec::new(),
        histogram: Vec::new(),
        secondary: Vec::new(),
    }
}

/// Returns the score of a bucket without answers.
#[must_use]
pub fn unanswered() -> Score {
    Score {
        n: Some(0),
        ..hidden()
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small positive counts"
)]
fn nps_counts(value: f64, n: u64) -> Vec<(&'static str, u64)> {
    let passives = (n as f64 * 0.28 * (1.0 - value.abs() / 100.0)) as u64;
    let rest = (n - passives) as f64;
    let promoters = (f64::midpoint(rest, n as f64 * value / 100.0)).clamp(0.0, rest) as u64;
    vec![
        ("promoters", promoters),
        ("passives", passives),
        ("detractors", n - passives - promoters),
        ("unanswered", n / 40),
    ]
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small positive counts"
)]
fn nps_histogram(value: f64, n: u64) -> Vec<(f64, u64)> {
    let counts = nps_counts(value, n);
    let weights = [
        (2, [0.09, 0.04, 0.07, 0.1, 0.12, 0.28, 0.3].as_slice()),
        (1, [0.4, 0.6].as_slice()),
        (0, [0.45, 0.55].as_slice()),
    ];
    let shares = weights.iter().flat_map(|(group, shares)| {
        let count = counts[*group].1 as f64;
        shares.iter().map(move |share| count * share)
    });
    (0..=10_u32)
        .zip(shares)
        .map(|(answer, count)| (f64::from(answer), count as u64))
        .collect()
}

/// Returns months ending with a running one; `value_of` gives each bucket's value and count.
pub fn months(
    kpi: &Kpi,
    n_months: usize,
    mut value_of: impl FnMut(usize) -> (f64, u64),
) -> Vec<Point> {
    let zone = TimeZone::get("Europe/Berlin").unwrap_or(TimeZone::UTC);
    let last = Date::constant(2026, 6, 1);
    let start_of = |back: i64| -> Timestamp {
        last.saturating_sub(jiff::Span::new().months(back))
            .to_zoned(zone.clone())
            .map_or(Timestamp::UNIX_EPOCH, |at| at.timestamp())
    };
    (0..n_months)
        .map(|idx| {
            let back = i64::try_from(n_months - 1 - idx).unwrap_or(0);
            let (value, n) = value_of(idx);
            let start = start_of(back);
            Point {
                start,
                end: start_of(back - 1),
                label: start.to_zoned(zone.clone()).strftime("%Y-%m").to_string(),
                score: if n == 0 {
                    unanswered()
                } else {
                    score(kpi, value, n)
                },
                is_complete: back > 0,
                is_provisional: back <= 1,
                is_suppressed: (1..5).contains(&n),
            }
        })
        .collect()
}
