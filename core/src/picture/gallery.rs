//! Question → answer → figure → bytes, with the two caches between the steps.

use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use crate::chart::{ErrorCard, Mark, Painter, Style};
use crate::dashboard::{Dashboard, Panel, ShelvedDashboard};
use crate::kpi::{self, Answer, Query};
use crate::nearest::nearest;
use crate::picture::analyst::Analyst;
use crate::picture::briefing::Briefed;
use crate::picture::cache::ByteCache;
use crate::picture::figure;
use crate::picture::lookout::Lookout;
pub use crate::picture::lookout::SourcesSeen;
use crate::picture::question::{Worked, whole_query};
use crate::picture::source::Rules;
use crate::picture::{Dashboards, Format, Picture, PictureError, PictureRequest, Subject};
use crate::plan::DataVersion;
use crate::plan::explain::{Listener, Step};
use crate::series::HitRate;
use crate::store::Store;
use crate::telemetry::{CACHE_LOOKUPS, Metrics, RENDER_SECONDS};

/// Answers kept, in bytes: 2,000 series of two years by week are about 64 MiB.
pub const ANSWER_CACHE_BYTES: usize = 64 << 20;

/// Finished pictures kept, in bytes: about 800 pictures of a wall at 1080p.
pub const PICTURE_CACHE_BYTES: usize = 128 << 20;

/// How long a look at the sources' states is good, for callers that do not refresh them.
pub const SOURCES_EVERY: SignedDuration = SignedDuration::from_secs(2);

/// About the bytes of one point of an answer, its label and counts included.
const POINT_BYTES: usize = 320;

/// Says what time it is; a test's clock stands still.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// What a gallery is made of.
#[derive(Clone)]
pub struct GalleryParts {
    /// Answers plans and knows the sources.
    pub store: Arc<dyn Store>,
    /// Keeps the dashboards.
    pub shelf: Arc<dyn Dashboards>,
    /// Draws figures.
    pub painter: Arc<Painter>,
    /// The configuration as far as pictures need it.
    pub rules: Rules,
    /// The time.
    pub clock: Clock,
    /// Where lookups and drawings are counted.
    pub metrics: Arc<Metrics>,
    /// How long a picture waits for an analysis before it shows the last result; `None` is until it
    /// is done.
    pub patience: Option<Duration>,
}

/// Answers picture requests; every call of [`Gallery::draw`] may block on the store.
pub struct Gallery {
    pub(super) parts: GalleryParts,
    rules: RwLock<(u64, Arc<Rules>)>,
    pub(super) answers: ByteCache<Arc<Shown>>,
    pictures: ByteCache<Arc<Picture>>,
    asking: Mutex<HashMap<String, Arc<Mutex<()>>>>,
    lookout: Lookout,
    pub(super) serial: Arc<AtomicU64>,
    pub(super) analyst: Analyst<Worked>,
    pub(super) briefs: Analyst<Briefed>,
}

/// A picture and what is to be said about its delivery.
#[derive(Debug, Clone, PartialEq)]
pub struct Served {
    /// The picture.
    pub picture: Arc<Picture>,
    /// When it was made, if a newer one could not be made.
    pub kept_since: Option<Timestamp>,
}

/// An answer in the cache.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) serial: u64,
    pub(super) answer: Answer,
    pub(super) events: Vec<Mark>,
    /// How often forecasts of its series held, where any are known.
    pub(super) hits: Option<HitRate>,
    pub(super) data_version: DataVersion,
    pub(super) rules_generation: u64,
    pub(super) computed_at: Timestamp,
}

/// One panel with the question asked of it.
pub(super) struct Scene {
    pub(super) shelved: Arc<ShelvedDashboard>,
    panel_idx: usize,
    pub(super) query: Query,
    key: String,
}

impl Scene {
    pub(super) fn panel(&self) -> &Panel {
        &self.shelved.dashboard.panels[self.panel_idx]
    }
}

impl PictureRequest {
    /// Returns a text that is equal for equal requests only.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{self:?}")
    }
}

