//! One commit: rows, rejects, checkpoint and the run's fence, all in one transaction.

use std::sync::Arc;

use arrow_array::builder::TimestampMicrosecondBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{
    Array, ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema};
use duckdb::{Connection, params};

use super::directory::Directory;
use super::merge::{Decision, Known, KnownVersions, Place, Verdict, VersionOrder, decide};
use super::restamp;
use super::stamp::{self, Stamps};
use super::state;
use super::table::{DimensionSpec, columns, history, quoted, stamped};
use crate::record::RecordKind;
use crate::record::door::{BUCKET_TIME, normal_schema};
use crate::store::{Ack, CommitUnit};

/// Rows given to the engine at once where a list column makes its glue copy all of the list's
/// items per slice; its own slices are this long too.
const LIST_SLICE_ROWS: usize = 2_048;

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

/// Commits a unit; dropping out on an error rolls everything back.
pub(super) fn commit(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    directory: &mut Option<Directory>,
    unit: &CommitUnit,
) -> duckdb::Result<Ack> {
    let transaction = connection.unchecked_transaction()?;
    match state::gate(&transaction, unit)? {
        state::Gate::Open => {}
        state::Gate::Applied => return Ok(Ack::AlreadyApplied),
        state::Gate::Fenced => return Ok(Ack::Fenced),
    }
    let mut n_changed = 0;
    let mut is_changed = false;
    let mut people = match directory.take() {
        Some(directory) => directory,
        None => Directory::load(&transaction, dimensions)?,
    };
    for kind in KINDS {
        let batches: Vec<&RecordBatch> = unit
            .batches
            .iter()
            .filter(|batch| batch.kind == kind && batch.rows.num_rows() > 0)
            .map(|batch| &batch.rows)
            .collect();
        if batches.is_empty() {
            continue;
        }
        let rows = match batches.as_slice() {
            [rows] => (*rows).clone(),
            _ => arrow_select::concat::concat_batches(&normal_schema(kind), batches)
                .map_err(arrow_failure)?,
        };
        let decision = merge(&transaction, dimensions, &people, unit, kind, &rows)?;
        n_changed += decision.n_changed;
        let has_news = decision.verdicts.iter().any(|one| *one != Verdict::Skip);
        is_changed |= has_news;
        if has_news && matches!(kind, RecordKind::Customer | RecordKind::Agent) {
            let before = people;
            people = Directory::load(&transaction, dimensions)?;
            restamp::after_people(&transaction, dimensions, kind, &rows, &before, &people)?;
        }
    }
    state::note_unit(&transaction, unit, is_changed)?;
    transaction.commit()?;
    *directory = Some(people);
    Ok(Ack::Applied { n_changed })
}

fn merge(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    people: &Directory,
    unit: &CommitUnit,
    kind: RecordKind,
    rows: &RecordBatch,
) -> duckdb::Result<Decision> {
    let known = known_versions(connection, unit, kind, rows)?;
    let decision = decide(rows, &known);
    retire(connection, dimensions, kind, &decision)?;
    for (verdict, table) in [
        (Verdict::Current, kind.name().to_owned()),
        (Verdict::History, history(kind)),
    ] {
        if let Some(rows) = select(rows, &decision, verdict).map_err(arrow_failure)? {
            let stamps = stamp::stamp(dimensions, people, &unit.source, kind, &rows);
            append(connection, &table, dimensions, unit, kind, &rows, stamps)?;
        }
    }
    Ok(decision)
}

/// Returns what the tables hold about the keys of these rows.
fn known_versions(
    connection: &Connection,
    unit: &CommitUnit,
    kind: RecordKind,
    rows: &RecordBatch,
) -> duckdb::Result<KnownVersions> {
    let mut known = KnownVersions::new();
    let tables = [kind.name().to_owned(), history(kind)];
    let mut is_staged = false;
    for (idx, table) in tables.iter().enumerate() {
        let has_rows: bool = connection.query_row(
            &format!("SELECT EXISTS (SELECT 1 FROM {table})"),
            [],
            |row| row.get(0),
        )?;
        if !has_rows {
            continue;
        }
        if !is_staged {
            stage_keys(connection, rows)?;
            is_staged = true;
        }
        look_up(connection, unit, kind, table, idx == 0, &mut known)?;
    }
    Ok(known)
}

