//! One pass over the rows of one file.

use std::fs::File;
use std::hash::Hasher as _;
use std::io::{self, Read};

use twox_hash::XxHash3_64;
use vocd_plugin::Out;

use crate::cells::{COLUMNS_MAX, Row, Splitter};
use crate::config::Encoding;
use crate::layout::{Layout, decode};
use crate::mapping::{FileVersion, Mapping};
use crate::scan::{Content, Frame, Marks, Refusal, Scanner};
use crate::sink::Sinks;

/// Bytes hashed at once.
const HASH_BYTES: usize = 256 * 1024;

/// The rows of one file as they are read.
pub(crate) struct Reading<'file> {
    /// Name and version of the file.
    pub(crate) version: FileVersion<'file>,
    /// What each row becomes.
    pub(crate) mappings: Vec<Mapping>,
    /// Cells a row should have.
    pub(crate) width: usize,
    /// The characters that give the file its structure.
    pub(crate) marks: Marks,
    /// `None` as long as nothing but ASCII was seen.
    pub(crate) encoding: Option<Encoding>,
    /// Rows passed.
    pub(crate) rows: u64,
    /// Rows that an earlier read may have put into the store.
    pub(crate) emitted_before: u64,
    splitter: Splitter,
}

impl<'file> Reading<'file> {
    /// Starts behind row `rows`.
    pub(crate) fn new(
        version: FileVersion<'file>,
        mappings: Vec<Mapping>,
        layout: &Layout,
        nulls: Vec<String>,
        rows: u64,
        emitted_before: u64,
    ) -> Self {
        Self {
            version,
            mappings,
            width: layout.header.len(),
            marks: layout.marks,
            encoding: layout.encoding,
            rows,
            emitted_before,
            splitter: Splitter::new(nulls),
        }
    }

    /// Turns a frame into records or rejects.
    pub(crate) fn take(
        &mut self,
        frame: &Frame,
        scanner: &Scanner<File>,
        sinks: &mut Sinks,
        out: &mut Out,
    ) -> vocd_plugin::Result<()> {
        let content = match &frame.content {
            Ok(content) if content.range.is_empty() => return Ok(()),
            Ok(content) => content,
            Err(refusal) => {
                self.rows += 1;
                let (reason, detail) = match refusal {
                    Refusal::TooLong => ("line_too_long", "the line is longer than 1 MiB"),
                    Refusal::Unclosed => ("unclosed_quote", "a quote is opened and never closed"),
                };
                self.reject_row(frame.line, reason, detail, out);
                return Ok(());
            }
        };
        let Some(text) = decode(scanner.bytes(&content.range), &mut self.encoding) else {
            self.rows += 1;
            self.reject_row(
                frame.line,
                "bad_encoding",
                "the line is not valid UTF-8",
                out,
            );
            return Ok(());
        };
        self.take_record(&text, content, frame.line, sinks, out)
    }

    fn take_record(
        &mut self,
        text: &str,
        content: &Content,
        line: u64,
        sinks: &mut Sinks,
        out: &mut Out,
    ) -> vocd_plugin::Result<()> {
        let mut splitter = std::mem::take(&mut self.splitter);
        let row = splitter.split(text, content, self.marks, self.rows + 1);
        let result = self.take_row(&row, line, sinks, out);
        self.splitter = splitter;
        result
    }

    fn take_row(
        &mut self,
        row: &Row,
        line: u64,
        sinks: &mut Sinks,
        out: &mut Out,
    ) -> vocd_plugin::Result<()> {
        // Spreadsheets leave rows of bare delimiters behind the last one.
        if row.cell(0).is_none() && row.is_empty_from(1) {
            return Ok(());
        }
        self.rows += 1;
        let (n_cells, width) = (row.n_cells(), self.width);
        if n_cells != width {
            let detail = format!("the row has {n_cells} cells, the header {width}");
            if n_cells < width {
                self.reject_row(line, "too_few_columns", &detail, out);
                return Ok(());
            }
            if n_cells > COLUMNS_MAX || !row.is_empty_from(width) {
                self.reject_row(line, "too_many_columns", &detail, out);
                return Ok(());
            }
        }
        for mapping in &mut self.mappings {
            if mapping.skips(row) {
                if mapping.deletes_missing && row.row <= self.emitted_before {
                    sinks.delete(&mapping.row_ids(), row.row, &self.version)?;
                }
                continue;
            }
            let builder = sinks.builder(mapping);
            if let Err(refused) = mapping.emit(row, &self.version, builder) {
                builder.drop_row();
                let place = place(self.version.name, line);
                let detail = format!("`{}` {}", refused.column, refused.what);
                out.reject(mapping.kind, refused.reason, &place, &detail);
            }
        }
        Ok(())
    }

    #[cold]
    fn reject_row(&self, line: u64, reason: &str, detail: &str, out: &mut Out) {
        let kind = self.mappings[0].kind;
        out.reject(kind, reason, &place(self.version.name, line), detail);
    }
}

fn place(name: &str, line: u64) -> String {
    format!("{name}:{line}")
}

/// Reads on until `n_bytes` are hashed; false when the file is shorter.
pub(crate) fn hash_bytes(
    file: &mut File,
    hasher: &mut XxHash3_64,
    n_bytes: u64,
) -> io::Result<bool> {
    let mut buffer = vec![0; HASH_BYTES];
    let mut reader = file.take(n_bytes);
    let mut n_hashed = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(n_hashed == n_bytes),
            Ok(n_read) => {
                hasher.write(&buffer[..n_read]);
                n_hashed += n_read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
