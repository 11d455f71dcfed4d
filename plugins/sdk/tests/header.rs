//! The C header and its Rust mirror have one layout.

use std::mem::{offset_of, size_of};
use std::path::Path;
use std::process::Command;

use vocd_plugin::abi::http::{
    HTTP_AUTH_BASIC, HTTP_AUTH_BEARER, HTTP_AUTH_HEADER, HTTP_AUTH_QUERY, HTTP_ONCE,
    HTTP_REPEATABLE, VocHttpHead, VocHttpHeader, VocHttpRequest, VocHttpSink, VocHttpV1,
};
use vocd_plugin::abi::{
    ABI_MINOR, ArrowArray, ArrowSchema, VocHost, VocOut, VocPlugin, VocProgressV1, VocRejectV1,
    VocStr, VocWebhookV1,
};

/// Pairs of a C expression and what Rust says.
macro_rules! layout {
    ($($c_type:literal $rust_type:ident { $($field:ident),* };)*) => {
        vec![$(
            (format!("sizeof({})", $c_type), size_of::<$rust_type>()),
            $((format!("offsetof({}, {})", $c_type, stringify!($field)), offset_of!($rust_type, $field)),)*
        )*]
    };
}

#[test]
fn header_and_mirror_have_one_layout() {
    let mut facts = layout! {
        "voc_str" VocStr { ptr, len };
        "voc_out" VocOut { struct_size, abi_minor, ctx, batch, checkpoint, error, reply };
        "voc_host" VocHost { struct_size, abi_minor, ctx, log, metric, should_stop, now_ms, get_extension };
        "voc_plugin" VocPlugin { struct_size, abi_minor, flags, reserved, open, close, call, read, get_extension };
        "voc_reject_v1" VocRejectV1 { struct_size, abi_minor, ctx, reject };
        "voc_progress_v1" VocProgressV1 { struct_size, abi_minor, ctx, progress };
        "voc_http_header" VocHttpHeader { name, value };
        "voc_http_request" VocHttpRequest { struct_size, flags, method, url, headers, n_headers, body_ctx, read_body, bucket, timeout_ms, auth_kind, auth_ref, auth_name, auth_format, body_bytes_max };
        "voc_http_head" VocHttpHead { struct_size, status, url, headers, n_headers, retry_after_ms };
        "voc_http_sink" VocHttpSink { struct_size, reserved, ctx, on_head, on_body, on_error };
        "voc_http_v1" VocHttpV1 { struct_size, abi_minor, ctx, send };
        "voc_webhook_v1" VocWebhookV1 { struct_size, abi_minor, parse };
        "struct ArrowSchema" ArrowSchema { format, name, metadata, flags, n_children, children, dictionary, release, private_data };
        "struct ArrowArray" ArrowArray { length, null_count, offset, n_buffers, n_children, buffers, children, dictionary, release, private_data };
    };
    for (name, number) in [
        ("VOC_ABI_MINOR", ABI_MINOR),
        ("VOC_HTTP_REPEATABLE", HTTP_REPEATABLE),
        ("VOC_HTTP_ONCE", HTTP_ONCE),
        ("VOC_HTTP_AUTH_BEARER", HTTP_AUTH_BEARER),
        ("VOC_HTTP_AUTH_BASIC", HTTP_AUTH_BASIC),
        ("VOC_HTTP_AUTH_HEADER", HTTP_AUTH_HEADER),
        ("VOC_HTTP_AUTH_QUERY", HTTP_AUTH_QUERY),
    ] {
        facts.push((name.to_owned(), number as usize));
    }
    let mut program =
        "#include \"voc_plugin.h\"\n#include <stdio.h>\nint main(void) {\n".to_owned();
    for (expression, _) in &facts {
        program.push_str(&format!("  printf(\"%zu\\n\", (size_t)({expression}));\n"));
    }
    program.push_str("  return 0;\n}\n");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (source, binary) = (folder.join("layout.c"), folder.join("layout"));
    std::fs::write(&source, program).expect("the folder is cargo's own");
    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/include");
    let compiled = Command::new("cc")
        .args([
            "-std=c99",
            "-Wall",
            "-Wextra",
            "-Wpedantic",
            "-Werror",
            "-I",
            include,
            "-o",
        ])
        .args([&binary, &source])
        .output();
    let Ok(compiled) = compiled else {
        eprintln!("skipped: no C compiler `cc`");
        return;
    };
    assert!(
        compiled.status.success(),
        "{}",
        String::from_utf8_lossy(&compiled.stderr)
    );
    let printed = Command::new(&binary)
        .output()
        .expect("was just built")
        .stdout;
    let printed = String::from_utf8(printed).expect("numbers");
    let printed: Vec<usize> = printed
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect();
    let expected: Vec<usize> = facts.iter().map(|(_, number)| *number).collect();
    assert_eq!(printed, expected, "in the order of {facts:?}");
}
