//! Chance as a function: the same question always falls the same way.
//!
//! Counter-based, so that no draw depends on how many were made before it: a day can be computed
//! alone. Only additions and comparisons of exact fractions, so every machine agrees.

use twox_hash::XxHash3_64;

/// What a draw is for; keeps the streams of chance apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    Customer,
    Invitation,
    Answer,
    Comment,
    Occurrence,
    Contract,
    Agent,
    Ticket,
    Truth,
    Review,
}

/// The source of all chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dice {
    seed: u64,
}

impl Dice {
    /// Makes the dice of a seed.
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// Picks the dice for one thing, such as one answer of one day.
    pub(super) fn cast(self, stream: Stream, first: i64, second: u64) -> Cast {
        let mut key = [0; 17];
        key[0] = stream as u8;
        key[1..9].copy_from_slice(&first.to_le_bytes());
        key[9..].copy_from_slice(&second.to_le_bytes());
        Cast {
            key: XxHash3_64::oneshot_with_seed(self.seed, &key),
            n_drawn: 0,
        }
    }
}

/// The draws for one thing, in a fixed order.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    key: u64,
    n_drawn: u64,
}

impl Cast {
    /// Draws 64 bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.n_drawn += 1;
        XxHash3_64::oneshot_with_seed(self.key, &self.n_drawn.to_le_bytes())
    }

    /// Draws from 0 (inclusive) to 1 (exclusive), evenly.
    pub(super) fn share(&mut self) -> f64 {
        // 32 bits are exact in a float and far finer than any use here.
        let bits = u32::try_from(self.bits() >> 32).expect("the upper half of 64 bits");
        f64::from(bits) / 4_294_967_296.0
    }

    /// Draws from a bell of mean 0 and deviation 1 that ends at ±6 (the sum of twelve shares).
    pub(super) fn bell(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }

    /// Tells whether something of this probability happens.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// Draws a whole number below `n`, which must not be 0.
    pub(super) fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    /// Draws one of several, evenly.
    pub(super) fn pick<'v, T>(&mut self, values: &'v [T]) -> &'v T {
        let idx = self.below(values.len() as u64);
        &values[usize::try_from(idx).expect("below a length")]
    }

    /// Draws one of several by weight; the weights need no certain sum.
    pub(super) fn weighted<'v, T>(&mut self, values: &'v [(f64, T)]) -> &'v T {
        let total: f64 = values.iter().map(|(weight, _)| weight).sum();
        let mut left = self.share() * total;
        for (weight, value) in values {
            left -= weight;
            if left < 0.0 {
                return value;
            }
        }
        &values[values.len() - 1].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_falls_the_same_way() {
        let draw = |seed, day| Dice::new(seed).cast(Stream::Answer, day, 7).bits();
        assert_eq!(draw(1, 2), draw(1, 2));
        assert_ne!(draw(1, 2), draw(2, 2));
        assert_ne!(draw(1, 2), draw(1, 3));
    }

    #[test]
    fn the_bell_has_mean_0_and_deviation_1() {
        let mut cast = Dice::new(1).cast(Stream::Answer, 0, 0);
        let draws: Vec<f64> = (0..10_000).map(|_| cast.bell()).collect();
        let mean = draws.iter().sum::<f64>() / 10_000.0;
        let square = draws.iter().map(|draw| draw * draw).sum::<f64>() / 10_000.0;
        assert!(mean.abs() < 0.05 && (square - 1.0).abs() < 0.05);
    }
}
