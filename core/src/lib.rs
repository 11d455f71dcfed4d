//! The map of vocd, the voice-of-the-customer daemon: read this first.
//!
//! # The flow
//!
//! ```text
//!  vendor ──► plugin (.so) ──► host ──► ingest ──► store ──► kpi ──► chart ──► picture ──► http ──► screen
//!                                                    ▲        ▲                   ▲
//!                                         dashboard, config ──┴───────────────────┘   watch ─► reload
//! ```
//!
//! A plugin runs in a child process of its own (`plugins/host`), emits records and checkpoints over
//! a pipe, and is done. What it emitted is checked at one door, committed together with the
//! checkpoint that covers it, counted by typed plans, turned into scores by one formula a KPI, and
//! drawn by one pipeline. The same number comes out everywhere because there is one way out.
//!
//! # The rooms
//!
//! | module | what happens there |
//! |---|---|
//! | [`record`] | the words every stage shares; the door that checks a plugin's rows |
//! | [`plan`] | typed questions to the store, without SQL, zone or ratio |
//! | [`store`] | keeps versions, checkpoints and runs; the only SQL |
//! | [`host`] | supervises the children: frames, deadlines, budgets, how a run ended, which build runs |
//! | [`conformance`] | runs a plugin through the contract for its author, offline |
//! | [`ingest`] | runs sources on their schedule and commits what they give |
//! | [`push`] | takes webhooks: verified, durable before the answer, parsed by a child |
//! | [`statistic`] | arithmetic of samples that every analysis shares; pure |
//! | [`series`] | what a series says: trend, shifts, what is usual, what comes next; pure |
//! | [`improve`] | which ratings go with a score, what moved it, which themes and reasons weigh; pure |
//! | [`theme`] | what comments are about: terms, themes, what is new; pure |
//! | [`kpi`] | one formula a file; pure: no IO, no clock |
//! | [`coach`] | agents and teams: shares after case mix, bands, trainings, cards; never ranks; pure |
//! | [`chart`] | figure → SVG → PNG; pure |
//! | [`dashboard`] | one page as a TOML file; a bad file never replaces a good one |
//! | [`config`] | the configuration as written → as checked; secrets |
//! | [`picture`] | answers panel requests: question → answer → figure → bytes, cached |
//! | [`access`] | who may what: roles, tokens |
//! | [`http`] | addresses, pages, limits; lets requests in |
//! | [`watch`] | the only user of notify: debounced, typed events |
//! | [`template`] | the crate that `vocd plugin new` writes; pure |
//! | [`keep`] | small private files, replaced whole |
//! | [`nearest`] | the name that was probably meant |
//! | [`telemetry`] | the daemon's own metrics |
//! | [`demo`] | the demo company, a pure function of seed and day; the truths planted in it |
//! | [`daemon`] | builds the stages, owns the channels and the order of shutdown |
//! | [`cli`] | flags, commands, exit codes; nothing else prints |
//!
//! # What always holds
//!
//! 1. A record counts once: rows and their checkpoint commit together, versions are totally
//!    ordered by `(updated_at, revision, digest)`; any crash, kill or replay gives the same answers.
//! 2. No plugin can take the daemon down or block a chart.
//! 3. No picture lies: interval and n on every score, incomplete buckets marked, stale data aged,
//!    small groups hidden.
//! 4. The same question gives the same number everywhere: terminal, API, SVG, PNG, CSV.
//! 5. Time is civil time in one IANA zone, computed here, never by the engine.
//! 6. Everything that can grow has a named limit; what would pass it is refused with a clear error.
//! 7. A bad file never replaces a good one.
//!
//! Imports point downhill: `http → picture → dashboard, chart → kpi → plan → record`;
//! `ingest → host, store`; `push → ingest, host, store`; `store → keep, plan`. Only [`daemon`] and [`cli`] see everything. The tidy test
//! in `tests/` holds this.
//!
//! # Words
//!
//! *plugin* the shared library · *source* a configured instance of a plugin · *run* one execution of
//! a source · *record* one row a plugin emits, of a *kind* · *stream* one vendor object read with one
//! cursor · *checkpoint* the opaque cursor committed with the records before it · *commit unit* a
//! stream's batches since its last checkpoint · *dimension* a key to filter and group by · *KPI* a
//! named formula with unit and range · *tally* the counts a formula needs · *grain* bucket width ·
//! *bucket* one half-open UTC range of a grain · *series* a KPI over buckets · *panel* one chart on a
//! dashboard · *wall* a dashboard shown full-screen.
//!
//! # Where to add things
//!
//! A source: one folder under `plugins/`. A KPI: one file in `kpi/` and one registry line. A chart
//! kind: one file in `chart/`, one enum variant, one golden. A dashboard: one TOML file.
#![forbid(unsafe_code)]

pub mod access;
pub mod chart;
pub mod cli;
pub mod coach;
pub mod config;
pub mod conformance;
pub mod daemon;
pub mod dashboard;
pub mod demo;
pub mod host;
pub mod http;
pub mod improve;
pub mod ingest;
pub mod keep;
pub mod kpi;
pub mod nearest;
pub mod picture;
pub mod plan;
pub mod push;
pub mod record;
pub mod series;
pub mod statistic;
pub mod store;
pub mod telemetry;
pub mod template;
pub mod theme;
pub mod watch;
