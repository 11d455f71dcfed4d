//! Effects shown together: which of them stand out among all.

use crate::statistic::{Difference, finds_bound};

/// Share of false finds among the effects that are said to be there.
const FALSE_FINDS: f64 = 0.10;

/// Tells of each effect whether it stands out, given that all are shown together: its 95 % interval
/// excludes 0, and so does the rule for many questions at once.
///
/// # Source
/// Benjamini and Hochberg 1995, at a false discovery rate of 10 %.
pub(super) fn finds(effects: &[Option<Difference>]) -> Vec<bool> {
    let bound = finds_bound(effects.iter().flatten().map(|one| one.p), FALSE_FINDS);
    let stands_out =
        |one: &Difference| bound.is_some_and(|bound| one.p <= bound) && one.excludes_zero();
    let judged = |one: &Option<Difference>| one.as_ref().is_some_and(stands_out);
    effects.iter().map(judged).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn effect(low: f64, p: f64) -> Option<Difference> {
        Some(Difference {
            value: low + 1.0,
            low,
            high: low + 2.0,
            p,
        })
    }

    #[test]
    fn among_many_a_find_needs_stronger_evidence() {
        assert_eq!(finds(&[effect(0.1, 0.04)]), [true]);
        let mut eight = vec![effect(-1.0, 0.5); 8];
        eight[3] = effect(0.1, 0.04);
        assert_eq!(finds(&eight), [false; 8]);
        eight[3] = effect(0.1, 0.001);
        assert!(finds(&eight)[3]);
        // Its rule lets 8 % pass beside a sure one, its interval does not.
        let pair = [effect(1.0, 1e-9), effect(-0.1, 0.08), None];
        assert_eq!(finds(&pair), [true, false, false]);
        assert_eq!(finds(&[]), [false; 0]);
    }
}
