//! What a run may request over HTTP: hosts, secrets, proxy, and the cassette it writes or reads.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;

use super::RunRequest;
use super::failure::{Failure, FailureReason};

/// Mark of a property that holds a secret.
const SECRET_MARK: &str = "x-voc-secret";
/// Mark of a secret that the host puts into requests, so that the plugin never holds it.
const AUTH_MARK: &str = "x-voc-auth";
/// Mark of a property that is an address the source may connect to.
const URL_MARK: &str = "x-voc-url";
/// What the plugin finds in place of a secret, before the place of the property.
const REFERENCE: &str = "$secret:";
/// How deep a schema and a configuration are looked into.
const DEPTH_MAX: u32 = 32;
/// Looks at parts of a schema in one run; a schema that refers to itself twice doubles them.
const LOOKS_MAX: u32 = 100_000;
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
        let mut marked = Marked::default();
        marked.look(
            &manifest.config_schema,
            &manifest.config_schema,
            config,
            "",
            DEPTH_MAX,
        );
        let mut egress = manifest.egress.clone();
        for (pointer, address) in &marked.addresses {
            egress.push(place_of(address).ok_or_else(|| {
                let name = pointer.trim_start_matches('/');
                Failure::new(
                    FailureReason::Config,
                    format!("`{name}` is no address that begins with https:// or http://"),
                )
            })?);
        }
        let mut secrets = BTreeMap::new();
        for pointer in marked.secrets {
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

    /// Returns every secret of the run, also those written into the configuration as plain text.
    pub(super) fn all_secrets(&self) -> Vec<String> {
        self.masked
            .iter()
            .chain(self.secrets.values())
            .cloned()
            .collect()
    }
}

/// Values of a configuration that its schema marks, by JSON pointer.
#[derive(Default)]
struct Marked {
    secrets: Vec<String>,
    addresses: Vec<(String, String)>,
    n_looks: u32,
}

impl Marked {
    fn look(&mut self, root: &Value, schema: &Value, value: &Value, pointer: &str, depth: u32) {
        let Some(depth) = depth.checked_sub(1).filter(|_| self.n_looks < LOOKS_MAX) else {
            return;
        };
        self.n_looks += 1;
        let is_marked = |mark: &str| schema[mark] == Value::Bool(true);
        if let Value::String(text) = value {
            if is_marked(SECRET_MARK) && is_marked(AUTH_MARK) {
                self.secrets.push(pointer.to_owned());
            }
            if is_marked(URL_MARK) {
                self.addresses.push((pointer.to_owned(), text.clone()));
            }
        }
        let referred = schema["$ref"]
            .as_str()
            .and_then(|text| text.strip_prefix('#'));
        if let Some(referred) = referred.and_then(|place| root.pointer(place)) {
            self.look(root, referred, value, pointer, depth);
        }
        for keyword in ["allOf", "anyOf", "oneOf"] {
            for alternative in schema[keyword].as_array().into_iter().flatten() {
                self.look(root, alternative, value, pointer, depth);
            }
        }
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    let known = schema["properties"].get(name);
                    let inner = known.unwrap_or(&schema["additionalProperties"]);
                    let name = name.replace('~', "~0").replace('/', "~1");
                    self.look(root, inner, member, &format!("{pointer}/{name}"), depth);
                }
            }
            Value::Array(items) => {
                for (idx, item) in items.iter().enumerate() {
                    self.look(
                        root,
                        &schema["items"],
                        item,
                        &format!("{pointer}/{idx}"),
                        depth,
                    );
                }
            }
            _ => {}
        }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn marked(schema: &Value, config: &Value) -> (Vec<String>, Vec<String>) {
        let mut marked = Marked::default();
        marked.look(schema, schema, config, "", DEPTH_MAX);
        let addresses = marked.addresses.into_iter();
        (
            marked.secrets,
            addresses.map(|(pointer, _)| pointer).collect(),
        )
    }

    #[test]
    fn marked_values_are_found_wherever_they_are() {
        let auth = json!({"type": "string", "x-voc-secret": true, "x-voc-auth": true});
        let schema = json!({
            "$defs": {"address": {"type": "string", "x-voc-url": true}},
            "properties": {
                "token": auth,
                "plain": {"type": "string", "x-voc-secret": true},
                "url": {"$ref": "#/$defs/address"},
                "accounts": {"items": {"properties": {"a/key": {"anyOf": [{}, auth]}}}},
                "by_name": {"additionalProperties": {"$ref": "#/$defs/address"}},
            },
        });
        let config = json!({
            "token": "t", "plain": "p", "url": "https://a", "by_name": {"x": "https://b"},
            "accounts": [{"a/key": "k"}, {"a/key": 7}],
        });
        let (secrets, addresses) = marked(&schema, &config);
        assert_eq!(secrets, ["/token", "/accounts/0/a~1key"]);
        assert_eq!(addresses, ["/url", "/by_name/x"]);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let schema = json!({"$ref": "#", "allOf": [{"$ref": "#"}], "x-voc-url": true});
        assert!(marked(&schema, &json!("https://a")).1.len() < LOOKS_MAX as usize);
    }

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
}
