//! `contribution`: why a score moved from one time to another, by one dimension.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Asked, Case, bare_score, base};
use super::{Entry, Found, Gap};
use crate::improve::{self, Contribution, Segment, Side};
use crate::kpi::definition::Definition;
use crate::kpi::desk::{Line, REST};
use crate::kpi::formula::Measured;
use crate::kpi::interval::real;
use crate::kpi::scope::{Branch, BranchBy};
use crate::kpi::verdict::added;
use crate::kpi::{
    Answer, Base, Cell, ChartKind, Counted, Kpi, KpiError, Mode, Score, Table, Tables, Unit, nps,
    parse,
};
use crate::plan::{Dimension, SheetColumn, SheetPlan, Span, TallyValue};
use crate::statistic::Difference;

/// Groups that are told on their own; the others are one.
const GROUPS_MAX: usize = 20;
/// Answers of customers that are looked at, where the last of each customer counts.
const ANSWERS_MAX: usize = 1_000_000;

static KPI: Kpi = Kpi {
    name: "contribution",
    title: "Why it moved",
    unit: Unit::Points,
    range: (Some(-200.0), Some(200.0)),
    definition_version: 1,
    formula: "the change of a score by groups: who answered more or less often, and who answered differently",
    charts: &[ChartKind::Bridge],
    is_higher_better: None,
};

static DEFINITION: Definition = Definition {
    expression: "mix = (w1 - w0) ((s0 + s1)/2 - (S0 + S1)/2), rate = (w0 + w1)/2 (s1 - s0); w: share \
        of a group in the rows, s: its score, S: the score of all; 0: before, 1: after",
    interval: "of a group's rate: the interval of its score's change times (w0 + w1)/2; of the whole: \
        that of the score's change",
    source: "Kitagawa 1955, in its symmetric form (Das Gupta 1978); finds: Benjamini and Hochberg \
        1995, at a false discovery rate of 10 %",
    edge_cases: &[
        "the parts of one dimension sum to the change; those of several dimensions do not add up",
        "a group that is absent at one of the times takes its score from the other, so that its rate \
         is 0",
        "without `versus` the earlier time is the comparable one before, as for the KPI itself",
        "relational NPS counts the last answer of each customer at each time, whatever its group",
        "groups with fewer persons than [privacy] min_group at one of the times, and those beyond the \
         20 largest, are one group, `other`",
        "a change is tested where both times have at least 20 rows of the group",
    ],
    vectors: &[],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    counted: Counted::Answers,
    subjects: &[
        "nps",
        "csat",
        "ces",
        "rating",
        "response_rate",
        "fcr",
        "reopen_rate",
        "sla",
        "bot_containment",
    ],
    has_versus: true,
    answer,
};

/// The numbers of each group at one time.
type Groups = BTreeMap<String, (Measured, Vec<TallyValue>)>;

const COLUMNS: [(&str, &str); 12] = [
    ("group", "text"),
    ("n_before", "count"),
    ("n", "count"),
    ("share_before", "percent"),
    ("share", "percent"),
    ("value_before", "of"),
    ("value", "of"),
    ("mix", "of"),
    ("rate", "of"),
    ("rate_low", "of"),
    ("rate_high", "of"),
    ("found", "text"),
];

fn answer(case: &Case<'_>) -> Result<Answer, KpiError> {
    if case.query.by.is_none() {
        let kpi = case.entry.kpi.name;
        return Err(KpiError::NeedsSplit { kpi });
    }
    let asked = case.rows_of(base(case.of())?)?;
    let Some(before) = asked.before else {
        return Ok(nothing(case, &asked, 0));
    };
    let found = asked.desk.ask(&[
        Line::over(&asked.subject.scope, Some(before)),
        Line::over(&asked.subject.scope, Some(asked.span)),
    ])?;
    let mut wholes = found.into_iter().map(|mut found| found.cells.remove(&None));
    let mut next = || wholes.next().flatten().and_then(|mut cells| cells.pop());
    let (Some(was), Some(is)) = (next(), next()) else {
        return Ok(nothing(case, &asked, 0));
    };
    let is_enough = asked.desk.is_enough(&was) && asked.desk.is_enough(&is);
    let difference = asked.subject.scope.formula.difference(&is, &was);
    let Some(difference) = difference.filter(|_| is_enough) else {
        return Ok(nothing(case, &asked, was.n.min(is.n)));
    };
    let [mut earlier, mut later] = groups(&asked, [before, asked.span])?;
    pool(&asked, &mut earlier, &mut later);
    let Some(contribution) = improve::contribution(&segments(&asked, &earlier, &later)) else {
        return Ok(nothing(case, &asked, 0));
    };
    let sum = contribution.mix + contribution.rate;
    let is_whole = (sum - difference.value).abs() < 1e-6 * (1.0 + difference.value.abs());
    let table = table(&contribution, &earlier, &later);
    let total = Score {
        value: Some(difference.value),
        low: Some(difference.low),
        high: Some(difference.high),
        base: Base::Ok,
        counts: vec![("n_before", was.n)],
        secondary: vec![
            ("before", was.value.unwrap_or_default()),
            ("after", is.value.unwrap_or_default()),
            ("mix", contribution.mix),
            ("rate", contribution.rate),
            ("p", difference.p),
        ],
        ..bare_score(is.n)
    };
    let found = Found::Contribution(contribution);
    let tables = Tables {
        main: table,
        ..Tables::default()
    };
    let mut answer = case.around(&asked.frame, Some(before), total, found, tables);
    answer.mode = asked.subject.mode;
    answer.notes = asked.subject.notes;
    if !is_whole {
        answer.is_additive = false;
        answer.notes.push(
            "groups overlap here, so their parts do not sum to the change exactly".to_owned(),
        );
    }
    Ok(answer)
}

