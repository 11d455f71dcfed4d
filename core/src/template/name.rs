//! The name of a new plugin, and the forms it takes in files and code.

/// Longest name, in bytes: the library's file name and a source's name have to hold it.
const BYTES_MAX: usize = 30;
/// Words Rust keeps for itself; the name becomes a type's and a crate's.
const KEPT_WORDS: [&str; 4] = ["self", "crate", "super", "core"];

/// A name such as `zendesk` or `my-desk`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginName(String);

/// Why a text is no name of a plugin.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NameError {
    /// It has other letters, or is too long or empty.
    #[error("`{name}` cannot be the name of a plugin")]
    Letters {
        /// The text.
        name: String,
    },
    /// It means something else.
    #[error("`{name}` is a word that Rust keeps for itself")]
    Kept {
        /// The text.
        name: String,
    },
}

impl NameError {
    /// Returns what to do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Letters { .. } => {
                "use 1 to 30 of a-z, 0-9 and single `-`, beginning with a letter, such as my-desk"
            }
            Self::Kept { .. } => "name it after the vendor, such as zendesk",
        }
    }
}

impl PluginName {
    /// Checks a name.
    ///
    /// # Errors
    /// When it cannot name a library, a crate and a type.
    pub fn new(name: &str) -> Result<Self, NameError> {
        let is_known = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        let is_good = name.len() <= BYTES_MAX
            && name.starts_with(|first: char| first.is_ascii_lowercase())
            && name.bytes().all(is_known)
            && !name.ends_with('-')
            && !name.contains("--");
        let name = name.to_owned();
        if !is_good {
            return Err(NameError::Letters { name });
        }
        match KEPT_WORDS.contains(&name.as_str()) {
            true => Err(NameError::Kept { name }),
            false => Ok(Self(name)),
        }
    }

    /// Returns the name as it is written in a configuration.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the library's file name.
    #[must_use]
    pub fn library(&self) -> String {
        format!("libvocd_source_{}.so", self.0.replace('-', "_"))
    }

    /// Returns a text of the template with this name in place of `acme`.
    pub(super) fn put_into(&self, text: &str) -> String {
        let crate_name = format!("vocd_source_{}", self.0.replace('-', "_"));
        text.replace("vocd_source_acme", &crate_name)
            .replace("Acme", &self.type_name())
            .replace("acme", &self.0)
    }

    fn type_name(&self) -> String {
        let capitalised = |word: &str| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters).collect::<String>()
        };
        self.0.split('-').map(capitalised).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_takes_the_form_each_place_needs() {
        let name = PluginName::new("my-desk-2").expect("a good name");
        assert_eq!(name.library(), "libvocd_source_my_desk_2.so");
        assert_eq!(
            name.put_into("libvocd_source_acme.so Acme acme"),
            "libvocd_source_my_desk_2.so MyDesk2 my-desk-2"
        );
    }

    #[test]
    fn other_names_are_refused() {
        for name in [
            "",
            "Desk",
            "2desk",
            "a_b",
            "a--b",
            "a-",
            "../x",
            &"a".repeat(31),
        ] {
            let error = PluginName::new(name).expect_err(name);
            assert!(matches!(error, NameError::Letters { .. }));
        }
        assert!(matches!(
            PluginName::new("self"),
            Err(NameError::Kept { .. })
        ));
    }
}
