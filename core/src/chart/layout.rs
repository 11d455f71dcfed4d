//! Where everything goes: one unit, one margin, and a ladder of what is left out when room ends.

use super::facts::{Arrow, Facts, State, Tone};
use super::fonts::Weight;
use super::sheet::{Align, CAP_EM, Rect, STEPS_PER_PX, Sheet, Type};
use super::theme::{Palette, Rgb};
use super::words::Words;
use super::{Figure, Style};

/// Labels as a share of the picture's height; four times that is the headline: 18 %.
const LABEL_SHARE: f64 = 0.045;

/// Pictures narrower than this times their height shrink their letters with their width.
const NARROW: f64 = 1.1;

/// Smallest label in pixels.
const LABEL_PX_MIN: f64 = 10.0;

/// Pictures wider than this times their height put the words beside the plot.
const SIDE_BY_SIDE: f64 = 2.2;

/// Title over label, headline over label; the big headline is one more step of 1.6.
const TITLE_UNITS: f64 = 1.6;
/// Headline of charts with a plot of their own.
pub(super) const HEADLINE_UNITS: f64 = 4.0;
/// Headline of a number.
pub(super) const NUMBER_UNITS: f64 = 6.4;
/// Headline beside a plot: the column has height to spare.
const SIDE_UNITS: f64 = 5.6;

/// Distance of baselines of labels, in units.
const LINE: f64 = 1.4;

/// Everything that drawing a panel needs to know.
pub(super) struct Panel<'a> {
    pub(super) figure: &'a Figure,
    pub(super) style: &'a Style,
    pub(super) facts: Facts,
    pub(super) words: &'static Words,
    pub(super) palette: &'static Palette,
    /// Label size in pixels: the unit of every distance.
    pub(super) unit: f64,
}

impl<'a> Panel<'a> {
    pub(super) fn new(figure: &'a Figure, style: &'a Style) -> Self {
        Self {
            figure,
            style,
            facts: Facts::new(figure, style.language),
            words: style.language.words(),
            palette: style.theme.palette(),
            unit: unit_px(style),
        }
    }

    pub(super) fn label(&self) -> Type {
        Type::new(self.unit, Weight::Regular, self.palette.muted)
    }

    pub(super) fn strong_label(&self) -> Type {
        Type::new(self.unit, Weight::Bold, self.palette.ink)
    }

    pub(super) fn title(&self) -> Type {
        Type::new(self.unit * TITLE_UNITS, Weight::Bold, self.palette.ink)
    }
}

/// Returns the size of labels in pixels.
pub(super) fn unit_px(style: &Style) -> f64 {
    let (width, height) = (
        f64::from(style.size.width_px),
        f64::from(style.size.height_px),
    );
    let unit = (LABEL_SHARE * height.min(width * NARROW)).max(LABEL_PX_MIN);
    // Up to a whole step, so that a headline of four units never rounds below its share.
    (unit * STEPS_PER_PX).ceil() / STEPS_PER_PX
}

/// Returns the picture without its margins.
pub(super) fn content(sheet: &Sheet<'_>, unit: f64) -> Rect {
    let bounds = sheet.bounds();
    let margin = (unit * 1.2).min(bounds.height() * 0.09).round();
    Rect {
        left: margin,
        top: margin,
        right: bounds.right - margin,
        bottom: bounds.bottom - margin,
    }
}

/// What a chart asks of its panel.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wants {
    /// Headline size in units.
    pub(super) headline_units: f64,
    /// Least height of the plot in units.
    pub(super) plot_units_min: f64,
    /// Room in pixels at the right that belongs to labels from under the title downwards.
    pub(super) labels_px: f64,
}

/// Where a chart may draw.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Place {
    /// The plot with its axes.
    pub(super) plot: Rect,
    /// Upper end of the column that [`Wants::labels_px`] kept free.
    pub(super) labels_top: f64,
}

