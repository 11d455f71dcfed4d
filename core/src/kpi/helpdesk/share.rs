//! Shares of tickets, with Wilson's interval and Newcombe's difference.

use jiff::SignedDuration;

use super::formula::{self, Formula, Measured, Scale};
use crate::kpi::Settings;
use crate::kpi::interval::real;
use crate::plan::{Filter, Measure, RowTime, TallyValue};
use crate::record::RecordKind;
use crate::statistic::{Difference, Proportion};

/// Interval of a share, as definitions tell it.
pub(super) const INTERVAL: &str = "Wilson score, 95 %; a difference: Newcombe hybrid score, tested \
    by the N - 1 chi-square";
/// Where it comes from, as definitions tell it.
pub(super) const SOURCE: &str = "Wilson 1927; Brown, Cai and DasGupta 2001 (interval); Newcombe 1998 \
    and Campbell 2007 (difference)";

/// The share of some tickets among those of which it is known.
pub(super) struct Share {
    pub(super) time: RowTime,
    /// Tickets of which it is known.
    pub(super) base: fn() -> Filter,
    /// Those that are meant; looked at within the base alone.
    pub(super) hit: fn() -> Filter,
    /// Names of the counts: those that are meant, the others of the base, and the rest.
    pub(super) names: [&'static str; 3],
    /// How long after its end a bucket is complete.
    pub(super) maturity: SignedDuration,
    /// Whether the passing of time alone changes it.
    pub(super) follows_clock: bool,
}

impl Formula for Share {
    fn kind(&self) -> RecordKind {
        RecordKind::Ticket
    }

    fn metric(&self) -> Option<&'static str> {
        None
    }

    fn scale(&self) -> Option<Scale> {
        None
    }

    fn rows(&self) -> Filter {
        Filter::All
    }

    fn answered(&self) -> Filter {
        (self.base)()
    }

    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::CountIf(Filter::And(vec![(self.base)(), (self.hit)()])),
            Measure::CountIf((self.base)()),
            Measure::PersonsIf((self.base)()),
            Measure::CountIf(Filter::Not(Box::new((self.base)()))),
        ]
    }

    fn is_plain_count(&self) -> bool {
        false
    }

    fn measured(&self, values: &[TallyValue]) -> Measured {
        let [n_hits, n, n_persons, n_rest] = [0, 1, 2, 3].map(|idx| formula::count(values, idx));
        let [hits, misses, rest] = self.names;
        let share = proportion(n_hits, n);
        Measured {
            value: share.map(|_| 100.0 * real(n_hits) / real(n)),
            interval: share.map(|share| {
                let (low, high) = share.interval();
                (100.0 * low, 100.0 * high)
            }),
            n,
            n_persons,
            counts: vec![(hits, n_hits), (misses, n - n_hits), (rest, n_rest)],
            ..Measured::default()
        }
    }

    fn difference(&self, now: &Measured, before: &Measured) -> Option<Difference> {
        let share = |cell: &Measured| proportion(cell.count(self.names[0]), cell.n);
        Some(share(now)?.difference(share(before)?).in_percent())
    }

    fn time(&self) -> RowTime {
        self.time
    }

    fn maturity(&self, _settings: &Settings) -> SignedDuration {
        self.maturity
    }

    fn follows_clock(&self) -> bool {
        self.follows_clock
    }
}

fn proportion(n_hits: u64, n: u64) -> Option<Proportion> {
    Proportion::new(real(n_hits), real(n), real(n))
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::kpi::definition::Definition;

    pub(in crate::kpi::helpdesk) fn check_vectors(share: &dyn Formula, definition: &Definition) {
        assert!(!definition.vectors.is_empty());
        for vector in definition.vectors {
            let n: u64 = vector.counts[..2].iter().map(|(_, n)| n).sum();
            let found = share.measured(&[
                TallyValue::Count(vector.counts[0].1),
                TallyValue::Count(n),
                TallyValue::Count(n),
                TallyValue::Count(0),
            ]);
            assert_eq!(found.value, vector.value, "{vector:?}");
            let names: Vec<&str> = found.counts.iter().map(|(name, _)| *name).collect();
            let named: Vec<&str> = vector.counts.iter().map(|(name, _)| *name).collect();
            assert_eq!(names[..2], named, "{vector:?}");
        }
    }

    const SHARE: Share = Share {
        time: RowTime::Event,
        base: || Filter::All,
        hit: || Filter::All,
        names: ["yes", "no", "unknown"],
        maturity: SignedDuration::ZERO,
        follows_clock: false,
    };

    fn cell(n_hits: u64, n: u64) -> Measured {
        SHARE.measured(&[n_hits, n, n, 0].map(TallyValue::Count))
    }

    #[test]
    fn nothing_has_no_share_and_no_difference() {
        let empty = SHARE.measured(&[]);
        assert_eq!((empty.value, empty.interval, empty.n), (None, None, 0));
        assert_eq!(SHARE.difference(&cell(3, 10), &empty), None);
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_share_and_a_difference_turns_round(
            one in (0_u64..400, 1_u64..400),
            other in (0_u64..400, 1_u64..400),
        ) {
            let (one, other) = (cell(one.0.min(one.1), one.1), cell(other.0.min(other.1), other.1));
            let (low, high) = one.interval.expect("tickets");
            let value = one.value.expect("tickets");
            prop_assert!(0.0 <= low && low <= value && value <= high && high <= 100.0);
            prop_assert!(low < high, "even unanimous tickets leave doubt");
            let there = SHARE.difference(&one, &other).expect("tickets");
            let back = SHARE.difference(&other, &one).expect("tickets");
            prop_assert!((there.value + back.value).abs() < 1e-9);
            prop_assert!((there.low + back.high).abs() < 1e-9);
            prop_assert!(there.low <= there.value && there.value <= there.high);
        }
    }
}
