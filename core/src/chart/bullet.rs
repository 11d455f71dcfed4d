//! `bullet`: a goal: the value with its interval, the target, and where the value should be by now.

use plotters::element::{PathElement, Rectangle};

use super::axis::Values;
use super::facts::{Arrow, State};
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Align, Rect, Sheet};
use super::theme::Rgb;
use super::trend::empty_plot;
use super::words::filled;
use crate::kpi::Unit;

/// Height of the line above the bar, of the one below it, and of the axis, in units.
const ABOVE: f64 = 1.6;
const BELOW: f64 = 1.7;
const AXIS: f64 = 1.5;

/// Least and greatest height of the bar, in units.
const BAR: (f64, f64) = (1.2, 4.0);

/// Draws the figure onto the sheet.
pub(super) fn draw_bullet(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: ABOVE + BELOW + AXIS + BAR.0,
        plot_units_least: ABOVE + BAR.0,
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    if panel.figure.goal.is_none() && panel.facts.state != State::Scored {
        return empty_plot(sheet, panel, place.plot);
    }
    Bullet::new(panel, place.plot).draw(sheet);
}

struct Bullet<'a> {
    panel: &'a Panel<'a>,
    axis: Values,
    /// From the bar's lower to its upper edge it is −1 to 1.
    scale: Scale,
    room: Rect,
    has_target: bool,
    has_pace: bool,
    has_axis: bool,
}

