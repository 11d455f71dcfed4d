//! What happens at the desk of an account, and how its objects look.

use serde_json::{Value, json};

use super::Zendesk;

/// The groups of every account, with their names.
pub const GROUPS: [(u64, &str); 3] = [(31, "Billing"), (32, "Technical"), (33, "Onboarding")];

/// Returns an instant as the vendor writes it.
///
/// # Panics
/// When it is in no calendar.
#[must_use]
pub fn rfc3339(second: i64) -> String {
    let time = jiff::Timestamp::from_second(second).expect("a time of a test");
    time.to_string()
}

/// Returns when a submission was made: its first answer.
pub(super) fn made_at_s(survey: &Value) -> i64 {
    let text = survey["answers"][0]["created_at"].as_str();
    let time = text.and_then(|text| text.parse::<jiff::Timestamp>().ok());
    time.map_or(0, jiff::Timestamp::as_second)
}

impl Zendesk {
    /// A customer of this number opens a ticket, which one of ten agents gets.
    pub fn open_ticket(&mut self, id: u64, customer: u64, at_s: i64) {
        let third = usize::try_from(id % 3).expect("below three");
        let (group, channel) = (GROUPS[third].0, ["web", "email", "chat"][third]);
        let at = rfc3339(at_s);
        let none = json!({"calendar": null, "business": null});
        let ticket = json!({
            "id": id, "created_at": at, "updated_at": at, "status": "open",
            "via": {"channel": channel},
            "priority": "normal", "type": "question", "assignee_id": 900 + id % 10,
            "requester_id": customer, "organization_id": 500 + customer % 7, "group_id": group,
            "brand_id": 11, "ticket_form_id": 12, "tags": ["made", "up"],
            "custom_fields": [{"id": 77, "value": "invoice"}, {"id": 78, "value": null}],
            "satisfaction_rating": null, "subject": "?",
            "metric_set": {
                "ticket_id": id, "reopens": 0, "replies": 0, "solved_at": null,
                "status_updated_at": at, "reply_time_in_minutes": none,
                "first_resolution_time_in_minutes": none, "full_resolution_time_in_minutes": none,
            },
        });
        self.tickets.put(id, ticket, at_s);
    }

    /// An agent answers.
    ///
    /// # Panics
    /// When there is no such ticket; so do the other changes of one.
    pub fn reply(&mut self, id: u64, at_s: i64) {
        self.change(id, at_s, |ticket, minutes| {
            let set = &mut ticket["metric_set"];
            if set["replies"] == 0 {
                set["reply_time_in_minutes"] =
                    json!({"calendar": minutes, "business": minutes / 3});
            }
            set["replies"] = json!(set["replies"].as_u64().unwrap_or(0) + 1);
        });
    }

    /// An agent solves it.
    pub fn solve(&mut self, id: u64, at_s: i64) {
        self.change(id, at_s, |ticket, minutes| {
            ticket["status"] = json!("solved");
            let set = &mut ticket["metric_set"];
            let time = json!({"calendar": minutes, "business": minutes / 3});
            if set["first_resolution_time_in_minutes"]["calendar"].is_null() {
                set["first_resolution_time_in_minutes"] = time.clone();
            }
            set["full_resolution_time_in_minutes"] = time;
            set["solved_at"] = json!(rfc3339(at_s));
            set["status_updated_at"] = json!(rfc3339(at_s));
        });
    }

    /// The customer comes back.
    pub fn reopen(&mut self, id: u64, at_s: i64) {
        self.change(id, at_s, |ticket, _| {
            ticket["status"] = json!("open");
            let set = &mut ticket["metric_set"];
            set["reopens"] = json!(set["reopens"].as_u64().unwrap_or(0) + 1);
            set["status_updated_at"] = json!(rfc3339(at_s));
        });
    }

    /// The vendor closes it after a while.
    pub fn close(&mut self, id: u64, at_s: i64) {
        self.change(id, at_s, |ticket, _| {
            ticket["status"] = json!("closed");
            ticket["metric_set"]["status_updated_at"] = json!(rfc3339(at_s));
        });
    }

    /// The vendor works on it: nothing that a person did, so `updated_at` stays.
    pub fn touch(&mut self, id: u64, at_s: i64) {
        self.tickets.edit(&id, at_s, |ticket| {
            ticket["tags"] = json!(["made", "up", "touched"])
        });
    }

