//! Users: the people who serve, and those who are served.

use serde::Deserialize;
use vocd_plugin::records::{Agent, Attributes, Customer};
use vocd_plugin::{Out, RecordKind, Result, Time};

use crate::config::Fields;
use crate::group::Groups;
use crate::organization;
use crate::shape::{Id, Refusal, Stamp, nullable};

/// A user as the API shows it.
#[derive(Debug, Deserialize)]
pub(crate) struct Wire {
    id: Id,
    created_at: Stamp,
    updated_at: Stamp,
    name: String,
    role: String,
    active: bool,
    suspended: bool,
    #[serde(deserialize_with = "nullable")]
    email: Option<String>,
    #[serde(deserialize_with = "nullable")]
    external_id: Option<String>,
    #[serde(deserialize_with = "nullable")]
    organization_id: Option<Id>,
    /// Only of agents.
    default_group_id: Option<Id>,
    locale: Option<String>,
}

/// The ids of groups that agents among these users are in.
pub(crate) fn group_ids(users: &[Wire]) -> impl Iterator<Item = &Id> {
    users
        .iter()
        .filter_map(|user| user.default_group_id.as_ref())
}

/// Emits one user as an agent or a customer, or refuses it.
pub(crate) fn emit(user: &Wire, fields: &Fields, groups: &Groups, out: &mut Out<'_>) -> Result<()> {
    let is_agent = match user.role.as_str() {
        "agent" | "admin" => Some(true),
        "end-user" => Some(false),
        _ => None,
    };
    let kind = match is_agent {
        Some(true) => RecordKind::Agent,
        _ => RecordKind::Customer,
    };
    let times = || -> std::result::Result<_, Refusal> {
        let is_agent = is_agent.ok_or_else(|| Refusal::unknown("role"))?;
        let created_at = user.created_at.required("created_at")?;
        Ok((
            is_agent,
            created_at,
            user.updated_at.required("updated_at")?,
        ))
    };
    match times() {
        Ok((true, created_at, updated_at)) => agent(user, created_at, updated_at, groups, out),
        Ok((false, created_at, updated_at)) => customer(user, created_at, updated_at, fields, out),
        Err(refusal) => {
            refusal.tell(out, kind, &format!("users/{}", user.id.as_str()));
            Ok(())
        }
    }
}

fn agent(
    user: &Wire,
    created_at: Time,
    updated_at: Time,
    groups: &Groups,
    out: &mut Out<'_>,
) -> Result<()> {
    let email = user.email.as_deref().map(email_alias);
    out.row(&Agent {
        updated_at: Some(updated_at),
        aliases: Some(email.iter().map(String::as_str).collect()),
        name: Some(&user.name),
        team: groups.name(user.default_group_id.as_ref()),
        // A past agent stays one: their tickets are theirs.
        active: Some(user.active && !user.suspended),
        started_at: Some(created_at),
        ..Agent::new(user.id.as_str())
    })
}

fn customer(
    user: &Wire,
    created_at: Time,
    updated_at: Time,
    fields: &Fields,
    out: &mut Out<'_>,
) -> Result<()> {
    let email = user.email.as_deref().map(email_alias);
    let external = external_alias(fields, user.external_id.as_deref());
    let account = user.organization_id.as_ref().map(organization::record_id);
    out.row(&Customer {
        updated_at: Some(updated_at),
        deleted: !user.active,
        aliases: Some(email.iter().chain(&external).map(String::as_str).collect()),
        account: account.as_deref(),
        name: Some(&user.name),
        first_seen_at: Some(created_at),
        attributes: Attributes::new().maybe_text("locale", user.locale.as_deref()),
        ..Customer::new(user.id.as_str())
    })
}

fn email_alias(email: impl AsRef<str>) -> String {
    format!("email:{}", email.as_ref())
}

/// Returns the alias of an external id, where the configuration gives them a name.
pub(crate) fn external_alias(fields: &Fields, external_id: Option<&str>) -> Option<String> {
    let prefix = fields.external_id_alias.as_deref()?;
    let id = external_id.filter(|id| !id.is_empty())?;
    Some(format!("{prefix}:{id}"))
}
