//! `trend`: lines with their interval, goal, events, and the bucket that is still running.

mod outlook;

use plotters::element::{Circle, PathElement, Polygon};

use super::ends::{EndLabel, Sign, draw_ends, ends_px};
use super::facts::{self, State};
use super::groups::{SERIES_MAX, runs, series_colour, series_name};
use super::insight::{Insight, TrendFigure};
use super::layout::{HEADLINE_UNITS, Panel, Place, Wants, compose};
use super::numerals;
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Rect, Sheet};
use super::theme::Rgb;
use super::timeline::{Asks, Timeline};
use crate::kpi::{Base, Point, Series};

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

struct Trend<'a> {
    panel: &'a Panel<'a>,
    time: Timeline<'a>,
    labels_top: f64,
    ends: Vec<EndLabel>,
    is_split: bool,
    /// What was found about the one line; `None` of several.
    found: Option<&'a TrendFigure>,
}

impl<'a> Trend<'a> {
    fn new(
        sheet: &Sheet<'_>,
        panel: &'a Panel<'a>,
        place: Place,
        labels_px: f64,
        ends: Vec<EndLabel>,
    ) -> Self {
        let is_split = panel.figure.answer.series.len() > 1;
        let found = found(panel);
        let asks = Asks {
            points: outlook::buckets(panel, found),
            labels_px,
            has_happenings: !panel.figure.events.is_empty()
                || found.is_some_and(|found| !found.shifts.is_empty()),
        };
        let values = values(panel, is_split).chain(outlook::values(found));
        Self {
            panel,
            time: Timeline::new(sheet, panel, place.plot, asks, values),
            labels_top: place.labels_top,
            ends,
            is_split,
            found,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        self.time.grid(sheet);
        self.time.running_buckets(sheet);
        self.happenings(sheet);
        self.goal_line(sheet);
        self.fan(sheet);
        let series = &self.panel.figure.answer.series;
        for (idx, one) in series.iter().enumerate().take(SERIES_MAX).rev() {
            let colour = self.colour(idx, one);
            if !self.is_split {
                self.band(sheet, one, colour);
            }
            self.line(sheet, one, colour);
        }
        self.levels(sheet);
        self.end_labels(sheet);
        self.time.dates(sheet);
    }

    fn happenings(&self, sheet: &mut Sheet<'_>) {
        // The labels of a split may stand higher than the plot.
        let right = match self.is_split {
            true => self.time.scale.room.right,
            false => self.time.room.right,
        };
        let found: Vec<_> = self.shifts().chain(self.time.events()).collect();
        self.time.happenings(sheet, &found, right);
    }

    fn colour(&self, idx: usize, series: &Series) -> Rgb {
        series_colour(self.panel, idx, series, self.is_split)
    }

    fn goal_line(&self, sheet: &mut Sheet<'_>) {
        let Some(goal) = &self.panel.figure.goal else {
            return;
        };
        let style = stroke(self.panel.palette.goal, 1.0, self.panel.unit * 0.09);
        let ends = vec![
            (self.time.scale.x.0, goal.target),
            (self.time.scale.x.1, goal.target),
        ];
        let ink = Ink::Dashed(self.panel.unit * 0.35);
        draw(sheet, &self.time.scale, ink, &PathElement::new(ends, style));
    }

    fn band(&self, sheet: &mut Sheet<'_>, series: &Series, colour: Rgb) {
        for run in runs(&series.points) {
            let edge = |pick: fn(&Point) -> Option<f64>| {
                run.iter()
                    .filter_map(move |point| Some((self.time.x(point), pick(point)?)))
            };
            let mut corners: Vec<(f64, f64)> = edge(|point| point.score.high).collect();
            let mut below: Vec<(f64, f64)> = edge(|point| point.score.low).collect();
            if corners.len() == 1 && below.len() == 1 {
                let style = stroke(colour, 0.5, self.panel.unit * 0.12);
                let whisker = PathElement::new(vec![corners[0], below[0]], style);
                draw(sheet, &self.time.scale, Ink::Solid, &whisker);
                continue;
            }
            below.reverse();
            corners.extend(below);
            if corners.len() > 2 {
                let area = Polygon::new(corners, fill(colour, 0.2));
                draw(sheet, &self.time.scale, Ink::Solid, &area);
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
            let at = |point: &Point| Some((self.time.x(point), point.score.value?));
            let firm: Vec<_> = run
                .iter()
                .filter(|it| it.is_complete)
                .filter_map(at)
                .collect();
            let n_firm = firm.len();
            if n_firm > 1 {
                let line = PathElement::new(firm, stroke(colour, 1.0, width));
                draw(sheet, &self.time.scale, Ink::Solid, &line);
            }
            let running: Vec<_> = run
                .iter()
                .skip(n_firm.saturating_sub(1))
                .filter_map(at)
                .collect();
            if running.len() > 1 {
                let line = PathElement::new(running, stroke(colour, 1.0, width));
                draw(sheet, &self.time.scale, Ink::Dashed(unit * 0.28), &line);
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
        let at = (self.time.x(point), value);
        let radius = super::sheet::steps(if is_hollow { 0.2 } else { 0.26 } * unit);
        draw(
            sheet,
            &self.time.scale,
            Ink::Solid,
            &Circle::new(at, radius, fill(colour, 1.0)),
        );
        if is_hollow {
            let inner = super::sheet::steps(0.1 * unit);
            let paper = fill(self.panel.palette.paper, 1.0);
            draw(
                sheet,
                &self.time.scale,
                Ink::Solid,
                &Circle::new(at, inner, paper),
            );
        }
    }

    fn end_labels(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let room = self.time.scale.room;
        let column = Rect {
            left: room.right,
            top: if self.is_split {
                self.labels_top + 0.6 * unit
            } else {
                room.top + 0.5 * unit
            },
            right: self.time.room.right,
            bottom: room.bottom,
        };
        let sign = if self.is_split {
            Sign::Line
        } else {
            Sign::None
        };
        let wish = |end: &EndLabel| self.time.scale.y_px(end.value);
        let wishes: Vec<f64> = self.ends.iter().map(wish).collect();
        draw_ends(sheet, self.panel, &self.ends, &wishes, column, sign);
    }
}

/// Returns what was found about the one line of an answer.
fn found<'a>(panel: &'a Panel<'_>) -> Option<&'a TrendFigure> {
    let is_split = panel.figure.answer.series.len() > 1;
    match facts::shown(panel.figure, panel.facts.state) {
        Some(Insight::Trend(found)) if !is_split => Some(found),
        _ => None,
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
    if let Some(expected) = outlook::end_label(panel) {
        // The line ends in what is expected: the newest value is in the headline.
        ends = vec![expected];
    }
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
