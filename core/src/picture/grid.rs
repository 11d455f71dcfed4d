//! Places a page's panels on the 4-column grid, for walls as pages and walls as one picture.

use crate::chart::Size;
use crate::dashboard::Panel;

/// Columns of every page.
pub const COLUMNS: u8 = 4;

/// Most rows of a page; panels that would start below are left to the page's scroll bar and are
/// never reached by checked dashboards (24 rows of a 4K wall are 90 px each).
pub const ROWS_MAX: u8 = 24;

/// Where one panel stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Position in the page's list of panels.
    pub panel_idx: usize,
    /// First column, from 0.
    pub column: u8,
    /// First row, from 0.
    pub row: u8,
    /// Columns it covers.
    pub columns: u8,
    /// Rows it covers.
    pub rows: u8,
}

/// One page's layout.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grid {
    /// Cells in the order of the panels.
    pub cells: Vec<Cell>,
    /// Rows in use.
    pub rows: u8,
}

/// A rectangle in pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// Left edge.
    pub x_px: u32,
    /// Upper edge.
    pub y_px: u32,
    /// Size.
    pub size: Size,
}

impl Grid {
    /// Packs the panels in order, each at the first place where it fits, rows first.
    #[must_use]
    pub fn pack(panels: &[&Panel]) -> Self {
        let mut taken = [[false; COLUMNS as usize]; ROWS_MAX as usize];
        let mut grid = Self::default();
        for (panel_idx, panel) in panels.iter().enumerate() {
            let columns = panel.size.0.clamp(1, COLUMNS);
            let rows = panel.size.1.clamp(1, ROWS_MAX);
            let Some((column, row)) = first_free(&taken, columns, rows) else {
                continue;
            };
            for line in taken.iter_mut().skip(row.into()).take(rows.into()) {
                line[usize::from(column)..usize::from(column + columns)].fill(true);
            }
            grid.rows = grid.rows.max(row + rows);
            grid.cells.push(Cell {
                panel_idx,
                column,
                row,
                columns,
                rows,
            });
        }
        grid
    }

    /// Returns the cell's pixels on a wall of this size: equal margins around and between.
    #[must_use]
    pub fn rect(&self, cell: &Cell, wall: Size) -> Rect {
        let gap = margin_px(wall);
        let edge = |total: u32, n: u8, at: u8| -> u32 {
            let inner = total.saturating_sub(gap * (u32::from(n) + 1));
            gap * (u32::from(at) + 1) + inner * u32::from(at) / u32::from(n.max(1))
        };
        let (left, top) = (
            edge(wall.width_px, COLUMNS, cell.column),
            edge(wall.height_px, self.rows, cell.row),
        );
        let right = edge(wall.width_px, COLUMNS, cell.column + cell.columns);
        let bottom = edge(wall.height_px, self.rows, cell.row + cell.rows);
        let size = Size {
            width_px: right.saturating_sub(left + gap),
            height_px: bottom.saturating_sub(top + gap),
        };
        Rect {
            x_px: left,
            y_px: top,
            size,
        }
    }
}

/// Returns the one margin unit of a wall, in pixels: 0.8 % of its width.
#[must_use]
pub fn margin_px(wall: Size) -> u32 {
    wall.width_px * 8 / 1_000
}

fn first_free(
    taken: &[[bool; COLUMNS as usize]; ROWS_MAX as usize],
    columns: u8,
    rows: u8,
) -> Option<(u8, u8)> {
    (0..=ROWS_MAX - rows)
        .flat_map(|row| (0..=COLUMNS - columns).map(move |column| (column, row)))
        .find(|&(column, row)| {
            taken.iter().skip(row.into()).take(rows.into()).all(|line| {
                !line[usize::from(column)..usize::from(column + columns)].contains(&true)
            })
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::testing::panel;

    fn check(sizes: &[(u8, u8)], expected_rows: u8, expected: &[(u8, u8)]) {
        let panels: Vec<_> = sizes.iter().map(|&size| panel("p", size, 1)).collect();
        let grid = Grid::pack(&panels.iter().collect::<Vec<_>>());
        let places: Vec<_> = grid
            .cells
            .iter()
            .map(|cell| (cell.column, cell.row))
            .collect();
        assert_eq!((grid.rows, places.as_slice()), (expected_rows, expected));
    }

    #[test]
    fn panels_fill_holes_before_they_open_a_row() {
        check(&[(4, 1)], 1, &[(0, 0)]);
        check(&[(1, 1), (2, 1), (1, 1)], 1, &[(0, 0), (1, 0), (3, 0)]);
        check(
            &[(3, 2), (2, 1), (1, 1), (1, 1)],
            3,
            &[(0, 0), (0, 2), (3, 0), (3, 1)],
        );
        check(&[(9, 1)], 1, &[(0, 0)]);
    }

    #[test]
    fn cells_of_a_full_wall_cover_it_with_equal_margins() {
        let panels: Vec<_> = [(2, 2), (2, 1), (1, 1), (1, 1)]
            .into_iter()
            .map(|size| panel("p", size, 1))
            .collect();
        let grid = Grid::pack(&panels.iter().collect::<Vec<_>>());
        for wall in [
            Size {
                width_px: 1920,
                height_px: 1080,
            },
            Size {
                width_px: 3840,
                height_px: 2160,
            },
            Size {
                width_px: 1366,
                height_px: 768,
            },
        ] {
            let gap = margin_px(wall);
            let rects: Vec<_> = grid
                .cells
                .iter()
                .map(|cell| grid.rect(cell, wall))
                .collect();
            for rect in &rects {
                assert!(rect.x_px >= gap && rect.y_px >= gap, "{rect:?}");
            }
            let right = rects
                .iter()
                .map(|rect| rect.x_px + rect.size.width_px)
                .max();
            let bottom = rects
                .iter()
                .map(|rect| rect.y_px + rect.size.height_px)
                .max();
            assert_eq!(right, Some(wall.width_px - gap));
            assert_eq!(bottom, Some(wall.height_px - gap));
        }
    }
}
