//! Stand-ins for neighbours that are still being built; removed when they are merged.

use std::str::FromStr;

use jiff::Timestamp;

use crate::chart::{ErrorCard, Figure, Language, Style, Theme};
use crate::kpi::{Answer, Grain, Kpi, Query, Range, Settings};
use crate::plan::Tally;

/// Stand-in.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct KpiError {
    /// Text.
    pub what: String,
    /// Status.
    pub code: u16,
}

impl KpiError {
    /// Stand-in.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.code
    }

    /// Stand-in.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        None
    }
}

macro_rules! from_str {
    ($name:ty) => {
        impl FromStr for $name {
            type Err = String;
            fn from_str(text: &str) -> Result<Self, String> {
                Err(format!("`{text}` is not landed"))
            }
        }
    };
}
from_str!(Range);
from_str!(Grain);
from_str!(Theme);
from_str!(Language);

/// Stand-in.
pub static REGISTRY: &[&Kpi] = &[];

/// Stand-in.
///
/// # Errors
/// Always.
pub fn find(_name: &str) -> Result<&'static Kpi, KpiError> {
    Err(KpiError {
        what: "not landed".to_owned(),
        code: 404,
    })
}

/// Stand-in.
///
/// # Errors
/// Always.
pub fn answer(_: &Query, _: &Settings, _: Timestamp, _: &dyn Tally) -> Result<Answer, KpiError> {
    Err(KpiError {
        what: "not landed".to_owned(),
        code: 503,
    })
}

/// Stand-in.
#[must_use]
pub fn json(_: &Answer) -> serde_json::Value {
    serde_json::Value::Null
}

/// Stand-in.
#[must_use]
pub fn csv(_: &Answer) -> String {
    String::new()
}

/// Stand-in.
#[must_use]
pub fn definition_json(_: &Kpi) -> serde_json::Value {
    serde_json::Value::Null
}

/// Stand-in.
#[derive(Debug)]
pub struct Painter;

impl Painter {
    /// Stand-in.
    #[must_use]
    pub fn paper(&self, _: Theme) -> [u8; 3] {
        [0, 0, 0]
    }
    /// Stand-in.
    #[must_use]
    pub fn svg(&self, figure: &Figure, _: &Style) -> String {
        format!("<svg>{}</svg>", figure.title)
    }
    /// Stand-in.
    #[must_use]
    pub fn png(&self, svg: &str, _: &Style, _: &str) -> Vec<u8> {
        svg.as_bytes().to_vec()
    }
    /// Stand-in.
    #[must_use]
    pub fn error_svg(&self, card: &ErrorCard, _: &Style) -> String {
        format!("<svg>{}</svg>", card.title)
    }
}

/// Stand-in.
#[must_use]
pub fn alt_text(figure: &Figure, _: Language) -> String {
    figure.title.clone()
}
