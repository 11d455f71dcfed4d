//! How far two scores are apart, and how sure that is.

/// The 97.5 % quantile of the normal distribution.
pub const Z_95: f64 = 1.959_963_984_540_054;

/// The difference of two scores, unrounded, with its 95 % interval and two-sided p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// The later score minus the earlier one.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end of the interval.
    pub high: f64,
    /// Chance of a gap at least as wide where there is none.
    pub p: f64,
}

impl Difference {
    /// Returns the difference in units of which `factor` make one of its own.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        let (one, other) = (factor * self.low, factor * self.high);
        Self {
            value: factor * self.value,
            low: one.min(other),
            high: one.max(other),
            p: self.p,
        }
    }

    /// Returns a difference of shares in percentage points.
    #[must_use]
    pub fn in_percent(self) -> Self {
        self.scaled(100.0)
    }

    /// Tells whether the interval leaves no room for the scores being the same.
    #[must_use]
    pub fn excludes_zero(self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turned_difference_keeps_its_ends_in_order() {
        let shares = Difference {
            value: 0.1,
            low: -0.25,
            high: 0.5,
            p: 0.3,
        };
        let percent = shares.in_percent();
        assert_eq!((percent.low, percent.high, percent.p), (-25.0, 50.0, 0.3));
        let turned = shares.scaled(-2.0);
        assert_eq!((turned.value, turned.low, turned.high), (-0.2, -1.0, 0.5));
        assert!(!turned.excludes_zero());
        assert!(
            Difference {
                low: 0.01,
                ..shares
            }
            .excludes_zero()
        );
        assert!(
            Difference {
                high: -0.01,
                ..shares
            }
            .excludes_zero()
        );
    }
}
