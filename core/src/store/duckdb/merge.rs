//! The version rule: which rows of a unit become current, which become history, which say nothing.
//!
//! Pure: what the store knows of the unit's ids comes in, verdicts go out. The versions of an id
//! are totally ordered, so neither arrival nor batching can matter.

use std::collections::HashMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, BooleanArray, RecordBatch, StringArray, UInt64Array};
use arrow_array::{TimestampMicrosecondArray, types::ArrowPrimitiveType};

use crate::record::door::{BUCKET_TIME, DIGEST, KEY};

/// The columns of the normal form that the rule looks at.
pub(super) const VERSION_COLUMNS: [&str; 7] = [
    KEY,
    "id",
    "updated_at",
    "revision",
    "deleted",
    BUCKET_TIME,
    DIGEST,
];

/// The total order of an id's versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct VersionOrder {
    pub(super) updated_at_us: i64,
    pub(super) revision: Option<u64>,
    pub(super) digest: u64,
}

/// A version the store has.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) id: String,
    pub(super) order: VersionOrder,
    /// Its own event time.
    pub(super) event_us: Option<i64>,
    pub(super) place: Place,
}

/// Where a known version stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// It is the current row.
    Current { rowid: i64, bucket_us: Option<i64> },
    /// It is among the others.
    History,
}

/// Known versions by key; ids may collide on a key.
pub(super) type KnownVersions = HashMap<u64, Vec<Known>>;

/// What becomes of a staged row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is a version the store has already.
    Skip,
    /// It is the current row of its id.
    Current,
    /// It is another version of its id, or a deletion.
    History,
}

/// What a unit does to one kind.
#[derive(Debug, Default)]
pub(super) struct Decision {
    /// Per staged row.
    pub(super) verdicts: Vec<Verdict>,
    /// Bucket times that differ from the row's own event time, by staged row.
    pub(super) buckets: Vec<(usize, Option<i64>)>,
    /// Current rows that go to history.
    pub(super) replaced: Vec<i64>,
    /// Current rows whose bucket an older version moved.
    pub(super) moved: Vec<(i64, Option<i64>)>,
    /// Ids whose current state changed.
    pub(super) n_changed: u64,
    /// Latest bucket time that current rows get.
    pub(super) newest_us: Option<i64>,
    /// Latest bucket time that current rows lose.
    pub(super) lost_us: Option<i64>,
    /// Every bucket time that current rows get or lose, in no order, some several times.
    pub(super) touched_us: Vec<i64>,
}

impl Decision {
    /// Notes that a current row is in this bucket from here on.
    fn come(&mut self, bucket_us: Option<i64>) {
        self.newest_us = self.newest_us.max(bucket_us);
        self.touched_us.extend(bucket_us);
    }

    /// Notes that a current row is no more in this bucket.
    fn go(&mut self, bucket_us: Option<i64>) {
        self.lost_us = self.lost_us.max(bucket_us);
        self.touched_us.extend(bucket_us);
    }

    /// Returns how many staged rows become current.
    pub(super) fn n_current(&self) -> u64 {
        let is_current = |verdict: &&Verdict| **verdict == Verdict::Current;
        self.verdicts.iter().filter(is_current).count() as u64
    }
}

/// Decides about every row of a batch with the [`VERSION_COLUMNS`].
pub(super) fn decide(rows: &RecordBatch, known: &KnownVersions) -> Decision {
    let staged = Staged::of(rows);
    let n_rows = rows.num_rows();
    let mut decision = Decision {
        verdicts: vec![Verdict::Skip; n_rows],
        ..Decision::default()
    };
    let mut by_key: Vec<usize> = (0..n_rows).collect();
    by_key.sort_unstable_by_key(|row| (staged.keys.value(*row), *row));
    for group in by_key.chunk_by(|a, b| staged.keys.value(*a) == staged.keys.value(*b)) {
        let known = known.get(&staged.keys.value(group[0]));
        match (group, known) {
            ([row], None) => decide_lone(&staged, *row, &mut decision),
            _ => decide_group(
                &staged,
                group,
                known.map_or(&[], Vec::as_slice),
                &mut decision,
            ),
        }
    }
    decision
}

