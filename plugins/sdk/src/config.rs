//! The configuration's JSON Schema, derived from the type that reads it (feature `derive`).
//!
//! One structure says what may be written under `[source.config]`: serde reads it, and
//! `#[derive(ConfigSchema)]` describes it to `vocd check` and `vocd plugin describe`, so that the
//! two cannot part.
//!
//! ```
//! use serde::Deserialize;
//! use vocd_plugin::ConfigSchema;
//!
//! /// How to reach the desk.
//! #[derive(Deserialize, ConfigSchema)]
//! #[serde(deny_unknown_fields)]
//! struct Config {
//!     /// The part before `.example.com`.
//!     #[voc(min_length = 1, example = "acme")]
//!     subdomain: String,
//!     /// An API token; stays with the host.
//!     #[voc(secret, auth)]
//!     token: String,
//!     /// Answers with these states only.
//!     #[serde(default)]
//!     states: Vec<State>,
//!     /// Rows a request asks for.
//!     #[voc(min = 1, max = 500)]
//!     page_rows: Option<u32>,
//! }
//!
//! #[derive(Deserialize, ConfigSchema)]
//! #[serde(rename_all = "snake_case")]
//! enum State {
//!     Open,
//!     OnHold,
//! }
//!
//! assert!(Config::SCHEMA.contains(r#""required":["subdomain","token"]"#));
//! assert!(Config::SCHEMA.contains(r#""enum":["open","on_hold"]"#));
//! ```
//!
//! What it understands: text, numbers, `bool`, `Option`, `Vec`, maps from text, other derived types,
//! and enumerations of words; serde's `rename`, `rename_all`, `default`, `skip` and
//! `deny_unknown_fields`; and in `#[voc(…)]`
//!
//! | word | says |
//! |---|---|
//! | `secret` | the value is a secret; `secret = false` of one that only sounds so |
//! | `auth` | the plugin gets a reference and the host puts the secret in ([`crate::Auth`]) |
//! | `url` | its host and port may be reached |
//! | `path` | the file may be read |
//! | `min` `max` `min_length` `max_length` `min_items` `max_items` `format` `pattern` | what is allowed |
//! | `title` `example` `default` | what to show; documentation comments are the descriptions |

/// A type that has a place in a configuration; derive it.
pub trait ConfigType {
    /// The members of its JSON Schema, without the braces.
    const MEMBERS: &'static str;
    /// The member `minimum` with a comma before it, where the type has one.
    const MINIMUM: &'static str = "";
    /// The member `maximum` with a comma before it, where the type has one.
    const MAXIMUM: &'static str = "";
}

macro_rules! scalars {
    ($($scalar:ty => $members:literal $minimum:literal $maximum:literal,)*) => {$(
        impl ConfigType for $scalar {
            const MEMBERS: &'static str = $members;
            const MINIMUM: &'static str = $minimum;
            const MAXIMUM: &'static str = $maximum;
        }
    )*};
}

scalars! {
    String => r#""type":"string""# "" "",
    crate::Time => r#""type":"string","format":"date-time""# "" "",
    bool => r#""type":"boolean""# "" "",
    f64 => r#""type":"number""# "" "",
    u8 => r#""type":"integer""# r#","minimum":0"# r#","maximum":255"#,
    u16 => r#""type":"integer""# r#","minimum":0"# r#","maximum":65535"#,
    u32 => r#""type":"integer""# r#","minimum":0"# r#","maximum":4294967295"#,
    u64 => r#""type":"integer""# r#","minimum":0"# "",
    usize => r#""type":"integer""# r#","minimum":0"# "",
    i32 => r#""type":"integer""# r#","minimum":-2147483648"# r#","maximum":2147483647"#,
    i64 => r#""type":"integer""# "" "",
}

/// Returns the length of the joined texts. For the derive.
#[doc(hidden)]
#[must_use]
pub const fn joined_len(parts: &[&str]) -> usize {
    let mut n_bytes = 0;
    let mut part_idx = 0;
    while part_idx < parts.len() {
        n_bytes += parts[part_idx].len();
        part_idx += 1;
    }
    n_bytes
}

/// Joins texts at compile time; `N` is [`joined_len`]. For the derive.
#[doc(hidden)]
#[must_use]
pub const fn join<const N: usize>(parts: &[&str]) -> [u8; N] {
    let mut bytes = [0; N];
    let (mut at, mut part_idx) = (0, 0);
    while part_idx < parts.len() {
        let part = parts[part_idx].as_bytes();
        let mut byte_idx = 0;
        while byte_idx < part.len() {
            bytes[at] = part[byte_idx];
            at += 1;
            byte_idx += 1;
        }
        part_idx += 1;
    }
    bytes
}

/// Returns joined texts as a text. For the derive.
///
/// # Panics
/// Never: texts joined are a text.
#[doc(hidden)]
#[must_use]
pub const fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(_) => panic!("texts joined are a text"),
    }
}
