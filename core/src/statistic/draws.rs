//! Seeded chance: the same data give the same interval on every machine.

use fastrand::Rng;

/// A stream of draws that its seed alone decides.
#[derive(Debug, Clone)]
pub struct Draws {
    source: Rng,
}

impl Draws {
    /// Returns the stream of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            source: Rng::with_seed(seed),
        }
    }

    /// Returns a stream of its own, which draws from this one no longer change.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self {
            source: self.source.fork(),
        }
    }

    /// Draws a position below `n`, each as likely; 0 where there is none.
    pub fn position(&mut self, n: usize) -> usize {
        match n {
            0 => 0,
            n => self.source.usize(..n),
        }
    }

    /// Draws from 0 (inclusive) to 1 (exclusive), evenly.
    pub fn unit(&mut self) -> f64 {
        self.source.f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_decides_the_stream() {
        let stream = |seed| {
            let mut draws = Draws::new(seed);
            [
                draws.position(1_000),
                draws.position(1_000),
                draws.position(1_000),
            ]
        };
        assert_eq!(stream(7), stream(7));
        assert_ne!(stream(7), stream(8));
        // A generator that changes its stream would move every interval that was ever shown.
        assert_eq!(stream(1), [657, 534, 239]);
    }

    #[test]
    fn a_fork_is_a_stream_of_its_own() {
        let mut draws = Draws::new(7);
        let (mut one, mut other) = (draws.fork(), draws.fork());
        let mut again = Draws::new(7).fork();
        let own: Vec<usize> = (0..4).map(|_| one.position(1_000)).collect();
        assert_ne!(own, [(); 4].map(|()| other.position(1_000)));
        assert_eq!(own, [(); 4].map(|()| again.position(1_000)));
    }

    #[test]
    fn positions_are_spread_evenly() {
        let mut draws = Draws::new(3);
        let mut counts = [0_u32; 5];
        for _ in 0..10_000 {
            counts[draws.position(5)] += 1;
        }
        // Five standard deviations of a binomial share of a fifth are 200.
        assert!(counts.iter().all(|n| n.abs_diff(2_000) < 200), "{counts:?}");
        assert_eq!(draws.position(0), 0);
        assert!((0..1_000).all(|_| (0.0..1.0).contains(&draws.unit())));
    }
}
