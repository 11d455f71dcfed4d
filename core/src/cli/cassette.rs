//! `vocd sync --record` and `--replay`: the requests of one pull, kept in a file or taken from one.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use clap::Args;

use super::failure::Failure;
use crate::host::{CASSETTE_BYTES_MAX, Cassette};
use crate::ingest::SourceSpec;

/// Which cassette is used.
#[derive(Debug, Args)]
pub(super) struct CassetteFlags {
    /// Keep every request and answer in a new file, without secrets; it holds the vendor's data
    #[arg(long, value_name = "FILE", conflicts_with = "replay")]
    record: Option<PathBuf>,
    /// Answer every request from a recorded file instead of the vendor
    #[arg(long, value_name = "FILE", requires = "dry_run")]
    replay: Option<PathBuf>,
}

/// A cassette in use.
pub(super) struct Inserted {
    cassette: Option<Cassette>,
    tape: Option<Arc<Mutex<Tape>>>,
}

/// The file that is recorded into.
struct Tape {
    path: PathBuf,
    file: File,
    n_bytes: u64,
    error: Option<io::Error>,
}

impl CassetteFlags {
    /// Tells whether there is a cassette at all.
    pub(super) fn is_used(&self) -> bool {
        self.record.is_some() || self.replay.is_some()
    }

    /// Opens the file.
    pub(super) fn insert(&self) -> Result<Inserted, Failure> {
        match (&self.record, &self.replay) {
            (Some(path), _) => record(path),
            (None, Some(path)) => Ok(Inserted {
                cassette: Some(Cassette::Replay(read(path)?.into())),
                tape: None,
            }),
            (None, None) => Ok(Inserted {
                cassette: None,
                tape: None,
            }),
        }
    }
}

impl Inserted {
    /// Lets the pulls of a source use the cassette.
    pub(super) fn apply(&self, spec: SourceSpec) -> SourceSpec {
        let Some(cassette) = self.cassette.clone() else {
            return spec;
        };
        let resolve = Arc::clone(&spec.resolve);
        SourceSpec {
            resolve: Arc::new(move || {
                let mut resolved = resolve()?;
                resolved.outbound.cassette = Some(cassette.clone());
                Ok(resolved)
            }),
            ..spec
        }
    }

    /// Returns the cassette, if there is one.
    pub(super) fn cassette(&self) -> Option<Cassette> {
        self.cassette.clone()
    }

    /// Tells whether everything was written.
    pub(super) fn finish(self) -> Result<(), Failure> {
        let Some(tape) = self.tape else {
            return Ok(());
        };
        let mut tape = tape.lock().unwrap_or_else(PoisonError::into_inner);
        match tape.error.take() {
            Some(error) => Err(failed("write", &tape.path, &error)),
            None => Ok(()),
        }
    }
}

impl Tape {
    fn write(&mut self, line: &str) -> io::Result<()> {
        self.n_bytes += line.len() as u64 + 1;
        if self.n_bytes > CASSETTE_BYTES_MAX {
            // What could not be replayed is not worth keeping.
            return Err(io::Error::other("it would be above 32 MiB"));
        }
        self.file.write_all(format!("{line}\n").as_bytes())
    }
}

/// Opens a new file to record into.
pub(super) fn record(path: &Path) -> Result<Inserted, Failure> {
    // Never over a file that is there, and for nobody else's eyes: it holds what customers said.
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    let file = file.map_err(|error| {
        let failure = failed("create", path, &error);
        match error.kind() {
            io::ErrorKind::AlreadyExists => failure.hint("name a new file"),
            _ => failure,
        }
    })?;
    let tape = Arc::new(Mutex::new(Tape {
        path: path.to_owned(),
        file,
        n_bytes: 0,
        error: None,
    }));
    let written = Arc::clone(&tape);
    let keep = move |line: &str| {
        let mut tape = written.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = tape.write(line) {
            tape.error.get_or_insert(error);
        }
    };
    Ok(Inserted {
        cassette: Some(Cassette::Record(Arc::new(keep))),
        tape: Some(tape),
    })
}

/// Reads a recorded file.
pub(super) fn read(path: &Path) -> Result<String, Failure> {
    let metadata = path
        .metadata()
        .map_err(|error| failed("read", path, &error))?;
    if metadata.len() > CASSETTE_BYTES_MAX {
        let path = path.display();
        return Err(
            Failure::new(format!("the recording `{path}` is above 32 MiB")).hint("record less"),
        );
    }
    std::fs::read_to_string(path).map_err(|error| failed("read", path, &error))
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!(
        "failed to {what} the recording `{}`: {error}",
        path.display()
    ))
}
