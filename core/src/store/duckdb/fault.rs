//! Turns what DuckDB and the system say into the store's own errors.

use std::path::Path;

use crate::store::StoreError;

/// What an engine error means for the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Interrupted by the deadline's watch.
    Interrupted,
    /// No space is left.
    DiskFull,
    /// The file or directory cannot be written.
    ReadOnly,
    /// The file is held by another process.
    Locked,
    /// The log beside the database cannot be replayed.
    DamagedLog,
    /// The database file itself is damaged.
    Corrupt,
    /// The engine gave up on the database; it must be opened again.
    Invalidated,
    /// Anything else.
    Other,
}

/// Classifies an engine error by its text: the C interface carries no finer code.
pub(super) fn meaning(error: &duckdb::Error) -> Meaning {
    classify(&error.to_string())
}

fn classify(text: &str) -> Meaning {
    let has = |needle: &str| text.contains(needle);
    if has("No space left") {
        // Also what a fatal error quotes, so it comes first: it is the cause to be told.
        Meaning::DiskFull
    } else if has("database has been invalidated") || has("FATAL") {
        Meaning::Invalidated
    } else if has("INTERRUPT") || has("Interrupted") {
        Meaning::Interrupted
    } else if has("Could not set lock on file") {
        Meaning::Locked
    } else if has("Failure while replaying WAL") || has("WAL file") && has("corrupt") {
        Meaning::DamagedLog
    } else if has("not a valid DuckDB database") || has("Corrupt") || has("checksum") {
        Meaning::Corrupt
    } else if has("Permission denied") || has("Read-only file system") || has("read-only mode") {
        Meaning::ReadOnly
    } else {
        Meaning::Other
    }
}

/// Returns the store's error for an engine error met while doing `what`.
pub(super) fn failed(what: &'static str, path: &Path, source: duckdb::Error) -> StoreError {
    let path = path.to_owned();
    match meaning(&source) {
        Meaning::DiskFull => StoreError::DiskFull {
            path,
            source: source.into(),
        },
        Meaning::ReadOnly => StoreError::ReadOnly {
            path,
            source: source.into(),
        },
        Meaning::Corrupt => StoreError::Corrupt {
            path,
            source: source.into(),
        },
        Meaning::Invalidated => StoreError::Invalidated {
            path,
            source: source.into(),
        },
        _ => StoreError::Failed {
            what,
            source: source.into(),
        },
    }
}

/// Whether the engine answers nothing any more on this connection.
pub(super) fn is_dead(connection: &duckdb::Connection) -> bool {
    connection
        .execute_batch("SELECT version FROM migration")
        .is_err_and(|error| error.to_string().contains("invalidated"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn engine_texts_are_told_apart() {
        let cases = [
            (
                "FATAL Error: Failed to create checkpoint: No space left on device",
                Meaning::DiskFull,
            ),
            (
                "FATAL Error: Failed: database has been invalidated because of a previous fatal \
                 error. Original error: \"Could not write file: No space left on device\"",
                Meaning::DiskFull,
            ),
            (
                "FATAL Error: database has been invalidated",
                Meaning::Invalidated,
            ),
            ("INTERRUPT Error: Interrupted!", Meaning::Interrupted),
            ("IO Error: Could not set lock on file", Meaning::Locked),
            ("Failure while replaying WAL file", Meaning::DamagedLog),
            (
                "The file \"x\" exists, but it is not a valid DuckDB database file!",
                Meaning::Corrupt,
            ),
            (
                "IO Error: Cannot open file: Permission denied",
                Meaning::ReadOnly,
            ),
            ("Binder Error: no such column", Meaning::Other),
        ];
        for (text, expected) in cases {
            assert_eq!(classify(text), expected, "{text}");
        }
    }
}
