//! `vocd compact`: gives the space of deleted rows back to the disk, beside a daemon or alone.

use serde_json::Value;

use crate::access::audit::{Audit, Deed};
use crate::daemon::House;
use crate::daemon::upkeep::{self, Inbox};

use super::failure::Failure;
use super::{ConfigFlag, desk, output};

/// Rewrites the database.
pub(super) fn run(flag: &ConfigFlag) -> Result<(), Failure> {
    let config = super::find_and_load(flag)?;
    let report = match desk::running_daemon(&config) {
        Some(socket) => desk::report(&socket, "/control/compact")?,
        None => {
            let house = House::open(&config).map_err(|error| Failure::of_store(&error))?;
            let inbox = config.data_dir().join("inbox");
            let done = upkeep::compact(&house, &Inbox::Closed(&inbox));
            Audit::open(config.data_dir()).note_change(&Deed {
                who: super::terminal(),
                action: "compact",
                on: "",
                outcome: done.as_ref().err().map_or("ok", |failure| &failure.what),
            });
            done.map_err(|failure| Failure {
                what: failure.what,
                hint: failure.hint,
            })?
        }
    };
    output::line(&told(&report))
}

fn told(report: &Value) -> String {
    let number = |name: &str| report[name].as_u64().unwrap_or(0);
    let seconds = report["seconds"].as_f64().unwrap_or(0.0);
    format!(
        "{} before, {} after: {} rows in {} tables, counted in both, {seconds:.1} s",
        size(number("bytes_before")),
        size(number("bytes_after")),
        number("rows"),
        number("tables"),
    )
}

/// Writes a number of bytes for people.
pub(super) fn size(n_bytes: u64) -> String {
    const KIB: u64 = 1 << 10;
    match n_bytes {
        0..KIB => format!("{n_bytes} B"),
        KIB..1_048_576 => format!("{:.1} KiB", n_bytes as f64 / 1_024.0),
        _ => format!("{:.1} MiB", n_bytes as f64 / 1_048_576.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_written_for_people() {
        let cases = [
            (0, "0 B"),
            (1_023, "1023 B"),
            (1_536, "1.5 KiB"),
            (3 << 19, "1.5 MiB"),
        ];
        for (n_bytes, expected) in cases {
            assert_eq!(size(n_bytes), expected);
        }
    }
}
