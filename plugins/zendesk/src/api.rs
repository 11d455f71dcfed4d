//! Requests to the vendor.

use serde::de::DeserializeOwned;
use vocd_plugin::http::{Request, Response};
use vocd_plugin::{Error, Host, Http, Result};

use crate::config::Login;
use crate::shape::named;

/// Budget of the incremental exports, which the vendor limits to 10 requests a minute.
pub(crate) const EXPORTS: &str = "exports";

/// The vendor's API of one account.
pub(crate) struct Api {
    http: Http,
    base: String,
    login: Login,
}

impl Api {
    pub(crate) fn new(host: &Host, base: String, login: Login) -> Result<Self> {
        Ok(Self {
            http: host.http()?,
            base,
            login,
        })
    }

    /// Starts a request of a path such as `/api/v2/groups`.
    ///
    /// Addresses in answers are not followed: they may name another host, and the cursor says the
    /// same.
    pub(crate) fn get(&self, path: &str) -> Request<'_> {
        let request = self.http.get(format!("{}{path}", self.base));
        request.auth(self.login.auth())
    }
}

/// Sends a request and reads the answer.
pub(crate) fn fetch<T: DeserializeOwned>(request: Request<'_>) -> Result<T> {
    request.send()?.json().map_err(named)
}

/// As [`fetch`], for what an account may lack: `None` where it is not found or not allowed.
pub(crate) fn fetch_if_there<T: DeserializeOwned>(request: Request<'_>) -> Result<Option<T>> {
    let response = request.send_any()?;
    match response.status() {
        403 | 404 | 410 => Ok(None),
        _ => checked(&response)?.json().map(Some).map_err(named),
    }
}

/// As [`fetch`], for requests with a cursor of an earlier run.
pub(crate) fn fetch_after<T: DeserializeOwned>(request: Request<'_>) -> Result<T> {
    let response = request.send_any()?;
    if matches!(response.status(), 400 | 422) {
        let text = "the vendor no longer knows the place where the last run ended";
        return Err(Error::checkpoint_unreadable(text));
    }
    checked(&response)?.json().map_err(named)
}

fn checked(response: &Response) -> Result<&Response> {
    response.head().check(response.body())?;
    Ok(response)
}
