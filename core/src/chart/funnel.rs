//! `funnel`: groups against how many answers they have, and what chance alone explains.
//!
//! It is made for coaching, not for a ranking: only groups beyond their limits have a name, and
//! none at all where the figure says so. Shape repeats colour: up above, down below.

use plotters::element::{Circle, PathElement, Polygon};

use super::axis::Values;
use super::ends::{EndLabel, GAP, Sign, draw_ends, ends_px, whole_or_bare};
use super::facts::{self, is_higher_better};
use super::grid::{Labels, draw_across, draw_up, labels_px};
use super::insight::{FunnelBand, FunnelFigure, FunnelLimits, FunnelMember, Insight, Naming};
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Align, Rect, Sheet, steps};
use super::space::{Corner, Space, fit_telling};
use super::theme::Rgb;
use super::trend::empty_plot;
use super::{Figure, Language};
use crate::kpi::Unit;

/// Greatest share of the picture for the labels at the right.
const ENDS_SHARE: f64 = 0.3;

/// Draws the figure onto the sheet.
pub(super) fn draw_funnel(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: 8.0,
        plot_units_least: 6.4,
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    match facts::shown(panel.figure, panel.facts.state) {
        Some(Insight::Funnel(found)) if !found.members.is_empty() => {
            Funnel::new(sheet, panel, found, place.plot).draw(sheet);
        }
        _ => empty_plot(sheet, panel, place.plot),
    }
}

struct Funnel<'a> {
    panel: &'a Panel<'a>,
    found: &'a FunnelFigure,
    up: Values,
    across: Values,
    scale: Scale,
    room: Rect,
    ends: Vec<EndLabel>,
    has_axes: bool,
}

