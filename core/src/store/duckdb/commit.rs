//! One commit: rows, rejects, checkpoint and the run's fence, all in one transaction.

use std::ops::Range;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{TimestampMicrosecondType, UInt64Type};
use arrow_array::{RecordBatch, TimestampMicrosecondArray};
use duckdb::{Connection, Transaction};
use jiff::Timestamp;

use super::append::{Target, append};
use super::counts::CountChange;
use super::directory::Directory;
use super::inbox::{self, Noted};
use super::known::known_versions;
use super::merge::{Decision, VERSION_COLUMNS, Verdict, decide};
use super::restamp;
use super::retire::Retired;
use super::rollup::Rollup;
use super::seen::SeenKeys;
use super::sieve::{self, Sifted};
use super::state;
use super::table::{DimensionSpec, history};
use crate::record::door::{BUCKET_TIME, KEY, normal_schema};
use crate::record::{RecordKind, SourceName};
use crate::store::mark::Marks;
use crate::store::{Ack, CommitUnit};

/// Tables of the writing connection that hold the keys and rows of the commit at hand.
pub(super) const STAGE_SQL: &str = "CREATE TEMP TABLE staged_key (key UBIGINT NOT NULL); \
     CREATE TEMP TABLE staged_row (row BIGINT NOT NULL, bucket_time TIMESTAMP);";

/// Kinds in the order of a commit: people before the facts that name them.
const KINDS: [RecordKind; 10] = {
    use RecordKind::*;
    [
        Customer,
        Agent,
        Response,
        Invitation,
        Ticket,
        Subscription,
        Activity,
        Review,
        Training,
        Event,
    ]
};

/// What the writing thread keeps in memory between commits; all of it can be read again.
#[derive(Default)]
pub(super) struct Memory {
    /// Sources of customers, the one believed first in front.
    pub(super) believed: Arc<[SourceName]>,
    /// Who is who, as of the last commit.
    pub(super) people: Option<Directory>,
    /// By what erased persons are known.
    pub(super) marks: Option<Arc<Marks>>,
    /// Which keys the tables may hold.
    seen: SeenKeys,
    /// How many replaced rows wait for their move.
    retired: Retired,
    /// The tallies that follow the rows.
    rollup: Option<Arc<Rollup>>,
}

impl Memory {
    /// Starts without any; `believed` ranks the sources of customers.
    pub(super) fn new(
        believed: &[SourceName],
        marks: Option<Arc<Marks>>,
        rollup: Option<Arc<Rollup>>,
    ) -> Self {
        Self {
            believed: believed.into(),
            marks,
            rollup,
            ..Self::default()
        }
    }
}

impl Memory {
    /// Notes that answers at these times went or are stamped otherwise.
    pub(super) fn note_answers(
        &self,
        connection: &Connection,
        times_us: Vec<i64>,
    ) -> duckdb::Result<()> {
        match &self.rollup {
            Some(rollup) => rollup.note(connection, times_us),
            None => Ok(()),
        }
    }

    /// Ends a transaction that may have changed rows.
    pub(super) fn end(&self, transaction: Transaction<'_>) -> duckdb::Result<()> {
        if let Some(rollup) = &self.rollup {
            Rollup::keep_up(&transaction)?;
            rollup.wake(&transaction, false)?;
        }
        transaction.commit()
    }

    /// Has the days tallied that a run changed.
    pub(super) fn run_ended(&self, connection: &Connection) -> duckdb::Result<()> {
        match &self.rollup {
            Some(rollup) => rollup.wake(connection, true),
            None => Ok(()),
        }
    }

    /// Returns the starts of days whose tallies are untrue.
    pub(super) fn untrue_tallies(&self, connection: &Connection) -> duckdb::Result<Vec<Timestamp>> {
        match &self.rollup {
            Some(rollup) => rollup.untrue(connection),
            None => Ok(Vec::new()),
        }
    }

    /// Tallies every changed day now.
    pub(super) fn tally_all(&self, connection: &Connection) -> duckdb::Result<()> {
        match &self.rollup {
            Some(rollup) => rollup.catch_up_all(connection),
            None => Ok(()),
        }
    }
}

