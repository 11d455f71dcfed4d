//! The hosts a source may connect to.

use url::Url;
use vocd_plugin::{Error, Result};

/// Port of a pattern that names none.
const PORT_DEFAULT: u16 = 443;

/// The list of allowed hosts.
#[derive(Debug, Default)]
pub(crate) struct Egress {
    patterns: Vec<Pattern>,
}

#[derive(Debug, PartialEq, Eq)]
struct Pattern {
    /// Without the `*.` of a pattern for all hosts below it.
    host: String,
    is_wild: bool,
    port: u16,
}

/// Returns `host:port` of a URL.
pub(super) fn place(url: &Url) -> String {
    let (host, port) = host_and_port(url);
    format!("{host}:{port}")
}

fn host_and_port(url: &Url) -> (&str, u16) {
    let port = url.port_or_known_default().unwrap_or(PORT_DEFAULT);
    (url.host_str().unwrap_or_default(), port)
}

impl Egress {
    /// Reads patterns: `api.example.org`, `api.example.org:8443`, `*.example.org:443`. One that is
    /// none of these matches nothing.
    pub(crate) fn new(patterns: &[String]) -> Self {
        let patterns = patterns.iter().filter_map(|text| Pattern::parse(text));
        Self {
            patterns: patterns.collect(),
        }
    }

    /// Refuses a URL whose host and port are not on the list.
    pub(crate) fn check(&self, url: &Url) -> Result<()> {
        let (host, port) = host_and_port(url);
        if self
            .patterns
            .iter()
            .any(|pattern| pattern.allows(host, port))
        {
            return Ok(());
        }
        let allowed: Vec<String> = self.patterns.iter().map(Pattern::text).collect();
        let allowed = match allowed.as_slice() {
            [] => "none are declared".to_owned(),
            allowed => format!("declared are {}", allowed.join(", ")),
        };
        Err(Error::config(format!(
            "the source may not connect to `{host}:{port}` ({allowed}); the plugin's author adds it \
             to `egress`, or takes it from a configuration property marked `x-voc-url`"
        )))
    }
}

impl Pattern {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        // The colons of an IPv6 address stand in brackets.
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !port.contains(']') => (host, port.parse().ok()?),
            _ => (text.as_str(), PORT_DEFAULT),
        };
        let (host, is_wild) = match host.strip_prefix("*.") {
            Some(host) => (host, true),
            None => (host, false),
        };
        // `*` alone would be no list, and `*.org` hardly one.
        let is_host = !host.is_empty() && !host.contains('*') && (!is_wild || host.contains('.'));
        is_host.then(|| Self {
            host: host.to_owned(),
            is_wild,
            port,
        })
    }

    fn allows(&self, host: &str, port: u16) -> bool {
        let is_host = match self.is_wild {
            true => host
                .strip_suffix(self.host.as_str())
                .is_some_and(|below| below.len() > 1 && below.ends_with('.')),
            false => host == self.host,
        };
        is_host && port == self.port
    }

    fn text(&self) -> String {
        let star = if self.is_wild { "*." } else { "" };
        format!("`{star}{}:{}`", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use vocd_plugin::ErrorClass;

    use super::*;

    fn check(patterns: &[&str], url: &str, is_allowed: bool) {
        let patterns: Vec<String> = patterns.iter().map(|&text| text.to_owned()).collect();
        let url = Url::parse(url).expect("valid");
        let result = Egress::new(&patterns).check(&url);
        assert_eq!(result.is_ok(), is_allowed, "{patterns:?} {url}");
    }

    #[test]
    fn only_declared_hosts_and_ports_are_allowed() {
        let zendesk = ["*.zendesk.com:443"];
        check(&zendesk, "https://acme.zendesk.com/api", true);
        check(&zendesk, "https://ACME.Zendesk.com/api", true);
        check(&zendesk, "https://a.b.zendesk.com/", true);
        check(&zendesk, "https://zendesk.com/", false);
        check(&zendesk, "https://evilzendesk.com/", false);
        check(&zendesk, "https://acme.zendesk.com.evil.example/", false);
        check(&zendesk, "https://evil.example/acme.zendesk.com", false);
        check(&zendesk, "https://acme.zendesk.com@evil.example/", false);
        check(&zendesk, "https://acme.zendesk.com:8443/", false);
        check(&zendesk, "http://acme.zendesk.com/", false);
        check(&["api.example.org"], "https://api.example.org/", true);
        check(&["127.0.0.1:8080"], "http://127.1:8080/", true);
        check(&["[::1]:8080"], "http://[0:0::1]:8080/", true);
        check(&["[::1]"], "https://[::1]/", true);
    }

    #[test]
    fn a_pattern_that_is_too_wide_matches_nothing() {
        for wide in ["*", "*:443", "*.com", "*.*.com:443", "", "a:b"] {
            check(&[wide], "https://example.com/", false);
        }
    }

    #[test]
    fn the_refusal_names_the_host_and_the_remedy() {
        let url = Url::parse("https://evil.example/x?token=abc").expect("valid");
        let error = Egress::new(&["api.example.org".to_owned()]).check(&url);
        let error = error.expect_err("refused");
        assert_eq!(error.class(), ErrorClass::Config);
        for part in ["`evil.example:443`", "`api.example.org:443`", "`x-voc-url`"] {
            assert!(error.user().contains(part), "{error}");
        }
        assert!(!error.user().contains("abc"), "{error}");
    }
}
