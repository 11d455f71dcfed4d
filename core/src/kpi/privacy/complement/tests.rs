//! Hidden cells and their protection: by table, and against everything that adds and subtracts.

use proptest::prelude::*;

use super::*;

fn grid(cells: &[&[u64]]) -> Grid {
    Grid {
        cells: cells.iter().map(|row| row.to_vec()).collect(),
        totals: cells.iter().map(|row| row.iter().sum()).collect(),
        ..Grid::default()
    }
}

/// Checks the hidden cells, written `x`, with the total behind a bar.
fn check(cells: &[&[u64]], expected: &[&str]) {
    let found = veil(&grid(cells), 5);
    let mark = |hidden: &bool| if *hidden { 'x' } else { '.' };
    let rows = found.cells.iter().zip(&found.totals);
    let drawn: Vec<String> = rows
        .map(|(row, total)| {
            let cells: String = row.iter().map(mark).collect();
            format!("{cells}|{}", mark(total))
        })
        .collect();
    assert_eq!(drawn, expected, "{cells:?}");
}

#[test]
fn what_is_large_enough_stays() {
    check(&[&[5, 6], &[7, 0]], &["..|.", "..|."]);
    check(&[], &[]);
    check(&[&[]], &["|."]);
}

#[test]
fn one_small_cell_takes_a_rectangle_with_it() {
    check(
        &[&[3, 9, 20], &[8, 12, 30], &[40, 50, 60]],
        &["xx.|.", "xx.|.", "...|."],
    );
}

#[test]
fn a_line_is_protected_by_its_smallest_neighbours_until_they_are_enough() {
    // One key: the buckets of 1 and 2 are fewer than five together.
    check(&[&[1, 2, 30, 9]], &["xx.x|."]);
    check(&[&[3, 4, 30, 9]], &["xx..|."]);
    check(&[&[3, 0, 30, 9]], &["x..x|."]);
}

#[test]
fn of_equals_the_first_is_hidden() {
    check(&[&[9, 3, 9, 9]], &["xx..|."]);
}

#[test]
fn a_small_key_hides_its_total_and_that_of_another() {
    check(&[&[3, 0], &[9, 9], &[30, 30]], &["x.|x", "x.|x", "..|."]);
}

#[test]
fn a_group_that_is_all_there_is_stays_hidden() {
    check(&[&[3]], &["x|x"]);
    check(&[&[2, 1], &[0, 1]], &["xx|x", ".x|x"]);
}

#[test]
fn a_wider_bucket_is_a_line_too() {
    let days = grid(&[&[2, 9, 30, 9, 30]]);
    let hidden = |wider: &[Range<usize>]| {
        let grid = Grid {
            wider: wider.to_vec(),
            ..days.clone()
        };
        veil(&grid, 5).cells.concat()
    };
    assert_eq!(hidden(&[]), [true, true, false, false, false]);
    // With the first bucket shown as well as the others' sum, the second would follow.
    assert_eq!(hidden(&[0..1, 1..4]), [true, true, false, true, false]);
    assert_eq!(hidden(&[0..2, 2..5]), [true, true, false, false, false]);
}

#[test]
fn what_a_parent_exposes_is_hidden_and_protected() {
    let exposing = Grid {
        exposed: vec![vec![false, true, false, false]],
        ..grid(&[&[9, 30, 40]])
    };
    assert_eq!(veil(&exposing, 5).cells.concat(), [true, true, false]);
}

#[test]
fn bridges_are_found() {
    let check = |n_nodes, edges: &[(usize, usize)], expected: &[usize]| {
        let edges: Vec<_> = edges
            .iter()
            .map(|(one, other)| (*one, *other, ()))
            .collect();
        assert_eq!(bridges(n_nodes, &edges), expected);
    };
    check(2, &[(0, 1)], &[0]);
    check(2, &[(0, 1), (0, 1)], &[]);
    check(4, &[(0, 1), (1, 2), (2, 0), (2, 3)], &[3]);
    // Two circles and what joins them.
    let circles = [(0, 1), (1, 2), (2, 0), (2, 3), (3, 4), (4, 5), (5, 3)];
    check(6, &circles, &[3]);
    check(3, &[], &[]);
}

