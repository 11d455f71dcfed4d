//! What analyses found, in one or two lines beside the headline, and what the marks of it mean.

use super::{Arrow, Fact, State, Tone, is_higher_better};
use crate::chart::findings::Findings;
use crate::chart::insight::{
    ControlFigure, Course, FunnelBand, FunnelFigure, Insight, MovesFigure, ParetoFigure,
    ParetoMeasure, Quadrant, QuadrantFigure, Refusal, SignalKind, SlopeFigure, Verdict,
};
use crate::chart::words::filled;
use crate::chart::{Figure, Language, numerals};
use crate::kpi::{ChartKind, Grain, Unit};

/// Names in a line; more are counted.
const NAMES_MAX: usize = 4;

/// Returns the insight that may be shown: none of what is hidden, too little, or not there.
pub(in crate::chart) fn shown(figure: &Figure, state: State) -> Option<&Insight> {
    let is_told = matches!(state, State::Scored | State::Unknown);
    figure.insight.as_ref().filter(|_| is_told)
}

/// Returns the lines of what was found, the most important first.
pub(super) fn facts(figure: &Figure, state: State, language: Language) -> Vec<Fact> {
    let words = language.findings();
    match shown(figure, state) {
        Some(Insight::Trend(trend)) => {
            let verdict = trend.verdict.iter();
            verdict.map(|one| chip(figure, one, language)).collect()
        }
        Some(Insight::Control(control)) => vec![signals(control, words)],
        Some(Insight::Quadrant(quadrant)) => vec![urgent(quadrant, words)],
        Some(Insight::Pareto(pareto)) => covered(figure, pareto, language),
        Some(Insight::Slope(slope)) => vec![changed(slope, words)],
        Some(Insight::Funnel(funnel)) => vec![bands(funnel, words)],
        Some(Insight::Moves(moves)) => vec![moved(moves, words)],
        Some(Insight::Refused(refusal)) => vec![strong(vec![refused(*refusal, words)])],
        None => missing(figure, state)
            .map(|refusal| strong(vec![refused(refusal, words)]))
            .into_iter()
            .collect(),
    }
}

/// Returns why a chart that needs an insight has none; `None` for charts that do without.
fn missing(figure: &Figure, state: State) -> Option<Refusal> {
    let needs = matches!(
        figure.chart,
        ChartKind::Control
            | ChartKind::Quadrant
            | ChartKind::Pareto
            | ChartKind::Slope
            | ChartKind::Funnel
    );
    let is_grouped = figure.chart == ChartKind::Control && figure.answer.series.len() > 1;
    let why = if is_grouped {
        Refusal::Grouped
    } else {
        Refusal::Pending
    };
    (needs && state == State::Scored).then_some(why)
}

/// Returns what the marks of an insight mean, in the order of their weight.
pub(in crate::chart) fn meanings(figure: &Figure, state: State, language: Language) -> Vec<String> {
    let words = language.findings();
    let owned = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    owned(match shown(figure, state) {
        Some(Insight::Trend(trend)) => {
            let held = trend.held.filter(|_| !trend.forecast.is_empty());
            let told = |(n, n_held): (usize, usize)| {
                filled(words.held, &[&n_held.to_string(), &n.to_string()])
            };
            return held.into_iter().map(told).collect();
        }
        Some(Insight::Control(control)) => {
            let kinds = [SignalKind::Beyond, SignalKind::Run, SignalKind::Hint];
            let has = |kind| control.signals.iter().any(|one| one.kind == kind);
            let shapes = kinds.into_iter().zip(words.signal_shapes);
            let shown = shapes.filter(|(kind, _)| has(*kind));
            shown.map(|(_, shape)| shape).collect()
        }
        Some(Insight::Quadrant(quadrant)) => {
            let has_hollow = quadrant.items.iter().any(|item| item.is_undecided);
            let hollow = has_hollow.then_some(words.hollow_undecided);
            hollow.into_iter().collect()
        }
        Some(Insight::Pareto(pareto)) => pareto_meanings(pareto, words),
        Some(Insight::Slope(slope)) => {
            let has_thick = slope.items.iter().any(|item| item.is_changed);
            has_thick
                .then_some(words.thick_changed)
                .into_iter()
                .collect()
        }
        Some(Insight::Funnel(_) | Insight::Moves(_) | Insight::Refused(_)) | None => Vec::new(),
    })
}

