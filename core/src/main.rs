//! The daemon and its commands; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    vocd::cli::run()
}
