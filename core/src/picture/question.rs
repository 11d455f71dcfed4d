//! One question with everything it takes to answer it, so that any thread can.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::gallery::{Clock, Shown, Worked};
use super::source::Rules;
use crate::chart::Mark;
use crate::kpi::{self, KpiError, Query};
use crate::plan::{DataVersion, Tally};
use crate::store::Store;

/// A question, the rules and the rows.
pub(super) struct Question {
    pub(super) query: Query,
    pub(super) rules_generation: u64,
    pub(super) rules: Arc<Rules>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
    pub(super) serial: Arc<AtomicU64>,
}

impl Question {
    /// Answers it from the store.
    ///
    /// # Errors
    /// When the question is refused, or the data cannot be read.
    pub(super) fn compute(&self) -> Result<Shown, KpiError> {
        // Read before the rows: rows that arrive meanwhile make the answer look old, never new.
        let data_version = self.store.data_version();
        self.computed(data_version)
    }

    /// Answers it, and says of which data.
    pub(super) fn worked(&self) -> Worked {
        let data_version = self.store.data_version();
        Worked {
            data_version,
            rules_generation: self.rules_generation,
            result: self.computed(data_version).map(Arc::new).map_err(Arc::new),
        }
    }

    /// Returns what is shown of an analysis before it was ever worked out.
    ///
    /// # Errors
    /// When the question is refused.
    pub(super) fn pending(&self) -> Result<Shown, Arc<KpiError>> {
        let now = (self.clock)();
        let answer = kpi::pending(&self.query, &self.rules.settings, now, self.store.as_ref());
        let answer = answer.map_err(Arc::new)?;
        Ok(Shown {
            serial: self.serial.fetch_add(1, Ordering::Relaxed),
            answer,
            events: Vec::new(),
            data_version: self.store.data_version(),
            rules_generation: self.rules_generation,
            computed_at: now,
        })
    }

    fn computed(&self, data_version: DataVersion) -> Result<Shown, KpiError> {
        let computed_at = (self.clock)();
        let tally: &dyn Tally = self.store.as_ref();
        let answer = kpi::answer(&self.query, &self.rules.settings, computed_at, tally)?;
        let events = match self.store.events(answer.from, answer.to) {
            Ok(events) => events,
            Err(error) => {
                tracing::warn!(error = %error, "events are missing from a picture");
                Vec::new()
            }
        };
        let events = events
            .into_iter()
            .map(|event| Mark {
                at: event.happened_at,
                label: event.label,
            })
            .collect();
        Ok(Shown {
            serial: self.serial.fetch_add(1, Ordering::Relaxed),
            answer,
            events,
            data_version,
            rules_generation: self.rules_generation,
            computed_at,
        })
    }
}
