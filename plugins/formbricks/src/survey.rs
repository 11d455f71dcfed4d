//! What a survey asks: its elements, and what an answer to each of them is.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use vocd_plugin::records::Metric;

use crate::config::Config;
use crate::plain::plain;

/// One survey, as far as answers need it.
#[derive(Debug)]
pub(crate) struct Survey {
    /// Its name.
    pub(crate) name: Option<String>,
    /// How it is shown: `link` or `app`.
    pub(crate) channel: Option<String>,
    questions: BTreeMap<String, Question>,
    hidden: BTreeSet<String>,
}

/// One element that is answered.
#[derive(Debug, PartialEq)]
pub(crate) struct Question {
    /// As it is asked, in the survey's own language.
    pub(crate) text: Option<String>,
    /// What an answer to it is.
    pub(crate) asks: Asks,
}

/// What an answer is.
#[derive(Debug, PartialEq)]
pub(crate) enum Asks {
    /// A number on a scale.
    Score {
        /// What it measures.
        metric: Metric,
        /// Lowest answer.
        min: f64,
        /// Highest answer.
        max: f64,
    },
    /// Words of the customer's own.
    Words,
    /// One of some answers: every wording of each, and the one that is kept.
    Choice(BTreeMap<String, String>),
    /// Nothing that can be counted or read: files, addresses, matrices, ….
    Nothing,
    /// Something this plugin does not know; the vendor's word for it.
    Unknown(String),
}

/// A survey of the API, version 1: elements stand in `questions`, in `blocks`, or in both.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct RawSurvey {
    /// Its id.
    pub(crate) id: String,
    name: Option<String>,
    #[serde(rename = "type")]
    channel: Option<String>,
    #[serde(default)]
    questions: Vec<Element>,
    #[serde(default)]
    blocks: Vec<Block>,
    hidden_fields: Option<HiddenFields>,
}

#[derive(Debug, Deserialize)]
struct Block {
    #[serde(default)]
    elements: Vec<Element>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Element {
    id: String,
    #[serde(rename = "type")]
    element_type: String,
    headline: Option<Value>,
    range: Option<f64>,
    input_type: Option<String>,
    #[serde(default)]
    choices: Vec<Choice>,
}

#[derive(Debug, Deserialize)]
struct Choice {
    label: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct HiddenFields {
    #[serde(default)]
    field_ids: Vec<String>,
}

impl Survey {
    /// Reads a survey of the API.
    pub(crate) fn new(raw: RawSurvey, config: &Config) -> Self {
        let elements = raw.blocks.into_iter().flat_map(|block| block.elements);
        let elements = raw.questions.into_iter().chain(elements);
        let questions = elements.map(|element| {
            let question = Question {
                text: element.headline.as_ref().and_then(wording).map(plain),
                asks: asks(&element, config.metrics.get(&element.id).copied()),
            };
            (element.id, question)
        });
        let hidden = raw.hidden_fields.map(|fields| fields.field_ids);
        Self {
            name: raw.name,
            channel: raw.channel,
            questions: questions.collect(),
            hidden: hidden.unwrap_or_default().into_iter().collect(),
        }
    }

    /// Returns an element, or `None` when the survey has none of that id.
    pub(crate) fn question(&self, id: &str) -> Option<&Question> {
        self.questions.get(id)
    }