impl<'a> Funnel<'a> {
    fn new(sheet: &Sheet<'_>, panel: &'a Panel<'a>, found: &'a FunnelFigure, room: Rect) -> Self {
        let unit = panel.unit;
        let has_axes = room.width() > 14.0 * unit && room.height() > 5.0 * unit;
        let mut plot = room;
        if has_axes {
            plot.top += 0.55 * unit;
            plot.bottom -= 1.5 * unit;
        }
        let most = found.members.iter().map(|member| real(member.n));
        let most = most.fold(1.0, f64::max) * 1.04;
        let values = found.members.iter().map(|member| member.value);
        // The mouth of a funnel is as wide as the scale: what it holds there says little.
        let told = found.limits.iter().filter(|limits| limits.n >= 0.12 * most);
        let limits = told.flat_map(|limits| [limits.action.0, limits.action.1]);
        let ticks_max = Values::ticks_max(plot.height(), unit);
        let kpi = panel.figure.answer.kpi;
        let up = Values::around(values.chain(limits).chain([found.centre]), kpi, ticks_max);
        let ends = whole_or_bare(sheet, panel, end_labels(panel, found), ENDS_SHARE);
        if has_axes {
            plot.left += labels_px(sheet, panel, &up, kpi.unit == Unit::Percent);
            let ends_px = ends_px(sheet, panel, &ends, ENDS_SHARE);
            plot.right -= if ends_px > 0.0 {
                ends_px + GAP * unit
            } else {
                0.4 * unit
            };
        }
        let across = Values::from_zero(most, Values::ticks_max(plot.width() / 4.0, unit));
        Self {
            panel,
            found,
            scale: Scale {
                x: (0.0, most),
                y: (up.low, up.high),
                room: plot,
            },
            up,
            across,
            room,
            ends,
            has_axes,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        let neutral = self.panel.palette.neutral;
        self.ground(sheet, |limits| limits.action, fill(neutral, 0.14));
        self.ground(sheet, |limits| limits.warning, fill(neutral, 0.2));
        self.axes(sheet);
        let centre = vec![
            (self.scale.x.0, self.found.centre),
            (self.scale.x.1, self.found.centre),
        ];
        let style = stroke(self.panel.palette.muted, 1.0, 0.1 * self.panel.unit);
        let line = PathElement::new(centre, style);
        draw(sheet, &self.scale, Ink::Solid, &line);
        let (usual, special): (Vec<&FunnelMember>, Vec<_>) = (self.found.members.iter())
            .partition(|member| member.band == FunnelBand::Within && !member.is_own);
        for member in usual.into_iter().chain(special) {
            self.mark(sheet, member);
        }
        self.names(sheet);
        self.end_labels(sheet);
    }

    /// Fills what lies between limits, cut at the edges of the plot.
    fn ground(
        &self,
        sheet: &mut Sheet<'_>,
        pick: impl Fn(&FunnelLimits) -> (f64, f64),
        style: plotters::style::ShapeStyle,
    ) {
        let (low, high) = self.scale.y;
        let inside = |limits: &&FunnelLimits| limits.n <= self.scale.x.1;
        let limits: Vec<&FunnelLimits> = self.found.limits.iter().filter(inside).collect();
        let above = limits
            .iter()
            .map(|limits| (limits.n, pick(limits).1.clamp(low, high)));
        let below = limits
            .iter()
            .rev()
            .map(|limits| (limits.n, pick(limits).0.clamp(low, high)));
        let corners: Vec<(f64, f64)> = above.chain(below).collect();
        if corners.len() > 2 {
            draw(
                sheet,
                &self.scale,
                Ink::Solid,
                &Polygon::new(corners, style),
            );
        }
    }

    fn axes(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let is_percent = self.panel.figure.answer.kpi.unit == Unit::Percent;
        let up = (&self.up, &self.scale);
        draw_across(sheet, self.panel, up, is_percent, self.has_axes);
        if !self.has_axes {
            return;
        }
        let baseline = self.scale.room.bottom + 1.2 * unit;
        let look = self.panel.label();
        let name = sheet.text("n", (self.room.right, baseline), &look, Align::End);
        let labels = Labels {
            left: self.scale.room.left - 0.5 * unit,
            right: self.room.right - name - unit,
            baseline,
        };
        let across = (&self.across, &self.scale);
        draw_up(sheet, self.panel, across, false, Some(labels));
    }

    fn at(&self, member: &FunnelMember) -> (f64, f64) {
        let (low, high) = self.scale.y;
        let y = member.value.clamp(low, high);
        (self.scale.x_px(real(member.n)), self.scale.y_px(y))
    }

    fn colour(&self, member: &FunnelMember) -> Rgb {
        let palette = self.panel.palette;
        let is_up = match member.band {
            FunnelBand::Within => return palette.neutral,
            FunnelBand::Above => true,
            FunnelBand::Below => false,
        };
        match is_higher_better(self.panel.figure) {
            Some(is_better) if is_better == is_up => palette.good,
            Some(_) => palette.poor,
            None => palette.accent,
        }
    }

    fn mark(&self, sheet: &mut Sheet<'_>, member: &FunnelMember) {
        let unit = self.panel.unit;
        let paper = self.panel.palette.paper;
        let colour = self.colour(member);
        let (x, y) = self.at(member);
        let coords = (
            real(member.n),
            member.value.clamp(self.scale.y.0, self.scale.y.1),
        );
        let dot = |sheet: &mut Sheet<'_>, radius: f64, colour: Rgb| {
            let dot = Circle::new(coords, steps(radius * unit), fill(colour, 1.0));
            draw(sheet, &self.scale, Ink::Solid, &dot);
        };
        if member.is_own {
            dot(sheet, 0.82, self.panel.palette.ink);
            dot(sheet, 0.7, paper);
        }
        let triangle = |r: f64, way: f64| {
            [
                (x, y - way * r),
                (x + 0.95 * r, y + way * 0.75 * r),
                (x - 0.95 * r, y + way * 0.75 * r),
            ]
        };
        match member.band {
            FunnelBand::Within => {
                dot(sheet, 0.36, paper);
                dot(sheet, 0.29, colour);
            }
            FunnelBand::Above => {
                sheet.polygon(&triangle(0.66 * unit, 1.0), paper);
                sheet.polygon(&triangle(0.5 * unit, 1.0), colour);
            }
            FunnelBand::Below => {
                sheet.polygon(&triangle(0.66 * unit, -1.0), paper);
                sheet.polygon(&triangle(0.5 * unit, -1.0), colour);
            }
        }
    }

