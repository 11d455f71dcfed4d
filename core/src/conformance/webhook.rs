//! Webhooks: recorded ones prove themselves, changed ones do not, each is parsed, a repeated one
//! changes nothing, and one that is none ends no child.

mod keys;
mod parsing;
mod recorded;
mod spoiled;

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::Value;

use self::parsing::{Parsing, Sealed};
use super::bench::Bench;
use super::comparison::difference;
use super::row::Row;
use super::secret::{self, Said};
use super::{Finding, Group, Log, Sample, few};
use crate::host::manifest::webhook::{AuthScheme, WebhookScheme};
use crate::host::{Failure, FailureReason};
use crate::push::{Answer, Sifted, Unsigned, Verdict, sift};

pub use recorded::{Recorded, RecordedError};

/// How much later a vendor delivers an event again.
const AGAIN_AFTER: SignedDuration = SignedDuration::from_hours(1);

const REMEDY_SCHEME: &str =
    "compare `webhook` in the manifest with the vendor's documentation, and the sample's key";
const REMEDY_AGAIN: &str =
    "make ids and `updated_at` of the vendor's own, never of the time of arrival or of chance";

/// Runs the tests of the group; a plugin that declares no webhooks has none.
pub(super) fn check(log: &mut Log, bench: &Bench<'_>) {
    let Some(scheme) = &bench.plugin.manifest().webhook else {
        return;
    };
    log.group = Group::Webhook;
    log.note(
        "webhook_keys",
        keys::check(scheme, &bench.plugin.manifest().config_schema),
    );
    let Some(sample) = bench.sample().filter(|sample| !sample.webhooks.is_empty()) else {
        let remedy = "write some, one line of JSON each, into webhooks.jsonl beside the sample";
        let what = "there are no recorded webhooks";
        return log.note("webhooks", Finding::skip(what, remedy));
    };
    let proven = match proven(scheme, sample) {
        Ok(proven) => proven,
        Err(finding) => return log.note("webhook_proof", finding),
    };
    log.note("webhook_proof", proven.finding());
    log.note("webhook_changed", changed(bench, scheme, sample, &proven));
    if proven.events.is_empty() {
        return;
    }
    let first = bench.parse_with(sample, &proven.sealed());
    let finding = parsed(&first, sample.cassette.is_some());
    let is_good = finding.remedy.is_none();
    log.note("webhook_parsed", finding);
    if is_good {
        log.note("webhook_again", again(bench, sample, &proven, &first));
        log.note("webhook_strange", strange(bench, sample, &proven));
        log.note("webhook_secrets", secrets(bench, sample, &proven));
    }
}

impl Bench<'_> {
    /// Lets one child parse webhooks with the sample's configuration.
    fn parse_with(&self, sample: &Sample, webhooks: &[Sealed]) -> Parsing {
        let cassette = sample.cassette.as_ref();
        self.parse(&sample.config, &sample.secrets, cassette, webhooks)
    }
}

/// The recorded webhooks, each with a proof that holds.
struct Proven {
    webhooks: Vec<Recorded>,
    /// Those of them that are events, as the plugin gets them.
    events: Vec<Sealed>,
    n_signed_here: usize,
}

impl Proven {
    fn sealed(&self) -> Vec<Sealed> {
        self.events.clone()
    }

    fn finding(&self) -> Finding {
        let (n, n_here) = (self.webhooks.len(), self.n_signed_here);
        let n_questions = n - self.events.len();
        let mut what = format!("{} webhooks prove themselves", self.events.len());
        if n_here > 0 {
            what = format!("{what}, {n_here} of them signed here");
        }
        if n_questions > 0 {
            what = format!("{what}; {n_questions} are questions and are answered");
        }
        Finding::pass(what)
    }
}

/// Proves every recorded webhook, those that nobody signed by a proof made here.
fn proven(scheme: &WebhookScheme, sample: &Sample) -> Result<Proven, Finding> {
    let mut proven = Proven {
        webhooks: Vec::new(),
        events: Vec::new(),
        n_signed_here: 0,
    };
    for (webhook, number) in sample.webhooks.iter().zip(1..) {
        let unclear = |error: &dyn std::fmt::Display| {
            Finding::fail(format!("webhook {number}: {error}"), REMEDY_SCHEME)
        };
        let mut webhook = webhook.clone();
        let judge = |webhook: &Recorded| sifted(scheme, &sample.config, webhook);
        let mut sifted = judge(&webhook).map_err(|error| unclear(&error))?;
        let is_bare = Sifted::Answered(Answer::Refused(Verdict::MissingHeader));
        if sifted == is_bare || sifted == Sifted::Answered(Answer::Refused(Verdict::NoKey)) {
            webhook = match webhook.proven(scheme, &sample.config) {
                Ok(webhook) => webhook,
                Err(Unsigned::NoKey) => return Err(no_key(scheme)),
                Err(error) => return Err(unclear(&error)),
            };
            proven.n_signed_here += 1;
            sifted = judge(&webhook).map_err(|error| unclear(&error))?;
        }
        match sifted {
            Sifted::Kept { event_id, headers } => proven.events.push(Sealed {
                event_id,
                headers,
                body: webhook.body.clone(),
                received_at: webhook.received_at,
            }),
            Sifted::Answered(Answer::Challenge(_)) => {}
            Sifted::Answered(answer) => return Err(unclear(&told(&answer))),
        }
        proven.webhooks.push(webhook);
    }
    Ok(proven)
}

