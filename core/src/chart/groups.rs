//! The series of an answer as a picture sees them: names, colours, runs without gaps.

use super::layout::Panel;
use super::theme::Rgb;
use super::words::Words;
use crate::kpi::{Point, Series};

/// Lines with a colour and a label of their own; the rest is pooled by the KPI layer.
pub(super) const SERIES_MAX: usize = 9;

/// Returns the colour of a line: the accent alone, the palette's order in company.
pub(super) fn series_colour(panel: &Panel<'_>, idx: usize, series: &Series, is_split: bool) -> Rgb {
    let colours = &panel.palette.series;
    if !is_split {
        panel.palette.accent
    } else if series.is_rest {
        colours[8]
    } else {
        colours[idx % 8]
    }
}

/// Returns the words for a group.
pub(super) fn series_name(words: &Words, series: &Series) -> String {
    match &series.key {
        _ if series.is_rest => words.rest.to_owned(),
        Some(key) => key.clone(),
        None => words.missing.to_owned(),
    }
}

/// Returns the points of the longest series: all share their buckets.
pub(super) fn longest(series: &[Series]) -> &[Point] {
    series
        .iter()
        .max_by_key(|series| series.points.len())
        .map_or(&[], |series| &series.points)
}

/// Splits points into runs without gaps; each has a value throughout.
pub(super) fn runs(points: &[Point]) -> impl Iterator<Item = &[Point]> {
    points
        .split(|point| point.score.value.is_none())
        .filter(|run| !run.is_empty())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "seconds of any calendar date are far below 2^52"
)]
pub(super) fn seconds(at: jiff::Timestamp) -> f64 {
    at.as_second() as f64
}
