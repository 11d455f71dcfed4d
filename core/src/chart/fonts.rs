//! The font database and the one shaper that every text width comes from.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use harfrust::{Feature, FontRef, ShapeOptions, ShaperData, Tag, UnicodeBuffer};
use skrifa::MetadataProvider;
use usvg::fontdb;

/// Family of the embedded faces; also the family that pictures name.
pub(super) const FAMILY: &str = "Noto Sans";

/// Characters remembered with the face that draws them; a wall uses a few hundred.
const FALLBACKS_MAX: usize = 4096;

/// Advance of a character that no face has, in em: the width of an empty box.
const NO_GLYPH_EM: f64 = 0.6;

/// The two weights of every picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Weight {
    Regular,
    Bold,
}

impl Weight {
    /// Returns the CSS number.
    pub(super) fn css(self) -> u16 {
        match self {
            Self::Regular => 400,
            Self::Bold => 700,
        }
    }

    /// Returns the embedded face.
    pub(super) fn bytes(self) -> &'static [u8] {
        match self {
            Self::Regular => notosans::REGULAR_TTF,
            Self::Bold => notosans::BOLD_TTF,
        }
    }
}

/// An embedded face ready to shape.
struct Face {
    font: FontRef<'static>,
    shaper: ShaperData,
    units_per_em: f64,
}

impl Face {
    fn new(weight: Weight) -> Self {
        let font = FontRef::new(weight.bytes()).expect("the embedded face parses");
        let shaper = ShaperData::new(&font);
        let units_per_em = f64::from(units_per_em(&font));
        Self {
            font,
            shaper,
            units_per_em,
        }
    }

    fn has(&self, letter: char) -> bool {
        self.font.charmap().map(letter).is_some()
    }
}

/// Embedded faces first, then the operator's folders, then the system's.
pub(super) struct Fonts {
    database: Arc<fontdb::Database>,
    regular: Face,
    bold: Face,
    fallbacks: Mutex<HashMap<char, Option<fontdb::ID>>>,
}

impl Fonts {
    /// Loads the embedded faces only: the same pictures on every machine.
    pub(super) fn embedded() -> Self {
        Self::with(fontdb::Database::new())
    }

    /// Adds the faces of `dirs` and of the system for scripts that the embedded ones lack.
    pub(super) fn with_dirs(dirs: &[PathBuf]) -> Self {
        let mut more = fontdb::Database::new();
        for dir in dirs {
            more.load_fonts_dir(dir);
        }
        more.load_system_fonts();
        Self::with(more)
    }

    fn with(more: fontdb::Database) -> Self {
        // The embedded faces go first: the first of equal matches wins.
        let mut database = fontdb::Database::new();
        for weight in [Weight::Regular, Weight::Bold] {
            database.load_font_source(fontdb::Source::Binary(Arc::new(weight.bytes())));
        }
        database.set_serif_family(FAMILY);
        database.set_sans_serif_family(FAMILY);
        for face in more.faces() {
            database.push_face_info(face.clone());
        }
        Self {
            database: Arc::new(database),
            regular: Face::new(Weight::Regular),
            bold: Face::new(Weight::Bold),
            fallbacks: Mutex::default(),
        }
    }

    /// Returns the database that pictures are rasterised with.
    pub(super) fn database(&self) -> Arc<fontdb::Database> {
        Arc::clone(&self.database)
    }

    /// Returns the width of a text in em: multiply by the font size.
    pub(super) fn width_em(&self, text: &str, weight: Weight) -> f64 {
        let face = self.face(weight);
        let mut width = 0.0;
        for (run, is_covered) in runs(text, |letter| face.has(letter)) {
            width += if is_covered {
                advance(&face.font, &face.shaper, run) / face.units_per_em
            } else {
                self.fallback_width_em(run)
            };
        }
        width
    }

    fn face(&self, weight: Weight) -> &Face {
        match weight {
            Weight::Regular => &self.regular,
            Weight::Bold => &self.bold,
        }
    }

