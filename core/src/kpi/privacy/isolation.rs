//! Refuses filters that would single out a few anonymous answers, or leave a few out, and finds the
//! cells of an answer that would do so.
//!
//! What a filter leaves out is the difference to its parent: the same question without the filter.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::complement::{Grid, Veil, veil};
use crate::kpi::desk::{Desk, Line, Row};
use crate::kpi::formula::Measured;
use crate::kpi::frame::Frame;
use crate::kpi::names::Names;
use crate::kpi::scope::{Subject, is_identity};
use crate::kpi::{KpiError, Query};
use crate::plan::{Span, ever};

/// A question without one of its filters.
pub(in crate::kpi) struct Parent {
    /// The dimension of the filter.
    name: String,
    /// The keys it passes.
    values: Vec<String>,
    /// The question without it.
    subject: Subject,
    /// The same, split by its dimension; `None` where it says which question is asked, which is no
    /// property of who answers.
    split: Option<Subject>,
}

/// Persons by key, over the whole range and by bucket.
struct Persons {
    keys: Vec<Option<String>>,
    grid: Grid,
}

/// Cells that are hidden whatever stands in them, because a parent shows nearly the same.
pub(in crate::kpi) struct Exposed {
    /// By row, then by bucket.
    pub(in crate::kpi) cells: Vec<Vec<bool>>,
    /// By row.
    pub(in crate::kpi) totals: Vec<bool>,
}

