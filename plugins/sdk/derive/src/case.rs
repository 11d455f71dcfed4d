//! The names that serde's `rename_all` makes.

use syn::{LitStr, Result};

/// How names are written in the configuration.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Case {
    /// As in Rust.
    #[default]
    AsIs,
    /// `lowercase`
    Lower,
    /// `snake_case`
    Snake,
    /// `kebab-case`
    Kebab,
}

impl Case {
    pub(crate) fn parse(text: &LitStr) -> Result<Self> {
        match text.value().as_str() {
            "lowercase" => Ok(Self::Lower),
            "snake_case" => Ok(Self::Snake),
            "kebab-case" => Ok(Self::Kebab),
            other => Err(syn::Error::new(
                text.span(),
                format!("`{other}` is not one of lowercase, snake_case, kebab-case"),
            )),
        }
    }

    /// Writes the name of a field, which is in snake case.
    pub(crate) fn field(self, name: &str) -> String {
        match self {
            Self::Kebab => name.replace('_', "-"),
            Self::AsIs | Self::Lower | Self::Snake => name.to_owned(),
        }
    }

    /// Writes the name of a variant, which is in camel case.
    pub(crate) fn variant(self, name: &str) -> String {
        let separator = match self {
            Self::AsIs => return name.to_owned(),
            Self::Lower => return name.to_ascii_lowercase(),
            Self::Snake => '_',
            Self::Kebab => '-',
        };
        let mut written = String::new();
        for char in name.chars() {
            if char.is_ascii_uppercase() && !written.is_empty() {
                written.push(separator);
            }
            written.push(char.to_ascii_lowercase());
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_written_as_serde_writes_them() {
        assert_eq!(Case::Kebab.variant("OnHold"), "on-hold");
        assert_eq!(Case::Snake.variant("OnHold"), "on_hold");
        assert_eq!(Case::Lower.variant("OnHold"), "onhold");
        assert_eq!(Case::AsIs.variant("OnHold"), "OnHold");
        assert_eq!(Case::Kebab.field("api_key"), "api-key");
        assert_eq!(Case::Snake.field("api_key"), "api_key");
    }
}
