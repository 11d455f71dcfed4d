//! Chance that can be repeated: a generator whose whole state is the seed that a test prints, and
//! the numbers that a longer run of a test is given.

use std::time::SystemTime;

/// SplitMix64: enough to choose cases, and needs no dependency.
#[derive(Debug, Clone)]
pub struct Dice {
    state: u64,
}

impl Dice {
    /// Starts from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Returns the next number.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, 0 for an `end` of 0.
    pub fn roll(&mut self, end: u64) -> u64 {
        self.next_u64() % end.max(1)
    }

    /// Returns an index below `len`, 0 for a `len` of 0.
    pub fn index(&mut self, len: usize) -> usize {
        usize::try_from(self.roll(len as u64)).unwrap_or(0)
    }

    /// Returns one of several.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.index(of.len())]
    }
}

/// Returns the seed of `VOCD_TEST_SEED`, or one of this moment, and prints how to repeat it.
#[must_use]
#[expect(clippy::print_stdout, reason = "a seed that is not told is lost")]
pub fn seed() -> u64 {
    let told = std::env::var("VOCD_TEST_SEED").ok();
    let seed = told.and_then(|seed| seed.parse().ok()).unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        u64::try_from(now.unwrap_or_default().as_nanos()).unwrap_or(1)
    });
    println!("seed {seed}: VOCD_TEST_SEED={seed} repeats it");
    seed
}

/// Returns the number of an environment variable, by which `make soak` runs a test for longer.
///
/// # Panics
/// When it is set to something else.
#[must_use]
pub fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(number) => number
            .parse()
            .unwrap_or_else(|_| panic!("`{name}` must be a number, not `{number}`")),
        Err(_) => default,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers() {
        let rolls = |seed| {
            let mut dice = Dice::new(seed);
            (0..5).map(|_| dice.roll(1_000)).collect::<Vec<_>>()
        };
        assert_eq!(rolls(7), rolls(7));
        assert_ne!(rolls(7), rolls(8));
        assert_eq!(Dice::new(7).index(0), 0);
    }
}
