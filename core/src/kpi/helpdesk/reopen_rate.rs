//! `reopen_rate`: the share of solved tickets that were reopened.

use super::definition::{Definition, Vector};
use super::formula::Entry;
use super::share::{INTERVAL, SOURCE, Share};
use super::{CHARTS, FIRST_ENDED, HOLDS};
use crate::kpi::{Kpi, Unit};
use crate::plan::{Filter, RowTime};

static KPI: Kpi = Kpi {
    name: "reopen_rate",
    title: "Reopened tickets",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "% of solved tickets that were opened again",
    charts: CHARTS,
    is_higher_better: Some(false),
};

static DEFINITION: Definition = Definition {
    expression: "100 * reopened / (reopened + not_reopened)",
    interval: INTERVAL,
    source: SOURCE,
    edge_cases: &[
        "reopened: reopens >= 1; a ticket reopened three times counts once",
        "a ticket counts in the bucket of first_solved_at, else solved_at, else closed_at: when it \
         is reopened and solved again it stays there",
        "a bucket is complete 7 days after its end: until then its tickets are young",
        "tickets whose reopens are not known are counted as unknown and not in the base",
        "no tickets: no value, never zero",
        "fewer than 10 tickets: counts without a share; fewer than 30: marked low; fewer distinct \
         customers than [privacy] min_group: hidden",
    ],
    vectors: &[
        Vector {
            counts: &[("reopened", 10), ("not_reopened", 880)],
            value: Some(100.0 * 10.0 / 890.0),
        },
        Vector {
            counts: &[("reopened", 0), ("not_reopened", 25)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("reopened", 0), ("not_reopened", 0)],
            value: None,
        },
    ],
};

pub(in crate::kpi) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &Share {
        time: RowTime::FirstOf(FIRST_ENDED),
        base: || Filter::Present("reopens"),
        hit: || Filter::NumberIn {
            column: "reopens",
            low: Some(1.0),
            high: None,
        },
        names: ["reopened", "not_reopened", "unknown"],
        maturity: HOLDS,
        follows_clock: false,
    },
};

#[cfg(test)]
mod tests {
    use super::super::share::tests::check_vectors;
    use super::*;

    #[test]
    fn every_published_vector_holds() {
        check_vectors(ENTRY.formula, &DEFINITION);
    }
}
