//! What a file looks like: encoding, delimiter, quote, line ends and the names in its header.

use std::borrow::Cow;

use crate::cells::{COLUMNS_MAX, Splitter};
use crate::config::{Encoding, Entry};
use crate::fault::Fault;
use crate::scan::{Content, Marks, RECORD_BYTES_MAX, Scan, frame_end};

/// Bytes from the start of a file that decide about its layout.
pub(crate) const SAMPLE_BYTES: usize = RECORD_BYTES_MAX + 2;

/// Delimiters that are looked for, the likeliest first.
const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
const UTF8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// The layout of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Layout {
    /// The characters that give it its structure.
    pub(crate) marks: Marks,
    /// `None` as long as nothing but ASCII was seen.
    pub(crate) encoding: Option<Encoding>,
    /// Bytes before the first record: a byte-order mark, a `sep=` line.
    pub(crate) skip_bytes: usize,
    /// Lines in them.
    pub(crate) skip_lines: u64,
    /// Names of the columns, in order; empty when the file has no whole header row yet.
    pub(crate) header: Vec<String>,
}

impl Layout {
    /// Detects the layout from the first [`SAMPLE_BYTES`] of a file, or all of it if shorter.
    pub(crate) fn detect(sample: &[u8], entry: &Entry, name: &str) -> Result<Self, Fault> {
        refuse_binary(sample, name)?;
        let mut skip_bytes = if sample.starts_with(UTF8_MARK) {
            UTF8_MARK.len()
        } else {
            0
        };
        let encoding = entry.encoding.or_else(|| match skip_bytes {
            0 => detect_encoding(sample),
            _ => Some(Encoding::Utf8),
        });
        let rest = &sample[skip_bytes..];
        let terminator = if rest.contains(&b'\n') || !rest.contains(&b'\r') {
            b'\n'
        } else {
            b'\r'
        };
        let separator = separator_line(rest, terminator);
        skip_bytes += separator.map_or(0, |(_, n_bytes)| n_bytes);
        let delimiters = match (entry.delimiter, separator) {
            (Some(delimiter), _) | (None, Some((delimiter, _))) => vec![delimiter],
            (None, None) => DELIMITERS.to_vec(),
        };
        let rest = &sample[skip_bytes..];
        let quote = if starts_quoted(rest, b'\'', &delimiters) {
            b'\''
        } else {
            b'"'
        };
        let wanted = entry.wanted_cells();
        let mut best: Option<(usize, usize, Marks, Vec<String>)> = None;
        for delimiter in delimiters {
            let marks = Marks {
                delimiter,
                quote,
                terminator,
            };
            let header = read_header(rest, marks, encoding, entry.header_rows, name)?;
            let n_wanted = header
                .iter()
                .filter(|cell| wanted.contains(&cell.as_str()))
                .count();
            let is_better = best
                .as_ref()
                .is_none_or(|(n_best, len, ..)| (n_wanted, header.len()) > (*n_best, *len));
            if is_better {
                best = Some((n_wanted, header.len(), marks, header));
            }
        }
        let (_, _, marks, header) = best.expect("there is at least one delimiter to try");
        Ok(Self {
            marks,
            encoding,
            skip_bytes,
            skip_lines: u64::from(separator.is_some()),
            header,
        })
    }
}

/// Decodes a record, or returns `None` when its bytes are not of the encoding. The first bytes
/// beyond ASCII decide about an encoding that is not known yet.
pub(crate) fn decode<'bytes>(
    bytes: &'bytes [u8],
    encoding: &mut Option<Encoding>,
) -> Option<Cow<'bytes, str>> {
    let utf8 = std::str::from_utf8(bytes);
    if *encoding != Some(Encoding::Windows1252) {
        if let Ok(text) = utf8 {
            if encoding.is_none() && !text.is_ascii() {
                *encoding = Some(Encoding::Utf8);
            }
            return Some(Cow::Borrowed(text));
        }
        if *encoding == Some(Encoding::Utf8) {
            return None;
        }
        *encoding = Some(Encoding::Windows1252);
    }
    match utf8 {
        Ok(text) if text.is_ascii() => Some(Cow::Borrowed(text)),
        _ => Some(
            encoding_rs::WINDOWS_1252
                .decode_without_bom_handling(bytes)
                .0,
        ),
    }
}

