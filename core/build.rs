//! Tells the linker where the binary finds DuckDB's shared library at run time, and puts the SDK's
//! sources into the binary, which `vocd plugin new` writes out again.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders relative to the executable: beside it, installed, and in the target folder (binaries
/// stand one level below it, test binaries two).
const RELATIVE: [&str; 4] = [
    "$ORIGIN",
    "$ORIGIN/../lib/vocd",
    "$ORIGIN/../libduckdb",
    "$ORIGIN/../../libduckdb",
];
/// What of the SDK's folder makes a crate of its own; its tests and examples stay here.
const SDK_PARTS: [&str; 6] = [
    "Cargo.toml",
    "README.md",
    "build.rs",
    "derive",
    "include",
    "src",
];

fn main() -> io::Result<()> {
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
    embed_sdk()
}

/// Writes a list of the SDK's files with their texts, for `include!`.
fn embed_sdk() -> io::Result<()> {
    let own = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").ok_or(io::ErrorKind::NotFound)?);
    let sdk = own.join("../plugins/sdk").canonicalize()?;
    let mut files = Vec::new();
    for part in SDK_PARTS {
        println!("cargo:rerun-if-changed={}", sdk.join(part).display());
        collect(&sdk.join(part), &mut files)?;
    }
    files.sort();
    let mut list = "&[\n".to_owned();
    for file in files {
        let name = file.strip_prefix(&sdk).map_err(io::Error::other)?;
        let (name, file) = (name.display().to_string(), file.display().to_string());
        writeln!(list, "    ({name:?}, include_str!({file:?})),").map_err(io::Error::other)?;
    }
    list.push(']');
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or(io::ErrorKind::NotFound)?);
    fs::write(out.join("sdk.rs"), list)
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    for entry in fs::read_dir(path)? {
        collect(&entry?.path(), files)?;
    }
    Ok(())
}
