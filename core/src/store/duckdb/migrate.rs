//! Numbered SQL files, each applied once in a transaction and remembered with its checksum.

use std::path::Path;

use duckdb::{Connection, params};

use super::fault::failed;
use crate::store::StoreError;

struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

/// In order; a file that was released never changes again.
const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "records",
        sql: include_str!("migrations/0001_records.sql"),
    },
    Migration {
        version: 2,
        name: "superseded",
        sql: include_str!("migrations/0002_superseded.sql"),
    },
    Migration {
        version: 3,
        name: "inbox",
        sql: include_str!("migrations/0003_inbox.sql"),
    },
    Migration {
        version: 4,
        name: "erasure",
        sql: include_str!("migrations/0004_erasure.sql"),
    },
    Migration {
        version: 5,
        name: "forecast",
        sql: include_str!("migrations/0005_forecast.sql"),
    },
];

/// Remembers what was applied.
const LEDGER: &str = "CREATE TABLE IF NOT EXISTS migration (\
     version UINTEGER NOT NULL, name VARCHAR NOT NULL, checksum VARCHAR NOT NULL)";

/// Brings the database to the newest layout.
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), StoreError> {
    let fail = |source| failed("bring the database to the newest layout", path, source);
    connection.execute_batch(LEDGER).map_err(fail)?;
    let applied = applied(connection).map_err(fail)?;
    let known = MIGRATIONS.last().map_or(0, |newest| newest.version);
    if let Some((found, _)) = applied.iter().find(|(version, _)| *version > known) {
        return Err(StoreError::Newer {
            path: path.to_owned(),
            found: *found,
            known,
        });
    }
    for migration in MIGRATIONS {
        let checksum = checksum(migration.sql);
        match applied
            .iter()
            .find(|(version, _)| *version == migration.version)
        {
            Some((_, found)) if *found == checksum => {}
            Some(_) => {
                return Err(StoreError::Migration {
                    path: path.to_owned(),
                    version: migration.version,
                });
            }
            None => apply(connection, migration, &checksum).map_err(fail)?,
        }
    }
    Ok(())
}

fn applied(connection: &Connection) -> duckdb::Result<Vec<(u32, String)>> {
    connection
        .prepare("SELECT version, checksum FROM migration ORDER BY version")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

fn apply(connection: &Connection, migration: &Migration, checksum: &str) -> duckdb::Result<()> {
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(migration.sql)?;
    transaction.execute(
        "INSERT INTO migration VALUES (?, ?, ?)",
        params![migration.version, migration.name, checksum],
    )?;
    transaction.commit()
}

fn checksum(sql: &str) -> String {
    blake3::hash(sql.as_bytes()).to_hex()[..32].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_every_older_layout_stay_current() {
        for n_applied in 1..MIGRATIONS.len() {
            let connection = Connection::open_in_memory().unwrap();
            connection
                .execute_batch("SET lock_configuration = true")
                .unwrap();
            connection.execute_batch(LEDGER).unwrap();
            for migration in &MIGRATIONS[..n_applied] {
                apply(&connection, migration, &checksum(migration.sql)).unwrap();
            }
            connection
                .execute_batch(
                    "INSERT INTO response (key, source, id, updated_at, deleted, digest, known_at) \
                     VALUES (1, 'a', 'b', TIMESTAMP '2026-01-02', false, 2, TIMESTAMP '2026-01-02')",
                )
                .unwrap();
            migrate(&connection, Path::new("memory")).unwrap();
            let n_current: usize = connection
                .query_row(
                    "SELECT count(*) FROM response WHERE NOT superseded",
                    [],
                    |row| row.get(0),
                )
                .unwrap();
            assert_eq!(n_current, 1, "layout {n_applied}");
        }
    }
}
