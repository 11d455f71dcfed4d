//! What a picture says to those who do not see it.

use super::calendar::period_name;
use super::facts::{Arrow, Facts, State, Tone, capital, nothing, shown, too_few};
use super::groups::longest;
use super::insight::{ControlFigure, Insight, TrendFigure};
use super::numerals::{self, THIN};
use super::sheet::clean;
use super::words::filled;
use super::{Figure, Language, funnel, pareto, passage, quadrant, roster, slope};
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
            // A verdict says which way in its own words.
            _ if matches!(fact.tone, Tone::Chip(_)) => wording.clone(),
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
    parts.extend(found(figure, facts.state, language));
    let aged = facts.badge.map_or_else(String::new, |badge| {
        badge
            .wordings
            .first()
            .map_or_else(String::new, |text| format!(" ({text})"))
    });
    let as_of = facts.as_of.first().cloned().unwrap_or_default();
    format!("{name}: {}. {}{aged}.", parts.join("; "), capital(&as_of))
}

/// Says what an analysis found, mark by mark.
fn found(figure: &Figure, state: State, language: Language) -> Vec<String> {
    match shown(figure, state) {
        Some(Insight::Trend(trend)) => moves(figure, trend, language),
        Some(Insight::Control(control)) => signals(figure, control, language),
        Some(Insight::Quadrant(found)) => quadrant::told(found, language),
        Some(Insight::Pareto(found)) => pareto::told(found, figure, language),
        Some(Insight::Slope(found)) => slope::told(found, language),
        Some(Insight::Funnel(found)) => funnel::told(found, figure, language),
        // A bridge is told part by part; the facts say why there is nothing.
        Some(Insight::Moves(_) | Insight::Refused(_)) | None => Vec::new(),
    }
}

/// Says each move of the level with its period, and what is expected at the end.
fn moves(figure: &Figure, trend: &TrendFigure, language: Language) -> Vec<String> {
    let words = language.findings();
    let kpi = figure.answer.kpi;
    let points = longest(&figure.answer.series);
    let moved = trend.shifts.iter().filter_map(|shift| {
        let period = period_name(figure, language, points.get(shift.at)?);
        let change = numerals::signed(shift.after - shift.before, kpi, language);
        let said = match shift.is_confirmed {
            true => words.shift,
            false => words.possible_shift,
        };
        Some(format!("{period}: {}", filled(said, &[&change])))
    });
    let expected = trend.forecast.last().map(|last| {
        let value = numerals::value(last.value, kpi, language);
        let interval = last.likely.map(|(low, high)| {
            let [low, high] = [low, high].map(|end| numerals::value(end, kpi, language));
            format!(" (80\u{202f}% {low} … {high})")
        });
        format!("{} {value}{}", words.forecast, interval.unwrap_or_default())
    });
    moved.chain(expected).collect()
}

/// Says each signal with its period, the newest last.
fn signals(figure: &Figure, control: &ControlFigure, language: Language) -> Vec<String> {
    let words = language.findings();
    let points = longest(&figure.answer.series);
    let said = control.signals.iter().filter_map(|signal| {
        // A point without a value has nothing that may be told.
        let point = points
            .get(signal.at)
            .filter(|point| point.score.value.is_some())?;
        let period = period_name(figure, language, point);
        Some(format!("{period}: {}", words.signal(signal.kind)))
    });
    said.collect()
}

/// Says where the value should be by now, where that is known.
fn pace(figure: &Figure, language: Language) -> Option<String> {
    let pace = figure.goal.as_ref()?.pace?;
    let shown = numerals::value(pace, figure.answer.kpi, language);
    Some(filled(language.phrases().pace, &[&shown]))
}
