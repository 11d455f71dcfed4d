//! `stack` of a split answer: one bar of shares per group, with its score at the end.

use super::groups::{SERIES_MAX, series_name};
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::sheet::{Align, Rect, Sheet};
use super::stack::{count_colour, shares};
use super::trend::empty_plot;
use super::words::filled;

/// Draws the figure onto the sheet.
pub(super) fn draw_shares(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let unit = panel.unit;
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: 6.4,
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
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small positive count"
    )]
    let n_fitting = ((room.bottom - top) / (1.19 * unit)) as usize;
    let n_rows = series.len().min(n_fitting);
    if n_rows == 0 {
        return empty_plot(sheet, panel, room);
    }
    #[expect(clippy::cast_precision_loss, reason = "at most nine rows")]
    let pitch = ((room.bottom - top) / n_rows as f64).min(2.6 * unit);
    let label = panel.label().coloured(panel.palette.ink);
    let strong = panel.strong_label();
    let language = panel.style.language;
    let names: Vec<String> = series.iter().map(|one| series_name(panel, one)).collect();
    let score = |at: usize| {
        let value = series[at].total.value;
        value.map_or_else(
            || "–".to_owned(),
            |value| numerals::value(value, answer.kpi, language),
        )
    };
    let widest = |texts: &mut dyn Iterator<Item = f64>| texts.fold(0.0, f64::max);
    let names_px = widest(&mut names.iter().map(|name| sheet.width(name, &label)));
    let names_px = names_px.min(room.width() * 0.35);
    let scores_px = widest(&mut (0..n_rows).map(|at| sheet.width(&score(at), &strong)));
    let bars = Rect {
        left: room.left + names_px + 0.8 * unit,
        right: room.right - scores_px - 0.8 * unit,
        top,
        bottom: room.bottom,
    };
    for at in 0..n_rows {
        #[expect(clippy::cast_precision_loss, reason = "at most nine rows")]
        let centre = top + (at as f64 + 0.5) * pitch;
        let baseline = centre + label.cap_px() / 2.0;
        let name = sheet.fit(&names[at], &label, names_px);
        sheet.text(&name, (room.left, baseline), &label, Align::Start);
        sheet.text(&score(at), (room.right, baseline), &strong, Align::End);
        let height = (pitch * 0.62).min(1.5 * unit);
        let mut left = bars.left;
        let row = shares(&series[at].total).filter(|_| series[at].total.value.is_some());
        for (idx, (name, percent)) in row.unwrap_or_default().into_iter().enumerate() {
            let right = left + percent / 100.0 * bars.width();
            let bar = Rect {
                left,
                top: centre - height / 2.0,
                right,
                bottom: centre + height / 2.0,
            };
            sheet.rect(bar, count_colour(panel, name, idx), 0.0);
            left = right;
        }
    }
    if has_key {
        key(
            sheet,
            panel,
            room.top + 0.75 * unit,
            bars,
            series.len() - n_rows,
        );
    }
}

/// Names the colours above the bars, over the widest bar's shares.
fn key(sheet: &mut Sheet<'_>, panel: &Panel<'_>, baseline: f64, bars: Rect, n_left: usize) {
    let unit = panel.unit;
    let look = panel.label();
    let Some(row) = panel
        .figure
        .answer
        .series
        .iter()
        .find_map(|one| shares(&one.total))
    else {
        return;
    };
    let mut left = bars.left;
    for (idx, (name, _)) in row.into_iter().enumerate() {
        let text = panel.words.count(name);
        let width = sheet.width(text, &look);
        if left + 0.95 * unit + width > bars.right {
            return;
        }
        let colour = count_colour(panel, name, idx);
        let centre = baseline - look.cap_px() / 2.0;
        super::ends::square(sheet, left + 0.95 * unit, centre, colour, unit);
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
