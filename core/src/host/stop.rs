//! The wish to stop a run, shared between threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// How soon a run should stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StopLevel {
    /// Not at all.
    Run,
    /// At its next checkpoint.
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

    /// Asks to stop at the next checkpoint.
    pub fn drain(&self) {
        self.level.fetch_max(1, Ordering::Release);
    }

    /// Asks to stop at once.
    pub fn now(&self) {
        self.level.fetch_max(2, Ordering::Release);
    }

    /// Returns how soon to stop.
    #[must_use]
    pub fn level(&self) -> StopLevel {
        match self.level.load(Ordering::Acquire) {
            0 => StopLevel::Run,
            1 => StopLevel::Drain,
            _ => StopLevel::Now,
        }
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
