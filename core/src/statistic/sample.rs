//! Means and quantiles of numbers in memory.

/// Returns a count as a number; exact below 2^53.
#[must_use]
#[expect(clippy::cast_precision_loss, reason = "no count here reaches 2^53")]
pub fn real(count: usize) -> f64 {
    count as f64
}

/// Returns the mean; `None` of nothing.
#[must_use]
pub fn mean(numbers: &[f64]) -> Option<f64> {
    (!numbers.is_empty()).then(|| numbers.iter().sum::<f64>() / real(numbers.len()))
}

/// Returns the median; `None` of nothing.
#[must_use]
pub fn median(numbers: &[f64]) -> Option<f64> {
    quantile(numbers, 0.5)
}

/// Returns the quantile `p` (0..=1) of numbers in any order; `None` of nothing.
///
/// # Source
/// Type 7 of Hyndman and Fan 1996, linear between the closest ranks.
#[must_use]
pub fn quantile(numbers: &[f64], p: f64) -> Option<f64> {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = real(sorted.len().checked_sub(1)?) * p.clamp(0.0, 1.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank of the list, not negative"
    )]
    let below = place.floor() as usize;
    let low = sorted[below];
    let high = sorted[(below + 1).min(sorted.len() - 1)];
    Some(low + (high - low) * (place - real(below)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_linear_between_ranks() {
        let numbers = [4.0, 1.0, 3.0, 2.0];
        assert_eq!(quantile(&numbers, 0.0), Some(1.0));
        assert_eq!(quantile(&numbers, 0.25), Some(1.75));
        assert_eq!(median(&numbers), Some(2.5));
        assert_eq!(quantile(&numbers, 1.0), Some(4.0));
        assert_eq!((quantile(&[], 0.5), mean(&[])), (None, None));
        assert_eq!((median(&[7.0]), mean(&[1.0, 4.0])), (Some(7.0), Some(2.5)));
    }
}
