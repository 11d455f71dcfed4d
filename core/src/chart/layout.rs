//! Where everything goes: one unit, one margin, and a ladder of what is left out when room ends.

mod badge;
mod footer;
mod header;
mod ladder;

use badge::{badge_room, draw_badge};
use footer::footer;
use header::{ARROW_EM, CHIP_EM, Stack};
use ladder::{Headline, LADDER, Rung};

use super::facts::{self, Arrow, Facts, State};
use super::fonts::Weight;
use super::sheet::{Align, Rect, STEPS_PER_PX, Sheet, Type};
use super::theme::{Palette, Rgb};
use super::words::Words;
use super::{Figure, Style};
use crate::kpi::{Base, ChartKind, Score};

/// Labels as a share of the picture's height; four times that is the headline: 18 %.
const LABEL_SHARE: f64 = 0.045;

/// Pictures narrower than this times their height shrink their letters with their width.
const NARROW: f64 = 1.125;

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

/// What stands between the meanings of marks.
const MEANINGS: &str = " · ";

/// Distance of baselines of labels, in units.
const LINE: f64 = 1.4;

/// Everything that drawing a panel needs to know.
pub(super) struct Panel<'a> {
    pub(super) figure: &'a Figure,
    pub(super) style: &'a Style,
    pub(super) facts: Facts,
    /// The figure's note, or what a mark of the picture means.
    pub(super) note: Option<String>,
    pub(super) words: &'static Words,
    pub(super) palette: &'static Palette,
    /// Label size in pixels: the unit of every distance.
    pub(super) unit: f64,
}

impl<'a> Panel<'a> {
    pub(super) fn new(figure: &'a Figure, style: &'a Style) -> Self {
        let facts = Facts::new(figure, style.language);
        Self {
            figure,
            style,
            note: note(figure, facts.state, style),
            facts,
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

/// Returns the figure's note, or else what its hollow marks and its arrows mean.
fn note(figure: &Figure, state: State, style: &Style) -> Option<String> {
    let series = || figure.answer.series.iter();
    let is_hollow = |score: &Score| score.base == Base::Low && score.value.is_some();
    let has_hollow = match figure.chart {
        ChartKind::Trend | ChartKind::Control => {
            (series().flat_map(|one| &one.points)).any(|one| is_hollow(&one.score))
        }
        ChartKind::Bars => series().any(|one| is_hollow(&one.total)),
        _ => false,
    };
    let has_arrows = matches!(figure.chart, ChartKind::Bars | ChartKind::Table)
        && series().any(|one| one.versus_rest.is_some_and(|one| one.is_different));
    let hollow = has_hollow.then_some(style.language.words().hollow);
    let arrows = has_arrows.then_some(style.language.phrases().arrows);
    let found = facts::meanings(figure, state, style.language);
    let marks = [hollow, arrows].into_iter().flatten();
    let meanings: Vec<String> = marks.map(str::to_owned).chain(found).collect();
    let meaning = || (!meanings.is_empty()).then(|| meanings.join(MEANINGS));
    figure.note.clone().or_else(meaning)
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
    /// Height in units that the plot gives up at most for a headline of its own row.
    pub(super) plot_units_least: f64,
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

/// A line of text with its place.
struct Placed {
    text: String,
    at: (f64, f64),
    look: Type,
    align: Align,
    arrow: Option<Arrow>,
    /// Colour of the arrow of a verdict, which stands on ground of its own.
    chip: Option<Rgb>,
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
        !(rung.has_plot && is_shrunk)
    };
    let badge_at = badge.as_ref().map(|it| it.1);
    let placed = |wants: Wants, rung: &Rung| arrange(sheet, panel, wants, *rung, badge_at);
    let is_large = |rung: &&Rung| rung.has_plot && rung.headline != Headline::InTitle;
    let large = || LADDER.iter().filter(is_large);
    let least = Wants {
        plot_units_min: wants.plot_units_least,
        ..wants
    };
    let arrangement = large()
        .find_map(|rung| placed(wants, rung))
        // The rungs with the fewest words leave the most marks.
        .or_else(|| large().rev().find_map(|rung| placed(least, rung)))
        .or_else(|| {
            let mut rungs = LADDER.iter().filter(is_fitting);
            rungs.find_map(|rung| placed(wants, rung))
        })?;
    if let Some((text, room)) = badge {
        draw_badge(sheet, panel, &text, room);
    }
    for line in &arrangement.lines {
        let mut left = line.at.0;
        if line.chip.is_some() {
            left += draw_ground(sheet, panel, line);
        }
        if let Some(arrow) = line.arrow {
            left += draw_arrow(sheet, arrow, line, left);
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

fn draw_arrow(sheet: &mut Sheet<'_>, arrow: Arrow, line: &Placed, left: f64) -> f64 {
    let size = line.look.size_px;
    let colour = line.chip.unwrap_or(line.look.colour);
    arrow.draw(sheet, (left, line.at.1), size, colour);
    ARROW_EM * size
}

/// Lays the ground under a verdict and returns how far its words are inside.
fn draw_ground(sheet: &mut Sheet<'_>, panel: &Panel<'_>, line: &Placed) -> f64 {
    let size = line.look.size_px;
    let padding = CHIP_EM * size;
    let arrow = if line.arrow.is_some() { ARROW_EM } else { 0.0 };
    let width = sheet.width(&line.text, &line.look) + arrow * size + 2.0 * padding;
    let room = Rect {
        left: line.at.0,
        top: line.at.1 - 1.0 * size,
        right: line.at.0 + width,
        bottom: line.at.1 + 0.34 * size,
    };
    sheet.rect(room, panel.palette.grid, 0.4 * size);
    padding
}
