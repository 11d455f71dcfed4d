//! Themes and the answers that speak of them.

use std::collections::BTreeMap;

use super::titles;
use super::written::{Told, n_persons};
use crate::theme::{Library, Terms};

/// The answers of all times, and whose terms they are told by.
pub(super) struct Spoken<'a> {
    pub(super) library: &'a Library,
    /// Fewest persons of whom anything is told.
    pub(super) k: u64,
    pub(super) now: &'a [Told],
    /// Of the time that this one is compared with.
    pub(super) before: &'a [Told],
    /// Of the times that new terms are told from.
    pub(super) earlier: &'a [Told],
}

/// A theme that somebody speaks of.
pub(super) struct Subject {
    /// Its name in files.
    pub(super) id: String,
    /// Its name to people.
    pub(super) title: String,
    /// Positions of the answers that speak of it.
    pub(super) now: Vec<usize>,
    /// Of the earlier time.
    pub(super) before: Vec<usize>,
    /// Whether it may be told of this time: enough persons speak of it.
    pub(super) is_told_now: bool,
    /// Whether it may be told of the earlier time: enough do, or nobody.
    pub(super) is_told_before: bool,
}

impl Subject {
    /// Returns how many answers speak of it, where that may be told.
    pub(super) fn n_told(&self) -> Option<u64> {
        (self.is_told_now || self.now.is_empty()).then_some(self.now.len() as u64)
    }

    /// Returns how many of the earlier time do, where that may be told.
    pub(super) fn n_told_before(&self) -> Option<u64> {
        self.is_told_before.then_some(self.before.len() as u64)
    }
}

impl Spoken<'_> {
    /// Whether enough persons wrote something at the earlier time.
    pub(super) fn has_before(&self) -> bool {
        n_persons(self.before) >= self.k
    }

    /// Returns the themes that may be told of one of the times, in the order of the files.
    pub(super) fn subjects(&self) -> Vec<Subject> {
        let (mut now, mut before) = (self.holders(self.now), self.holders(self.before));
        let subject = |(id, title): (&str, &str)| {
            let now = now.remove(id).unwrap_or_default();
            let before = before.remove(id).unwrap_or_default();
            let n_now = n_persons(now.iter().map(|at| &self.now[*at]));
            let n_before = n_persons(before.iter().map(|at| &self.before[*at]));
            Subject {
                id: id.to_owned(),
                title: title.to_owned(),
                is_told_now: n_now >= self.k,
                is_told_before: n_before == 0 || n_before >= self.k,
                now,
                before,
            }
        };
        let is_told =
            |one: &Subject| one.is_told_now || (one.is_told_before && !one.before.is_empty());
        titles(self.library).map(subject).filter(is_told).collect()
    }

    /// Whether the score with a theme and without it is of enough persons each; of anonymous answers
    /// also whether they differ.
    pub(super) fn may_tell_impact(&self, subject: &Subject, is_promised: bool) -> bool {
        let mut is_in = vec![false; self.now.len()];
        for at in &subject.now {
            is_in[*at] = true;
        }
        let rest = || {
            let rows = self.now.iter().zip(&is_in);
            rows.filter(|(_, is_in)| !**is_in).map(|(told, _)| told)
        };
        let with = || subject.now.iter().map(|at| &self.now[*at]);
        let is_enough = subject.is_told_now && n_persons(rest()) >= self.k;
        is_enough && !(is_promised && (all_agree(with()) || all_agree(rest())))
    }

    fn holders(&self, told: &[Told]) -> BTreeMap<&str, Vec<usize>> {
        let mut holders: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, one) in told.iter().enumerate() {
            for mention in one.terms.mentions() {
                let id = &self.library.taxonomy().theme_of(mention).id;
                holders.entry(id).or_default().push(at);
            }
        }
        holders
    }
}

fn all_agree<'t>(mut told: impl Iterator<Item = &'t Told>) -> bool {
    let first = told.next().map(|one| one.points);
    first.is_some_and(|first| told.all(|one| one.points == first))
}

/// Returns what was written, for what counts terms.
pub(super) fn documents(told: &[Told]) -> Vec<&Terms> {
    told.iter().map(|one| &*one.terms).collect()
}

/// Returns the title of a theme that is told.
pub(super) fn title(subjects: &[Subject], id: &str) -> String {
    let known = subjects.iter().find(|subject| subject.id == id);
    known.map_or(id, |subject| &subject.title).to_owned()
}
