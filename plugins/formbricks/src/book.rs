//! The surveys of a run: read when the first is needed, one by one where some came later.

use std::collections::BTreeMap;

use vocd_plugin::Result;

use crate::api::{Api, ReadSurvey};
use crate::config::Config;
use crate::survey::Survey;

/// Surveys that are remembered besides those of the list; more are asked for again.
const LATE_SURVEYS_MAX: usize = 1_000;

/// Surveys by id.
#[derive(Debug, Default)]
pub(crate) struct Book {
    surveys: BTreeMap<String, Entry>,
    n_late: usize,
}

/// What is known of a survey.
#[derive(Debug)]
pub(crate) enum Entry {
    /// It can be read.
    Known(Survey),
    /// The vendor has it, in a form this version does not know.
    Unreadable,
    /// The vendor has none of that id.
    Missing,
}

impl Book {
    /// Reads every survey anew: questions may have been added since the last run.
    pub(crate) fn read(api: &Api, config: &Config) -> Result<Self> {
        let mut book = Self::default();
        for survey in api.surveys()? {
            book.add(survey, config);
        }
        Ok(book)
    }

    /// Returns a survey, asking the vendor when it is not known.
    pub(crate) fn survey(&mut self, id: &str, api: &Api, config: &Config) -> Result<&Entry> {
        if !self.surveys.contains_key(id) {
            if self.n_late == LATE_SURVEYS_MAX {
                *self = Self::default();
            }
            self.n_late += 1;
            match api.survey(id)? {
                Some(survey) => self.add(survey, config),
                None => drop(self.surveys.insert(id.to_owned(), Entry::Missing)),
            }
        }
        // An answer about another survey than the one asked for is none.
        Ok(self
            .surveys
            .entry(id.to_owned())
            .or_insert(Entry::Unreadable))
    }

    fn add(&mut self, survey: ReadSurvey, config: &Config) {
        match survey {
            Ok(raw) => {
                let id = raw.id.clone();
                let known = Entry::Known(Survey::new(raw, config));
                self.surveys.insert(id, known);
            }
            Err(Some(id)) => drop(self.surveys.insert(id, Entry::Unreadable)),
            // Without an id nothing refers to it.
            Err(None) => {}
        }
    }
}
