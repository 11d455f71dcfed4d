//! Values of a configuration whose property its schema marks, such as `x-voc-path`.

use serde_json::Value;

/// Nested schemas looked into; references may form a ring.
const DEPTH_MAX: usize = 32;

/// Returns the texts of `config` at which `schema` has `mark` set to true, in no order.
///
/// Follows `properties`, `additionalProperties`, `items`, `prefixItems`, the combinators and
/// references inside the schema.
#[must_use]
pub fn marked<'a>(schema: &Value, config: &'a Value, mark: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let search = Search { root: schema, mark };
    search.look(schema, config, DEPTH_MAX, &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

struct Search<'s> {
    root: &'s Value,
    mark: &'s str,
}

impl Search<'_> {
    fn look<'a>(&self, schema: &Value, value: &'a Value, depth: usize, found: &mut Vec<&'a str>) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        if schema.get(self.mark) == Some(&Value::Bool(true)) {
            found.extend(value.as_str());
        }
        if let Some(target) = self.target(schema) {
            self.look(target, value, depth, found);
        }
        for combinator in ["anyOf", "oneOf", "allOf"] {
            let parts = schema.get(combinator).and_then(Value::as_array);
            for part in parts.into_iter().flatten() {
                self.look(part, value, depth, found);
            }
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let own = schema.pointer("/properties").and_then(|all| all.get(name));
                    if let Some(of_member) = own.or_else(|| schema.get("additionalProperties")) {
                        self.look(of_member, member, depth, found);
                    }
                }
            }
            Value::Array(items) => {
                let first = schema.get("prefixItems").and_then(Value::as_array);
                for (idx, item) in items.iter().enumerate() {
                    let own = first.and_then(|schemas| schemas.get(idx));
                    if let Some(of_item) = own.or_else(|| schema.get("items")) {
                        self.look(of_item, item, depth, found);
                    }
                }
            }
            _ => {}
        }
    }

    /// Returns what a reference inside the schema points to.
    fn target(&self, schema: &Value) -> Option<&Value> {
        let reference = schema.get("$ref")?.as_str()?;
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
        assert_eq!(
            marked(&schema, &config, "x-voc-path"),
            ["a.csv", "b/*.csv", "e", "k.pem", "m", "p"]
        );
    }

    #[test]
    fn a_ring_of_references_ends() {
        let schema = json!({ "$ref": "#", "anyOf": [{ "$ref": "#" }], "x-voc-path": true });
        assert_eq!(marked(&schema, &json!("a"), "x-voc-path"), ["a"]);
    }
}
