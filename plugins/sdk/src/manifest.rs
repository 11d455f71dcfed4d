//! What a plugin says about itself without being run: constants that become a section of the file.
//!
//! The section is `VOCM1\n`, the length as little-endian `u32`, then JSON; all of it is made while
//! compiling, so the code and its manifest cannot disagree.

pub mod webhook;

use self::webhook::WebhookMeta;
use crate::RecordKind;

/// First bytes of the section.
pub const MAGIC: &[u8] = b"VOCM1\n";
/// Name of the section in an ELF file.
pub const SECTION: &str = ".voc.manifest";
/// Greatest length of the JSON, in bytes.
pub const MANIFEST_BYTES_MAX: usize = 256 * 1024;

/// Who a plugin is and what it offers.
#[derive(Debug, Clone, Copy)]
pub struct Meta {
    /// Identity for ever, such as `org.example.zendesk`.
    pub id: &'static str,
    /// Version of the plugin, semantic.
    pub version: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// SPDX expression.
    pub license: &'static str,
    /// Where its documentation lives, or empty.
    pub homepage: &'static str,
    /// Hosts and ports it connects to, such as `*.zendesk.com:443`.
    pub egress: &'static [&'static str],
    /// JSON Schema (2020-12) of the configuration; properties marked `x-voc-secret` hold secrets
    /// (with `x-voc-auth`, a reference for [`crate::Auth`]), those marked `x-voc-path` are paths
    /// relative to the configuration file, which the plugin may read, and the hosts of those marked
    /// `x-voc-url` may be connected to.
    pub config_schema: &'static str,
    /// Streams known without asking the vendor.
    pub streams: &'static [StreamMeta],
    /// Raise it when a new version writes checkpoints the old one cannot read.
    pub checkpoint_format: u32,
    /// Webhooks it takes; without streams it is only pushed to.
    pub webhook: Option<WebhookMeta>,
    /// What a run needs.
    pub limits: Limits,
}

/// One stream of [`Meta`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamMeta {
    /// Name, the key of the stream's checkpoints.
    pub name: &'static str,
    /// Record kinds it may emit.
    pub kinds: &'static [RecordKind],
}

/// What a run of a plugin needs, unless configured otherwise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Memory in MiB.
    pub memory_mb: u32,
    /// Longest time without a batch, a checkpoint or a progress report, in seconds.
    pub idle_s: u32,
}

impl Meta {
    /// Starts the description of a plugin with defaults: no egress, any configuration, no streams,
    /// 512 MiB, 60 s.
    #[must_use]
    pub const fn new(id: &'static str, version: &'static str) -> Self {
        Self {
            id,
            version,
            name: id,
            license: "",
            homepage: "",
            egress: &[],
            config_schema: "{\"type\":\"object\"}",
            streams: &[],
            checkpoint_format: 1,
            webhook: None,
            limits: Limits {
                memory_mb: 512,
                idle_s: 60,
            },
        }
    }
}

/// Returns the length of the section of a plugin, in bytes.
///
/// # Panics
/// While compiling, when the manifest is above [`MANIFEST_BYTES_MAX`].
#[must_use]
pub const fn section_len(meta: &Meta) -> usize {
    let json_len = write_json::<0>(meta).len;
    assert!(
        json_len <= MANIFEST_BYTES_MAX,
        "the manifest is above 256 KiB"
    );
    MAGIC.len() + size_of::<u32>() + json_len
}

/// Returns the section of a plugin; `N` is its [`section_len`].
#[must_use]
pub const fn section<const N: usize>(meta: &Meta) -> [u8; N] {
    let json = write_json::<N>(meta);
    let mut section = Writer::<N>::new();
    section.raw(MAGIC);
    section.raw(&(json.len as u32).to_le_bytes());
    let mut byte_idx = 0;
    while byte_idx < json.len {
        section.byte(json.bytes[byte_idx]);
        byte_idx += 1;
    }
    section.bytes
}

/// Returns the JSON of a manifest section, or `None` when it is none.
#[must_use]
pub fn parse_section(section: &[u8]) -> Option<&str> {
    let rest = section.strip_prefix(MAGIC)?;
    let (len, json) = rest.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).ok()?;
    if len > MANIFEST_BYTES_MAX {
        return None;
    }
    std::str::from_utf8(json.get(..len)?).ok()
}

