//! Which plugin libraries may run: any, those whose digest was approved, or signed ones.

mod lock;
mod owner;
mod signature;

use std::path::{Path, PathBuf};

use super::fleet::Plugins;
use super::generation::{Generations, Verdict};
use super::plugin_file::{FindError, PluginFile};

pub use lock::{Lock, LockEntry, LockError};
pub use owner::OwnerError;
pub use signature::SignatureError;

/// How much is asked of a library before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustLevel {
    /// Beside the executable as `Any`, elsewhere as `Pinned`.
    ByPlace,
    /// That nobody but its owner and root can have changed it.
    Any,
    /// That its digest is in `plugins.lock`.
    Pinned,
    /// That one of the signers signed it under its id and version.
    Signed,
}

/// The rule that libraries are judged by.
#[derive(Debug, Clone)]
pub struct Trust {
    /// How much is asked.
    pub level: TrustLevel,
    /// The file of approved digests.
    pub lock_file: PathBuf,
    /// Public keys of minisign, in base64.
    pub signers: Vec<String>,
}

/// The folders that plugins are looked for in, and the rule they are judged by.
#[derive(Debug, Clone)]
pub struct PluginFolders {
    /// In order; the first that has a library wins.
    pub dirs: Vec<PathBuf>,
    /// Which of the libraries may run.
    pub trust: Trust,
    /// Builds that proved good, to return to.
    pub generations: Generations,
}

/// Why a library may not run.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// Others may have changed it.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The file of approved digests cannot be used.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Nobody approved it.
    #[error("nobody approved this build of it ({id} {version}) in `{}`", lock_file.display())]
    NotPinned {
        /// The plugin's id.
        id: String,
        /// Its version.
        version: String,
        /// Where the approval would stand.
        lock_file: PathBuf,
    },
    /// No signer vouches for it.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

impl TrustError {
    fn hint(&self, path: &Path) -> String {
        match self {
            Self::Owner(_) => {
                "give it and its folders to root or to the user vocd runs as, writable by no one \
                 else; or approve its digest and set trust = \"pinned\" under [plugins]"
                    .to_owned()
            }
            Self::Lock(_) => "correct the file or restore it from its last good version".to_owned(),
            Self::NotPinned { .. } => format!(
                "look where it comes from, then: vocd plugin trust {}",
                path.display()
            ),
            Self::Signature(error) => error.hint().to_owned(),
        }
    }
}

impl PluginFolders {
    /// Finds the plugin of that name, makes sure that it may run, and returns the build to run.
    ///
    /// # Errors
    /// As [`PluginFile::find`], and when it may not run.
    pub fn find(&self, plugin: &str) -> Result<PluginFile, FindError> {
        let plugin = PluginFile::find(&self.dirs, plugin)?;
        self.trust.check(&plugin).map_err(refused(&plugin))?;
        let chosen = self.generations.choose(plugin);
        // An approval that was taken back counts for kept builds too.
        match self.trust.level {
            TrustLevel::Pinned => self.trust.check_pin(&chosen).map_err(refused(&chosen))?,
            TrustLevel::ByPlace | TrustLevel::Any | TrustLevel::Signed => {}
        }
        Ok(chosen)
    }
}

impl Plugins for PluginFolders {
    fn find(&self, plugin: &str) -> Result<PluginFile, FindError> {
        self.find(plugin)
    }

    fn note(&self, plugin: &PluginFile, verdict: Verdict) {
        self.generations.note(plugin, verdict);
    }
}

/// Tells why a library may not run, with what to do about it.
pub(super) fn refused(plugin: &PluginFile) -> impl FnOnce(TrustError) -> FindError {
    |source| {
        let hint = source.hint(plugin.path());
        FindError::Untrusted {
            path: plugin.path().to_owned(),
            source: Box::new(source),
            hint,
        }
    }
}

impl Trust {
    /// Returns whether this library may run.
    ///
    /// # Errors
    /// When it may not.
    pub fn check(&self, plugin: &PluginFile) -> Result<(), TrustError> {
        match self.level {
            TrustLevel::ByPlace if is_beside_executable(plugin.path()) => Ok(()),
            TrustLevel::Any => Ok(owner::check(plugin.path())?),
            TrustLevel::ByPlace | TrustLevel::Pinned => self.check_pin(plugin),
            TrustLevel::Signed => Ok(signature::check(plugin, &self.signers)?),
        }
    }

    /// Returns whether somebody vouches for this library, whatever the rule asks: its digest is
    /// approved, or one of the signers signed it.
    ///
    /// # Errors
    /// When nobody does.
    pub(super) fn check_vouched(&self, plugin: &PluginFile) -> Result<(), TrustError> {
        let is_signed = || signature::check(plugin, &self.signers).is_ok();
        match self.check_pin(plugin) {
            Err(TrustError::NotPinned { .. }) if is_signed() => Ok(()),
            other => other,
        }
    }

    /// Returns whether a library from that place runs only while its digest is approved.
    pub(super) fn needs_pin(&self, path: &Path) -> bool {
        match self.level {
            TrustLevel::Any | TrustLevel::Signed => false,
            TrustLevel::Pinned => true,
            TrustLevel::ByPlace => !is_beside_executable(path),
        }
    }

    /// Returns whether a library's digest is approved.
    ///
    /// # Errors
    /// When it is not.
    pub(super) fn check_pin(&self, plugin: &PluginFile) -> Result<(), TrustError> {
        // Read each time: it is small, and an approval counts from the moment it is given.
        match Lock::read(&self.lock_file)?.approves(plugin.sha256()) {
            true => Ok(()),
            false => Err(TrustError::NotPinned {
                id: plugin.manifest().id.clone(),
                version: plugin.manifest().version.clone(),
                lock_file: self.lock_file.clone(),
            }),
        }
    }
}

/// Whoever can write there can replace the daemon too.
fn is_beside_executable(path: &Path) -> bool {
    let folder = |path: &Path| {
        std::fs::canonicalize(path)
            .ok()?
            .parent()
            .map(Path::to_owned)
    };
    let own = std::env::current_exe().ok().and_then(|own| folder(&own));
    own.is_some() && own == folder(path)
}

#[cfg(test)]
pub(super) mod tests;
