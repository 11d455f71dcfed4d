//! Events that people and programs write over HTTP: a source of the daemon's own.

use std::sync::Arc;

use arrow_array::{ArrayRef, RecordBatch, StringArray, TimestampMicrosecondArray};
use jiff::Timestamp;
use serde_json::{Map, Value};

use crate::nearest::nearest;
use crate::record::door::{Door, FUTURE, KindBatch};
use crate::record::{RecordKind, SourceName, StreamName};

/// Name of the source they are kept under; no configured source can have it.
pub const SOURCE: &str = "annotations";
/// Longest label, in characters: it is written beside a mark on a chart.
pub const LABEL_CHARS_MAX: usize = 120;
/// Longest address, in bytes.
pub const URL_BYTES_MAX: usize = 2_000;

const STREAM: &str = "events";
const MEMBERS: [&str; 5] = ["happened_at", "ended_at", "label", "event_kind", "url"];

/// Something that happened, as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Annotation {
    /// When, or from when.
    pub happened_at: Timestamp,
    /// Until when.
    pub ended_at: Option<Timestamp>,
    /// What to call it.
    pub label: String,
    /// What it is, of the record kind's list.
    pub event_kind: Option<String>,
    /// Where to read more.
    pub url: Option<String>,
}

/// Why an annotation cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct AnnotationError {
    what: String,
    hint: String,
}

impl AnnotationError {
    /// Returns what to write instead.
    #[must_use]
    pub fn hint(&self) -> &str {
        &self.hint
    }
}

fn wrong<T>(what: impl Into<String>, hint: impl Into<String>) -> Result<T, AnnotationError> {
    let (what, hint) = (what.into(), hint.into());
    Err(AnnotationError { what, hint })
}

impl Annotation {
    /// Reads a JSON object.
    ///
    /// # Errors
    /// When it is none, has an unknown member, or a value that an event cannot have.
    pub fn read(body: &[u8], now: Timestamp) -> Result<Self, AnnotationError> {
        let example =
            r#"for example {"happened_at": "2026-05-13T06:00:00Z", "label": "release 4.2"}"#;
        let Ok(Value::Object(members)) = serde_json::from_slice(body) else {
            return wrong("the body is no JSON object", example);
        };
        if let Some(name) = members
            .keys()
            .find(|name| !MEMBERS.contains(&name.as_str()))
        {
            let hint = match nearest(name, MEMBERS) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("known are {}", MEMBERS.join(", ")),
            };
            return wrong(format!("unknown member `{name}`"), hint);
        }
        let Some(happened_at) = time(&members, "happened_at", now)? else {
            return wrong("`happened_at` is missing", example);
        };
        let Some(label) = text(&members, "label")? else {
            return wrong("`label` is missing", example);
        };
        let annotation = Self {
            happened_at,
            ended_at: time(&members, "ended_at", now)?,
            label,
            event_kind: text(&members, "event_kind")?,
            url: text(&members, "url")?,
        };
        annotation.checked()
    }

    fn checked(self) -> Result<Self, AnnotationError> {
        let n_chars = self.label.chars().count();
        if !(1..=LABEL_CHARS_MAX).contains(&n_chars) || self.label.chars().any(char::is_control) {
            let what = format!("`label` has {n_chars} characters, or control characters");
            return wrong(
                what,
                format!("write 1 to {LABEL_CHARS_MAX} characters in one line"),
            );
        }
        if self.ended_at.is_some_and(|end| end < self.happened_at) {
            return wrong("`ended_at` lies before `happened_at`", "swap them");
        }
        let kinds = RecordKind::Event
            .column("event_kind")
            .map_or(&[][..], |one| one.values);
        if let Some(kind) = self
            .event_kind
            .as_deref()
            .filter(|kind| !kinds.contains(kind))
        {
            let hint = match nearest(kind, kinds.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are {}", kinds.join(", ")),
            };
            return wrong(format!("there is no kind of event `{kind}`"), hint);
        }
        let is_web = |url: &str| url.starts_with("https://") || url.starts_with("http://");
        if self
            .url
            .as_deref()
            .is_some_and(|url| !is_web(url) || url.len() > URL_BYTES_MAX)
        {
            let hint =
                format!("an address begins with https:// and has at most {URL_BYTES_MAX} bytes");
            return wrong("`url` is no address of the web", hint);
        }
        Ok(self)
    }

    /// Returns its id: the same event written twice is one.
    #[must_use]
    pub fn id(&self) -> String {
        let text = format!("{} {}", self.happened_at, self.label);
        blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
    }

    /// Returns the row of it, in the store's normal form.
    ///
    /// # Panics
    /// Never: what was read keeps the rules of the kind.
    #[must_use]
    pub fn batch(&self, now: Timestamp) -> KindBatch {
        let time = |at: Option<Timestamp>| -> ArrayRef {
            let at = at.map(|at| at.as_microsecond());
            Arc::new(TimestampMicrosecondArray::from(vec![at]).with_timezone("UTC"))
        };
        let text = |text: Option<&str>| -> ArrayRef { Arc::new(StringArray::from(vec![text])) };
        let id = self.id();
        let columns = [
            ("id", text(Some(&id))),
            ("updated_at", time(Some(now))),
            ("happened_at", time(Some(self.happened_at))),
            ("ended_at", time(self.ended_at)),
            ("label", text(Some(&self.label))),
            ("event_kind", text(self.event_kind.as_deref())),
            ("url", text(self.url.as_deref())),
        ];
        let columns = columns.into_iter().map(|(name, array)| (name, array, true));
        let rows =
            RecordBatch::try_from_iter_with_nullable(columns).expect("every column has one row");
        let door = Door::new(place().0);
        let checked = door.check(RecordKind::Event, &rows, now);
        checked.expect("these are columns of the kind").batch
    }
}