/// One rung of the ladder: what is kept.
#[derive(Debug, Clone, Copy)]
struct Rung {
    n_title_lines: usize,
    has_subtitle: bool,
    n_facts: usize,
    n_formula_lines: usize,
    headline: Headline,
    has_plot: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Headline {
    /// At its full size on a row of its own.
    Row,
    /// Two thirds of that.
    SmallRow,
    /// At the end of the title's row.
    InTitle,
}

const fn rung(
    n_title_lines: usize,
    has_subtitle: bool,
    n_facts: usize,
    n_formula_lines: usize,
    headline: Headline,
    has_plot: bool,
) -> Rung {
    Rung {
        n_title_lines,
        has_subtitle,
        n_facts,
        n_formula_lines,
        headline,
        has_plot,
    }
}

/// From everything to almost nothing; the first that fits is drawn. The formula goes first, then
/// the goal, then the plot's headline shrinks; the number, its age and its name go last.
const LADDER: [Rung; 12] = [
    rung(2, true, 3, 2, Headline::Row, true),
    rung(2, true, 3, 1, Headline::Row, true),
    rung(1, true, 3, 1, Headline::Row, true),
    rung(1, true, 3, 0, Headline::Row, true),
    rung(1, true, 2, 0, Headline::Row, true),
    rung(1, true, 1, 0, Headline::SmallRow, true),
    rung(1, true, 1, 0, Headline::InTitle, true),
    rung(1, false, 0, 0, Headline::InTitle, true),
    rung(2, true, 2, 0, Headline::Row, false),
    rung(1, true, 1, 0, Headline::Row, false),
    rung(1, false, 1, 0, Headline::SmallRow, false),
    rung(1, false, 0, 0, Headline::InTitle, false),
];

/// A line of text with its place.
struct Placed {
    text: String,
    at: (f64, f64),
    look: Type,
    align: Align,
    arrow: Option<Arrow>,
}

/// A rung worked out in pixels.
struct Arrangement {
    lines: Vec<Placed>,
    place: Option<Place>,
}

/// Draws everything around the plot and returns the plot's place, if there is room for one.
pub(super) fn compose(sheet: &mut Sheet<'_>, panel: &Panel<'_>, wants: Wants) -> Option<Place> {
    let badge = badge_room(sheet, panel);
    let is_number = wants.headline_units >= NUMBER_UNITS;
    let is_fitting = |rung: &&Rung| {
        // A number without its size is no picture of a number: the line goes before.
        let is_shrunk = is_number && rung.headline == Headline::InTitle;
        let is_bare = is_number && panel.facts.state != State::Scored;
        !(rung.has_plot && (is_shrunk || is_bare))
    };
    let arrangement = LADDER
        .iter()
        .filter(is_fitting)
        .find_map(|rung| arrange(sheet, panel, wants, *rung, badge.as_ref().map(|it| it.1)))?;
    if let Some((text, room)) = badge {
        draw_badge(sheet, panel, &text, room);
    }
    for line in &arrangement.lines {
        let mut left = line.at.0;
        if let Some(arrow) = line.arrow {
            left += draw_arrow(sheet, arrow, line);
        }
        sheet.text(&line.text, (left, line.at.1), &line.look, line.align);
    }
    arrangement.place
}

/// Places one rung, or returns `None` when it does not fit.
fn arrange(
    sheet: &Sheet<'_>,
    panel: &Panel<'_>,
    wants: Wants,
    rung: Rung,
    badge: Option<Rect>,
) -> Option<Arrangement> {
    let unit = panel.unit;
    let content = content(sheet, unit);
    let is_side = rung.has_plot
        && rung.headline != Headline::InTitle
        && content.width() > SIDE_BY_SIDE * content.height()
        && content.width() > 38.0 * unit;
    let mut column = content;
    if is_side {
        column.right = content.left + (content.width() * 0.3).clamp(17.0 * unit, 26.0 * unit);
    }
    let is_small = rung.headline == Headline::InTitle;
    let mut stack = Stack {
        sheet,
        panel,
        column,
        y: column.top,
        subtitle: String::new(),
        lines: Vec::new(),
    };
    stack.title(rung, badge.filter(|_| !is_side));
    let title_end = stack.y;
    if !is_side && rung.has_plot && wants.labels_px > 0.0 {
        stack.column.right -= wants.labels_px + unit;
    }
    stack.subtitle();
    if is_small {
        stack.facts_below(rung.n_facts)?;
    } else {
        let size = wants
            .headline_units
            .max(if is_side { SIDE_UNITS } else { 0.0 });
        stack.headline(rung, size)?;
    }
    let words_end = stack.y;
    let mut lines = stack.lines;
    let (footer_top, footer) = footer(sheet, panel, rung);
    lines.extend(footer);
    let mut plot = content;
    plot.bottom = footer_top - 0.5 * unit;
    if is_side {
        plot.left = column.right + 1.6 * unit;
        plot.top = badge.map_or(content.top, |room| room.bottom + 0.6 * unit);
        if words_end > plot.bottom {
            return None;
        }
    } else {
        plot.top = words_end
            + if rung.headline == Headline::InTitle {
                0.5
            } else {
                0.9
            } * unit;
    }
    if !rung.has_plot {
        return (words_end <= footer_top - 0.1 * unit)
            .then_some(Arrangement { lines, place: None });
    }
    let height_min = wants.plot_units_min * unit * if is_small { 0.6 } else { 1.0 };
    let labels_top = if is_side || is_small {
        plot.top
    } else {
        title_end + 0.4 * unit
    };
    (plot.height() >= height_min).then_some(Arrangement {
        lines,
        place: Some(Place { plot, labels_top }),
    })
}

/// Lines from the top of a column downwards; `y` is the end of what is placed.
struct Stack<'a> {
    sheet: &'a Sheet<'a>,
    panel: &'a Panel<'a>,
    column: Rect,
    y: f64,
    subtitle: String,
    lines: Vec<Placed>,
}

