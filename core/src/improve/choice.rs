//! Which attributes to weigh together where not every answer rates all of them.

use super::rating::{ATTRIBUTES_MAX, Ratings, rows_needed, told};

/// Most attributes that are chosen from: the most rated ones.
pub const CANDIDATES_MAX: usize = 40;

/// Which attributes can be weighed together, by their positions, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Choice {
    /// Those that most is known of together.
    pub together: Vec<usize>,
    /// Those that many answers rate, all of them alike.
    pub constant: Vec<usize>,
}

/// Rows by attribute, a bit each.
type Bits = Vec<u64>;

/// Attributes that are rated together, and how many answers rate all of them.
struct Set {
    /// In the order in which they were added.
    attributes: Vec<usize>,
    rows: Bits,
}

impl Ratings<'_> {
    /// Returns the attributes that most is known of together: of the sets with enough complete
    /// answers, or of all where none has, the one with the most pairs of ratings in them, those with
    /// the outcome included. So surveys that ask different things do not cost each other's answers,
    /// nor does a question that few answer.
    #[must_use]
    pub fn choice(&self) -> Choice {
        let answered: Vec<usize> = (0..self.outcome.len())
            .filter(|row| told(self.outcome[*row]).is_some())
            .collect();
        let all: Vec<usize> = (0..self.attributes.len()).collect();
        let varying = self.varying(&all, &answered);
        let is_constant = |at: &usize| {
            let n_rated = n_set(&self.rated(*at, &answered));
            !varying.contains(at) && n_rated >= rows_needed(1)
        };
        Choice {
            constant: all.iter().copied().filter(is_constant).collect(),
            together: self.together(&varying, &answered),
        }
    }

    fn together(&self, varying: &[usize], answered: &[usize]) -> Vec<usize> {
        let rated = |at: &usize| (*at, self.rated(*at, answered));
        let mut candidates: Vec<(usize, Bits)> = varying.iter().map(rated).collect();
        candidates.sort_by_key(|(at, bits)| (usize::MAX - n_set(bits), *at));
        candidates.truncate(CANDIDATES_MAX);
        let mut best: Option<((bool, usize), Vec<usize>)> = None;
        for first in 0..candidates.len() {
            let mut set = Set {
                attributes: vec![candidates[first].0],
                rows: candidates[first].1.clone(),
            };
            loop {
                let (n_rows, n_attributes) = (n_set(&set.rows), set.attributes.len());
                let n_pairs = n_rows * n_attributes * (n_attributes + 1) / 2;
                let found = (n_rows >= rows_needed(n_attributes), n_pairs);
                if best.as_ref().is_none_or(|(best, _)| found > *best) {
                    best = Some((found, set.attributes.clone()));
                }
                if n_rows == 0 || n_attributes >= ATTRIBUTES_MAX || !set.grow(&candidates) {
                    break;
                }
            }
        }
        let mut chosen = best.map_or_else(Vec::new, |(_, attributes)| attributes);
        chosen.sort_unstable();
        chosen
    }

    /// Returns which of the answers rate an attribute.
    fn rated(&self, at: usize, answered: &[usize]) -> Bits {
        let mut bits = vec![0; answered.len().div_ceil(64)];
        for (idx, row) in answered.iter().enumerate() {
            let is_rated = told(self.attributes[at].ratings[*row]).is_some();
            bits[idx / 64] |= u64::from(is_rated) << (idx % 64);
        }
        bits
    }
}

impl Set {
    /// Adds the attribute that leaves the most complete answers, the most rated of those alike.
    fn grow(&mut self, candidates: &[(usize, Bits)]) -> bool {
        let left = candidates
            .iter()
            .filter(|(at, _)| !self.attributes.contains(at));
        let n_both = |bits: &Bits| -> usize {
            let both = self.rows.iter().zip(bits).map(|(one, other)| one & other);
            both.map(|word| word.count_ones() as usize).sum()
        };
        let counted = left.map(|(at, bits)| (n_both(bits), *at, bits));
        let Some((_, at, bits)) =
            counted.reduce(|most, one| if one.0 > most.0 { one } else { most })
        else {
            return false;
        };
        for (word, other) in self.rows.iter_mut().zip(bits) {
            *word &= other;
        }
        self.attributes.push(at);
        true
    }
}

