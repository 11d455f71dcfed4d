//! `vocd doctor`: what is well, what deserves a look and what is broken, each with what to do.

mod directory;
mod workshop;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use crate::config::{Anonymous, Config, Fault};

use super::failure::Failure;
use super::{ConfigFlag, check, output};

/// How the findings are told.
#[derive(Debug, Args)]
pub(super) struct DoctorFlags {
    /// How they are printed
    #[arg(long, value_enum, default_value = "text")]
    format: DoctorFormat,
    #[command(flatten)]
    config: ConfigFlag,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum DoctorFormat {
    Text,
    Json,
}

/// How bad a finding is; the order is from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ok,
    Warn,
    Fail,
}

impl Level {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    level: Level,
    area: &'static str,
    what: String,
    remedy: Option<String>,
}

impl Finding {
    fn ok(area: &'static str, what: impl Into<String>) -> Self {
        Self {
            level: Level::Ok,
            area,
            what: what.into(),
            remedy: None,
        }
    }

    fn warn(area: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            level: Level::Warn,
            remedy: Some(remedy.into()),
            ..Self::ok(area, what)
        }
    }

    fn fail(area: &'static str, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            level: Level::Fail,
            ..Self::warn(area, what, remedy)
        }
    }

    /// Returns what a command's failure tells of.
    fn failed(area: &'static str, failure: Failure) -> Self {
        Self {
            level: Level::Fail,
            remedy: Some(
                failure
                    .hint
                    .unwrap_or_else(|| "the log of vocd says more".to_owned()),
            ),
            ..Self::ok(area, failure.what)
        }
    }

    fn of_fault(area: &'static str, fault: &Fault) -> Self {
        let bare = Fault {
            hint: String::new(),
            ..fault.clone()
        };
        let what = bare.to_string();
        Self::fail(area, what.trim_end_matches("; "), &fault.hint)
    }

    fn to_json(&self) -> Value {
        json!({
            "level": self.level.name(),
            "area": self.area,
            "what": self.what,
            "remedy": self.remedy,
        })
    }
}

/// Looks at everything and fails when something is broken.
pub(super) fn run(flags: &DoctorFlags) -> Result<(), Failure> {
    let findings = findings(&flags.config);
    match flags.format {
        DoctorFormat::Text => {
            for finding in &findings {
                output::line(&text(finding))?;
            }
        }
        DoctorFormat::Json => {
            let worst = findings.iter().map(|finding| finding.level).max();
            let listed: Vec<Value> = findings.iter().map(Finding::to_json).collect();
            let worst = worst.unwrap_or(Level::Ok).name();
            output::line(&json!({ "worst": worst, "findings": listed }).to_string())?;
        }
    }
    let n_failed = findings
        .iter()
        .filter(|finding| finding.level == Level::Fail)
        .count();
    match n_failed {
        0 => Ok(()),
        1 => Err(Failure::new("1 thing is broken")),
        n_failed => Err(Failure::new(format!("{n_failed} things are broken"))),
    }
}

fn text(finding: &Finding) -> String {
    let line = format!(
        "{:<4}  {:<13}  {}",
        finding.level.name(),
        finding.area,
        finding.what
    );
    match &finding.remedy {
        Some(remedy) => format!("{line}\n      {:<13}  → {remedy}", ""),
        None => line,
    }
}

fn findings(flag: &ConfigFlag) -> Vec<Finding> {
    const AREA: &str = "configuration";
    let path = match Config::find(flag.config.as_deref()) {
        Ok(path) => path,
        Err(fault) => return vec![Finding::of_fault(AREA, &fault)],
    };
    let config = match Config::load(&path) {
        Ok(config) => config,
        // Where the data is can only be told by a configuration that is right.
        Err(faults) => {
            return faults
                .iter()
                .map(|fault| Finding::of_fault(AREA, fault))
                .collect();
        }
    };
    let mut found = configuration(&config);
    found.extend(directory::findings(&config));
    found.extend(workshop::findings(&config));
    found
}

fn configuration(config: &Config) -> Vec<Finding> {
    const AREA: &str = "configuration";
    let faults = check::faults_around(config);
    let mut found: Vec<Finding> = faults
        .iter()
        .map(|fault| Finding::of_fault(AREA, fault))
        .collect();
    if found.is_empty() {
        let what = format!("`{}` has no faults", config.path().display());
        found.push(Finding::ok(AREA, what));
    }
    let is_open = !config.listen().ip().is_loopback();
    if is_open && config.front().anonymous == Anonymous::Viewer {
        found.push(Finding::warn(
            AREA,
            format!("everyone who reaches {} may look", config.listen()),
            "if that is not meant: anonymous = \"none\" under [auth], and tokens: vocd token new",
        ));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_has_its_remedy_below_it() {
        let finding = Finding::warn("storage", "little room", "make more");
        assert_eq!(
            text(&finding),
            "warn  storage        little room\n                     → make more"
        );
        assert_eq!(
            text(&Finding::ok("storage", "room")),
            "ok    storage        room"
        );
        assert!(Level::Ok < Level::Warn && Level::Warn < Level::Fail);
    }
}
