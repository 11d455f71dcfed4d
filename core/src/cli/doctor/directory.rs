//! The data directory: room, permissions, lock, store, small files, leftovers.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use crate::access::Keyring;
use crate::cli::desk;
use crate::cli::failure::Failure;
use crate::config::Config;
use crate::daemon::{House, hold_data_dir};
use crate::ingest::Pauses;

use super::Finding;

/// Room below which the store may soon refuse commits, in bytes: a large pull spills as much.
const ROOM_WARN_BYTES: u64 = 2 << 30;
/// Room below which nothing works for long, in bytes.
const ROOM_FAIL_BYTES: u64 = 256 << 20;
/// Most leftovers that are named one by one.
const LEFTOVERS_NAMED_MAX: usize = 5;
/// Files that their owner alone should read.
const PRIVATE: [&str; 6] = [
    "tokens.json",
    "erasure.key",
    "paused.json",
    "audit.ndjson",
    "refusals.ndjson",
    "looks.ndjson",
];

const AREA: &str = "storage";

/// Looks at the data directory of a configuration.
pub(super) fn findings(config: &Config) -> Vec<Finding> {
    let folder = config.data_dir();
    let metadata = match fs::metadata(folder) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            let what = format!("`{}` is no folder", folder.display());
            return vec![Finding::fail(AREA, what, "choose another data_dir")];
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let what = format!("`{}` is not there yet", folder.display());
            return vec![Finding::warn(AREA, what, "the first vocd serve makes it")];
        }
        Err(error) => {
            let what = format!("`{}` cannot be looked at: {error}", folder.display());
            let remedy = "run vocd doctor as the user that vocd runs as";
            return vec![Finding::fail(AREA, what, remedy)];
        }
    };
    let mut found = vec![room(folder), owner(folder, &metadata)];
    found.extend(private_files(folder));
    found.extend(small_files(folder));
    let is_running = desk::running_daemon(config).is_some();
    found.push(match is_running {
        true => running(config),
        false => alone(config),
    });
    found.push(leftovers(folder, is_running));
    found
}

fn room(folder: &Path) -> Finding {
    let free_bytes = match rustix::fs::statvfs(folder) {
        Ok(disk) => disk.f_bavail.saturating_mul(disk.f_frsize),
        Err(error) => {
            let what = format!("the room for `{}` is unknown: {error}", folder.display());
            return Finding::warn(AREA, what, "check the file system");
        }
    };
    let what = format!(
        "{} MiB are free for `{}`",
        free_bytes >> 20,
        folder.display()
    );
    let remedy = "make room, or move data_dir to a larger disk";
    match free_bytes {
        ..ROOM_FAIL_BYTES => Finding::fail(AREA, what, remedy),
        ROOM_FAIL_BYTES..ROOM_WARN_BYTES => Finding::warn(AREA, what, remedy),
        _ => Finding::ok(AREA, what),
    }
}

fn owner(folder: &Path, metadata: &fs::Metadata) -> Finding {
    let (uid, mode) = (
        rustix::process::geteuid().as_raw(),
        metadata.mode() & 0o7777,
    );
    let place = folder.display();
    if metadata.uid() != uid {
        let what = format!(
            "`{place}` belongs to user {}, this is user {uid}",
            metadata.uid()
        );
        let remedy = "run vocd and its commands as the user whom the data belongs to";
        return Finding::warn(AREA, what, remedy);
    }
    let what = format!("`{place}` has mode {mode:04o}");
    match mode {
        _ if mode & 0o022 != 0 => {
            let remedy = format!("others may change what is in it: chmod 700 {place}");
            Finding::fail(AREA, what, remedy)
        }
        _ if mode & 0o055 != 0 => {
            let remedy = format!("others may look into it: chmod 700 {place}");
            Finding::warn(AREA, what, remedy)
        }
        _ => Finding::ok(AREA, what),
    }
}

fn private_files(folder: &Path) -> Vec<Finding> {
    let open = PRIVATE.iter().filter_map(|name| {
        let path = folder.join(name);
        let mode = fs::metadata(&path).ok()?.permissions().mode() & 0o777;
        let what = format!("`{}` has mode {mode:04o}", path.display());
        let remedy = format!("chmod 600 {}", path.display());
        (mode & 0o077 != 0).then(|| Finding::fail(AREA, what, remedy))
    });
    open.collect()
}

