//! Says what was found in one plain sentence, and what could not be told.

use std::fmt::Write as _;

use super::control::Control;
use super::forecast::Outlook;
use super::point::{Point, Track};
use super::signal::{Signal, SignalKind};
use super::trend::{POINTS_MIN, Season, Trend, Verdict};
use super::{Context, Course};

/// Returns what was found as one sentence without a full stop; its clauses are parted by
/// semicolons.
pub(super) fn text(
    points: &[Point],
    context: &Context,
    course: &Course,
    further: Option<(&Control, &Outlook)>,
) -> String {
    let words = Words { points, context };
    let clauses = [
        Some(words.trend(&course.trend)),
        words.season(&course.trend),
        words.shift(course),
        further.and_then(|(control, _)| words.signal(control)),
        further.and_then(|(_, outlook)| words.outlook(outlook)),
    ];
    clauses.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

/// The names of a series.
struct Words<'a> {
    points: &'a [Point],
    context: &'a Context,
}

impl Words<'_> {
    fn trend(&self, trend: &Trend) -> String {
        let bucket = &self.context.bucket;
        let over = self.count(trend.n_buckets);
        let step = |slope: f64| format!("{} a {bucket} over {over}", self.amount(slope.abs()));
        match (trend.verdict, trend.slope) {
            (Verdict::Rising, Some(slope)) => {
                format!("up {}, unlikely to be chance", step(slope.value))
            }
            (Verdict::Falling, Some(slope)) => {
                format!("down {}, unlikely to be chance", step(slope.value))
            }
            (Verdict::NotSeen, _) => format!("no trend seen over {over}"),
            _ if trend.n_points >= POINTS_MIN => {
                "not enough to tell a trend: too few points of the same season".to_owned()
            }
            _ => format!(
                "not enough to tell a trend: {} with enough answers, {POINTS_MIN} are needed",
                self.count(trend.n_points)
            ),
        }
    }

    fn season(&self, trend: &Trend) -> Option<String> {
        (trend.season == Season::NotAssessable && trend.slope.is_some())
            .then(|| "too short to tell a season from a trend".to_owned())
    }

    /// The latest confirmed shift, else the latest possible one; none where the trend says it all.
    fn shift(&self, found: &Course) -> Option<String> {
        if found.is_steady {
            return None;
        }
        let confirmed = found.shifts.iter().rev().find(|shift| shift.is_confirmed);
        let shift = confirmed.or(found.shifts.last())?;
        let at = self.label(shift.position);
        let direction = if shift.size < 0.0 { "down" } else { "up" };
        let size = self.amount(shift.size.abs());
        let moved = match shift.is_confirmed {
            true => "moved",
            false => "possibly moved",
        };
        let mut text = format!("{moved} {direction} by {size} at {at}");
        if !shift.events.is_empty() {
            // Near in time is all that is known.
            let _ = write!(text, ", near {}", shift.events.join(", "));
        }
        if found.trend.is_told() {
            text.push_str(", which fits better than a steady trend");
        }
        Some(text)
    }

    /// What is not usual about the last point.
    fn signal(&self, control: &Control) -> Option<String> {
        let last = *Track::new(self.points).positions.last()?;
        let at_last = |kind| {
            let mut signals = control.signals.iter();
            signals.find(move |signal: &&Signal| signal.position == last && signal.kind == kind)
        };
        if let Some(beyond) = at_last(SignalKind::Beyond) {
            let (label, side) = (self.label(last), beyond.side.name());
            return Some(format!("{label} is {side} its usual limits"));
        }
        let run = at_last(SignalKind::Run)?;
        let (n, side) = (self.count(run.n_points), run.side.name());
        Some(format!("the last {n} all lie {side} the usual level"))
    }

    fn outlook(&self, outlook: &Outlook) -> Option<String> {
        let forecast = match outlook {
            Outlook::Told(forecast) => forecast,
            Outlook::NoBetterThanLast => {
                return Some("no forecast is better than the last value".to_owned());
            }
            Outlook::NotEnough { .. } | Outlook::TooFewErrors => return None,
        };
        let step = forecast.steps.first()?;
        let (low, high) = step.band_80;
        let bucket = &self.context.bucket;
        let (low, high) = (number(low), number(high));
        Some(format!("next {bucket} between {low} and {high}, 80 % sure"))
    }

    fn label(&self, position: usize) -> &str {
        self.points.get(position).map_or("", |point| &point.label)
    }

    /// Returns `1 week`, `14 weeks`.
    fn count(&self, n: usize) -> String {
        let plural = if n == 1 { "" } else { "s" };
        format!("{n} {}{plural}", self.context.bucket)
    }

    fn amount(&self, value: f64) -> String {
        let value = number(value);
        match self.context.unit.as_str() {
            "" => value,
            unit => format!("{value} {unit}"),
        }
    }
}

/// Returns a number with one digit after the point, small ones with two that count; the sign is a
/// real minus.
fn number(value: f64) -> String {
    const DECIMALS_MAX: usize = 6;
    let mut decimals = 1;
    let mut scaled = value.abs();
    while scaled < 1.0 && decimals < DECIMALS_MAX {
        scaled *= 10.0;
        decimals += 1;
    }
    let text = format!("{:.decimals$}", value.abs());
    if text.chars().all(|letter| letter == '0' || letter == '.') {
        return "0.0".to_owned();
    }
    match value < 0.0 {
        true => format!("\u{2212}{text}"),
        false => text,
    }
}

#[cfg(test)]
mod tests;
