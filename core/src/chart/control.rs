//! `control`: a process over time: its centre, its limits, and the points that do not belong to it.
//!
//! Limits are solid where the baseline was worked out and dashed where it is only held against what
//! came later. A signal has the shape of its kind; red is for one that is confirmed and bad.

use std::borrow::Cow;

use plotters::element::{Circle, PathElement, Polygon};

use super::ends::{EndLabel, Sign, draw_ends, ends_px, whole_or_bare};
use super::facts::{self, State, is_higher_better};
use super::groups::{longest, runs};
use super::insight::{ControlFigure, Insight, Signal, SignalKind, Stretch};
use super::layout::{HEADLINE_UNITS, Panel, Place, Wants, compose};
use super::numerals;
use super::pen::{Ink, draw, fill, stroke};
use super::sheet::{Rect, Sheet, steps};
use super::theme::Rgb;
use super::timeline::{Asks, Happened, Happening, Timeline};
use super::trend::empty_plot;
use crate::kpi::{Base, Point};

/// Points that still have a dot each; more are a line.
const DOTS_MAX: usize = 80;

/// Greatest share of the picture for the labels at the right.
const ENDS_SHARE: f64 = 0.3;

/// Draws the figure onto the sheet.
pub(super) fn draw_control(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: 6.4,
        plot_units_least: 6.4,
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    let points = points(panel);
    let has_values = points.iter().any(|point| point.score.value.is_some());
    if !has_values || panel.facts.state == State::NoAnswers {
        return empty_plot(sheet, panel, place.plot);
    }
    Control::new(sheet, panel, points, place).draw(sheet);
}

/// Returns the points of the process: of an answer in groups there are none.
fn points<'a>(panel: &'a Panel<'_>) -> &'a [Point] {
    match &panel.figure.answer.series[..] {
        [one] => longest(std::slice::from_ref(one)),
        _ => &[],
    }
}

struct Control<'a> {
    panel: &'a Panel<'a>,
    time: Timeline<'a>,
    points: &'a [Point],
    /// What belongs to the process; `None` where that could not be worked out.
    process: Option<&'a ControlFigure>,
    ends: Vec<EndLabel>,
}

