//! SVG to PNG: resvg over the same font database, fast compression, alt text inside.

use std::io;
use std::sync::Arc;

use resvg::tiny_skia::{Color, Pixmap, Transform};
use usvg::fontdb;

use super::Style;

/// Key of the alt text in the PNG.
const ALT_KEYWORD: &str = "Description";

/// Why a picture could not become pixels; each is a fault of the drawing, not of its input.
#[derive(Debug, thiserror::Error)]
pub(super) enum RasterError {
    #[error("the drawing is not readable SVG")]
    Parse(#[from] usvg::Error),
    #[error("no memory for {width_px}×{height_px} pixels")]
    Pixels { width_px: u32, height_px: u32 },
    #[error("the pixels could not be packed")]
    Pack(#[from] png::EncodingError),
}

/// Returns the PNG of a drawing at the style's size times its scale.
pub(super) fn png(
    svg: &str,
    style: &Style,
    alt: &str,
    database: Arc<fontdb::Database>,
) -> Result<Vec<u8>, RasterError> {
    let tree = usvg::Tree::from_str(svg, &options(database))?;
    let (width_px, height_px) = (
        style.size.width_px * style.scale,
        style.size.height_px * style.scale,
    );
    let mut pixels = Pixmap::new(width_px, height_px).ok_or(RasterError::Pixels {
        width_px,
        height_px,
    })?;
    let paper = style.theme.palette().paper;
    pixels.fill(Color::from_rgba8(paper.0, paper.1, paper.2, 255));
    #[expect(clippy::cast_precision_loss, reason = "sizes are at most 7,680 px")]
    let fit = Transform::from_scale(
        width_px as f32 / tree.size().width(),
        height_px as f32 / tree.size().height(),
    );
    resvg::render(&tree, fit, &mut pixels.as_mut());
    Ok(pack(&pixels, alt)?)
}

/// Returns the same drawing with every text as outlines.
pub(super) fn outlines(svg: &str, database: Arc<fontdb::Database>) -> Result<String, RasterError> {
    let tree = usvg::Tree::from_str(svg, &options(database))?;
    let drawn = tree.to_string(&usvg::WriteOptions::default());
    // The writer drops what is not drawn; a picture without its words needs them most.
    let words = svg
        .find("<title")
        .zip(svg.find("<style"))
        .map_or("", |(start, end)| &svg[start..end]);
    let inside = drawn.find('>').map_or(0, |at| at + 1);
    let head =
        drawn[..inside].replacen("<svg", r#"<svg role="img" aria-labelledby="title desc""#, 1);
    Ok(format!("{head}\n{words}{}", &drawn[inside..]))
}

fn options(database: Arc<fontdb::Database>) -> usvg::Options<'static> {
    usvg::Options {
        fontdb: database,
        font_family: super::fonts::FAMILY.to_owned(),
        ..usvg::Options::default()
    }
}

/// The paper is opaque, so alpha says nothing and is left out.
fn pack(pixels: &Pixmap, alt: &str) -> Result<Vec<u8>, png::EncodingError> {
    let rgb: Vec<u8> = pixels
        .data()
        .chunks_exact(4)
        .flat_map(|pixel| [pixel[0], pixel[1], pixel[2]])
        .collect();
    let mut out = Vec::with_capacity(rgb.len() / 16);
    let mut encoder = png::Encoder::new(io::Cursor::new(&mut out), pixels.width(), pixels.height());
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    // Flat colours: the lightest real deflate without filters made a 1080p trend 159 kB in 4 ms,
    // the specialised fast mode 339 kB in the same time, the default 119 kB in 34 ms.
    encoder.set_deflate_compression(png::DeflateCompression::Level(1));
    encoder.set_filter(png::Filter::NoFilter);
    encoder.add_itxt_chunk(ALT_KEYWORD.to_owned(), alt.to_owned())?;
    let mut writer = encoder.write_header()?;
    writer.write_image_data(&rgb)?;
    writer.finish()?;
    Ok(out)
}
