//! Values of a configuration whose property its schema marks, such as `x-voc-path`.

use serde_json::Value;

/// Marks a property of a configuration whose text nobody may be told.
pub const SECRET_MARK: &str = "x-voc-secret";

/// How deep a schema and a configuration are looked into; references may form a ring.
const DEPTH_MAX: u32 = 32;
/// Looks at parts of a schema; a schema that refers to itself twice doubles them at each level.
const LOOKS_MAX: u32 = 100_000;

/// A marked text of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Marked<'a> {
    /// Where it stands, as a JSON pointer.
    pub pointer: String,
    /// The text.
    pub text: &'a str,
}

/// Returns the texts of `config` at which `schema` has each of `marks` set to true, by pointer.
///
/// Follows `properties`, `additionalProperties`, `items`, `prefixItems`, the combinators and
/// references inside the schema.
#[must_use]
pub fn marked<'a>(schema: &Value, config: &'a Value, marks: &[&str]) -> Vec<Marked<'a>> {
    let mut search = Search {
        root: schema,
        marks,
        n_looks: 0,
        found: Vec::new(),
    };
    search.look(schema, config, "", DEPTH_MAX);
    let mut found = search.found;
    found.sort_unstable();
    found.dedup();
    found
}

struct Search<'s, 'a> {
    root: &'s Value,
    marks: &'s [&'s str],
    n_looks: u32,
    found: Vec<Marked<'a>>,
}

impl<'s, 'a> Search<'s, 'a> {
    fn look(&mut self, schema: &'s Value, value: &'a Value, pointer: &str, depth: u32) {
        let Some(depth) = depth.checked_sub(1).filter(|_| self.n_looks < LOOKS_MAX) else {
            return;
        };
        self.n_looks += 1;
        if let Value::String(text) = value
            && self
                .marks
                .iter()
                .all(|mark| schema[*mark] == Value::Bool(true))
        {
            self.found.push(Marked {
                pointer: pointer.to_owned(),
                text,
            });
        }
        if let Some(target) = self.target(schema) {
            self.look(target, value, pointer, depth);
        }
        for combinator in ["allOf", "anyOf", "oneOf"] {
            for part in schema[combinator].as_array().into_iter().flatten() {
                self.look(part, value, pointer, depth);
            }
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let own = schema["properties"].get(name);
                    let of_member = own.unwrap_or(&schema["additionalProperties"]);
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.look(of_member, member, &format!("{pointer}/{name}"), depth);
                }
            }
            Value::Array(items) => {
                for (idx, item) in items.iter().enumerate() {
                    let own = schema["prefixItems"].get(idx);
                    let of_item = own.unwrap_or(&schema["items"]);
                    self.look(of_item, item, &format!("{pointer}/{idx}"), depth);
                }
            }
            _ => {}
        }
    }

    /// Returns what a reference inside the schema points to.
    fn target(&self, schema: &Value) -> Option<&'s Value> {
        let reference = schema["$ref"].as_str()?;
        self.root.pointer(reference.strip_prefix('#')?)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn marked_texts_are_found_wherever_they_stand() {
        let schema = json!({
            "properties": {
                "file": { "type": "array", "items": { "$ref": "#/$defs/file" } },
                "key": { "type": "string", "x-voc-path": true },
                "either": { "anyOf": [{ "type": "integer" }, { "type": "string", "x-voc-path": true }] },
                "pair": { "prefixItems": [{ "type": "string" }, { "x-voc-path": true }] },
                "plain": { "type": "string", "x-voc-path": false }
            },
            "additionalProperties": { "x-voc-path": true },
            "$defs": { "file": { "properties": { "path": { "x-voc-path": true } } } }
        });
        let config = json!({
            "file": [{ "path": "a.csv" }, { "path": "b/*.csv", "other": "no" }],
            "key": "k.pem", "either": "e", "pair": ["no", "p"], "plain": "no", "more": "m",
            "number": 5
        });
        let found = marked(&schema, &config, &["x-voc-path"]);
        let texts: Vec<&str> = found.iter().map(|one| one.text).collect();
        assert_eq!(texts, ["e", "a.csv", "b/*.csv", "k.pem", "m", "p"]);
        assert_eq!(found[1].pointer, "/file/0/path");
    }

    #[test]
    fn every_mark_is_asked_for_and_a_name_is_escaped() {
        let schema = json!({ "additionalProperties": { "a": true, "b": true } });
        let config = json!({ "x/y~": "text", "number": 7 });
        let found = marked(&schema, &config, &["a", "b"]);
        assert_eq!(found[0].pointer, "/x~1y~0");
        assert_eq!(config.pointer(&found[0].pointer), Some(&json!("text")));
        assert!(marked(&schema, &config, &["a", "c"]).is_empty());
    }

    #[test]
    fn a_ring_of_references_ends() {
        let schema = json!({ "$ref": "#", "anyOf": [{ "$ref": "#" }], "x-voc-path": true });
        assert_eq!(marked(&schema, &json!("a"), &["x-voc-path"]).len(), 1);
    }
}
