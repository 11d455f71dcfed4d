//! `pareto`: what weighs most, bar by bar, each with its interval.
//!
//! There is one axis. Where the bars are parts of one whole, each percent counted once, a line on
//! the same axis adds them up. Bars that overlap (several reasons of one ticket, themes of one
//! comment) do not add up, so they have no line.

use plotters::element::{Circle, PathElement, Rectangle};

use super::axis::Values;
use super::facts::{self, is_higher_better};
use super::grid::{Labels, draw_up};
use super::insight::{Insight, ParetoFigure, ParetoItem, ParetoMeasure};
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Align, Rect, Sheet, steps};
use super::theme::Rgb;
use super::trend::empty_plot;
use super::words::filled;
use super::{Figure, Language};
use crate::kpi::Unit;

/// Least and greatest distance of bars, in units.
const PITCH: (f64, f64) = (1.3, 2.6);

/// Height of the axis below the bars, in units.
const AXIS: f64 = 1.6;

/// Draws the figure onto the sheet.
pub(super) fn draw_pareto(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let found = match facts::shown(panel.figure, panel.facts.state) {
        Some(Insight::Pareto(found)) if !found.items.is_empty() => Some(found),
        _ => None,
    };
    let n_rows = found.map_or(4.0, |found| numerals::real(found.items.len()));
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: (n_rows * PITCH.0).clamp(4.0, 11.5),
        plot_units_least: (n_rows * PITCH.0).clamp(4.0, 5.2),
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    match found {
        Some(found) => Bars::new(sheet, panel, found, place.plot).draw(sheet),
        None => empty_plot(sheet, panel, place.plot),
    }
}

struct Bars<'a> {
    panel: &'a Panel<'a>,
    found: &'a ParetoFigure,
    shown: &'a [ParetoItem],
    axis: Values,
    scale: Scale,
    room: Rect,
    pitch: f64,
    names_px: f64,
    has_axis: bool,
}

