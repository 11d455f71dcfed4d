//! Draws figures: `Figure` → SVG (plotters over our own backend) → PNG. Pure: no IO, no clock.

mod axis;
mod bars;
mod bridge;
mod bullet;
mod calendar;
mod card;
mod classes;
mod cohort;
mod control;
mod distribution;
mod ends;
mod facts;
mod findings;
mod fonts;
mod funnel;
mod grid;
mod groups;
mod insight;
mod labels;
mod layout;
mod lifetime;
mod number;
mod numerals;
mod painter;
mod pareto;
mod passage;
mod pen;
mod phrases;
mod quadrant;
mod raster;
mod reading;
mod roster;
pub mod sample;
mod shares;
mod sheet;
mod slope;
mod space;
mod stack;
mod survival;
mod table;
mod telling;
#[cfg(test)]
mod tests;
mod theme;
mod timeline;
mod trend;
mod triangle;
mod webfont;
mod words;

use jiff::Timestamp;

use crate::kpi::{Answer, ChartKind};

pub use facts::goal_mark;
pub use insight::{
    ControlFigure, Course, Coverage, ForecastPoint, FunnelBand, FunnelFigure, FunnelLimits,
    FunnelMember, Insight, MovesFigure, MovesPart, Naming, ParetoFigure, ParetoItem, ParetoMeasure,
    Quadrant, QuadrantFigure, QuadrantItem, Refusal, Shift, Signal, SignalKind, SlopeFigure,
    SlopeItem, SlopePeriod, Stretch, TrendFigure, Verdict,
};
pub use painter::{Painter, error_text};
pub use telling::{alt_text, headline_text};
pub use theme::{Palette, Rgb, UnknownTheme};
pub use words::UnknownLanguage;

/// Colours of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Theme {
    /// Light on dark; the default on walls.
    #[default]
    Dark,
    /// Dark on light.
    Light,
    /// Highest contrast (WCAG AAA).
    Contrast,
}

/// Language of a picture's words and numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
}

/// How text is written into an SVG.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum TextMode {
    /// Text elements with an embedded subset of the font.
    #[default]
    Font,
    /// Outlines.
    Paths,
}

/// Size of a picture in pixels, before scaling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// 200–7680.
    pub width_px: u32,
    /// 120–4320.
    pub height_px: u32,
}

/// Everything about how a figure is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Style {
    /// Size before scaling.
    pub size: Size,
    /// 1–4.
    pub scale: u32,
    /// Colours.
    pub theme: Theme,
    /// Words and numbers.
    pub language: Language,
    /// Text of SVGs.
    pub text: TextMode,
}

/// How old the data behind a figure is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Freshness {
    /// Every source succeeded in time.
    Fresh,
    /// At least one is overdue; when it last succeeded.
    Stale(Option<Timestamp>),
    /// At least one failed at its last run; when it last succeeded.
    Failing(Option<Timestamp>),
}

/// A labelled instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// When.
    pub at: Timestamp,
    /// What.
    pub label: String,
}

/// A goal to draw beside the value.
#[derive(Debug, Clone, PartialEq)]
pub struct GoalMark {
    /// Value to reach.
    pub target: f64,
    /// Name or date, such as `by 31 Dec`.
    pub label: String,
    /// Value that a straight way to the target has reached by now, where one is known.
    pub pace: Option<f64>,
}

/// What to show: the answer and everything around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// How to draw it.
    pub chart: ChartKind,
    /// Plain name of what is shown, before the filter.
    pub title: String,
    /// The filter in words; empty without one.
    pub subtitle: String,
    /// The numbers.
    pub answer: Answer,
    /// Goal line.
    pub goal: Option<GoalMark>,
    /// Labelled marks inside the range.
    pub events: Vec<Mark>,
    /// Age of the data.
    pub freshness: Freshness,
    /// A small note, such as a fault in the dashboard's file.
    pub note: Option<String>,
    /// What an analysis adds to the numbers; charts without it draw the numbers alone.
    pub insight: Option<Insight>,
}

/// A figure for what could not be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorCard {
    /// HTTP status shown small.
    pub status: u16,
    /// What went wrong.
    pub title: String,
    /// What to do about it.
    pub hint: String,
}
