//! Keeps erased persons out: refuses their records inside the transaction that would write them, so
//! that none slips past an erasure that happens at the same time.

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray, ListArray, RecordBatch, StringArray};
use duckdb::Connection;

use super::fault::failed;
use super::inbox::Noted;
use crate::keep;
use crate::record::{RecordKind, SourceName};
use crate::store::mark::{KEY_BYTES, Marker, Marks};
use crate::store::push::DeadLetter;
use crate::store::{CommitUnit, KindBatch, Reject, StoreError};

/// Name of the key's file in the data directory.
const KEY_FILE: &str = "erasure.key";

/// A unit without the records of erased persons.
pub(super) struct Sifted<'a> {
    pub(super) batches: Cow<'a, [KindBatch]>,
    pub(super) rejects: Cow<'a, [Reject]>,
    /// Records that were taken out.
    pub(super) n_erased: u64,
}

/// Takes the records of erased persons out of a unit.
pub(super) fn sift<'a>(marks: Option<&Marks>, unit: &'a CommitUnit) -> Sifted<'a> {
    let Some(marks) = marks else {
        return Sifted {
            batches: Cow::Borrowed(&unit.batches),
            rejects: Cow::Borrowed(&unit.rejects),
            n_erased: 0,
        };
    };
    let mut n_erased = 0;
    let batches = unit.batches.iter().map(|batch| {
        let rows = sift_rows(marks, &unit.source, batch.kind, &batch.rows);
        n_erased += (batch.rows.num_rows() - rows.num_rows()) as u64;
        let kind = batch.kind;
        KindBatch { kind, rows }
    });
    let batches: Vec<KindBatch> = batches.collect();
    // What was refused for another reason may be told by its id.
    let is_erased = |reject: &&Reject| marks.holds(&unit.source, reject.kind, &reject.place);
    let rejects = unit.rejects.iter().filter(|one| !is_erased(one));
    let rejects: Vec<Reject> = rejects.cloned().collect();
    n_erased += (unit.rejects.len() - rejects.len()) as u64;
    Sifted {
        batches: Cow::Owned(batches),
        rejects: Cow::Owned(rejects),
        n_erased,
    }
}

/// Returns the webhooks to be kept aside that name no erased person.
pub(super) fn letters<'a>(marks: Option<&Marks>, unit: &'a Noted) -> Vec<&'a DeadLetter> {
    let is_kept =
        |letter: &&DeadLetter| marks.is_none_or(|marks| !is_named(marks, &unit.source, letter));
    unit.letters.iter().filter(is_kept).collect()
}

/// Whether a webhook kept aside names one of these persons.
pub(super) fn is_named(marks: &Marks, source: &SourceName, letter: &DeadLetter) -> bool {
    let named = |text: &[u8]| marks.name_in(source, text, 1);
    named(&letter.body)
        || named(letter.event_id.as_bytes())
        || named(letter.detail.as_bytes())
        || letter
            .headers
            .iter()
            .any(|(_, value)| named(value.as_bytes()))
}

fn sift_rows(
    marks: &Marks,
    source: &SourceName,
    kind: RecordKind,
    rows: &RecordBatch,
) -> RecordBatch {
    let columns = Columns::of(kind, rows);
    let is_kept: BooleanArray = (0..rows.num_rows())
        .map(|row| Some(!columns.is_erased(marks, source, row)))
        .collect();
    match is_kept.true_count() == rows.num_rows() {
        true => rows.clone(),
        false => arrow_select::filter::filter_record_batch(rows, &is_kept)
            .expect("the filter is as long as the batch"),
    }
}

/// The columns that say whose a record is.
struct Columns<'a> {
    kind: RecordKind,
    ids: &'a StringArray,
    customers: Option<&'a StringArray>,
    tickets: Option<&'a StringArray>,
    submissions: Option<&'a StringArray>,
    aliases: Option<&'a ListArray>,
}

impl<'a> Columns<'a> {
    fn of(kind: RecordKind, rows: &'a RecordBatch) -> Self {
        let text = |name| Some(rows.column_by_name(name)?.as_string::<i32>());
        let of_customer = kind == RecordKind::Customer;
        let aliases = rows.column_by_name("aliases").filter(|_| of_customer);
        Self {
            kind,
            ids: text("id").expect("the normal form has this column"),
            customers: text("customer"),
            tickets: text("ticket"),
            submissions: text("response").filter(|_| kind == RecordKind::Response),
            aliases: aliases.map(|aliases| aliases.as_list::<i32>()),
        }
    }

