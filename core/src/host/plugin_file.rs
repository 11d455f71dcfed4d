//! Finds plugin libraries and keeps the very bytes that were checked.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileExt as _, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{MemfdFlags, OFlags, SealFlags};
use sha2::{Digest, Sha256};

use super::manifest::{Manifest, ManifestError};
use super::trust::TrustError;
use crate::nearest::nearest;

/// Largest library, in bytes; a plugin with its own TLS stack is about 3 MiB, one in Go 10 MiB.
const LIBRARY_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// Most libraries looked at in one folder.
const LIBRARIES_MAX: usize = 1_000;
/// A library's file name is this, the plugin's name, and [`SUFFIX`].
const PREFIX: &str = "libvocd_source_";
const SUFFIX: &str = ".so";

/// A plugin library: its manifest, and a sealed copy of the bytes the manifest was read from.
///
/// A clone is the same copy.
#[derive(Debug, Clone)]
pub struct PluginFile {
    name: String,
    path: PathBuf,
    manifest: Arc<Manifest>,
    sha256: String,
    snapshot: Arc<OwnedFd>,
}

/// Why there is no such plugin, or it cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FindError {
    /// No library of that name in the plugin folders.
    #[error("no plugin `{plugin}`: looked for `{file_name}` in {}", list(dirs))]
    NotFound {
        /// Name asked for.
        plugin: String,
        /// File looked for.
        file_name: String,
        /// Folders looked in, in order.
        dirs: Vec<PathBuf>,
        /// The most similar name there is.
        nearest: Option<String>,
        /// Every name there is.
        available: Vec<String>,
    },
    /// The name cannot be a plugin's.
    #[error("`{plugin}` cannot be the name of a plugin")]
    BadName {
        /// Name asked for.
        plugin: String,
    },
    /// The file could not be read.
    #[error("failed to read plugin `{}`", path.display())]
    Read {
        /// The library.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is larger than any plugin.
    #[error("`{}` is larger than 256 MiB", path.display())]
    TooLarge {
        /// The library.
        path: PathBuf,
    },
    /// The file is not a plugin, or not one for this vocd.
    #[error("`{}` is not a plugin this vocd can run", path.display())]
    Manifest {
        /// The library.
        path: PathBuf,
        /// What is wrong with it.
        source: ManifestError,
    },
    /// The file is a plugin and may not run here.
    #[error("plugin `{}` may not run", path.display())]
    Untrusted {
        /// The library.
        path: PathBuf,
        /// Why not.
        source: Box<TrustError>,
        /// What the operator can do about it.
        hint: String,
    },
}

impl FindError {
    /// Returns the message with its cause, in one line.
    #[must_use]
    pub fn message(&self) -> String {
        match std::error::Error::source(self) {
            Some(cause) => format!("{self}: {cause}"),
            None => self.to_string(),
        }
    }

    /// Returns what the operator can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::NotFound {
                nearest: Some(nearest),
                ..
            } => format!("did you mean `{nearest}`?"),
            Self::NotFound { available, .. } if available.is_empty() => {
                "there are no plugins at all; set `plugin_dirs`, or build the plugins".to_owned()
            }
            Self::NotFound { available, .. } => format!("there are: {}", available.join(", ")),
            Self::BadName { .. } => {
                "a name is 1 to 40 of a-z 0-9 _ -, such as `csv` for `libvocd_source_csv.so`"
                    .to_owned()
            }
            Self::Read { .. } => "check the file's owner and permissions".to_owned(),
            Self::TooLarge { .. } => "strip the library's debug information".to_owned(),
            Self::Manifest { source, .. } => source.hint().to_owned(),
            Self::Untrusted { hint, .. } => hint.clone(),
        }
    }
}

impl PluginFile {
    /// Finds the plugin of that name in the first of the folders that has it, and opens it.
    ///
    /// # Errors
    /// When no folder has it or it is not a plugin this vocd can run.
    pub fn find(dirs: &[PathBuf], plugin: &str) -> Result<Self, FindError> {
        Self::open(&Self::locate(dirs, plugin)?)
    }