fn pareto_meanings(pareto: &ParetoFigure, words: &Findings) -> Vec<&'static str> {
    let has_hollow = pareto.items.iter().any(|item| !item.is_decided(pareto));
    let hollow = has_hollow.then_some(words.hollow_chance);
    let sum = match pareto.measure {
        _ if pareto.items.len() < 2 => None,
        ParetoMeasure::Parts => Some(words.adds_up),
        ParetoMeasure::Mentions | ParetoMeasure::Impact => Some(words.overlaps),
    };
    hollow.into_iter().chain(sum).collect()
}

fn strong(wordings: Vec<String>) -> Fact {
    Fact {
        wordings,
        tone: Tone::Strong,
        arrow: None,
    }
}

/// Says which way a series goes: an arrow only with a verdict.
fn chip(figure: &Figure, verdict: &Verdict, language: Language) -> Fact {
    let words = language.findings();
    let kpi = figure.answer.kpi;
    let grain = match figure.answer.grain {
        Grain::Day => 0,
        Grain::Week => 1,
        Grain::Month => 2,
        Grain::Quarter => 3,
    };
    let signed = |change| numerals::signed(change, kpi, language);
    let mut slope = signed(verdict.slope);
    if kpi.unit == Unit::Points {
        slope = format!("{slope} {}", language.words().points);
    }
    let n_periods = filled(words.periods[grain], &[&verdict.n_periods.to_string()]);
    let interval = filled(
        words.interval,
        &[&signed(verdict.low), &signed(verdict.high)],
    );
    let (arrow, said) = match verdict.course {
        Course::Rising => (Some(Arrow::Up), words.rising),
        Course::Falling => (Some(Arrow::Down), words.falling),
        Course::Steady => (None, words.steady),
    };
    let said = filled(said, &[&slope, words.per[grain]]);
    let plain = format!("{said} · {n_periods}");
    let sure = format!("{said} · {interval}");
    let mut wordings = match arrow {
        Some(_) => vec![format!("{sure} · {n_periods}"), sure, plain, said],
        None => vec![plain, said],
    };
    if !verdict.is_season_known {
        wordings.insert(0, format!("{} · {}", wordings[0], words.no_season));
    }
    let is_good = is_higher_better(figure).and_then(|is_better| match verdict.course {
        Course::Rising => Some(is_better),
        Course::Falling => Some(!is_better),
        Course::Steady => None,
    });
    Fact {
        wordings,
        tone: Tone::Chip(is_good),
        arrow,
    }
}

fn signals(control: &ControlFigure, words: &Findings) -> Fact {
    let n_of = |kind| {
        control
            .signals
            .iter()
            .filter(|one| one.kind == kind)
            .count()
    };
    let kinds = [SignalKind::Beyond, SignalKind::Run, SignalKind::Hint];
    let [beyond, run, hints] = kinds.map(n_of);
    let listed = |kinds: &[SignalKind]| {
        let counted = kinds.iter().map(|kind| (*kind, n_of(*kind)));
        let some = counted.filter(|(_, n)| *n > 0);
        let named = some.map(|(kind, n)| format!("{} {n}", words.signal(kind)));
        named.collect::<Vec<_>>().join(" · ")
    };
    if beyond + run == 0 {
        let full = match hints {
            0 => None,
            _ => Some(format!("{} · {}", words.no_signal, listed(&kinds))),
        };
        let plain = words.no_signal.to_owned();
        return Fact {
            wordings: full.into_iter().chain([plain]).collect(),
            tone: Tone::Plain,
            arrow: None,
        };
    }
    let plain = filled(words.signals, &[&(beyond + run).to_string()]);
    strong(vec![
        format!("{plain} · {}", listed(&kinds)),
        format!("{plain} · {}", listed(&kinds[..2])),
        plain,
    ])
}

