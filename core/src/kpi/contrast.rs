//! Groups of a split against the rest: which of them really differ, with so many looked at once.

use crate::plan::TallyValue;
use crate::statistic::{Difference, finds_bound};

use super::Contrast;
use super::desk::Desk;
use super::formula::Measured;
use super::scope::{Spread, Subject};

/// Share of false finds among the groups that are said to differ.
const FALSE_FINDS: f64 = 0.10;

impl Desk<'_> {
    /// Compares each group with all others.
    pub(super) fn contrasts(
        &self,
        subject: &Subject,
        whole: &[TallyValue],
        groups: &[(Measured, Vec<TallyValue>)],
    ) -> Vec<Option<Contrast>> {
        // The design effect of the rest of one bucket's rows is not known.
        let is_told = subject.is_additive() && subject.scope.spread != Spread::Direct;
        let formula = &subject.scope.formula;
        let compare = |(group, raw): &(Measured, Vec<TallyValue>)| {
            let rest = without(whole, raw).filter(|_| is_told)?;
            let rest = formula.measured(&rest);
            let is_enough = self.is_enough(group) && self.is_enough(&rest);
            let difference = formula.difference(group, &rest).filter(|_| is_enough)?;
            Some((difference, rest.n))
        };
        contrasts(&groups.iter().map(compare).collect::<Vec<_>>())
    }
}

/// Returns the numbers of the rows that are in the whole and not in the part; `None` where they
/// cannot be told from the numbers of both. Of persons it is the least there can be.
fn without(whole: &[TallyValue], part: &[TallyValue]) -> Option<Vec<TallyValue>> {
    if whole.len() != part.len() {
        return None;
    }
    let rest = |(whole, part): (&TallyValue, &TallyValue)| match (whole, part) {
        (TallyValue::Count(whole), TallyValue::Count(part)) => {
            Some(TallyValue::Count(whole.saturating_sub(*part)))
        }
        (TallyValue::Histogram(whole), TallyValue::Histogram(part)) => {
            let taken = |answer: f64| {
                let same = part.iter().find(|(other, _)| *other == answer);
                same.map_or(0, |(_, count)| *count)
            };
            let left = whole
                .iter()
                .map(|(answer, count)| (*answer, count.saturating_sub(taken(*answer))));
            Some(TallyValue::Histogram(
                left.filter(|(_, count)| *count > 0).collect(),
            ))
        }
        _ => None,
    };
    whole.iter().zip(part).map(rest).collect()
}

/// Says of each difference whether it is one, given that all of them are shown together.
///
/// # Source
/// Benjamini and Hochberg 1995, at a false discovery rate of 10 %; the 95 % interval of a
/// difference must exclude 0 as well.
fn contrasts(found: &[Option<(Difference, u64)>]) -> Vec<Option<Contrast>> {
    let bound = finds_bound(found.iter().flatten().map(|(one, _)| one.p), FALSE_FINDS);
    let judged = |(one, n_rest): (Difference, u64)| Contrast {
        value: one.value,
        low: one.low,
        high: one.high,
        p: one.p,
        n_rest,
        is_different: bound.is_some_and(|bound| one.p <= bound)
            && (one.low > 0.0 || one.high < 0.0),
    };
    found.iter().map(|one| one.map(judged)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn difference(p: f64) -> Option<(Difference, u64)> {
        // The interval excludes 0 below 5 %, as those of the formulas do.
        let low = if p < 0.05 { 1.0 } else { -1.0 };
        let one = Difference {
            value: 5.0,
            low,
            high: 9.0,
            p,
        };
        Some((one, 30))
    }

    fn check(ps: &[Option<f64>], expected: &[Option<bool>]) {
        let found: Vec<_> = ps.iter().map(|p| p.and_then(difference)).collect();
        let judged: Vec<Option<bool>> = contrasts(&found)
            .into_iter()
            .map(|one| one.map(|one| one.is_different))
            .collect();
        assert_eq!(judged, expected, "{ps:?}");
    }

    #[test]
    fn many_groups_at_once_need_stronger_evidence() {
        check(&[Some(0.04)], &[Some(true)]);
        // One of eight at 4 % is what chance gives.
        let mut ps = vec![Some(0.5); 8];
        ps[3] = Some(0.04);
        check(&ps, &[Some(false); 8]);
        // Step-up: 0.03 is above its own bound of 0.02, but 0.04 is not above 2/5 of 10 %.
        check(
            &[
                Some(0.03),
                Some(0.04),
                Some(0.7),
                None,
                Some(0.8),
                Some(0.9),
            ],
            &[
                Some(true),
                Some(true),
                Some(false),
                None,
                Some(false),
                Some(false),
            ],
        );
        check(&[], &[]);
        check(&[None], &[None]);
    }

    #[test]
    fn an_interval_that_holds_zero_is_no_difference() {
        check(&[Some(0.06)], &[Some(false)]);
    }

    #[test]
    fn the_rest_is_what_the_part_leaves() {
        let histogram = |bars: &[(f64, u64)]| TallyValue::Histogram(bars.to_vec());
        let whole = [TallyValue::Count(9), histogram(&[(1.0, 4), (2.0, 5)])];
        let part = [TallyValue::Count(6), histogram(&[(1.0, 4), (2.0, 2)])];
        let rest = [TallyValue::Count(3), histogram(&[(2.0, 3)])];
        assert_eq!(without(&whole, &part), Some(rest.to_vec()));
        assert_eq!(without(&whole, &[]), None);
        let median = [TallyValue::Number(Some(3.0))];
        assert_eq!(
            without(&median, &median),
            None,
            "a median cannot be taken apart"
        );
    }

    proptest! {
        #[test]
        fn more_evidence_never_loses_a_find(ps in prop::collection::vec(0.0_f64..1.0, 1..9)) {
            let judge = |ps: &[f64]| -> Vec<bool> {
                let found: Vec<_> = ps.iter().map(|p| difference(*p)).collect();
                contrasts(&found).into_iter().flatten().map(|one| one.is_different).collect()
            };
            let before = judge(&ps);
            let mut stronger = ps.clone();
            stronger[0] /= 10.0;
            let after = judge(&stronger);
            for (was, is) in before.into_iter().zip(after) {
                prop_assert!(!was || is);
            }
        }
    }
}