impl<'a> Control<'a> {
    fn new(sheet: &Sheet<'_>, panel: &'a Panel<'a>, points: &'a [Point], place: Place) -> Self {
        let process = match facts::shown(panel.figure, panel.facts.state) {
            Some(Insight::Control(process)) => Some(process),
            _ => None,
        };
        let ends = end_labels(panel, points, process);
        let ends = whole_or_bare(sheet, panel, ends, ENDS_SHARE);
        let is_rebased = process.is_some_and(|process| process.stretches.len() > 1);
        let asks = Asks {
            points: Cow::Borrowed(points),
            labels_px: ends_px(sheet, panel, &ends, ENDS_SHARE),
            has_happenings: !panel.figure.events.is_empty() || is_rebased,
        };
        let limits = process.into_iter().flat_map(|process| &process.limits);
        let limits = limits.flatten().flat_map(|(low, high)| [*low, *high]);
        let scores = points.iter().filter_map(|point| point.score.value);
        Self {
            panel,
            time: Timeline::new(sheet, panel, place.plot, asks, scores.chain(limits)),
            points,
            process,
            ends,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        self.time.grid(sheet);
        self.time.running_buckets(sheet);
        let found: Vec<Happening> = self.rebasings().chain(self.time.events()).collect();
        let right = self.time.room.right;
        for stretch in self.stretches() {
            self.limits(sheet, stretch);
        }
        self.time.happenings(sheet, &found, right);
        self.line(sheet);
        for signal in self.process.iter().flat_map(|process| &process.signals) {
            self.signal(sheet, signal);
        }
        self.end_labels(sheet);
        self.time.dates(sheet);
    }

    fn stretches(&self) -> &[Stretch] {
        self.process.map_or(&[], |process| &process.stretches)
    }

    /// Returns a label for each baseline but the first.
    fn rebasings(&self) -> impl Iterator<Item = Happening> {
        let later = self.stretches().iter().skip(1);
        later.filter_map(|stretch| {
            Some(Happening {
                x: self.time.x_at(self.points.get(stretch.from)?.start),
                label: self.panel.style.language.findings().rebased.to_owned(),
                kind: Happened::Found,
            })
        })
    }

    fn limit(&self, at: usize) -> Option<(f64, f64)> {
        self.process?.limits.get(at).copied().flatten()
    }

    /// Draws the soft ground between the limits of a stretch, their edges and its centre.
    fn limits(&self, sheet: &mut Sheet<'_>, stretch: &Stretch) {
        let palette = self.panel.palette;
        let unit = self.panel.unit;
        let scale = &self.time.scale;
        let to = stretch.to.min(self.points.len());
        let baseline_to = stretch.baseline_to.clamp(stretch.from.min(to), to);
        self.each_run((stretch.from, to), |run| {
            let mut ground = self.edge(run, |limit| limit.0);
            ground.extend(self.edge(run, |limit| limit.1).into_iter().rev());
            let area = Polygon::new(ground, fill(palette.neutral, 0.16));
            draw(sheet, scale, Ink::Solid, &area);
        });
        for (part, ink) in [
            ((stretch.from, baseline_to), Ink::Solid),
            ((baseline_to, to), Ink::Dashed(0.3 * unit)),
        ] {
            self.each_run(part, |run| {
                for pick in [|limit: (f64, f64)| limit.0, |limit: (f64, f64)| limit.1] {
                    let style = stroke(palette.neutral, 1.0, 0.1 * unit);
                    let line = PathElement::new(self.edge(run, pick), style);
                    draw(sheet, scale, ink.clone(), &line);
                }
            });
        }
        let ends = [self.points.get(stretch.from), self.points[..to].last()];
        if let [Some(first), Some(last)] = ends {
            let ends = [self.time.x_at(first.start), self.time.x_at(last.end)];
            let path = ends.map(|x| (x, stretch.centre)).to_vec();
            let line = PathElement::new(path, stroke(palette.muted, 1.0, 0.1 * unit));
            draw(sheet, scale, Ink::Solid, &line);
        }
    }

    /// Calls with each run of positions that have limits.
    fn each_run(&self, (from, to): (usize, usize), mut then: impl FnMut(&[usize])) {
        let known: Vec<usize> = (from..to).filter(|at| self.limit(*at).is_some()).collect();
        known
            .chunk_by(|one, next| one + 1 == *next)
            .for_each(&mut then);
    }

    /// Returns one edge of the limits: each bucket has its own, for few answers a wide one.
    fn edge(&self, run: &[usize], pick: impl Fn((f64, f64)) -> f64) -> Vec<(f64, f64)> {
        let corners = run.iter().filter_map(|at| {
            let point = self.points.get(*at)?;
            let value = pick(self.limit(*at)?);
            let ends = [self.time.x_at(point.start), self.time.x_at(point.end)];
            Some(ends.map(|x| (x, value)))
        });
        corners.flatten().collect()
    }

    fn line(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let colour = self.panel.palette.accent;
        for run in runs(self.points) {
            let at = |point: &Point| Some((self.time.x(point), point.score.value?));
            let path: Vec<(f64, f64)> = run.iter().filter_map(at).collect();
            if path.len() > 1 {
                let line = PathElement::new(path, stroke(colour, 1.0, 0.13 * unit));
                draw(sheet, &self.time.scale, Ink::Solid, &line);
            }
        }
        let is_dotted = self.points.len() <= DOTS_MAX;
        for point in self.points {
            let Some(value) = point.score.value else {
                continue;
            };
            let is_hollow = point.score.base == Base::Low || !point.is_complete;
            if is_dotted || is_hollow {
                let at = (self.time.x(point), value);
                self.dot(sheet, at, 0.22, colour);
                if is_hollow {
                    self.dot(sheet, at, 0.11, self.panel.palette.paper);
                }
            }
        }
    }

    fn dot(&self, sheet: &mut Sheet<'_>, at: (f64, f64), radius_units: f64, colour: Rgb) {
        let radius = steps(radius_units * self.panel.unit);
        let dot = Circle::new(at, radius, fill(colour, 1.0));
        draw(sheet, &self.time.scale, Ink::Solid, &dot);
    }

    /// Draws a signal over its point: a diamond beyond a limit, a square in a run, hollow for a
    /// hint.
    fn signal(&self, sheet: &mut Sheet<'_>, signal: &Signal) {
        let Some(point) = self.points.get(signal.at) else {
            return;
        };
        let Some(value) = point.score.value else {
            return;
        };
        let palette = self.panel.palette;
        let unit = self.panel.unit;
        let scale = &self.time.scale;
        let (x, y) = (scale.x_px(self.time.x(point)), scale.y_px(value));
        let colour = match is_higher_better(self.panel.figure) {
            Some(is_better) if is_better == signal.is_high => palette.good,
            Some(_) => palette.signal,
            None => palette.ink,
        };
        let diamond = |r: f64| [(x, y - r), (x + r, y), (x, y + r), (x - r, y)];
        let square = |r: f64| {
            [
                (x - r, y - r),
                (x + r, y - r),
                (x + r, y + r),
                (x - r, y + r),
            ]
        };
        match signal.kind {
            SignalKind::Beyond => {
                sheet.polygon(&diamond(0.66 * unit), palette.paper);
                sheet.polygon(&diamond(0.54 * unit), colour);
            }
            SignalKind::Run => {
                sheet.polygon(&square(0.44 * unit), palette.paper);
                sheet.polygon(&square(0.35 * unit), colour);
            }
            SignalKind::Hint => {
                sheet.polygon(&diamond(0.5 * unit), palette.ink);
                sheet.polygon(&diamond(0.3 * unit), palette.paper);
            }
        }
    }

    fn end_labels(&self, sheet: &mut Sheet<'_>) {
        let room = self.time.scale.room;
        let column = Rect {
            left: room.right,
            top: room.top + 0.5 * self.panel.unit,
            right: self.time.room.right,
            bottom: room.bottom,
        };
        let wishes: Vec<f64> = self
            .ends
            .iter()
            .map(|end| self.time.scale.y_px(end.value))
            .collect();
        draw_ends(sheet, self.panel, &self.ends, &wishes, column, Sign::None);
    }
}

/// Returns the names of the centre and of the limits that hold now, or without any the last value.
fn end_labels(
    panel: &Panel<'_>,
    points: &[Point],
    process: Option<&ControlFigure>,
) -> Vec<EndLabel> {
    let language = panel.style.language;
    let words = language.findings();
    let kpi = panel.figure.answer.kpi;
    let label = |name: &str, value: f64, colour: Rgb, is_strong: bool| EndLabel {
        name: name.to_owned(),
        shown: numerals::short_value(value, kpi, language),
        value,
        colour,
        is_strong,
    };
    let newest = points.iter().rev().find_map(|point| point.score.value);
    let Some(process) = process.filter(|process| !process.stretches.is_empty()) else {
        let newest = newest.map(|value| label("", value, panel.palette.accent, true));
        return newest.into_iter().collect();
    };
    let limits = process.limits.iter().take(points.len());
    let limit = limits.rev().find_map(|limit| *limit);
    let centre = process.stretches.last().map(|stretch| stretch.centre);
    let (muted, ink) = (panel.palette.muted, panel.palette.ink);
    let centre = centre.map(|value| label(words.centre, value, ink, false));
    let edges = limit.map(|(low, high)| {
        [
            label(words.upper, high, muted, false),
            label(words.lower, low, muted, false),
        ]
    });
    centre
        .into_iter()
        .chain(edges.into_iter().flatten())
        .collect()
}
