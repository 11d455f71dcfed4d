//! Keeps the forecasts of a series and holds those of the past against what came.

use std::sync::Arc;

use crate::kpi::{History, Query};
use crate::picture::gallery::Shown;
use crate::series::{Foretold, HitRate, Outlook, hit_rate};
use crate::store::{Foretelling, Store, StoreError};

/// Where forecasts are kept.
pub(super) trait Keeper {
    /// As [`Store::foretell`].
    fn foretell(&self, question: &str, foretold: &[Foretelling]) -> Result<(), StoreError>;

    /// As [`Store::foretold`].
    fn foretold(&self, question: &str) -> Result<Vec<Foretelling>, StoreError>;
}

impl Keeper for Arc<dyn Store> {
    fn foretell(&self, question: &str, foretold: &[Foretelling]) -> Result<(), StoreError> {
        self.as_ref().foretell(question, foretold)
    }

    fn foretold(&self, question: &str) -> Result<Vec<Foretelling>, StoreError> {
        self.as_ref().foretold(question)
    }
}

/// Keeps what an answer of all time foresees, and returns how often forecasts of the same question
/// held; `None` of an answer that foresees nothing and never did.
pub(super) fn hold_against(query: &Query, shown: &Shown, store: &dyn Keeper) -> Option<HitRate> {
    let history = shown.answer.verdict.as_ref()?.history.as_ref()?;
    let question = name(query, shown);
    let found = kept(&question, history, shown, store).inspect_err(|error| {
        tracing::warn!(%error, "past forecasts could not be held against what came");
    });
    let past: Vec<Foretold> = found.ok()?;
    Some(hit_rate(&past)).filter(|rate| rate.n_80 > 0)
}

fn kept(
    question: &str,
    history: &History,
    shown: &Shown,
    store: &dyn Keeper,
) -> Result<Vec<Foretold>, StoreError> {
    let known = store.foretold(question)?;
    let new: Vec<Foretelling> = foreseen(history, shown)
        .into_iter()
        .filter(|one| {
            let mut known = known.iter();
            !known.any(|told| told.bucket_start == one.bucket_start && told.ahead == one.ahead)
        })
        .collect();
    if !new.is_empty() {
        store.foretell(question, &new)?;
    }
    let points = shown.answer.series.first().map(|series| &series.points);
    let outcome = |told: &Foretelling| {
        let mut points = points.into_iter().flatten();
        let point = points.find(|point| point.start == told.bucket_start && point.is_complete)?;
        point.score.value
    };
    Ok(known
        .iter()
        .map(|told| Foretold {
            band_80: told.likely,
            band_95: told.possible,
            outcome: outcome(told),
        })
        .collect())
}

/// Returns what a history foresees now.
fn foreseen(history: &History, shown: &Shown) -> Vec<Foretelling> {
    let Outlook::Told(forecast) = &history.outlook else {
        return Vec::new();
    };
    let steps = (1..).zip(&forecast.steps).filter_map(|(ahead, step)| {
        Some(Foretelling {
            bucket_start: history.bucket(step.position)?.start,
            ahead,
            made_at: shown.answer.as_of,
            value: step.value,
            likely: step.band_80,
            possible: step.band_95,
        })
    });
    steps.collect()
}

/// Returns a name that is the same for the same question, also of another version of this program,
/// and that tells nothing of it.
fn name(query: &Query, shown: &Shown) -> String {
    let answer = &shown.answer;
    let text = format!(
        "{} {} {} {:?} {:?} {}",
        answer.kpi.name,
        answer.kpi.definition_version,
        answer.grain,
        query.filters,
        query.mode,
        answer.timezone
    );
    blake3::hash(text.as_bytes()).to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests;
