//! The satisfaction of customers: an account has the legacy survey or the new one.
//!
//! Neither list is in an order to rely on, so there is one checkpoint, at the end.

use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vocd_plugin::cursor::Watermark;
use vocd_plugin::http::Request;
use vocd_plugin::{Error, Host, Level, Out, Result, Time};

use crate::api::{Api, fetch, fetch_if_there};
use crate::config::{Config, Csat};
use crate::shape::nullable;
use crate::{rating, survey};

/// Rows of a page: the greatest the vendor allows.
const RATINGS_PAGE: &str = "100";
const SURVEYS_PAGE: &str = "50";

/// How far each list was read.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    #[serde(default)]
    legacy: Watermark,
    #[serde(default)]
    new: Watermark,
}

/// Tells the rows of one list from those of the lists before.
pub(crate) struct Seen<'a> {
    /// As it was: a new row may make `mark` forget an old one that comes later in the list.
    before: Watermark,
    mark: &'a mut Watermark,
}

impl<'a> Seen<'a> {
    fn new(mark: &'a mut Watermark) -> Self {
        Self {
            before: mark.clone(),
            mark,
        }
    }

    /// As [`Watermark::is_news`], for lists in no order.
    pub(crate) fn is_news(&mut self, id: &str, changed_at: Time, overlap: Duration) -> bool {
        !self.before.knows(id, changed_at) && self.mark.is_news(id, changed_at, overlap)
    }
}

/// A page of either list.
trait List: DeserializeOwned {
    /// Returns the cursor of the next page; `None` at the end.
    fn next(&self) -> Result<Option<&str>>;
}

#[derive(Deserialize)]
struct Ratings {
    satisfaction_ratings: Vec<rating::Wire>,
    meta: Option<Meta>,
    /// Address of the next page where pages are numbered, which ends after a hundred of them.
    next_page: Option<String>,
}

#[derive(Deserialize)]
struct Rating {
    satisfaction_rating: rating::Wire,
}

#[derive(Deserialize)]
struct Surveys {
    survey_responses: Vec<survey::Wire>,
    meta: Meta,
}

#[derive(Deserialize)]
struct Meta {
    has_more: bool,
    #[serde(deserialize_with = "nullable")]
    after_cursor: Option<String>,
}

impl Meta {
    fn next(&self) -> Result<Option<&str>> {
        match (self.has_more, &self.after_cursor) {
            (false, _) => Ok(None),
            (true, Some(after)) => Ok(Some(after)),
            (true, None) => Err(Error::schema_changed(
                "a list has more pages and no `after_cursor`",
            )),
        }
    }
}

impl List for Ratings {
    fn next(&self) -> Result<Option<&str>> {
        match (&self.meta, &self.next_page) {
            (Some(meta), _) => meta.next(),
            (None, None) => Ok(None),
            (None, Some(_)) => Err(Error::schema_changed(
                "ratings come in numbered pages although a cursor was asked for: missing field \
                 `meta`",
            )),
        }
    }
}

impl List for Surveys {
    fn next(&self) -> Result<Option<&str>> {
        self.meta.next()
    }
}

/// One list, and what of it is wanted.
struct Wanted<'a> {
    survey: Csat,
    path: &'a str,
    page_rows: &'a str,
    filter: &'a dyn for<'r> Fn(Request<'r>) -> Request<'r>,
}

/// Reads what is configured.
pub(crate) struct Reader<'a> {
    pub(crate) api: &'a Api,
    pub(crate) config: &'a Config,
    pub(crate) host: &'a Host,
}

