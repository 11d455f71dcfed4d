//! Figures of what matters: importance, weight, themes of two periods, teams of different sizes.
#![expect(clippy::cast_precision_loss, reason = "small positive counts")]

use super::groups::split;
use super::states::{aged, states as plain};
use super::{CSAT, Dice, NPS, RESPONSES, score};
use crate::chart::Figure;
use crate::chart::insight::{
    Coverage, FunnelBand, FunnelFigure, FunnelLimits, FunnelMember, Insight, Naming, ParetoFigure,
    ParetoItem, ParetoMeasure, Quadrant, QuadrantFigure, QuadrantItem, Refusal, SlopeFigure,
    SlopeItem, SlopePeriod,
};
use crate::kpi::{ChartKind, Kpi};

/// Things that people rate and complain about.
const THINGS: [&str; 12] = [
    "Waiting time",
    "Billing",
    "Friendliness",
    "Solved at once",
    "Knowledge",
    "Opening hours",
    "Delivery",
    "Self service",
    "Price",
    "Updates on the case",
    "Reliability",
    "Privacy",
];

/// Returns the everyday figure of a chart.
pub(super) fn everyday(chart: ChartKind) -> Figure {
    match chart {
        ChartKind::Quadrant => quadrant(8),
        ChartKind::Pareto => pareto(ParetoMeasure::Impact, 8),
        ChartKind::Slope => slope(9),
        _ => funnel(24, Naming::Names),
    }
}

/// Returns one figure per designed state, with the state's name.
pub(super) fn states(chart: ChartKind) -> Vec<(&'static str, Figure)> {
    let mut found = vec![("everyday", everyday(chart))];
    found.extend(aged(chart));
    found.extend(thin(chart));
    match chart {
        ChartKind::Quadrant => found.extend([
            ("one-bucket", quadrant(1)),
            ("twelve", quadrant(12)),
            ("many", quadrant(40)),
            ("undecided", undecided()),
            ("refused", refused(chart, Refusal::Entangled)),
        ]),
        ChartKind::Pareto => found.extend([
            ("one-bucket", pareto(ParetoMeasure::Parts, 1)),
            ("parts", pareto(ParetoMeasure::Parts, 9)),
            ("mentions", pareto(ParetoMeasure::Mentions, 7)),
            ("many", pareto(ParetoMeasure::Impact, 40)),
            ("many-parts", pareto(ParetoMeasure::Parts, 40)),
            ("refused", refused(chart, Refusal::Alike)),
        ]),
        ChartKind::Slope => found.extend([
            ("one-bucket", slope(1)),
            ("many", slope(40)),
            ("new", appeared()),
            ("constant", level()),
            ("refused", refused(chart, FEW_ANSWERS)),
        ]),
        _ => found.extend([
            ("one-bucket", funnel(1, Naming::Names)),
            ("bands", funnel(24, Naming::Bands)),
            ("own", own()),
            ("many", funnel(200, Naming::Names)),
            (
                "refused",
                refused(chart, Refusal::FewGroups { n: 3, needed: 5 }),
            ),
        ]),
    }
    found
}

const FEW_ANSWERS: Refusal = Refusal::FewAnswers { n: 31, needed: 50 };

/// Returns states with few answers or none: whatever the figure carries, nothing of it is shown.
fn thin(chart: ChartKind) -> Vec<(&'static str, Figure)> {
    let mut few = plain(chart);
    few.retain(|(name, _)| ["no-data", "suppressed", "counts-only"].contains(name));
    for (name, figure) in &mut few {
        let has_found = *name == "suppressed";
        figure.insight = everyday(chart).insight.filter(|_| has_found);
    }
    let mut grouped = split(chart, 40);
    grouped.insight = everyday(chart).insight;
    few.push(("split-40", grouped));
    few
}

fn figure(chart: ChartKind, kpi: &'static Kpi, value: f64, subtitle: &str) -> Figure {
    let mut figure = split(chart, 0);
    figure.answer.kpi = kpi;
    figure.answer.by = None;
    figure.answer.series.clear();
    figure.answer.total = score(kpi, value, 2_431);
    figure.answer.change = None;
    figure.events.clear();
    subtitle.clone_into(&mut figure.subtitle);
    kpi.title.clone_into(&mut figure.title);
    figure
}

