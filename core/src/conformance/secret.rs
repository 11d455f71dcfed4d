//! Secrets of a sample: replaced by others that stand out, and looked for in all that is said.

use serde_json::Value;

use super::Sample;
use super::bench::{Bench, Reading};
use super::row::Row;
use crate::host::{Failure, Overheard, SECRET_MARK, marked_texts};
use crate::record::door::Reject;

/// What a secret is replaced by begins with this; no vendor's data holds it.
const MARK: &str = "vocd-marked-secret-";

/// Returns every secret of the sample, declared or resolved, each once.
pub(super) fn secrets(bench: &Bench<'_>, sample: &Sample) -> Vec<String> {
    let schema = &bench.plugin.manifest().config_schema;
    let declared = marked_texts(schema, &sample.config, &[SECRET_MARK]);
    let mut secrets = sample.secrets.clone();
    secrets.extend(declared.iter().map(|secret| secret.text.to_owned()));
    secrets.sort_unstable();
    secrets.dedup();
    secrets
}

/// Returns the configuration with secrets that stand out.
pub(super) fn marked(config: &Value, secrets: &[String]) -> Value {
    replaced(config, secrets, &|idx, _| format!("{MARK}{idx}"))
}

/// Returns the configuration with other secrets, given their position and text.
pub(super) fn replaced(
    config: &Value,
    secrets: &[String],
    other: &dyn Fn(usize, &str) -> String,
) -> Value {
    match config {
        Value::String(text) => match secrets.iter().position(|secret| secret == text) {
            Some(idx) => Value::String(other(idx, text)),
            None => config.clone(),
        },
        Value::Array(items) => {
            let items = items.iter();
            items.map(|item| replaced(item, secrets, other)).collect()
        }
        Value::Object(members) => {
            let members = members.iter();
            members
                .map(|(name, member)| (name.clone(), replaced(member, secrets, other)))
                .collect()
        }
        plain => plain.clone(),
    }
}

/// All that a child said.
pub(super) struct Said<'a> {
    pub(super) overheard: &'a Overheard,
    pub(super) failures: Vec<&'a Failure>,
    pub(super) rows: Vec<&'a Row>,
    pub(super) rejects: &'a [Reject],
    pub(super) checkpoints: Vec<&'a str>,
}

impl<'a> From<&'a Reading> for Said<'a> {
    fn from(reading: &'a Reading) -> Self {
        Self {
            overheard: &reading.overheard,
            failures: reading.outcome.failure.iter().collect(),
            rows: reading.rows.iter().collect(),
            rejects: &reading.rejects,
            checkpoints: reading.marks.iter().map(|mark| &*mark.json).collect(),
        }
    }
}

impl Said<'_> {
    /// Returns where a marked secret is, if it is anywhere.
    pub(super) fn leak(&self) -> Option<&'static str> {
        let holds = |text: &str| text.contains(MARK);
        let Self {
            overheard,
            failures,
            rows,
            rejects,
            checkpoints,
        } = self;
        let mut cells = rows.iter().flat_map(|row| &row.cells);
        let is_refused = |reject: &Reject| holds(&reject.detail) || holds(&reject.place);
        let places = [
            ("its log", overheard.log.iter().any(|line| holds(line))),
            ("what it prints", holds(&overheard.printed)),
            (
                "its error",
                failures.iter().any(|failure| holds(&failure.message)),
            ),
            ("its rows", cells.any(|(_, text)| holds(text))),
            ("a refused record", rejects.iter().any(is_refused)),
            ("a checkpoint", checkpoints.iter().any(|json| holds(json))),
        ];
        places
            .into_iter()
            .find_map(|(place, is_there)| is_there.then_some(place))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_secret_of_a_configuration_is_marked() {
        let config = json!({ "token": "s1", "list": ["s2", "s1", "plain"], "n": 1 });
        let marked = marked(&config, &["s1".to_owned(), "s2".to_owned()]);
        let expected = json!({
            "token": "vocd-marked-secret-0",
            "list": ["vocd-marked-secret-1", "vocd-marked-secret-0", "plain"],
            "n": 1,
        });
        assert_eq!(marked, expected);
    }
}
