//! A plot over time: values at the left, dates below, what happened above.

use std::borrow::Cow;

use plotters::element::{PathElement, Rectangle};

use super::axis::Values;
use super::calendar::draw_time_axis;
use super::ends::GAP;
use super::grid::{draw_across, labels_px};
use super::groups::{longest, seconds};
use super::layout::Panel;
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Align, Rect, Sheet};
use super::space::fit_telling;
use crate::kpi::{Point, Unit};

/// Height of the mark of an event without a label, as a share of the plot.
const TICK_SHARE: f64 = 0.06;

/// Greatest width of the label of an event, in units.
const LABEL_UNITS_MAX: f64 = 14.0;

/// A plot over time.
pub(super) struct Timeline<'a> {
    pub(super) panel: &'a Panel<'a>,
    pub(super) scale: Scale,
    /// The plot with its axes.
    pub(super) room: Rect,
    axis: Values,
    points: Cow<'a, [Point]>,
    origin_s: f64,
}

/// What a plot over time shows.
pub(super) struct Asks<'a> {
    /// The buckets on its axis.
    pub(super) points: Cow<'a, [Point]>,
    /// Room for labels at the right.
    pub(super) labels_px: f64,
    /// Whether something happened that has a label above.
    pub(super) has_happenings: bool,
}

/// Something that happened, or that was found to have happened.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Happening {
    /// Place on the time axis.
    pub(super) x: f64,
    pub(super) label: String,
    pub(super) kind: Happened,
}

/// What a line up through the plot stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Happened {
    /// Something that people noted.
    Event,
    /// A confirmed move of the level, or a new baseline.
    Found,
    /// A move that is not confirmed.
    Suspected,
}

impl<'a> Timeline<'a> {
    pub(super) fn new(
        sheet: &Sheet<'_>,
        panel: &'a Panel<'a>,
        room: Rect,
        asks: Asks<'a>,
        values: impl Iterator<Item = f64>,
    ) -> Self {
        let answer = &panel.figure.answer;
        let points = asks.points;
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
        if asks.has_happenings {
            plot.top += 0.6 * unit;
        }
        let ticks_max = Values::ticks_max(plot.height(), unit);
        let axis = Values::around(values, answer.kpi, ticks_max);
        if has_axis {
            plot.left += labels_px(sheet, panel, &axis, answer.kpi.unit == Unit::Percent);
        }
        if asks.labels_px > 0.0 && room.width() > 14.0 * unit {
            plot.right -= asks.labels_px + GAP * unit;
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
            scale,
            room,
            axis,
            points,
            origin_s,
        }
    }

    /// Centre of a bucket on the time axis.
    pub(super) fn x(&self, point: &Point) -> f64 {
        f64::midpoint(self.x_at(point.start), self.x_at(point.end))
    }

    /// Place of an instant on the time axis.
    pub(super) fn x_at(&self, at: jiff::Timestamp) -> f64 {
        seconds(at) - self.origin_s
    }

    pub(super) fn grid(&self, sheet: &mut Sheet<'_>) {
        let has_labels = self.scale.room.left > self.room.left;
        let is_percent = self.panel.figure.answer.kpi.unit == Unit::Percent;
        let axis = (&self.axis, &self.scale);
        draw_across(sheet, self.panel, axis, is_percent, has_labels);
    }

    /// Hatches the buckets at the end that have not ended or not matured: their values will still
    /// move.
    pub(super) fn running_buckets(&self, sheet: &mut Sheet<'_>) {
        let points = longest(&self.panel.figure.answer.series);
        let running = points.iter().rev().take_while(|point| !point.is_complete);
        let (Some(first), Some(last)) = (running.last(), points.last()) else {
            return;
        };
        let paint = sheet.hatch(self.panel.palette.grid, self.panel.unit * 0.4);
        let corners = [
            (self.x_at(first.start), self.scale.y.0),
            (self.x_at(last.end), self.scale.y.1),
        ];
        let area = Rectangle::new(corners, fill(self.panel.palette.grid, 1.0));
        draw(sheet, &self.scale, Ink::Paint(paint), &area);
    }

    /// Returns the events of the figure.
    pub(super) fn events(&self) -> impl Iterator<Item = Happening> {
        let events = self.panel.figure.events.iter();
        events.map(|event| Happening {
            x: self.x_at(event.at),
            label: event.label.clone(),
            kind: Happened::Event,
        })
    }

    /// Draws a line up through the plot for each of what happened, the first ones labelled first;
    /// labels end at `right`.
    pub(super) fn happenings(&self, sheet: &mut Sheet<'_>, happenings: &[Happening], right: f64) {
        let mut taken: Vec<(f64, f64)> = Vec::new();
        let unit = self.panel.unit;
        for one in happenings {
            if one.x < self.scale.x.0 || one.x > self.scale.x.1 {
                continue;
            }
            let left = self.scale.x_px(one.x);
            let look = match one.kind {
                Happened::Event => self.panel.label(),
                Happened::Found | Happened::Suspected => {
                    self.panel.label().coloured(self.panel.palette.ink)
                }
            };
            let next = taken.iter().map(|room| room.0).filter(|from| *from > left);
            let right = next.map(|from| from - unit).fold(right, f64::min);
            let width = (right - left).min(LABEL_UNITS_MAX * unit);
            // A label that would meet its neighbour is left out; its mark shrinks to a tick, so
            // that many events do not hide the line they are meant to explain.
            let text = fit_telling(sheet, &one.label, &look, width);
            let is_free = taken
                .iter()
                .all(|room| left >= room.1 + unit || left < room.0);
            let is_labelled = is_free && !text.is_empty();
            self.line_up(sheet, one, is_labelled);
            if is_labelled {
                let baseline = self.scale.room.top - 0.45 * unit;
                let width = sheet.text(&text, (left, baseline), &look, Align::Start);
                taken.push((left, left + width));
            }
        }
    }

    fn line_up(&self, sheet: &mut Sheet<'_>, one: &Happening, is_labelled: bool) {
        let unit = self.panel.unit;
        let (low, high) = self.scale.y;
        let top = match is_labelled || one.kind != Happened::Event {
            true => high,
            false => low + (high - low) * TICK_SHARE,
        };
        let (style, ink) = match one.kind {
            Happened::Event => (
                stroke(self.panel.palette.muted, 0.7, unit * 0.06),
                Ink::Dashed(unit * 0.2),
            ),
            Happened::Found => (stroke(self.panel.palette.ink, 0.8, unit * 0.1), Ink::Solid),
            Happened::Suspected => (
                stroke(self.panel.palette.ink, 0.8, unit * 0.08),
                Ink::Dashed(unit * 0.4),
            ),
        };
        let line = PathElement::new(vec![(one.x, low), (one.x, top)], style);
        draw(sheet, &self.scale, ink, &line);
    }

    pub(super) fn dates(&self, sheet: &mut Sheet<'_>) {
        if self.room.bottom - self.scale.room.bottom < self.panel.unit {
            return;
        }
        let points = &self.points;
        draw_time_axis(sheet, self.panel, points, self.room, |idx| {
            self.scale.x_px(self.x(&points[idx]))
        });
    }
}
