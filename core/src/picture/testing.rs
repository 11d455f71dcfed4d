//! Fakes for tests: a house of dashboards, a store of rows in memory, a clock that stands still.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::chart::{Painter, Theme};
use crate::dashboard::{Dashboard, Panel, ShelvedDashboard};
use crate::kpi::{ChartKind, ClockRule, Grain, Query, Range, Settings};
use crate::picture::{Dashboards, Gallery, GalleryParts, Rules};
use crate::plan::row_table::{Row, RowTable};
use crate::plan::{
    ClusterPlan, ClusterRow, CohortPlan, Cohorts, DataVersion, Filter, PeriodPlan, Periods,
    QuestionSet, RowTime, Sheet, SheetPlan, Stance, StancePlan, Tallies, Tally, TallyError,
    TallyPlan,
};
use crate::record::{RecordKind, SourceName, StreamName};
use crate::store::{
    Ack, Checkpoint, CommitUnit, EventMark, Foretelling, RunLog, SourceState, Store, StoreError,
};
use crate::telemetry::Metrics;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn panel(id: &str, size: (u8, u8), page: u8) -> Panel {
    Panel {
        id: id.to_owned(),
        title: None,
        kpi: crate::kpi::find("nps").unwrap(),
        chart: ChartKind::Number,
        goal: None,
        of: None,
        versus: None,
        filters: BTreeMap::new(),
        by: None,
        range: None,
        grain: None,
        rolling: None,
        size,
        page,
    }
}

pub(crate) fn query(kpi: &str) -> Query {
    Query::new(kpi)
}

pub(crate) fn rules() -> Rules {
    Rules {
        settings: Settings {
            timezone: TimeZone::get("Europe/Berlin").unwrap(),
            week_start: jiff::civil::Weekday::Monday,
            fiscal_year_start: 1,
            min_group: 5,
            min_group_verbatim: 10,
            agents: crate::kpi::AgentRules {
                is_enabled: true,
                kept: jiff::SignedDuration::from_hours(728 * 24),
                ..Default::default()
            },
            library: std::sync::Arc::default(),
            provisional: jiff::SignedDuration::from_hours(48),
            response_window: jiff::SignedDuration::from_hours(14 * 24),
            relevant_points: 3.0,
            relevant_percent: 2.0,
            dimensions: BTreeMap::new(),
            questions: BTreeMap::new(),
            positives: BTreeMap::new(),
            retention: crate::kpi::RetentionRules::default(),
            goals: BTreeMap::new(),
            clock: ClockRule::Business,
            business_hours: None,
        },
        sources: vec![crate::picture::source::SourceRule {
            name: SourceName::new("csv").unwrap(),
            every: Some(std::time::Duration::from_secs(300)),
        }],
        since: at("2026-01-01T00:00:00Z"),
    }
}

pub(crate) fn source_state(
    name: &str,
    last_success: Option<Timestamp>,
    failure: Option<&str>,
) -> SourceState {
    let source = SourceName::new(name).unwrap();
    SourceState {
        rows: Vec::new(),
        last_success,
        last_run: failure.map(|reason| RunLog {
            source: source.clone(),
            run_id: 1,
            started_at: at("2026-06-01T00:00:00Z"),
            ended_at: at("2026-06-01T00:00:01Z"),
            n_rows: 0,
            n_rejects: 0,
            failure: Some((reason.to_owned(), "it said no".to_owned())),
        }),
        source,
        rejects: Vec::new(),
        reject_samples: Vec::new(),
        checkpoints: Vec::new(),
        newest_record: None,
    }
}

/// The instant at which a test's clock stands.
pub(crate) const NOW: &str = "2026-06-30T12:00:00Z";

/// Rows in memory behind the store's door; counts what it is asked and fails on demand.
pub(crate) struct FakeStore {
    table: RowTable,
    pub(crate) version: AtomicU64,
    pub(crate) n_tallies: AtomicUsize,
    pub(crate) is_failing: AtomicBool,
    pub(crate) states: Mutex<Vec<SourceState>>,
    /// While held, questions wait.
    pub(crate) gate: Mutex<()>,
}

impl FakeStore {
    /// Returns a store of 120 answers over the ten weeks before [`NOW`].
    pub(crate) fn new() -> Arc<Self> {
        let first = at("2026-04-22T09:00:00Z");
        let rows = (0..120_i64).map(|idx| {
            let when = first + jiff::SignedDuration::from_hours(idx * 13);
            let score = [10.0, 9.0, 8.0, 10.0, 3.0, 7.0][idx as usize % 6];
            let channel = ["mail", "web"][idx as usize % 2];
            Row::nps(idx, &when.to_string(), Some(score)).text("channel", channel)
        });
        Arc::new(Self {
            table: RowTable::new(rows),
            version: AtomicU64::new(1),
            n_tallies: AtomicUsize::new(0),
            is_failing: AtomicBool::new(false),
            states: Mutex::new(vec![source_state("csv", Some(at(NOW)), None)]),
            gate: Mutex::new(()),
        })
    }

    pub(crate) fn n_tallies(&self) -> usize {
        self.n_tallies.load(Ordering::SeqCst)
    }

    /// Acts as a commit: what was computed before is old.
    pub(crate) fn commit_something(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }

    fn check(&self) -> Result<(), TallyError> {
        drop(self.gate.lock().unwrap());
        if self.is_failing.load(Ordering::SeqCst) {
            return Err(TallyError::Deadline { deadline_s: 5 });
        }
        Ok(())
    }
}

