//! Which further cells of a split are hidden, so that no small group follows from its neighbours.
//!
//! Cells stand in a table of keys and buckets. Each key has its total over all buckets, which is
//! shown; each bucket has its total over all keys, which another view shows; the total of all is
//! always shown. A hidden cell can be worked out exactly when it is the only one of a line, or more
//! generally when it is a bridge of the graph whose nodes are lines and whose edges are the hidden
//! cells: everything on one side of it is then known but for itself.

use std::ops::Range;

/// Which cells are hidden.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::kpi) struct Veil {
    /// By key, then by bucket.
    pub(in crate::kpi) cells: Vec<Vec<bool>>,
    /// Totals, by key.
    pub(in crate::kpi) totals: Vec<bool>,
}

/// Persons in each cell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(in crate::kpi) struct Grid {
    /// By key in the order of their names, then by bucket; each key has as many buckets.
    pub(in crate::kpi) cells: Vec<Vec<u64>>,
    /// By key.
    pub(in crate::kpi) totals: Vec<u64>,
    /// Cells that are hidden whatever stands in them, each row with its total at the end; none
    /// where it is empty.
    pub(in crate::kpi) exposed: Vec<Vec<bool>>,
    /// Buckets that together are one bucket of a wider grain, which another view shows.
    pub(in crate::kpi) wider: Vec<Range<usize>>,
}

/// Hides the small cells and what protects them.
///
/// # Source
/// Complementary cell suppression in two-way tables with known margins (Cox 1980); exact disclosure
/// by bridges (Gusfield 1988).
pub(in crate::kpi) fn veil(grid: &Grid, min_group: u64) -> Veil {
    let mut table = Sheet::new(grid, min_group);
    loop {
        let mut is_changed = false;
        for line in 0..table.n_lines() {
            while table.is_open(line) {
                let Some(cell) = table.smallest(line) else {
                    break;
                };
                table.hide(cell);
                is_changed = true;
            }
        }
        if !is_changed && !table.hide_by_bridges() {
            break;
        }
    }
    let n_buckets = table.n_columns - 1;
    let rows = table.is_hidden.into_iter();
    let (cells, totals) = rows
        .map(|mut row| {
            let total = row.split_off(n_buckets);
            (row, total[0])
        })
        .unzip();
    Veil { cells, totals }
}

/// A cell by its row and column; the last column holds the totals of the rows.
type Place = (usize, usize);

/// The table with its totals as a last column.
struct Sheet {
    counts: Vec<Vec<u64>>,
    is_hidden: Vec<Vec<bool>>,
    n_columns: usize,
    /// Totals of the columns that another view shows; those of small groups it does not.
    column_totals: Vec<Option<u64>>,
    wider: Vec<Range<usize>>,
    min_group: u64,
}

impl Sheet {
    fn new(grid: &Grid, min_group: u64) -> Self {
        let rows = grid.cells.iter().zip(&grid.totals);
        let counts: Vec<Vec<u64>> = rows
            .map(|(row, total)| row.iter().copied().chain([*total]).collect())
            .collect();
        let n_columns = counts.first().map_or(1, Vec::len);
        let is_small = |n: u64| 0 < n && n < min_group;
        let is_exposed = |row: usize, column: usize| {
            let exposed = grid.exposed.get(row).and_then(|row| row.get(column));
            exposed.is_some_and(|exposed| *exposed)
        };
        let is_hidden = counts.iter().enumerate().map(|(row, cells)| {
            let cells = cells.iter().enumerate();
            cells
                .map(|(column, n)| is_small(*n) || (*n > 0 && is_exposed(row, column)))
                .collect()
        });
        let is_hidden = is_hidden.collect();
        let total = |column: usize| -> u64 { counts.iter().map(|row| row[column]).sum() };
        // Of a single key the other view is the same cell once more: it protects nothing.
        let has_columns = counts.len() > 1;
        let column_totals = (0..n_columns)
            .map(|column| Some(total(column)).filter(|n| has_columns && !is_small(*n)))
            .collect();
        Self {
            counts,
            is_hidden,
            n_columns,
            column_totals,
            wider: grid.wider.clone(),
            min_group,
        }
    }

    /// Returns the number of lines: the rows, the columns, then the wider buckets of each row.
    fn n_lines(&self) -> usize {
        self.n_margins() + self.counts.len() * self.wider.len()
    }

    /// Returns the number of rows and columns.
    fn n_margins(&self) -> usize {
        self.counts.len() + self.n_columns
    }

    /// Returns the row and the buckets of a line behind the rows and columns.
    fn part_of_row(&self, line: usize) -> Option<(usize, Range<usize>)> {
        let idx = line.checked_sub(self.n_margins())?;
        let (row, wider) = (idx / self.wider.len(), idx % self.wider.len());
        Some((row, self.wider[wider].clone()))
    }

    fn hide(&mut self, (row, column): Place) {
        self.is_hidden[row][column] = true;
    }

    /// Returns the cells that add up, without the total of a row.
    fn parts(&self, line: usize) -> Vec<Place> {
        if let Some((row, columns)) = self.part_of_row(line) {
            return columns.map(|column| (row, column)).collect();
        }
        match line.checked_sub(self.counts.len()) {
            None => (0..self.n_columns - 1)
                .map(|column| (line, column))
                .collect(),
            Some(column) => (0..self.counts.len()).map(|row| (row, column)).collect(),
        }
    }