    /// Tells whether the survey fills in this field without asking.
    pub(crate) fn is_hidden(&self, id: &str) -> bool {
        self.hidden.contains(id)
    }
}

fn asks(element: &Element, configured: Option<Metric>) -> Asks {
    let scale = |metric, max| Asks::Score {
        metric,
        min: 1.0,
        max,
    };
    match element.element_type.as_str() {
        "nps" => Asks::Score {
            metric: Metric::Nps,
            min: 0.0,
            max: 10.0,
        },
        "rating" | "csat" | "ces" => {
            let own = match element.element_type.as_str() {
                "csat" => Metric::Csat,
                "ces" => Metric::Ces,
                _ => Metric::Rating,
            };
            match element.range {
                Some(range) if range > 1.0 => scale(configured.unwrap_or(own), range),
                _ => Asks::Unknown(format!("{} without a range", element.element_type)),
            }
        }
        // Addresses, phone numbers and the like are who, not what.
        "openText" => match element.input_type.as_deref() {
            None | Some("text") => Asks::Words,
            Some(_) => Asks::Nothing,
        },
        "multipleChoiceSingle" => Asks::Choice(choices(&element.choices)),
        "consent" => Asks::Choice(["accepted", "dismissed"].map(same).into()),
        "multipleChoiceMulti"
        | "pictureSelection"
        | "cta"
        | "cal"
        | "date"
        | "matrix"
        | "address"
        | "ranking"
        | "contactInfo"
        | "fileUpload" => Asks::Nothing,
        other => Asks::Unknown(other.chars().take(40).collect()),
    }
}

fn same(text: &str) -> (String, String) {
    (text.to_owned(), text.to_owned())
}

/// Returns the choices in every language, each with its wording in the survey's own.
fn choices(choices: &[Choice]) -> BTreeMap<String, String> {
    let mut known = BTreeMap::new();
    for label in choices.iter().filter_map(|choice| choice.label.as_ref()) {
        let Some(own) = wording(label) else {
            continue;
        };
        known.insert(own.to_owned(), plain(own));
        for translated in label
            .as_object()
            .into_iter()
            .flat_map(|words| words.values())
        {
            if let Some(translated) = translated.as_str() {
                known.insert(translated.to_owned(), plain(own));
            }
        }
    }
    known
}

/// Returns a text in the survey's own language: `{"default": "…", "de": "…"}`, or a plain text.
fn wording(text: &Value) -> Option<&str> {
    let own = text.get("default").unwrap_or(text).as_str();
    let any = || text.as_object()?.values().find_map(Value::as_str);
    own.or_else(any)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(element: &Value, expected: &Asks) {
        let config = r#"{"api_key":"k","metrics":{"felt":"csat"}}"#;
        let config = Config::parse(config).expect("a configuration");
        let survey = json!({"id": "s", "questions": [element]});
        let raw: RawSurvey = serde_json::from_value(survey).expect("a survey");
        let survey = Survey::new(raw, &config);
        let id = element["id"].as_str().expect("an id");
        assert_eq!(&survey.question(id).expect("asked").asks, expected);
    }

    fn score(metric: Metric, min: f64, max: f64) -> Asks {
        Asks::Score { metric, min, max }
    }

    #[test]
    fn every_type_is_what_its_answers_are() {
        check(
            &json!({"id": "q", "type": "nps"}),
            &score(Metric::Nps, 0.0, 10.0),
        );
        let rating = json!({"id": "q", "type": "rating", "range": 7});
        check(&rating, &score(Metric::Rating, 1.0, 7.0));
        let felt = json!({"id": "felt", "type": "rating", "range": 5});
        check(&felt, &score(Metric::Csat, 1.0, 5.0));
        let csat = json!({"id": "q", "type": "csat", "range": 5, "scale": "smiley"});
        check(&csat, &score(Metric::Csat, 1.0, 5.0));
        let ces = json!({"id": "q", "type": "ces", "range": 7});
        check(&ces, &score(Metric::Ces, 1.0, 7.0));
        check(&json!({"id": "q", "type": "openText"}), &Asks::Words);
        let email = json!({"id": "q", "type": "openText", "inputType": "email"});
        check(&email, &Asks::Nothing);
        check(&json!({"id": "q", "type": "matrix"}), &Asks::Nothing);
        let unknown = Asks::Unknown("hologram".to_owned());
        check(&json!({"id": "q", "type": "hologram"}), &unknown);
        let no_range = Asks::Unknown("rating without a range".to_owned());
        check(&json!({"id": "q", "type": "rating"}), &no_range);
    }

    #[test]
    fn a_choice_is_kept_in_the_surveys_own_language() {
        let choices = json!([{"id": "1", "label": {"default": "Chat", "de": "Plausch"}}]);
        let element = json!({"id": "q", "type": "multipleChoiceSingle", "choices": choices});
        let known = [("Chat", "Chat"), ("Plausch", "Chat")];
        let known = known.map(|(word, own)| (word.to_owned(), own.to_owned()));
        check(&element, &Asks::Choice(known.into()));
    }

    #[test]
    fn elements_stand_in_blocks_too() {
        let survey = json!({"id": "s", "name": "n", "hiddenFields": {"fieldIds": ["plan"]},
            "blocks": [{"elements": [{"id": "q", "type": "nps",
                "headline": {"default": "<p>How likely &amp; why?</p>"}}]}]});
        let raw: RawSurvey = serde_json::from_value(survey).expect("a survey");
        let config = Config::parse(r#"{"api_key":"k"}"#).expect("a configuration");
        let survey = Survey::new(raw, &config);
        let question = survey.question("q").expect("asked");
        assert_eq!(question.text.as_deref(), Some("How likely & why?"));
        assert!(survey.is_hidden("plan") && !survey.is_hidden("q"));
    }
}