const fn write_json<const N: usize>(meta: &Meta) -> Writer<N> {
    let mut json = Writer::<N>::new();
    json.raw(b"{\"voc\":1,\"abi\":[1,0],\"min_host\":[1,0]");
    json.member("id", meta.id);
    json.member("version", meta.version);
    json.member("name", meta.name);
    json.member("license", meta.license);
    json.member("homepage", meta.homepage);
    json.member("target", env!("VOCD_PLUGIN_TARGET"));
    json.member("sdk", concat!("vocd-plugin ", env!("CARGO_PKG_VERSION")));
    json.raw(match (&meta.webhook, meta.streams) {
        (None, _) => b",\"caps\":[\"pull\"],\"egress\":[",
        (Some(_), []) => b",\"caps\":[\"push\"],\"egress\":[",
        (Some(_), _) => b",\"caps\":[\"pull\",\"push\"],\"egress\":[",
    });
    let mut item_idx = 0;
    while item_idx < meta.egress.len() {
        json.separator(item_idx);
        json.string(meta.egress[item_idx]);
        item_idx += 1;
    }
    json.raw(b"],\"config_schema\":");
    json.raw(meta.config_schema.as_bytes());
    json.raw(b",\"streams\":[");
    let mut stream_idx = 0;
    while stream_idx < meta.streams.len() {
        json.separator(stream_idx);
        json.stream(&meta.streams[stream_idx]);
        stream_idx += 1;
    }
    json.raw(b"],\"checkpoint_format\":");
    json.number(meta.checkpoint_format);
    json.raw(b",\"limits\":{\"mem_mb\":");
    json.number(meta.limits.memory_mb);
    json.raw(b",\"idle_s\":");
    json.number(meta.limits.idle_s);
    json.raw(b"}");
    if let Some(webhook) = &meta.webhook {
        json.webhook(webhook);
    }
    json.raw(b"}");
    json
}

/// Writes bytes while compiling; past `N` it only counts, which finds the length needed.
struct Writer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Writer<N> {
    const fn new() -> Self {
        Self {
            bytes: [0; N],
            len: 0,
        }
    }

    const fn byte(&mut self, byte: u8) {
        if self.len < N {
            self.bytes[self.len] = byte;
        }
        self.len += 1;
    }

    const fn raw(&mut self, bytes: &[u8]) {
        let mut byte_idx = 0;
        while byte_idx < bytes.len() {
            self.byte(bytes[byte_idx]);
            byte_idx += 1;
        }
    }

    const fn separator(&mut self, item_idx: usize) {
        if item_idx > 0 {
            self.byte(b',');
        }
    }

    const fn string(&mut self, text: &str) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        self.byte(b'"');
        let bytes = text.as_bytes();
        let mut byte_idx = 0;
        while byte_idx < bytes.len() {
            let byte = bytes[byte_idx];
            if byte == b'"' || byte == b'\\' {
                self.byte(b'\\');
                self.byte(byte);
            } else if byte < 0x20 {
                self.raw(b"\\u00");
                self.byte(HEX[(byte >> 4) as usize]);
                self.byte(HEX[(byte & 15) as usize]);
            } else {
                self.byte(byte);
            }
            byte_idx += 1;
        }
        self.byte(b'"');
    }

    const fn member(&mut self, name: &str, value: &str) {
        self.byte(b',');
        self.string(name);
        self.byte(b':');
        self.string(value);
    }

    const fn number(&mut self, number: u32) {
        if number >= 10 {
            self.number(number / 10);
        }
        self.byte(b'0' + (number % 10) as u8);
    }

    const fn stream(&mut self, stream: &StreamMeta) {
        self.raw(b"{\"name\":");
        self.string(stream.name);
        self.raw(b",\"kinds\":[");
        let mut kind_idx = 0;
        while kind_idx < stream.kinds.len() {
            self.separator(kind_idx);
            self.string(stream.kinds[kind_idx].name());
            kind_idx += 1;
        }
        self.raw(b"]}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    const META: Meta = Meta {
        name: "A \"quoted\"\nname",
        egress: &["a.example:443", "b.example:443"],
        config_schema: "{\"type\":\"object\",\"additionalProperties\":false}",
        streams: &[StreamMeta {
            name: "rows",
            kinds: &[RecordKind::Response, RecordKind::Ticket],
        }],
        ..Meta::new("org.example.a", "1.2.3")
    };
    static SECTION_BYTES: [u8; section_len(&META)] = section(&META);

    #[test]
    fn the_section_reads_back() {
        let text = parse_section(&SECTION_BYTES).expect("a section");
        let check =
            |name: &str, expected: &str| assert_eq!(json::member(text, name), Some(expected));
        check("id", "\"org.example.a\"");
        check("egress", "[\"a.example:443\",\"b.example:443\"]");
        check("config_schema", META.config_schema);
        check(
            "streams",
            "[{\"name\":\"rows\",\"kinds\":[\"response\",\"ticket\"]}]",
        );
        check("limits", "{\"mem_mb\":512,\"idle_s\":60}");
        let name = json::member(text, "name").and_then(json::string);
        assert_eq!(name.as_deref(), Some(META.name));
    }

    #[test]
    fn a_cut_section_is_none() {
        for len in 0..SECTION_BYTES.len() {
            assert_eq!(parse_section(&SECTION_BYTES[..len]), None, "{len}");
        }
    }
}
