//! A full disk stops a load with a clear error; when there is space again nothing was lost.

use std::path::{Path, PathBuf};
use std::process::Command;

use vocd_tests::daemon::vocd;
use vocd_tests::skip::{Need, skip};
use vocd_tests::survey::{self, lay_out};

/// More rows than 32 MiB hold.
const N_ROWS: u64 = 1_500_000;

/// A small file system in memory, gone with the test.
struct Disk(PathBuf);

impl Disk {
    fn mount(folder: &Path) -> Option<Self> {
        std::fs::create_dir_all(folder).expect("writable");
        let is_mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=32m", "tmpfs"])
            .arg(folder)
            .status()
            .is_ok_and(|status| status.success());
        is_mounted.then(|| Self(folder.to_owned()))
    }

    fn grow(&self) {
        let status = Command::new("mount")
            .args(["-o", "remount,size=2g"])
            .arg(&self.0)
            .status()
            .expect("mount ran before");
        assert!(status.success());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // The folder is temporary; a busy unmount is the system's to finish.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_named_and_loses_nothing() {
    let (scratch, _) = lay_out(0);
    let Some(disk) = Disk::mount(&scratch.path("vocd-data")) else {
        return skip(
            "full_disk",
            Need::Mount,
            "mounting a small file system is not allowed here",
        );
    };
    scratch.write(
        "answers.csv",
        format!("{}{}", survey::HEADER, survey::rows(0, N_ROWS)),
    );
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    assert_eq!(outcome.code, 1, "{}\n{}", outcome.stdout, outcome.stderr);
    for part in ["vocd-data", "space", "hint:"] {
        assert!(
            outcome.stderr.contains(part),
            "`{part}` is not in:\n{}",
            outcome.stderr
        );
    }
    disk.grow();
    let outcome = vocd(scratch.folder(), &["sync", "answers"]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let outcome = vocd(scratch.folder(), &["kpi", "responses", "--format", "json"]);
    let answer: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("JSON");
    assert_eq!(answer["total"]["n"], N_ROWS, "{}", outcome.stderr);
}
