//! Invitations and the answers they meet, one by one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::desk::Context;
use super::{Row, RowTable, latest_of};
use crate::plan::{CohortPlan, CohortRow, Cohorts};

/// Counts invitations and those that met an answer.
pub(super) fn cohorts(table: &RowTable, plan: &CohortPlan) -> Cohorts {
    let rows = &plan.rows;
    let mut sent = latest_of(&table.invitations, rows.as_of);
    sent.sort_by(|a, b| (a.at, &a.source, &a.id).cmp(&(b.at, &b.source, &b.id)));
    let met = matched(&sent, &table.submissions(plan), plan);
    let mut groups: BTreeMap<(Vec<Option<String>>, usize), Vec<usize>> = BTreeMap::new();
    let mut extent: Option<(Timestamp, Timestamp)> = None;
    for (idx, row) in sent.iter().enumerate() {
        let inside = |span: &crate::plan::Span| span.start <= row.at && row.at < span.end;
        let place = rows.buckets.iter().position(inside);
        let Some(bucket_idx) = place.filter(|_| row.passes(&rows.filter, Context::PLAIN)) else {
            continue;
        };
        let (first, last) = extent.unwrap_or((row.at, row.at));
        extent = Some((first.min(row.at), last.max(row.at)));
        for key in row.keys(&rows.group) {
            groups.entry((key, bucket_idx)).or_default().push(idx);
        }
    }
    let of_group = |((key, bucket_idx), all): (_, Vec<usize>)| {
        let delivered = all
            .iter()
            .filter(|idx| !sent[**idx].flags.contains("bounced"));
        let persons: BTreeSet<String> = delivered.clone().map(|idx| sent[*idx].person()).collect();
        CohortRow {
            bucket_idx,
            key,
            n_sent: all.len() as u64,
            n_delivered: delivered.count() as u64,
            n_responded: all.iter().filter(|idx| met.contains(idx)).count() as u64,
            n_persons: persons.len() as u64,
        }
    };
    let rows = groups.into_iter().map(of_group).collect();
    Cohorts { rows, extent }
}

/// A submission that can be an invitation's response.
struct Submission {
    source: String,
    id: String,
    at: Timestamp,
    survey: Option<String>,
    customer: Option<String>,
    ticket: Option<String>,
}

impl RowTable {
    /// Returns the submissions that can be responses, the earliest first.
    fn submissions(&self, plan: &CohortPlan) -> Vec<Submission> {
        let mut found: BTreeMap<(String, String), Vec<&Row>> = BTreeMap::new();
        for row in self.live(plan.rows.as_of) {
            if row.passes(&plan.answered, Context::PLAIN) {
                let id = row.texts.get("response").unwrap_or(&row.id).clone();
                found.entry((row.source.clone(), id)).or_default().push(row);
            }
        }
        let of = |((source, id), rows): ((String, String), Vec<&Row>)| {
            let least = |name| {
                rows.iter()
                    .filter_map(|row| row.texts.get(name))
                    .min()
                    .cloned()
            };
            let is_anonymous = rows.iter().any(|row| row.flags.contains("anonymous"));
            Submission {
                source,
                id,
                at: rows.iter().map(|row| row.at).min().unwrap_or_default(),
                survey: least("survey"),
                customer: least("customer").filter(|_| !is_anonymous),
                ticket: least("ticket"),
            }
        };
        let mut all: Vec<Submission> = found.into_iter().map(of).collect();
        all.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        all
    }
}

/// Returns the positions of the invitations that met an answer: those that name one first, each in
/// the order of sending and taking the first free answer.
fn matched(sent: &[&Row], submissions: &[Submission], plan: &CohortPlan) -> BTreeSet<usize> {
    let (mut met, mut used) = (BTreeSet::new(), BTreeSet::new());
    for is_naming in [true, false] {
        for (idx, row) in sent.iter().enumerate() {
            let named = row.texts.get("response");
            if row.flags.contains("bounced") || named.is_some() != is_naming {
                continue;
            }
            let is_own = |one: &Submission| match named {
                Some(id) => *id == one.id,
                None => {
                    let tickets = row.texts.get("ticket").zip(one.ticket.as_ref());
                    row.texts.contains_key("customer")
                        && row.texts.get("customer") == one.customer.as_ref()
                        && row.texts.get("survey") == one.survey.as_ref()
                        && tickets.is_none_or(|(mine, theirs)| mine == theirs)
                }
            };
            let free = submissions.iter().position(|one| {
                let age = one.at.duration_since(row.at);
                one.source == row.source
                    && is_own(one)
                    && !age.is_negative()
                    && age < plan.window
                    && !used.contains(&(&one.source, &one.id))
            });
            if let Some(answer_idx) = free {
                let answer = &submissions[answer_idx];
                used.insert((&answer.source, &answer.id));
                met.insert(idx);
            }
        }
    }
    met
}
