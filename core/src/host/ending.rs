//! How a child's end is told: its own words, its breach of the contract, its signal or status.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;

use super::failure::{Failure, FailureReason};
use super::message::{ErrorReport, MessageError, cut};

/// What a Rust program prints when it may not have more memory.
const OUT_OF_MEMORY: &str = "memory allocation of";

/// The child said why it fails.
pub(super) fn explained(reported: &ErrorReport, stopped: Option<FailureReason>) -> Failure {
    let reason = FailureReason::from_class(&reported.class);
    if let (FailureReason::Cancelled, Some(stopped)) = (reason, stopped) {
        return stopped_failure(stopped);
    }
    let message = match (cut(&reported.user), cut(&reported.internal)) {
        ("", internal) => internal.to_owned(),
        (user, "") => user.to_owned(),
        (user, internal) => format!("{user} ({internal})"),
    };
    Failure {
        retry_after: reported
            .retry_after_ms
            .filter(|wait_ms| *wait_ms > 0)
            .map(Duration::from_millis),
        ..Failure::new(reason, message)
    }
}

/// The child broke the contract, or outlived its deadline.
pub(super) fn broken(error: MessageError, stopped: Option<FailureReason>) -> Failure {
    if let (Some(reason), MessageError::Read(_)) = (stopped, &error) {
        return stopped_failure(reason);
    }
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Failure::new(FailureReason::Protocol, message)
}

pub(super) fn stopped_failure(reason: FailureReason) -> Failure {
    let message = match reason {
        FailureReason::Timeout => "the run took longer than its timeout and was stopped",
        FailureReason::Idle => "the plugin was silent for too long and was stopped",
        _ => "the run was stopped",
    };
    Failure::new(reason, message)
}

/// The child ended without a last word.
pub(super) fn died(status: ExitStatus, was_killed: bool, printed: &str) -> Failure {
    if was_killed {
        return Failure::new(
            FailureReason::Protocol,
            "the plugin's process closed its pipe and went on running",
        );
    }
    if printed.contains(OUT_OF_MEMORY) {
        return Failure::new(
            FailureReason::Memory,
            "the plugin needed more memory than its limit",
        );
    }
    match (status.signal(), status.code()) {
        (Some(signal), _) if signal == Signal::KILL.as_raw() => Failure::new(
            FailureReason::Memory,
            "the plugin's process was killed from outside, most likely for want of memory",
        ),
        (Some(signal), _) => Failure::new(
            FailureReason::Crashed(signal),
            format!("the plugin crashed: {}", signal_name(signal)),
        ),
        (None, code) => {
            let code = code.unwrap_or_default();
            Failure::new(
                FailureReason::Exited(code),
                format!("the plugin's process ended with status {code} in the middle of the run"),
            )
        }
    }
}

pub(super) fn unclean_end(status: &std::io::Result<(ExitStatus, bool)>) -> Option<String> {
    match status {
        Ok((status, false)) if status.success() => None,
        Ok((_, true)) => Some("it had to be killed".to_owned()),
        Ok((status, false)) => Some(match status.signal() {
            Some(signal) => signal_name(signal),
            None => status.to_string(),
        }),
        Err(error) => Some(error.to_string()),
    }
}

fn signal_name(signal: i32) -> String {
    let name = match Signal::from_named_raw(signal) {
        Some(Signal::SEGV) => "segmentation fault",
        Some(Signal::ABORT) => "abort",
        Some(Signal::BUS) => "bus error",
        Some(Signal::ILL) => "illegal instruction",
        Some(Signal::FPE) => "arithmetic fault",
        Some(Signal::XCPU) => "processor time used up",
        _ => return format!("signal {signal}"),
    };
    format!("{name} (signal {signal})")
}
