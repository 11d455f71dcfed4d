//! The backend that plotters draws through: shapes in sixteenths of a pixel onto the sheet.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::element::{Drawable, PointCollection};
use plotters::prelude::{Cartesian2d, DrawingArea, IntoDrawingArea};
use plotters::style::{RGBAColor, ShapeStyle};
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, DrawingBackend, DrawingErrorKind,
};

use super::sheet::{Rect, Sheet, steps};
use super::theme::Rgb;

/// How the next shape is inked.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ink {
    /// Plain lines and fills.
    Solid,
    /// Lines broken every so many pixels.
    Dashed(f64),
    /// Fills with a paint of the sheet.
    Paint(String),
}

/// Maps values to pixels of one plot.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale {
    /// Values at the left and right edge.
    pub(super) x: (f64, f64),
    /// Values at the bottom and top edge.
    pub(super) y: (f64, f64),
    /// The plot.
    pub(super) room: Rect,
}

impl Scale {
    pub(super) fn x_px(&self, value: f64) -> f64 {
        self.room.left + (value - self.x.0) / (self.x.1 - self.x.0) * self.room.width()
    }

    pub(super) fn y_px(&self, value: f64) -> f64 {
        self.room.bottom - (value - self.y.0) / (self.y.1 - self.y.0) * self.room.height()
    }

    fn coord(&self) -> Cartesian2d<RangedCoordf64, RangedCoordf64> {
        Cartesian2d::new(
            self.x.0..self.x.1,
            self.y.0..self.y.1,
            (
                steps(self.room.left)..steps(self.room.right),
                steps(self.room.bottom)..steps(self.room.top),
            ),
        )
    }
}

/// Draws one plotters element in the coordinates of a plot.
pub(super) fn draw<'pen, E>(sheet: &'pen mut Sheet<'_>, scale: &Scale, ink: Ink, element: &E)
where
    for<'element> &'element E: PointCollection<'element, (f64, f64)>,
    E: for<'any> Drawable<Pen<'any>>,
{
    let (width, height) = (
        steps(sheet.bounds().right).unsigned_abs(),
        steps(sheet.bounds().bottom).unsigned_abs(),
    );
    let mut out = String::new();
    let pen = Pen {
        out: &mut out,
        ink,
        size: (width, height),
    };
    let area: DrawingArea<Pen<'_>, Shift> = pen.into_drawing_area();
    area.apply_coord_spec(scale.coord())
        .draw(element)
        .expect("writing into a string does not fail");
    drop(area);
    sheet.push(out.trim_end());
}

/// Returns a plotters stroke; `width_px` is in pixels.
pub(super) fn stroke(colour: Rgb, alpha: f64, width_px: f64) -> ShapeStyle {
    ShapeStyle {
        color: RGBAColor(colour.0, colour.1, colour.2, alpha),
        filled: false,
        stroke_width: steps(width_px).unsigned_abs(),
    }
}

/// Returns a plotters fill.
pub(super) fn fill(colour: Rgb, alpha: f64) -> ShapeStyle {
    ShapeStyle {
        color: RGBAColor(colour.0, colour.1, colour.2, alpha),
        filled: true,
        stroke_width: 0,
    }
}

/// One use of the backend.
pub(super) struct Pen<'a> {
    out: &'a mut String,
    ink: Ink,
    size: (u32, u32),
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl Pen<'_> {
    fn line<S: BackendStyle>(&mut self, points: impl Iterator<Item = BackendCoord>, style: &S) {
        let colour = style.color();
        let mut path = String::new();
        let mut n_points = 0;
        for (x, y) in points {
            let _ = write!(path, "{}{x} {y}", if n_points == 0 { 'M' } else { 'L' });
            n_points += 1;
        }
        if n_points < 2 {
            return;
        }
        let _ = write!(
            self.out,
            r#"<path d="{path}" fill="none" stroke="{}" stroke-width="{}"{}"#,
            hex(colour),
            style.stroke_width().max(1),
            opacity("stroke-opacity", colour.alpha),
        );
        if let Ink::Dashed(px) = self.ink {
            let on = steps(px);
            let _ = write!(
                self.out,
                r#" stroke-dasharray="{on} {on}" stroke-linecap="butt""#
            );
        }
        self.out.push_str("/>\n");
    }

    fn paint(&self, colour: BackendColor) -> String {
        match &self.ink {
            Ink::Paint(paint) => format!(r#"fill="{paint}""#),
            _ => format!(
                r#"fill="{}"{}"#,
                hex(colour),
                opacity("fill-opacity", colour.alpha)
            ),
        }
    }
}

impl DrawingBackend for Pen<'_> {
    type ErrorType = Infallible;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, point: BackendCoord, colour: BackendColor) -> Drawn {
        let paint = self.paint(colour);
        let _ = writeln!(
            self.out,
            r#"<rect x="{}" y="{}" width="1" height="1" {paint}/>"#,
            point.0, point.1
        );
        Ok(())
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.line([from, to].into_iter(), style);
        Ok(())
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        self.line(path.into_iter(), style);
        Ok(())
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        one: BackendCoord,
        other: BackendCoord,
        style: &S,
        is_filled: bool,
    ) -> Drawn {
        let (left, right) = (one.0.min(other.0), one.0.max(other.0));
        let (top, bottom) = (one.1.min(other.1), one.1.max(other.1));
        if !is_filled {
            let corners = [(left, top), (right, top), (right, bottom), (left, bottom)];
            self.line(corners.into_iter().chain([(left, top)]), style);
            return Ok(());
        }
        let paint = self.paint(style.color());
        let _ = writeln!(
            self.out,
            r#"<rect x="{left}" y="{top}" width="{}" height="{}" {paint}/>"#,
            right - left,
            bottom - top
        );
        Ok(())
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        centre: BackendCoord,
        radius: u32,
        style: &S,
        is_filled: bool,
    ) -> Drawn {
        let colour = style.color();
        let paint = if is_filled {
            self.paint(colour)
        } else {
            format!(
                r#"fill="none" stroke="{}" stroke-width="{}""#,
                hex(colour),
                style.stroke_width().max(1)
            )
        };
        let _ = writeln!(
            self.out,
            r#"<circle cx="{}" cy="{}" r="{radius}" {paint}/>"#,
            centre.0, centre.1
        );
        Ok(())
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        corners: I,
        style: &S,
    ) -> Drawn {
        let mut path = String::new();
        for (x, y) in corners {
            let _ = write!(path, "{}{x} {y}", if path.is_empty() { 'M' } else { 'L' });
        }
        let paint = self.paint(style.color());
        let _ = writeln!(self.out, r#"<path d="{path}Z" {paint}/>"#);
        Ok(())
    }
}

fn hex(colour: BackendColor) -> Rgb {
    Rgb(colour.rgb.0, colour.rgb.1, colour.rgb.2)
}

fn opacity(attribute: &str, alpha: f64) -> String {
    if alpha >= 1.0 {
        String::new()
    } else {
        format!(r#" {attribute}="{alpha:.2}""#)
    }
}