fn refuse_binary(sample: &[u8], name: &str) -> Result<(), Fault> {
    /// Bytes looked at for zeros; a text has none.
    const HEAD_BYTES: usize = 4_096;
    let name = || name.to_owned();
    let not_text = |what| Fault::NotText { name: name(), what };
    let head = &sample[..sample.len().min(HEAD_BYTES)];
    if head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF") {
        return Err(Fault::Utf16 { name: name() });
    }
    if head.starts_with(b"PK\x03\x04") {
        return Err(not_text("a spreadsheet or a ZIP archive"));
    }
    if head.starts_with(b"\x1F\x8B") {
        return Err(not_text("compressed with gzip"));
    }
    let n_zeros = memchr::memchr_iter(0, head).count();
    match n_zeros {
        0 => Ok(()),
        // Half the bytes of western text are zero in UTF-16; a quarter leaves room for others.
        _ if n_zeros * 4 >= head.len() => Err(Fault::Utf16 { name: name() }),
        _ => Err(not_text("it has zero bytes")),
    }
}

/// UTF-8 when more of what is beyond ASCII is valid than not: one broken cell is no other encoding.
fn detect_encoding(sample: &[u8]) -> Option<Encoding> {
    let (mut n_valid, mut n_broken) = (0, 0);
    for chunk in sample.utf8_chunks() {
        n_valid += chunk
            .valid()
            .chars()
            .filter(|character| !character.is_ascii())
            .count();
        n_broken += usize::from(!chunk.invalid().is_empty());
    }
    // A whole sample may end inside a character.
    if sample.len() >= SAMPLE_BYTES {
        n_broken = n_broken.saturating_sub(1);
    }
    match (n_valid, n_broken) {
        (0, 0) => None,
        _ if n_valid > n_broken => Some(Encoding::Utf8),
        _ => Some(Encoding::Windows1252),
    }
}

/// Spreadsheets may write `sep=;` on a line of its own before the header.
fn separator_line(rest: &[u8], terminator: u8) -> Option<(u8, usize)> {
    let after = rest.strip_prefix(b"sep=")?;
    let (delimiter, after) = after.split_first()?;
    let end = after.strip_prefix(b"\r").unwrap_or(after);
    let is_line = if terminator == b'\r' {
        after.first() == Some(&b'\r')
    } else {
        end.first() == Some(&b'\n')
    };
    let n_bytes = rest.len() - end.len() + usize::from(terminator == b'\n');
    (delimiter.is_ascii() && is_line).then_some((*delimiter, n_bytes))
}

/// Returns whether the first cell is quoted with that character.
fn starts_quoted(rest: &[u8], quote: u8, delimiters: &[u8]) -> bool {
    if rest.first() != Some(&quote) {
        return false;
    }
    let closing = memchr::memchr(quote, &rest[1..]).and_then(|at| rest.get(at + 2));
    closing.is_some_and(|next| delimiters.contains(next) || matches!(next, b'\r' | b'\n'))
}

