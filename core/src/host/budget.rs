//! How many requests may go to a vendor: one budget a bucket and host, shared by all runs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Budgets remembered at once: sources × hosts stay far below; the idle ones are forgotten first.
const BUDGETS_MAX: usize = 1_024;
/// Requests that may go out at once, as a part of those of a minute.
const BURST_DIVISOR: u32 = 10;
/// Longest pause a server can ask for on behalf of all sources.
const PAUSE_MAX: Duration = Duration::from_secs(3_600);
/// Longest name of a bucket or host that is told apart, in bytes.
const NAME_BYTES_MAX: usize = 256;
const MINUTE: Duration = Duration::from_secs(60);

/// The budgets of one daemon.
///
/// A budget is the time at which it is full again. A request moves that time by its share of a
/// minute, which each source states for itself, and may go as soon as the budget lacks no more than
/// a burst. So sources with different limits share one budget fairly, and nothing has to tick.
#[derive(Debug, Default)]
pub(super) struct Budgets {
    by_place: Mutex<HashMap<Place, Budget>>,
}

type Place = (String, String);

#[derive(Debug, Clone, Copy)]
struct Budget {
    full_at: Instant,
    paused_until: Instant,
}

/// The answer to a request for leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Grant {
    /// Nothing was set aside when false.
    pub(super) is_granted: bool,
    /// From now to the request.
    pub(super) wait: Duration,
}

impl Budgets {
    /// Sets a request aside if it need not wait longer than `wait_max`.
    pub(super) fn ask(
        &self,
        (bucket, host): (&str, &str),
        per_minute: u32,
        wait_max: Duration,
        now: Instant,
    ) -> Grant {
        let mut by_place = self.by_place.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = entry(&mut by_place, bucket, host, now);
        let share = MINUTE / per_minute.max(1);
        let burst = share * (per_minute / BURST_DIVISOR).saturating_sub(1);
        let full_at = budget.full_at.max(now);
        let start = full_at.checked_sub(burst).unwrap_or(now);
        let start = start.max(budget.paused_until).max(now);
        let wait = start.duration_since(now);
        if wait > wait_max {
            return Grant {
                is_granted: false,
                wait,
            };
        }
        budget.full_at = full_at.max(budget.paused_until) + share;
        Grant {
            is_granted: true,
            wait,
        }
    }

    /// Lets nobody ask a server that wants a pause.
    pub(super) fn pause(&self, (bucket, host): (&str, &str), pause: Duration, now: Instant) {
        let mut by_place = self.by_place.lock().unwrap_or_else(PoisonError::into_inner);
        let budget = entry(&mut by_place, bucket, host, now);
        budget.paused_until = budget.paused_until.max(now + pause.min(PAUSE_MAX));
    }
}

fn entry<'m>(
    by_place: &'m mut HashMap<Place, Budget>,
    bucket: &str,
    host: &str,
    now: Instant,
) -> &'m mut Budget {
    let name = |text: &str| text[..text.floor_char_boundary(NAME_BYTES_MAX)].to_owned();
    let mut place = (name(bucket), name(host));
    if by_place.len() >= BUDGETS_MAX && !by_place.contains_key(&place) {
        by_place.retain(|_, budget| budget.full_at > now || budget.paused_until > now);
        if by_place.len() >= BUDGETS_MAX {
            // So many busy places are no vendor's: they share one budget.
            place = (String::new(), String::new());
        }
    }
    by_place.entry(place).or_insert(Budget {
        full_at: now,
        paused_until: now,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: (&str, &str) = ("exports", "a.example:443");
    const LONG: Duration = Duration::from_secs(600);

    /// Returns the waits, in milliseconds, of requests made at once.
    fn waits(budgets: &Budgets, per_minute: u32, n_requests: usize, now: Instant) -> Vec<u128> {
        let ask = |_| budgets.ask(PLACE, per_minute, LONG, now).wait.as_millis();
        (0..n_requests).map(ask).collect()
    }

    #[test]
    fn a_minute_has_its_requests_and_a_burst_is_a_tenth_of_them() {
        let now = Instant::now();
        assert_eq!(waits(&Budgets::default(), 10, 3, now), [0, 6_000, 12_000]);
        assert_eq!(
            waits(&Budgets::default(), 30, 5, now),
            [0, 0, 0, 2_000, 4_000]
        );
        assert_eq!(waits(&Budgets::default(), 1, 2, now), [0, 60_000]);
    }

    #[test]
    fn sources_share_a_budget_by_what_each_may_use() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        assert_eq!(waits(&budgets, 10, 2, now), [0, 6_000]);
        // One of 60 a minute finds twelve seconds taken.
        assert_eq!(waits(&budgets, 60, 1, now), [12_000 - 5_000]);
        let other = budgets.ask(("", "a.example:443"), 10, LONG, now);
        assert_eq!(other.wait, Duration::ZERO);
    }

    #[test]
    fn time_fills_a_budget_again() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        waits(&budgets, 10, 2, now);
        assert_eq!(waits(&budgets, 10, 1, now + Duration::from_secs(12)), [0]);
    }

    #[test]
    fn a_wait_that_is_too_long_sets_nothing_aside() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        waits(&budgets, 1, 1, now);
        for _ in 0..3 {
            let refused = budgets.ask(PLACE, 1, Duration::from_secs(30), now);
            let expected = Grant {
                is_granted: false,
                wait: MINUTE,
            };
            assert_eq!(refused, expected);
        }
    }

    #[test]
    fn a_pause_holds_everybody_and_is_not_for_ever() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        budgets.pause(PLACE, Duration::from_secs(20), now);
        assert_eq!(waits(&budgets, 6_000, 1, now), [20_000]);
        budgets.pause(PLACE, LONG * 100, now);
        let refused = budgets.ask(PLACE, 6_000, LONG, now);
        assert_eq!((refused.is_granted, refused.wait), (false, PAUSE_MAX));
    }

    #[test]
    fn places_are_limited() {
        let (budgets, now) = (Budgets::default(), Instant::now());
        for idx in 0..BUDGETS_MAX * 2 {
            budgets.ask(("", &format!("host-{idx}")), 1, LONG, now);
        }
        let by_place = budgets.by_place.lock().expect("not poisoned");
        assert!(by_place.len() <= BUDGETS_MAX + 1, "{}", by_place.len());
    }
}
