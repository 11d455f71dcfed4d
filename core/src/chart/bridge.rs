//! `bridge`: from the start over what was won and lost to the end, as a waterfall.

use plotters::element::{PathElement, Rectangle};

use super::axis::Values;
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::passage::{Part, Role, passage};
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Align, Rect, Sheet, Type};
use super::theme::Rgb;
use super::trend::empty_plot;

/// Least and greatest distance of lines, in units.
const PITCH: (f64, f64) = (1.25, 2.6);

/// Height that standing columns need, and the words above and below them, in units.
const UPRIGHT: f64 = 7.0;

/// Greatest width of a standing column, in units.
const COLUMN_MAX: f64 = 9.0;

/// Draws the figure onto the sheet.
pub(super) fn draw_bridge(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let wordings = passage(panel.figure, panel.style.language);
    let longest = numerals::real(wordings.first().map_or(0, Vec::len));
    let shortest = numerals::real(wordings.last().map_or(0, Vec::len));
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: (longest * PITCH.0).clamp(4.0, 10.0),
        plot_units_least: (shortest * PITCH.0).clamp(4.0, 5.0),
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    let room = place.plot;
    let upright = wordings
        .iter()
        .find_map(|parts| Bridge::upright(sheet, panel, parts, room));
    let lying = || {
        let fits = |parts: &&Vec<Part>| {
            numerals::real(parts.len()) * PITCH.0 * panel.unit <= room.height()
        };
        let parts = wordings.iter().find(fits).or(wordings.last())?;
        Some(Bridge::lying(sheet, panel, parts, room))
    };
    // All parts lying down say more than some of them standing.
    let n_lying = numerals::whole(room.height() / (PITCH.0 * panel.unit));
    let bridge = match upright {
        Some(bridge) if bridge.parts.len() >= n_lying.min(wordings[0].len()) => Some(bridge),
        other => lying().or(other),
    };
    match bridge {
        Some(bridge) => bridge.draw(sheet),
        None => empty_plot(sheet, panel, room),
    }
}

struct Bridge<'a> {
    panel: &'a Panel<'a>,
    parts: &'a [Part],
    room: Rect,
    scale: Scale,
    is_upright: bool,
    pitch: f64,
    names_px: f64,
}

impl<'a> Bridge<'a> {
    /// Stands the columns side by side, if all their words have room.
    fn upright(
        sheet: &Sheet<'_>,
        panel: &'a Panel<'a>,
        parts: &'a [Part],
        room: Rect,
    ) -> Option<Self> {
        let unit = panel.unit;
        let pitch = (room.width() / numerals::real(parts.len().max(1))).min(COLUMN_MAX * unit);
        let widest = words(sheet, panel, parts).fold(0.0, f64::max);
        if room.height() < UPRIGHT * unit || widest + 0.7 * unit > pitch {
            return None;
        }
        let plot = Rect {
            left: room.left,
            top: room.top + 1.5 * unit,
            right: room.left + pitch * numerals::real(parts.len()),
            bottom: room.bottom - 1.6 * unit,
        };
        let axis = axis(parts);
        Some(Self {
            panel,
            parts,
            room,
            scale: Scale {
                x: (0.0, numerals::real(parts.len())),
                y: (axis.low, axis.high),
                room: plot,
            },
            is_upright: true,
            pitch,
            names_px: pitch,
        })
    }

