//! Webhooks of version 2: which object changed.

use serde::Deserialize;
use serde_json::Value;
use vocd_plugin::{Error, Result, Time, Webhook};

use crate::entity::Entity;

/// What a webhook tells.
#[derive(Debug)]
pub(crate) struct Change {
    /// What changed.
    pub(crate) entity: Entity,
    /// Which one.
    pub(crate) id: u64,
    /// When, for deletions; the object's last state where it is told.
    pub(crate) deleted: Option<(Time, Value)>,
}

#[derive(Debug, Deserialize)]
struct Delivery {
    meta: Meta,
    #[serde(default)]
    previous: Value,
}

#[derive(Debug, Deserialize)]
struct Meta {
    version: Option<String>,
    action: Option<String>,
    entity: Option<String>,
    entity_id: Option<Value>,
    timestamp: Option<Value>,
}

/// Reads a webhook; `None` for one about something that is no record.
pub(crate) fn change(webhook: &Webhook<'_>) -> Result<Option<Change>> {
    let Delivery { meta, previous } = webhook.json()?;
    if meta.version.as_deref() != Some("2.0") {
        let text = "the webhook is not of version 2.0: create it anew with that `version`";
        return Err(Error::schema_changed(text));
    }
    let (Some(action), Some(entity)) = (&meta.action, &meta.entity) else {
        return Err(unknown("does not say what happened to what"));
    };
    let entity = match entity.as_str() {
        "deal" => Entity::Deal,
        "person" => Entity::Person,
        "organization" => Entity::Organization,
        // Wildcards bring them too.
        _ => return Ok(None),
    };
    let id = meta.entity_id.as_ref().and_then(number);
    let id = id.ok_or_else(|| unknown("names no object"))?;
    let deleted = match action.as_str() {
        "create" | "change" => None,
        "delete" => {
            let at = meta.timestamp.as_ref().and_then(instant);
            let at = at.ok_or_else(|| unknown("does not say when something was deleted"))?;
            Some((at, previous))
        }
        other => {
            let other: String = other.chars().take(40).collect();
            return Err(unknown(&format!("tells of the unknown action `{other}`")));
        }
    };
    Ok(Some(Change {
        entity,
        id,
        deleted,
    }))
}

fn unknown(what: &str) -> Error {
    Error::schema_changed(format!("the webhook {what}"))
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Reads a time, which the documentation shows as text and as seconds since 1970.
fn instant(value: &Value) -> Option<Time> {
    match value {
        Value::String(text) => Time::parse_utc(text).ok(),
        Value::Number(seconds) => seconds.as_i64().map(Time::from_unix_s),
        _ => None,
    }
}
