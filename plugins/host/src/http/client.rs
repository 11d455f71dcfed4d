//! The HTTP client: connections, TLS and the proxy of one run.

use std::fs;
use std::sync::OnceLock;
use std::time::Duration;

use ureq::http::header::{HeaderName, HeaderValue};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Proxy};
use url::Url;
use vocd_plugin::{Error, Result};

use super::answer::{Answer, HeaderList};
use super::plan::HttpPlan;
use super::secrets::Credential;

/// Time to find a host's address. Together with the two below it stays under the 60 s of silence
/// after which a run is given up.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
/// Time to connect, TLS included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time from the request to the head of the answer.
const HEAD_TIMEOUT: Duration = Duration::from_secs(40);
/// Longest silence in the middle of a body.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// Connections kept open between requests.
const IDLE_CONNECTIONS_MAX: usize = 8;
/// Largest head of an answer, in bytes.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// Where Linux distributions keep the authorities an operator trusts.
const PLATFORM_ROOTS: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Makes connections; opens none before the first request.
pub(super) struct Client {
    agent: OnceLock<Agent>,
    proxy: Option<Proxy>,
    authorities: Option<Vec<Certificate<'static>>>,
}

/// A request as it goes over the wire.
pub(super) struct Wire<'a> {
    pub(super) method: &'a str,
    /// With an injected secret.
    pub(super) url: &'a Url,
    /// The request in words, without.
    pub(super) told: &'a str,
    pub(super) headers: &'a [(String, String)],
    pub(super) credential: Option<&'a Credential>,
    pub(super) body: Option<&'a [u8]>,
    pub(super) timeout: Duration,
}

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may work when tried again at once.
    Again(Error),
    /// It will not.
    Final(Error),
}

/// What an attempt gives.
pub(super) type Attempt<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(super) fn into_error(self) -> Error {
        let (Self::Again(error) | Self::Final(error)) = self;
        error
    }
}

impl Client {
    pub(super) fn new(plan: &HttpPlan) -> Result<Self> {
        let authorities = plan.ca_pem.as_deref().map(certificates);
        if authorities.as_ref().is_some_and(Vec::is_empty) {
            let text = "`network.ca_bundle` holds no certificate; name a file of PEM certificates";
            return Err(Error::config(text));
        }
        Ok(Self {
            agent: OnceLock::new(),
            proxy: plan.proxy.as_deref().map(proxy).transpose()?,
            authorities,
        })
    }

    fn agent(&self) -> &Agent {
        self.agent.get_or_init(|| {
            let roots = match &self.authorities {
                Some(authorities) => RootCerts::new_with_certs(authorities),
                None => platform_roots(),
            };
            let config = Agent::config_builder()
                .tls_config(TlsConfig::builder().root_certs(roots).build())
                .proxy(self.proxy.clone())
                .http_status_as_error(false)
                // Each hop is checked against the list of hosts, so they are followed outside.
                .max_redirects(0)
                .max_redirects_will_error(false)
                .user_agent(concat!("vocd/", env!("CARGO_PKG_VERSION")))
                .max_response_header_size(HEAD_BYTES_MAX)
                .max_idle_connections(IDLE_CONNECTIONS_MAX)
                .timeout_resolve(Some(RESOLVE_TIMEOUT))
                .timeout_connect(Some(CONNECT_TIMEOUT))
                .timeout_recv_response(Some(HEAD_TIMEOUT))
                .timeout_per_read(Some(READ_TIMEOUT));
            config.build().new_agent()
        })
    }

