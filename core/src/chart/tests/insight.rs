//! What pictures draw and say of findings.

use crate::chart::findings::Findings;
use crate::chart::insight::{
    Course, Insight, Naming, ParetoMeasure, Refusal, Signal, SignalKind, TrendFigure,
};
use crate::chart::{Figure, Language, Painter, Size, Style, TextMode, Theme, alt_text, sample};
use crate::kpi::ChartKind;

const FOUND: [ChartKind; 5] = [
    ChartKind::Control,
    ChartKind::Quadrant,
    ChartKind::Pareto,
    ChartKind::Slope,
    ChartKind::Funnel,
];

fn drawn(figure: &Figure) -> String {
    let style = Style {
        size: Size {
            width_px: 1920,
            height_px: 1080,
        },
        scale: 1,
        theme: Theme::Light,
        language: Language::English,
        text: TextMode::Font,
    };
    let svg = Painter::embedded().svg(figure, &style);
    svg.replace(['\u{202f}', '\u{a0}'], " ")
}

fn told(figure: &Figure, language: Language) -> String {
    alt_text(figure, language).replace(['\u{202f}', '\u{a0}'], " ")
}

fn state(chart: ChartKind, name: &str) -> Figure {
    let mut states = sample::states(chart).into_iter();
    let found = states.find(|(state, _)| *state == name);
    found.unwrap_or_else(|| panic!("{chart} has no `{name}`")).1
}

#[track_caller]
fn check_told(figure: &Figure, expected: &str) {
    let found = told(figure, Language::English);
    assert!(found.contains(expected), "{found}");
}

#[test]
fn a_trend_without_findings_is_drawn_as_before() {
    let plain = sample::everyday(ChartKind::Trend);
    let mut empty = plain.clone();
    empty.insight = Some(Insight::Trend(TrendFigure::default()));
    assert_eq!(drawn(&plain), drawn(&empty));
    assert_eq!(
        told(&plain, Language::German),
        told(&empty, Language::German)
    );
}

#[test]
fn a_verdict_is_said_in_words_of_every_language() {
    let check = |name: &str, expected: [&str; 4]| {
        let figure = state(ChartKind::Trend, name);
        for (language, expected) in Language::ALL.into_iter().zip(expected) {
            let found = told(&figure, language);
            assert!(found.contains(expected), "{language}: {found}");
        }
    };
    check(
        "rising",
        [
            "; rising +0.7 points a month · 95 % +0.2 to +1.3 · 23 months;",
            "; steigt +0,7 Punkte im Monat · 95 % +0,2 bis +1,3 · 23 Monate;",
            "hausse +0,7 points par mois · 95 % de +0,2 à +1,3 · 23 mois",
            "sube +0,7 puntos al mes · 95 % de +0,2 a +1,3 · 23 meses",
        ],
    );
    check(
        "steady",
        [
            "; no trend beyond chance · 23 months · season not assessable;",
            "kein Trend über den Zufall hinaus · 23 Monate · Saison nicht beurteilbar",
            "pas de tendance au-delà du hasard · 23 mois · saison non évaluable",
            "sin tendencia más allá del azar · 23 meses · estacionalidad no evaluable",
        ],
    );
}

#[test]
fn an_arrow_stands_only_with_a_verdict() {
    let n_arrows = |course| {
        let mut figure = state(ChartKind::Trend, "rising");
        figure.answer.change = None;
        if let Some(Insight::Trend(found)) = &mut figure.insight {
            let verdict = found.verdict.as_mut().expect("a verdict");
            verdict.course = course;
        }
        let paths = drawn(&figure);
        paths.lines().filter(|line| is_triangle(line)).count()
    };
    assert_eq!(n_arrows(Course::Rising), 1);
    assert_eq!(n_arrows(Course::Falling), 1);
    assert_eq!(n_arrows(Course::Steady), 0);
}

fn is_triangle(line: &str) -> bool {
    let corners = line
        .strip_prefix("<path d=\"M")
        .and_then(|rest| rest.split_once("Z\""));
    corners.is_some_and(|(corners, _)| corners.matches('L').count() == 2)
}

#[test]
fn moves_and_expectations_are_told_with_their_period() {
    check_told(
        &state(ChartKind::Trend, "shifted"),
        "; Apr 2025: level −10.5; Dec 2025: level −4.1?.",
    );
    check_told(
        &state(ChartKind::Trend, "forecast"),
        "; Jul 2025: level +9.0; forecast 46 (80 % 34 … 54).",
    );
}

