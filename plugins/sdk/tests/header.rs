//! The C header and its Rust mirror have one layout, and it is the one of version 1.0: structures
//! and constants may be added, those that are there stay as they are.

use std::collections::BTreeMap;
use std::mem::{offset_of, size_of};
use std::path::Path;
use std::process::Command;

use vocd_plugin::ErrorClass;
use vocd_plugin::abi::http::{
    HTTP_AUTH_BASIC, HTTP_AUTH_BEARER, HTTP_AUTH_HEADER, HTTP_AUTH_NONE, HTTP_AUTH_QUERY,
    HTTP_EXTENSION, HTTP_ONCE, HTTP_REPEATABLE, VocHttpHead, VocHttpHeader, VocHttpRequest,
    VocHttpSink, VocHttpV1,
};
use vocd_plugin::abi::{
    ABI_MINOR, ArrowArray, ArrowSchema, OK, PROGRESS_EXTENSION, REJECT_EXTENSION, VocHost, VocOut,
    VocPlugin, VocProgressV1, VocRejectV1, VocStr, VocWebhookV1, WEBHOOK_EXTENSION,
};

/// The layout of version 1.0, a fact a line.
const FROZEN: &str = include_str!("abi-v1.txt");

/// A C expression, how C prints it, and what Rust says.
type Fact = (String, &'static str, String);

/// Facts of structures.
macro_rules! layout {
    ($($c_type:literal $rust_type:ident { $($field:ident),* };)*) => {
        vec![$(
            (format!("sizeof({})", $c_type), "%zu", size_of::<$rust_type>().to_string()),
            $((format!("offsetof({}, {})", $c_type, stringify!($field)), "%zu", offset_of!($rust_type, $field).to_string()),)*
        )*]
    };
}

fn structures() -> Vec<Fact> {
    layout! {
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
    }
}

fn constants() -> Vec<Fact> {
    let class = |class: ErrorClass| i64::from(class.status());
    let numbers = [
        ("VOC_ABI_MINOR", i64::from(ABI_MINOR)),
        ("VOC_HTTP_REPEATABLE", i64::from(HTTP_REPEATABLE)),
        ("VOC_HTTP_ONCE", i64::from(HTTP_ONCE)),
        ("VOC_HTTP_AUTH_NONE", i64::from(HTTP_AUTH_NONE)),
        ("VOC_HTTP_AUTH_BEARER", i64::from(HTTP_AUTH_BEARER)),
        ("VOC_HTTP_AUTH_BASIC", i64::from(HTTP_AUTH_BASIC)),
        ("VOC_HTTP_AUTH_HEADER", i64::from(HTTP_AUTH_HEADER)),
        ("VOC_HTTP_AUTH_QUERY", i64::from(HTTP_AUTH_QUERY)),
        ("VOC_OK", i64::from(OK)),
        ("VOC_INTERNAL", class(ErrorClass::Internal)),
        ("VOC_PANIC", class(ErrorClass::Panic)),
        ("VOC_CONFIG", class(ErrorClass::Config)),
        ("VOC_AUTH", class(ErrorClass::Auth)),
        ("VOC_TRANSIENT", class(ErrorClass::Transient)),
        ("VOC_RATE_LIMITED", class(ErrorClass::RateLimited)),
        ("VOC_CANCELLED", class(ErrorClass::Cancelled)),
        (
            "VOC_CHECKPOINT_UNREADABLE",
            class(ErrorClass::CheckpointUnreadable),
        ),
        ("VOC_UNSUPPORTED", class(ErrorClass::Unsupported)),
        ("VOC_SCHEMA_CHANGED", class(ErrorClass::SchemaChanged)),
        ("VOC_NOT_FOUND", class(ErrorClass::NotFound)),
        // Only the header has it; it is Apache Arrow's.
        ("ARROW_FLAG_NULLABLE", 2),
        ("sizeof(voc_status)", 4),
    ];
    let texts = [
        ("VOC_REJECT_V1", REJECT_EXTENSION),
        ("VOC_PROGRESS_V1", PROGRESS_EXTENSION),
        ("VOC_HTTP_V1", HTTP_EXTENSION),
        ("VOC_WEBHOOK_V1", WEBHOOK_EXTENSION),
    ];
    let numbers = numbers.map(|(name, number)| (name.to_owned(), "%lld", number.to_string()));
    let texts = texts.map(|(name, text)| (name.to_owned(), "%s", text.to_owned()));
    numbers.into_iter().chain(texts).collect()
}

fn facts() -> Vec<Fact> {
    let mut facts = structures();
    facts.extend(constants());
    facts
}

/// Returns a C program that prints every fact as a line.
fn program(facts: &[Fact]) -> String {
    let mut program =
        "#include \"voc_plugin.h\"\n#include <stdio.h>\nint main(void) {\n".to_owned();
    for (expression, format, _) in facts {
        let cast = match *format {
            "%zu" => "(size_t)",
            "%lld" => "(long long)",
            _ => "",
        };
        program.push_str(&format!(
            "  printf(\"{expression} {format}\\n\", {cast}({expression}));\n"
        ));
    }
    program.push_str("  return 0;\n}\n");
    program
}

#[test]
fn header_and_mirror_have_one_layout() {
    let facts = facts();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let (source, binary) = (folder.join("layout.c"), folder.join("layout"));
    std::fs::write(&source, program(&facts)).expect("the folder is cargo's own");
    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/include");
    let compiled = Command::new("cc")
        .args(["-std=c99", "-Wall", "-Wextra", "-Wpedantic", "-Werror"])
        .args(["-I", include, "-o"])
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
    let printed = Command::new(&binary).output();
    let printed = printed.expect("was just built").stdout;
    let printed = String::from_utf8(printed).expect("text");
    assert_eq!(printed, lines(&facts));
}

fn lines(facts: &[Fact]) -> String {
    facts
        .iter()
        .map(|(expression, _, value)| format!("{expression} {value}\n"))
        .collect()
}

/// Structures that start with their size may get longer, and the minor version counts that.
fn may_grow(expression: &str, facts: &BTreeMap<&str, &str>) -> bool {
    let structure = expression
        .strip_prefix("sizeof(")
        .and_then(|rest| rest.strip_suffix(')'));
    let is_sized = |name| facts.contains_key(format!("offsetof({name}, struct_size)").as_str());
    expression == "VOC_ABI_MINOR" || structure.is_some_and(is_sized)
}

#[test]
fn what_version_1_0_had_stays_where_it_was() {
    let facts = facts();
    let now: BTreeMap<&str, &str> = facts
        .iter()
        .map(|(expression, _, value)| (expression.as_str(), value.as_str()))
        .collect();
    let mut n_frozen = 0;
    for line in FROZEN.lines().filter(|line| !line.starts_with('#')) {
        let (expression, frozen) = line.rsplit_once(' ').expect("an expression and a value");
        let value = *now.get(expression).unwrap_or(&"gone");
        let number = |text: &str| text.parse::<i64>().unwrap_or(i64::MIN);
        let is_kept = match may_grow(expression, &now) {
            true => number(value) >= number(frozen),
            false => value == frozen,
        };
        assert!(
            is_kept,
            "`{expression}` was {frozen} in version 1.0 and is {value}: append fields at the end, \
             or make a new extension"
        );
        n_frozen += 1;
    }
    assert!(n_frozen > 100, "only {n_frozen} facts are frozen");
}
