//! `trend`: lines with their interval, goal, events, and the bucket that is still running.

use plotters::element::{Circle, PathElement, Polygon, Rectangle};

use super::axis::Values;
use super::calendar::draw_time_axis;
use super::ends::{EndLabel, GAP, Sign, draw_ends, ends_px};
use super::facts::State;
use super::groups::{SERIES_MAX, longest, runs, seconds, series_colour, series_name};
use super::layout::{HEADLINE_UNITS, Panel, Place, Wants, compose};
use super::numerals;
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Align, Rect, Sheet};
use super::theme::Rgb;
use crate::kpi::{Base, Point, Series, Unit};

/// Draws the figure onto the sheet.
pub(super) fn draw_trend(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let answer = &panel.figure.answer;
    let is_split = answer.series.len() > 1;
    let ends = end_labels(panel, is_split);
    let labels_px = ends_px(sheet, panel, &ends, 0.3);
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: 6.4,
        plot_units_least: 6.4,
        labels_px: if is_split { labels_px } else { 0.0 },
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    let room = place.plot;
    let has_points = answer.series.iter().any(|series| !series.points.is_empty());
    if !has_points || panel.facts.state == State::NoAnswers {
        empty_plot(sheet, panel, room);
        return;
    }
    Trend::new(sheet, panel, place, labels_px, ends).draw(sheet);
}

/// A quiet plot for a picture without values: it says where they will be.
pub(super) fn empty_plot(sheet: &mut Sheet<'_>, panel: &Panel<'_>, room: Rect) {
    let scale = Scale {
        x: (0.0, 1.0),
        y: (0.0, 4.0),
        room,
    };
    for line in 0..=4 {
        let y = f64::from(line);
        let ink = if line == 0 {
            Ink::Solid
        } else {
            Ink::Dashed(panel.unit * 0.4)
        };
        let style = stroke(panel.palette.grid, 1.0, panel.unit * 0.05);
        draw(
            sheet,
            &scale,
            ink,
            &PathElement::new(vec![(0.0, y), (1.0, y)], style),
        );
    }
}

/// Height of the mark of an event without a label, as a share of the plot.
const TICK_SHARE: f64 = 0.06;

/// Letters of a shortened label that still say something.
const LABEL_LETTERS_MIN: usize = 8;

struct Trend<'a> {
    panel: &'a Panel<'a>,
    axis: Values,
    scale: Scale,
    origin_s: f64,
    room: Rect,
    labels_top: f64,
    ends: Vec<EndLabel>,
    is_split: bool,
}

