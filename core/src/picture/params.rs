//! Reads query parameters: what is asked beyond the dashboard's file, and how it is drawn.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::chart::{Language, Size, Style, TextMode, Theme};
use crate::kpi::{Grain, Mode, Query, Range, Rolling, parse};
use crate::nearest::nearest;

/// Size of a picture whose address names none.
pub const SIZE_DEFAULT: Size = Size {
    width_px: 960,
    height_px: 540,
};
/// Widths that can be asked for, in pixels; also the limit after scaling.
pub const WIDTH_PX: std::ops::RangeInclusive<u32> = 200..=7680;
/// Heights that can be asked for, in pixels; also the limit after scaling.
pub const HEIGHT_PX: std::ops::RangeInclusive<u32> = 120..=4320;
/// Most parameters of one request; the contract names 20.
pub const PARAMS_MAX: usize = 64;

const QUESTION_PARAMS: [&str; 10] = [
    "range", "from", "to", "versus", "grain", "rolling", "tz", "by", "as_of", "mode",
];
/// What is about one KPI: a page of several panels takes none of them.
const SINGLE_PARAMS: [&str; 2] = ["goal", "of"];
const LOOK_PARAMS: [&str; 7] = [
    "theme", "width", "height", "scale", "lang", "palette", "text",
];

/// What kind of address the parameters belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// A picture.
    Picture,
    /// A KPI of the API: no look.
    Kpi,
    /// A whole wall as one picture: also `page`.
    Wall,
    /// A page: also `page`; empty fields of its form count as absent.
    Page,
    /// An address without parameters.
    Bare,
}

/// What is asked differently from the dashboard's file.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overrides {
    /// The time.
    pub range: Option<Range>,
    /// Bucket width.
    pub grain: Option<Grain>,
    /// Window of each point.
    pub rolling: Option<Rolling>,
    /// Zone of civil time.
    pub tz: Option<TimeZone>,
    /// Filters that replace the panel's of the same dimension.
    pub filters: BTreeMap<String, Vec<Option<String>>>,
    /// Split.
    pub by: Option<String>,
    /// State of knowledge.
    pub as_of: Option<Timestamp>,
    /// Survey mode.
    pub mode: Option<Mode>,
    /// Goal in the place of the panel's.
    pub goal: Option<String>,
    /// What an analysis is of, in the place of the panel's.
    pub of: Option<String>,
    /// The earlier time that an analysis compares with.
    pub versus: Option<Range>,
}

/// How it is to be drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Look {
    /// Colours; `None` is the dashboard's.
    pub theme: Option<Theme>,
    /// Size before scaling; `None` is [`SIZE_DEFAULT`].
    pub size: Option<Size>,
    /// 1–4; 0 counts as 1.
    pub scale: u32,
    /// Words and numbers.
    pub language: Language,
    /// Text of SVGs.
    pub text: TextMode,
}

/// Everything an address can ask for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Params {
    /// What is asked.
    pub overrides: Overrides,
    /// How it is drawn.
    pub look: Look,
    /// Page of a wall, from 1.
    pub page: Option<u8>,
}

/// Why a parameter was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct ParamError {
    /// The parameter.
    pub name: String,
    /// What is wrong, naming the parameter.
    pub what: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl Look {
    /// Returns the full style with the dashboard's theme where none was asked for.
    #[must_use]
    pub fn style(&self, theme: Theme) -> Style {
        Style {
            size: self.size.unwrap_or(SIZE_DEFAULT),
            scale: self.scale.max(1),
            theme: self.theme.unwrap_or(theme),
            language: self.language,
            text: self.text,
        }
    }
}

impl Overrides {
    /// Returns the question with these overrides in the place of what it says.
    #[must_use]
    pub fn apply(&self, mut query: Query) -> Query {
        query.range = self.range.or(query.range);
        query.grain = self.grain.or(query.grain);
        query.rolling = self.rolling.or(query.rolling);
        query.tz = self.tz.clone().or(query.tz);
        query.by = self.by.clone().or(query.by);
        query.as_of = self.as_of.or(query.as_of);
        query.mode = self.mode.or(query.mode);
        query.goal = self.goal.clone().or(query.goal);
        query.of = self.of.clone().or(query.of);
        query.versus = self.versus.or(query.versus);
        for (dimension, values) in &self.filters {
            query.filters.insert(dimension.clone(), values.clone());
        }
        query
    }
}

