//! The time axis: civil dates under a plot, none over another.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::layout::Panel;
use super::sheet::{Align, Rect, Sheet};
use super::{Figure, Language, facts, numerals};
use crate::kpi::{Grain, Point};

/// Writes the dates under a plot, none over another; `x_px` gives the centre of a bucket.
pub(super) fn draw_time_axis(
    sheet: &mut Sheet<'_>,
    panel: &Panel<'_>,
    points: &[Point],
    room: Rect,
    x_px: impl Fn(usize) -> f64,
) {
    let answer = &panel.figure.answer;
    let unit = panel.unit;
    let Some(last) = points.len().checked_sub(1) else {
        return;
    };
    let zone = facts::zone(panel.figure);
    let span = (x_px(last) - x_px(0)).abs() + 4.0 * unit;
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive count"
    )]
    let n_max = ((span / (5.2 * unit)) as usize).clamp(1, 12);
    let language = panel.style.language;
    let mut free_from = room.left;
    for tick in time_ticks(points, answer.grain, &zone, n_max, language) {
        let look = if tick.is_year {
            panel.label().coloured(panel.palette.ink)
        } else {
            panel.label()
        };
        let half = sheet.width(&tick.text, &look) / 2.0;
        let centre = x_px(tick.point_idx)
            .min(room.right - half)
            .max(room.left + half);
        if centre - half < free_from || centre + half > room.right + 0.5 {
            continue;
        }
        sheet.text(
            &tick.text,
            (centre, room.bottom - 0.3 * unit),
            &look,
            Align::Middle,
        );
        free_from = centre + half + 0.6 * unit;
    }
}

/// Returns the name of a bucket that stands alone: `June 2026` is `Jun 2026`.
pub(super) fn period_name(figure: &Figure, language: Language, point: &Point) -> String {
    let date = civil(point.start, &facts::zone(figure));
    match figure.answer.grain {
        Grain::Month => month_name(date, language),
        Grain::Quarter => point.label.clone(),
        Grain::Day | Grain::Week => {
            format!("{} {}", numerals::day_month(date, language), date.year())
        }
    }
}

/// Returns `Jun 2026`.
pub(super) fn month_name(date: Date, language: Language) -> String {
    format!(
        "{} {}",
        numerals::month(date.month(), language),
        date.year()
    )
}

/// A label under the time axis.
#[derive(Debug, Clone, PartialEq)]
struct TimeTick {
    /// Position of its bucket.
    point_idx: usize,
    text: String,
    /// Whether a year starts here.
    is_year: bool,
}

/// Returns ticks every so many buckets so that at most `ticks_max` are shown.
fn time_ticks(
    points: &[Point],
    grain: Grain,
    zone: &TimeZone,
    ticks_max: usize,
    language: Language,
) -> Vec<TimeTick> {
    let dates: Vec<Date> = points
        .iter()
        .map(|point| civil(point.start, zone))
        .collect();
    let steps: &[usize] = match grain {
        Grain::Day => &[1, 2, 7, 14, 28, 56, 91, 182, 364],
        Grain::Week => &[1, 2, 4, 8, 13, 26, 52, 104],
        Grain::Month => &[1, 2, 3, 6, 12, 24, 60, 120],
        Grain::Quarter => &[1, 2, 4, 8, 20, 40],
    };
    let ticks_max = ticks_max.max(1);
    let step = steps
        .iter()
        .copied()
        .find(|step| points.len().div_ceil(*step) <= ticks_max)
        .unwrap_or_else(|| points.len().div_ceil(ticks_max).max(1));
    let offset = offset(&dates, grain, step);
    let mut year = None;
    (offset..points.len())
        .step_by(step)
        .map(|idx| {
            let date = dates[idx];
            let is_new = year.is_some_and(|before| before != date.year());
            year = Some(date.year());
            let (text, is_year) = words(&points[idx], date, grain, is_new, step, language);
            TimeTick {
                point_idx: idx,
                text,
                is_year,
            }
        })
        .collect()
}

/// Months and quarters line up with the year; days and weeks with the newest bucket.
fn offset(dates: &[Date], grain: Grain, step: usize) -> usize {
    let Some(first) = dates.first() else {
        return 0;
    };
    let month = usize::try_from(first.month() - 1).unwrap_or(0);
    let within = |step: usize, at: usize| (step - at % step) % step;
    match grain {
        Grain::Month if step <= 12 => within(step, month),
        Grain::Month => within(12, month),
        Grain::Quarter if step >= 4 => within(4, month / 3),
        _ => (dates.len() - 1) % step,
    }
}

fn words(
    point: &Point,
    date: Date,
    grain: Grain,
    is_new_year: bool,
    step: usize,
    language: Language,
) -> (String, bool) {
    match grain {
        Grain::Month if date.month() == 1 || step >= 12 => (date.year().to_string(), true),
        Grain::Month => (numerals::month(date.month(), language).to_owned(), false),
        Grain::Quarter => (point.label.clone(), false),
        Grain::Day | Grain::Week if is_new_year => (
            format!("{} {}", numerals::day_month(date, language), date.year()),
            true,
        ),
        Grain::Day | Grain::Week => (numerals::day_month(date, language), false),
    }
}

/// Returns the civil date on which a bucket starts.
fn civil(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_zoned(zone.clone()).date()
}
