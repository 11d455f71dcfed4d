//! Improvement briefs of a dashboard, or of the whole company, worked out beside the pictures.

use std::sync::Arc;

use jiff::Timestamp;

use super::gallery::Gallery;
use super::{Overrides, PictureError, figure};
use crate::kpi::brief::{self, Brief};
use crate::kpi::{KpiError, Query};
use crate::plan::{DataVersion, Tally};

/// What a brief of no dashboard is about.
const HEADLINES: [&str; 5] = ["nps", "csat", "ces", "crr", "sla"];

/// A brief, of which data.
#[derive(Debug, Clone)]
pub(super) struct Briefed {
    data_version: DataVersion,
    rules_generation: u64,
    worked_at: Timestamp,
    result: Result<Arc<Brief>, Arc<KpiError>>,
}

/// Age from which a brief is worked out anew though no data came: its range moves on.
const AGE_MAX: jiff::SignedDuration = jiff::SignedDuration::from_hours(1);

impl Gallery {
    /// Returns the brief of a dashboard's questions, or of the company's headline KPIs, and its title.
    /// Blocks until it is worked out.
    ///
    /// # Errors
    /// When there is no such dashboard, or the data cannot be read.
    pub fn brief(
        &self,
        dashboard: Option<&str>,
        overrides: &Overrides,
    ) -> Result<(Arc<Brief>, String), PictureError> {
        let (title, subjects) = self.subjects(dashboard)?;
        let subjects: Vec<Query> = subjects
            .into_iter()
            .map(|one| overrides.apply(one))
            .collect();
        let key = format!("{subjects:?}");
        let (rules_generation, rules) = self.rules_now();
        let data_version = self.parts.store.data_version();
        let is_true = |kept: &Briefed| {
            let is_young = self.now().duration_since(kept.worked_at) < AGE_MAX;
            kept.data_version == data_version
                && kept.rules_generation == rules_generation
                && is_young
        };
        let kept = self.briefs.last(&key).map(|kept| kept.value);
        let kept = match kept.filter(is_true) {
            Some(kept) => kept,
            None => {
                let (store, now) = (Arc::clone(&self.parts.store), self.now());
                // Who asks for a brief waits for it.
                self.briefs.ask(&key, None, move || {
                    let tally: &dyn Tally = store.as_ref();
                    let found = brief::brief(&subjects, &rules.settings, now, tally);
                    Briefed {
                        data_version,
                        rules_generation,
                        worked_at: now,
                        result: found.map(Arc::new).map_err(Arc::new),
                    }
                });
                let done = self.briefs.last(&key).map(|kept| kept.value);
                done.ok_or(PictureError::Busy)?
            }
        };
        let found = kept.result.map_err(PictureError::Kpi)?;
        Ok((found, title))
    }

    /// Returns the title and the questions of a brief: those of a dashboard's panels that can move,
    /// each once.
    fn subjects(&self, dashboard: Option<&str>) -> Result<(String, Vec<Query>), PictureError> {
        let Some(name) = dashboard else {
            let subjects = HEADLINES.into_iter().map(Query::new).collect();
            return Ok(("Improvement brief".to_owned(), subjects));
        };
        let shelved = self.dashboard(name)?;
        let dashboard = &shelved.dashboard;
        let mut subjects: Vec<Query> = Vec::new();
        for panel in &dashboard.panels {
            let asked = figure::question(dashboard, panel);
            let query = Query {
                range: dashboard.range,
                filters: asked.filters,
                ..Query::new(&asked.kpi)
            };
            if brief::can_be_briefed(&query.kpi) && !subjects.contains(&query) {
                subjects.push(query);
            }
        }
        Ok((format!("Improvement brief, {}", dashboard.title), subjects))
    }
}
