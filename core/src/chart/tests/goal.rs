//! What pictures say of a goal, in every language.

use jiff::civil::date;

use crate::chart::sample::{self, NPS};
use crate::chart::{Language, alt_text, goal_mark};
use crate::kpi::{ChartKind, Goal, GoalGap, GoalStanding, GoalState};

/// The everyday picture with a goal of 45 by the end of the year, now at 36.4.
fn told(state: Option<GoalState>, language: Language) -> String {
    let mut figure = sample::everyday(ChartKind::Number);
    let current = figure.answer.total.clone();
    let standing = GoalStanding {
        goal: Goal {
            name: "nps-2026".to_owned(),
            kpi: &NPS,
            baseline: 31.0,
            target: 45.0,
            start: date(2026, 1, 1),
            due: date(2026, 12, 31),
        },
        is_falling: false,
        from: figure.answer.from,
        to: figure.answer.to,
        current,
        progress: Some(0.4),
        pace: 38.0,
        state,
        gap: state.is_none().then_some(GoalGap::FewAnswers),
        response_rate: None,
    };
    figure.goal = Some(goal_mark(&standing, language));
    figure.answer.goal = Some(standing);
    alt_text(&figure, language)
}

fn check(state: Option<GoalState>, expected: [&str; 4]) {
    for (language, expected) in Language::ALL.into_iter().zip(expected) {
        let text = told(state, language);
        assert!(text.contains(expected), "{language}: {text}");
    }
}

#[test]
fn the_state_is_said_in_words() {
    check(
        Some(GoalState::Behind),
        [
            "Goal 45 (by 31 Dec 2026) · 8.6 to go · behind the plan",
            "Ziel 45 (bis 31. Dez. 2026) · noch 8,6 · hinter dem Plan",
            "Objectif 45 (d’ici le 31 déc. 2026) · encore 8,6 · en retard sur le plan",
            "Meta 45 (hasta el 31 dic de 2026) · faltan 8,6 · por detrás del plan",
        ],
    );
    check(
        Some(GoalState::MetConfirmed),
        [
            "2026) · reached",
            "2026) · erreicht",
            "2026) · atteint",
            "2026) · alcanzada",
        ],
    );
    check(
        None,
        [
            "not enough answers to judge",
            "zu wenige Antworten für ein Urteil",
            "trop peu de réponses pour juger",
            "muy pocas respuestas para juzgar",
        ],
    );
}

#[test]
fn every_state_has_words_of_its_own() {
    for language in Language::ALL {
        let mut texts: Vec<String> = GoalState::ALL
            .into_iter()
            .map(|state| told(Some(state), language))
            .collect();
        texts.push(told(None, language));
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), GoalState::ALL.len() + 1, "{language}");
    }
}
