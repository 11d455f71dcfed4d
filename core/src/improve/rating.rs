//! Answers that rate several things at once, as they are given and as they are weighed.

use crate::statistic::real;

use super::refusal::Refusal;

/// Most attributes weighed together: twenty ratings in one survey are already too many.
pub const ATTRIBUTES_MAX: usize = 20;

/// Most answers weighed together: with twenty attributes they take 300 MB and half a minute of two
/// processors.
pub const ROWS_MAX: usize = 500_000;

/// Fewest complete answers, whatever the number of attributes.
const ROWS_MIN: usize = 50;

/// Fewest complete answers for each attribute.
const ROWS_EACH_MIN: usize = 10;

/// Greatest rating, so that no sum of squares overflows; no scale goes as far.
const RATING_MAX: f64 = 1e12;

/// One thing that answers rate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Attribute<'a> {
    /// How it is called.
    pub name: &'a str,
    /// Rating of each answer; `None`, or what is no number of a scale, where it is unrated.
    pub ratings: &'a [Option<f64>],
    /// Whether a lower rating is better.
    pub is_lower_better: bool,
}

/// Answers, column by column, all of the same length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ratings<'a> {
    /// What the drivers are of: the raw 0–10 recommendation or overall rating.
    pub outcome: &'a [Option<f64>],
    /// Who gave each answer; every anonymous one is a person of its own.
    pub persons: &'a [u64],
    /// What the answers rate.
    pub attributes: &'a [Attribute<'a>],
}

/// Complete answers, those of a person side by side.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Complete {
    /// Positions of the attributes that vary, in the order given.
    pub(super) kept: Vec<usize>,
    /// Their ratings, then the outcome: column by column.
    pub(super) columns: Vec<Vec<f64>>,
    /// Rows of each person.
    pub(super) sizes: Vec<usize>,
    pub(super) n_rows: usize,
    /// Rows with an outcome, complete or not.
    pub(super) n_answered: usize,
}

impl Ratings<'_> {
    /// Returns the answers that rate the outcome and every attribute that varies.
    ///
    /// # Errors
    /// When they are too few or tell nothing.
    ///
    /// # Panics
    /// When the columns differ in length.
    pub(super) fn complete(&self) -> Result<Complete, Refusal> {
        let n_all = self.outcome.len();
        let is_even = self.attributes.iter().all(|one| one.ratings.len() == n_all);
        assert!(
            is_even && self.persons.len() == n_all,
            "columns of one length"
        );
        if n_all > ROWS_MAX {
            return Err(Refusal::TooManyRows {
                n_rows: n_all,
                max: ROWS_MAX,
            });
        }
        if self.attributes.len() > ATTRIBUTES_MAX {
            return Err(Refusal::TooManyAttributes {
                n_attributes: self.attributes.len(),
                max: ATTRIBUTES_MAX,
            });
        }
        let answered: Vec<usize> = (0..n_all)
            .filter(|row| told(self.outcome[*row]).is_some())
            .collect();
        // First by itself: an attribute that nobody rates must not take every answer with it.
        let alone = self.varying(&(0..self.attributes.len()).collect::<Vec<_>>(), &answered);
        let mut rows = self.complete_rows(&alone, &answered);
        let kept = self.varying(&alone, &rows);
        if kept.is_empty() && (alone.is_empty() || rows.len() >= ROWS_MIN) {
            return Err(Refusal::NoAttributes {
                n_rows: answered.len(),
            });
        }
        let n_attributes = if kept.is_empty() {
            alone.len()
        } else {
            kept.len()
        };
        let needed = rows_needed(n_attributes);
        if rows.len() < needed {
            let (sparsest, n_missing) = self.sparsest(&alone, &answered);
            return Err(Refusal::TooFewRows {
                n_rows: rows.len(),
                needed,
                n_attributes,
                sparsest,
                n_missing,
            });
        }
        rows.sort_by_key(|row| self.persons[*row]);
        let complete = self.gathered(kept, &rows, answered.len());
        let outcome = complete
            .columns
            .last()
            .expect("the outcome is the last column");
        match varies(outcome.iter().copied()) {
            true => Ok(complete),
            false => Err(Refusal::SameOutcome { n_rows: rows.len() }),
        }
    }

    pub(super) fn varying(&self, attributes: &[usize], rows: &[usize]) -> Vec<usize> {
        let is_kept = |at: &usize| {
            let ratings = self.attributes[*at].ratings;
            varies(rows.iter().filter_map(|row| told(ratings[*row])))
        };
        attributes.iter().copied().filter(is_kept).collect()
    }

    fn complete_rows(&self, attributes: &[usize], answered: &[usize]) -> Vec<usize> {
        let is_rated = |row: usize, at: &usize| told(self.attributes[*at].ratings[row]).is_some();
        let is_complete = |row: &usize| attributes.iter().all(|at| is_rated(*row, at));
        answered.iter().copied().filter(is_complete).collect()
    }

    /// Returns the attribute that is unrated most often, and how often; the first of those alike.
    fn sparsest(&self, attributes: &[usize], answered: &[usize]) -> (String, usize) {
        let unrated = |at: usize| {
            let ratings = self.attributes[at].ratings;
            let is_unrated = |row: &&usize| told(ratings[**row]).is_none();
            answered.iter().filter(is_unrated).count()
        };
        let counted = attributes.iter().map(|at| (unrated(*at), *at));
        let (n_missing, at) = counted
            .reduce(|most, one| if one.0 > most.0 { one } else { most })
            .expect("without an attribute another refusal comes first");
        (self.attributes[at].name.to_owned(), n_missing)
    }

    fn gathered(&self, kept: Vec<usize>, rows: &[usize], n_answered: usize) -> Complete {
        let column = |cells: &[Option<f64>]| -> Vec<f64> {
            rows.iter().filter_map(|row| told(cells[*row])).collect()
        };
        let attributes = kept.iter().map(|at| column(self.attributes[*at].ratings));
        Complete {
            columns: attributes.chain([column(self.outcome)]).collect(),
            sizes: rows
                .chunk_by(|one, next| self.persons[*one] == self.persons[*next])
                .map(<[usize]>::len)
                .collect(),
            n_rows: rows.len(),
            n_answered,
            kept,
        }
    }
}