    /// Lays the bars one under the other, names at the left, amounts at the right.
    fn lying(sheet: &Sheet<'_>, panel: &'a Panel<'a>, parts: &'a [Part], room: Rect) -> Self {
        let unit = panel.unit;
        let n_parts = numerals::real(parts.len().max(1));
        let pitch = (room.height() / n_parts).min(PITCH.1 * unit);
        let names = parts
            .iter()
            .map(|part| sheet.width(&part.name, &look(panel, part)));
        let names_px = names.fold(0.0, f64::max).min(room.width() * 0.36);
        let amounts = parts
            .iter()
            .map(|part| sheet.width(&part.shown, &panel.strong_label()));
        let amounts_px = amounts.fold(0.0, f64::max);
        let axis = axis(parts);
        Self {
            panel,
            parts,
            room,
            scale: Scale {
                x: (axis.low, axis.high),
                y: (0.0, n_parts),
                room: Rect {
                    left: room.left + names_px + 0.8 * unit,
                    right: room.right - amounts_px - 0.8 * unit,
                    top: room.top,
                    bottom: room.top + pitch * n_parts,
                },
            },
            is_upright: false,
            pitch,
            names_px,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        for (idx, part) in self.parts.iter().enumerate() {
            self.bar(sheet, idx, part);
            self.words(sheet, idx, part);
        }
        let unit = self.panel.unit;
        let zero = match self.is_upright {
            true => vec![(self.scale.x.0, 0.0), (self.scale.x.1, 0.0)],
            false => vec![(0.0, self.scale.y.0), (0.0, self.scale.y.1)],
        };
        let style = stroke(self.panel.palette.muted, 1.0, 0.08 * unit);
        draw(
            sheet,
            &self.scale,
            Ink::Solid,
            &PathElement::new(zero, style),
        );
    }

    /// Returns a place of the plot: along the parts, from the first on, and across in amounts.
    fn at(&self, along: f64, across: f64) -> (f64, f64) {
        match self.is_upright {
            true => (along, across),
            false => (across, self.scale.y.1 - along),
        }
    }

    fn bar(&self, sheet: &mut Sheet<'_>, idx: usize, part: &Part) {
        let unit = self.panel.unit;
        let from = numerals::real(idx);
        let corners = [
            self.at(from + 0.17, part.from),
            self.at(from + 0.83, part.to),
        ];
        let colour = colour(self.panel, part.role);
        draw(
            sheet,
            &self.scale,
            Ink::Solid,
            &Rectangle::new(corners, fill(colour, 1.0)),
        );
        // A part of next to nothing still is there.
        let edge = vec![self.at(from + 0.17, part.to), self.at(from + 0.83, part.to)];
        let style = stroke(colour, 1.0, 0.12 * unit);
        draw(
            sheet,
            &self.scale,
            Ink::Solid,
            &PathElement::new(edge, style),
        );
        if idx + 1 < self.parts.len() {
            let ends = vec![self.at(from + 0.83, part.to), self.at(from + 1.17, part.to)];
            let style = stroke(self.panel.palette.muted, 1.0, 0.06 * unit);
            draw(
                sheet,
                &self.scale,
                Ink::Solid,
                &PathElement::new(ends, style),
            );
        }
    }

    fn words(&self, sheet: &mut Sheet<'_>, idx: usize, part: &Part) {
        let unit = self.panel.unit;
        let name_look = look(self.panel, part);
        let strong = self.panel.strong_label();
        let middle = (numerals::real(idx) + 0.5) * self.pitch;
        let name = sheet.fit(&part.name, &name_look, self.names_px);
        if self.is_upright {
            let centre = self.scale.room.left + middle;
            let below = self.scale.room.bottom + 1.15 * unit;
            sheet.text(&name, (centre, below), &name_look, Align::Middle);
            let above = self.scale.y_px(part.from.max(part.to)) - 0.45 * unit;
            sheet.text(&part.shown, (centre, above), &strong, Align::Middle);
            return;
        }
        let baseline = self.room.top + middle + name_look.cap_px() / 2.0;
        sheet.text(&name, (self.room.left, baseline), &name_look, Align::Start);
        let right = (self.room.right, baseline);
        sheet.text(&part.shown, right, &strong, Align::End);
    }
}

fn words<'a>(
    sheet: &'a Sheet<'_>,
    panel: &'a Panel<'_>,
    parts: &'a [Part],
) -> impl Iterator<Item = f64> + 'a {
    parts.iter().map(move |part| {
        let name = sheet.width(&part.name, &look(panel, part));
        name.max(sheet.width(&part.shown, &panel.strong_label()))
    })
}

fn look(panel: &Panel<'_>, part: &Part) -> Type {
    match part.role {
        Role::Level => panel.strong_label(),
        Role::Won | Role::Lost => panel.label().coloured(panel.palette.ink),
    }
}

fn colour(panel: &Panel<'_>, role: Role) -> Rgb {
    match role {
        Role::Level => panel.palette.neutral,
        Role::Won => panel.palette.good,
        Role::Lost => panel.palette.poor,
    }
}

/// Returns the axis, which holds zero as that of all bars.
fn axis(parts: &[Part]) -> Values {
    let ends = parts.iter().flat_map(|part| [part.from, part.to]);
    let (low, high) = ends.fold((0.0_f64, 0.0_f64), |(low, high), end| {
        (low.min(end), high.max(end))
    });
    Values::holding_zero(low, high, 5)
}
