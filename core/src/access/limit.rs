//! How often somebody may ask: one bucket each, refilled evenly, in a table that cannot grow.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Most buckets of one table; further askers share one until others are full again.
const BUCKETS_MAX: usize = 10_000;
/// Time in which an empty bucket fills.
const REFILL: Duration = Duration::from_secs(60);
/// Time between two searches for buckets that are full again, which look at all of them.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// Limits how often each of many may ask.
#[derive(Debug)]
pub struct Limiter<Key> {
    per_minute: u32,
    table: Mutex<Table<Key>>,
}

#[derive(Debug)]
struct Table<Key> {
    buckets: HashMap<Key, Bucket>,
    shared: Option<Bucket>,
    swept_at: Option<Instant>,
}

/// What is left for one asker.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: f64,
    at: Instant,
}

impl<Key: Eq + Hash> Limiter<Key> {
    /// Returns a limiter of so many a minute, all of which may come at once.
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        Self {
            per_minute,
            table: Mutex::new(Table {
                buckets: HashMap::new(),
                shared: None,
                swept_at: None,
            }),
        }
    }

    /// Lets one through.
    ///
    /// # Errors
    /// With the time after which to come again, when there were too many.
    pub fn take(&self, key: Key, now: Instant) -> Result<(), Duration> {
        let full = Bucket {
            left: f64::from(self.per_minute),
            at: now,
        };
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let is_known = table.buckets.contains_key(&key);
        if !is_known && table.buckets.len() >= BUCKETS_MAX {
            table.sweep(now);
        }
        let bucket = match is_known || table.buckets.len() < BUCKETS_MAX {
            true => table.buckets.entry(key).or_insert(full),
            false => table.shared.get_or_insert(full),
        };
        bucket.take(f64::from(self.per_minute), now)
    }
}

impl<Key: Eq + Hash> Table<Key> {
    /// Drops buckets that are full again: a new one says the same.
    fn sweep(&mut self, now: Instant) {
        let is_early = |at: Instant| now.saturating_duration_since(at) < SWEEP_EVERY;
        if self.swept_at.is_some_and(is_early) {
            return;
        }
        self.swept_at = Some(now);
        self.buckets
            .retain(|_, bucket| now.saturating_duration_since(bucket.at) < REFILL);
    }
}

impl Bucket {
    fn take(&mut self, capacity: f64, now: Instant) -> Result<(), Duration> {
        let per_second = capacity / REFILL.as_secs_f64();
        let passed_s = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed_s * per_second).min(capacity);
        self.at = now;
        if self.left >= 1.0 {
            self.left -= 1.0;
            return Ok(());
        }
        Err(Duration::from_secs_f64((1.0 - self.left) / per_second))
    }
}

/// Returns what one client's addresses have in common: the whole of IPv4, the network of IPv6,
/// whose 2^64 addresses one household has.
#[must_use]
pub fn network_of(address: IpAddr) -> u128 {
    match address.to_canonical() {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_worth_may_come_at_once_and_then_evenly() {
        let (limiter, start) = (Limiter::new(60), Instant::now());
        for _ in 0..60 {
            assert_eq!(limiter.take("a", start), Ok(()));
        }
        assert_eq!(limiter.take("a", start), Err(Duration::from_secs(1)));
        assert_eq!(limiter.take("b", start), Ok(()));
        let later = start + Duration::from_secs(2);
        assert_eq!(limiter.take("a", later), Ok(()));
        assert_eq!(limiter.take("a", later), Ok(()));
        assert!(limiter.take("a", later).is_err());
    }

    #[test]
    fn many_askers_share_a_bucket_until_others_are_full_again() {
        let (limiter, start) = (Limiter::new(1), Instant::now());
        for asker in 0..BUCKETS_MAX {
            assert_eq!(limiter.take(asker, start), Ok(()));
        }
        assert_eq!(limiter.take(BUCKETS_MAX, start), Ok(()));
        assert!(limiter.take(BUCKETS_MAX + 1, start).is_err());
        let n_buckets = || limiter.table.lock().unwrap().buckets.len();
        assert_eq!(n_buckets(), BUCKETS_MAX);
        let later = start + REFILL;
        assert_eq!(limiter.take(BUCKETS_MAX + 1, later), Ok(()));
        assert_eq!(n_buckets(), 1);
    }

    #[test]
    fn a_household_is_one_client() {
        let of = |text: &str| network_of(text.parse().unwrap());
        assert_eq!(of("2001:db8::1"), of("2001:db8::ffff:1"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
