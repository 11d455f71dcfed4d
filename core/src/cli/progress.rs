//! A progress bar on a terminal, silence elsewhere.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Redraws a second, at most.
const REDRAWS_PER_S: u8 = 10;

/// How far a load is.
pub(super) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Shows a bar named after what is loaded.
    pub(super) fn new(name: &str) -> Self {
        let is_shown = std::io::stderr().is_terminal();
        let target = if is_shown {
            ProgressDrawTarget::stderr_with_hz(REDRAWS_PER_S)
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        bar.set_style(unknown_length());
        bar.set_prefix(name.to_owned());
        Self { bar }
    }

    /// Shows `done` of `total` (0: unknown) in the source's own unit, and the rows so far.
    pub(super) fn show(&self, done: u64, total: u64, n_rows: u64) {
        if total > 0 {
            self.bar.set_style(known_length());
            self.bar.set_length(total);
        }
        self.bar.set_position(done);
        self.bar.set_message(format!("{n_rows} rows"));
    }

    /// Takes the bar away.
    pub(super) fn finish(self) {
        self.bar.finish_and_clear();
    }
}

fn known_length() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} [{bar:32}] {percent:>3}%  {msg}  {eta} left")
        .expect("a constant template")
        .progress_chars("=> ")
}

fn unknown_length() -> ProgressStyle {
    ProgressStyle::with_template("{prefix} {spinner} {msg}  {elapsed}")
        .expect("a constant template")
}