    /// Returns where the plugin of that name is, in the first of the folders that has it.
    pub(super) fn locate(dirs: &[PathBuf], plugin: &str) -> Result<PathBuf, FindError> {
        let is_valid = (1..=40).contains(&plugin.len())
            && plugin
                .bytes()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-'));
        if !is_valid {
            return Err(FindError::BadName {
                plugin: plugin.to_owned(),
            });
        }
        let file_name = Self::file_name(plugin);
        let found = dirs.iter().map(|dir| dir.join(&file_name));
        let first = found.into_iter().find(|path| path.exists());
        first.ok_or_else(|| Self::not_found(dirs, plugin))
    }

    /// Returns the file name of a plugin's library.
    pub(super) fn file_name(plugin: &str) -> String {
        format!("{PREFIX}{}{SUFFIX}", plugin.replace('-', "_"))
    }

    /// Opens the library at that path.
    ///
    /// # Errors
    /// When it cannot be read or is not a plugin this vocd can run.
    pub fn open(path: &Path) -> Result<Self, FindError> {
        let library = read(path)?;
        let manifest = Manifest::from_library(&library).map_err(|source| FindError::Manifest {
            path: path.to_owned(),
            source,
        })?;
        let snapshot = seal(&library).map_err(|source| FindError::Read {
            path: path.to_owned(),
            source,
        })?;
        let sha256 = Sha256::digest(&library)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Ok(Self {
            name: plugin_name(path).unwrap_or_else(|| manifest.id.clone()),
            path: path.to_owned(),
            manifest: Arc::new(manifest),
            sha256,
            snapshot: Arc::new(snapshot),
        })
    }

    /// Opens every library of the folders, by name; of several with one name the first folder's.
    #[must_use]
    pub fn list(dirs: &[PathBuf]) -> Vec<(String, Result<Self, FindError>)> {
        libraries(dirs)
            .into_iter()
            .map(|(name, path)| {
                let opened = Self::open(&path);
                (name, opened)
            })
            .collect()
    }

    /// Returns the plugin's name, as written in the configuration.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns where the library was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what the plugin says about itself.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Returns the SHA-256 of the library, in lowercase hexadecimal digits.
    #[must_use]
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Returns the sealed copy, which no later write to the file can change.
    pub(super) fn snapshot(&self) -> BorrowedFd<'_> {
        self.snapshot.as_fd()
    }

    /// Reads the sealed copy.
    pub(super) fn bytes(&self) -> std::io::Result<Vec<u8>> {
        let file = File::from(self.snapshot.as_fd().try_clone_to_owned()?);
        let length = usize::try_from(file.metadata()?.len()).map_err(std::io::Error::other)?;
        let mut library = vec![0; length];
        // The copy shares its position with the child's.
        file.read_exact_at(&mut library, 0)?;
        Ok(library)
    }

    /// Returns what is said of a plugin that is not there.
    pub(super) fn not_found(dirs: &[PathBuf], plugin: &str) -> FindError {
        let available: Vec<String> = libraries(dirs).into_keys().collect();
        let names = available.iter().map(String::as_str);
        let nearest = nearest(plugin, names).map(str::to_owned);
        FindError::NotFound {
            plugin: plugin.to_owned(),
            file_name: Self::file_name(plugin),
            dirs: dirs.to_vec(),
            nearest,
            available,
        }
    }
}

fn list(dirs: &[PathBuf]) -> String {
    if dirs.is_empty() {
        return "no folder at all".to_owned();
    }
    let quoted: Vec<String> = dirs
        .iter()
        .map(|dir| format!("`{}`", dir.display()))
        .collect();
    quoted.join(", ")
}

