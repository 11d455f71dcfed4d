//! Colours: three themes, one palette each, checked for contrast by a test.

use std::fmt;
use std::str::FromStr;

use super::Theme;

/// An opaque colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rgb(pub u8, pub u8, pub u8);

impl Rgb {
    /// Returns the colour at a place between two: 0 is the first.
    pub(super) fn mixed(from: Self, to: Self, share: f64) -> Self {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between two channels of a colour"
        )]
        let channel = |from: u8, to: u8| {
            (f64::from(from) * (1.0 - share) + f64::from(to) * share).round() as u8
        };
        Self(
            channel(from.0, to.0),
            channel(from.1, to.1),
            channel(from.2, to.2),
        )
    }

    /// Returns black or white, whichever stands out more on the colour.
    pub(super) fn on(self) -> Self {
        let (black, white) = (Self(0, 0, 0), Self(255, 255, 255));
        match self.contrast(black) > self.contrast(white) {
            true => black,
            false => white,
        }
    }

    /// Returns the contrast of two colours by WCAG 2, 1..=21.
    fn contrast(self, other: Self) -> f64 {
        let (a, b) = (self.luminance(), other.luminance());
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    /// Relative luminance of WCAG 2.
    fn luminance(self) -> f64 {
        let channel = |byte: u8| {
            let share = f64::from(byte) / 255.0;
            if share <= 0.03928 {
                share / 12.92
            } else {
                ((share + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * channel(self.0) + 0.7152 * channel(self.1) + 0.0722 * channel(self.2)
    }
}

impl Palette {
    /// Returns the shade of a share in 0..=1.
    pub(super) fn shade(&self, share: f64) -> Rgb {
        let share = if share.is_finite() {
            share.clamp(0.0, 1.0)
        } else {
            0.0
        };
        Rgb::mixed(self.heat[0], self.heat[1], share)
    }
}

impl fmt::Display for Rgb {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "#{:02x}{:02x}{:02x}", self.0, self.1, self.2)
    }
}

/// The colours of one theme.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// Behind everything.
    pub paper: Rgb,
    /// Headline and title.
    pub ink: Rgb,
    /// Labels and footers.
    pub muted: Rgb,
    /// Gridlines; decoration only, never the only carrier of a fact.
    pub grid: Rgb,
    /// The one line of an unsplit answer.
    pub accent: Rgb,
    /// Changed for the better; promoters.
    pub good: Rgb,
    /// Changed for the worse; detractors.
    pub poor: Rgb,
    /// Neither; passives.
    pub neutral: Rgb,
    /// Goal line and its words.
    pub goal: Rgb,
    /// Background of the badge of overdue data.
    pub warn: Rgb,
    /// Background of the badge of a failing source: a confirmed bad signal.
    pub alarm: Rgb,
    /// Marks of a confirmed bad signal, on the paper.
    pub signal: Rgb,
    /// Words on both badges.
    pub on_badge: Rgb,
    /// Okabe–Ito order, shifted in lightness until each stands out from the paper; the ninth is
    /// for the pooled rest.
    pub series: [Rgb; 9],
    /// One hue from no share to all of it.
    pub heat: [Rgb; 2],
}

const DARK: Palette = Palette {
    paper: Rgb(0x11, 0x16, 0x1c),
    ink: Rgb(0xf4, 0xf6, 0xf8),
    muted: Rgb(0xa4, 0xb0, 0xbc),
    grid: Rgb(0x2a, 0x33, 0x3d),
    accent: Rgb(0x56, 0xb4, 0xe9),
    good: Rgb(0x56, 0xb4, 0xe9),
    poor: Rgb(0xf0, 0xa0, 0x30),
    neutral: Rgb(0x8a, 0x96, 0xa3),
    goal: Rgb(0x3f, 0xcf, 0xa5),
    warn: Rgb(0xf0, 0xc0, 0x40),
    alarm: Rgb(0xff, 0x8a, 0x75),
    signal: Rgb(0xff, 0x5c, 0x4d),
    on_badge: Rgb(0x14, 0x12, 0x08),
    series: [
        Rgb(0xe6, 0x9f, 0x00),
        Rgb(0x56, 0xb4, 0xe9),
        Rgb(0x1a, 0xb3, 0x88),
        Rgb(0xf0, 0xe4, 0x42),
        Rgb(0x3d, 0x8f, 0xd1),
        Rgb(0xe8, 0x71, 0x2a),
        Rgb(0xd4, 0x86, 0xb2),
        Rgb(0xd8, 0xde, 0xe4),
        Rgb(0x7f, 0x8b, 0x98),
    ],
    heat: [Rgb(0x1d, 0x27, 0x32), Rgb(0x56, 0xb4, 0xe9)],
};

const LIGHT: Palette = Palette {
    paper: Rgb(0xff, 0xff, 0xff),
    ink: Rgb(0x14, 0x1a, 0x21),
    muted: Rgb(0x55, 0x61, 0x6e),
    grid: Rgb(0xe3, 0xe7, 0xeb),
    accent: Rgb(0x00, 0x72, 0xb2),
    good: Rgb(0x00, 0x72, 0xb2),
    poor: Rgb(0xb8, 0x5a, 0x00),
    neutral: Rgb(0x86, 0x90, 0x9b),
    goal: Rgb(0x00, 0x7a, 0x58),
    warn: Rgb(0xff, 0xd4, 0x5e),
    alarm: Rgb(0xff, 0xa0, 0x8c),
    signal: Rgb(0xc4, 0x1c, 0x1c),
    on_badge: Rgb(0x1f, 0x1a, 0x08),
    series: [
        Rgb(0xb3, 0x74, 0x00),
        Rgb(0x2b, 0x90, 0xcb),
        Rgb(0x00, 0x8f, 0x6a),
        Rgb(0x92, 0x86, 0x00),
        Rgb(0x00, 0x5a, 0x9c),
        Rgb(0xd5, 0x5e, 0x00),
        Rgb(0xb8, 0x5c, 0x91),
        Rgb(0x20, 0x28, 0x31),
        Rgb(0x86, 0x90, 0x9b),
    ],
    heat: [Rgb(0xea, 0xf2, 0xf8), Rgb(0x00, 0x72, 0xb2)],
};

const CONTRAST: Palette = Palette {
    paper: Rgb(0x00, 0x00, 0x00),
    ink: Rgb(0xff, 0xff, 0xff),
    muted: Rgb(0xe2, 0xe8, 0xee),
    grid: Rgb(0x4a, 0x4a, 0x4a),
    accent: Rgb(0x7c, 0xcb, 0xff),
    good: Rgb(0x7c, 0xcb, 0xff),
    poor: Rgb(0xff, 0xb4, 0x3d),
    neutral: Rgb(0xb8, 0xc0, 0xc8),
    goal: Rgb(0x5c, 0xf0, 0xc4),
    warn: Rgb(0xff, 0xe0, 0x66),
    alarm: Rgb(0xff, 0xa9, 0x99),
    signal: Rgb(0xff, 0x7a, 0x6b),
    on_badge: Rgb(0x00, 0x00, 0x00),
    series: [
        Rgb(0xff, 0xb8, 0x1c),
        Rgb(0x7c, 0xcb, 0xff),
        Rgb(0x2f, 0xdc, 0xab),
        Rgb(0xff, 0xf2, 0x4d),
        Rgb(0x5a, 0xae, 0xff),
        Rgb(0xff, 0x93, 0x4d),
        Rgb(0xf0, 0xa6, 0xd0),
        Rgb(0xff, 0xff, 0xff),
        Rgb(0xb8, 0xc0, 0xc8),
    ],
    heat: [Rgb(0x1c, 0x1c, 0x1c), Rgb(0x00, 0x58, 0xa2)],
};

impl Theme {
    /// Every theme, the default first.
    pub const ALL: [Self; 3] = [Self::Dark, Self::Light, Self::Contrast];

    /// Returns the theme's colours.
    #[must_use]
    pub fn palette(self) -> &'static Palette {
        match self {
            Self::Dark => &DARK,
            Self::Light => &LIGHT,
            Self::Contrast => &CONTRAST,
        }
    }

    /// Returns the declarations of CSS variables that give a page the colours of its pictures.
    #[must_use]
    pub fn css_variables(self) -> String {
        let palette = self.palette();
        [
            ("paper", palette.paper),
            ("ink", palette.ink),
            ("muted", palette.muted),
            ("grid", palette.grid),
            ("accent", palette.accent),
            ("good", palette.good),
            ("poor", palette.poor),
            ("neutral", palette.neutral),
            ("goal", palette.goal),
            ("warn", palette.warn),
            ("alarm", palette.alarm),
            ("on-badge", palette.on_badge),
        ]
        .iter()
        .map(|(name, colour)| format!("--{name}:{colour};"))
        .collect()
    }
}