fn refused(chart: ChartKind, refusal: Refusal) -> Figure {
    let mut figure = everyday(chart);
    figure.insight = Some(Insight::Refused(refusal));
    figure
}

/// Returns the name of the thing at a place; beyond the first ones they are numbered.
fn thing(idx: usize) -> String {
    let name = THINGS[idx % THINGS.len()];
    match idx / THINGS.len() {
        0 => name.to_owned(),
        round => format!("{name} {}", round + 1),
    }
}

fn quadrant(n_items: usize) -> Figure {
    let mut dice = Dice::new(17);
    let equal = 100.0 / n_items.max(4) as f64;
    let line = 74.0;
    let mut items: Vec<QuadrantItem> = (0..n_items)
        .map(|idx| {
            let performance = dice.within(48.0, 93.0);
            let importance = equal * dice.within(0.15, 2.2);
            let reach = (dice.within(2.0, 6.0), equal * dice.within(0.1, 0.4));
            item(
                thing(idx),
                (performance, importance),
                reach,
                (line, equal),
                300 + 290 * (idx as u64 % 5),
            )
        })
        .collect();
    let urgency = |item: &QuadrantItem| item.importance * (100.0 - item.performance);
    items.sort_by(|one, other| urgency(other).total_cmp(&urgency(one)));
    let mut figure = figure(
        ChartKind::Quadrant,
        &NPS,
        36.4,
        "what goes with recommending us",
    );
    figure.insight = Some(Insight::Quadrant(QuadrantFigure {
        items,
        performance_line: line,
        importance_line: equal,
    }));
    figure
}

fn item(
    name: String,
    (performance, importance): (f64, f64),
    reach: (f64, f64),
    lines: (f64, f64),
    n: u64,
) -> QuadrantItem {
    let across = (performance - reach.0, (performance + reach.0).min(100.0));
    let up = ((importance - reach.1).max(0.0), importance + reach.1);
    let crosses = |(low, high): (f64, f64), line: f64| low < line && line < high;
    QuadrantItem {
        name,
        performance,
        performance_interval: Some(across),
        importance,
        importance_interval: Some(up),
        n,
        quadrant: match (importance > lines.1, performance > lines.0) {
            (true, false) => Quadrant::Concentrate,
            (true, true) => Quadrant::Keep,
            (false, false) => Quadrant::LowPriority,
            (false, true) => Quadrant::Overkill,
        },
        is_undecided: crosses(across, lines.0) || crosses(up, lines.1),
    }
}

/// Returns things that chance alone may have put where they are.
fn undecided() -> Figure {
    let mut figure = quadrant(6);
    if let Some(Insight::Quadrant(found)) = &mut figure.insight {
        for item in &mut found.items {
            item.is_undecided = true;
        }
    }
    figure
}

fn pareto(measure: ParetoMeasure, n_items: usize) -> Figure {
    let n = n_items as f64;
    let weight = |idx: usize| (n - idx as f64).powi(2);
    let sum: f64 = (0..n_items).map(weight).sum();
    let items = (0..n_items)
        .map(|idx| {
            let (value, reach) = match measure {
                ParetoMeasure::Parts => (100.0 * weight(idx) / sum, 1.6),
                ParetoMeasure::Mentions => (48.0 * weight(idx) / weight(0), 2.1),
                ParetoMeasure::Impact => {
                    let sign = if idx % 4 == 2 { 1.0 } else { -1.0 };
                    (sign * 5.4 * (weight(idx) / weight(0)).sqrt(), 1.1)
                }
            };
            let low = match measure {
                ParetoMeasure::Impact => value - reach,
                _ => (value - reach).max(0.0),
            };
            ParetoItem {
                name: thing(idx),
                value,
                interval: Some((low, value + reach)),
                n: 40 + 11 * (n_items - idx) as u64,
            }
        })
        .collect();
    let (kpi, value, subtitle): (&'static Kpi, f64, &str) = match measure {
        ParetoMeasure::Impact => (&NPS, 36.4, "themes in comments"),
        _ => (&RESPONSES, 2_431.0, "reasons of contact"),
    };
    let mut figure = figure(ChartKind::Pareto, kpi, value, subtitle);
    figure.insight = Some(Insight::Pareto(ParetoFigure {
        of: None,
        measure,
        items,
        coverage: (measure == ParetoMeasure::Impact).then_some(Coverage {
            percent: 43.2,
            value: Some(31.0),
        }),
    }));
    figure
}

