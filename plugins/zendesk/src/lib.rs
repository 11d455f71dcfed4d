//! The source plugin `zendesk`: tickets, users, organisations and satisfaction of Zendesk Support.
//!
//! Tickets and users come through the incremental exports with cursors (`export`), organisations
//! through the one by time, satisfaction (`csat`) from the list of the legacy survey (`rating`) or
//! of the new one (`survey`). A webhook (`event`) names a ticket, which is fetched whole.

mod api;
mod config;
mod csat;
mod event;
mod export;
mod group;
mod organization;
mod rating;
mod shape;
mod survey;
mod ticket;
mod user;

#[cfg(test)]
mod tests;

use serde::Deserialize;
use vocd_plugin::cursor::{self, Page};
use vocd_plugin::webhook::{Algorithm, Auth, Encoding, Find, Signature, SignedAt, TimeUnit};
use vocd_plugin::{
    Error, ErrorClass, Host, Level, Meta, Out, Read, RecordKind, Result, Source, StreamMeta, Time,
    Webhook, WebhookMeta,
};

use crate::api::{Api, fetch};
use crate::config::{Config, Csat};
use crate::event::{Event, News};
use crate::export::Start;
use crate::group::Groups;
use crate::shape::{Id, nullable};
use crate::ticket::{Beside, Maker, MetricSet};

const TICKETS: &str = "/api/v2/incremental/tickets/cursor?include=metric_sets";
const USERS: &str = "/api/v2/incremental/users/cursor";

/// The vendor signs the time and the body, one after the other, and names no greatest age: a repeat
/// only makes a ticket be fetched again.
const WEBHOOK: WebhookMeta = WebhookMeta {
    // Administrators write the bodies of triggers; only the header is always there.
    event_id: Some(Find::Header("X-Zendesk-Webhook-Invocation-Id")),
    ..WebhookMeta::new(&[Auth::Signature(Signature {
        signed: "{timestamp}{body}",
        timestamp: Some(SignedAt {
            header: "X-Zendesk-Webhook-Signature-Timestamp",
            prefix: "",
            unit: TimeUnit::Rfc3339,
            tolerance_s: 0,
        }),
        ..Signature::new(
            Algorithm::HmacSha256,
            "X-Zendesk-Webhook-Signature",
            Encoding::Base64,
        )
    })])
};

/// The source.
pub struct Zendesk {
    api: Api,
    config: Config,
    host: Host,
    groups: Groups,
}

#[derive(Deserialize)]
struct Tickets {
    tickets: Vec<ticket::Wire>,
    metric_sets: Option<Vec<MetricSet>>,
    #[serde(deserialize_with = "nullable")]
    after_cursor: Option<String>,
    end_of_stream: bool,
}

#[derive(Deserialize)]
struct OneTicket {
    ticket: ticket::Wire,
    metric_sets: Option<Vec<MetricSet>>,
}

#[derive(Deserialize)]
struct Users {
    users: Vec<user::Wire>,
    #[serde(deserialize_with = "nullable")]
    after_cursor: Option<String>,
    end_of_stream: bool,
}

#[derive(Deserialize)]
struct Myself {
    user: Me,
}

#[derive(Deserialize)]
struct Me {
    /// Null for nobody.
    #[serde(deserialize_with = "nullable")]
    id: Option<Id>,
    role: String,
}

impl Source for Zendesk {
    const META: Meta = Meta {
        name: "Zendesk",
        license: "Apache-2.0",
        egress: &["*.zendesk.com:443"],
        config_schema: include_str!("../config.schema.json"),
        streams: &[
            StreamMeta {
                name: "users",
                kinds: &[RecordKind::Agent, RecordKind::Customer],
            },
            StreamMeta {
                name: "organizations",
                kinds: &[RecordKind::Customer],
            },
            StreamMeta {
                name: "tickets",
                kinds: &[RecordKind::Ticket],
            },
            StreamMeta {
                name: "csat",
                kinds: &[RecordKind::Response, RecordKind::Invitation],
            },
        ],
        webhook: Some(WEBHOOK),
        ..Meta::new("vocd.zendesk", env!("CARGO_PKG_VERSION"))
    };

    fn open(config_json: &str, host: &Host) -> Result<Self> {
        let mut config = Config::parse(config_json)?;
        let login = config.login.clone();
        Ok(Self {
            api: Api::new(host, std::mem::take(&mut config.base), login)?,
            config,
            host: host.clone(),
            groups: Groups::default(),
        })
    }

