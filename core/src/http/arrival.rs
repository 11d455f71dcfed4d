//! How a request came: from whom, by which scheme, and what a trusted proxy says of it.

use std::net::IpAddr;

use http::header::{self, HeaderMap};

use crate::config::{AddressBlock, Front};
use crate::http::Peer;

/// Headers that say a proxy stands between.
const FORWARDED: [&str; 4] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
];

/// Most steps of a forwarded request that are looked at, from the nearest on.
const STEPS_MAX: usize = 16;

/// How one request came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrival {
    /// The client's address: the peer's, or the one that trusted proxies name.
    pub(super) address: Option<IpAddr>,
    /// Whether it came straight from this machine, by a name of this machine.
    pub(super) is_local: bool,
    /// Whether some proxy stands between.
    pub(super) is_forwarded: bool,
    /// Whether the connection comes from a proxy whose headers are believed.
    pub(super) is_trusted: bool,
    /// Whether the client is known to have used https.
    pub(super) is_secure: bool,
    /// The host that the client asked for.
    host: Option<String>,
}

impl Arrival {
    /// Looks at a request; `target_host` is the one in its address, where it has one.
    pub(super) fn of(
        front: &Front,
        peer: Peer,
        headers: &HeaderMap,
        target_host: Option<&str>,
    ) -> Self {
        let nearest = match peer {
            Peer::Socket { .. } => None,
            Peer::Network(address) => Some(address.ip().to_canonical()),
        };
        let is_proxy = |address: IpAddr| is_in(&front.trusted_proxies, address);
        let is_trusted = nearest.is_some_and(is_proxy);
        let is_forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let host = target_host.or_else(|| text(header::HOST.as_str()));
        let is_local = !is_forwarded
            && nearest.is_some_and(|address| address.is_loopback())
            && host.is_some_and(is_loopback_host);
        let (address, said_host) = match is_trusted {
            true => (
                client(headers, is_proxy).or(nearest),
                text("x-forwarded-host"),
            ),
            false => (nearest, None),
        };
        Self {
            address,
            is_local,
            is_forwarded,
            is_trusted,
            is_secure: is_trusted && last(headers, "x-forwarded-proto") == Some("https"),
            host: said_host.or(host).map(str::to_ascii_lowercase),
        }
    }

    /// Returns whether an `Origin` is this server's own, as its pages see it.
    pub(super) fn is_own_origin(&self, front: &Front, origin: &str) -> bool {
        let scheme = if self.is_secure { "https" } else { "http" };
        let asked = self.host.as_ref().map(|host| format!("{scheme}://{host}"));
        let own = [asked.as_deref(), front.public_url.as_deref()];
        let origin = origin_of(origin);
        origin.is_some()
            && own
                .into_iter()
                .flatten()
                .any(|own| origin_of(own) == origin)
    }

    /// Returns the user that a trusted proxy let in.
    pub(super) fn user<'a>(&self, front: &Front, headers: &'a HeaderMap) -> Option<&'a str> {
        let name = front.user_header.as_ref().filter(|_| self.is_trusted)?;
        let mut values = headers.get_all(name).iter();
        match (values.next(), values.next()) {
            // Two names are a proxy that hands on what a client wrote.
            (Some(value), None) => value.to_str().ok().filter(|user| !user.is_empty()),
            _ => None,
        }
    }
}

fn is_in(blocks: &[AddressBlock], address: IpAddr) -> bool {
    blocks.iter().any(|block| block.contains(address))
}

/// Returns the nearest address that no trusted proxy has: what is in front of it is hearsay.
fn client(headers: &HeaderMap, is_proxy: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let lines = headers.get_all("x-forwarded-for");
    let lines: Vec<&str> = lines.iter().filter_map(|line| line.to_str().ok()).collect();
    let steps = lines.iter().rev().flat_map(|line| line.rsplit(','));
    let mut nearest = None;
    for step in steps.take(STEPS_MAX) {
        let address = address_of(step.trim())?;
        nearest = Some(address);
        if !is_proxy(address) {
            break;
        }
    }
    nearest
}

fn address_of(text: &str) -> Option<IpAddr> {
    let with_port: Option<std::net::SocketAddr> = text.parse().ok();
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    let address = with_port.map(|address| address.ip());
    let address = address.or_else(|| bare.parse().ok())?;
    Some(address.to_canonical())
}

/// Returns the last value of a list header: the one that the nearest proxy wrote.
fn last<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let line = headers.get_all(name).iter().next_back()?.to_str().ok()?;
    line.rsplit(',').next().map(str::trim)
}

/// Returns scheme, host and port, the port that the scheme implies included.
fn origin_of(text: &str) -> Option<url::Origin> {
    let origin = url::Url::parse(text).ok()?.origin();
    origin.is_tuple().then_some(origin)
}

