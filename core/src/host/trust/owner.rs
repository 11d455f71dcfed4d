//! Who else could have changed a file, by the rules that sshd has for its keys.

use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

const GROUP_WRITES: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// Why a file is not safe from others.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// It could not be looked at.
    #[error("failed to look at `{}`", path.display())]
    Look {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It belongs to somebody else.
    #[error("`{}` belongs to user {owner}, who could change it", path.display())]
    Stranger {
        /// The file or folder.
        path: PathBuf,
        /// Number of its owner.
        owner: u32,
    },
    /// Others may write to it.
    #[error("`{}` is writable by {who}", path.display())]
    Writable {
        /// The file or folder.
        path: PathBuf,
        /// Who may.
        who: &'static str,
    },
}

/// Who vocd runs as.
#[derive(Debug, Clone, Copy)]
pub(super) struct Us {
    pub(super) user: u32,
    pub(super) group: u32,
}

/// Checks a file and every folder above it.
pub(super) fn check(path: &Path) -> Result<(), OwnerError> {
    let us = Us {
        user: rustix::process::geteuid().as_raw(),
        group: rustix::process::getegid().as_raw(),
    };
    let look = |path: &Path, source| OwnerError::Look {
        path: path.to_owned(),
        source,
    };
    let real = fs::canonicalize(path).map_err(|source| look(path, source))?;
    let mut is_below_ours = false;
    for place in real.ancestors() {
        let metadata = fs::metadata(place).map_err(|source| look(place, source))?;
        check_one(place, &metadata, us, is_below_ours)?;
        is_below_ours = metadata.uid() == us.user || metadata.uid() == 0;
    }
    Ok(())
}

/// Checks one place; in a sticky folder nobody can replace what is ours.
fn check_one(path: &Path, metadata: &Metadata, us: Us, holds_ours: bool) -> Result<(), OwnerError> {
    let owner = metadata.uid();
    if owner != 0 && owner != us.user {
        return Err(OwnerError::Stranger {
            path: path.to_owned(),
            owner,
        });
    }
    let mode = metadata.mode();
    if metadata.is_dir() && mode & STICKY != 0 && holds_ours {
        return Ok(());
    }
    let writable = |who| OwnerError::Writable {
        path: path.to_owned(),
        who,
    };
    // A group of one's own is how many systems set users up.
    if mode & GROUP_WRITES != 0 && metadata.gid() != us.group && metadata.gid() != 0 {
        return Err(writable("its group"));
    }
    match mode & OTHERS_WRITE {
        0 => Ok(()),
        _ => Err(writable("everybody")),
    }
}
