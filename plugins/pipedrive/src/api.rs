//! The vendor's API, as far as it is read, and what its refusals mean.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use vocd_plugin::http::{Request, Response};
use vocd_plugin::{Auth, Error, ErrorClass, Http, Result, Time};

use crate::config::Config;
use crate::entity::{Entity, List};

/// Objects of one page, the most the vendor gives.
pub(crate) const PAGE_OBJECTS: usize = 500;
/// Changes of one page of a changelog.
const PAGE_CHANGES: usize = 500;
/// Most pages of one deal's changelog.
const CHANGE_PAGES_MAX: usize = 100;
/// How long to stay away when the vendor has locked the door: it does so for persistent abuse.
const LOCKED_OUT: Duration = Duration::from_secs(30 * 60);

/// Makes the requests.
#[derive(Debug)]
pub(crate) struct Api {
    http: Http,
    url: String,
    api_token: String,
}

/// One page of a list.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    /// The objects, in the order of their last change.
    pub(crate) data: Vec<Value>,
    additional_data: Option<More>,
}

#[derive(Debug, Deserialize)]
struct More {
    next_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct One {
    data: Value,
}

/// One change of one field of a deal.
#[derive(Debug, Deserialize)]
pub(crate) struct Change {
    /// Which field.
    pub(crate) field_key: String,
    /// What it was.
    #[serde(default)]
    pub(crate) old_value: Value,
    /// What it became.
    #[serde(default)]
    pub(crate) new_value: Value,
    /// When it changed, UTC.
    pub(crate) time: String,
}

#[derive(Debug, Deserialize)]
struct Changes {
    data: Option<Vec<Change>>,
    additional_data: Option<More>,
}

impl Page {
    /// Returns the cursor of the next page, or `None` at the end.
    pub(crate) fn next(&self) -> Option<String> {
        let next = self.additional_data.as_ref()?.next_cursor.as_ref();
        next.filter(|cursor| !cursor.is_empty()).cloned()
    }
}

impl Api {
    /// Makes the API of a configuration.
    pub(crate) fn new(config: &Config, http: Http) -> Self {
        Self {
            http,
            url: config.url.clone(),
            api_token: config.api_token.clone(),
        }
    }

    /// Returns a page of a list: what changed at or after `since`, oldest change first.
    pub(crate) fn page(&self, list: List, since: Option<Time>, page: Option<&str>) -> Result<Page> {
        let url = format!("{}/api/v2/{}", self.url, list.path);
        let mut request = detailed(list.entity, self.http.get(url))
            .query("limit", &PAGE_OBJECTS.to_string())
            .query("sort_by", "update_time")
            .query("sort_direction", "asc");
        if !list.status.is_empty() {
            request = request.query("status", list.status);
        }
        if let Some(since) = since {
            // The vendor knows whole seconds.
            let since = Time::from_unix_s(since.unix_s());
            request = request.query("updated_since", &since.to_string());
        }
        if let Some(page) = page {
            request = request.query("cursor", page);
        }
        self.send(request)?.json()
    }

    /// Returns one object, or `None` when there is none (any more).
    pub(crate) fn object(&self, entity: Entity, id: u64) -> Result<Option<Value>> {
        let url = format!("{}/api/v2/{}/{id}", self.url, entity.path());
        let answer = self.send(detailed(entity, self.http.get(url)));
        let one: Option<One> = found(answer)?.map(|answer| answer.json()).transpose()?;
        Ok(one.map(|one| one.data))
    }

    /// Returns the changes of a deal, newest first, or `None` when the vendor does not tell them.
    pub(crate) fn changes(&self, deal: u64) -> Result<Option<Vec<Change>>> {
        let url = format!("{}/api/v1/deals/{deal}/changelog", self.url);
        let (mut changes, mut cursor) = (Vec::new(), None::<String>);
        for _ in 0..CHANGE_PAGES_MAX {
            let mut request = self
                .http
                .get(&url)
                .query("limit", &PAGE_CHANGES.to_string());
            if let Some(cursor) = &cursor {
                request = request.query("cursor", cursor);
            }
            let Some(answer) = found(self.send(request.bucket("changelog")))? else {
                return Ok(None);
            };
            let page: Changes = answer.json()?;
            changes.extend(page.data.unwrap_or_default());
            let next = page.additional_data.and_then(|more| more.next_cursor);
            if next.is_none() {
                return Ok(Some(changes));
            }
            cursor = next;
        }
        let text = format!("the changelog of deal {deal} does not end: its paging has changed");
        Err(Error::schema_changed(text))
    }

    /// Asks for as little as possible, to see whether the token is good.
    pub(crate) fn check(&self) -> Result<()> {
        let request = self.http.get(format!("{}/api/v1/users/me", self.url));
        self.send(request).map(drop)
    }

    fn send(&self, request: Request<'_>) -> Result<Response> {
        let auth = Auth::header(&self.api_token, "x-api-token", "");
        let response = request.auth(auth).send_any()?;
        if let Some(error) = refusal(&response) {
            return Err(error);
        }
        response.head().check(response.body())?;
        Ok(response)
    }
}

/// Asks for what the records need besides what comes anyway.
fn detailed(entity: Entity, request: Request<'_>) -> Request<'_> {
    let request = request.query("include_option_labels", "true");
    match entity {
        Entity::Deal => request.query("include_fields", "first_won_time"),
        Entity::Organization | Entity::Person => request,
    }
}

fn found(answer: Result<Response>) -> Result<Option<Response>> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(error) if error.class() == ErrorClass::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the error of a refusal that says more than its status does. Of budgets that are used up
/// the host knows by their headers.
fn refusal(response: &Response) -> Option<Error> {
    // The vendor's own refusals are JSON; whoever keeps asking too much meets a page instead.
    let is_own = response.body().trim_ascii_start().starts_with(b"{");
    (response.status() == 403 && !is_own).then(|| {
        let wait = response.head().retry_after().unwrap_or(LOCKED_OUT);
        let text = "the vendor has locked this address out for asking too much";
        Error::rate_limited(text, wait)
    })
}
