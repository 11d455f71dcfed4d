//! Terms that are new, and terms that those have who are dissatisfied.

use super::subject::{Spoken, documents};
use super::written::{Told, n_persons};
use crate::kpi::insight::case::Asked;
use crate::kpi::{Cell, KpiError, Table};
use crate::plan::{Filter, SheetColumn, SheetPlan, ever};
use crate::record::RecordKind;
use crate::theme::{EmergingTerm, Names, emerging, groups, holders};

/// Persons whose words a term has to be, however small a group may be told.
const PERSONS_MIN: u64 = 5;
/// Terms that are told of one comparison, the surest.
const TERMS_MAX: usize = 30;
/// Names of customers and of agents that are known at most; of more the latest are.
const NAMES_MAX: usize = 300_000;

const EMERGING: [(&str, &str); 9] = [
    ("side", "text"),
    ("language", "text"),
    ("term", "text"),
    ("n", "count"),
    ("n_of", "count"),
    ("n_other", "count"),
    ("n_other_of", "count"),
    ("z", "score"),
    ("p", "score"),
];
const GROUPS: [(&str, &str); 5] = [
    ("side", "text"),
    ("language", "text"),
    ("name", "text"),
    ("n", "count"),
    ("terms", "text"),
];

/// What is new.
pub(super) struct Novel {
    pub(super) emerging: Table,
    pub(super) groups: Table,
    /// Terms of this time that the earlier times lack, the surest first.
    pub(super) names: Vec<String>,
}

/// Compares this time with the earlier ones, and for NPS those who are dissatisfied with those who
/// recommend.
pub(super) fn novel(
    asked: &Asked<'_>,
    spoken: &Spoken<'_>,
    has_sides: bool,
) -> Result<Novel, KpiError> {
    let mut found = Novel {
        emerging: Table::new(&EMERGING),
        groups: Table::new(&GROUPS),
        names: Vec::new(),
    };
    let side = |is_meant: fn(f64) -> bool| -> Vec<Told> {
        let told = spoken.now.iter().filter(|one| is_meant(one.points));
        told.cloned().collect()
    };
    let (low, high) = match has_sides {
        true => (side(|points| points < 0.0), side(|points| points > 0.0)),
        false => Default::default(),
    };
    let pairs = [
        (["new", ""], [spoken.now, spoken.earlier]),
        (["detractors", "promoters"], [&low[..], &high[..]]),
    ];
    let mut names = None;
    for (sides, told) in pairs {
        for (idx, mut terms) in more(spoken.k, told).into_iter().enumerate() {
            let side = sides[idx];
            if terms.is_empty() || side.is_empty() {
                continue;
            }
            let names = match &names {
                Some(names) => names,
                None => names.insert(known_names(asked)?),
            };
            let reader = spoken.library.reader();
            terms.retain(|one| !names.are_in(&one.term.term, one.term.language, reader));
            terms.truncate(TERMS_MAX);
            if side == "new" {
                found.names = terms.iter().map(|one| one.term.term.clone()).collect();
            }
            let rows = terms.iter().map(|one| one.row(side));
            found.emerging.rows.extend(rows);
            found.groups.rows.extend(grouped(side, &terms, told[idx]));
        }
    }
    Ok(found)
}

/// A term that one group of answers has more.
struct More {
    term: EmergingTerm,
    /// Which of the two groups that is.
    group: usize,
    /// Whether it may be told how many of the other group have it.
    is_other_told: bool,
}

impl More {
    fn row(&self, side: &str) -> Vec<Cell> {
        let (term, own, other) = (&self.term, self.group, 1 - self.group);
        let (n, n_other) = (term.documents[own] as u64, term.documents[other] as u64);
        // What follows from the count of the other group tells it.
        let if_told = |number: f64| Cell::number(self.is_other_told.then_some(number));
        vec![
            Cell::Text(side.to_owned()),
            Cell::Text(term.language.code().to_owned()),
            Cell::Text(term.term.clone()),
            Cell::Count(n),
            Cell::Count(term.base[own] as u64),
            Cell::count(self.is_other_told.then_some(n_other)),
            Cell::Count(term.base[other] as u64),
            if_told(term.z.abs()),
            if_told(term.p),
        ]
    }
}

/// Returns what enough persons of each group say, more than those of the other.
fn more(k: u64, told: [&[Told]; 2]) -> [Vec<More>; 2] {
    // A group of a few persons is not told of, as the other group of a comparison neither.
    if told.iter().any(|group| n_persons(*group) < k) {
        return Default::default();
    }
    let words = told.map(documents);
    let found = emerging(&words[0], &words[1]).terms;
    let holders = words.map(|words| holders(&found, &words));
    let mut more: [Vec<More>; 2] = Default::default();
    for (idx, term) in found.into_iter().enumerate() {
        let group = usize::from(term.log_odds < 0.0);
        let persons =
            |group: usize| n_persons(holders[group][idx].iter().map(|at| &told[group][*at]));
        let n_other = persons(1 - group);
        if persons(group) >= k.max(PERSONS_MIN) {
            more[group].push(More {
                term,
                group,
                is_other_told: n_other == 0 || n_other >= k,
            });
        }
    }
    more
}

fn grouped(side: &str, terms: &[More], told: &[Told]) -> Vec<Vec<Cell>> {
    let found: Vec<EmergingTerm> = terms.iter().map(|one| one.term.clone()).collect();
    let row = |group: crate::theme::TermGroup| {
        let written = group.terms.iter().map(|at| &*found[*at].term);
        vec![
            Cell::Text(side.to_owned()),
            Cell::Text(group.language.code().to_owned()),
            Cell::Text(group.name.join(", ")),
            Cell::Count(group.n_documents as u64),
            Cell::Text(written.collect::<Vec<_>>().join(", ")),
        ]
    };
    groups(&found, &documents(told))
        .into_iter()
        .map(row)
        .collect()
}

/// Reads the names of customers and agents.
fn known_names(asked: &Asked<'_>) -> Result<Names, KpiError> {
    let mut names = Vec::new();
    for kind in [RecordKind::Customer, RecordKind::Agent] {
        let sheet = asked.desk.rows.sheet(&SheetPlan {
            kind,
            filter: Filter::Present("name"),
            span: ever(),
            columns: vec![SheetColumn::Text("name")],
            as_of: asked.desk.as_of,
            rows_max: NAMES_MAX,
        })?;
        names.extend((0..sheet.n_rows).filter_map(|row| sheet.text(0, row).map(str::to_owned)));
    }
    Ok(Names::new(names.iter().map(String::as_str)))
}
