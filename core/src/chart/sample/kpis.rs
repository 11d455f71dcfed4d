//! KPIs of the samples, one a unit.

use crate::kpi::{ChartKind, Kpi, Unit};

/// A score from −100 to 100.
pub static NPS: Kpi = Kpi {
    name: "nps",
    title: "Net Promoter Score",
    unit: Unit::Points,
    range: (Some(-100.0), Some(100.0)),
    definition_version: 1,
    formula: "% answering 9–10 minus % answering 0–6, of all scores",
    charts: &[
        ChartKind::Trend,
        ChartKind::Number,
        ChartKind::Stack,
        ChartKind::Distribution,
    ],
    is_higher_better: Some(true),
};

/// A plain count.
pub static RESPONSES: Kpi = Kpi {
    name: "responses",
    title: "Responses",
    unit: Unit::Count,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "number of submissions with at least one valid answer",
    charts: &[ChartKind::Number, ChartKind::Trend, ChartKind::Stack],
    is_higher_better: None,
};

/// A share in percent.
pub static CSAT: Kpi = Kpi {
    name: "csat",
    title: "Customer satisfaction",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "share of answers in the two top boxes",
    charts: &[ChartKind::Number, ChartKind::Trend],
    is_higher_better: Some(true),
};

/// A time in seconds.
pub static WAITING: Kpi = Kpi {
    name: "resolution_time",
    title: "Resolution time",
    unit: Unit::Seconds,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "median time from a ticket's opening to its last solution",
    charts: &[ChartKind::Trend, ChartKind::Number],
    is_higher_better: Some(false),
};

const fn share(
    name: &'static str,
    title: &'static str,
    formula: &'static str,
    charts: &'static [ChartKind],
) -> Kpi {
    Kpi {
        name,
        title,
        unit: Unit::Percent,
        range: (Some(0.0), Some(100.0)),
        definition_version: 1,
        formula,
        charts,
        is_higher_better: Some(true),
    }
}

/// Who is still there of each month.
pub(super) static COHORT: Kpi = share(
    "cohort",
    "Cohort retention",
    "of the customers who came in a month, those still there months later",
    &[ChartKind::Cohort, ChartKind::Number],
);

/// How long customers stay.
pub(super) static SURVIVAL: Kpi = share(
    "survival",
    "Customer survival",
    "share of customers expected to stay longer than so many days",
    &[ChartKind::Survival, ChartKind::Number],
);

/// Customers who stay.
pub(super) static CRR: Kpi = share(
    "crr",
    "Customer retention",
    "customers of the period's start who are customers at its end",
    &[ChartKind::Trend, ChartKind::Bridge],
);

/// Revenue that stays and grows.
pub(super) static NRR: Kpi = Kpi {
    range: (Some(0.0), None),
    ..share(
        "nrr",
        "Net revenue retention",
        "monthly revenue of the start's customers at the end, of that of the start",
        &[ChartKind::Trend, ChartKind::Bridge],
    )
};
