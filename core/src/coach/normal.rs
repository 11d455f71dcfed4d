//! The normal distribution.

use statrs::function::erf::erfc;

/// Returns how likely a standard normal number is at most `z`.
pub(super) fn normal_cdf(z: f64) -> f64 {
    erfc(-z / std::f64::consts::SQRT_2) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_of_the_table() {
        let points = [
            (0.0, 0.5),
            (crate::statistic::Z_95, 0.975),
            (-1.0, 0.158_655_3),
            (3.0, 0.998_650_1),
        ];
        for (z, p) in points {
            assert!((normal_cdf(z) - p).abs() < 1e-7, "{z}");
        }
        assert_eq!((normal_cdf(-99.0), normal_cdf(99.0)), (0.0, 1.0));
    }
}