/// Returns how many complete answers so many attributes take.
#[must_use]
pub fn rows_needed(n_attributes: usize) -> usize {
    ROWS_MIN.max(ROWS_EACH_MIN * n_attributes)
}

/// Returns a rating that can be counted with.
pub(super) fn told(rating: Option<f64>) -> Option<f64> {
    // A comparison with what is no number is false.
    rating.filter(|number| number.abs() <= RATING_MAX)
}

/// Tells whether numbers differ by more than rounding.
fn varies(numbers: impl Iterator<Item = f64>) -> bool {
    let wide = |(low, high): (f64, f64), number: f64| (low.min(number), high.max(number));
    let (low, high) = numbers.fold((f64::INFINITY, f64::NEG_INFINITY), wide);
    low < high && high - low > 1e-9 * low.abs().max(high.abs()).max(1e-9)
}

/// Returns mean and standard deviation of numbers that vary.
pub(super) fn centre(numbers: &[f64]) -> (f64, f64) {
    let n = real(numbers.len());
    // Relative to one of them, so that numbers far from 0 keep their digits.
    let base = numbers.first().copied().unwrap_or_default();
    let mean = base + numbers.iter().map(|number| number - base).sum::<f64>() / n;
    let squares: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    (mean, (squares / n).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_by_more_than_rounding_or_not_at_all() {
        let differ = |numbers: &[f64]| varies(numbers.iter().copied());
        assert!(differ(&[1.0, 1.0, 2.0]) && differ(&[0.0, 1e-6]) && differ(&[-3.0, 3.0]));
        assert!(!differ(&[]) && !differ(&[4.0]) && !differ(&[0.1 + 0.2, 0.3]));
        assert!(!differ(&[0.0, 1e-300]) && !differ(&[1e12, 1e12 + 0.5]));
    }

    #[test]
    fn what_is_no_number_of_a_scale_is_unrated() {
        assert_eq!(told(Some(-5.0)), Some(-5.0));
        for no_rating in [None, Some(f64::NAN), Some(f64::INFINITY), Some(-1e13)] {
            assert_eq!(told(no_rating), None);
        }
    }

    #[test]
    fn answers_of_a_person_come_side_by_side() {
        let outcome: Vec<Option<f64>> = (0..60_u8).map(|at| Some(f64::from(at))).collect();
        let persons: Vec<u64> = (0..60).map(|at| at % 7).collect();
        let attribute = Attribute {
            name: "same",
            ratings: &outcome,
            is_lower_better: false,
        };
        let ratings = Ratings {
            outcome: &outcome,
            persons: &persons,
            attributes: &[attribute],
        };
        let found = ratings.complete().expect("told");
        assert_eq!(found.sizes, [9, 9, 9, 9, 8, 8, 8]);
        assert_eq!(found.columns[0][..3], [0.0, 7.0, 14.0]);
        assert_eq!(found.columns[0], found.columns[1]);
    }
}