/// Reads the names of the columns; empty when the sample ends before the header does.
fn read_header(
    rest: &[u8],
    marks: Marks,
    mut encoding: Option<Encoding>,
    header_rows: usize,
    name: &str,
) -> Result<Vec<String>, Fault> {
    let fault = |what: &str| Fault::Header {
        name: name.to_owned(),
        what: what.to_owned(),
    };
    let mut at = 0;
    let (range, has_quote) = loop {
        match frame_end(&rest[at..], marks) {
            Scan::End { len: 0, next, .. } => at += next,
            Scan::End { len, has_quote, .. } => break (at..at + len, has_quote),
            Scan::Unfinished { .. } if rest.len() >= RECORD_BYTES_MAX => {
                return Err(fault(
                    "its first line is longer than 1 MiB, or a quote is not closed",
                ));
            }
            Scan::Unfinished { .. } => return Ok(Vec::new()),
        }
    };
    let bytes = &rest[range.clone()];
    let text = decode(bytes, &mut encoding).ok_or_else(|| fault("it is not in the encoding"))?;
    let mut splitter = Splitter::default();
    let row = splitter.split(&text, &Content { range, has_quote }, marks, 0);
    if row.n_cells() > COLUMNS_MAX {
        return Err(fault("it has more than 4,096 columns"));
    }
    let cells = 0..row.n_cells();
    Ok(match header_rows {
        // Without names the columns are called by their number.
        0 => cells.map(|cell_idx| (cell_idx + 1).to_string()).collect(),
        _ => cells
            .map(|cell_idx| row.cell(cell_idx).unwrap_or("").trim().to_owned())
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    fn entry() -> Entry {
        let json = r#"{"file":[{"path":"a.csv","kind":"activity","columns":{
            "customer":"who","happened_at":"when","name":"what"}}]}"#;
        Config::parse(json).expect("valid").entries.remove(0)
    }

    fn check(sample: &[u8], delimiter: u8, quote: u8, encoding: Option<Encoding>, header: &[&str]) {
        let layout = Layout::detect(sample, &entry(), "a.csv").expect("readable");
        let text = String::from_utf8_lossy(sample);
        assert_eq!(layout.marks.delimiter, delimiter, "{text}");
        assert_eq!(layout.marks.quote, quote, "{text}");
        assert_eq!(layout.encoding, encoding, "{text}");
        assert_eq!(layout.header, header, "{text}");
    }

    #[test]
    fn delimiters_are_detected_by_the_mapped_names() {
        let names = &["who", "when", "what"];
        check(b"who,when,what\n", b',', b'"', None, names);
        check(b"who;when;what\n", b';', b'"', None, names);
        check(b"who\twhen\twhat\r\n", b'\t', b'"', None, names);
        check(b"who|when|what\n", b'|', b'"', None, names);
        check(
            b"who;\"a,b,c,d\";when\n",
            b';',
            b'"',
            None,
            &["who", "a,b,c,d", "when"],
        );
        check(b"sep=;\r\nwho;when;what\r\n", b';', b'"', None, names);
        check(b"'who','when','what'\n", b',', b'\'', None, names);
        check(b"\n\n who , when,what\n", b',', b'"', None, names);
        check(b"who,when,what\rx,y,z\r", b',', b'"', None, names);
    }

    #[test]
    fn encodings_are_detected() {
        let names = &["who", "when"];
        let (utf8, windows) = (Some(Encoding::Utf8), Some(Encoding::Windows1252));
        check(b"\xEF\xBB\xBFwho,when\n", b',', b'"', utf8, names);
        check("who,when\nJosé,1\n".as_bytes(), b',', b'"', utf8, names);
        check(b"who,when\nJos\xE9,1\n", b',', b'"', windows, names);
        check(
            "who,when\n\u{e9}\u{e9},1\n".as_bytes(),
            b',',
            b'"',
            utf8,
            names,
        );
        check(b"w\xE9,when\n", b',', b'"', windows, &["wé", "when"]);
    }

    #[test]
    fn files_that_are_no_text_are_refused_by_name() {
        let check = |sample: &[u8], expected: &str| {
            let fault = Layout::detect(sample, &entry(), "a.csv").expect_err("refused");
            assert!(fault.to_string().contains(expected), "{fault}");
        };
        check(b"\xFF\xFEw\0h\0o\0", "`a.csv` is UTF-16; save it as UTF-8");
        check(b"w\0h\0o\0,\0w\0h\0e\0n\0\n\0", "is UTF-16");
        check(b"PK\x03\x04rest", "spreadsheet");
        check(b"\x1F\x8B\x08", "gzip");
        check(b"who,when,what and more text\0\n", "zero bytes");
    }

    #[test]
    fn a_header_that_is_not_finished_has_no_names_yet() {
        let layout = Layout::detect(b"who,wh", &entry(), "a.csv").expect("readable");
        assert!(layout.header.is_empty());
    }
}
