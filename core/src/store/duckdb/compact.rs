//! Rewrites the database into a new file, proves it equal and puts it in the old one's place.
//!
//! At every moment `vocd.duckdb` is a whole database with all rows: first the old file, then, by one
//! rename, the new one. The old one stays beside it as `vocd.duckdb.before` until the new one was
//! opened and counted.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use duckdb::Connection;

use super::fault::failed;
use super::open::{self, log_of};
use super::options::StoreOptions;
use super::{DuckStore, Engine};
use crate::store::StoreError;
use crate::store::upkeep::Compaction;

/// Name of the new file while it is written, in a folder that the engine may use.
const COPY: &str = "tmp/compact.duckdb";
/// Ending of the old file until the new one is proven.
const BEFORE: &str = ".before";
/// Name of the new database while both are attached.
const ATTACHED: &str = "compacted";
/// Room that is asked for beyond what the copy should take, in bytes: its log and spilling.
const ROOM_BEYOND_BYTES: u64 = 16 << 20;
/// Beginning of the names of what the engine spills.
const SPILLED: &str = "duckdb_temp";

/// Rows of each table, tables by name.
type RowsByTable = Vec<(String, u64)>;

impl DuckStore {
    /// As [`crate::store::upkeep::Upkeep::compact`].
    pub(super) fn compacted(&self) -> Result<Compaction, StoreError> {
        let started = Instant::now();
        // Held to the end: what is committed after the copy would be lost with the old file.
        let _alone = self.writes.write().unwrap_or_else(PoisonError::into_inner);
        let files = Files::of(&self.options);
        let bytes_before = files.n_bytes();
        files.clear_copy()?;
        let needed_bytes = self.write_in_turn("measure the database", |connection, _| {
            // Where a reader holds it up, the log is read for the copy, too.
            let _ = connection.execute_batch("CHECKPOINT");
            used_bytes(connection)
        })?;
        check_room(
            &files.dir,
            needed_bytes + files.log_bytes() + ROOM_BEYOND_BYTES,
        )?;
        let target = files.copy.clone();
        let copied = self.write_in_turn("rewrite the database", move |connection, _| {
            copy(connection, &target)
        });
        let rows = copied
            .and_then(|(old, new)| same(old, &new))
            .inspect_err(|_| {
                // What is left of it is removed at the next start, too.
                let _ = files.clear_copy();
            })?;
        self.swap(&files, &rows)?;
        Ok(Compaction {
            bytes_before,
            bytes_after: files.n_bytes(),
            n_tables: rows.len() as u64,
            n_rows: rows.iter().map(|(_, n_rows)| n_rows).sum(),
            elapsed: started.elapsed(),
        })
    }

    /// Closes the old database, opens the new one, and goes back where that is not as it was.
    fn swap(&self, files: &Files, rows: &RowsByTable) -> Result<(), StoreError> {
        // Waits for the questions at hand; further ones wait for the new file.
        let mut engine = self.engine.write().unwrap_or_else(PoisonError::into_inner);
        *engine = None;
        files.clear_spilled();
        let swapped = files
            .swap_in()
            .and_then(|()| self.prove(rows))
            .and_then(|()| Engine::start(&self.options));
        let (fresh, version) = match swapped {
            Ok((fresh, version, _)) => {
                files.forget_before()?;
                (fresh, version)
            }
            Err(error) => {
                files.put_back()?;
                let (old, version, _) = Engine::start(&self.options)?;
                *engine = Some(old);
                self.version.fetch_max(version, Ordering::AcqRel);
                return Err(error);
            }
        };
        self.version.fetch_max(version, Ordering::AcqRel);
        *engine = Some(fresh);
        Ok(())
    }
}

impl DuckStore {
    /// Opens the new file as it lies on the disk and counts it, before anything is done to it.
    fn prove(&self, rows: &RowsByTable) -> Result<(), StoreError> {
        let opened = open::open(&self.options)?;
        let found = count(&opened.connection, None);
        let found = found.map_err(|source| failed("count rows", &self.options.path(), source))?;
        same(rows.clone(), &found).map(|_| ())
    }
}

