//! Listens in on the plans of an answer: what was asked, what it was read from, how long it took.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use super::{
    ClusterPlan, ClusterRow, CohortPlan, Cohorts, DataVersion, Dimension, Filter, Path, PeriodPlan,
    Periods, QuestionSet, RowTime, Sheet, SheetPlan, Stance, StancePlan, Survey, Tallies, Tally,
    TallyError, TallyPlan,
};
use crate::record::RecordKind;

/// One question that was put to the store.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// What was asked, such as `tally`.
    pub what: &'static str,
    /// Rows it was about.
    pub kind: RecordKind,
    /// Buckets, 0 where there are none.
    pub n_buckets: usize,
    /// Names of what it was split by.
    pub split: Vec<String>,
    /// What it was read from.
    pub path: Path,
    /// Groups, lines or rows that came back.
    pub n_found: usize,
    /// How long it took; what was kept from an earlier question takes next to nothing.
    pub elapsed: Duration,
}

/// Answers plans as another does, one after the other, and notes each.
pub struct Listener<'a> {
    rows: &'a dyn Tally,
    steps: Mutex<Vec<Step>>,
}

impl<'a> Listener<'a> {
    /// Returns a listener that has heard nothing yet.
    #[must_use]
    pub fn new(rows: &'a dyn Tally) -> Self {
        Self {
            rows,
            steps: Mutex::default(),
        }
    }

    /// Returns what was heard, in the order it was asked.
    #[must_use]
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn hear<T>(
        &self,
        about: About<'_>,
        ask: impl FnOnce() -> Result<T, TallyError>,
        found: impl FnOnce(&T) -> (usize, Path),
    ) -> Result<T, TallyError> {
        let start = Instant::now();
        let answer = ask()?;
        let elapsed = start.elapsed();
        let (n_found, path) = found(&answer);
        let split = about.rows.map_or(&[][..], |plan| &plan.group);
        let step = Step {
            what: about.what,
            kind: about.kind,
            n_buckets: about.rows.map_or(0, |plan| plan.buckets.len()),
            split: split.iter().map(ToString::to_string).collect(),
            path,
            n_found,
            elapsed,
        };
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        steps.push(step);
        Ok(answer)
    }
}

/// What a step is about.
struct About<'a> {
    what: &'static str,
    kind: RecordKind,
    rows: Option<&'a TallyPlan>,
}

impl<'a> About<'a> {
    fn plan(what: &'static str, plan: &'a TallyPlan) -> Self {
        Self {
            what,
            kind: plan.kind,
            rows: Some(plan),
        }
    }

    fn kind(what: &'static str, kind: RecordKind) -> Self {
        Self {
            what,
            kind,
            rows: None,
        }
    }
}

impl Tally for Listener<'_> {
    fn tally(&self, plan: &TallyPlan) -> Result<Tallies, TallyError> {
        let found = |tallies: &Tallies| (tallies.rows.len(), tallies.path);
        self.hear(About::plan("tally", plan), || self.rows.tally(plan), found)
    }

    fn clusters(&self, plan: &ClusterPlan) -> Result<Vec<ClusterRow>, TallyError> {
        let about = About::plan("design effect", &plan.rows);
        self.hear(
            about,
            || self.rows.clusters(plan),
            |rows| (rows.len(), Path::Rows),
        )
    }

    fn cohorts(&self, plan: &CohortPlan) -> Result<Cohorts, TallyError> {
        let about = About::plan("invitations", &plan.rows);
        let found = |cohorts: &Cohorts| (cohorts.rows.len(), Path::Rows);
        self.hear(about, || self.rows.cohorts(plan), found)
    }

    fn question_sets(&self, metric: &str) -> Result<Vec<QuestionSet>, TallyError> {
        let about = About::kind("questions", RecordKind::Response);
        self.hear(
            about,
            || self.rows.question_sets(metric),
            |sets| (sets.len(), Path::Rows),
        )
    }

    fn anonymous_surveys(&self) -> Result<BTreeSet<Survey>, TallyError> {
        let about = About::kind("anonymous surveys", RecordKind::Response);
        self.hear(
            about,
            || self.rows.anonymous_surveys(),
            |surveys| (surveys.len(), Path::Rows),
        )
    }

    fn n_values(&self, kind: RecordKind, dimension: &Dimension) -> Option<usize> {
        self.rows.n_values(kind, dimension)
    }

    fn extent(
        &self,
        kind: RecordKind,
        filter: &Filter,
        time: RowTime,
        as_of: Option<Timestamp>,
    ) -> Result<Option<(Timestamp, Timestamp)>, TallyError> {
        let ask = || self.rows.extent(kind, filter, time, as_of);
        let found = |extent: &Option<_>| (usize::from(extent.is_some()), Path::Rows);
        self.hear(About::kind("first and last", kind), ask, found)
    }

    fn periods(&self, plan: &PeriodPlan) -> Result<Periods, TallyError> {
        let about = About::kind("periods", plan.kind);
        self.hear(
            about,
            || self.rows.periods(plan),
            |found| (found.periods.len(), Path::Rows),
        )
    }

    fn stances(&self, plan: &StancePlan) -> Result<Vec<Stance>, TallyError> {
        let about = About::kind("answers of customers", RecordKind::Response);
        self.hear(
            about,
            || self.rows.stances(plan),
            |rows| (rows.len(), Path::Rows),
        )
    }

    fn sheet(&self, plan: &SheetPlan) -> Result<Sheet, TallyError> {
        let about = About::kind("single rows", plan.kind);
        self.hear(
            about,
            || self.rows.sheet(plan),
            |sheet| (sheet.n_rows, Path::Rows),
        )
    }

    fn data_version(&self) -> DataVersion {
        self.rows.data_version()
    }
}
