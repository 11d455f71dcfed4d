//! What an analysis found, typed, for the figures of pictures and for other analyses.

use super::reasons::Reasons;
use super::themes::Themes;
use crate::plan::Span;
use crate::{coach, improve};

/// What an analysis found.
#[derive(Debug, Clone, PartialEq)]
pub struct Findings {
    /// What it is of: a KPI, or the kind of rows.
    pub of: &'static str,
    /// The earlier time it compares with.
    pub before: Option<Span>,
    /// The finds.
    pub found: Found,
}

/// The finds of each analysis.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It is being worked out.
    Pending,
    /// Nothing can be said, and why; the answer's notes say it in words.
    Nothing(Gap),
    /// What goes with a score.
    Drivers(improve::Drivers),
    /// What goes with a score, and how it is done.
    Importance(improve::Importance),
    /// What moved a score.
    Contribution(improve::Contribution),
    /// What comments are about.
    Themes(Box<Themes>),
    /// Why people call.
    Reasons(Reasons),
    /// Where teams or agents lie.
    Scorecard(Colleagues),
    /// Who is to be thanked: how often.
    Kudos,
    /// What trainings changed.
    Training,
}

/// Teams or agents and what is expected of their numbers of ratings.
#[derive(Debug, Clone, PartialEq)]
pub struct Colleagues {
    /// Their adjusted shares, and the limits of chance.
    pub funnel: coach::Funnel,
    /// Those with enough ratings, in the order of names.
    pub members: Vec<Colleague>,
    /// Whether they are teams, which may be named.
    pub are_teams: bool,
}

/// One of them.
#[derive(Debug, Clone, PartialEq)]
pub struct Colleague {
    /// Its name.
    pub name: String,
    /// Ratings.
    pub n: u64,
    /// Share of positive ratings after case mix, 0..=1.
    pub rate: f64,
    /// Where it lies.
    pub band: coach::Band,
    /// Whether it was asked for.
    pub is_own: bool,
}

/// Why an analysis says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// Fewer answers than it takes.
    FewAnswers {
        /// Answers there are.
        n: usize,
        /// Answers it takes.
        needed: usize,
    },
    /// Fewer groups than it takes.
    FewGroups {
        /// Groups there are.
        n: usize,
        /// Groups it takes.
        needed: usize,
    },
    /// The causes move together so closely that none can be told from another.
    Entangled,
    /// Everything is alike: there is nothing to explain.
    Alike,
}
