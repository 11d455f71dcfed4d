//! A daemon whose one source is pushed to, and a vendor that signs what it sends.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::binaries;
use crate::daemon::{Daemon, free_address};
use crate::request::{self, Response};
use crate::scratch::Scratch;

/// Secret of the source.
pub const SECRET: &str = "it-is-a-secret-of-the-test";
/// Address of the source's webhooks.
pub const TARGET: &str = "/ingest/survey";

/// Writes a configuration and returns its folder with a free address; `more` follows the source's
/// own configuration.
#[must_use]
pub fn lay_out(limits: &str, more: &str) -> (Scratch, SocketAddr) {
    let (scratch, address) = (Scratch::new(), free_address());
    let plugins = binaries::folder().display();
    scratch.write(
        "vocd.toml",
        format!(
            "listen = \"{address}\"\nplugin_dirs = [\"{plugins}\"]\n\n[limits]\n{limits}\n\n\
             [[source]]\nname = \"survey\"\nplugin = \"pushed\"\nexpect_every = \"1d\"\n\n\
             [source.config]\nwebhook_secret = \"{SECRET}\"\n{more}\n"
        ),
    );
    (scratch, address)
}

/// Starts the daemon of a folder.
#[must_use]
pub fn serve(folder: &Path, address: SocketAddr) -> Daemon {
    Daemon::start(folder, &["serve"], address)
}

/// Returns the body of a webhook with one row of this id.
#[must_use]
pub fn body(id: &str) -> Value {
    json!({"id": format!("event-{id}"), "rows": [{"id": id, "score": 9, "at_s": 1_767_225_600}]})
}

/// Returns the headers that make a body the vendor's, signed at this second.
///
/// # Panics
/// Never: a key of any length will do.
#[must_use]
pub fn signed(body: &[u8], at_s: i64) -> Vec<(String, String)> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).expect("any length");
    mac.update(format!("{at_s}.").as_bytes());
    mac.update(body);
    let digest = mac.finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    vec![
        ("X-Pushed-Timestamp".to_owned(), at_s.to_string()),
        ("X-Pushed-Signature".to_owned(), format!("sha256={hex}")),
    ]
}

/// Sends a webhook as the vendor would.
///
/// # Errors
/// When the connection fails.
pub fn post(address: SocketAddr, body: &Value) -> io::Result<Response> {
    let body = body.to_string().into_bytes();
    let headers = signed(&body, jiff::Timestamp::now().as_second());
    send(address, TARGET, &headers, &body)
}

/// Sends a webhook with these headers.
///
/// # Errors
/// When the connection fails.
pub fn send(
    address: SocketAddr,
    target: &str,
    headers: &[(String, String)],
    body: &[u8],
) -> io::Result<Response> {
    let headers: Vec<(&str, &str)> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    request::exchange(address, "POST", target, &headers, body)
}

/// Returns the state of the source, or `Null` before it has one.
#[must_use]
pub fn state(daemon: &Daemon) -> Value {
    daemon.get("/api/v1/sources").json()["sources"][0].clone()
}

/// Returns the rows of the source that are stored.
#[must_use]
pub fn n_rows(daemon: &Daemon) -> u64 {
    state(daemon)["rows"]["response"].as_u64().unwrap_or(0)
}
