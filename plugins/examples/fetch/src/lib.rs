//! A whole source over HTTP: reads the answers of a survey from a JSON API, page by page.
//!
//! The vendor of this example answers `GET /answers?after=N` with
//! `{"answers":[{"id":1,"score":9,"answered_at_s":1767225600}],"next":1}`; `next` is null at the
//! end. Everything a request needs besides its address is the host's: the token never gets here.

use serde::{Deserialize, Serialize};
use vocd_plugin::cursor::{self, Page};
use vocd_plugin::records::{Metric, Response};
use vocd_plugin::{
    Auth, ConfigSchema, Error, Host, Http, Meta, Out, Read, RecordKind, Result, Source, StreamMeta,
    Time, parse_config,
};

/// An API of answers.
#[derive(Debug, Deserialize, ConfigSchema)]
#[serde(deny_unknown_fields)]
struct Config {
    /// Address of the API.
    #[voc(url)]
    url: String,
    /// Token of the API; the host keeps it, and this stands for it.
    #[voc(secret, auth)]
    token: String,
}

/// Where the next run goes on.
#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct Cursor {
    after: u64,
}

/// One page of the API.
#[derive(Debug, Deserialize)]
struct Answers {
    answers: Vec<Answer>,
    next: Option<u64>,
}

#[derive(Debug, Deserialize)]
struct Answer {
    id: u64,
    score: f64,
    answered_at_s: i64,
}

/// The source.
#[derive(Debug)]
struct Fetch {
    config: Config,
    http: Http,
}

impl Source for Fetch {
    const META: Meta = Meta {
        name: "Fetch (example)",
        license: "Apache-2.0",
        config_schema: Config::SCHEMA,
        streams: &[StreamMeta {
            name: "answers",
            kinds: &[RecordKind::Response],
        }],
        ..Meta::new("org.example.fetch", env!("CARGO_PKG_VERSION"))
    };

    fn open(config_json: &str, host: &Host) -> Result<Self> {
        Ok(Self {
            config: parse_config(config_json)?,
            http: host.http()?,
        })
    }

    fn read(&mut self, request: &Read, out: &mut Out) -> Result<()> {
        let start: Cursor = request.checkpoint()?.unwrap_or_default();
        cursor::pages(out, start, |at, out| {
            let page = self.page(at.after)?;
            for answer in &page.answers {
                let id = format!("answer-{}", answer.id);
                let answered_at = Time::from_unix_s(answer.answered_at_s);
                out.row(&Response {
                    score: Some(answer.score),
                    ..Response::new(&id, "service", "recommend", Metric::Nps, answered_at)
                })?;
            }
            let after = page.answers.last().map_or(at.after, |last| last.id);
            match page.next {
                Some(next) if next == after => Ok(Page::More(Cursor { after })),
                Some(next) => {
                    let text =
                        format!("the next page begins after {next}, not where this one ends");
                    Err(Error::schema_changed(text))
                }
                None => Ok(Page::Last(Cursor { after })),
            }
        })
    }
}

impl Fetch {
    fn page(&self, after: u64) -> Result<Answers> {
        let response = self
            .http
            .get(format!("{}/answers", self.config.url.trim_end_matches('/')))
            .query("after", &after.to_string())
            .auth(Auth::bearer(&self.config.token))
            .send()?;
        response.json()
    }
}

vocd_plugin::export!(Fetch);

#[cfg(test)]
mod tests {
    use vocd_plugin::testing::{Answer, Harness, Run};
    use vocd_plugin::{ErrorClass, RecordKind};

    use super::*;

    const FIRST: &str = "https://api.example.org/answers?after=0";
    const SECOND: &str = "https://api.example.org/answers?after=1";

    fn read(answers: &[(&str, Answer)], checkpoint: Option<&str>) -> (Run, Harness) {
        let config = r#"{"url":"https://api.example.org/","token":"$secret:/token"}"#;
        let mut harness = Harness::open::<Fetch>(config).expect("a configuration");
        for (url, answer) in answers {
            harness.answer("GET", url, answer.clone());
        }
        let run = harness.read("answers", checkpoint);
        (run, harness)
    }

    fn page(id: u64, next: &str) -> Answer {
        Answer::json(&format!(
            r#"{{"answers":[{{"id":{id},"score":9,"answered_at_s":1767225600}}],"next":{next}}}"#
        ))
    }

    #[test]
    fn pages_are_followed_and_each_is_covered() {
        let (run, mut harness) = read(&[(FIRST, page(1, "1")), (SECOND, page(2, "null"))], None);
        assert_eq!(run.result, Ok(()));
        assert_eq!(run.rows(RecordKind::Response).len(), 2);
        assert_eq!(run.checkpoints(), [r#"{"after":1}"#, r#"{"after":2}"#]);
        let requests = harness.take_requests();
        assert_eq!(requests.len(), 2);
        assert_eq!(requests[0].auth_ref.as_deref(), Some("$secret:/token"));
    }

    #[test]
    fn a_run_goes_on_where_the_last_one_stopped() {
        let (run, _) = read(&[(SECOND, page(2, "null"))], Some(r#"{"after":1}"#));
        assert_eq!(run.result, Ok(()));
        assert_eq!(run.checkpoints(), [r#"{"after":2}"#]);
    }

    #[test]
    fn what_a_vendor_does_has_its_class() {
        let of = |answer: Answer| {
            let error = read(&[(FIRST, answer)], None).0.result.expect_err("failed");
            (
                error.class(),
                error.retry_after().map(|wait| wait.as_secs()),
            )
        };
        let html = || Answer::status(200).body("<html>maintenance</html>");
        let wait = Answer::status(429).header("Retry-After", "40");
        assert_eq!(of(Answer::status(401)), (ErrorClass::Auth, None));
        assert_eq!(of(wait), (ErrorClass::RateLimited, Some(40)));
        assert_eq!(of(Answer::status(500)), (ErrorClass::Transient, None));
        assert_eq!(of(Answer::status(422)), (ErrorClass::Internal, None));
        assert_eq!(of(html()), (ErrorClass::Transient, None));
        assert_eq!(
            of(Answer::json("{\"rows\":[]}")),
            (ErrorClass::SchemaChanged, None)
        );
        assert_eq!(of(page(1, "7")), (ErrorClass::SchemaChanged, None));
        let broken = Answer::failure(Error::transient("the connection broke"));
        assert_eq!(of(broken), (ErrorClass::Transient, None));
        assert_eq!(
            read(&[], None).0.result.expect_err("no answer").class(),
            ErrorClass::NotFound
        );
    }

    #[test]
    fn a_recorded_vendor_is_replayed() {
        let config = r#"{"url":"https://api.example.org","token":"t"}"#;
        let mut harness = Harness::open::<Fetch>(config).expect("a configuration");
        harness
            .replay(include_str!("../fixtures/two-pages.har.jsonl"))
            .expect("a cassette");
        let run = harness.read("answers", None);
        assert_eq!(run.result, Ok(()));
        assert_eq!(run.n_rows(), 3);
    }
}
