//! `stack`: shares of each class of answers over time, or by group.

use plotters::element::Rectangle;

use super::axis::Values;
use super::calendar::draw_time_axis;
use super::classes::Classes;
use super::ends::{EndLabel, GAP, Sign, draw_ends, ends_px};
use super::facts::State;
use super::groups::{SERIES_MAX, longest, seconds, series_colour, series_name};
use super::layout::{HEADLINE_UNITS, Panel, Place, Wants, compose};
use super::numerals;
use super::pen::{Ink, Scale, draw, fill};
use super::sheet::{Align, Rect, Sheet};
use super::theme::Rgb;
use super::trend::empty_plot;
use crate::kpi::Point;

/// Part of a bucket's width that a bar fills.
const BAR_SHARE: f64 = 0.82;

/// More layers than this may need label room above the plot.
const CROWD_MIN: usize = 3;

/// One colour of every bar, from the bottom upwards.
struct Layer {
    name: String,
    colour: Rgb,
    /// One value per bucket; `None` where there is nothing to show.
    values: Vec<Option<f64>>,
}

/// Draws the figure onto the sheet.
pub(super) fn draw_stack(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let answer = &panel.figure.answer;
    let scores = answer.series.iter().flat_map(|series| {
        let points = series.points.iter().map(|point| &point.score);
        points.chain([&series.total])
    });
    let classes = Classes::of(panel, scores);
    let has_shares = !classes.is_empty();
    if answer.series.len() > 1 && has_shares {
        return super::shares::draw_shares(sheet, panel);
    }
    let is_share = has_shares;
    let layers = if is_share {
        share_layers(panel, &classes)
    } else {
        group_layers(panel)
    };
    let ends: Vec<EndLabel> = layers
        .iter()
        .map(|layer| EndLabel {
            name: layer.name.clone(),
            shown: end_value(panel, layer, is_share),
            value: 0.0,
            colour: layer.colour,
            is_strong: false,
        })
        .collect();
    let labels_px = ends_px(sheet, panel, &ends, 0.42);
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: 6.4,
        plot_units_least: 6.4,
        labels_px: if layers.len() > CROWD_MIN {
            labels_px
        } else {
            0.0
        },
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    let is_empty = layers
        .iter()
        .all(|layer| layer.values.iter().all(Option::is_none));
    if is_empty || panel.facts.state == State::NoAnswers {
        return empty_plot(sheet, panel, place.plot);
    }
    let stack = Stack {
        panel,
        layers,
        ends,
        is_share,
        points: longest(&answer.series),
    };
    stack.draw(sheet, place, labels_px);
}

struct Stack<'a> {
    panel: &'a Panel<'a>,
    layers: Vec<Layer>,
    ends: Vec<EndLabel>,
    is_share: bool,
    points: &'a [Point],
}

