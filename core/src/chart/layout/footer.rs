//! The words under a plot: formula, note, age of the data.

use super::ladder::Rung;
use super::{LINE, Panel, Placed, content};
use crate::chart::sheet::{Align, Sheet, Type};

/// Returns the footer's upper end and its lines: formula, note, age of the data.
pub(super) fn footer(sheet: &Sheet<'_>, panel: &Panel<'_>, rung: Rung) -> (f64, Vec<Placed>) {
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
