//! What a picture says to those who do not see it.

use super::facts::{Arrow, Facts, State, capital, nothing, too_few};
use super::numerals::{self, THIN};
use super::sheet::clean;
use super::words::filled;
use super::{Figure, Language, passage, roster};
use crate::kpi::ChartKind;

/// Returns the headline in one phrase: `41 points`.
#[must_use]
pub fn headline_text(figure: &Figure, language: Language) -> String {
    let facts = Facts::new(figure, language);
    match facts.state {
        State::Scored if facts.unit.is_empty() => facts.headline.0,
        State::Scored => format!("{}{THIN}{}", facts.headline.0, facts.unit),
        State::CountsOnly => too_few(figure, language).to_owned(),
        State::Hidden | State::NoAnswers => capital(nothing(figure, facts.state, language)),
        State::Unknown => language.phrases().unknown.to_owned(),
    }
}

/// Returns one or two plain sentences that say what the picture shows.
#[must_use]
pub fn alt_text(figure: &Figure, language: Language) -> String {
    let words = language.words();
    let facts = Facts::new(figure, language);
    let mut name = capital(&clean(&figure.title));
    if !figure.subtitle.is_empty() {
        name = format!("{name}, {}", clean(&figure.subtitle));
    }
    let mut parts = Vec::new();
    // Without a score the first fact says why.
    if facts.state == State::Scored {
        parts.push(headline_text(figure, language));
    }
    for fact in &facts.lines {
        let Some(wording) = fact.wordings.first() else {
            continue;
        };
        parts.push(match fact.arrow {
            Some(Arrow::Up) => format!("{} {wording}", words.up),
            Some(Arrow::Down) => format!("{} {wording}", words.down),
            None => wording.clone(),
        });
    }
    parts.extend(match figure.chart {
        ChartKind::Bars | ChartKind::Table => roster::told(figure, language),
        ChartKind::Bridge => passage::told(figure, language),
        ChartKind::Bullet => pace(figure, language).into_iter().collect(),
        _ => Vec::new(),
    });
    let aged = facts.badge.map_or_else(String::new, |badge| {
        badge
            .wordings
            .first()
            .map_or_else(String::new, |text| format!(" ({text})"))
    });
    let as_of = facts.as_of.first().cloned().unwrap_or_default();
    format!("{name}: {}. {}{aged}.", parts.join("; "), capital(&as_of))
}

/// Says where the value should be by now, where that is known.
fn pace(figure: &Figure, language: Language) -> Option<String> {
    let pace = figure.goal.as_ref()?.pace?;
    let shown = numerals::value(pace, figure.answer.kpi, language);
    Some(filled(language.phrases().pace, &[&shown]))
}
