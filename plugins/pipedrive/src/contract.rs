//! Won deals as contracts: the price periods a deal went through.

use serde::Deserialize;
use serde_json::Value;
use vocd_plugin::records::{Price, PriceHistory};
use vocd_plugin::{Money, Time};

use crate::api::Change;
use crate::config::Contracts;
use crate::field;

/// What of a deal makes it a contract. What may be null is there all the same: a field that the
/// vendor renamed must not look like an empty one.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Deal {
    /// Its number.
    pub(crate) id: u64,
    /// The organisation it is with.
    #[serde(deserialize_with = "there")]
    pub(crate) org_id: Option<u64>,
    /// The person it is with.
    #[serde(deserialize_with = "there")]
    pub(crate) person_id: Option<u64>,
    /// The pipeline it is in.
    pub(crate) pipeline_id: u64,
    status: Status,
    #[serde(deserialize_with = "there")]
    currency: Option<String>,
    add_time: Time,
    update_time: Time,
    #[serde(deserialize_with = "there")]
    won_time: Option<Time>,
    #[serde(deserialize_with = "there")]
    lost_time: Option<Time>,
    /// Only where it was asked for, which webhooks cannot.
    #[serde(default)]
    first_won_time: Option<Time>,
    is_deleted: bool,
}

/// What became of a deal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Status {
    Open,
    Won,
    Lost,
    Deleted,
}

fn there<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

/// Why a deal is no contract although it ought to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unpriced {
    /// The field of the price is empty or no number.
    NoPrice,
    /// The deal has no currency.
    NoCurrency,
}

/// A deal as of some instant.
#[derive(Debug, Clone)]
struct State {
    pipeline: u64,
    is_won: bool,
    amount: Option<Money>,
    currency: Option<String>,
    plan: Option<String>,
}

/// The price periods of a deal, and the ids of periods that were told but never held.
#[derive(Debug)]
pub(crate) struct History {
    /// The periods.
    pub(crate) periods: PriceHistory,
    /// Ids of periods whose start was moved.
    pub(crate) withdrawn: Vec<String>,
}

impl Deal {
    /// Tells whether it was ever won.
    pub(crate) fn was_won(&self) -> bool {
        self.status == Status::Won || self.won_time.is_some() || self.first_won_time.is_some()
    }

    /// Tells whether it is as it was when it was won, so that there is no earlier price to ask for.
    pub(crate) fn is_as_won(&self) -> bool {
        let is_first = self.won_time.is_some() && self.won_time == self.first_won_time;
        self.status == Status::Won && is_first && Some(self.update_time) == self.won_time
    }

    /// Returns the contract's name in records.
    fn contract(&self) -> String {
        format!("deal:{}", self.id)
    }
}

/// Returns the price periods of a deal from what it is and how it became so; `changes` is empty
/// where that is not known.
pub(crate) fn history(
    deal: &Deal,
    object: &Value,
    changes: &[Change],
    contracts: &Contracts,
) -> Result<History, Unpriced> {
    let mut periods = PriceHistory::new(deal.contract());
    for (since, state) in states(deal, object, changes, contracts) {
        let is_contract = state.is_won && contracts.pipelines.contains(&state.pipeline);
        match is_contract {
            true => periods.costs(since, state.price(contracts)?),
            false => periods.ends(since),
        }
    }
    let over = contracts
        .ends
        .as_ref()
        .and_then(|key| field::time(object, key));
    if let Some(over) = over {
        periods.ends(over);
    }
    let withdrawn = withdrawn(deal, changes, contracts, &periods);
    Ok(History { periods, withdrawn })
}

impl State {
    fn price(self, contracts: &Contracts) -> Result<Price, Unpriced> {
        Ok(Price {
            mrr: self
                .amount
                .ok_or(Unpriced::NoPrice)?
                .divided_by(contracts.months),
            currency: self.currency.ok_or(Unpriced::NoCurrency)?,
            plan: self.plan,
        })
    }
}

/// Returns the states of a deal with the instants from which they held, oldest first.
fn states(
    deal: &Deal,
    object: &Value,
    changes: &[Change],
    contracts: &Contracts,
) -> Vec<(Time, State)> {
    let mut state = State {
        pipeline: deal.pipeline_id,
        is_won: deal.status == Status::Won && !deal.is_deleted,
        amount: field::money(object, &contracts.amount),
        currency: deal.currency.clone(),
        plan: contracts
            .plan
            .as_ref()
            .and_then(|key| field::text(object, key)),
    };
    let mut changes: Vec<(Time, &Change)> = changes
        .iter()
        .filter_map(|change| Some((Time::parse_utc(&change.time).ok()?, change)))
        .filter(|(_, change)| contracts.is_read(&change.field_key))
        .collect();
    changes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let last_status = changes
        .iter()
        .find(|(_, change)| change.field_key == "status");
    let mut states = Vec::with_capacity(changes.len() + 2);
    // Deleting leaves the fields as they were, so that no change tells of the end.
    let was_won = match last_status {
        Some((_, change)) => change.new_value.as_str() == Some("won"),
        None => deal.was_won(),
    };
    if !state.is_won && was_won {
        states.push((deal.ended_at(), state.clone()));
        state.is_won = true;
    }
    let since = deal.first_state_at(last_status.is_some());
    // When it was won last is the vendor's to correct.
    let mut last_win = deal.won_time.filter(|_| deal.status == Status::Won);
    for (at, change) in changes {
        let is_win = change.field_key == "status" && state.is_won;
        let at = last_win.take_if(|_| is_win).unwrap_or(at);
        states.push((at, state.clone()));
        state.undo(change, contracts);
    }
    states.push((since, state));
    states.reverse();
    begin_at(&mut states, contracts, object);
    states
}

