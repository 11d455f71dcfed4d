//! A Pipedrive that remembers: organisations, persons, deals in three lists, and who changed what.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Asked, Item, Said, Service, Shelf};

/// The token it takes.
pub const API_TOKEN: &str = "pd-0123456789abcdef";
/// How long it shows deals that were deleted.
const DELETED_SHOWN_S: i64 = 30 * 24 * 3_600;

/// The account.
#[derive(Debug, Default)]
pub struct Pipedrive {
    /// By id, in the order of their last change.
    pub organizations: Shelf<u64>,
    /// As the organisations.
    pub persons: Shelf<u64>,
    /// As the organisations; whether one is archived stands in it.
    pub deals: Shelf<u64>,
    /// Changes of each deal, oldest first.
    pub changes: BTreeMap<u64, Vec<Value>>,
    /// Most objects of a page; 0 gives as many as are asked for.
    pub page_rows: usize,
}

impl Pipedrive {
    /// Adds an organisation, or renames it.
    pub fn put_organization(&mut self, id: u64, name: &str, segment: &str, at_s: i64) {
        let object = json!({"id": id, "name": name, "owner_id": 1, "add_time": written(at_s),
            "is_deleted": false, "address": {"country": "Germany"}, "label_ids": [],
            "custom_fields": {"seg": {"id": 1, "label": segment}}});
        self.organizations.put(id, object, at_s);
    }

    /// Adds a person of an organisation.
    pub fn put_person(&mut self, id: u64, organization: u64, at_s: i64) {
        let email = json!({"value": format!("p{id}@example.org"), "primary": true});
        let object = json!({"id": id, "name": format!("P. {id}"), "owner_id": 1,
            "org_id": organization, "add_time": written(at_s), "is_deleted": false,
            "emails": [email], "phones": [], "custom_fields": {}});
        self.persons.put(id, object, at_s);
    }

    /// Opens a deal with an organisation.
    pub fn open_deal(&mut self, id: u64, organization: u64, value: u64, at_s: i64) {
        let object = json!({"id": id, "title": "Deal", "owner_id": 1, "org_id": organization,
            "person_id": null, "pipeline_id": 1, "stage_id": 1, "status": "open", "value": value,
            "currency": "EUR", "add_time": written(at_s), "won_time": null, "lost_time": null,
            "first_won_time": null, "is_deleted": false, "is_archived": false, "mrr": null,
            "custom_fields": {}});
        self.deals.put(id, object, at_s);
    }

    /// Wins a deal.
    pub fn win(&mut self, id: u64, at_s: i64) {
        self.set(id, "status", json!("won"), at_s);
        self.deals.edit(&id, at_s, |deal| {
            deal["won_time"] = json!(written(at_s));
            deal["lost_time"] = Value::Null;
            if deal["first_won_time"].is_null() {
                deal["first_won_time"] = json!(written(at_s));
            }
        });
    }

    /// Loses a deal, won before or not.
    pub fn lose(&mut self, id: u64, at_s: i64) {
        self.set(id, "status", json!("lost"), at_s);
        self.deals.edit(&id, at_s, |deal| {
            deal["won_time"] = Value::Null;
            deal["lost_time"] = json!(written(at_s));
        });
    }

    /// Changes a field of a deal, which its changelog tells.
    ///
    /// # Panics
    /// When there is no such deal: a fault of the test.
    pub fn set(&mut self, id: u64, field: &str, value: Value, at_s: i64) {
        let before = self.deals.get(&id).expect("a deal").value[field].clone();
        let text = |value: &Value| match value {
            Value::String(text) => json!(text),
            Value::Null => Value::Null,
            other => json!(other.to_string()),
        };
        let time = written(at_s).replace('T', " ").replace('Z', "");
        self.changes.entry(id).or_default().push(json!({
            "field_key": field, "old_value": text(&before), "new_value": text(&value),
            "actor_user_id": 1, "time": time, "change_source": "app",
        }));
        self.deals.edit(&id, at_s, |deal| deal[field] = value);
    }

    /// Moves a deal into the archive or back.
    pub fn archive(&mut self, id: u64, is_archived: bool, at_s: i64) {
        self.deals
            .edit(&id, at_s, |deal| deal["is_archived"] = json!(is_archived));
    }

    /// Returns the body of a webhook about an object as it is now.
    ///
    /// # Panics
    /// When there is no such object: a fault of the test.
    #[must_use]
    pub fn delivery(&self, action: &str, entity: &str, id: u64, at_s: i64) -> Vec<u8> {
        let item = match entity {
            "deal" => self.deals.get(&id),
            "person" => self.persons.get(&id),
            _ => self.organizations.get(&id),
        };
        let state = shown(item.expect("an object"));
        let (data, previous) = match action {
            "delete" => (Value::Null, state),
            "create" => (state, Value::Null),
            _ => (state, json!({"update_time": written(at_s - 60)})),
        };
        let meta = json!({"action": action, "entity": entity, "entity_id": id.to_string(),
            "company_id": "1", "user_id": "1", "webhook_id": "1", "version": "2.0", "attempt": 1,
            "timestamp": written(at_s), "id": format!("{action}-{entity}-{id}-{at_s}")});
        let delivery = json!({"meta": meta, "data": data, "previous": previous});
        delivery.to_string().into_bytes()
    }

