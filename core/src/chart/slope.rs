//! `slope`: shares of two periods, a line each; those that changed beyond chance are thick.

use plotters::element::{Circle, PathElement};

use super::Language;
use super::axis::Values;
use super::facts;
use super::insight::{Insight, SlopeFigure, SlopeItem, SlopePeriod};
use super::labels::spread;
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Align, Rect, Sheet, Type, steps};
use super::theme::Rgb;
use super::trend::empty_plot;
use super::words::filled;

/// Distance of labels, in units.
const PITCH: f64 = 1.3;

/// Height of the names of the periods, in units.
const HEAD: f64 = 1.7;

/// Room between a line and its label, where a leader joins them, in units.
const LEADER: f64 = 1.1;

/// Greatest distance between both periods, in units: longer lines are only flatter.
const WIDTH_MAX: f64 = 30.0;

/// Draws the figure onto the sheet.
pub(super) fn draw_slope(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let found = match facts::shown(panel.figure, panel.facts.state) {
        Some(Insight::Slope(found)) if !found.items.is_empty() => Some(found),
        _ => None,
    };
    let n_lines = found.map_or(4.0, |found| numerals::real(found.items.len()));
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: (HEAD + n_lines * PITCH).clamp(6.0, 12.0),
        plot_units_least: (HEAD + n_lines * PITCH).clamp(5.0, 6.0),
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    match found {
        Some(found) => Lines::new(sheet, panel, found, place.plot).draw(sheet),
        None => empty_plot(sheet, panel, place.plot),
    }
}

/// One side of the picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    After,
}

impl Side {
    fn share(self, item: &SlopeItem) -> Option<f64> {
        match self {
            Self::Before => item.before,
            Self::After => item.after,
        }
    }
}

struct Lines<'a> {
    panel: &'a Panel<'a>,
    found: &'a SlopeFigure,
    /// The lines that have room, with the places of their labels at both sides.
    shown: &'a [SlopeItem],
    places: [Vec<Option<f64>>; 2],
    scale: Scale,
    room: Rect,
}

