//! How a vendor's webhooks are recognised: declared here, checked by the daemon before a byte of
//! them reaches the plugin.
//!
//! A *template* is text with names in braces. Keys are templates over the source's configuration
//! (`{webhook_secret}`, `{client_id}&{client_secret}`; nested values as `{hook.secret}`): a list
//! stands for several keys, one whose values are not configured is left out. What is signed is a
//! template of `{body}`, `{timestamp}`, `{method}`, `{uri}`, `{key}` and `{header:NAME}`.

use super::Writer;

/// What the vendor sends and how it proves that it was the vendor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WebhookMeta {
    /// Proofs, one of which must hold; those without a configured key are not asked.
    pub auth: &'static [Auth],
    /// What tells two deliveries of one event; without it the whole body does.
    pub event_id: Option<Find>,
    /// Further headers that the plugin wants to see.
    pub headers: &'static [&'static str],
    /// Questions that the vendor asks when the address is set up.
    pub challenges: &'static [Challenge],
}

impl WebhookMeta {
    /// Starts a declaration with one proof.
    #[must_use]
    pub const fn new(auth: &'static [Auth]) -> Self {
        Self {
            auth,
            event_id: None,
            headers: &[],
            challenges: &[],
        }
    }
}

/// A proof of origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auth {
    /// A signature over the request.
    Signature(Signature),
    /// HTTP Basic; user and password are key templates.
    Basic {
        /// User.
        user: &'static str,
        /// Password.
        password: &'static str,
    },
    /// A secret text in a header or a query parameter, for vendors without signatures.
    Token {
        /// Where the vendor puts it.
        place: Find,
        /// What it may be; key templates.
        keys: &'static [&'static str],
    },
}

/// Where a text of a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Find {
    /// In this header.
    Header(&'static str),
    /// In this query parameter.
    Query(&'static str),
    /// At this JSON pointer of the body, such as `/event_id`.
    Json(&'static str),
}

/// A signature in a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signature {
    /// How it is made.
    pub algorithm: Algorithm,
    /// Header it comes in.
    pub header: &'static str,
    /// How it is written.
    pub encoding: Encoding,
    /// The whole header is base64 of a text that holds the signature.
    pub is_wrapped: bool,
    /// Text between several signatures, or empty.
    pub separator: &'static str,
    /// Text before the signature, such as `sha256=`; what lacks it is no signature.
    pub prefix: &'static str,
    /// The signature begins after the last of these texts, or empty.
    pub after: &'static str,
    /// What is signed, a template.
    pub signed: &'static str,
    /// Keys, templates over the configuration; any may fit, so that secrets can be rotated.
    pub keys: &'static [&'static str],
    /// How keys are written.
    pub key_encoding: KeyEncoding,
    /// Text before a key that is not part of it, such as `whsec_`, or empty.
    pub key_prefix: &'static str,
    /// When it was signed, where the vendor says so.
    pub timestamp: Option<SignedAt>,
}

impl Signature {
    /// Starts a declaration: the body signed with the configured `webhook_secret`.
    #[must_use]
    pub const fn new(algorithm: Algorithm, header: &'static str, encoding: Encoding) -> Self {
        Self {
            algorithm,
            header,
            encoding,
            is_wrapped: false,
            separator: "",
            prefix: "",
            after: "",
            signed: "{body}",
            keys: &["{webhook_secret}"],
            key_encoding: KeyEncoding::Text,
            key_prefix: "",
            timestamp: None,
        }
    }
}

/// How a signature is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// HMAC with SHA-1.
    HmacSha1,
    /// HMAC with SHA-256.
    HmacSha256,
    /// HMAC with SHA-512.
    HmacSha512,
    /// Ed25519; the key is the vendor's public one.
    Ed25519,
    /// SHA-256 of a template that holds `{key}`.
    Sha256,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// Hexadecimal.
    Hex,
    /// Base64.
    Base64,
    /// Base64 for URLs, with or without padding.
    Base64Url,
}

/// How a key is written in the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEncoding {
    /// Its bytes are the key.
    Text,
    /// Hexadecimal.
    Hex,
    /// Base64.
    Base64,
}

