//! The question set of an answer: one scale, one direction, one bound of what counts as positive.
//!
//! Answers on different scales are never pooled or mapped: a question that finds several sets is
//! refused and told which filter picks each.

use std::fmt;

use crate::plan::QuestionSet;

use super::cluster::Deff;
use super::formula::{Formula, Scale};
use super::{KpiError, Settings};

/// Fewest points of a scale whose top two boxes are positive; shorter ones have one.
const TWO_BOXES_POINTS_MIN: f64 = 4.0;
/// Most question sets that an error lists.
const LISTED_MAX: usize = 8;

/// What the questions of an answer have in common, as far as a formula depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Terms {
    /// Ends of the scale; `None` where no question says it and none is usual.
    pub(super) scale: Option<Scale>,
    /// Whether a lower answer is better.
    pub(super) is_lower_better: bool,
    /// Declared bound of positive answers, itself positive; `None` is the KPI's own.
    pub(super) positive: Option<f64>,
    /// How much answers of one person hang together.
    pub(super) deff: Deff,
}

impl Terms {
    /// Reads the terms of one question.
    pub(super) fn of(set: &QuestionSet, usual: Option<Scale>, settings: &Settings) -> Self {
        let usual_min = usual.map(|scale| scale.min);
        let usual_max = usual.map(|scale| scale.max);
        let (min, max) = (set.scale_min.or(usual_min), set.scale_max.or(usual_max));
        Self {
            scale: min.zip(max).map(|(min, max)| Scale { min, max }),
            is_lower_better: set.is_lower_better,
            positive: settings.positive_of(&full_id(set)),
            deff: Deff::default(),
        }
    }

    /// Returns the terms that all these questions share.
    ///
    /// # Errors
    /// When questions have different terms, or one does not say its scale and its answers do not
    /// fit the usual one.
    pub(super) fn shared(
        kpi: &'static str,
        formula: &dyn Formula,
        sets: &[QuestionSet],
        settings: &Settings,
    ) -> Result<Self, KpiError> {
        let usual = formula.usual_scale();
        let mut shared: Option<Self> = None;
        let mut is_ambiguous = false;
        for set in sets.iter().filter(|set| set.n_answers > 0) {
            let terms = Self::of(set, usual, settings);
            if let Some(scale) = usual.and(terms.scale)
                && !holds(scale, set)
            {
                return Err(KpiError::ScaleUnsaid {
                    question: full_id(set),
                    scale: terms.to_string(),
                    low: set.score_min.unwrap_or(scale.min),
                    high: set.score_max.unwrap_or(scale.max),
                });
            }
            is_ambiguous |= shared.is_some_and(|shared| shared != terms);
            shared.get_or_insert(terms);
        }
        if is_ambiguous {
            return Err(ambiguous(kpi, sets, usual, settings));
        }
        Ok(shared.unwrap_or(Self {
            scale: usual,
            ..Self::default()
        }))
    }

    /// Whether an answer is on the good side of a bound, which is itself good.
    pub(super) fn range_of(&self, bound: f64) -> (Option<f64>, Option<f64>) {
        match self.is_lower_better {
            false => (Some(bound), None),
            true => (None, Some(bound.next_up())),
        }
    }

    /// Returns the answers that count as positive, from and up to below: those of the top boxes, or
    /// as declared; `None` where no scale is said and nothing is declared.
    pub(super) fn positive_range(&self) -> Option<(Option<f64>, Option<f64>)> {
        let of_scale = || self.scale.map(|scale| self.turned(top_boxes(scale), scale));
        let bound = self.positive.or_else(of_scale)?;
        Some(self.range_of(bound))
    }

    /// Returns the bound at the same distance from the good end of the scale as `bound` is from
    /// its upper end.
    pub(super) fn turned(&self, bound: f64, scale: Scale) -> f64 {
        match self.is_lower_better {
            false => bound,
            true => scale.min + scale.max - bound,
        }
    }
}

