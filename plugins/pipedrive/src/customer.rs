//! Organisations and persons as customers.

use serde_json::Value;
use vocd_plugin::records::{Attributes, Customer};
use vocd_plugin::{Out, RecordKind, Result, Time};

use crate::config::Fields;
use crate::entity::{Entity, Head};
use crate::field;
use crate::walk::place_of;

/// Most e-mail addresses of one person that become aliases.
const EMAILS_MAX: usize = 20;

/// Returns the reference to an organisation.
pub(crate) fn organization_ref(id: u64) -> String {
    format!("org:{id}")
}

/// Returns the reference to a person.
pub(crate) fn person_ref(id: u64) -> String {
    format!("person:{id}")
}

/// Emits an organisation.
pub(crate) fn emit_organization(
    object: &Value,
    head: &Head,
    at: Time,
    fields: &Fields,
    out: &mut Out<'_>,
) -> Result<()> {
    let id = organization_ref(head.id);
    if head.is_deleted {
        return out.delete(RecordKind::Customer, &id, Some(at));
    }
    if is_other_shape(Entity::Organization, object, &["name", "add_time"], out) {
        return Ok(());
    }
    let alias = format!("crm:{}", head.id);
    emit(&id, object, at, fields, &[alias], None, out)
}

/// Emits a person.
pub(crate) fn emit_person(
    object: &Value,
    head: &Head,
    at: Time,
    fields: &Fields,
    out: &mut Out<'_>,
) -> Result<()> {
    let id = person_ref(head.id);
    if head.is_deleted {
        return out.delete(RecordKind::Customer, &id, Some(at));
    }
    let members = ["name", "add_time", "org_id", "emails"];
    if is_other_shape(Entity::Person, object, &members, out) {
        return Ok(());
    }
    let mut aliases = vec![format!("crm:person-{}", head.id)];
    let emails = object.get("emails").and_then(Value::as_array);
    let emails = emails.into_iter().flatten();
    let emails = emails.filter_map(|email| email.get("value")?.as_str());
    for email in emails.map(str::trim).filter(|email| email.contains('@')) {
        let alias = format!("email:{email}");
        if aliases.len() <= EMAILS_MAX && !aliases.contains(&alias) {
            aliases.push(alias);
        }
    }
    let organization = object.get("org_id").and_then(Value::as_u64);
    let account = organization.map(organization_ref);
    emit(&id, object, at, fields, &aliases, account.as_deref(), out)
}

/// Refuses an object that lacks members which are there even when they are empty: a field that the
/// vendor renamed must not look like an empty one.
fn is_other_shape(entity: Entity, object: &Value, members: &[&str], out: &mut Out<'_>) -> bool {
    let absent = members.iter().find(|name| object.get(**name).is_none());
    if let Some(name) = absent {
        let place = place_of(entity.path(), object);
        let detail = format!("it has no member `{name}`, not even an empty one");
        out.reject(RecordKind::Customer, "bad_object", &place, &detail);
    }
    absent.is_some()
}

fn emit(
    id: &str,
    object: &Value,
    at: Time,
    fields: &Fields,
    aliases: &[String],
    account: Option<&str>,
    out: &mut Out<'_>,
) -> Result<()> {
    let of = |key: &Option<String>| field::text(object, key.as_deref()?);
    let [segment, industry] = [&fields.segment, &fields.industry].map(of);
    let [region, plan] = [&fields.region, &fields.plan].map(of);
    let (name, owner) = (field::text(object, "name"), field::text(object, "owner_id"));
    let named = fields.attributes.iter();
    let attributes = named.fold(Attributes::new(), |attributes, (name, key)| {
        attributes.maybe_text(name, field::text(object, key).as_deref())
    });
    out.row(&Customer {
        updated_at: Some(at),
        attributes,
        aliases: Some(aliases.iter().map(String::as_str).collect()),
        account,
        name: name.as_deref(),
        segment: segment.as_deref(),
        industry: industry.as_deref(),
        region: region.as_deref(),
        plan: plan.as_deref(),
        owner: owner.as_deref(),
        first_seen_at: field::time(object, "add_time"),
        ..Customer::new(id)
    })
}

/// Emits that a customer was deleted.
pub(crate) fn emit_deleted(entity: Entity, id: u64, at: Time, out: &mut Out<'_>) -> Result<()> {
    let id = match entity {
        Entity::Organization => organization_ref(id),
        Entity::Person => person_ref(id),
        Entity::Deal => return Ok(()),
    };
    out.delete(RecordKind::Customer, &id, Some(at))
}
