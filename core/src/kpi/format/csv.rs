//! Writes the points of an answer as CSV.

use serde_json::Value;

use super::{base_name, number, sheet};
use crate::kpi::{Answer, Point, Series};

/// Columns of the CSV form.
const CSV_COLUMNS: [&str; 12] = [
    "key",
    "start",
    "end",
    "label",
    "value",
    "low",
    "high",
    "n",
    "base",
    "complete",
    "provisional",
    "suppressed",
];

/// Returns the points of the answer as CSV, unrounded: a header, then one line per point, series
/// after series. What is not known or not shown is empty.
#[must_use]
pub fn csv(answer: &Answer) -> String {
    if let Some(tables) = &answer.tables {
        return sheet::csv(&tables.main);
    }
    let mut lines = vec![CSV_COLUMNS.join(",")];
    for series in &answer.series {
        lines.extend(series.points.iter().map(|point| csv_line(series, point)));
    }
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn csv_line(series: &Series, point: &Point) -> String {
    let cell = |value| match number(value) {
        Value::Null => String::new(),
        value => value.to_string(),
    };
    [
        csv_text(series.key.as_deref().unwrap_or_default()),
        point.start.to_string(),
        point.end.to_string(),
        csv_text(&point.label),
        cell(point.score.value),
        cell(point.score.low),
        cell(point.score.high),
        point.score.n.map(|n| n.to_string()).unwrap_or_default(),
        base_name(point.score.base).to_owned(),
        point.is_complete.to_string(),
        point.is_provisional.to_string(),
        point.is_suppressed.to_string(),
    ]
    .join(",")
}

/// Returns a text as CSV writes it.
pub(super) fn csv_text(text: &str) -> String {
    if text.contains(['"', ',', '\n', '\r']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}
