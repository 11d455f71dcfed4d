//! Finds the built binaries, and refuses ones that are older than the sources.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::SystemTime;

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
    let checks = [
        (
            "vocd",
            &["core/src", "core/templates", "plugins/sdk/src"][..],
        ),
        (
            "vocd-plugin-host",
            &["plugins/host/src", "plugins/sdk/src"][..],
        ),
        (
            "libvocd_source_csv.so",
            &["plugins/csv/src", "plugins/sdk/src"][..],
        ),
    ];
    for (binary, sources) in checks {
        let path = folder.join(binary);
        let built = fs::metadata(&path)
            .and_then(|metadata| metadata.modified())
            .unwrap_or_else(|_| {
                panic!("`{binary}` is not built: run `cargo build --workspace` (make test does)")
            });
        for source in sources {
            let (newest, file) = newest_file(&root().join(source));
            assert!(
                newest <= built,
                "`{binary}` is older than `{}`: run `cargo build --workspace`",
                file.display()
            );
        }
    }
}

fn newest_file(folder: &Path) -> (SystemTime, PathBuf) {
    let mut newest = (SystemTime::UNIX_EPOCH, folder.to_owned());
    let Ok(entries) = fs::read_dir(folder) else {
        return newest;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let found = if path.is_dir() {
            newest_file(&path)
        } else {
            let modified = entry.metadata().and_then(|metadata| metadata.modified());
            (modified.unwrap_or(SystemTime::UNIX_EPOCH), path)
        };
        if found.0 > newest.0 {
            newest = found;
        }
    }
    newest
}