fn no_key(scheme: &WebhookScheme) -> Finding {
    let keys = scheme.auth.iter().flat_map(keys::of_proof);
    let names: BTreeSet<String> = keys.flat_map(keys::names).collect();
    let names: Vec<String> = names.into_iter().collect();
    let what = format!("the sample sets none of {}", few(&names));
    Finding::skip(what, "set the secret of the webhooks in the sample")
}

fn sifted(
    scheme: &WebhookScheme,
    config: &Value,
    webhook: &Recorded,
) -> Result<Sifted, crate::push::KeyError> {
    sift(scheme, config, &webhook.post(), webhook.received_at)
}

fn told(answer: &Answer) -> String {
    match answer {
        Answer::Refused(verdict) => format!("it is refused: {}", verdict.name()),
        Answer::WrongMethod => "it is refused: webhooks come by POST".to_owned(),
        Answer::TooLarge => "it is refused: its body is too large".to_owned(),
        other => format!("it is not taken: {other:?}"),
    }
}

/// Changes each webhook in every way that a proof has to notice.
fn changed(bench: &Bench<'_>, scheme: &WebhookScheme, sample: &Sample, proven: &Proven) -> Finding {
    let secrets = secret::secrets(bench, sample);
    let other = |_, secret: &str| spoiled::other_secret(secret);
    let other_keys = secret::replaced(&sample.config, &secrets, &other);
    let mut is_body_proven = true;
    for (webhook, number) in proven.webhooks.iter().zip(1..) {
        let is_kept = |config: &Value, webhook: &Recorded| {
            matches!(sifted(scheme, config, webhook), Ok(Sifted::Kept { .. }))
        };
        if !is_kept(&sample.config, webhook) {
            continue;
        }
        let accepted = |what: &str| {
            Finding::fail(
                format!("webhook {number} is taken {what}"),
                "declare a proof that fails then: a signature over `{body}`, with the secret's key",
            )
        };
        if is_kept(&other_keys, webhook) {
            return accepted("with another key");
        }
        if is_kept(&sample.config, &spoiled::without_proof(scheme, webhook)) {
            return accepted("without its proof");
        }
        for late in spoiled::too_late(scheme, webhook) {
            if is_kept(&sample.config, &late) {
                return accepted("long after it was signed");
            }
        }
        if is_kept(
            &sample.config,
            &webhook.saying(spoiled::flipped(&webhook.body)),
        ) {
            is_body_proven = false;
        }
    }
    let is_signed = |auth: &AuthScheme| matches!(auth, AuthScheme::Signature(_));
    match (is_body_proven, scheme.auth.iter().all(is_signed)) {
        (true, _) => Finding::pass("changed webhooks are refused"),
        (false, false) => Finding::pass(
            "another key is refused; the body is not proven, as the vendor does not sign it",
        ),
        (false, true) => Finding::fail("a changed body is taken", REMEDY_SCHEME),
    }
}

/// Whether each webhook was parsed into good rows.
fn parsed(parsing: &Parsing, is_recorded: bool) -> Finding {
    if let Some(failure) = &parsing.outcome.failure {
        let number = parsing.webhooks.len() + 1;
        let what = format!("webhook {number} ends the plugin: {failure}");
        return Finding::fail(
            what,
            "return an error: a panic or exit keeps the webhook aside",
        );
    }
    if parsing.has_checkpoint {
        let what = "a checkpoint is emitted while a webhook is parsed";
        return Finding::fail(what, "emit rows only: webhooks have their own position");
    }
    for (webhook, number) in parsing.webhooks.iter().zip(1..) {
        if let Some(failure) = &webhook.refusal {
            let what = format!("webhook {number} is refused: {failure}");
            return Finding::fail(what, remedy(failure, is_recorded));
        }
        if let Some(bad) = webhook.bad_rows.first() {
            let what = format!(
                "webhook {number} gives a row that is refused: {}",
                bad.reason
            );
            return Finding::fail(what, "correct it: the `read` tests hold for these rows too");
        }
    }
    let n_rows: usize = parsing
        .webhooks
        .iter()
        .map(|webhook| webhook.rows.len())
        .sum();
    match n_rows {
        0 => Finding::warn(
            "no webhook gives a row",
            "record webhooks about records that the plugin keeps",
        ),
        _ => Finding::pass(format!(
            "{n_rows} rows of {} webhooks",
            parsing.webhooks.len()
        )),
    }
}