    /// Sends one request; any status is an answer.
    pub(super) fn send(&self, wire: &Wire<'_>) -> Attempt<Answer> {
        let request = request(wire).map_err(Failure::Final)?;
        let agent = self.agent();
        let failed = |error: ureq::Error| failure(wire.told, &error);
        let sent = match wire.body {
            Some(body) => {
                let request = request.map(|()| body);
                let request = agent
                    .configure_request(request)
                    .timeout_global(Some(wire.timeout));
                agent.run(request.build())
            }
            None => {
                let request = agent
                    .configure_request(request)
                    .timeout_global(Some(wire.timeout));
                agent.run(request.build())
            }
        };
        let (head, body) = sent.map_err(failed)?.into_parts();
        let mut headers = HeaderList::default();
        for (name, value) in &head.headers {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.push(name.as_str(), value);
        }
        Ok(Answer {
            status: head.status.as_u16(),
            headers,
            body: Box::new(body.into_reader()),
        })
    }
}

fn request(wire: &Wire<'_>) -> Result<ureq::http::Request<()>> {
    let invalid = |what: &str| Error::internal(format!("{} has an invalid {what}", wire.told));
    let mut request = ureq::http::Request::builder()
        .method(wire.method)
        .uri(wire.url.as_str());
    let mut add = |name: &str, value: &str| -> Result<()> {
        let name = HeaderName::try_from(name).map_err(|_| invalid("header name"))?;
        let value = HeaderValue::try_from(value).map_err(|_| invalid("header value"))?;
        let headers = request.headers_mut().ok_or_else(|| invalid("URL"))?;
        headers.append(name, value);
        Ok(())
    };
    let injected = match wire.credential {
        Some(Credential::Header { name, value }) => Some((name.as_str(), value.as_str())),
        _ => None,
    };
    for (name, value) in wire.headers {
        // The declared credentials are meant, not a second header beside them.
        if injected.is_none_or(|(injected, _)| !name.eq_ignore_ascii_case(injected)) {
            add(name, value)?;
        }
    }
    if let Some((name, value)) = injected {
        add(name, value)?;
    }
    request.body(()).map_err(|_| invalid("URL"))
}

fn proxy(text: &str) -> Result<Proxy> {
    // Another kind of proxy is a panic of the client.
    let is_http = text.starts_with("http://") || text.starts_with("https://");
    let refused = || Error::config("`network.proxy` is no proxy; write http://host:port");
    if !is_http {
        return Err(refused());
    }
    Proxy::new(text).map_err(|_| refused())
}

fn certificates(pem: &str) -> Vec<Certificate<'static>> {
    let items = parse_pem(pem.as_bytes()).flatten();
    let certificates = items.filter_map(|item| match item {
        PemItem::Certificate(certificate) => Some(certificate),
        _ => None,
    });
    certificates.collect()
}

/// Returns the platform's authorities, or Mozilla's where the platform has none.
fn platform_roots() -> RootCerts {
    let texts = PLATFORM_ROOTS
        .iter()
        .filter_map(|path| fs::read_to_string(path).ok());
    let found = texts
        .map(|pem| certificates(&pem))
        .find(|found| !found.is_empty());
    match found {
        Some(certificates) => RootCerts::new_with_certs(&certificates),
        None => RootCerts::WebPki,
    }
}

fn failure(told: &str, error: &ureq::Error) -> Failure {
    let transient = |what: &str| Error::transient(format!("{told} failed: {what}"));
    let detailed = |what: &str| transient(what).with_internal(error);
    match error {
        ureq::Error::Timeout(_) => Failure::Again(detailed("no answer in time")),
        ureq::Error::HostNotFound => Failure::Again(transient("there is no host of this name")),
        ureq::Error::ConnectProxyFailed(_) => {
            Failure::Final(detailed("the proxy in `network.proxy` does not connect"))
        }
        ureq::Error::Io(_) | ureq::Error::Rustls(_) | ureq::Error::Tls(_)
            if error.to_string().contains("certificate") =>
        {
            Failure::Final(detailed(
                "the server's certificate is not trusted; an authority of your own belongs into \
                 `network.ca_bundle`",
            ))
        }
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => {
            Failure::Final(Error::internal(format!("{told} is no valid request")))
        }
        ureq::Error::LargeResponseHeader(..) => {
            Failure::Final(detailed("the head of the answer is above 64 KiB"))
        }
        _ => Failure::Again(detailed("the connection broke")),
    }
}