impl Deal {
    /// When it ceased to be won, as far as the deal itself knows.
    fn ended_at(&self) -> Time {
        match self.is_deleted || self.status == Status::Deleted {
            true => self.update_time,
            false => self.lost_time.unwrap_or(self.update_time),
        }
    }

    /// Since when the oldest state that is known held.
    fn first_state_at(&self, is_win_told: bool) -> Time {
        let won = match is_win_told {
            true => self.first_won_time.or(self.won_time),
            false => self.won_time.or(self.first_won_time),
        };
        won.unwrap_or(self.add_time)
    }
}

impl State {
    /// Goes back to before a change.
    fn undo(&mut self, change: &Change, contracts: &Contracts) {
        let old = &change.old_value;
        match change.field_key.as_str() {
            "status" => self.is_won = old.as_str() == Some("won"),
            "currency" => self.currency = old.as_str().map(str::to_owned),
            "pipeline" | "pipeline_id" => self.pipeline = number(old).unwrap_or(self.pipeline),
            key if key == contracts.amount => self.amount = field::amount(old),
            _ => {
                self.plan = old
                    .as_str()
                    .filter(|plan| !plan.is_empty())
                    .map(str::to_owned)
            }
        }
    }
}

impl Contracts {
    /// Tells whether a change of the field is one of the contract.
    fn is_read(&self, key: &str) -> bool {
        matches!(key, "status" | "currency" | "pipeline" | "pipeline_id")
            || key == self.amount
            || Some(key) == self.plan.as_deref()
    }
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Moves what held before the contract's first day to that day.
fn begin_at(states: &mut [(Time, State)], contracts: &Contracts, object: &Value) {
    let first_day = contracts
        .starts
        .as_ref()
        .and_then(|key| field::time(object, key));
    let Some(first_day) = first_day else {
        return;
    };
    let mut has_begun = false;
    for (since, state) in states.iter_mut() {
        let is_first = state.is_won && !has_begun;
        has_begun |= state.is_won;
        if is_first || *since < first_day {
            *since = first_day;
        }
    }
}

/// Returns the ids of periods that began at an instant which was corrected since.
fn withdrawn(
    deal: &Deal,
    changes: &[Change],
    contracts: &Contracts,
    periods: &PriceHistory,
) -> Vec<String> {
    let is_start = |key: &str| key == "won_time" || Some(key) == contracts.starts.as_deref();
    let starts = changes.iter().filter(|change| is_start(&change.field_key));
    let starts = starts.filter_map(|change| field::instant(&change.old_value));
    let mut ids: Vec<String> = starts
        .map(|start| format!("{}@{start}", deal.contract()))
        .filter(|id| periods.periods().iter().all(|period| period.id != *id))
        .collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

#[cfg(test)]
mod tests {
    use serde::Deserialize as _;
    use serde_json::json;

    use super::*;

    fn contracts(more: &Value) -> Contracts {
        let mut contracts = json!({"pipelines": [1], "amount": "value"});
        for (key, value) in more.as_object().expect("an object") {
            contracts[key] = value.clone();
        }
        serde_json::from_value(contracts).expect("a table")
    }

    fn day(number: u32) -> String {
        format!("2026-01-{number:02} 00:00:00")
    }

    fn changed(on: u32, key: &str, old: &str, new: &str) -> Change {
        let change = json!({"field_key": key, "old_value": old, "new_value": new, "time": day(on)});
        serde_json::from_value(change).expect("a change")
    }

    /// A deal of pipeline 1 that was won on the 10th for 100 and last changed on the 20th.
    fn deal(more: &Value) -> Value {
        let mut deal = json!({"id": 7, "org_id": 3, "pipeline_id": 1, "status": "won",
            "value": 100, "currency": "EUR", "add_time": "2026-01-01T00:00:00Z",
            "update_time": "2026-01-20T00:00:00Z", "won_time": "2026-01-10T00:00:00Z",
            "first_won_time": "2026-01-10T00:00:00Z", "person_id": null, "lost_time": null,
            "is_deleted": false});
        for (key, value) in more.as_object().expect("an object") {
            deal[key] = value.clone();
        }
        deal
    }

    /// Checks periods written as `first day–end=price`, and ids that never held.
    fn check(deal: &Value, changes: &[Change], of: &Contracts, expected: &str) {
        let head = Deal::deserialize(deal).expect("a deal");
        let history = history(&head, deal, changes, of).expect("priced");
        let date = |time: Time| time.to_string()[8..10].to_owned();
        let periods = history.periods.periods().iter().map(|period| {
            let end = period.ended_at.map(date).unwrap_or_default();
            let price = period.price.mrr.ten_thousandths() / 10_000;
            format!("{}-{end}={price}", date(period.started_at))
        });
        let withdrawn = history.withdrawn.iter().map(|id| format!("not {id}"));
        let told: Vec<String> = periods.chain(withdrawn).collect();
        assert_eq!(told.join(" "), expected);
    }

    #[test]
    fn a_deal_as_won_is_one_period() {
        let plain = contracts(&json!({}));
        check(&deal(&json!({})), &[], &plain, "10-=100");
        let yearly = contracts(&json!({"months": 12}));
        check(&deal(&json!({"value": 1200})), &[], &yearly, "10-=100");
        let elsewhere = deal(&json!({"pipeline_id": 2}));
        check(&elsewhere, &[], &plain, "");
    }

    #[test]
    fn the_changelog_gives_every_price() {
        let changes = [
            changed(15, "value", "80", "100"),
            changed(12, "title", "a", "b"),
            changed(10, "status", "open", "won"),
            changed(5, "value", "0", "80"),
        ];
        check(
            &deal(&json!({})),
            &changes,
            &contracts(&json!({})),
            "10-15=80 15-=100",
        );
    }

    #[test]
    fn lost_and_won_again_is_a_gap() {
        let changes = [
            changed(18, "status", "lost", "won"),
            changed(14, "status", "won", "lost"),
            changed(10, "status", "open", "won"),
        ];
        let again = deal(&json!({"won_time": "2026-01-18T00:00:00Z"}));
        check(
            &again,
            &changes,
            &contracts(&json!({})),
            "10-14=100 18-=100",
        );
        let lost = deal(&json!({"status": "lost", "won_time": null,
            "lost_time": "2026-01-14T00:00:00Z"}));
        check(&lost, &changes[1..], &contracts(&json!({})), "10-14=100");
        check(&lost, &[], &contracts(&json!({})), "10-14=100");
    }

    #[test]
    fn a_deleted_deal_ends_when_it_was_deleted() {
        let changes = [changed(10, "status", "open", "won")];
        for more in [json!({"is_deleted": true}), json!({"status": "deleted"})] {
            check(&deal(&more), &changes, &contracts(&json!({})), "10-20=100");
            check(&deal(&more), &[], &contracts(&json!({})), "10-20=100");
        }
    }

    #[test]
    fn leaving_the_pipeline_ends_the_contract() {
        let changes = [
            changed(16, "pipeline_id", "2", "1"),
            changed(13, "pipeline_id", "1", "2"),
            changed(10, "status", "open", "won"),
        ];
        check(
            &deal(&json!({})),
            &changes,
            &contracts(&json!({})),
            "10-13=100 16-=100",
        );
    }

    #[test]
    fn dates_of_the_contract_come_before_those_of_the_deal() {
        let dated = contracts(&json!({"starts": "from", "ends": "until"}));
        let fields = json!({"custom_fields": {"from": "2026-01-12", "until": "2026-01-25"}});
        let changes = [
            changed(15, "value", "80", "100"),
            changed(11, "value", "60", "80"),
            changed(10, "status", "open", "won"),
        ];
        check(&deal(&fields), &changes, &dated, "12-15=80 15-25=100");
        let early = json!({"custom_fields": {"from": "2026-01-03", "until": null}});
        check(&deal(&early), &changes, &dated, "03-11=60 11-15=80 15-=100");
    }

    #[test]
    fn a_start_that_was_corrected_is_taken_back() {
        let moved = deal(&json!({"won_time": "2026-01-08T00:00:00Z"}));
        let changes = [
            changed(19, "won_time", &day(10), &day(8)),
            changed(10, "status", "open", "won"),
        ];
        let expected = "08-=100 not deal:7@2026-01-10T00:00:00Z";
        check(&moved, &changes, &contracts(&json!({})), expected);
    }

    #[test]
    fn a_contract_without_a_price_is_told() {
        let of = |more| {
            let deal = deal(&more);
            let head = Deal::deserialize(&deal).expect("a deal");
            let history = history(&head, &deal, &[], &contracts(&json!({})));
            history.expect_err("unpriced")
        };
        assert_eq!(of(json!({"value": null})), Unpriced::NoPrice);
        assert_eq!(of(json!({"currency": null})), Unpriced::NoCurrency);
    }
}
