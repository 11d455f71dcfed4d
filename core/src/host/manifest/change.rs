//! What a new build takes away from those who use the old one.

use std::collections::BTreeSet;

use serde_json::Value;

use super::Manifest;

/// Most breaking changes that are told of one build.
const TOLD_MAX: usize = 20;
/// How deep two schemas are compared.
const DEPTH_MAX: u32 = 16;
/// Pairs of parts that are compared; a schema of a large vendor has some hundreds.
const PAIRS_MAX: usize = 10_000;

impl Manifest {
    /// Returns what users of `before` lose with this manifest, in words; empty when it can take
    /// its place, at most 20.
    #[must_use]
    pub fn breaks_with(&self, before: &Self) -> Vec<String> {
        let mut told = Vec::new();
        if self.id != before.id {
            told.push(format!(
                "it is another plugin: `{}`, not `{}`",
                self.id, before.id
            ));
        }
        for cap in before.caps.iter().filter(|cap| !self.caps.contains(cap)) {
            told.push(format!("it can no longer `{cap}`"));
        }
        self.compare_streams(before, &mut told);
        let (format, format_before) = (self.checkpoint_format, before.checkpoint_format);
        if format != format_before {
            told.push(format!(
                "its checkpoints are of format {format}, the stored ones of {format_before}"
            ));
        }
        let mut comparison = Comparison {
            roots: (&before.config_schema, &self.config_schema),
            compared: BTreeSet::new(),
            told: &mut told,
        };
        comparison.look(&before.config_schema, &self.config_schema, "", DEPTH_MAX);
        told.truncate(TOLD_MAX);
        told
    }

    fn compare_streams(&self, before: &Self, told: &mut Vec<String>) {
        for stream in &before.streams {
            if !self.streams.contains(stream) {
                told.push(format!("it no longer reads the stream `{stream}`"));
                continue;
            }
            let none = BTreeSet::new();
            let kinds = self.kinds.get(stream).unwrap_or(&none);
            // A stream that names no kinds may emit any.
            let gone = before.kinds.get(stream).unwrap_or(&none).iter();
            for kind in gone.filter(|kind| !kinds.is_empty() && !kinds.contains(*kind)) {
                told.push(format!("its stream `{stream}` no longer gives `{kind}`"));
            }
        }
    }
}

struct Comparison<'a> {
    /// The whole schemas, before and after.
    roots: (&'a Value, &'a Value),
    /// Where the parts lie that were compared: references may form a ring.
    compared: BTreeSet<[usize; 2]>,
    told: &'a mut Vec<String>,
}

impl<'a> Comparison<'a> {
    fn look(&mut self, before: &'a Value, after: &'a Value, pointer: &str, depth: u32) {
        let Some(depth) = depth.checked_sub(1) else {
            return;
        };
        let before = target(self.roots.0, before);
        let after = target(self.roots.1, after);
        let pair = [before, after].map(|part| std::ptr::from_ref(part).addr());
        let is_full = self.compared.len() >= PAIRS_MAX || self.told.len() >= TOLD_MAX;
        if is_full || !self.compared.insert(pair) {
            return;
        }
        let place = match pointer {
            "" => "its configuration".to_owned(),
            pointer => format!("its key `{}`", &pointer[1..]),
        };
        for key in names(&after["required"]).difference(&names(&before["required"])) {
            self.told.push(format!("{place} now needs the key `{key}`"));
        }
        if let Some(narrowed) = narrowed(before, after) {
            self.told.push(format!("{place} {narrowed}"));
        }
        let members = |schema: &'a Value| schema["properties"].as_object();
        let is_closed = after["additionalProperties"] == Value::Bool(false);
        for (name, member) in members(before).into_iter().flatten() {
            match members(after).and_then(|members| members.get(name)) {
                Some(new) => self.look(member, new, &format!("{pointer}/{name}"), depth),
                None if is_closed => {
                    let what = format!("{place} no longer takes the key `{name}`");
                    self.told.push(what);
                }
                None => {}
            }
        }
        if before["items"].is_object() && after["items"].is_object() {
            let pointer = format!("{pointer}/[]");
            self.look(&before["items"], &after["items"], &pointer, depth);
        }
    }
}

/// Returns what a reference inside the schema points to, or the schema itself.
fn target<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"]
        .as_str()
        .and_then(|reference| reference.strip_prefix('#'));
    let target = pointer.and_then(|pointer| root.pointer(pointer));
    target.unwrap_or(schema)
}

fn names(list: &Value) -> BTreeSet<&str> {
    let names = list.as_array().into_iter().flatten();
    names.filter_map(Value::as_str).collect()
}

