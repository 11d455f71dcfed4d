//! The words above a plot: title, filter, number, facts.

use super::ladder::{Headline, Rung};
use super::{LINE, Panel, Placed, TITLE_UNITS};
use crate::chart::facts::{State, Tone};
use crate::chart::fonts::Weight;
use crate::chart::sheet::{Align, CAP_EM, Rect, Sheet, Type, descent_em};
use crate::chart::theme::{Palette, Rgb};

/// Lines from the top of a column downwards; `y` is the end of what is placed.
pub(super) struct Stack<'a> {
    pub(super) sheet: &'a Sheet<'a>,
    pub(super) panel: &'a Panel<'a>,
    pub(super) column: Rect,
    pub(super) y: f64,
    pub(super) subtitle: String,
    pub(super) lines: Vec<Placed>,
}

impl Stack<'_> {
    fn put(&mut self, text: String, x: f64, baseline: f64, look: Type, align: Align) {
        self.lines.push(Placed {
            text,
            at: (x, baseline),
            look,
            align,
            arrow: None,
            chip: None,
        });
    }

    pub(super) fn title(&mut self, rung: Rung, badge: Option<Rect>) {
        let unit = self.panel.unit;
        let look = self.panel.title();
        let mut width = badge.map_or(self.column.right, |room| room.left - unit) - self.column.left;
        let mut baseline = self.y + look.cap_px();
        if rung.headline == Headline::InTitle {
            let right = badge.map_or(self.column.right, |room| room.left - unit);
            let text = self.headline_that_fits(&look, width * 0.5);
            let natural = self.sheet.width(&text, &look);
            let size = look.size_px * (0.7 * width / natural.max(1.0)).min(1.0);
            let number = Type::new(size, look.weight, look.colour);
            width -= self.sheet.width(&text, &number) + unit;
            self.put(text, right, baseline, number, Align::End);
        }
        let title = if rung.has_subtitle || self.panel.figure.subtitle.is_empty() {
            self.panel.figure.title.clone()
        } else {
            // The filter is part of what the number is: it shares the line before it is lost.
            format!(
                "{} · {}",
                self.panel.figure.title, self.panel.figure.subtitle
            )
        };
        let titles = self.sheet.wrap(&title, &look, width, rung.n_title_lines);
        let n_titles = titles.len();
        if rung.has_subtitle {
            self.subtitle = self.panel.figure.subtitle.clone();
        }
        if let [only] = &titles[..] {
            let left = self.column.left + self.sheet.width(only, &look) + 0.9 * unit;
            let label = self.panel.label();
            let right = self.column.left + width;
            if left + self.sheet.width(&self.subtitle, &label) <= right {
                let subtitle = std::mem::take(&mut self.subtitle);
                self.put(subtitle, left, baseline, label, Align::Start);
            }
        }
        for (idx, line) in titles.into_iter().enumerate() {
            if idx > 0 {
                baseline += look.size_px * 1.22;
            }
            self.put(line, self.column.left, baseline, look, Align::Start);
        }
        if n_titles > 0 || rung.headline == Headline::InTitle {
            self.y = baseline + 0.25 * look.size_px;
        }
        if let Some(room) = badge {
            self.y = self.y.max(room.bottom);
        }
    }

    /// Places the filter on a line of its own, unless it stands beside the title.
    pub(super) fn subtitle(&mut self) {
        let text = std::mem::take(&mut self.subtitle);
        let look = self.panel.label();
        let text = self.sheet.fit(&text, &look, self.column.width());
        if !text.is_empty() {
            let baseline = self.y + 0.95 * self.panel.unit;
            self.put(text, self.column.left, baseline, look, Align::Start);
            self.y = baseline + 0.25 * self.panel.unit;
        }
    }

    fn headline_that_fits(&self, look: &Type, width: f64) -> String {
        let (full, short) = &self.panel.facts.headline;
        if self.sheet.width(full, look) <= width {
            full.clone()
        } else {
            short.clone()
        }
    }

    /// Places the number, its unit and the facts: beside it if there is room, else below.
    pub(super) fn headline(&mut self, rung: Rung, headline_units: f64) -> Option<()> {
        let unit = self.panel.unit;
        let units = match rung.headline {
            Headline::SmallRow => headline_units * 0.66,
            _ => headline_units,
        };
        let full_size = units * unit;
        let ink = if self.panel.facts.state == State::Scored {
            self.panel.palette.ink
        } else {
            self.panel.palette.muted
        };
        let mut look = Type::new(full_size, Weight::Bold, ink);
        let text = self.headline_that_fits(&look, self.column.width());
        let width = self.sheet.width(&text, &look);
        if width > self.column.width() {
            let size = full_size * self.column.width() / width;
            look = Type::new((size * 0.99).max(TITLE_UNITS * unit), Weight::Bold, ink);
        }
        let mut width = self.sheet.width(&text, &look);
        if width > self.column.width() {
            return None;
        }
        let label = self.panel.label();
        let unit_width = self.sheet.width(&self.panel.facts.unit, &label) + 0.35 * unit;
        let has_unit =
            !self.panel.facts.unit.is_empty() && width + unit_width <= self.column.width();
        let room_beside = self.column.width() - width - if has_unit { unit_width } else { 0.0 };
        let is_beside = room_beside >= 17.5 * unit;
        let top = self.y + 0.7 * unit + 0.07 * full_size;
        let n_lines = self.panel.facts.lines.len().min(rung.n_facts);
        let mut cap = look.size_px * CAP_EM;
        if is_beside {
            #[expect(clippy::cast_precision_loss, reason = "at most four lines")]
            let column_height = (n_lines.max(1) - 1) as f64 * LINE * unit + 0.93 * unit;
            cap = cap.max(column_height);
        }
        let baseline = top + cap;
        let descent = descent_em(&text) * look.size_px;
        self.put(text, self.column.left, baseline, look, Align::Start);
        if has_unit {
            let left = self.column.left + width + 0.35 * unit;
            self.put(
                self.panel.facts.unit.clone(),
                left,
                baseline,
                label,
                Align::Start,
            );
            width += unit_width;
        }
        self.y = baseline + descent.max(0.25 * unit);
        if is_beside {
            let left = self.column.left + width + 1.6 * unit;
            #[expect(clippy::cast_precision_loss, reason = "at most four lines")]
            let mut first = baseline - (n_lines.max(1) - 1) as f64 * LINE * unit;
            if self.panel.facts.state != State::Scored {
                // Level with the dash that stands for the number.
                first = baseline - 0.3 * look.size_px + 0.36 * unit;
            }
            self.facts(n_lines, left, first, self.column.right - left);
            return Some(());
        }
        self.facts_below(rung.n_facts)
    }

    fn shortest_that_fits(&self, wordings: &[String], look: &Type, width: f64) -> Option<String> {
        wordings
            .iter()
            .find(|wording| self.sheet.width(wording, look) <= width)
            .cloned()
    }

    pub(super) fn facts_below(&mut self, n_facts: usize) -> Option<()> {
        let unit = self.panel.unit;
        let n_lines = self.panel.facts.lines.len().min(n_facts);
        if n_lines == 0 {
            return Some(());
        }
        let first = self.y + 0.35 * unit + 0.93 * unit;
        self.facts(n_lines, self.column.left, first, self.column.width());
        #[expect(clippy::cast_precision_loss, reason = "at most four lines")]
        let below = (n_lines - 1) as f64 * LINE * unit;
        self.y = first + below + 0.25 * unit;
        Some(())
    }

    fn facts(&mut self, n_lines: usize, left: f64, first_baseline: f64, width: f64) {
        let mut baseline = first_baseline;
        for idx in 0..n_lines {
            let fact = &self.panel.facts.lines[idx];
            let mut look = self
                .panel
                .label()
                .coloured(tone(self.panel.palette, fact.tone));
            if matches!(
                fact.tone,
                Tone::Good | Tone::Poor | Tone::Strong | Tone::Chip(_)
            ) {
                look.weight = Weight::Bold;
            }
            let arrow_width = if fact.arrow.is_some() {
                ARROW_EM * look.size_px
            } else {
                0.0
            };
            let chip = chip(self.panel.palette, fact.tone);
            let padding = chip.map_or(0.0, |_| 2.0 * CHIP_EM * look.size_px);
            let room = width - arrow_width - padding;
            let text = self.shortest_that_fits(&fact.wordings, &look, room);
            if let Some(text) = text {
                self.lines.push(Placed {
                    text,
                    at: (left, baseline),
                    look,
                    align: Align::Start,
                    arrow: fact.arrow,
                    chip,
                });
                baseline += LINE * self.panel.unit;
            }
        }
    }
}

/// Room that an arrow and its gap take, in em.
pub(super) const ARROW_EM: f64 = 0.95;

/// Ground left and right of a verdict, in em.
pub(super) const CHIP_EM: f64 = 0.5;

/// Returns the colour of a verdict's arrow; `None` for other lines.
fn chip(palette: &Palette, tone: Tone) -> Option<Rgb> {
    match tone {
        Tone::Chip(Some(true)) => Some(palette.good),
        Tone::Chip(Some(false)) => Some(palette.poor),
        Tone::Chip(None) => Some(palette.ink),
        _ => None,
    }
}

fn tone(palette: &Palette, tone: Tone) -> Rgb {
    match tone {
        Tone::Plain => palette.muted,
        Tone::Strong | Tone::Chip(_) => palette.ink,
        Tone::Good => palette.good,
        Tone::Poor => palette.poor,
        Tone::Goal => palette.goal,
    }
}
