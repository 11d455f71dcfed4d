//! Asks the plans of one answer and reads what comes back.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::plan::{
    Clock, CohortPlan, Dimension, Filter, Measure, RowTime, Span, Tallies, Tally, TallyPlan,
    TallyValue,
};

use super::cluster::Deff;
use super::formula::{Chosen, Entry, Measured};
use super::frame::Frame;
use super::scope::{Branch, BranchBy, Scope, Spread, Subject};
use super::{
    Base, Bias, Change, ClockRule, KpiError, Point, Score, Series, Settings, gather, parse, privacy,
};

/// Most groups of a split that are shown on their own; the others are pooled.
pub(super) const GROUPS_MAX: usize = 8;
/// Key of the pooled rest.
pub(super) const REST: &str = "other";
/// Fewest answers on each side of a comparison.
pub(super) const CHANGE_MIN: u64 = 20;

/// What the rows say about a subject over a frame.
pub(super) struct Reading {
    /// The cell over the whole range.
    pub(super) whole: Measured,
    /// The cell over the part of it that can be compared.
    pub(super) current: Measured,
    /// The cell over the range before it.
    pub(super) before: Measured,
    /// Event time of the latest row.
    pub(super) newest: Option<Timestamp>,
    /// A series per group, or the one.
    pub(super) series: Vec<Series>,
    /// How alike the groups of invited people answered.
    pub(super) bias: Option<Bias>,
}

impl Frame {
    /// Returns the whole range, or `None` when there are no rows at all.
    pub(super) fn range(&self) -> Option<Span> {
        (self.from < self.to).then_some(Span {
            start: self.from,
            end: self.to,
        })
    }

    /// Returns the part that can be compared, where it is not all.
    pub(super) fn partial(&self) -> Option<Span> {
        self.current
            .filter(|current| Some(*current) != self.range())
    }

    fn spans(&self) -> Vec<Span> {
        self.slots.iter().map(|slot| slot.rows).collect()
    }
}

/// One group of a split: its branch, its value, and its cell over the whole range.
struct Group {
    branch_idx: usize,
    value: Option<String>,
    total: Measured,
    /// The numbers that the total was computed from.
    raw: Vec<TallyValue>,
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
        match &self.by {
            BranchBy::Dimension(dimension) => {
                let only = Filter::In(dimension.clone(), values.to_vec());
                self.scope.clone().narrowed(only)
            }
            BranchBy::Key(_) => self.scope.clone(),
        }
    }
}

/// Asks plans for one formula at one state of knowledge.
pub(super) struct Desk<'a> {
    pub(super) entry: Entry,
    pub(super) settings: &'a Settings,
    pub(super) rows: &'a dyn Tally,
    pub(super) as_of: Option<Timestamp>,
    /// End of the answers that design effects are estimated from.
    pub(super) year_end: Timestamp,
    /// The instant the answer is about: `as_of`, else now.
    pub(super) present: Timestamp,
    /// Which seconds of elapsed times count.
    pub(super) clock: Clock,
}

/// What is asked about one scope: its cells, one per bucket, split by a dimension or not.
pub(super) struct Line<'a> {
    scope: &'a Scope,
    buckets: Vec<Span>,
    group: Option<&'a Dimension>,
    /// Design effects of the groups that have their own.
    deffs: Option<&'a BTreeMap<Option<String>, Deff>>,
}

impl<'a> Line<'a> {
    /// One cell over a range; nothing is asked without one.
    fn over(scope: &'a Scope, range: Option<Span>) -> Self {
        Self {
            scope,
            buckets: range.into_iter().collect(),
            group: None,
            deffs: None,
        }
    }

    /// The groups of a branch over a range.
    pub(super) fn of_groups(branch: &'a Branch, range: Option<Span>) -> Self {
        Self {
            group: branch.dimension(),
            deffs: Some(&branch.deffs),
            ..Self::over(&branch.scope, range)
        }
    }

    fn by_bucket(scope: &'a Scope, frame: &Frame) -> Self {
        Self {
            scope,
            buckets: frame.spans(),
            group: None,
            deffs: None,
        }
    }
}

/// Cells by bucket of each group, by the group's value.
pub(super) type Cells = BTreeMap<Option<String>, Vec<Measured>>;

/// The answer to a [`Line`].
#[derive(Default)]
pub(super) struct Found {
    pub(super) cells: Cells,
    /// Of one bucket: the numbers behind the cell of each group.
    raw: BTreeMap<Option<String>, Vec<TallyValue>>,
    newest: Option<Timestamp>,
}