impl Params {
    /// Reads decoded name–value pairs; dates are days of `timezone` unless `tz` is given.
    ///
    /// # Errors
    /// For the first parameter that is unknown (naming the nearest), given twice or not valid.
    pub fn parse(
        pairs: &[(String, String)],
        scope: Scope,
        timezone: &TimeZone,
    ) -> Result<Self, ParamError> {
        let mut params = Self::default();
        let mut draft = Draft::default();
        if pairs.len() > PARAMS_MAX {
            let what = format!("{} parameters are more than {PARAMS_MAX}", pairs.len());
            return Err(ParamError {
                name: String::new(),
                what,
                hint: None,
            });
        }
        for (idx, (name, value)) in pairs.iter().enumerate() {
            if pairs[..idx].iter().any(|(earlier, _)| earlier == name) {
                return Err(refuse(
                    name,
                    format!("parameter `{name}` is given twice"),
                    None,
                ));
            }
            if scope == Scope::Page && value.is_empty() {
                known(name, scope)?;
                continue;
            }
            known(name, scope)?;
            params.read(name, value, &mut draft)?;
        }
        params.overrides.range = draft.range()?;
        let timezone = params.overrides.tz.as_ref().unwrap_or(timezone);
        params.overrides.as_of = draft.as_of(timezone)?;
        params.look.size = draft.size(&params.look)?;
        Ok(params)
    }

    /// Reads what it can of a look, for an error card in the place of a refused picture.
    #[must_use]
    pub fn look_of(pairs: &[(String, String)]) -> Look {
        let mut params = Self::default();
        let mut draft = Draft::default();
        for (name, value) in pairs.iter().take(PARAMS_MAX) {
            if LOOK_PARAMS.contains(&name.as_str()) {
                // The first refusal is already being reported; the rest keeps its default.
                let _ = params.read(name, value, &mut draft);
            }
        }
        params.look.size = draft.size(&params.look).unwrap_or_default();
        if params.look.size.is_none() {
            params.look.scale = 1;
        }
        params.look
    }

    fn read(&mut self, name: &str, value: &str, draft: &mut Draft) -> Result<(), ParamError> {
        if let Some(dimension) = name.strip_prefix("where.") {
            let values = parse::values(value);
            self.overrides.filters.insert(dimension.to_owned(), values);
            return Ok(());
        }
        match name {
            "range" => draft.range = Some(value.to_owned()),
            "grain" => self.overrides.grain = Some(parsed(name, value)?),
            "rolling" => self.overrides.rolling = Some(parsed(name, value)?),
            "from" => draft.from = Some(plus(value)),
            "to" => draft.to = Some(plus(value)),
            "as_of" => draft.as_of = Some(plus(value)),
            "tz" => self.overrides.tz = Some(zone(name, value)?),
            "by" => self.overrides.by = Some(value.to_owned()),
            "mode" => self.overrides.mode = Some(parsed(name, value)?),
            "goal" => self.overrides.goal = Some(value.to_owned()),
            "of" => self.overrides.of = Some(value.to_owned()),
            "versus" => self.overrides.versus = Some(parsed(name, value)?),
            "theme" => self.look.theme = Some(parsed(name, value)?),
            "lang" => self.look.language = parsed(name, value)?,
            "text" => self.look.text = choice(name, value, &TEXTS)?,
            "palette" => choice(name, value, &[("okabe-ito", ())])?,
            "scale" => self.look.scale = number(name, value, 1..=4)?,
            "width" => draft.width_px = Some(number(name, value, WIDTH_PX)?),
            "height" => draft.height_px = Some(number(name, value, HEIGHT_PX)?),
            "page" => self.page = u8::try_from(number(name, value, 1..=255)?).ok(),
            _ => return Err(unknown(name, &[])),
        }
        Ok(())
    }
}

const TEXTS: [(&str, TextMode); 2] = [("font", TextMode::Font), ("paths", TextMode::Paths)];

/// Parameters that mean something only together.
#[derive(Debug, Default)]
struct Draft {
    range: Option<String>,
    from: Option<String>,
    to: Option<String>,
    as_of: Option<String>,
    width_px: Option<u32>,
    height_px: Option<u32>,
}

impl Draft {
    fn range(&self) -> Result<Option<Range>, ParamError> {
        let texts = (
            self.range.as_deref(),
            self.from.as_deref(),
            self.to.as_deref(),
        );
        let name = if self.range.is_some() {
            "range"
        } else {
            "from"
        };
        parse::range(texts.0, texts.1, texts.2).map_err(|error| {
            let hint = "for example range=90d, or from=2026-01-01&to=2026-07-01";
            refuse(name, error.to_string(), Some(hint.to_owned()))
        })
    }

    fn as_of(&self, timezone: &TimeZone) -> Result<Option<Timestamp>, ParamError> {
        let instant = |text: &String| parse::instant(text, timezone);
        let read = self.as_of.as_ref().map(instant).transpose();
        read.map_err(|error| refuse("as_of", format!("`as_of`: {error}"), None))
    }