impl Reader<'_> {
    /// Reads both lists as far as the account has them.
    pub(crate) fn read(&self, mut cursor: Cursor, out: &mut Out<'_>) -> Result<()> {
        let start = self.config.start;
        let since = cursor.legacy.since(rating::OVERLAP);
        let legacy = Wanted {
            survey: Csat::Legacy,
            path: rating::PATH,
            page_rows: RATINGS_PAGE,
            filter: &|request| rating::since(request, since, start),
        };
        let mut seen = Seen::new(&mut cursor.legacy);
        self.pages(&legacy, &mut |page: Ratings| {
            let mut ratings = page.satisfaction_ratings.iter();
            ratings.try_for_each(|wire| rating::emit(wire, &mut seen, out))
        })?;
        let since = cursor.new.since(self.reread());
        let new = Wanted {
            survey: Csat::New,
            path: survey::PATH,
            page_rows: SURVEYS_PAGE,
            filter: &|request| survey::since(request, since, start),
        };
        self.surveys(&new, &mut cursor.new, out)?;
        out.checkpoint_value(&cursor)
    }

    /// Emits what a ticket's event may have changed; `rating_id` is what the ticket shows.
    pub(crate) fn of_ticket(
        &self,
        ticket_id: &str,
        rating_id: Option<&str>,
        out: &mut Out<'_>,
    ) -> Result<()> {
        if let Some(rating_id) = rating_id.filter(|_| self.wants(Csat::Legacy)) {
            let request = self.api.get(&format!("{}/{rating_id}", rating::PATH));
            let answer = self.fetch::<Rating>(request, Csat::Legacy)?;
            if let Some(answer) = answer {
                let mut nothing = Watermark::default();
                let mut seen = Seen::new(&mut nothing);
                rating::emit(&answer.satisfaction_rating, &mut seen, out)?;
            }
        }
        let subject = format!("zen:ticket:{ticket_id}");
        let new = Wanted {
            survey: Csat::New,
            path: survey::PATH,
            page_rows: SURVEYS_PAGE,
            filter: &|request| request.query("filter[subject_zrns]", &subject),
        };
        self.surveys(&new, &mut Watermark::default(), out)
    }

    fn surveys(&self, wanted: &Wanted<'_>, mark: &mut Watermark, out: &mut Out<'_>) -> Result<()> {
        let overlap = self.reread();
        let mut seen = Seen::new(mark);
        self.pages(wanted, &mut |page: Surveys| {
            let mut submissions = page.survey_responses.iter();
            submissions.try_for_each(|wire| survey::emit(wire, &mut seen, overlap, out))
        })
    }

    fn pages<L: List>(
        &self,
        wanted: &Wanted<'_>,
        on_page: &mut dyn FnMut(L) -> Result<()>,
    ) -> Result<()> {
        if !self.wants(wanted.survey) {
            return Ok(());
        }
        let mut after = None::<String>;
        loop {
            let request = self
                .api
                .get(wanted.path)
                .query("page[size]", wanted.page_rows);
            let request = match &after {
                None => request,
                Some(after) => request.query("page[after]", after),
            };
            let Some(page) = self.fetch::<L>((wanted.filter)(request), wanted.survey)? else {
                return Ok(());
            };
            let next = page.next()?.map(str::to_owned);
            on_page(page)?;
            match next {
                None => return Ok(()),
                next if next == after => {
                    let path = wanted.path;
                    return Err(Error::schema_changed(format!(
                        "the list {path} goes in circles"
                    )));
                }
                next => after = next,
            }
        }
    }

    /// Asks for what the account may lack, unless the configuration says that it has it.
    fn fetch<T: DeserializeOwned>(&self, request: Request<'_>, survey: Csat) -> Result<Option<T>> {
        if self.config.csat == survey {
            return fetch(request).map(Some);
        }
        let answer = fetch_if_there(request)?;
        if answer.is_none() {
            let name = match survey {
                Csat::New => "new",
                _ => "legacy",
            };
            let text =
                format!("the account lets nobody read the {name} satisfaction survey: skipped");
            self.host.log(Level::Info, &text);
        }
        Ok(answer)
    }

    fn wants(&self, survey: Csat) -> bool {
        self.config.csat == Csat::Auto || self.config.csat == survey
    }

    fn reread(&self) -> Duration {
        Duration::from_secs(u64::from(self.config.reread_days) * 86_400)
    }
}
