//! Answers a question: resolves it, asks a few plans, and turns counts into scores.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, Unit};

use crate::plan::{Dimension, Filter, Keep, Measure, Span, Tally, TallyPlan};

use super::civil::{self, Calendar};
use super::formula::{self, Entry, Measured, UNANSWERED};
use super::frame::{Frame, FrameRequest};
use super::scope::{Branch, BranchBy, Scope, Subject};
use super::{Answer, Base, Change, KpiError, Mode, Point, Query, Range, Score, Series, Settings};
use super::{entry, parse, privacy};

/// Most groups of a split that are shown on their own; the others are pooled.
pub(super) const GROUPS_MAX: usize = 8;
/// Key of the pooled rest.
const REST: &str = "other";
/// Fewest answers on each side of a comparison.
const CHANGE_MIN: u64 = 20;

/// Answers one question from the rows behind `rows`, as known at `now` or the question's `as_of`.
///
/// # Errors
/// When the question is not one (an unknown name, an empty range, …), or the data cannot be read.
pub fn answer(
    query: &Query,
    settings: &Settings,
    now: Timestamp,
    rows: &dyn Tally,
) -> Result<Answer, KpiError> {
    let entry = entry(&query.kpi)?;
    let as_of = whole_micros(query.as_of.unwrap_or(now));
    if as_of > now {
        return Err(KpiError::FutureAsOf { as_of });
    }
    let subject = Subject::new(entry, query, settings, rows)?;
    let desk = Desk {
        entry,
        settings,
        rows,
        as_of: query.as_of.map(whole_micros),
    };
    let range = query.range.unwrap_or(Range::All);
    let calendar = Calendar::new(settings, query.tz.as_ref());
    let frame = FrameRequest {
        range,
        grain: query.grain,
        calendar: &calendar,
        as_of,
        provisional: settings.provisional,
        extent: if range == Range::All {
            desk.extent(&subject.scope)?
        } else {
            None
        },
    }
    .frame()?;
    let whole = desk.whole(&subject.scope, frame.range())?;
    let series = if query.by.is_some() {
        desk.split(&subject, &frame)?
    } else {
        vec![desk.series(&subject.scope, &frame, None, &whole.cell)?]
    };
    let is_lasting = query.as_of.is_some();
    Ok(Answer {
        kpi: entry.kpi,
        timezone: calendar.zone_name(),
        tzdb: civil::tzdb_version().to_owned(),
        as_of,
        // A fixed state of knowledge does not change by the clock.
        valid_until: if is_lasting {
            next_day(now)
        } else {
            frame.valid_until
        },
        grain: frame.grain,
        mode: subject.mode,
        filters: query.filters.clone(),
        by: query.by.clone(),
        is_additive: subject.mode != Some(Mode::Relational) && !subject.overlaps(),
        from: frame.from,
        to: frame.to,
        change: desk.change(&subject.scope, &whole.cell, frame.previous)?,
        series,
        total: desk.shown(&whole.cell),
        notes: subject.notes,
        sources: Vec::new(),
        newest: whole.newest,
    })
}

fn whole_micros(at: Timestamp) -> Timestamp {
    let round = jiff::TimestampRound::new()
        .smallest(Unit::Microsecond)
        .mode(jiff::RoundMode::Floor);
    at.round(round).unwrap_or(at)
}

fn next_day(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_hours(24))
        .unwrap_or(Timestamp::MAX)
}

impl Frame {
    /// Returns the whole range, or `None` when there are no rows at all.
    fn range(&self) -> Option<Span> {
        (self.from < self.to).then_some(Span {
            start: self.from,
            end: self.to,
        })
    }

    fn spans(&self) -> Vec<Span> {
        self.slots.iter().map(|slot| slot.rows).collect()
    }
}

impl Subject {
    fn overlaps(&self) -> bool {
        self.branches.iter().any(|branch| {
            branch.by == BranchBy::Dimension(Dimension::Tag)
                || branch.scope.keep == Keep::LastPerCustomer
        })
    }
}

/// The cell over a whole range.
struct Whole {
    cell: Measured,
    newest: Option<Timestamp>,
}

/// One group of a split: its branch, its value, and its cell over the whole range.
struct Group {
    branch_idx: usize,
    value: Option<String>,
    total: Measured,
}

impl Branch {
    fn dimension(&self) -> Option<&Dimension> {
        match &self.by {
            BranchBy::Dimension(dimension) => Some(dimension),
            BranchBy::Key(_) => None,
        }
    }

    fn key(&self, value: Option<&String>) -> String {
        match &self.by {
            BranchBy::Key(key) => key.clone(),
            BranchBy::Dimension(_) => value.map_or(parse::MISSING, String::as_str).to_owned(),
        }
    }

