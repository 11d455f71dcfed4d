//! Who asks, and whether they may: the one place where a request is let in or refused.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::header::{self, HeaderMap};
use http::{Method, Request, StatusCode};
use jiff::Timestamp;
use serde_json::Map;
use warp::reply::Response;

use crate::access::audit::Deed;
use crate::access::limit::network_of;
use crate::access::token::id_of;
use crate::access::{Area, Grant, Role, Token, TokenFault, is_about_agents};
use crate::config::Anonymous;
use crate::http::arrival::Arrival;
use crate::http::credential::{self, Credential, Means};
use crate::http::entry::{self, Entry};
use crate::http::visit::{Fault, Visitor, Who};
use crate::http::{Peer, Site, reply};
use crate::kpi;

/// A request that may go on.
pub(super) enum Admitted {
    /// To its route.
    In(Visitor),
    /// Back to the browser, which keeps the token as a cookie and asks again.
    Redirected(Response),
}

/// Decides on a request; its address carries no token afterwards.
pub(super) fn admit<B>(
    site: &Site,
    peer: Peer,
    path: &str,
    request: &mut Request<B>,
    now: Timestamp,
) -> Result<Admitted, Fault> {
    if let Peer::Socket { uid } = peer {
        return Ok(Admitted::In(Visitor::operator(peer, uid)));
    }
    let front = &site.options.front;
    let arrival = Arrival::of(front, peer, request.headers(), request.uri().host());
    let credential = credential::take(request);
    let asked = entry::entry(request.method(), path);
    if asked != Entry::Open && !arrival.is_local {
        let key = arrival.address.map_or(0, network_of);
        let taken = site.limiters.addresses.take(key, Instant::now());
        taken.map_err(|wait| too_many("too many requests from this address", wait))?;
    }
    let who = who(site, &arrival, request.headers(), credential.as_ref(), now);
    if asked == Entry::Open {
        let who = who.unwrap_or(Who::Stranger);
        return Ok(Admitted::In(Visitor::new(peer, arrival.address, who)));
    }
    let visitor = Visitor::new(peer, arrival.address, who?);
    let grant = visitor
        .grant()
        .ok_or_else(|| stranger(front.anonymous, &arrival))?;
    if let Some(holder) = holder(&visitor.who) {
        let taken = site.limiters.holders.take(holder, Instant::now());
        taken.map_err(|wait| too_many("too many requests with this token", wait))?;
    }
    let visitor = match asked {
        Entry::Read(area) => {
            if within(grant, area, path, request)? {
                note_look(site, &visitor, path, request);
            }
            visitor
        }
        Entry::Change(area) => {
            proves_intent(site, &arrival, &visitor, request.headers())?;
            within(grant, area, path, request)?;
            visitor.with_change()
        }
        // Webhooks never come here; they prove themselves.
        Entry::Open | Entry::Ingest => visitor,
    };
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    match (&visitor.who, credential) {
        (Who::Token(token, Means::Parameter), Some(credential))
            if is_read && entry::is_page(path) =>
        {
            let back = cookie_and_back(site, &arrival, token, &credential, path, request, now);
            Ok(Admitted::Redirected(back))
        }
        _ => Ok(Admitted::In(visitor)),
    }
}

/// Finds out who asks; a credential that is wrong is an error, and its lack is not.
fn who(
    site: &Site,
    arrival: &Arrival,
    headers: &HeaderMap,
    credential: Option<&Credential>,
    now: Timestamp,
) -> Result<Who, Fault> {
    let (options, anonymous) = (&site.options, anonymous(site, arrival));
    if let Some(credential) = credential {
        match options.access.keyring().check(&credential.text, now) {
            Ok(token) => return Ok(Who::Token(Arc::new(token), credential.means)),
            // A browser sends a cookie by itself, long after its token has ended.
            Err(_) if credential.means == Means::Cookie && anonymous.is_some() => {}
            Err(fault) => return Err(wrong_token(site, arrival, credential, fault)),
        }
    }
    if let Some(user) = arrival.user(&options.front, headers) {
        let listed = options.front.users.get(user);
        let grant = listed.or(options.front.user_grant.as_ref()).cloned();
        return match grant {
            Some(grant) => Ok(Who::User {
                name: user.into(),
                grant: Arc::new(grant),
            }),
            None => Err(
                Fault::new(StatusCode::FORBIDDEN, "this user has no role here")
                    .hint("an operator gives one: users under [auth], or user_role for everybody"),
            ),
        };
    }
    Ok(anonymous.unwrap_or(Who::Stranger))
}

