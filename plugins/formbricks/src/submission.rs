//! One response of the vendor: what a customer answered in one go.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Map, Value};
use vocd_plugin::Time;

/// A response as the management API (version 2) and webhooks show it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Submission {
    /// Its id.
    pub(crate) id: String,
    /// When the customer began.
    pub(crate) created_at: Time,
    /// When anything of it last changed.
    pub(crate) updated_at: Time,
    /// Whether the customer came to the end.
    pub(crate) finished: bool,
    /// The survey's id.
    pub(crate) survey_id: String,
    /// Answer by question id; hidden fields stand here too.
    pub(crate) data: Map<String, Value>,
    /// What the survey calculated.
    #[serde(default)]
    pub(crate) variables: Option<Map<String, Value>>,
    /// `default`, or a code such as `de`.
    #[serde(default)]
    pub(crate) language: Option<String>,
    #[serde(default)]
    contact_id: Option<String>,
    /// Only webhooks have it.
    #[serde(default)]
    contact: Option<Contact>,
    /// What was known of the customer then.
    #[serde(default)]
    pub(crate) contact_attributes: Option<Map<String, Value>>,
    #[serde(default)]
    meta: Option<Circumstances>,
}

#[derive(Debug, Deserialize)]
struct Contact {
    id: String,
}

/// Where and with what it was answered.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Circumstances {
    country: Option<String>,
    source: Option<String>,
    action: Option<String>,
    user_agent: Option<Browser>,
}

#[derive(Debug, Deserialize)]
struct Browser {
    device: Option<String>,
    os: Option<String>,
}

impl Submission {
    /// Returns the vendor's id of the customer, if they are known.
    pub(crate) fn contact_id(&self) -> Option<&str> {
        let of_contact = || Some(self.contact.as_ref()?.id.as_str());
        self.contact_id.as_deref().or_else(of_contact)
    }

    /// Returns the language it was answered in, if it was not the survey's own.
    pub(crate) fn language(&self) -> Option<&str> {
        self.language.as_deref().filter(|code| *code != "default")
    }

    /// Returns a contact attribute as text.
    pub(crate) fn contact_attribute(&self, name: &str) -> Option<String> {
        text_of(self.contact_attributes.as_ref()?.get(name)?)
    }

    /// Returns where and with what it was answered, by name.
    pub(crate) fn circumstances(&self) -> BTreeMap<&'static str, &str> {
        let Some(meta) = &self.meta else {
            return BTreeMap::new();
        };
        let browser = meta.user_agent.as_ref();
        let known = [
            ("country", meta.country.as_deref()),
            ("source", meta.source.as_deref()),
            ("action", meta.action.as_deref()),
            (
                "device",
                browser.and_then(|browser| browser.device.as_deref()),
            ),
            ("os", browser.and_then(|browser| browser.os.as_deref())),
        ];
        let known = known
            .into_iter()
            .filter_map(|(name, text)| Some((name, text?)));
        known.filter(|(_, text)| !text.is_empty()).collect()
    }
}

/// Returns a text or a number as text; `None` for everything else and for what is blank.
pub(crate) fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            (!text.is_empty()).then(|| text.to_owned())
        }
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// Returns what is wrong without the value itself, which may be personal.
pub(crate) fn shape_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.strip_prefix("missing field ") {
        Some(field) => format!("it has no {field}"),
        None => "a field is of another type than this plugin knows".to_owned(),
    }
}
