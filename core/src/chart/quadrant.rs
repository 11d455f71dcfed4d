//! `quadrant`: importance against performance; what is important and not done well is upper left.
//!
//! A bubble's area is the number of its ratings. It is hollow where its interval crosses a line: a
//! field that chance alone may have put it in is not its colour.

use plotters::element::{Circle, PathElement, Rectangle};

use super::axis::Values;
use super::facts;
use super::grid::{Labels, draw_across, draw_up, labels_px};
use super::insight::{Insight, Quadrant, QuadrantFigure, QuadrantItem};
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Align, Rect, Sheet, steps};
use super::space::{Corner, Space, fit_telling};
use super::theme::Rgb;
use super::trend::empty_plot;
use super::words::filled;

/// Radius of the bubble of no rating and what the most ratings add, in units.
const RADIUS: (f64, f64) = (0.26, 0.5);

/// Least width of a field, in percent of performance.
const FIELD: f64 = 6.0;

/// Bubbles of a picture; the list is of all.
const ITEMS_MAX: usize = 40;

/// Draws the figure onto the sheet.
pub(super) fn draw_quadrant(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: 11.8,
        plot_units_least: 6.4,
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    match facts::shown(panel.figure, panel.facts.state) {
        Some(Insight::Quadrant(found)) if !found.items.is_empty() => {
            Fields::new(sheet, panel, found, place.plot).draw(sheet);
        }
        _ => empty_plot(sheet, panel, place.plot),
    }
}

struct Fields<'a> {
    panel: &'a Panel<'a>,
    found: &'a QuadrantFigure,
    across: Values,
    up: Values,
    scale: Scale,
    room: Rect,
    has_axes: bool,
}

impl<'a> Fields<'a> {
    fn new(sheet: &Sheet<'_>, panel: &'a Panel<'a>, found: &'a QuadrantFigure, room: Rect) -> Self {
        let unit = panel.unit;
        let has_axes = room.width() > 16.0 * unit && room.height() > 6.0 * unit;
        let mut plot = room;
        if has_axes {
            plot.top += 1.5 * unit;
            plot.bottom -= 1.5 * unit;
        }
        let items = || found.items.iter();
        let importance = items().map(|item| {
            let high = item.importance_interval.map_or(0.0, |ends| ends.1);
            item.importance.max(high)
        });
        let highest = importance.fold(found.importance_line, f64::max);
        // Room above the highest bubble for the names of the fields.
        let up = Values::from_zero(highest * 1.2, Values::ticks_max(plot.height(), unit));
        if has_axes {
            plot.left += labels_px(sheet, panel, &up, true);
            plot.right -= 0.4 * unit;
        }
        let performance = items().flat_map(|item| {
            let ends = item.performance_interval;
            let ends = ends.into_iter().flat_map(|(low, high)| [low, high]);
            ends.chain([item.performance])
        });
        let across = Values::around_shares(
            performance.chain([-FIELD, FIELD].map(|side| found.performance_line + side)),
            Values::ticks_max(plot.width() / 4.0, unit),
        );
        Self {
            panel,
            found,
            scale: Scale {
                x: (across.low, across.high),
                y: (up.low, up.high),
                room: plot,
            },
            across,
            up,
            room,
            has_axes,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        self.urgent_ground(sheet);
        let up = (&self.up, &self.scale);
        draw_across(sheet, self.panel, up, true, self.has_axes);
        let words = self.panel.style.language.findings();
        let look = self.panel.label();
        let baseline = self.scale.room.bottom + 1.2 * unit;
        let labels = self.has_axes.then_some(Labels {
            left: self.scale.room.left - 0.5 * unit,
            right: self.room.right,
            baseline,
        });
        draw_up(sheet, self.panel, (&self.across, &self.scale), true, labels);
        self.lines(sheet);
        let shown = &self.found.items[..self.found.items.len().min(ITEMS_MAX)];
        for item in shown.iter().rev() {
            self.whiskers(sheet, item);
        }
        for item in shown.iter().rev() {
            self.bubble(sheet, item);
        }
        let n_left = self.names(sheet, shown) + self.found.items.len() - shown.len();
        if self.has_axes {
            let baseline = self.room.top + 0.85 * unit;
            let more = match n_left {
                0 => String::new(),
                _ => filled(self.panel.words.more, &[&n_left.to_string()]),
            };
            let at = (self.room.right, baseline);
            let width = sheet.text(&more, at, &look, Align::End);
            let text = sheet.fit(words.axes, &look, self.room.width() - width - unit);
            sheet.text(&text, (self.room.left, baseline), &look, Align::Start);
        }
    }

    /// Lays soft ground under what is important and not done well.
    fn urgent_ground(&self, sheet: &mut Sheet<'_>) {
        let corners = [
            (self.scale.x.0, self.found.importance_line),
            (self.performance_line(), self.scale.y.1),
        ];
        let area = Rectangle::new(corners, fill(self.panel.palette.poor, 0.13));
        draw(sheet, &self.scale, Ink::Solid, &area);
    }

    fn performance_line(&self) -> f64 {
        let (low, high) = self.scale.x;
        self.found.performance_line.clamp(low, high)
    }

    /// Returns the place of a field.
    fn field(&self, is_top: bool, is_left: bool) -> Rect {
        let room = self.scale.room;
        let x = self.scale.x_px(self.performance_line());
        let y = self.scale.y_px(self.found.importance_line);
        Rect {
            left: if is_left { room.left } else { x },
            top: if is_top { room.top } else { y },
            right: if is_left { x } else { room.right },
            bottom: if is_top { y } else { room.bottom },
        }
    }

    fn lines(&self, sheet: &mut Sheet<'_>) {
        let ((left, right), (low, high)) = (self.scale.x, self.scale.y);
        let (x, y) = (self.performance_line(), self.found.importance_line);
        for path in [vec![(x, low), (x, high)], vec![(left, y), (right, y)]] {
            let style = stroke(self.panel.palette.muted, 1.0, 0.1 * self.panel.unit);
            let line = PathElement::new(path, style);
            draw(sheet, &self.scale, Ink::Solid, &line);
        }
    }

    fn whiskers(&self, sheet: &mut Sheet<'_>, item: &QuadrantItem) {
        let (x, y) = (item.performance, item.importance);
        let across = item.performance_interval;
        let up = item.importance_interval;
        let paths = [
            across.map(|(low, high)| vec![(low, y), (high, y)]),
            up.map(|(low, high)| vec![(x, low), (x, high)]),
        ];
        for path in paths.into_iter().flatten() {
            let style = stroke(self.panel.palette.muted, 0.55, 0.07 * self.panel.unit);
            let line = PathElement::new(path, style);
            draw(sheet, &self.scale, Ink::Solid, &line);
        }
    }

    fn radius_px(&self, item: &QuadrantItem) -> f64 {
        let most = self.found.items.iter().map(|item| item.n).max();
        let share = real(item.n) / real(most.unwrap_or(1).max(1));
        (RADIUS.0 + RADIUS.1 * share.sqrt()) * self.panel.unit
    }

    fn colour(&self, item: &QuadrantItem) -> Rgb {
        let palette = self.panel.palette;
        match item.quadrant {
            Quadrant::Concentrate => palette.poor,
            Quadrant::Keep => palette.good,
            Quadrant::LowPriority | Quadrant::Overkill => palette.neutral,
        }
    }

    fn bubble(&self, sheet: &mut Sheet<'_>, item: &QuadrantItem) {
        let at = (item.performance, item.importance);
        let radius = self.radius_px(item);
        let dot = |sheet: &mut Sheet<'_>, radius: f64, colour: Rgb| {
            let dot = Circle::new(at, steps(radius), fill(colour, 1.0));
            draw(sheet, &self.scale, Ink::Solid, &dot);
        };
        // An edge of paper keeps neighbours apart.
        let unit = self.panel.unit;
        dot(sheet, radius + 0.07 * unit, self.panel.palette.paper);
        dot(sheet, radius, self.colour(item));
        if item.is_undecided {
            dot(sheet, radius - 0.13 * unit, self.panel.palette.paper);
        }
    }