    fn is_erased(&self, marks: &Marks, source: &SourceName, row: usize) -> bool {
        let id = self.ids.value(row);
        if marks.holds(source, self.kind, id) {
            return true;
        }
        let value = |column: Option<&'a StringArray>| {
            column
                .filter(|column| column.is_valid(row))
                .map(|column| column.value(row))
        };
        if let Some(customer) = value(self.customers) {
            return marks.refers(source, customer);
        }
        let is_answer = self.submissions.is_some();
        let submission = value(self.submissions).unwrap_or(id);
        value(self.tickets).is_some_and(|ticket| marks.concerns(source, ticket))
            || (is_answer && marks.holds_submission(source, submission))
            || self
                .aliases
                .is_some_and(|aliases| has_marked(marks, aliases, row))
    }
}

fn has_marked(marks: &Marks, aliases: &ListArray, row: usize) -> bool {
    let is_there = aliases.is_valid(row);
    is_there && {
        let aliases = aliases.value(row);
        let mut aliases = aliases.as_string::<i32>().iter().flatten();
        aliases.any(|alias| marks.holds_alias(alias))
    }
}

/// Reads the marks of erased persons; `None` when nobody was erased.
pub(super) fn load(connection: &Connection, dir: &Path) -> Result<Option<Arc<Marks>>, StoreError> {
    let fail = |source| failed("read the marks of erased persons", dir, source);
    let checks: Vec<(String, String)> = connection
        .prepare("SELECT receipt, key_check FROM erasure")
        .and_then(|mut statement| {
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect()
        })
        .map_err(fail)?;
    if checks.is_empty() {
        return Ok(None);
    }
    let path = dir.join(KEY_FILE);
    let key = read_key(&path)?;
    let marker = key.map(Marker::new).ok_or_else(|| StoreError::ErasureKey {
        path: path.clone(),
        is_there: path.exists(),
    })?;
    let is_own = |(receipt, check): &(String, String)| hex(&marker.check(receipt)) == *check;
    if !checks.iter().all(is_own) {
        return Err(StoreError::ErasureKey {
            path,
            is_there: true,
        });
    }
    let known: Vec<String> = connection
        .prepare("SELECT mark FROM erased_mark")
        .and_then(|mut statement| statement.query_map([], |row| row.get(0))?.collect())
        .map_err(fail)?;
    let known = known.iter().filter_map(|mark| unhex(mark)).collect();
    Ok(Some(Arc::new(Marks::new(marker, known))))
}

/// Returns what makes the marks of a data directory, drawing its key for the first.
pub(super) fn marker(dir: &Path) -> Result<Marker, StoreError> {
    let path = dir.join(KEY_FILE);
    if let Some(key) = read_key(&path)? {
        return Ok(Marker::new(key));
    }
    if path.exists() {
        return Err(StoreError::ErasureKey {
            path,
            is_there: true,
        });
    }
    let key = drawn::<KEY_BYTES>()?;
    keep::replace(&path, &format!("{}\n", hex(&key))).map_err(|source| StoreError::ReadOnly {
        path,
        source: source.into(),
    })?;
    Ok(Marker::new(key))
}

/// Draws bytes by chance.
pub(super) fn drawn<const N: usize>() -> Result<[u8; N], StoreError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Failed {
        what: "draw random bytes",
        source: error.to_string().into(),
    })?;
    Ok(bytes)
}

fn read_key(path: &Path) -> Result<Option<[u8; KEY_BYTES]>, StoreError> {
    let text = keep::read(path, 2 * KEY_BYTES as u64 + 2).map_err(|source| StoreError::Failed {
        what: "read the key of erased persons",
        source: source.into(),
    })?;
    Ok(text.and_then(|text| unhex(text.trim())))
}

/// Writes bytes as text.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.is_ascii() {
        return None;
    }
    let mut bytes = [0; N];
    for (idx, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * idx..2 * idx + 2], 16).ok()?;
    }
    Some(bytes)
}
