//! The words of questions as files write them: KPIs, ranges, grains, charts, dimensions.

use std::fmt::Display;
use std::str::FromStr;

use crate::config::fault::{Complaint, nearest_hint};
use crate::kpi::{self, Kpi};

/// Dimensions that exist without being configured.
pub(crate) const BUILT_IN_DIMENSIONS: [&str; 10] = [
    "source",
    "survey",
    "question",
    "mode",
    "channel",
    "language",
    "agent",
    "team",
    "tag",
    "reviewer_kind",
];

/// Finds a KPI of the registry.
pub(crate) fn kpi(name: &str) -> Result<&'static Kpi, Complaint> {
    kpi::find(name).map_err(|_| {
        let known = kpi::REGISTRY.iter().map(|kpi| kpi.name);
        Complaint::new(format!("unknown KPI `{name}`"), nearest_hint(name, known))
    })
}

/// Parses a range, a grain or a chart; their errors say what is wrong, then what is allowed.
pub(crate) fn word<T>(text: &str) -> Result<T, Complaint>
where
    T: FromStr,
    T::Err: Display,
{
    text.parse().map_err(|error: T::Err| {
        let sentence = error.to_string();
        match sentence.split_once("; ") {
            Some((what, hint)) => Complaint::new(what, hint),
            None => Complaint::new(sentence, "see the README of the dashboards"),
        }
    })
}
