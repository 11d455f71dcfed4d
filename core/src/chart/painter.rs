//! The one way to a picture: figure to SVG, SVG to PNG, with fonts loaded once.

use std::path::PathBuf;

use super::fonts::Fonts;
use super::layout::Panel;
use super::sheet::Sheet;
use super::telling::{alt_text, headline_text};
use super::{
    ErrorCard, Figure, Language, Style, TextMode, bars, bridge, bullet, card, cohort, control,
    distribution, funnel, number, pareto, quadrant, raster, slope, stack, survival, table, trend,
};
use crate::kpi::ChartKind;

/// Draws pictures; build it once, share it between threads.
pub struct Painter {
    fonts: Fonts,
}

impl Painter {
    /// Loads the embedded fonts, those in `font_dirs` and the system's.
    #[must_use]
    pub fn new(font_dirs: &[PathBuf]) -> Self {
        Self {
            fonts: Fonts::with_dirs(font_dirs),
        }
    }

    /// Loads the embedded fonts only: the same bytes on every machine.
    #[must_use]
    pub fn embedded() -> Self {
        Self {
            fonts: Fonts::embedded(),
        }
    }

    /// Returns the SVG of a figure; the same figure and style give the same bytes.
    #[must_use]
    pub fn svg(&self, figure: &Figure, style: &Style) -> String {
        let title = format!(
            "{}: {}",
            figure.title,
            headline_text(figure, style.language)
        );
        let alt = alt_text(figure, style.language);
        self.finish(self.draw(figure, style), style, &title, &alt)
    }

    /// Returns the PNG of a drawing of this painter, with `alt` inside.
    ///
    /// # Panics
    /// When `svg` is not a drawing of this painter, or the picture has no room in memory.
    #[must_use]
    pub fn png(&self, svg: &str, style: &Style, alt: &str) -> Vec<u8> {
        raster::png(svg, style, alt, self.fonts.database())
            .expect("our own drawing is SVG that can be rasterised")
    }

    /// Returns the SVG of an error card.
    #[must_use]
    pub fn error_svg(&self, error: &ErrorCard, style: &Style) -> String {
        let sheet = self.draw_error(error, style);
        let alt = error_text(error, style.language);
        self.finish(sheet, style, &error.title, &alt)
    }

    /// Draws a figure without writing the document.
    pub(super) fn draw(&self, figure: &Figure, style: &Style) -> Sheet<'_> {
        let mut sheet = Sheet::new(&self.fonts, style.size, style.theme.palette().paper);
        let panel = Panel::new(figure, style);
        match figure.chart {
            ChartKind::Number => number::draw_number(&mut sheet, &panel),
            ChartKind::Trend => trend::draw_trend(&mut sheet, &panel),
            ChartKind::Stack => stack::draw_stack(&mut sheet, &panel),
            ChartKind::Distribution => distribution::draw_distribution(&mut sheet, &panel),
            ChartKind::Bars => bars::draw_bars(&mut sheet, &panel),
            ChartKind::Table => table::draw_table(&mut sheet, &panel),
            ChartKind::Cohort => cohort::draw_cohort(&mut sheet, &panel),
            ChartKind::Survival => survival::draw_survival(&mut sheet, &panel),
            ChartKind::Bridge => bridge::draw_bridge(&mut sheet, &panel),
            ChartKind::Bullet => bullet::draw_bullet(&mut sheet, &panel),
            ChartKind::Control => control::draw_control(&mut sheet, &panel),
            ChartKind::Quadrant => quadrant::draw_quadrant(&mut sheet, &panel),
            ChartKind::Pareto => pareto::draw_pareto(&mut sheet, &panel),
            ChartKind::Slope => slope::draw_slope(&mut sheet, &panel),
            ChartKind::Funnel => funnel::draw_funnel(&mut sheet, &panel),
        }
        sheet
    }

    /// Draws an error card without writing the document.
    pub(super) fn draw_error(&self, error: &ErrorCard, style: &Style) -> Sheet<'_> {
        let mut sheet = Sheet::new(&self.fonts, style.size, style.theme.palette().paper);
        card::draw_card(&mut sheet, error, style);
        sheet
    }

    fn finish(&self, sheet: Sheet<'_>, style: &Style, title: &str, alt: &str) -> String {
        let svg = sheet.finish(style.scale, style.text, title, alt);
        match style.text {
            TextMode::Font => svg,
            TextMode::Paths => raster::outlines(&svg, self.fonts.database())
                .expect("our own drawing is SVG that can be read back"),
        }
    }
}

/// Returns the alt text of an error card.
#[must_use]
pub fn error_text(error: &ErrorCard, _language: Language) -> String {
    if error.hint.is_empty() {
        error.title.clone()
    } else {
        format!("{}. {}", error.title, error.hint)
    }
}
