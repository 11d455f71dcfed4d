//! `backlog`: how many tickets are open.

use super::definition::{Definition, Vector};
use super::formula::{self, Entry, Formula, Measured, Scale, Standing};
use super::{CHARTS, ENDED};
use crate::kpi::interval::real;
use crate::kpi::{Kpi, Unit};
use crate::plan::{Filter, Measure, TallyValue};
use crate::record::RecordKind;

static KPI: Kpi = Kpi {
    name: "backlog",
    title: "Open tickets",
    unit: Unit::Count,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "number of tickets open at the end of the period",
    charts: CHARTS,
    is_higher_better: Some(false),
};

static DEFINITION: Definition = Definition {
    expression: "count(created_at < t and (coalesce(solved_at, closed_at) is null or >= t))",
    interval: "none: it is a count of everything received, not an estimate",
    source: "definition of this project: the state at one instant, so periods do not add up",
    edge_cases: &[
        "t is the end of the bucket; in a bucket that is not over, now",
        "opened or solved at t itself: not opened yet, and still open",
        "solved_at is the last solution: a ticket that is open again has none and is open",
        "a solution before the opening ends the ticket when it was opened",
        "deleted tickets are not open; the total is the state at the end of the range",
        "no tickets: 0",
    ],
    vectors: &[
        Vector {
            counts: &[("tickets", 0)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("tickets", 1_234)],
            value: Some(1_234.0),
        },
    ],
};

pub(in crate::kpi) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &Backlog,
};

struct Backlog;

impl Formula for Backlog {
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
        Filter::All
    }

    fn measures(&self) -> Vec<Measure> {
        Vec::new()
    }

    fn is_plain_count(&self) -> bool {
        true
    }

    fn measured(&self, values: &[TallyValue]) -> Measured {
        let n = formula::count(values, 0);
        Measured {
            value: Some(real(n)),
            n,
            ..Measured::default()
        }
    }

    fn is_compared(&self) -> bool {
        false
    }

    fn standing(&self) -> Option<Standing> {
        Some(Standing { until: ENDED })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_published_vector_holds() {
        for vector in DEFINITION.vectors {
            let found = Backlog.measured(&[TallyValue::Count(vector.counts[0].1)]);
            assert_eq!(found.value, vector.value, "{vector:?}");
        }
        assert_eq!(Backlog.measured(&[]).value, Some(0.0));
    }
}
