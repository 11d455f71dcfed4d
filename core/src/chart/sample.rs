//! Believable figures for the contact sheet and the drawing tests: every chart, every state.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Figure, Freshness, GoalMark, Mark};
use crate::kpi::{
    Answer, Base, Change, ChartKind, Grain, Kpi, Point, Score, Series, SourceStamp, Unit,
};

/// A score from −100 to 100.
pub static NPS: Kpi = Kpi {
    name: "nps",
    title: "Net Promoter Score",
    unit: Unit::Points,
    range: (Some(-100.0), Some(100.0)),
    definition_version: 1,
    formula: "% answering 9–10 minus % answering 0–6, of all scores",
    charts: &[
        ChartKind::Trend,
        ChartKind::Number,
        ChartKind::Stack,
        ChartKind::Distribution,
    ],
    is_higher_better: Some(true),
};

/// A plain count.
pub static RESPONSES: Kpi = Kpi {
    name: "responses",
    title: "Responses",
    unit: Unit::Count,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "number of submissions with at least one valid answer",
    charts: &[ChartKind::Number, ChartKind::Trend, ChartKind::Stack],
    is_higher_better: None,
};

/// A share in percent.
pub static CSAT: Kpi = Kpi {
    name: "csat",
    title: "Customer satisfaction",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "share of answers in the two top boxes",
    charts: &[ChartKind::Number, ChartKind::Trend],
    is_higher_better: Some(true),
};

/// A time in seconds.
pub static WAITING: Kpi = Kpi {
    name: "resolution_time",
    title: "Resolution time",
    unit: Unit::Seconds,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "median time from a ticket's opening to its last solution",
    charts: &[ChartKind::Trend, ChartKind::Number],
    is_higher_better: Some(false),
};

/// Draws the same numbers from the same seed (xorshift64*).
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Starts at a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// Returns the next number in 0..1.
    #[expect(
        clippy::cast_precision_loss,
        reason = "53 bits are what a double holds"
    )]
    pub fn share(&mut self) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number in `low..high`.
    pub fn within(&mut self, low: f64, high: f64) -> f64 {
        low + self.share() * (high - low)
    }

    /// Returns a whole number in `0..below`.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "small positive counts"
    )]
    pub fn below(&mut self, below: usize) -> usize {
        (self.share() * below as f64) as usize
    }
}

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

/// Returns an answer around series; the instant is 30 June 2026, 14:05 in Berlin.
#[must_use]
pub fn answer(kpi: &'static Kpi, series: Vec<Series>, total: Score) -> Answer {
    let as_of: Timestamp = "2026-06-30T12:05:00Z".parse().unwrap_or_default();
    let ends = series
        .first()
        .and_then(|one| Some((one.points.first()?.start, one.points.last()?.end)));
    let (from, to) = ends.unwrap_or((as_of, as_of));
    Answer {
        kpi,
        timezone: "Europe/Berlin".to_owned(),
        tzdb: "2026a".to_owned(),
        as_of,
        valid_until: as_of,
        grain: Grain::Month,
        mode: None,
        filters: std::collections::BTreeMap::new(),
        by: (series.len() > 1).then(|| "region".to_owned()),
        is_additive: true,
        from,
        to,
        series,
        total,
        change: None,
        is_lower_better: false,
        deff: None,
        active: None,
        currency: None,
        tables: None,
        bias: None,
        notes: Vec::new(),
        sources: vec![SourceStamp {
            name: "survey".to_owned(),
            last_success: Some(as_of),
            is_stale: false,
            is_failing: false,
        }],
        newest: Some(as_of),
    }
}

/// Returns a change against the period before.
#[must_use]
pub fn change(value: f64, reach: f64) -> Change {
    Change {
        value,
        low: value - reach,
        high: value + reach,
        p: 0.04,
        is_changed: value.abs() > reach,
        previous_start: Timestamp::UNIX_EPOCH,
        previous_end: Timestamp::UNIX_EPOCH,
        previous_n: 900,
    }
}

/// Returns the everyday figure: two years of a rising score with a goal and a release.
#[must_use]
pub fn everyday(chart: ChartKind) -> Figure {
    let mut dice = Dice::new(7);
    let points = months(&NPS, 24, |idx| {
        #[expect(clippy::cast_precision_loss, reason = "a small count")]
        let at = idx as f64;
        let value = 28.0 + 0.7 * at + dice.within(-5.0, 5.0);
        (
            value,
            if idx == 23 {
                190
            } else {
                260 + (idx as u64 * 37) % 120
            },
        )
    });
    let series = vec![Series {
        key: None,
        is_rest: false,
        points,
        total: score(&NPS, 36.4, 6480),
        versus_rest: None,
    }];
    let mut answer = answer(&NPS, series, score(&NPS, 36.4, 6480));
    answer.change = Some(change(5.2, 3.1));
    Figure {
        chart,
        title: "Net Promoter Score".to_owned(),
        subtitle: "last 24 months · segment: Enterprise".to_owned(),
        answer,
        goal: Some(GoalMark {
            target: 45.0,
            label: "by 31 Dec".to_owned(),
        }),
        events: vec![Mark {
            at: "2025-09-15T00:00:00Z".parse().unwrap_or_default(),
            label: "New billing portal".to_owned(),
        }],
        freshness: Freshness::Fresh,
        note: None,
    }
}

/// Returns one figure per designed state, with the state's name.
#[must_use]
pub fn states(chart: ChartKind) -> Vec<(&'static str, Figure)> {
    let mut states = vec![
        ("everyday", everyday(chart)),
        ("split", split(chart, 4)),
        ("split-40", split(chart, 40)),
    ];
    states.extend(aged(chart));
    states.extend(thin(chart));
    states.extend(shaped(chart));
    states
}