/// Commits a unit and returns what it did to the counts of its source; dropping out on an error
/// rolls everything back.
pub(super) fn commit(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    memory: &mut Memory,
    unit: &CommitUnit,
) -> duckdb::Result<(Ack, Vec<CountChange>)> {
    let transaction = connection.unchecked_transaction()?;
    match state::gate(&transaction, unit)? {
        state::Gate::Open => {}
        state::Gate::Applied => return Ok((Ack::AlreadyApplied, Vec::new())),
        state::Gate::Fenced => return Ok((Ack::Fenced, Vec::new())),
    }
    let sifted = sieve::sift(memory.marks.as_deref(), unit);
    let written = write_rows(&transaction, dimensions, memory, unit, &sifted)?;
    state::note_unit(&transaction, unit, &sifted, written.is_changed)?;
    memory.end(transaction)?;
    Ok(written.finish(memory))
}

/// Commits the rows of webhooks with the position they end at, as [`commit`] does with a
/// checkpoint.
pub(super) fn commit_pushed(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    memory: &mut Memory,
    noted: &Noted,
    unit: &CommitUnit,
) -> duckdb::Result<(Ack, Vec<CountChange>)> {
    let transaction = connection.unchecked_transaction()?;
    let position = inbox::position(&transaction, noted.source.as_str())?;
    if position >= noted.to && noted.from < noted.to {
        return Ok((Ack::AlreadyApplied, Vec::new()));
    }
    // An inbox that lost its files begins behind the position it once had.
    if position != noted.from {
        return Ok((Ack::Fenced, Vec::new()));
    }
    let mut sifted = sieve::sift(memory.marks.as_deref(), unit);
    let letters = sieve::letters(memory.marks.as_deref(), noted);
    sifted.n_erased += (noted.letters.len() - letters.len()) as u64;
    let written = write_rows(&transaction, dimensions, memory, unit, &sifted)?;
    inbox::note(&transaction, noted, &letters)?;
    state::note_rejects(&transaction, unit, &sifted)?;
    state::note_change(&transaction, written.is_changed)?;
    memory.end(transaction)?;
    Ok(written.finish(memory))
}

/// What the rows of a unit changed, not yet committed.
struct WrittenRows {
    people: Directory,
    changes: Vec<CountChange>,
    n_changed: u64,
    n_erased: u64,
    is_changed: bool,
}

impl WrittenRows {
    /// Keeps what the commit made true.
    fn finish(self, memory: &mut Memory) -> (Ack, Vec<CountChange>) {
        memory.people = Some(self.people);
        let ack = Ack::Applied {
            n_changed: self.n_changed,
            n_erased: self.n_erased,
        };
        (ack, self.changes)
    }
}

fn write_rows(
    transaction: &Connection,
    dimensions: &[DimensionSpec],
    memory: &mut Memory,
    unit: &CommitUnit,
    sifted: &Sifted<'_>,
) -> duckdb::Result<WrittenRows> {
    let mut changes = Vec::new();
    let mut n_changed = 0;
    let mut is_changed = false;
    let mut people = match memory.people.take() {
        Some(directory) => directory,
        None => Directory::load(transaction, dimensions, &memory.believed)?,
    };
    for kind in KINDS {
        let batches: Vec<&RecordBatch> = sifted
            .batches
            .iter()
            .filter(|batch| batch.kind == kind && batch.rows.num_rows() > 0)
            .map(|batch| &batch.rows)
            .collect();
        if batches.is_empty() {
            continue;
        }
        let target = Target {
            connection: transaction,
            dimensions,
            people: &people,
            unit,
            kind,
        };
        let decision = merge(&target, memory, &batches)?;
        n_changed += decision.n_changed;
        changes.push(CountChange::of(kind, &decision));
        let has_news = decision.verdicts.iter().any(|one| *one != Verdict::Skip);
        is_changed |= has_news;
        if has_news && matches!(kind, RecordKind::Customer | RecordKind::Agent) {
            let rows = arrow_select::concat::concat_batches(&normal_schema(kind), batches)
                .map_err(arrow_failure)?;
            let before = people;
            people = Directory::load(transaction, dimensions, &memory.believed)?;
            let stamped_us =
                restamp::after_people(transaction, dimensions, kind, &rows, &before, &people)?;
            memory.note_answers(transaction, stamped_us)?;
        }
    }
    Ok(WrittenRows {
        people,
        changes,
        n_changed,
        n_erased: sifted.n_erased,
        is_changed,
    })
}

