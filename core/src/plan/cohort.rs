//! Cohorts of invitations and the answers they met.

use jiff::{SignedDuration, Timestamp};

use super::{Filter, Path, Tallies, TallyPlan, TallyRow, TallyValue};

/// A question about cohorts of invitations and the answers they met.
///
/// An answer meets its invitation by the submission that the invitation names; else by the same
/// source, survey and customer, and the same ticket where both have one. Of the answers that came
/// less than the window after an invitation was sent, the first that is still free is its own:
/// named ones first, then in the order of sending. An invitation that was not delivered meets none.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortPlan {
    /// Which invitations, in which buckets of sending, split by what; its measures and its keeping
    /// say nothing here.
    pub rows: TallyPlan,
    /// Which rows of answers make a submission a response.
    pub answered: Filter,
    /// How long after it was sent an answer counts for an invitation.
    pub window: SignedDuration,
}

/// Invitations of one group in one bucket.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortRow {
    /// Position in the plan's buckets.
    pub bucket_idx: usize,
    /// One value per dimension of the plan's group; `None` is the missing value.
    pub key: Vec<Option<String>>,
    /// Invitations.
    pub n_sent: u64,
    /// Those that were delivered, or not said not to be.
    pub n_delivered: u64,
    /// Those that met an answer.
    pub n_responded: u64,
    /// Distinct persons of delivered ones; one without a customer is a person of its own.
    pub n_persons: u64,
}

impl From<Cohorts> for Tallies {
    /// Each row becomes the counts of sent, delivered and responded invitations, and of persons.
    fn from(cohorts: Cohorts) -> Self {
        let row = |row: CohortRow| TallyRow {
            bucket_idx: row.bucket_idx,
            key: row.key,
            values: [row.n_sent, row.n_delivered, row.n_responded, row.n_persons]
                .map(TallyValue::Count)
                .to_vec(),
        };
        Self {
            rows: cohorts.rows.into_iter().map(row).collect(),
            extent: cohorts.extent,
            path: Path::Rows,
        }
    }
}

/// Answer to a [`CohortPlan`]: only groups and buckets that have rows, ordered by key then bucket.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cohorts {
    /// The groups.
    pub rows: Vec<CohortRow>,
    /// Earliest and latest sending among them; `None` without rows.
    pub extent: Option<(Timestamp, Timestamp)>,
}
