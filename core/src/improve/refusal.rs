//! Why drivers are not told.

/// Why nothing is said of drivers; each says what would help.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Refusal {
    /// No attribute varies.
    #[error(
        "no attribute varies among {n_rows} answers: an attribute that everybody rates alike has \
         no weight however much it matters"
    )]
    NoAttributes {
        /// Answers with an outcome.
        n_rows: usize,
    },
    /// More attributes than are weighed together.
    #[error("{n_attributes} attributes are more than {max} weighed together: leave some out")]
    TooManyAttributes {
        /// Attributes given.
        n_attributes: usize,
        /// Most that are weighed.
        max: usize,
    },
    /// More answers than are weighed together.
    #[error("{n_rows} answers are more than {max} weighed together: narrow the range")]
    TooManyRows {
        /// Answers given.
        n_rows: usize,
        /// Most that are weighed.
        max: usize,
    },
    /// Too few answers rate everything.
    #[error(
        "{n_rows} complete answers are fewer than the {needed} that {n_attributes} attributes \
         need; `{sparsest}` is unrated most often, in {n_missing} answers: leave it out or widen \
         the range"
    )]
    TooFewRows {
        /// Answers that rate the outcome and every attribute.
        n_rows: usize,
        /// How many are needed.
        needed: usize,
        /// Attributes that vary.
        n_attributes: usize,
        /// The attribute that is unrated most often.
        sparsest: String,
        /// In how many answers with an outcome it is.
        n_missing: usize,
    },
    /// One person tells nothing of how sure it is.
    #[error("{n_persons} persons are fewer than the {needed} an interval needs: widen the range")]
    TooFewPersons {
        /// Persons with complete answers.
        n_persons: usize,
        /// How many are needed.
        needed: usize,
    },
    /// Every answer gives the same outcome.
    #[error("all {n_rows} complete answers give the same outcome: nothing goes with it")]
    SameOutcome {
        /// Answers that rate the outcome and every attribute.
        n_rows: usize,
    },
    /// No attribute goes with the outcome at all.
    #[error("no attribute goes with the outcome in {n_rows} complete answers")]
    NothingExplained {
        /// Answers that rate the outcome and every attribute.
        n_rows: usize,
    },
    /// Some attributes say nearly the same.
    #[error(
        "{} say nearly the same (least eigenvalue {eigenvalue:.1e}): leave one of them out",
        quoted(attributes)
    )]
    Collinear {
        /// The attributes most involved, in the order given.
        attributes: Vec<String>,
        /// Least eigenvalue of their correlations.
        eigenvalue: f64,
    },
    /// A different choice of the same persons often says nothing.
    #[error(
        "attributes cannot be told apart in {n_failed} of {n_resamples} resamples: too few \
         persons rate them differently"
    )]
    Unsteady {
        /// Resamples without weights.
        n_failed: usize,
        /// Resamples drawn.
        n_resamples: usize,
    },
    /// The caller asked to stop.
    #[error("given up before it was done")]
    Stopped,
}

fn quoted(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
