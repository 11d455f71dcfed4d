//! What themes cost: the score as it is, against the score without the answers that name a theme.

use statrs::function::erf::erfc;

use crate::statistic::{Difference, Z_95, real};

use super::find::finds;

/// Fewest answers with a theme, and fewest without, that an interval rests on.
pub const ANSWERS_MIN: usize = 5;

/// One answer with a comment.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comment {
    /// What it adds to the mean that is the score: −100, 0 or 100 for NPS.
    pub score: f64,
    /// Who gave it; every anonymous answer is a person of its own.
    pub person: u64,
}

/// A theme and the positions of the answers that name it, in any order; those that are given twice
/// count once.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Theme<'a> {
    /// How it is called.
    pub name: &'a str,
    /// Positions in the comments.
    pub comments: &'a [usize],
}

/// Themes by what they surely do to the score. Themes overlap, so impacts do not add up.
#[derive(Debug, Clone, PartialEq)]
pub struct Impacts {
    /// Score of all answers with a comment; `None` without any.
    pub score: Option<f64>,
    /// Answers with a comment.
    pub n_comments: usize,
    /// The surest and largest first: by the bound that is nearest 0.
    pub ranked: Vec<Impact>,
    /// Themes that too few answers name, or too few do not, in the order given.
    pub untold: Vec<String>,
}

/// One theme.
#[derive(Debug, Clone, PartialEq)]
pub struct Impact {
    /// How it is called.
    pub name: String,
    /// Answers that name it.
    pub n: usize,
    /// Their share of all comments, 0..=1.
    pub share: f64,
    /// Score of the answers that name it.
    pub score_with: f64,
    /// Score of the answers that do not.
    pub score_without: f64,
    /// Points the score has more, or fewer where negative, than without these answers.
    pub effect: Difference,
    /// It stands out among all themes.
    pub is_find: bool,
}

impl Impact {
    /// Returns the least points it surely moves the score, without sign; 0 where it may move none.
    #[must_use]
    pub fn sure_points(&self) -> f64 {
        match self.effect.excludes_zero() {
            true => self.effect.low.abs().min(self.effect.high.abs()),
            false => 0.0,
        }
    }
}

/// Returns what each theme does to the score of answers with a comment.
///
/// # Panics
/// When a theme names a position that is no comment, or a score is no number.
///
/// # Source
/// `S − S_without` with its linearised standard error (Taylor series; Särndal, Swensson and Wretman
/// 1992, section 5.5), summed by person.
#[must_use]
pub fn impact(comments: &[Comment], themes: &[Theme<'_>]) -> Impacts {
    let is_number = |comment: &Comment| comment.score.is_finite();
    assert!(comments.iter().all(is_number), "every score is a number");
    let counted = Counted::of(comments);
    let mut ranked = Vec::new();
    let mut untold = Vec::new();
    let mut is_in = vec![false; comments.len()];
    for theme in themes {
        is_in.fill(false);
        for at in theme.comments {
            *is_in
                .get_mut(*at)
                .expect("a theme names comments that are there") = true;
        }
        match counted.impact(theme.name, &is_in) {
            Some(impact) => ranked.push(impact),
            None => untold.push(theme.name.to_owned()),
        }
    }
    let effects: Vec<Option<Difference>> = ranked.iter().map(|one| Some(one.effect)).collect();
    for (impact, is_find) in ranked.iter_mut().zip(finds(&effects)) {
        impact.is_find = is_find;
    }
    ranked.sort_by(|one, other| {
        let surest = other.sure_points().total_cmp(&one.sure_points());
        let largest = other.effect.value.abs().total_cmp(&one.effect.value.abs());
        surest.then(largest).then_with(|| one.name.cmp(&other.name))
    });
    Impacts {
        score: (!comments.is_empty()).then_some(counted.score),
        n_comments: comments.len(),
        ranked,
        untold,
    }
}

/// All comments, those of a person side by side.
struct Counted<'a> {
    comments: &'a [Comment],
    order: Vec<usize>,
    score: f64,
}

impl<'a> Counted<'a> {
    fn of(comments: &'a [Comment]) -> Self {
        let mut order: Vec<usize> = (0..comments.len()).collect();
        order.sort_by_key(|at| comments[*at].person);
        Self {
            comments,
            score: comments.iter().map(|one| one.score).sum::<f64>() / real(comments.len()),
            order,
        }
    }

    fn impact(&self, name: &str, is_in: &[bool]) -> Option<Impact> {
        let n_all = self.comments.len();
        let n = is_in.iter().filter(|is_in| **is_in).count();
        let n_without = n_all - n;
        if n.min(n_without) < ANSWERS_MIN {
            return None;
        }
        let sum = |wanted: bool| -> f64 {
            let rows = self.comments.iter().zip(is_in);
            let rows = rows.filter(|(_, is_in)| **is_in == wanted);
            rows.map(|(comment, _)| comment.score).sum()
        };
        let score_with = sum(true) / real(n);
        let score_without = sum(false) / real(n_without);
        let share = real(n) / real(n_all);
        Some(Impact {
            name: name.to_owned(),
            n,
            share,
            score_with,
            score_without,
            effect: told(
                share * (score_with - score_without),
                self.error(is_in, score_without, 1.0 - share),
            ),
            is_find: false,
        })
    }

    /// Returns the standard error of an impact.
    fn error(&self, is_in: &[bool], score_without: f64, share_without: f64) -> f64 {
        let moved = |at: &usize| {
            let x = self.comments[*at].score;
            let without = match is_in[*at] {
                true => 0.0,
                false => (x - score_without) / share_without,
            };
            x - self.score - without
        };
        let same =
            |one: &usize, next: &usize| self.comments[*one].person == self.comments[*next].person;
        let persons = self.order.chunk_by(same);
        let squares = persons.map(|rows| rows.iter().map(moved).sum::<f64>().powi(2));
        squares.sum::<f64>().sqrt() / real(self.comments.len())
    }
}

/// Returns an effect with its interval and p; without any error it is sure, or there is none.
fn told(value: f64, error: f64) -> Difference {
    let p = match (error > 0.0, value == 0.0) {
        (true, _) => erfc((value / error).abs() / std::f64::consts::SQRT_2),
        (false, true) => 1.0,
        (false, false) => 0.0,
    };
    Difference {
        value,
        low: value - Z_95 * error,
        high: value + Z_95 * error,
        p,
    }
}

#[cfg(test)]
mod tests;
