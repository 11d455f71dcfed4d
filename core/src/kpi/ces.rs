//! `ces`: share of answers that found it easy.

use super::definition::{Definition, Vector};
use super::formula::{Entry, Scale};
use super::question::top_boxes;
use super::top_box::TopBox;
use super::{ChartKind, Kpi, Unit};

pub(super) static KPI: Kpi = Kpi {
    name: "ces",
    title: "Customer effort",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "% of answers that found it easy (5–7 of 7, 4–5 of 5)",
    charts: &[
        ChartKind::Trend,
        ChartKind::Number,
        ChartKind::Stack,
        ChartKind::Distribution,
        ChartKind::Bars,
        ChartKind::Table,
        ChartKind::Bullet,
        ChartKind::Control,
    ],
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "100 * easy / (easy + not_easy)",
    interval: "Wilson score, 95 %: p = easy/n, (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n) \
               with z = 1.96, × 100; transactional surveys take n/deff for n; differences: \
               Newcombe's hybrid score, p of the N−1 chi-square test",
    source: "Customer Effort Score 2.0, a statement of ease on 1–7 (CEB 2013); Wilson 1927, \
             Newcombe 1998, Campbell 2007",
    edge_cases: &[
        "easy: on 1–7 the answers 5 to 7, on 1–5 the answers 4 and 5, on other scales the top boxes \
         as in csat, or `positive` of [questions]",
        "CES 1.0, or any question where 1 is low effort, must say direction lower_is_better: on 1–5 \
         the answers 1 and 2 are easy, on 1–7 the answers 1 to 3",
        "`mean` and `sd` (with n − 1) on the question's own scale are told under `secondary`; a \
         mean on a turned scale is not turned round",
        "a question without a scale is taken as 1 to 7; answers outside refuse the question",
        "questions on different scales or in different directions are never pooled: the question is \
         refused as ambiguous and told which filter picks each",
        "a row without a score is counted as unanswered and is not in the base",
        "partial responses with a score count; deleted rows and test rows do not",
        "relational surveys count the last answer per customer, bucket and filter; where both \
         survey modes have answers, the relational ones are counted unless mode says otherwise",
        "no answers: no value, never zero; unanimous answers keep an interval",
        "fewer than 10 answers: counts without a score; fewer than 30: marked low",
        "fewer distinct persons than [privacy] min_group: hidden",
        "the total is computed from the rows of the whole range, never from its points",
    ],
    vectors: &[
        Vector {
            counts: &[("easy", 0), ("not_easy", 0)],
            value: None,
        },
        Vector {
            counts: &[("easy", 15), ("not_easy", 0)],
            value: Some(100.0),
        },
        Vector {
            counts: &[("easy", 0), ("not_easy", 15)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("easy", 45), ("not_easy", 15)],
            value: Some(75.0),
        },
    ],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &CES,
};

static CES: TopBox = TopBox {
    metric: "ces",
    counts: ["easy", "not_easy"],
    usual_scale: Scale { min: 1.0, max: 7.0 },
    bound: agreement,
    has_moments: true,
    terms: None,
};

/// Returns the lowest answer that at least somewhat agrees.
fn agreement(scale: Scale) -> f64 {
    // Three of the seven words of the statement agree.
    match (scale.min, scale.max) {
        (1.0, 7.0) => 5.0,
        _ => top_boxes(scale),
    }
}
