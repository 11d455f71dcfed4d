//! One file of a run: where to start, the rows, and what to remember of them.

use std::fs::File;
use std::hash::Hasher as _;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::sync::Arc;

use twox_hash::XxHash3_64;
use vocd_plugin::{Error, Level, Stop};

use crate::config::Entry;
use crate::fault::Fault;
use crate::files::Found;
use crate::layout::Layout;
use crate::mapping::{FileVersion, Mapping, bind};
use crate::pull::{Run, Trouble, read_sample, unreadable};
use crate::reading::{Reading, hash_bytes};
use crate::scan::{Frame, Scanner};
use crate::state::{FileState, MappingState, OpenEnd};

/// Rows between looks at whether a batch is full.
const ROWS_BETWEEN_LOOKS: u64 = 64;
/// Bytes after which a look is due however few the rows: rows may be a MiB each.
const BYTES_BETWEEN_LOOKS: u64 = 1024 * 1024;
/// Greatest length of a name that leaves room for a row's number in an id of 200 bytes.
const ROW_ID_NAME_BYTES_MAX: usize = 180;

/// Where reading a file starts.
pub(crate) enum Start {
    /// Nothing is new.
    Nothing,
    /// At the beginning.
    Whole,
    /// Behind what was read.
    Tail {
        /// Has seen what was read.
        hasher: Box<XxHash3_64>,
        /// The first row was read already and only got its line end.
        skips_row: bool,
        /// The file's open end is not what was read.
        is_changed: bool,
    },
}

/// Compares a file with what was read of it.
pub(crate) fn start_of(file: &mut File, len: u64, old: &FileState) -> io::Result<Start> {
    let mut hasher = XxHash3_64::new();
    file.seek(SeekFrom::Start(0))?;
    if old.size == 0 || len < old.size || !hash_bytes(file, &mut hasher, old.size)? {
        return Ok(Start::Whole);
    }
    if hasher.finish() != old.hash {
        return Ok(Start::Whole);
    }
    let tail = |skips_row, is_changed| {
        Ok(Start::Tail {
            hasher: Box::new(hasher.clone()),
            skips_row,
            is_changed,
        })
    };
    let Some(open) = old.open else {
        let is_all = len == old.size && !old.is_in_progress;
        return if is_all {
            Ok(Start::Nothing)
        } else {
            tail(false, false)
        };
    };
    let mut to_end = hasher.clone();
    let n_open = open.size.saturating_sub(old.size);
    if len < open.size || !hash_bytes(file, &mut to_end, n_open)? || to_end.finish() != open.hash {
        return tail(false, true);
    }
    if len == open.size {
        return Ok(Start::Nothing);
    }
    let mut next = Vec::new();
    file.take(2).read_to_end(&mut next)?;
    let is_ended = matches!(next.as_slice(), [b'\n', ..] | [b'\r', b'\n']);
    let skips_row = open.is_whole_row && is_ended;
    tail(skips_row, !skips_row)
}

impl Run<'_, '_> {
    /// Reads a file's rows from `start` on and saves what is known of it then.
    pub(crate) fn read_rows(
        &mut self,
        found: &Found,
        mut file: File,
        start: Start,
        old: Option<FileState>,
        stat: u64,
    ) -> Result<(), Trouble> {
        let entry = &self.config.entries[found.entry_idx];
        let io = |error| unreadable(found, error);
        let sample = read_sample(&mut file).map_err(io)?;
        let mut layout = Layout::detect(&sample, entry, &found.name)?;
        let mappings = self.bind(entry, &layout, found)?;
        let mut now = self.file_state(found, entry, &mappings, &start, old)?;
        layout.encoding = now.encoding.or(layout.encoding);
        let (hasher, skips_row) = match start {
            Start::Tail {
                hasher, skips_row, ..
            } => (*hasher, skips_row),
            Start::Whole | Start::Nothing => (XxHash3_64::new(), false),
        };
        file.seek(SeekFrom::Start(now.size)).map_err(io)?;
        let mut scanner = Scanner::new(file, layout.marks, now.size, now.line, hasher);
        if now.size == 0 {
            skip_header(&mut scanner, &layout, entry).map_err(io)?;
        }
        let mut rows = 0;
        // A header that is still being written has no rows behind it; the next run starts afresh.
        if scanner.open().is_none() && !mappings.is_empty() {
            let version = FileVersion {
                name: &found.name,
                stamp_s: now.stamp_s,
            };
            let emitted_before = if now.stamp_s > 0 { now.emitted } else { 0 };
            let nulls = entry.nulls.clone();
            let mut reading =
                Reading::new(version, mappings, &layout, nulls, now.rows, emitted_before);
            rows = self.read_frames(&mut reading, &mut scanner, &mut now, skips_row, found)?;
        }
        now.is_in_progress = false;
        now.stat = stat;
        self.delete_above(&found.name, &mut now, rows)?;
        self.save()?;
        Ok(())
    }

