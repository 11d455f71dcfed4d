//! Gridlines with their labels: across a plot from its left, and up from below it.

use plotters::element::PathElement;

use super::axis::Values;
use super::layout::Panel;
use super::pen::{Ink, Scale, draw, stroke};
use super::sheet::{Align, Sheet};

/// Least distance of baselines, in em.
const LINE: f64 = 1.2;

/// Returns the room that the labels of a value axis take, with the gap to the plot.
pub(super) fn labels_px(
    sheet: &Sheet<'_>,
    panel: &Panel<'_>,
    axis: &Values,
    is_percent: bool,
) -> f64 {
    let labels = axis
        .ticks
        .iter()
        .map(|tick| axis.label(*tick, is_percent, panel.style.language));
    let widths = labels.map(|text| sheet.width(&text, &panel.label()));
    widths.fold(0.0, f64::max) + 0.7 * panel.unit
}

/// Draws the lines across a plot; with labels at its left where there is room for them.
pub(super) fn draw_across(
    sheet: &mut Sheet<'_>,
    panel: &Panel<'_>,
    (axis, scale): (&Values, &Scale),
    is_percent: bool,
    has_labels: bool,
) {
    let unit = panel.unit;
    let look = panel.label();
    let mut free_to = f64::INFINITY;
    for &tick in &axis.ticks {
        let is_zero = tick.abs() < 1e-9;
        let width = if is_zero { 0.09 } else { 0.045 } * unit;
        let style = stroke(panel.palette.grid, 1.0, width);
        let line = PathElement::new(vec![(scale.x.0, tick), (scale.x.1, tick)], style);
        draw(sheet, scale, Ink::Solid, &line);
        if has_labels {
            let text = axis.label(tick, is_percent, panel.style.language);
            // The lowest label stands higher, clear of what is below the plot.
            let lowest = scale.room.bottom + look.cap_px() / 4.0;
            let baseline = (scale.y_px(tick) + look.cap_px() / 2.0).min(lowest);
            // In a plot that is hardly higher than a line the next label has no room.
            if baseline <= free_to {
                let right = scale.room.left - 0.6 * unit;
                sheet.text(&text, (right, baseline), &look, Align::End);
                free_to = baseline - LINE * look.size_px;
            }
        }
    }
}

/// Draws the lines up from below a plot; with labels on a baseline where one is given, none
/// reaching beyond `left` and `right`.
pub(super) fn draw_up(
    sheet: &mut Sheet<'_>,
    panel: &Panel<'_>,
    (axis, scale): (&Values, &Scale),
    is_percent: bool,
    labels: Option<Labels>,
) {
    let unit = panel.unit;
    let look = panel.label();
    let mut free_from = labels.map_or(0.0, |labels| labels.left);
    for &tick in &axis.ticks {
        let style = stroke(panel.palette.grid, 1.0, 0.045 * unit);
        let ends = vec![(tick, scale.y.0), (tick, scale.y.1)];
        draw(sheet, scale, Ink::Solid, &PathElement::new(ends, style));
        let Some(labels) = labels else {
            continue;
        };
        let text = axis.label(tick, is_percent, panel.style.language);
        let (centre, half) = (scale.x_px(tick), sheet.width(&text, &look) / 2.0);
        if centre - half < free_from - 0.1 || centre + half > labels.right + 0.1 {
            continue;
        }
        sheet.text(&text, (centre, labels.baseline), &look, Align::Middle);
        free_from = centre + half + 0.6 * unit;
    }
}

/// Where labels below a plot may stand.
#[derive(Debug, Clone, Copy)]
pub(super) struct Labels {
    pub(super) left: f64,
    pub(super) right: f64,
    pub(super) baseline: f64,
}