    /// Returns the branch's rows in the groups of these values.
    fn only(&self, values: &[Option<String>]) -> Scope {
        let mut scope = self.scope.clone();
        if let BranchBy::Dimension(dimension) = &self.by {
            let only = Filter::In(dimension.clone(), values.to_vec());
            scope.filter = Filter::And(vec![scope.filter, only]);
        }
        scope
    }
}

/// Asks plans for one formula at one state of knowledge.
struct Desk<'a> {
    entry: Entry,
    settings: &'a Settings,
    rows: &'a dyn Tally,
    as_of: Option<Timestamp>,
}

/// Cells by bucket of each group, by the group's value.
type Cells = BTreeMap<Option<String>, Vec<Measured>>;

impl Desk<'_> {
    fn plan(&self, scope: &Scope, buckets: Vec<Span>, group: Vec<Dimension>) -> TallyPlan {
        TallyPlan {
            kind: self.entry.formula.kind(),
            filter: scope.filter.clone(),
            buckets,
            group,
            measures: self.entry.formula.measures(),
            keep: scope.keep,
            as_of: self.as_of,
        }
    }

    fn extent(&self, scope: &Scope) -> Result<Option<(Timestamp, Timestamp)>, KpiError> {
        let kind = self.entry.formula.kind();
        let filter = Filter::And(vec![scope.filter.clone(), self.entry.formula.answered()]);
        Ok(self.rows.extent(kind, &filter, self.as_of)?)
    }

    /// Computes the cells of each group, one per bucket.
    fn cells(
        &self,
        scope: &Scope,
        buckets: &[Span],
        group: Option<&Dimension>,
    ) -> Result<(Cells, Option<Timestamp>), KpiError> {
        let plan = self.plan(
            scope,
            buckets.to_vec(),
            group.into_iter().cloned().collect(),
        );
        let tallies = self.rows.tally(&plan)?;
        let empty = vec![self.entry.formula.measured(&[]); buckets.len()];
        let mut cells = Cells::new();
        for row in tallies.rows {
            let value = row.key.into_iter().next().flatten();
            let line = cells.entry(value).or_insert_with(|| empty.clone());
            if let Some(cell) = line.get_mut(row.bucket_idx) {
                *cell = self.entry.formula.measured(&row.values);
            }
        }
        if scope.keep == Keep::LastPerCustomer {
            self.add_unanswered(plan, &empty, &mut cells)?;
        }
        Ok((cells, tallies.extent.map(|(_, newest)| newest)))
    }

    /// De-duplication looks at answers only, so rows without one are counted apart.
    fn add_unanswered(
        &self,
        mut plan: TallyPlan,
        empty: &[Measured],
        cells: &mut Cells,
    ) -> Result<(), KpiError> {
        plan.filter = turned(&plan.filter, &self.entry.formula.answered());
        plan.measures = vec![Measure::Count];
        plan.keep = Keep::All;
        for row in self.rows.tally(&plan)?.rows {
            let value = row.key.into_iter().next().flatten();
            let line = cells.entry(value).or_insert_with(|| empty.to_vec());
            let counts = line.get_mut(row.bucket_idx).map(|cell| &mut cell.counts);
            for (name, count) in counts.into_iter().flatten() {
                if *name == UNANSWERED {
                    *count = formula::count(&row.values, 0);
                }
            }
        }
        Ok(())
    }

    /// Computes the cells of one scope, one per bucket.
    fn line(
        &self,
        scope: &Scope,
        buckets: &[Span],
    ) -> Result<(Vec<Measured>, Option<Timestamp>), KpiError> {
        if buckets.is_empty() {
            return Ok((Vec::new(), None));
        }
        let (mut cells, newest) = self.cells(scope, buckets, None)?;
        let empty = || vec![self.entry.formula.measured(&[]); buckets.len()];
        Ok((cells.remove(&None).unwrap_or_else(empty), newest))
    }

    fn whole(&self, scope: &Scope, range: Option<Span>) -> Result<Whole, KpiError> {
        let (line, newest) = self.line(scope, range.as_slice())?;
        let cell = line.into_iter().next();
        Ok(Whole {
            cell: cell.unwrap_or_else(|| self.entry.formula.measured(&[])),
            newest,
        })
    }

    fn series(
        &self,
        scope: &Scope,
        frame: &Frame,
        key: Option<String>,
        total: &Measured,
    ) -> Result<Series, KpiError> {
        let line = self.line(scope, &frame.spans())?.0;
        Ok(self.drawn(frame, key, &line, total))
    }

    fn drawn(
        &self,
        frame: &Frame,
        key: Option<String>,
        line: &[Measured],
        total: &Measured,
    ) -> Series {
        let points = frame.slots.iter().zip(line).map(|(slot, cell)| {
            let score = self.shown(cell);
            Point {
                start: slot.start,
                end: slot.end,
                label: slot.label.clone(),
                is_complete: slot.is_complete,
                is_provisional: slot.is_provisional,
                is_suppressed: score.base == Base::Hidden,
                score,
            }
        });
        Series {
            key,
            is_rest: false,
            points: points.collect(),
            total: self.shown(total),
        }
    }

    fn shown(&self, cell: &Measured) -> Score {
        privacy::shown(
            cell,
            self.entry.formula.is_plain_count(),
            self.settings.min_group,
        )
    }

    /// Returns one series per group, the greatest groups first, the others pooled at the end.
    fn split(&self, subject: &Subject, frame: &Frame) -> Result<Vec<Series>, KpiError> {
        let Some(range) = frame.range() else {
            return Ok(Vec::new());
        };
        let mut groups = Vec::new();
        for (branch_idx, branch) in subject.branches.iter().enumerate() {
            let (cells, _) = self.cells(&branch.scope, &[range], branch.dimension())?;
            for (value, line) in cells {
                let total = line.into_iter().next();
                groups.extend(total.map(|total| Group {
                    branch_idx,
                    value,
                    total,
                }));
            }
        }
        let key = |group: &Group| subject.branches[group.branch_idx].key(group.value.as_ref());
        groups.sort_by_cached_key(|group| (Reverse(group.total.n), key(group)));
        let has_rest = groups.len() > GROUPS_MAX;
        groups.truncate(GROUPS_MAX);
        let mut lines = Vec::new();
        for (branch_idx, branch) in subject.branches.iter().enumerate() {
            let own = groups.iter().filter(|group| group.branch_idx == branch_idx);
            let values: Vec<_> = own.map(|group| group.value.clone()).collect();
            let scope = branch.only(&values);
            lines.push(self.cells(&scope, &frame.spans(), branch.dimension())?.0);
        }
        let mut series = Vec::new();
        for group in &groups {
            let line = lines[group.branch_idx]
                .remove(&group.value)
                .unwrap_or_default();
            series.push(self.drawn(frame, Some(key(group)), &line, &group.total));
        }
        if let (true, Some(rest)) = (has_rest, rest(subject, &groups)) {
            let total = self.whole(&rest, Some(range))?.cell;
            let pooled = self.series(&rest, frame, Some(REST.to_owned()), &total)?;
            series.push(Series {
                is_rest: true,
                ..pooled
            });
        }
        Ok(series)
    }

    fn change(
        &self,
        scope: &Scope,
        now: &Measured,
        previous: Option<Span>,
    ) -> Result<Option<Change>, KpiError> {
        let is_enough =
            |cell: &Measured| cell.n >= CHANGE_MIN && self.shown(cell).base != Base::Hidden;
        let Some(range) = previous.filter(|_| is_enough(now)) else {
            return Ok(None);
        };
        let before = self.whole(scope, Some(range))?.cell;
        if !is_enough(&before) {
            return Ok(None);
        }
        Ok(self
            .entry
            .formula
            .difference(now, &before)
            .map(|difference| Change {
                value: difference.value,
                low: difference.low,
                high: difference.high,
                p: difference.p,
                is_changed: difference.low > 0.0 || difference.high < 0.0,
                previous_start: range.start,
                previous_end: range.end,
                previous_n: before.n,
            }))
    }
}

/// Returns the rows of a split that are in none of the groups shown.
fn rest(subject: &Subject, groups: &[Group]) -> Option<Scope> {
    let dimension = subject
        .branches
        .iter()
        .find_map(|branch| match &branch.by {
            BranchBy::Dimension(dimension) => Some(dimension.clone()),
            BranchBy::Key(_) => None,
        })?;
    let values = groups.iter().map(|group| group.value.clone()).collect();
    let mut scope = subject.scope.clone();
    let others = Filter::Not(Box::new(Filter::In(dimension, values)));
    scope.filter = Filter::And(vec![scope.filter, others]);
    Some(scope)
}

/// Returns the filter with `part`, wherever it is one of the conditions, turned round.
fn turned(filter: &Filter, part: &Filter) -> Filter {
    match filter {
        filter if filter == part => Filter::Not(Box::new(part.clone())),
        Filter::And(all) => Filter::And(all.iter().map(|one| turned(one, part)).collect()),
        filter => filter.clone(),
    }
}

#[cfg(test)]
mod tests;
