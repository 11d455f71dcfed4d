//! Whether peers can be told apart at all, and what is said of one of them.

use std::fmt;

use super::tally::Tally;

/// Fewest agents (or teams) between whom differences are estimated: the spread of four says nothing.
pub const N_PEERS_MIN: usize = 5;

/// What the peers as a whole allow to be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Nobody has ratings.
    Nobody,
    /// Too few to estimate how they differ: everyone is shown as rated, with a Wilson interval.
    TooFew {
        /// How many have ratings.
        n_peers: usize,
    },
    /// They differ no more than chance does: everyone is shown as the team.
    NoDifference,
    /// They differ beyond chance.
    Differ,
}

impl Comparison {
    /// Judges by the number of peers with ratings and by the estimate of how they differ.
    pub(super) fn new(n_peers: usize, spread: f64) -> Self {
        match n_peers {
            0 => Self::Nobody,
            n_peers if n_peers < N_PEERS_MIN => Self::TooFew { n_peers },
            _ if spread > 0.0 => Self::Differ,
            _ => Self::NoDifference,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nobody => out.write_str("nobody was rated"),
            Self::TooFew { n_peers } => write!(
                out,
                "{n_peers} of the {N_PEERS_MIN} that a comparison needs: shown as rated"
            ),
            Self::NoDifference => out.write_str("no measurable difference"),
            Self::Differ => out.write_str("differ beyond chance"),
        }
    }
}

/// A share with what is known about it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The share, 0..=1.
    pub value: f64,
    /// Its 95 % interval within 0..=1; `None` where the value is the team's for want of a difference.
    pub interval: Option<(f64, f64)>,
    /// How likely it is above the team's; `None` where nothing distinguishes the two.
    pub above_team: Option<f64>,
}

impl Estimate {
    /// Returns the share as rated, with its Wilson interval.
    pub(super) fn as_rated(tally: Tally) -> Self {
        Self {
            value: tally.rate().unwrap_or_default(),
            interval: tally.interval(),
            above_team: None,
        }
    }

    /// Returns the team's share, for someone who cannot be told from the team.
    pub(super) fn as_team(team_rate: f64) -> Self {
        Self {
            value: team_rate,
            interval: None,
            above_team: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_said_is_said_in_words() {
        let said = |n_peers, spread| Comparison::new(n_peers, spread).to_string();
        assert_eq!(said(0, 0.0), "nobody was rated");
        assert_eq!(
            said(4, 0.2),
            "4 of the 5 that a comparison needs: shown as rated"
        );
        assert_eq!(said(5, 0.0), "no measurable difference");
        assert_eq!(said(5, 0.2), "differ beyond chance");
    }
}