    fn size(&self, look: &Look) -> Result<Option<Size>, ParamError> {
        let size = match (self.width_px, self.height_px) {
            (None, None) => SIZE_DEFAULT,
            (Some(width_px), Some(height_px)) => Size {
                width_px,
                height_px,
            },
            // One side alone keeps the shape of the default, within the limits.
            (Some(width_px), None) => Size {
                width_px,
                height_px: (width_px * SIZE_DEFAULT.height_px / SIZE_DEFAULT.width_px)
                    .clamp(*HEIGHT_PX.start(), *HEIGHT_PX.end()),
            },
            (None, Some(height_px)) => Size {
                width_px: (height_px * SIZE_DEFAULT.width_px / SIZE_DEFAULT.height_px)
                    .clamp(*WIDTH_PX.start(), *WIDTH_PX.end()),
                height_px,
            },
        };
        let scale = look.scale.max(1);
        let (wide, high) = (size.width_px * scale, size.height_px * scale);
        if wide > *WIDTH_PX.end() || high > *HEIGHT_PX.end() {
            let limit = format!("{} × {}", WIDTH_PX.end(), HEIGHT_PX.end());
            let what = format!("`scale={scale}` makes {wide} × {high} px, more than {limit}");
            return Err(refuse(
                "scale",
                what,
                Some("ask for a smaller size".to_owned()),
            ));
        }
        let is_default = self.width_px.is_none() && self.height_px.is_none();
        Ok((!is_default).then_some(size))
    }
}

fn known(name: &str, scope: Scope) -> Result<(), ParamError> {
    let mut allowed: Vec<&str> = Vec::new();
    if scope != Scope::Bare {
        allowed.extend(QUESTION_PARAMS);
    }
    match scope {
        Scope::Picture => allowed.extend(LOOK_PARAMS.iter().chain(&SINGLE_PARAMS)),
        Scope::Wall => allowed.extend(LOOK_PARAMS.iter().chain(&["page"])),
        // A page sizes its pictures itself.
        Scope::Page => allowed.extend(["theme", "lang", "page"]),
        Scope::Kpi => allowed.extend(SINGLE_PARAMS),
        Scope::Bare => {}
    }
    let is_filter = scope != Scope::Bare
        && name
            .strip_prefix("where.")
            .is_some_and(|dimension| !dimension.is_empty());
    if is_filter || allowed.contains(&name) {
        return Ok(());
    }
    allowed.push("where.DIMENSION");
    Err(unknown(name, &allowed))
}

fn unknown(name: &str, allowed: &[&str]) -> ParamError {
    let hint = match nearest(name, allowed.iter().copied()) {
        Some(near) => Some(format!("did you mean `{near}`?")),
        None if allowed.len() > 1 => Some(format!("known are {}", allowed.join(", "))),
        None => Some("this address takes no parameters".to_owned()),
    };
    refuse(name, format!("unknown parameter `{name}`"), hint)
}

fn refuse(name: &str, what: String, hint: Option<String>) -> ParamError {
    ParamError {
        name: name.to_owned(),
        what,
        hint,
    }
}

fn parsed<T>(name: &str, value: &str) -> Result<T, ParamError>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    value
        .parse()
        .map_err(|error| refuse(name, format!("`{name}={value}`: {error}"), None))
}

fn choice<T: Copy>(name: &str, value: &str, choices: &[(&str, T)]) -> Result<T, ParamError> {
    let found = choices.iter().find(|(written, _)| *written == value);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let allowed: Vec<_> = choices.iter().map(|(written, _)| *written).collect();
        let hint = format!("write one of {}", allowed.join(", "));
        refuse(
            name,
            format!("`{name}={value}` is not a {name}"),
            Some(hint),
        )
    })
}

fn number(
    name: &str,
    value: &str,
    allowed: std::ops::RangeInclusive<u32>,
) -> Result<u32, ParamError> {
    value
        .parse()
        .ok()
        .filter(|number| allowed.contains(number))
        .ok_or_else(|| {
            let hint = format!(
                "a whole number from {} to {}",
                allowed.start(),
                allowed.end()
            );
            refuse(name, format!("`{name}={value}` is not allowed"), Some(hint))
        })
}

fn zone(name: &str, value: &str) -> Result<TimeZone, ParamError> {
    parse::timezone(value).map_err(|_| {
        let names: Vec<String> = jiff::tz::db()
            .available()
            .map(|zone| zone.as_str().to_owned())
            .collect();
        let near = nearest(value, names.iter().map(String::as_str));
        let hint = near.map_or_else(
            || "write an IANA name, such as Europe/Berlin".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        refuse(
            name,
            format!("`{name}={value}` is not a time zone"),
            Some(hint),
        )
    })
}

/// In a query `+` means a space; an offset written plainly is still meant as one.
fn plus(value: &str) -> String {
    value.replace(' ', "+")
}
