//! What the headline of an answer about customers is about, and what else is read off its tables.

use super::{Fact, State, Tone};
use crate::chart::lifetime::{Lifetime, lifetimes};
use crate::chart::numerals;
use crate::chart::words::filled;
use crate::chart::{Figure, Language};
use crate::kpi::ChartKind;

/// Below this p two groups differ.
const P_MAX: f64 = 0.05;

/// Returns the words after the number that say when it is; empty where it is of the whole range.
pub(super) fn when(figure: &Figure, language: Language) -> &'static str {
    match (figure.answer.kpi.name, &figure.answer.tables) {
        ("cohort", Some(_)) => language.phrases().after_months,
        ("survival", Some(_)) => language.phrases().after_days,
        _ => "",
    }
}

/// Whether there are cohorts, though none may be old enough for the headline.
pub(super) fn has_cohorts(figure: &Figure) -> bool {
    let mut tables = figure.answer.tables.iter();
    figure.answer.kpi.name == "cohort" && tables.any(|tables| !tables.main.rows.is_empty())
}

/// Returns the lines that a survival answer or a bridge adds; none for others.
pub(super) fn facts(figure: &Figure, state: State, language: Language) -> Vec<Fact> {
    let phrases = language.phrases();
    let is_scored = state == State::Scored;
    let mut lines = Vec::new();
    match (&figure.answer.tables, &figure.answer.currency) {
        (Some(tables), _) if is_scored && figure.answer.kpi.name == "survival" => {
            let curves = lifetimes(figure);
            match (&curves[..], &tables.comparison) {
                ([one], _) => lines.extend(half(one, language)),
                (_, Some(test)) if test.p < P_MAX => {
                    let p = numerals::number(test.p.max(0.001), 3, language);
                    let p = match test.p < 0.001 {
                        true => format!("< {p}"),
                        false => format!("= {p}"),
                    };
                    lines.push(filled(phrases.differ, &[&p]));
                }
                (_, Some(_)) => lines.push(phrases.alike.to_owned()),
                _ => {}
            }
        }
        (None, Some(currency)) if figure.chart == ChartKind::Bridge && is_scored => {
            lines.push(filled(phrases.amounts, &[currency]));
        }
        _ => {}
    }
    let fact = |text: String| Fact {
        wordings: vec![text],
        tone: Tone::Plain,
        arrow: None,
    };
    lines.into_iter().map(fact).collect()
}

/// Returns by when half have left, as far as that is known.
fn half(curve: &Lifetime, language: Language) -> Option<String> {
    let phrases = language.phrases();
    match curve.median {
        Some(median) => {
            let name = numerals::days(median, language);
            Some(filled(phrases.half_left, &[&name]))
        }
        None if curve.last_day > 0.0 => Some(phrases.most_there.to_owned()),
        None => None,
    }
}
