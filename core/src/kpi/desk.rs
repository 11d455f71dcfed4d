//! Asks the plans of one answer and reads what comes back.

mod drawn;
mod split;

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::plan::{
    Clock, CohortPlan, Dimension, Filter, Measure, RowTime, Span, Tallies, Tally, TallyPlan,
    TallyValue,
};

pub(super) use drawn::Row;
use split::Groups;

use super::cluster::Deff;
use super::formula::{Chosen, Entry, Measured};
use super::frame::Frame;
use super::privacy::isolation::Parent;
use super::scope::{Branch, Scope, Spread, Subject};
use super::{
    Base, Bias, Change, ClockRule, KpiError, Query, Score, Series, Settings, gather, privacy,
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
    /// Of an unsplit answer: the numbers behind the cell of each bucket, empty where no row is.
    pub(super) behind: Vec<Vec<TallyValue>>,
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
    /// Whether a survey it is about promised anonymity.
    pub(super) is_promised: bool,
    /// Of such a survey: the question without each of its filters.
    pub(super) parents: Vec<Parent>,
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
    pub(super) fn over(scope: &'a Scope, range: Option<Span>) -> Self {
        Self {
            scope,
            buckets: range.into_iter().collect(),
            group: None,
            deffs: None,
        }
    }

    /// The groups of a branch in every bucket.
    pub(super) fn of_groups_by_bucket(branch: &'a Branch, frame: &Frame) -> Self {
        Self {
            group: branch.dimension(),
            deffs: Some(&branch.deffs),
            ..Self::by_bucket(&branch.scope, frame)
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

    pub(super) fn by_bucket(scope: &'a Scope, frame: &Frame) -> Self {
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
    pub(super) raw: BTreeMap<Option<String>, Vec<TallyValue>>,
    /// Of several and unsplit: the numbers behind each.
    behind: Vec<Vec<TallyValue>>,
    newest: Option<Timestamp>,
}

impl<'a> Desk<'a> {
    /// Returns a desk for one question, as known at an instant.
    pub(super) fn new(
        entry: Entry,
        query: &Query,
        settings: &'a Settings,
        rows: &'a dyn Tally,
        present: Timestamp,
    ) -> Self {
        Self {
            entry,
            settings,
            rows,
            as_of: query.as_of.map(|_| present),
            year_end: present,
            present,
            clock: Clock::Calendar,
            is_promised: false,
            parents: Vec::new(),
        }
    }
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
    /// decides what may be shown: of anonymous answers exactly, as they are added and subtracted.
    fn measures(&self, formula: &Chosen) -> Vec<Measure> {
        if self.is_promised {
            return formula.measures();
        }
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

    /// Answers plans whose buckets may overlap, as trailing windows do.
    fn tallies(&self, plans: Vec<TallyPlan>) -> Result<Vec<Tallies>, KpiError> {
        let counts: Vec<usize> = plans.iter().map(gather::n_apart).collect();
        let apart = plans.into_iter().flat_map(gather::apart).collect();
        let mut answers = self.disjoint(apart)?.into_iter();
        let together = |n: usize| gather::together(answers.by_ref().take(n).collect());
        Ok(counts.into_iter().map(together).collect())
    }

    /// Answers plans about rows, or about invitations and the answers they met.
    fn disjoint(&self, plans: Vec<TallyPlan>) -> Result<Vec<Tallies>, KpiError> {
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
            Line::over(&subject.scope, self.compared(subject, frame)?),
            Line::over(&subject.scope, self.partial(frame)),
        ];
        if subject.by.is_none() {
            lines.push(Line::by_bucket(&subject.scope, frame));
        }
        let groups = subject.branches.iter();
        lines.extend(groups.map(|branch| Line::of_groups(branch, frame.range())));
        let early = self.early_lines(subject, frame);
        let n_early = early.len();
        lines.extend(early);
        let mut found = self.ask(&lines)?;
        let early = found.split_off(lines.len() - n_early);
        let totals = found.split_off(found.len() - subject.branches.len());
        let bias = self.bias(subject, frame, &totals)?;
        let mut found = found.into_iter();
        let mut next = || found.next().unwrap_or_default();
        let (whole, before, current) = (next(), next(), next());
        // What is due later is known today already.
        let newest = whole.newest.map(|newest| newest.min(self.present));
        let raw = whole.raw.get(&None).cloned().unwrap_or_default();
        let whole = self.single(whole);
        let current = match self.partial(frame) {
            Some(_) => self.single(current),
            None => whole.clone(),
        };
        let (series, behind) = if subject.by.is_some() {
            let series = self.split(subject, frame, &raw, Groups { totals, early })?;
            (series, Vec::new())
        } else {
            let mut found = next();
            let behind = std::mem::take(&mut found.behind);
            let row = Row::of(None, self.only(found, frame.slots.len()), whole.clone());
            (self.drawn(frame, vec![row])?, behind)
        };
        let has_hidden = |series: &Series| series.total.base == Base::Hidden;
        let gives_away = self.is_promised && series.iter().any(has_hidden);
        Ok(Reading {
            bias: bias.filter(|bias| !(gives_away || self.is_promised && bias.leaves_out())),
            current,
            whole,
            before: self.single(before),
            newest,
            series,
            behind,
        })
    }

    /// Returns the part of the range that is compared, where it is not all and there is a test.
    fn partial(&self, frame: &Frame) -> Option<Span> {
        let partial = frame.partial();
        partial.filter(|_| self.entry.formula.is_compared())
    }

    /// Returns the range before where there is a test, unless the filters isolate in it.
    fn compared(&self, subject: &Subject, frame: &Frame) -> Result<Option<Span>, KpiError> {
        let previous = frame.previous;
        let Some(previous) = previous.filter(|_| self.entry.formula.is_compared()) else {
            return Ok(None);
        };
        let is_hidden = self.is_promised && self.is_isolating(subject, previous)?;
        Ok(Some(previous).filter(|_| !is_hidden))
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
        let mut behind = match (line.group, line.buckets.len()) {
            (None, n) if n > 1 => vec![Vec::new(); n],
            _ => Vec::new(),
        };
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
            match behind.get_mut(row.bucket_idx) {
                Some(bucket) => *bucket = row.values,
                None if line.buckets.len() == 1 => {
                    raw.insert(value.clone(), row.values);
                }
                None => {}
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
            behind,
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

    pub(super) fn shown(&self, cell: &Measured) -> Score {
        let min_group = self.settings.min_group;
        if self.is_promised {
            return privacy::shown_of_anonymous(cell, self.entry.kpi, min_group);
        }
        privacy::shown(cell, self.entry.formula.is_plain_count(), min_group)
    }

    /// Returns what has to be said of the whole, unless it is hidden.
    pub(super) fn note(&self, whole: &Measured) -> Option<String> {
        let is_shown = self.shown(whole).value.is_some();
        self.entry.formula.note(whole).filter(|_| is_shown)
    }

    /// Whether a cell has answers enough to be compared, and may be shown as it is.
    pub(super) fn is_enough(&self, cell: &Measured) -> bool {
        let shown = self.shown(cell);
        let is_as_it_is = !self.is_promised || shown.value == cell.value;
        cell.n >= CHANGE_MIN && shown.base != Base::Hidden && is_as_it_is
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
