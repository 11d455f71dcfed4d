//! The wish to stop a run, shared between threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// How soon a run should stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopLevel {
    /// Not at all.
    Run,
    /// At its next checkpoint, however long a good plugin takes to it: another build waits.
    Renew,
    /// At its next checkpoint, which should come soon.
    Drain,
    /// At once; what no checkpoint covers is read again by the next run.
    Now,
}

/// A wish to stop that every clone sees; it can only become more urgent.
#[derive(Debug, Clone, Default)]
pub struct StopSignal {
    level: Arc<AtomicU8>,
}

impl StopSignal {
    /// Returns a signal that does not ask to stop.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to give way to another build at the next checkpoint.
    pub fn renew(&self) {
        self.raise(StopLevel::Renew);
    }

    /// Asks to stop at the next checkpoint.
    pub fn drain(&self) {
        self.raise(StopLevel::Drain);
    }

    /// Asks to stop at once.
    pub fn now(&self) {
        self.raise(StopLevel::Now);
    }

    fn raise(&self, level: StopLevel) {
        self.level.fetch_max(level as u8, Ordering::Release);
    }

    /// Returns how soon to stop.
    #[must_use]
    pub fn level(&self) -> StopLevel {
        let level = self.level.load(Ordering::Acquire);
        [StopLevel::Run, StopLevel::Renew, StopLevel::Drain]
            .into_iter()
            .find(|known| *known as u8 == level)
            .unwrap_or(StopLevel::Now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wish_only_becomes_more_urgent() {
        let stop = StopSignal::new();
        assert_eq!(stop.level(), StopLevel::Run);
        stop.clone().now();
        stop.drain();
        assert_eq!(stop.level(), StopLevel::Now);
    }
}
