//! One run: every file, from where the checkpoint left it, to rows and a new checkpoint.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};

use vocd_plugin::{Error, Host, Level, Out};

use crate::config::Config;
use crate::fault::Fault;
use crate::files::{self, Found};
use crate::layout::{Layout, SAMPLE_BYTES};
use crate::mapping::FileVersion;
use crate::mapping::bind::{self, BatchShape};
use crate::pass::{self, Start};
use crate::sink::Sinks;
use crate::state::{FileState, State};

/// Why a file was not read to its end.
pub(crate) enum Trouble {
    /// Something a person has to mend; the other files are read.
    Fault(Fault),
    /// The run ends.
    End(Error),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::End(error)
    }
}

/// Reads what is new in all files.
pub(crate) fn pull(
    config: &Config,
    host: &Host,
    checkpoint_json: Option<&str>,
    out: &mut Out,
) -> vocd_plugin::Result<()> {
    let state = match checkpoint_json {
        None => State::default(),
        Some(json) => State::parse(json).ok_or_else(|| {
            Error::checkpoint_unreadable("the checkpoint is not one of the csv plugin")
        })?,
    };
    let search = files::find(config, |name| state.files.contains_key(name))?;
    let found = search.found;
    let shapes = bind::batch_shapes(&config.entries);
    let mut run = Run {
        config,
        host,
        sinks: Sinks::new(&shapes)?,
        shapes,
        state,
        total_bytes: found
            .iter()
            .filter_map(|file| file.path.metadata().ok())
            .map(|meta| meta.len())
            .sum(),
        done_bytes: 0,
        rows_unsaved: 0,
        is_saved: true,
        out,
    };
    let mut faults = search.faults;
    if faults.is_empty() {
        // With an entry in doubt a file that is not found may only be out of reach.
        run.remove_gone(&found)?;
    }
    for file in &found {
        match run.read_file(file) {
            Ok(()) => {}
            Err(Trouble::Fault(fault)) => faults.push(fault),
            Err(Trouble::End(error)) => return Err(error),
        }
    }
    run.save_if_changed()?;
    for fault in &faults {
        host.log(Level::Error, &fault.to_string());
    }
    faults
        .into_iter()
        .next()
        .map_or(Ok(()), |fault| Err(fault.into()))
}

/// Opens every file and binds its header without reading rows.
pub(crate) fn check(config: &Config) -> vocd_plugin::Result<()> {
    let shapes = bind::batch_shapes(&config.entries);
    let search = files::find(config, |_| false)?;
    if let Some(fault) = search.faults.into_iter().next() {
        return Err(fault.into());
    }
    for found in search.found {
        let entry = &config.entries[found.entry_idx];
        let sample = File::open(&found.path).and_then(|mut file| read_sample(&mut file));
        let layout = Layout::detect(
            &sample.map_err(|error| unreadable(&found, error))?,
            entry,
            &found.name,
        )?;
        if !layout.header.is_empty() {
            bind::bind(entry, &layout.header, &shapes, &found.name)?;
        }
    }
    Ok(())
}

/// The state of a run.
pub(crate) struct Run<'run, 'out> {
    pub(crate) config: &'run Config,
    pub(crate) host: &'run Host,
    pub(crate) shapes: Vec<BatchShape>,
    pub(crate) sinks: Sinks,
    pub(crate) state: State,
    pub(crate) total_bytes: u64,
    pub(crate) done_bytes: u64,
    pub(crate) rows_unsaved: u64,
    pub(crate) is_saved: bool,
    pub(crate) out: &'run mut Out<'out>,
}

impl Run<'_, '_> {
    /// Hands out everything and declares it covered.
    pub(crate) fn save(&mut self) -> vocd_plugin::Result<()> {
        self.sinks.emit_all(self.out)?;
        let json = self.state.to_json()?;
        self.out.checkpoint(&json)?;
        self.rows_unsaved = 0;
        self.is_saved = true;
        Ok(())
    }

    fn save_if_changed(&mut self) -> vocd_plugin::Result<()> {
        if self.is_saved { Ok(()) } else { self.save() }
    }

    fn now_s(&self) -> u64 {
        u64::try_from(self.host.now_ms() / 1_000).unwrap_or(0)
    }

