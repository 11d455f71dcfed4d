//! Where a source puts what it read.

use crate::abi::CHECKPOINT_BYTES_MAX;
use crate::array::Rows;
use crate::ffi::{RawOut, RawProgress, RawReject};
use crate::records::Record;
use crate::{Error, Host, RecordKind, Result, RowsBuilder, Time};

/// The sink of one `read`. Its errors carry the daemon's wish to stop: pass them on with `?`.
#[derive(Debug)]
pub struct Out<'call> {
    raw: RawOut<'call>,
    reject: Option<RawReject>,
    progress: Option<RawProgress>,
    stream: &'call str,
    /// Rows that [`Out::row`] and [`Out::delete`] gather until there are enough for a batch.
    gathered: Vec<RowsBuilder>,
    deletions: Vec<RowsBuilder>,
}

impl<'call> Out<'call> {
    pub(crate) fn new(raw: RawOut<'call>, host: &Host, stream: &'call str) -> Self {
        Self {
            raw,
            reject: host.raw().reject(),
            progress: host.raw().progress(),
            stream,
            gathered: Vec::new(),
            deletions: Vec::new(),
        }
    }

    /// Emits a record. Rows are gathered into batches, which are handed over when they are large
    /// enough and before each checkpoint.
    ///
    /// # Errors
    /// As [`Out::batch`].
    pub fn row<R: Record>(&mut self, record: &R) -> Result<()> {
        let rows = builder(&mut self.gathered, R::KIND, R::COLUMNS)?;
        record.push(rows);
        match rows.is_full() {
            true => self.hand_over(),
            false => Ok(()),
        }
    }

    /// Emits that the vendor has deleted a record of which only the id is known.
    ///
    /// # Errors
    /// As [`Out::batch`].
    pub fn delete(&mut self, kind: RecordKind, id: &str, at: Option<Time>) -> Result<()> {
        const COMMON: [&str; 3] = ["id", "updated_at", "deleted"];
        let required = kind
            .own_columns()
            .iter()
            .filter(|column| column.is_required);
        // A batch names its required columns; a deletion has no values in them.
        let columns: Vec<&str> = COMMON
            .into_iter()
            .chain(required.map(|column| column.name))
            .collect();
        let rows = builder(&mut self.deletions, kind, &columns)?;
        rows.push_str(0, id);
        if let Some(at) = at {
            rows.push_time_us(1, at.us());
        }
        rows.push_flag(2, true);
        rows.end_row();
        match rows.is_full() {
            true => self.hand_over(),
            false => Ok(()),
        }
    }

    /// Hands over what was gathered.
    pub(crate) fn hand_over(&mut self) -> Result<()> {
        for rows in self.gathered.iter_mut().chain(&mut self.deletions) {
            if rows.n_rows() > 0 {
                self.raw.batch(rows.kind().name(), rows.finish()?)?;
            }
        }
        Ok(())
    }

    /// Hands a batch of rows to the daemon. An empty batch is dropped.
    ///
    /// # Errors
    /// Class `cancelled` when the run should end; `internal` when `rows` were built for another
    /// kind.
    pub fn batch(&mut self, kind: RecordKind, rows: Rows) -> Result<()> {
        if rows.kind() != kind {
            let (built, kind) = (rows.kind().name(), kind.name());
            let text = format!("rows of kind `{built}` were emitted as `{kind}`");
            return Err(Error::internal(text));
        }
        if rows.n_rows() == 0 {
            return Ok(());
        }
        self.raw.batch(kind.name(), rows)
    }

    /// Declares that everything emitted so far is covered by this checkpoint, a JSON object of at
    /// most 64 KiB. Rows that no checkpoint follows are never stored.
    ///
    /// # Errors
    /// Class `cancelled` when the run should end here; `internal` when the checkpoint is too long.
    pub fn checkpoint(&mut self, checkpoint_json: &str) -> Result<()> {
        if checkpoint_json.len() > CHECKPOINT_BYTES_MAX {
            let n_bytes = checkpoint_json.len();
            let text = format!("checkpoint has {n_bytes} bytes, at most {CHECKPOINT_BYTES_MAX}");
            return Err(Error::internal(text));
        }
        self.hand_over()?;
        self.raw.checkpoint(self.stream, checkpoint_json)
    }

    /// As [`Out::checkpoint`], from a type of the plugin.
    ///
    /// # Errors
    /// As [`Out::checkpoint`]; also when the value has no JSON form.
    #[cfg(feature = "serde")]
    pub fn checkpoint_value(&mut self, checkpoint: &impl serde::Serialize) -> Result<()> {
        let json = serde_json::to_string(checkpoint)
            .map_err(|error| Error::internal("checkpoint has no JSON form").with_internal(error))?;
        self.checkpoint(&json)
    }

    /// Refuses one record, which is counted by `reason` (`bad_number`) and listed with its `place`
    /// (`answers.csv:17`). Keep personal values out of `detail`.
    pub fn reject(&mut self, kind: RecordKind, reason: &str, place: &str, detail: &str) {
        if let Some(reject) = &self.reject {
            reject.reject(kind.name(), reason, place, detail);
        }
    }

    /// Tells that the run is alive and how far it is; a `total` of 0 is unknown.
    pub fn progress(&mut self, done: u64, total: u64, unit: &str) {
        if let Some(progress) = &self.progress {
            progress.progress(done, total, unit);
        }
    }

    /// Returns the stream being read.
    #[must_use]
    pub fn stream(&self) -> &'call str {
        self.stream
    }
}

/// Returns the builder of a kind, made when it is first needed.
fn builder<'out>(
    builders: &'out mut Vec<RowsBuilder>,
    kind: RecordKind,
    columns: &[&str],
) -> Result<&'out mut RowsBuilder> {
    let known = builders.iter().position(|rows| rows.kind() == kind);
    let at = match known {
        Some(at) => at,
        None => {
            builders.push(RowsBuilder::new(kind, columns)?);
            builders.len() - 1
        }
    };
    Ok(&mut builders[at])
}
