//! The API's values as they come: ids, times, and members that are null but never absent.
//!
//! A member that is absent or of another type means that the API has changed, which is an error of
//! the run: going on would lose rows without a word. A value that breaks a rule refuses one record.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use vocd_plugin::{Error, ErrorClass, Out, RecordKind, Result, Time};

/// Seconds since 1970 above which a number is milliseconds: the year 5138.
const SECONDS_MAX: i64 = 100_000_000_000;

/// An id: a number in answers, a text in events.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) struct Id(String);

impl Id {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<Value> for Id {
    type Error = &'static str;

    fn try_from(value: Value) -> std::result::Result<Self, &'static str> {
        match value {
            Value::Number(number) if number.is_u64() => Ok(Self(number.to_string())),
            Value::String(text) if is_whole(&text) => Ok(Self(text)),
            _ => Err("expected an id"),
        }
    }
}

/// A time in any form the API uses: RFC 3339, or seconds or milliseconds since 1970 as a number or
/// a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "Value")]
pub(crate) enum Stamp {
    /// Null.
    #[default]
    Absent,
    /// An instant.
    At(Time),
    /// A text that is no instant.
    Unreadable,
}

impl TryFrom<Value> for Stamp {
    type Error = &'static str;

    fn try_from(value: Value) -> std::result::Result<Self, &'static str> {
        Ok(match value {
            Value::Null => Self::Absent,
            Value::Number(number) => number.as_i64().map_or(Self::Unreadable, Self::of_number),
            Value::String(text) if is_whole(&text) => {
                text.parse().map_or(Self::Unreadable, Self::of_number)
            }
            Value::String(text) => Time::parse(&text).map_or(Self::Unreadable, Self::At),
            _ => return Err("expected a time"),
        })
    }
}

impl Stamp {
    fn of_number(number: i64) -> Self {
        Self::At(match number > SECONDS_MAX {
            true => Time::from_unix_ms(number),
            false => Time::from_unix_s(number),
        })
    }

    /// Returns the instant, if there is one.
    pub(crate) fn optional(self, name: &str) -> std::result::Result<Option<Time>, Refusal> {
        match self {
            Self::Absent => Ok(None),
            Self::At(time) => Ok(Some(time)),
            Self::Unreadable => Err(Refusal {
                reason: "bad_time",
                detail: format!("`{name}` is no time"),
            }),
        }
    }

    /// Returns the instant of a member that every record must have.
    pub(crate) fn required(self, name: &str) -> std::result::Result<Time, Refusal> {
        self.optional(name)?.ok_or_else(|| Refusal {
            reason: "missing_value",
            detail: format!("`{name}` is null"),
        })
    }
}

fn is_whole(text: &str) -> bool {
    !text.is_empty() && text.len() <= 18 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Why one record is left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) reason: &'static str,
    /// Holds no value of the record.
    pub(crate) detail: String,
}

impl Refusal {
    pub(crate) fn unknown(name: &str) -> Self {
        Self {
            reason: "unknown_value",
            detail: format!("`{name}` is none of the known words"),
        }
    }

    /// Counts the record as refused; `place` is such as `tickets/35436`.
    pub(crate) fn tell(&self, out: &mut Out<'_>, kind: RecordKind, place: &str) {
        out.reject(kind, self.reason, place, &self.detail);
    }
}

/// Reads a member that may be null but must be there: without this, serde takes an absent member
/// for null.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> std::result::Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

/// Reads a member that may be absent, and tells that from null.
pub(crate) fn present<'de, D, T>(
    deserializer: D,
) -> std::result::Result<Option<Option<T>>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// Says in the error what of the shape is new, without the value that stands there.
pub(crate) fn named(error: Error) -> Error {
    if error.class() != ErrorClass::SchemaChanged {
        return error;
    }
    let detail = error.internal_detail();
    let what = match (detail.find("missing field"), detail.find("expected")) {
        (Some(at), _) => &detail[at..],
        (None, Some(at)) => &detail[at..],
        (None, None) => "it is no JSON",
    };
    Error::schema_changed(format!("{}: {what}", error.user()))
}

/// Reads JSON of a webhook or a test as [`named`] says.
pub(crate) fn from_slice<T: serde::de::DeserializeOwned>(what: &str, bytes: &[u8]) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| {
        named(
            Error::schema_changed(format!("{what} is not of the known shape")).with_internal(error),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(json: &str) -> Stamp {
        serde_json::from_str(json).expect("a stamp")
    }

    #[test]
    fn a_time_is_read_in_every_form() {
        let expected = Stamp::At(Time::from_unix_s(1_767_225_600));
        for json in [
            r#""2026-01-01T00:00:00Z""#,
            r#""2026-01-01T01:00:00+01:00""#,
            r#""2026-01-01T00:00:00.000Z""#,
            "1767225600",
            "1767225600000",
            r#""1767225600""#,
            r#""1767225600000""#,
        ] {
            assert_eq!(stamp(json), expected, "{json}");
        }
        assert_eq!(stamp("null"), Stamp::Absent);
        for json in [r#""yesterday""#, r#""""#, "1.5"] {
            let refusal = stamp(json).optional("solved_at").expect_err(json);
            assert_eq!(refusal.reason, "bad_time", "{json}");
        }
        let refusal = Stamp::Absent.required("created_at").expect_err("null");
        assert_eq!(refusal.reason, "missing_value");
        assert!(serde_json::from_str::<Stamp>("true").is_err());
    }

    #[test]
    fn an_id_is_a_number_or_its_text() {
        let id = |json: &str| serde_json::from_str::<Id>(json).ok();
        assert_eq!(id("35436"), Some(Id("35436".to_owned())));
        assert_eq!(id(r#""35436""#), id("35436"));
        for json in [r#""""#, r#""a""#, "-1", "1.5", "null", "[]"] {
            assert_eq!(id(json), None, "{json}");
        }
    }

    #[test]
    fn an_absent_member_is_no_null() {
        #[derive(Debug, Deserialize)]
        struct Both {
            #[serde(deserialize_with = "nullable")]
            must: Option<u64>,
            #[serde(default, deserialize_with = "present")]
            may: Option<Option<u64>>,
        }
        let both = from_slice::<Both>("it", br#"{"must":null}"#).expect("null is there");
        assert_eq!((both.must, both.may), (None, None));
        let both = from_slice::<Both>("it", br#"{"must":1,"may":null}"#).expect("null is there");
        assert_eq!((both.must, both.may), (Some(1), Some(None)));
        let error = from_slice::<Both>("it", b"{}").expect_err("absent");
        assert_eq!(error.class(), ErrorClass::SchemaChanged);
        assert!(error.user().contains("missing field `must`"), "{error}");
    }

    #[test]
    fn a_value_of_another_type_is_told_without_the_value() {
        let error = from_slice::<u64>("it", br#""a@example.org""#).expect_err("a text");
        assert!(error.user().contains("expected u64"), "{error}");
        assert!(!format!("{error:?}").contains("example.org"), "{error:?}");
    }
}
