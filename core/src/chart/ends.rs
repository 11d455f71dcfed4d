//! Labels beside the right ends of lines and bars: near what they name, never over each other.

use super::labels;
use super::layout::Panel;
use super::sheet::{Align, Rect, Sheet, Type};
use super::theme::Rgb;
use super::words::filled;

/// Gap between a plot and its labels, in units; signs stand in it.
pub(super) const GAP: f64 = 1.4;

/// A label at the right end: what it names and where its line ends.
pub(super) struct EndLabel {
    /// What is named; cut where it is too long. May be empty.
    pub(super) name: String,
    /// Its number, which is never cut before its name is gone.
    pub(super) shown: String,
    pub(super) value: f64,
    pub(super) colour: Rgb,
    pub(super) is_strong: bool,
}

impl EndLabel {
    fn text(&self) -> String {
        if self.name.is_empty() {
            self.shown.clone()
        } else {
            format!("{} {}", self.name, self.shown)
        }
    }

    fn text_that_fits(&self, sheet: &Sheet<'_>, look: &Type, width: f64) -> String {
        let whole = self.text();
        if sheet.width(&whole, look) <= width {
            return whole;
        }
        let rest = width - sheet.width(&self.shown, look) - 0.3 * look.size_px;
        let name = sheet.fit(&self.name, look, rest);
        let text = format!("{name} {}", self.shown);
        sheet.fit(text.trim(), look, width)
    }
}

/// What stands before a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// Nothing: the label itself has the colour.
    None,
    /// A piece of the line, joined to its end where that is near.
    Line,
    /// A square of the bar's colour.
    Square,
}

/// Returns the room that labels want, bounded by a share of the picture.
pub(super) fn ends_px(
    sheet: &Sheet<'_>,
    panel: &Panel<'_>,
    ends: &[EndLabel],
    share_max: f64,
) -> f64 {
    ends.iter()
        .map(|end| sheet.width(&end.text(), &panel.strong_label()))
        .fold(0.0, f64::max)
        .min(sheet.bounds().right * share_max)
}

/// Returns the labels as they are, or all without their names where these would have to be cut.
pub(super) fn whole_or_bare(
    sheet: &Sheet<'_>,
    panel: &Panel<'_>,
    mut ends: Vec<EndLabel>,
    share_max: f64,
) -> Vec<EndLabel> {
    let room = sheet.bounds().right * share_max;
    let look = panel.strong_label();
    if ends
        .iter()
        .any(|end| sheet.width(&end.text(), &look) > room)
    {
        ends.iter_mut().for_each(|end| end.name.clear());
    }
    ends
}

/// Writes labels near their wishes, in `column`, which starts at the plot's right edge.
pub(super) fn draw_ends(
    sheet: &mut Sheet<'_>,
    panel: &Panel<'_>,
    ends: &[EndLabel],
    wishes: &[f64],
    column: Rect,
    sign: Sign,
) {
    let unit = panel.unit;
    let left = column.left + GAP * unit;
    let width = column.right - left;
    if width < 0.8 * unit {
        return;
    }
    let pitch = 1.25 * unit;
    // Clear of the dates below, which may reach under the labels.
    let bottom = column.bottom - 0.12 * unit;
    let mut places = labels::fitting(wishes, pitch, column.top, bottom);
    if places.len() < wishes.len() {
        // The lowest place says how many are left out.
        places = labels::fitting(wishes, pitch, column.top, bottom - pitch);
    }
    for ((end, &place), &wish) in ends.iter().zip(&places).zip(wishes) {
        let look = match (sign, end.is_strong) {
            (Sign::None, true) => panel.strong_label().coloured(end.colour),
            (Sign::None, false) => panel.label().coloured(end.colour),
            (Sign::Line | Sign::Square, _) => panel.label().coloured(panel.palette.ink),
        };
        let text = end.text_that_fits(sheet, &look, width);
        if text.is_empty() {
            continue;
        }
        let baseline = place + look.cap_px() / 2.0;
        sheet.text(&text, (left, baseline), &look, Align::Start);
        match sign {
            Sign::None => {}
            Sign::Square => square(sheet, left, place, end.colour, unit),
            Sign::Line => {
                let piece = [(left - 0.75 * unit, place), (left - 0.25 * unit, place)];
                sheet.stroke(&piece, end.colour, 0.2 * unit);
                if (place - wish).abs() < 2.5 * unit {
                    sheet.stroke(&[(column.left, wish), piece[0]], end.colour, 0.06 * unit);
                }
            }
        }
    }
    let n_left = wishes.len() - places.len();
    if n_left > 0 {
        let look = panel.label();
        let text = filled(panel.words.more, &[&n_left.to_string()]);
        let text = sheet.fit(&text, &look, width);
        let baseline = bottom + look.cap_px() / 2.0;
        sheet.text(&text, (left, baseline), &look, Align::Start);
    }
}

/// Draws a small square before a label.
pub(super) fn square(sheet: &mut Sheet<'_>, left: f64, centre: f64, colour: Rgb, unit: f64) {
    let room = Rect {
        left: left - 0.9 * unit,
        top: centre - 0.28 * unit,
        right: left - 0.34 * unit,
        bottom: centre + 0.28 * unit,
    };
    sheet.rect(room, colour, 0.1 * unit);
}
