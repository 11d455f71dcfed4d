//! Answers picture requests: (dashboard, panel, overrides, look, format) → bytes, drawn once.
//!
//! The one way from a question to a picture, for the server and the terminal alike: question →
//! answer (cached until its data or its time is over) → figure → bytes (cached by what the figure
//! shows). Blocking; the server calls it through [`Studio`].

pub mod figure;
pub mod gallery;
pub mod grid;
mod lookout;
pub mod params;
pub mod source;
pub mod studio;

mod analyst;
mod briefing;
mod cache;
mod draw;
mod insight;
mod outcome;
mod pool;
mod question;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
pub mod wall;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;

pub use gallery::{Gallery, GalleryParts, Served};
pub use params::{Look, Overrides, ParamError, Params, Scope};
pub use source::{Rules, SourceRule};
pub use studio::Studio;

use crate::chart::Freshness;
use crate::dashboard::{Shelf, ShelvedDashboard};
use crate::kpi::KpiError;

/// Type of a picture's bytes; the ending of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Vector picture.
    Svg,
    /// Raster picture.
    Png,
    /// The answer as the API gives it.
    Json,
    /// The answer's points, one per line.
    Csv,
    /// The alt text: one or two plain sentences.
    Txt,
}

/// What is to be shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Subject {
    /// A panel of a dashboard; the first without a name.
    Panel {
        /// The dashboard's name.
        dashboard: String,
        /// The panel's id.
        panel: Option<String>,
    },
    /// One page of a dashboard as one raster picture.
    Wall {
        /// The dashboard's name.
        dashboard: String,
        /// The page, from 1.
        page: u8,
    },
    /// A KPI without a dashboard; text formats only.
    Kpi(
        /// Its name in the registry.
        String,
    ),
}

/// One request for a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct PictureRequest {
    /// What is to be shown.
    pub subject: Subject,
    /// What is asked differently from the file.
    pub overrides: Overrides,
    /// How it is drawn.
    pub look: Look,
    /// Type of the bytes.
    pub format: Format,
}

/// A finished picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Picture {
    /// The file.
    pub bytes: Bytes,
    /// Type of the bytes.
    pub format: Format,
    /// Hash of the bytes, in lower-case hex.
    pub hash: String,
    /// File name without ending, such as `executive-nps`.
    pub name: String,
    /// Latest event time it shows.
    pub newest: Option<Timestamp>,
    /// State of knowledge it shows.
    pub as_of: Timestamp,
    /// Whether it was asked for one state of knowledge and therefore cannot change soon.
    pub is_pinned: bool,
    /// Age of the data it shows.
    pub freshness: Freshness,
    /// What the figure shows, hashed; the same figure is not drawn twice.
    pub(crate) figure_hash: blake3::Hash,
}

/// Why there is no picture.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PictureError {
    /// The shelf has no such dashboard.
    #[error("no dashboard is named `{name}`")]
    UnknownDashboard {
        /// What was asked for.
        name: String,
        /// A name that may have been meant.
        nearest: Option<String>,
    },
    /// The dashboard has no such panel.
    #[error("dashboard `{dashboard}` has no panel `{panel}`")]
    UnknownPanel {
        /// The dashboard.
        dashboard: String,
        /// What was asked for.
        panel: String,
        /// An id that may have been meant.
        nearest: Option<String>,
    },
    /// The dashboard has no such page.
    #[error("dashboard `{dashboard}` has no page {page}")]
    UnknownPage {
        /// The dashboard.
        dashboard: String,
        /// What was asked for.
        page: u8,
    },
    /// The subject cannot be had in this format.
    #[error("{subject} cannot be had as `{format}`")]
    NoSuchFormat {
        /// `a wall` or `a KPI`.
        subject: &'static str,
        /// What was asked for.
        format: Format,
    },
    /// A parameter was refused.
    #[error(transparent)]
    Parameter(#[from] ParamError),
    /// The panels would be smaller than a picture can be.
    #[error("{width_px} × {height_px} px is too small for a wall of {rows} rows")]
    WallTooSmall {
        /// Asked width.
        width_px: u32,
        /// Asked height.
        height_px: u32,
        /// Rows of the page.
        rows: u8,
    },
    /// The question was refused, or the store could not answer.
    #[error(transparent)]
    Kpi(Arc<KpiError>),
    /// The render queue is full and there is no earlier picture.
    #[error("too many pictures are waiting to be drawn")]
    Busy,
    /// The drawing failed, which is a bug.
    #[error("the picture could not be drawn")]
    Broken,
}

/// Where dashboards come from.
pub trait Dashboards: Send + Sync {
    /// Returns the last good version of a dashboard.
    fn get(&self, name: &str) -> Option<Arc<ShelvedDashboard>>;

    /// Returns the names, in order.
    fn names(&self) -> Vec<String>;
}

impl Dashboards for Shelf {
    fn get(&self, name: &str) -> Option<Arc<ShelvedDashboard>> {
        Self::get(self, name)
    }

    fn names(&self) -> Vec<String> {
        Self::names(self)
    }
}

impl PictureError {
    /// Returns the HTTP status that says the same.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::UnknownDashboard { .. }
            | Self::UnknownPanel { .. }
            | Self::UnknownPage { .. }
            | Self::NoSuchFormat { .. } => 404,
            Self::Parameter(_) | Self::WallTooSmall { .. } => 400,
            Self::Kpi(error) => error.status(),
            Self::Busy => 503,
            Self::Broken => 500,
        }
    }

    /// Returns the label by which programs tell it apart, where there is one.
    #[must_use]
    pub fn reason(&self) -> Option<&'static str> {
        match self {
            Self::Kpi(error) => error.reason(),
            _ => None,
        }
    }

    /// Returns what the reader can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UnknownDashboard {
                nearest: Some(near),
                ..
            }
            | Self::UnknownPanel {
                nearest: Some(near),
                ..
            } => Some(format!("did you mean `{near}`?")),
            Self::UnknownDashboard { .. } => Some("the list of dashboards is at `/`".to_owned()),
            Self::UnknownPanel { dashboard, .. } => {
                Some(format!("its panels are on `/dashboards/{dashboard}`"))
            }
            Self::UnknownPage { .. } => Some("pages count from 1".to_owned()),
            Self::NoSuchFormat { .. } => {
                Some("a wall is `png`; a KPI is `json`, `csv` or `txt`".to_owned())
            }
            Self::Parameter(error) => error.hint.clone(),
            Self::WallTooSmall { .. } => Some("ask for a greater width or height".to_owned()),
            Self::Kpi(error) => error.hint(),
            Self::Busy => Some("try again in a few seconds".to_owned()),
            Self::Broken => Some("the log says more".to_owned()),
        }
    }
}

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Self; 5] = [Self::Svg, Self::Png, Self::Json, Self::Csv, Self::Txt];

    /// Returns the ending, without the dot.
    #[must_use]
    pub fn ending(self) -> &'static str {
        match self {
            Self::Svg => "svg",
            Self::Png => "png",
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Txt => "txt",
        }
    }

    /// Returns the media type.
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Svg => "image/svg+xml",
            Self::Png => "image/png",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Txt => "text/plain; charset=utf-8",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.ending())
    }
}

/// An ending that is no [`Format`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a format; write one of svg, png, json, csv, txt")]
pub struct UnknownFormat(pub String);

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(text: &str) -> Result<Self, UnknownFormat> {
        let found = Self::ALL.into_iter().find(|format| format.ending() == text);
        found.ok_or_else(|| UnknownFormat(text.to_owned()))
    }
}
