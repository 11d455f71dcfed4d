//! What no number may depend on.

use super::*;

/// An outcome and two ratings, or none.
type Drawn = (Option<i32>, Option<(i32, i32)>);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_answers_make_a_number_that_is_none(
        rows in prop::collection::vec(
            (prop::option::of(0_i32..11), prop::option::weighted(0.9, (1_i32..4, 1_i32..3))),
            50..120,
        ),
        scale in prop::sample::select(vec![1e-300, 1e-12, 1.0, 1e11, 1e300]),
    ) {
        let column = |of: &dyn Fn(&Drawn) -> Option<i32>| {
            rows.iter().map(|row| of(row).map(|rating| scale * f64::from(rating))).collect()
        };
        let survey = Survey {
            outcome: column(&|row| row.0),
            persons: (0..rows.len() as u64).collect(),
            attributes: vec![
                ("one".to_owned(), column(&|row| row.1.map(|pair| pair.0))),
                ("two".to_owned(), column(&|row| row.1.map(|pair| pair.1))),
                ("sum".to_owned(), column(&|row| row.1.map(|pair| pair.0 * pair.1))),
            ],
            ..Survey::default()
        };
        if let Ok(found) = survey.drivers(20) {
            let estimates = found.drivers.iter().flat_map(|one| [one.share, one.slope, one.gain]);
            for one in estimates.chain([found.r_squared]) {
                let ends = [one.low, one.value, one.high];
                prop_assert!(ends.iter().all(|end| end.is_finite()) && ends.is_sorted());
            }
            prop_assert!(found.drivers.iter().all(|one| (0.0..=1.0).contains(&one.first_ratio)));
        }
    }
}
