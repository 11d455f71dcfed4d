//! The store as the push stage sees it.

use std::sync::Arc;

use jiff::Timestamp;

use super::inbox::{self, Noted, Rows};
use super::{DuckStore, commit};
use crate::record::{SourceName, StreamName};
use crate::store::push::{DeadLetter, LetterNote, PushStore, PushUnit, SeenEvent};
use crate::store::{Ack, Checkpoint, CommitUnit, StoreError};

/// Stream that the rows of webhooks belong to.
const INBOX_STREAM: &str = "$inbox";

impl PushStore for DuckStore {
    fn inbox_position(&self, source: &SourceName) -> Result<u64, StoreError> {
        self.read("read the position of an inbox", |connection| {
            inbox::position(connection, source.as_str())
        })
    }

    fn commit_pushed(&self, unit: PushUnit) -> Result<Ack, StoreError> {
        let dimensions = Arc::clone(&self.dimensions);
        let source = unit.source.clone();
        let (noted, rows) = Noted::split(unit);
        let unit = unit_of(&noted, rows);
        self.write_rows("commit webhooks", source, move |connection, memory| {
            commit::commit_pushed(connection, &dimensions, memory, &noted, &unit)
        })
    }

    fn seen_events(
        &self,
        source: &SourceName,
        since: Timestamp,
    ) -> Result<Vec<SeenEvent>, StoreError> {
        self.read("read the events that were seen", |connection| {
            inbox::seen_events(connection, source.as_str(), since)
        })
    }

    fn letter_notes(&self) -> Result<Vec<(SourceName, u64, Vec<LetterNote>)>, StoreError> {
        self.read("list webhooks kept aside", inbox::letter_notes)
    }

    fn letters(&self, source: &SourceName, from: u64) -> Result<Vec<DeadLetter>, StoreError> {
        self.read("read webhooks kept aside", |connection| {
            inbox::letters(connection, source.as_str(), from)
        })
    }

    fn forget_letters(&self, source: &SourceName, positions: &[u64]) -> Result<(), StoreError> {
        let (source, positions) = (source.to_string(), positions.to_vec());
        self.write("forget webhooks kept aside", move |connection, _| {
            inbox::forget_letters(connection, &source, &positions)
        })
    }
}

/// Returns the rows as a unit whose fence is the inbox's position instead of a run.
fn unit_of(noted: &Noted, rows: Rows) -> CommitUnit {
    CommitUnit {
        source: noted.source.clone(),
        stream: StreamName::new(INBOX_STREAM).expect("a plain name"),
        run_id: 0,
        unit_idx: 0,
        batches: rows.batches,
        rejects: rows.rejects,
        checkpoint: Checkpoint {
            json: "{}".to_owned(),
            format: 0,
            plugin_version: String::new(),
        },
        is_first_read: false,
        committed_at: noted.committed_at,
    }
}