fn stage_keys(connection: &Connection, rows: &RecordBatch) -> duckdb::Result<()> {
    connection.execute_batch("TRUNCATE staged_key")?;
    let keys = rows.project(&[0]).map_err(arrow_failure)?;
    let mut appender = connection.appender_to_catalog_and_db("staged_key", "temp", "main")?;
    appender.append_record_batch(keys)?;
    appender.flush()
}

fn look_up(
    connection: &Connection,
    unit: &CommitUnit,
    kind: RecordKind,
    table: &str,
    is_current: bool,
    known: &mut KnownVersions,
) -> duckdb::Result<()> {
    let event = kind.event_time().unwrap_or("updated_at");
    let sql = format!(
        "SELECT t.rowid, t.key, t.id, epoch_us(t.updated_at), t.revision, t.digest, \
         epoch_us(t.{event}), epoch_us(t.bucket_time) FROM {table} t \
         WHERE t.key IN (SELECT key FROM staged_key) AND t.source = ?"
    );
    let mut statement = connection.prepare(&sql)?;
    let mut found = statement.query(params![unit.source.as_str()])?;
    while let Some(row) = found.next()? {
        let place = match is_current {
            true => Place::Current {
                rowid: row.get(0)?,
                bucket_us: row.get(7)?,
            },
            false => Place::History,
        };
        known.entry(row.get(1)?).or_default().push(Known {
            id: row.get(2)?,
            order: VersionOrder {
                updated_at_us: row.get(3)?,
                revision: row.get(4)?,
                digest: row.get(5)?,
            },
            event_us: row.get(6)?,
            place,
        });
    }
    Ok(())
}

/// Moves replaced rows to history, and current rows to the bucket an older version gives them.
fn retire(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    kind: RecordKind,
    decision: &Decision,
) -> duckdb::Result<()> {
    let table = kind.name();
    if !decision.moved.is_empty() {
        stage_rows(connection, decision.moved.iter().copied())?;
        connection.execute_batch(&format!(
            "UPDATE {table} SET bucket_time = s.bucket_time FROM staged_row s \
             WHERE {table}.rowid = s.row"
        ))?;
    }
    if !decision.replaced.is_empty() {
        stage_rows(connection, decision.replaced.iter().map(|row| (*row, None)))?;
        let columns = column_list(dimensions, kind);
        connection.execute_batch(&format!(
            "INSERT INTO {history} ({columns}) SELECT {columns} FROM {table} \
             WHERE rowid IN (SELECT row FROM staged_row); \
             DELETE FROM {table} WHERE rowid IN (SELECT row FROM staged_row);",
            history = history(kind),
        ))?;
    }
    Ok(())
}

fn stage_rows(
    connection: &Connection,
    rows: impl Iterator<Item = (i64, Option<i64>)>,
) -> duckdb::Result<()> {
    connection.execute_batch("TRUNCATE staged_row")?;
    let (rows, buckets): (Vec<i64>, Vec<Option<i64>>) = rows.unzip();
    let batch = RecordBatch::try_from_iter([
        (
            "row",
            Arc::new(arrow_array::Int64Array::from(rows)) as ArrayRef,
        ),
        (
            "bucket_time",
            Arc::new(TimestampMicrosecondArray::from(buckets)) as ArrayRef,
        ),
    ])
    .map_err(arrow_failure)?;
    let mut appender = connection.appender_to_catalog_and_db("staged_row", "temp", "main")?;
    appender.append_record_batch(batch)?;
    appender.flush()
}

/// Returns the rows with this verdict in their order, bucket times put right; `None` for none.
fn select(
    rows: &RecordBatch,
    decision: &Decision,
    verdict: Verdict,
) -> Result<Option<RecordBatch>, arrow_schema::ArrowError> {
    let n_selected = decision
        .verdicts
        .iter()
        .filter(|one| **one == verdict)
        .count();
    if n_selected == 0 {
        return Ok(None);
    }
    let rows = match verdict == Verdict::Current && !decision.buckets.is_empty() {
        true => with_buckets(rows, &decision.buckets)?,
        false => rows.clone(),
    };
    if n_selected == rows.num_rows() {
        return Ok(Some(rows));
    }
    let is_selected = decision
        .verdicts
        .iter()
        .map(|one| Some(*one == verdict))
        .collect();
    arrow_select::filter::filter_record_batch(&rows, &is_selected).map(Some)
}

