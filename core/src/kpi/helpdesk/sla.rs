//! `sla`: the share of tickets solved in the time that was promised.

use jiff::SignedDuration;

use super::CHARTS;
use super::definition::{Definition, Vector};
use super::formula::Entry;
use super::share::{INTERVAL, SOURCE, Share};
use crate::kpi::{Kpi, Unit};
use crate::plan::{Filter, RowTime};

static KPI: Kpi = Kpi {
    name: "sla",
    title: "SLA met",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "% of tickets with a service level that met it",
    charts: CHARTS,
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "100 * met / (met + missed)",
    interval: INTERVAL,
    source: SOURCE,
    edge_cases: &[
        "met is what the source says (sla_met), else coalesce(solved_at, now) <= sla_due_at; solved \
         at the very instant it was due is met",
        "an open ticket is missed from the instant after it was due; until then it has kept it",
        "a ticket counts in the bucket of sla_due_at, else of solved_at, else of closed_at",
        "a ticket with neither sla_met nor sla_due_at has no service level and is not in the base",
        "deleted tickets do not count; the latest version of a ticket does",
        "no tickets with a service level: no value, never zero",
        "fewer than 10 tickets: counts without a share; fewer than 30: marked low; fewer distinct \
         customers than [privacy] min_group: hidden",
    ],
    vectors: &[
        Vector {
            counts: &[("met", 495), ("missed", 395)],
            value: Some(100.0 * 495.0 / 890.0),
        },
        Vector {
            counts: &[("met", 12), ("missed", 0)],
            value: Some(100.0),
        },
        Vector {
            counts: &[("met", 0), ("missed", 12)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("met", 0), ("missed", 0)],
            value: None,
        },
    ],
};

pub(in crate::kpi) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &Share {
        time: RowTime::FirstOf(&["sla_due_at", "solved_at", "closed_at"]),
        base,
        hit,
        names: ["met", "missed", "without_target"],
        maturity: SignedDuration::ZERO,
        follows_clock: true,
    },
};

fn base() -> Filter {
    Filter::Or(vec![
        Filter::Present("sla_met"),
        Filter::Present("sla_due_at"),
    ])
}

fn hit() -> Filter {
    let in_time = Filter::InTime {
        done: "solved_at",
        due: "sla_due_at",
    };
    Filter::Or(vec![
        Filter::IsTrue("sla_met"),
        Filter::And(vec![
            Filter::Not(Box::new(Filter::Present("sla_met"))),
            in_time,
        ]),
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
