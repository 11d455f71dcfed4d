//! Vendor fields that have no column of their own.

use crate::json;

/// A JSON object of scalars, written as it is filled.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Attributes {
    /// The members without the braces.
    members: String,
}

impl Attributes {
    /// Makes an empty one, which is null in the record.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            members: String::new(),
        }
    }

    /// Adds a text. A name must not be added twice.
    #[must_use]
    pub fn text(mut self, name: &str, text: &str) -> Self {
        self.put_name(name);
        json::push_string(&mut self.members, text);
        self
    }

    /// Adds a number; one that is not finite is left out, as JSON has none.
    #[must_use]
    pub fn number(mut self, name: &str, number: f64) -> Self {
        if number.is_finite() {
            self.put_name(name);
            self.members.push_str(&number.to_string());
        }
        self
    }

    /// Adds yes or no.
    #[must_use]
    pub fn flag(mut self, name: &str, flag: bool) -> Self {
        self.put_name(name);
        self.members.push_str(if flag { "true" } else { "false" });
        self
    }

    /// Adds a text if there is one.
    #[must_use]
    pub fn maybe_text(self, name: &str, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(name, text),
            None => self,
        }
    }

    /// Returns the object, or `None` when nothing was added.
    pub(super) fn json(&self) -> Option<String> {
        (!self.members.is_empty()).then(|| format!("{{{}}}", self.members))
    }

    fn put_name(&mut self, name: &str) {
        if !self.members.is_empty() {
            self.members.push(',');
        }
        json::push_string(&mut self.members, name);
        self.members.push(':');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_valid_json_in_their_order() {
        assert_eq!(Attributes::new().json(), None);
        let attributes = Attributes::new()
            .text("say", "a \"b\"\n")
            .number("n", 1.5)
            .number("nothing", f64::NAN)
            .flag("yes", true)
            .maybe_text("absent", None);
        let expected = r#"{"say":"a \"b\"\n","n":1.5,"yes":true}"#;
        assert_eq!(attributes.json().as_deref(), Some(expected));
    }
}
