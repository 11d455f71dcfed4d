//! `responses`: how many submissions hold at least one valid answer.

use crate::plan::{Filter, Measure, TallyValue};
use crate::record::RecordKind;

use super::definition::{Definition, Vector};
use super::formula::{self, Entry, Formula, Measured, Scale};
use super::interval::real;
use super::{ChartKind, Kpi, Unit};

pub(super) static KPI: Kpi = Kpi {
    name: "responses",
    title: "Responses",
    unit: Unit::Count,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "number of submissions with at least one valid answer",
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
    expression: "count(distinct (source, response) having a score or a comment)",
    interval: "none: it is a count of everything received, not an estimate",
    source: "definition of this project: answers sharing a `response` id are one submission",
    edge_cases: &[
        "answers to several questions of one submission count once",
        "a submission without any score or comment (opened, dismissed) does not count",
        "partial submissions with an answer count; deleted rows and test rows do not",
        "the same submission id in two sources is two submissions",
        "no submissions: 0",
        "a submission whose answers lie in two buckets is in both; the total counts it once",
    ],
    vectors: &[
        Vector {
            counts: &[("submissions", 0)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("submissions", 212)],
            value: Some(212.0),
        },
    ],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &Responses,
};

struct Responses;

impl Formula for Responses {
    fn kind(&self) -> RecordKind {
        RecordKind::Response
    }

    fn metric(&self) -> Option<&'static str> {
        None
    }

    fn scale(&self) -> Option<Scale> {
        None
    }

    fn rows(&self) -> Filter {
        Filter::And(vec![
            self.answered(),
            Filter::Not(Box::new(Filter::IsTrue("is_test"))),
        ])
    }

    fn answered(&self) -> Filter {
        Filter::Or(vec![Filter::Present("score"), Filter::Present("comment")])
    }

    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::Distinct("response"),
            // A row without a submission id is a submission of its own.
            Measure::CountIf(Filter::Not(Box::new(Filter::Present("response")))),
        ]
    }

    fn is_plain_count(&self) -> bool {
        true
    }

    fn measured(&self, values: &[TallyValue]) -> Measured {
        let n = formula::count(values, 0) + formula::count(values, 1);
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
