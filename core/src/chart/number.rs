//! `number`: the headline, what stands behind it, and a line of how it came about.

use plotters::element::{Circle, PathElement, Polygon};

use super::axis::Values;
use super::facts::State;
use super::groups::{longest, runs, seconds};
use super::layout::{NUMBER_UNITS, Panel, Wants, compose};
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Rect, Sheet, steps};
use super::trend::empty_plot;
use crate::kpi::Point;

/// Draws the figure onto the sheet.
pub(super) fn draw_number(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let wants = Wants {
        headline_units: NUMBER_UNITS,
        plot_units_min: 2.4,
        plot_units_least: 2.4,
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    if panel.facts.state != State::Scored {
        return empty_plot(sheet, panel, place.plot);
    }
    let answer = &panel.figure.answer;
    // The split's total has no points; then there is no line to draw.
    let points = match &answer.series[..] {
        [one] => &one.points[..],
        _ => &[],
    };
    if points
        .iter()
        .filter(|point| point.score.value.is_some())
        .count()
        < 2
    {
        return;
    }
    sparkline(sheet, panel, points, place.plot);
}

fn sparkline(sheet: &mut Sheet<'_>, panel: &Panel<'_>, points: &[Point], room: Rect) {
    let unit = panel.unit;
    let answer = &panel.figure.answer;
    let values = points
        .iter()
        .flat_map(|point| [point.score.value, point.score.low, point.score.high])
        .flatten()
        .chain(panel.figure.goal.as_ref().map(|goal| goal.target));
    let axis = Values::around(values, answer.kpi, 5);
    let all = longest(&answer.series);
    let origin = all.first().map_or(0.0, |point| seconds(point.start));
    let x = |point: &Point| f64::midpoint(seconds(point.start), seconds(point.end)) - origin;
    let (first, last) = (x(&points[0]), x(&points[points.len() - 1]));
    let mut plot = room;
    plot.right -= 0.4 * unit;
    let scale = Scale {
        x: (first, last.max(first + 1.0)),
        y: (axis.low, axis.high),
        room: plot,
    };
    let colour = panel.palette.accent;
    if let Some(goal) = &panel.figure.goal {
        let ends = vec![(scale.x.0, goal.target), (scale.x.1, goal.target)];
        let line = PathElement::new(ends, stroke(panel.palette.goal, 1.0, 0.09 * unit));
        draw(sheet, &scale, Ink::Dashed(0.35 * unit), &line);
    }
    for run in runs(points) {
        let high = run
            .iter()
            .filter_map(|point| Some((x(point), point.score.high?)));
        let low = run
            .iter()
            .rev()
            .filter_map(|point| Some((x(point), point.score.low?)));
        let corners: Vec<_> = high.chain(low).collect();
        if corners.len() > 2 {
            let area = Polygon::new(corners, fill(colour, 0.18));
            draw(sheet, &scale, Ink::Solid, &area);
        }
        let at = |point: &Point| Some((x(point), point.score.value?));
        let n_firm = run.iter().filter(|point| point.is_complete).count();
        let firm: Vec<_> = run.iter().take(n_firm).filter_map(at).collect();
        if firm.len() > 1 {
            let line = PathElement::new(firm, stroke(colour, 1.0, 0.18 * unit));
            draw(sheet, &scale, Ink::Solid, &line);
        }
        let running: Vec<_> = run
            .iter()
            .skip(n_firm.saturating_sub(1))
            .filter_map(at)
            .collect();
        if running.len() > 1 && n_firm < run.len() {
            let line = PathElement::new(running, stroke(colour, 1.0, 0.18 * unit));
            draw(sheet, &scale, Ink::Dashed(0.28 * unit), &line);
        }
    }
    let newest = points
        .iter()
        .rev()
        .find(|point| point.score.value.is_some());
    if let Some((point, value)) = newest.and_then(|point| Some((point, point.score.value?))) {
        let dot = Circle::new((x(point), value), steps(0.3 * unit), fill(colour, 1.0));
        draw(sheet, &scale, Ink::Solid, &dot);
        if !point.is_complete {
            let paper = fill(panel.palette.paper, 1.0);
            let hole = Circle::new((x(point), value), steps(0.15 * unit), paper);
            draw(sheet, &scale, Ink::Solid, &hole);
        }
    }
}
