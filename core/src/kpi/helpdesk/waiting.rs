//! How long customers wait: the median of an elapsed time, and its ninth decile.

use super::definition::Vector;
use super::formula::{self, Formula, Measured, Scale, Standing};
use crate::kpi::quantile::Quantile;
use crate::plan::{Elapsed, Filter, Measure, RowTime, TallyValue};
use crate::record::RecordKind;

/// The quantiles that are told.
const QUANTILES: &[f64] = &[MEDIAN, NINTH_DECILE];
const MEDIAN: f64 = 0.5;
const NINTH_DECILE: f64 = 0.9;

/// Interval of both quantiles, as definitions tell it.
pub(super) const INTERVAL: &str = "binomial order statistics, 95 %: from the greatest rank below \
    which the quantile lies with at most 2.5 % to the least above which it does so, whatever the \
    distribution; an end without such a rank is absent";
/// Where both come from, as definitions tell it.
pub(super) const SOURCE: &str = "Hyndman and Fan 1996 (quantile of type 7); David and Nagaraja \
    2003, 7.1 (interval)";

/// Tickets by number of seconds, as the vectors of definitions write them.
pub(super) const VECTORS: &[Vector] = &[
    Vector {
        counts: &[],
        value: None,
    },
    Vector {
        counts: &[("3600", 1)],
        value: Some(3_600.0),
    },
    Vector {
        counts: &[("60", 1), ("120", 1)],
        value: Some(90.0),
    },
    Vector {
        counts: &[("300", 40)],
        value: Some(300.0),
    },
    Vector {
        counts: &[("0", 3), ("600", 3), ("86400", 5)],
        value: Some(600.0),
    },
];

/// An elapsed time of tickets, in the bucket of its end.
pub(super) struct Waiting {
    pub(super) elapsed: Elapsed,
    /// The time column of the bucket: that of the end.
    pub(super) time: RowTime,
    pub(super) standing: Standing,
}

impl Formula for Waiting {
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
        Filter::NotAfter(self.elapsed.from, self.elapsed.to)
    }

    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::Order(self.elapsed.clone(), QUANTILES),
            Measure::PersonsIf(self.answered()),
        ]
    }

    fn is_plain_count(&self) -> bool {
        false
    }

    fn measured(&self, values: &[TallyValue]) -> Measured {
        let order = formula::order(values, 1);
        let median = Quantile::of(&order, MEDIAN);
        let decile = Quantile::of(&order, NINTH_DECILE);
        let secondary = decile.into_iter().flat_map(|decile| {
            [
                Some(("p90", decile.value)),
                decile.low.map(|low| ("p90_low", low)),
                decile.high.map(|high| ("p90_high", high)),
            ]
        });
        Measured {
            value: median.map(|median| median.value),
            interval: median.and_then(|median| median.low.zip(median.high)),
            n: order.n,
            n_persons: formula::count(values, 2),
            counts: vec![
                (OPEN, formula::count(values, 0)),
                (CALENDAR, order.n - order.n_business),
                (BUSINESS, order.n_business),
            ],
            secondary: secondary.flatten().collect(),
            ..Measured::default()
        }
    }

    fn is_compared(&self) -> bool {
        false
    }

    fn time(&self) -> RowTime {
        self.time
    }

    fn standing(&self) -> Option<Standing> {
        Some(self.standing)
    }

    fn note(&self, whole: &Measured) -> Option<String> {
        let (calendar, business) = (whole.count(CALENDAR), whole.count(BUSINESS));
        (calendar > 0 && business > 0).then(|| {
            format!(
                "{business} of {} tickets count in business time and the others in calendar time; \
                 write [business_hours], or clock = \"calendar\" under [kpi], to count all alike",
                calendar + business
            )
        })
    }
}

/// Count of the tickets that stand at the end.
const OPEN: &str = "open";
/// Count of the tickets in calendar time.
const CALENDAR: &str = "calendar";
/// Count of the tickets in business time.
const BUSINESS: &str = "business";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Order;

    const WAITING: Waiting = Waiting {
        elapsed: Elapsed {
            from: "created_at",
            to: "solved_at",
            business_s: "business_resolution_s",
        },
        time: RowTime::FirstOf(&["solved_at"]),
        standing: Standing {
            until: &["solved_at"],
        },
    };

    fn cell(seconds: &[f64], n_business: u64, n_open: u64) -> Measured {
        let mut sorted = seconds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let order = Order::of_sorted(&sorted, n_business, QUANTILES);
        let n = order.n;
        WAITING.measured(&[
            TallyValue::Count(n_open),
            TallyValue::Order(order),
            TallyValue::Count(n),
        ])
    }

    #[test]
    fn every_published_vector_holds() {
        for vector in VECTORS {
            let seconds: Vec<f64> = vector
                .counts
                .iter()
                .flat_map(|(seconds, n)| {
                    let seconds: f64 = seconds.parse().expect("seconds");
                    vec![seconds; usize::try_from(*n).expect("small")]
                })
                .collect();
            assert_eq!(cell(&seconds, 0, 0).value, vector.value, "{vector:?}");
        }
    }

    #[test]
    fn a_cell_without_rows_still_tells_what_is_open() {
        let found = WAITING.measured(&[TallyValue::Count(12)]);
        assert_eq!((found.value, found.n, found.count(OPEN)), (None, 0, 12));
        assert_eq!(WAITING.measured(&[]).count(OPEN), 0);
    }

    #[test]
    fn the_ninth_decile_comes_with_its_interval() {
        let seconds: Vec<f64> = (1..=100).map(f64::from).collect();
        let found = cell(&seconds, 0, 0);
        assert_eq!(
            (found.value, found.interval),
            (Some(50.5), Some((40.0, 61.0)))
        );
        let names: Vec<&str> = found.secondary.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, ["p90", "p90_low", "p90_high"]);
        assert!((found.secondary[0].1 - 90.1).abs() < 1e-9);
        // Few numbers bound the ninth decile from below alone.
        let few = cell(&seconds[..20], 0, 0);
        assert_eq!(few.secondary.len(), 2);
    }

    #[test]
    fn a_mixture_of_clocks_is_told() {
        let seconds = [60.0; 12];
        assert_eq!(WAITING.note(&cell(&seconds, 0, 0)), None);
        assert_eq!(WAITING.note(&cell(&seconds, 12, 0)), None);
        let note = WAITING.note(&cell(&seconds, 5, 0)).expect("a note");
        assert!(
            note.starts_with("5 of 12 tickets count in business time"),
            "{note}"
        );
    }
}
