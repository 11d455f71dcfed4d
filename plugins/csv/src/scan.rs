//! Framing: where each record of a CSV file starts and ends, in bounded memory.
//!
//! A record is one line, or several where a quoted cell holds line breaks. A record that is above
//! [`RECORD_BYTES_MAX`], or whose quote is never closed, costs exactly its first line: framing goes
//! on at the next one, so a stray quote cannot swallow the rest of a file.

use std::hash::Hasher as _;
use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter, memchr2};
use twox_hash::XxHash3_64;

/// Greatest length of a record in bytes; a comment is a few KiB, so more is a broken file.
pub(crate) const RECORD_BYTES_MAX: usize = 1024 * 1024;
/// Bytes read at once: a legal record always fits, and a system call's cost vanishes.
const BUFFER_BYTES: usize = 2 * RECORD_BYTES_MAX;

/// The characters that give a file its structure; all of them ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Marks {
    /// Between cells.
    pub(crate) delimiter: u8,
    /// Around cells.
    pub(crate) quote: u8,
    /// After records: line feed, or carriage return where the file has no line feed.
    pub(crate) terminator: u8,
}

/// What the scanner found next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The record, or why it was refused.
    pub(crate) content: Result<Content, Refusal>,
    /// Line of the file on which it starts, from 1.
    pub(crate) line: u64,
    /// Whether the file ended before the record did: more may be appended to it.
    pub(crate) is_open: bool,
}

/// A whole record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Content {
    /// Its bytes in [`Scanner::bytes`], without the terminator.
    pub(crate) range: Range<usize>,
    /// Whether a quote occurs in it.
    pub(crate) has_quote: bool,
}

/// Why a record was refused before its cells were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Longer than [`RECORD_BYTES_MAX`].
    TooLong,
    /// A quote is opened and not closed within [`RECORD_BYTES_MAX`] bytes.
    Unclosed,
}

/// Reads a file record by record and hashes what it has passed.
pub(crate) struct Scanner<R> {
    reader: R,
    marks: Marks,
    buffer: Vec<u8>,
    /// Start of what is not yet handed out.
    start: usize,
    /// End of what is filled.
    end: usize,
    /// End of what is hashed; at most `start`.
    hashed: usize,
    /// Offset in the file of the buffer's first byte.
    base: u64,
    is_at_end: bool,
    line: u64,
    hasher: XxHash3_64,
    open: Option<Position>,
}

/// A place between two records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Bytes before it.
    pub(crate) offset: u64,
    /// Hash of those bytes.
    pub(crate) hash: u64,
    /// Line that follows, from 1.
    pub(crate) line: u64,
}

impl<R: Read> Scanner<R> {
    /// Continues at `offset`, where line `line` starts; `hasher` has seen everything before.
    pub(crate) fn new(reader: R, marks: Marks, offset: u64, line: u64, hasher: XxHash3_64) -> Self {
        Self {
            reader,
            marks,
            buffer: vec![0; BUFFER_BYTES],
            start: 0,
            end: 0,
            hashed: 0,
            base: offset,
            is_at_end: false,
            line,
            hasher,
            open: None,
        }
    }

    /// Passes over bytes that are no record: a byte-order mark, a `sep=` line.
    pub(crate) fn skip(&mut self, n_bytes: usize, n_lines: u64) -> io::Result<()> {
        self.fill()?;
        self.start = (self.start + n_bytes).min(self.end);
        self.line += n_lines;
        Ok(())
    }

