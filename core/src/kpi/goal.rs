//! Goals: from a baseline to a target between two days, how far one is, and whether that is enough.

mod standing;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Base, Kpi, Score, Unit};

pub(super) use standing::stand;
pub(super) use table::{DEFINITION, KPI, answer};

/// Most goals of a configuration: each of them is a question of its own wherever all are shown.
pub const GOALS_MAX: usize = 50;

/// What a KPI is meant to reach, and by when.
#[derive(Debug, Clone, PartialEq)]
pub struct Goal {
    /// Name in files.
    pub name: String,
    /// What is measured.
    pub kpi: &'static Kpi,
    /// Value at the start, in the KPI's unit.
    pub baseline: f64,
    /// Value to reach, in the KPI's unit.
    pub target: f64,
    /// First day.
    pub start: Date,
    /// Last day on which it can be reached; after `start`.
    pub due: Date,
}

/// How a goal stands. The first that holds counts, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum GoalState {
    /// The whole interval has reached the target.
    MetConfirmed,
    /// The value has reached the target, which may be chance.
    MetUnconfirmed,
    /// The last day is over.
    Missed,
    /// The whole interval is worse than the pace.
    Behind,
    /// The whole interval is better than the pace.
    Ahead,
    /// Neither can be told from the pace.
    OnTrack,
}

impl GoalState {
    /// Every state, in the order in which they are looked for.
    pub const ALL: [Self; 6] = [
        Self::MetConfirmed,
        Self::MetUnconfirmed,
        Self::Missed,
        Self::Behind,
        Self::Ahead,
        Self::OnTrack,
    ];

    /// Returns its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MetConfirmed => "met_confirmed",
            Self::MetUnconfirmed => "met_unconfirmed",
            Self::Missed => "missed",
            Self::Behind => "behind",
            Self::Ahead => "ahead",
            Self::OnTrack => "on_track",
        }
    }
}

impl fmt::Display for GoalState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why a goal has no state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GoalGap {
    /// Nothing was counted in its window.
    NoAnswers,
    /// Fewer persons than the smallest group.
    Hidden,
    /// Too few for a score.
    FewAnswers,
}

impl GoalGap {
    /// Returns its name in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoAnswers => "no_answers",
            Self::Hidden => "hidden",
            Self::FewAnswers => "few_answers",
        }
    }

    /// Returns why a score has no value; `None` when it has one.
    fn of(score: &Score) -> Option<Self> {
        match (score.value, score.base) {
            (Some(_), _) => None,
            (None, Base::Hidden) => Some(Self::Hidden),
            (None, Base::CountsOnly) if score.n != Some(0) => Some(Self::FewAnswers),
            (None, _) => Some(Self::NoAnswers),
        }
    }
}

/// A goal with what is known of it.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalStanding {
    /// The goal.
    pub goal: Goal,
    /// Whether a smaller value is nearer to the target.
    pub is_falling: bool,
    /// First instant of what the current value is computed from: complete days or a complete month.
    pub from: Timestamp,
    /// First instant after.
    pub to: Timestamp,
    /// The current value.
    pub current: Score,
    /// Share of the way from baseline to target, below 0 behind the baseline and above 1 beyond the
    /// target; `None` without a value, and when both are equal.
    pub progress: Option<f64>,
    /// Value that a straight way from baseline to target has reached by now.
    pub pace: f64,
    /// How it stands; `None` without a value.
    pub state: Option<GoalState>,
    /// Why it has no state.
    pub gap: Option<GoalGap>,
    /// Of a survey whose invitations are known: how many of those who were asked answered, so that
    /// a value which rises because fewer people are asked is seen for what it is.
    pub response_rate: Option<Score>,
}

/// Whether a KPI has a value of a window, which a goal can be about.
#[must_use]
pub fn can_be_goal(kpi: &Kpi) -> bool {
    let is_series = super::retention::entry(kpi.name).map(|entry| entry.is_series());
    is_series.unwrap_or(kpi.name != KPI.name)
}

/// The straight way of a goal.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Course {
    baseline: f64,
    target: f64,
    /// First instant of the first day.
    start: Timestamp,
    /// First instant after the last day.
    end: Timestamp,
    is_falling: bool,
}

/// The value of a window and its interval; a plain count is certain, others without an interval
/// may be anything.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Level {
    value: f64,
    interval: Option<(f64, f64)>,
}

impl Level {
    fn of(score: &Score, unit: Unit) -> Option<Self> {
        let value = score.value?;
        let certain = (unit == Unit::Count).then_some((value, value));
        Some(Self {
            value,
            interval: score.low.zip(score.high).or(certain),
        })
    }
}

impl Course {
    /// Returns the share of the way that a value has gone.
    fn progress(&self, value: f64) -> Option<f64> {
        let way = self.target - self.baseline;
        let share = (value - self.baseline) / way;
        (way != 0.0 && share.is_finite()).then_some(share + 0.0)
    }

    /// Returns the value of the straight way at an instant: the baseline before it begins, the
    /// target after it ends.
    fn pace(&self, at: Timestamp) -> f64 {
        let whole = self.end.duration_since(self.start).as_secs_f64();
        let elapsed = at.duration_since(self.start).as_secs_f64() / whole;
        match elapsed {
            elapsed if elapsed <= 0.0 => self.baseline,
            elapsed if elapsed >= 1.0 => self.target,
            elapsed => self.baseline + elapsed * (self.target - self.baseline),
        }
    }

    /// Returns the first state that holds for a level measured at an instant.
    fn state(&self, level: Level, at: Timestamp) -> GoalState {
        // Upside down, what should fall rises.
        let turned = |value: f64| if self.is_falling { -value } else { value };
        let (worst, best) = match level.interval {
            Some((low, high)) if self.is_falling => (Some(-high), Some(-low)),
            Some((low, high)) => (Some(low), Some(high)),
            None => (None, None),
        };
        let (target, pace) = (turned(self.target), turned(self.pace(at)));
        if worst.is_some_and(|worst| worst >= target) {
            GoalState::MetConfirmed
        } else if turned(level.value) >= target {
            GoalState::MetUnconfirmed
        } else if at >= self.end {
            GoalState::Missed
        } else if best.is_some_and(|best| best < pace) {
            GoalState::Behind
        } else if worst.is_some_and(|worst| worst > pace) {
            GoalState::Ahead
        } else {
            GoalState::OnTrack
        }
    }
}
