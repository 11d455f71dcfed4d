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
