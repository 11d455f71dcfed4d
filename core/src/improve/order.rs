//! Quartiles of ratings that are drawn again and again: each column is sorted once.

use crate::statistic::real;

/// Rows by their numbers, column by column.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Orders {
    columns: Vec<Order>,
}

/// The rows of one column, in the order of their numbers.
#[derive(Debug, Clone, PartialEq)]
struct Order {
    /// Quantile that is asked for, counted from the end where the order begins.
    p: f64,
    /// Rows from the end that is nearer to the quantile: only those up to it are counted.
    rows: Vec<u32>,
    /// Number of each row.
    numbers: Vec<f64>,
}

impl Orders {
    /// Returns the orders of columns of one length, each with the quantile that is asked of it.
    ///
    /// # Panics
    /// When there are more than [`u32::MAX`] rows.
    pub(super) fn of(columns: &[Vec<f64>], quantiles: &[f64]) -> Self {
        let pairs = columns.iter().zip(quantiles);
        Self {
            columns: pairs.map(|(column, p)| Order::of(column, *p)).collect(),
        }
    }

    /// Returns the quantile of each column over rows that are there so many times.
    ///
    /// # Source
    /// Type 7 of Hyndman and Fan 1996, as everywhere.
    pub(super) fn quantiles(&self, times: &[u32]) -> Vec<f64> {
        let n = times.iter().map(|times| *times as usize).sum();
        let quantile = |order: &Order| order.quantile(times, n);
        self.columns.iter().map(quantile).collect()
    }
}

impl Order {
    fn of(column: &[f64], p: f64) -> Self {
        let n = u32::try_from(column.len()).expect("no more rows than are weighed together");
        let number = |row: &u32| column[*row as usize];
        let mut rows: Vec<u32> = (0..n).collect();
        rows.sort_by(|one, other| number(one).total_cmp(&number(other)));
        let is_upper = p > 0.5;
        if is_upper {
            rows.reverse();
        }
        Self {
            p: if is_upper { 1.0 - p } else { p },
            rows,
            numbers: column.to_vec(),
        }
    }

    fn quantile(&self, times: &[u32], n: usize) -> f64 {
        let place = real(n.saturating_sub(1)) * self.p;
        let (mut rows, mut n_met, mut met) = (self.rows.iter(), 0_u32, 0);
        // Walks to the row that has `rank` others before it.
        let mut ranked = |rank: f64| {
            while f64::from(n_met) <= rank
                && let Some(row) = rows.next()
            {
                met = *row as usize;
                n_met += times[met];
            }
            self.numbers[met]
        };
        let (near, far) = (ranked(place.floor()), ranked(place.floor() + 1.0));
        near + (far - near) * place.fract()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::statistic::quantile;

    use super::*;

    fn check(column: &[f64], times: &[u32], p: f64, expected: f64) {
        let found = Orders::of(&[column.to_vec()], &[p]).quantiles(times);
        assert_eq!(found, [expected], "{column:?} {times:?} {p}");
    }

    #[test]
    fn rows_count_as_often_as_they_are_there() {
        let column = [3.0, 1.0, 2.0, 5.0, 4.0];
        check(&column, &[1; 5], 0.75, 4.0);
        check(&column, &[1; 5], 0.25, 2.0);
        // 1, 1, 1, 5.
        check(&column, &[0, 3, 0, 1, 0], 0.75, 2.0);
        check(&column, &[0, 0, 0, 1, 0], 0.75, 5.0);
        check(&column, &[0, 0, 1, 0, 0], 0.25, 2.0);
    }

    proptest! {
        #[test]
        fn they_are_the_quantiles_of_the_rows_written_out(
            rows in prop::collection::vec((0_u8..5, 0_u8..200, 0_u32..4), 2..60),
            p in 0.0_f64..1.0,
        ) {
            let columns = [
                rows.iter().map(|row| f64::from(row.0) / 2.0).collect(),
                rows.iter().map(|row| f64::from(row.1) / 2.0).collect::<Vec<f64>>(),
            ];
            // The first row always counts: there is no quantile of nothing.
            let times: Vec<u32> =
                (0..rows.len()).map(|at| rows[at].2 + u32::from(at == 0)).collect();
            let found = Orders::of(&columns, &[p, 1.0 - p]).quantiles(&times);
            for ((column, found), p) in columns.iter().zip(found).zip([p, 1.0 - p]) {
                let written: Vec<f64> = (0..rows.len())
                    .flat_map(|at| vec![column[at]; times[at] as usize])
                    .collect();
                let expected = quantile(&written, p).expect("at least one row");
                prop_assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
            }
        }
    }
}