    /// Names the fields and the bubbles; returns how many bubbles have no name.
    fn names(&self, sheet: &mut Sheet<'_>, shown: &[QuadrantItem]) -> usize {
        let mut space = Space::new(self.scale.room);
        let at = |item: &QuadrantItem| {
            let (x, y) = (item.performance, item.importance);
            (self.scale.x_px(x), self.scale.y_px(y))
        };
        for item in shown {
            space.take(at(item), self.radius_px(item));
        }
        let words = self.panel.style.language.findings();
        let muted = self.panel.label();
        let corners = [
            (Quadrant::Concentrate, true, true),
            (Quadrant::Keep, true, false),
            (Quadrant::LowPriority, false, true),
            (Quadrant::Overkill, false, false),
        ];
        for (quadrant, is_top, is_left) in corners {
            let look = match quadrant {
                Quadrant::Concentrate => muted.coloured(self.panel.palette.poor),
                _ => muted,
            };
            let corner = (self.field(is_top, is_left), Corner { is_top, is_left });
            space.corner(sheet, words.quadrant(quadrant), &look, corner);
        }
        for is_left in [true, false] {
            // The edge that two fields share, as thin as it is drawn.
            let edge = self.field(true, is_left);
            space.shun(Rect {
                top: edge.bottom,
                bottom: edge.bottom + 0.1 * self.panel.unit,
                ..edge
            });
        }
        let edge = self.field(true, true).right;
        space.shun(Rect {
            left: edge,
            right: edge + 0.1 * self.panel.unit,
            ..self.scale.room
        });
        let look = muted.coloured(self.panel.palette.ink);
        let mut n_left = 0;
        for item in shown {
            let name = fit_telling(sheet, &item.name, &look, self.scale.room.width() * 0.4);
            let has_space = space.beside(sheet, &name, &look, at(item), self.radius_px(item));
            n_left += usize::from(!has_space);
        }
        n_left
    }
}

#[expect(clippy::cast_precision_loss, reason = "the size of a bubble")]
fn real(n: u64) -> f64 {
    n as f64
}

/// Says each thing with its field, the most urgent first.
pub(super) fn told(found: &QuadrantFigure, language: super::Language) -> Vec<String> {
    let words = language.findings();
    let said = |item: &QuadrantItem| {
        let field = match item.is_undecided {
            true => words.undecided,
            false => words.quadrant(item.quadrant),
        };
        let importance = numerals::percent(item.importance, 0, language);
        let performance = numerals::percent(item.performance, 0, language);
        format!(
            "{} ({} {importance}, {} {performance}): {field}",
            item.name, words.importance, words.performance
        )
    };
    found.items.iter().map(said).collect()
}
