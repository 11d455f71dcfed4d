//! The source's own table: as written, then as checked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use vocd_plugin::records::Metric;
use vocd_plugin::{Error, Result, Time, parse_config};

/// Where Formbricks itself runs it.
const CLOUD_URL: &str = "https://app.formbricks.com";

/// The configuration as it is used.
#[derive(Debug)]
pub(crate) struct Config {
    /// Address without a slash at its end.
    pub(crate) url: String,
    /// Stands for the API key, which the host keeps.
    pub(crate) api_key: String,
    /// Ids of the surveys to keep; empty keeps all.
    pub(crate) surveys: BTreeSet<String>,
    /// Where a first read begins.
    pub(crate) start: Option<Time>,
    /// Contact attribute that names the customer.
    pub(crate) customer_attribute: String,
    /// What that attribute is, as a kind of alias.
    pub(crate) customer_alias: String,
    /// Fields kept as attributes.
    pub(crate) attributes: BTreeSet<String>,
    /// Ids of surveys about the whole relation.
    pub(crate) relational: BTreeSet<String>,
    /// What ratings measure, by question id.
    pub(crate) metrics: BTreeMap<String, Metric>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    url: Option<String>,
    api_key: String,
    /// The daemon's: it verifies webhooks before they get here.
    #[serde(default, rename = "webhook_secret")]
    _webhook_secret: Option<IgnoredAny>,
    #[serde(default)]
    surveys: BTreeSet<String>,
    start: Option<String>,
    customer: Option<RawCustomer>,
    #[serde(default)]
    attributes: BTreeSet<String>,
    #[serde(default)]
    relational: BTreeSet<String>,
    #[serde(default)]
    metrics: BTreeMap<String, RawMetric>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCustomer {
    attribute: String,
    alias: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RawMetric {
    Csat,
    Ces,
    Rating,
    Driver,
}

impl Config {
    /// Reads the source's table.
    pub(crate) fn parse(config_json: &str) -> Result<Self> {
        Self::try_from(parse_config::<RawConfig>(config_json)?)
    }

    /// Tells whether answers of a survey are wanted.
    pub(crate) fn wants(&self, survey: &str) -> bool {
        self.surveys.is_empty() || self.surveys.contains(survey)
    }
}

impl TryFrom<RawConfig> for Config {
    type Error = Error;

    fn try_from(raw: RawConfig) -> Result<Self> {
        let parse = |text: &String| {
            Time::parse_utc(text).map_err(|error| Error::config(format!("`start`: {error}")))
        };
        let customer = raw.customer.unwrap_or_else(|| RawCustomer {
            attribute: "email".to_owned(),
            alias: "email".to_owned(),
        });
        if raw.api_key.is_empty() {
            return Err(Error::config("`api_key` is empty"));
        }
        if customer.attribute.is_empty() || customer.alias.is_empty() {
            let text = "`customer` needs the name of a contact attribute and a kind of alias";
            return Err(Error::config(text));
        }
        let url = raw.url.as_deref().unwrap_or(CLOUD_URL);
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            api_key: raw.api_key,
            surveys: raw.surveys,
            start: raw.start.as_ref().map(parse).transpose()?,
            customer_attribute: customer.attribute,
            customer_alias: customer.alias,
            attributes: raw.attributes,
            relational: raw.relational,
            metrics: raw
                .metrics
                .into_iter()
                .map(|(question, metric)| (question, metric.into()))
                .collect(),
        })
    }
}

impl From<RawMetric> for Metric {
    fn from(raw: RawMetric) -> Self {
        match raw {
            RawMetric::Csat => Self::Csat,
            RawMetric::Ces => Self::Ces,
            RawMetric::Rating => Self::Rating,
            RawMetric::Driver => Self::Driver,
        }
    }
}

#[cfg(test)]
mod tests {
    use vocd_plugin::ErrorClass;

    use super::*;

    #[test]
    fn only_the_key_is_needed() {
        let config = Config::parse(r#"{"api_key":"k"}"#).expect("a configuration");
        assert_eq!(config.url, CLOUD_URL);
        assert_eq!(config.customer_attribute, "email");
        assert!(config.wants("any"));
        let own = r#"{"api_key":"k","url":"https://voc.example.org/","surveys":["a"]}"#;
        let own = Config::parse(own).expect("a configuration");
        assert_eq!(own.url, "https://voc.example.org");
        assert!(own.wants("a") && !own.wants("b"));
    }

    #[test]
    fn a_wrong_table_is_a_fault_that_names_the_key() {
        for (config, named) in [
            ("{}", "api_key"),
            (r#"{"api_key":""}"#, "api_key"),
            (r#"{"api_key":"k","start":"yesterday"}"#, "`start`"),
            (r#"{"api_key":"k","metrics":{"q":"nps"}}"#, "nps"),
            (r#"{"api_key":"k","survey":["a"]}"#, "survey"),
        ] {
            let error = Config::parse(config).expect_err(config);
            assert_eq!(error.class(), ErrorClass::Config, "{config}");
            assert!(error.user().contains(named), "{error}");
        }
    }
}