    /// Returns the bytes of a frame handed out last.
    pub(crate) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        &self.buffer[range.clone()]
    }

    /// Returns the offset in the file of the next frame.
    pub(crate) fn offset(&self) -> u64 {
        self.base + self.start as u64
    }

    /// Returns where the next frame starts.
    pub(crate) fn position(&mut self) -> Position {
        self.hash_passed();
        Position {
            offset: self.offset(),
            hash: self.hasher.clone().finish(),
            line: self.line,
        }
    }

    /// Returns where the first record starts that the end of the file left open.
    pub(crate) fn open(&self) -> Option<Position> {
        self.open
    }

    /// Finds the next record; `None` at the end of the file. Blank lines are records too.
    pub(crate) fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            let window = self.window();
            if !window.is_empty() {
                match frame_end(window, self.marks) {
                    Scan::End {
                        len,
                        next,
                        has_quote,
                    } if len <= RECORD_BYTES_MAX => {
                        return Ok(Some(self.take(len, next, has_quote)));
                    }
                    // Decided by the first bytes alone, so that a resumed read decides the same.
                    Scan::Unfinished { is_quoted } if window.len() > RECORD_BYTES_MAX => {
                        return self.refuse(is_quoted).map(Some);
                    }
                    Scan::End { .. } => return self.refuse(false).map(Some),
                    Scan::Unfinished { is_quoted } if self.is_at_end => {
                        return Ok(Some(self.take_last(is_quoted)));
                    }
                    Scan::Unfinished { .. } => {}
                }
            } else if self.is_at_end {
                return Ok(None);
            }
            self.fill()?;
        }
    }

    /// What is filled, but no more than decides about one record.
    fn window(&self) -> &[u8] {
        let end = self.end.min(self.start + RECORD_BYTES_MAX + 2);
        &self.buffer[self.start..end]
    }

    fn take(&mut self, len: usize, next: usize, has_quote: bool) -> Frame {
        let range = self.start..self.start + len;
        let frame = Frame {
            line: self.line,
            is_open: false,
            content: Ok(Content {
                range: range.clone(),
                has_quote,
            }),
        };
        self.line += 1;
        if has_quote {
            self.line += memchr_iter(self.marks.terminator, &self.buffer[range]).count() as u64;
        }
        self.start += next;
        frame
    }

    /// The record the file ends in: without a terminator, or with a quote still open.
    fn take_last(&mut self, is_quoted: bool) -> Frame {
        let position = self.position();
        self.open.get_or_insert(position);
        let frame = Frame {
            line: self.line,
            is_open: true,
            content: Err(Refusal::Unclosed),
        };
        if is_quoted {
            let rest = &self.buffer[self.start..self.end];
            let n_bytes = memchr(self.marks.terminator, rest).map_or(rest.len(), |at| at + 1);
            self.start += n_bytes;
            self.line += 1;
            return frame;
        }
        let mut end = self.end;
        if self.marks.terminator == b'\n' && self.buffer[self.start..end].ends_with(b"\r") {
            end -= 1;
        }
        let range = self.start..end;
        let has_quote = memchr(self.marks.quote, &self.buffer[range.clone()]).is_some();
        self.line += 1;
        self.start = self.end;
        Frame {
            content: Ok(Content { range, has_quote }),
            ..frame
        }
    }

    /// Passes over the line a refused record starts on, however long it is.
    fn refuse(&mut self, is_quoted: bool) -> io::Result<Frame> {
        let position = self.position();
        let mut n_bytes = 0;
        let is_open = loop {
            let rest = &self.buffer[self.start..self.end];
            if let Some(at) = memchr(self.marks.terminator, rest) {
                self.start += at + 1;
                n_bytes += at;
                break false;
            }
            n_bytes += rest.len();
            self.start = self.end;
            if self.is_at_end {
                break true;
            }
            self.fill()?;
        };
        self.line += 1;
        if is_open {
            self.open.get_or_insert(position);
        }
        let is_one_line = n_bytes > RECORD_BYTES_MAX || !is_quoted;
        Ok(Frame {
            content: Err(if is_one_line {
                Refusal::TooLong
            } else {
                Refusal::Unclosed
            }),
            line: position.line,
            is_open,
        })
    }

    fn hash_passed(&mut self) {
        self.hasher.write(&self.buffer[self.hashed..self.start]);
        self.hashed = self.start;
    }

    /// Moves what is left to the front and fills the buffer, or reaches the end of the file.
    fn fill(&mut self) -> io::Result<()> {
        self.hash_passed();
        self.buffer.copy_within(self.start..self.end, 0);
        self.base += self.start as u64;
        self.end -= self.start;
        (self.start, self.hashed) = (0, 0);
        while !self.is_at_end && self.end < self.buffer.len() {
            match self.reader.read(&mut self.buffer[self.end..]) {
                Ok(0) => self.is_at_end = true,
                Ok(n_bytes) => self.end += n_bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// Where a record ends in a window that starts with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scan {
    /// `len` bytes of content; the next record starts `next` bytes on.
    End {
        /// Content without the terminator.
        len: usize,
        /// Content with the terminator.
        next: usize,
        /// Whether a quote occurs in it.
        has_quote: bool,
    },
    /// The window ends first.
    Unfinished {
        /// Whether it ends inside quotes.
        is_quoted: bool,
    },
}

/// Finds the end of the record a window starts with.
pub(crate) fn frame_end(window: &[u8], marks: Marks) -> Scan {
    match memchr2(marks.terminator, marks.quote, window) {
        None => Scan::Unfinished { is_quoted: false },
        Some(at) if window[at] == marks.terminator => end_at(window, at, marks, false),
        Some(_) => quoted_frame_end(window, marks),
    }
}

fn end_at(window: &[u8], at: usize, marks: Marks, has_quote: bool) -> Scan {
    let has_return = marks.terminator == b'\n' && at > 0 && window[at - 1] == b'\r';
    Scan::End {
        len: at - usize::from(has_return),
        next: at + 1,
        has_quote,
    }
}

/// A quote opens a cell only as its first byte; elsewhere it stands for itself.
fn quoted_frame_end(window: &[u8], marks: Marks) -> Scan {
    let mut at = 0;
    loop {
        if window.get(at) == Some(&marks.quote) {
            match closing_quote(window, at, marks.quote) {
                Some(closing) => at = closing + 1,
                None => return Scan::Unfinished { is_quoted: true },
            }
        }
        match memchr2(marks.delimiter, marks.terminator, &window[at..]) {
            None => return Scan::Unfinished { is_quoted: false },
            Some(len) if window[at + len] == marks.terminator => {
                return end_at(window, at + len, marks, true);
            }
            Some(len) => at += len + 1,
        }
    }
}

/// Finds the quote that closes the one at `opening`; a doubled quote stands for itself.
pub(crate) fn closing_quote(bytes: &[u8], opening: usize, quote: u8) -> Option<usize> {
    let mut at = opening + 1;
    loop {
        at += memchr(quote, &bytes[at..])?;
        if bytes.get(at + 1) != Some(&quote) {
            return Some(at);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests;