fn remedy(failure: &Failure, is_recorded: bool) -> &'static str {
    match failure.reason {
        FailureReason::Transient | FailureReason::RateLimited | FailureReason::Auth
            if !is_recorded =>
        {
            "the vendor was asked: record what it answers: --cassette FILE --record"
        }
        FailureReason::Transient => "the cassette lacks what the webhook makes the plugin ask for",
        _ => "parse what the vendor sends, or record a webhook that the plugin is for",
    }
}

/// Whether the same events give the same records, in another child and an hour later.
fn again(bench: &Bench<'_>, sample: &Sample, proven: &Proven, first: &Parsing) -> Finding {
    let events = proven.sealed();
    let later: Vec<Sealed> = events
        .iter()
        .map(|event| event.later(AGAIN_AFTER))
        .collect();
    let (same, late) = (
        bench.parse_with(sample, &events),
        bench.parse_with(sample, &later),
    );
    let pairs = first
        .webhooks
        .iter()
        .zip(&same.webhooks)
        .zip(&late.webhooks);
    for (((first, same), late), number) in pairs.zip(1..) {
        if let Some(difference) = difference(&first.rows, &[&same.rows]) {
            let what = format!("webhook {number}, parsed again, differs: {difference}");
            return Finding::fail(what, REMEDY_AGAIN);
        }
        let names = |rows: &[Row]| -> BTreeSet<String> { rows.iter().map(Row::name).collect() };
        if names(&first.rows) != names(&late.rows) {
            let what = format!("webhook {number}, delivered again later, makes other records");
            return Finding::fail(what, REMEDY_AGAIN);
        }
    }
    match same.webhooks.len() == first.webhooks.len() && late.webhooks.len() == same.webhooks.len()
    {
        true => Finding::pass("a repeated webhook changes nothing"),
        false => Finding::fail("a repeated webhook ends the plugin", REMEDY_AGAIN),
    }
}

/// Whether bodies that are no webhooks end nothing: each is refused or ignored, and the good one
/// after them is parsed.
fn strange(bench: &Bench<'_>, sample: &Sample, proven: &Proven) -> Finding {
    let Some(good) = proven.events.first() else {
        return Finding::pass("there is no event to change");
    };
    let mut sent: Vec<Sealed> = Vec::new();
    let mut names = Vec::new();
    for (name, body) in spoiled::bodies(&good.body) {
        names.push(name);
        sent.push(Sealed {
            body,
            ..good.clone()
        });
    }
    names.push("a good webhook after them");
    sent.push(good.clone());
    let parsing = bench.parse_with(sample, &sent);
    let remedy = "give every body an answer: ignore it, or refuse it as `Error::schema_changed`";
    if let Some(failure) = &parsing.outcome.failure {
        let name = names
            .get(parsing.webhooks.len())
            .copied()
            .unwrap_or("the last");
        let what = format!("{name} ends the plugin: {failure}");
        return Finding::fail(what, remedy);
    }
    for (webhook, name) in parsing.webhooks.iter().zip(&names) {
        if let Some(bad) = webhook.bad_rows.first() {
            let what = format!("{name} gives a row that is refused: {}", bad.reason);
            return Finding::fail(what, remedy);
        }
    }
    match parsing
        .webhooks
        .last()
        .and_then(|last| last.refusal.as_ref())
    {
        None => Finding::pass(format!("{} strange bodies do no harm", names.len() - 1)),
        Some(failure) => Finding::fail(
            format!("after strange bodies a good webhook is refused: {failure}"),
            "keep no state of a webhook that was refused",
        ),
    }
}

/// Parses with secrets that stand out, and looks for them in all that is said.
fn secrets(bench: &Bench<'_>, sample: &Sample, proven: &Proven) -> Finding {
    let secrets = secret::secrets(bench, sample);
    let config = secret::marked(&sample.config, &secrets);
    let cassette = sample.cassette.as_ref();
    let mut events = proven.sealed();
    let strange = spoiled::bodies(b"{}").into_iter().map(|(_, body)| Sealed {
        body,
        ..events[0].clone()
    });
    let strange: Vec<Sealed> = strange.collect();
    events.extend(strange);
    let parsing = bench.parse(&config, &[], cassette, &events);
    let rows: Vec<_> = parsing.webhooks.iter().flat_map(|one| &one.rows).collect();
    let refusals = parsing
        .webhooks
        .iter()
        .filter_map(|one| one.refusal.as_ref());
    let said = Said {
        overheard: &parsing.overheard,
        failures: refusals.chain(&parsing.outcome.failure).collect(),
        rows,
        rejects: &parsing.rejects,
        checkpoints: Vec::new(),
    };
    match said.leak() {
        Some(place) => Finding::fail(
            format!("a secret of the configuration is in {place}"),
            "name the property instead of its value",
        ),
        None => Finding::pass(format!(
            "{} secrets stay out of logs, errors and rows",
            secrets.len()
        )),
    }
}