/// Starts the engine, and puts right what a compaction that was ended half-way left.
pub(super) fn start(options: &StoreOptions) -> Result<(Engine, u64, Option<PathBuf>), StoreError> {
    let files = Files::of(options);
    files.clear_copy()?;
    if !files.before.exists() {
        return Engine::start(options);
    }
    let started = match Engine::start(options) {
        Err(error @ (StoreError::Corrupt { .. } | StoreError::Open { .. })) => {
            tracing::error!(path = %files.path.display(),
                "the compacted database cannot be opened ({error}): the one before takes its place");
            files.put_back()?;
            Engine::start(options)?
        }
        started => started?,
    };
    files.forget_before()?;
    Ok(started)
}

/// Where everything lies.
struct Files {
    dir: PathBuf,
    path: PathBuf,
    before: PathBuf,
    copy: PathBuf,
}

impl Files {
    fn of(options: &StoreOptions) -> Self {
        let path = options.path();
        let mut before = path.as_os_str().to_owned();
        before.push(BEFORE);
        Self {
            dir: options.dir.clone(),
            before: PathBuf::from(before),
            copy: options.dir.join(COPY),
            path,
        }
    }

    fn log_bytes(&self) -> u64 {
        fs::metadata(log_of(&self.path)).map_or(0, |known| known.len())
    }

    fn n_bytes(&self) -> u64 {
        fs::metadata(&self.path).map_or(0, |known| known.len()) + self.log_bytes()
    }

    fn clear_copy(&self) -> Result<(), StoreError> {
        for path in [&self.copy, &log_of(&self.copy)] {
            remove(path).map_err(|source| unwritable(path, source))?;
        }
        Ok(())
    }

    /// Removes what the engine spilled and left behind when it was killed; it is closed now.
    fn clear_spilled(&self) {
        let entries = fs::read_dir(self.dir.join("tmp")).into_iter().flatten();
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(SPILLED)
                && let Err(error) = fs::remove_file(entry.path())
            {
                tracing::warn!(path = %entry.path().display(), "a spilled file stays: {error}");
            }
        }
    }

    /// Puts the copy in the database's place, which must be closed; the old file keeps a name.
    fn swap_in(&self) -> Result<(), StoreError> {
        // A log that was not written out belongs to the old file and would be applied to the new.
        if self.log_bytes() > 0 {
            return Err(StoreError::Failed {
                what: "write the log into the database before it is replaced",
                source: format!("`{}` is not empty", log_of(&self.path).display()).into(),
            });
        }
        let swap = || -> io::Result<()> {
            remove(&log_of(&self.path))?;
            remove(&self.before)?;
            fs::set_permissions(&self.copy, fs::metadata(&self.path)?.permissions())?;
            File::open(&self.copy)?.sync_all()?;
            fs::hard_link(&self.path, &self.before)?;
            sync_folder(&self.path)?;
            fs::rename(&self.copy, &self.path)?;
            sync_folder(&self.copy)?;
            sync_folder(&self.path)
        };
        swap().map_err(|source| unwritable(&self.path, source))
    }

    /// Gives the old file its name again, where it has two or lost it.
    fn put_back(&self) -> Result<(), StoreError> {
        if !self.before.exists() {
            return Ok(());
        }
        let back = || -> io::Result<()> {
            // A log beside it is of the new file, and without rows.
            remove(&log_of(&self.path))?;
            fs::rename(&self.before, &self.path)?;
            // The same file under two names stays under both.
            remove(&self.before)?;
            sync_folder(&self.path)
        };
        back().map_err(|source| unwritable(&self.path, source))
    }

    fn forget_before(&self) -> Result<(), StoreError> {
        let forget = || -> io::Result<()> {
            remove(&self.before)?;
            sync_folder(&self.before)
        };
        forget().map_err(|source| unwritable(&self.before, source))
    }
}

/// Copies the database and returns the rows of both, still attached.
fn copy(connection: &Connection, target: &Path) -> duckdb::Result<(RowsByTable, RowsByTable)> {
    let target = target.to_string_lossy().replace('\'', "''");
    connection.execute_batch(&format!("ATTACH '{target}' AS {ATTACHED}"))?;
    let copied = fill(connection);
    let detached = connection.execute_batch(&format!("DETACH {ATTACHED}"));
    let rows = copied?;
    detached?;
    Ok(rows)
}

fn fill(connection: &Connection) -> duckdb::Result<(RowsByTable, RowsByTable)> {
    let own: String = connection.query_row("SELECT current_database()", [], |row| row.get(0))?;
    let own = super::table::quoted(&own);
    connection.execute_batch(&format!(
        "COPY FROM DATABASE {own} TO {ATTACHED}; CHECKPOINT {ATTACHED}"
    ))?;
    Ok((count(connection, None)?, count(connection, Some(ATTACHED))?))
}