impl Desk<'_> {
    /// Returns the parents of a question.
    ///
    /// # Errors
    /// When the data cannot be read.
    pub(in crate::kpi) fn parents(&self, query: &Query) -> Result<Vec<Parent>, KpiError> {
        let (entry, settings) = (self.entry, self.settings);
        let names = Names { entry, settings };
        let mut parents = Vec::new();
        for (name, values) in &query.filters {
            let mut asked = query.clone();
            asked.filters.remove(name);
            let subject = match Subject::new(entry, &asked, settings, self.rows) {
                Ok(subject) => subject,
                Err(error) if error.status() >= 500 => return Err(error),
                // What cannot be asked cannot be compared with either.
                Err(_) => continue,
            };
            asked.by = Some(name.clone());
            let split = match is_identity(&names.dimension(name)?) {
                true => None,
                false => Some(Subject::new(entry, &asked, settings, self.rows)?),
            };
            let key = |value: &Option<String>| {
                value
                    .as_deref()
                    .map_or(crate::kpi::parse::MISSING, |text| text)
                    .to_owned()
            };
            parents.push(Parent {
                name: name.clone(),
                values: values.iter().map(key).collect(),
                subject,
                split,
            });
        }
        Ok(parents)
    }

    /// Returns the times between which anyone answered the questions that are asked, whatever the
    /// other filters: every filter of them is then answered over the same buckets, so that what is
    /// hidden in one answer is hidden in the others.
    ///
    /// # Errors
    /// When the data cannot be read.
    pub(in crate::kpi) fn whole_extent(
        &self,
        query: &Query,
        own: &Subject,
    ) -> Result<Option<(Timestamp, Timestamp)>, KpiError> {
        let names = Names {
            entry: self.entry,
            settings: self.settings,
        };
        let mut asked = Query {
            by: None,
            ..query.clone()
        };
        asked.filters.retain(|name, _| {
            let dimension = names.dimension(name);
            dimension.is_ok_and(|dimension| is_identity(&dimension))
        });
        match Subject::new(self.entry, &asked, self.settings, self.rows) {
            Ok(whole) => self.extent(&whole.scope),
            Err(error) if error.status() >= 500 => Err(error),
            Err(_) => self.extent(&own.scope),
        }
    }

    /// Refuses a question about anonymous answers whose filters isolate: fewer persons pass than
    /// the smallest group, or fewer are left out by one of them, or one picks apart what is hidden
    /// together. `range` is `None` for everything there is.
    ///
    /// # Errors
    /// When a filter isolates, or the data cannot be read.
    pub(in crate::kpi) fn refuse_isolating(
        &self,
        subject: &Subject,
        range: Option<Span>,
    ) -> Result<(), KpiError> {
        let range = range.unwrap_or_else(ever);
        let min_group = self.settings.min_group;
        for parent in &self.parents {
            let n = self.persons_over(subject, range)?;
            let base = self.persons_over(&parent.subject, range)?;
            let is_too_few = base > 0 && n < min_group;
            let is_picked_apart = match &parent.split {
                Some(split) => {
                    let groups = self.persons(split, None, range)?;
                    let hidden = veil(&groups.grid, min_group).totals;
                    parent.picks_apart(&groups.keys, &hidden)
                }
                None => false,
            };
            if is_too_few || is_small(base.saturating_sub(n), min_group) || is_picked_apart {
                return Err(parent.refusal(min_group));
            }
        }
        Ok(())
    }

    /// Whether the filters isolate over a range.
    ///
    /// # Errors
    /// When the data cannot be read.
    pub(in crate::kpi) fn is_isolating(
        &self,
        subject: &Subject,
        range: Span,
    ) -> Result<bool, KpiError> {
        match self.refuse_isolating(subject, Some(range)) {
            Ok(()) => Ok(false),
            Err(KpiError::Isolating { .. }) => Ok(true),
            Err(error) => Err(error),
        }
    }

    /// Returns the cells of an answer that differ by a few persons from those of a parent, or are a
    /// part of what a parent's split hides.
    ///
    /// # Errors
    /// When the whole picks such a part, or the data cannot be read.
    pub(in crate::kpi) fn exposed(&self, frame: &Frame, rows: &[Row]) -> Result<Exposed, KpiError> {
        let min_group = self.settings.min_group;
        let mut exposed = Exposed {
            cells: rows
                .iter()
                .map(|row| vec![false; row.cells.len()])
                .collect(),
            totals: vec![false; rows.len()],
        };
        let Some(range) = frame.range() else {
            return Ok(exposed);
        };
        for parent in &self.parents {
            let whole = self.persons(&parent.subject, Some(frame), range)?;
            for (idx, row) in rows.iter().enumerate() {
                let base = whole.of(row, rows);
                for (slot, cell) in row.cells.iter().enumerate() {
                    let n_left_out = base.cells[0][slot].saturating_sub(cell.n_persons);
                    exposed.cells[idx][slot] |= is_small(n_left_out, min_group);
                }
                let n_left_out = base.totals[0].saturating_sub(row.total.n_persons);
                exposed.totals[idx] |= is_small(n_left_out, min_group);
            }
            if let (Some(split), [row]) = (&parent.split, rows) {
                let groups = self.persons(split, Some(frame), range)?;
                let Veil { cells, totals } = veil(&self.nested(groups.grid, frame), min_group);
                if row.key.is_none() && parent.picks_apart(&groups.keys, &totals) {
                    return Err(parent.refusal(min_group));
                }
                for slot in 0..row.cells.len() {
                    let hidden: Vec<bool> = cells.iter().map(|row| row[slot]).collect();
                    exposed.cells[0][slot] |= parent.picks_apart(&groups.keys, &hidden);
                }
            }
        }
        Ok(exposed)
    }

    fn persons_over(&self, subject: &Subject, range: Span) -> Result<u64, KpiError> {
        let found = self.ask(&[Line::over(&subject.scope, Some(range))])?;
        let cells = found
            .into_iter()
            .flat_map(|found| found.cells.into_values());
        Ok(cells.flatten().map(|cell| cell.n_persons).sum())
    }

    /// Counts the persons of each group of a split, or of the whole; by bucket where there is a
    /// frame. Keys come in the order of their names.
    fn persons(
        &self,
        subject: &Subject,
        frame: Option<&Frame>,
        range: Span,
    ) -> Result<Persons, KpiError> {
        let n_buckets = frame.map_or(0, |frame| frame.slots.len());
        let mut found: BTreeMap<Option<String>, (Vec<u64>, u64)> = BTreeMap::new();
        let mut add = |key: Option<String>, cells: &[Measured], is_total: bool| {
            let (own, total) = found.entry(key).or_insert_with(|| (vec![0; n_buckets], 0));
            let persons = cells.iter().map(|cell| cell.n_persons);
            match is_total {
                true => *total += persons.sum::<u64>(),
                false => own.iter_mut().zip(persons).for_each(|(sum, n)| *sum += n),
            }
        };
        if subject.by.is_none() {
            let mut lines = vec![Line::over(&subject.scope, Some(range))];
            lines.extend(frame.map(|frame| Line::by_bucket(&subject.scope, frame)));
            for (idx, answer) in self.ask(&lines)?.into_iter().enumerate() {
                let cells = answer.cells.into_values();
                cells.for_each(|cells| add(None, &cells, idx == 0));
            }
        }
        for branch in &subject.branches {
            let mut lines = vec![Line::of_groups(branch, Some(range))];
            lines.extend(frame.map(|frame| Line::of_groups_by_bucket(branch, frame)));
            for (idx, answer) in self.ask(&lines)?.into_iter().enumerate() {
                for (value, cells) in answer.cells {
                    add(Some(branch.key(value.as_ref())), &cells, idx == 0);
                }
            }
        }
        let (keys, rows): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let (cells, totals) = rows.into_iter().unzip();
        Ok(Persons {
            keys,
            grid: Grid {
                cells,
                totals,
                ..Grid::default()
            },
        })
    }
}

