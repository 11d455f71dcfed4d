//! The groups of an answer as bars and tables list them: the greatest first, the rest last.

use super::facts::is_higher_better;
use super::groups::series_name;
use super::layout::Panel;
use super::reading::Reading;
use super::theme::Rgb;
use super::words::{Words, filled};
use super::{Figure, Language, numerals};
use crate::kpi::{Base, Contrast, Score, Unit};

/// One line: a group with its score.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) name: String,
    pub(super) score: Score,
    /// How it differs from all others, where that is known.
    pub(super) contrast: Option<Contrast>,
    /// Whether it pools what has no line of its own.
    pub(super) is_rest: bool,
}

/// Which way a group stands out from all others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Above,
    Below,
    /// Not told apart from chance.
    Within,
}

impl Member {
    pub(super) fn standing(&self) -> Standing {
        match &self.contrast {
            Some(one) if one.is_different && one.value > 0.0 => Standing::Above,
            Some(one) if one.is_different => Standing::Below,
            _ => Standing::Within,
        }
    }

    /// Returns its colour: that of a good or bad difference, else quiet.
    pub(super) fn colour(&self, panel: &Panel<'_>, has_contrasts: bool) -> Rgb {
        let is_up = match self.standing() {
            Standing::Above => true,
            Standing::Below => false,
            Standing::Within if has_contrasts || self.is_rest => return panel.palette.neutral,
            Standing::Within => return panel.palette.accent,
        };
        match is_higher_better(panel.figure) {
            Some(is_better) if is_better == is_up => panel.palette.good,
            Some(_) => panel.palette.poor,
            None => panel.palette.accent,
        }
    }
}

/// Returns the groups by their value, then the pooled rest, then what cannot be shown; one line of
/// everything where the answer is not split. Empty where there is nothing.
pub(super) fn members(figure: &Figure, language: Language) -> Vec<Member> {
    let answer = &figure.answer;
    let words = language.words();
    let is_split = answer.by.is_some();
    let mut members: Vec<Member> = match &answer.tables {
        Some(tables) => Reading::new(&tables.main).groups(words),
        None if is_split => answer
            .series
            .iter()
            .map(|series| Member {
                name: series_name(words, series),
                score: series.total.clone(),
                contrast: series.versus_rest,
                is_rest: series.is_rest,
            })
            .collect(),
        None => vec![Member {
            name: language.phrases().all.to_owned(),
            score: answer.total.clone(),
            contrast: None,
            is_rest: false,
        }],
    };
    // Stable: of equals the larger group stays first.
    members.sort_by(|one, other| {
        let place = |one: &Member| (one.is_rest, one.score.value.is_none());
        let value = |one: &Member| one.score.value.unwrap_or(f64::NEG_INFINITY);
        (place(one).cmp(&place(other))).then(value(other).total_cmp(&value(one)))
    });
    members
}

impl Reading<'_> {
    /// Returns a line for each row that names a group.
    fn groups(&self, words: &Words) -> Vec<Member> {
        let member = |row: usize| {
            Some(Member {
                name: group_name(self.text(row, "group")?, words),
                score: Score {
                    bound: None,
                    value: self.number(row, "value"),
                    low: self.number(row, "low"),
                    high: self.number(row, "high"),
                    n: self.count(row, "n"),
                    base: self.base(row),
                    counts: Vec::new(),
                    histogram: Vec::new(),
                    secondary: Vec::new(),
                },
                contrast: None,
                is_rest: false,
            })
        };
        (0..self.n_rows()).filter_map(member).collect()
    }
}

/// Returns the plain name of a group, or of several in one, as tables write them.
fn group_name(key: &str, words: &Words) -> String {
    let names = key.split(" and ").map(|part| words.count(part));
    names.collect::<Vec<_>>().join(" + ")
}

/// Whether a whole is the sum of its groups, so that it stands beside none of them.
pub(super) fn is_sum(panel: &Panel<'_>) -> bool {
    matches!(panel.figure.answer.kpi.unit, Unit::Count | Unit::Money)
}

/// Whether a group has too few answers for a score, though some.
pub(super) fn is_thin(score: &Score) -> bool {
    let is_small = matches!(score.base, Base::Hidden | Base::CountsOnly);
    score.value.is_none() && is_small && score.n != Some(0)
}

/// Says each group with its value, and which way it stands out.
pub(super) fn told(figure: &Figure, language: Language) -> Vec<String> {
    let phrases = language.phrases();
    let kpi = figure.answer.kpi;
    let said = |member: &Member| {
        let value = match member.score.value {
            Some(value) => numerals::value(value, kpi, language),
            None if is_thin(&member.score) => phrases.too_few.to_owned(),
            None => "–".to_owned(),
        };
        let plain = format!("{} {value}", member.name);
        match member.standing() {
            Standing::Above => filled(phrases.above_rest, &[&plain]),
            Standing::Below => filled(phrases.below_rest, &[&plain]),
            Standing::Within => plain,
        }
    };
    let is_listed = figure.answer.by.is_some() || figure.answer.tables.is_some();
    let members = if is_listed {
        members(figure, language)
    } else {
        Vec::new()
    };
    members.iter().map(said).collect()
}