/// Whether a `Host` names this machine; another name may have been pointed here by a stranger.
fn is_loopback_host(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let address: Option<IpAddr> = name.parse().ok();
    let is_address = address.is_some_and(|address| address.to_canonical().is_loopback());
    let name = name.trim_end_matches('.').to_ascii_lowercase();
    is_address || name == "localhost" || name.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrived(front: &Front, peer: &str, headers: &[(&'static str, &str)]) -> Arrival {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Arrival::of(front, Peer::Network(peer.parse().unwrap()), &map, None)
    }

    fn behind_proxy() -> Front {
        let block = |address: &str, prefix_bits| AddressBlock {
            address: address.parse().unwrap(),
            prefix_bits,
        };
        Front {
            trusted_proxies: vec![block("127.0.0.1", 32), block("10.0.0.0", 8)],
            user_header: Some(http::HeaderName::from_static("x-user")),
            ..Front::default()
        }
    }

    #[test]
    fn only_loopback_names_without_a_proxy_are_local() {
        let check = |peer: &str, headers: &[(&'static str, &str)], expected| {
            let found = arrived(&Front::default(), peer, headers).is_local;
            assert_eq!(found, expected, "{peer} {headers:?}");
        };
        let home = "127.0.0.1:5000";
        for host in [
            "127.0.0.1:7878",
            "localhost",
            "LOCALHOST:1",
            "[::1]:7878",
            "wall.localhost",
        ] {
            check(home, &[("host", host)], true);
            check("192.0.2.7:5000", &[("host", host)], false);
        }
        for host in [
            "evil.example",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "",
        ] {
            check(home, &[("host", host)], false);
        }
        check(home, &[], false);
        for name in FORWARDED {
            check(home, &[("host", "localhost"), (name, "10.0.0.1")], false);
        }
    }

    #[test]
    fn the_client_is_the_nearest_that_is_no_proxy() {
        let check = |front: &Front, peer: &str, forwarded: &str, expected: &str| {
            let arrival = arrived(front, peer, &[("x-forwarded-for", forwarded)]);
            assert_eq!(
                arrival.address,
                Some(expected.parse().unwrap()),
                "{forwarded}"
            );
        };
        let (home, front) = ("127.0.0.1:1", behind_proxy());
        check(&front, home, "192.0.2.1", "192.0.2.1");
        check(&front, home, "6.6.6.6, 192.0.2.1, 10.1.1.1", "192.0.2.1");
        check(&front, home, "10.1.1.2, 10.1.1.1", "10.1.1.2");
        check(&front, home, "192.0.2.1:443", "192.0.2.1");
        check(&front, home, "6.6.6.6, unknown", "127.0.0.1");
        check(&front, home, "::ffff:192.0.2.1", "192.0.2.1");
        check(&front, "192.0.2.9:1", "6.6.6.6", "192.0.2.9");
        check(&Front::default(), home, "6.6.6.6", "127.0.0.1");
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        let said = [
            ("x-forwarded-proto", "https"),
            ("x-user", "ops"),
            ("host", "a.example"),
        ];
        let of = |peer: &str, said: &[(&'static str, &str)]| {
            let mut map = HeaderMap::new();
            for (name, value) in said {
                map.append(*name, value.parse().unwrap());
            }
            let front = behind_proxy();
            let arrival = arrived(&front, peer, said);
            let user = arrival.user(&front, &map).map(str::to_owned);
            (arrival.is_secure, user)
        };
        assert_eq!(of("10.0.0.1:1", &said), (true, Some("ops".to_owned())));
        assert_eq!(of("192.0.2.1:1", &said), (false, None));
        let twice = [("x-user", "ops"), ("x-user", "root")];
        assert_eq!(of("10.0.0.1:1", &twice), (false, None));
    }

    #[test]
    fn a_form_comes_from_a_page_of_this_server() {
        let check = |front: &Front, headers: &[(&'static str, &str)], origin: &str, expected| {
            let arrival = arrived(front, "127.0.0.1:1", headers);
            let found = arrival.is_own_origin(front, origin);
            assert_eq!(found, expected, "{headers:?} {origin}");
        };
        let plain = Front::default();
        let home = [("host", "localhost:7878")];
        check(&plain, &home, "http://localhost:7878", true);
        check(&plain, &home, "http://localhost", false);
        check(&plain, &home, "https://localhost:7878", false);
        check(&plain, &home, "http://evil.example", false);
        check(&plain, &home, "null", false);
        check(&plain, &home, "", false);
        check(
            &plain,
            &[("host", "a.example")],
            "http://A.example:80",
            true,
        );
        let secure = [("host", "a.example"), ("x-forwarded-proto", "https")];
        check(&behind_proxy(), &secure, "https://a.example", true);
        check(&behind_proxy(), &secure, "http://a.example", false);
        check(&plain, &secure, "https://a.example", false);
        let public = Front {
            public_url: Some("https://voice.example.com/v".to_owned()),
            ..Front::default()
        };
        check(&public, &home, "https://voice.example.com", true);
    }
}
