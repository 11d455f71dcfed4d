//! When a source is pulled next.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use crate::record::SourceName;

/// Wait after a first failure.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// Longest wait after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// Longest wait that a vendor may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3_600);
/// Between the first pulls of two sources, so that a start is not a stampede.
const STAGGER: Duration = Duration::from_millis(100);
/// Share of a wait by which it may be longer or shorter.
const JITTER_RATIO: f64 = 0.1;

/// How a pull ended, as far as the next one is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Well,
    /// May be better soon.
    Badly,
    /// Only a person can help: no reason to hurry.
    NeedsPerson,
    /// The vendor asks to wait.
    AskedToWait(Duration),
}

/// The rhythm of one source.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    seed: u64,
    every: Duration,
    n_failures: u32,
    n_pulls: u64,
}

impl Pace {
    pub(super) fn new(source: &SourceName, every: Duration) -> Self {
        let mut hasher = DefaultHasher::new();
        source.hash(&mut hasher);
        Self {
            seed: hasher.finish(),
            every,
            n_failures: 0,
            n_pulls: 0,
        }
    }

    pub(super) fn set_every(&mut self, every: Duration) {
        self.every = every;
    }

    /// Returns how long the source at this position waits for its first pull.
    pub(super) fn first(position: usize) -> Duration {
        STAGGER.saturating_mul(u32::try_from(position).unwrap_or(u32::MAX))
    }

    /// Returns failures since the last success.
    pub(super) fn n_failures(&self) -> u32 {
        self.n_failures
    }

    /// Returns the wait from the end of a pull that took `elapsed` to the start of the next.
    pub(super) fn next(&mut self, ended: Ended, elapsed: Duration) -> Duration {
        self.n_pulls += 1;
        if ended == Ended::Well {
            self.n_failures = 0;
            return self.jittered(self.every).saturating_sub(elapsed);
        }
        self.n_failures = self.n_failures.saturating_add(1);
        let doublings = (self.n_failures - 1).min(16);
        let backoff = (BACKOFF_MIN * 2_u32.pow(doublings)).min(BACKOFF_MAX);
        match ended {
            Ended::AskedToWait(wait) => wait.clamp(BACKOFF_MIN, RETRY_AFTER_MAX),
            Ended::NeedsPerson => self.jittered(backoff.max(self.every.min(BACKOFF_MAX))),
            Ended::Badly | Ended::Well => self.jittered(backoff),
        }
    }

    /// Spreads waits: by the source's name and the number of the pull, the same at every start.
    fn jittered(&self, wait: Duration) -> Duration {
        let mut hasher = DefaultHasher::new();
        (self.seed, self.n_pulls).hash(&mut hasher);
        let unit = (hasher.finish() >> 11) as f64 / (1_u64 << 53) as f64;
        wait.mul_f64(1.0 + JITTER_RATIO * (2.0 * unit - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(every_s: u64) -> Pace {
        let name = SourceName::new("survey").expect("valid");
        Pace::new(&name, Duration::from_secs(every_s))
    }

    fn check_about(wait: Duration, expected_s: f64) {
        let off = (wait.as_secs_f64() / expected_s - 1.0).abs();
        assert!(off <= 0.101, "{wait:?} is not about {expected_s} s");
    }

    #[test]
    fn a_success_waits_for_the_rest_of_the_interval() {
        check_about(pace(300).next(Ended::Well, Duration::ZERO), 300.0);
        assert_eq!(
            pace(10).next(Ended::Well, Duration::from_secs(60)),
            Duration::ZERO
        );
    }

    #[test]
    fn failures_double_the_wait_up_to_five_minutes_until_a_success() {
        let mut pace = pace(60);
        for expected_s in [
            1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0,
        ] {
            check_about(pace.next(Ended::Badly, Duration::ZERO), expected_s);
        }
        assert_eq!(pace.n_failures(), 11);
        check_about(pace.next(Ended::Well, Duration::ZERO), 60.0);
        check_about(pace.next(Ended::Badly, Duration::ZERO), 1.0);
    }

    #[test]
    fn what_only_a_person_can_mend_is_not_tried_in_a_hurry() {
        check_about(pace(60).next(Ended::NeedsPerson, Duration::ZERO), 60.0);
        check_about(pace(7_200).next(Ended::NeedsPerson, Duration::ZERO), 300.0);
    }

    #[test]
    fn a_vendors_wait_is_kept_to_the_millisecond() {
        let wait = Duration::from_millis(90_500);
        assert_eq!(
            pace(60).next(Ended::AskedToWait(wait), Duration::ZERO),
            wait
        );
    }

    #[test]
    fn waits_of_one_source_differ() {
        let mut pace = pace(300);
        let first = pace.next(Ended::Well, Duration::ZERO);
        assert_ne!(first, pace.next(Ended::Well, Duration::ZERO));
    }
}