impl Gallery {
    /// Returns a gallery with empty caches.
    #[must_use]
    pub fn new(parts: GalleryParts) -> Self {
        let rules = RwLock::new((0, Arc::new(parts.rules.clone())));
        Self {
            parts,
            rules,
            answers: ByteCache::new(ANSWER_CACHE_BYTES),
            pictures: ByteCache::new(PICTURE_CACHE_BYTES),
            asking: Mutex::new(HashMap::new()),
            lookout: Lookout::default(),
            serial: Arc::default(),
            analyst: Analyst::start(),
            briefs: Analyst::start(),
        }
    }

    /// Replaces the configuration; every answer is asked anew.
    pub fn set_rules(&self, rules: Rules) {
        let mut slot = self.rules.write().unwrap_or_else(PoisonError::into_inner);
        *slot = (slot.0 + 1, Arc::new(rules));
    }

    /// Returns the configuration in use.
    #[must_use]
    pub fn rules(&self) -> Arc<Rules> {
        self.rules_now().1
    }

    /// Returns the dashboards.
    #[must_use]
    pub fn shelf(&self) -> &dyn Dashboards {
        self.parts.shelf.as_ref()
    }

    /// Returns the time of the gallery's clock.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.parts.clock)()
    }

    /// Returns the dashboard of this name, or the error that names the nearest.
    ///
    /// # Errors
    /// When the shelf has none.
    pub fn dashboard(&self, name: &str) -> Result<Arc<ShelvedDashboard>, PictureError> {
        self.parts.shelf.get(name).ok_or_else(|| {
            let names = self.parts.shelf.names();
            let near = nearest(name, names.iter().map(String::as_str)).map(str::to_owned);
            PictureError::UnknownDashboard {
                name: name.to_owned(),
                nearest: near,
            }
        })
    }

    /// Returns a text that changes when a picture of the dashboard may have changed.
    #[must_use]
    pub fn version(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        let now = self.now();
        let (generation, rules) = self.rules_now();
        let stamps = self
            .sources_seen()
            .map(|seen| rules.stamps(&seen.states, now));
        for stamp in stamps.iter().flatten() {
            hasher.update(stamp.name.as_bytes());
            hasher.update(&[u8::from(stamp.is_stale), u8::from(stamp.is_failing), 0]);
        }
        for name in self.parts.shelf.names() {
            if let Some(shelved) = self.parts.shelf.get(&name) {
                hasher.update(format!("{:?}", shelved.dashboard).as_bytes());
                hasher.update(format!("{:?}", shelved.faults).as_bytes());
            }
        }
        let data_version = self.parts.store.data_version().0;
        hasher
            .update(&data_version.to_le_bytes())
            .update(&generation.to_le_bytes())
            .update(&self.analyst.n_done().to_le_bytes());
        hasher.finalize().to_hex()[..16].to_owned()
    }

    /// Returns the picture if it is in the cache and still true; never waits for the store.
    #[must_use]
    pub fn cached(&self, request: &PictureRequest) -> Option<Served> {
        let served = self.find_cached(request);
        let outcome = if served.is_some() { "hit" } else { "miss" };
        self.parts.metrics.add(
            &CACHE_LOOKUPS,
            &[("cache", "picture"), ("outcome", outcome)],
            1.0,
        );
        served
    }

    /// Returns the picture that was last made for this request, however old.
    #[must_use]
    pub fn last_good(&self, request: &PictureRequest) -> Option<Served> {
        let picture = self.pictures.get(&request.key())?;
        let kept_since = Some(picture.as_of);
        Some(Served {
            picture,
            kept_since,
        })
    }

    /// Returns the picture, asking the store and drawing as needed.
    ///
    /// # Errors
    /// When the request is refused, or cannot be answered and never was.
    pub fn draw(&self, request: &PictureRequest) -> Result<Served, PictureError> {
        self.refresh_sources_older_than(SOURCES_EVERY);
        if let Some(served) = self.find_cached(request) {
            return Ok(served);
        }
        let started = std::time::Instant::now();
        let (picture, kept_since) = match &request.subject {
            Subject::Wall { dashboard, page } => self.draw_wall(request, dashboard, *page)?,
            Subject::Panel { .. } => {
                let scene = self.scene(request)?;
                let patience = self.patience(request.format);
                let (shown, kept) = self.ask(&scene.key, &scene.query, patience)?;
                let whole = self.whole(&scene, &shown, patience);
                let hung = self.hang(request, &scene, &shown, whole.as_deref(), kept);
                // What is shown of an analysis stays while it rests, whatever its data do.
                let drawn = self.pictures.get(&request.key());
                if let Some(picture) = drawn.filter(|drawn| drawn.figure_hash == hung.hash) {
                    return Ok(Served {
                        picture,
                        kept_since: kept,
                    });
                }
                self.finish(request, hung)
            }
            Subject::Kpi(name) => {
                let query = self.kpi_query(request, name)?;
                let (shown, kept) = self.ask(&question_key(&query), &query, None)?;
                self.finish(request, self.hang_bare(&query, &shown, kept))
            }
        };
        let seconds = started.elapsed().as_secs_f64();
        self.parts.metrics.observe(
            &RENDER_SECONDS,
            &[("format", request.format.ending())],
            seconds,
        );
        let picture = Arc::new(picture);
        self.pictures.put(
            &request.key(),
            Arc::clone(&picture),
            picture.bytes.len() + 512,
        );
        Ok(Served {
            picture,
            kept_since,
        })
    }

    /// Returns a drawn error card, in the format of a refused picture.
    #[must_use]
    pub fn error_card(&self, card: &ErrorCard, style: &Style, format: Format) -> Bytes {
        match format {
            Format::Svg => self.parts.painter.error_svg(card, style).into(),
            Format::Png => {
                let svg = self.parts.painter.error_svg(card, style);
                self.parts.painter.png(&svg, style, &card.title).into()
            }
            Format::Json | Format::Csv | Format::Txt => {
                format!("{}: {}\n{}\n", card.status, card.title, card.hint).into()
            }
        }
    }

    /// Returns the states of the sources as last read, if they ever were.
    #[must_use]
    pub fn sources_seen(&self) -> Option<SourcesSeen> {
        self.lookout.seen()
    }

    /// Reads the states of the sources; blocks on the store.
    pub fn refresh_sources(&self) {
        self.lookout.look(&*self.parts.store, &self.parts.clock);
    }

    fn refresh_sources_older_than(&self, limit: SignedDuration) {
        let now = self.now();
        let is_old = |seen: SourcesSeen| now.duration_since(seen.at) >= limit;
        if self.sources_seen().is_none_or(is_old) {
            self.refresh_sources();
        }
    }

    pub(super) fn rules_now(&self) -> (u64, Arc<Rules>) {
        self.rules
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn find_cached(&self, request: &PictureRequest) -> Option<Served> {
        let picture = self.pictures.get(&request.key())?;
        let hash = match &request.subject {
            Subject::Wall { dashboard, page } => {
                let panels = self.wall_panels(request, dashboard, *page).ok()?;
                let mut hasher = blake3::Hasher::new();
                for (_, panel) in &panels.1 {
                    let served = self.find_cached(panel)?;
                    hasher.update(served.picture.figure_hash.as_bytes());
                }
                hasher.finalize()
            }
            Subject::Panel { .. } => {
                let scene = self.scene(request).ok()?;
                let shown = self.answer_in_cache(&scene.key)?;
                let whole = match whole_query(&scene, &shown) {
                    Some(query) => Some(self.answer_in_cache(&question_key(&query))?),
                    None => None,
                };
                self.hang(request, &scene, &shown, whole.as_deref(), None)
                    .hash
            }
            Subject::Kpi(name) => {
                let query = self.kpi_query(request, name).ok()?;
                let shown = self.answer_in_cache(&question_key(&query))?;
                self.hang_bare(&query, &shown, None).hash
            }
        };
        (picture.figure_hash == hash).then_some(Served {
            picture,
            kept_since: None,
        })
    }

    fn kpi_query(&self, request: &PictureRequest, name: &str) -> Result<Query, PictureError> {
        if matches!(request.format, Format::Svg | Format::Png) {
            let format = request.format;
            return Err(PictureError::NoSuchFormat {
                subject: "a KPI",
                format,
            });
        }
        let found = kpi::find(name).map_err(|error| PictureError::Kpi(Arc::new(error.into())))?;
        let query = Query::new(found.name);
        Ok(request.overrides.apply(query))
    }

    pub(super) fn scene(&self, request: &PictureRequest) -> Result<Scene, PictureError> {
        let Subject::Panel { dashboard, panel } = &request.subject else {
            let format = request.format;
            return Err(PictureError::NoSuchFormat {
                subject: "a wall",
                format,
            });
        };
        let shelved = self.dashboard(dashboard)?;
        let panel_idx = match panel {
            None => 0,
            Some(id) => panel_idx(&shelved.dashboard, id)?,
        };
        let asked = figure::question(&shelved.dashboard, &shelved.dashboard.panels[panel_idx]);
        let query = request.overrides.apply(asked);
        let key = question_key(&query);
        Ok(Scene {
            shelved,
            panel_idx,
            query,
            key,
        })
    }

    pub(super) fn answer_in_cache(&self, key: &str) -> Option<Arc<Shown>> {
        let worked = || self.analyst.last(key)?.value.result.ok();
        let shown = self.answers.get(key).or_else(worked)?;
        let is_true = shown.data_version == self.parts.store.data_version()
            && shown.rules_generation == self.rules_now().0
            && self.now() < shown.answer.valid_until;
        is_true.then_some(shown)
    }

    /// Returns the answer, and when it was computed if a newer one could not be had.
    fn ask(
        &self,
        key: &str,
        query: &Query,
        patience: Option<Duration>,
    ) -> Result<(Arc<Shown>, Option<Timestamp>), PictureError> {
        if kpi::is_analysis(&query.kpi) {
            return self.ask_analyst(key, query, patience);
        }
        // Formats of one panel are asked for together: the first asks the store, the others wait.
        let turn = {
            let mut asking = self.asking.lock().unwrap_or_else(PoisonError::into_inner);
            asking.retain(|_, turn| Arc::strong_count(turn) > 1);
            Arc::clone(asking.entry(key.to_owned()).or_default())
        };
        let _turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
        let found = self.answer_in_cache(key);
        let outcome = if found.is_some() { "hit" } else { "miss" };
        self.parts.metrics.add(
            &CACHE_LOOKUPS,
            &[("cache", "answer"), ("outcome", outcome)],
            1.0,
        );
        if let Some(shown) = found {
            return Ok((shown, None));
        }
        match self.question(query).compute() {
            Ok(shown) => {
                let n_points: usize = shown
                    .answer
                    .series
                    .iter()
                    .map(|series| series.points.len() + 2)
                    .sum();
                let tables = shown.answer.tables.as_ref();
                let n_rows = tables.map_or(0, kpi::Tables::n_rows);
                let bytes = (n_points + n_rows + 4 + shown.events.len()) * POINT_BYTES;
                let shown = Arc::new(shown);
                self.answers.put(key, Arc::clone(&shown), bytes);
                Ok((shown, None))
            }
            Err(error) if error.status() >= 500 => match self.answers.get(key) {
                Some(old) => {
                    tracing::warn!(error = %error, kpi = query.kpi, "kept the last good answer");
                    let since = old.computed_at;
                    Ok((old, Some(since)))
                }
                None => Err(PictureError::Kpi(Arc::new(error))),
            },
            Err(error) => Err(PictureError::Kpi(Arc::new(error))),
        }
    }

    /// Answers a KPI beside the caches and returns what the store was asked for it.
    ///
    /// # Errors
    /// When the question is refused or cannot be answered.
    pub fn explain(&self, request: &PictureRequest, name: &str) -> Result<Vec<Step>, PictureError> {
        let query = self.kpi_query(request, name)?;
        let listener = Listener::new(self.parts.store.as_ref());
        let settings = &self.rules().settings;
        kpi::answer(&query, settings, self.now(), &listener)
            .map_err(|error| PictureError::Kpi(Arc::new(error)))?;
        Ok(listener.into_steps())
    }
}

fn panel_idx(dashboard: &Dashboard, id: &str) -> Result<usize, PictureError> {
    let found = dashboard.panels.iter().position(|panel| panel.id == id);
    found.ok_or_else(|| {
        let near = nearest(id, dashboard.panels.iter().map(|panel| panel.id.as_str()));
        PictureError::UnknownPanel {
            dashboard: dashboard.name.clone(),
            panel: id.to_owned(),
            nearest: near.map(str::to_owned),
        }
    })
}

pub(super) fn question_key(query: &Query) -> String {
    format!("{query:?}")
}

impl std::fmt::Debug for Gallery {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Gallery").finish_non_exhaustive()
    }
}