    /// Returns whether the total of a line is known.
    fn is_total_known(&self, line: usize) -> bool {
        if self.part_of_row(line).is_some() {
            let parts = self.parts(line).into_iter();
            let sum: u64 = parts.map(|(row, column)| self.counts[row][column]).sum();
            // A small wider bucket is hidden itself.
            return sum >= self.min_group;
        }
        match line.checked_sub(self.counts.len()) {
            None => !self.is_hidden[line][self.n_columns - 1],
            Some(column) => self.column_totals[column].is_some(),
        }
    }

    /// Whether a line gives away a hidden cell, or that all its hidden cells are few.
    fn is_open(&self, line: usize) -> bool {
        let parts = self.parts(line);
        let hidden = parts
            .iter()
            .filter(|(row, column)| self.is_hidden[*row][*column]);
        let (mut n_hidden, mut sum) = (0, 0);
        for (row, column) in hidden {
            n_hidden += 1;
            sum += self.counts[*row][*column];
        }
        match (self.is_total_known(line), n_hidden) {
            (true, 0) => false,
            (true, n_hidden) => n_hidden == 1 || sum < self.min_group,
            // Its hidden total is the sum of what is all shown.
            (false, n_hidden) => {
                n_hidden == 0
                    && line < self.counts.len()
                    && self.counts[line][self.n_columns - 1] > 0
                    && !parts.is_empty()
            }
        }
    }

    /// Returns the smallest cell of a line that is still shown: one that holds somebody, else the
    /// total of the row, else an empty one; of equals the first.
    fn smallest(&self, line: usize) -> Option<Place> {
        let shown = self.parts(line).into_iter();
        let shown = shown.filter(|(row, column)| !self.is_hidden[*row][*column]);
        let count = |(row, column): Place| self.counts[row][column];
        let (empty, held): (Vec<Place>, Vec<Place>) = shown.partition(|cell| count(*cell) == 0);
        let held = held.into_iter().min_by_key(|cell| (count(*cell), *cell));
        let total = (line < self.counts.len())
            .then_some((line, self.n_columns - 1))
            .filter(|(row, column)| !self.is_hidden[*row][*column]);
        held.or(total).or(empty.first().copied())
    }

    /// Hides a neighbour of every bridge; returns whether there was one to hide.
    fn hide_by_bridges(&mut self) -> bool {
        let mut is_changed = false;
        for (row, column) in self.bridges() {
            let lines = [row, self.counts.len() + column];
            let next = lines.into_iter().filter_map(|line| self.smallest(line));
            let next = next.min_by_key(|(row, column)| self.counts[*row][*column]);
            if let Some(cell) = next {
                self.hide(cell);
                is_changed = true;
            }
        }
        is_changed
    }

    /// Returns the hidden cells that follow exactly from what is shown.
    fn bridges(&self) -> Vec<Place> {
        // One more node stands for all that is not known of the columns' totals.
        let unknown = self.n_margins();
        let mut edges: Vec<(usize, usize, Option<Place>)> = Vec::new();
        for (row, line) in self.is_hidden.iter().enumerate() {
            // Without buckets a row says nothing of its total.
            let node = if self.n_columns == 1 { unknown } else { row };
            for (column, _) in line.iter().enumerate().filter(|(_, hidden)| **hidden) {
                edges.push((node, self.counts.len() + column, Some((row, column))));
            }
        }
        for (column, _) in (self.column_totals.iter().enumerate()).filter(|(_, n)| n.is_none()) {
            edges.push((self.counts.len() + column, unknown, None));
            // What nobody publishes has no sum that would give it away.
            edges.push((self.counts.len() + column, unknown, None));
        }
        let found = bridges(unknown + 1, &edges);
        found.into_iter().filter_map(|edge| edges[edge].2).collect()
    }
}

/// Returns the edges whose removal would part their graph, ascending.
fn bridges<T>(n_nodes: usize, edges: &[(usize, usize, T)]) -> Vec<usize> {
    let mut near = vec![Vec::new(); n_nodes];
    for (idx, (one, other, _)) in edges.iter().enumerate() {
        near[*one].push((*other, idx));
        near[*other].push((*one, idx));
    }
    let (mut entered, mut lowest) = (vec![usize::MAX; n_nodes], vec![usize::MAX; n_nodes]);
    let (mut clock, mut found) = (0, Vec::new());
    for root in 0..n_nodes {
        if entered[root] != usize::MAX {
            continue;
        }
        // Node, the edge it was reached by, and the next neighbour to look at.
        let mut path = vec![(root, usize::MAX, 0)];
        (entered[root], lowest[root]) = (clock, clock);
        clock += 1;
        while let Some((node, by, next)) = path.pop() {
            if let Some((other, edge)) = near[node].get(next).copied() {
                path.push((node, by, next + 1));
                if entered[other] == usize::MAX {
                    (entered[other], lowest[other]) = (clock, clock);
                    clock += 1;
                    path.push((other, edge, 0));
                } else if edge != by {
                    lowest[node] = lowest[node].min(entered[other]);
                }
            } else if let Some((parent, ..)) = path.last() {
                lowest[*parent] = lowest[*parent].min(lowest[node]);
                if lowest[node] > entered[*parent] {
                    found.push(by);
                }
            }
        }
    }
    found.sort_unstable();
    found
}

#[cfg(test)]
mod tests;
