//! `reasons`: why people call, the commonest reason first, and which became more or fewer.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Asked, Case, bare_score, base};
use super::{Entry, Found, Gap};
use crate::improve::{Bar, Items, Pareto, Reason, pareto};
use crate::kpi::definition::Definition;
use crate::kpi::desk::REST;
use crate::kpi::formula::count;
use crate::kpi::interval::real;
use crate::kpi::scope::BranchBy;
use crate::kpi::{
    Answer, Base, Cell, ChartKind, Counted, Kpi, KpiError, Score, Table, Tables, Unit,
};
use crate::nearest::nearest;
use crate::plan::{Clock, Dimension, Keep, Measure, Span, Tallies, TallyPlan, TallyRow};
use crate::record::RecordKind;

/// Reasons that are told on their own; the others are one.
const REASONS_MAX: usize = 20;

static KPI: Kpi = Kpi {
    name: "reasons",
    title: "Reasons of contact",
    unit: Unit::Count,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "what tickets or reviews are about, the commonest reason first",
    charts: &[ChartKind::Pareto],
    is_higher_better: None,
};

static DEFINITION: Definition = Definition {
    expression: "count(tickets or reviews by reason) / count(all of them)",
    interval: "Wilson, of each share; of a change of a share: Newcombe",
    source: "Juran's rule of the vital few: the shortest head of the list with 80 % of all reasons, if \
        that is no more than half of them; finds: Benjamini and Hochberg 1995, at a false discovery \
        rate of 10 %",
    edge_cases: &[
        "a ticket counts when it was opened, a review when its categories were reviewed",
        "by category unless `by` says otherwise; of reviews by cause",
        "tickets have one category, and any number of tags; a review may have several causes: where \
         one may have several reasons, shares do not add up",
        "without a reason: in the number of all, in no bar",
        "reasons of fewer persons than [privacy] min_group at one of the times (of reviews: of fewer \
         reviews), and those beyond the 20 largest, are one, `other`, or are left out where they \
         would overlap",
        "a change is tested where both times have at least 20 of them",
    ],
    vectors: &[],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    counted: Counted::Tickets,
    subjects: &["tickets", "reviews"],
    has_versus: true,
    answer,
};

/// Why people call.
#[derive(Debug, Clone, PartialEq)]
pub struct Reasons {
    /// The reasons.
    pub pareto: Pareto,
    /// Whether one ticket or review may give several.
    pub may_overlap: bool,
}

const COLUMNS: [(&str, &str); 11] = [
    ("reason", "text"),
    ("n_before", "count"),
    ("n", "count"),
    ("share", "percent"),
    ("share_low", "percent"),
    ("share_high", "percent"),
    ("cumulative", "percent"),
    ("change", "percent"),
    ("change_low", "percent"),
    ("change_high", "percent"),
    ("found", "text"),
];

/// What reasons are counted by.
struct Counting {
    dimension: Dimension,
    may_overlap: bool,
}

/// How often each reason is given at one time: items, and persons.
type Counts = BTreeMap<String, (u64, u64)>;

fn answer(case: &Case<'_>) -> Result<Answer, KpiError> {
    let of = match case.of() {
        "reviews" => "quality_score",
        tickets => tickets,
    };
    let entry = base(of)?;
    let kind = entry.formula.kind();
    let own = own_reason(case, kind);
    let mut asked_case = case.under(case.settings);
    if own.is_some() {
        // Not a dimension of every answer, so the rows are asked for without it.
        asked_case.query.by = None;
    }
    let asked = asked_case
        .rows_of(entry)
        .map_err(|error| known(error, kind))?;
    let counting = counting(own, &asked, kind);
    let spans: Vec<Span> = [asked.span].into_iter().chain(asked.before).collect();
    let mut found = counts(&asked, &counting, &spans)?.into_iter();
    let (n, now) = found.next().unwrap_or_default();
    let before = found.next();
    let items = Items {
        n,
        n_before: before.as_ref().map(|(n, _)| *n),
    };
    let (_, before) = before.unwrap_or_default();
    if n == 0 {
        return Ok(nothing(case, &asked));
    }
    let (told, n_pooled) = told(case.settings.min_group, &counting, &now, &before);
    let reasons: Vec<Reason<'_>> = told
        .iter()
        .map(|(name, (n, n_before))| Reason {
            name,
            n: *n,
            n_before: *n_before,
        })
        .collect();
    let found = Reasons {
        pareto: pareto(&reasons, items),
        may_overlap: counting.may_overlap,
    };
    let tables = Tables {
        main: table(&found.pareto, &told, items),
        ..Tables::default()
    };
    let total = total(items);
    let may_overlap = found.may_overlap;
    let mut answer = case.around(
        &asked.frame,
        asked.before,
        total,
        Found::Reasons(found),
        tables,
    );
    answer.by = Some(named(case, kind).to_owned());
    answer.is_additive = !may_overlap;
    answer.notes.clone_from(&asked.subject.notes);
    if may_overlap && n_pooled > 0 {
        answer
            .notes
            .push(format!("{n_pooled} rarer reasons are left out"));
    }
    Ok(answer)
}

