//! A whole page of panels as one raster picture, for frames and screens that run no page.

use std::io::Cursor;

use bytes::Bytes;
use jiff::Timestamp;

use crate::chart::{Freshness, Size};
use crate::dashboard::ShelvedDashboard;
use crate::picture::gallery::Gallery;
use crate::picture::grid::{Grid, Rect};
use crate::picture::params::{HEIGHT_PX, WIDTH_PX};
use crate::picture::{Format, Picture, PictureError, PictureRequest, Served, Subject};

/// Size of a wall whose address names none.
pub const WALL_SIZE_DEFAULT: Size = Size {
    width_px: 1920,
    height_px: 1080,
};

/// Panels of a wall with their places, in order.
pub(super) type Placed = (
    std::sync::Arc<ShelvedDashboard>,
    Vec<(Rect, PictureRequest)>,
);

impl Gallery {
    /// Returns the panels of a page and the requests that draw them.
    pub(super) fn wall_panels(
        &self,
        request: &PictureRequest,
        dashboard: &str,
        page: u8,
    ) -> Result<Placed, PictureError> {
        if request.format != Format::Png {
            let format = request.format;
            return Err(PictureError::NoSuchFormat {
                subject: "a wall",
                format,
            });
        }
        let shelved = self.dashboard(dashboard)?;
        let panels: Vec<_> = shelved
            .dashboard
            .panels
            .iter()
            .filter(|panel| panel.page == page)
            .collect();
        if panels.is_empty() {
            return Err(PictureError::UnknownPage {
                dashboard: dashboard.to_owned(),
                page,
            });
        }
        let size = request.look.size.unwrap_or(WALL_SIZE_DEFAULT);
        let grid = Grid::pack(&panels);
        let mut placed = Vec::with_capacity(grid.cells.len());
        for cell in &grid.cells {
            let rect = grid.rect(cell, size);
            if !WIDTH_PX.contains(&rect.size.width_px) || !HEIGHT_PX.contains(&rect.size.height_px)
            {
                let Size {
                    width_px,
                    height_px,
                } = size;
                return Err(PictureError::WallTooSmall {
                    width_px,
                    height_px,
                    rows: grid.rows,
                });
            }
            let mut panel = request.clone();
            panel.look.size = Some(rect.size);
            panel.subject = Subject::Panel {
                dashboard: dashboard.to_owned(),
                panel: Some(panels[cell.panel_idx].id.clone()),
            };
            placed.push((rect, panel));
        }
        Ok((shelved, placed))
    }

    /// Draws every panel and puts them together.
    pub(super) fn draw_wall(
        &self,
        request: &PictureRequest,
        dashboard: &str,
        page: u8,
    ) -> Result<(Picture, Option<Timestamp>), PictureError> {
        let (shelved, placed) = self.wall_panels(request, dashboard, page)?;
        let theme = request.look.theme.unwrap_or(shelved.dashboard.theme);
        let scale = request.look.scale.max(1);
        let size = request.look.size.unwrap_or(WALL_SIZE_DEFAULT);
        let size = Size {
            width_px: size.width_px * scale,
            height_px: size.height_px * scale,
        };
        let paper = theme.palette().paper;
        let mut canvas = Canvas::new(size, [paper.0, paper.1, paper.2]);
        let mut hasher = blake3::Hasher::new();
        let mut panels: Vec<Served> = Vec::new();
        for (rect, panel) in &placed {
            let served = self.draw(panel)?;
            canvas.place(&served.picture.bytes, rect.x_px * scale, rect.y_px * scale)?;
            hasher.update(served.picture.figure_hash.as_bytes());
            panels.push(served);
        }
        let pictures = || panels.iter().map(|served| &served.picture);
        let bytes = canvas.png()?;
        let picture = Picture {
            hash: blake3::hash(&bytes).to_hex().to_string(),
            bytes,
            format: Format::Png,
            name: format!("{dashboard}-{page}"),
            newest: pictures().filter_map(|picture| picture.newest).max(),
            as_of: pictures()
                .map(|picture| picture.as_of)
                .min()
                .unwrap_or_else(|| self.now()),
            is_pinned: request.overrides.as_of.is_some(),
            freshness: pictures()
                .map(|picture| &picture.freshness)
                .find(|freshness| **freshness != Freshness::Fresh)
                .cloned()
                .unwrap_or(Freshness::Fresh),
            figure_hash: hasher.finalize(),
        };
        Ok((
            picture,
            panels.iter().filter_map(|served| served.kept_since).min(),
        ))
    }
}

/// Pixels of a wall, RGB, rows from the top.
struct Canvas {
    size: Size,
    pixels: Vec<u8>,
}

const PIXEL_BYTES: usize = 3;

impl Canvas {
    fn new(size: Size, paper: [u8; PIXEL_BYTES]) -> Self {
        let n_pixels = size.width_px as usize * size.height_px as usize;
        Self {
            size,
            pixels: paper.repeat(n_pixels),
        }
    }

    fn place(&mut self, file: &Bytes, x_px: u32, y_px: u32) -> Result<(), PictureError> {
        let mut decoder = png::Decoder::new(Cursor::new(file));
        decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::ALPHA);
        let mut reader = decoder.read_info().map_err(broken)?;
        let mut panel = vec![0; reader.output_buffer_size().ok_or(PictureError::Broken)?];
        let frame = reader.next_frame(&mut panel).map_err(broken)?;
        let step = frame.color_type.samples();
        let wall_width = self.size.width_px as usize;
        let n_columns = (frame.width as usize).min(wall_width.saturating_sub(x_px as usize));
        let n_rows = frame.height.min(self.size.height_px.saturating_sub(y_px)) as usize;
        for (row, line) in panel.chunks_exact(frame.line_size).take(n_rows).enumerate() {
            let start = ((y_px as usize + row) * wall_width + x_px as usize) * PIXEL_BYTES;
            let target = &mut self.pixels[start..start + n_columns * PIXEL_BYTES];
            for (to, from) in target
                .chunks_exact_mut(PIXEL_BYTES)
                .zip(line.chunks_exact(step))
            {
                // Panels are opaque; a fourth sample is always full.
                to.copy_from_slice(&from[..PIXEL_BYTES]);
            }
        }
        Ok(())
    }

    fn png(&self) -> Result<Bytes, PictureError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.size.width_px, self.size.height_px);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_compression(png::Compression::Fast);
        let mut writer = encoder.write_header().map_err(broken)?;
        writer.write_image_data(&self.pixels).map_err(broken)?;
        writer.finish().map_err(broken)?;
        Ok(file.into())
    }
}

fn broken(error: impl std::error::Error) -> PictureError {
    tracing::error!(error = %error, "a wall's panels could not be put together");
    PictureError::Broken
}
