//! What is said of a goal: its target, its state in words, and the value that it is judged by.

use super::{Fact, Tone, is_higher_better};
use crate::chart::numerals;
use crate::chart::words::filled;
use crate::chart::{Figure, GoalMark, Language};
use crate::kpi::{GoalStanding, GoalState};

/// Returns the line about a goal, where the figure has one.
pub(super) fn goal(figure: &Figure, language: Language) -> Option<Fact> {
    let words = language.words();
    let kpi = figure.answer.kpi;
    let goal = figure.goal.as_ref()?;
    let target = numerals::value(goal.target, kpi, language);
    let named = if goal.label.is_empty() {
        format!("{} {target}", words.goal)
    } else {
        format!("{} {target} ({})", words.goal, goal.label)
    };
    let plain = format!("{} {target}", words.goal);
    if let Some(standing) = &figure.answer.goal {
        return Some(stood(standing, figure, [named, plain], language));
    }
    let Some(score) = figure.answer.total.value else {
        return Some(Fact {
            wordings: vec![named, plain],
            tone: Tone::Goal,
            arrow: None,
        });
    };
    let missing = if is_higher_better(figure) == Some(false) {
        score - goal.target
    } else {
        goal.target - score
    };
    let state = if missing <= 0.0 {
        words.reached.to_owned()
    } else {
        let decimals = numerals::change_decimals(kpi);
        filled(
            words.to_go,
            &[&numerals::amount(missing, decimals, kpi, language)],
        )
    };
    Some(Fact {
        wordings: vec![
            format!("{named} · {state}"),
            format!("{plain} · {state}"),
            plain,
        ],
        tone: Tone::Goal,
        arrow: None,
    })
}

/// Returns a goal with its state in words: with the value that it is judged by, where that is not
/// the one in the headline, else with how far it is away while it can be reached.
fn stood(
    standing: &GoalStanding,
    figure: &Figure,
    [named, plain]: [String; 2],
    language: Language,
) -> Fact {
    let words = language.words();
    let kpi = figure.answer.kpi;
    let state = words.goal_state(standing.state);
    let told = |value: f64| numerals::value(value, kpi, language);
    let lately = standing.current.value.map(told);
    let is_elsewhere = lately != figure.answer.total.value.map(told);
    if let Some(lately) = lately.filter(|_| is_elsewhere) {
        let lately = filled(words.lately, &[&lately]);
        return Fact {
            wordings: vec![
                format!("{named} · {lately} · {state}"),
                format!("{plain} · {lately} · {state}"),
                format!("{plain} · {lately}"),
                plain,
            ],
            tone: Tone::Goal,
            arrow: None,
        };
    }
    let is_open = matches!(
        standing.state,
        Some(GoalState::Behind | GoalState::Ahead | GoalState::OnTrack)
    );
    let missing = standing.current.value.filter(|_| is_open).map(|value| {
        let decimals = numerals::change_decimals(kpi);
        let missing = (standing.goal.target - value).abs();
        filled(
            words.to_go,
            &[&numerals::amount(missing, decimals, kpi, language)],
        )
    });
    let far = missing.map(|missing| format!("{named} · {missing} · {state}"));
    let short = [
        format!("{named} · {state}"),
        format!("{plain} · {state}"),
        plain,
    ];
    Fact {
        wordings: far.into_iter().chain(short).collect(),
        tone: Tone::Goal,
        arrow: None,
    }
}

/// Returns the mark of a goal: its target, and by when.
#[must_use]
pub fn goal_mark(standing: &GoalStanding, language: Language) -> GoalMark {
    let due = numerals::day_month_year(standing.goal.due, language);
    GoalMark {
        target: standing.goal.target,
        label: filled(language.words().by, &[&due]),
        pace: Some(standing.pace),
    }
}
