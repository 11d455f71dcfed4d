//! Tells the linker where the binary finds DuckDB's shared library at run time.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=DUCKDB_LIB_DIR");
    for dir in [
        "$ORIGIN",
        "$ORIGIN/../lib/vocd",
        "$ORIGIN/../libduckdb",
        "$ORIGIN/../../libduckdb",
    ] {
        println!("cargo:rustc-link-arg=-Wl,-rpath,{dir}");
    }
}
