//! Zendesk Support as far as the plugin asks it: exports with their own sense of time, the lists of
//! both satisfaction surveys, and single tickets.
//!
//! What its documentation says is kept to: nothing of the newest minute is exported, cursors are
//! exclusive, pages by time run to the end of their last second, the vendor's own work moves
//! `generated_timestamp` and not `updated_at`, and deleted tickets stay in the export.

mod desk;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

pub use desk::{GROUPS, rfc3339};

use super::{Asked, Item, Said, Service, Shelf};

/// Who may ask: `EMAIL/token:TOKEN`.
pub const EMAIL: &str = "admin@example.org";
/// The API token of the account.
pub const TOKEN: &str = "zendesk-api-token-of-the-test";
/// Nothing younger is exported, in seconds.
const NEWEST_S: i64 = 60;

/// An account.
#[derive(Debug, Clone)]
pub struct Zendesk {
    /// Each with its `metric_set`.
    pub tickets: Shelf<u64>,
    /// Agents and end users.
    pub users: Shelf<u64>,
    /// Companies.
    pub organizations: Shelf<u64>,
    /// Ratings of the legacy survey by id; none is ever changed.
    pub ratings: Shelf<u64>,
    /// Submissions of the new survey by id.
    pub surveys: Shelf<String>,
    /// Rows of a page of an export or a list.
    pub page_rows: usize,
    /// Whether the account has the legacy survey.
    pub has_legacy: bool,
    /// Whether the account has the new survey.
    pub has_new: bool,
    /// Whether metric sets come in a list beside the tickets instead of inside them.
    pub metric_sets_beside: bool,
}

impl Default for Zendesk {
    fn default() -> Self {
        Self {
            tickets: Shelf::default(),
            users: Shelf::default(),
            organizations: Shelf::default(),
            ratings: Shelf::default(),
            surveys: Shelf::default(),
            page_rows: 1_000,
            has_legacy: true,
            has_new: false,
            metric_sets_beside: false,
        }
    }
}

impl Service for Zendesk {
    fn answer(&mut self, asked: &Asked, now_s: i64) -> Said {
        if !is_admin(asked) {
            return refusal(401, "Couldn't authenticate you");
        }
        let said = match asked.path.strip_prefix("/api/v2/").unwrap_or_default() {
            "users/me" => Said::json(json!({"user": {"id": 1, "role": "admin"}})),
            "groups" => Self::groups(asked),
            "incremental/tickets/cursor" => self.tickets_page(asked, now_s),
            "incremental/users/cursor" => self.users_page(asked, now_s),
            "incremental/organizations" => self.organizations_page(asked, now_s),
            "satisfaction_ratings" => self.ratings_page(asked),
            "guide/survey_responses" => self.surveys_page(asked),
            path => self.one(path),
        };
        said.header("x-rate-limit: 700")
            .header("x-rate-limit-remaining: 650")
    }
}

impl Zendesk {
    fn one(&self, path: &str) -> Said {
        let (kind, id) = path.split_once('/').unwrap_or_default();
        let found = match (kind, id.parse::<u64>()) {
            ("tickets", Ok(id)) => {
                let live = self.tickets.get(&id).filter(|item| !item.is_deleted);
                live.map(|item| json!({"ticket": item.value}))
            }
            ("satisfaction_ratings", Ok(id)) if self.has_legacy => {
                let rating = self.ratings.get(&id);
                rating.map(|item| json!({"satisfaction_rating": item.value}))
            }
            _ => None,
        };
        found.map_or_else(|| refusal(404, "RecordNotFound"), Said::json)
    }

    fn groups(asked: &Asked) -> Said {
        // Two to a page, so that reading them takes turning one.
        let first = asked.parameter("page[after]").map_or(0, |_| 2);
        let rows: Vec<Value> = GROUPS
            .iter()
            .skip(first)
            .take(2)
            .map(|(id, name)| json!({"id": id, "name": name, "deleted": false}))
            .collect();
        let has_more = first + rows.len() < GROUPS.len();
        let after = has_more.then_some("two");
        Said::json(json!({"groups": rows, "meta": {"has_more": has_more, "after_cursor": after}}))
    }

