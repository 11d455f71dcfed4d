//! Whether those who answered are like those who were asked.

use jiff::Timestamp;

use crate::plan::{Keep, Measure, RowTime, Span, TallyPlan};
use crate::record::RecordKind;

use super::desk::{Desk, Found, Line};
use super::formula::{Measured, count};
use super::frame::Frame;
use super::interval::real;
use super::response_rate::RESPONDED;
use super::scope::Subject;
use super::{Bias, KpiError, ResponseBias, WeightedScore};

/// Fewest groups that can be compared.
const GROUPS_MIN: usize = 2;
/// Least share of the invitations that must lie in groups with a score.
const COVERAGE_MIN: f64 = 0.9;

impl Desk<'_> {
    /// Says how alike the groups of invited people answered whose time has passed.
    pub(super) fn bias(
        &self,
        subject: &Subject,
        frame: &Frame,
        totals: &[Found],
    ) -> Result<Option<Bias>, KpiError> {
        let Some(by) = &subject.by else {
            return Ok(None);
        };
        if self.entry.formula.responses().is_none() {
            return self.weighted(by, subject, frame, totals);
        }
        let groups_in = |found: &[Found]| -> Vec<Measured> {
            let cells = found.iter().flat_map(|found| found.cells.values());
            cells.flatten().cloned().collect()
        };
        let groups = match (frame.partial(), frame.current) {
            (None, Some(_)) => groups_in(totals),
            (Some(current), _) => {
                let branches = subject.branches.iter();
                let lines = branches.map(|branch| Line::of_groups(branch, Some(current)));
                groups_in(&self.ask(&lines.collect::<Vec<_>>())?)
            }
            (None, None) => Vec::new(),
        };
        let bias = response_bias(by, &groups, self.settings.min_group);
        Ok(bias.map(Bias::Response))
    }

    /// Weighs the scores of groups by how many invitations reached each: those whose answers may
    /// lie in the range.
    fn weighted(
        &self,
        by: &str,
        subject: &Subject,
        frame: &Frame,
        totals: &[Found],
    ) -> Result<Option<Bias>, KpiError> {
        let (Some(invited), Some(range)) = (&subject.invited, frame.range()) else {
            return Ok(None);
        };
        let start = range.start.saturating_sub(self.settings.response_window);
        let sent = Span {
            start: start.unwrap_or(Timestamp::MIN),
            end: range.end,
        };
        let asked = self.rows.tally(&TallyPlan {
            kind: RecordKind::Invitation,
            filter: invited.filter.clone(),
            buckets: vec![sent],
            time: RowTime::Event,
            group: vec![invited.dimension.clone()],
            measures: vec![Measure::Count],
            keep: Keep::All,
            as_of: self.as_of,
            present: self.present,
            clock: self.clock.clone(),
        })?;
        let score = |value: &Option<String>| {
            let cells = totals.iter().filter_map(|found| found.cells.get(value));
            let cell = cells.flatten().next()?;
            // Of a group that agrees only a bound is known.
            Some(self.shown(cell))
                .filter(|score| score.bound.is_none())?
                .value
        };
        let groups = asked.rows.into_iter().map(|row| {
            let value = row.key.into_iter().next().flatten();
            (count(&row.values, 0), score(&value))
        });
        let groups: Vec<_> = groups.collect();
        Ok(weighted(by, &groups).map(Bias::Weighted))
    }
}

/// Returns how alike the groups of mature delivered invitations answered; `None` for fewer than
/// two groups, or when nobody was invited. Groups of fewer than `min_group` persons are left out.
///
/// # Source
/// R-indicator, `1 − 2 sqrt(Σ n_h/n (ρ_h − ρ)²)` (Schouten, Cobben and Bethlehem 2009).
fn response_bias(by: &str, groups: &[Measured], min_group: u64) -> Option<ResponseBias> {
    let is_told = |group: &&Measured| group.n > 0 && group.n_persons >= min_group;
    let told: Vec<&Measured> = groups.iter().filter(is_told).collect();
    if told.len() < GROUPS_MIN {
        return None;
    }
    let n: f64 = told.iter().map(|group| real(group.n)).sum();
    let responded = |group: &Measured| real(group.count(RESPONDED));
    let rate = told.iter().map(|group| responded(group)).sum::<f64>() / n;
    let spread = |group: &&Measured| {
        let own = responded(group) / real(group.n) - rate;
        real(group.n) / n * own * own
    };
    let variance: f64 = told.iter().map(spread).sum();
    let n_all: u64 = groups.iter().map(|group| group.n).sum();
    let n_told: u64 = told.iter().map(|group| group.n).sum();
    Some(ResponseBias {
        by: by.to_owned(),
        r_indicator: 1.0 - 2.0 * variance.sqrt(),
        n_groups: told.len(),
        n: n_told,
        n_left_out: n_all - n_told,
    })
}

