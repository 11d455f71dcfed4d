//! When a request is repeated, and how long is waited before.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, SystemTime};

use super::answer::HeaderList;

/// How often a request is made, the first time included.
pub(crate) const ATTEMPTS_MAX: u32 = 5;
/// Seconds above which a `reset` header is a time since 1970 rather than a wait.
const RESET_IS_TIME_S: u64 = 1_000_000_000;
/// Longest wait a vendor can ask for; a month is a mistake.
const ASKED_MAX: Duration = Duration::from_secs(31 * 24 * 3_600);

/// How long a run waits on its own before it gives the wait to the daemon.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Wait before the second attempt where the server asks for none; doubles with each.
    pub(crate) backoff: Duration,
    /// Longest of these waits.
    pub(crate) backoff_max: Duration,
    /// Longest wait of one request in all.
    pub(crate) total: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            backoff: Duration::from_millis(500),
            backoff_max: Duration::from_secs(10),
            total: Duration::from_secs(30),
        }
    }
}

impl Patience {
    /// Returns the wait after failed attempt number `attempt_idx`, half of it by chance, so that
    /// sources that failed together do not come back together.
    pub(crate) fn backoff(&self, attempt_idx: u32) -> Duration {
        let whole = self.backoff.saturating_mul(1 << attempt_idx.min(16));
        let whole = whole.min(self.backoff_max);
        let chance = RandomState::new().hash_one(attempt_idx) % 1_000;
        let share = u32::try_from(chance).unwrap_or_default();
        whole / 2 + whole / 2 * share / 1_000
    }
}

/// Tells whether a status may pass when the request is made again.
pub(crate) fn may_pass(status: u16) -> bool {
    matches!(status, 429 | 502 | 503 | 504)
}

/// Tells whether making a request twice is making it once.
pub(crate) fn is_idempotent(method: &str) -> bool {
    matches!(method, "GET" | "HEAD" | "OPTIONS" | "PUT" | "DELETE")
}

/// Returns how long an answer asks to wait: `Retry-After` as seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderList, now: SystemTime) -> Option<Duration> {
    let text = headers.get("retry-after")?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        // A date that has passed means "now".
        Err(_) => httpdate::parse_http_date(text)
            .ok()?
            .duration_since(now)
            .unwrap_or_default(),
    };
    Some(wait.min(ASKED_MAX))
}

/// Returns how long the quota stays used up, where an answer says that nothing remains of it.
pub(crate) fn quota_pause(headers: &HeaderList, now: SystemTime) -> Option<Duration> {
    let families = ["ratelimit", "rate-limit", "x-ratelimit", "x-rate-limit"];
    let number = |family: &str, what: &str| {
        let text = headers.get(&format!("{family}-{what}"))?.trim();
        text.parse::<u64>().ok()
    };
    let mut used_up = families
        .into_iter()
        .filter(|family| number(family, "remaining") == Some(0));
    let reset = number(used_up.next()?, "reset")?;
    let since = now
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let pause = match reset < RESET_IS_TIME_S {
        true => Duration::from_secs(reset),
        false => Duration::from_secs(reset).saturating_sub(since),
    };
    Some(pause.min(ASKED_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> SystemTime {
        // 2026-01-01T00:00:00Z
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
    }

    fn check_retry_after(value: &str, expected_s: Option<u64>) {
        let headers = HeaderList::from_pairs(&[("Retry-After", value)]);
        let expected = expected_s.map(Duration::from_secs);
        assert_eq!(retry_after(&headers, now()), expected, "{value}");
    }

    #[test]
    fn a_wait_is_read_as_seconds_or_as_a_date() {
        check_retry_after("120", Some(120));
        check_retry_after(" 0 ", Some(0));
        check_retry_after("Thu, 01 Jan 2026 00:02:00 GMT", Some(120));
        check_retry_after("Thursday, 01-Jan-26 00:02:00 GMT", Some(120));
        check_retry_after("Wed, 31 Dec 2025 00:00:00 GMT", Some(0));
        check_retry_after("18446744073709551615", Some(ASKED_MAX.as_secs()));
        check_retry_after("soon", None);
        check_retry_after("-5", None);
        assert_eq!(retry_after(&HeaderList::default(), now()), None);
    }

    #[test]
    fn a_used_up_quota_says_when_it_is_full_again() {
        let check = |pairs: &[(&str, &str)], expected_s: Option<u64>| {
            let found = quota_pause(&HeaderList::from_pairs(pairs), now());
            assert_eq!(found, expected_s.map(Duration::from_secs), "{pairs:?}");
        };
        check(
            &[("ratelimit-remaining", "0"), ("ratelimit-reset", "41")],
            Some(41),
        );
        check(
            &[
                ("X-RateLimit-Remaining", "0"),
                ("X-RateLimit-Reset", "1767225610"),
            ],
            Some(10),
        );
        check(
            &[("ratelimit-remaining", "1"), ("ratelimit-reset", "41")],
            None,
        );
        check(&[("ratelimit-remaining", "0")], None);
    }

    #[test]
    fn waits_grow_to_a_limit_and_are_never_the_whole() {
        let patience = Patience::default();
        for attempt_idx in 0..40 {
            let whole = Duration::from_millis(500 << attempt_idx.min(10)).min(patience.backoff_max);
            let wait = patience.backoff(attempt_idx);
            assert!(
                wait >= whole / 2 && wait <= whole,
                "{attempt_idx}: {wait:?}"
            );
        }
    }
}
