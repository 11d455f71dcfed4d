//! What a plugin prints and logs: kept for the crash report, and passed on to the daemon's log.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader, Read};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tracing::{debug, error, info, trace, warn};

use super::message::{LogLine, cut};
use super::scrub::Scrubber;

/// Printed bytes kept for the report of a failure.
const KEPT_BYTES: usize = 64 * 1024;
/// Longest printed line that is taken as one.
const LINE_BYTES_MAX: u64 = 8 * 1024;
/// Lines passed on to the log in one second; the rest is counted.
const LINES_PER_S: u32 = 200;
/// How long a closed child's output is waited for: a process that left its group may hold the pipe.
const FINISH_TIMEOUT: Duration = Duration::from_secs(1);

/// Passes lines on to the daemon's log, at most [`LINES_PER_S`].
#[derive(Clone)]
pub(super) struct PluginLog {
    source: String,
    plugin: String,
    run_id: u64,
    scrubber: Scrubber,
    budget: Arc<Mutex<Budget>>,
}

struct Budget {
    started: Instant,
    n_lines: u32,
    n_dropped: u64,
}

impl PluginLog {
    pub(super) fn new(source: &str, plugin: &str, run_id: u64, scrubber: Scrubber) -> Self {
        let budget = Budget {
            started: Instant::now(),
            n_lines: 0,
            n_dropped: 0,
        };
        Self {
            source: source.to_owned(),
            plugin: plugin.to_owned(),
            run_id,
            scrubber,
            budget: Arc::new(Mutex::new(budget)),
        }
    }

    /// Passes a line of the plugin's log on.
    pub(super) fn line(&self, line: &LogLine) {
        let mut text = cut(&line.message).to_owned();
        if !line.fields.is_null() {
            text.push(' ');
            text.push_str(cut(&line.fields.to_string()));
        }
        self.write(&line.level, &line.target, &text);
    }

    fn write(&self, level: &Value, target: &str, text: &str) {
        let Some(n_dropped) = self.admit(Instant::now()) else {
            return;
        };
        let text = self.scrubber.scrub(text);
        let target = self.scrubber.scrub(cut(target));
        let (source, plugin, run_id) = (&*self.source, &*self.plugin, self.run_id);
        self.tell_dropped(n_dropped);
        match level_rank(level) {
            0 => error!(source, plugin, run_id, target, "{text}"),
            1 => warn!(source, plugin, run_id, target, "{text}"),
            2 => info!(source, plugin, run_id, target, "{text}"),
            3 => debug!(source, plugin, run_id, target, "{text}"),
            _ => trace!(source, plugin, run_id, target, "{text}"),
        }
    }

    /// Tells what was dropped since the last line: a flood may end with the run.
    pub(super) fn finish(&self) {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        let n_dropped = std::mem::take(&mut budget.n_dropped);
        drop(budget);
        self.tell_dropped(n_dropped);
    }

    fn tell_dropped(&self, n_dropped: u64) {
        if n_dropped > 0 {
            let (source, plugin, run_id) = (&*self.source, &*self.plugin, self.run_id);
            warn!(source, plugin, run_id, n_dropped, "plugin logs too fast");
        }
    }

    /// Returns how many lines were dropped since the last admitted one, or `None` to drop this.
    fn admit(&self, now: Instant) -> Option<u64> {
        let mut budget = self.budget.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(budget.started) >= Duration::from_secs(1) {
            budget.started = now;
            budget.n_lines = 0;
        }
        if budget.n_lines >= LINES_PER_S {
            budget.n_dropped += 1;
            return None;
        }
        budget.n_lines += 1;
        Some(std::mem::take(&mut budget.n_dropped))
    }
}

/// Returns 0 (error) to 4 (trace) for a level written as a number or a name.
fn level_rank(level: &Value) -> u64 {
    match (level.as_u64(), level.as_str()) {
        (Some(rank), _) => rank,
        (_, Some("error")) => 0,
        (_, Some("warn")) => 1,
        (_, Some("debug")) => 3,
        (_, Some("trace")) => 4,
        _ => 2,
    }
}

/// The thread that reads what the plugin prints.
pub(super) struct PrintedReader {
    kept: Arc<Mutex<VecDeque<u8>>>,
    done: Receiver<()>,
    scrubber: Scrubber,
}

impl PrintedReader {
    pub(super) fn start(pipe: PipeReader, log: PluginLog) -> std::io::Result<Self> {
        let kept = Arc::new(Mutex::new(VecDeque::new()));
        let (is_done, done) = sync_channel(1);
        let scrubber = log.scrubber.clone();
        let keeper = Arc::clone(&kept);
        thread::Builder::new()
            .name("plugin-output".to_owned())
            .spawn(move || {
                read_lines(pipe, &log, &keeper);
                drop(is_done);
            })?;
        Ok(Self {
            kept,
            done,
            scrubber,
        })
    }

    /// Returns the last printed lines, at most 64 KiB, without secrets.
    pub(super) fn finish(self) -> String {
        if let Err(RecvTimeoutError::Timeout) = self.done.recv_timeout(FINISH_TIMEOUT) {
            debug!("a process that left the plugin's group still holds its output");
        }
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        let text = self.scrubber.scrub(&String::from_utf8_lossy(&bytes));
        let start = text.ceil_char_boundary(text.len().saturating_sub(KEPT_BYTES));
        text[start..].to_owned()
    }
}

fn read_lines(pipe: PipeReader, log: &PluginLog, kept: &Mutex<VecDeque<u8>>) {
    let mut reader = BufReader::new(pipe);
    let mut line = Vec::new();
    loop {
        line.clear();
        match reader
            .by_ref()
            .take(LINE_BYTES_MAX)
            .read_until(b'\n', &mut line)
        {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        {
            let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend(&line);
            // One line more than is shown, so that a secret is not cut into an unknown half.
            let n_over = kept.len().saturating_sub(KEPT_BYTES + 8 * 1024);
            kept.drain(..n_over);
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() {
            log.write(&Value::from("debug"), "printed", text);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn log(secrets: &[String]) -> PluginLog {
        PluginLog::new("src", "fake", 1, Scrubber::new(secrets))
    }

    #[test]
    fn the_last_64_kib_are_kept_without_secrets() {
        let (reader, mut writer) = std::io::pipe().expect("pipe");
        let printed = PrintedReader::start(reader, log(&["hunter22".to_owned()])).expect("thread");
        for row in 0..5_000 {
            writeln!(writer, "line {row} token=hunter22").expect("read on the other side");
        }
        drop(writer);
        let text = printed.finish();
        assert!(text.len() <= KEPT_BYTES);
        assert!(text.ends_with("line 4999 token=***\n"));
        assert!(!text.contains("hunter22"));
    }

    #[test]
    fn a_second_has_room_for_200_lines() {
        let log = log(&[]);
        let now = Instant::now();
        let n_admitted = (0..500).filter(|_| log.admit(now).is_some()).count();
        assert_eq!(n_admitted, 200);
        assert_eq!(log.admit(now + Duration::from_secs(1)), Some(300));
    }
}
