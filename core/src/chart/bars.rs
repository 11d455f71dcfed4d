//! `bars`: groups side by side with their intervals, and which of them really differ.

use plotters::element::{PathElement, Rectangle};

use super::axis::Values;
use super::facts::Arrow;
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::roster::{Member, Standing, is_sum, is_thin, members};
use super::sheet::{Align, Rect, Sheet};
use super::trend::empty_plot;
use super::words::filled;
use crate::kpi::{Base, Score, Unit};

/// Least and greatest distance of bars, in units.
const PITCH: (f64, f64) = (1.25, 2.6);

/// Height of the line that names the whole, above the bars, in units.
const WHOLE: f64 = 1.4;

/// Height of the axis below the bars, in units.
const AXIS: f64 = 1.6;

/// Draws the figure onto the sheet.
pub(super) fn draw_bars(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let members = members(panel.figure, panel.style.language);
    let n_rows = numerals::real(members.len());
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: (n_rows * PITCH.0).clamp(4.0, 11.5),
        plot_units_least: (n_rows * PITCH.0).clamp(4.0, 5.0),
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    if members.iter().all(|member| member.score.value.is_none()) {
        return empty_plot(sheet, panel, place.plot);
    }
    Bars::new(sheet, panel, &members, place.plot).draw(sheet);
}

/// Columns of one row and where they end.
struct Bars<'a> {
    panel: &'a Panel<'a>,
    members: &'a [Member],
    axis: Values,
    scale: Scale,
    room: Rect,
    pitch: f64,
    /// Groups that have no room.
    n_left: usize,
    names_px: f64,
    /// Right ends of the columns of values and of counts.
    values_right: f64,
    has_counts: bool,
    has_contrasts: bool,
    has_axis: bool,
}

