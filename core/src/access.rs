//! Who may what: roles, tokens and what is kept of their use.
//!
//! [`role`] holds the one table of what each role may. [`keyring`] keeps the tokens of a data
//! directory; a secret is shown once and only its digest stays. [`order`] is what `vocd token`
//! asks for, beside a daemon or alone. [`limit`] counts how often somebody asks, [`audit`] keeps
//! who changed what.

pub mod audit;
pub mod keyring;
pub mod limit;
pub mod order;
pub mod role;
pub mod token;

use std::path::Path;

pub use audit::Audit;
pub use keyring::{Keyring, KeyringError};
pub use role::{Area, Grant, GrantError, Role, is_about_agents};
pub use token::{Secret, Token, TokenFault};

/// What a server needs to know who may what.
#[derive(Debug, Default)]
pub struct Access {
    keyring: Keyring,
    audit: Audit,
}

impl Access {
    /// Opens the tokens of a data directory; [`Access::default`] has none and keeps nothing.
    ///
    /// # Errors
    /// When the file of tokens cannot be read or is damaged.
    pub fn open(data_dir: &Path) -> Result<Self, KeyringError> {
        Ok(Self {
            keyring: Keyring::open(data_dir)?,
            audit: Audit::open(data_dir),
        })
    }

    /// Returns the tokens.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Returns the log of changes and refusals.
    #[must_use]
    pub fn audit(&self) -> &Audit {
        &self.audit
    }
}
