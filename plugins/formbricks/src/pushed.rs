//! Webhooks: one response each, whole.

use serde::Deserialize;
use serde_json::Value;
use vocd_plugin::{Error, Result, Webhook};

use crate::submission::{Submission, shape_of};

#[derive(Debug, Deserialize)]
struct Delivery {
    event: String,
    #[serde(default)]
    data: Value,
}

/// Returns the response of a webhook; `None` for the one that tries the address.
pub(crate) fn submission(webhook: &Webhook<'_>) -> Result<Option<Submission>> {
    let delivery: Delivery = webhook.json()?;
    match delivery.event.as_str() {
        "responseCreated" | "responseUpdated" | "responseFinished" => {
            let submission = Submission::deserialize(delivery.data).map_err(|error| {
                Error::schema_changed(
                    "the webhook's response has a shape this plugin does not know",
                )
                .with_internal(shape_of(&error))
            })?;
            Ok(Some(submission))
        }
        "testEndpoint" => Ok(None),
        other => {
            let event: String = other.chars().take(40).collect();
            let text = format!("this plugin does not know webhooks of the event `{event}`");
            Err(Error::schema_changed(text))
        }
    }
}
