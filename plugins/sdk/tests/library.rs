//! What the compiler and the linker make of `export!`.

use vocd_plugin::manifest::{MAGIC, parse_section};

/// The example `ticks`, which cargo builds beside the tests, or `None` where it was not asked to.
fn library() -> Option<Vec<u8>> {
    let test = std::env::current_exe().ok()?;
    let library = test.parent()?.parent()?.join("examples/libticks.so");
    std::fs::read(library).ok()
}

#[test]
fn the_manifest_is_in_the_file_and_readable_without_running_it() {
    let Some(library) = library() else {
        eprintln!("skipped: the example `ticks` was not built");
        return;
    };
    let sections = library.windows(MAGIC.len()).enumerate();
    let sections = sections.filter(|(_, window)| *window == MAGIC);
    let manifests: Vec<_> = sections
        .filter_map(|(start, _)| parse_section(&library[start..]))
        .collect();
    assert_eq!(manifests.len(), 1);
    assert!(
        manifests[0].contains("\"id\":\"org.example.ticks\""),
        "{}",
        manifests[0]
    );
    assert!(
        manifests[0].contains("\"limits\":{\"mem_mb\":64,\"idle_s\":10}"),
        "{}",
        manifests[0]
    );
}