impl Stack<'_> {
    fn draw(&self, sheet: &mut Sheet<'_>, place: Place, labels_px: f64) {
        let unit = self.panel.unit;
        let room = place.plot;
        let mut plot = room;
        // Everybody knows where 0 and 100 % are; labels need the room more.
        let width_min = if self.is_share { 24.0 } else { 12.0 } * unit;
        let has_axis = room.width() > width_min && room.height() > 2.8 * unit;
        if has_axis {
            plot.top += 0.55 * unit;
        }
        if room.height() > 4.5 * unit {
            plot.bottom -= 1.8 * unit;
        }
        let high = if self.is_share { 100.0 } else { self.highest() };
        let axis = Values::from_zero(high, Values::ticks_max(plot.height(), unit));
        let language = self.panel.style.language;
        let look = self.panel.label();
        let label = |tick: f64| axis.label(tick, self.is_share, language);
        if has_axis {
            let widths = axis
                .ticks
                .iter()
                .map(|tick| sheet.width(&label(*tick), &look));
            plot.left += widths.fold(0.0, f64::max) + 0.7 * unit;
        }
        if room.width() > 14.0 * unit {
            plot.right -= labels_px + GAP * unit;
        }
        let origin = self
            .points
            .first()
            .map_or(0.0, |point| seconds(point.start));
        let end = self.points.last().map_or(1.0, |point| seconds(point.end));
        let scale = Scale {
            x: (0.0, (end - origin).max(1.0)),
            y: (axis.low, axis.high),
            room: plot,
        };
        for &tick in axis.ticks.iter().filter(|_| has_axis) {
            let baseline = scale.y_px(tick) + look.cap_px() / 2.0;
            let right = plot.left - 0.6 * unit;
            sheet.text(&label(tick), (right, baseline), &look, Align::End);
        }
        for idx in 0..self.points.len() {
            self.bar(sheet, &scale, origin, idx);
        }
        let centre = |idx: usize| {
            let point: &Point = &self.points[idx];
            scale.x_px(f64::midpoint(seconds(point.start), seconds(point.end)) - origin)
        };
        if room.bottom - plot.bottom >= unit {
            draw_time_axis(sheet, self.panel, self.points, room, centre);
        }
        self.end_labels(sheet, &scale, place);
    }

    fn highest(&self) -> f64 {
        (0..self.points.len())
            .map(|idx| {
                let values = self.layers.iter().filter_map(|layer| layer.values[idx]);
                values.sum::<f64>()
            })
            .fold(0.0, f64::max)
    }

    fn bar(&self, sheet: &mut Sheet<'_>, scale: &Scale, origin: f64, idx: usize) {
        let point = &self.points[idx];
        let (start, end) = (seconds(point.start) - origin, seconds(point.end) - origin);
        let inset = (end - start) * (1.0 - BAR_SHARE) / 2.0;
        let mut below = 0.0;
        for layer in &self.layers {
            let Some(value) = layer.values.get(idx).copied().flatten() else {
                continue;
            };
            let corners = [(start + inset, below), (end - inset, below + value)];
            let ink = if point.is_complete {
                Ink::Solid
            } else {
                Ink::Paint(sheet.hatch(layer.colour, self.panel.unit * 0.3))
            };
            draw(
                sheet,
                scale,
                ink,
                &Rectangle::new(corners, fill(layer.colour, 1.0)),
            );
            below += value;
        }
    }

    /// Names the layers beside the last bar, from its own heights.
    fn end_labels(&self, sheet: &mut Sheet<'_>, scale: &Scale, place: Place) {
        let Some(last) = last_idx(&self.layers) else {
            return;
        };
        let mut below = 0.0;
        let middle = |layer: &Layer| {
            let value = layer.values[last].unwrap_or(0.0);
            below += value;
            scale.y_px(below - value / 2.0)
        };
        let wishes: Vec<f64> = self.layers.iter().map(middle).collect();
        let is_crowded = self.layers.len() > CROWD_MIN;
        let column = Rect {
            left: scale.room.right,
            top: if is_crowded {
                place.labels_top + 0.6 * self.panel.unit
            } else {
                scale.room.top
            },
            right: place.plot.right,
            bottom: scale.room.bottom,
        };
        draw_ends(sheet, self.panel, &self.ends, &wishes, column, Sign::Square);
    }
}

/// Returns the last bucket with a bar.
fn last_idx(layers: &[Layer]) -> Option<usize> {
    layers
        .iter()
        .filter_map(|layer| layer.values.iter().rposition(Option::is_some))
        .max()
}

fn end_value(panel: &Panel<'_>, layer: &Layer, is_share: bool) -> String {
    let language = panel.style.language;
    match layer.values.iter().rev().find_map(|value| *value) {
        Some(value) if is_share => {
            let shown = numerals::number(value, 0, language);
            format!("{shown}{}%", numerals::THIN)
        }
        Some(value) => numerals::short_value(value, panel.figure.answer.kpi, language),
        None => String::new(),
    }
}

fn share_layers(panel: &Panel<'_>, classes: &Classes) -> Vec<Layer> {
    let points = longest(&panel.figure.answer.series);
    let rows: Vec<Option<Vec<f64>>> = points
        .iter()
        .map(|point| {
            let is_scored = point.score.value.is_some();
            classes.percents(&point.score).filter(|_| is_scored)
        })
        .collect();
    classes
        .iter()
        .enumerate()
        .map(|(idx, class)| Layer {
            name: class.label(panel.style.language),
            colour: class.colour,
            values: rows.iter().map(|row| Some(row.as_ref()?[idx])).collect(),
        })
        .collect()
}

fn group_layers(panel: &Panel<'_>) -> Vec<Layer> {
    let series = &panel.figure.answer.series;
    let is_split = series.len() > 1;
    series
        .iter()
        .enumerate()
        .take(SERIES_MAX)
        .map(|(idx, one)| Layer {
            name: if is_split {
                series_name(panel.words, one)
            } else {
                String::new()
            },
            colour: series_colour(panel, idx, one, is_split),
            values: one.points.iter().map(|point| point.score.value).collect(),
        })
        .collect()
}
