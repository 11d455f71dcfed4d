//! The badge of data that are older than they should be: upper right, before anything else.

use super::{Panel, content};
use crate::chart::sheet::{Align, Rect, Sheet};

/// Returns the badge's words and place: the upper right corner.
pub(super) fn badge_room(sheet: &Sheet<'_>, panel: &Panel<'_>) -> Option<(String, Rect)> {
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

pub(super) fn draw_badge(sheet: &mut Sheet<'_>, panel: &Panel<'_>, text: &str, room: Rect) {
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