fn plugin_name(path: &Path) -> Option<String> {
    let file_name = path.file_name()?.to_str()?;
    let name = file_name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?;
    (!name.is_empty()).then(|| name.to_owned())
}

fn libraries(dirs: &[PathBuf]) -> BTreeMap<String, PathBuf> {
    let mut libraries = BTreeMap::new();
    for dir in dirs {
        let Ok(entries) = std::fs::read_dir(dir) else {
            continue;
        };
        for entry in entries.flatten().take(LIBRARIES_MAX) {
            let path = entry.path();
            if let Some(name) = plugin_name(&path) {
                libraries.entry(name).or_insert(path);
            }
        }
    }
    libraries
}

fn read(path: &Path) -> Result<Vec<u8>, FindError> {
    let failed = |source| FindError::Read {
        path: path.to_owned(),
        source,
    };
    // A pipe in place of the library must not block the daemon.
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file = File::options()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)
        .map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(failed(std::io::Error::other("it is not a regular file")));
    }
    if metadata.len() > LIBRARY_BYTES_MAX {
        return Err(FindError::TooLarge {
            path: path.to_owned(),
        });
    }
    let mut library = Vec::new();
    file.take(LIBRARY_BYTES_MAX)
        .read_to_end(&mut library)
        .map_err(failed)?;
    Ok(library)
}

/// Copies the bytes to memory that can no longer be written, grown or cut: what runs is what was
/// checked, and replacing the file under a running child cannot crash it.
fn seal(library: &[u8]) -> std::io::Result<OwnedFd> {
    let memory = rustix::fs::memfd_create(
        "vocd-plugin",
        MemfdFlags::CLOEXEC | MemfdFlags::ALLOW_SEALING,
    )?;
    let mut file = File::from(memory);
    file.write_all(library)?;
    let seals = SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL;
    rustix::fs::fcntl_add_seals(&file, seals)?;
    Ok(file.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_plugin_lists_folders_and_the_nearest_name() {
        let dir = tempfile::tempdir().expect("temporary folder");
        std::fs::write(dir.path().join("libvocd_source_zendesk.so"), "x").expect("written");
        let dirs = [dir.path().to_owned()];
        let error = PluginFile::find(&dirs, "zendsek").expect_err("missing");
        assert!(error.to_string().contains("libvocd_source_zendsek.so"));
        assert!(error.to_string().contains(&*dir.path().to_string_lossy()));
        assert_eq!(error.hint(), "did you mean `zendesk`?");
        let error = PluginFile::find(&dirs, "csv").expect_err("missing");
        assert_eq!(error.hint(), "there are: zendesk");
    }

    #[test]
    fn a_name_cannot_leave_the_folder() {
        let dirs = [PathBuf::from("/nowhere")];
        for name in ["", "../x", "a/b", "A", "a\0", &"a".repeat(41)] {
            assert!(matches!(
                PluginFile::find(&dirs, name),
                Err(FindError::BadName { .. })
            ));
        }
    }

    #[test]
    fn what_is_no_library_is_refused_and_listed() {
        let dir = tempfile::tempdir().expect("temporary folder");
        std::fs::write(dir.path().join("libvocd_source_text.so"), "hello").expect("written");
        std::fs::create_dir(dir.path().join("libvocd_source_folder.so")).expect("made");
        let listed = PluginFile::list(&[dir.path().to_owned()]);
        let errors: Vec<String> = listed
            .into_iter()
            .map(|(_, opened)| {
                let error = opened.expect_err("refused");
                let cause = std::error::Error::source(&error).expect("it has a cause");
                format!("{error}: {cause}")
            })
            .collect();
        assert!(errors[0].contains("failed to read plugin"), "{errors:?}");
        assert!(errors[1].contains("not a complete 64-bit ELF library"));
    }

    #[test]
    fn a_sealed_copy_cannot_be_written() {
        let memory = seal(b"library").expect("sealed");
        assert!(File::from(memory).write_all(b"other").is_err());
    }
}