    /// Returns a stamp later than an earlier one.
    pub(crate) fn stamp_after(&self, stamp_s: u64) -> u64 {
        self.now_s().max(stamp_s + 1)
    }

    fn progress(&mut self, n_bytes: u64) {
        self.done_bytes += n_bytes;
        self.out
            .progress(self.done_bytes, self.total_bytes, "bytes");
    }

    /// Deletes the records of files that are gone, where their rows have row ids.
    fn remove_gone(&mut self, found: &[Found]) -> vocd_plugin::Result<()> {
        let is_found = |name: &str| found.iter().any(|file| file.name == name);
        let is_gone = |(name, file): &(&String, &FileState)| file.emitted > 0 && !is_found(name);
        let gone: Vec<String> = self
            .state
            .files
            .iter()
            .filter(is_gone)
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            let Some(mut file) = self.state.files.get(&name).cloned() else {
                continue;
            };
            self.host.log(Level::Info, &format!("`{name}` is gone"));
            file.stamp_s = self.stamp_after(file.stamp_s);
            // What is left says which version the deletions had, should the file come back.
            file = FileState {
                size: 0,
                rows: 0,
                open: None,
                stat: 0,
                ..file
            };
            self.delete_above(&name, &mut file, 0)?;
            self.save()?;
        }
        Ok(())
    }

    /// Deletes the records of rows above `rows`, from the last one down, so that a checkpoint in
    /// between knows what is left.
    pub(crate) fn delete_above(
        &mut self,
        name: &str,
        file: &mut FileState,
        rows: u64,
    ) -> vocd_plugin::Result<()> {
        let version = FileVersion {
            name,
            stamp_s: file.stamp_s,
        };
        let row_ids = file.mapping.row_ids.clone();
        while file.emitted > rows && !row_ids.is_empty() {
            for ids in &row_ids {
                self.sinks.delete(ids, file.emitted, &version)?;
            }
            file.emitted -= 1;
            self.rows_unsaved += 1;
            if self.sinks.emit_full(self.out)? && self.rows_unsaved >= self.config.checkpoint_rows {
                self.state.files.insert(name.to_owned(), file.clone());
                self.save()?;
            }
        }
        file.emitted = rows;
        self.state.files.insert(name.to_owned(), file.clone());
        self.is_saved = false;
        Ok(())
    }

    fn read_file(&mut self, found: &Found) -> Result<(), Trouble> {
        let entry = &self.config.entries[found.entry_idx];
        let io = |error| unreadable(found, error);
        let mut file = File::open(&found.path).map_err(io)?;
        let metadata = file.metadata().map_err(io)?;
        let stat = files::stat_print(&metadata, self.host.now_ms());
        let old = self.state.files.get(&found.name).cloned();
        let len = metadata.len();
        let is_known = |old: &FileState| {
            let is_same_mapping = old.mapping.fingerprint == entry.fingerprint;
            is_same_mapping && !old.is_in_progress && old.stat == stat && stat != 0
        };
        if old.as_ref().is_some_and(is_known) || (len == 0 && old.is_none()) {
            self.progress(len);
            return Ok(());
        }
        let start = match &old {
            Some(old) if old.mapping.fingerprint == entry.fingerprint => {
                pass::start_of(&mut file, len, old).map_err(io)?
            }
            _ => Start::Whole,
        };
        if let (Start::Nothing, Some(mut old)) = (&start, old.clone()) {
            self.is_saved &= old.stat == stat;
            old.stat = stat;
            self.state.files.insert(found.name.clone(), old);
            self.progress(len);
            return Ok(());
        }
        self.read_rows(found, file, start, old, stat)?;
        self.progress(len);
        Ok(())
    }
}

/// Reads what decides about a file's layout.
pub(crate) fn read_sample(file: &mut File) -> io::Result<Vec<u8>> {
    file.seek(SeekFrom::Start(0))?;
    let mut sample = Vec::new();
    file.take(SAMPLE_BYTES as u64).read_to_end(&mut sample)?;
    Ok(sample)
}

pub(crate) fn unreadable(found: &Found, source: io::Error) -> Fault {
    Fault::Read {
        name: found.name.clone(),
        source,
    }
}
