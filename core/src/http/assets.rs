//! The stylesheet and the wall's script, served from the binary.

use std::fmt::Write as _;

use http::StatusCode;
use warp::reply::Response;

use crate::chart::Theme;
use crate::http::reply;
use crate::http::visit::{Fault, Visit};
use crate::picture::grid::{COLUMNS, ROWS_MAX};

const STYLE: &str = include_str!("../../assets/vocd.css");
const SCRIPT: &str = include_str!("../../assets/wall.js");

/// The files, with the colours of the pictures and the grid's places written into the style.
pub(super) struct Assets {
    style: String,
    hash: String,
}

impl Assets {
    /// Writes the stylesheet.
    pub(super) fn new() -> Self {
        let mut style = String::new();
        for theme in [Theme::Dark, Theme::Light, Theme::Contrast] {
            let name = theme_name(theme);
            // Writing to a String cannot fail.
            let _ = writeln!(style, ".theme-{name}{{{}}}", theme.css_variables());
        }
        style.push_str(STYLE);
        // A strict policy forbids inline styles, so places are classes.
        for n in 1..=ROWS_MAX {
            let _ = writeln!(
                style,
                ".r{n}{{grid-row-start:{n}}}.h{n}{{grid-row-end:span {n}}}"
            );
            let _ = writeln!(
                style,
                ".rows{n}{{grid-template-rows:repeat({n},minmax(0,1fr))}}"
            );
        }
        for n in 1..=COLUMNS {
            let _ = writeln!(
                style,
                ".c{n}{{grid-column-start:{n}}}.w{n}{{grid-column-end:span {n}}}"
            );
        }
        let hash = blake3::Hasher::new()
            .update(style.as_bytes())
            .update(SCRIPT.as_bytes())
            .finalize();
        Self {
            style,
            hash: hash.to_hex()[..16].to_owned(),
        }
    }

    /// Returns a text that changes when any file does.
    pub(super) fn hash(&self) -> &str {
        &self.hash
    }
}

/// Answers with a file.
pub(super) fn asset(visit: &Visit, name: String) -> Result<Response, Fault> {
    let assets = &visit.site.assets;
    let etag = format!("\"{}\"", assets.hash);
    let (media_type, body) = match name.as_str() {
        "vocd.css" => ("text/css; charset=utf-8", assets.style.clone()),
        "wall.js" => ("text/javascript; charset=utf-8", SCRIPT.to_owned()),
        _ => {
            return Err(Fault::new(
                StatusCode::NOT_FOUND,
                format!("there is no file `{name}`"),
            ));
        }
    };
    Ok(reply::validated(visit, &etag, || {
        reply::typed(StatusCode::OK, media_type, body)
    }))
}

/// Returns the theme's name in addresses and class names.
pub(super) fn theme_name(theme: Theme) -> &'static str {
    match theme {
        Theme::Dark => "dark",
        Theme::Light => "light",
        Theme::Contrast => "contrast",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_stays_under_10_kb_and_depends_on_nothing() {
        assert!(SCRIPT.len() < 10_000, "{} bytes", SCRIPT.len());
        for word in ["import ", "http://", "https://", "eval(", "innerHTML"] {
            assert!(!SCRIPT.contains(word), "{word}");
        }
    }
}
