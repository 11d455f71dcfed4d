//! Judges how old the data is: which sources are overdue or failing, and what pictures say of it.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::chart::Freshness;
use crate::kpi::{Settings, SourceStamp};
use crate::record::SourceName;
use crate::store::SourceState;

/// Shortest silence that counts as stale, however often a source is read.
pub const STALE_AFTER_MIN: SignedDuration = SignedDuration::from_mins(15);

/// Missed reads after which a source counts as stale.
const STALE_READS: i32 = 3;

/// What pictures need to know of the configuration; replaced as a whole on a reload.
#[derive(Debug, Clone)]
pub struct Rules {
    /// What the KPI layer needs.
    pub settings: Settings,
    /// The configured sources.
    pub sources: Vec<SourceRule>,
    /// Since when these sources are expected to succeed: the start of the daemon.
    pub since: Timestamp,
}

/// How often one source is expected to succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceRule {
    /// The source.
    pub name: SourceName,
    /// Time between reads; `None` for a source nobody waits for.
    pub every: Option<Duration>,
}

impl SourceRule {
    /// Returns the silence after which the source is stale, or `None` when it never is.
    #[must_use]
    pub fn stale_after(&self) -> Option<SignedDuration> {
        let every = SignedDuration::try_from(self.every?).unwrap_or(SignedDuration::MAX);
        Some(
            every
                .checked_mul(STALE_READS)
                .unwrap_or(SignedDuration::MAX)
                .max(STALE_AFTER_MIN),
        )
    }
}

impl Rules {
    /// Returns the state of every source as of now, by name: configured ones and ones with rows.
    #[must_use]
    pub fn stamps(&self, states: &[SourceState], now: Timestamp) -> Vec<SourceStamp> {
        let mut stamps: BTreeMap<&str, SourceStamp> = BTreeMap::new();
        for state in states.iter().filter(|state| !state.rows.is_empty()) {
            let stamp = self.stamp(&state.source, Some(state), now);
            stamps.insert(state.source.as_str(), stamp);
        }
        for rule in &self.sources {
            let state = states.iter().find(|state| state.source == rule.name);
            stamps.insert(rule.name.as_str(), self.stamp(&rule.name, state, now));
        }
        stamps.into_values().collect()
    }

    /// Returns the next instant at which a source that is not stale becomes it.
    #[must_use]
    pub fn next_stale(&self, states: &[SourceState], now: Timestamp) -> Option<Timestamp> {
        let due = self.sources.iter().filter_map(|rule| {
            let state = states.iter().find(|state| state.source == rule.name);
            self.stale_at(rule, state)
        });
        due.filter(|at| *at > now).min()
    }

    fn stamp(&self, name: &SourceName, state: Option<&SourceState>, now: Timestamp) -> SourceStamp {
        let rule = self.sources.iter().find(|rule| rule.name == *name);
        let last_run = state.and_then(|state| state.last_run.as_ref());
        SourceStamp {
            name: name.to_string(),
            last_success: state.and_then(|state| state.last_success),
            is_stale: rule
                .and_then(|rule| self.stale_at(rule, state))
                .is_some_and(|at| at <= now),
            // What is no longer configured does not fail any more.
            is_failing: rule.is_some() && last_run.is_some_and(|run| run.failure.is_some()),
        }
    }

    fn stale_at(&self, rule: &SourceRule, state: Option<&SourceState>) -> Option<Timestamp> {
        let last = state
            .and_then(|state| state.last_success)
            .unwrap_or(self.since);
        last.checked_add(rule.stale_after()?).ok()
    }
}

/// Returns what a picture says of the sources behind it: the worst of them.
#[must_use]
pub fn freshness(stamps: &[SourceStamp]) -> Freshness {
    let oldest = |is_meant: fn(&SourceStamp) -> bool| {
        stamps
            .iter()
            .filter(|stamp| is_meant(stamp))
            .map(|stamp| stamp.last_success)
            .min()
    };
    if let Some(last_success) = oldest(|stamp| stamp.is_failing) {
        return Freshness::Failing(last_success);
    }
    oldest(|stamp| stamp.is_stale).map_or(Freshness::Fresh, Freshness::Stale)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::testing::{at, rules, source_state};

    fn check(last_success: Option<&str>, failure: Option<&str>, now: &str, expected: &Freshness) {
        let mut rules = rules();
        rules.since = at("2026-06-01T00:00:00Z");
        rules.sources = vec![SourceRule {
            name: SourceName::new("answers").unwrap(),
            every: Some(Duration::from_secs(300)),
        }];
        let states = [source_state("answers", last_success.map(at), failure)];
        assert_eq!(freshness(&rules.stamps(&states, at(now))), *expected);
    }

    #[test]
    fn source_is_stale_after_three_reads_and_at_least_15_minutes() {
        let last = Some("2026-06-01T10:00:00Z");
        check(last, None, "2026-06-01T10:14:59Z", &Freshness::Fresh);
        let since = last.map(at);
        check(last, None, "2026-06-01T10:15:00Z", &Freshness::Stale(since));
    }

    #[test]
    fn source_that_never_succeeded_is_stale_only_after_its_time() {
        check(None, None, "2026-06-01T00:10:00Z", &Freshness::Fresh);
        check(None, None, "2026-06-01T00:15:00Z", &Freshness::Stale(None));
    }

    #[test]
    fn failing_is_worse_than_stale() {
        let last = Some("2026-06-01T10:00:00Z");
        let failing = Freshness::Failing(last.map(at));
        check(last, Some("http_status"), "2026-06-01T10:01:00Z", &failing);
        check(last, Some("http_status"), "2026-06-01T12:00:00Z", &failing);
    }

    #[test]
    fn slow_source_is_given_three_of_its_own_intervals() {
        let rule = SourceRule {
            name: SourceName::new("nightly").unwrap(),
            every: Some(Duration::from_secs(86_400)),
        };
        assert_eq!(rule.stale_after(), Some(SignedDuration::from_hours(72)));
    }
}
