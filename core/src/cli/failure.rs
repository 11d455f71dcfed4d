//! Why a command failed, as it is told on the screen: one line with its causes, then a hint.

use std::error::Error;
use std::fmt::Write as _;

use crate::config::Fault;
use crate::store::StoreError;

/// A failed command.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// What failed, with its causes; no line break at the end.
    pub what: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Failure {
    /// Returns a failure without a cause.
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            hint: None,
        }
    }

    /// Returns a failure that tells an error with its chain of causes.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Self {
        let mut what = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            write!(what, ": {error}").expect("writing to a string");
            cause = error.source();
        }
        Self { what, hint: None }
    }

    /// Returns a failure that tells a file's fault.
    pub(super) fn of_fault(fault: &Fault) -> Self {
        Self {
            what: fault.what.clone(),
            hint: Some(fault.hint.clone()),
        }
    }

    /// Returns a failure of the store, with its hint.
    pub(super) fn of_store(error: &StoreError) -> Self {
        Self {
            hint: error.hint().map(str::to_owned),
            ..Self::of(error)
        }
    }

    /// Adds what to do about it.
    pub(super) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("failed to open `a`")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn the_chain_is_told_once() {
        let error = Outer(std::io::Error::other("no space"));
        assert_eq!(Failure::of(&error).what, "failed to open `a`: no space");
    }
}
