//! Stamps the build id that the daemon and its child compare, and the target of a plugin.

use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let version = env::var("CARGO_PKG_VERSION").map_err(io::Error::other)?;
    let target = env::var("TARGET").map_err(io::Error::other)?;
    let mut files = Vec::new();
    for folder in ["src", "include"] {
        collect(&root.join(folder), &mut files)?;
    }
    files.sort();
    let mut hash = fnv1a(FNV_OFFSET, version.as_bytes());
    for file in files {
        hash = fnv1a(hash, &fs::read(file)?);
    }
    println!("cargo:rerun-if-changed=src");
    println!("cargo:rerun-if-changed=include");
    println!("cargo:rustc-env=VOCD_BUILD_ID={version}-{hash:016x}");
    println!("cargo:rustc-env=VOCD_PLUGIN_TARGET={target}");
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0000_0100_0000_01b3;

/// FNV-1a: enough to tell two builds apart, and needs no dependency.
fn fnv1a(hash: u64, bytes: &[u8]) -> u64 {
    bytes.iter().fold(hash, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(FNV_PRIME)
    })
}
