//! Several answers of one person: how much less they tell than as many persons would.

use crate::plan::{ClusterSums, Worth};

use super::interval::real;

/// Fewest persons with several answers that an estimate rests on.
pub(super) const REPEATERS_MIN: u64 = 30;

/// Design effect: the variance of a score over that of as many answers of different persons.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Deff(f64);

impl Default for Deff {
    fn default() -> Self {
        Self(1.0)
    }
}

impl Deff {
    /// Returns the design effect of the answers these sums are of, at least 1.
    ///
    /// # Source
    /// Between-cluster variance of a ratio mean, `m/(m−1) Σ_c (Σ_i (y_i − ȳ))² / n²`, over the
    /// variance of a simple random sample (Kish 1965; Skinner, Holt and Smith 1989): `v/n` of the
    /// shares for classes, `s²/n` for numbers.
    pub(super) fn of(sums: &ClusterSums, worth: &Worth) -> Self {
        let (n, n_persons) = (real(sums.n), real(sums.n_persons));
        if sums.n_persons < 2 || sums.n < 2 {
            return Self::default();
        }
        let mean = sums.sum / n;
        // As the interval takes it for independent answers, so that it widens by just this much.
        let freedom = match worth {
            Worth::Classes(_) => n,
            Worth::Column(_) => n - 1.0,
        };
        let simple = (sums.squares - n * mean * mean).max(0.0) / freedom / n;
        let between = sums.person_squares - 2.0 * mean * sums.person_products
            + mean * mean * sums.size_squares;
        let clustered = n_persons / (n_persons - 1.0) * between.max(0.0) / (n * n);
        // Unanimous answers vary by rounding alone.
        let is_varied = simple * n > 1e-12 * (1.0 + mean * mean);
        match is_varied {
            true => Self((clustered / simple).max(1.0)),
            false => Self::default(),
        }
    }

    /// Returns the design effect where enough persons answered several times to tell it, else 1.
    pub(super) fn estimated(sums: &ClusterSums, worth: &Worth) -> Self {
        match sums.n_repeaters >= REPEATERS_MIN {
            true => Self::of(sums, worth),
            false => Self::default(),
        }
    }

    /// Returns the factor, at least 1.
    pub(super) fn factor(self) -> f64 {
        self.0
    }

    /// Returns how many independent answers tell as much as `n` of these.
    pub(super) fn effective(self, n: u64) -> f64 {
        real(n) / self.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Sums of answers by person.
    fn sums(persons: &[Vec<f64>]) -> ClusterSums {
        let mut sums = ClusterSums::default();
        for answers in persons {
            let (size, total) = (real(answers.len() as u64), answers.iter().sum::<f64>());
            sums.n += answers.len() as u64;
            sums.n_persons += 1;
            sums.n_repeaters += u64::from(answers.len() > 1);
            sums.sum += total;
            sums.squares += answers.iter().map(|x| x * x).sum::<f64>();
            sums.person_squares += total * total;
            sums.person_products += total * size;
            sums.size_squares += size * size;
        }
        sums
    }

    fn classes() -> Worth {
        Worth::Classes(Vec::new())
    }

    fn check(persons: &[Vec<f64>], worth: &Worth, expected: f64) {
        let found = Deff::of(&sums(persons), worth).factor();
        assert!((found - expected).abs() < 1e-9, "{persons:?}: {found}");
    }

    #[test]
    fn answers_of_one_person_tell_less_than_those_of_many() {
        let some = [
            vec![1.0, 1.0, 0.0],
            vec![0.0, 0.0],
            vec![1.0],
            vec![1.0, 1.0],
            vec![0.0],
        ];
        check(&some, &classes(), 1.486_111_111_111_111);
        check(&some, &Worth::Column("score"), 1.320_987_654_320_987_5);
        // Four persons who say the same thing five times are four answers.
        let stubborn = [0.0, 1.0, 0.0, 1.0].map(|answer| vec![answer; 5]);
        check(
            &stubborn,
            &Worth::Column("score"),
            4.0 / 3.0 * 5.0 * 19.0 / 20.0,
        );
    }

    #[test]
    fn nothing_hangs_together_where_nothing_varies_or_nobody_repeats() {
        check(&[], &classes(), 1.0);
        check(&[vec![1.0]], &classes(), 1.0);
        check(&[vec![0.0, 1.0, 1.0]], &classes(), 1.0);
        check(&[vec![1.0, 1.0], vec![1.0]], &classes(), 1.0);
        check(
            &[vec![4.2, 4.2], vec![4.2], vec![4.2]],
            &Worth::Column("score"),
            1.0,
        );
        let singles: Vec<Vec<f64>> = (0..40).map(|x| vec![f64::from(x % 5)]).collect();
        check(&singles, &Worth::Column("score"), 1.0);
        // Persons who contradict themselves never narrow an interval.
        check(
            &[vec![0.0, 1.0], vec![1.0, 0.0], vec![0.0, 1.0]],
            &classes(),
            1.0,
        );
    }

    #[test]
    fn an_estimate_needs_thirty_persons_with_several_answers() {
        let persons = |n_repeaters: usize| -> Vec<Vec<f64>> {
            let repeater = |idx: usize| vec![if idx.is_multiple_of(3) { 0.0 } else { 1.0 }; 3];
            let mut persons: Vec<Vec<f64>> = (0..n_repeaters).map(repeater).collect();
            persons.extend(vec![vec![1.0]; 50]);
            persons
        };
        let estimate = |n| Deff::estimated(&sums(&persons(n)), &classes()).factor();
        assert_eq!(estimate(29), 1.0);
        assert!(estimate(30) > 2.0, "{}", estimate(30));
    }

    proptest! {
        #[test]
        fn it_is_the_definition_written_out_and_at_least_one(
            persons in prop::collection::vec(prop::collection::vec(0_u8..=1, 1..5), 2..30),
        ) {
            let persons: Vec<Vec<f64>> = persons
                .into_iter()
                .map(|answers| answers.into_iter().map(f64::from).collect())
                .collect();
            let all: Vec<f64> = persons.concat();
            let (n, m) = (real(all.len() as u64), real(persons.len() as u64));
            let mean = all.iter().sum::<f64>() / n;
            let residual =
                |answers: &Vec<f64>| answers.iter().map(|x| x - mean).sum::<f64>().powi(2);
            let between = m / (m - 1.0) * persons.iter().map(residual).sum::<f64>() / (n * n);
            let simple = mean * (1.0 - mean) / n;
            let expected = if simple > 1e-12 { (between / simple).max(1.0) } else { 1.0 };
            let found = Deff::of(&sums(&persons), &classes()).factor();
            prop_assert!((found - expected).abs() < 1e-6 * expected, "{found} is not {expected}");
        }
    }
}
