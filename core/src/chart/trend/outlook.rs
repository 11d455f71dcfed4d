//! What was found about a line: where its level moved, and where it is expected to go.

use std::borrow::Cow;

use plotters::element::{PathElement, Polygon};

use super::{Trend, found};
use crate::chart::ends::EndLabel;
use crate::chart::groups::longest;
use crate::chart::insight::{ForecastPoint, Shift, TrendFigure};
use crate::chart::layout::Panel;
use crate::chart::numerals;
use crate::chart::pen::{Ink, draw, fill, stroke};
use crate::chart::sheet::Sheet;
use crate::chart::timeline::{Happened, Happening};
use crate::chart::words::filled;
use crate::kpi::{Base, Point, Score};

/// Returns the buckets on the time axis: those of the answer, then those to come.
pub(super) fn buckets<'a>(panel: &'a Panel<'_>, found: Option<&TrendFigure>) -> Cow<'a, [Point]> {
    let points = longest(&panel.figure.answer.series);
    let end = points.last().map(|point| point.end);
    let forecast = found.iter().flat_map(|found| &found.forecast);
    let to_come: Vec<Point> = forecast
        .filter(|one| Some(one.start) >= end && one.start < one.end)
        .map(bucket)
        .collect();
    match to_come.is_empty() {
        true => Cow::Borrowed(points),
        false => Cow::Owned(points.iter().cloned().chain(to_come).collect()),
    }
}

fn bucket(forecast: &ForecastPoint) -> Point {
    Point {
        start: forecast.start,
        end: forecast.end,
        label: forecast.label.clone(),
        score: Score {
            value: None,
            bound: None,
            low: None,
            high: None,
            n: None,
            base: Base::Hidden,
            counts: Vec::new(),
            histogram: Vec::new(),
            secondary: Vec::new(),
        },
        is_complete: false,
        is_provisional: true,
        is_suppressed: false,
    }
}

/// Returns the values that the axis must hold.
pub(super) fn values(found: Option<&TrendFigure>) -> impl Iterator<Item = f64> {
    let forecast = found.into_iter().flat_map(|found| &found.forecast);
    forecast.flat_map(|one| {
        let ends = one.possible.or(one.likely);
        let ends = ends.into_iter().flat_map(|(low, high)| [low, high]);
        ends.chain([one.value])
    })
}

/// Returns the label at the end of what is expected.
pub(super) fn end_label(panel: &Panel<'_>) -> Option<EndLabel> {
    let last = found(panel)?.forecast.last()?;
    let language = panel.style.language;
    Some(EndLabel {
        name: language.findings().forecast.to_owned(),
        shown: numerals::short_value(last.value, panel.figure.answer.kpi, language),
        value: last.value,
        colour: panel.palette.accent,
        is_strong: true,
    })
}

impl Trend<'_> {
    fn points(&self) -> &[Point] {
        longest(&self.panel.figure.answer.series)
    }

    /// Returns a label for each move of the level.
    pub(super) fn shifts(&self) -> impl Iterator<Item = Happening> {
        let shifts = self.found.into_iter().flat_map(|found| &found.shifts);
        shifts.filter_map(|shift| {
            let language = self.panel.style.language;
            let words = language.findings();
            let kpi = self.panel.figure.answer.kpi;
            let change = numerals::signed(shift.after - shift.before, kpi, language);
            let (said, kind) = match shift.is_confirmed {
                true => (words.shift, Happened::Found),
                false => (words.possible_shift, Happened::Suspected),
            };
            Some(Happening {
                x: self.time.x_at(self.points().get(shift.at)?.start),
                label: filled(said, &[&change]),
                kind,
            })
        })
    }

    /// Draws the level on both sides of each move.
    pub(super) fn levels(&self, sheet: &mut Sheet<'_>) {
        let Some(found) = self.found else {
            return;
        };
        let points = self.points();
        let n_complete = points.iter().filter(|point| point.is_complete).count();
        let shifts: Vec<&Shift> = found.shifts.iter().collect();
        let mut from = 0;
        for (idx, shift) in shifts.iter().enumerate() {
            if idx == 0 {
                self.level(sheet, (from, shift.at), shift.before);
            }
            from = shift.at;
            let to = shifts.get(idx + 1).map_or(n_complete, |next| next.at);
            self.level(sheet, (from, to), shift.after);
        }
    }

    fn level(&self, sheet: &mut Sheet<'_>, (from, to): (usize, usize), value: f64) {
        let points = self.points();
        let last = to.checked_sub(1).and_then(|last| points.get(last));
        let (Some(first), Some(last)) = (points.get(from), last) else {
            return;
        };
        let ends = [self.time.x_at(first.start), self.time.x_at(last.end)];
        if ends[0] < ends[1] {
            let style = stroke(self.panel.palette.ink, 1.0, 0.1 * self.panel.unit);
            let line = PathElement::new(ends.map(|x| (x, value)).to_vec(), style);
            let ink = Ink::Dashed(0.22 * self.panel.unit);
            draw(sheet, &self.time.scale, ink, &line);
        }
    }

    /// Draws what is expected: the 95 % interval light, the 80 % interval darker.
    pub(super) fn fan(&self, sheet: &mut Sheet<'_>) {
        let Some(found) = self.found.filter(|found| !found.forecast.is_empty()) else {
            return;
        };
        let complete = self.points().iter().rev().find(|point| point.is_complete);
        let origin = complete.and_then(|point| Some((self.time.x(point), point.score.value?)));
        let x =
            |one: &ForecastPoint| f64::midpoint(self.time.x_at(one.start), self.time.x_at(one.end));
        let colour = self.panel.palette.accent;
        type Ends = fn(&ForecastPoint) -> Option<(f64, f64)>;
        let rings: [(Ends, f64); 2] = [(|one| one.possible, 0.16), (|one| one.likely, 0.3)];
        for (ends, alpha) in rings {
            let told = found
                .forecast
                .iter()
                .map_while(|one| Some((x(one), ends(one)?)));
            let told: Vec<(f64, (f64, f64))> = told.collect();
            let tip = origin.into_iter().filter(|_| !told.is_empty());
            let above = told.iter().map(|(x, (_, high))| (*x, *high));
            let below = told.iter().rev().map(|(x, (low, _))| (*x, *low));
            let corners: Vec<(f64, f64)> = tip.chain(above).chain(below).collect();
            if corners.len() > 2 {
                let area = Polygon::new(corners, fill(colour, alpha));
                draw(sheet, &self.time.scale, Ink::Solid, &area);
            }
        }
        let expected = found.forecast.iter().map(|one| (x(one), one.value));
        let path: Vec<(f64, f64)> = origin.into_iter().chain(expected).collect();
        let line = PathElement::new(path, stroke(colour, 1.0, 0.14 * self.panel.unit));
        draw(
            sheet,
            &self.time.scale,
            Ink::Dashed(0.4 * self.panel.unit),
            &line,
        );
    }
}
