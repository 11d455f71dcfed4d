//! What a training changed: the trained before and after, less colleagues in the same weeks.

mod bootstrap;
mod course;
mod study;
mod weeks;

#[cfg(test)]
mod tests;

pub use course::{Completion, Training, trainees, trainings};
use study::Study;
pub use weeks::{WeekCell, weeks};

/// Weeks compared on either side; the week of the training itself is in neither.
const WINDOW_WEEKS: i64 = LOOK_AHEAD_WEEKS as i64;

/// Weeks after a training that are looked at.
pub const LOOK_AHEAD_WEEKS: i32 = 8;

/// Weeks before a training that are looked at: those compared, and those before them that tell
/// whether the trained began unusually low.
pub const LOOK_BACK_WEEKS: i32 = 2 * LOOK_AHEAD_WEEKS;

/// Fewest trained, and fewest colleagues, between whom an effect is a number.
const N_AGENTS_MIN: usize = 5;

/// Fewest colleagues in one team and the same weeks: one alone shows no spread.
const N_COLLEAGUES_MIN: usize = 2;

/// Fewest of the earlier weeks with ratings from which their spread is known.
const N_EARLIER_WEEKS_MIN: usize = 4;

/// One week of one agent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Week {
    /// Number of the week on a count without gaps.
    pub week: i32,
    /// Share of positive ratings less the expected one of the same tickets, −1..=1.
    pub difference: f64,
    /// Ratings it rests on: its weight.
    pub n_ratings: f64,
}

/// One agent, trained or not.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trainee<'a> {
    /// Who.
    pub name: &'a str,
    /// Whose colleague; only colleagues of one team are compared.
    pub team: &'a str,
    /// Week of the training; `None` for whoever was not trained.
    pub trained_in: Option<i32>,
    /// The agent's weeks, in any order.
    pub weeks: &'a [Week],
}

/// What is known of a training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TrainingEffect {
    /// An effect and its interval.
    Measured(Effect),
    /// Too few with ratings in both windows: no number.
    TooFew {
        /// Trained agents with colleagues to compare with.
        n_trained: usize,
        /// Colleagues.
        n_colleagues: usize,
    },
    /// No agent's change differs from another's, so chance cannot be told.
    NoVariation,
}

/// The effect of a training.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// Change of the trained less that of their colleagues, as a share: 0.05 is five points.
    pub value: f64,
    /// Its 95 % interval.
    pub interval: (f64, f64),
    /// Trained agents it rests on.
    pub n_trained: usize,
    /// Colleagues it rests on.
    pub n_colleagues: usize,
    /// Whether a low start may have risen by itself.
    pub regression: Regression,
}

/// Whether the trained began unusually low: who is sent to training after a bad spell improves
/// without it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Regression {
    /// They were not unusually low.
    Unlikely,
    /// They were more than one standard deviation below their own earlier weeks.
    Likely {
        /// How far below, as a share.
        drop: f64,
        /// Standard deviation of the earlier weeks, as a share.
        deviation: f64,
    },
    /// Their earlier weeks have too few ratings to tell.
    Unknown,
}

/// Returns what a training changed, with a bootstrap over agents that the seed decides.
///
/// # Source
/// Difference in differences; percentile bootstrap, widened for few agents after Hesterberg 2015.
#[must_use]
pub fn training_effect(agents: &[Trainee<'_>], seed: u64) -> TrainingEffect {
    let study = Study::new(agents);
    let (n_trained, n_colleagues) = (study.n_trained(), study.n_colleagues());
    if n_trained < N_AGENTS_MIN || n_colleagues < N_AGENTS_MIN {
        return TrainingEffect::TooFew {
            n_trained,
            n_colleagues,
        };
    }
    match bootstrap::interval(&study, seed) {
        Some(interval) => TrainingEffect::Measured(Effect {
            value: study.value(),
            interval,
            n_trained,
            n_colleagues,
            regression: study.regression(),
        }),
        None => TrainingEffect::NoVariation,
    }
}
