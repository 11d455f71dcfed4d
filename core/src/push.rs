//! Takes webhooks: verified here, kept on disk before the vendor hears that they arrived, parsed
//! later by a child, committed with the position they end at.
//!
//! A reload, a crash or a slow plugin neither loses nor blocks an event, and the vendor's few
//! seconds are kept. An event counts once: a repeated one is known by its id for a week, and behind
//! that the store's version rule makes the same row out of it.

mod batch;
mod challenge;
mod clear;
mod door;
mod inbox;
mod key;
mod replay;
mod request;
mod sift;
mod signature;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

pub use self::challenge::ChallengeAnswer;
pub use self::clear::clear_closed;
pub use self::key::KeyError;
pub use self::request::Post;
pub use self::sift::{Sifted, judge_by, sift};
pub use self::signature::Verdict;
pub use self::signature::sign::{Proven, Unsigned, sign};

use self::batch::{BatchEnd, Bench};
use self::door::{Access, Doors};
use self::inbox::{Arrival, Inbox, Kept};
use self::sift::{arrival, digest_of, judge};
use self::worker::{Plan, Workers};
use crate::host::fleet::Plugins;
use crate::host::{Failure, Host};
use crate::ingest::SourceSpec;
use crate::record::SourceName;
use crate::store::push::{LetterNote, PushStore};
use crate::store::{StoreError, push};
use crate::telemetry::{Metrics, WEBHOOKS};

/// What pushing works with.
pub struct PushOptions {
    /// Runs plugins.
    pub host: Arc<Host>,
    /// Keeps the rows.
    pub store: Arc<dyn PushStore>,
    /// Gives each batch its plugin.
    pub plugins: Arc<dyn Plugins>,
    /// The configured sources.
    pub sources: Vec<SourceSpec>,
    /// Folder of the inbox.
    pub inbox_dir: PathBuf,
    /// Bytes that the inbox may take on disk.
    pub inbox_bytes_max: u64,
    /// Where webhooks are counted.
    pub metrics: Arc<Metrics>,
    /// Called after rows were committed.
    pub on_parsed: Arc<dyn Fn(&SourceName) + Send + Sync>,
}

/// Why pushing could not start.
#[derive(Debug, thiserror::Error)]
pub enum PushError {
    /// The inbox cannot be used.
    #[error("failed to open the inbox `{}`", dir.display())]
    Inbox {
        /// Its folder.
        dir: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The system refused a thread.
    #[error("failed to start the parsing threads")]
    Threads(#[source] std::io::Error),
}

/// What a request at an ingest address gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The webhook is durable.
    Accepted,
    /// The event was received before.
    Replayed,
    /// It was a question.
    Challenge(ChallengeAnswer),
    /// It is not the vendor's, or not of now.
    Refused(Verdict),
    /// There is no such source.
    Unknown,
    /// The source takes no webhooks.
    NotPushed,
    /// Webhooks come by POST.
    WrongMethod,
    /// The body is larger than any plugin could get.
    TooLarge,
    /// No room: come again.
    Full,
    /// Not now: come again.
    Unavailable,
}

/// What waits for a source.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PushState {
    /// Webhooks that are not parsed yet.
    pub n_waiting: u64,
    /// Bytes of the inbox on disk.
    pub n_bytes: u64,
    /// Why they wait, if they do.
    pub failure: Option<Failure>,
    /// Webhooks kept aside.
    pub n_letters: u64,
    /// The newest of them, at most 20.
    pub letters: Vec<LetterNote>,
}

/// Takes webhooks and has them parsed; dropping it stops it.
pub struct Push {
    store: Arc<dyn PushStore>,
    doors: Doors,
    plan: Arc<Plan>,
    // Before the inbox, so that what was parsed can be let go of.
    workers: Workers,
    inbox: Arc<Inbox>,
    metrics: Arc<Metrics>,
}