impl<'a> Bars<'a> {
    fn new(sheet: &Sheet<'_>, panel: &'a Panel<'a>, members: &'a [Member], room: Rect) -> Self {
        let unit = panel.unit;
        let rows_px = numerals::real(members.len()) * PITCH.0 * unit;
        let has_whole = has_whole(panel) && room.height() > rows_px + WHOLE * unit;
        let top = room.top + if has_whole { WHOLE * unit } else { 0.0 };
        let has_axis = room.bottom - top > rows_px + AXIS * unit && room.width() > 24.0 * unit;
        let bottom = room.bottom - if has_axis { AXIS * unit } else { 0.0 };
        let n_fitting = numerals::whole((bottom - top) / (PITCH.0 * unit));
        // The last place says how many are left out.
        let n_shown = match members.len() > n_fitting {
            true => n_fitting.saturating_sub(1).max(1),
            false => members.len(),
        };
        let n_places = numerals::real(members.len().min(n_fitting.max(1)));
        let pitch = ((bottom - top) / n_places).min(PITCH.1 * unit);
        let shown = &members[..n_shown];
        let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
        let (label, strong) = (panel.label(), panel.strong_label());
        let names_px = widest(&mut shown.iter().map(|one| sheet.width(&one.name, &label)));
        let values_px = widest(
            &mut shown
                .iter()
                .map(|one| sheet.width(&value(panel, shown, one), &strong)),
        );
        let counts_px = widest(
            &mut shown
                .iter()
                .map(|one| sheet.width(&count(panel, one), &label)),
        );
        let has_marks = shown.iter().any(|one| one.standing() != Standing::Within);
        let has_counts = counts_px > 0.0 && room.width() > 30.0 * unit;
        let values_right = room.right
            - if has_counts { counts_px + unit } else { 0.0 }
            - if has_marks { unit } else { 0.0 };
        let names_px = names_px.min(room.width() * 0.34);
        let n_rows = numerals::real(n_shown);
        let plot = Rect {
            left: room.left + names_px + 0.8 * unit,
            right: values_right - values_px - 0.8 * unit,
            top,
            bottom: top + n_rows * pitch,
        };
        let ticks_max = Values::ticks_max(plot.width() / 4.0, unit);
        let axis = Values::from_zero_over(
            scores(panel, shown, has_whole),
            panel.figure.answer.kpi,
            ticks_max,
        );
        Self {
            panel,
            members: shown,
            scale: Scale {
                x: (axis.low, axis.high),
                y: (0.0, n_rows),
                room: plot,
            },
            axis,
            room,
            pitch,
            n_left: members.len() - n_shown,
            names_px,
            values_right,
            has_counts,
            has_contrasts: members.iter().any(|one| one.contrast.is_some()),
            has_axis,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        if self.has_axis {
            self.ticks(sheet);
        }
        for (idx, member) in self.members.iter().enumerate() {
            self.row(sheet, idx, member);
        }
        self.line_at(sheet, 0.0, Ink::Solid, 0.08);
        self.whole(sheet);
        // A picture with room for a single bar has none for saying so.
        let has_room = self.scale.room.bottom + self.pitch <= self.room.bottom + 0.1;
        if self.n_left > 0 && has_room {
            let look = self.panel.label();
            let text = filled(self.panel.words.more, &[&self.n_left.to_string()]);
            let baseline = self.scale.room.bottom + self.pitch / 2.0 + look.cap_px() / 2.0;
            let text = sheet.fit(&text, &look, self.room.width());
            sheet.text(&text, (self.room.left, baseline), &look, Align::Start);
        }
    }

    /// Draws a line across all bars.
    fn line_at(&self, sheet: &mut Sheet<'_>, value: f64, ink: Ink, width_units: f64) {
        let style = stroke(self.panel.palette.muted, 1.0, width_units * self.panel.unit);
        let ends = vec![(value, self.scale.y.0), (value, self.scale.y.1)];
        draw(sheet, &self.scale, ink, &PathElement::new(ends, style));
    }

    fn ticks(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let look = self.panel.label();
        let is_percent = self.panel.figure.answer.kpi.unit == Unit::Percent;
        let mut free_from = self.room.left;
        for &tick in &self.axis.ticks {
            let style = stroke(self.panel.palette.grid, 1.0, 0.045 * unit);
            let ends = vec![(tick, self.scale.y.0), (tick, self.scale.y.1)];
            draw(
                sheet,
                &self.scale,
                Ink::Solid,
                &PathElement::new(ends, style),
            );
            let text = self.axis.label(tick, is_percent, self.panel.style.language);
            let (centre, half) = (self.scale.x_px(tick), sheet.width(&text, &look) / 2.0);
            if centre - half < free_from || centre + half > self.room.right {
                continue;
            }
            let baseline = self.scale.room.bottom + 1.15 * unit;
            sheet.text(&text, (centre, baseline), &look, Align::Middle);
            free_from = centre + half + 0.6 * unit;
        }
    }

    fn row(&self, sheet: &mut Sheet<'_>, idx: usize, member: &Member) {
        let unit = self.panel.unit;
        let centre = self.scale.room.top + (numerals::real(idx) + 0.5) * self.pitch;
        let label = self.panel.label();
        let baseline = centre + label.cap_px() / 2.0;
        let name_look = match member.is_rest {
            true => label,
            false => label.coloured(self.panel.palette.ink),
        };
        let name = sheet.fit(&member.name, &name_look, self.names_px);
        sheet.text(&name, (self.room.left, baseline), &name_look, Align::Start);
        let strong = self.panel.strong_label();
        let at = (self.values_right, baseline);
        sheet.text(
            &value(self.panel, self.members, member),
            at,
            &strong,
            Align::End,
        );
        let arrow = match member.standing() {
            Standing::Above => Some(Arrow::Up),
            Standing::Below => Some(Arrow::Down),
            Standing::Within => None,
        };
        let colour = member.colour(self.panel, self.has_contrasts);
        if let Some(arrow) = arrow {
            let at = (self.values_right + 0.35 * unit, baseline);
            arrow.draw(sheet, at, unit, colour);
        }
        if self.has_counts {
            let at = (self.room.right, baseline);
            sheet.text(&count(self.panel, member), at, &label, Align::End);
        }
        match member.score.value {
            Some(value) => self.bar(sheet, centre, value, &member.score, colour),
            None if is_thin(&member.score) => {
                let text = self.panel.style.language.phrases().too_few;
                let text = sheet.fit(text, &label, self.scale.room.width());
                let zero = self
                    .scale
                    .x_px(0.0)
                    .min(self.scale.room.right - sheet.width(&text, &label));
                sheet.text(&text, (zero + 0.4 * unit, baseline), &label, Align::Start);
            }
            None => {}
        }
    }

    fn bar(
        &self,
        sheet: &mut Sheet<'_>,
        centre: f64,
        value: f64,
        score: &Score,
        colour: super::theme::Rgb,
    ) {
        let unit = self.panel.unit;
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
        // Hollow bars are values that rest on little.
        let style = match score.base == Base::Low {
            true => stroke(colour, 1.0, 0.14 * unit),
            false => fill(colour, 1.0),
        };
        let corners = [(0.0, -1.0), (value, 1.0)];
        draw(sheet, &scale, Ink::Solid, &Rectangle::new(corners, style));
        let (Some(low), Some(high)) = (score.low, score.high) else {
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

    /// Draws the value of all groups together across them, with its name above.
    fn whole(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let Some(whole) = self
            .panel
            .figure
            .answer
            .total
            .value
            .filter(|_| has_whole(self.panel))
        else {
            return;
        };
        if self.scale.room.top - self.room.top < unit {
            return;
        }
        self.line_at(sheet, whole, Ink::Dashed(0.3 * unit), 0.1);
        let look = self.panel.label();
        let shown = numerals::value(
            whole,
            self.panel.figure.answer.kpi,
            self.panel.style.language,
        );
        let text = format!("{} {shown}", self.panel.style.language.phrases().all);
        let text = sheet.fit(&text, &look, self.room.width());
        let half = sheet.width(&text, &look) / 2.0;
        let least = self.room.left + half;
        let centre = self
            .scale
            .x_px(whole)
            .min(self.room.right - half)
            .max(least);
        let baseline = self.room.top + 0.85 * unit;
        sheet.text(&text, (centre, baseline), &look, Align::Middle);
    }
}

/// Whether the whole can be compared with its groups, of which there are several.
fn has_whole(panel: &Panel<'_>) -> bool {
    panel.figure.answer.by.is_some() && panel.figure.answer.total.value.is_some() && !is_sum(panel)
}

fn scores<'a>(
    panel: &'a Panel<'_>,
    members: &'a [Member],
    has_whole: bool,
) -> impl Iterator<Item = f64> + 'a {
    let whole = panel.figure.answer.total.value.filter(|_| has_whole);
    let of = |score: &Score| [score.value, score.low, score.high];
    let ends = members.iter().flat_map(move |member| of(&member.score));
    ends.chain([whole]).flatten()
}

/// Values from this one on are written short, and then all of them.
const LARGE: f64 = 100_000.0;

fn value(panel: &Panel<'_>, members: &[Member], member: &Member) -> String {
    let language = panel.style.language;
    let kpi = panel.figure.answer.kpi;
    let value = member.score.value;
    let is_large = |one: &Member| one.score.value.is_some_and(|value| value.abs() >= LARGE);
    match value {
        Some(value) if kpi.unit != Unit::Seconds && members.iter().any(is_large) => {
            numerals::compact(value, 0, language)
        }
        Some(value) => numerals::short_value(value, kpi, language),
        // Words in the place of the bar say why.
        None if is_thin(&member.score) => String::new(),
        None => "–".to_owned(),
    }
}

/// Returns what a score rests on; empty for counts, which rest on themselves.
fn count(panel: &Panel<'_>, member: &Member) -> String {
    match member.score.n {
        Some(n) if panel.figure.answer.kpi.unit != Unit::Count => {
            super::facts::n_equals(n, panel.style.language)
        }
        _ => String::new(),
    }
}