fn with_buckets(
    rows: &RecordBatch,
    buckets: &[(usize, Option<i64>)],
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let idx = rows.schema().index_of(BUCKET_TIME)?;
    let times = rows.column(idx).as_primitive::<TimestampMicrosecondType>();
    let mut values: Vec<Option<i64>> = times.iter().collect();
    for (row, bucket_us) in buckets {
        values[*row] = *bucket_us;
    }
    let mut columns = rows.columns().to_vec();
    columns[idx] = Arc::new(TimestampMicrosecondArray::from(values));
    RecordBatch::try_new(rows.schema(), columns)
}

fn append(
    connection: &Connection,
    table: &str,
    dimensions: &[DimensionSpec],
    unit: &CommitUnit,
    kind: RecordKind,
    rows: &RecordBatch,
    stamps: Stamps,
) -> duckdb::Result<()> {
    let laid_out = lay_out(dimensions, unit, kind, rows, stamps).map_err(arrow_failure)?;
    let schema = laid_out.schema();
    let names: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let mut appender = connection.appender_with_columns(table, &names)?;
    let has_lists = laid_out.columns().iter().any(|array| {
        matches!(array.data_type(), DataType::List(_)) && array.null_count() < array.len()
    });
    match has_lists {
        false => appender.append_record_batch(laid_out)?,
        true => {
            for start in (0..laid_out.num_rows()).step_by(LIST_SLICE_ROWS) {
                let end = (start + LIST_SLICE_ROWS).min(laid_out.num_rows());
                let picks = UInt64Array::from_iter_values(start as u64..end as u64);
                let slice = arrow_select::take::take_record_batch(&laid_out, &picks)
                    .map_err(arrow_failure)?;
                appender.append_record_batch(slice)?;
            }
        }
    }
    appender.flush()
}

/// Adds the store's columns to rows in normal form, in the table's order.
fn lay_out(
    dimensions: &[DimensionSpec],
    unit: &CommitUnit,
    kind: RecordKind,
    rows: &RecordBatch,
    stamps: Stamps,
) -> Result<RecordBatch, arrow_schema::ArrowError> {
    let n_rows = rows.num_rows();
    let sources = StringArray::from_iter_values(std::iter::repeat_n(unit.source.as_str(), n_rows));
    let mut arrays = rows.columns().to_vec();
    arrays.insert(1, Arc::new(sources));
    arrays.push(known_at(unit, rows)?);
    arrays.push(Arc::new(stamps.persons));
    arrays.push(Arc::new(stamps.served_by));
    let mut names: Vec<String> = columns(kind)
        .into_iter()
        .map(|(name, _)| name.to_owned())
        .collect();
    for ((spec, _), values) in stamped(dimensions, kind).zip(stamps.dimensions) {
        names.push(spec.column());
        arrays.push(Arc::new(values));
    }
    let fields: Vec<Field> = names
        .into_iter()
        .zip(&arrays)
        .map(|(name, array)| Field::new(name, array.data_type().clone(), true))
        .collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)
}

/// When the store came to know each row: now, or in a first full read when it was last changed.
fn known_at(unit: &CommitUnit, rows: &RecordBatch) -> Result<ArrayRef, arrow_schema::ArrowError> {
    let now = unit.committed_at.as_microsecond();
    let idx = rows.schema().index_of("updated_at")?;
    let updated_at = rows.column(idx).as_primitive::<TimestampMicrosecondType>();
    let mut times = TimestampMicrosecondBuilder::with_capacity(updated_at.len());
    for updated_at in updated_at.values() {
        times.append_value(match unit.is_first_read {
            true => now.min(*updated_at),
            false => now,
        });
    }
    Ok(Arc::new(times.finish()))
}

fn column_list(dimensions: &[DimensionSpec], kind: RecordKind) -> String {
    columns(kind)
        .into_iter()
        .map(|(name, _)| quoted(name))
        .chain(stamped(dimensions, kind).map(|(spec, _)| quoted(&spec.column())))
        .collect::<Vec<_>>()
        .join(", ")
}

fn arrow_failure(error: arrow_schema::ArrowError) -> duckdb::Error {
    duckdb::Error::ToSqlConversionFailure(Box::new(error))
}
