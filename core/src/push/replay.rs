//! Which events of a source were received in the last days.

use std::collections::{HashSet, VecDeque};

use crate::store::push::EventDigest;

/// How long an event is remembered, in milliseconds: vendors repeat for at most three days.
pub(super) const KEPT_MS: i64 = 7 * 24 * 3_600 * 1_000;
/// Events remembered per source, whatever their age: 24 bytes each and as much again to find them.
const EVENTS_MAX: usize = 50_000;

/// The events of one source.
#[derive(Debug, Default)]
pub(super) struct Seen {
    known: HashSet<EventDigest>,
    /// In the order in which they are forgotten.
    by_age: VecDeque<(i64, EventDigest)>,
}

impl Seen {
    /// Whether the event was received.
    pub(super) fn holds(&self, digest: &EventDigest) -> bool {
        self.known.contains(digest)
    }

    /// Remembers an event, and forgets those that are too old or too many.
    pub(super) fn add(&mut self, digest: EventDigest, received_at_ms: i64) {
        if !self.known.insert(digest) {
            return;
        }
        self.by_age.push_back((received_at_ms, digest));
        let oldest_ms = received_at_ms.saturating_sub(KEPT_MS);
        while let Some((at_ms, digest)) = self.by_age.front().copied()
            && (self.by_age.len() > EVENTS_MAX || at_ms < oldest_ms)
        {
            self.by_age.pop_front();
            self.known.remove(&digest);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(number: usize) -> EventDigest {
        (number as u128).to_be_bytes()
    }

    #[test]
    fn an_event_is_forgotten_after_a_week() {
        let mut seen = Seen::default();
        seen.add(digest(1), 0);
        seen.add(digest(2), KEPT_MS);
        assert!(seen.holds(&digest(1)));
        seen.add(digest(3), KEPT_MS + 1);
        assert!(!seen.holds(&digest(1)));
        assert!(seen.holds(&digest(2)));
    }

    #[test]
    fn events_are_bounded() {
        let mut seen = Seen::default();
        for number in 0..=EVENTS_MAX {
            seen.add(digest(number), 0);
            seen.add(digest(number), 0);
        }
        assert_eq!(seen.known.len(), EVENTS_MAX);
        assert_eq!(seen.by_age.len(), EVENTS_MAX);
        assert!(!seen.holds(&digest(0)));
    }
}
