//! Figures about customers: cohorts, how long they stay, and what a period made of them.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small positive counts"
)]

use jiff::SignedDuration;

use super::kpis::{COHORT, CRR, NRR};
use super::lives::survival;
use super::scores::{hidden, score, unanswered};
use super::states::aged;
use super::{Dice, answer};
use crate::chart::{Figure, Freshness};
use crate::kpi::{Across, Active, Cell, ChartKind, Kpi, Score, Table, Tables};

/// Returns the everyday figure of a chart about customers.
pub(super) fn everyday(chart: ChartKind) -> Figure {
    match chart {
        ChartKind::Cohort => cohorts(14, 0.03),
        ChartKind::Survival => survival(&[None], 0.0011, 1400),
        _ => bridge(
            &NRR,
            [1_240_000.0, 96_400.0, 31_200.0, 58_800.0, 74_500.0, 8_300.0],
        ),
    }
}

/// Returns one figure per designed state, with the state's name.
pub(super) fn states(chart: ChartKind) -> Vec<(&'static str, Figure)> {
    let mut found = vec![("everyday", everyday(chart))];
    found.extend(aged(chart));
    found.extend(nothing(chart));
    match chart {
        ChartKind::Cohort => found.extend([
            ("one-bucket", cohorts(1, 0.03)),
            ("young", cohorts(5, 0.05)),
            ("many", cohorts(60, 0.012)),
            ("constant", cohorts(14, 0.0)),
            ("gaps", with_hidden(cohorts(10, 0.04))),
            ("split", pooled(4)),
            ("split-40", pooled(9)),
        ]),
        ChartKind::Survival => found.extend([
            ("one-bucket", survival(&[None], 0.004, 30)),
            ("constant", survival(&[None], 0.0, 800)),
            ("steep", survival(&[None], 0.006, 900)),
            (
                "split",
                survival(&[Some("enterprise"), Some("small business")], 0.0008, 1100),
            ),
            ("split-40", survival(&GROUPS.map(Some), 0.0008, 1100)),
        ]),
        _ => found.extend([
            (
                "customers",
                bridge(&CRR, [1_204.0, 0.0, 0.0, 88.0, 131.0, 12.0]),
            ),
            (
                "constant",
                bridge(&NRR, [50_000.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            ),
            (
                "all-lost",
                bridge(&NRR, [9_000.0, 0.0, 0.0, 9_000.0, 0.0, 0.0]),
            ),
            (
                "huge",
                bridge(&NRR, [4.1e11, 9.4e10, 3.3e9, 2.8e10, 7.0e10, 1.0]),
            ),
        ]),
    }
    found
}

const GROUPS: [&str; 9] = [
    "enterprise",
    "small business in Mecklenburg-Vorpommern",
    "mid-market",
    "public",
    "schools",
    "clubs",
    "doctors",
    "farms",
    "(other)",
];

/// Returns states with too few customers, or none.
fn nothing(chart: ChartKind) -> [(&'static str, Figure); 4] {
    let emptied = |total: Score| {
        let mut figure = everyday(chart);
        figure.answer.total = total;
        if let Some(tables) = &mut figure.answer.tables {
            tables.main.rows.clear();
            tables.further.clear();
        }
        figure
    };
    let without_value = Score {
        value: None,
        low: None,
        high: None,
        counts: Vec::new(),
        secondary: Vec::new(),
        ..score(&CRR, 50.0, 140)
    };
    [
        ("no-data", emptied(unanswered())),
        ("suppressed", emptied(hidden())),
        ("counts-only", {
            emptied(Score {
                counts: Vec::new(),
                ..score(&CRR, 50.0, 8)
            })
        }),
        ("unknown", emptied(without_value)),
    ]
}

pub(super) fn figure(chart: ChartKind, kpi: &'static Kpi, subtitle: &str, total: Score) -> Figure {
    let mut answer = answer(kpi, Vec::new(), total);
    answer.active = Some(Active::Contract);
    answer.from = (answer.as_of)
        .checked_sub(SignedDuration::from_hours(24 * 365))
        .unwrap_or(answer.as_of);
    answer.to = answer.as_of;
    Figure {
        chart,
        title: kpi.title.to_owned(),
        subtitle: subtitle.to_owned(),
        answer,
        goal: None,
        events: Vec::new(),
        freshness: Freshness::Fresh,
        note: None,
        insight: None,
    }
}

/// Returns a triangle of so many months, of which a share leaves every month.
fn cohorts(n_cohorts: usize, leaving: f64) -> Figure {
    let mut dice = Dice::new(5);
    let total = match n_cohorts > 12 {
        true => score(&COHORT, 100.0 * (1.0 - leaving).powi(12), 900),
        false => unanswered(),
    };
    let mut figure = figure(ChartKind::Cohort, &COHORT, "last 14 months", total);
    let mut table = Table::new(&COHORT_COLUMNS);
    let mut sums = vec![(0_u64, 0_u64); n_cohorts];
    for cohort in 0..n_cohorts {
        let n = 40 + dice.below(70) as u64;
        let mut there = n;
        // The oldest came in the first month; the newest is a month old at most.
        let months_ago = n_cohorts - cohort;
        let back = i32::try_from(months_ago).unwrap_or(0);
        let first =
            jiff::civil::Date::constant(2026, 6, 1).saturating_sub(jiff::Span::new().months(back));
        for (age, sum) in sums.iter_mut().enumerate().take(months_ago) {
            there -= (real(there) * leaving * dice.within(0.2, 1.8)).round() as u64;
            (sum.0, sum.1) = (sum.0 + n, sum.1 + there);
            table.rows.push(cohort_row(
                &first.strftime("%Y-%m").to_string(),
                age,
                n,
                there,
            ));
        }
    }
    for (age, (n, there)) in sums.into_iter().enumerate() {
        table.rows.push(cohort_row("all", age, n, there));
    }
    figure.answer.tables = Some(Tables {
        main: table,
        across: Some(Across {
            line: "cohort",
            column: "age",
            cell: "value",
        }),
        ..Tables::default()
    });
    figure
}

const COHORT_COLUMNS: [(&str, &str); 8] = [
    ("cohort", "month"),
    ("age", "months"),
    ("n", "customers"),
    ("there", "customers"),
    ("value", "percent"),
    ("low", "percent"),
    ("high", "percent"),
    ("base", "text"),
];

fn cohort_row(cohort: &str, age: usize, n: u64, there: u64) -> Vec<Cell> {
    let percent = 100.0 * real(there) / real(n.max(1));
    vec![
        Cell::Text(cohort.to_owned()),
        Cell::Count(age as u64),
        Cell::Count(n),
        Cell::Count(there),
        Cell::Number(percent),
        Cell::Number((percent - 8.0).max(0.0)),
        Cell::Number((percent + 8.0).min(100.0)),
        Cell::Text("ok".to_owned()),
    ]
}

/// Hides the cells of two cohorts.
fn with_hidden(mut figure: Figure) -> Figure {
    let rows = figure
        .answer
        .tables
        .iter_mut()
        .flat_map(|tables| &mut tables.main.rows);
    for row in rows.filter(|row| row[0] == Cell::Text("2025-10".to_owned())) {
        for cell in &mut row[2..7] {
            *cell = Cell::Missing;
        }
        row[7] = Cell::Text("hidden".to_owned());
    }
    figure
}

/// Returns groups with all of their cohorts pooled.
fn pooled(n_groups: usize) -> Figure {
    let mut whole = cohorts(14, 0.02);
    let mut columns = vec![("key", "text")];
    columns.extend(COHORT_COLUMNS);
    let mut table = Table::new(&columns);
    for (idx, group) in GROUPS.iter().enumerate().take(n_groups) {
        let Some(tables) = cohorts(14, 0.01 + 0.012 * real(idx as u64)).answer.tables else {
            continue;
        };
        let rows = tables.main.rows.into_iter();
        table
            .rows
            .extend(rows.map(|row| [vec![Cell::Text((*group).to_owned())], row].concat()));
    }
    whole.answer.by = Some("segment".to_owned());
    whole.subtitle = "last 14 months · by segment".to_owned();
    whole.answer.tables = Some(Tables {
        main: table,
        ..Tables::default()
    });
    whole
}

/// Returns a period with this start, expansion, contraction, loss, new and reactivated.
fn bridge(kpi: &'static Kpi, amounts: [f64; 6]) -> Figure {
    let [start, expansion, contraction, lost, new, back] = amounts;
    let kept = start + expansion - contraction - lost;
    let mut total = score(kpi, 100.0 * kept / start, 1204);
    if kpi.name == "nrr" {
        total.secondary = vec![
            ("start", start),
            ("expansion", expansion),
            ("contraction", contraction),
            ("churned", lost),
            ("kept", kept),
            ("new", new),
            ("reactivated", back),
            ("end", kept + new + back),
        ];
    } else {
        let count = |amount: f64| amount as u64;
        total.counts = vec![
            ("start", count(start)),
            ("lost", count(lost)),
            ("new", count(new)),
            ("reactivated", count(back)),
            ("end", count(kept + new + back)),
            ("came_and_went", 3),
        ];
    }
    let mut figure = figure(ChartKind::Bridge, kpi, "last 12 months", total);
    figure.answer.currency = (kpi.name == "nrr").then(|| "EUR".to_owned());
    figure
}

fn real(n: u64) -> f64 {
    n as f64
}