/// Returns the source and the stream that annotations are kept under.
///
/// # Panics
/// Never: the names are valid.
#[must_use]
pub fn place() -> (SourceName, StreamName) {
    let source = SourceName::new(SOURCE).expect("a valid name");
    (source, StreamName::new(STREAM).expect("a valid name"))
}

fn text(members: &Map<String, Value>, name: &str) -> Result<Option<String>, AnnotationError> {
    match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => wrong(format!("`{name}` is no text"), "write it in quotes"),
    }
}

fn time(
    members: &Map<String, Value>,
    name: &str,
    now: Timestamp,
) -> Result<Option<Timestamp>, AnnotationError> {
    let hint = "write an RFC 3339 time from 1970 to ten years ahead, such as 2026-05-13T06:00:00Z";
    let Some(text) = text(members, name)? else {
        return Ok(None);
    };
    let at: Option<Timestamp> = text.parse().ok();
    let latest = now.saturating_add(FUTURE).unwrap_or(Timestamp::MAX);
    match at.filter(|at| (Timestamp::UNIX_EPOCH..latest).contains(at)) {
        Some(at) => Ok(Some(at)),
        None => wrong(format!("`{name}` is no time"), hint),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-06-01.
    const NOW: Timestamp = Timestamp::constant(1_780_272_000, 0);

    fn check(body: &str, expected: &str) {
        let found = match Annotation::read(body.as_bytes(), NOW) {
            Ok(annotation) => {
                let batch = annotation.batch(NOW);
                assert_eq!(batch.rows.num_rows(), 1, "{body}: the door let it in");
                annotation.label
            }
            Err(error) => format!("{error}; {}", error.hint()),
        };
        assert_eq!(found, expected, "{body}");
    }

    #[test]
    fn an_event_is_read_or_refused_in_words() {
        let at = r#""happened_at": "2026-05-13T06:00:00Z""#;
        check(
            &format!(r#"{{{at}, "label": "release 4.2"}}"#),
            "release 4.2",
        );
        let all = r#""ended_at": "2026-05-13T08:00:00+01:00", "event_kind": "release", "url": "https://a.example/""#;
        check(&format!(r#"{{{at}, {all}, "label": "x"}}"#), "x");
        let example =
            r#"for example {"happened_at": "2026-05-13T06:00:00Z", "label": "release 4.2"}"#;
        check("[]", &format!("the body is no JSON object; {example}"));
        check(
            &format!("{{{at}}}"),
            &format!("`label` is missing; {example}"),
        );
        check(
            &format!(r#"{{{at}, "lable": "x"}}"#),
            "unknown member `lable`; did you mean `label`?",
        );
        check(
            &format!(r#"{{{at}, "label": "x", "event_kind": "relaese"}}"#),
            "there is no kind of event `relaese`; did you mean `release`?",
        );
        check(
            &format!(r#"{{{at}, "label": "x", "url": "javascript:alert(1)"}}"#),
            "`url` is no address of the web; an address begins with https:// and has at most 2000 bytes",
        );
        check(
            r#"{"happened_at": "yesterday", "label": "x"}"#,
            "`happened_at` is no time; write an RFC 3339 time from 1970 to ten years ahead, such as 2026-05-13T06:00:00Z",
        );
        check(
            r#"{"happened_at": "2036-07-01T00:00:00Z", "label": "x"}"#,
            "`happened_at` is no time; write an RFC 3339 time from 1970 to ten years ahead, such as 2026-05-13T06:00:00Z",
        );
        check(
            &format!(r#"{{{at}, "label": "x", "ended_at": "2026-05-13T05:00:00Z"}}"#),
            "`ended_at` lies before `happened_at`; swap them",
        );
    }

    #[test]
    fn the_same_event_has_the_same_id() {
        let read = |label: &str| {
            let body = format!(r#"{{"happened_at": "2026-05-13T06:00:00Z", "label": "{label}"}}"#);
            Annotation::read(body.as_bytes(), NOW)
                .expect("an event")
                .id()
        };
        assert_eq!(read("a"), read("a"));
        assert_ne!(read("a"), read("b"));
    }
}
