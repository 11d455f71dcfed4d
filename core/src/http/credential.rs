//! What a request carries to prove who asks: a bearer token, an address with a token, a cookie.

use http::header::{self, HeaderMap};
use http::{HeaderValue, Request, Uri};
use jiff::Timestamp;

use crate::access::Token;

/// Parameter that carries a token where no header can be set.
const PARAMETER: &str = "token";
/// Cookie that a page keeps in its place.
const COOKIE: &str = "vocd_token";
/// Longest time a browser keeps a cookie, in seconds: 400 days, what browsers cap it at.
const COOKIE_S_MAX: i64 = 400 * 86_400;

/// How a token came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Means {
    /// `Authorization: Bearer`: no page can make a browser send it.
    Bearer,
    /// `?token=`.
    Parameter,
    /// The cookie, which a browser sends by itself.
    Cookie,
}

/// A token as it came; never printed.
pub(super) struct Credential {
    /// The presented text.
    pub(super) text: String,
    /// How it came.
    pub(super) means: Means,
}

/// Takes the credential out of a request: its address has none afterwards.
pub(super) fn take<B>(request: &mut Request<B>) -> Option<Credential> {
    let parameter = take_parameter(request);
    let headers = request.headers();
    let of = |means| move |text| Credential { text, means };
    bearer(headers)
        .map(of(Means::Bearer))
        .or_else(|| parameter.map(of(Means::Parameter)))
        .or_else(|| cookie(headers).map(of(Means::Cookie)))
}

/// Returns the `Set-Cookie` that keeps a token in a browser.
pub(super) fn set_cookie(
    text: &str,
    token: &Token,
    base_path: &str,
    is_secure: bool,
    now: Timestamp,
) -> Option<HeaderValue> {
    let left_s = token
        .expires_at
        .map_or(COOKIE_S_MAX, |end| end.duration_since(now).as_secs());
    let max_age_s = left_s.clamp(0, COOKIE_S_MAX);
    let path = if base_path.is_empty() { "/" } else { base_path };
    let secure = if is_secure { "; Secure" } else { "" };
    let cookie = format!(
        "{COOKIE}={text}; Path={path}; Max-Age={max_age_s}; HttpOnly; SameSite=Strict{secure}"
    );
    let mut value = HeaderValue::try_from(cookie).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    // Another scheme is a proxy's own log-in.
    let (scheme, text) = value.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| text.trim().to_owned())
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter();
    let mut pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let found = pairs.find(|(name, _)| *name == COOKIE);
    found.map(|(_, value)| value.to_owned())
}

fn take_parameter<B>(request: &mut Request<B>) -> Option<String> {
    let uri = request.uri();
    let pairs: Vec<&str> = uri.query()?.split('&').collect();
    let name_of = |pair: &str| {
        let decoded = form_urlencoded::parse(pair.as_bytes()).next();
        decoded.map(|(name, value)| (name.into_owned(), value.into_owned()))
    };
    let is_token = |pair: &&str| name_of(pair).is_some_and(|(name, _)| name == PARAMETER);
    let taken = pairs.iter().copied().find(is_token)?;
    let text = name_of(taken).map(|(_, value)| value);
    let rest: Vec<&str> = pairs
        .iter()
        .copied()
        .filter(|pair| !is_token(pair))
        .collect();
    let target = match rest.is_empty() {
        true => uri.path().to_owned(),
        false => format!("{}?{}", uri.path(), rest.join("&")),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = target.parse().ok();
    if let Ok(uri) = Uri::from_parts(parts) {
        *request.uri_mut() = uri;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: &str, headers: &[(&str, &str)], expected: Option<(&str, Means)>, left: &str) {
        let mut request = Request::get(target);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut request = request.body(()).unwrap();
        let found = take(&mut request);
        let found = found.as_ref().map(|one| (one.text.as_str(), one.means));
        assert_eq!(found, expected, "{target} {headers:?}");
        assert_eq!(request.uri().to_string(), left);
    }

    #[test]
    fn a_credential_is_taken_from_where_it_came() {
        let bearer = ("authorization", "bearer  a");
        let cookie = ("cookie", "x=1; vocd_token=c; y=2");
        check(
            "/w?token=b",
            &[bearer, cookie],
            Some(("a", Means::Bearer)),
            "/w",
        );
        check(
            "/w?range=3d&token=b&by=x%26y",
            &[cookie],
            Some(("b", Means::Parameter)),
            "/w?range=3d&by=x%26y",
        );
        check("/w", &[cookie], Some(("c", Means::Cookie)), "/w");
        check("/w?tok%65n=b", &[], Some(("b", Means::Parameter)), "/w");
        check(
            "/w?token=b&token=d",
            &[],
            Some(("b", Means::Parameter)),
            "/w",
        );
        check(
            "/w?mytoken=b",
            &[("authorization", "Basic YTpi")],
            None,
            "/w?mytoken=b",
        );
    }
}
