//! Compaction and erasure, whole: rows, inbox and the bytes of the file, in the daemon or without one.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::House;
use super::order::OrderFailure;
use crate::push::{Push, clear_closed};
use crate::store::mark::Marks;
use crate::store::upkeep::{EraseError, Erasure, Holding, PersonAsk, Upkeep as _};
use crate::store::{Store as _, StoreError};

/// Who has the inbox.
pub enum Inbox<'a> {
    /// The daemon at hand.
    Open(&'a Push),
    /// Nobody: its folder.
    Closed(&'a Path),
}

/// How an erasure ended.
pub struct EraseEnd {
    /// The last line for the terminal.
    pub line: Value,
    /// What the audit log says it was done to: a receipt, or nothing.
    pub on: String,
    /// `ok`, or why not, without anything personal.
    pub outcome: &'static str,
}

impl Inbox<'_> {
    fn clear(&self, house: &House, marks: &Marks) -> io::Result<u64> {
        match self {
            Self::Open(push) => push.clear(marks),
            Self::Closed(dir) => clear_closed(dir, house.store(), marks),
        }
    }
}

/// Compacts the database, and finishes erasures that were interrupted.
///
/// # Errors
/// When it failed; the database is as it was.
pub fn compact(house: &House, inbox: &Inbox<'_>) -> Result<Value, OrderFailure> {
    let n_erasures = finish(house, inbox)?;
    let done = house.store().compact().map_err(|error| of_store(&error))?;
    Ok(json!({
        "bytes_before": done.bytes_before,
        "bytes_after": done.bytes_after,
        "tables": done.n_tables,
        "rows": done.n_rows,
        "seconds": done.elapsed.as_secs_f64(),
        "erasures_finished": n_erasures,
    }))
}

/// Erases a person, or tells what that would take away.
#[must_use]
pub fn erase(house: &House, inbox: &Inbox<'_>, ask: &PersonAsk, is_dry_run: bool) -> EraseEnd {
    if is_dry_run {
        return match house.store().holding(ask) {
            Ok(holding) => EraseEnd {
                line: json!({ "report": told(&holding) }),
                on: String::new(),
                outcome: "ok",
            },
            Err(EraseError::Erased {
                receipt, erased_at, ..
            }) => again(receipt, erased_at),
            Err(error) => refused(&error),
        };
    }
    let erasure = match house.store().erase(ask, Timestamp::now()) {
        Ok(erasure) => erasure,
        // What an earlier try left is finished by this one.
        Err(EraseError::Erased {
            receipt, erased_at, ..
        }) => {
            return match finish(house, inbox) {
                Ok(_) => again(receipt, erased_at),
                Err(failure) => unfinished(failure, receipt),
            };
        }
        Err(error) => return refused(&error),
    };
    house.gallery().refresh_sources();
    match clear(house, inbox) {
        Ok((n_webhooks, bytes)) => ended(&erasure, n_webhooks, bytes),
        Err(failure) => unfinished(failure, erasure.receipt),
    }
}

/// Does what is left of erasures that were interrupted; returns how many there were.
///
/// # Errors
/// When bytes of an erased person may still lie about.
pub fn finish(house: &House, inbox: &Inbox<'_>) -> Result<usize, OrderFailure> {
    let receipts = house.store().unfinished_erasures();
    let receipts = receipts.map_err(|error| of_store(&error))?;
    if !receipts.is_empty() {
        clear(house, inbox)?;
        tracing::info!(receipts = receipts.join(", "), "erasures were finished");
    }
    Ok(receipts.len())
}

/// Takes the bytes of erased persons out of inbox and file; returns how many webhooks went, and the
/// size of the file before and after.
fn clear(house: &House, inbox: &Inbox<'_>) -> Result<(u64, [u64; 2]), OrderFailure> {
    let store = house.store();
    let failed = |error: StoreError| of_store(&error);
    let receipts = store.unfinished_erasures().map_err(failed)?;
    let marks = store.marks().map_err(failed)?;
    let n_webhooks = match marks {
        Some(marks) => inbox.clear(house, &marks).map_err(|error| OrderFailure {
            what: format!("failed to clear the inbox: {error}"),
            hint: Some("check that the data directory can be written".to_owned()),
        })?,
        None => 0,
    };
    let done = store.compact().map_err(failed)?;
    // What was read of comments is kept in memory, beside the file.
    house.gallery().rules().settings.library.forget();
    let finished = store.finish_erasures(&receipts, n_webhooks, Timestamp::now());
    finished.map_err(failed)?;
    store.flush().map_err(failed)?;
    Ok((n_webhooks, [done.bytes_before, done.bytes_after]))
}

fn ended(erasure: &Erasure, n_webhooks: u64, [before, after]: [u64; 2]) -> EraseEnd {
    let mut report = told(&erasure.holding);
    report["receipt"] = json!(erasure.receipt);
    report["erased_at"] = json!(erasure.erased_at.to_string());
    report["webhooks"] = json!(n_webhooks);
    report["bytes_before"] = json!(before);
    report["bytes_after"] = json!(after);
    EraseEnd {
        line: json!({ "report": report }),
        on: erasure.receipt.clone(),
        outcome: "ok",
    }
}

/// The person was erased before: to ask again is no mistake.
fn again(receipt: String, erased_at: Timestamp) -> EraseEnd {
    EraseEnd {
        line: json!({ "report": {
            "receipt": receipt, "erased_at": erased_at.to_string(), "already": true,
        } }),
        on: receipt,
        outcome: "erased_already",
    }
}

fn told(holding: &Holding) -> Value {
    let copies = holding
        .copies
        .iter()
        .map(|copy| json!({ "path": copy.path.display().to_string(), "certain": copy.is_certain }));
    json!({
        "rows": holding.rows,
        "versions": holding.versions,
        "sources": holding.sources,
        "aliases": holding.n_aliases,
        "webhooks_kept_aside": holding.n_letters,
        "reject_samples": holding.n_samples,
        "copies": copies.collect::<Vec<_>>(),
    })
}

fn refused(error: &EraseError) -> EraseEnd {
    let outcome = match error {
        EraseError::Unknown { .. } => "unknown",
        EraseError::Ambiguous { .. } => "ambiguous",
        EraseError::Erased { .. } => "erased_already",
        EraseError::Store(_) => "failed",
    };
    let what = match error {
        EraseError::Store(error) => of_store(error).what,
        error => error.to_string(),
    };
    EraseEnd {
        line: json!({ "failure": { "what": what, "hint": error.hint() } }),
        on: String::new(),
        outcome,
    }
}

/// The rows are gone and stay away, but not all bytes.
fn unfinished(failure: OrderFailure, receipt: String) -> EraseEnd {
    let what = format!(
        "the person is erased from every table, but bytes may be left: {}",
        failure.what
    );
    let mend = failure.hint.unwrap_or_default();
    let hint = format!("{mend}; then run vocd compact, which finishes it")
        .trim_start_matches("; ")
        .to_owned();
    EraseEnd {
        line: json!({ "failure": { "what": what, "hint": hint } }),
        on: receipt,
        outcome: "bytes_left",
    }
}

fn of_store(error: &StoreError) -> OrderFailure {
    let mut what = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        what = format!("{what}: {error}");
        cause = error.source();
    }
    OrderFailure {
        what,
        hint: error.hint().map(str::to_owned),
    }
}
