//! Opens the database: the directory's lock, the engine's settings, and what to do when it fails.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use duckdb::{Config, Connection};
use rustix::fs::FlockOperation;

use super::StoreOptions;
use super::fault::{Meaning, failed, meaning};
use crate::store::StoreError;

/// Log size at which the engine writes into the main file, in MiB: larger makes commits smoother
/// and the next start after a crash slower (about 1 s per 100 MiB).
const WAL_MIB: u32 = 256;

/// An opened database.
pub(super) struct Opened {
    pub(super) connection: Connection,
    /// Where a damaged log was copied to; its commits are read again from their checkpoints.
    pub(super) damaged_log: Option<PathBuf>,
}

/// Makes the directory and takes its lock, which ends with the file that is returned.
///
/// # Errors
/// When another process has it, or the directory cannot be written.
pub fn enter(options: &StoreOptions) -> Result<File, StoreError> {
    let dir = &options.dir;
    for folder in [dir.clone(), dir.join("tmp"), dir.join("backup")] {
        // For nobody else: it holds what customers said.
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder
            .create(&folder)
            .map_err(|source| StoreError::ReadOnly {
                path: folder.clone(),
                source: source.into(),
            })?;
    }
    lock(dir)
}

/// Opens the database in a directory whose lock is held.
pub(super) fn open(options: &StoreOptions) -> Result<Opened, StoreError> {
    let dir = &options.dir;
    let path = options.path();
    let (connection, damaged_log) = match connect(options, &path) {
        Ok(connection) => (connection, None),
        Err(error) if meaning(&error) == Meaning::DamagedLog => {
            let aside = set_log_aside(dir, &path)?;
            tracing::error!(path = %path.display(), copy = %aside.display(),
                "the log of the database was damaged; commits since the last flush are read again");
            let connection = connect(options, &path).map_err(|source| opening(&path, source))?;
            (connection, Some(aside))
        }
        Err(error) => return Err(opening(&path, error)),
    };
    Ok(Opened {
        connection,
        damaged_log,
    })
}

fn connect(options: &StoreOptions, path: &Path) -> duckdb::Result<Connection> {
    let temp = options.dir.join("tmp");
    let config = Config::default()
        .enable_autoload_extension(false)?
        .with("autoinstall_known_extensions", "false")?
        .with("threads", options.threads.to_string())?
        .with("memory_limit", format!("{}B", options.memory_limit_bytes))?
        .with("temp_directory", temp.to_string_lossy())?
        .with(
            "max_temp_directory_size",
            format!("{}B", options.temp_limit_bytes),
        )?
        .with("wal_autocheckpoint", format!("{WAL_MIB}MiB"))?;
    let connection = Connection::open_with_flags(path, config)?;
    let allowed = |name: &str| {
        let folder = options.dir.join(name);
        format!("'{}/'", folder.to_string_lossy().replace('\'', "''"))
    };
    connection.execute_batch(&format!(
        "SET allowed_directories=[{}, {}]; SET enable_external_access=false; \
         SET lock_configuration=true;",
        allowed("backup"),
        allowed("tmp")
    ))?;
    Ok(connection)
}

/// Takes the directory's lock, or says who has it.
fn lock(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("lock");
    let unwritable = |source: std::io::Error| StoreError::ReadOnly {
        path: path.clone(),
        source: source.into(),
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(unwritable)?;
    if rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_err() {
        let mut text = String::new();
        // Without a readable number the message simply names no process.
        let _ = file.read_to_string(&mut text);
        return Err(StoreError::Locked {
            dir: dir.to_owned(),
            pid: text.trim().parse().ok(),
        });
    }
    file.set_len(0).map_err(unwritable)?;
    file.rewind().map_err(unwritable)?;
    writeln!(file, "{}", std::process::id()).map_err(unwritable)?;
    Ok(file)
}

/// Copies database and log aside, then removes the log.
///
/// Rows and checkpoints of a commit are in the log together, so without it every source reads on
/// from its older checkpoint: nothing is lost, it only comes again.
fn set_log_aside(dir: &Path, path: &Path) -> Result<PathBuf, StoreError> {
    let log = log_of(path);
    let aside = (0..)
        .map(|n| dir.join(format!("damaged-{n}")))
        .find(|folder| !folder.exists())
        .expect("the numbers do not run out");
    let copy = || -> std::io::Result<()> {
        std::fs::create_dir(&aside)?;
        std::fs::copy(path, aside.join("vocd.duckdb"))?;
        std::fs::rename(&log, aside.join("vocd.duckdb.wal"))
    };
    copy().map_err(|source| StoreError::ReadOnly {
        path: aside.clone(),
        source: source.into(),
    })?;
    Ok(aside)
}

/// Returns the file of a database's log.
pub(super) fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".wal");
    PathBuf::from(name)
}

fn opening(path: &Path, source: duckdb::Error) -> StoreError {
    let path = path.to_owned();
    match meaning(&source) {
        Meaning::Locked => StoreError::Locked {
            dir: path.parent().unwrap_or(&path).to_owned(),
            pid: None,
        },
        Meaning::Other => StoreError::Open {
            path,
            source: source.into(),
        },
        _ => failed("open the database", &path, source),
    }
}