impl Stack<'_> {
    fn put(&mut self, text: String, x: f64, baseline: f64, look: Type, align: Align) {
        self.lines.push(Placed {
            text,
            at: (x, baseline),
            look,
            align,
            arrow: None,
        });
    }

    fn title(&mut self, rung: Rung, badge: Option<Rect>) {
        let unit = self.panel.unit;
        let look = self.panel.title();
        let mut width = badge.map_or(self.column.right, |room| room.left - unit) - self.column.left;
        let mut baseline = self.y + look.cap_px();
        if rung.headline == Headline::InTitle {
            let right = badge.map_or(self.column.right, |room| room.left - unit);
            let text = self.headline_that_fits(&look, width * 0.5);
            width -= self.sheet.width(&text, &look) + unit;
            self.put(text, right, baseline, look, Align::End);
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
    fn subtitle(&mut self) {
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
    fn headline(&mut self, rung: Rung, headline_units: f64) -> Option<()> {
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
        let top = self.y + 0.55 * unit + 0.07 * full_size;
        let n_lines = self.panel.facts.lines.len().min(rung.n_facts);
        let mut cap = look.size_px * CAP_EM;
        if is_beside {
            #[expect(clippy::cast_precision_loss, reason = "at most three lines")]
            let column_height = (n_lines.max(1) - 1) as f64 * LINE * unit + 0.93 * unit;
            cap = cap.max(column_height);
        }
        let baseline = top + cap;
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
        self.y = baseline + (0.15 * look.size_px).max(0.25 * unit);
        if is_beside {
            let left = self.column.left + width + 1.6 * unit;
            #[expect(clippy::cast_precision_loss, reason = "at most three lines")]
            let first = baseline - (n_lines.max(1) - 1) as f64 * LINE * unit;
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

    fn facts_below(&mut self, n_facts: usize) -> Option<()> {
        let unit = self.panel.unit;
        let n_lines = self.panel.facts.lines.len().min(n_facts);
        if n_lines == 0 {
            return Some(());
        }
        let first = self.y + 0.35 * unit + 0.93 * unit;
        self.facts(n_lines, self.column.left, first, self.column.width());
        #[expect(clippy::cast_precision_loss, reason = "at most three lines")]
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
            if matches!(fact.tone, Tone::Good | Tone::Poor | Tone::Strong) {
                look.weight = Weight::Bold;
            }
            let arrow_width = if fact.arrow.is_some() {
                ARROW_EM * look.size_px
            } else {
                0.0
            };
            let text = self.shortest_that_fits(&fact.wordings, &look, width - arrow_width);
            if let Some(text) = text {
                self.lines.push(Placed {
                    text,
                    at: (left, baseline),
                    look,
                    align: Align::Start,
                    arrow: fact.arrow,
                });
                baseline += LINE * self.panel.unit;
            }
        }
    }
}

/// Room that an arrow and its gap take, in em.
const ARROW_EM: f64 = 0.95;

fn tone(palette: &Palette, tone: Tone) -> Rgb {
    match tone {
        Tone::Plain => palette.muted,
        Tone::Strong => palette.ink,
        Tone::Good => palette.good,
        Tone::Poor => palette.poor,
        Tone::Goal => palette.goal,
    }
}

fn draw_arrow(sheet: &mut Sheet<'_>, arrow: Arrow, line: &Placed) -> f64 {
    let size = line.look.size_px;
    let (left, right) = (line.at.0, line.at.0 + 0.68 * size);
    let (base, tip) = match arrow {
        Arrow::Up => (line.at.1 - 0.04 * size, line.at.1 - 0.66 * size),
        Arrow::Down => (line.at.1 - 0.66 * size, line.at.1 - 0.04 * size),
    };
    let corners = [
        (left, base),
        (right, base),
        (f64::midpoint(left, right), tip),
    ];
    sheet.polygon(&corners, line.look.colour);
    ARROW_EM * size
}

/// Returns the footer's upper end and its lines: formula, note, age of the data.
fn footer(sheet: &Sheet<'_>, panel: &Panel<'_>, rung: Rung) -> (f64, Vec<Placed>) {
    let unit = panel.unit;
    let content = content(sheet, unit);
    let look = panel.label();
    let mut baseline = content.bottom;
    let mut lines = Vec::new();
    let mut put = |text: String, x: f64, y: f64, look: Type, align: Align| {
        lines.push(Placed {
            text,
            at: (x, y),
            look,
            align,
            arrow: None,
        });
    };
    let width = content.width();
    let formula = panel.figure.answer.kpi.formula;
    let formula_lines = sheet.wrap(formula, &look, width, rung.n_formula_lines);
    // A formula that is cut says something else.
    let has_formula = formula_lines
        .last()
        .is_some_and(|line| !line.ends_with('…'));
    let first_fitting = |room: f64| {
        let mut wordings = panel.facts.as_of.iter();
        wordings
            .find(|wording| sheet.width(wording, &look) <= room)
            .cloned()
    };
    let beside = width - sheet.width(formula, &look) - 1.6 * unit;
    let one_line = first_fitting(beside).filter(|_| has_formula && panel.figure.note.is_none());
    let is_one_line = one_line.is_some();
    let as_of = one_line
        .or_else(|| first_fitting(width))
        .unwrap_or_default();
    let room_left = width - sheet.width(&as_of, &look) - 2.0 * unit;
    if is_one_line {
        put(
            formula.to_owned(),
            content.left,
            baseline,
            look,
            Align::Start,
        );
        put(as_of, content.right, baseline, look, Align::End);
    } else {
        put(as_of, content.left, baseline, look, Align::Start);
        if let Some(note) = &panel.figure.note {
            let note_look = look.coloured(panel.palette.ink);
            if sheet.width(note, &note_look) <= room_left {
                let note = sheet.fit(note, &note_look, room_left);
                put(note, content.right, baseline, note_look, Align::End);
            } else {
                baseline -= LINE * unit;
                let note = sheet.fit(note, &note_look, width);
                put(note, content.left, baseline, note_look, Align::Start);
            }
        }
        if has_formula {
            for line in formula_lines.iter().rev() {
                baseline -= LINE * unit;
                put(line.clone(), content.left, baseline, look, Align::Start);
            }
        }
    }
    (baseline - 0.93 * unit, lines)
}

/// Returns the badge's words and place: the upper right corner.
fn badge_room(sheet: &Sheet<'_>, panel: &Panel<'_>) -> Option<(String, Rect)> {
    let badge = panel.facts.badge.as_ref()?;
    let unit = panel.unit;
    let content = content(sheet, unit);
    let look = panel.strong_label();
    let padding = 0.55 * unit;
    let width_max = content.width() * 0.5 - 2.0 * padding;
    let text = badge
        .wordings
        .iter()
        .find(|wording| sheet.width(wording, &look) <= width_max)
        .or(badge.wordings.last())?;
    let text = sheet.fit(text, &look, width_max);
    let width = sheet.width(&text, &look) + 2.0 * padding;
    let room = Rect {
        left: content.right - width,
        top: content.top - 0.1 * unit,
        right: content.right,
        bottom: content.top + 1.5 * unit,
    };
    (!text.is_empty()).then_some((text, room))
}

fn draw_badge(sheet: &mut Sheet<'_>, panel: &Panel<'_>, text: &str, room: Rect) {
    let is_alarm = panel
        .facts
        .badge
        .as_ref()
        .is_some_and(|badge| badge.is_alarm);
    let fill = if is_alarm {
        panel.palette.alarm
    } else {
        panel.palette.warn
    };
    sheet.rect(room, fill, 0.4 * panel.unit);
    let look = panel.strong_label().coloured(panel.palette.on_badge);
    let baseline = f64::midpoint(room.top, room.bottom) + look.cap_px() / 2.0;
    let centre = f64::midpoint(room.left, room.right);
    sheet.text(text, (centre, baseline), &look, Align::Middle);
}