/// Colours of the marks of one signal of a control chart of a KPI whose greater values are better.
fn signal_colours(kind: SignalKind, is_high: bool) -> [bool; 2] {
    let mut figure = state(ChartKind::Control, "in-control");
    if let Some(Insight::Control(found)) = &mut figure.insight {
        found.signals = vec![Signal {
            at: 6,
            kind,
            is_high,
        }];
    }
    let svg = drawn(&figure);
    let palette = Theme::Light.palette();
    [palette.signal, palette.good].map(|colour| {
        let mark = format!("Z\" fill=\"{colour}\"");
        svg.contains(&mark)
    })
}

#[test]
fn red_is_for_a_confirmed_bad_signal_alone() {
    assert_eq!(signal_colours(SignalKind::Beyond, false), [true, false]);
    assert_eq!(signal_colours(SignalKind::Run, false), [true, false]);
    assert_eq!(signal_colours(SignalKind::Beyond, true), [false, true]);
    assert_eq!(signal_colours(SignalKind::Run, true), [false, true]);
    assert_eq!(signal_colours(SignalKind::Hint, false), [false, false]);
    assert_eq!(signal_colours(SignalKind::Hint, true), [false, false]);
    let red = Theme::Light.palette().signal.to_string();
    for chart in ChartKind::ALL {
        for (name, figure) in sample::states(chart) {
            let is_red = drawn(&figure).contains(&red);
            assert!(!is_red || chart == ChartKind::Control, "{chart} {name}");
        }
    }
}

#[test]
fn signals_are_told_with_their_kind() {
    let figure = state(ChartKind::Control, "re-based");
    check_told(
        &figure,
        "; signals: 1 · beyond a limit 1; Dec 2024: beyond a limit.",
    );
    let svg = drawn(&figure);
    assert!(svg.contains(">new baseline<") && svg.contains(">diamond: beyond a limit<"));
    check_told(
        &state(ChartKind::Control, "in-control"),
        "; no signal: all within chance.",
    );
}

#[test]
fn positions_beyond_the_series_are_not_drawn() {
    for name in ["everyday", "re-based"] {
        let mut figure = state(ChartKind::Control, name);
        figure.answer.series[0].points.truncate(3);
        let svg = drawn(&figure);
        assert!(
            !svg.contains("NaN") && !svg.contains(">new baseline<"),
            "{name}"
        );
    }
    let mut figure = state(ChartKind::Trend, "shifted");
    figure.answer.series[0].points.truncate(3);
    assert!(!drawn(&figure).contains(">level"));
}

#[test]
fn only_parts_of_one_whole_add_up() {
    let n_dots = |name: &str| {
        drawn(&state(ChartKind::Pareto, name))
            .matches("<circle")
            .count()
    };
    // Seven of nine have room; the line says how far they go.
    assert_eq!(n_dots("parts"), 7);
    assert_eq!(n_dots("mentions"), 0);
    assert_eq!(n_dots("everyday"), 0);
    let parts = drawn(&state(ChartKind::Pareto, "parts"));
    assert!(parts.contains(">line: share so far<") && parts.contains(">98 %<"));
    let mentions = drawn(&state(ChartKind::Pareto, "mentions"));
    assert!(mentions.contains(">may overlap: bars do not add up<"));
    check_told(
        &state(ChartKind::Pareto, "everyday"),
        "; in 43 % of the answers, their value 31; Waiting time −5.4; Billing −4.7;",
    );
}

#[test]
fn an_impact_that_may_be_chance_is_hollow() {
    let n_hollow = |shift: f64| {
        let mut figure = sample::everyday(ChartKind::Pareto);
        if let Some(Insight::Pareto(found)) = &mut figure.insight {
            assert_eq!(found.measure, ParetoMeasure::Impact);
            found.items.truncate(1);
            found.items[0].interval = Some((-6.0 + shift, -4.0 + shift));
        }
        drawn(&figure).matches(">hollow: may be chance<").count()
    };
    assert_eq!(n_hollow(0.0), 0);
    assert_eq!(n_hollow(5.0), 1);
}

#[test]
fn what_is_urgent_is_said_only_beyond_chance() {
    check_told(
        &state(ChartKind::Quadrant, "everyday"),
        "; concentrate on: Billing, Knowledge, Delivery, Self service; \
         Billing (importance 24 %, performance 49 %): concentrate here;",
    );
    let undecided = state(ChartKind::Quadrant, "undecided");
    check_told(&undecided, "; nothing to concentrate on beyond chance; ");
    check_told(&undecided, ": undecided");
    assert!(drawn(&undecided).contains(">hollow: undecided<"));
}

