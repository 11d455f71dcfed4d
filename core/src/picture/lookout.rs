//! What the sources looked like when somebody last looked.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::gallery::Clock;
use crate::store::{SourceState, Store};

/// The sources as last seen.
#[derive(Debug, Clone)]
pub struct SourcesSeen {
    /// State of every source that ever ran.
    pub states: Arc<Vec<SourceState>>,
    /// When they were read.
    pub at: Timestamp,
    /// Why they could not be read since, if so.
    pub failure: Option<String>,
}

/// Looks at the sources, one look after the other.
#[derive(Debug, Default)]
pub(super) struct Lookout {
    seen: Mutex<Option<SourcesSeen>>,
    /// Held while somebody looks, so that an earlier look never takes the place of a later one.
    looking: Mutex<()>,
}

impl Lookout {
    pub(super) fn seen(&self) -> Option<SourcesSeen> {
        self.slot().clone()
    }

    /// Reads the states; when the store fails, those of before stay with the reason.
    pub(super) fn look(&self, store: &dyn Store, clock: &Clock) {
        let _looking = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        let result = store.source_states();
        let at = clock();
        let mut slot = self.slot();
        let (states, failure) = match result {
            Ok(states) => (Arc::new(states), None),
            Err(error) => {
                let before = slot.take().map(|seen| seen.states);
                (before.unwrap_or_default(), Some(error.to_string()))
            }
        };
        *slot = Some(SourcesSeen {
            states,
            at,
            failure,
        });
    }

    fn slot(&self) -> MutexGuard<'_, Option<SourcesSeen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
