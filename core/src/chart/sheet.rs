//! One picture being drawn: places text by shaped widths, collects shapes, writes the SVG.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::fonts::{FAMILY, Fonts, Weight};
use super::theme::Rgb;
use super::{Size, TextMode, webfont};

/// Steps per pixel: positions are whole sixteenths, so the bytes of a picture are stable.
pub(super) const STEPS_PER_PX: f64 = 16.0;

/// Ascent of letters with accents, in em; what a line of text may not share with its neighbour.
const ASCENT_EM: f64 = 0.93;

/// Descent of letters, in em.
const DESCENT_EM: f64 = 0.25;

/// Height of capitals and digits, in em.
pub(super) const CAP_EM: f64 = 0.714;

/// A rectangle in pixels, y downwards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Rect {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Rect {
    pub(super) fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) fn height(&self) -> f64 {
        self.bottom - self.top
    }

    pub(super) fn meets(&self, other: &Self) -> bool {
        self.left < other.right
            && other.left < self.right
            && self.top < other.bottom
            && other.top < self.bottom
    }
}

/// How a piece of text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Type {
    pub(super) size_px: f64,
    pub(super) weight: Weight,
    pub(super) colour: Rgb,
}

impl Type {
    pub(super) fn new(size_px: f64, weight: Weight, colour: Rgb) -> Self {
        // Snapped so that the width that is measured is the width that is drawn.
        let size_px = (size_px * STEPS_PER_PX).round().max(1.0) / STEPS_PER_PX;
        Self {
            size_px,
            weight,
            colour,
        }
    }

    pub(super) fn coloured(self, colour: Rgb) -> Self {
        Self { colour, ..self }
    }

    pub(super) fn cap_px(&self) -> f64 {
        self.size_px * CAP_EM
    }
}

/// Which part of a text stands at its x.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Start,
    Middle,
    End,
}

/// A drawn text and the room it takes, for the geometric tests.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TextBox {
    pub(super) text: String,
    pub(super) room: Rect,
}

/// The picture so far.
pub(super) struct Sheet<'a> {
    fonts: &'a Fonts,
    size: Size,
    body: String,
    hatches: BTreeSet<(Rgb, u32)>,
    letters: [BTreeSet<char>; 2],
    boxes: Vec<TextBox>,
}

impl<'a> Sheet<'a> {
    /// Starts a picture with its background.
    pub(super) fn new(fonts: &'a Fonts, size: Size, paper: Rgb) -> Self {
        let mut sheet = Self {
            fonts,
            size,
            body: String::with_capacity(16 * 1024),
            hatches: BTreeSet::new(),
            letters: [BTreeSet::new(), BTreeSet::new()],
            boxes: Vec::new(),
        };
        sheet.rect(sheet.bounds(), paper, 0.0);
        sheet
    }

    /// Returns the whole picture.
    pub(super) fn bounds(&self) -> Rect {
        Rect {
            left: 0.0,
            top: 0.0,
            right: f64::from(self.size.width_px),
            bottom: f64::from(self.size.height_px),
        }
    }

    #[cfg(test)]
    pub(super) fn boxes(&self) -> &[TextBox] {
        &self.boxes
    }

    /// Returns the width of a text in pixels.
    pub(super) fn width(&self, text: &str, look: &Type) -> f64 {
        self.fonts.width_em(text, look.weight) * look.size_px
    }