/// Reads the tokens and the pauses as a start would.
fn small_files(folder: &Path) -> Vec<Finding> {
    let keyring = match Keyring::open(folder) {
        Ok(keyring) => {
            let n_tokens = keyring.list().len();
            Finding::ok("access", format!("{n_tokens} access tokens"))
        }
        Err(error) => Finding::fail("access", Failure::of(&error).what, error.hint()),
    };
    let pauses = match Pauses::open(folder) {
        Ok(pauses) if pauses.all().is_empty() => Finding::ok("sources", "no source is paused"),
        Ok(pauses) => {
            let names: Vec<String> = pauses.all().keys().map(ToString::to_string).collect();
            let what = format!("paused: {}", names.join(", "));
            Finding::warn("sources", what, "let one go on: vocd sources resume NAME")
        }
        Err(error) => Finding::fail("sources", Failure::of(&error).what, error.hint()),
    };
    vec![keyring, pauses]
}

/// The daemon has the store: it says whether it is well.
fn running(config: &Config) -> Finding {
    let ready = desk::Desk::open(config).and_then(|desk| desk.get("/readyz", "application/json"));
    match ready {
        Ok(reply) if reply.is_success() => Finding::ok("daemon", "it runs and is ready"),
        Ok(reply) => {
            let value: serde_json::Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            let reasons = value["reasons"].as_array().cloned().unwrap_or_default();
            let reasons: Vec<&str> = reasons.iter().filter_map(|why| why.as_str()).collect();
            let what = format!("it runs and is not ready: {}", reasons.join("; "));
            Finding::fail("daemon", what, "its log says more")
        }
        Err(failure) => Finding::failed("daemon", failure),
    }
}

/// No daemon runs: the store is opened as a start would open it.
fn alone(config: &Config) -> Finding {
    if !config.data_dir().join("vocd.duckdb").exists() {
        return match hold_data_dir(config) {
            Ok(_lock) => Finding::ok("store", "there is none yet; the first start makes it"),
            Err(error) => Finding::failed("store", Failure::of_store(&error)),
        };
    }
    match House::open(config) {
        Ok(house) => match house.store().damaged_log() {
            None => Finding::ok("store", "it opens, and no daemon runs"),
            Some(aside) => Finding::warn(
                "store",
                format!("its log was damaged and set aside to `{}`", aside.display()),
                "its commits are read again by the next pulls; remove the folder when they are",
            ),
        },
        Err(error) => Finding::failed("store", Failure::of_store(&error)),
    }
}

/// Names what crashes left behind.
fn leftovers(folder: &Path, is_running: bool) -> Finding {
    let names = |folder: &Path| -> Vec<String> {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        entries
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect()
    };
    let mut left: Vec<String> = names(folder)
        .into_iter()
        .filter(|name| name.starts_with("damaged-") || name.ends_with(".new"))
        .collect();
    if !is_running {
        let spilled = names(&folder.join("tmp")).into_iter();
        left.extend(spilled.map(|name| format!("tmp/{name}")));
    }
    left.sort();
    match left.len() {
        0 => Finding::ok(AREA, "nothing was left behind"),
        n_left => {
            left.truncate(LEFTOVERS_NAMED_MAX);
            let what = format!("{n_left} leftovers of a crash: {}", left.join(", "));
            let remedy = format!(
                "once the store opens, remove them in `{}`",
                folder.display()
            );
            Finding::warn(AREA, what, remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::Level;

    #[test]
    fn leftovers_are_named() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(leftovers(folder.path(), false).level, Level::Ok);
        fs::create_dir(folder.path().join("tmp")).unwrap();
        for name in ["damaged-0", "tokens.json.new", "tmp/spill"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        let found = leftovers(folder.path(), false);
        let named = "3 leftovers of a crash: damaged-0, tmp/spill, tokens.json.new";
        assert_eq!((found.level, found.what.as_str()), (Level::Warn, named));
        assert!(
            leftovers(folder.path(), true)
                .what
                .starts_with("2 leftovers")
        );
    }

    #[test]
    fn files_and_folders_that_others_may_open_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let check = |mode: u32, expected: Level| {
            fs::set_permissions(folder.path(), fs::Permissions::from_mode(mode)).unwrap();
            let metadata = fs::metadata(folder.path()).unwrap();
            let found = owner(folder.path(), &metadata);
            assert_eq!(found.level, expected, "{mode:o} {found:?}");
        };
        check(0o755, Level::Warn);
        check(0o770, Level::Fail);
        check(0o700, Level::Ok);
        assert!(private_files(folder.path()).is_empty());
        let path = folder.path().join("tokens.json");
        fs::write(&path, "{}").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert_eq!(private_files(folder.path())[0].level, Level::Fail);
    }
}
