//! The words under a plot: formula, note, age of the data.

use super::ladder::Rung;
use super::{LINE, MEANINGS, Panel, Placed, content};
use crate::chart::facts::capital;
use crate::chart::sheet::{Align, Sheet, Type};

/// Returns the footer's upper end and its lines: formula, note, age of the data.
pub(super) fn footer(sheet: &Sheet<'_>, panel: &Panel<'_>, rung: Rung) -> (f64, Vec<Placed>) {
    let unit = panel.unit;
    let content = content(sheet, unit);
    let look = panel.label();
    let mut baseline = content.bottom;
    let mut lines = Vec::new();
    let mut put = |text: String, y: f64, look: Type, align: Align| {
        let x = match align {
            Align::End => content.right,
            Align::Start | Align::Middle => content.left,
        };
        lines.push(Placed {
            text,
            at: (x, y),
            look,
            align,
            arrow: None,
            chip: None,
        });
    };
    let mut formula = formula(sheet, panel, rung);
    let age = |room: f64| {
        let mut wordings = panel.facts.as_of.iter();
        let fitting = wordings.find(|wording| sheet.width(wording, &look) <= room);
        fitting.cloned()
    };
    // The age stands at the end of the formula's last line, or on a line of its own.
    let beside = formula
        .last()
        .filter(|_| panel.note.is_none())
        .and_then(|last| age(content.width() - sheet.width(last, &look) - 1.6 * unit));
    if let Some(age) = beside {
        put(age, baseline, look, Align::End);
        put(
            formula.pop().unwrap_or_default(),
            baseline,
            look,
            Align::Start,
        );
    } else {
        let age = age(content.width()).unwrap_or_default();
        let room = content.width() - sheet.width(&age, &look) - 2.0 * unit;
        put(age, baseline, look, Align::Start);
        let is_fault = panel.figure.note.is_some();
        // What marks mean is for those that are drawn.
        let note = panel.note.as_ref().filter(|_| is_fault || rung.has_plot);
        if let Some(note) = note {
            let colour = if is_fault {
                panel.palette.ink
            } else {
                look.colour
            };
            let note_look = look.coloured(colour);
            if sheet.width(note, &note_look) <= room {
                put(note.clone(), baseline, note_look, Align::End);
            } else {
                baseline -= LINE * unit;
                let note = match is_fault {
                    true => note,
                    false => meanings(sheet, note, &note_look, content.width()),
                };
                let note = sheet.fit(note, &note_look, content.width());
                put(note, baseline, note_look, Align::Start);
            }
        }
    }
    for line in formula.into_iter().rev() {
        baseline -= LINE * unit;
        put(line, baseline, look, Align::Start);
    }
    (baseline - 0.93 * unit, lines)
}

/// Returns the first meanings of a note that fit: the last ones go before one is cut.
fn meanings<'a>(sheet: &Sheet<'_>, note: &'a str, look: &Type, width_px: f64) -> &'a str {
    let mut kept = note;
    while sheet.width(kept, look) > width_px {
        let Some((shorter, _)) = kept.rsplit_once(MEANINGS) else {
            break;
        };
        kept = shorter;
    }
    kept
}

/// Returns the formula in as many lines as the rung has; none if it would have to be cut, for a
/// formula that is cut says something else.
fn formula(sheet: &Sheet<'_>, panel: &Panel<'_>, rung: Rung) -> Vec<String> {
    let text = capital(panel.figure.answer.kpi.formula);
    let width = content(sheet, panel.unit).width();
    let lines = sheet.wrap(&text, &panel.label(), width, rung.n_formula_lines);
    let is_cut = lines.last().is_none_or(|line| line.ends_with('…'));
    if is_cut { Vec::new() } else { lines }
}
