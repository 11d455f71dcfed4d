//! What a series of complete weeks or months says: where it goes, where it moved, what is usual,
//! what comes next. Knows numbers and labels only; never the clock, the zone or the metric.

mod control;
mod forecast;
mod hit;
mod partition;
mod point;
mod shift;
mod signal;
mod smoother;
mod trend;
mod verdict;

#[cfg(test)]
mod testing;

pub use control::{BASELINE_POINTS, Control, Limits, Method, Stretch, control};
pub use forecast::{FORECAST_POINTS_MIN, Forecast, HORIZON_MAX, Model, Outlook, Step, forecast};
pub use hit::{Foretold, HitRate, hit_rate};
pub use point::{ANSWERS_MIN, Answers, BUCKETS_MAX, Point};
pub use shift::{Difference, EVENTS_MAX, Event, Shift, Test, shifts, welch};
pub use signal::{Side, Signal, SignalKind};
pub use trend::{POINTS_MIN, Season, Slope, Trend, Verdict, trend};
use verdict::Findings;

/// What the numbers of a series are.
#[derive(Debug, Clone, PartialEq)]
pub struct Context {
    /// Buckets of one season: 12 for months; `None` where there is none to look for.
    pub period: Option<usize>,
    /// The least change over the whole series that matters, in units of the metric.
    pub relevant_change: f64,
    /// Lowest and greatest possible value.
    pub range: (Option<f64>, Option<f64>),
    /// Places at which a person said that what is usual begins anew.
    pub rebased: Vec<usize>,
    /// What a bucket is called: `week`, `month`.
    pub bucket: String,
    /// What a difference is counted in, as texts say it: `points`; may be empty.
    pub unit: String,
}

impl Default for Context {
    fn default() -> Self {
        Self {
            period: None,
            relevant_change: 0.0,
            range: (None, None),
            rebased: Vec::new(),
            bucket: "week".to_owned(),
            unit: "points".to_owned(),
        }
    }
}

impl Context {
    /// Returns the value, moved to the nearest that is possible.
    fn clip(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        let value = low.map_or(value, |low| value.max(low));
        high.map_or(value, |high| value.min(high))
    }
}

/// All that a series says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Where it goes.
    pub trend: Trend,
    /// Where it moved to another level, in time order.
    pub shifts: Vec<Shift>,
    /// Whether it rises or falls steadily: a straight line fits better than the levels between the
    /// shifts. These are then steps of the trend, are not marked, and move no limits.
    pub is_steady: bool,
    /// What is usual, and what is not.
    pub control: Control,
    /// What comes next.
    pub outlook: Outlook,
    /// All of it in one sentence.
    pub text: String,
}

/// Reads a series of complete buckets, in time order and without holes; `test` compares stretches of
/// it (see [`Test`]), `events` are named where it moved.
///
/// The series is the whole history and not the part that is shown: what is usual is told by its
/// beginning, and would move with the part.
#[must_use]
pub fn read(points: &[Point], context: &Context, test: &Test<'_>, events: &[Event]) -> Reading {
    let trend = trend(points, context);
    let shifts = shifts(points, test, events);
    let is_steady = shift::is_steady(points, &trend, &shifts);
    let moves: &[Shift] = if is_steady { &[] } else { &shifts };
    let control = control(points, context, moves);
    let outlook = forecast(points, context);
    let found = Findings {
        trend: &trend,
        shifts: &shifts,
        is_steady,
        control: &control,
        outlook: &outlook,
    };
    let text = verdict::text(points, context, &found);
    Reading {
        trend,
        shifts,
        is_steady,
        control,
        outlook,
        text,
    }
}
