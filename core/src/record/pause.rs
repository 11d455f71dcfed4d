//! A source that an operator holds back.

use jiff::Timestamp;

/// Why a source is held back; a closed set, so that it can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PauseReason {
    /// The vendor or this machine is being worked on.
    Maintenance,
    /// The vendor's allowance is used up or needed elsewhere.
    Quota,
    /// What it gives is wrong.
    BadData,
    /// An operator wanted it, and did not say why.
    #[default]
    Operator,
}

impl PauseReason {
    /// Every reason.
    pub const ALL: [Self; 4] = [
        Self::Maintenance,
        Self::Quota,
        Self::BadData,
        Self::Operator,
    ];

    /// Returns the label that users write and operators count.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Maintenance => "maintenance",
            Self::Quota => "quota",
            Self::BadData => "bad_data",
            Self::Operator => "operator",
        }
    }

    /// Returns the reason of a label.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }
}

/// A source that is held back: no pull starts until somebody resumes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: PauseReason,
}
