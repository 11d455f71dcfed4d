//! The two versions of the vendor's management API, as far as they are read.

use serde::Deserialize;
use serde_json::Value;
use vocd_plugin::{Auth, Error, ErrorClass, Http, Result, Time};

use crate::config::Config;
use crate::survey::RawSurvey;

/// Responses of one page, the most the vendor gives.
const PAGE_RESPONSES: usize = 250;
/// Surveys of one page: each may be long.
const PAGE_SURVEYS: usize = 50;
/// Most pages of surveys that are read.
const SURVEY_PAGES_MAX: usize = 200;

/// Makes the requests.
#[derive(Debug)]
pub(crate) struct Api {
    http: Http,
    url: String,
    api_key: String,
}

/// One page of responses.
#[derive(Debug, Deserialize)]
pub(crate) struct Page {
    /// In the order of their last change.
    pub(crate) data: Vec<Value>,
    /// Where the page stands.
    pub(crate) meta: Option<PageMeta>,
}

/// What the vendor says of a page.
#[derive(Debug, Deserialize)]
pub(crate) struct PageMeta {
    /// How many responses were passed over.
    pub(crate) offset: Option<f64>,
    total: Option<f64>,
}

impl Page {
    /// Tells whether nothing follows the page that begins after `skip` responses. A server may give
    /// fewer than it was asked for, so a short page alone says nothing.
    pub(crate) fn is_last(&self, skip: usize) -> bool {
        let n_read = self.data.len();
        #[expect(
            clippy::cast_precision_loss,
            reason = "a number of rows is far below 2^52"
        )]
        let is_whole = |total: f64| (skip + n_read) as f64 >= total;
        let total = self.meta.as_ref().and_then(|meta| meta.total);
        n_read == 0 || total.map_or(n_read < PAGE_RESPONSES, is_whole)
    }
}

#[derive(Debug, Deserialize)]
struct Surveys {
    data: Vec<Value>,
}

#[derive(Debug, Deserialize)]
struct OneSurvey {
    data: Value,
}

/// A survey, or its id when this version cannot read it.
pub(crate) type ReadSurvey = std::result::Result<RawSurvey, Option<String>>;

impl Api {
    /// Makes the API of a configuration.
    pub(crate) fn new(config: &Config, http: Http) -> Self {
        Self {
            http,
            url: config.url.clone(),
            api_key: config.api_key.clone(),
        }
    }

    /// Returns responses that changed at or after `since`, oldest change first, without the first
    /// `skip`.
    pub(crate) fn responses(&self, since: Option<Time>, skip: usize) -> Result<Page> {
        let mut request = self
            .http
            .get(format!("{}/api/v2/management/responses", self.url))
            .query("limit", &PAGE_RESPONSES.to_string())
            .query("skip", &skip.to_string())
            .query("sortBy", "updatedAt")
            .query("order", "asc")
            .query("filterDateField", "updatedAt");
        if let Some(since) = since {
            request = request.query("startDate", &since.to_string());
        }
        request.auth(self.auth()).send()?.json()
    }

    /// Asks for as little as possible, to see whether the key is good.
    pub(crate) fn check(&self) -> Result<()> {
        let request = self.http.get(format!("{}/api/v1/management/me", self.url));
        request.auth(self.auth()).send().map(drop)
    }

    /// Returns every survey the key may see.
    pub(crate) fn surveys(&self) -> Result<Vec<ReadSurvey>> {
        let mut surveys = Vec::new();
        for page_idx in 0..SURVEY_PAGES_MAX {
            let page: Surveys = self
                .http
                .get(format!("{}/api/v1/management/surveys", self.url))
                .query("limit", &PAGE_SURVEYS.to_string())
                .query("offset", &(page_idx * PAGE_SURVEYS).to_string())
                .auth(self.auth())
                .send()?
                .json()?;
            let n_read = page.data.len();
            surveys.extend(page.data.into_iter().map(read_survey));
            // More than asked for: a version that knows no pages gives all of them.
            if n_read != PAGE_SURVEYS {
                return Ok(surveys);
            }
        }
        let n_max = PAGE_SURVEYS * SURVEY_PAGES_MAX;
        Err(Error::schema_changed(format!(
            "the vendor lists more than {n_max} surveys, or the same ones again and again"
        )))
    }

    /// Returns one survey, or `None` when there is none of that id.
    pub(crate) fn survey(&self, id: &str) -> Result<Option<ReadSurvey>> {
        let url = format!("{}/api/v1/management/surveys/{}", self.url, path_part(id));
        let answer = self.http.get(url).auth(self.auth()).send();
        match answer {
            Ok(answer) => Ok(Some(read_survey(answer.json::<OneSurvey>()?.data))),
            Err(error) if error.class() == ErrorClass::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn auth(&self) -> Auth {
        Auth::header(&self.api_key, "x-api-key", "")
    }
}

fn read_survey(survey: Value) -> ReadSurvey {
    let id = survey.get("id").and_then(Value::as_str).map(str::to_owned);
    serde_json::from_value(survey).map_err(|_| id)
}

/// Ids come from the vendor, and from webhooks: nothing in them may lead to another path.
fn path_part(id: &str) -> String {
    id.chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_'))
        .collect()
}