    /// Writes a text on a baseline and returns its width.
    pub(super) fn text(&mut self, text: &str, at: (f64, f64), look: &Type, align: Align) -> f64 {
        let text = clean(text);
        if text.is_empty() {
            return 0.0;
        }
        let width = self.width(&text, look);
        let left = match align {
            Align::Start => at.0,
            Align::Middle => at.0 - width / 2.0,
            Align::End => at.0 - width,
        };
        let known = &mut self.letters[usize::from(look.weight == Weight::Bold)];
        known.extend(text.chars());
        let _ = write!(
            self.body,
            r#"<text x="{}" y="{}" font-size="{}""#,
            steps(left),
            steps(at.1),
            steps(look.size_px)
        );
        if look.weight == Weight::Bold {
            let _ = write!(self.body, r#" font-weight="{}""#, look.weight.css());
        }
        if text.chars().nth(1).is_some() {
            let _ = write!(self.body, r#" textLength="{}""#, steps(width));
        }
        let _ = writeln!(
            self.body,
            r#" fill="{}">{}</text>"#,
            look.colour,
            escape(&text)
        );
        self.boxes.push(TextBox {
            room: Rect {
                left,
                right: left + width,
                top: at.1 - look.size_px * ascent_em(&text),
                bottom: at.1 + look.size_px * descent_em(&text),
            },
            text,
        });
        width
    }

    /// Returns the text, cut with an ellipsis if it is wider than `width_px`; may be empty.
    pub(super) fn fit(&self, text: &str, look: &Type, width_px: f64) -> String {
        let text = clean(text);
        if self.width(&text, look) <= width_px {
            return text;
        }
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        let cut = |n: usize| format!("{}…", text[..ends[n]].trim_end());
        // The widest prefix that fits: prefixes grow with their length.
        let n = ends.partition_point(|&end| {
            let prefix = format!("{}…", text[..end].trim_end());
            self.width(&prefix, look) <= width_px
        });
        match n {
            // A single letter and an ellipsis say nothing.
            0..=2 => String::new(),
            _ => cut(n - 1),
        }
    }

    /// Breaks a text at spaces into at most `lines_max` lines, the last cut with an ellipsis.
    pub(super) fn wrap(
        &self,
        text: &str,
        look: &Type,
        width_px: f64,
        lines_max: usize,
    ) -> Vec<String> {
        let text = clean(text);
        let mut lines = Vec::new();
        let mut rest = text.as_str();
        while !rest.is_empty() && lines.len() < lines_max {
            let is_last = lines.len() + 1 == lines_max;
            if is_last || self.width(rest, look) <= width_px {
                lines.push(self.fit(rest, look, width_px));
                break;
            }
            let end = rest
                .match_indices(' ')
                .map(|(at, _)| at)
                .take_while(|&at| self.width(&rest[..at], look) <= width_px)
                .last();
            let Some(end) = end else {
                lines.push(self.fit(rest, look, width_px));
                break;
            };
            lines.push(rest[..end].to_owned());
            rest = rest[end..].trim_start();
        }
        lines.retain(|line| !line.is_empty());
        lines
    }

    /// Fills a rectangle; `radius_px` rounds its corners.
    pub(super) fn rect(&mut self, room: Rect, fill: Rgb, radius_px: f64) {
        let _ = write!(
            self.body,
            r#"<rect x="{}" y="{}" width="{}" height="{}""#,
            steps(room.left),
            steps(room.top),
            steps(room.right) - steps(room.left),
            steps(room.bottom) - steps(room.top),
        );
        if radius_px > 0.0 {
            let _ = write!(self.body, r#" rx="{}""#, steps(radius_px));
        }
        let _ = writeln!(self.body, r#" fill="{fill}"/>"#);
    }

    /// Fills a polygon.
    pub(super) fn polygon(&mut self, corners: &[(f64, f64)], fill: Rgb) {
        let mut path = String::new();
        for (x, y) in corners {
            let verb = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{verb}{} {}", steps(*x), steps(*y));
        }
        let _ = writeln!(self.body, r#"<path d="{path}Z" fill="{fill}"/>"#);
    }

    /// Draws a line through points.
    pub(super) fn stroke(&mut self, points: &[(f64, f64)], colour: Rgb, width_px: f64) {
        let mut path = String::new();
        for (x, y) in points {
            let verb = if path.is_empty() { 'M' } else { 'L' };
            let _ = write!(path, "{verb}{} {}", steps(*x), steps(*y));
        }
        let width = steps(width_px).max(1);
        let _ = writeln!(
            self.body,
            r#"<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>"#
        );
    }

    /// Adds a finished SVG element.
    pub(super) fn push(&mut self, element: &str) {
        self.body.push_str(element);
        self.body.push('\n');
    }

    /// Returns the paint of diagonal lines, one every `pitch_px`.
    pub(super) fn hatch(&mut self, colour: Rgb, pitch_px: f64) -> String {
        let pitch = u32::try_from(steps(pitch_px).max(16)).unwrap_or(16);
        self.hatches.insert((colour, pitch));
        format!("url(#{})", hatch_id(colour, pitch))
    }

    /// Writes the document. `scale` multiplies the pixel size, not the drawing.
    pub(super) fn finish(self, scale: u32, mode: TextMode, title: &str, alt: &str) -> String {
        let Size {
            width_px,
            height_px,
        } = self.size;
        let mut out = String::with_capacity(self.body.len() + 24 * 1024);
        let _ = writeln!(
            out,
            concat!(
                r#"<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" "#,
                r#"viewBox="0 0 {} {}" role="img" aria-labelledby="title desc">"#
            ),
            width_px * scale,
            height_px * scale,
            steps(f64::from(width_px)),
            steps(f64::from(height_px)),
        );
        let _ = writeln!(
            out,
            r#"<title id="title">{}</title>"#,
            escape(&clean(title))
        );
        let _ = writeln!(out, r#"<desc id="desc">{}</desc>"#, escape(&clean(alt)));
        let _ = write!(
            out,
            "<style>text{{font-kerning:none;font-variant-numeric:tabular-nums}}"
        );
        if mode == TextMode::Font {
            for (weight, letters) in [Weight::Regular, Weight::Bold].iter().zip(&self.letters) {
                out.push_str(&webfont::face_rule(*weight, letters));
            }
        }
        out.push_str("</style>\n");
        out.push_str(&self.defs());
        let _ = writeln!(
            out,
            r#"<g font-family="'{FAMILY}',sans-serif" font-kerning="none" stroke-linejoin="round" stroke-linecap="round">"#
        );
        out.push_str(&self.body);
        out.push_str("</g>\n</svg>\n");
        out
    }

    fn defs(&self) -> String {
        if self.hatches.is_empty() {
            return String::new();
        }
        let mut out = String::from("<defs>");
        for &(colour, pitch) in &self.hatches {
            let _ = write!(
                out,
                concat!(
                    r#"<pattern id="{}" width="{pitch}" height="{pitch}" "#,
                    r#"patternUnits="userSpaceOnUse" patternTransform="rotate(45)">"#,
                    r#"<rect width="{line}" height="{pitch}" fill="{colour}"/></pattern>"#
                ),
                hatch_id(colour, pitch),
                pitch = pitch,
                line = (pitch / 3).max(4),
                colour = colour,
            );
        }
        out.push_str("</defs>\n");
        out
    }
}

fn hatch_id(colour: Rgb, pitch: u32) -> String {
    format!(
        "hatch-{:02x}{:02x}{:02x}-{pitch}",
        colour.0, colour.1, colour.2
    )
}

/// Returns whole sixteenths of a pixel.
pub(super) fn steps(px: f64) -> i32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "pictures are at most 7,680 px wide; the cast saturates"
    )]
    let steps = (px * STEPS_PER_PX).round() as i32;
    steps
}

/// Digits and signs have no accents above and only a comma's tail below.
fn is_plain_number(text: &str) -> bool {
    text.chars()
        .all(|letter| letter.is_ascii_digit() || is_sign(letter))
}

fn is_sign(letter: char) -> bool {
    "−–.,%\u{2009}\u{202f}\u{a0}".contains(letter)
}

fn ascent_em(text: &str) -> f64 {
    let is_unaccented = |letter: char| letter.is_ascii() || is_sign(letter);
    match text {
        _ if is_plain_number(text) => 0.74,
        _ if text.chars().all(is_unaccented) => 0.78,
        _ => ASCENT_EM,
    }
}

/// Returns how far a text reaches below its baseline, in em.
pub(super) fn descent_em(text: &str) -> f64 {
    if is_plain_number(text) {
        0.15
    } else {
        DESCENT_EM
    }
}

/// Drops what XML forbids and what could reorder the text around it; runs of space become one.
pub(super) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_quoted = false;
    for letter in text.chars() {
        let letter = match letter {
            '\t' | '\n' | '\r' | ' ' => ' ',
            // Messages name things in backticks, which the embedded face draws as accents.
            '`' => {
                is_quoted = !is_quoted;
                if is_quoted { '“' } else { '”' }
            }
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => continue,
            '\u{feff}' | '\u{fffe}' | '\u{ffff}' => continue,
            _ if letter.is_control() => continue,
            _ => letter,
        };
        if letter != ' ' || !(out.is_empty() || out.ends_with(' ')) {
            out.push(letter);
        }
    }
    out.truncate(out.trim_end_matches(' ').len());
    out
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            _ => out.push(letter),
        }
    }
    out
}