    fn fallback_width_em(&self, text: &str) -> f64 {
        let Some(first) = text.chars().next() else {
            return 0.0;
        };
        let shaped = self.fallback(first).and_then(|id| {
            self.database.with_face_data(id, |bytes, index| {
                let font = FontRef::from_index(bytes, index).ok()?;
                let shaper = ShaperData::new(&font);
                Some(advance(&font, &shaper, text) / f64::from(units_per_em(&font)))
            })?
        });
        #[expect(
            clippy::cast_precision_loss,
            reason = "a label is far shorter than 2^52 letters"
        )]
        let boxes = text.chars().count() as f64 * NO_GLYPH_EM;
        shaped.unwrap_or(boxes)
    }

    /// Returns the first face that has the letter, in the order that the rasteriser tries them.
    fn fallback(&self, letter: char) -> Option<fontdb::ID> {
        let mut known = self
            .fallbacks
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = known.get(&letter) {
            return *found;
        }
        let found = self.database.faces().find_map(|face| {
            let has = self.database.with_face_data(face.id, |bytes, index| {
                FontRef::from_index(bytes, index)
                    .is_ok_and(|font| font.charmap().map(letter).is_some())
            })?;
            has.then_some(face.id)
        });
        if known.len() >= FALLBACKS_MAX {
            known.clear();
        }
        known.insert(letter, found);
        found
    }
}

fn units_per_em(font: &FontRef<'_>) -> u16 {
    use skrifa::raw::TableProvider;
    font.head()
        .map_or(1000, |head| head.units_per_em().clamp(16, 16_384))
}

/// Returns the advance of a run in font units, without kerning: the subset in a picture has none.
fn advance(font: &FontRef<'_>, data: &ShaperData, text: &str) -> f64 {
    let mut buffer = UnicodeBuffer::new();
    buffer.push_str(text);
    buffer.guess_segment_properties();
    let no_kerning = [Feature::new(Tag::new(b"kern"), 0, ..)];
    let shaper = data.shaper(font).build();
    let output = shaper.shape(buffer, ShapeOptions::new().features(&no_kerning));
    let units: i64 = output
        .glyph_positions()
        .iter()
        .map(|glyph| i64::from(glyph.x_advance))
        .sum();
    #[expect(
        clippy::cast_precision_loss,
        reason = "widths are far below 2^52 units"
    )]
    let units = units as f64;
    units
}

/// Splits a text into the longest runs of letters that the face has and has not.
fn runs(text: &str, has: impl Fn(char) -> bool) -> Vec<(&str, bool)> {
    let mut found = Vec::new();
    let mut start = 0;
    let mut current = None;
    for (at, letter) in text.char_indices() {
        let is_covered = has(letter);
        if let Some(before) = current
            && before != is_covered
        {
            found.push((&text[start..at], before));
            start = at;
        }
        current = Some(is_covered);
    }
    if let Some(last) = current {
        found.push((&text[start..], last));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_tabular() {
        let fonts = Fonts::embedded();
        for weight in [Weight::Regular, Weight::Bold] {
            let widths: Vec<f64> = "0123456789"
                .chars()
                .map(|digit| fonts.width_em(&digit.to_string(), weight))
                .collect();
            assert!(widths.iter().all(|width| *width == widths[0]), "{widths:?}");
        }
    }

    #[test]
    fn the_embedded_faces_have_every_sign_that_pictures_use() {
        let fonts = Fonts::embedded();
        for letter in "0123456789%−–—·…:,.()\u{2009}\u{202f}\u{a0}äöüßéèñ¿“”„’≥<≤".chars()
        {
            for weight in [Weight::Regular, Weight::Bold] {
                assert!(fonts.face(weight).has(letter), "{letter:?}");
            }
        }
    }

    #[test]
    fn a_letter_without_a_face_still_has_a_width() {
        let fonts = Fonts::embedded();
        assert_eq!(fonts.width_em("顧客", Weight::Regular), 2.0 * NO_GLYPH_EM);
    }

    #[test]
    fn runs_cover_the_whole_text_in_order() {
        let split = runs("ab漢字c", |letter| letter.is_ascii());
        assert_eq!(split, [("ab", true), ("漢字", false), ("c", true)]);
    }
}