/// Refuses a token in words, and without words an address that presents many.
///
/// A right one counts however many wrong ones came before, so that nobody can lock out the screens
/// behind a shared address.
fn wrong_token(
    site: &Site,
    arrival: &Arrival,
    credential: &Credential,
    fault: TokenFault,
) -> Fault {
    let key = arrival.address.map_or(0, network_of);
    if let Err(wait) = site.limiters.wrong_tokens.take(key, Instant::now()) {
        return too_many("too many wrong tokens from this address", wait);
    }
    let mut who = Map::new();
    if let Some(address) = arrival.address {
        who.insert("address".to_owned(), address.to_string().into());
    }
    site.options.access.audit().note_refusal(&Deed {
        who,
        action: "token",
        // The id is public; what is no token may be a password of something else.
        on: id_of(&credential.text).unwrap_or_default(),
        outcome: fault.name(),
    });
    let hint = "ask an operator for a new one: vocd token new";
    Fault::new(StatusCode::UNAUTHORIZED, fault.to_string()).hint(hint)
}

fn too_many(what: &str, wait: Duration) -> Fault {
    let wait_s = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
    Fault {
        retry_after_s: Some(wait_s.saturating_add(1)),
        ..Fault::new(StatusCode::TOO_MANY_REQUESTS, what)
            .hint("come again later; [limits] says how many there may be")
    }
}

/// Returns whose requests are counted together, besides those of an address.
fn holder(who: &Who) -> Option<String> {
    match who {
        Who::Token(token, _) => Some(format!("token {}", token.id)),
        Who::User { name, .. } => Some(format!("user {name}")),
        Who::Stranger | Who::Anonymous | Who::Operator { .. } => None,
    }
}

/// Returns the visitor without a credential where looking is open.
fn anonymous(site: &Site, arrival: &Arrival) -> Option<Who> {
    let is_open = match site.options.front.anonymous {
        Anonymous::Viewer => true,
        Anonymous::Nobody => false,
        Anonymous::LoopbackViewer => arrival.is_local,
    };
    is_open.then_some(Who::Anonymous)
}

/// Returns why somebody without a credential is refused.
fn stranger(anonymous: Anonymous, arrival: &Arrival) -> Fault {
    let (what, hint) = match anonymous {
        Anonymous::LoopbackViewer if arrival.is_forwarded => (
            "this server is open to its own machine only, and the request came through a proxy",
            "ask with a token (vocd token new --role viewer), or set anonymous = \"viewer\" under \
             [auth] to open it to everyone who can reach it",
        ),
        Anonymous::LoopbackViewer => (
            "this server is open to its own machine only",
            "ask for http://127.0.0.1 or http://localhost, or with a token (vocd token new --role \
             viewer), or set anonymous = \"viewer\" under [auth]",
        ),
        Anonymous::Nobody | Anonymous::Viewer => (
            "this server shows nothing to visitors without a token",
            "ask with a token (vocd token new --role viewer), or set anonymous = \"viewer\" under \
             [auth] to open it to everyone who can reach it",
        ),
    };
    Fault::new(StatusCode::UNAUTHORIZED, what).hint(hint)
}

