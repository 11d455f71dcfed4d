//! Runs a plugin against a replayed vendor as the daemon does, a child a run, and keeps what the
//! daemon would keep: a month of pulls takes seconds, and every row can be looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;
use vocd::conformance::row::{Row, rows};
use vocd::host::{
    Failure, Flow, Host, Outbound, PluginFile, RunEvent, RunLimits, RunRequest, StartAt, StopSignal,
};
use vocd::record::door::Reject;
use vocd::record::{SourceName, StreamName};

use crate::binaries;

/// Longest time of one run.
const WALL: Duration = Duration::from_secs(60);

/// A source and what was read of it.
pub struct Reader {
    host: Host,
    plugin: PluginFile,
    config: Value,
    secrets: Vec<String>,
    checkpoints: BTreeMap<String, (String, u32)>,
    current: BTreeMap<(&'static str, String), Row>,
    seen: BTreeSet<Row>,
    /// Rows that came again exactly as before, in committed units.
    pub n_repeats: usize,
    /// Refused records, all runs.
    pub rejects: Vec<Reject>,
}

impl Reader {
    /// Takes a plugin by its name, with a configuration whose secrets are in place.
    ///
    /// # Panics
    /// When it is not built.
    #[must_use]
    pub fn new(plugin: &str, config: Value, secrets: &[&str]) -> Self {
        let folder = binaries::folder();
        Self {
            host: Host::new(&folder.join("vocd-plugin-host")).expect("one build"),
            plugin: PluginFile::find(&[folder.to_owned()], plugin).expect("a plugin"),
            config,
            secrets: secrets.iter().map(|secret| (*secret).to_owned()).collect(),
            checkpoints: BTreeMap::new(),
            current: BTreeMap::new(),
            seen: BTreeSet::new(),
            n_repeats: 0,
            rejects: Vec::new(),
        }
    }

    /// Reads a stream from its last checkpoint on, to its end.
    pub fn pull(&mut self, stream: &str) -> Option<Failure> {
        self.run(stream, usize::MAX)
    }

    /// As [`Reader::pull`], but the child is killed after this many events; a run with fewer ends
    /// as it does.
    pub fn pull_killed_after(&mut self, stream: &str, n_events: usize) -> Option<Failure> {
        self.run(stream, n_events)
    }

    /// Returns the live rows of a kind by id.
    #[must_use]
    pub fn live(&self, kind: &str) -> BTreeMap<&str, &Row> {
        let of_kind = self.current.iter().filter(|((known, _), _)| *known == kind);
        let live = of_kind.filter(|(_, row)| row.cell("deleted") != Some("true"));
        live.map(|((_, id), row)| (id.as_str(), row)).collect()
    }

    /// Returns the last committed checkpoint of a stream.
    #[must_use]
    pub fn checkpoint(&self, stream: &str) -> Option<&str> {
        let (json, _) = self.checkpoints.get(stream)?;
        Some(json)
    }

    fn run(&mut self, stream: &str, n_events_max: usize) -> Option<Failure> {
        let source = SourceName::new("replayed").expect("valid");
        let stream_name = StreamName::new(stream).expect("valid");
        let from = self.checkpoints.get(stream).cloned();
        let request = RunRequest {
            source: &source,
            run_id: 1,
            plugin: &self.plugin,
            config_json: &self.config,
            base_dir: Path::new("/nowhere"),
            private_dir: Path::new("/nowhere"),
            secrets: &self.secrets,
            stream: &stream_name,
            checkpoint: from.as_ref().map(|(json, format)| StartAt {
                json,
                format: *format,
            }),
            limits: RunLimits {
                wall: WALL,
                requests_per_minute: 1_000_000,
                ..RunLimits::default()
            },
            outbound: &Outbound::default(),
        };
        let (mut staged, mut committed) = (Vec::new(), Vec::new());
        let mut checkpoint = None;
        let mut rejects = Vec::new();
        let mut n_events = 0;
        let outcome = self.host.run(request, &StopSignal::new(), &mut |event| {
            match event {
                RunEvent::Batch(kind, batch) => staged.extend(rows(kind, &batch)),
                RunEvent::Checkpoint { json, format } => {
                    committed.append(&mut staged);
                    checkpoint = Some((json, format));
                }
                RunEvent::Reject(reject) => rejects.push(reject),
                RunEvent::Progress(_) | RunEvent::Ready | RunEvent::Parsed(_) => {}
            }
            n_events += 1;
            match n_events >= n_events_max {
                true => Flow::Kill,
                false => Flow::Continue,
            }
        });
        for row in committed {
            self.keep(row);
        }
        if let Some(checkpoint) = checkpoint {
            self.checkpoints.insert(stream.to_owned(), checkpoint);
        }
        self.rejects.append(&mut rejects);
        outcome.failure
    }

    /// Keeps a row as the store does: the greatest version holds, in whatever order they come.
    fn keep(&mut self, row: Row) {
        if !self.seen.insert(row.clone()) {
            self.n_repeats += 1;
            return;
        }
        let key = (row.kind, row.cell("id").unwrap_or_default().to_owned());
        let is_older = self
            .current
            .get(&key)
            .is_some_and(|known| order(known) > order(&row));
        if !is_older {
            self.current.insert(key, row);
        }
    }
}

fn order(row: &Row) -> (Option<Timestamp>, u64, &Row) {
    let time = row.cell("updated_at").and_then(|text| text.parse().ok());
    let revision = row.cell("revision").and_then(|text| text.parse().ok());
    (time, revision.unwrap_or(0), row)
}
