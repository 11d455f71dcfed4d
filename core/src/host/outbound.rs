//! What a run may request over HTTP: hosts, secrets, proxy, and the cassette it writes or reads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::RunRequest;
use super::failure::{Failure, FailureReason};
use super::marked::{SECRET_MARK, marked};

/// Mark of a secret that the host puts into requests, so that the plugin never holds it.
const AUTH_MARK: &str = "x-voc-auth";
/// Mark of a property that is an address the source may connect to.
const URL_MARK: &str = "x-voc-url";
/// Port of an egress pattern that names none.
const HTTPS_PORT: u16 = 443;
/// What the plugin finds in place of a secret, before the place of the property.
const REFERENCE: &str = "$secret:";
/// Longest cassette that is replayed, in bytes.
pub const CASSETTE_BYTES_MAX: u64 = 32 * 1024 * 1024;

/// How the requests of a run go out.
#[derive(Clone, Default)]
pub struct Outbound {
    /// `http://host:port`, with user and password if need be; `None` connects directly.
    pub proxy: Option<String>,
    /// PEM text of the authorities to trust; `None` trusts the platform's.
    pub ca_pem: Option<String>,
    /// Whether requests are recorded or answered from a recording.
    pub cassette: Option<Cassette>,
}

/// A recording of requests and answers, one line of JSON each, without secrets.
#[derive(Clone)]
pub enum Cassette {
    /// Takes each line.
    Record(Arc<dyn Fn(&str) + Send + Sync>),
    /// All lines, at most [`CASSETTE_BYTES_MAX`]; nothing is connected to.
    Replay(Arc<str>),
}

impl fmt::Debug for Outbound {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The proxy may hold a password.
        formatter.debug_struct("Outbound").finish_non_exhaustive()
    }
}

/// The part of HELLO about requests.
#[derive(Serialize)]
pub(super) struct Plan {
    egress: Vec<String>,
    secrets: BTreeMap<String, String>,
    masked: Vec<String>,
    proxy: Option<String>,
    ca_pem: Option<String>,
    cassette: Option<CassettePlan>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase", tag = "mode")]
enum CassettePlan {
    Record,
    Replay { lines: String },
}

impl Plan {
    /// Plans a run's requests, and takes the secrets that the host puts into them out of `config`.
    pub(super) fn new(request: &RunRequest<'_>, config: &mut Value) -> Result<Self, Failure> {
        let manifest = request.plugin.manifest();
        let schema = &manifest.config_schema;
        let mut egress = manifest.egress.clone();
        for address in marked(schema, config, &[URL_MARK]) {
            egress.push(place_of(address.text).ok_or_else(|| {
                let name = address.pointer.trim_start_matches('/');
                Failure::new(
                    FailureReason::Config,
                    format!("`{name}` is no address that begins with https:// or http://"),
                )
            })?);
        }
        let held: Vec<String> = marked(schema, config, &[SECRET_MARK, AUTH_MARK])
            .into_iter()
            .map(|secret| secret.pointer)
            .collect();
        let mut secrets = BTreeMap::new();
        for pointer in held {
            if let Some(Value::String(held)) = config.pointer_mut(&pointer) {
                let reference = format!("{REFERENCE}{pointer}");
                secrets.insert(reference.clone(), std::mem::replace(held, reference));
            }
        }
        let outbound = request.outbound;
        Ok(Self {
            egress,
            secrets,
            masked: request.secrets.to_vec(),
            proxy: outbound.proxy.clone(),
            ca_pem: outbound.ca_pem.clone(),
            cassette: outbound.cassette.as_ref().map(|cassette| match cassette {
                Cassette::Record(_) => CassettePlan::Record,
                Cassette::Replay(lines) => CassettePlan::Replay {
                    lines: lines.to_string(),
                },
            }),
        })
    }

    /// Returns the TCP ports that the run's requests go to.
    pub(super) fn ports(&self) -> Vec<u16> {
        let proxy = self.proxy.as_deref().and_then(place_of);
        let mut ports: Vec<u16> = self
            .egress
            .iter()
            .chain(&proxy)
            .map(|host| port_of(host))
            .collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Returns every secret of the run, also those written into the configuration as plain text.
    pub(super) fn all_secrets(&self) -> Vec<String> {
        self.masked
            .iter()
            .chain(self.secrets.values())
            .cloned()
            .collect()
    }
}

/// Returns `host:port` of an address.
fn place_of(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    if !matches!(url.scheme(), "https" | "http") {
        return None;
    }
    Some(format!(
        "{}:{}",
        url.host_str()?,
        url.port_or_known_default()?
    ))
}

/// Returns the port of an egress pattern such as `*.example.com:8443`.
fn port_of(pattern: &str) -> u16 {
    let port = pattern
        .rsplit_once(':')
        .and_then(|(_, port)| port.parse().ok());
    port.unwrap_or(HTTPS_PORT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_gives_host_and_port() {
        for (address, expected) in [
            ("https://a.example", Some("a.example:443")),
            ("http://127.0.0.1:8080/x", Some("127.0.0.1:8080")),
            ("http://[::1]/", Some("[::1]:80")),
            ("ftp://a.example", None),
            ("a.example", None),
        ] {
            assert_eq!(place_of(address).as_deref(), expected, "{address}");
        }
    }

    #[test]
    fn a_pattern_without_a_port_is_https() {
        assert_eq!(port_of("*.example.com"), 443);
        assert_eq!(port_of("api.example.com:8443"), 8_443);
    }
}
