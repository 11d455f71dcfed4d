//! Stamps rows anew: those of people who changed, or all when the dimensions do.

use std::collections::HashSet;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::UInt64Type;
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, UInt64Array};
use duckdb::Connection;
use vocd_plugin::record::ColumnType;

use super::directory::{Directory, alias_hash, elsewhere};
use super::stamp::attribute;
use super::table::{DimensionField, DimensionSpec, Reach, history, quoted, stamped};
use crate::record::door::KEY;
use crate::record::{RecordKind, SourceName};

/// Name under which the ranking of sources stands among the dimensions; none is called so.
const RANKING: &str = "$identity";

/// Brings the stamped columns in line with the configured dimensions; all rows are stamped anew
/// when a dimension came, went or moved, or when other sources are believed first.
pub(super) fn prepare(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    believed: &[SourceName],
) -> duckdb::Result<()> {
    let mut wanted: Vec<(String, String)> = dimensions
        .iter()
        .map(|spec| (spec.name.clone(), spec.origin()))
        .collect();
    if !believed.is_empty() {
        let names: Vec<&str> = believed.iter().map(SourceName::as_str).collect();
        wanted.push((RANKING.to_owned(), names.join(",")));
    }
    wanted.sort();
    let stored: Vec<(String, String)> = connection
        .prepare("SELECT name, origin FROM dimension ORDER BY name, origin")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<duckdb::Result<_>>()?;
    if stored == wanted {
        return Ok(());
    }
    let transaction = connection.unchecked_transaction()?;
    for kind in RecordKind::ALL {
        for table in [kind.name().to_owned(), history(kind)] {
            lay_out(&transaction, dimensions, kind, &table, &stored)?;
        }
    }
    transaction.commit()?;
    // The note of what is stamped goes with the last row: a stop in between starts this over.
    let transaction = connection.unchecked_transaction()?;
    let people = Directory::load(&transaction, dimensions, believed)?;
    for kind in RecordKind::ALL {
        for table in [kind.name().to_owned(), history(kind)] {
            refresh(&transaction, dimensions, &people, kind, &table, "true")?;
        }
    }
    transaction.execute_batch("DELETE FROM dimension")?;
    for (name, origin) in &wanted {
        transaction.execute("INSERT INTO dimension VALUES (?, ?)", [name, origin])?;
    }
    transaction.execute_batch("UPDATE data_version SET version = version + 1")?;
    transaction.commit()
}

fn lay_out(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    kind: RecordKind,
    table: &str,
    stored: &[(String, String)],
) -> duckdb::Result<()> {
    for (spec, _) in stamped(dimensions, kind) {
        connection.execute_batch(&format!(
            "ALTER TABLE {table} ADD COLUMN IF NOT EXISTS {} VARCHAR",
            quoted(&spec.column())
        ))?;
    }
    for (name, _) in stored {
        let is_kept = stamped(dimensions, kind).any(|(spec, _)| spec.name == *name);
        if !is_kept {
            connection.execute_batch(&format!(
                "ALTER TABLE {table} DROP COLUMN IF EXISTS {}",
                quoted(&format!("dim_{name}"))
            ))?;
        }
    }
    Ok(())
}

/// Stamps the facts of people whose rows came or changed. Returns the times of current answers that
/// are stamped otherwise than before.
pub(super) fn after_people(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    kind: RecordKind,
    rows: &RecordBatch,
    before: &Directory,
    after: &Directory,
) -> duckdb::Result<Vec<i64>> {
    let reach = match kind {
        RecordKind::Agent => Reach::Agent,
        _ => Reach::Customer,
    };
    let affected = affected(reach, rows, before, after);
    of_people(connection, dimensions, reach, &affected, after)
}

/// Stamps the facts anew that carry one of these keys; returns what [`after_people`] does.
pub(super) fn of_people(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    reach: Reach,
    affected: &HashSet<u64>,
    after: &Directory,
) -> duckdb::Result<Vec<i64>> {
    stage_affected(connection, affected)?;
    let column = match reach {
        Reach::Agent => "served_by",
        Reach::Own | Reach::Customer => "person",
    };
    let condition = format!("{column} IN (SELECT key FROM staged_key)");
    let named = match reach {
        Reach::Agent => "agent",
        Reach::Own | Reach::Customer => "customer",
    };
    let mut answers_us = Vec::new();
    for fact in RecordKind::ALL {
        if fact.column(named).is_some() {
            for table in [fact.name().to_owned(), history(fact)] {
                let times = refresh(connection, dimensions, after, fact, &table, &condition)?;
                if table == RecordKind::Response.name() {
                    answers_us = times;
                }
            }
        }
    }
    Ok(answers_us)
}