/// Returns what reasons are told by.
fn named<'c>(case: &'c Case<'_>, kind: RecordKind) -> &'c str {
    case.query.by.as_deref().unwrap_or(own_reasons(kind)[0])
}

/// Returns the columns of a kind that say why, the usual first.
fn own_reasons(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::Review => &["cause", "category"],
        _ => &["category"],
    }
}

/// Returns the column that says why, unless a dimension is asked for.
fn own_reason(case: &Case<'_>, kind: RecordKind) -> Option<&'static str> {
    let named = named(case, kind);
    let is_configured = case.settings.dimensions.contains_key(named) && case.query.by.is_some();
    let own = own_reasons(kind).iter().find(|own| **own == named);
    own.copied().filter(|_| !is_configured)
}

/// Names the columns that say why among what one may split by.
fn known(error: KpiError, kind: RecordKind) -> KpiError {
    match error {
        KpiError::UnknownDimension {
            name, mut known, ..
        } => {
            known.extend(own_reasons(kind).iter().map(|own| (*own).to_owned()));
            let near = nearest(&name, known.iter().map(String::as_str)).map(str::to_owned);
            KpiError::UnknownDimension {
                name,
                nearest: near,
                known,
            }
        }
        other => other,
    }
}

fn counting(own: Option<&'static str>, asked: &Asked<'_>, kind: RecordKind) -> Counting {
    let split = asked
        .subject
        .branches
        .iter()
        .find_map(|branch| match &branch.by {
            BranchBy::Dimension(dimension) => Some(dimension.clone()),
            BranchBy::Key(_) => None,
        });
    let dimension = own.map(Dimension::Column).or(split);
    let dimension = dimension.unwrap_or(Dimension::Column(own_reasons(kind)[0]));
    Counting {
        may_overlap: dimension == Dimension::Tag || (kind == RecordKind::Review && own.is_some()),
        dimension,
    }
}

/// Returns of each span all items, and those of each reason.
fn counts(
    asked: &Asked<'_>,
    counting: &Counting,
    spans: &[Span],
) -> Result<Vec<(u64, Counts)>, KpiError> {
    let kind = asked.subject.scope.formula.kind();
    // A review is all of its categories; nobody but agents is in it.
    let measures = match kind {
        RecordKind::Review => vec![Measure::Distinct("review"), Measure::Distinct("review")],
        _ => vec![Measure::Count, Measure::Persons],
    };
    let plan = |span: Span, group: Vec<Dimension>| TallyPlan {
        kind,
        filter: asked.subject.scope.filter.clone(),
        buckets: vec![span],
        time: asked.desk.entry.formula.time(),
        group,
        measures: measures.clone(),
        keep: Keep::All,
        as_of: asked.desk.as_of,
        present: asked.desk.present,
        clock: Clock::Calendar,
    };
    let whole_and_split = |span: &Span| {
        let split = vec![counting.dimension.clone()];
        [plan(*span, Vec::new()), plan(*span, split)]
    };
    let plans: Vec<TallyPlan> = spans.iter().flat_map(whole_and_split).collect();
    let found = asked.desk.rows.tally_all(&plans)?;
    let reason = |row: &TallyRow| {
        let name = row.key.first().cloned().flatten()?;
        Some((name, (count(&row.values, 0), count(&row.values, 1))))
    };
    let read = |pair: &[Tallies]| {
        let n = pair[0].rows.first().map_or(0, |row| count(&row.values, 0));
        let reasons: Counts = pair[1].rows.iter().filter_map(reason).collect();
        // Rows that arrive between the two questions are in one of them alone.
        let most = reasons.values().map(|(n, _)| *n).max();
        (n.max(most.unwrap_or_default()), reasons)
    };
    Ok(found.chunks_exact(2).map(read).collect())
}

/// Returns how often each reason is given at both times, and how many reasons are not told on their
/// own: those of a few persons, and those beyond the largest.
fn told(
    min_group: u64,
    counting: &Counting,
    now: &Counts,
    before: &Counts,
) -> (BTreeMap<String, (u64, u64)>, usize) {
    let names: BTreeSet<&String> = now.keys().chain(before.keys()).collect();
    let of = |counts: &Counts, name: &str| counts.get(name).copied().unwrap_or_default();
    let is_small = |(n, n_persons): (u64, u64)| n > 0 && n_persons < min_group;
    let is_told =
        |name: &&&String| **name != REST && !is_small(of(now, name)) && !is_small(of(before, name));
    let mut largest: Vec<&String> = names.iter().filter(is_told).copied().collect();
    largest.sort_by_key(|name| std::cmp::Reverse(of(now, name).0 + of(before, name).0));
    largest.truncate(REASONS_MAX);
    let mut told: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    let mut n_pooled = 0;
    for name in names {
        let (n, n_before) = (of(now, name).0, of(before, name).0);
        let is_pooled = !largest.contains(&name);
        n_pooled += usize::from(is_pooled);
        if is_pooled && counting.may_overlap {
            continue;
        }
        let key = if is_pooled { REST } else { name };
        let sums = told.entry(key.to_owned()).or_default();
        *sums = (sums.0 + n, sums.1 + n_before);
    }
    let is_few = |n: u64| n > 0 && n < min_group;
    if told
        .get(REST)
        .is_some_and(|rest| is_few(rest.0) || is_few(rest.1))
    {
        told.remove(REST);
    }
    (told, n_pooled)
}

fn table(pareto: &Pareto, told: &BTreeMap<String, (u64, u64)>, items: Items) -> Table {
    let mut table = Table::new(&COLUMNS);
    let percent = |share: f64| Cell::number(Some(100.0 * share));
    let of_change = |share: Option<f64>| Cell::number(share.map(|share| 100.0 * share));
    let found = |bar: &Bar| {
        let change = bar.change.filter(|_| bar.is_find)?;
        Some(if change.value > 0.0 { "more" } else { "less" })
    };
    for bar in &pareto.bars {
        let n_before = told.get(&bar.name).map(|(_, n_before)| *n_before);
        table.rows.push(vec![
            Cell::Text(bar.name.clone()),
            Cell::count(n_before.filter(|_| items.n_before.is_some())),
            Cell::Count(bar.n),
            percent(bar.share.value),
            percent(bar.share.low),
            percent(bar.share.high),
            percent(bar.cumulative),
            of_change(bar.change.map(|change| change.value)),
            of_change(bar.change.map(|change| change.low)),
            of_change(bar.change.map(|change| change.high)),
            Cell::text(found(bar)),
        ]);
    }
    table
}

/// Returns how many there are: a plain count.
fn total(items: Items) -> Score {
    Score {
        value: Some(real(items.n)),
        base: Base::Ok,
        counts: items
            .n_before
            .map(|n| ("n_before", n))
            .into_iter()
            .collect(),
        ..bare_score(items.n)
    }
}

/// Returns an answer of a time in which there is none.
fn nothing(case: &Case<'_>, asked: &Asked<'_>) -> Answer {
    let tables = Tables {
        main: Table::new(&COLUMNS),
        ..Tables::default()
    };
    let total = total(Items {
        n: 0,
        n_before: None,
    });
    let gap = Gap::FewAnswers { n: 0, needed: 1 };
    let mut answer = case.around(
        &asked.frame,
        asked.before,
        total,
        Found::Nothing(gap),
        tables,
    );
    answer.notes.clone_from(&asked.subject.notes);
    answer
}
