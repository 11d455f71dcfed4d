//! Refuses filters that would single out a few anonymous answers, or leave a few out.

use std::collections::BTreeMap;

use super::complement::{Grid, veil};
use super::promise::ever;
use crate::kpi::desk::{Desk, Line};
use crate::kpi::names::Names;
use crate::kpi::scope::{Subject, is_identity};
use crate::kpi::{KpiError, Query};
use crate::plan::Span;

/// Persons by value of a dimension.
type Groups = BTreeMap<Option<String>, u64>;

impl Desk<'_> {
    /// Refuses a question about anonymous answers whose filters isolate: fewer persons pass than
    /// the smallest group, or fewer are left out by one of them, or one picks apart what is hidden
    /// together. `range` is `None` for everything there is.
    ///
    /// # Errors
    /// When a filter isolates, or the data cannot be read.
    pub(in crate::kpi) fn refuse_isolating(
        &self,
        query: &Query,
        subject: &Subject,
        range: Option<Span>,
    ) -> Result<(), KpiError> {
        if query.filters.is_empty() {
            return Ok(());
        }
        let range = range.unwrap_or_else(ever);
        let n = self.persons(subject, range)?;
        for (name, values) in &query.filters {
            let mut parent = query.clone();
            parent.filters.remove(name);
            parent.by = None;
            let whole = match Subject::new(self.entry, &parent, self.settings, self.rows) {
                Ok(whole) => whole,
                Err(error) if error.status() >= 500 => return Err(error),
                // What cannot be asked cannot be compared with either.
                Err(_) => continue,
            };
            let base = self.persons(&whole, range)?;
            let min_group = self.settings.min_group;
            let n_left_out = base.saturating_sub(n);
            let isolates = base > 0 && n < min_group || 0 < n_left_out && n_left_out < min_group;
            parent.by = Some(name.clone());
            if isolates || self.picks_apart(&parent, name, values, range)? {
                return Err(KpiError::Isolating {
                    dimension: name.clone(),
                    min_group,
                });
            }
        }
        Ok(())
    }

    /// Whether a filter passes a part of the groups that a split by the same dimension hides: with
    /// what the split shows the others would follow.
    fn picks_apart(
        &self,
        split: &Query,
        name: &str,
        values: &[Option<String>],
        range: Span,
    ) -> Result<bool, KpiError> {
        let names = Names {
            entry: self.entry,
            settings: self.settings,
        };
        // Which question is asked is no property of who answers it.
        if is_identity(&names.dimension(name)?) {
            return Ok(false);
        }
        let subject = Subject::new(self.entry, split, self.settings, self.rows)?;
        let mut groups = Groups::new();
        for branch in &subject.branches {
            let found = self.ask(&[Line::of_groups(branch, Some(range))])?;
            let cells = found.into_iter().flat_map(|found| found.cells);
            for (value, cells) in cells {
                *groups.entry(value).or_default() +=
                    cells.iter().map(|cell| cell.n_persons).sum::<u64>();
            }
        }
        Ok(is_picked_apart(&groups, values, self.settings.min_group))
    }

    fn persons(&self, subject: &Subject, range: Span) -> Result<u64, KpiError> {
        let found = self.ask(&[Line::over(&subject.scope, Some(range))])?;
        let cells = found
            .into_iter()
            .flat_map(|found| found.cells.into_values());
        Ok(cells.flatten().map(|cell| cell.n_persons).sum())
    }
}

/// Whether some but not all of the hidden groups are among the values.
fn is_picked_apart(groups: &Groups, values: &[Option<String>], min_group: u64) -> bool {
    let grid = Grid {
        cells: vec![Vec::new(); groups.len()],
        totals: groups.values().copied().collect(),
    };
    let hidden = veil(&grid, min_group).totals;
    let mut hidden = groups.keys().zip(hidden).filter(|(_, hidden)| *hidden);
    let Some((first, _)) = hidden.next() else {
        return false;
    };
    let is_asked = values.contains(first);
    hidden.any(|(value, _)| values.contains(value) != is_asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(groups: &[(&str, u64)], values: &[&str], expected: bool) {
        let some = |value: &str| Some(value.to_owned());
        let groups: Groups = groups.iter().map(|(value, n)| (some(value), *n)).collect();
        let values: Vec<_> = values.iter().map(|value| some(value)).collect();
        assert_eq!(
            is_picked_apart(&groups, &values, 5),
            expected,
            "{groups:?} {values:?}"
        );
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
