//! Splits an answer into its groups: the greatest on their own, the others pooled.

use std::cmp::Reverse;

use super::{Desk, Found, GROUPS_MAX, Line, REST, Row};
use crate::kpi::formula::Measured;
use crate::kpi::frame::Frame;
use crate::kpi::scope::{Branch, BranchBy, Scope, Subject};
use crate::kpi::{Base, KpiError, Series, parse};
use crate::plan::{Dimension, Filter, TallyValue};

/// One group of a split: its branch, its value, and its cell over the whole range.
struct Group {
    branch_idx: usize,
    value: Option<String>,
    total: Measured,
    /// The numbers that the total was computed from.
    raw: Vec<TallyValue>,
}

impl Branch {
    pub(super) fn dimension(&self) -> Option<&Dimension> {
        match &self.by {
            BranchBy::Dimension(dimension) => Some(dimension),
            BranchBy::Key(_) => None,
        }
    }

    pub(in crate::kpi) fn key(&self, value: Option<&String>) -> String {
        match &self.by {
            BranchBy::Key(key) => key.clone(),
            BranchBy::Dimension(_) => value.map_or(parse::MISSING, String::as_str).to_owned(),
        }
    }

    /// Returns the branch's rows in the groups of these values.
    pub(super) fn only(&self, values: &[Option<String>]) -> Scope {
        match &self.by {
            BranchBy::Dimension(dimension) => {
                let only = Filter::In(dimension.clone(), values.to_vec());
                self.scope.clone().narrowed(only)
            }
            BranchBy::Key(_) => self.scope.clone(),
        }
    }
}

/// The groups of a split's branches.
pub(super) struct Groups {
    /// Their cells over the whole range.
    pub(super) totals: Vec<Found>,
    /// Their cells in every bucket, where all groups were asked for at once.
    pub(super) early: Vec<Found>,
}

impl<'a> Desk<'a> {
    /// Returns the lines of all groups in every bucket, where so few are expected that all of them
    /// are shown: one question less.
    pub(super) fn early_lines<'b>(&self, subject: &'b Subject, frame: &Frame) -> Vec<Line<'b>> {
        let kind = self.entry.formula.kind();
        let is_narrow = |branch: &Branch| {
            let dimension = branch.dimension();
            let n_values = dimension.and_then(|one| self.rows.n_values(kind, one));
            n_values.is_some_and(|n| n <= GROUPS_MAX)
        };
        let branches = subject.branches.iter();
        match branches.clone().all(is_narrow) {
            true => branches
                .map(|branch| Line::of_groups_by_bucket(branch, frame))
                .collect(),
            false => Vec::new(),
        }
    }
}

impl Desk<'_> {
    /// Returns one series per group, the greatest groups first, the others pooled at the end.
    pub(super) fn split(
        &self,
        subject: &Subject,
        frame: &Frame,
        whole: &[TallyValue],
        found: Groups,
    ) -> Result<Vec<Series>, KpiError> {
        let is_early = !found.early.is_empty();
        let mut groups = groups_of(found.totals);
        let key = |group: &Group| subject.branches[group.branch_idx].key(group.value.as_ref());
        groups.sort_by_cached_key(|group| (Reverse(group.total.n), key(group)));
        let has_rest = groups.len() > GROUPS_MAX;
        groups.truncate(GROUPS_MAX);
        let scopes: Vec<Scope> = subject
            .branches
            .iter()
            .enumerate()
            .map(|(branch_idx, branch)| {
                let own = groups.iter().filter(|group| group.branch_idx == branch_idx);
                let values: Vec<_> = own.map(|group| group.value.clone()).collect();
                branch.only(&values)
            })
            .collect();
        let rest = match has_rest {
            true => self.rest(subject, &groups)?,
            false => None,
        };
        let shown = subject.branches.iter().zip(&scopes);
        let shown = shown.filter(|_| !is_early).map(|(branch, scope)| Line {
            group: branch.dimension(),
            deffs: Some(&branch.deffs),
            ..Line::by_bucket(scope, frame)
        });
        let mut lines: Vec<Line<'_>> = shown.collect();
        let n_shown = lines.len();
        if let Some(rest) = &rest {
            lines.push(Line::over(rest, frame.range()));
            lines.push(Line::by_bucket(rest, frame));
        }
        let mut asked = self.ask(&lines)?;
        let pooled = asked.split_off(n_shown);
        let mut cells = if is_early { found.early } else { asked };
        let (mut rows, mut raws) = (Vec::new(), Vec::new());
        for group in &groups {
            let cells = &mut cells[group.branch_idx].cells;
            let line = cells.remove(&group.value);
            // A group without a row in any bucket has as many empty cells.
            let line = line.unwrap_or_else(|| self.empty(frame.slots.len()));
            rows.push(Row::of(Some(key(group)), line, group.total.clone()));
            raws.push((group.total.clone(), group.raw.clone()));
        }
        if let Ok([total, line]) = <[Found; 2]>::try_from(pooled) {
            let raw = total.raw.get(&None).cloned().unwrap_or_default();
            let total = self.single(total);
            let line = self.only(line, frame.slots.len());
            rows.push(Row {
                is_rest: true,
                ..Row::of(Some(REST.to_owned()), line, total.clone())
            });
            raws.push((total, raw));
        }
        let contrasts = self.contrasts(subject, whole, &raws);
        let mut series = self.drawn(frame, rows)?;
        for (series, contrast) in series.iter_mut().zip(contrasts) {
            series.versus_rest = contrast.filter(|_| series.total.base != Base::Hidden);
        }
        Ok(series)
    }

    /// Returns the rows of a split that are in none of the groups shown.
    fn rest(&self, subject: &Subject, groups: &[Group]) -> Result<Option<Scope>, KpiError> {
        let mut dimensions = subject.branches.iter().filter_map(Branch::dimension);
        let Some(dimension) = dimensions.next() else {
            return Ok(None);
        };
        let values = groups.iter().map(|group| group.value.clone()).collect();
        let others = Filter::Not(Box::new(Filter::In(dimension.clone(), values)));
        let mut rest = subject.scope.clone().narrowed(others.clone());
        self.weigh_rest(&mut rest, dimension, others)?;
        Ok(Some(rest))
    }
}

/// Returns every group of a split's branches with its cell over the whole range.
fn groups_of(totals: Vec<Found>) -> Vec<Group> {
    let mut groups = Vec::new();
    for (branch_idx, mut found) in totals.into_iter().enumerate() {
        for (value, line) in found.cells {
            let raw = found.raw.remove(&value).unwrap_or_default();
            groups.extend(line.into_iter().next().map(|total| Group {
                branch_idx,
                value,
                total,
                raw,
            }));
        }
    }
    groups
}
