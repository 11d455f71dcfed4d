//! The embedded face cut down to the letters of one picture, as an `@font-face` rule.
//!
//! An SVG inside `<img>` cannot load a font, so it carries its own. The cutter writes fonts for
//! PDF, without a letter map; browsers need one, so the tables are written again with `cmap` and
//! `OS/2` added.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Mutex, OnceLock, PoisonError};

use base64::Engine as _;
use skrifa::{FontRef, MetadataProvider};
use subsetter::GlyphRemapper;

use super::fonts::{FAMILY, Weight};

/// Cuts kept; a wall of fixed panels uses about two per panel.
const CUTS_MAX: usize = 256;

/// Magic of fonts with TrueType outlines.
const TRUETYPE: u32 = 0x0001_0000;

/// What the sum of all words of a font must come to.
const CHECKSUM_MAGIC: u32 = 0xb1b0_afba;

type Cuts = Mutex<HashMap<(Weight, String), String>>;

/// Returns the rule for the letters, or nothing when there are none.
pub(super) fn face_rule(weight: Weight, letters: &BTreeSet<char>) -> String {
    static CUTS: OnceLock<Cuts> = OnceLock::new();
    if letters.is_empty() {
        return String::new();
    }
    let key = (weight, letters.iter().collect::<String>());
    let cuts = CUTS.get_or_init(Mutex::default);
    if let Some(rule) = cuts
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&key)
    {
        return rule.clone();
    }
    // Cut outside the lock: two pictures may do the same work once, none waits.
    let rule = cut(weight, letters).map_or_else(String::new, |font| {
        format!(
            "@font-face{{font-family:'{FAMILY}';font-weight:{};src:url(data:font/ttf;base64,{})}}",
            weight.css(),
            base64::engine::general_purpose::STANDARD.encode(font)
        )
    });
    let mut cuts = cuts.lock().unwrap_or_else(PoisonError::into_inner);
    if cuts.len() >= CUTS_MAX {
        cuts.clear();
    }
    cuts.insert(key, rule.clone());
    rule
}

/// Returns a font file with just these letters.
fn cut(weight: Weight, letters: &BTreeSet<char>) -> Option<Vec<u8>> {
    let bytes = weight.bytes();
    let charmap = FontRef::new(bytes).ok()?.charmap();
    let mut glyphs = GlyphRemapper::new();
    let mut map = BTreeMap::new();
    for &letter in letters {
        let Some(glyph) = charmap.map(letter) else {
            continue;
        };
        let glyph = u16::try_from(glyph.to_u32()).ok()?;
        // Letters beyond the basic plane are left to the reader's own fonts.
        if let Ok(code) = u16::try_from(u32::from(letter)) {
            map.insert(code, glyphs.remap(glyph));
        }
    }
    let small = subsetter::subset(bytes, 0, &glyphs).ok()?;
    let mut tables = tables(&small)?;
    tables.insert(*b"cmap", letter_map(&map));
    tables.insert(*b"OS/2", self::tables(bytes)?.remove(b"OS/2")?);
    Some(font_file(&tables))
}

type Tables = BTreeMap<[u8; 4], Vec<u8>>;

/// Returns the tables of a font file by tag.
fn tables(font: &[u8]) -> Option<Tables> {
    let word = |at: usize| -> Option<u32> {
        Some(u32::from_be_bytes(font.get(at..at + 4)?.try_into().ok()?))
    };
    let n_tables = u16::from_be_bytes(font.get(4..6)?.try_into().ok()?);
    let mut found = Tables::new();
    for idx in 0..usize::from(n_tables) {
        let record = 12 + idx * 16;
        let tag: [u8; 4] = font.get(record..record + 4)?.try_into().ok()?;
        let start = usize::try_from(word(record + 8)?).ok()?;
        let length = usize::try_from(word(record + 12)?).ok()?;
        found.insert(tag, font.get(start..start.checked_add(length)?)?.to_vec());
    }
    Some(found)
}

