//! Framing against a second reader, in pieces of every size, and its limits.

use super::*;
use crate::cells::Splitter;
use proptest::prelude::*;

const MARKS: Marks = Marks {
    delimiter: b',',
    quote: b'"',
    terminator: b'\n',
};

/// Gives a few bytes at a time.
struct Drip<'text> {
    rest: &'text [u8],
    step_bytes: usize,
}

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n_bytes = self.step_bytes.min(self.rest.len()).min(buffer.len());
        let (head, rest) = self.rest.split_at(n_bytes);
        buffer[..n_bytes].copy_from_slice(head);
        self.rest = rest;
        Ok(n_bytes)
    }
}

fn scanner(text: &[u8], step_bytes: usize) -> Scanner<Drip<'_>> {
    let drip = Drip {
        rest: text,
        step_bytes,
    };
    Scanner::new(drip, MARKS, 0, 1, XxHash3_64::new())
}

/// Line, content or refusal, and whether it is open.
type Seen = (u64, Result<String, Refusal>, bool);

fn frames(text: &[u8]) -> Vec<Seen> {
    let mut scanner = scanner(text, 7);
    let mut seen = Vec::new();
    while let Some(frame) = scanner.next().expect("in memory") {
        let content = frame
            .content
            .map(|content| String::from_utf8_lossy(scanner.bytes(&content.range)).into_owned());
        seen.push((frame.line, content, frame.is_open));
    }
    assert_eq!(scanner.position().hash, XxHash3_64::oneshot(text));
    assert_eq!(scanner.offset(), text.len() as u64);
    seen
}

fn check(text: &str, expected: &[(u64, Result<&str, Refusal>, bool)]) {
    let expected: Vec<Seen> = expected
        .iter()
        .map(|(line, content, is_open)| (*line, content.map(str::to_owned), *is_open))
        .collect();
    assert_eq!(frames(text.as_bytes()), expected, "{text:?}");
}

#[test]
fn records_end_at_line_ends_outside_quotes() {
    check("a,b\nc\n", &[(1, Ok("a,b"), false), (2, Ok("c"), false)]);
    check(
        "a\r\n\r\nb",
        &[(1, Ok("a"), false), (2, Ok(""), false), (3, Ok("b"), true)],
    );
    check(
        "\"a\nb\",c\nd\n",
        &[(1, Ok("\"a\nb\",c"), false), (3, Ok("d"), false)],
    );
    check(
        "5\" x,y\nb\n",
        &[(1, Ok("5\" x,y"), false), (2, Ok("b"), false)],
    );
    check(
        "x,\"a\"\"\n\",y\nb\n",
        &[(1, Ok("x,\"a\"\"\n\",y"), false), (3, Ok("b"), false)],
    );
    check("", &[]);
}

#[test]
fn a_quote_that_is_never_closed_costs_one_line() {
    let expected = [
        (1, Err(Refusal::Unclosed), true),
        (2, Ok("b"), false),
        (3, Ok("c"), true),
    ];
    check("\"a\nb\nc", &expected);
}

#[test]
fn a_record_at_the_limit_is_read_and_one_above_is_refused() {
    for (n_bytes, is_read) in [(RECORD_BYTES_MAX, true), (RECORD_BYTES_MAX + 1, false)] {
        let text = format!("{}\nb\n", "x".repeat(n_bytes));
        let seen = frames(text.as_bytes());
        assert_eq!(seen.len(), 2, "{n_bytes}");
        assert_eq!(seen[0].1.is_ok(), is_read, "{n_bytes}");
        assert_eq!(seen[1], (2, Ok("b".to_owned()), false));
    }
}

#[test]
fn a_quoted_record_above_the_limit_costs_its_first_line() {
    let text = format!("\"a\n{}\"\nb\n", "x\n".repeat(RECORD_BYTES_MAX));
    let seen = frames(text.as_bytes());
    assert_eq!(seen[0], (1, Err(Refusal::Unclosed), false));
    assert_eq!(seen[1], (2, Ok("x".to_owned()), false));
    assert_eq!(
        seen.last().map(|last| last.1.clone()),
        Some(Ok("b".to_owned()))
    );
}

/// The cells of every record that is not blank.
fn cells(text: &str, step_bytes: usize) -> Vec<Vec<String>> {
    let mut scanner = scanner(text.as_bytes(), step_bytes);
    let mut splitter = Splitter::default();
    let mut records = Vec::new();
    while let Some(frame) = scanner.next().expect("in memory") {
        let content = frame.content.expect("every quote is closed");
        let record = std::str::from_utf8(scanner.bytes(&content.range)).expect("text");
        if record.is_empty() {
            continue;
        }
        let row = splitter.split(record, &content, MARKS, 1);
        let cell = |cell_idx| row.cell(cell_idx).unwrap_or("").to_owned();
        records.push((0..row.n_cells()).map(cell).collect());
    }
    records
}

/// The same by another reader of CSV.
fn cells_by_csv_core(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv_core::ReaderBuilder::new()
        .terminator(csv_core::Terminator::CRLF)
        .build();
    let (mut input, mut records) = (text.as_bytes(), Vec::new());
    let (mut bytes, mut ends) = (vec![0; text.len() + 1], vec![0; text.len() + 2]);
    let (mut n_bytes, mut n_ends) = (0, 0);
    loop {
        let (result, n_in, n_out, n_end) =
            reader.read_record(input, &mut bytes[n_bytes..], &mut ends[n_ends..]);
        input = &input[n_in..];
        n_bytes += n_out;
        n_ends += n_end;
        match result {
            csv_core::ReadRecordResult::Record => {
                let starts = std::iter::once(0).chain(ends[..n_ends].iter().copied());
                let cell = |(start, end): (usize, &usize)| {
                    let cell = String::from_utf8_lossy(&bytes[start..*end]);
                    if cell.trim_ascii().is_empty() {
                        String::new()
                    } else {
                        cell.into_owned()
                    }
                };
                records.push(starts.zip(&ends[..n_ends]).map(cell).collect());
                (n_bytes, n_ends) = (0, 0);
            }
            csv_core::ReadRecordResult::End => return records,
            _ => {}
        }
    }
}

fn cell_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z é]{0,6}",
        "[a-z,\"\n ]{0,8}".prop_map(|text| format!("\"{}\"", text.replace('"', "\"\""))),
    ]
}

proptest! {
    #[test]
    fn cells_are_those_of_another_reader(
        records in prop::collection::vec(prop::collection::vec(cell_text(), 1..5), 0..8),
        ending in prop_oneof![Just("\n"), Just("\r\n")],
        has_last_ending: bool,
        step_bytes in 1_usize..40,
    ) {
        let mut text = records.iter().map(|record| record.join(",")).collect::<Vec<_>>().join(ending);
        if has_last_ending {
            text.push_str(ending);
        }
        prop_assert_eq!(cells(&text, step_bytes), cells_by_csv_core(&text), "{:?}", text);
    }

    #[test]
    fn any_bytes_are_framed_to_the_end(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = frames(&bytes);
    }
}