/// Returns every stamp that facts of these people may carry now.
fn affected(
    reach: Reach,
    rows: &RecordBatch,
    before: &Directory,
    after: &Directory,
) -> HashSet<u64> {
    let keys = rows
        .column_by_name(KEY)
        .expect("the normal form has this column")
        .as_primitive::<UInt64Type>();
    let aliases = rows
        .column_by_name("aliases")
        .expect("people have aliases")
        .as_list::<i32>();
    let mut affected = HashSet::new();
    let mut add = |hash: u64| {
        affected.insert(hash);
        affected.insert(before.roll(reach).canonical(hash));
        affected.insert(after.roll(reach).canonical(hash));
    };
    let ids = rows
        .column_by_name("id")
        .expect("the normal form has this column")
        .as_string::<i32>();
    for ((key, id), aliases) in keys.values().iter().zip(ids).zip(aliases.iter()) {
        add(*key);
        // An id that looks like a reference was taken for one until its row came.
        if let Some(hash) = id.and_then(elsewhere) {
            add(hash);
        }
        let Some(aliases) = aliases else { continue };
        for alias in aliases.as_string::<i32>().iter().flatten() {
            add(alias_hash(alias));
        }
    }
    let members: Vec<u64> = after.roll(reach).belonging_to(&affected).collect();
    affected.extend(members);
    affected
}

fn stage_affected(connection: &Connection, affected: &HashSet<u64>) -> duckdb::Result<()> {
    connection.execute_batch("TRUNCATE staged_key")?;
    let keys: UInt64Array = affected.iter().copied().map(Some).collect();
    append_keys(connection, "staged_key", keys)
}

/// Appends keys to a temporary table of them.
pub(super) fn append_keys(
    connection: &Connection,
    table: &str,
    keys: UInt64Array,
) -> duckdb::Result<()> {
    append(connection, table, vec![(KEY.to_owned(), Arc::new(keys))])
}

/// New stamps of rows, column by column.
#[derive(Default)]
struct Fresh {
    rows: Vec<i64>,
    times_us: Vec<i64>,
    persons: Vec<Option<u64>>,
    served_by: Vec<Option<u64>>,
    dimensions: Vec<Vec<Option<String>>>,
}

fn is_text(kind: RecordKind, name: &str) -> bool {
    kind.column(name)
        .is_some_and(|column| column.column_type == ColumnType::Text)
}

/// Computes the stamps of the rows under a condition and writes those that differ; returns the
/// times of their rows.
fn refresh(
    connection: &Connection,
    dimensions: &[DimensionSpec],
    people: &Directory,
    kind: RecordKind,
    table: &str,
    condition: &str,
) -> duckdb::Result<Vec<i64>> {
    let specs: Vec<(&DimensionSpec, Reach)> = stamped(dimensions, kind).collect();
    let fresh = computed(connection, &specs, people, kind, table, condition)?;
    if fresh.rows.is_empty() {
        return Ok(Vec::new());
    }
    let dimension_columns: String = (0..specs.len())
        .map(|idx| format!(", value_{idx} VARCHAR"))
        .collect();
    connection.execute_batch(&format!(
        "CREATE OR REPLACE TEMP TABLE staged_stamp \
         (row BIGINT, person UBIGINT, served_by UBIGINT{dimension_columns})"
    ))?;
    let mut columns: Vec<(String, ArrayRef)> = vec![
        ("row".to_owned(), Arc::new(Int64Array::from(fresh.rows))),
        (
            "person".to_owned(),
            Arc::new(UInt64Array::from(fresh.persons)),
        ),
        (
            "served_by".to_owned(),
            Arc::new(UInt64Array::from(fresh.served_by)),
        ),
    ];
    for (idx, values) in fresh.dimensions.into_iter().enumerate() {
        columns.push((format!("value_{idx}"), Arc::new(StringArray::from(values))));
    }
    append(connection, "staged_stamp", columns)?;
    let assignments: String = specs
        .iter()
        .enumerate()
        .map(|(idx, (spec, _))| format!(", {} = s.value_{idx}", quoted(&spec.column())))
        .collect();
    connection.execute_batch(&format!(
        "UPDATE {table} SET person = s.person, served_by = s.served_by{assignments} \
         FROM staged_stamp s WHERE {table}.rowid = s.row"
    ))?;
    Ok(fresh.times_us)
}