    /// Returns the deals of a list.
    fn is_listed(asked: &Asked, deal: &Item, now_s: i64) -> bool {
        let is_archived = deal.value["is_archived"] == true;
        match (asked.path.as_str(), asked.parameter("status")) {
            (_, Some("deleted")) => deal.is_deleted && deal.changed_at_s > now_s - DELETED_SHOWN_S,
            ("/api/v2/deals/archived", _) => !deal.is_deleted && is_archived,
            ("/api/v2/deals", _) => !deal.is_deleted && !is_archived,
            _ => !deal.is_deleted,
        }
    }

    fn page(&self, shelf: &Shelf<u64>, asked: &Asked, now_s: i64) -> Said {
        let limit = asked.number("limit").unwrap_or(100);
        let since = asked
            .parameter("updated_since")
            .map(str::parse::<Timestamp>);
        let (1..=500, Ok(since)) = (limit, since.transpose()) else {
            return Said::status(400, json!({"success": false, "error": "Bad request"}));
        };
        let order = ["sort_by", "sort_direction"].map(|name| asked.parameter(name));
        if order != [Some("update_time"), Some("asc")] {
            return Said::status(400, json!({"success": false, "error": "not in this test"}));
        }
        let limit = usize::try_from(limit).unwrap_or(0);
        let n_max = if self.page_rows == 0 {
            limit
        } else {
            limit.min(self.page_rows)
        };
        let after = asked.parameter("cursor").map_or((i64::MIN, 0), place);
        let from_s = since.map_or(i64::MIN, Timestamp::as_second);
        let mut fitting = shelf
            .changed_after(&after, usize::MAX)
            .filter(|(_, item)| item.changed_at_s >= from_s && Self::is_listed(asked, item, now_s));
        let page: Vec<(&u64, &Item)> = fitting.by_ref().take(n_max).collect();
        let next = page.last().filter(|_| fitting.next().is_some());
        let next = next.map(|(id, item)| format!("{}~{id}", item.changed_at_s));
        let objects: Vec<Value> = page.iter().map(|(_, item)| shown(item)).collect();
        let more = json!({"next_cursor": next});
        Said::json(json!({"success": true, "data": objects, "additional_data": more}))
    }

    fn one(&self, path: &str) -> Said {
        let missing = || Said::status(404, json!({"success": false, "error": "not found"}));
        let mut parts = path.split('/').skip(2);
        let (version, entity, id) = (parts.next(), parts.next(), parts.next());
        let Some(id) = id.and_then(|id| id.parse::<u64>().ok()) else {
            return missing();
        };
        if let (Some("v1"), Some("deals"), Some("changelog")) = (version, entity, parts.next()) {
            return self.deals.get(&id).map_or_else(missing, |_| {
                let newest_first = self.changes.get(&id).into_iter().flatten().rev();
                let changes: Vec<&Value> = newest_first.collect();
                let more = json!({"next_cursor": null});
                Said::json(json!({"success": true, "data": changes, "additional_data": more}))
            });
        }
        let item = match entity {
            Some("deals") => self.deals.get(&id),
            Some("persons") => self.persons.get(&id),
            Some("organizations") => self.organizations.get(&id),
            _ => None,
        };
        let item = item.filter(|item| !item.is_deleted);
        item.map_or_else(missing, |item| {
            Said::json(json!({"success": true, "data": shown(item)}))
        })
    }
}

impl Service for Pipedrive {
    fn answer(&mut self, asked: &Asked, now_s: i64) -> Said {
        if asked.seen.header("x-api-token") != Some(API_TOKEN) {
            return Said::status(
                401,
                json!({"success": false, "error": "unauthorized access"}),
            );
        }
        match asked.path.as_str() {
            "/api/v1/users/me" => Said::json(json!({"success": true, "data": {"id": 1}})),
            "/api/v2/organizations" => self.page(&self.organizations, asked, now_s),
            "/api/v2/persons" => self.page(&self.persons, asked, now_s),
            "/api/v2/deals" | "/api/v2/deals/archived" => self.page(&self.deals, asked, now_s),
            path => self.one(path),
        }
    }
}

fn place(cursor: &str) -> (i64, u64) {
    let (at_s, id) = cursor.split_once('~').unwrap_or_default();
    (at_s.parse().unwrap_or(i64::MAX), id.parse().unwrap_or(0))
}

fn shown(item: &Item) -> Value {
    let mut object = item.value.clone();
    object["update_time"] = json!(written(item.changed_at_s));
    if item.is_deleted {
        object["is_deleted"] = json!(true);
    }
    object
}

/// Writes an instant as the vendor does, to the second.
fn written(at_s: i64) -> String {
    let at = Timestamp::from_second(at_s).expect("inside the calendar");
    at.to_string()
}