impl<'a> Bullet<'a> {
    fn new(panel: &'a Panel<'a>, room: Rect) -> Self {
        let unit = panel.unit;
        let goal = panel.figure.goal.as_ref();
        let mut left = room.height() / unit - BAR.0;
        let mut take = |wanted: f64, is_wanted: bool| {
            let is_taken = is_wanted && left >= wanted;
            left -= if is_taken { wanted } else { 0.0 };
            is_taken
        };
        let has_target = take(ABOVE, goal.is_some());
        let has_pace = take(BELOW, goal.is_some_and(|goal| goal.pace.is_some()));
        let has_axis = take(AXIS, room.width() > 12.0 * unit);
        let bar = (BAR.0 + left).min(BAR.1);
        // What is too much for a bar is shared out around it.
        let spare = (BAR.0 + left - bar) * 0.35;
        let above = spare + if has_target { ABOVE } else { 0.0 };
        let (top, bar) = (room.top + above * unit, bar * unit);
        let total = &panel.figure.answer.total;
        let own = [total.value, total.low, total.high];
        let aims = [
            goal.map(|goal| goal.target),
            goal.and_then(|goal| goal.pace),
        ];
        let values = own.into_iter().chain(aims).flatten();
        let ticks_max = Values::ticks_max(room.width() / 4.0, unit);
        let axis = Values::from_zero_over(values, panel.figure.answer.kpi, ticks_max);
        Self {
            panel,
            scale: Scale {
                x: (axis.low, axis.high),
                y: (-1.0, 1.0),
                room: Rect {
                    top,
                    bottom: top + bar,
                    ..room
                },
            },
            axis,
            room,
            has_target,
            has_pace,
            has_axis,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        let palette = self.panel.palette;
        self.bar(sheet, self.scale.x, 0.74, palette.grid);
        let total = &self.panel.figure.answer.total;
        if let Some(value) = total.value {
            self.bar(sheet, (0.0, value), 0.4, palette.accent);
        }
        if let (Some(low), Some(high)) = (total.low, total.high) {
            self.line(sheet, [(low, 0.0), (high, 0.0)], palette.ink, 0.12);
            for end in [low, high] {
                self.line(sheet, [(end, -0.24), (end, 0.24)], palette.ink, 0.12);
            }
        }
        self.line(sheet, [(0.0, -0.74), (0.0, 0.74)], palette.muted, 0.08);
        self.pace(sheet);
        self.target(sheet);
        if self.has_axis {
            self.ticks(sheet);
        }
    }

    fn bar(&self, sheet: &mut Sheet<'_>, (from, to): (f64, f64), half: f64, colour: Rgb) {
        let corners = [(from, -half), (to, half)];
        let area = Rectangle::new(corners, fill(colour, 1.0));
        draw(sheet, &self.scale, Ink::Solid, &area);
    }

    fn line(&self, sheet: &mut Sheet<'_>, ends: [(f64, f64); 2], colour: Rgb, width_units: f64) {
        let style = stroke(colour, 1.0, width_units * self.panel.unit);
        let line = PathElement::new(ends.to_vec(), style);
        draw(sheet, &self.scale, Ink::Solid, &line);
    }

    /// Draws the target across the whole bar, named above.
    fn target(&self, sheet: &mut Sheet<'_>) {
        let Some(goal) = &self.panel.figure.goal else {
            return;
        };
        let colour = self.panel.palette.goal;
        self.line(
            sheet,
            [(goal.target, -1.0), (goal.target, 1.0)],
            colour,
            0.3,
        );
        if self.has_target {
            let text = format!("{} {}", self.panel.words.goal, self.shown(goal.target));
            let baseline = self.scale.room.top - 0.5 * self.panel.unit;
            let at = (self.scale.x_px(goal.target), baseline);
            self.word(sheet, &text, at, (colour, self.room.right));
        }
    }

    /// Points from below at where the value should be by now.
    fn pace(&self, sheet: &mut Sheet<'_>) {
        let goal = self.panel.figure.goal.as_ref();
        let Some(pace) = goal.and_then(|goal| goal.pace).filter(|_| self.has_pace) else {
            return;
        };
        let unit = self.panel.unit;
        let colour = self.panel.palette.ink;
        self.line(sheet, [(pace, -1.0), (pace, -0.4)], colour, 0.12);
        let bottom = self.scale.room.bottom;
        let x = self.scale.x_px(pace);
        Arrow::Up.draw(
            sheet,
            (x - 0.27 * unit, bottom + 0.55 * unit),
            0.8 * unit,
            colour,
        );
        let text = filled(
            self.panel.style.language.phrases().pace,
            &[&self.shown(pace)],
        );
        let look = self.panel.label();
        let width = sheet.width(&text, &look);
        // Right of the arrow, or left of it near the edge.
        let right = x + 0.7 * unit + width;
        let left = match right <= self.room.right {
            true => x + 0.7 * unit,
            false => (x - 0.7 * unit - width).max(self.room.left),
        };
        let text = sheet.fit(&text, &look, self.room.right - left);
        let at = (left, bottom + 0.95 * unit);
        sheet.text(&text, at, &look.coloured(colour), Align::Start);
    }

    fn ticks(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let look = self.panel.label();
        let is_percent = self.panel.figure.answer.kpi.unit == Unit::Percent;
        let below = if self.has_pace { BELOW } else { 0.0 };
        let baseline = self.scale.room.bottom + (below + 1.05) * unit;
        let mut free_from = self.room.left;
        for &tick in &self.axis.ticks {
            let text = self.axis.label(tick, is_percent, self.panel.style.language);
            let half = sheet.width(&text, &look) / 2.0;
            let centre = self.scale.x_px(tick);
            let centre = centre
                .min(self.room.right - half)
                .max(self.room.left + half);
            if centre - half < free_from - 0.1 || centre + half > self.room.right + 0.1 {
                continue;
            }
            sheet.text(&text, (centre, baseline), &look, Align::Middle);
            free_from = centre + half + 0.6 * unit;
        }
    }

    /// Writes a word over a place, inside the picture.
    fn word(
        &self,
        sheet: &mut Sheet<'_>,
        text: &str,
        (centre, baseline): (f64, f64),
        (colour, right): (Rgb, f64),
    ) {
        let look = self.panel.strong_label().coloured(colour);
        let text = sheet.fit(text, &look, right - self.room.left);
        let half = sheet.width(&text, &look) / 2.0;
        let centre = centre.min(right - half).max(self.room.left + half);
        sheet.text(&text, (centre, baseline), &look, Align::Middle);
    }

    fn shown(&self, value: f64) -> String {
        let kpi = self.panel.figure.answer.kpi;
        numerals::short_value(value, kpi, self.panel.style.language)
    }
}