/// Returns the mean of the groups' scores, weighed by how many of each were asked; `None` where too
/// many of those asked are in groups without a score. `groups` are (asked, score).
///
/// # Source
/// Post-stratification to the sampling frame, `Σ_h W_h score_h` (Holt and Smith 1979).
fn weighted(by: &str, groups: &[(u64, Option<f64>)]) -> Option<WeightedScore> {
    let n_asked: u64 = groups.iter().map(|(n, _)| n).sum();
    let scored = groups
        .iter()
        .filter_map(|(n, score)| Some((real(*n), (*score)?)));
    let (mut weight, mut sum) = (0.0, 0.0);
    for (n, score) in scored {
        weight += n;
        sum += n * score;
    }
    let coverage = weight / real(n_asked);
    (coverage >= COVERAGE_MIN).then(|| WeightedScore {
        by: by.to_owned(),
        value: sum / weight,
        coverage,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn group(n_responded: u64, n: u64) -> Measured {
        Measured {
            n,
            n_persons: n,
            counts: vec![(RESPONDED, n_responded)],
            ..Measured::default()
        }
    }

    fn check(groups: &[(u64, u64)], expected: Option<f64>) {
        let groups: Vec<Measured> = groups.iter().map(|(x, n)| group(*x, *n)).collect();
        let found = response_bias("segment", &groups, 5).map(|bias| bias.r_indicator);
        let is_close = match (found, expected) {
            (Some(found), Some(expected)) => (found - expected).abs() < 1e-12,
            (found, expected) => found == expected,
        };
        assert!(is_close, "{groups:?}: {found:?}");
    }

    #[test]
    fn equal_rates_are_representative_and_opposite_ones_are_not() {
        check(&[(10, 40), (25, 100)], Some(1.0));
        check(&[(0, 50), (50, 50)], Some(0.0));
        // Rates .2 and .5 around .35.
        check(&[(20, 100), (50, 100)], Some(0.7));
        // Three times as many at .2 as at .6: around .3, variance .03.
        check(&[(60, 300), (60, 100)], Some(1.0 - 2.0 * 0.03_f64.sqrt()));
    }

    #[test]
    fn each_group_weighs_as_much_as_it_was_asked() {
        let check = |groups: &[(u64, Option<f64>)], expected: Option<(f64, f64)>| {
            let found = weighted("segment", groups).map(|one| (one.value, one.coverage));
            assert_eq!(found, expected, "{groups:?}");
        };
        check(&[(300, Some(40.0)), (100, Some(-20.0))], Some((25.0, 1.0)));
        check(&[(90, Some(40.0)), (10, None)], Some((40.0, 0.9)));
        check(&[(89, Some(40.0)), (11, None)], None);
        // Answers of groups that were never asked tell nothing of those who were.
        check(&[(50, Some(10.0)), (0, Some(-100.0))], Some((10.0, 1.0)));
        check(&[], None);
    }

    #[test]
    fn one_group_nobody_and_small_groups_tell_nothing() {
        check(&[], None);
        check(&[(10, 40)], None);
        check(&[(0, 0), (10, 40)], None);
        check(&[(4, 4), (10, 40)], None);
        let groups = [group(10, 40), group(10, 40), group(3, 4)];
        let found = response_bias("segment", &groups, 5).expect("two groups");
        assert_eq!((found.n, found.n_left_out, found.n_groups), (80, 4, 2));
    }

    proptest! {
        #[test]
        fn it_lies_between_none_and_full_and_no_order_matters(
            groups in prop::collection::vec((0_u64..100, 5_u64..100), 2..8),
        ) {
            let mut groups: Vec<Measured> =
                groups.into_iter().map(|(x, n)| group(x.min(n), n)).collect();
            let one = response_bias("segment", &groups, 5).expect("groups").r_indicator;
            prop_assert!((-1e-9..=1.0).contains(&one));
            groups.reverse();
            let other = response_bias("segment", &groups, 5).expect("groups").r_indicator;
            prop_assert!((one - other).abs() < 1e-12);
        }
    }
}
