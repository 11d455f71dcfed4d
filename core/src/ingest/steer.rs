//! What an operator may ask of a running schedule: pull now, hold back, go on.

use std::time::Instant;

use jiff::Timestamp;

use super::schedule::{Schedule, TriggerError};
use super::{PauseError, Pauses};
use crate::record::{Pause, PauseReason, SourceName};

/// Why an order to a source was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum SteerError {
    /// It cannot be pulled right now.
    #[error(transparent)]
    Trigger(#[from] TriggerError),
    /// It is held back.
    #[error("`{name}` is paused")]
    Paused {
        /// The source.
        name: SourceName,
    },
    /// The pause could not be kept.
    #[error(transparent)]
    Keep(#[from] PauseError),
}

impl Schedule {
    /// Has a source pulled as soon as a thread is free.
    ///
    /// # Errors
    /// When it is unknown, being pulled already or held back.
    pub fn run_soon(&self, name: &str) -> Result<(), SteerError> {
        let mut plan = self.shared.lock();
        let pauses = &self.shared.pauses;
        let entry = plan.find_named(name)?;
        let name = entry.spec.name.clone();
        if entry.running.is_some() {
            return Err(TriggerError::Running { name }.into());
        }
        if pauses.of(&name).is_some() {
            return Err(SteerError::Paused { name });
        }
        entry.next_at = Instant::now();
        drop(plan);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Holds a source back, across restarts: no pull starts, and a running one ends at its next
    /// checkpoint. Webhooks are still taken.
    ///
    /// # Errors
    /// When it is unknown or the pause cannot be kept.
    pub fn pause(&self, name: &str, reason: PauseReason) -> Result<Pause, SteerError> {
        let mut plan = self.shared.lock();
        let entry = plan.find_named(name)?;
        let name = entry.spec.name.clone();
        let pause = self.shared.pauses.pause(&name, reason, Timestamp::now())?;
        if let Some(running) = &entry.running {
            running.drain();
        }
        drop(plan);
        tracing::info!(source = %name, reason = reason.name(), "paused");
        self.shared.changed.notify_all();
        Ok(pause)
    }

    /// Lets a source go on: it is due at once. One that is not held back stays as it is.
    ///
    /// # Errors
    /// When it is unknown or the change cannot be kept.
    pub fn resume(&self, name: &str) -> Result<(), SteerError> {
        let mut plan = self.shared.lock();
        let entry = plan.find_named(name)?;
        if self.shared.pauses.resume(&entry.spec.name)? {
            tracing::info!(source = %entry.spec.name, "resumed");
            entry.next_at = Instant::now();
        }
        drop(plan);
        self.shared.changed.notify_all();
        Ok(())
    }

    /// Returns which sources are held back.
    #[must_use]
    pub fn pauses(&self) -> &Pauses {
        &self.shared.pauses
    }
}