/// Solves for the hidden cells by elimination, from the lines whose total is known; returns those
/// that have one value only.
fn worked_out(grid: &Grid, found: &Veil, min_group: u64) -> Vec<(usize, usize)> {
    let (n_rows, n_columns) = (grid.cells.len(), grid.cells[0].len());
    let mut unknown: Vec<(usize, usize)> = Vec::new();
    for row in 0..n_rows {
        unknown.extend(
            (0..n_columns)
                .filter(|column| found.cells[row][*column])
                .map(|c| (row, c)),
        );
        if found.totals[row] {
            unknown.push((row, n_columns));
        }
    }
    let position = |place| unknown.iter().position(|one| *one == place);
    let mut lines: Vec<Vec<f64>> = Vec::new();
    for row in 0..n_rows {
        let mut line = vec![0.0; unknown.len()];
        for column in 0..n_columns {
            if let Some(idx) = position((row, column)) {
                line[idx] = 1.0;
            }
        }
        if let Some(idx) = position((row, n_columns)) {
            line[idx] = -1.0;
        }
        lines.push(line);
    }
    for column in 0..=n_columns {
        let of = |row: usize| match column == n_columns {
            true => grid.totals[row],
            false => grid.cells[row][column],
        };
        let sum: u64 = (0..n_rows).map(of).sum();
        if n_rows == 1 || (0 < sum && sum < min_group) {
            continue;
        }
        let mut line = vec![0.0; unknown.len()];
        for row in 0..n_rows {
            if let Some(idx) = position((row, column)) {
                line[idx] = 1.0;
            }
        }
        lines.push(line);
    }
    eliminate(&mut lines, unknown.len())
        .into_iter()
        .map(|idx| unknown[idx])
        .collect()
}

/// Brings the lines to reduced echelon form; returns the unknowns that stand alone.
fn eliminate(lines: &mut [Vec<f64>], n_unknown: usize) -> Vec<usize> {
    let mut rank = 0;
    for idx in 0..n_unknown {
        let Some(pivot) = (rank..lines.len()).find(|line| lines[*line][idx].abs() > 1e-9) else {
            continue;
        };
        lines.swap(rank, pivot);
        let own: Vec<f64> = lines[rank].iter().map(|x| x / lines[rank][idx]).collect();
        for (place, line) in lines.iter_mut().enumerate() {
            let factor = line[idx];
            if place != rank && factor != 0.0 {
                line.iter_mut()
                    .zip(&own)
                    .for_each(|(x, y)| *x -= factor * y);
            }
        }
        lines[rank] = own;
        rank += 1;
    }
    let alone = lines[..rank].iter().filter_map(|line| {
        let mut set = (0..n_unknown).filter(|idx| line[*idx].abs() > 1e-9);
        set.next().filter(|_| set.next().is_none())
    });
    alone.collect()
}

proptest! {
    #[test]
    fn no_hidden_cell_follows_from_the_lines(
        (n_columns, cells) in (1_usize..6, 1_usize..6).prop_flat_map(|(n_columns, n_rows)| {
            let row = prop::collection::vec(prop_oneof![0_u64..8, 0_u64..30], n_columns);
            (Just(n_columns), prop::collection::vec(row, n_rows))
        }),
    ) {
        let rows: Vec<&[u64]> = cells.iter().map(|row| &row[..]).collect();
        let grid = grid(&rows);
        let found = veil(&grid, 5);
        let is_small = |n: u64| 0 < n && n < 5;
        for (row, cells) in grid.cells.iter().enumerate() {
            for (column, n) in cells.iter().enumerate() {
                prop_assert!(!is_small(*n) || found.cells[row][column]);
            }
            prop_assert!(!is_small(grid.totals[row]) || found.totals[row]);
        }
        for (row, column) in worked_out(&grid, &found, 5) {
            let n = match column == n_columns {
                true => grid.totals[row],
                false => grid.cells[row][column],
            };
            prop_assert!(!is_small(n), "{:?} {:?} gives {row} {column}", grid, found);
        }
    }

    #[test]
    fn nothing_is_hidden_where_nothing_is_small(
        cells in prop::collection::vec(prop::collection::vec(5_u64..30, 3), 1..6),
    ) {
        let rows: Vec<&[u64]> = cells.iter().map(|row| &row[..]).collect();
        let found = veil(&grid(&rows), 5);
        prop_assert!(!found.cells.concat().contains(&true) && !found.totals.contains(&true));
    }
}