/// Returns an answer that tells nothing, as too few rows are at one of the times.
fn nothing(case: &Case<'_>, asked: &Asked<'_>, n: u64) -> Answer {
    let needed = usize::try_from(crate::kpi::desk::CHANGE_MIN).unwrap_or(usize::MAX);
    let gap = Gap::FewAnswers {
        n: usize::try_from(n).unwrap_or(usize::MAX),
        needed,
    };
    let tables = Tables {
        main: Table::new(&COLUMNS),
        ..Tables::default()
    };
    let total = bare_score(n);
    let found = Found::Nothing(gap);
    let mut answer = case.around(&asked.frame, asked.before, total, found, tables);
    answer.mode = asked.subject.mode;
    answer.notes.clone_from(&asked.subject.notes);
    answer.notes.push(match asked.before {
        Some(_) => format!("at least {needed} rows are needed at each of the two times"),
        None => "there is no earlier time to compare with: give a range, or `versus`".to_owned(),
    });
    answer
}

/// Returns the groups at two times.
fn groups(asked: &Asked<'_>, spans: [Span; 2]) -> Result<[Groups; 2], KpiError> {
    let is_last_of_each = asked.subject.mode == Some(Mode::Relational);
    if let (true, [branch]) = (is_last_of_each, &asked.subject.branches[..])
        && let BranchBy::Dimension(dimension) = &branch.by
        && *dimension != Dimension::Tag
        && asked.desk.entry.kpi.name == nps::KPI.name
    {
        let [one, other] = spans.map(|span| last_answers(asked, dimension, span));
        return Ok([one?, other?]);
    }
    let branches = &asked.subject.branches;
    let lines: Vec<Line<'_>> = spans
        .iter()
        .flat_map(|span| {
            branches
                .iter()
                .map(|branch| Line::of_groups(branch, Some(*span)))
        })
        .collect();
    let found = asked.desk.ask(&lines)?;
    let mut sides = [Groups::new(), Groups::new()];
    for (idx, mut found) in found.into_iter().enumerate() {
        let branch: &Branch = &branches[idx % branches.len()];
        for (value, cells) in found.cells {
            let raw = found.raw.remove(&value).unwrap_or_default();
            let cell = cells.into_iter().next().unwrap_or_default();
            sides[idx / branches.len()].insert(branch.key(value.as_ref()), (cell, raw));
        }
    }
    Ok(sides)
}

/// Returns the last answer of each customer in a span, by group.
fn last_answers(asked: &Asked<'_>, dimension: &Dimension, span: Span) -> Result<Groups, KpiError> {
    let formula = &asked.subject.scope.formula;
    let sheet = asked.desk.rows.sheet(&SheetPlan {
        kind: formula.kind(),
        filter: crate::plan::Filter::And(vec![
            asked.subject.scope.filter.clone(),
            formula.answered(),
        ]),
        span,
        columns: vec![
            SheetColumn::Number("score"),
            SheetColumn::Someone,
            SheetColumn::Dimension(dimension.clone()),
        ],
        as_of: asked.desk.as_of,
        rows_max: ANSWERS_MAX,
    })?;
    if sheet.is_cut {
        return Err(KpiError::TooManyAnswers {
            kpi: KPI.name,
            max: ANSWERS_MAX,
        });
    }
    // Rows come in the order of their time: a later one replaces an earlier one.
    let last: BTreeMap<u64, usize> = (sheet.persons(1).iter().copied()).zip(0..).collect();
    let mut scores: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in last.into_values() {
        let key = sheet.text(2, row).unwrap_or(parse::MISSING).to_owned();
        let score = sheet.numbers(0).get(row).copied().flatten();
        scores.entry(key).or_default().extend(score);
    }
    let counted = |(key, scores): (String, Vec<f64>)| {
        let values = nps::tallied(&scores);
        (key, (formula.measured(&values), values))
    };
    Ok(scores.into_iter().map(counted).collect())
}