/// When a request was signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedAt {
    /// Header that says it.
    pub header: &'static str,
    /// Text before it where the header is a list, such as `t=`, or empty.
    pub prefix: &'static str,
    /// How it is written.
    pub unit: TimeUnit,
    /// Greatest age in seconds, and greatest lead; 0 where the vendor names none.
    pub tolerance_s: u32,
}

/// How an instant is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds since 1970.
    Seconds,
    /// Milliseconds since 1970.
    Milliseconds,
    /// RFC 3339.
    Rfc3339,
}

/// A question of the vendor that is answered with a part of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// `GET`, `HEAD` or `POST`.
    pub method: &'static str,
    /// What must be there for the request to be this question; `None` for every such request.
    pub when: Option<Find>,
    /// What that must say, or empty for anything.
    pub equals: &'static str,
    /// A secret that the vendor repeats, and its key template.
    pub verify: Option<(Find, &'static str)>,
    /// What is sent back; `None` for an empty answer.
    pub answer: Option<Find>,
    /// How it is sent back.
    pub reply: Reply,
}

/// How a challenge is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply {
    /// As plain text.
    Text,
    /// As a member of this name of a JSON object.
    Json(&'static str),
    /// As this header.
    Header(&'static str),
}

impl<const N: usize> Writer<N> {
    pub(super) const fn webhook(&mut self, webhook: &WebhookMeta) {
        self.raw(b",\"webhook\":{\"auth\":[");
        let mut idx = 0;
        while idx < webhook.auth.len() {
            self.separator(idx);
            self.auth(&webhook.auth[idx]);
            idx += 1;
        }
        self.raw(b"],\"headers\":");
        self.strings(webhook.headers);
        if let Some(find) = &webhook.event_id {
            self.raw(b",\"event_id\":");
            self.find(find);
        }
        self.raw(b",\"challenges\":[");
        let mut idx = 0;
        while idx < webhook.challenges.len() {
            self.separator(idx);
            self.challenge(&webhook.challenges[idx]);
            idx += 1;
        }
        self.raw(b"]}");
    }

    const fn auth(&mut self, auth: &Auth) {
        match auth {
            Auth::Signature(signature) => self.signature(signature),
            Auth::Basic { user, password } => {
                self.raw(b"{\"kind\":\"basic\"");
                self.member("user", user);
                self.member("password", password);
            }
            Auth::Token { place, keys } => {
                self.raw(b"{\"kind\":\"token\",\"place\":");
                self.find(place);
                self.raw(b",\"keys\":");
                self.strings(keys);
            }
        }
        self.raw(b"}");
    }

    const fn signature(&mut self, signature: &Signature) {
        self.raw(b"{\"kind\":\"signature\"");
        self.member("algorithm", signature.algorithm.name());
        self.member("header", signature.header);
        self.member("encoding", signature.encoding.name());
        self.raw(if signature.is_wrapped {
            b",\"wrapped\":true"
        } else {
            b",\"wrapped\":false"
        });
        self.member("separator", signature.separator);
        self.member("prefix", signature.prefix);
        self.member("after", signature.after);
        self.member("signed", signature.signed);
        self.raw(b",\"keys\":");
        self.strings(signature.keys);
        self.member("key_encoding", signature.key_encoding.name());
        self.member("key_prefix", signature.key_prefix);
        if let Some(timestamp) = &signature.timestamp {
            self.raw(b",\"timestamp\":{\"header\":");
            self.string(timestamp.header);
            self.member("prefix", timestamp.prefix);
            self.member("unit", timestamp.unit.name());
            self.raw(b",\"tolerance_s\":");
            self.number(timestamp.tolerance_s);
            self.raw(b"}");
        }
    }

    const fn challenge(&mut self, challenge: &Challenge) {
        self.raw(b"{\"method\":");
        self.string(challenge.method);
        if let Some(find) = &challenge.when {
            self.raw(b",\"when\":");
            self.find(find);
            self.member("equals", challenge.equals);
        }
        if let Some((find, key)) = &challenge.verify {
            self.raw(b",\"verify\":");
            self.find(find);
            self.member("key", key);
        }
        if let Some(find) = &challenge.answer {
            self.raw(b",\"answer\":");
            self.find(find);
        }
        match challenge.reply {
            Reply::Text => self.raw(b",\"reply\":{\"as\":\"text\"}}"),
            Reply::Json(name) => {
                self.raw(b",\"reply\":{\"as\":\"json\"");
                self.member("name", name);
                self.raw(b"}}");
            }
            Reply::Header(name) => {
                self.raw(b",\"reply\":{\"as\":\"header\"");
                self.member("name", name);
                self.raw(b"}}");
            }
        }
    }

    const fn find(&mut self, find: &Find) {
        let (place, name) = match find {
            Find::Header(name) => ("header", name),
            Find::Query(name) => ("query", name),
            Find::Json(name) => ("json", name),
        };
        self.raw(b"{");
        self.string(place);
        self.raw(b":");
        self.string(name);
        self.raw(b"}");
    }

    const fn strings(&mut self, texts: &[&str]) {
        self.raw(b"[");
        let mut idx = 0;
        while idx < texts.len() {
            self.separator(idx);
            self.string(texts[idx]);
            idx += 1;
        }
        self.raw(b"]");
    }
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Self::HmacSha1 => "hmac-sha1",
            Self::HmacSha256 => "hmac-sha256",
            Self::HmacSha512 => "hmac-sha512",
            Self::Ed25519 => "ed25519",
            Self::Sha256 => "sha256",
        }
    }
}

