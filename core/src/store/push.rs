//! What the store keeps of webhooks: how far each inbox is consumed, what was seen, what was
//! kept aside.

use jiff::Timestamp;

use super::{Ack, KindBatch, Reject, Store, StoreError};
use crate::record::SourceName;

/// Identity of an event of a source: 128 bits of a digest.
pub type EventDigest = [u8; 16];

/// An event that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SeenEvent {
    /// The event.
    pub digest: EventDigest,
    /// When it was received.
    pub received_at: Timestamp,
}

/// The rows of consecutive webhooks, and where they end.
#[derive(Debug)]
pub struct PushUnit {
    /// Source they belong to.
    pub source: SourceName,
    /// Position of the first webhook; a unit follows the one before without a gap.
    pub from: u64,
    /// Position after the last.
    pub to: u64,
    /// Rows, in the order they were emitted.
    pub batches: Vec<KindBatch>,
    /// Records refused.
    pub rejects: Vec<Reject>,
    /// Webhooks that were not understood.
    pub letters: Vec<DeadLetter>,
    /// Events of all webhooks of the unit.
    pub events: Vec<SeenEvent>,
    /// Commit time.
    pub committed_at: Timestamp,
}

/// A webhook kept aside with the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetter {
    /// Its position in the inbox.
    pub position: u64,
    /// What tells two deliveries of one event.
    pub event_id: String,
    /// When it was received.
    pub received_at: Timestamp,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
    /// Why, from the closed list of failures.
    pub reason: String,
    /// Why, in words.
    pub detail: String,
}

/// A webhook kept aside, without what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LetterNote {
    /// Its position in the inbox.
    pub position: u64,
    /// When it was received.
    pub received_at: Timestamp,
    /// Size of its body.
    pub n_bytes: u64,
    /// Why, from the closed list of failures.
    pub reason: String,
    /// Why, in words.
    pub detail: String,
}

/// A store that keeps webhooks, too.
pub trait PushStore: Store {
    /// Returns the position after the last webhook of a source that was consumed.
    ///
    /// # Errors
    /// When the store fails.
    fn inbox_position(&self, source: &SourceName) -> Result<u64, StoreError>;

    /// Makes the rows of webhooks durable together with their end; a unit that does not begin
    /// where the one before ended is fenced.
    ///
    /// # Errors
    /// When nothing of the unit was written.
    fn commit_pushed(&self, unit: PushUnit) -> Result<Ack, StoreError>;

    /// Returns the events of a source received since, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    fn seen_events(
        &self,
        source: &SourceName,
        since: Timestamp,
    ) -> Result<Vec<SeenEvent>, StoreError>;

    /// Returns what is kept aside of every source: how many, and the newest 20 of each.
    ///
    /// # Errors
    /// When the store fails.
    fn letter_notes(&self) -> Result<Vec<(SourceName, u64, Vec<LetterNote>)>, StoreError>;

    /// Returns up to 100 webhooks kept aside of a source from this position on, oldest first.
    ///
    /// # Errors
    /// When the store fails.
    fn letters(&self, source: &SourceName, from: u64) -> Result<Vec<DeadLetter>, StoreError>;

    /// Forgets webhooks kept aside.
    ///
    /// # Errors
    /// When the store fails.
    fn forget_letters(&self, source: &SourceName, positions: &[u64]) -> Result<(), StoreError>;
}
