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

/// Where a series goes, and where it moved.
#[derive(Debug, Clone, PartialEq)]
pub struct Course {
    /// Where it goes.
    pub trend: Trend,
    /// Where it moved to another level, in time order.
    pub shifts: Vec<Shift>,
    /// Whether it rises or falls steadily: a straight line fits better than the levels between the
    /// shifts. These are then steps of the trend, are not marked, and move no limits.
    pub is_steady: bool,
    /// Both in one sentence.
    pub text: String,
}

/// All that a series says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Where it goes, and where it moved; its sentence tells the rest as well.
    pub course: Course,
    /// What is usual, and what is not.
    pub control: Control,
    /// What comes next.
    pub outlook: Outlook,
}

/// Follows a series of complete buckets, in time order and without holes, which may be any part of
/// the history; `test` compares stretches of it (see [`Test`]), `events` are named where it moved.
#[must_use]
pub fn course(points: &[Point], context: &Context, test: &Test<'_>, events: &[Event]) -> Course {
    let mut course = followed(points, context, test, events);
    course.text = verdict::text(points, context, &course, None);
    course
}

/// Reads a series as [`course`] does, and says what is usual and what comes next.
///
/// The series is the whole history and not the part that is shown: what is usual is told by its
/// beginning, and would move with the part.
#[must_use]
pub fn read(points: &[Point], context: &Context, test: &Test<'_>, events: &[Event]) -> Reading {
    let mut course = followed(points, context, test, events);
    let moves: &[Shift] = if course.is_steady {
        &[]
    } else {
        &course.shifts
    };
    let control = control(points, context, moves);
    let outlook = forecast(points, context);
    course.text = verdict::text(points, context, &course, Some((&control, &outlook)));
    Reading {
        course,
        control,
        outlook,
    }
}

fn followed(points: &[Point], context: &Context, test: &Test<'_>, events: &[Event]) -> Course {
    let trend = trend(points, context);
    let shifts = shifts(points, test, events);
    Course {
        is_steady: shift::is_steady(points, &trend, &shifts),
        trend,
        shifts,
        text: String::new(),
    }
}
