//! The source plugin `formbricks`: answers of Formbricks surveys, pulled and pushed.
//!
//! A run reads the surveys (`api`, `book`, `survey`), walks through the responses in the order of
//! their last change (`walk`), and turns each (`submission`) into answers (`answer`). A webhook
//! brings one response and goes the same way.

mod answer;
mod api;
mod book;
mod config;
mod plain;
mod pushed;
mod submission;
mod survey;
mod walk;

use vocd_plugin::webhook::{
    Algorithm, Auth, Encoding, Find, KeyEncoding, Signature, SignedAt, TimeUnit,
};
use vocd_plugin::{
    Host, Meta, Out, Read, RecordKind, Result, Source, StreamMeta, Webhook, WebhookMeta,
};

use crate::api::Api;
use crate::book::{Book, Entry};
use crate::config::Config;
use crate::submission::Submission;
use crate::walk::Cursor;

/// The source.
#[derive(Debug)]
pub struct Formbricks {
    config: Config,
    api: Api,
    /// Surveys known from earlier webhooks of this process; a pull reads them anew.
    book: Book,
}

impl Source for Formbricks {
    const META: Meta = Meta {
        name: "Formbricks",
        license: "Apache-2.0",
        config_schema: include_str!("../config.schema.json"),
        egress: &["app.formbricks.com:443"],
        streams: &[StreamMeta {
            name: "responses",
            kinds: &[RecordKind::Response],
        }],
        webhook: Some(WebhookMeta {
            // A delivery that is repeated keeps its id, which is signed.
            event_id: Some(Find::Header("webhook-id")),
            ..WebhookMeta::new(&[Auth::Signature(Signature {
                separator: " ",
                prefix: "v1,",
                signed: "{header:webhook-id}.{timestamp}.{body}",
                key_encoding: KeyEncoding::Base64,
                key_prefix: "whsec_",
                timestamp: Some(SignedAt {
                    header: "webhook-timestamp",
                    prefix: "",
                    unit: TimeUnit::Seconds,
                    tolerance_s: 300,
                }),
                ..Signature::new(Algorithm::HmacSha256, "webhook-signature", Encoding::Base64)
            })])
        }),
        ..Meta::new("vocd.formbricks", env!("CARGO_PKG_VERSION"))
    };

    fn open(config_json: &str, host: &Host) -> Result<Self> {
        let config = Config::parse(config_json)?;
        Ok(Self {
            api: Api::new(&config, host.http()?),
            config,
            book: Book::default(),
        })
    }

    fn check(&mut self) -> Result<()> {
        self.api.check()
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        let start = Cursor::starting(request.checkpoint()?, &self.config);
        let Self { config, api, book } = self;
        *book = Book::read(api, config)?;
        walk::walk(
            out,
            start,
            |since, skip| api.responses(since, skip),
            |submission, out| take(submission, config, api, book, out),
        )
    }

    fn webhook(&mut self, webhook: &Webhook<'_>, out: &mut Out) -> Result<()> {
        match pushed::submission(webhook)? {
            Some(submission) => {
                let Self { config, api, book } = self;
                take(&submission, config, api, book, out)
            }
            None => Ok(()),
        }
    }
}

/// Emits the answers of a submission that is wanted.
fn take(
    submission: &Submission,
    config: &Config,
    api: &Api,
    book: &mut Book,
    out: &mut Out<'_>,
) -> Result<()> {
    if !config.wants(&submission.survey_id) {
        return Ok(());
    }
    let refusal = match book.survey(&submission.survey_id, api, config)? {
        Entry::Known(survey) => return answer::emit(submission, survey, config, out),
        Entry::Unreadable => (
            "bad_survey",
            "its survey has a shape this plugin does not know",
        ),
        Entry::Missing => ("unknown_survey", "the vendor has no such survey (any more)"),
    };
    let place = format!("responses/{}", submission.id);
    out.reject(RecordKind::Response, refusal.0, &place, refusal.1);
    Ok(())
}

vocd_plugin::export!(Formbricks);