/// The columns of a batch that the rule looks at.
struct Staged<'a> {
    keys: &'a UInt64Array,
    ids: &'a StringArray,
    updated_at: &'a TimestampMicrosecondArray,
    revisions: &'a UInt64Array,
    deleted: &'a BooleanArray,
    events: &'a TimestampMicrosecondArray,
    digests: &'a UInt64Array,
}

impl<'a> Staged<'a> {
    fn of(rows: &'a RecordBatch) -> Self {
        let column = |name| {
            rows.column_by_name(name)
                .expect("the normal form has this column")
        };
        Self {
            keys: column(KEY).as_primitive::<UInt64Type>(),
            ids: column("id").as_string(),
            updated_at: column("updated_at").as_primitive::<TimestampMicrosecondType>(),
            revisions: column("revision").as_primitive::<UInt64Type>(),
            deleted: column("deleted").as_boolean(),
            events: column(BUCKET_TIME).as_primitive::<TimestampMicrosecondType>(),
            digests: column(DIGEST).as_primitive::<UInt64Type>(),
        }
    }

    fn order(&self, row: usize) -> VersionOrder {
        VersionOrder {
            updated_at_us: self.updated_at.value(row),
            revision: optional(self.revisions, row),
            digest: self.digests.value(row),
        }
    }
}

fn optional<T: ArrowPrimitiveType>(
    array: &arrow_array::PrimitiveArray<T>,
    row: usize,
) -> Option<T::Native> {
    array.is_valid(row).then(|| array.value(row))
}

fn decide_lone(staged: &Staged<'_>, row: usize, decision: &mut Decision) {
    match staged.deleted.value(row) {
        true => decision.verdicts[row] = Verdict::History,
        false => {
            decision.verdicts[row] = Verdict::Current;
            decision.come(optional(staged.events, row));
            decision.n_changed += 1;
        }
    }
}

fn decide_group(staged: &Staged<'_>, group: &[usize], known: &[Known], decision: &mut Decision) {
    let mut rows = group.to_vec();
    rows.sort_unstable_by_key(|row| (staged.ids.value(*row), staged.order(*row)));
    for versions in rows.chunk_by(|a, b| staged.ids.value(*a) == staged.ids.value(*b)) {
        let id = staged.ids.value(versions[0]);
        let known: Vec<&Known> = known.iter().filter(|one| one.id == id).collect();
        decide_id(staged, versions, &known, decision);
    }
}

/// One version of an id, known or staged.
struct Version {
    order: VersionOrder,
    event_us: Option<i64>,
    /// The staged row; `None` for a known one.
    row: Option<usize>,
}

fn decide_id(staged: &Staged<'_>, rows: &[usize], known: &[&Known], decision: &mut Decision) {
    let mut versions: Vec<Version> = known
        .iter()
        .map(|one| Version {
            order: one.order,
            event_us: one.event_us,
            row: None,
        })
        .collect();
    versions.extend(rows.iter().map(|row| Version {
        order: staged.order(*row),
        event_us: optional(staged.events, *row),
        row: Some(*row),
    }));
    // A stable sort keeps the known one of two equal versions first, and with it what it says.
    versions.sort_by_key(|version| version.order);
    versions.dedup_by_key(|version| version.order);
    let bucket_us = versions.iter().find_map(|version| version.event_us);
    let current = known.iter().find_map(|one| match one.place {
        Place::Current { rowid, bucket_us } => Some((rowid, bucket_us)),
        Place::History => None,
    });
    for row in versions.iter().filter_map(|version| version.row) {
        decision.verdicts[row] = Verdict::History;
    }
    let newest = versions.last().expect("a group has a row");
    match (newest.row, current) {
        (Some(row), _) => {
            let is_deletion = staged.deleted.value(row);
            if !is_deletion {
                decision.verdicts[row] = Verdict::Current;
                decision.come(bucket_us);
                if optional(staged.events, row) != bucket_us {
                    decision.buckets.push((row, bucket_us));
                }
            }
            decision.n_changed += u64::from(!is_deletion || current.is_some());
            if let Some((rowid, known_us)) = current {
                decision.replaced.push(rowid);
                decision.go(known_us);
            }
        }
        (None, Some((rowid, known_us))) if known_us != bucket_us => {
            decision.moved.push((rowid, bucket_us));
            decision.come(bucket_us);
            decision.go(known_us);
        }
        (None, _) => {}
    }
}