impl Push {
    /// Opens the inbox and starts the threads; what waits from before is parsed at once.
    ///
    /// # Errors
    /// When the inbox cannot be used or the system refuses a thread.
    pub fn start(options: PushOptions) -> Result<Self, PushError> {
        let PushOptions {
            host,
            store,
            plugins,
            sources,
            inbox_dir: dir,
            inbox_bytes_max,
            metrics,
            on_parsed,
        } = options;
        let plan = Arc::new(Plan::default());
        plan.set_sources(sources.clone());
        let woken = Arc::clone(&plan);
        let inbox = Inbox::open(
            &dir,
            inbox_bytes_max,
            &mut |source| known(&*store, source).map_err(std::io::Error::other),
            Arc::new(move |source| woken.wake(source)),
        );
        let inbox = Arc::new(inbox.map_err(|source| PushError::Inbox { dir, source })?);
        let bench = Bench {
            host,
            store: Arc::clone(&store),
            inbox: Arc::clone(&inbox),
            plugins: Arc::clone(&plugins),
        };
        let counted = Arc::clone(&metrics);
        let parsed: worker::OnParsed = Arc::new(move |source, ended: &BatchEnd| {
            count_parsed(&counted, source, ended);
            if ended.n_done > 0 {
                on_parsed(source);
            }
        });
        let workers = Workers::start(&plan, bench, &parsed).map_err(PushError::Threads)?;
        Ok(Self {
            store,
            doors: Doors::new(plugins, sources),
            plan,
            workers,
            inbox,
            metrics,
        })
    }

    /// Takes over changed sources. What waits for a removed one stays until it is back.
    pub fn set_sources(&self, sources: Vec<SourceSpec>) {
        self.doors.set(sources.clone());
        self.plan.set_sources(sources);
    }

    /// Lets the sources of a plugin go on with another build of it: a batch that runs ends after
    /// the webhook at hand, and what proves webhooks is read again.
    pub fn renew(&self, is_meant: impl Fn(&SourceSpec) -> bool) {
        self.doors.forget(&is_meant);
        self.plan.renew(&is_meant);
    }

    /// Judges a request and keeps it; answers when it is durable.
    pub async fn receive(self: &Arc<Self>, source: &str, post: Post<'_>) -> Answer {
        let Some(door) = self.doors.get(source) else {
            return Answer::Unknown;
        };
        let answer = self.receive_at(&door, post).await;
        let outcome = match &answer {
            Answer::Accepted => "accepted",
            Answer::Replayed => "replayed",
            Answer::Challenge(_) => "challenge",
            Answer::Refused(verdict) => verdict.name(),
            Answer::Full => "full",
            Answer::Unavailable => "unavailable",
            Answer::TooLarge => "too_large",
            Answer::Unknown | Answer::NotPushed | Answer::WrongMethod => return answer,
        };
        let labels = [("source", door.spec.name.as_str()), ("outcome", outcome)];
        self.metrics.add(&WEBHOOKS, &labels, 1.0);
        answer
    }

    async fn receive_at(self: &Arc<Self>, door: &Arc<door::Door>, post: Post<'_>) -> Answer {
        let access = match door.known() {
            Some(access) => access,
            None => {
                let (own, door) = (Arc::clone(self), Arc::clone(door));
                let look = move || door.look(own.doors.plugins());
                let looked = tokio::task::spawn_blocking(look).await;
                looked.unwrap_or(Access::Unavailable)
            }
        };
        let guard = match access {
            Access::Open(guard) => guard,
            Access::NotPushed => return Answer::NotPushed,
            Access::Unavailable => return Answer::Unavailable,
        };
        let now = Timestamp::now();
        if let Some(answer) = judge(&guard, &post, now) {
            return answer;
        }
        let arrival = arrival(&guard, &post, now);
        self.keep(&door.spec.name, arrival).await
    }

    async fn keep(self: &Arc<Self>, source: &SourceName, arrival: Arrival) -> Answer {
        let (own, name) = (Arc::clone(self), source.clone());
        let prepared = match self.inbox.is_prepared(source) {
            true => Ok(()),
            false => tokio::task::spawn_blocking(move || own.prepare(&name))
                .await
                .unwrap_or_else(|_| Err("the task panicked".to_owned())),
        };
        if let Err(error) = prepared {
            tracing::error!(%source, "the inbox has no place for webhooks: {error}");
            return Answer::Unavailable;
        }
        let Some(kept) = self.inbox.keep(source, arrival) else {
            return Answer::Full;
        };
        match kept.await {
            Ok(Kept::Durable) => Answer::Accepted,
            Ok(Kept::Replayed) => Answer::Replayed,
            Ok(Kept::Full) => Answer::Full,
            Ok(Kept::Failed) | Err(_) => Answer::Unavailable,
        }
    }

    fn prepare(&self, source: &SourceName) -> Result<(), String> {
        let position = self.store.inbox_position(source);
        let position = position.map_err(|error| error.to_string())?;
        let prepared = self.inbox.prepare(source, position);
        prepared.map_err(|error| error.to_string())
    }

