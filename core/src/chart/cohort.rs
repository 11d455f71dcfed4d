//! `cohort`: how many of each month's newcomers are still there, month by month, as a triangle.

use plotters::element::Rectangle;

use super::calendar::month_name;
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals::{self, THIN};
use super::pen::{Ink, Scale, draw, fill};
use super::sheet::{Align, Rect, Sheet};
use super::theme::Rgb;
use super::trend::empty_plot;
use super::triangle::{Line, Triangle};
use super::words::filled;

/// Least height of a line with numbers, and without, in units.
const LINE: (f64, f64) = (1.3, 0.3);

/// Greatest height of a line, in units.
const LINE_MAX: f64 = 2.4;

/// Least width of a cell with a number, in units.
const CELL_MIN: f64 = 2.0;

/// Greatest width of a cell, in units: wider ones are no squares any more.
const CELL_MAX: f64 = 5.0;

/// Height of the heads above the triangle, in units.
const HEAD: f64 = 1.5;

/// Gap before the pooled line, in units.
const GAP: f64 = 0.35;

/// Draws the figure onto the sheet.
pub(super) fn draw_cohort(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let triangle = Triangle::of(panel.figure);
    let n_lines = numerals::real(triangle.lines.len() + usize::from(triangle.pooled.is_some()));
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: (n_lines * LINE.0 + HEAD + GAP).clamp(5.0, 12.0),
        plot_units_least: 5.0,
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    if triangle.lines.is_empty() {
        return empty_plot(sheet, panel, place.plot);
    }
    Map::new(sheet, panel, &triangle, place.plot).draw(sheet);
}

/// The triangle with its places.
struct Map<'a> {
    panel: &'a Panel<'a>,
    lines: Vec<&'a Line>,
    pooled: Option<&'a Line>,
    n_ages: usize,
    room: Rect,
    /// Upper left corner of the first cell.
    corner: (f64, f64),
    cell: (f64, f64),
    names_px: f64,
    counts_right: Option<f64>,
    /// Older lines that have no room.
    n_left: usize,
}

impl<'a> Map<'a> {
    fn new(sheet: &Sheet<'_>, panel: &'a Panel<'a>, triangle: &'a Triangle, room: Rect) -> Self {
        let unit = panel.unit;
        let look = panel.label();
        let names = triangle.lines.iter().chain(&triangle.pooled);
        let names_px = names
            .clone()
            .map(|line| sheet.width(&name(panel, line), &look));
        let head_px = sheet.width(&head(panel, 0), &look);
        let names_px = names_px.fold(head_px, f64::max).min(room.width() * 0.3);
        let counts_px = names.map(|line| sheet.width(&count(panel, line), &look));
        let counts_px = counts_px.fold(0.0, f64::max).max(sheet.width("n", &look));
        let has_counts = room.width() > names_px + counts_px + 18.0 * unit;
        let left = room.left + names_px + 0.8 * unit;
        let counts_right = has_counts.then_some(left + counts_px);
        let left = counts_right.map_or(left, |right| right + 0.8 * unit);
        let top = room.top + HEAD * unit;
        // The pooled line is read even where its cohorts are but stripes.
        let pooled_px = match triangle.pooled {
            Some(_) => (GAP + LINE.0) * unit,
            None => 0.0,
        };
        let height = room.bottom - top - pooled_px;
        let n_ages = triangle.n_ages.max(1);
        let width = ((room.right - left) / numerals::real(n_ages)).min(CELL_MAX * unit);
        // What has not even room as a stripe is left out, the oldest first.
        let n_fitting = numerals::whole(height / (LINE.1 * unit)).max(1);
        let n_shown = triangle.lines.len().min(n_fitting);
        let line = (height / numerals::real(n_shown)).min(LINE_MAX * unit);
        let n_left = triangle.lines.len() - n_shown;
        Self {
            panel,
            lines: triangle.lines[n_left..].iter().collect(),
            pooled: triangle.pooled.as_ref(),
            n_ages,
            room,
            corner: (left, top),
            cell: (width, line),
            names_px,
            counts_right,
            n_left,
        }
    }

