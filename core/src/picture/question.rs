//! Questions that the analyst answers, with everything it takes, so that any thread can.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

use super::gallery::{Clock, Gallery, Scene, Shown, question_key};
use super::insight::needs_history;
use super::outcome;
use super::source::Rules;
use super::{Format, PictureError, PictureRequest, Subject};
use crate::chart::Mark;
use crate::kpi::{self, KpiError, Query, Range};
use crate::plan::{DataVersion, Tally};
use crate::store::Store;

/// How a question was worked out, of which data.
#[derive(Debug, Clone)]
pub(super) struct Worked {
    pub(super) data_version: DataVersion,
    pub(super) rules_generation: u64,
    pub(super) result: Result<Arc<Shown>, Arc<KpiError>>,
}

/// An answer, and when it was worked out if the data or the time have moved on since.
pub(super) type Dated = (Arc<Shown>, Option<Timestamp>);

/// A question, the rules and the rows.
pub(super) struct Question {
    pub(super) query: Query,
    pub(super) rules_generation: u64,
    pub(super) rules: Arc<Rules>,
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Clock,
    pub(super) serial: Arc<AtomicU64>,
}

impl Question {
    /// Answers it from the store.
    ///
    /// # Errors
    /// When the question is refused, or the data cannot be read.
    pub(super) fn compute(&self) -> Result<Shown, KpiError> {
        // Read before the rows: rows that arrive meanwhile make the answer look old, never new.
        let data_version = self.store.data_version();
        self.computed(data_version)
    }

    /// Answers it, and says of which data.
    pub(super) fn worked(&self) -> Worked {
        let data_version = self.store.data_version();
        let mut result = self.computed(data_version);
        if let (Ok(shown), None) = (&mut result, self.query.as_of) {
            shown.hits = outcome::hold_against(&self.query, shown, &self.store);
        }
        Worked {
            data_version,
            rules_generation: self.rules_generation,
            result: result.map(Arc::new).map_err(Arc::new),
        }
    }

    /// Returns what is shown of an analysis before it was ever worked out.
    ///
    /// # Errors
    /// When the question is refused.
    pub(super) fn pending(&self) -> Result<Shown, Arc<KpiError>> {
        let now = (self.clock)();
        let answer = kpi::pending(&self.query, &self.rules.settings, now, self.store.as_ref());
        let answer = answer.map_err(Arc::new)?;
        Ok(Shown {
            serial: self.serial.fetch_add(1, Ordering::Relaxed),
            answer,
            events: Vec::new(),
            hits: None,
            data_version: self.store.data_version(),
            rules_generation: self.rules_generation,
            computed_at: now,
        })
    }

    fn computed(&self, data_version: DataVersion) -> Result<Shown, KpiError> {
        let computed_at = (self.clock)();
        let tally: &dyn Tally = self.store.as_ref();
        let answer = kpi::answer(&self.query, &self.rules.settings, computed_at, tally)?;
        let events = match self.store.events(answer.from, answer.to) {
            Ok(events) => events,
            Err(error) => {
                tracing::warn!(error = %error, "events are missing from a picture");
                Vec::new()
            }
        };
        let events = events
            .into_iter()
            .map(|event| Mark {
                at: event.happened_at,
                label: event.label,
            })
            .collect();
        Ok(Shown {
            serial: self.serial.fetch_add(1, Ordering::Relaxed),
            answer,
            events,
            hits: None,
            data_version,
            rules_generation: self.rules_generation,
            computed_at,
        })
    }
}

impl Gallery {
    /// Whether a request waits until an analysis is done, however long that takes: it must not hold up
    /// a thread that draws pictures.
    pub(super) fn is_patient(&self, request: &PictureRequest) -> bool {
        let kpi = match &request.subject {
            Subject::Kpi(name) => kpi::find(name).ok(),
            Subject::Panel { .. } if self.patience(request.format).is_none() => {
                self.scene(request).ok().map(|scene| scene.panel().kpi)
            }
            Subject::Panel { .. } | Subject::Wall { .. } => None,
        };
        kpi.is_some_and(|kpi| kpi::is_analysis(kpi.name))
    }

    /// Returns how long a request waits for an analysis: who asks for numbers waits until it is done.
    pub(super) fn patience(&self, format: Format) -> Option<Duration> {
        let is_picture = matches!(format, Format::Svg | Format::Png | Format::Txt);
        self.parts.patience.filter(|_| is_picture)
    }

    /// Returns the answer of the whole history that a panel's chart shows; `None` where it shows none,
    /// or it is not known within `patience`.
    pub(super) fn whole(
        &self,
        scene: &Scene,
        shown: &Shown,
        patience: Option<Duration>,
    ) -> Option<Arc<Shown>> {
        let query = whole_query(scene, shown)?;
        let found = self.analysed(&question_key(&query), &query, patience);
        let found = found.inspect_err(|error| {
            tracing::warn!(%error, kpi = query.kpi, "a whole history could not be had");
        });
        found.ok()?.map(|(shown, _)| shown)
    }

    pub(super) fn question(&self, query: &Query) -> Question {
        let (rules_generation, rules) = self.rules_now();
        Question {
            query: query.clone(),
            rules_generation,
            rules,
            store: Arc::clone(&self.parts.store),
            clock: Arc::clone(&self.parts.clock),
            serial: Arc::clone(&self.serial),
        }
    }

    /// Returns what an analysis found: of the data as they are if that is known within `patience`,
    /// else the last result and when it was worked out, else that it is being worked out.
    pub(super) fn ask_analyst(
        &self,
        key: &str,
        query: &Query,
        patience: Option<Duration>,
    ) -> Result<Dated, PictureError> {
        if let Some(found) = self.analysed(key, query, patience)? {
            return Ok(found);
        }
        if patience.is_none() {
            return Err(PictureError::Busy);
        }
        let pending = self.question(query).pending();
        Ok((Arc::new(pending.map_err(PictureError::Kpi)?), None))
    }

    /// Returns what the analyst has of a question after `patience`, and when it was worked out if the
    /// data or the time have moved on since.
    fn analysed(
        &self,
        key: &str,
        query: &Query,
        patience: Option<Duration>,
    ) -> Result<Option<Dated>, PictureError> {
        if let Some(shown) = self.answer_in_cache(key) {
            return Ok(Some((shown, None)));
        }
        let question = self.question(query);
        self.analyst.ask(key, patience, move || question.worked());
        let Some(kept) = self.analyst.last(key) else {
            return Ok(None);
        };
        let Worked {
            data_version,
            rules_generation,
            result,
        } = kept.value;
        let is_current = data_version == self.parts.store.data_version()
            && rules_generation == self.rules_now().0;
        let shown = result.map_err(PictureError::Kpi)?;
        let is_true = is_current && self.now() < shown.answer.valid_until;
        let since = Some(shown.computed_at).filter(|_| !is_true && patience.is_some());
        Ok(Some((shown, since)))
    }
}

/// Returns the question for the whole history of a panel's answer, where its chart shows that and the
/// answer is a part.
pub(super) fn whole_query(scene: &Scene, shown: &Shown) -> Option<Query> {
    let verdict = shown.answer.verdict.as_ref()?;
    let is_asked = needs_history(scene.panel().chart, &shown.answer) && verdict.history.is_none();
    is_asked.then(|| Query {
        range: Some(Range::All),
        grain: Some(shown.answer.grain),
        goal: None,
        ..scene.query.clone()
    })
}

#[cfg(test)]
mod tests;
