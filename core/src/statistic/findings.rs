//! Many questions at once: which answers are finds, and which are what chance gives.

use super::real;

/// Returns the greatest p that still counts as a find among all of `ps`, so that a share of at most
/// `rate` of the finds is false; `None` where nothing is found.
///
/// # Source
/// Benjamini and Hochberg 1995.
#[must_use]
pub fn finds_bound(ps: impl IntoIterator<Item = f64>, rate: f64) -> Option<f64> {
    let mut all: Vec<f64> = ps.into_iter().collect();
    all.sort_by(f64::total_cmp);
    let n = real(all.len());
    let passes = |(idx, p): &(usize, f64)| *p <= real(*idx + 1) / n * rate;
    let found = all.iter().copied().enumerate().filter(passes);
    found.map(|(_, p)| p).next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_paper_has_four_finds() {
        // Benjamini and Hochberg 1995, section 4.1: fifteen p-values, four rejected at 5 %.
        let ps = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262,
            0.5719, 0.6528, 0.7590, 1.0,
        ];
        assert_eq!(finds_bound(ps, 0.05), Some(0.0095));
    }

    #[test]
    fn nothing_asked_is_nothing_found() {
        assert_eq!(finds_bound([], 0.1), None);
        assert_eq!(finds_bound([0.9, 0.8], 0.1), None);
    }
}
