//! Quartiles of ratings that are drawn again and again: each scale is counted once per draw.

use super::moment::Counted;

/// Cells of one table: several scales of few levels share it, so that a row is counted once for all
/// of them, and the table stays in the nearest cache.
const CELLS_MAX: usize = 1_024;

/// Columns whose levels are counted together.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Levels {
    scales: Vec<Scale>,
    tables: Vec<Table>,
}

/// The distinct numbers of a column, ascending.
#[derive(Debug, Clone, PartialEq)]
struct Scale {
    levels: Vec<f64>,
    /// Cells of its table from one level to the next.
    step: usize,
}

#[derive(Debug, Clone, PartialEq)]
struct Table {
    n_cells: usize,
    /// Which scales it counts.
    n_scales: usize,
    /// Cell of each row.
    places: Vec<u32>,
}

impl Levels {
    /// Returns the levels of columns of one length.
    pub(super) fn of(columns: &[Vec<f64>]) -> Self {
        let mut all = Self {
            scales: Vec::new(),
            tables: Vec::new(),
        };
        for column in columns {
            all.add(column);
        }
        all
    }

    fn add(&mut self, column: &[f64]) {
        let mut levels = column.to_vec();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        let has_room = |table: &Table| table.n_cells * levels.len() <= CELLS_MAX;
        if !self.tables.last().is_some_and(has_room) {
            self.tables.push(Table {
                n_cells: 1,
                n_scales: 0,
                places: vec![0; column.len()],
            });
        }
        let table = self.tables.last_mut().expect("one was added");
        let step = table.n_cells;
        for (place, number) in table.places.iter_mut().zip(column) {
            let level = levels.partition_point(|level| level < number);
            *place += u32::try_from(level * step).expect("no more cells than rows");
        }
        table.n_cells *= levels.len();
        table.n_scales += 1;
        self.scales.push(Scale { levels, step });
    }

    /// Returns the quantile `p` of each column over rows, each as often as it is counted.
    ///
    /// # Source
    /// Type 7 of Hyndman and Fan 1996, as everywhere.
    pub(super) fn quantiles(&self, counted: &[Counted], p: f64) -> Vec<f64> {
        let mut scales = self.scales.iter();
        let mut found = Vec::with_capacity(self.scales.len());
        for table in &self.tables {
            let mut cells = vec![0.0; table.n_cells];
            for one in counted {
                cells[table.places[one.row] as usize] += one.times;
            }
            let own = scales.by_ref().take(table.n_scales);
            found.extend(own.map(|scale| scale.quantile(&cells, p)));
        }
        found
    }
}

impl Scale {
    fn quantile(&self, cells: &[f64], p: f64) -> f64 {
        let mut counts = vec![0.0; self.levels.len()];
        for cells in cells.chunks_exact(self.step * counts.len()) {
            for (count, cells) in counts.iter_mut().zip(cells.chunks_exact(self.step)) {
                *count += cells.iter().sum::<f64>();
            }
        }
        let n: f64 = counts.iter().sum();
        let place = (n - 1.0) * p;
        let (low, high) = (
            self.ranked(&counts, place.floor()),
            self.ranked(&counts, (place.floor() + 1.0).min(n - 1.0)),
        );
        low + (high - low) * (place - place.floor())
    }

    /// Returns the number that has `rank` others before it.
    fn ranked(&self, counts: &[f64], rank: f64) -> f64 {
        let mut before = 0.0;
        let reaches = |count: &f64| {
            before += count;
            before > rank
        };
        let at = counts.iter().position(reaches);
        self.levels[at.unwrap_or(self.levels.len() - 1)]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::statistic::quantile;

    use super::*;

    /// Ratings on three scales, one on another, and how often the row counts.
    type Drawn = ((u8, u8, u8), u8, u8);

    proptest! {
        #[test]
        fn they_are_the_quantiles_of_the_rows_written_out(
            rows in prop::collection::vec(((0_u8..5, 0_u8..11, 0_u8..11), 0_u8..200, 0_u8..4), 2..60),
            p in 0.0_f64..1.0,
        ) {
            let column = |of: fn(&Drawn) -> u8| -> Vec<f64> {
                rows.iter().map(|row| f64::from(of(row)) / 2.0).collect()
            };
            let columns =
                [column(|r| r.0.0), column(|r| r.0.1), column(|r| r.0.2), column(|r| r.1)];
            // The first row always counts: there is no quantile of nothing.
            let times = |at: usize| rows[at].2 + u8::from(at == 0);
            let counted: Vec<Counted> = (0..rows.len())
                .filter(|at| times(*at) > 0)
                .map(|row| Counted { row, times: f64::from(times(row)) })
                .collect();
            let found = Levels::of(&columns).quantiles(&counted, p);
            for (column, found) in columns.iter().zip(found) {
                let written: Vec<f64> = (0..rows.len())
                    .flat_map(|at| vec![column[at]; usize::from(times(at))])
                    .collect();
                let expected = quantile(&written, p).expect("at least one row");
                prop_assert!((found - expected).abs() < 1e-9, "{found} is not {expected}");
            }
        }
    }

    #[test]
    fn scales_of_few_levels_share_a_table() {
        let column = |n: usize| -> Vec<f64> {
            (0..600)
                .map(|at| f64::from(u16::try_from(at % n).expect("small")))
                .collect()
        };
        let shared = Levels::of(&[column(5), column(5), column(11), column(500), column(5)]);
        let sizes: Vec<usize> = shared.tables.iter().map(|table| table.n_scales).collect();
        assert_eq!(sizes, [3, 1, 1]);
    }
}
