//! Fields of an object by the key that the configuration names: the vendor's own and custom ones.

use serde_json::Value;
use vocd_plugin::{Money, Time};

/// Returns a field: a custom one by its key, else one of the vendor's by name, dots leading inside.
fn find<'a>(object: &'a Value, key: &str) -> Option<&'a Value> {
    let custom = object
        .get("custom_fields")
        .and_then(|fields| fields.get(key));
    let own = || {
        key.split('.')
            .try_fold(object, |value, name| value.get(name))
    };
    custom.or_else(own).filter(|value| !value.is_null())
}

/// Returns a field as text: an option by its label, several joined by commas.
pub(crate) fn text(object: &Value, key: &str) -> Option<String> {
    let text = plain(find(object, key)?)?;
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Array(values) => {
            let texts: Vec<String> = values.iter().filter_map(plain).collect();
            (!texts.is_empty()).then(|| texts.join(", "))
        }
        // An option, a user, an address, an amount of money, ….
        Value::Object(members) => ["label", "name", "value", "id"]
            .iter()
            .find_map(|name| plain(members.get(*name)?)),
        Value::Null => None,
    }
}

/// Returns a field as an amount of money; `None` also when it is no number.
pub(crate) fn money(object: &Value, key: &str) -> Option<Money> {
    amount(find(object, key)?)
}

/// Reads an amount of money: a number, a text, or a custom field with its currency.
pub(crate) fn amount(value: &Value) -> Option<Money> {
    match value {
        Value::Number(number) => match Money::parse(&number.to_string()) {
            Some(exact) => Some(exact),
            None => Money::from_f64(number.as_f64()?),
        },
        Value::String(text) => Money::parse(text.trim()),
        Value::Object(members) => amount(members.get("value")?),
        _ => None,
    }
}

/// Returns a field as an instant; a date is its first instant, UTC.
pub(crate) fn time(object: &Value, key: &str) -> Option<Time> {
    Time::parse_utc(&text(object, key)?).ok()
}

/// Reads a text as an instant, as the changelog and custom dates write them.
pub(crate) fn instant(value: &Value) -> Option<Time> {
    Time::parse_utc(plain(value)?.trim()).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_form_of_a_field_is_a_text() {
        let object = json!({
            "name": " ACME ", "address": {"country": "DE", "value": "Street 1"}, "owner_id": 7,
            "empty": "", "nothing": null,
            "custom_fields": {
                "a1": {"id": 3, "label": "Enterprise"}, "b2": [{"id": 1, "label": "x"}, {"id": 2}],
                "c3": {"type": "enum", "id": 9}, "d4": {"value": 12.5, "currency": "EUR"}, "e5": null,
            }
        });
        for (key, expected) in [
            ("name", Some("ACME")),
            ("address.country", Some("DE")),
            ("address", Some("Street 1")),
            ("owner_id", Some("7")),
            ("a1", Some("Enterprise")),
            ("b2", Some("x, 2")),
            ("c3", Some("9")),
            ("d4", Some("12.5")),
            ("e5", None),
            ("empty", None),
            ("nothing", None),
            ("address.street.number", None),
        ] {
            assert_eq!(text(&object, key).as_deref(), expected, "{key}");
        }
        assert_eq!(money(&object, "d4"), Money::parse("12.5"));
        assert_eq!(money(&object, "name"), None);
    }

    #[test]
    fn money_is_exact_where_it_can_be() {
        assert_eq!(amount(&json!(0.1)), Money::parse("0.1"));
        assert_eq!(amount(&json!("1490")), Money::parse("1490"));
        assert_eq!(amount(&json!(33.333_333_3)), Money::parse("33.3333"));
        for value in [
            json!("a lot"),
            json!(true),
            json!([]),
            json!({"currency": "EUR"}),
        ] {
            assert_eq!(amount(&value), None, "{value}");
        }
    }

    #[test]
    fn dates_and_instants_are_utc() {
        let object =
            json!({"custom_fields": {"a": "2026-01-02"}, "won_time": "2026-01-02T00:00:00Z"});
        assert_eq!(time(&object, "a"), time(&object, "won_time"));
        assert_eq!(instant(&json!("2026-01-02 00:00:00")), time(&object, "a"));
        assert_eq!(instant(&json!("soon")), None);
    }
}
