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
        ("new", spoken.now, spoken.earlier),
        ("detractors", &low, &high),
        ("promoters", &high, &low),
    ];
    let mut names = None;
    for (side, first, second) in pairs {
        let mut terms = more(spoken.k, first, second);
        if !terms.is_empty() {
            let names = match &names {
                Some(names) => names,
                None => names.insert(known_names(asked)?),
            };
            let reader = spoken.library.reader();
            terms.retain(|one| !names.are_in(&one.term.term, one.term.language, reader));
        }
        terms.truncate(TERMS_MAX);
        if side == "new" {
            found.names = terms.iter().map(|one| one.term.term.clone()).collect();
        }
        found
            .emerging
            .rows
            .extend(terms.iter().map(|one| one.row(side)));
        found.groups.rows.extend(grouped(side, &terms, first));
    }
    Ok(found)
}

/// A term that one group of answers has more.
struct More {
    term: EmergingTerm,
    /// Whether it may be told how many of the other group have it.
    is_other_told: bool,
}

impl More {
    fn row(&self, side: &str) -> Vec<Cell> {
        let term = &self.term;
        let [n, n_other] = term.documents.map(|n| n as u64);
        let [base, base_other] = term.base.map(|n| n as u64);
        // What follows from the count of the other group tells it.
        let if_told = |number: f64| Cell::number(self.is_other_told.then_some(number));
        vec![
            Cell::Text(side.to_owned()),
            Cell::Text(term.language.code().to_owned()),
            Cell::Text(term.term.clone()),
            Cell::Count(n),
            Cell::Count(base),
            Cell::count(self.is_other_told.then_some(n_other)),
            Cell::Count(base_other),
            if_told(term.z),
            if_told(term.p),
        ]
    }
}

/// Returns what enough persons of the first group say, more than those of the second.
fn more(k: u64, first: &[Told], second: &[Told]) -> Vec<More> {
    // A group of a few persons is not told of, as the other group of a comparison neither.
    if n_persons(first) < k || n_persons(second) < k {
        return Vec::new();
    }
    let (words, others) = (documents(first), documents(second));
    let mut found = emerging(&words, &others).terms;
    found.retain(|term| term.log_odds > 0.0);
    let of_first = holders(&found, &words);
    let of_second = holders(&found, &others);
    let persons = |holders: &[usize], told: &[Told]| n_persons(holders.iter().map(|at| &told[*at]));
    let terms = found.into_iter().zip(of_first).zip(of_second);
    let told = terms.filter_map(|((term, here), there)| {
        let n_other = persons(&there, second);
        (persons(&here, first) >= k.max(PERSONS_MIN)).then_some(More {
            term,
            is_other_told: n_other == 0 || n_other >= k,
        })
    });
    told.collect()
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