/// Refuses what the role does not cover.
///
/// Returns whether numbers of single agents are asked for.
fn within<B>(grant: &Grant, area: Area, path: &str, request: &Request<B>) -> Result<bool, Fault> {
    let forbidden = |what: String, hint: &str| {
        Err(Fault::new(StatusCode::FORBIDDEN, what).hint(hint.to_owned()))
    };
    if !grant.may(area) {
        let what = format!(
            "this needs the role `{}`, and the visitor is `{}`",
            Role::least(area).name(),
            grant.role().name()
        );
        return forbidden(what, "ask with a token of that role: vocd token new");
    }
    if let Some(wall) = grant.wall()
        && !entry::is_of_wall(path, wall)
    {
        let what = format!("this token shows the wall `{wall}` alone");
        return forbidden(what, "ask for the wall, or with another token");
    }
    let pairs: Vec<(String, String)> = pairs(request).collect();
    let names_agents = entry::kpi(path).is_some_and(kpi::names_agents);
    if !grant.may_ask(names_agents, &pairs) {
        let what = "numbers of single agents are for admins, for the lead of their team and for \
                    the agent";
        let hint = "a lead adds where.team=TEAM, an agent where.agent=ID, each with a token that \
                    names it";
        return forbidden(what.to_owned(), hint);
    }
    Ok(names_agents || is_about_agents(&pairs))
}

/// Notes who looks at numbers of single agents, and which.
fn note_look<B>(site: &Site, visitor: &Visitor, path: &str, request: &Request<B>) {
    // The address carries no token any more.
    let query = request.uri().query();
    let on = query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"));
    site.options.access.audit().note_look(&Deed {
        who: visitor.to_json(),
        action: "read",
        on: &on,
        outcome: "ok",
    });
}

/// Returns the decoded parameters of a request.
fn pairs<B>(request: &Request<B>) -> impl Iterator<Item = (String, String)> {
    let query = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(query.as_bytes()).into_owned()
}

/// Refuses a change that another site may have made a browser ask for.
fn proves_intent(
    site: &Site,
    arrival: &Arrival,
    visitor: &Visitor,
    headers: &HeaderMap,
) -> Result<(), Fault> {
    let needs_bearer = |what: &str| {
        Err(Fault::new(StatusCode::UNAUTHORIZED, what)
            .hint("send the token as `Authorization: Bearer …`"))
    };
    match &visitor.who {
        Who::Operator { .. } | Who::Token(_, Means::Bearer) => Ok(()),
        Who::Token(_, Means::Parameter) => {
            needs_bearer("a token in the address is for looking, not for changing")
        }
        Who::Stranger | Who::Anonymous => needs_bearer("a change needs a token"),
        Who::Token(_, Means::Cookie) | Who::User { .. } => {
            let origin = headers.get(header::ORIGIN);
            let origin = origin.and_then(|origin| origin.to_str().ok());
            match origin {
                Some(origin) if arrival.is_own_origin(&site.options.front, origin) => Ok(()),
                _ => Err(Fault::new(
                    StatusCode::FORBIDDEN,
                    "a browser's change must come from a page of this server",
                )
                .hint(
                    "its Origin must be this server's address; behind a proxy set trusted_proxies \
                     or public_url under [http]",
                )),
            }
        }
    }
}

fn cookie_and_back<B>(
    site: &Site,
    arrival: &Arrival,
    token: &Token,
    credential: &Credential,
    path: &str,
    request: &Request<B>,
    now: Timestamp,
) -> Response {
    let base = site.options.base_path.trim_end_matches('/');
    // Put together anew: a path of two slashes would be another host's address.
    let target = match request.uri().query() {
        Some(query) => format!("{base}/{path}?{query}"),
        None => format!("{base}/{path}"),
    };
    let mut response = reply::empty(StatusCode::SEE_OTHER);
    let headers = response.headers_mut();
    reply::put(headers, header::LOCATION, &target);
    let is_secure = arrival.is_secure;
    if let Some(cookie) = credential::set_cookie(&credential.text, token, base, is_secure, now) {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}