impl<'a> Trend<'a> {
    fn new(
        sheet: &Sheet<'_>,
        panel: &'a Panel<'a>,
        place: Place,
        labels_px: f64,
        ends: Vec<EndLabel>,
    ) -> Self {
        let room = place.plot;
        let answer = &panel.figure.answer;
        let is_split = answer.series.len() > 1;
        let points = longest(&answer.series);
        let origin_s = points.first().map_or(0.0, |point| seconds(point.start));
        let end_s = points.last().map_or(1.0, |point| seconds(point.end));
        let unit = panel.unit;
        let mut plot = room;
        let has_axis = room.width() > 12.0 * unit && room.height() > 2.8 * unit;
        if has_axis {
            plot.top += 0.55 * unit;
        }
        if room.height() > 4.5 * unit {
            plot.bottom -= 1.65 * unit;
        }
        if !panel.figure.events.is_empty() {
            plot.top += 0.6 * unit;
        }
        let ticks_max = Values::ticks_max(plot.height(), unit);
        let axis = Values::around(values(panel, is_split), answer.kpi, ticks_max);
        if has_axis {
            let is_percent = answer.kpi.unit == Unit::Percent;
            let widest = axis
                .ticks
                .iter()
                .map(|tick| axis.label(*tick, is_percent, panel.style.language))
                .map(|text| sheet.width(&text, &panel.label()))
                .fold(0.0, f64::max);
            plot.left += widest + 0.7 * unit;
        }
        if labels_px > 0.0 && room.width() > 14.0 * unit {
            plot.right -= labels_px + GAP * unit;
        } else {
            plot.right -= 0.4 * unit;
        }
        let scale = Scale {
            x: (0.0, (end_s - origin_s).max(1.0)),
            y: (axis.low, axis.high),
            room: plot,
        };
        Self {
            panel,
            axis,
            scale,
            origin_s,
            room,
            labels_top: place.labels_top,
            ends,
            is_split,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        self.grid(sheet);
        self.running_buckets(sheet);
        self.events(sheet);
        self.goal_line(sheet);
        let series = &self.panel.figure.answer.series;
        for (idx, one) in series.iter().enumerate().take(SERIES_MAX).rev() {
            let colour = self.colour(idx, one);
            if !self.is_split {
                self.band(sheet, one, colour);
            }
            self.line(sheet, one, colour);
        }
        self.end_labels(sheet);
        self.time_axis(sheet);
    }

    fn colour(&self, idx: usize, series: &Series) -> Rgb {
        series_colour(self.panel, idx, series, self.is_split)
    }

    /// Centre of a bucket on the time axis.
    fn x(&self, point: &Point) -> f64 {
        f64::midpoint(seconds(point.start), seconds(point.end)) - self.origin_s
    }

    fn grid(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let has_labels = self.scale.room.left > self.room.left;
        let is_percent = self.panel.figure.answer.kpi.unit == Unit::Percent;
        for &tick in &self.axis.ticks {
            let is_zero = tick.abs() < 1e-9;
            let width = if is_zero { 0.09 } else { 0.045 } * unit;
            let style = stroke(self.panel.palette.grid, 1.0, width);
            let line =
                PathElement::new(vec![(self.scale.x.0, tick), (self.scale.x.1, tick)], style);
            draw(sheet, &self.scale, Ink::Solid, &line);
            if has_labels {
                let look = self.panel.label();
                let text = self.axis.label(tick, is_percent, self.panel.style.language);
                // The lowest label stands higher, clear of the time axis below.
                let lowest = self.scale.room.bottom + look.cap_px() / 4.0;
                let baseline = (self.scale.y_px(tick) + look.cap_px() / 2.0).min(lowest);
                let right = self.scale.room.left - 0.6 * unit;
                sheet.text(&text, (right, baseline), &look, Align::End);
            }
        }
    }

    /// Hatches the buckets at the end that have not ended or not matured: their values will still
    /// move.
    fn running_buckets(&self, sheet: &mut Sheet<'_>) {
        let points = longest(&self.panel.figure.answer.series);
        let running = points.iter().rev().take_while(|point| !point.is_complete);
        let (Some(first), Some(last)) = (running.last(), points.last()) else {
            return;
        };
        let paint = sheet.hatch(self.panel.palette.grid, self.panel.unit * 0.4);
        let corners = [
            (seconds(first.start) - self.origin_s, self.scale.y.0),
            (seconds(last.end) - self.origin_s, self.scale.y.1),
        ];
        let area = Rectangle::new(corners, fill(self.panel.palette.grid, 1.0));
        draw(sheet, &self.scale, Ink::Paint(paint), &area);
    }

    fn goal_line(&self, sheet: &mut Sheet<'_>) {
        let Some(goal) = &self.panel.figure.goal else {
            return;
        };
        let style = stroke(self.panel.palette.goal, 1.0, self.panel.unit * 0.09);
        let ends = vec![(self.scale.x.0, goal.target), (self.scale.x.1, goal.target)];
        let ink = Ink::Dashed(self.panel.unit * 0.35);
        draw(sheet, &self.scale, ink, &PathElement::new(ends, style));
    }

    fn events(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let look = self.panel.label();
        let mut free_from = self.scale.room.left;
        // The labels of a split may stand higher than the plot.
        let right = if self.is_split {
            self.scale.room.right
        } else {
            self.room.right
        };
        for event in &self.panel.figure.events {
            let x = seconds(event.at) - self.origin_s;
            if x < self.scale.x.0 || x > self.scale.x.1 {
                continue;
            }
            let left = self.scale.x_px(x);
            let text = sheet.fit(&event.label, &look, (right - left).min(14.0 * unit));
            // A label that would meet its neighbour is left out; its mark shrinks to a tick, so
            // that many events do not hide the line they are meant to explain.
            let is_told = text == event.label || text.chars().count() >= LABEL_LETTERS_MIN;
            let is_labelled = left >= free_from && is_told && !text.is_empty();
            let (low, high) = self.scale.y;
            let top = if is_labelled {
                high
            } else {
                low + (high - low) * TICK_SHARE
            };
            let style = stroke(self.panel.palette.muted, 0.7, unit * 0.06);
            let line = PathElement::new(vec![(x, low), (x, top)], style);
            draw(sheet, &self.scale, Ink::Dashed(unit * 0.2), &line);
            if is_labelled {
                let baseline = self.scale.room.top - 0.45 * unit;
                let width = sheet.text(&text, (left, baseline), &look, Align::Start);
                free_from = left + width + unit;
            }
        }
    }

    fn band(&self, sheet: &mut Sheet<'_>, series: &Series, colour: Rgb) {
        for run in runs(&series.points) {
            let edge = |pick: fn(&Point) -> Option<f64>| {
                run.iter()
                    .filter_map(move |point| Some((self.x(point), pick(point)?)))
            };
            let mut corners: Vec<(f64, f64)> = edge(|point| point.score.high).collect();
            let mut below: Vec<(f64, f64)> = edge(|point| point.score.low).collect();
            if corners.len() == 1 && below.len() == 1 {
                let style = stroke(colour, 0.5, self.panel.unit * 0.12);
                let whisker = PathElement::new(vec![corners[0], below[0]], style);
                draw(sheet, &self.scale, Ink::Solid, &whisker);
                continue;
            }
            below.reverse();
            corners.extend(below);
            if corners.len() > 2 {
                let area = Polygon::new(corners, fill(colour, 0.2));
                draw(sheet, &self.scale, Ink::Solid, &area);
            }
        }
    }

    fn line(&self, sheet: &mut Sheet<'_>, series: &Series, colour: Rgb) {
        let unit = self.panel.unit;
        let width = if self.is_split { 0.15 } else { 0.18 } * unit;
        let newest = series
            .points
            .iter()
            .rev()
            .find(|point| point.score.value.is_some())
            .map(|point| point.end);
        for run in runs(&series.points) {
            let at = |point: &Point| Some((self.x(point), point.score.value?));
            let firm: Vec<_> = run
                .iter()
                .filter(|it| it.is_complete)
                .filter_map(at)
                .collect();
            let n_firm = firm.len();
            if n_firm > 1 {
                let line = PathElement::new(firm, stroke(colour, 1.0, width));
                draw(sheet, &self.scale, Ink::Solid, &line);
            }
            let running: Vec<_> = run
                .iter()
                .skip(n_firm.saturating_sub(1))
                .filter_map(at)
                .collect();
            if running.len() > 1 {
                let line = PathElement::new(running, stroke(colour, 1.0, width));
                draw(sheet, &self.scale, Ink::Dashed(unit * 0.28), &line);
            }
            for (idx, point) in run.iter().enumerate() {
                let is_last = idx + 1 == run.len() && Some(point.end) == newest;
                let is_marked = point.score.base == Base::Low || !point.is_complete;
                if is_marked || is_last || run.len() == 1 {
                    self.dot(sheet, point, colour, is_marked);
                }
            }
        }
    }

    /// Hollow dots are values that rest on little or may still move.
    fn dot(&self, sheet: &mut Sheet<'_>, point: &Point, colour: Rgb, is_hollow: bool) {
        let Some(value) = point.score.value else {
            return;
        };
        let unit = self.panel.unit;
        let at = (self.x(point), value);
        let radius = super::sheet::steps(if is_hollow { 0.2 } else { 0.26 } * unit);
        draw(
            sheet,
            &self.scale,
            Ink::Solid,
            &Circle::new(at, radius, fill(colour, 1.0)),
        );
        if is_hollow {
            let inner = super::sheet::steps(0.1 * unit);
            let paper = fill(self.panel.palette.paper, 1.0);
            draw(
                sheet,
                &self.scale,
                Ink::Solid,
                &Circle::new(at, inner, paper),
            );
        }
    }

    fn end_labels(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let room = self.scale.room;
        let column = Rect {
            left: room.right,
            top: if self.is_split {
                self.labels_top + 0.6 * unit
            } else {
                room.top + 0.5 * unit
            },
            right: self.room.right,
            bottom: room.bottom,
        };
        let sign = if self.is_split {
            Sign::Line
        } else {
            Sign::None
        };
        let wish = |end: &EndLabel| self.scale.y_px(end.value);
        let wishes: Vec<f64> = self.ends.iter().map(wish).collect();
        draw_ends(sheet, self.panel, &self.ends, &wishes, column, sign);
    }

    fn time_axis(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        if self.room.bottom - self.scale.room.bottom < unit {
            return;
        }
        let answer = &self.panel.figure.answer;
        let points = longest(&answer.series);
        draw_time_axis(sheet, self.panel, points, self.room, |idx| {
            self.scale.x_px(self.x(&points[idx]))
        });
    }
}

fn end_labels(panel: &Panel<'_>, is_split: bool) -> Vec<EndLabel> {
    let answer = &panel.figure.answer;
    let language = panel.style.language;
    let last = |series: &Series| {
        series
            .points
            .iter()
            .rev()
            .find_map(|point| point.score.value)
    };
    let mut ends: Vec<EndLabel> = answer
        .series
        .iter()
        .enumerate()
        .take(SERIES_MAX)
        .filter_map(|(idx, series)| {
            let value = last(series)?;
            let shown = numerals::short_value(value, answer.kpi, language);
            let name = if is_split {
                series_name(panel.words, series)
            } else {
                String::new()
            };
            Some(EndLabel {
                name,
                shown,
                value,
                colour: series_colour(panel, idx, series, is_split),
                is_strong: !is_split,
            })
        })
        .collect();
    if let Some(goal) = &panel.figure.goal {
        ends.push(EndLabel {
            name: panel.words.goal.to_owned(),
            shown: numerals::short_value(goal.target, answer.kpi, language),
            value: goal.target,
            colour: panel.palette.goal,
            is_strong: false,
        });
    }
    ends
}

fn values<'a>(panel: &'a Panel<'_>, is_split: bool) -> impl Iterator<Item = f64> + 'a {
    let scores = panel
        .figure
        .answer
        .series
        .iter()
        .flat_map(|series| &series.points)
        .map(|point| &point.score);
    scores
        .flat_map(move |score| {
            let ends = if is_split {
                [None, None]
            } else {
                [score.low, score.high]
            };
            [score.value, ends[0], ends[1]]
        })
        .flatten()
        .chain(panel.figure.goal.as_ref().map(|goal| goal.target))
}