    fn tickets_page(&self, asked: &Asked, now_s: i64) -> Said {
        let wants_metrics = asked.parameter("include") == Some("metric_sets");
        let export = match export(&self.tickets, asked, now_s, self.page_rows) {
            Ok(export) => export,
            Err(said) => return said,
        };
        let mut metric_sets = Vec::new();
        let rows: Vec<Value> = export
            .rows
            .iter()
            .map(|(_, item)| {
                let mut ticket = item.value.clone();
                ticket["generated_timestamp"] = json!(item.changed_at_s);
                if item.is_deleted {
                    ticket["status"] = json!("deleted");
                }
                let members = ticket.as_object_mut().expect("a ticket");
                let metric_set = members.remove("metric_set").expect("a metric set");
                match (wants_metrics, self.metric_sets_beside) {
                    (true, false) => ticket["metric_set"] = metric_set,
                    (true, true) => metric_sets.push(metric_set),
                    (false, _) => {}
                }
                ticket
            })
            .collect();
        let mut body = export.body("tickets", rows);
        if wants_metrics && self.metric_sets_beside {
            body["metric_sets"] = json!(metric_sets);
        }
        Said::json(body)
    }

    fn users_page(&self, asked: &Asked, now_s: i64) -> Said {
        match export(&self.users, asked, now_s, self.page_rows) {
            Ok(export) => {
                let rows = export.rows.iter().map(|(_, item)| item.value.clone());
                let rows = rows.collect();
                Said::json(export.body("users", rows))
            }
            Err(said) => said,
        }
    }

    fn organizations_page(&self, asked: &Asked, now_s: i64) -> Said {
        let start_s = match start_time(asked, now_s) {
            Ok(start_s) => start_s,
            Err(said) => return said,
        };
        let newest_s = now_s - NEWEST_S;
        let all: Vec<&Item> = self
            .organizations
            .changed_since(start_s)
            .map(|(_, item)| item)
            .take_while(|item| item.changed_at_s <= newest_s)
            .collect();
        // A page that ends inside a second is asked for again from that second on; one that is
        // inside a single second is filled up to its end, and the next one begins after it.
        let last_s = |n_rows: usize| Some(all.get(n_rows.checked_sub(1)?)?.changed_at_s);
        let mut n_rows = all.len().min(self.page_rows);
        let mut end_time = last_s(n_rows);
        if n_rows < all.len() && end_time == last_s(1) {
            n_rows = all.partition_point(|item| Some(item.changed_at_s) <= end_time);
            end_time = end_time.map(|second| second + 1);
        }
        let is_end = n_rows == all.len();
        let rows = &all[..n_rows];
        let values: Vec<&Value> = rows.iter().map(|item| &item.value).collect();
        Said::json(json!({
            "organizations": values, "count": values.len(), "end_of_stream": is_end,
            "end_time": end_time, "next_page": null,
        }))
    }

    fn ratings_page(&self, asked: &Asked) -> Said {
        if !self.has_legacy {
            return refusal(403, "Forbidden");
        }
        let since_s = asked.number("start_time").unwrap_or(0);
        // Newest first: an order that the plugin must not rely on.
        let mut rows: Vec<&Item> = self
            .ratings
            .changed_since(since_s)
            .map(|(_, item)| item)
            .collect();
        rows.reverse();
        list(
            "satisfaction_ratings",
            &rows,
            asked,
            self.page_rows.min(100),
        )
    }

