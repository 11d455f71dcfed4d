//! Tells the linker where the binary finds DuckDB's shared library at run time.

use std::env;
use std::path::Path;

/// Folders relative to the executable: beside it, installed, and in the target folder (binaries
/// stand one level below it, test binaries two).
const RELATIVE: [&str; 4] = [
    "$ORIGIN",
    "$ORIGIN/../lib/vocd",
    "$ORIGIN/../libduckdb",
    "$ORIGIN/../../libduckdb",
];

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    for folder in RELATIVE {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
    // A library of the operator's own choosing stands somewhere else.
    if let Ok(folder) = env::var("DUCKDB_LIB_DIR")
        && !Path::new(&folder).ends_with("target/libduckdb")
    {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
