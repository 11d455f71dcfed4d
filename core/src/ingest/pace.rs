//! When a source is pulled next.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::record::{CronLine, Rhythm, SourceName};

/// Wait after a first failure.
const BACKOFF_MIN: Duration = Duration::from_secs(1);
/// Longest wait after failures.
const BACKOFF_MAX: Duration = Duration::from_secs(300);
/// Longest wait that a vendor may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(24 * 3_600);
/// Between the first pulls of two sources, so that a start is not a stampede.
const STAGGER: Duration = Duration::from_millis(100);
/// Longest time that a pull starts after the time of its cron line.
const CRON_SPREAD: Duration = Duration::from_secs(30);
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

/// When one source is pulled, and how long it waits after failures.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    seed: u64,
    rhythm: Rhythm,
    zone: TimeZone,
    n_failures: u32,
    n_pulls: u64,
}

/// What the first pull of a source after a start depends on.
#[derive(Debug, Clone, Copy)]
pub(super) struct First {
    /// Position of the source in the configuration.
    pub(super) position: usize,
    /// Whether a pull that came due in between is made up for.
    pub(super) catches_up: bool,
    /// When the last pull succeeded, if one ever did.
    pub(super) last_success: Option<Timestamp>,
}

impl Pace {
    pub(super) fn new(source: &SourceName, rhythm: Rhythm, zone: TimeZone) -> Self {
        let mut hasher = DefaultHasher::new();
        source.hash(&mut hasher);
        Self {
            seed: hasher.finish(),
            rhythm,
            zone,
            n_failures: 0,
            n_pulls: 0,
        }
    }

    pub(super) fn set_rhythm(&mut self, rhythm: Rhythm, zone: TimeZone) {
        (self.rhythm, self.zone) = (rhythm, zone);
    }

    /// Returns how long a source waits for its first pull: not at all when none ever succeeded, or
    /// one came due meanwhile that is to be made up for.
    pub(super) fn first(&self, first: First, now: Timestamp) -> Duration {
        let stagger = STAGGER.saturating_mul(u32::try_from(first.position).unwrap_or(u32::MAX));
        let Some(last) = first.last_success else {
            return stagger;
        };
        let wait = match &self.rhythm {
            Rhythm::Every(_) if first.catches_up => Duration::ZERO,
            Rhythm::Every(every) => rest(*every, until(last, now)),
            Rhythm::Cron(line) => {
                let is_missed = line
                    .next_after(last, &self.zone)
                    .is_some_and(|due| due <= now);
                match first.catches_up && is_missed {
                    true => Duration::ZERO,
                    false => self.firing(line, now),
                }
            }
        };
        wait + stagger
    }

    /// Returns failures since the last success.
    pub(super) fn n_failures(&self) -> u32 {
        self.n_failures
    }

    /// Returns the wait from `now`, the end of a pull that took `elapsed`, to the start of the next.
    pub(super) fn next(&mut self, ended: Ended, elapsed: Duration, now: Timestamp) -> Duration {
        self.n_pulls += 1;
        if ended == Ended::Well {
            self.n_failures = 0;
            return match &self.rhythm {
                Rhythm::Every(every) => self.jittered(*every).saturating_sub(elapsed),
                Rhythm::Cron(line) => self.firing(line, now),
            };
        }
        self.n_failures = self.n_failures.saturating_add(1);
        let doublings = (self.n_failures - 1).min(16);
        let backoff = (BACKOFF_MIN * 2_u32.pow(doublings)).min(BACKOFF_MAX);
        match ended {
            Ended::AskedToWait(wait) => wait.clamp(BACKOFF_MIN, RETRY_AFTER_MAX),
            Ended::NeedsPerson => self.jittered(backoff.max(self.usual_wait().min(BACKOFF_MAX))),
            Ended::Badly | Ended::Well => self.jittered(backoff),
        }
    }

    fn usual_wait(&self) -> Duration {
        match &self.rhythm {
            Rhythm::Every(every) => *every,
            Rhythm::Cron(_) => BACKOFF_MAX,
        }
    }

    /// Returns the wait for the next time of a cron line, a little later for each source so that
    /// not all of them start at the full minute.
    fn firing(&self, line: &CronLine, now: Timestamp) -> Duration {
        let Some(due) = line.next_after(now, &self.zone) else {
            return BACKOFF_MAX;
        };
        until(now, due) + CRON_SPREAD.mul_f64(unit(self.seed))
    }