fn n_set(bits: &[u64]) -> usize {
    bits.iter().map(|word| word.count_ones() as usize).sum()
}

#[cfg(test)]
mod tests {
    use super::super::rating::Attribute;
    use super::*;

    /// How often each set of attributes is rated, by the positions that are.
    fn check(n_attributes: usize, answers: &[(&[usize], usize)], expected: &[usize]) {
        let of_row: Vec<&[usize]> = (answers.iter())
            .flat_map(|(rated, n)| vec![*rated; *n])
            .collect();
        let rating = |row: usize, at: usize| u8::try_from((row * 7 + at) % 5).expect("small");
        let columns: Vec<Vec<Option<f64>>> = (0..n_attributes)
            .map(|at| {
                let rows = of_row.iter().enumerate();
                let told = rows.map(|(row, rated)| rated.contains(&at).then_some(rating(row, at)));
                told.map(|told| told.map(f64::from)).collect()
            })
            .collect();
        let attributes: Vec<Attribute<'_>> = (columns.iter())
            .map(|ratings| Attribute {
                name: "one of them",
                ratings,
                is_lower_better: false,
            })
            .collect();
        let found = Ratings {
            outcome: &vec![Some(1.0); of_row.len()],
            persons: &vec![0; of_row.len()],
            attributes: &attributes,
        };
        assert_eq!(found.choice().together, expected, "{answers:?}");
    }

    #[test]
    fn surveys_that_ask_different_things_are_not_mixed() {
        let (long, short): (&[usize], &[usize]) = (&[0, 1, 2, 3, 4], &[0, 2]);
        // Pairs: 15 a long answer, 3 a short one or the same part of a long one.
        check(5, &[(long, 400), (short, 900)], long);
        check(5, &[(long, 200), (short, 900)], short);
        // Of surveys with nothing in common the one that tells most.
        check(6, &[(&[0, 1, 2], 300), (&[3, 4, 5], 301)], &[3, 4, 5]);
        check(6, &[(&[0, 1, 2], 300), (&[3, 4, 5], 300)], &[0, 1, 2]);
    }

    #[test]
    fn a_question_that_few_answer_is_left_out() {
        check(3, &[(&[0, 1, 2], 30), (&[0, 1], 300)], &[0, 1]);
        check(3, &[(&[0, 1, 2], 290), (&[0, 1], 40)], &[0, 1, 2]);
    }

    #[test]
    fn enough_answers_go_before_many_attributes() {
        // Fifty answers are enough for five attributes, not for six.
        check(
            6,
            &[(&[0, 1, 2, 3, 4, 5], 58), (&[0, 1], 2)],
            &[0, 1, 2, 3, 4],
        );
        check(6, &[(&[0, 1, 2, 3, 4, 5], 60)], &[0, 1, 2, 3, 4, 5]);
        // Where none has enough, what is known of most is refused with its reason.
        check(2, &[(&[0, 1], 40), (&[0], 9)], &[0, 1]);
    }

    #[test]
    fn nothing_is_chosen_of_nothing() {
        check(0, &[(&[], 60)], &[]);
        check(2, &[(&[], 60)], &[]);
        check(1, &[], &[]);
    }

    #[test]
    fn what_many_rate_alike_is_constant() {
        let alike = |n: usize| -> Vec<Option<f64>> {
            (0..60).map(|row| (row < n).then_some(4.0)).collect()
        };
        let columns = [alike(50), alike(49), alike(60)];
        let attributes = columns.each_ref().map(|ratings| Attribute {
            name: "one of them",
            ratings,
            is_lower_better: false,
        });
        let ratings = Ratings {
            outcome: &[Some(1.0); 60],
            persons: &[0; 60],
            attributes: &attributes,
        };
        let expected = Choice {
            constant: vec![0, 2],
            together: Vec::new(),
        };
        assert_eq!(ratings.choice(), expected);
    }
}