    fn bind(&self, entry: &Entry, layout: &Layout, found: &Found) -> Result<Vec<Mapping>, Fault> {
        if layout.header.is_empty() {
            return Ok(Vec::new());
        }
        let (mappings, unknown) = bind::bind(entry, &layout.header, &self.shapes, &found.name)?;
        if !unknown.is_empty() {
            let text = format!(
                "`{}`: not record columns: {}",
                found.name,
                unknown.join(", ")
            );
            self.host.log(Level::Info, &text);
        }
        let has_row_ids = mappings.iter().any(|mapping| mapping.has_row_ids);
        if has_row_ids && found.name.len() > ROW_ID_NAME_BYTES_MAX {
            return Err(Fault::NameTooLong {
                name: found.name.clone(),
            });
        }
        Ok(mappings)
    }

    /// What is known of a file before its first new row.
    fn file_state(
        &mut self,
        found: &Found,
        entry: &Entry,
        mappings: &[Mapping],
        start: &Start,
        old: Option<FileState>,
    ) -> vocd_plugin::Result<FileState> {
        let deleting = mappings.iter().filter(|mapping| mapping.deletes_missing);
        let mut row_ids: Vec<_> = deleting.map(Mapping::row_ids).collect();
        if let (true, Some(old)) = (mappings.is_empty(), &old) {
            row_ids.clone_from(&old.mapping.row_ids);
        }
        let mapping = Arc::new(MappingState {
            fingerprint: entry.fingerprint,
            row_ids,
        });
        match (start, old) {
            (Start::Tail { is_changed, .. }, Some(old)) => {
                let is_new_version = *is_changed || old.stamp_s > 0;
                let stamp_s = match old.is_in_progress || !is_new_version {
                    true => old.stamp_s,
                    false => self.stamp_after(old.stamp_s),
                };
                Ok(FileState {
                    mapping,
                    stamp_s,
                    open: None,
                    ..old
                })
            }
            (_, Some(old)) => {
                let was_emitted = old.emitted > 0 || old.stamp_s > 0;
                let stamp_s = if was_emitted {
                    self.stamp_after(old.stamp_s)
                } else {
                    0
                };
                self.delete_other_ids(found, &old, &mapping, stamp_s)?;
                Ok(FileState::unread(mapping, old.emitted, stamp_s))
            }
            (_, None) => Ok(FileState::unread(mapping, 0, 0)),
        }
    }

    /// Deletes records whose kind or row ids the configuration no longer has.
    fn delete_other_ids(
        &mut self,
        found: &Found,
        old: &FileState,
        mapping: &MappingState,
        stamp_s: u64,
    ) -> vocd_plugin::Result<()> {
        let version = FileVersion {
            name: &found.name,
            stamp_s,
        };
        let others = old
            .mapping
            .row_ids
            .iter()
            .filter(|ids| !mapping.row_ids.contains(ids));
        for ids in others {
            for row in 1..=old.emitted {
                self.sinks.delete(ids, row, &version)?;
                if row % ROWS_BETWEEN_LOOKS == 0 {
                    self.sinks.emit_full(self.out)?;
                }
            }
        }
        Ok(())
    }