/// Returns what the rows say of each dimension themselves, then how they are stamped.
fn own_columns(specs: &[(&DimensionSpec, Reach)], kind: RecordKind) -> String {
    let said = specs
        .iter()
        .map(|(spec, reach)| match (&spec.field, reach) {
            (DimensionField::Column(name), Reach::Own) if is_text(kind, name) => {
                format!(", {}", quoted(name))
            }
            (DimensionField::Attribute(_), Reach::Own) => ", attributes".to_owned(),
            _ => ", NULL::VARCHAR".to_owned(),
        });
    let stamped = specs
        .iter()
        .map(|(spec, _)| format!(", {}", quoted(&spec.column())));
    said.chain(stamped).collect()
}

fn computed(
    connection: &Connection,
    specs: &[(&DimensionSpec, Reach)],
    people: &Directory,
    kind: RecordKind,
    table: &str,
    condition: &str,
) -> duckdb::Result<Fresh> {
    let or_null = |name: &str| match kind.column(name) {
        Some(_) => quoted(name),
        None => "NULL::VARCHAR".to_owned(),
    };
    let own = own_columns(specs, kind);
    let mut statement = connection.prepare(&format!(
        "SELECT rowid, source, {}, {}, epoch_us(bucket_time), person, served_by{own} \
         FROM {table} WHERE {condition}",
        or_null("customer"),
        or_null("agent"),
    ))?;
    let mut found = statement.query([])?;
    let mut fresh = Fresh {
        dimensions: vec![Vec::new(); specs.len()],
        ..Fresh::default()
    };
    while let Some(row) = found.next()? {
        let source: String = row.get(1)?;
        let source = SourceName::new(&source).expect("only checked names are stored");
        let of = |reach, reference: Option<String>| {
            reference.map(|reference| people.person(reach, &source, &reference))
        };
        let person = of(Reach::Customer, row.get(2)?);
        let served_by = of(Reach::Agent, row.get(3)?);
        let time_us: Option<i64> = row.get(4)?;
        let at_us = time_us.unwrap_or(i64::MAX);
        let mut values = Vec::with_capacity(specs.len());
        let mut is_same =
            row.get::<_, Option<u64>>(5)? == person && row.get::<_, Option<u64>>(6)? == served_by;
        for (idx, (spec, reach)) in specs.iter().enumerate() {
            let named = match reach {
                Reach::Agent => served_by,
                Reach::Own | Reach::Customer => person,
            };
            let value: Option<String> = match (&spec.field, reach) {
                (DimensionField::Column(_), Reach::Own) => row.get(7 + idx)?,
                (DimensionField::Attribute(name), Reach::Own) => row
                    .get::<_, Option<String>>(7 + idx)?
                    .and_then(|text| attribute(&text, name)),
                _ => named
                    .and_then(|person| people.roll(*reach).value(person, at_us, &spec.name))
                    .map(|value| value.to_string()),
            };
            is_same &= row.get::<_, Option<String>>(7 + specs.len() + idx)? == value;
            values.push(value);
        }
        if is_same {
            continue;
        }
        fresh.rows.push(row.get(0)?);
        fresh.times_us.extend(time_us);
        fresh.persons.push(person);
        fresh.served_by.push(served_by);
        for (column, value) in fresh.dimensions.iter_mut().zip(values) {
            column.push(value);
        }
    }
    Ok(fresh)
}

fn append(
    connection: &Connection,
    table: &str,
    columns: Vec<(String, ArrayRef)>,
) -> duckdb::Result<()> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        columns.into_iter().map(|(name, array)| (name, array, true)),
    )
    .map_err(|error| duckdb::Error::ToSqlConversionFailure(Box::new(error)))?;
    let mut appender = connection.appender_to_catalog_and_db(table, "temp", "main")?;
    appender.append_record_batch(batch)?;
    appender.flush()
}
