//! The child process of one run: opens one plugin library and turns its calls into frames.
//!
//! It trusts the daemon that started it and nothing the library does; a crash here costs one run.

mod confine;
mod encode;
mod hello;
mod http;
mod library;
mod pipe;
mod profile;
mod run;
mod session;
mod webhook;

use std::io::{self, Write};
use std::panic::catch_unwind;
use std::process::ExitCode;

use vocd_plugin::frame::BUILD_ID;

/// Called with arguments it does not know.
const EXIT_USAGE: u8 = 10;
/// A bug of this program.
const EXIT_BUG: u8 = 70;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    match (arguments.next(), arguments.next()) {
        (Some(argument), None) if argument == "--build-id" => print_build_id(),
        (Some(argument), None) if argument == "--missing-layers" => print_missing_layers(),
        (None, _) => match catch_unwind(run::run) {
            Ok(code) => ExitCode::from(code),
            // The message is already on the log pipe.
            Err(_) => ExitCode::from(EXIT_BUG),
        },
        _ => {
            // Nobody is left to tell when this fails.
            let _ = writeln!(
                io::stderr(),
                "vocd-plugin-host is started by vocd; by hand only: vocd-plugin-host --build-id \
                 or --missing-layers"
            );
            ExitCode::from(EXIT_USAGE)
        }
    }
}

/// Confines this process as for a plugin and prints what the kernel does not offer.
fn print_missing_layers() -> ExitCode {
    let confined = confine::confine(&confine::Reach::default(), confine::Limits::default());
    let told = confined.and_then(|missing| {
        let names: Vec<&str> = missing.iter().map(|layer| layer.name()).collect();
        writeln!(io::stdout(), "missing: {}", names.join(" "))
    });
    match told {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn print_build_id() -> ExitCode {
    match writeln!(io::stdout(), "{BUILD_ID}") {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
