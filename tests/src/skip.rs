//! Skipping a test out loud: one line where it happens, and a count at the end of the run.

use std::path::{Path, PathBuf};

/// Something a test needs that not every machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Chromium and its driver.
    Browser,
    /// The folder of real data sets beside the project.
    Shared,
    /// Mounting a small file system.
    Mount,
    /// A C compiler.
    Compiler,
    /// The packages a new plugin is built from, in cargo's own store.
    Registry,
    /// A kernel with every layer that confines a plugin.
    Confinement,
    /// A processor and system that a stored binary is for.
    Processor,
    /// Node.js, and a registry of its packages.
    Npm,
}

impl Need {
    /// Returns the word that `VOCD_TEST_REQUIRE` uses.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Shared => "shared",
            Self::Mount => "mount",
            Self::Compiler => "compiler",
            Self::Registry => "registry",
            Self::Confinement => "confinement",
            Self::Processor => "processor",
            Self::Npm => "npm",
        }
    }
}

/// Notes that the calling test was skipped; it returns right after.
///
/// # Panics
/// When `VOCD_TEST_REQUIRE` names the need: then a skip is a failure.
#[expect(clippy::print_stdout, reason = "a skip is told where the test runs")]
pub fn skip(test: &str, need: Need, why: &str) {
    let required = std::env::var("VOCD_TEST_REQUIRE").unwrap_or_default();
    assert!(
        !required.split(',').any(|word| word.trim() == need.word()),
        "`{test}` may not be skipped here: {why}"
    );
    println!("skipped {test}: {why}");
    if let Some(folder) = std::env::var_os("VOCD_TEST_SKIPS") {
        let note = Path::new(&folder).join(test.replace("::", "-"));
        std::fs::write(note, format!("{why}\n")).expect("the folder of skip notes is writable");
    }
}

/// Returns the folder of a real data set, or notes the skip and returns `None`.
#[must_use]
pub fn data_set(test: &str, name: &str) -> Option<PathBuf> {
    let why = "the real data sets are not beside this checkout";
    shared(test, "data", name, why)
}

/// Returns the folder of a vendor's specification, or notes the skip and returns `None`.
#[must_use]
pub fn specification(test: &str, name: &str) -> Option<PathBuf> {
    let why = "the vendors' specifications are not beside this checkout";
    shared(test, "specs", name, why)
}

fn shared(test: &str, shelf: &str, name: &str, why: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared")
        .join(shelf)
        .join(name);
    if folder.is_dir() {
        return Some(folder);
    }
    skip(test, Need::Shared, why);
    None
}
