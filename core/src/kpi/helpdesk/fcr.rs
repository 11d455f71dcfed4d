//! `fcr`: first contact resolution.

use super::definition::{Definition, Vector};
use super::formula::Entry;
use super::share::{INTERVAL, SOURCE, Share};
use super::{CHARTS, FIRST_ENDED, HOLDS};
use crate::kpi::{Kpi, Unit};
use crate::plan::{Filter, RowTime, Sequel};

/// Most replies of a ticket that was solved at the first contact.
const REPLIES_MAX: f64 = 1.0;

static KPI: Kpi = Kpi {
    name: "fcr",
    title: "First contact resolution",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "% of tickets solved with one reply, not reopened, without a new one within 7 days",
    charts: CHARTS,
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "100 * first_contact / (first_contact + further_contact)",
    interval: INTERVAL,
    source: SOURCE,
    edge_cases: &[
        "first contact: replies <= 1, reopens = 0, and no other ticket of the same customer and \
         category opened from the solution on and less than 7 days after it",
        "a ticket counts in the bucket of first_solved_at, else solved_at, else closed_at; an open \
         one in none",
        "a bucket is complete 7 days after its end: until then a new ticket may still come",
        "the new ticket may be anybody's and anywhere: filters choose the tickets that are judged, \
         not those that come after them; one that was deleted does not count",
        "customers are persons over all sources; a ticket without a customer has no successor; \
         tickets without a category are of one category",
        "tickets whose replies or reopens are not known are counted as unknown and not in the base",
        "no tickets: no value, never zero",
        "fewer than 10 tickets: counts without a share; fewer than 30: marked low; fewer distinct \
         customers than [privacy] min_group: hidden",
    ],
    vectors: &[
        Vector {
            counts: &[("first_contact", 30), ("further_contact", 10)],
            value: Some(75.0),
        },
        Vector {
            counts: &[("first_contact", 0), ("further_contact", 14)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("first_contact", 0), ("further_contact", 0)],
            value: None,
        },
    ],
};

pub(in crate::kpi) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &Share {
        time: RowTime::FirstOf(FIRST_ENDED),
        base,
        hit,
        names: ["first_contact", "further_contact", "unknown"],
        maturity: HOLDS,
        follows_clock: false,
    },
};

fn base() -> Filter {
    Filter::And(vec![Filter::Present("replies"), Filter::Present("reopens")])
}

fn hit() -> Filter {
    let below = |column, bound: f64| Filter::NumberIn {
        column,
        low: None,
        high: Some(bound),
    };
    let sequel = Filter::HasSequel(Sequel {
        topic: "category",
        over: FIRST_ENDED,
        within: HOLDS,
    });
    Filter::And(vec![
        below("replies", REPLIES_MAX.next_up()),
        below("reopens", 1.0),
        Filter::Not(Box::new(sequel)),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::share::tests::check_vectors;
    use super::*;

    #[test]
    fn every_published_vector_holds() {
        check_vectors(ENTRY.formula, &DEFINITION);
    }
}
