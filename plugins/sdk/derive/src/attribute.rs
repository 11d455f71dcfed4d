//! What attributes say about a configuration, a property or a value.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprLit, Lit, LitBool, LitStr, Meta, Result, Token};

use crate::case::Case;

/// What is said of one item.
#[derive(Debug, Default)]
pub(crate) struct Said {
    /// The documentation comment, its lines joined.
    pub(crate) about: String,
    /// `#[serde(rename = "…")]`
    pub(crate) name: Option<String>,
    /// `#[serde(rename_all = "…")]`
    pub(crate) case: Case,
    /// `#[serde(default)]`: the property may be left out.
    pub(crate) has_default: bool,
    /// `#[serde(deny_unknown_fields)]`
    pub(crate) is_closed: bool,
    /// `#[serde(skip)]`: not in the configuration.
    pub(crate) is_skipped: bool,
    /// Further members of the schema as JSON, each with its name: from `#[voc(…)]`.
    pub(crate) members: Vec<String>,
}

impl Said {
    pub(crate) fn read(attributes: &[Attribute]) -> Result<Self> {
        let mut said = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("doc") {
                said.read_doc(attribute)?;
            } else if attribute.path().is_ident("serde") {
                attribute.parse_nested_meta(|meta| said.read_serde(&meta))?;
            } else if attribute.path().is_ident("voc") {
                attribute.parse_nested_meta(|meta| said.read_voc(&meta))?;
            }
        }
        Ok(said)
    }

    /// Returns whether `#[voc(…)]` gives this member of the schema.
    pub(crate) fn has_member(&self, name: &str) -> bool {
        let start = format!("{}:", json_string(name));
        self.members.iter().any(|member| member.starts_with(&start))
    }

    fn read_doc(&mut self, attribute: &Attribute) -> Result<()> {
        let Meta::NameValue(meta) = &attribute.meta else {
            return Ok(());
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(line),
            ..
        }) = &meta.value
        else {
            let text = "the description has to be written out";
            return Err(syn::Error::new_spanned(&meta.value, text));
        };
        if !self.about.is_empty() {
            self.about.push(' ');
        }
        self.about.push_str(line.value().trim());
        Ok(())
    }

    fn read_serde(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        if meta.path.is_ident("rename") {
            self.name = Some(meta.value()?.parse::<LitStr>()?.value());
        } else if meta.path.is_ident("rename_all") {
            self.case = Case::parse(&meta.value()?.parse()?)?;
        } else if meta.path.is_ident("default") {
            self.has_default = true;
            skip_value(meta)?;
        } else if meta.path.is_ident("deny_unknown_fields") {
            self.is_closed = true;
        } else if meta.path.is_ident("skip") || meta.path.is_ident("skip_deserializing") {
            self.is_skipped = true;
        } else if ["flatten", "tag", "untagged", "content", "alias"]
            .iter()
            .any(|name| meta.path.is_ident(name))
        {
            let text = "the schema of this cannot be derived; write it by hand";
            return Err(meta.error(text));
        } else {
            // How a value is read changes nothing about its name.
            skip_value(meta)?;
        }
        Ok(())
    }

    fn read_voc(&mut self, meta: &ParseNestedMeta<'_>) -> Result<()> {
        const MARKS: [(&str, &str); 4] = [
            ("secret", "x-voc-secret"),
            ("auth", "x-voc-auth"),
            ("url", "x-voc-url"),
            ("path", "x-voc-path"),
        ];
        const NUMBERS: [(&str, &str); 6] = [
            ("min", "minimum"),
            ("max", "maximum"),
            ("min_length", "minLength"),
            ("max_length", "maxLength"),
            ("min_items", "minItems"),
            ("max_items", "maxItems"),
        ];
        const TEXTS: [(&str, &str); 3] = [
            ("title", "title"),
            ("format", "format"),
            ("pattern", "pattern"),
        ];
        let is_named = |name: &str| meta.path.is_ident(name);
        if let Some((_, member)) = MARKS.iter().find(|(name, _)| is_named(name)) {
            let is_so = match meta.input.peek(Token![=]) {
                true => meta.value()?.parse::<LitBool>()?.value,
                false => true,
            };
            self.put(member, &is_so.to_string());
        } else if let Some((_, member)) = NUMBERS.iter().find(|(name, _)| is_named(name)) {
            self.put(member, &number(&meta.value()?.parse()?)?);
        } else if let Some((_, member)) = TEXTS.iter().find(|(name, _)| is_named(name)) {
            let text = meta.value()?.parse::<LitStr>()?.value();
            self.put(member, &json_string(&text));
        } else if is_named("example") {
            let value = scalar(&meta.value()?.parse()?)?;
            self.put("examples", &format!("[{value}]"));
        } else if is_named("default") {
            let value = scalar(&meta.value()?.parse()?)?;
            self.put("default", &value);
        } else {
            let names = "secret, auth, url, path, min, max, min_length, max_length, min_items, \
                         max_items, title, format, pattern, example, default";
            return Err(meta.error(format!("unknown; one of {names}")));
        }
        Ok(())
    }

    fn put(&mut self, member: &str, json: &str) {
        self.members.push(format!("{}:{json}", json_string(member)));
    }
}

/// Passes over what follows a word that does not matter here.
fn skip_value(meta: &ParseNestedMeta<'_>) -> Result<()> {
    if meta.input.peek(Token![=]) {
        meta.value()?.parse::<Expr>()?;
    } else if meta.input.peek(syn::token::Paren) {
        meta.parse_nested_meta(|inner| skip_value(&inner))?;
    }
    Ok(())
}

fn number(literal: &Lit) -> Result<String> {
    match literal {
        Lit::Int(_) | Lit::Float(_) => scalar(literal),
        _ => Err(syn::Error::new_spanned(literal, "a number is expected")),
    }
}

/// Writes a literal as JSON.
fn scalar(literal: &Lit) -> Result<String> {
    match literal {
        Lit::Str(text) => Ok(json_string(&text.value())),
        Lit::Bool(flag) => Ok(flag.value.to_string()),
        Lit::Int(number) => Ok(number.base10_digits().to_owned()),
        Lit::Float(number) => Ok(number.base10_digits().to_owned()),
        other => Err(syn::Error::new_spanned(
            other,
            "a text, number, true or false is expected",
        )),
    }
}

/// Writes a text as a JSON string.
pub(crate) fn json_string(text: &str) -> String {
    let mut json = "\"".to_owned();
    for char in text.chars() {
        match char {
            '"' | '\\' => json.extend(['\\', char]),
            char if u32::from(char) < 0x20 => {
                json.push_str(&format!("\\u{:04x}", u32::from(char)));
            }
            char => json.push(char),
        }
    }
    json.push('"');
    json
}
