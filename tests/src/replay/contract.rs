//! The conformance kit on a source of this tree, against its vendor.

use serde_json::Value;
use vocd::conformance::{self, CheckOptions, Recorded, Sample, Status, Verdict};
use vocd::host::{Host, RunLimits};

use crate::binaries;

/// Returns a webhook as a file of them has it.
///
/// # Panics
/// When it is none.
#[must_use]
pub fn recorded(webhook: &Value) -> Recorded {
    let parsed = Recorded::parse(&webhook.to_string(), jiff::Timestamp::now());
    let first = parsed.expect("a webhook").into_iter().next();
    first.expect("one line")
}

/// Runs the kit on a plugin and checks that it finds nothing to mend in any group.
///
/// # Panics
/// When it does, or the plugin's library or the child program is missing.
pub fn keeps_the_contract(
    plugin: &str,
    config: Value,
    secrets: &[&str],
    webhooks: Vec<Recorded>,
) -> Vec<Verdict> {
    let sample = Sample {
        config,
        secrets: secrets.iter().map(|&secret| secret.to_owned()).collect(),
        base_dir: "/nowhere".into(),
        limits: RunLimits {
            requests_per_minute: 1_000_000,
            ..RunLimits::default()
        },
        cassette: None,
        webhooks,
    };
    let folder = binaries::folder();
    let host = Host::new(&folder.join("vocd-plugin-host")).expect("one build");
    let library = folder.join(format!("libvocd_source_{plugin}.so"));
    let options = CheckOptions {
        sample: Some(&sample),
        ..CheckOptions::default()
    };
    let verdicts = conformance::check(&host, &library, options);
    let is_bad = |verdict: &&Verdict| verdict.finding.status == Status::Fail;
    let bad: Vec<&Verdict> = verdicts.iter().filter(is_bad).collect();
    assert!(bad.is_empty(), "{bad:#?}");
    for test in ["egress", "webhook_again", "webhook_secrets"] {
        let is_passed =
            |verdict: &Verdict| verdict.test == test && verdict.finding.status == Status::Pass;
        assert!(verdicts.iter().any(is_passed), "{test}: {verdicts:#?}");
    }
    assert!(verdicts.len() > 30, "{}", verdicts.len());
    verdicts
}