impl Encoding {
    const fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Base64Url => "base64url",
        }
    }
}

impl KeyEncoding {
    const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Hex => "hex",
            Self::Base64 => "base64",
        }
    }
}

impl TimeUnit {
    const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::Milliseconds => "milliseconds",
            Self::Rfc3339 => "rfc3339",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Meta, parse_section, section, section_len};
    use super::*;
    use crate::json;

    const META: Meta = Meta {
        webhook: Some(WebhookMeta {
            event_id: Some(Find::Header("webhook-id")),
            headers: &["X-Topic"],
            challenges: &[Challenge {
                method: "GET",
                when: Some(Find::Query("hub.mode")),
                equals: "subscribe",
                verify: Some((Find::Query("hub.verify_token"), "{verify_token}")),
                answer: Some(Find::Query("hub.challenge")),
                reply: Reply::Text,
            }],
            ..WebhookMeta::new(&[
                Auth::Signature(Signature {
                    separator: " ",
                    prefix: "v1,",
                    signed: "{header:webhook-id}.{timestamp}.{body}",
                    key_encoding: KeyEncoding::Base64,
                    key_prefix: "whsec_",
                    timestamp: Some(SignedAt {
                        header: "webhook-timestamp",
                        prefix: "",
                        unit: TimeUnit::Seconds,
                        tolerance_s: 300,
                    }),
                    ..Signature::new(Algorithm::HmacSha256, "webhook-signature", Encoding::Base64)
                }),
                Auth::Basic {
                    user: "{user}",
                    password: "{password}",
                },
                Auth::Token {
                    place: Find::Query("token"),
                    keys: &["{token}"],
                },
            ])
        }),
        ..Meta::new("org.example.pushed", "1.0.0")
    };
    static SECTION: [u8; section_len(&META)] = section(&META);

    #[test]
    fn a_declaration_reads_back() {
        let text = parse_section(&SECTION).expect("a section");
        assert_eq!(json::member(text, "caps"), Some(r#"["push"]"#));
        let webhook = json::member(text, "webhook").expect("declared");
        let check =
            |name: &str, expected: &str| assert_eq!(json::member(webhook, name), Some(expected));
        check("headers", r#"["X-Topic"]"#);
        check("event_id", r#"{"header":"webhook-id"}"#);
        check(
            "challenges",
            r#"[{"method":"GET","when":{"query":"hub.mode"},"equals":"subscribe","verify":{"query":"hub.verify_token"},"key":"{verify_token}","answer":{"query":"hub.challenge"},"reply":{"as":"text"}}]"#,
        );
        check(
            "auth",
            r#"[{"kind":"signature","algorithm":"hmac-sha256","header":"webhook-signature","encoding":"base64","wrapped":false,"separator":" ","prefix":"v1,","after":"","signed":"{header:webhook-id}.{timestamp}.{body}","keys":["{webhook_secret}"],"key_encoding":"base64","key_prefix":"whsec_","timestamp":{"header":"webhook-timestamp","prefix":"","unit":"seconds","tolerance_s":300}},{"kind":"basic","user":"{user}","password":"{password}"},{"kind":"token","place":{"query":"token"},"keys":["{token}"]}]"#,
        );
    }
}
