//! The vendor's objects: which there are, and what all of them have.

use std::time::Duration;

use serde::Deserialize;
use vocd_plugin::{RecordKind, Time};

/// How long after its second a change is taken to be the last one of that second. It is also how
/// far before the last change a read begins.
pub(crate) const SETTLED_AFTER: Duration = Duration::from_secs(60);
/// From the start of a second to its end.
const SECOND_END: Duration = Duration::from_micros(999_999);

/// A kind of object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Entity {
    /// A company.
    Organization,
    /// Somebody there.
    Person,
    /// Something sold to them, or not.
    Deal,
}

/// A list that is read with a cursor of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct List {
    /// Name of the stream.
    pub(crate) stream: &'static str,
    /// What stands in it.
    pub(crate) entity: Entity,
    /// Path below the API's version.
    pub(crate) path: &'static str,
    /// Value of `status`, or empty.
    pub(crate) status: &'static str,
}

/// Every list. Deals lie in three, between which they move; a move is a change.
pub(crate) const LISTS: [List; 5] = [
    list("organizations", Entity::Organization, "organizations", ""),
    list("persons", Entity::Person, "persons", ""),
    list("deals", Entity::Deal, "deals", ""),
    list("archived_deals", Entity::Deal, "deals/archived", ""),
    list("deleted_deals", Entity::Deal, "deals", "deleted"),
];

const fn list(
    stream: &'static str,
    entity: Entity,
    path: &'static str,
    status: &'static str,
) -> List {
    List {
        stream,
        entity,
        path,
        status,
    }
}

impl Entity {
    /// Returns the vendor's path of its objects.
    pub(crate) const fn path(self) -> &'static str {
        match self {
            Self::Organization => "organizations",
            Self::Person => "persons",
            Self::Deal => "deals",
        }
    }

    /// Returns the kind of record that it becomes.
    pub(crate) const fn kind(self) -> RecordKind {
        match self {
            Self::Organization | Self::Person => RecordKind::Customer,
            Self::Deal => RecordKind::Subscription,
        }
    }
}

/// What every object has.
#[derive(Debug, Deserialize)]
pub(crate) struct Head {
    /// Its number.
    pub(crate) id: u64,
    /// When it last changed, to the second.
    pub(crate) update_time: Time,
    /// Whether it was deleted.
    #[serde(default)]
    pub(crate) is_deleted: bool,
}

impl Head {
    /// Returns the time of the version that was read at `now_ms`.
    ///
    /// The vendor tells times by the second, in which an object may change more than once. What is
    /// read when the second is long over is its last state in it, and is told at the second's end,
    /// so that it wins over what was read before.
    pub(crate) fn version_at(&self, now_ms: i64) -> Time {
        if self.is_deleted {
            return deleted_at(self.update_time);
        }
        let is_settled = self.update_time + SETTLED_AFTER <= Time::from_unix_ms(now_ms);
        match is_settled {
            true => self.update_time + SECOND_END,
            false => self.update_time,
        }
    }
}

/// Returns the time of a deletion in the second of `at`: after every other change of it.
pub(crate) fn deleted_at(at: Time) -> Time {
    Time::from_unix_s(at.unix_s()) + Duration::from_secs(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_state_of_a_second_wins_and_a_deletion_over_it() {
        let head = |at_s| Head {
            id: 1,
            update_time: Time::from_unix_s(at_s),
            is_deleted: false,
        };
        let early = head(100).version_at(100_500);
        let settled = head(100).version_at(160_000);
        assert!(early < settled);
        assert_eq!(settled, head(100).version_at(999_000));
        assert!(settled < head(101).version_at(101_000));
        assert!(settled < deleted_at(Time::from_unix_ms(100_200)));
        assert!(deleted_at(Time::from_unix_ms(100_200)) < head(101).version_at(999_000));
    }
}
