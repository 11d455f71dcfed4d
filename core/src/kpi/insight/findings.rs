//! What an analysis found, typed, for the figures of pictures and for other analyses.

use crate::improve;
use crate::plan::Span;

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
