//! Agents and teams: what differs beyond chance and case mix. For coaching, never for ranking.
//!
//! Nobody is placed in an order here: every list is in the order of names, and what leaves the room
//! is a shrunken estimate with its interval, a band, or a reason to say thank you.

mod band;
mod case_mix;
mod comparison;
mod focus;
mod funnel;
mod heterogeneity;
mod normal;
mod posterior;
mod recognition;
mod scorecard;
mod shrinkage;
mod strata;
mod tally;
mod training;

#[cfg(test)]
mod simulation_tests;

pub use band::{Band, N_CUSTOMERS_MIN, N_RATINGS_MIN, Review, Standing, Volume, band};
pub use case_mix::{Adjusted, CaseMix, case_mix};
pub use comparison::{Comparison, Estimate, N_PEERS_MIN};
pub use focus::{Focus, Reading, Subject};
pub use funnel::{Funnel, Level, Place, Placed, Point, funnel};
pub use recognition::{
    Candidate, HardCases, Improvement, Kudos, Praise, STREAK_MIN, hard_cases, improved, kudos,
    streak,
};
pub use scorecard::{AgentMeasures, Card, Scorecard, Speed, Theme, scorecard};
pub use shrinkage::{Shrinkage, Shrunk, shrinkage};
pub use tally::{Cell, Peer, Tally};
pub use training::{
    Completion, Effect, LOOK_AHEAD_WEEKS, LOOK_BACK_WEEKS, Regression, Trainee, Training,
    TrainingEffect, Week, WeekCell, trainees, training_effect, trainings, weeks,
};
