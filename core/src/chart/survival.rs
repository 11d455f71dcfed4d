//! `survival`: how long customers stay, as steps with their band, and how many are watched.

use plotters::element::{Circle, PathElement, Polygon};

use super::axis::Values;
use super::ends::{EndLabel, GAP, Sign, draw_ends, ends_px};
use super::layout::{HEADLINE_UNITS, Panel, Place, Wants, compose};
use super::lifetime::{Lifetime, Step, lifetimes};
use super::numerals::{self, THIN};
use super::pen::{Ink, Scale, draw, fill, stroke};
use super::sheet::{Align, Rect, Sheet, steps};
use super::theme::Rgb;
use super::trend::empty_plot;
use super::words::filled;

/// Curves of one picture: more cannot be told apart with their bands.
const CURVES_MAX: usize = 2;

/// Height of the days below the plot, and of one row of numbers at risk, in units.
const DAYS: f64 = 1.65;
const ROW: f64 = 1.3;

/// Draws the figure onto the sheet.
pub(super) fn draw_survival(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let all = lifetimes(panel.figure);
    let n_left = all.len().saturating_sub(CURVES_MAX);
    let curves = &all[..all.len() - n_left];
    let is_split = panel.figure.answer.by.is_some();
    let ends = ends(panel, curves, is_split);
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
    if curves.iter().all(|curve| curve.last_day <= 0.0) {
        return empty_plot(sheet, panel, place.plot);
    }
    Plot::new(sheet, panel, curves, n_left, place, (labels_px, ends)).draw(sheet);
}

struct Plot<'a> {
    panel: &'a Panel<'a>,
    curves: &'a [Lifetime],
    ends: Vec<EndLabel>,
    axis: Values,
    scale: Scale,
    room: Rect,
    labels_top: f64,
    /// Days that are named below.
    ticks: Vec<f64>,
    has_axis: bool,
    has_days: bool,
    has_rows: bool,
    n_left: usize,
}

