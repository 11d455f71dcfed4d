//! `tickets`: how many conversations were opened.

use crate::plan::{Filter, Measure, TallyValue};
use crate::record::RecordKind;

use super::definition::{Definition, Vector};
use super::formula::{self, Entry, Formula, Measured, Scale};
use super::interval::real;
use super::{ChartKind, Kpi, Unit};

pub(super) static KPI: Kpi = Kpi {
    name: "tickets",
    title: "Tickets",
    unit: Unit::Count,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "number of tickets opened",
    charts: &[
        ChartKind::Trend,
        ChartKind::Number,
        ChartKind::Bars,
        ChartKind::Table,
        ChartKind::Bullet,
    ],
    is_higher_better: None,
};

static DEFINITION: Definition = Definition {
    expression: "count(live tickets by created_at)",
    interval: "none: it is a count of everything received, not an estimate",
    source: "definition of this project: the volume that helpdesk KPIs are shares of",
    edge_cases: &[
        "a ticket counts once, in the bucket it was opened in, whatever became of it",
        "deleted tickets do not count; a ticket merged into another does until it is deleted",
        "by team: the team the ticket names, else that of its agent when it was opened",
        "no tickets: 0",
    ],
    vectors: &[
        Vector {
            counts: &[("tickets", 0)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("tickets", 40_000)],
            value: Some(40_000.0),
        },
    ],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &Tickets,
};

struct Tickets;

impl Formula for Tickets {
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
        vec![Measure::Count]
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
}