/// A word that names no theme.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown theme `{0}`; themes are dark, light, contrast")]
pub struct UnknownTheme(pub String);

impl FromStr for Theme {
    type Err = UnknownTheme;

    fn from_str(word: &str) -> Result<Self, UnknownTheme> {
        match word {
            "dark" => Ok(Self::Dark),
            "light" => Ok(Self::Light),
            "contrast" => Ok(Self::Contrast),
            _ => Err(UnknownTheme(word.to_owned())),
        }
    }
}

impl fmt::Display for Theme {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Dark => "dark",
            Self::Light => "light",
            Self::Contrast => "contrast",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_marks_stand_out_in_every_theme() {
        for theme in Theme::ALL {
            let palette = theme.palette();
            let text_min = if theme == Theme::Contrast { 7.0 } else { 4.5 };
            for (name, colour) in [
                ("ink", palette.ink),
                ("muted", palette.muted),
                ("good", palette.good),
                ("poor", palette.poor),
                ("goal", palette.goal),
            ] {
                let found = colour.contrast(palette.paper);
                assert!(found >= text_min, "{theme} {name}: {found:.2}");
            }
            for badge in [palette.warn, palette.alarm] {
                let found = palette.on_badge.contrast(badge);
                assert!(found >= text_min.max(7.0), "{theme} badge: {found:.2}");
            }
            let marks =
                palette
                    .series
                    .iter()
                    .chain([&palette.accent, &palette.neutral, &palette.signal]);
            for mark in marks {
                let found = mark.contrast(palette.paper);
                assert!(found >= 3.0, "{theme} {mark}: {found:.2}");
            }
        }
    }

    #[test]
    fn numbers_stand_out_on_every_shade() {
        for theme in Theme::ALL {
            let least = if theme == Theme::Contrast { 7.0 } else { 4.5 };
            for percent in 0..=100 {
                let shade = theme.palette().shade(f64::from(percent) / 100.0);
                let found = shade.contrast(shade.on());
                assert!(found >= least, "{theme} {percent} %: {found:.2}");
            }
        }
    }

    #[test]
    fn colours_are_mixed_between_their_ends() {
        let (black, white) = (Rgb(0, 0, 0), Rgb(255, 255, 255));
        assert_eq!(Rgb::mixed(black, white, 0.0), black);
        assert_eq!(Rgb::mixed(black, white, 1.0), white);
        assert_eq!(Rgb::mixed(black, white, 0.5), Rgb(128, 128, 128));
    }

    #[test]
    fn words_name_themes_both_ways() {
        for theme in Theme::ALL {
            assert_eq!(theme.to_string().parse(), Ok(theme));
        }
        let error = "Dark".parse::<Theme>().unwrap_err().to_string();
        assert_eq!(
            error,
            "unknown theme `Dark`; themes are dark, light, contrast"
        );
    }
}
