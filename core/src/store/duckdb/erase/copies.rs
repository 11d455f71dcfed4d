//! Looks which files beside the database hold a person as well.

use std::fs;
use std::path::{Path, PathBuf};

use duckdb::Connection;

use super::{Stamps, facts, rows};
use crate::record::RecordKind;
use crate::store::duckdb::table::{history, quoted};
use crate::store::upkeep::HeldCopy;

/// Folder of backups, which the engine may read.
const BACKUPS: &str = "backup";
/// Beginning of the names of folders in which a damaged database was set aside.
const DAMAGED: &str = "damaged-";
/// Name of a backup while it is looked into.
const ATTACHED: &str = "looked_into";

/// Returns the backups that hold rows with these keys, and what cannot be looked into.
pub(in crate::store::duckdb) fn copies(
    connection: &Connection,
    dir: &Path,
    stamps: &Stamps,
) -> duckdb::Result<Vec<HeldCopy>> {
    let mut copies = Vec::new();
    rows::stage(connection, stamps)?;
    for path in entries(&dir.join(BACKUPS)) {
        match holds(connection, &path) {
            Ok(true) => copies.push(held(path, true)),
            Ok(false) => {}
            // No database of this layout: a packed one, or something else.
            Err(_) => copies.push(held(path, false)),
        }
    }
    let is_damaged = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(DAMAGED)
    };
    let damaged = entries(dir).into_iter().filter(is_damaged);
    copies.extend(damaged.map(|path| held(path, false)));
    connection.execute_batch("DROP TABLE erased_stamp")?;
    Ok(copies)
}

const fn held(path: PathBuf, is_certain: bool) -> HeldCopy {
    HeldCopy { path, is_certain }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

fn holds(connection: &Connection, path: &Path) -> duckdb::Result<bool> {
    let file = path.to_string_lossy().replace('\'', "''");
    connection.execute_batch(&format!("ATTACH '{file}' AS {ATTACHED} (READ_ONLY)"))?;
    let found = search(connection);
    connection.execute_batch(&format!("DETACH {ATTACHED}"))?;
    found
}

fn search(connection: &Connection) -> duckdb::Result<bool> {
    let named = facts().map(|kind| (kind, "person"));
    for (kind, column) in named.chain([(RecordKind::Customer, "key")]) {
        for table in [kind.name().to_owned(), history(kind)] {
            let sql = format!(
                "SELECT EXISTS (SELECT 1 FROM {ATTACHED}.main.{} \
                 WHERE {column} IN (SELECT key FROM erased_stamp))",
                quoted(&table)
            );
            if connection.query_row(&sql, [], |row| row.get(0))? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}
