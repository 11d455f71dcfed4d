//! A folder of one test: configuration, answers, data; gone when the test ends.

use std::path::{Path, PathBuf};

/// A scratch folder.
#[derive(Debug)]
pub struct Scratch {
    folder: tempfile::TempDir,
}

impl Scratch {
    /// Makes an empty folder.
    ///
    /// # Panics
    /// When the temporary folder is not writable.
    #[must_use]
    pub fn new() -> Self {
        Self {
            folder: tempfile::tempdir().expect("the temporary folder is writable"),
        }
    }

    /// Returns the path of `name` in the folder.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file, making its folders, and returns its path.
    ///
    /// # Panics
    /// When the folder is not writable.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        let parent = path.parent().expect("inside the scratch folder");
        std::fs::create_dir_all(parent).expect("writable");
        std::fs::write(&path, content).expect("writable");
        path
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}