    fn draw(&self, sheet: &mut Sheet<'_>) {
        self.heads(sheet);
        // The heads above end a little before the first line begins.
        let mut free_from = self.corner.1 - 0.3 * self.panel.unit;
        for (idx, line) in self.lines.iter().enumerate() {
            let top = self.corner.1 + numerals::real(idx) * self.cell.1;
            self.line(sheet, line, (top, self.cell.1), &mut free_from);
        }
        if let Some(pooled) = self.pooled {
            let below = numerals::real(self.lines.len()) * self.cell.1;
            let top = self.corner.1 + below + GAP * self.panel.unit;
            let height = LINE.0 * self.panel.unit;
            // Its name goes before that of the line above.
            self.line(
                sheet,
                pooled,
                (top, height.min(self.room.bottom - top)),
                &mut 0.0,
            );
        }
        if !self.has_numbers(self.cell.1) {
            self.key(sheet);
        }
    }

    /// Whether the cells of a line so high have room for their numbers.
    fn has_numbers(&self, line_px: f64) -> bool {
        let unit = self.panel.unit;
        self.cell.0 >= CELL_MIN * unit && line_px >= LINE.0 * unit - 1e-6
    }

    fn line(
        &self,
        sheet: &mut Sheet<'_>,
        line: &Line,
        (top, height): (f64, f64),
        free_from: &mut f64,
    ) {
        let unit = self.panel.unit;
        let look = match line.month {
            None => self.panel.strong_label(),
            Some(_) => self.panel.label().coloured(self.panel.palette.ink),
        };
        let centre = top + height / 2.0;
        let baseline = centre + look.cap_px() / 2.0;
        // Lines lower than letters are named as far as the names have room.
        let lowest = match (line.month, self.pooled) {
            // The pooled line's own name is below.
            (Some(_), Some(_)) => self.corner.1 + numerals::real(self.lines.len()) * self.cell.1,
            _ => self.room.bottom,
        };
        if centre - 0.6 * unit >= *free_from - 1e-6 && centre + 0.5 * unit <= lowest + 0.05 * unit {
            let name = sheet.fit(&name(self.panel, line), &look, self.names_px);
            sheet.text(&name, (self.room.left, baseline), &look, Align::Start);
            if let Some(right) = self.counts_right {
                let text = count(self.panel, line);
                sheet.text(&text, (right, baseline), &self.panel.label(), Align::End);
            }
            *free_from = centre + 0.6 * unit;
        }
        for (age, cell) in line.cells.iter().enumerate() {
            self.cell(sheet, age, (top, height), *cell);
        }
    }

    fn cell(
        &self,
        sheet: &mut Sheet<'_>,
        age: usize,
        (top, height): (f64, f64),
        cell: Option<Cell>,
    ) {
        let Some(cell) = cell else {
            // The future is blank, never 0.
            return;
        };
        let unit = self.panel.unit;
        let left = self.corner.0 + numerals::real(age) * self.cell.0;
        let inset = (0.06 * unit).min(self.cell.0 * 0.06).min(height * 0.06);
        let scale = Scale {
            x: (0.0, 1.0),
            y: (0.0, 1.0),
            room: Rect {
                left: left + inset,
                top: top + inset,
                right: left + self.cell.0 - inset,
                bottom: top + height - inset,
            },
        };
        let whole = [(0.0, 0.0), (1.0, 1.0)];
        let Some(percent) = cell else {
            let paint = sheet.hatch(self.panel.palette.neutral, unit * 0.35);
            let area = Rectangle::new(whole, fill(self.panel.palette.neutral, 1.0));
            return draw(sheet, &scale, Ink::Paint(paint), &area);
        };
        let shade = self.panel.palette.shade(percent / 100.0);
        draw(
            sheet,
            &scale,
            Ink::Solid,
            &Rectangle::new(whole, fill(shade, 1.0)),
        );
        if self.has_numbers(height) {
            let look = self.panel.label().coloured(shade.on());
            let text = numerals::number(percent, 0, self.panel.style.language);
            let centre = (left + self.cell.0 / 2.0, top + height / 2.0);
            let at = (centre.0, centre.1 + look.cap_px() / 2.0);
            sheet.text(&text, at, &look, Align::Middle);
        }
    }