fn merge(
    target: &Target<'_>,
    memory: &mut Memory,
    batches: &[&RecordBatch],
) -> duckdb::Result<Decision> {
    let (connection, kind) = (target.connection, target.kind);
    let versions = version_columns(kind, batches).map_err(arrow_failure)?;
    let keys = versions
        .column_by_name(KEY)
        .expect("it is among the columns")
        .as_primitive::<UInt64Type>()
        .values();
    let candidates = memory.seen.candidates(connection, kind, keys)?;
    let asked = candidates.as_deref().unwrap_or(keys);
    let known = known_versions(connection, target.unit, kind, asked)?;
    let mut decision = decide(&versions, &known);
    // Before the commit ends: a key too many does no harm, one too few would.
    memory.seen.add(kind, keys);
    (memory.retired).retire(connection, target.dimensions, kind, &decision)?;
    let touched_us = std::mem::take(&mut decision.touched_us);
    if let Some(rollup) = (memory.rollup.as_ref()).filter(|_| kind == RecordKind::Response) {
        rollup.note(connection, touched_us)?;
    }
    append_all(target, &decision, batches)?;
    Ok(decision)
}

/// Returns the columns that versions are told apart by, of all batches in one.
fn version_columns(
    kind: RecordKind,
    batches: &[&RecordBatch],
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let schema = normal_schema(kind);
    let places = VERSION_COLUMNS
        .iter()
        .map(|name| schema.index_of(name))
        .collect::<Result<Vec<_>, _>>()?;
    let parts = batches
        .iter()
        .map(|rows| rows.project(&places))
        .collect::<Result<Vec<_>, _>>()?;
    match parts.as_slice() {
        [part] => Ok(part.clone()),
        _ => arrow_select::concat::concat_batches(&Arc::new(schema.project(&places)?), &parts),
    }
}

/// Appends the rows that become current and those that become history.
fn append_all(
    target: &Target<'_>,
    decision: &Decision,
    batches: &[&RecordBatch],
) -> duckdb::Result<()> {
    for (verdict, table) in [
        (Verdict::Current, target.kind.name().to_owned()),
        (Verdict::History, history(target.kind)),
    ] {
        if !decision.verdicts.contains(&verdict) {
            continue;
        }
        let mut start = 0;
        let mut selected = Vec::new();
        for rows in batches {
            let part = start..start + rows.num_rows();
            start = part.end;
            selected.extend(select(rows, decision, part, verdict).map_err(arrow_failure)?);
        }
        append(target, &table, &selected)?;
    }
    Ok(())
}

/// Returns the rows of a batch with this verdict in their order, bucket times put right; `None`
/// for none. The batch is this part of the decision.
fn select(
    rows: &RecordBatch,
    decision: &Decision,
    part: Range<usize>,
    verdict: Verdict,
) -> Result<Option<RecordBatch>, arrow_schema::ArrowError> {
    let verdicts = &decision.verdicts[part.clone()];
    let n_selected = verdicts.iter().filter(|one| **one == verdict).count();
    if n_selected == 0 {
        return Ok(None);
    }
    let rows = match verdict == Verdict::Current {
        true => with_buckets(rows, &decision.buckets, part)?,
        false => rows.clone(),
    };
    if n_selected == rows.num_rows() {
        return Ok(Some(rows));
    }
    let is_selected = verdicts.iter().map(|one| Some(*one == verdict)).collect();
    arrow_select::filter::filter_record_batch(&rows, &is_selected).map(Some)
}

fn with_buckets(
    rows: &RecordBatch,
    buckets: &[(usize, Option<i64>)],
    part: Range<usize>,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let mut of_part = buckets
        .iter()
        .filter(|(row, _)| part.contains(row))
        .peekable();
    if of_part.peek().is_none() {
        return Ok(rows.clone());
    }
    let idx = rows.schema().index_of(BUCKET_TIME)?;
    let times = rows.column(idx).as_primitive::<TimestampMicrosecondType>();
    let mut values: Vec<Option<i64>> = times.iter().collect();
    for (row, bucket_us) in of_part {
        values[row - part.start] = *bucket_us;
    }
    let mut columns = rows.columns().to_vec();
    columns[idx] = Arc::new(TimestampMicrosecondArray::from(values));
    RecordBatch::try_new(rows.schema(), columns)
}

pub(super) fn arrow_failure(error: arrow_schema::ArrowError) -> duckdb::Error {
    duckdb::Error::ToSqlConversionFailure(Box::new(error))
}
