//! Numbers that look random and are the same in every run, so that a failure can be repeated.

/// SplitMix64: enough to choose test cases, and needs no dependency.
#[derive(Debug, Clone)]
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number below `end`, 0 for an `end` of 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.next() % end).unwrap_or(0)
    }

    /// Chooses at most `n_max` of `0..n`, in ascending order; all of them where they fit.
    pub(super) fn some_of(&mut self, n: usize, n_max: usize) -> Vec<usize> {
        let mut left: Vec<usize> = (0..n).collect();
        while left.len() > n_max {
            let idx = self.below(left.len());
            left.remove(idx);
        }
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_choice() {
        let choose = || Dice::new(7).some_of(1_000, 5);
        assert_eq!(choose(), choose());
        assert_eq!(choose().len(), 5);
        assert_ne!(choose(), Dice::new(8).some_of(1_000, 5));
        assert_eq!(Dice::new(7).some_of(3, 5), [0, 1, 2]);
    }
}