#[test]
fn what_changed_between_periods_is_told() {
    check_told(
        &state(ChartKind::Slope, "new"),
        "; May 2026 → Jun 2026; Two-factor login 0.0 % → 14 %;",
    );
    let constant = drawn(&state(ChartKind::Slope, "constant"));
    assert!(constant.contains(">nothing changed beyond chance<"));
    assert!(!constant.contains("thick"));
}

#[test]
fn bands_give_no_name_away() {
    for name in ["bands", "own"] {
        let figure = state(ChartKind::Funnel, name);
        let Some(Insight::Funnel(found)) = &figure.insight else {
            panic!("a funnel");
        };
        assert_eq!(found.naming, Naming::Bands);
        assert!(found.members.iter().all(|one| one.name.contains("Team")));
        assert!(!drawn(&figure).contains("Team"), "{name}");
        for language in Language::ALL {
            assert!(
                !told(&figure, language).contains("Team"),
                "{name} {language}"
            );
        }
    }
    check_told(
        &state(ChartKind::Funnel, "bands"),
        "; above expected 1 · as expected 22 · below expected 1.",
    );
    check_told(
        &state(ChartKind::Funnel, "own"),
        "; you 86.5 %: as expected.",
    );
    let named = state(ChartKind::Funnel, "everyday");
    check_told(
        &named,
        "; Team 4 100.0 %: above expected; Team 8 60.4 %: below expected.",
    );
    let svg = drawn(&named);
    assert!(svg.contains(">Team 4<") && svg.contains(">Team 8<"));
    // Whoever is as expected is not named.
    assert!(!svg.contains(">Team 1<"));
}

#[test]
fn a_refusal_is_said_in_every_language() {
    let refusals = [
        Refusal::FewPeriods { n: 7, needed: 12 },
        Refusal::FewAnswers { n: 31, needed: 50 },
        Refusal::FewGroups { n: 3, needed: 5 },
        Refusal::Entangled,
        Refusal::Alike,
        Refusal::Grouped,
        Refusal::Pending,
    ];
    for chart in FOUND {
        for language in Language::ALL {
            let mut texts: Vec<String> = Vec::new();
            for refusal in refusals {
                let mut figure = sample::everyday(chart);
                figure.insight = Some(Insight::Refused(refusal));
                texts.push(told(&figure, language));
            }
            assert!(texts.iter().all(|text| !text.contains("{}")), "{language}");
            texts.sort();
            texts.dedup();
            assert_eq!(texts.len(), refusals.len(), "{chart} {language}");
        }
    }
}

#[test]
fn what_is_missing_is_said() {
    for chart in FOUND {
        let mut figure = sample::everyday(chart);
        figure.insight = None;
        check_told(&figure, "; being worked out");
    }
    check_told(
        &state(ChartKind::Control, "split"),
        "; of one series: choose a single group;",
    );
}

#[test]
fn nothing_is_found_in_what_is_hidden() {
    for chart in FOUND {
        let mut figure = sample::everyday(chart);
        figure.answer.total = sample::hidden();
        for language in Language::ALL {
            let expected = {
                let mut bare = figure.clone();
                bare.insight = None;
                told(&bare, language)
            };
            assert_eq!(told(&figure, language), expected, "{chart}");
        }
        let svg = drawn(&figure);
        for name in [
            "Waiting time",
            "Team",
            "limit",
            "concentrate",
            "hollow",
            "diamond",
        ] {
            assert!(!svg.contains(name), "{chart}: {name}");
        }
    }
}

#[test]
fn every_language_fills_the_same_holes() {
    let holes = |words: &Findings| -> Vec<usize> {
        let lists = words.periods.iter().chain(&words.signal_kinds);
        let single = [
            words.rising,
            words.falling,
            words.steady,
            words.interval,
            words.shift,
            words.possible_shift,
            words.signals,
            words.concentrate,
            words.coverage,
            words.coverage_value,
            words.changed,
            words.few_periods,
            words.few_answers,
            words.few_groups,
        ];
        let all = single.iter().chain(lists);
        all.map(|phrase| phrase.matches("{}").count()).collect()
    };
    let expected = holes(Language::English.findings());
    for language in Language::ALL {
        assert_eq!(holes(language.findings()), expected, "{language}");
    }
}
