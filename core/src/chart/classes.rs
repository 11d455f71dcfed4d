//! The classes that bars are stacked from: named ones, or each answer that was given.

use super::Language;
use super::layout::Panel;
use super::numerals;
use super::theme::{Palette, Rgb};
use crate::kpi::Score;

/// More distinct answers than this are told by their named counts alone.
const ANSWERS_MAX: usize = 11;

/// What a class counts.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Key {
    Named(&'static str),
    /// Answers from this one up to the next whole one, as the scores take half points.
    Answer(f64),
}

/// One colour of every bar.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Class {
    pub(super) name: String,
    pub(super) colour: Rgb,
    key: Key,
}

/// The classes of some scores, the worst first; may be none.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Classes(Vec<Class>);

impl Classes {
    /// Returns the classes of these scores: those of NPS by name, those of other surveys by answer.
    pub(super) fn of<'a>(
        panel: &Panel<'_>,
        scores: impl Iterator<Item = &'a Score> + Clone,
    ) -> Self {
        let counts = scores.clone().map(|score| &score.counts);
        let names = counts
            .max_by_key(|counts| counts.len())
            .into_iter()
            .flatten();
        let mut names: Vec<&'static str> = names
            .map(|(name, _)| *name)
            .filter(|name| *name != "unanswered")
            .collect();
        // Counts are listed best first; bars grow from the worst.
        names.reverse();
        let mut answers: Vec<f64> = scores
            .flat_map(|score| score.histogram.iter().map(|(answer, _)| answer.floor()))
            .collect();
        answers.sort_by(f64::total_cmp);
        answers.dedup();
        if panel.figure.answer.is_lower_better {
            answers.reverse();
        }
        let is_by_name = names.contains(&"promoters") || answers.is_empty();
        Self(match is_by_name || answers.len() > ANSWERS_MAX {
            true => named(panel, &names),
            false => by_answer(panel, &answers),
        })
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Class> {
        self.0.iter()
    }

    /// Returns the share of each class in percent; `None` where nobody is in any.
    pub(super) fn percents(&self, score: &Score) -> Option<Vec<f64>> {
        let counts: Vec<u64> = self.0.iter().map(|class| class.key.count(score)).collect();
        let sum: u64 = counts.iter().sum();
        #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
        let percent = |count: u64| 100.0 * count as f64 / sum as f64;
        (sum > 0).then(|| counts.into_iter().map(percent).collect())
    }
}

impl Class {
    /// Returns its name before a number: an answer is parted from it.
    pub(super) fn label(&self, language: Language) -> String {
        match self.key {
            Key::Answer(_) => format!("{}{}", self.name, language.phrases().colon),
            Key::Named(_) => self.name.clone(),
        }
    }
}

impl Key {
    fn count(self, score: &Score) -> u64 {
        match self {
            Self::Named(wanted) => {
                let found = score.counts.iter().find(|(name, _)| *name == wanted);
                found.map_or(0, |(_, count)| *count)
            }
            Self::Answer(wanted) => {
                let bars = score.histogram.iter();
                let same = bars.filter(|(answer, _)| answer.floor() == wanted);
                same.map(|(_, count)| count).sum()
            }
        }
    }
}

fn named(panel: &Panel<'_>, names: &[&'static str]) -> Vec<Class> {
    let class = |(idx, name): (usize, &&'static str)| Class {
        name: panel.words.count(name).to_owned(),
        colour: count_colour(panel, name, idx),
        key: Key::Named(name),
    };
    names.iter().enumerate().map(class).collect()
}

fn by_answer(panel: &Panel<'_>, answers: &[f64]) -> Vec<Class> {
    #[expect(clippy::cast_precision_loss, reason = "at most eleven")]
    let place = |idx: usize| idx as f64 / (answers.len().max(2) - 1) as f64;
    let class = |(idx, answer): (usize, &f64)| Class {
        name: numerals::number(*answer, 0, panel.style.language),
        colour: ramp(panel.palette, place(idx)),
        key: Key::Answer(*answer),
    };
    answers.iter().enumerate().map(class).collect()
}

/// Returns the colour of a named count; `idx` counts the others.
fn count_colour(panel: &Panel<'_>, name: &str, idx: usize) -> Rgb {
    match name {
        "promoters" | "satisfied" | "easy" => panel.palette.good,
        "passives" => panel.palette.neutral,
        "detractors" | "not_satisfied" | "not_easy" => panel.palette.poor,
        _ => panel.palette.series[idx % panel.palette.series.len()],
    }
}

/// Returns the colour at a place from the worst, 0, over neither to the best, 1.
fn ramp(palette: &Palette, place: f64) -> Rgb {
    match place <= 0.5 {
        true => Rgb::mixed(palette.poor, palette.neutral, 2.0 * place),
        false => Rgb::mixed(palette.neutral, palette.good, 2.0 * place - 1.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_parted_from_its_share() {
        let class = |name: &str, key| Class {
            name: name.to_owned(),
            colour: Rgb(0, 0, 0),
            key,
        };
        let answer = class("2", Key::Answer(2.0));
        assert_eq!(answer.label(Language::English), "2:");
        assert_eq!(answer.label(Language::French), "2\u{202f}:");
        let named = class("Promoters", Key::Named("promoters"));
        assert_eq!(named.label(Language::English), "Promoters");
    }

    #[test]
    fn half_points_are_counted_with_the_answer_below() {
        let score = Score {
            histogram: vec![(3.5, 2), (4.0, 3), (4.5, 1)],
            ..crate::chart::sample::unanswered()
        };
        assert_eq!(Key::Answer(3.0).count(&score), 2);
        assert_eq!(Key::Answer(4.0).count(&score), 4);
        assert_eq!(Key::Answer(5.0).count(&score), 0);
    }
}