    fn check(&mut self) -> Result<()> {
        let me: Myself = fetch(self.api.get("/api/v2/users/me"))?;
        match (me.user.id, me.user.role.as_str()) {
            (Some(_), "admin") => Ok(()),
            _ => Err(Error::auth(
                "only an administrator may read exports: take the token of one",
            )),
        }
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        let start = self.start();
        match request.stream.as_str() {
            "tickets" => {
                let from = request.checkpoint()?.unwrap_or_default();
                cursor::pages(out, from, |at, out| self.tickets(at, out))
            }
            "users" => {
                let from = request.checkpoint()?.unwrap_or_default();
                cursor::pages(out, from, |at, out| self.users(at, out))
            }
            "organizations" => {
                let from = request.checkpoint()?;
                let from = from.unwrap_or_else(|| organization::Cursor::new(start));
                cursor::pages(out, from, |at, out| {
                    organization::page(at, &self.api, start, &self.config.fields, out)
                })
            }
            "csat" if self.config.csat == Csat::Off => Ok(()),
            "csat" => self
                .csat()
                .read(request.checkpoint()?.unwrap_or_default(), out),
            other => Err(Error::unsupported(format!("there is no stream `{other}`"))),
        }
    }

    fn webhook(&mut self, webhook: &Webhook<'_>, out: &mut Out) -> Result<()> {
        match Event::parse(webhook)? {
            Event::Other => {
                self.host.log(
                    Level::Debug,
                    "a webhook that is about no ticket: left to the next pull",
                );
                Ok(())
            }
            Event::Ticket { id, at, news } => self.changed(&id, at, news, out),
        }
    }
}

impl Zendesk {
    fn start(&self) -> Start {
        Start {
            from: self.config.start,
            now_ms: self.host.now_ms(),
        }
    }

    fn csat(&self) -> csat::Reader<'_> {
        csat::Reader {
            api: &self.api,
            config: &self.config,
            host: &self.host,
        }
    }

    fn tickets(&mut self, at: &export::Cursor, out: &mut Out<'_>) -> Result<Page<export::Cursor>> {
        let page: Tickets = at.fetch(&self.api, TICKETS, self.start())?;
        self.groups.age();
        self.emit_tickets(&page.tickets, &Beside::new(page.metric_sets), out)?;
        Ok(at.next(page.after_cursor, page.end_of_stream))
    }

    fn emit_tickets(
        &mut self,
        tickets: &[ticket::Wire],
        beside: &Beside,
        out: &mut Out<'_>,
    ) -> Result<()> {
        self.groups.learn(&self.api, ticket::group_ids(tickets))?;
        let maker = Maker {
            fields: &self.config.fields,
            groups: &self.groups,
            beside,
        };
        tickets
            .iter()
            .try_for_each(|ticket| maker.emit(ticket, out))
    }

    fn users(&mut self, at: &export::Cursor, out: &mut Out<'_>) -> Result<Page<export::Cursor>> {
        let page: Users = at.fetch(&self.api, USERS, self.start())?;
        self.groups.age();
        self.groups.learn(&self.api, user::group_ids(&page.users))?;
        for user in &page.users {
            user::emit(user, &self.config.fields, &self.groups, out)?;
        }
        Ok(at.next(page.after_cursor, page.end_of_stream))
    }

    /// Emits a ticket that an event was about, as it is now.
    fn changed(&mut self, id: &str, at: Time, news: News, out: &mut Out<'_>) -> Result<()> {
        let path = format!("/api/v2/tickets/{id}?include=metric_sets");
        let answer: OneTicket = match fetch(self.api.get(&path)) {
            Ok(answer) => answer,
            Err(error) if error.class() == ErrorClass::NotFound => {
                if news == News::Deletion {
                    return out.delete(RecordKind::Ticket, id, Some(at));
                }
                // Events come in any order, and sometimes before the ticket can be read: what it
                // became is in the next export.
                let text = format!("ticket {id} is not found: left to the next pull");
                self.host.log(Level::Info, &text);
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let rating = answer.ticket.satisfaction_rating.as_ref();
        let rating_id = rating.and_then(|rating| rating.id.clone());
        self.groups.age();
        let tickets = std::slice::from_ref(&answer.ticket);
        self.emit_tickets(tickets, &Beside::new(answer.metric_sets), out)?;
        if news == News::Csat && self.config.csat != Csat::Off {
            self.csat()
                .of_ticket(id, rating_id.as_ref().map(Id::as_str), out)?;
        }
        Ok(())
    }
}

vocd_plugin::export!(Zendesk);