impl<'a> Bars<'a> {
    fn new(sheet: &Sheet<'_>, panel: &'a Panel<'a>, found: &'a ParetoFigure, room: Rect) -> Self {
        let unit = panel.unit;
        let n_items = found.items.len();
        let rows_px = numerals::real(n_items) * PITCH.0 * unit;
        let has_axis = room.height() > rows_px + AXIS * unit && room.width() > 20.0 * unit;
        let bottom = room.bottom - if has_axis { AXIS * unit } else { 0.0 };
        let n_fitting = numerals::whole((bottom - room.top) / (PITCH.0 * unit)).max(1);
        // The last place says how many are left out.
        let n_shown = match n_items > n_fitting {
            true => n_fitting.saturating_sub(1).max(1),
            false => n_items,
        };
        let n_places = numerals::real(n_items.min(n_fitting));
        let pitch = ((bottom - room.top) / n_places).min(PITCH.1 * unit);
        let shown = &found.items[..n_shown];
        let (label, strong) = (panel.label(), panel.strong_label());
        let names = shown.iter().map(|item| sheet.width(&item.name, &label));
        let names_px = names.fold(0.0, f64::max).min(room.width() * 0.4);
        let values = shown.iter().map(|item| {
            sheet.width(
                &value(item, found, panel.figure, panel.style.language),
                &strong,
            )
        });
        let values_px = values.fold(0.0, f64::max);
        let n_rows = numerals::real(n_shown);
        let plot = Rect {
            left: room.left + names_px + 0.8 * unit,
            right: room.right - values_px - 0.8 * unit,
            top: room.top,
            bottom: room.top + n_rows * pitch,
        };
        let axis = axis(panel, found, shown, plot.width());
        Self {
            panel,
            found,
            shown,
            scale: Scale {
                x: (axis.low, axis.high),
                y: (0.0, n_rows),
                room: plot,
            },
            axis,
            room,
            pitch,
            names_px,
            has_axis,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let labels = self.has_axis.then_some(Labels {
            left: self.room.left,
            right: self.room.right,
            baseline: self.scale.room.bottom + 1.15 * unit,
        });
        let axis = (&self.axis, &self.scale);
        draw_up(sheet, self.panel, axis, self.is_percent(), labels);
        for (idx, item) in self.shown.iter().enumerate() {
            self.row(sheet, idx, item);
        }
        let zero = vec![(0.0, self.scale.y.0), (0.0, self.scale.y.1)];
        let style = stroke(self.panel.palette.muted, 1.0, 0.08 * unit);
        let line = PathElement::new(zero, style);
        draw(sheet, &self.scale, Ink::Solid, &line);
        if self.found.measure == ParetoMeasure::Parts {
            self.sum(sheet);
        }
        self.left_out(sheet);
    }

    fn is_percent(&self) -> bool {
        match self.found.measure {
            ParetoMeasure::Parts | ParetoMeasure::Mentions => true,
            ParetoMeasure::Impact => {
                self.found.kpi(&self.panel.figure.answer).unit == Unit::Percent
            }
        }
    }

    fn left_out(&self, sheet: &mut Sheet<'_>) {
        let n_left = self.found.items.len() - self.shown.len();
        // A picture with room for a single bar has none for saying so.
        let has_room = self.scale.room.bottom + self.pitch <= self.room.bottom + 0.1;
        if n_left > 0 && has_room {
            let look = self.panel.label();
            let text = filled(self.panel.words.more, &[&n_left.to_string()]);
            let baseline = self.scale.room.bottom + self.pitch / 2.0 + look.cap_px() / 2.0;
            let text = sheet.fit(&text, &look, self.room.width());
            sheet.text(&text, (self.room.left, baseline), &look, Align::Start);
        }
    }

    fn row(&self, sheet: &mut Sheet<'_>, idx: usize, item: &ParetoItem) {
        let unit = self.panel.unit;
        let centre = self.scale.room.top + (numerals::real(idx) + 0.5) * self.pitch;
        let look = self.panel.label().coloured(self.panel.palette.ink);
        let baseline = centre + look.cap_px() / 2.0;
        let name = sheet.fit(&item.name, &look, self.names_px);
        sheet.text(&name, (self.room.left, baseline), &look, Align::Start);
        let shown = value(
            item,
            self.found,
            self.panel.figure,
            self.panel.style.language,
        );
        let at = (self.room.right, baseline);
        sheet.text(&shown, at, &self.panel.strong_label(), Align::End);
        let half = (self.pitch * 0.31).min(0.72 * unit);
        let scale = Scale {
            y: (-1.0, 1.0),
            room: Rect {
                top: centre - half,
                bottom: centre + half,
                ..self.scale.room
            },
            ..self.scale
        };
        let colour = self.colour(item);
        let style = match item.is_decided(self.found) {
            true => fill(colour, 1.0),
            false => stroke(colour, 1.0, 0.14 * unit),
        };
        let bar = Rectangle::new([(0.0, -1.0), (item.value, 1.0)], style);
        draw(sheet, &scale, Ink::Solid, &bar);
        let Some((low, high)) = item.interval else {
            return;
        };
        let ink = stroke(self.panel.palette.ink, 1.0, 0.11 * unit);
        for ends in [
            vec![(low, 0.0), (high, 0.0)],
            vec![(low, -0.45), (low, 0.45)],
            vec![(high, -0.45), (high, 0.45)],
        ] {
            draw(sheet, &scale, Ink::Solid, &PathElement::new(ends, ink));
        }
    }

    fn colour(&self, item: &ParetoItem) -> Rgb {
        let palette = self.panel.palette;
        let is_up_better = match self.found.of {
            Some(kpi) => kpi.is_higher_better,
            None => is_higher_better(self.panel.figure),
        };
        match (self.found.measure, is_up_better) {
            (ParetoMeasure::Impact, _) if !item.is_decided(self.found) => palette.neutral,
            (ParetoMeasure::Impact, Some(is_better)) if is_better == (item.value > 0.0) => {
                palette.good
            }
            (ParetoMeasure::Impact, Some(_)) => palette.poor,
            _ => palette.accent,
        }
    }

    /// Draws how far the bars add up, on their own axis.
    fn sum(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let n_rows = numerals::real(self.shown.len());
        let mut sum = 0.0;
        let mut path = Vec::with_capacity(self.shown.len());
        for (idx, item) in self.shown.iter().enumerate() {
            sum += item.value;
            path.push((sum, n_rows - numerals::real(idx) - 0.5));
        }
        if path.len() < 2 {
            return;
        }
        let colour = self.panel.palette.ink;
        let style = stroke(colour, 1.0, 0.13 * unit);
        let line = PathElement::new(path.clone(), style);
        draw(sheet, &self.scale, Ink::Solid, &line);
        for at in &path {
            let dot = Circle::new(*at, steps(0.24 * unit), fill(colour, 1.0));
            draw(sheet, &self.scale, Ink::Solid, &dot);
        }
        // The last place of the line says how far it goes, where the bar leaves room for it.
        let (Some((_, y)), Some(last)) = (path.last(), self.shown.last()) else {
            return;
        };
        let look = self.panel.label().coloured(colour);
        let text = numerals::percent(sum, 0, self.panel.style.language);
        let right = self.scale.x_px(sum) - 0.7 * unit;
        let bar = last
            .interval
            .map_or(last.value, |ends| ends.1.max(last.value));
        if right - sheet.width(&text, &look) > self.scale.x_px(bar) + 0.6 * unit {
            let at = (right, self.scale.y_px(*y) + look.cap_px() / 2.0);
            sheet.text(&text, at, &look, Align::End);
        }
    }
}

/// Returns the axis: from zero, and for parts to their sum.
fn axis(panel: &Panel<'_>, found: &ParetoFigure, shown: &[ParetoItem], width_px: f64) -> Values {
    let ticks_max = Values::ticks_max(width_px / 4.0, panel.unit);
    let ends = shown.iter().flat_map(|item| {
        let interval = item.interval;
        let ends = interval.into_iter().flat_map(|(low, high)| [low, high]);
        ends.chain([item.value])
    });
    match found.measure {
        ParetoMeasure::Parts => {
            let sum = shown.iter().map(|item| item.value).sum();
            Values::from_zero(ends.fold(sum, f64::max), ticks_max)
        }
        ParetoMeasure::Mentions => Values::from_zero(ends.fold(0.0, f64::max), ticks_max),
        ParetoMeasure::Impact => {
            Values::from_zero_over(ends, found.kpi(&panel.figure.answer), ticks_max)
        }
    }
}

/// Returns the words of a bar's weight.
fn value(item: &ParetoItem, found: &ParetoFigure, figure: &Figure, language: Language) -> String {
    match found.measure {
        ParetoMeasure::Parts | ParetoMeasure::Mentions => {
            let decimals = usize::from(item.value < 9.95);
            numerals::percent(item.value, decimals, language)
        }
        ParetoMeasure::Impact => numerals::signed(item.value, found.kpi(&figure.answer), language),
    }
}

/// Says each bar.
pub(super) fn told(found: &ParetoFigure, figure: &Figure, language: Language) -> Vec<String> {
    let said = |item: &ParetoItem| {
        let shown = value(item, found, figure, language);
        format!("{} {shown}", item.name)
    };
    found.items.iter().map(said).collect()
}