/// Returns states of what stands around the numbers.
fn aged(chart: ChartKind) -> [(&'static str, Figure); 3] {
    let with = |edit: &dyn Fn(&mut Figure)| {
        let mut figure = everyday(chart);
        edit(&mut figure);
        figure
    };
    let hours_ago = |hours: i64| {
        let as_of = everyday(chart).answer.as_of;
        as_of.checked_sub(SignedDuration::from_hours(hours)).ok()
    };
    [
        (
            "stale",
            with(&|figure| figure.freshness = Freshness::Stale(hours_ago(7))),
        ),
        (
            "failing",
            with(&|figure| {
                figure.freshness = Freshness::Failing(hours_ago(76));
                figure.note = Some("dashboard file has a fault; last good one shown".to_owned());
            }),
        ),
        (
            "long-names",
            with(&|figure| {
                figure.title = "How likely are you to recommend our field service after a \
                                repair visit that needed more than one appointment"
                    .to_owned();
                figure.subtitle = "Region: Baden-Württemberg, Nordrhein-Westfalen, \
                                   Mecklenburg-Vorpommern; channel: e-mail, in-app, telephone"
                    .to_owned();
            }),
        ),
    ]
}

/// Returns states with few answers or none.
fn thin(chart: ChartKind) -> [(&'static str, Figure); 6] {
    let none = months(&NPS, 12, |_| (0.0, 0));
    let hidden_months = months(&NPS, 12, |_| (0.0, 3));
    let reshaped = |kpi, points, total| reshaped(chart, kpi, points, total);
    [
        ("no-data", reshaped(&NPS, none, unanswered())),
        ("one-bucket", {
            let points = months(&NPS, 1, |_| (31.0, 84));
            reshaped(&NPS, points, score(&NPS, 31.0, 84))
        }),
        ("suppressed", reshaped(&NPS, hidden_months, hidden())),
        ("counts-only", {
            let points = months(&NPS, 6, |_| (10.0, 0));
            reshaped(&NPS, points, score(&NPS, 10.0, 8))
        }),
        ("low-base", {
            let points = months(&NPS, 9, |idx| (20.0 + [4.0, -9.0, 12.0][idx % 3], 14));
            reshaped(&NPS, points, score(&NPS, 22.0, 24))
        }),
        ("gaps", {
            let points = months(&NPS, 18, |idx| (30.0, if idx % 5 == 3 { 0 } else { 120 }));
            reshaped(&NPS, points, score(&NPS, 30.0, 1900))
        }),
    ]
}

/// Returns states with unusual values.
fn shaped(chart: ChartKind) -> [(&'static str, Figure); 5] {
    let reshaped = |kpi, points, total| reshaped(chart, kpi, points, total);
    [
        ("negative", {
            let points = months(&NPS, 12, |idx| (-62.0 + [0.0, 5.0, -4.0][idx % 3], 310));
            reshaped(&NPS, points, score(&NPS, -61.3, 3700))
        }),
        ("constant", {
            let points = months(&NPS, 12, |_| (50.0, 400));
            reshaped(&NPS, points, score(&NPS, 50.0, 4800))
        }),
        ("percent", {
            let points = months(&CSAT, 24, |idx| (78.0 + [0.0, 2.4, -1.3][idx % 3], 640));
            reshaped(&CSAT, points, score(&CSAT, 78.42, 15_360))
        }),
        ("huge", {
            let points = months(&RESPONSES, 24, |idx| (4.1e8 + 1.3e7 * idx_f(idx), 400));
            reshaped(&RESPONSES, points, score(&RESPONSES, 12_345_678_901.0, 400))
        }),
        ("time", {
            let points = months(&WAITING, 24, |idx| {
                (3_600.0 * (20.0 + idx_f(idx * 7 % 11)), 640)
            });
            reshaped(&WAITING, points, score(&WAITING, 88_200.0, 15_360))
        }),
    ]
}

/// Returns the everyday figure with other numbers and nothing around them.
fn reshaped(chart: ChartKind, kpi: &'static Kpi, points: Vec<Point>, total: Score) -> Figure {
    let mut figure = everyday(chart);
    figure.answer.kpi = kpi;
    figure.answer.series[0].points = points;
    figure.answer.series[0].total = total.clone();
    figure.answer.total = total;
    figure.goal = None;
    figure.events.clear();
    figure.answer.change = None;
    kpi.title.clone_into(&mut figure.title);
    figure
}

#[expect(clippy::cast_precision_loss, reason = "a small count")]
fn idx_f(idx: usize) -> f64 {
    idx as f64
}

/// Returns a figure split into so many groups: at most eight and the pooled rest.
#[must_use]
pub fn split(chart: ChartKind, n_groups: usize) -> Figure {
    const NAMES: [&str; 8] = [
        "Germany",
        "France",
        "Spain & Portugal",
        "Nordics",
        "United Kingdom",
        "Italy",
        "Benelux",
        "Alps",
    ];
    let mut dice = Dice::new(11);
    let mut figure = everyday(chart);
    figure.subtitle = "last 24 months · by region".to_owned();
    figure.goal = None;
    figure.answer.by = Some("region".to_owned());
    figure.answer.series = (0..n_groups.min(9))
        .map(|group| {
            let level = dice.within(18.0, 52.0);
            let points = months(&NPS, 24, |_| (level + dice.within(-4.0, 4.0), 140));
            Series {
                key: NAMES.get(group).map(|name| (*name).to_owned()),
                is_rest: group >= NAMES.len(),
                points,
                total: score(&NPS, level, 1800),
                versus_rest: None,
            }
        })
        .collect();
    figure
}