/// Puts groups that may not be told on their own together, and those beyond the largest.
fn pool(asked: &Asked<'_>, earlier: &mut Groups, later: &mut Groups) {
    let min_group = asked.desk.settings.min_group;
    let names: BTreeSet<String> = earlier.keys().chain(later.keys()).cloned().collect();
    let n_of = |groups: &Groups, name: &String| {
        groups
            .get(name)
            .map_or((0, 0), |(cell, _)| (cell.n, cell.n_persons))
    };
    let mut kept: Vec<(u64, &String)> = names
        .iter()
        .filter_map(|name| {
            let (was, is) = (n_of(earlier, name), n_of(later, name));
            let is_small = |(n, n_persons): (u64, u64)| n > 0 && n_persons < min_group;
            let is_told = name != REST && !is_small(was) && !is_small(is);
            is_told.then_some((was.0 + is.0, name))
        })
        .collect();
    kept.sort_by(|one, other| other.0.cmp(&one.0).then_with(|| one.1.cmp(other.1)));
    kept.truncate(GROUPS_MAX);
    let kept: BTreeSet<String> = kept.into_iter().map(|(_, name)| name.clone()).collect();
    for groups in [earlier, later] {
        let all = std::mem::take(groups);
        let mut rest: Option<Vec<TallyValue>> = None;
        for (name, (cell, raw)) in all {
            if kept.contains(&name) {
                groups.insert(name, (cell, raw));
            } else if cell.n > 0 {
                rest = match rest {
                    None => Some(raw),
                    Some(rest) => added(&rest, &raw),
                };
            }
        }
        if let Some(raw) = rest {
            let cell = asked.subject.scope.formula.measured(&raw);
            groups.insert(REST.to_owned(), (cell, raw));
        }
    }
}

/// Returns the groups as the decomposition takes them.
fn segments<'a>(asked: &Asked<'_>, earlier: &'a Groups, later: &'a Groups) -> Vec<Segment<'a>> {
    let names: BTreeSet<&String> = earlier.keys().chain(later.keys()).collect();
    let side = |cell: &Measured| {
        Some(Side {
            weight: real(cell.n),
            score: cell.value?,
        })
    };
    let cell = |groups: &'a Groups, name: &String| groups.get(name).map(|(cell, _)| cell);
    names
        .into_iter()
        .map(|name| {
            let (was, is) = (cell(earlier, name), cell(later, name));
            Segment {
                name,
                before: was.and_then(side),
                after: is.and_then(side),
                change: was.zip(is).and_then(|(was, is)| change(asked, was, is)),
            }
        })
        .collect()
}

fn change(asked: &Asked<'_>, was: &Measured, is: &Measured) -> Option<Difference> {
    let is_enough = asked.desk.is_enough(was) && asked.desk.is_enough(is);
    let difference = asked.subject.scope.formula.difference(is, was);
    difference.filter(|_| is_enough)
}

fn table(contribution: &Contribution, earlier: &Groups, later: &Groups) -> Table {
    let mut table = Table::new(&COLUMNS);
    let cell = |groups: &Groups, name: &str| groups.get(name).map(|(cell, _)| cell.clone());
    for effect in &contribution.effects {
        let (was, is) = (cell(earlier, &effect.name), cell(later, &effect.name));
        let n = |cell: &Option<Measured>| Cell::Count(cell.as_ref().map_or(0, |cell| cell.n));
        let value = |cell: Option<Measured>| Cell::number(cell.and_then(|cell| cell.value));
        let doubt = effect.rate_doubt;
        table.rows.push(vec![
            Cell::Text(effect.name.clone()),
            n(&was),
            n(&is),
            Cell::number(Some(100.0 * effect.share_before)),
            Cell::number(Some(100.0 * effect.share_after)),
            value(was),
            value(is),
            Cell::number(Some(effect.mix)),
            Cell::number(Some(effect.rate)),
            Cell::number(doubt.map(|doubt| doubt.low)),
            Cell::number(doubt.map(|doubt| doubt.high)),
            Cell::text(effect.is_find.then_some("moved")),
        ]);
    }
    table
}
