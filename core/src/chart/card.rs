//! The error card: what went wrong and what to do, in the shape of the picture that was asked for.

use super::fonts::Weight;
use super::layout::{content, unit_px};
use super::sheet::{Align, Sheet, Type};
use super::{ErrorCard, Style};

/// Draws the card onto the sheet.
pub(super) fn draw_card(sheet: &mut Sheet<'_>, card: &ErrorCard, style: &Style) {
    let unit = unit_px(style);
    let palette = style.theme.palette();
    let room = content(sheet, unit);
    let title = Type::new(1.6 * unit, Weight::Bold, palette.ink);
    let label = Type::new(unit, Weight::Regular, palette.muted);
    let step = 1.22;
    let bottom = room.bottom - 1.6 * unit;
    let count = |height: f64, line: f64| {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a small count; negative saturates to none"
        )]
        let n = (height / line).floor() as usize;
        n
    };
    let n_titles = count((bottom - room.top) * 0.6, title.size_px * step).clamp(1, 4);
    let titles = sheet.wrap(&card.title, &title, room.width(), n_titles);
    #[expect(clippy::cast_precision_loss, reason = "at most four lines")]
    let titles_height = titles.len() as f64 * title.size_px * step;
    let n_hints = count(bottom - room.top - titles_height - 0.6 * unit, 1.4 * unit).min(5);
    let hints = sheet.wrap(&card.hint, &label, room.width(), n_hints);
    #[expect(clippy::cast_precision_loss, reason = "at most five lines")]
    let height = titles_height + 0.6 * unit + hints.len() as f64 * 1.4 * unit;
    let mut baseline = room.top + ((bottom - room.top - height) * 0.42).max(0.0);
    for line in titles {
        baseline += title.size_px * step;
        sheet.text(
            &line,
            (room.left, baseline - 0.25 * title.size_px),
            &title,
            Align::Start,
        );
    }
    baseline += 0.6 * unit;
    for line in hints {
        baseline += 1.4 * unit;
        sheet.text(
            &line,
            (room.left, baseline - 0.35 * unit),
            &label,
            Align::Start,
        );
    }
    sheet.text(
        &card.status.to_string(),
        (room.left, room.bottom),
        &label,
        Align::Start,
    );
}