    /// Reads frames to the end of the file; returns the number of its rows.
    fn read_frames(
        &mut self,
        reading: &mut Reading,
        scanner: &mut Scanner<File>,
        now: &mut FileState,
        mut skips_row: bool,
        found: &Found,
    ) -> Result<u64, Trouble> {
        let rows_between_looks = ROWS_BETWEEN_LOOKS.min(self.config.checkpoint_rows);
        let mut look = (reading.rows, scanner.offset());
        let mut open = OpenFrames::default();
        while let Some(frame) = scanner.next().map_err(|error| unreadable(found, error))? {
            open.note(&frame, reading.rows);
            if skips_row {
                skips_row = false;
                reading.rows += 1;
            } else {
                reading.take(&frame, scanner, &mut self.sinks, self.out)?;
            }
            let is_due = reading.rows - look.0 >= rows_between_looks
                || scanner.offset() - look.1 >= BYTES_BETWEEN_LOOKS;
            if is_due {
                self.rows_unsaved += reading.rows - look.0;
                look = (reading.rows, scanner.offset());
                self.look(reading, scanner, now)?;
            }
        }
        let end = scanner.position();
        let start_of_open = scanner.open();
        now.open = start_of_open.map(|_| OpenEnd {
            size: end.offset,
            hash: end.hash,
            is_whole_row: open.is_whole_row(reading.rows),
        });
        let covered = start_of_open.unwrap_or(end);
        (now.size, now.hash, now.line) = (covered.offset, covered.hash, covered.line);
        now.rows = open.rows_before.unwrap_or(reading.rows);
        now.emitted = now.emitted.max(reading.rows);
        now.encoding = reading.encoding;
        Ok(reading.rows)
    }

    /// Hands out full batches and saves when it is time to.
    fn look(
        &mut self,
        reading: &Reading,
        scanner: &mut Scanner<File>,
        now: &mut FileState,
    ) -> vocd_plugin::Result<()> {
        let is_emitted = self.sinks.emit_full(self.out)?;
        if is_emitted {
            self.out.progress(
                self.done_bytes + scanner.offset(),
                self.total_bytes,
                "bytes",
            );
        }
        let is_stopping = is_emitted && self.host.should_stop() != Stop::No;
        // What the end of the file left open is covered by the save at the end.
        let can_save = scanner.open().is_none();
        if can_save && (is_stopping || self.rows_unsaved >= self.config.checkpoint_rows) {
            let covered = scanner.position();
            (now.size, now.hash, now.line) = (covered.offset, covered.hash, covered.line);
            now.rows = reading.rows;
            now.emitted = now.emitted.max(reading.rows);
            now.encoding = reading.encoding;
            now.is_in_progress = true;
            now.stat = 0;
            self.state
                .files
                .insert(reading.version.name.to_owned(), now.clone());
            self.save()?;
        }
        if is_stopping {
            Err(Error::cancelled())
        } else {
            Ok(())
        }
    }
}

/// The frames from the first one that the end of the file left open.
#[derive(Debug, Default)]
struct OpenFrames {
    rows_before: Option<u64>,
    n_frames: u64,
    is_whole: bool,
}

impl OpenFrames {
    fn note(&mut self, frame: &Frame, rows: u64) {
        if frame.is_open {
            self.rows_before.get_or_insert(rows);
            self.is_whole = frame.content.is_ok();
        }
        self.n_frames += u64::from(self.rows_before.is_some());
    }

    fn is_whole_row(&self, rows: u64) -> bool {
        self.is_whole
            && self.n_frames == 1
            && self.rows_before.is_some_and(|before| rows == before + 1)
    }
}

/// Passes over the header: the first rows that are not blank.
fn skip_header(scanner: &mut Scanner<File>, layout: &Layout, entry: &Entry) -> io::Result<()> {
    scanner.skip(layout.skip_bytes, layout.skip_lines)?;
    let mut n_left = entry.header_rows;
    while n_left > 0 {
        let Some(frame) = scanner.next()? else {
            break;
        };
        let is_blank = frame.content.is_ok_and(|content| content.range.is_empty());
        n_left -= usize::from(!is_blank);
    }
    Ok(())
}
