//! Reads the `attributes` of a record: a JSON object of scalars, nothing nested.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Whether the text is a JSON object whose values are texts, numbers, flags or null.
pub(super) fn is_flat_object(text: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(text);
    reader.deserialize_map(FlatObject).is_ok() && reader.end().is_ok()
}

struct FlatObject;

impl<'de> Visitor<'de> for FlatObject {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object of scalars")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_key::<IgnoredAny>()?.is_some() {
            map.next_value::<Scalar>()?;
        }
        Ok(())
    }
}

struct Scalar;

impl<'de> serde::Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Scalar)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Self;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, a number, a flag or null")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, _: A) -> Result<Self, A::Error> {
        Err(serde::de::Error::custom("nested list"))
    }

    fn visit_map<A: MapAccess<'de>>(self, _: A) -> Result<Self, A::Error> {
        Err(serde::de::Error::custom("nested object"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_flat_objects_are_attributes() {
        let cases = [
            (
                r#"{"a": 1, "b": "x", "c": null, "d": true, "e": -1.5}"#,
                true,
            ),
            ("{}", true),
            (r#"{"a": {"b": 1}}"#, false),
            (r#"{"a": [1]}"#, false),
            ("[]", false),
            ("1", false),
            (r#"{"a": 1} x"#, false),
            ("", false),
        ];
        for (text, expected) in cases {
            assert_eq!(is_flat_object(text), expected, "{text}");
        }
    }
}