/// Says which values that were taken before are refused now.
fn narrowed(before: &Value, after: &Value) -> Option<String> {
    let types = |schema: &Value| -> BTreeSet<String> {
        let one = schema["type"].as_str().map(str::to_owned);
        let many = names(&schema["type"]).into_iter().map(str::to_owned);
        one.into_iter().chain(many).collect()
    };
    let (types_before, types_after) = (types(before), types(after));
    let takes = |kind: &String| {
        types_after.contains(kind) || (kind == "integer" && types_after.contains("number"))
    };
    let is_narrower = match types_before.is_empty() {
        // A choice says its type by its values, an object by its keys.
        true => {
            let is_open = before["enum"].is_null() && before["properties"].is_null();
            is_open && !types_after.is_empty() && before.is_object()
        }
        false => !types_after.is_empty() && !types_before.iter().all(takes),
    };
    if is_narrower {
        let list: Vec<&str> = types_after.iter().map(String::as_str).collect();
        return Some(format!("now takes {} only", list.join(" or ")));
    }
    let choices = after["enum"].as_array()?;
    let Some(choices_before) = before["enum"].as_array() else {
        return Some("now takes a choice of values only".to_owned());
    };
    let gone = choices_before
        .iter()
        .find(|choice| !choices.contains(choice))?;
    Some(format!("no longer takes {gone}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::host::manifest::tests::section;

    fn manifest(changes: &Value) -> Manifest {
        let mut json = json!({
            "voc": 1, "abi": [1, 0], "id": "org.acme", "version": "1", "caps": ["pull", "push"],
            "streams": [{"name": "rows", "kinds": ["activity", "response"]}, "more"],
            "checkpoint_format": 2,
            "config_schema": {
                "type": "object", "required": ["site"], "additionalProperties": false,
                "properties": {
                    "site": {"type": "string"},
                    "mode": {"enum": ["a", "b"]},
                    "n": {"type": "integer"},
                    "any": {},
                    "file": {"type": "array", "items": {"$ref": "#/$defs/file"}}
                },
                "$defs": {"file": {"properties": {"path": {"type": "string"}, "file": {"$ref": "#/$defs/file"}}}}
            }
        });
        for (pointer, value) in changes.as_object().expect("an object") {
            let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
            json.pointer_mut(parent).expect("there")[key] = value.clone();
        }
        Manifest::from_section(&section(&json.to_string())).expect("valid")
    }

    fn check(changes: &Value, expected: &[&str]) {
        let mut found = manifest(changes).breaks_with(&manifest(&json!({})));
        // A table of JSON may or may not keep its order.
        found.sort();
        let mut expected = expected.to_vec();
        expected.sort_unstable();
        assert_eq!(found, expected, "{changes}");
    }

    #[test]
    fn a_build_that_only_adds_breaks_nothing() {
        check(&json!({}), &[]);
        check(
            &json!({
                "/version": "2", "/egress": ["a.example"],
                "/streams": ["new", "more", {"name": "rows", "kinds": ["response", "event", "activity"]}],
                "/config_schema/properties/n": {"type": ["number", "string"]},
                "/config_schema/properties/mode": {"enum": ["b", "c", "a"]},
                "/config_schema/properties/new": {"type": "string"}
            }),
            &[],
        );
    }

    #[test]
    fn what_is_taken_away_is_named() {
        check(
            &json!({"/id": "org.other", "/caps": ["pull"]}),
            &[
                "it is another plugin: `org.other`, not `org.acme`",
                "it can no longer `push`",
            ],
        );
        check(
            &json!({"/streams": [{"name": "rows", "kinds": ["response"]}]}),
            &[
                "its stream `rows` no longer gives `activity`",
                "it no longer reads the stream `more`",
            ],
        );
        let format = "its checkpoints are of format 3, the stored ones of 2";
        check(&json!({"/checkpoint_format": 3}), &[format]);
    }

    #[test]
    fn a_configuration_that_no_longer_fits_is_named() {
        check(
            &json!({"/config_schema/required": ["site", "region"]}),
            &["its configuration now needs the key `region`"],
        );
        check(
            &json!({"/config_schema/$defs/file/required": ["path"]}),
            &["its key `file/[]` now needs the key `path`"],
        );
        check(
            &json!({"/config_schema/properties": {"site": {"type": "integer"}, "mode": {"enum": ["a"]}, "n": {"enum": [1]}, "any": {"type": "string"}}}),
            &[
                "its configuration no longer takes the key `file`",
                "its key `any` now takes string only",
                "its key `mode` no longer takes \"b\"",
                "its key `n` now takes a choice of values only",
                "its key `site` now takes integer only",
            ],
        );
    }
}
