//! The source's own table, checked.

use serde::Deserialize;
use vocd_plugin::{Auth, Error, Result, Time, parse_config};

/// Days for which answers of the new survey are read again.
const REREAD_DAYS: u32 = 30;

/// `[source.config]` as written; `config.schema.json` describes the same to `vocd check`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    subdomain: Option<String>,
    url: Option<String>,
    email: Option<String>,
    token: Option<String>,
    oauth_token: Option<String>,
    /// Only the daemon has a use for it.
    #[serde(rename = "webhook_secret")]
    _webhook_secret: Option<serde_json::Value>,
    start: Option<String>,
    #[serde(default)]
    csat: Csat,
    reread_days: Option<u32>,
    category_field: Option<u64>,
    external_id_alias: Option<String>,
    #[serde(default)]
    organization_fields: OrganizationFields,
}

/// Which satisfaction survey the account has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Csat {
    /// Whichever answers.
    #[default]
    Auto,
    /// Good or bad.
    Legacy,
    /// Surveys with questions of their own.
    New,
    /// None is read.
    Off,
}

/// Keys of the organisation fields that hold customer dimensions.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrganizationFields {
    pub(crate) segment: Option<String>,
    pub(crate) industry: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) plan: Option<String>,
}

/// The checked configuration.
#[derive(Debug)]
pub(crate) struct Config {
    /// Without a slash at the end.
    pub(crate) base: String,
    pub(crate) login: Login,
    /// What last changed before is left out.
    pub(crate) start: Time,
    pub(crate) csat: Csat,
    pub(crate) reread_days: u32,
    pub(crate) fields: Fields,
}

/// Which vendor fields become which columns.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    /// Id of the ticket field with the category.
    pub(crate) category: Option<String>,
    /// What stands before external ids in aliases.
    pub(crate) external_id_alias: Option<String>,
    pub(crate) organization: OrganizationFields,
}

/// Whose credentials requests carry; the secrets are references.
#[derive(Debug, Clone)]
pub(crate) enum Login {
    Token { email: String, reference: String },
    OAuth { reference: String },
}

impl Login {
    pub(crate) fn auth(&self) -> Auth {
        match self {
            Self::Token { email, reference } => {
                Auth::basic(reference, &format!("{email}/token:{{secret}}"))
            }
            Self::OAuth { reference } => Auth::bearer(reference),
        }
    }
}

impl Config {
    pub(crate) fn parse(config_json: &str) -> Result<Self> {
        let raw: Raw = parse_config(config_json)?;
        let base = match (raw.url, raw.subdomain) {
            (Some(url), _) => url.trim_end_matches('/').to_owned(),
            (None, Some(subdomain)) if is_subdomain(&subdomain) => {
                format!("https://{subdomain}.zendesk.com")
            }
            (None, Some(_)) => {
                return Err(Error::config(
                    "`subdomain` is the part before .zendesk.com alone, such as acme",
                ));
            }
            (None, None) => return Err(Error::config("set `subdomain`, such as acme")),
        };
        let login = match (raw.email, raw.token, raw.oauth_token) {
            (Some(email), Some(reference), None) if !email.contains(['{', ':']) => {
                Login::Token { email, reference }
            }
            (Some(_), Some(_), None) => return Err(Error::config("`email` is no address")),
            (None, None, Some(reference)) => Login::OAuth { reference },
            _ => {
                return Err(Error::config(
                    "set either `email` and `token`, or `oauth_token` alone",
                ));
            }
        };
        let start = match raw.start {
            None => Time::from_unix_s(0),
            Some(text) => Time::parse_utc(&text)
                .map_err(|error| Error::config(format!("`start`: {error}")))?,
        };
        Ok(Self {
            base,
            login,
            start,
            csat: raw.csat,
            reread_days: raw.reread_days.unwrap_or(REREAD_DAYS),
            fields: Fields {
                category: raw.category_field.map(|id| id.to_string()),
                external_id_alias: raw.external_id_alias,
                organization: raw.organization_fields,
            },
        })
    }
}

fn is_subdomain(text: &str) -> bool {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    !text.is_empty() && text.len() <= 63 && text.bytes().all(is_known) && !text.starts_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(json: &str) -> String {
        Config::parse(json).expect_err("a fault").user().to_owned()
    }

    #[test]
    fn the_smallest_configuration_reads_everything() {
        let config =
            Config::parse(r#"{"subdomain":"acme","email":"a@b.c","token":"$secret:/token"}"#)
                .expect("valid");
        assert_eq!(config.base, "https://acme.zendesk.com");
        assert_eq!(config.start, Time::from_unix_s(0));
        assert_eq!((config.csat, config.reread_days), (Csat::Auto, 30));
        let auth = Auth::basic("$secret:/token", "a@b.c/token:{secret}");
        assert_eq!(config.login.auth(), auth);
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(fault(r#"{"email":"a@b.c","token":"t"}"#).contains("`subdomain`"));
        assert!(fault(r#"{"subdomain":"a.b","email":"a@b.c","token":"t"}"#).contains("alone"));
        assert!(fault(r#"{"subdomain":"a","token":"t"}"#).contains("`oauth_token`"));
        let both = r#"{"subdomain":"a","email":"a@b.c","token":"t","oauth_token":"o"}"#;
        assert!(fault(both).contains("either"));
        let start = r#"{"subdomain":"a","oauth_token":"o","start":"soon"}"#;
        assert!(fault(start).contains("`start`"));
        let email = r#"{"subdomain":"a","email":"{secret}@b.c","token":"t"}"#;
        assert!(fault(email).contains("`email`"));
        assert!(fault(r#"{"subdomain":"a","oauth_token":"o","tokn":1}"#).contains("tokn"));
    }

    #[test]
    fn the_schema_has_every_property_that_is_read() {
        let schema: serde_json::Value =
            serde_json::from_str(include_str!("../config.schema.json")).expect("JSON");
        let described = schema["properties"].as_object().expect("an object").keys();
        let described: std::collections::BTreeSet<&str> = described.map(String::as_str).collect();
        // serde names them all when it meets another.
        let fault = fault(r#"{"":0}"#);
        let (_, read) = fault.split_once("expected one of ").expect("the list");
        let read = read.split('`').skip(1).step_by(2).collect();
        assert_eq!(described, read);
    }
}