    /// Names what may be named, and the ground beyond the limits.
    fn names(&self, sheet: &mut Sheet<'_>) {
        let words = self.panel.style.language.findings();
        let mut space = Space::new(self.scale.room);
        let radius = 0.55 * self.panel.unit;
        for member in &self.found.members {
            space.take(self.at(member), radius);
        }
        let look = self.panel.label().coloured(self.panel.palette.ink);
        for member in self.found.members.iter().filter(|member| member.is_own) {
            space.beside(sheet, words.own, &look, self.at(member), radius * 1.5);
        }
        for (is_top, name) in [(true, words.bands[0]), (false, words.bands[2])] {
            let corner = Corner {
                is_top,
                is_left: false,
            };
            let corner = (self.scale.room, corner);
            space.corner(sheet, name, &self.panel.label(), corner);
        }
        if self.found.naming == Naming::Bands {
            return;
        }
        let is_named = |member: &&FunnelMember| member.band != FunnelBand::Within && !member.is_own;
        for member in self.found.members.iter().filter(is_named) {
            let name = fit_telling(sheet, &member.name, &look, self.scale.room.width() * 0.3);
            space.beside(sheet, &name, &look, self.at(member), radius);
        }
    }

    fn end_labels(&self, sheet: &mut Sheet<'_>) {
        if !self.has_axes {
            return;
        }
        let room = self.scale.room;
        let column = Rect {
            left: room.right,
            top: room.top + 0.5 * self.panel.unit,
            right: self.room.right,
            bottom: room.bottom,
        };
        let (low, high) = self.scale.y;
        let wish = |end: &EndLabel| self.scale.y_px(end.value.clamp(low, high));
        let wishes: Vec<f64> = self.ends.iter().map(wish).collect();
        draw_ends(sheet, self.panel, &self.ends, &wishes, column, Sign::None);
    }
}

/// Returns the names of what is expected and of the limits where they end.
fn end_labels(panel: &Panel<'_>, found: &FunnelFigure) -> Vec<EndLabel> {
    let language = panel.style.language;
    let label = |name: &str, shown: String, value: f64, colour: Rgb| EndLabel {
        name: name.to_owned(),
        shown,
        value,
        colour,
        is_strong: false,
    };
    let centre = numerals::short_value(found.centre, panel.figure.answer.kpi, language);
    let expected = language.findings().expected;
    let centre = label(expected, centre, found.centre, panel.palette.ink);
    let muted = panel.palette.muted;
    let limits = found.limits.last().map(|last| {
        let (action, warning) = (
            numerals::percent(99.8, 1, language),
            numerals::percent(95.0, 0, language),
        );
        [
            label("", action, last.action.1, muted),
            label("", warning, last.warning.1, muted),
        ]
    });
    [centre]
        .into_iter()
        .chain(limits.into_iter().flatten())
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "a place on an axis")]
fn real(n: u64) -> f64 {
    n as f64
}

/// Says the groups beyond their limits, where they may be named, and how the one who looks does.
pub(super) fn told(found: &FunnelFigure, figure: &Figure, language: Language) -> Vec<String> {
    let words = language.findings();
    let said = |member: &FunnelMember| {
        let name = match member.is_own {
            true => words.own,
            false => &member.name,
        };
        let band = match member.band {
            FunnelBand::Above => words.bands[0],
            FunnelBand::Within => words.bands[1],
            FunnelBand::Below => words.bands[2],
        };
        let value = numerals::value(member.value, figure.answer.kpi, language);
        format!("{name} {value}: {band}")
    };
    let is_told = |member: &&FunnelMember| {
        let is_beyond = member.band != FunnelBand::Within;
        member.is_own || (is_beyond && found.naming == Naming::Names)
    };
    found.members.iter().filter(is_told).map(said).collect()
}
