//! `stack` of a split answer: one bar of shares per group, with its score at the end.

use super::classes::Classes;
use super::groups::{SERIES_MAX, series_name};
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::sheet::{Align, Rect, Sheet};
use super::trend::empty_plot;
use super::words::filled;
use crate::kpi::Score;

/// Draws the figure onto the sheet.
pub(super) fn draw_shares(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let unit = panel.unit;
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: 6.4,
        plot_units_least: 6.4,
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    let room = place.plot;
    let answer = &panel.figure.answer;
    let series = &answer.series[..answer.series.len().min(SERIES_MAX)];
    let has_key = room.height() > 4.0 * unit && room.width() > 24.0 * unit;
    let top = room.top + if has_key { 1.55 * unit } else { 0.0 };
    let n_rows = series
        .len()
        .min(numerals::whole((room.bottom - top) / (1.19 * unit)));
    if n_rows == 0 {
        return empty_plot(sheet, panel, room);
    }
    let pitch = ((room.bottom - top) / numerals::real(n_rows)).min(2.6 * unit);
    let label = panel.label().coloured(panel.palette.ink);
    let strong = panel.strong_label();
    let language = panel.style.language;
    let names: Vec<String> = series
        .iter()
        .map(|one| series_name(panel.words, one))
        .collect();
    let score = |at: usize| {
        let value = series[at].total.value;
        value.map_or_else(
            || "–".to_owned(),
            |value| numerals::value(value, answer.kpi, language),
        )
    };
    let names_px = names.iter().map(|name| sheet.width(name, &label));
    let names_px = names_px.fold(0.0, f64::max).min(room.width() * 0.35);
    let scores_px = (0..n_rows).map(|at| sheet.width(&score(at), &strong));
    let scores_px = scores_px.fold(0.0, f64::max);
    let bars = Rect {
        left: room.left + names_px + 0.8 * unit,
        right: room.right - scores_px - 0.8 * unit,
        top,
        bottom: room.bottom,
    };
    let classes = Classes::of(panel, series.iter().map(|one| &one.total));
    for at in 0..n_rows {
        let centre = top + (numerals::real(at) + 0.5) * pitch;
        let baseline = centre + label.cap_px() / 2.0;
        let name = sheet.fit(&names[at], &label, names_px);
        sheet.text(&name, (room.left, baseline), &label, Align::Start);
        sheet.text(&score(at), (room.right, baseline), &strong, Align::End);
        let half = (pitch * 0.31).min(0.75 * unit);
        let bar = Rect {
            top: centre - half,
            bottom: centre + half,
            ..bars
        };
        share_bar(sheet, &classes, &series[at].total, bar);
    }
    if has_key {
        let place = (room.top + 0.75 * unit, bars);
        key(sheet, panel, &classes, place, series.len() - n_rows);
    }
}

/// Draws the shares of one group from left to right.
fn share_bar(sheet: &mut Sheet<'_>, classes: &Classes, total: &Score, room: Rect) {
    let mut left = room.left;
    let row = classes.percents(total).filter(|_| total.value.is_some());
    for (class, percent) in classes.iter().zip(row.unwrap_or_default()) {
        let right = left + percent / 100.0 * room.width();
        let part = Rect {
            left,
            right,
            ..room
        };
        sheet.rect(part, class.colour, 0.0);
        left = right;
    }
}

/// Names the colours above the bars.
fn key(
    sheet: &mut Sheet<'_>,
    panel: &Panel<'_>,
    classes: &Classes,
    (baseline, bars): (f64, Rect),
    n_left: usize,
) {
    let unit = panel.unit;
    let look = panel.label();
    let mut left = bars.left;
    for class in classes.iter() {
        let text = &class.name;
        let width = sheet.width(text, &look);
        if left + 0.95 * unit + width > bars.right {
            return;
        }
        let centre = baseline - look.cap_px() / 2.0;
        super::ends::square(sheet, left + 0.95 * unit, centre, class.colour, unit);
        sheet.text(text, (left + 0.95 * unit, baseline), &look, Align::Start);
        left += width + 2.4 * unit;
    }
    if n_left > 0 {
        let text = filled(panel.words.more, &[&n_left.to_string()]);
        if left + sheet.width(&text, &look) <= bars.right {
            sheet.text(&text, (bars.right, baseline), &look, Align::End);
        }
    }
}
