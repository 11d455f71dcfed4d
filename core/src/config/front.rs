//! `[auth]` and `[http]`: who may look without a token, and what a proxy in front says.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use http::HeaderName;

use super::fault::Complaint;
use super::reader::{Placed, Sheet, TableReader, in_file_order, text, wrong_type};
use super::{AddressBlock, Anonymous, scalar};
use crate::access::{Grant, Role};

/// Most users that the configuration lists.
const USERS_MAX: usize = 1_000;

/// Who comes in, and through which door.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Front {
    /// Who may look without a token.
    pub anonymous: Anonymous,
    /// The proxies whose headers are believed; may be empty.
    pub trusted_proxies: Vec<AddressBlock>,
    /// Header in which a trusted proxy names the user it let in.
    pub user_header: Option<HeaderName>,
    /// What these users may.
    pub users: BTreeMap<String, Grant>,
    /// What users that are not listed may; `None` is nothing.
    pub user_grant: Option<Grant>,
    /// Address that people and vendors call, without a slash at its end, where it is written.
    pub public_url: Option<String>,
}

/// Reads both tables.
pub(super) fn read(
    sheet: &mut Sheet<'_>,
    top: &mut TableReader<'_, '_>,
    listen: Option<&Placed<SocketAddr>>,
) -> Front {
    let mut auth = top.table(sheet, "auth");
    let choices = [("none", Anonymous::Nobody), ("viewer", Anonymous::Viewer)];
    let anonymous = auth.parsed(sheet, "anonymous", |name| scalar::choice(name, &choices));
    let is_open = listen.is_some_and(|listen| !listen.value.ip().is_loopback());
    if let (true, false, Some(listen)) = (is_open, auth.has("anonymous"), listen) {
        let what = format!("`listen`: {} is reachable from outside", listen.value);
        let hint = "write [auth] with anonymous = \"viewer\" or \"none\", or listen on loopback";
        sheet.fault(&listen.place, what, hint);
    }
    let users = users(sheet, &mut auth);
    let user_grant = auth.parsed(sheet, "user_role", user_role);
    auth.finish(sheet);
    let mut http = top.table(sheet, "http");
    let url = http.parsed(sheet, "public_url", public_url);
    let blocks = http.list(sheet, "trusted_proxies", |value| block(text(value)?));
    let header = http.parsed(sheet, "user_header", header_name);
    if let (true, Some(header)) = (blocks.is_empty(), &header) {
        let what = "`user_header` is believed from trusted proxies alone, and there are none";
        let hint = "write the proxy's address into trusted_proxies";
        sheet.fault(&header.place, what, hint);
    }
    http.finish(sheet);
    Front {
        anonymous: anonymous.map_or(Anonymous::LoopbackViewer, |written| written.value),
        trusted_proxies: blocks.into_iter().map(|block| block.value).collect(),
        user_header: header.map(|header| header.value),
        users,
        user_grant: user_grant.and_then(|grant| grant.value),
        public_url: url.map(|url| url.value),
    }
}

/// Reads `users = { NAME = ROLE }`.
fn users(sheet: &mut Sheet<'_>, auth: &mut TableReader<'_, '_>) -> BTreeMap<String, Grant> {
    let mut users = BTreeMap::new();
    let Some(entry) = auth.written("users") else {
        return users;
    };
    let Some(table) = entry.value.as_table() else {
        let complaint = wrong_type(entry.value, "{ \"NAME\" = \"ROLE\" }");
        sheet.complain(&entry.place, complaint.about("users"));
        return users;
    };
    for (name, role) in in_file_order(table) {
        if users.len() >= USERS_MAX {
            let what = format!("more than {USERS_MAX} users are listed");
            sheet.fault(&name.span(), what, "leave those of `user_role` out");
            break;
        }
        match text(role.get_ref()).and_then(grant) {
            Ok(grant) => {
                users.insert(name.get_ref().to_string(), grant);
            }
            Err(complaint) => sheet.complain(&role.span(), complaint.about(name.get_ref())),
        }
    }
    users
}

fn grant(text: &str) -> Result<Grant, Complaint> {
    Grant::parse(text).map_err(|error| Complaint::new(error.to_string(), error.hint()))
}

/// A user nobody listed may look, or nothing: more is for people an operator named.
fn user_role(text: &str) -> Result<Option<Grant>, Complaint> {
    scalar::choice(text, &[("none", false), (Role::Viewer.name(), true)])
        .map(|may_look| may_look.then(Grant::viewer))
}

fn header_name(text: &str) -> Result<HeaderName, Complaint> {
    // These come from the browser or say how the request came, never who asks.
    const RESERVED: [&str; 6] = [
        "authorization",
        "cookie",
        "host",
        "origin",
        "forwarded",
        "x-forwarded-for",
    ];
    let name = HeaderName::try_from(text).ok();
    let name = name.filter(|name| !RESERVED.contains(&name.as_str()));
    name.ok_or_else(|| {
        Complaint::new(
            format!("`{text}` is no header that can name a user"),
            "write the header that the proxy sets, such as `X-Forwarded-User`",
        )
    })
}

fn block(text: &str) -> Result<AddressBlock, Complaint> {
    let (address, prefix) = match text.split_once('/') {
        Some((address, prefix)) => (address, Some(prefix)),
        None => (text, None),
    };
    let complaint = || {
        Complaint::new(
            format!("`{text}` is no address or block"),
            "write an IP address or a block such as `10.0.0.0/8`",
        )
    };
    let address: IpAddr = address.parse().map_err(|_| complaint())?;
    let bits_max = if address.is_ipv4() { 32 } else { 128 };
    let prefix_bits = match prefix {
        Some(prefix) => prefix.parse().map_err(|_| complaint())?,
        None => bits_max,
    };
    if prefix_bits > bits_max {
        return Err(complaint());
    }
    Ok(AddressBlock {
        address,
        prefix_bits,
    })
}

fn public_url(text: &str) -> Result<String, Complaint> {
    let rest = ["https://", "http://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    let is_url = rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.contains(['?', '#', ' ']) && !rest.starts_with('/')
    });
    match is_url {
        true => Ok(text.trim_end_matches('/').to_owned()),
        false => Err(Complaint::new(
            format!("`{text}` is no address that a vendor can call"),
            "write scheme and host, such as `https://voice.example.com`",
        )),
    }
}
