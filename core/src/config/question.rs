//! Named questions: `[questions.nps-all]`, several vendor questions under one name.

use std::collections::BTreeMap;

use crate::config::fault::Complaint;
use crate::config::read::known_source;
use crate::config::reader::{Placed, Sheet, TableReader, text};
use crate::config::scalar;
use crate::config::source::SourceConfig;

/// Several questions under one name.
#[derive(Debug, Clone, PartialEq)]
pub struct Question {
    /// `SOURCE/QUESTION` ids, at least one.
    pub ids: Vec<String>,
    /// Lowest answer that counts as positive (the greatest where a lower one is better); `None` is
    /// the KPI's own.
    pub positive: Option<f64>,
}

/// Reads `[questions]`.
pub(crate) fn read(
    sheet: &mut Sheet<'_>,
    top: &mut TableReader<'_, '_>,
    sources: &[SourceConfig],
) -> BTreeMap<String, Question> {
    let mut questions: BTreeMap<String, Question> = BTreeMap::new();
    for (name, mut table) in top.named_tables(sheet, "questions") {
        if let Err(complaint) = scalar::name(&name.value) {
            sheet.complain(&name.place, complaint);
        }
        let ids = table.list(sheet, "ids", |value| question_id(text(value)?, sources));
        if !table.has("ids") {
            table.missing(sheet, "ids", "write ids = [\"SOURCE/QUESTION\"]");
        }
        let positive = table.number(sheet, "positive");
        table.finish(sheet);
        let ids: Vec<String> = ids.into_iter().map(|id| id.value).collect();
        if let Some(positive) = &positive {
            refuse_second_bound(sheet, &questions, &ids, positive);
        }
        let positive = positive.map(|bound| bound.value);
        questions.insert(name.value, Question { ids, positive });
    }
    questions
}

/// Faults a bound of a question that another table has given another one.
fn refuse_second_bound(
    sheet: &mut Sheet<'_>,
    known: &BTreeMap<String, Question>,
    ids: &[String],
    bound: &Placed<f64>,
) {
    for (name, question) in known {
        let is_other = question.positive.is_some_and(|other| other != bound.value);
        if let Some(id) = question.ids.iter().find(|id| is_other && ids.contains(id)) {
            let what = format!("`{id}` has another `positive` in [questions.{name}]");
            sheet.fault(&bound.place, what, "give both the same, or leave one out");
        }
    }
}

fn question_id(id: &str, sources: &[SourceConfig]) -> Result<String, Complaint> {
    match id.split_once('/') {
        Some((source, question)) if !question.is_empty() => {
            known_source(source, sources).map(|_| id.to_owned())
        }
        _ => Err(Complaint::new(
            format!("`{id}` is no question"),
            "write SOURCE/QUESTION, such as `zendesk-eu/nps`",
        )),
    }
}