/// How a scale reads in an error: `1 to 5, lower is better`.
impl fmt::Display for Terms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.scale {
            Some(scale) => write!(formatter, "{} to {}", scale.min, scale.max)?,
            None => formatter.write_str("no scale said")?,
        }
        if self.is_lower_better {
            formatter.write_str(", lower is better")?;
        }
        if let Some(positive) = self.positive {
            let side = if self.is_lower_better {
                "up to"
            } else {
                "from"
            };
            write!(formatter, ", positive {side} {positive}")?;
        }
        Ok(())
    }
}

/// Returns the lowest answer of the top boxes: two of four or more points, one of fewer.
///
/// # Source
/// Top-two-box practice of satisfaction surveys: 4 of 1–5, 6 of 1–7, 9 of 0–10, 3 of 1–3.
pub(super) fn top_boxes(scale: Scale) -> f64 {
    match scale.max - scale.min + 1.0 >= TWO_BOXES_POINTS_MIN {
        true => scale.max - 1.0,
        false => scale.max,
    }
}

/// Whether the answers that were given can be on a scale.
fn holds(scale: Scale, set: &QuestionSet) -> bool {
    set.score_min.is_none_or(|low| low >= scale.min)
        && set.score_max.is_none_or(|high| high <= scale.max)
}

/// Returns what picks a question in a filter.
pub(super) fn full_id(set: &QuestionSet) -> String {
    format!("{}/{}", set.source, set.question)
}

/// One of several question sets that cannot be pooled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedSet {
    /// `SOURCE/QUESTION`, as a filter takes it.
    pub question: String,
    /// Its survey.
    pub survey: String,
    /// Its scale in words.
    pub scale: String,
    /// Its answers.
    pub n_answers: u64,
}

impl fmt::Display for ListedSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "`{}` of survey `{}` ({}; n = {})",
            self.question, self.survey, self.scale, self.n_answers
        )
    }
}

fn ambiguous(
    kpi: &'static str,
    sets: &[QuestionSet],
    usual: Option<Scale>,
    settings: &Settings,
) -> KpiError {
    let mut listed: Vec<ListedSet> = sets
        .iter()
        .filter(|set| set.n_answers > 0)
        .map(|set| ListedSet {
            question: full_id(set),
            survey: set.survey.clone(),
            scale: Terms::of(set, usual, settings).to_string(),
            n_answers: set.n_answers,
        })
        .collect();
    let n_more = listed.len().saturating_sub(LISTED_MAX);
    listed.truncate(LISTED_MAX);
    KpiError::Ambiguous {
        kpi,
        sets: listed,
        n_more,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scale: (f64, f64), expected: f64) {
        let (min, max) = scale;
        assert_eq!(top_boxes(Scale { min, max }), expected, "{scale:?}");
    }

    #[test]
    fn the_top_boxes_are_two_of_four_or_more_points_and_one_of_fewer() {
        check((1.0, 5.0), 4.0);
        check((1.0, 7.0), 6.0);
        check((0.0, 10.0), 9.0);
        check((1.0, 10.0), 9.0);
        check((1.0, 4.0), 3.0);
        check((1.0, 3.0), 3.0);
        // Thumbs: down is 0, up is 1.
        check((0.0, 1.0), 1.0);
    }

    #[test]
    fn the_good_side_of_a_turned_scale_is_its_lower_one() {
        let scale = Scale { min: 1.0, max: 5.0 };
        let upright = Terms::default();
        let turned = Terms {
            is_lower_better: true,
            ..upright
        };
        assert_eq!(
            (upright.turned(4.0, scale), turned.turned(4.0, scale)),
            (4.0, 2.0)
        );
        assert_eq!(upright.range_of(4.0), (Some(4.0), None));
        assert_eq!(turned.range_of(2.0), (None, Some(2.0_f64.next_up())));
    }
}
