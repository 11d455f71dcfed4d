//! The source's own table: as written, then as checked.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::IgnoredAny;
use vocd_plugin::{Error, Result, parse_config};

/// The configuration as it is used.
#[derive(Debug)]
pub(crate) struct Config {
    /// Address without a slash at its end.
    pub(crate) url: String,
    /// Stands for the API token, which the host keeps.
    pub(crate) api_token: String,
    /// Where columns of organisations come from.
    pub(crate) organization: Fields,
    /// Where columns of persons come from.
    pub(crate) person: Fields,
    /// Which deals are contracts.
    pub(crate) subscriptions: Option<Contracts>,
}

/// Field of the vendor by column.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fields {
    pub(crate) segment: Option<String>,
    pub(crate) industry: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) plan: Option<String>,
    /// Field by attribute.
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
}

/// How a deal is a contract.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contracts {
    /// Pipelines whose won deals they are.
    pub(crate) pipelines: BTreeSet<u64>,
    /// Field with the price.
    #[serde(default = "amount")]
    pub(crate) amount: String,
    /// Months that the price is for.
    #[serde(default = "months")]
    pub(crate) months: u32,
    /// Field with the plan.
    pub(crate) plan: Option<String>,
    /// Field with the first day.
    pub(crate) starts: Option<String>,
    /// Field with the day it is over.
    pub(crate) ends: Option<String>,
    /// Whether earlier prices are read.
    #[serde(default = "history")]
    pub(crate) history: bool,
}

fn amount() -> String {
    "mrr".to_owned()
}

const fn months() -> u32 {
    1
}

const fn history() -> bool {
    true
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawConfig {
    company: Option<String>,
    url: Option<String>,
    api_token: String,
    /// The daemon's, like the password: it verifies webhooks before they get here.
    #[serde(default, rename = "webhook_user")]
    _webhook_user: Option<IgnoredAny>,
    #[serde(default, rename = "webhook_password")]
    _webhook_password: Option<IgnoredAny>,
    #[serde(default)]
    organization: Fields,
    #[serde(default)]
    person: Fields,
    subscriptions: Option<Contracts>,
}

impl Config {
    /// Reads the source's table.
    pub(crate) fn parse(config_json: &str) -> Result<Self> {
        Self::try_from(parse_config::<RawConfig>(config_json)?)
    }
}

impl TryFrom<RawConfig> for Config {
    type Error = Error;

    fn try_from(raw: RawConfig) -> Result<Self> {
        let url = match (raw.company, raw.url) {
            (Some(company), None) => address(&company)?,
            (None, Some(url)) => url.trim_end_matches('/').to_owned(),
            (None, None) => return Err(Error::config("`company` is missing, such as \"acme\"")),
            (Some(_), Some(_)) => {
                return Err(Error::config("set `company` or `url`, not both"));
            }
        };
        if raw.api_token.is_empty() {
            return Err(Error::config("`api_token` is empty"));
        }
        if let Some(contracts) = &raw.subscriptions {
            contracts.check()?;
        }
        Ok(Self {
            url,
            api_token: raw.api_token,
            organization: raw.organization,
            person: raw.person,
            subscriptions: raw.subscriptions,
        })
    }
}

impl Contracts {
    fn check(&self) -> Result<()> {
        if self.pipelines.is_empty() || self.pipelines.contains(&0) {
            let text = "`subscriptions.pipelines` needs the ids of the pipelines of contracts";
            return Err(Error::config(text));
        }
        match self.months {
            1..=120 => Ok(()),
            _ => Err(Error::config("`subscriptions.months` is 1 to 120")),
        }
    }
}

/// Returns the address of a company; what it holds must not lead elsewhere.
fn address(company: &str) -> Result<String> {
    let is_name = (1..=63).contains(&company.len())
        && !company.starts_with('-')
        && company
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    match is_name {
        true => Ok(format!("https://{company}.pipedrive.com")),
        false => Err(Error::config(
            "`company` is the first part of your address: `acme` of https://acme.pipedrive.com",
        )),
    }
}

#[cfg(test)]
mod tests {
    use vocd_plugin::ErrorClass;

    use super::*;

    #[test]
    fn a_company_is_an_address() {
        let config = r#"{"company":"acme","api_token":"t","subscriptions":{"pipelines":[1]}}"#;
        let config = Config::parse(config).expect("a configuration");
        assert_eq!(config.url, "https://acme.pipedrive.com");
        let contracts = config.subscriptions.expect("wanted");
        assert_eq!((contracts.amount.as_str(), contracts.months), ("mrr", 1));
        assert!(contracts.history);
        let own = Config::parse(r#"{"url":"http://127.0.0.1:9/","api_token":"t"}"#);
        assert_eq!(own.expect("a configuration").url, "http://127.0.0.1:9");
    }

    #[test]
    fn a_wrong_table_is_a_fault_that_names_the_key() {
        for (config, named) in [
            (r#"{"api_token":"t"}"#, "`company`"),
            (
                r#"{"company":"a","url":"http://b","api_token":"t"}"#,
                "`url`",
            ),
            (
                r#"{"company":"evil.example/","api_token":"t"}"#,
                "`company`",
            ),
            (r#"{"company":"a"}"#, "api_token"),
            (r#"{"company":"a","api_token":""}"#, "`api_token`"),
            (
                r#"{"company":"a","api_token":"t","subscriptions":{"pipelines":[]}}"#,
                "pipelines",
            ),
            (
                r#"{"company":"a","api_token":"t","subscriptions":{"pipelines":[1],"months":0}}"#,
                "months",
            ),
            (r#"{"company":"a","api_token":"t","persons":{}}"#, "persons"),
        ] {
            let error = Config::parse(config).expect_err(config);
            assert_eq!(error.class(), ErrorClass::Config, "{config}");
            assert!(error.user().contains(named), "{error}");
        }
    }
}
