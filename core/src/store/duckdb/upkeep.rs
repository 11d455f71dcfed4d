//! The store as an operator keeps it up: compaction and erasure.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use jiff::Timestamp;

use super::erase::{self, Stamps, Task, Tried};
use super::{DuckStore, commit, sieve, state};
use crate::store::StoreError;
use crate::store::mark::Marks;
use crate::store::upkeep::{Compaction, EraseError, Erasure, HeldCopy, Holding, PersonAsk, Upkeep};

impl Upkeep for DuckStore {
    fn compact(&self) -> Result<Compaction, StoreError> {
        self.compacted()
    }

    fn holding(&self, ask: &PersonAsk) -> Result<Holding, EraseError> {
        let (mut holding, stamps) =
            self.task("look for a person", ask, |task, memory| task.look(memory))?;
        holding.copies = self.copies(stamps)?;
        Ok(holding)
    }

    fn erase(&self, ask: &PersonAsk, at: Timestamp) -> Result<Erasure, EraseError> {
        let (version, counts) = (Arc::clone(&self.version), Arc::clone(&self.counts));
        let (mut erasure, stamps) = self.task("erase a person", ask, move |task, memory| {
            let erased = task.carry_out(memory, at)?;
            if erased.is_ok() {
                *counts.lock().unwrap_or_else(PoisonError::into_inner) = None;
                version.store(state::data_version(task.connection)?, Ordering::Release);
            }
            Ok(erased)
        })?;
        erasure.holding.copies = self.copies(stamps)?;
        Ok(erasure)
    }

    fn marks(&self) -> Result<Option<Marks>, StoreError> {
        let dir = self.options.dir.clone();
        let loaded = self.write("read the marks of erased persons", move |connection, _| {
            Ok(sieve::load(connection, &dir))
        })?;
        Ok(loaded?.map(|marks| (*marks).clone()))
    }

    fn unfinished_erasures(&self) -> Result<Vec<String>, StoreError> {
        self.read("read unfinished erasures", erase::unfinished)
    }

    fn finish_erasures(
        &self,
        receipts: &[String],
        n_webhooks: u64,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let receipts = receipts.to_vec();
        self.write("note the end of an erasure", move |connection, _| {
            erase::finish(connection, &receipts, n_webhooks, at)
        })
    }

    fn receipts(&self) -> Result<Vec<String>, StoreError> {
        self.read("read receipts", erase::receipts)
    }
}

impl DuckStore {
    /// Runs a task about a person on the writing thread.
    fn task<T: Send + 'static>(
        &self,
        what: &'static str,
        ask: &PersonAsk,
        run: impl FnOnce(&Task<'_>, &mut commit::Memory) -> Tried<T> + Send + 'static,
    ) -> Result<T, EraseError> {
        let (dimensions, ask) = (Arc::clone(&self.dimensions), ask.clone());
        let dir = self.options.dir.clone();
        self.write(what, move |connection, memory| {
            let task = Task {
                connection,
                dimensions: &dimensions,
                dir: &dir,
                ask: &ask,
            };
            run(&task, memory)
        })?
    }

    fn copies(&self, stamps: Stamps) -> Result<Vec<HeldCopy>, StoreError> {
        let dir = self.options.dir.clone();
        self.write("look into backups", move |connection, _| {
            erase::copies(connection, &dir, &stamps)
        })
    }
}
