//! The walk through the responses in the order of their last change.
//!
//! The vendor pages by "skip so many", over a set that grows and whose rows move to the end when
//! they change: skipping through it loses rows. So each page begins at the last change of the one
//! before, which the vendor includes, and skips only among responses of one and the same instant.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use vocd_plugin::cursor::{self, Watermark};
use vocd_plugin::{Error, Out, RecordKind, Result, Time};

use crate::api::Page;
use crate::config::Config;
use crate::submission::{Submission, shape_of};

/// How long a change may take to be seen after the instant it bears: transactions end late, and the
/// vendor's servers have clocks of their own.
const OVERLAP: Duration = Duration::from_secs(60);

/// Where the next page begins; part of it is the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    mark: Watermark,
    /// The surveys that were kept; empty: all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    surveys: Vec<String>,
    /// Where in this run the next page begins; a run begins at the mark.
    #[serde(skip)]
    at: Option<Place>,
}

/// The beginning of a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    since: Option<Time>,
    skip: usize,
}

impl Cursor {
    /// Returns where a run begins: where the last one ended, unless more surveys are wanted now.
    pub(crate) fn starting(stored: Option<Self>, config: &Config) -> Self {
        let stored = stored.filter(|stored| {
            let kept_all = stored.surveys.is_empty();
            let is_kept = |id: &String| stored.surveys.contains(id);
            kept_all || !config.surveys.is_empty() && config.surveys.iter().all(is_kept)
        });
        let mark = match (stored, config.start) {
            (Some(stored), _) => stored.mark,
            (None, Some(start)) => Watermark::starting_at(start + OVERLAP),
            (None, None) => Watermark::default(),
        };
        Self {
            mark,
            surveys: config.surveys.iter().cloned().collect(),
            at: None,
        }
    }
}

/// Reads on from a cursor; `ask` gives a page and `take` emits a submission that is news.
pub(crate) fn walk(
    out: &mut Out<'_>,
    start: Cursor,
    mut ask: impl FnMut(Option<Time>, usize) -> Result<Page>,
    mut take: impl FnMut(&Submission, &mut Out<'_>) -> Result<()>,
) -> Result<()> {
    cursor::pages(out, start, |cursor, out| {
        let place = cursor.at.unwrap_or(Place {
            since: cursor.mark.since(OVERLAP),
            skip: 0,
        });
        let page = ask(place.since, place.skip)?;
        check_offset(&page, place)?;
        let submissions = submissions(&page, out)?;
        check_order(&submissions, place)?;
        let mut next = cursor.clone();
        for submission in &submissions {
            if next
                .mark
                .is_news(&submission.id, submission.updated_at, OVERLAP)
            {
                take(submission, out)?;
            }
        }
        if page.is_last(place.skip) {
            next.at = None;
            return Ok(cursor::Page::Last(next));
        }
        let last = submissions.last().map(|last| last.updated_at);
        next.at = Some(match last > place.since {
            true => Place {
                since: last,
                skip: 0,
            },
            false => Place {
                skip: place.skip + page.data.len(),
                ..place
            },
        });
        Ok(cursor::Page::More(next))
    })
}

/// Reads the responses of a page; those that cannot be read are refused one by one.
fn submissions(page: &Page, out: &mut Out<'_>) -> Result<Vec<Submission>> {
    let mut read = Vec::with_capacity(page.data.len());
    for value in &page.data {
        match Submission::deserialize(value) {
            Ok(submission) => read.push(submission),
            Err(error) => {
                let id = value.get("id").and_then(serde_json::Value::as_str);
                let place = format!("responses/{}", id.unwrap_or("?"));
                out.reject(
                    RecordKind::Response,
                    "bad_response",
                    &place,
                    &shape_of(&error),
                );
            }
        }
    }
    match read.is_empty() && !page.data.is_empty() {
        true => Err(Error::schema_changed(
            "no response of a whole page can be read: their shape has changed",
        )),
        false => Ok(read),
    }
}

/// The walk is only whole when the vendor skips as it was asked to.
fn check_offset(page: &Page, place: Place) -> Result<()> {
    let offset = page.meta.as_ref().and_then(|meta| meta.offset);
    #[expect(
        clippy::cast_precision_loss,
        reason = "a number of rows is far below 2^52"
    )]
    let is_as_asked = offset.is_none_or(|offset| (offset - place.skip as f64).abs() < 0.5);
    match is_as_asked {
        true => Ok(()),
        false => Err(Error::schema_changed(
            "the vendor skips other responses than it was asked to: its paging has changed",
        )),
    }
}

/// The walk is only whole in the order of change, from the instant that was asked for.
fn check_order(submissions: &[Submission], place: Place) -> Result<()> {
    let is_sorted = submissions.is_sorted_by_key(|submission| submission.updated_at);
    // The vendor keeps milliseconds, and so did what it was asked.
    let begins_right = submissions
        .first()
        .is_none_or(|first| place.since.is_none_or(|since| first.updated_at >= since));
    match is_sorted && begins_right {
        true => Ok(()),
        false => Err(Error::schema_changed(
            "the vendor ignores `sortBy` or `startDate`: responses come in another order than the \
             one of their last change",
        )),
    }
}