    /// Spreads waits: by the source's name and the number of the pull, the same at every start.
    fn jittered(&self, wait: Duration) -> Duration {
        let mut hasher = DefaultHasher::new();
        (self.seed, self.n_pulls).hash(&mut hasher);
        wait.mul_f64(1.0 + JITTER_RATIO * (2.0 * unit(hasher.finish()) - 1.0))
    }
}

/// Returns a number from 0 to 1 out of a hash.
fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1_u64 << 53) as f64
}

/// Returns the time between two instants; zero when they are the other way round.
fn until(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or_default()
}

/// Returns what is left of the interval that `elapsed` lies in.
fn rest(every: Duration, elapsed: Duration) -> Duration {
    let into = elapsed.as_secs_f64() % every.as_secs_f64().max(1.0);
    every.saturating_sub(Duration::from_secs_f64(into))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(rhythm: Rhythm) -> Pace {
        let name = SourceName::new("survey").expect("valid");
        Pace::new(&name, rhythm, TimeZone::UTC)
    }

    fn pace(every_s: u64) -> Pace {
        named(Rhythm::Every(Duration::from_secs(every_s)))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().expect("an instant")
    }

    fn next(pace: &mut Pace, ended: Ended, elapsed_s: u64) -> Duration {
        let now = at("2026-05-01T06:00:00Z");
        pace.next(ended, Duration::from_secs(elapsed_s), now)
    }

    fn check_about(wait: Duration, expected_s: f64) {
        let off = (wait.as_secs_f64() / expected_s - 1.0).abs();
        assert!(off <= 0.101, "{wait:?} is not about {expected_s} s");
    }

    #[test]
    fn a_success_waits_for_the_rest_of_the_interval() {
        check_about(next(&mut pace(300), Ended::Well, 0), 300.0);
        assert_eq!(next(&mut pace(10), Ended::Well, 60), Duration::ZERO);
    }

    #[test]
    fn failures_double_the_wait_up_to_five_minutes_until_a_success() {
        let mut pace = pace(60);
        for expected_s in [
            1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 300.0, 300.0,
        ] {
            check_about(next(&mut pace, Ended::Badly, 0), expected_s);
        }
        assert_eq!(pace.n_failures(), 11);
        check_about(next(&mut pace, Ended::Well, 0), 60.0);
        check_about(next(&mut pace, Ended::Badly, 0), 1.0);
    }

    #[test]
    fn what_only_a_person_can_mend_is_not_tried_in_a_hurry() {
        check_about(next(&mut pace(60), Ended::NeedsPerson, 0), 60.0);
        check_about(next(&mut pace(7_200), Ended::NeedsPerson, 0), 300.0);
    }

    #[test]
    fn a_vendors_wait_is_kept_to_the_millisecond() {
        let wait = Duration::from_millis(90_500);
        assert_eq!(next(&mut pace(60), Ended::AskedToWait(wait), 0), wait);
    }

    #[test]
    fn waits_of_one_source_differ() {
        let mut pace = pace(300);
        let first = next(&mut pace, Ended::Well, 0);
        assert_ne!(first, next(&mut pace, Ended::Well, 0));
    }

    #[test]
    fn a_cron_line_waits_for_its_time_and_a_little() {
        let line = CronLine::parse("0 8 * * *").expect("a line");
        let mut daily = named(Rhythm::Cron(Box::new(line)));
        let wait = next(&mut daily, Ended::Well, 600).as_secs();
        assert!((7_200..=7_230).contains(&wait), "{wait}");
        check_about(next(&mut daily, Ended::Badly, 0), 1.0);
    }

    #[test]
    fn what_came_due_while_the_daemon_was_down_is_made_up_for_once() {
        let now = at("2026-05-01T06:00:00Z");
        let line = CronLine::parse("0 5 * * *").expect("a line");
        let daily = named(Rhythm::Cron(Box::new(line)));
        let hourly = pace(3_600);
        let yesterday = Some(at("2026-04-30T05:00:10Z"));
        let today = Some(at("2026-05-01T05:00:10Z"));
        for (pace, catches_up, last_success, expected_s) in [
            (&daily, true, None, 0..=0),
            (&daily, true, yesterday, 0..=0),
            (&daily, true, today, 82_800..=82_830),
            (&daily, false, yesterday, 82_800..=82_830),
            (&hourly, true, today, 0..=0),
            (&hourly, false, today, 10..=10),
            (&hourly, false, None, 0..=0),
        ] {
            let first = First {
                position: 0,
                catches_up,
                last_success,
            };
            let wait_s = pace.first(first, now).as_secs();
            assert!(expected_s.contains(&wait_s), "{first:?}: {wait_s} s");
        }
    }
}