    /// Names the columns: months since they came.
    fn heads(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let look = self.panel.label();
        let baseline = self.corner.1 - 0.55 * unit;
        if let Some(right) = self.counts_right {
            sheet.text("n", (right, baseline), &look, Align::End);
        }
        let head = head(self.panel, self.n_left);
        if sheet.width(&head, &look) <= self.names_px + 0.1 {
            sheet.text(&head, (self.room.left, baseline), &look, Align::Start);
        }
        let step = [1, 2, 3, 6, 12, 24, 60];
        let mut step = step.into_iter();
        let least = 2.2 * unit;
        let step = step.find(|step| numerals::real(*step) * self.cell.0 >= least);
        let step = step.unwrap_or(120);
        for age in (0..self.n_ages).step_by(step) {
            let centre = self.corner.0 + (numerals::real(age) + 0.5) * self.cell.0;
            let text = age.to_string();
            let half = sheet.width(&text, &look) / 2.0;
            if centre + half <= self.room.right + 0.1 {
                sheet.text(&text, (centre, baseline), &look, Align::Middle);
            }
        }
    }

    /// Says what the shades mean, in the empty corner of the triangle.
    fn key(&self, sheet: &mut Sheet<'_>) {
        let unit = self.panel.unit;
        let look = self.panel.label();
        let height = numerals::real(self.lines.len()) * self.cell.1;
        let full = numerals::real(self.n_ages) * self.cell.0;
        let right = self.corner.0 + full;
        let (least, most) = (format!("0{THIN}%"), format!("100{THIN}%"));
        let swatches = 5.0 * unit;
        let words = sheet.width(&least, &look) + sheet.width(&most, &look) + unit;
        let left = right - words - swatches;
        let bottom = self.corner.1 + height - 0.4 * unit;
        // The diagonal of the triangle runs from the upper right to the lower left.
        let diagonal = right - (1.9 * unit / height.max(1.0)).min(1.0) * full;
        let is_blank = self
            .lines
            .last()
            .is_some_and(|line| line.cells.iter().flatten().count() < self.n_ages / 2);
        if !is_blank || left < self.corner.0 + full * 0.45 || diagonal < left || height < 5.0 * unit
        {
            return;
        }
        let baseline = bottom;
        let after = left + sheet.text(&least, (left, baseline), &look, Align::Start) + 0.5 * unit;
        for idx in 0..5 {
            let at = after + numerals::real(idx) * unit;
            let swatch = Rect {
                left: at,
                right: at + unit,
                top: baseline - look.cap_px(),
                bottom: baseline,
            };
            let shade: Rgb = self.panel.palette.shade(numerals::real(idx) / 4.0);
            sheet.rect(swatch, shade, 0.0);
        }
        sheet.text(&most, (right, baseline), &look, Align::End);
    }
}

/// A share in percent; `None` is hidden.
type Cell = Option<f64>;

/// Returns what stands over the names: what the columns count, or how many lines are left out.
fn head(panel: &Panel<'_>, n_left: usize) -> String {
    let phrases = panel.style.language.phrases();
    match n_left {
        0 => phrases.months_after.to_owned(),
        n_left => filled(phrases.earlier, &[&n_left.to_string()]),
    }
}

fn name(panel: &Panel<'_>, line: &Line) -> String {
    match line.month {
        Some(month) => month_name(month, panel.style.language),
        None => line
            .key
            .clone()
            .unwrap_or_else(|| panel.style.language.phrases().all.to_owned()),
    }
}

fn count(panel: &Panel<'_>, line: &Line) -> String {
    line.n.map_or_else(
        || "–".to_owned(),
        |n| numerals::count(n, panel.style.language),
    )
}
