//! The words of questions as files write them: KPIs, ranges, grains, charts, value lists.

use crate::config::fault::{Complaint, nearest_hint};
use crate::kpi::{ChartKind, Grain, Kpi, Range};

/// Dimensions that exist without being configured.
pub(crate) const BUILT_IN_DIMENSIONS: [&str; 9] = [
    "source", "survey", "question", "mode", "channel", "language", "agent", "team", "tag",
];

/// Finds a KPI of the registry.
pub(crate) fn kpi(name: &str) -> Result<&'static Kpi, Complaint> {
    let known = REGISTRY.iter().map(|kpi| kpi.name);
    REGISTRY
        .iter()
        .find(|kpi| kpi.name == name)
        .ok_or_else(|| Complaint::new(format!("unknown KPI `{name}`"), nearest_hint(name, known)))
}

/// Parses `90d`, `12w`, `6mo`, `ytd`, `all` or `2026-01-01..2026-06-30`.
pub(crate) fn range(text: &str) -> Result<Range, Complaint> {
    let count = |unit: &str| text.strip_suffix(unit)?.parse::<u32>().ok();
    match text {
        "all" => return Ok(Range::All),
        "ytd" => return Ok(Range::YearToDate),
        _ => {}
    }
    count("mo")
        .map(Range::Months)
        .or_else(|| count("d").map(Range::Days))
        .or_else(|| count("w").map(Range::Weeks))
        .or_else(|| count("y").map(Range::Years))
        .ok_or_else(|| Complaint::new(format!("`{text}` is no range"), "write `90d`"))
}

/// Parses `day`, `week`, `month` or `quarter`.
pub(crate) fn grain(text: &str) -> Result<Grain, Complaint> {
    crate::config::scalar::choice(
        text,
        &[
            ("day", Grain::Day),
            ("week", Grain::Week),
            ("month", Grain::Month),
            ("quarter", Grain::Quarter),
        ],
    )
}

/// Parses the name of a chart.
pub(crate) fn chart(text: &str) -> Result<ChartKind, Complaint> {
    crate::config::scalar::choice(
        text,
        &[
            ("number", ChartKind::Number),
            ("trend", ChartKind::Trend),
            ("stack", ChartKind::Stack),
            ("distribution", ChartKind::Distribution),
        ],
    )
}

static REGISTRY: [Kpi; 1] = [Kpi {
    name: "nps",
    title: "Net Promoter Score",
    unit: crate::kpi::Unit::Points,
    range: (Some(-100.0), Some(100.0)),
    definition_version: 1,
    formula: "",
    charts: &[
        ChartKind::Number,
        ChartKind::Trend,
        ChartKind::Stack,
        ChartKind::Distribution,
    ],
    is_higher_better: Some(true),
}];

/// Returns the name of a chart.
pub(crate) fn chart_name(chart: ChartKind) -> &'static str {
    match chart {
        ChartKind::Number => "number",
        ChartKind::Trend => "trend",
        ChartKind::Stack => "stack",
        ChartKind::Distribution => "distribution",
    }
}