/// Counts the rows of every table of a database, its own or another one that is attached.
fn count(connection: &Connection, database: Option<&str>) -> duckdb::Result<RowsByTable> {
    let names: Vec<String> = connection
        .prepare(
            "SELECT table_name FROM duckdb_tables() WHERE NOT temporary \
             AND database_name = coalesce(?, current_database()) ORDER BY table_name",
        )?
        .query_map([database], |row| row.get(0))?
        .collect::<duckdb::Result<_>>()?;
    let prefix = database.map_or_else(String::new, |name| format!("{name}.main."));
    names
        .into_iter()
        .map(|name| {
            let table = super::table::quoted(&name);
            let sql = format!("SELECT count(*) FROM {prefix}{table}");
            Ok((name, connection.query_row(&sql, [], |row| row.get(0))?))
        })
        .collect()
}

/// Returns the rows of the original when the copy has the same.
fn same(original: RowsByTable, copy: &RowsByTable) -> Result<RowsByTable, StoreError> {
    let of = |rows: &RowsByTable, table: &str| {
        let found = rows.iter().find(|(name, _)| name == table);
        found.map_or(0, |(_, n_rows)| *n_rows)
    };
    for (table, expected) in &original {
        let is_there = copy.iter().any(|(name, _)| name == table);
        let found = of(copy, table);
        if !is_there || found != *expected {
            return Err(StoreError::Unequal {
                table: table.clone(),
                expected: *expected,
                found,
            });
        }
    }
    Ok(original)
}

/// Returns the bytes that the rows take in the main file.
fn used_bytes(connection: &Connection) -> duckdb::Result<u64> {
    let sql = "SELECT (block_size * used_blocks)::UBIGINT FROM pragma_database_size() \
               WHERE database_name = current_database()";
    connection.query_row(sql, [], |row| row.get(0))
}

fn check_room(dir: &Path, needed_bytes: u64) -> Result<(), StoreError> {
    let room = rustix::fs::statvfs(dir).map_err(|error| unwritable(dir, error.into()))?;
    enough(
        dir,
        needed_bytes,
        room.f_bavail.saturating_mul(room.f_frsize),
    )
}

fn enough(dir: &Path, needed_bytes: u64, free_bytes: u64) -> Result<(), StoreError> {
    match needed_bytes <= free_bytes {
        true => Ok(()),
        false => Err(StoreError::NoRoom {
            path: dir.to_owned(),
            needed_bytes,
            free_bytes,
        }),
    }
}

/// Removes a file; none there is fine.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes a file's name durable.
fn sync_folder(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

fn unwritable(path: &Path, source: io::Error) -> StoreError {
    let (path, source) = (path.to_owned(), source);
    match source.kind() {
        io::ErrorKind::StorageFull => StoreError::DiskFull {
            path,
            source: source.into(),
        },
        _ => StoreError::ReadOnly {
            path,
            source: source.into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(of: &[(&str, u64)]) -> RowsByTable {
        of.iter()
            .map(|(name, n)| ((*name).to_owned(), *n))
            .collect()
    }

    #[test]
    fn a_copy_with_other_rows_is_refused() {
        let original = rows(&[("a", 1), ("b", 0)]);
        type Case<'a> = (&'a [(&'a str, u64)], Option<&'a str>);
        let cases: [Case<'_>; 4] = [
            (&[("a", 1), ("b", 0)], None),
            (&[("a", 0), ("b", 0)], Some("0 rows of `a`, expected 1")),
            (&[("a", 2), ("b", 0)], Some("2 rows of `a`, expected 1")),
            (&[("a", 1)], Some("0 rows of `b`, expected 0")),
        ];
        for (copy, expected) in cases {
            let found = same(original.clone(), &rows(copy)).err();
            let found = found.map(|error| error.to_string());
            match (found, expected) {
                (None, None) => {}
                (Some(found), Some(part)) => assert!(found.contains(part), "{found}"),
                other => panic!("{copy:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn too_little_room_is_told_in_numbers() {
        let dir = Path::new("/data");
        assert!(enough(dir, 10, 10).is_ok());
        let error = enough(dir, (35 << 20) + 1, 7 << 20).unwrap_err();
        let text = "compacting needs 36 MiB free in `/data`, there are 7 MiB";
        assert_eq!(error.to_string(), text);
        assert_eq!(error.hint(), Some("free some space; nothing was changed"));
    }
}