impl<'a> Lines<'a> {
    fn new(sheet: &Sheet<'_>, panel: &'a Panel<'a>, found: &'a SlopeFigure, room: Rect) -> Self {
        let unit = panel.unit;
        let values = found.items.iter().map(|item| {
            let shares = [item.before, item.after].into_iter().flatten();
            let widths = shares.map(|share| sheet.width(&shown(share, panel), &look(panel, item)));
            widths.fold(0.0, f64::max)
        });
        let values_px = values.fold(0.0, f64::max);
        let names = found.items.iter();
        let names = names.map(|item| sheet.width(&item.name, &look(panel, item)));
        let names_px = names.fold(0.0, f64::max).min(room.width() * 0.45) + 0.4 * unit;
        let leader = LEADER * unit;
        let left = room.left + values_px + leader;
        let right = room.right - values_px - names_px - leader;
        let plot = Rect {
            left,
            right: right.min(left + WIDTH_MAX * unit).max(left + unit),
            top: room.top + HEAD * unit + 0.5 * PITCH * unit,
            bottom: room.bottom - 0.5 * PITCH * unit,
        };
        let (shown, places, scale) = fitting(&found.items, plot, room.bottom, PITCH * unit);
        Self {
            panel,
            found,
            shown,
            places,
            scale,
            room,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        for x in [0.0, 1.0] {
            let style = stroke(self.panel.palette.grid, 1.0, 0.09 * unit);
            let path = vec![(x, self.scale.y.0), (x, self.scale.y.1)];
            let line = PathElement::new(path, style);
            draw(sheet, &self.scale, Ink::Solid, &line);
        }
        self.heads(sheet);
        for item in self.shown.iter().rev() {
            self.line(sheet, item);
        }
        for (idx, item) in self.shown.iter().enumerate() {
            for side in [Side::Before, Side::After] {
                self.label(sheet, idx, item, side);
            }
        }
        let n_left = self.found.items.len() - self.shown.len();
        if n_left > 0 {
            let look = self.panel.label();
            let text = filled(self.panel.words.more, &[&n_left.to_string()]);
            let at = (self.room.right, self.room.bottom - 0.3 * unit);
            let text = sheet.fit(&text, &look, self.room.right - self.scale.room.right);
            sheet.text(&text, at, &look, Align::End);
        }
    }

    /// Names both periods over their sides, with the rows in them where there is room.
    fn heads(&self, sheet: &mut Sheet<'_>) {
        let look = self.panel.strong_label();
        let gap = self.panel.unit;
        let [before, after] = self.head_words(sheet, &look, self.room.width() - gap);
        let width = sheet.width(&after, &look);
        let after_at = (self.scale.room.right)
            .min(self.room.right - width)
            .max(self.room.left + sheet.width(&before, &look) + gap);
        let baseline = self.room.top + 0.9 * self.panel.unit;
        sheet.text(&before, (self.room.left, baseline), &look, Align::Start);
        sheet.text(&after, (after_at, baseline), &look, Align::Start);
    }

    /// Returns the names of both periods: with their rows, without, or cut to a half each.
    fn head_words(&self, sheet: &Sheet<'_>, look: &Type, width: f64) -> [String; 2] {
        let periods = [&self.found.before, &self.found.after];
        let full = |period: &SlopePeriod| {
            let n = facts::n_equals(period.n, self.panel.style.language);
            format!("{} · {n}", period.name)
        };
        let wordings = [periods.map(full), periods.map(|period| period.name.clone())];
        let fits = |words: &[String; 2]| {
            let widths = words.iter().map(|word| sheet.width(word, look));
            widths.sum::<f64>() <= width
        };
        let halved = || periods.map(|period| sheet.fit(&period.name, look, width / 2.0));
        wordings.into_iter().find(fits).unwrap_or_else(halved)
    }

    fn colour(&self, item: &SlopeItem) -> Rgb {
        let palette = self.panel.palette;
        let rise = item
            .after
            .zip(item.before)
            .map(|(after, before)| after > before);
        match (item.is_changed, item.is_higher_better, rise) {
            (false, ..) => palette.neutral,
            (true, Some(is_better), Some(rise)) if is_better == rise => palette.good,
            (true, Some(_), Some(_)) => palette.poor,
            (true, ..) => palette.accent,
        }
    }

    fn line(&self, sheet: &mut Sheet<'_>, item: &SlopeItem) {
        let unit = self.panel.unit;
        let colour = self.colour(item);
        let width = if item.is_changed { 0.24 } else { 0.11 };
        let ends = [item.before.map(|y| (0.0, y)), item.after.map(|y| (1.0, y))];
        let path: Vec<(f64, f64)> = ends.into_iter().flatten().collect();
        if path.len() > 1 {
            let line = PathElement::new(path.clone(), stroke(colour, 1.0, width * unit));
            draw(sheet, &self.scale, Ink::Solid, &line);
        }
        let radius = if item.is_changed { 0.3 } else { 0.2 };
        for at in path {
            let dot = Circle::new(at, steps(radius * unit), fill(colour, 1.0));
            draw(sheet, &self.scale, Ink::Solid, &dot);
        }
    }

    fn label(&self, sheet: &mut Sheet<'_>, idx: usize, item: &SlopeItem, side: Side) {
        let unit = self.panel.unit;
        let place = self.places[usize::from(side == Side::After)][idx];
        let (Some(place), Some(share)) = (place, side.share(item)) else {
            return;
        };
        let look = look(self.panel, item);
        let baseline = place + look.cap_px() / 2.0;
        let y = self.scale.y_px(share);
        let value = shown(share, self.panel);
        let room = self.scale.room;
        let (from, to) = match side {
            Side::Before => (room.left - 0.3 * unit, room.left - (LEADER - 0.2) * unit),
            Side::After => (room.right + 0.3 * unit, room.right + (LEADER - 0.2) * unit),
        };
        if (place - y).abs() > 0.2 * unit {
            let ends = [(from, y), (to, place)];
            sheet.stroke(&ends, self.panel.palette.muted, 0.05 * unit);
        }
        match side {
            Side::Before => {
                let right = room.left - LEADER * unit;
                sheet.text(&value, (right, baseline), &look, Align::End);
            }
            Side::After => {
                let left = room.right + LEADER * unit;
                let width = sheet.width(&value, &look) + 0.4 * unit;
                sheet.text(&value, (left, baseline), &look, Align::Start);
                let name = sheet.fit(&item.name, &look, self.room.right - left - width);
                sheet.text(&name, (left + width, baseline), &look, Align::Start);
            }
        }
    }
}

/// Returns as many of the first lines as have room for their labels at both sides, and the places
/// of these; where not all have, the lowest place is kept free to say how many are left out.
fn fitting(
    items: &[SlopeItem],
    plot: Rect,
    bottom_px: f64,
    pitch: f64,
) -> (&[SlopeItem], [Vec<Option<f64>>; 2], Scale) {
    let try_first = |n: usize| {
        let scale = scale(&items[..n], plot);
        let bottom = bottom_px - if n < items.len() { 1.6 } else { 0.5 } * pitch;
        let side = |side: Side| {
            let told: Vec<(usize, f64)> = items[..n]
                .iter()
                .enumerate()
                .filter_map(|(idx, item)| Some((idx, scale.y_px(side.share(item)?))))
                .collect();
            let wishes: Vec<f64> = told.iter().map(|(_, y)| *y).collect();
            let found = spread(&wishes, pitch, scale.room.top, bottom.max(scale.room.top))?;
            let mut places = vec![None; n];
            for ((idx, _), place) in told.into_iter().zip(found) {
                places[idx] = Some(place);
            }
            Some(places)
        };
        let places = [side(Side::Before)?, side(Side::After)?];
        Some((&items[..n], places, scale))
    };
    let most = (0..=items.len()).rev().find_map(try_first);
    most.unwrap_or_else(|| (&[], [Vec::new(), Vec::new()], scale(&[], plot)))
}

/// Returns the scale of lines: from nothing to the greatest share.
fn scale(items: &[SlopeItem], plot: Rect) -> Scale {
    let shares = items.iter().flat_map(|item| [item.before, item.after]);
    let axis = Values::from_zero(shares.flatten().fold(0.0, f64::max), 5);
    Scale {
        x: (0.0, 1.0),
        y: (axis.low, axis.high),
        room: plot,
    }
}

fn look(panel: &Panel<'_>, item: &SlopeItem) -> Type {
    match item.is_changed {
        true => panel.strong_label(),
        false => panel.label(),
    }
}

fn shown(share: f64, panel: &Panel<'_>) -> String {
    told_share(share, panel.style.language)
}

fn told_share(share: f64, language: Language) -> String {
    numerals::percent(share, usize::from(share < 9.95), language)
}

/// Says each line from one period to the other.
pub(super) fn told(found: &SlopeFigure, language: Language) -> Vec<String> {
    let share = |share: Option<f64>| {
        share.map_or_else(|| "–".to_owned(), |share| told_share(share, language))
    };
    let said = |item: &SlopeItem| {
        format!(
            "{} {} → {}",
            item.name,
            share(item.before),
            share(item.after)
        )
    };
    let periods = format!("{} → {}", found.before.name, found.after.name);
    let lines = found.items.iter().map(said);
    [periods].into_iter().chain(lines).collect()
}
