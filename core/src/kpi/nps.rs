//! `nps`: Net Promoter Score.

use crate::plan::{Dimension, Filter, Measure, TallyValue};
use crate::record::RecordKind;

use super::definition::{Definition, Vector};
use super::formula::{self, Difference, Entry, Formula, Measured, Scale, UNANSWERED};
use super::interval::{AdjustedWald, real};
use super::{ChartKind, Kpi, Unit};

/// Lowest answer of a promoter.
const PROMOTER_MIN: f64 = 9.0;
/// Lowest answer of a passive; below it are detractors.
const PASSIVE_MIN: f64 = 7.0;

pub(super) static KPI: Kpi = Kpi {
    name: "nps",
    title: "Net Promoter Score",
    unit: Unit::Points,
    range: (Some(-100.0), Some(100.0)),
    definition_version: 1,
    formula: "share answering 9–10 minus share answering 0–6, of everyone who gave a score, × 100",
    charts: &[
        ChartKind::Trend,
        ChartKind::Number,
        ChartKind::Stack,
        ChartKind::Distribution,
    ],
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "100 * (promoters - detractors) / (promoters + passives + detractors)",
    interval: "adjusted Wald, 95 %: n' = n + 3, p' = (promoters + 3/4)/n', d' = (detractors + \
               3/4)/n', x' = p' - d', x' ± 1.96 sqrt((p' + d' - x'²)/n'), clipped to ±1, × 100; \
               the value itself stays the raw score",
    source: "Reichheld 2003 (score); Rocks 2016, The American Statistician (interval)",
    edge_cases: &[
        "promoter: score >= 9; passive: 7 <= score < 9; detractor: score < 7; answers between whole \
         numbers are partitioned, never dropped or rounded",
        "a row without a score is counted as unanswered and is not in the base",
        "partial responses with a score count; deleted rows and test rows do not",
        "only questions declared with metric nps on a 0 to 10 scale; other scales are never mapped",
        "questions of several surveys pool; relational surveys count the last answer per customer, \
         bucket and filter, anonymous answers each for themselves",
        "where both survey modes have answers, the relational ones are counted unless mode says \
         otherwise",
        "no answers: no value, never zero",
        "fewer than 10 answers: counts without a score; fewer than 30: marked low",
        "fewer distinct persons than [privacy] min_group: hidden",
        "the total is computed from the rows of the whole range, never from its points",
    ],
    vectors: &[
        Vector {
            counts: &[("promoters", 4), ("passives", 0), ("detractors", 0)],
            value: Some(100.0),
        },
        Vector {
            counts: &[("promoters", 0), ("passives", 9), ("detractors", 0)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("promoters", 0), ("passives", 0), ("detractors", 7)],
            value: Some(-100.0),
        },
        Vector {
            counts: &[("promoters", 0), ("passives", 0), ("detractors", 0)],
            value: None,
        },
        Vector {
            counts: &[("promoters", 118), ("passives", 63), ("detractors", 31)],
            value: Some(41.037_735_849_056_6),
        },
        Vector {
            counts: &[("promoters", 690), ("passives", 392), ("detractors", 1271)],
            value: Some(-24.691_882_702_932_428),
        },
    ],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &Nps,
};

struct Nps;

fn score_in(low: Option<f64>, high: Option<f64>) -> Filter {
    Filter::NumberIn {
        column: "score",
        low,
        high,
    }
}

impl Formula for Nps {
    fn kind(&self) -> RecordKind {
        RecordKind::Response
    }

    fn metric(&self) -> Option<&'static str> {
        Some("nps")
    }

    fn scale(&self) -> Option<Scale> {
        Some(Scale {
            min: 0.0,
            max: 10.0,
        })
    }

    fn rows(&self) -> Filter {
        Filter::And(vec![
            Filter::In(Dimension::Column("metric"), vec![Some("nps".to_owned())]),
            Filter::Not(Box::new(Filter::IsTrue("is_test"))),
        ])
    }

    fn answered(&self) -> Filter {
        Filter::Present("score")
    }

    fn measures(&self) -> Vec<Measure> {
        vec![
            Measure::CountIf(score_in(Some(PROMOTER_MIN), None)),
            Measure::CountIf(score_in(Some(PASSIVE_MIN), Some(PROMOTER_MIN))),
            Measure::CountIf(score_in(None, Some(PASSIVE_MIN))),
            Measure::CountIf(Filter::Not(Box::new(self.answered()))),
            Measure::PersonsIf(self.answered()),
            Measure::Histogram("score"),
        ]
    }

    fn is_plain_count(&self) -> bool {
        false
    }

    fn measured(&self, values: &[TallyValue]) -> Measured {
        let [promoters, passives, detractors] =
            [0, 1, 2].map(|measure_idx| formula::count(values, measure_idx));
        let n = promoters + passives + detractors;
        Measured {
            value: score(promoters, passives, detractors),
            interval: (n > 0).then(|| interval(promoters, passives, detractors)),
            n,
            n_persons: formula::count(values, 4),
            counts: vec![
                ("promoters", promoters),
                ("passives", passives),
                ("detractors", detractors),
                (UNANSWERED, formula::count(values, 3)),
            ],
            histogram: formula::histogram(values, 5),
        }
    }

    fn difference(&self, now: &Measured, before: &Measured) -> Option<Difference> {
        let raw = now.value? - before.value?;
        let smoothed = adjusted(now).difference(adjusted(before));
        Some(Difference {
            value: raw,
            low: 100.0 * smoothed.low,
            high: 100.0 * smoothed.high,
            p: smoothed.p,
        })
    }
}

/// Returns the score of three counts, −100..=100, or `None` when nobody answered.
fn score(promoters: u64, passives: u64, detractors: u64) -> Option<f64> {
    let n = promoters + passives + detractors;
    // Adding zero turns -0 into 0.
    (n > 0).then(|| 100.0 * (real(promoters) - real(detractors)) / real(n) + 0.0)
}

fn interval(promoters: u64, passives: u64, detractors: u64) -> (f64, f64) {
    let (low, high) = AdjustedWald::new(promoters, passives, detractors).interval();
    (100.0 * low, 100.0 * high)
}

fn adjusted(cell: &Measured) -> AdjustedWald {
    let count = |name| {
        cell.counts
            .iter()
            .find(|(found, _)| *found == name)
            .map_or(0, |(_, count)| *count)
    };
    AdjustedWald::new(count("promoters"), count("passives"), count("detractors"))
}
