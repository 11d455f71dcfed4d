//! `csat`: share of satisfied answers.

use super::definition::{Definition, Vector};
use super::formula::{Entry, Scale};
use super::question::top_boxes;
use super::top_box::TopBox;
use super::{ChartKind, Kpi, Unit};

pub(super) static KPI: Kpi = Kpi {
    name: "csat",
    title: "Customer satisfaction",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "% of answers in the top two boxes (4–5 of 5, 6–7 of 7)",
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
    expression: "100 * satisfied / (satisfied + not_satisfied)",
    interval: "Wilson score, 95 %: p = satisfied/n, (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + \
               z²/n) with z = 1.96, × 100; transactional surveys take n/deff for n; differences: \
               Newcombe's hybrid score, p of the N−1 chi-square test",
    source: "top-two-box practice (score); Wilson 1927, Brown, Cai and DasGupta 2001 (interval); \
             Newcombe 1998, Campbell 2007 (differences)",
    edge_cases: &[
        "satisfied: the top two boxes of a scale of 4 or more points (1–5: >= 4, 1–7: >= 6, 0–10: >= \
         9), the top box of 2 or 3 points (smileys 1–3: 3, thumbs 0–1: 1), or `positive` of \
         [questions]",
        "answers between whole numbers are partitioned, never dropped or rounded: 3.9 of 5 is not \
         satisfied",
        "direction lower_is_better turns the scale round: 1–5: <= 2",
        "a question without a scale is taken as 1 to 5; answers outside refuse the question",
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
            counts: &[("satisfied", 0), ("not_satisfied", 0)],
            value: None,
        },
        Vector {
            counts: &[("satisfied", 12), ("not_satisfied", 0)],
            value: Some(100.0),
        },
        Vector {
            counts: &[("satisfied", 0), ("not_satisfied", 12)],
            value: Some(0.0),
        },
        Vector {
            counts: &[("satisfied", 3), ("not_satisfied", 1)],
            value: Some(75.0),
        },
        Vector {
            counts: &[("satisfied", 761), ("not_satisfied", 53)],
            value: Some(93.488_943_488_943_49),
        },
    ],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    formula: &CSAT,
};

static CSAT: TopBox = TopBox {
    metric: "csat",
    counts: ["satisfied", "not_satisfied"],
    usual_scale: Scale { min: 1.0, max: 5.0 },
    bound: top_boxes,
    has_moments: false,
    terms: None,
};