impl<'a> Plot<'a> {
    fn new(
        sheet: &Sheet<'_>,
        panel: &'a Panel<'a>,
        curves: &'a [Lifetime],
        n_left: usize,
        place: Place,
        (labels_px, ends): (f64, Vec<EndLabel>),
    ) -> Self {
        let unit = panel.unit;
        let room = place.plot;
        let mut plot = room;
        let has_axis = room.width() > 12.0 * unit && room.height() > 2.8 * unit;
        let has_days = room.height() > 4.5 * unit;
        let rows = numerals::real(curves.len()) * ROW;
        let is_told = curves.iter().any(|curve| !curve.read.is_empty());
        let has_rows =
            is_told && room.height() > (5.2 + DAYS + rows) * unit && room.width() > 20.0 * unit;
        if has_axis {
            plot.top += 0.55 * unit;
        }
        if has_days {
            plot.bottom -= DAYS * unit;
        }
        if has_rows {
            plot.bottom -= (rows + 0.3) * unit;
        }
        let axis = Values::from_zero(100.0, Values::ticks_max(plot.height(), unit));
        if has_axis {
            let label = |tick: &f64| axis.label(*tick, true, panel.style.language);
            let widths = axis
                .ticks
                .iter()
                .map(|tick| sheet.width(&label(tick), &panel.label()));
            let mut widest = widths.fold(0.0, f64::max);
            if has_rows {
                // The number at day 0 stands under the axis, right of the row's name.
                let label = panel.label();
                let width = |text: &String| sheet.width(text, &label);
                let names = row_names(panel, curves);
                let names_px = names.iter().map(width).fold(0.0, f64::max);
                let firsts = curves
                    .iter()
                    .filter_map(|one| at_risk(one, 0.0, panel.style.language));
                let half = firsts.map(|text| width(&text)).fold(0.0, f64::max) / 2.0;
                widest = widest.max(names_px.min(room.width() * 0.25) + half);
            }
            plot.left += widest + 0.7 * unit;
        }
        if room.width() > 14.0 * unit {
            plot.right -= labels_px + GAP * unit;
        }
        let last = curves
            .iter()
            .map(|curve| curve.last_day)
            .fold(1.0, f64::max);
        let scale = Scale {
            x: (0.0, last),
            y: (axis.low, axis.high),
            room: plot,
        };
        Self {
            panel,
            curves,
            ends,
            axis,
            ticks: ticks(curves, last),
            scale,
            room,
            labels_top: place.labels_top,
            has_axis,
            has_days,
            has_rows,
            n_left,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        self.grid(sheet);
        self.half(sheet);
        for (idx, curve) in self.curves.iter().enumerate().rev() {
            self.band(sheet, curve, self.colour(idx));
        }
        for (idx, curve) in self.curves.iter().enumerate().rev() {
            self.steps(sheet, curve, self.colour(idx), idx);
        }
        self.days(sheet);
        self.end_labels(sheet);
    }

    fn colour(&self, idx: usize) -> Rgb {
        colour(self.panel, idx, self.curves.len())
    }

    fn line(&self, sheet: &mut Sheet<'_>, ends: Vec<(f64, f64)>, ink: Ink, look: (Rgb, f64)) {
        let style = stroke(look.0, 1.0, look.1 * self.panel.unit);
        draw(sheet, &self.scale, ink, &PathElement::new(ends, style));
    }

    fn grid(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let look = self.panel.label();
        for &tick in &self.axis.ticks {
            let ends = vec![(self.scale.x.0, tick), (self.scale.x.1, tick)];
            let width = if tick == 0.0 { 0.09 } else { 0.045 };
            self.line(sheet, ends, Ink::Solid, (self.panel.palette.grid, width));
            if self.has_axis {
                let text = self.axis.label(tick, true, self.panel.style.language);
                let lowest = self.scale.room.bottom + look.cap_px() / 4.0;
                let baseline = (self.scale.y_px(tick) + look.cap_px() / 2.0).min(lowest);
                let right = self.scale.room.left - 0.6 * unit;
                sheet.text(&text, (right, baseline), &look, Align::End);
            }
        }
    }

    /// Leads from one half over the curve down to the day by which half have left.
    fn half(&self, sheet: &mut Sheet<'_>) {
        for (idx, curve) in self.curves.iter().enumerate() {
            let Some(median) = curve.median.filter(|day| *day <= self.scale.x.1) else {
                continue;
            };
            let ink = Ink::Dashed(0.25 * self.panel.unit);
            let path = match idx {
                0 => vec![(0.0, 50.0), (median, 50.0), (median, 0.0)],
                _ => vec![(median, 50.0), (median, 0.0)],
            };
            self.line(sheet, path, ink, (self.panel.palette.muted, 0.07));
        }
    }

    fn band(&self, sheet: &mut Sheet<'_>, curve: &Lifetime, colour: Rgb) {
        let corner = |step: &Step| Some((step.day, step.low?, step.high?));
        let banded: Vec<(f64, f64, f64)> = curve.steps.iter().filter_map(corner).collect();
        let Some(first) = banded.first() else {
            return;
        };
        let mut above = vec![(first.0, first.2)];
        let mut below = vec![(first.0, first.1)];
        let mut before = *first;
        for step in banded[1..]
            .iter()
            .copied()
            .chain([(curve.last_day, f64::NAN, f64::NAN)])
        {
            above.push((step.0, before.2));
            below.push((step.0, before.1));
            if step.1.is_finite() {
                above.push((step.0, step.2));
                below.push((step.0, step.1));
                before = step;
            }
        }
        below.reverse();
        above.extend(below);
        let area = Polygon::new(above, fill(colour, 0.2));
        draw(sheet, &self.scale, Ink::Solid, &area);
    }

    fn steps(&self, sheet: &mut Sheet<'_>, curve: &Lifetime, colour: Rgb, idx: usize) {
        let unit = self.panel.unit;
        let mut path = vec![(0.0, 100.0)];
        let mut share = 100.0;
        for step in &curve.steps {
            path.push((step.day, share));
            path.push((step.day, step.share));
            share = step.share;
        }
        path.push((curve.last_day, share));
        // The second curve is broken: colour alone does not tell them apart.
        let ink = match idx {
            0 => Ink::Solid,
            _ => Ink::Dashed(0.4 * unit),
        };
        self.line(sheet, path, ink, (colour, 0.18));
        let headline = curve.read.iter().find(|read| read.day == HEADLINE_DAY);
        if let Some(share) = headline.and_then(|read| read.share) {
            let dot = Circle::new((HEADLINE_DAY, share), steps(0.28 * unit), fill(colour, 1.0));
            draw(sheet, &self.scale, Ink::Solid, &dot);
        }
    }

    /// Writes the days below, and under them how many are still watched.
    fn days(&self, sheet: &mut Sheet<'_>) {
        if !self.has_days {
            return;
        }
        let unit = self.panel.unit;
        let look = self.panel.label();
        let baseline = self.scale.room.bottom + 1.25 * unit;
        let language = self.panel.style.language;
        let mut taken: Vec<(f64, f64)> = Vec::new();
        let mut named: Vec<f64> = Vec::new();
        for &day in &self.ticks {
            let x = self.scale.x_px(day);
            let text = numerals::days(day, language);
            let counts = self
                .curves
                .iter()
                .filter_map(|curve| at_risk(curve, day, language));
            let widest = counts
                .map(|text| sheet.width(&text, &look))
                .fold(0.0, f64::max);
            let half = sheet.width(&text, &look).max(widest) / 2.0;
            let centre = x.min(self.room.right - half).max(self.scale.room.left);
            let room = (centre - half - 0.4 * unit, centre + half + 0.4 * unit);
            let is_free = taken
                .iter()
                .all(|other| room.1 <= other.0 || other.1 <= room.0);
            if !is_free || centre + half > self.room.right + 0.1 || (centre - x).abs() > 2.0 * unit
            {
                continue;
            }
            sheet.text(&text, (centre, baseline), &look, Align::Middle);
            taken.push(room);
            named.push(day);
            if self.has_rows {
                for (idx, curve) in self.curves.iter().enumerate() {
                    let y = baseline + 0.3 * unit + (numerals::real(idx) + 1.0) * ROW * unit;
                    if let Some(text) = at_risk(curve, day, language) {
                        let look = look.coloured(self.panel.palette.ink);
                        sheet.text(&text, (centre, y), &look, Align::Middle);
                    }
                }
            }
        }
        if self.has_rows {
            let names = row_names(self.panel, self.curves);
            // Clear of the number at day 0, which stands below the axis.
            let least = taken
                .iter()
                .map(|room| room.0)
                .fold(self.scale.room.left, f64::min);
            for (idx, name) in names.iter().enumerate() {
                let y = baseline + 0.3 * unit + (numerals::real(idx) + 1.0) * ROW * unit;
                let name = sheet.fit(name, &look, least - self.room.left);
                sheet.text(&name, (self.room.left, y), &look, Align::Start);
            }
        }
    }

    fn end_labels(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let room = self.scale.room;
        let is_split = self.panel.figure.answer.by.is_some();
        let is_cut = self.n_left > 0 && room.height() > 4.0 * unit;
        let column = Rect {
            left: room.right,
            top: match is_split {
                true => self.labels_top + 0.6 * unit,
                false => room.top + 0.5 * unit,
            },
            right: self.room.right,
            bottom: room.bottom - if is_cut { 1.65 * unit } else { 0.0 },
        };
        let sign = if is_split { Sign::Line } else { Sign::None };
        let wishes: Vec<f64> = self
            .ends
            .iter()
            .map(|end| self.scale.y_px(end.value))
            .collect();
        draw_ends(sheet, self.panel, &self.ends, &wishes, column, sign);
        if is_cut {
            let look = self.panel.label();
            let left = room.right + GAP * unit;
            let text = filled(self.panel.words.more, &[&self.n_left.to_string()]);
            let text = sheet.fit(&text, &look, self.room.right - left);
            sheet.text(
                &text,
                (left, room.bottom - 0.12 * unit),
                &look,
                Align::Start,
            );
        }
    }
}

/// Day that the headline is about.
const HEADLINE_DAY: f64 = 365.0;

fn colour(panel: &Panel<'_>, idx: usize, n_curves: usize) -> Rgb {
    match n_curves {
        0 | 1 => panel.palette.accent,
        _ => panel.palette.series[idx % 8],
    }
}

fn ends(panel: &Panel<'_>, curves: &[Lifetime], is_split: bool) -> Vec<EndLabel> {
    let language = panel.style.language;
    let end = |(idx, curve): (usize, &Lifetime)| {
        let share = curve.steps.last().map_or(100.0, |step| step.share);
        EndLabel {
            name: match is_split {
                true => curve.name(language),
                false => String::new(),
            },
            shown: format!("{}{THIN}%", numerals::number(share, 0, language)),
            value: share,
            colour: colour(panel, idx, curves.len()),
            is_strong: !is_split,
        }
    };
    let seen = curves.iter().filter(|curve| curve.last_day > 0.0);
    seen.enumerate().map(end).collect()
}

/// Returns the days that may be named, the most telling first.
fn ticks(curves: &[Lifetime], last: f64) -> Vec<f64> {
    let mut days: Vec<f64> = vec![0.0];
    let read = curves.iter().flat_map(|curve| &curve.read);
    let mut told: Vec<f64> = read
        .filter(|read| read.day <= last)
        .map(|read| read.day)
        .collect();
    let is_year = |day: f64| (day / HEADLINE_DAY).fract() == 0.0;
    told.sort_by(|one, other| {
        is_year(*other)
            .cmp(&is_year(*one))
            .then(one.total_cmp(other))
    });
    told.dedup();
    // Of months those that are far from each other come first.
    let n_years = told.iter().filter(|day| is_year(**day)).count();
    told[n_years..].reverse();
    days.extend(told);
    days
}

fn at_risk(curve: &Lifetime, day: f64, language: super::Language) -> Option<String> {
    let n = match day {
        0.0 => curve.n,
        _ => curve.read.iter().find(|read| read.day == day)?.n_at_risk,
    };
    n.map(|n| numerals::count(n, language))
}

fn row_names(panel: &Panel<'_>, curves: &[Lifetime]) -> Vec<String> {
    let language = panel.style.language;
    match curves {
        [_] if panel.figure.answer.by.is_none() => vec![language.phrases().at_risk.to_owned()],
        _ => curves.iter().map(|curve| curve.name(language)).collect(),
    }
}