    /// Returns what waits, by source; blocks.
    ///
    /// # Errors
    /// When the store fails.
    pub fn states(&self) -> Result<BTreeMap<SourceName, PushState>, StoreError> {
        let mut states: BTreeMap<SourceName, PushState> = BTreeMap::new();
        for (source, fill) in self.inbox.fills() {
            let position = self.store.inbox_position(&source)?;
            let state = PushState {
                n_waiting: fill.next.saturating_sub(position),
                n_bytes: fill.n_bytes,
                failure: self.plan.failure(&source),
                ..PushState::default()
            };
            states.insert(source, state);
        }
        for (source, n_letters, letters) in self.store.letter_notes()? {
            let state = states.entry(source).or_default();
            state.n_letters = n_letters;
            state.letters = letters;
        }
        Ok(states)
    }

    /// Has the webhooks that were kept aside parsed again; returns how many. Blocks.
    ///
    /// # Errors
    /// When there is no such source, the store fails, or the inbox has no room; those that were
    /// not taken stay aside.
    pub fn retry(&self, source: &str) -> Result<u64, RetryError> {
        let door = self.doors.get(source).ok_or_else(|| RetryError::Unknown {
            name: source.to_owned(),
        })?;
        let source = &door.spec.name;
        self.prepare(source).map_err(RetryError::Inbox)?;
        let newest = self.newest_letter(source)?;
        let (mut from, mut n_taken) = (0, 0);
        // Those that fail again come back at later positions and are not taken twice.
        while Some(from) <= newest {
            let letters = self.store.letters(source, from)?;
            let Some(last) = letters.last() else { break };
            from = last.position + 1;
            let mut taken = Vec::new();
            let mut refusal = None;
            for letter in letters {
                let position = letter.position;
                match self.take_again(source, letter) {
                    Some(Kept::Durable | Kept::Replayed) => taken.push(position),
                    _ => {
                        refusal = Some(RetryError::Inbox("the inbox has no room".to_owned()));
                        break;
                    }
                }
            }
            self.store.forget_letters(source, &taken)?;
            n_taken += taken.len() as u64;
            if let Some(refusal) = refusal {
                return Err(refusal);
            }
        }
        Ok(n_taken)
    }

    fn newest_letter(&self, source: &SourceName) -> Result<Option<u64>, StoreError> {
        let notes = self.store.letter_notes()?;
        let own = notes.into_iter().find(|(name, ..)| name == source);
        Ok(own.and_then(|(_, _, letters)| letters.first().map(|letter| letter.position)))
    }

    fn take_again(&self, source: &SourceName, letter: push::DeadLetter) -> Option<Kept> {
        let arrival = Arrival {
            received_at_ms: letter.received_at.as_millisecond(),
            digest: digest_of(&letter.event_id),
            event_id: letter.event_id,
            headers: letter.headers,
            body: letter.body,
            is_again: true,
        };
        self.inbox.keep(source, arrival)?.blocking_recv().ok()
    }

    /// Stops parsing after the webhooks at hand; what waits stays in the inbox. Blocks.
    pub fn stop_parsing(&self) {
        self.workers.stop();
    }

    /// Stops taking webhooks; those handed over are kept and answered first. Blocks.
    pub fn stop(&self) {
        self.workers.stop();
        self.inbox.stop();
    }
}

/// Why webhooks that were kept aside are not tried again.
#[derive(Debug, thiserror::Error)]
pub enum RetryError {
    /// There is no such source.
    #[error("no source `{name}` is configured")]
    Unknown {
        /// Name asked for.
        name: String,
    },
    /// The store failed.
    #[error("failed to read what was kept aside")]
    Store(#[from] StoreError),
    /// The inbox did not take them.
    #[error("failed to put webhooks back into the inbox: {0}")]
    Inbox(String),
}

fn known(
    store: &dyn PushStore,
    source: &SourceName,
) -> Result<(u64, Vec<push::SeenEvent>), StoreError> {
    let age = SignedDuration::from_millis(replay::KEPT_MS);
    let since = Timestamp::now().saturating_sub(age);
    let since = since.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok((
        store.inbox_position(source)?,
        store.seen_events(source, since)?,
    ))
}

fn count_parsed(metrics: &Metrics, source: &SourceName, ended: &BatchEnd) {
    let n_parsed = ended.n_done - ended.n_letters;
    for (outcome, n) in [("parsed", n_parsed), ("kept_aside", ended.n_letters)] {
        if n > 0 {
            let labels = [("source", source.as_str()), ("outcome", outcome)];
            metrics.add(&WEBHOOKS, &labels, n as f64);
        }
    }
}