impl Desk<'_> {
    fn plan(&self, line: &Line<'_>) -> TallyPlan {
        TallyPlan {
            kind: self.entry.formula.kind(),
            filter: line.scope.filter.clone(),
            buckets: line.buckets.clone(),
            time: self.entry.formula.time(),
            group: line.group.into_iter().cloned().collect(),
            measures: self.measures(&line.scope.formula),
            keep: line.scope.keep.clone(),
            as_of: self.as_of,
            present: self.present,
            clock: self.clock.clone(),
        }
    }

    /// Returns the numbers of a formula. Of how many persons they are is only asked as far as it
    /// decides what may be shown.
    fn measures(&self, formula: &Chosen) -> Vec<Measure> {
        let enough = self.settings.min_group;
        let toward = |measure| match measure {
            Measure::PersonsIf(among) => Measure::PersonsToward { enough, among },
            other => other,
        };
        formula.measures().into_iter().map(toward).collect()
    }

    /// Returns the times between which there is something to answer; of a time that may lie ahead,
    /// such as when a ticket is due, what has come.
    pub(super) fn extent(&self, scope: &Scope) -> Result<Option<(Timestamp, Timestamp)>, KpiError> {
        let formula = self.entry.formula;
        let extent = gather::extent(self.rows, formula, &scope.filter, self.as_of)?;
        if formula.time() == RowTime::Event {
            return Ok(extent);
        }
        let past = extent.map(|(first, last)| (first, last.min(self.present)));
        Ok(past.filter(|(first, last)| first <= last))
    }

    /// Returns the clock of a frame: its business hours begin with the first row.
    pub(super) fn clock(&self, frame: &Frame) -> Result<Clock, KpiError> {
        let formula = self.entry.formula;
        let is_elapsed = |measure: &Measure| matches!(measure, Measure::Order(..));
        if self.settings.clock == ClockRule::Calendar || !formula.measures().iter().any(is_elapsed)
        {
            return Ok(Clock::Calendar);
        }
        let Some(hours) = &self.settings.business_hours else {
            return Ok(Clock::Business(None));
        };
        let rows = (self.rows).extent(formula.kind(), &Filter::All, RowTime::Event, self.as_of)?;
        let from = rows.map_or(frame.from, |(first, _)| first.min(frame.from));
        Ok(Clock::Business(Some(Arc::new(
            hours.openings(from, frame.to),
        ))))
    }

    /// Computes the cells of several lines at once.
    pub(super) fn ask(&self, lines: &[Line<'_>]) -> Result<Vec<Found>, KpiError> {
        let is_asked = |line: &&Line<'_>| !line.buckets.is_empty();
        let plans: Vec<_> = lines
            .iter()
            .filter(is_asked)
            .map(|line| self.plan(line))
            .collect();
        let mut tallies = self.tallies(plans)?.into_iter();
        lines
            .iter()
            .map(|line| match Some(line).filter(is_asked) {
                Some(line) => self.found(line, tallies.next().unwrap_or_default()),
                None => Ok(Found::default()),
            })
            .collect()
    }

    /// Answers plans about rows, or about invitations and the answers they met.
    fn tallies(&self, plans: Vec<TallyPlan>) -> Result<Vec<Tallies>, KpiError> {
        let Some(answered) = self.entry.formula.responses() else {
            return Ok(gather::tally_all(self.rows, self.entry.formula, plans)?);
        };
        let plans = plans.into_iter().map(|rows| CohortPlan {
            rows,
            answered: answered.clone(),
            window: self.settings.response_window,
        });
        let cohorts = self.rows.cohorts_all(&plans.collect::<Vec<_>>())?;
        Ok(cohorts.into_iter().map(Tallies::from).collect())
    }

    /// Reads the cells of a whole range, of the one before it, and of every bucket in it.
    pub(super) fn read(&self, subject: &Subject, frame: &Frame) -> Result<Reading, KpiError> {
        let mut lines = vec![
            Line::over(&subject.scope, frame.range()),
            Line::over(&subject.scope, frame.previous),
            Line::over(&subject.scope, frame.partial()),
        ];
        if subject.by.is_none() {
            lines.push(Line::by_bucket(&subject.scope, frame));
        }
        let groups = subject.branches.iter();
        lines.extend(groups.map(|branch| Line::of_groups(branch, frame.range())));
        let mut found = self.ask(&lines)?;
        let totals = found.split_off(lines.len() - subject.branches.len());
        let bias = self.bias(subject, frame, &totals)?;
        let mut found = found.into_iter();
        let mut next = || found.next().unwrap_or_default();
        let (whole, before, current) = (next(), next(), next());
        // What is due later is known today already.
        let newest = whole.newest.map(|newest| newest.min(self.present));
        let raw = whole.raw.get(&None).cloned().unwrap_or_default();
        let whole = self.single(whole);
        let current = match frame.partial() {
            Some(_) => self.single(current),
            None => whole.clone(),
        };
        let series = if subject.by.is_some() {
            self.split(subject, frame, &raw, totals)?
        } else {
            let line = self.only(next(), frame.slots.len());
            vec![self.drawn(frame, None, &line, &whole)]
        };
        Ok(Reading {
            bias,
            current,
            whole,
            before: self.single(before),
            newest,
            series,
        })
    }

    fn empty(&self, n_buckets: usize) -> Vec<Measured> {
        vec![self.entry.formula.measured(&[]); n_buckets]
    }

    fn found(&self, line: &Line<'_>, tallies: Tallies) -> Result<Found, KpiError> {
        let formula = &line.scope.formula;
        let direct = match line.scope.spread {
            Spread::Direct => self.direct(line.scope, self.plan(line))?,
            _ => BTreeMap::new(),
        };
        let (mut cells, mut raw) = (Cells::new(), BTreeMap::new());
        for row in tallies.rows {
            let value = row.key.into_iter().next().flatten();
            let of_group = || line.deffs.and_then(|deffs| deffs.get(&value));
            let deff = direct
                .get(&(value.clone(), row.bucket_idx))
                .or_else(of_group);
            let measured = match deff {
                Some(deff) => formula.clustered(&row.values, *deff),
                None => formula.measured(&row.values),
            };
            if line.buckets.len() == 1 {
                raw.insert(value.clone(), row.values);
            }
            let line = cells
                .entry(value)
                .or_insert_with(|| self.empty(line.buckets.len()));
            if let Some(cell) = line.get_mut(row.bucket_idx) {
                *cell = measured;
            }
        }
        Ok(Found {
            cells,
            raw,
            newest: tallies.extent.map(|(_, newest)| newest),
        })
    }

    /// Returns the cells of a line that was not split.
    fn only(&self, mut found: Found, n_buckets: usize) -> Vec<Measured> {
        found
            .cells
            .remove(&None)
            .unwrap_or_else(|| self.empty(n_buckets))
    }

    /// Returns the cell of a line over one range.
    fn single(&self, found: Found) -> Measured {
        self.only(found, 1).swap_remove(0)
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
            versus_rest: None,
        }
    }

    pub(super) fn shown(&self, cell: &Measured) -> Score {
        privacy::shown(
            cell,
            self.entry.formula.is_plain_count(),
            self.settings.min_group,
        )
    }

    /// Returns what has to be said of the whole, unless it is hidden.
    pub(super) fn note(&self, whole: &Measured) -> Option<String> {
        let is_shown = self.shown(whole).value.is_some();
        self.entry.formula.note(whole).filter(|_| is_shown)
    }

    /// Returns one series per group, the greatest groups first, the others pooled at the end.
    ///
    /// `totals` are the branches' groups over the whole range.
    fn split(
        &self,
        subject: &Subject,
        frame: &Frame,
        whole: &[TallyValue],
        totals: Vec<Found>,
    ) -> Result<Vec<Series>, KpiError> {
        let mut groups = groups_of(totals);
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
        let mut lines: Vec<Line<'_>> = subject
            .branches
            .iter()
            .zip(&scopes)
            .map(|(branch, scope)| Line {
                group: branch.dimension(),
                deffs: Some(&branch.deffs),
                ..Line::by_bucket(scope, frame)
            })
            .collect();
        if let Some(rest) = &rest {
            lines.push(Line::over(rest, frame.range()));
            lines.push(Line::by_bucket(rest, frame));
        }
        let mut found = self.ask(&lines)?;
        let pooled = found.split_off(scopes.len());
        let (mut series, mut raws) = (Vec::new(), Vec::new());
        for group in &groups {
            let cells = &mut found[group.branch_idx].cells;
            let line = cells.remove(&group.value).unwrap_or_default();
            series.push(self.drawn(frame, Some(key(group)), &line, &group.total));
            raws.push((group.total.clone(), group.raw.clone()));
        }
        if let Ok([total, line]) = <[Found; 2]>::try_from(pooled) {
            let raw = total.raw.get(&None).cloned().unwrap_or_default();
            let total = self.single(total);
            let line = self.only(line, frame.slots.len());
            series.push(Series {
                is_rest: true,
                ..self.drawn(frame, Some(REST.to_owned()), &line, &total)
            });
            raws.push((total, raw));
        }
        for (series, contrast) in series.iter_mut().zip(self.contrasts(subject, whole, &raws)) {
            series.versus_rest = contrast;
        }
        Ok(series)
    }

    /// Whether a cell has answers enough to be compared, and may be shown.
    pub(super) fn is_enough(&self, cell: &Measured) -> bool {
        cell.n >= CHANGE_MIN && self.shown(cell).base != Base::Hidden
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

    pub(super) fn change(
        &self,
        now: &Measured,
        before: &Measured,
        formula: &Chosen,
        previous: Option<Span>,
    ) -> Option<Change> {
        let range = previous.filter(|_| self.is_enough(now) && self.is_enough(before))?;
        let difference = formula.difference(now, before)?;
        Some(Change {
            value: difference.value,
            low: difference.low,
            high: difference.high,
            p: difference.p,
            is_changed: difference.low > 0.0 || difference.high < 0.0,
            previous_start: range.start,
            previous_end: range.end,
            previous_n: before.n,
        })
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
