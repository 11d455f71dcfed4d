//! The walk through a list in the order of the objects' last change.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vocd_plugin::cursor::{self, Watermark};
use vocd_plugin::{Error, Out, Result, Time};

use crate::api::Page;
use crate::entity::{Entity, Head, List, SETTLED_AFTER};

/// Deals after which a checkpoint is declared inside a page: each may cost a request of its own, and
/// a run whose time or budget is used up must have got on.
const CHECKPOINT_DEALS: usize = 20;

/// Where the next page begins; the mark is the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cursor {
    #[serde(default)]
    mark: Watermark,
    /// Where in this run the next page begins; a run begins at the mark.
    #[serde(skip)]
    at: Option<Place>,
}

/// The beginning of a page. The vendor's own cursor may go out of date, so it lives for a run.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    since: Option<Time>,
    page: Option<String>,
}

/// Reads a list on from a cursor; `ask` gives a page and `take` emits an object that is news, with
/// the time of its version.
pub(crate) fn walk(
    list: List,
    out: &mut Out<'_>,
    start: Cursor,
    now_ms: impl Fn() -> i64,
    mut ask: impl FnMut(Option<Time>, Option<&str>) -> Result<Page>,
    mut take: impl FnMut(&Value, &Head, Time, &mut Out<'_>) -> Result<()>,
) -> Result<()> {
    cursor::pages(out, start, |cursor, out| {
        let place = cursor.at.clone().unwrap_or_else(|| Place {
            since: cursor.mark.since(SETTLED_AFTER),
            page: None,
        });
        // Before the vendor answers: what changes meanwhile must not look settled.
        let asked_at_ms = now_ms();
        let page = ask(place.since, place.page.as_deref())?;
        let heads = heads(list, &page, out)?;
        check_order(list, &heads, place.since)?;
        let mut next = cursor.clone();
        let mut n_taken = 0;
        for (object, head) in &heads {
            let at = head.version_at(asked_at_ms);
            if next.mark.is_news(&head.id.to_string(), at, SETTLED_AFTER) {
                take(object, head, at, out)?;
                n_taken += 1;
                if list.entity == Entity::Deal && n_taken % CHECKPOINT_DEALS == 0 {
                    out.checkpoint_value(&next)?;
                }
            }
        }
        next.at = page.next().map(|page| Place {
            page: Some(page),
            ..place
        });
        Ok(match next.at {
            Some(_) => cursor::Page::More(next),
            None => cursor::Page::Last(next),
        })
    })
}

/// Reads what all objects of a page have; those that lack it are refused one by one.
fn heads<'a>(list: List, page: &'a Page, out: &mut Out<'_>) -> Result<Vec<(&'a Value, Head)>> {
    let mut heads = Vec::with_capacity(page.data.len());
    for object in &page.data {
        match Head::deserialize(object) {
            Ok(head) => heads.push((object, head)),
            Err(_) => {
                let place = place_of(list.path, object);
                let detail = "it has no `id` or no `update_time` as this plugin knows them";
                out.reject(list.entity.kind(), "bad_object", &place, detail);
            }
        }
    }
    match heads.is_empty() && !page.data.is_empty() {
        true => Err(Error::schema_changed(format!(
            "nothing of a whole page of {} can be read: their shape has changed",
            list.path
        ))),
        false => Ok(heads),
    }
}

/// Returns where an object stands, as far as it says so.
pub(crate) fn place_of(path: &str, object: &Value) -> String {
    match object.get("id").and_then(Value::as_u64) {
        Some(id) => format!("{path}/{id}"),
        None => format!("{path}/?"),
    }
}

/// The walk is only whole in the order of change, from the second that was asked for.
fn check_order(list: List, heads: &[(&Value, Head)], since: Option<Time>) -> Result<()> {
    let is_sorted = heads.is_sorted_by_key(|(_, head)| head.update_time);
    let first = heads.first().map(|(_, head)| head.update_time.unix_s());
    let begins_right = first.is_none_or(|first| since.is_none_or(|since| first >= since.unix_s()));
    match is_sorted && begins_right {
        true => Ok(()),
        false => Err(Error::schema_changed(format!(
            "the vendor ignores `sort_by` or `updated_since` of {}: objects come in another order \
             than the one of their last change",
            list.path
        ))),
    }
}