fn slope(n_items: usize) -> Figure {
    let mut dice = Dice::new(31);
    let mut items: Vec<SlopeItem> = (0..n_items)
        .map(|idx| {
            let before = dice.within(2.0, 30.0) / (1.0 + 0.1 * idx as f64);
            let move_by = if idx % 4 == 0 {
                dice.within(-9.0, 9.0)
            } else {
                dice.within(-1.5, 1.5)
            };
            SlopeItem {
                name: thing(idx),
                before: Some(before),
                after: Some((before + move_by).max(0.0)),
                is_changed: move_by.abs() > 3.0,
                is_higher_better: [Some(false), None, Some(true)][idx % 3],
            }
        })
        .collect();
    let telling = |item: &SlopeItem| (item.is_changed, item.after.unwrap_or_default());
    items.sort_by(|one, other| {
        let (one, other) = (telling(one), telling(other));
        other.0.cmp(&one.0).then(other.1.total_cmp(&one.1))
    });
    let period = |name: &str, n| SlopePeriod {
        name: name.to_owned(),
        n,
    };
    let mut figure = figure(ChartKind::Slope, &RESPONSES, 1_204.0, "themes in comments");
    figure.insight = Some(Insight::Slope(SlopeFigure {
        before: period("May 2026", 1_187),
        after: period("Jun 2026", 1_204),
        items,
    }));
    figure
}

/// Returns a theme that was not there before, and one that is not told any more.
fn appeared() -> Figure {
    let mut figure = slope(6);
    if let Some(Insight::Slope(found)) = &mut figure.insight {
        found.items[0] = SlopeItem {
            name: "Two-factor login".to_owned(),
            before: Some(0.0),
            after: Some(14.2),
            is_changed: true,
            is_higher_better: Some(false),
        };
        found.items[5].after = None;
    }
    figure
}

/// Returns lines that all lie on each other.
fn level() -> Figure {
    let mut figure = slope(7);
    if let Some(Insight::Slope(found)) = &mut figure.insight {
        for item in &mut found.items {
            (item.before, item.after, item.is_changed) = (Some(11.0), Some(11.0), false);
        }
    }
    figure
}

fn funnel(n_members: usize, naming: Naming) -> Figure {
    let mut dice = Dice::new(9);
    let centre = 82.0;
    let limits = |n: f64| {
        let of = |z: f64| {
            let reach = 100.0 * z * (0.82_f64 * 0.18 / n + 0.0003).sqrt();
            ((centre - reach).max(0.0), (centre + reach).min(100.0))
        };
        FunnelLimits {
            n,
            warning: of(1.96),
            action: of(3.09),
        }
    };
    let members = (0..n_members)
        .map(|idx| {
            let n = 20 + (dice.share() * dice.share() * 420.0) as u64;
            let of = limits(n as f64);
            let far = match idx {
                3 => 1.25,
                7 => -1.35,
                _ => dice.within(-0.8, 0.8),
            };
            let value = match far {
                up if up > 0.0 => centre + up * (of.action.1 - centre),
                down => centre + down * (centre - of.action.0),
            };
            FunnelMember {
                name: format!("Team {}", idx + 1),
                n,
                value: value.clamp(0.0, 100.0),
                band: match () {
                    () if value > of.action.1 => FunnelBand::Above,
                    () if value < of.action.0 => FunnelBand::Below,
                    () => FunnelBand::Within,
                },
                is_own: false,
            }
        })
        .collect();
    let mut figure = figure(ChartKind::Funnel, &CSAT, centre, "teams · last 90 days");
    figure.insight = Some(Insight::Funnel(FunnelFigure {
        members,
        centre,
        limits: (2..=94).map(|step| limits(f64::from(step * 5))).collect(),
        naming,
    }));
    figure
}

/// Returns the picture that one of the group sees: the others without names.
fn own() -> Figure {
    let mut figure = funnel(18, Naming::Bands);
    if let Some(Insight::Funnel(found)) = &mut figure.insight {
        found.members[5].is_own = true;
    }
    figure
}