    fn surveys_page(&self, asked: &Asked) -> Said {
        if !self.has_new {
            return refusal(404, "InvalidEndpoint");
        }
        let since_s = asked.number("filter[created_at_start]").unwrap_or(0) / 1_000;
        let subject = asked.parameter("filter[subject_zrns]");
        let mut rows: Vec<&Item> = Vec::new();
        for (_, item) in self.surveys.iter() {
            let is_wanted = subject.is_none_or(|subject| item.value["subject_zrns"][0] == subject);
            if is_wanted && desk::made_at_s(&item.value) >= since_s {
                rows.push(item);
            }
        }
        list("survey_responses", &rows, asked, self.page_rows.min(50))
    }
}

fn is_admin(asked: &Asked) -> bool {
    let expected = STANDARD.encode(format!("{EMAIL}/token:{TOKEN}"));
    asked.seen.header("authorization") == Some(&format!("Basic {expected}"))
}

fn refusal(status: u16, what: &str) -> Said {
    Said::status(status, json!({"error": what, "description": what}))
}

fn start_time(asked: &Asked, now_s: i64) -> Result<i64, Said> {
    let start_s = asked.number("start_time");
    let start_s = start_s.ok_or_else(|| refusal(400, "start_time is missing"))?;
    match start_s > now_s - NEWEST_S {
        true => Err(refusal(422, "Too recent start_time")),
        false => Ok(start_s),
    }
}

/// A page of an export with cursors.
struct Export<'a> {
    rows: Vec<(u64, &'a Item)>,
    after: Option<String>,
    is_end: bool,
}

impl Export<'_> {
    fn body(&self, name: &str, rows: Vec<Value>) -> Value {
        let mut body = json!({
            "after_cursor": self.after, "before_cursor": null, "after_url": null,
            "before_url": null, "end_of_stream": self.is_end,
        });
        body[name] = json!(rows);
        body
    }
}

fn export<'a>(
    shelf: &'a Shelf<u64>,
    asked: &Asked,
    now_s: i64,
    page_rows: usize,
) -> Result<Export<'a>, Said> {
    let (place, cursor) = match asked.parameter("cursor") {
        Some(cursor) => {
            let place = decoded(cursor).ok_or_else(|| refusal(422, "Invalid cursor"))?;
            (place, Some(cursor.to_owned()))
        }
        None => ((start_time(asked, now_s)? - 1, u64::MAX), None),
    };
    let asked_rows = asked
        .number("per_page")
        .and_then(|n| usize::try_from(n).ok());
    let page_rows = page_rows.min(asked_rows.unwrap_or(1_000));
    let newest_s = now_s - NEWEST_S;
    let mut rows: Vec<(u64, &Item)> = shelf
        .changed_after(&place, page_rows + 1)
        .filter(|(_, item)| item.changed_at_s <= newest_s)
        .map(|(id, item)| (*id, item))
        .collect();
    let is_end = rows.len() <= page_rows;
    rows.truncate(page_rows);
    let last = rows
        .last()
        .map(|(id, item)| encoded(item.changed_at_s, *id));
    Ok(Export {
        rows,
        after: last.or(cursor),
        is_end,
    })
}

fn encoded(second: i64, id: u64) -> String {
    STANDARD.encode(format!("{second}.0||{id}|"))
}

fn decoded(cursor: &str) -> Option<(i64, u64)> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let (second, id) = text.strip_suffix('|')?.split_once(".0||")?;
    Some((second.parse().ok()?, id.parse().ok()?))
}

/// Answers a list whose pages have cursors.
fn list(name: &str, rows: &[&Item], asked: &Asked, page_rows: usize) -> Said {
    let first = asked
        .parameter("page[after]")
        .and_then(|text| text.parse().ok());
    let first: usize = first.unwrap_or(0);
    let page: Vec<&Value> = rows
        .iter()
        .skip(first)
        .take(page_rows)
        .map(|item| &item.value)
        .collect();
    let end = first + page.len();
    let has_more = end < rows.len();
    let mut body = json!({"meta": {
        "has_more": has_more,
        "after_cursor": has_more.then(|| end.to_string()),
        "before_cursor": null,
    }});
    body[name] = json!(page);
    Said::json(body)
}