impl Parent {
    /// Whether the filter passes some but not all of the groups that are hidden: with what is shown
    /// the others would follow.
    fn picks_apart(&self, keys: &[Option<String>], hidden: &[bool]) -> bool {
        is_picked_apart(keys, hidden, &self.values)
    }

    fn refusal(&self, min_group: u64) -> KpiError {
        KpiError::Isolating {
            dimension: self.name.clone(),
            min_group,
        }
    }
}

impl Persons {
    /// Returns the persons under the key of a row; of the pooled rest those of all other keys.
    fn of(&self, row: &Row, rows: &[Row]) -> Grid {
        let is_meant = |key: &Option<String>| match row.is_rest {
            true => !rows.iter().any(|other| !other.is_rest && other.key == *key),
            false => row.key == *key,
        };
        let mut sum = Grid {
            cells: vec![vec![0; row.cells.len()]],
            totals: vec![0],
            ..Grid::default()
        };
        for (idx, _) in self
            .keys
            .iter()
            .enumerate()
            .filter(|(_, key)| is_meant(key))
        {
            let own = sum.cells[0].iter_mut().zip(&self.grid.cells[idx]);
            own.for_each(|(sum, n)| *sum += n);
            sum.totals[0] += self.grid.totals[idx];
        }
        sum
    }
}

fn is_small(n: u64, min_group: u64) -> bool {
    0 < n && n < min_group
}

fn is_picked_apart(keys: &[Option<String>], hidden: &[bool], values: &[String]) -> bool {
    let is_asked = |key: &Option<String>| key.as_ref().is_some_and(|key| values.contains(key));
    let mut hidden = keys.iter().zip(hidden).filter(|(_, hidden)| **hidden);
    let Some((first, _)) = hidden.next() else {
        return false;
    };
    hidden.any(|(key, _)| is_asked(key) != is_asked(first))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(groups: &[(&str, u64)], values: &[&str], expected: bool) {
        let keys: Vec<_> = groups
            .iter()
            .map(|(key, _)| Some((*key).to_owned()))
            .collect();
        let grid = Grid {
            cells: vec![Vec::new(); groups.len()],
            totals: groups.iter().map(|(_, n)| *n).collect(),
            ..Grid::default()
        };
        let values: Vec<String> = values.iter().map(|value| (*value).to_owned()).collect();
        let hidden = veil(&grid, 5).totals;
        let found = is_picked_apart(&keys, &hidden, &values);
        assert_eq!(found, expected, "{groups:?} {values:?}");
    }

    #[test]
    fn what_is_hidden_together_is_asked_together_or_not_at_all() {
        let groups = [("a", 3), ("b", 7), ("c", 20), ("d", 30)];
        // b protects a.
        check(&groups, &["a"], true);
        check(&groups, &["b"], true);
        check(&groups, &["b", "c"], true);
        check(&groups, &["c"], false);
        check(&groups, &["a", "b"], false);
        check(&groups, &["a", "b", "c"], false);
        check(&[("a", 6), ("b", 7)], &["a"], false);
        check(&[], &["a"], false);
    }
}
