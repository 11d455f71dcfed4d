//! A brief for people and for programs.

use serde_json::{Value, json as value_of};

use super::{Brief, Finding};
use crate::kpi::format::{number, shown};
use crate::kpi::{Answer, Kpi, Unit};

/// Returns a change with its unit.
pub(super) fn amount(value: f64, kpi: &Kpi) -> String {
    let number = shown(value, kpi.unit);
    match kpi.unit {
        Unit::Points | Unit::Percent => format!("{number} points"),
        _ => number,
    }
}

/// Returns a score with its unit.
pub(super) fn value(value: f64, kpi: &Kpi) -> String {
    let number = shown(value, kpi.unit);
    match kpi.unit {
        Unit::Percent => format!("{number} %"),
        _ => number,
    }
}

/// Returns an interval in words.
pub(super) fn between((low, high): (f64, f64), kpi: &Kpi) -> String {
    format!("95 % {} to {}", shown(low, kpi.unit), shown(high, kpi.unit))
}

/// Returns what to do about a move.
pub(super) fn level_words(answer: &Answer, change: f64) -> &'static str {
    let is_better = answer
        .kpi
        .is_higher_better
        .map(|higher| (change > 0.0) == (higher != answer.is_lower_better));
    match is_better {
        Some(true) => "find out what helped, and keep it",
        _ => "ask by channel, team and segment what moved it, and read what people said",
    }
}

/// Returns the brief as plain text, ending in a line break. `link` turns a finding into an address.
#[must_use]
pub fn text(brief: &Brief, title: &str, link: &dyn Fn(&Finding) -> String) -> String {
    let mut text = format!(
        "{title}: {} up to {}, {}\n\n",
        brief.range,
        brief.as_of.strftime("%Y-%m-%d %H:%M UTC"),
        brief.timezone
    );
    if brief.findings.is_empty() {
        text.push_str(&format!(
            "Nothing moved beyond chance: {} comparisons were made.\n",
            brief.n_compared
        ));
    }
    for (number, finding) in (1..).zip(&brief.findings) {
        text.push_str(&format!(
            "{number}. {}.\n   next: {}\n   see:  {}\n",
            capital(&finding.sentence),
            finding.next_step,
            link(finding)
        ));
    }
    if !brief.findings.is_empty() {
        text.push_str(&format!(
            "\nOf {} comparisons; what is not listed did not stand out.\n",
            brief.n_compared
        ));
    }
    for left in &brief.left_out {
        text.push_str(&format!("Not looked at: {left}.\n"));
    }
    text
}

/// Returns the brief for programs.
#[must_use]
pub fn json(brief: &Brief, link: &dyn Fn(&Finding) -> String) -> Value {
    let finding = |one: &Finding| {
        value_of!({
            "kind": one.kind.name(),
            "kpi": one.kpi,
            "sentence": capital(&one.sentence),
            "value": number(Some(one.value)),
            "low": number(one.interval.map(|(low, _)| low)),
            "high": number(one.interval.map(|(_, high)| high)),
            "n": one.n,
            "p": number(Some(one.p)),
            "evidence": link(one),
            "next_step": one.next_step,
        })
    };
    value_of!({
        "as_of": brief.as_of.to_string(),
        "timezone": brief.timezone,
        "range": brief.range.to_string(),
        "findings": brief.findings.iter().map(finding).collect::<Vec<_>>(),
        "n_compared": brief.n_compared,
        "nothing_moved": brief.findings.is_empty(),
        "left_out": brief.left_out,
    })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}
