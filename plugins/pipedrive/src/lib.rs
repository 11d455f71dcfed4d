//! The source plugin `pipedrive`: organisations and persons as customers, won deals as
//! subscriptions; pulled and pushed.
//!
//! A run walks through a list of objects in the order of their last change (`api`, `walk`,
//! `entity`). Organisations and persons become `customer`s; a deal's changelog becomes the price
//! periods of a `contract`, which are `subscription` records. A webhook (`pushed`) says which object
//! to ask for, and what was deleted.

mod api;
mod config;
mod contract;
mod customer;
mod entity;
mod field;
mod pushed;
mod subscription;
mod walk;

use serde_json::{Value, json};
use vocd_plugin::webhook::Auth;
use vocd_plugin::{
    Error, Host, Meta, Out, Read, RecordKind, Result, Source, StreamMeta, Time, Webhook,
    WebhookMeta,
};

use crate::api::Api;
use crate::config::Config;
use crate::entity::{Entity, Head, LISTS, deleted_at};
use crate::walk::Cursor;

/// The source.
#[derive(Debug)]
pub struct Pipedrive {
    config: Config,
    api: Api,
    host: Host,
}

const fn stream(list_idx: usize) -> StreamMeta {
    StreamMeta {
        name: LISTS[list_idx].stream,
        kinds: match LISTS[list_idx].entity {
            Entity::Organization | Entity::Person => &[RecordKind::Customer],
            Entity::Deal => &[RecordKind::Subscription],
        },
    }
}

impl Source for Pipedrive {
    const META: Meta = Meta {
        name: "Pipedrive",
        license: "Apache-2.0",
        config_schema: include_str!("../config.schema.json"),
        egress: &["*.pipedrive.com:443"],
        streams: &[stream(0), stream(1), stream(2), stream(3), stream(4)],
        // The vendor signs nothing. Its ids tell events, which may concern several objects, and a
        // repeat does no harm: without a declared id only equal bodies are taken for repeats.
        webhook: Some(WebhookMeta::new(&[Auth::Basic {
            user: "{webhook_user}",
            password: "{webhook_password}",
        }])),
        ..Meta::new("vocd.pipedrive", env!("CARGO_PKG_VERSION"))
    };

    fn open(config_json: &str, host: &Host) -> Result<Self> {
        let config = Config::parse(config_json)?;
        Ok(Self {
            api: Api::new(&config, host.http()?),
            config,
            host: host.clone(),
        })
    }

    fn check(&mut self) -> Result<()> {
        self.api.check()
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        let list = LISTS.into_iter().find(|list| list.stream == request.stream);
        let list = list.ok_or_else(|| {
            Error::unsupported(format!("there is no stream `{}`", request.stream))
        })?;
        let start: Cursor = request.checkpoint()?.unwrap_or_default();
        if list.entity == Entity::Deal && self.config.subscriptions.is_none() {
            return out.checkpoint_value(&start);
        }
        walk::walk(
            list,
            out,
            start,
            || self.host.now_ms(),
            |since, page| self.api.page(list, since, page),
            |object, head, at, out| self.emit(list.entity, object, head, at, out),
        )
    }

    fn webhook(&mut self, webhook: &Webhook<'_>, out: &mut Out) -> Result<()> {
        let Some(change) = pushed::change(webhook)? else {
            return Ok(());
        };
        match (change.entity, change.deleted) {
            (Entity::Deal, Some((at, last_state))) => {
                match self.emit_current(Entity::Deal, change.id, out)? {
                    Found::Yes => Ok(()),
                    Found::No => self.emit_deleted_deal(last_state, at, out),
                }
            }
            (entity, Some((at, _))) => {
                customer::emit_deleted(entity, change.id, deleted_at(at), out)
            }
            // What is gone by now was deleted since, which has a webhook of its own.
            (entity, None) => self.emit_current(entity, change.id, out).map(drop),
        }
    }
}

/// Whether the vendor still has an object.
#[derive(Debug, Clone, Copy)]
enum Found {
    Yes,
    No,
}

impl Pipedrive {
    /// Asks for an object and emits it. Webhooks show objects in another form, without the labels of
    /// options and with finer times; asked for, they look as in a pull.
    fn emit_current(&self, entity: Entity, id: u64, out: &mut Out<'_>) -> Result<Found> {
        let asked_at_ms = self.host.now_ms();
        let Some(object) = self.api.object(entity, id)? else {
            return Ok(Found::No);
        };
        let head: Head = serde_json::from_value(object.clone()).map_err(|_| {
            Error::schema_changed("the object of the webhook has no `id` or no `update_time`")
        })?;
        let at = head.version_at(asked_at_ms);
        self.emit(entity, &object, &head, at, out)?;
        Ok(Found::Yes)
    }

    fn emit(
        &self,
        entity: Entity,
        object: &Value,
        head: &Head,
        at: Time,
        out: &mut Out<'_>,
    ) -> Result<()> {
        let Config {
            organization,
            person,
            subscriptions,
            ..
        } = &self.config;
        match entity {
            Entity::Organization => {
                customer::emit_organization(object, head, at, organization, out)
            }
            Entity::Person => customer::emit_person(object, head, at, person, out),
            Entity::Deal => match subscriptions {
                Some(contracts) => subscription::emit(object, at, contracts, &self.api, out),
                None => Ok(()),
            },
        }
    }

    /// Ends the contract of a deal that the vendor no longer shows, from its last state.
    fn emit_deleted_deal(&self, mut deal: Value, at: Time, out: &mut Out<'_>) -> Result<()> {
        let Some(contracts) = &self.config.subscriptions else {
            return Ok(());
        };
        let Some(members) = deal.as_object_mut() else {
            let text = "the webhook does not tell the last state of the deal that was deleted";
            return Err(Error::schema_changed(text));
        };
        members.insert("is_deleted".to_owned(), json!(true));
        // To the second, as pulls tell it.
        let second = Time::from_unix_s(at.unix_s());
        members.insert("update_time".to_owned(), json!(second.to_string()));
        subscription::emit(&deal, deleted_at(at), contracts, &self.api, out)
    }
}

vocd_plugin::export!(Pipedrive);
