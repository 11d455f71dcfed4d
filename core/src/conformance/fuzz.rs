//! Configurations nobody wrote: right in form but odd, or wrong in one place, from the schema.

use serde_json::{Map, Number, Value, json};

use super::Dice;

/// Nested schemas filled in; references may form a ring.
const DEPTH_MAX: usize = 12;
/// Items and keys of one invented value.
const ITEMS_MAX: usize = 4;

/// Texts that parsers stumble over.
const TEXTS: [&str; 10] = [
    "",
    "a",
    "\0",
    "../../etc/passwd",
    "*?[",
    "\u{1f600}\u{202e}\u{fffd}",
    "{\"a\":1}",
    "2026-02-30T25:61:00Z",
    "https://[::1]:99999/%zz",
    "%s%n%x",
];

/// Returns a configuration along a schema; every third value or so is of another type.
pub(super) fn invent(dice: &mut Dice, schema: &Value) -> Value {
    Inventor { dice, root: schema }.value(schema, DEPTH_MAX)
}

/// Returns configurations that are wrong whatever the schema says, or very large.
pub(super) fn oddities() -> Vec<(&'static str, Value)> {
    /// Bytes of one long text: far above any setting, below the largest configuration.
    const TEXT_BYTES: usize = 1024 * 1024;
    /// Keys of one wide table.
    const N_KEYS: usize = 20_000;
    /// Lists inside each other: below what the JSON readers of this project refuse.
    const DEPTH: usize = 100;
    let wide: Map<String, Value> = (0..N_KEYS)
        .map(|idx| (format!("key-{idx}"), Value::from(idx)))
        .collect();
    let deep = (0..DEPTH).fold(Value::Null, |inner, _| json!([inner]));
    vec![
        ("null", Value::Null),
        ("a list", json!([])),
        ("a text", json!("text")),
        ("a number", json!(-1)),
        ("a flag", json!(true)),
        ("a long text", json!({ "a": "x".repeat(TEXT_BYTES) })),
        ("a wide table", Value::Object(wide)),
        ("a deep list", json!({ "a": deep })),
    ]
}

struct Inventor<'a> {
    dice: &'a mut Dice,
    root: &'a Value,
}

impl Inventor<'_> {
    fn value(&mut self, schema: &Value, depth: usize) -> Value {
        let Some(depth) = depth.checked_sub(1) else {
            return Value::Null;
        };
        if self.dice.below(8) == 0 {
            return self.anything();
        }
        if let Some(target) = self.target(schema) {
            return self.value(&target, depth);
        }
        for key in ["enum", "anyOf", "oneOf", "allOf"] {
            let choices = schema[key].as_array().filter(|choices| !choices.is_empty());
            if let Some(choices) = choices {
                let choice = choices[self.dice.below(choices.len())].clone();
                return match key {
                    "enum" => choice,
                    _ => self.value(&choice, depth),
                };
            }
        }
        if let Some(constant) = schema.get("const") {
            return constant.clone();
        }
        let types = schema["type"].as_array();
        let name = types
            .and_then(|types| types[self.dice.below(types.len())].as_str())
            .or(schema["type"].as_str());
        match name {
            Some("object") => self.object(schema, depth),
            Some("array") => {
                let n_items = self.dice.below(ITEMS_MAX);
                (0..n_items)
                    .map(|_| self.value(&schema["items"], depth))
                    .collect()
            }
            Some("string") => Value::from(self.text()),
            Some("integer" | "number") => self.number(),
            Some("boolean") => Value::from(self.dice.below(2) == 0),
            _ => self.anything(),
        }
    }

    /// Follows a reference inside the schema.
    fn target(&self, schema: &Value) -> Option<Value> {
        let pointer = schema["$ref"].as_str()?.strip_prefix('#')?;
        self.root.pointer(pointer).cloned()
    }

    fn object(&mut self, schema: &Value, depth: usize) -> Value {
        let mut members = Map::new();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            if self.dice.below(4) > 0 {
                members.insert(name.clone(), self.value(property, depth));
            }
        }
        let more = &schema["additionalProperties"];
        if more.is_object() || self.dice.below(8) == 0 {
            for _ in 0..self.dice.below(ITEMS_MAX) {
                let name = self.text().to_owned();
                members.insert(name, self.value(more, depth));
            }
        }
        Value::Object(members)
    }

    fn text(&mut self) -> &'static str {
        TEXTS[self.dice.below(TEXTS.len())]
    }

    fn number(&mut self) -> Value {
        let numbers = [0.0, -1.0, 1.0, 0.5, 1e308, 4_294_967_296.0, -9.3e18];
        match self.dice.below(3) {
            0 => Value::from(i64::MIN),
            1 => Value::from(self.dice.next() % 1_000),
            _ => Number::from_f64(numbers[self.dice.below(numbers.len())])
                .map_or(Value::Null, Value::Number),
        }
    }

    fn anything(&mut self) -> Value {
        match self.dice.below(6) {
            0 => Value::Null,
            1 => Value::from(self.dice.below(2) == 0),
            2 => self.number(),
            3 => Value::from(self.text()),
            4 => json!([self.text()]),
            _ => json!({ self.text(): self.text() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_contains_itself_ends() {
        let schema = json!({ "type": "object", "properties": { "a": { "$ref": "#" } } });
        let mut dice = Dice::new(1);
        for _ in 0..200 {
            let invented = invent(&mut dice, &schema);
            assert!(invented.to_string().len() < 10_000);
        }
    }

    #[test]
    fn the_same_seed_invents_the_same_and_some_of_it_fits() {
        let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } } });
        let invented = |seed| {
            let mut dice = Dice::new(seed);
            let all: Vec<Value> = (0..50).map(|_| invent(&mut dice, &schema)).collect();
            all
        };
        assert_eq!(invented(1), invented(1));
        assert!(invented(1).iter().any(|config| config["n"].is_i64()));
        assert!(invented(1).iter().any(|config| !config.is_object()));
    }
}
