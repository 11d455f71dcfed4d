//! Finds the built binaries, and refuses ones that are older than the sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// Returns the checkout's root folder.
#[must_use]
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("tests stands in the checkout")
}

/// Returns the folder of the built binaries and plugins, `target/debug` or `target/release`.
///
/// # Panics
/// When something was not built, or a source file is newer than the oldest of the binaries.
#[must_use]
pub fn folder() -> &'static Path {
    static FOLDER: OnceLock<PathBuf> = OnceLock::new();
    FOLDER.get_or_init(|| {
        let executable = std::env::current_exe().expect("a running program has a path");
        // Test binaries stand in `deps`, the bench one level above.
        let folder = executable
            .ancestors()
            .skip(1)
            .find(|folder| !folder.ends_with("deps"))
            .expect("target folder")
            .to_owned();
        refuse_stale(&folder);
        folder
    })
}

/// Returns the path of the daemon's executable.
#[must_use]
pub fn vocd() -> PathBuf {
    folder().join("vocd")
}

fn refuse_stale(folder: &Path) {
    for (binary, list) in [
        ("vocd", "vocd.d"),
        ("vocd-plugin-host", "vocd-plugin-host.d"),
        ("libvocd_source_csv.so", "libvocd_source_csv.d"),
        ("libvocd_source_bare.so", "libvocd_source_bare.d"),
        ("libvocd_source_fetch.so", "libvocd_source_fetch.d"),
        (
            "libvocd_source_formbricks.so",
            "libvocd_source_formbricks.d",
        ),
        ("libvocd_source_pipedrive.so", "libvocd_source_pipedrive.d"),
        ("libvocd_source_pushed.so", "libvocd_source_pushed.d"),
        ("libvocd_source_zendesk.so", "libvocd_source_zendesk.d"),
    ] {
        let modified = |path: &Path| fs::metadata(path).and_then(|metadata| metadata.modified());
        let unbuilt = "is not built: run `cargo build --workspace` (make test does)";
        let built =
            modified(&folder.join(binary)).unwrap_or_else(|_| panic!("`{binary}` {unbuilt}"));
        let sources = fs::read_to_string(folder.join(list));
        let sources = sources.unwrap_or_else(|_| panic!("`{binary}` {unbuilt}"));
        for source in sources_of(&sources) {
            // A source that is gone was not needed by what was built since.
            let is_newer = modified(&source).is_ok_and(|changed| changed > built);
            assert!(
                !is_newer,
                "`{binary}` is older than `{}`: run `cargo build --workspace`",
                source.display()
            );
        }
    }
}

/// Reads the list of sources that cargo writes beside each binary, `binary: source source …`.
fn sources_of(list: &str) -> Vec<PathBuf> {
    let sources = list.split_once(": ").map_or("", |(_, sources)| sources);
    let kept_spaces = sources.trim().replace("\\ ", "\0");
    kept_spaces
        .split_whitespace()
        .map(|source| PathBuf::from(source.replace('\0', " ")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_sources_is_read() {
        let found = sources_of("/t/vocd: /a/main.rs /b\\ c/lib.rs\n");
        assert_eq!(
            found,
            [PathBuf::from("/a/main.rs"), PathBuf::from("/b c/lib.rs")]
        );
    }
}