/// Returns names of a list, the first ones in full, the others counted.
fn named(names: &[&str], n_max: usize) -> String {
    let shown: Vec<&str> = names.iter().copied().take(n_max).collect();
    match names.len() - shown.len() {
        0 => shown.join(", "),
        n_left => format!("{}, +{n_left}", shown.join(", ")),
    }
}

fn list(names: &[&str], said: &str, none: &str) -> Fact {
    if names.is_empty() {
        return Fact {
            wordings: vec![none.to_owned()],
            tone: Tone::Plain,
            arrow: None,
        };
    }
    let worded = |n_max| filled(said, &[&named(names, n_max)]);
    let mut wordings: Vec<String> = (1..=NAMES_MAX).rev().map(worded).collect();
    wordings.push(filled(said, &[&names.len().to_string()]));
    wordings.dedup();
    strong(wordings)
}

fn urgent(quadrant: &QuadrantFigure, words: &Findings) -> Fact {
    let is_urgent = |item: &&crate::chart::insight::QuadrantItem| {
        item.quadrant == Quadrant::Concentrate && !item.is_undecided
    };
    let urgent = quadrant.items.iter().filter(is_urgent);
    let names: Vec<&str> = urgent.map(|item| item.name.as_str()).collect();
    list(&names, words.concentrate, words.nothing_urgent)
}

fn changed(slope: &SlopeFigure, words: &Findings) -> Fact {
    let changed = slope.items.iter().filter(|item| item.is_changed);
    let names: Vec<&str> = changed.map(|item| item.name.as_str()).collect();
    list(&names, words.changed, words.nothing_changed)
}

/// Names the groups whose own score surely changed.
fn moved(moves: &MovesFigure, words: &Findings) -> Fact {
    let found = moves.parts.iter().filter(|part| part.is_find);
    let names: Vec<&str> = found.map(|part| part.name.as_str()).collect();
    list(&names, words.changed, words.nothing_changed)
}

fn covered(figure: &Figure, pareto: &ParetoFigure, language: Language) -> Vec<Fact> {
    let Some(coverage) = pareto.coverage else {
        return Vec::new();
    };
    let words = language.findings();
    let percent = numerals::percent(coverage.percent, 0, language);
    let plain = filled(words.coverage, &[&percent]);
    let full = coverage.value.map(|value| {
        let value = numerals::value(value, pareto.kpi(&figure.answer), language);
        filled(words.coverage_value, &[&percent, &value])
    });
    vec![Fact {
        wordings: full.into_iter().chain([plain]).collect(),
        tone: Tone::Plain,
        arrow: None,
    }]
}

fn bands(funnel: &FunnelFigure, words: &Findings) -> Fact {
    let bands = [FunnelBand::Above, FunnelBand::Within, FunnelBand::Below];
    let n_of = |band| funnel.members.iter().filter(|one| one.band == band).count();
    let counted = bands.into_iter().zip(words.bands);
    let counted: Vec<String> = counted
        .map(|(band, name)| format!("{name} {}", n_of(band)))
        .collect();
    strong(vec![
        counted.join(" · "),
        format!("{} · {}", counted[0], counted[2]),
    ])
}

fn refused(refusal: Refusal, words: &Findings) -> String {
    let (said, n, needed) = match refusal {
        Refusal::FewPeriods { n, needed } => (words.few_periods, n, needed),
        Refusal::FewAnswers { n, needed } => (words.few_answers, n, needed),
        Refusal::FewGroups { n, needed } => (words.few_groups, n, needed),
        Refusal::Entangled => return words.entangled.to_owned(),
        Refusal::Alike => return words.alike.to_owned(),
        Refusal::Grouped => return words.grouped.to_owned(),
        Refusal::Pending => return words.pending.to_owned(),
    };
    filled(said, &[&n.to_string(), &needed.to_string()])
}
