//! What can be seen of a plugin's file without reading it.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Tells two contents of a path, through symbolic links.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    n_bytes: u64,
    modified_ns: i128,
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            n_bytes: metadata.len(),
            modified_ns: i128::from(metadata.mtime()) * 1_000_000_000
                + i128::from(metadata.mtime_nsec()),
        })
    }
}

/// A plugin's file and what vouches for it, as they were at one instant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sight {
    library: Option<(PathBuf, Stamp)>,
    /// Of the file of approvals and of the signature.
    vouchers: [Option<Stamp>; 2],
}

impl Sight {
    /// Looks at a library that is there, or at nothing.
    pub(super) fn of(library: Option<PathBuf>, lock_file: &Path) -> Self {
        let signature = library
            .as_deref()
            .and_then(|path| Stamp::of(&PathBuf::from(format!("{}.minisig", path.display()))));
        let library = library.and_then(|path| {
            let stamp = Stamp::of(&path)?;
            Some((path, stamp))
        });
        Self {
            library,
            vouchers: [Stamp::of(lock_file), signature],
        }
    }

    /// Returns where the library is.
    pub(super) fn path(&self) -> Option<&Path> {
        self.library.as_ref().map(|(path, _)| path.as_path())
    }

    /// Returns whether the library is the same, whatever became of what vouches for it.
    pub(super) fn has_same_library(&self, other: &Self) -> bool {
        self.library == other.library
    }
}
