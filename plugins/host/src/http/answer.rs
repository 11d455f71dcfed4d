//! What a server, or a cassette, answered.

use std::fmt;
use std::io::{Cursor, Read};

use url::Url;

/// Headers in order, names in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct HeaderList {
    pairs: Vec<(String, String)>,
}

impl HeaderList {
    pub(crate) fn push(&mut self, name: &str, value: String) {
        self.pairs.push((name.to_ascii_lowercase(), value));
    }

    #[cfg(test)]
    pub(crate) fn from_pairs(pairs: &[(&str, &str)]) -> Self {
        let mut headers = Self::default();
        for (name, value) in pairs {
            headers.push(name, (*value).to_owned());
        }
        headers
    }

    /// Returns the first value of a header, named in lower case.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.pairs.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.pairs
    }
}

/// An answer whose body is still to be read.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderList,
    /// Decoded.
    pub(crate) body: Box<dyn Read>,
}

impl Answer {
    /// An answer that is all there.
    pub(crate) fn whole(status: u16, headers: HeaderList, body: Vec<u8>) -> Self {
        Self {
            status,
            headers,
            body: Box::new(Cursor::new(body)),
        }
    }

    /// Returns where a redirect leads, or `None` when it is none.
    pub(crate) fn redirect(&self, from: &Url) -> Option<Url> {
        match self.status {
            301 | 302 | 303 | 307 | 308 => from.join(self.headers.get("location")?).ok(),
            _ => None,
        }
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Answer")
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
