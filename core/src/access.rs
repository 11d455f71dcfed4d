//! Who may what: roles, tokens and what is kept of their use.
//!
//! [`role`] holds the one table of what each role may. [`keyring`] keeps the tokens of a data
//! directory; a secret is shown once and only its digest stays. [`order`] is what `vocd token`
//! asks for, beside a daemon or alone.

pub mod keyring;
pub mod order;
pub mod role;
pub mod token;

use std::path::Path;

pub use keyring::{Keyring, KeyringError};
pub use role::{Area, Grant, GrantError, Role};
pub use token::{Secret, Token, TokenFault};

/// What a server needs to know who may what.
#[derive(Debug, Default)]
pub struct Access {
    keyring: Keyring,
}

impl Access {
    /// Opens the tokens of a data directory; [`Access::default`] has none and keeps nothing.
    ///
    /// # Errors
    /// When the file of tokens cannot be read or is damaged.
    pub fn open(data_dir: &Path) -> Result<Self, KeyringError> {
        Ok(Self {
            keyring: Keyring::open(data_dir)?,
        })
    }

    /// Returns the tokens.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }
}