impl Tally for FakeStore {
    fn tally(&self, plan: &TallyPlan) -> Result<Tallies, TallyError> {
        self.n_tallies.fetch_add(1, Ordering::SeqCst);
        self.check()?;
        self.table.tally(plan)
    }

    fn clusters(&self, plan: &ClusterPlan) -> Result<Vec<ClusterRow>, TallyError> {
        self.check()?;
        self.table.clusters(plan)
    }

    fn cohorts(&self, plan: &CohortPlan) -> Result<Cohorts, TallyError> {
        self.check()?;
        self.table.cohorts(plan)
    }

    fn question_sets(&self, metric: &str) -> Result<Vec<QuestionSet>, TallyError> {
        self.check()?;
        self.table.question_sets(metric)
    }

    fn extent(
        &self,
        kind: RecordKind,
        filter: &Filter,
        time: RowTime,
        as_of: Option<Timestamp>,
    ) -> Result<Option<(Timestamp, Timestamp)>, TallyError> {
        self.check()?;
        self.table.extent(kind, filter, time, as_of)
    }

    fn periods(&self, plan: &PeriodPlan) -> Result<Periods, TallyError> {
        self.check()?;
        self.table.periods(plan)
    }

    fn stances(&self, plan: &StancePlan) -> Result<Vec<Stance>, TallyError> {
        self.check()?;
        self.table.stances(plan)
    }

    fn sheet(&self, plan: &SheetPlan) -> Result<Sheet, TallyError> {
        self.check()?;
        self.table.sheet(plan)
    }

    fn data_version(&self) -> DataVersion {
        DataVersion(self.version.load(Ordering::SeqCst))
    }
}

impl Store for FakeStore {
    fn begin_run(&self, _: &SourceName, _: Timestamp) -> Result<(u64, bool), StoreError> {
        Ok((1, true))
    }

    fn commit(&self, _: CommitUnit) -> Result<Ack, StoreError> {
        Ok(Ack::Fenced)
    }

    fn end_run(&self, _: &RunLog) -> Result<(), StoreError> {
        Ok(())
    }

    fn checkpoint(&self, _: &SourceName, _: &StreamName) -> Result<Option<Checkpoint>, StoreError> {
        Ok(None)
    }

    fn reset(&self, _: &SourceName) -> Result<(), StoreError> {
        Ok(())
    }

    fn source_states(&self) -> Result<Vec<SourceState>, StoreError> {
        Ok(self.states.lock().unwrap().clone())
    }

    fn events(&self, _: Timestamp, _: Timestamp) -> Result<Vec<EventMark>, StoreError> {
        Ok(Vec::new())
    }

    fn foretell(&self, _: &str, _: &[Foretelling]) -> Result<(), StoreError> {
        Ok(())
    }

    fn foretold(&self, _: &str) -> Result<Vec<Foretelling>, StoreError> {
        Ok(Vec::new())
    }

    fn flush(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

/// Dashboards in memory.
pub(crate) struct FakeShelf(pub(crate) Mutex<BTreeMap<String, Arc<ShelvedDashboard>>>);

impl Dashboards for FakeShelf {
    fn get(&self, name: &str) -> Option<Arc<ShelvedDashboard>> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().unwrap().keys().cloned().collect()
    }
}

impl FakeShelf {
    pub(crate) fn put(&self, dashboard: Dashboard) {
        let shelved = ShelvedDashboard {
            dashboard,
            faults: Vec::new(),
        };
        let name = shelved.dashboard.name.clone();
        self.0.lock().unwrap().insert(name, Arc::new(shelved));
    }
}

/// Returns the dashboard `executive` with the panels `nps`, `trend` and, on page 2, `replies`.
pub(crate) fn executive() -> Dashboard {
    let mut trend = panel("trend", (2, 1), 1);
    trend.chart = ChartKind::Trend;
    Dashboard {
        name: "executive".to_owned(),
        title: "Executive <view>".to_owned(),
        theme: Theme::Dark,
        range: Some(Range::Weeks(8)),
        grain: Some(Grain::Week),
        rotate: std::time::Duration::from_secs(20),
        panels: vec![panel("nps", (2, 1), 1), trend, panel("replies", (4, 1), 2)],
        events: Vec::new(),
    }
}

/// A gallery over fakes, with handles to them.
pub(crate) struct FakeHouse {
    pub(crate) store: Arc<FakeStore>,
    pub(crate) shelf: Arc<FakeShelf>,
    pub(crate) gallery: Arc<Gallery>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) now: Arc<Mutex<Timestamp>>,
}

impl FakeHouse {
    pub(crate) fn new() -> Self {
        Self::with_patience(None)
    }

    /// Returns a house whose pictures wait so long for an analysis.
    pub(crate) fn with_patience(patience: Option<std::time::Duration>) -> Self {
        // The fonts are the same for every test of the process.
        static PAINTER: LazyLock<Arc<Painter>> = LazyLock::new(|| Arc::new(Painter::embedded()));
        let store = FakeStore::new();
        let shelf = Arc::new(FakeShelf(Mutex::new(BTreeMap::new())));
        shelf.put(executive());
        let metrics = Arc::new(Metrics::new());
        let now = Arc::new(Mutex::new(at(NOW)));
        let clock = Arc::clone(&now);
        let gallery = Arc::new(Gallery::new(GalleryParts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            shelf: Arc::clone(&shelf) as Arc<dyn Dashboards>,
            painter: Arc::clone(&PAINTER),
            rules: rules(),
            clock: Arc::new(move || *clock.lock().unwrap()),
            metrics: Arc::clone(&metrics),
            patience,
        }));
        Self {
            store,
            shelf,
            gallery,
            metrics,
            now,
        }
    }
}