    /// An agent deletes it.
    pub fn delete(&mut self, id: u64, at_s: i64) {
        self.change(id, at_s, |_, _| ());
        self.tickets.delete(&id, at_s);
    }

    fn change(&mut self, id: u64, at_s: i64, change: impl FnOnce(&mut Value, i64)) {
        self.tickets.edit(&id, at_s, |ticket| {
            let created = ticket["created_at"]
                .as_str()
                .map(str::parse::<jiff::Timestamp>);
            let created = created.expect("a text").expect("a time").as_second();
            change(ticket, (at_s - created) / 60);
            ticket["updated_at"] = json!(rfc3339(at_s));
        });
    }

    /// Somebody signs up, or is changed.
    pub fn put_user(&mut self, id: u64, role: &str, at_s: i64) {
        let is_agent = role != "end-user";
        let before = self
            .users
            .get(&id)
            .map(|item| item.value["created_at"].clone());
        let user = json!({
            "id": id, "name": format!("User {id}"), "email": format!("user-{id}@example.org"),
            "role": role, "active": true, "suspended": false, "external_id": format!("E{id}"),
            "organization_id": (!is_agent).then_some(500 + id % 7), "locale": "de",
            "default_group_id": is_agent.then_some(31 + id % 3),
            "created_at": before.unwrap_or_else(|| json!(rfc3339(at_s))),
            "updated_at": rfc3339(at_s),
        });
        self.users.put(id, user, at_s);
    }

    /// A company is added, or is changed.
    pub fn put_organization(&mut self, id: u64, segment: &str, at_s: i64) {
        let organization = json!({
            "id": id, "name": format!("Company {id}"), "external_id": null,
            "domain_names": [format!("company-{id}.example.org")],
            "organization_fields": {"segment": segment},
            "created_at": rfc3339(at_s), "updated_at": rfc3339(at_s),
        });
        self.organizations.put(id, organization, at_s);
    }

    /// A rating of the legacy survey: `offered`, `good`, `bad`. A change makes a new one.
    ///
    /// # Panics
    /// When there is no such ticket.
    pub fn rate(&mut self, id: u64, ticket: u64, score: &str, at_s: i64) {
        let of = &self.tickets.get(&ticket).expect("a ticket").value;
        let rating = json!({
            "id": id, "ticket_id": ticket, "score": score, "requester_id": of["requester_id"],
            "assignee_id": of["assignee_id"], "group_id": of["group_id"],
            "comment": (score == "bad").then_some("slow"), "reason": "No reason provided",
            "created_at": rfc3339(at_s), "updated_at": rfc3339(at_s),
        });
        self.ratings.put(id, rating, at_s);
        self.tickets.edit(&ticket, at_s, |ticket| {
            ticket["satisfaction_rating"] = json!({"id": id, "score": score});
        });
    }

    /// A submission of the new survey about a ticket, made at `made_s` and last changed at `at_s`.
    pub fn survey(&mut self, id: &str, ticket: u64, rating: u32, made_s: i64, at_s: i64) {
        let answer = |kind: &str, question: &str, question_kind: &str| {
            json!({
                "type": kind, "created_at": rfc3339(made_s), "updated_at": rfc3339(at_s),
                "question": {"id": question, "type": question_kind},
            })
        };
        let mut rated = answer("rating_scale", "q-rating", "rating_scale_numeric");
        rated["question"]["sub_type"] = json!("customer_satisfaction");
        rated["rating"] = json!(rating);
        rated["rating_category"] = json!(if rating > 3 { "good" } else { "bad" });
        let mut words = answer("open_ended", "q-words", "open_ended");
        words["value"] = json!(format!("{rating} of 5"));
        let submission = json!({
            "id": id, "expires_at": rfc3339(made_s + 28 * 86_400), "responder_id": 4_000 + ticket,
            "answers": [rated, words, answer("skipped", "q-more", "open_ended")],
            "subject_zrns": [format!("zen:ticket:{ticket}")],
            "subjects": [{"type": "ticket", "id": ticket.to_string(),
                "zrn": format!("zen:ticket:{ticket}")}],
            "survey": {"id": "survey-1", "version": 1, "state": "enabled"},
        });
        self.surveys.put(id.to_owned(), submission, at_s);
    }
}