/// Returns a `cmap` table of format 4: one segment per run of neighbouring letters.
fn letter_map(map: &BTreeMap<u16, u16>) -> Vec<u8> {
    let mut segments: Vec<(u16, u16, u16)> = Vec::new();
    for (&code, &glyph) in map {
        match segments.last_mut() {
            Some((first, last, start))
                if last.checked_add(1) == Some(code) && *start + (code - *first) == glyph =>
            {
                *last = code;
            }
            _ => segments.push((code, code, glyph)),
        }
    }
    segments.push((0xffff, 0xffff, 0));
    let n_segments = u16::try_from(segments.len()).unwrap_or(u16::MAX);
    let length = 16 + 8 * n_segments;
    let power = n_segments.ilog2();
    let search = 2 * (1 << power);
    let mut out = Vec::new();
    let mut push = |value: u16| out.extend(value.to_be_bytes());
    // Version, one subtable: Windows, Unicode BMP, at byte 12.
    [0, 1, 3, 1, 0, 12].into_iter().for_each(&mut push);
    let entry_selector = u16::try_from(power).unwrap_or(0);
    [4, length, 0, n_segments * 2, search, entry_selector]
        .into_iter()
        .for_each(&mut push);
    push(n_segments * 2 - search);
    segments.iter().for_each(|segment| push(segment.1));
    push(0);
    segments.iter().for_each(|segment| push(segment.0));
    // The last segment ends the table: 0xffff plus 1 wraps to the missing glyph.
    segments.iter().for_each(|&(first, _, glyph)| {
        push(if first == 0xffff {
            1
        } else {
            glyph.wrapping_sub(first)
        })
    });
    segments.iter().for_each(|_| push(0));
    out
}

/// Writes a font file: directory, padded tables, checksums.
fn font_file(tables: &Tables) -> Vec<u8> {
    let n_tables = u16::try_from(tables.len()).unwrap_or(u16::MAX);
    let power = n_tables.ilog2();
    let search = 16 * (1 << power);
    let mut out = Vec::new();
    out.extend(TRUETYPE.to_be_bytes());
    for value in [
        n_tables,
        search,
        u16::try_from(power).unwrap_or(0),
        n_tables * 16 - search,
    ] {
        out.extend(value.to_be_bytes());
    }
    let mut at = 12 + 16 * tables.len();
    let mut head = None;
    let mut body = Vec::new();
    for (tag, bytes) in tables {
        let mut padded = bytes.clone();
        if tag == b"head" {
            padded[8..12].fill(0);
            head = Some(at);
        }
        padded.resize(padded.len().next_multiple_of(4), 0);
        out.extend(tag);
        for value in [checksum(&padded), be(at), be(bytes.len())] {
            out.extend(value.to_be_bytes());
        }
        at += padded.len();
        body.extend(padded);
    }
    out.extend(body);
    if let Some(head) = head {
        let adjustment = CHECKSUM_MAGIC.wrapping_sub(checksum(&out));
        out[head + 8..head + 12].copy_from_slice(&adjustment.to_be_bytes());
    }
    out
}

fn be(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

fn checksum(bytes: &[u8]) -> u32 {
    bytes
        .chunks_exact(4)
        .map(|word| u32::from_be_bytes([word[0], word[1], word[2], word[3]]))
        .fold(0, u32::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_font_still_maps_its_letters_and_keeps_their_widths() {
        let letters: BTreeSet<char> = "Net Promoter 0123456789−…ä".chars().collect();
        for weight in [Weight::Regular, Weight::Bold] {
            let bytes = cut(weight, &letters).expect("the embedded face can be cut");
            let (small, whole) = (
                FontRef::new(&bytes).expect("a font"),
                FontRef::new(weight.bytes()).expect("a font"),
            );
            let width = |font: &FontRef<'_>, letter| {
                let glyph = font.charmap().map(letter)?;
                font.glyph_metrics(
                    skrifa::instance::Size::unscaled(),
                    skrifa::instance::LocationRef::default(),
                )
                .advance_width(glyph)
            };
            for &letter in &letters {
                assert_eq!(width(&small, letter), width(&whole, letter), "{letter:?}");
                assert!(width(&small, letter).is_some(), "{letter:?}");
            }
            assert_eq!(small.charmap().map('Q'), None);
            assert_eq!(checksum(&bytes), CHECKSUM_MAGIC);
        }
    }
}
