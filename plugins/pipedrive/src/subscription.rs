//! Deals as subscriptions: one record for each price period.

use serde::Deserialize as _;
use serde_json::Value;
use vocd_plugin::records::Subscription;
use vocd_plugin::{Out, RecordKind, Result, Time};

use crate::api::Api;
use crate::config::Contracts;
use crate::contract::{self, Deal, Unpriced};
use crate::customer::{organization_ref, person_ref};
use crate::walk::place_of;

/// Emits the price periods of a deal that is, or was, a contract.
pub(crate) fn emit(
    object: &Value,
    at: Time,
    contracts: &Contracts,
    api: &Api,
    out: &mut Out<'_>,
) -> Result<()> {
    let place = place_of("deals", object);
    let mut refuse = |reason, detail| {
        out.reject(RecordKind::Subscription, reason, &place, detail);
        Ok(())
    };
    let Ok(deal) = Deal::deserialize(object) else {
        return refuse(
            "bad_object",
            "a field of the deal is missing or of another type",
        );
    };
    if !contracts.pipelines.contains(&deal.pipeline_id) || !deal.was_won() {
        return Ok(());
    }
    let organization = deal.org_id.map(organization_ref);
    let Some(customer) = organization.or_else(|| deal.person_id.map(person_ref)) else {
        return refuse(
            "no_customer",
            "the deal has neither an organisation nor a person",
        );
    };
    let changes = match contracts.history && !deal.is_as_won() {
        true => api.changes(deal.id)?.unwrap_or_default(),
        false => Vec::new(),
    };
    let history = match contract::history(&deal, object, &changes, contracts) {
        Ok(history) => history,
        Err(Unpriced::NoPrice) => {
            return refuse("no_price", "the field of the price has no amount");
        }
        Err(Unpriced::NoCurrency) => return refuse("no_currency", "the deal has no currency"),
    };
    for period in history.periods.records(&customer) {
        out.row(&Subscription {
            updated_at: Some(at),
            ..period
        })?;
    }
    for id in &history.withdrawn {
        out.delete(RecordKind::Subscription, id, Some(at))?;
    }
    Ok(())
}
