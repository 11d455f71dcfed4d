//! From cells to the series that are shown: what is hidden of anonymous answers is hidden here.

use super::{Desk, Reading};
use crate::kpi::civil::Calendar;
use crate::kpi::formula::Measured;
use crate::kpi::frame::{Frame, Slot};
use crate::kpi::privacy::complement::{Grid, Veil, veil};
use crate::kpi::{Base, Grain, KpiError, Point, Series, privacy};

/// A group, the pooled rest or the whole before anything is hidden.
pub(in crate::kpi) struct Row {
    pub(in crate::kpi) key: Option<String>,
    pub(in crate::kpi) is_rest: bool,
    /// One for each bucket.
    pub(in crate::kpi) cells: Vec<Measured>,
    pub(in crate::kpi) total: Measured,
}

impl Row {
    pub(super) fn of(key: Option<String>, cells: Vec<Measured>, total: Measured) -> Self {
        Self {
            key,
            is_rest: false,
            cells,
            total,
        }
    }
}

impl Reading {
    /// Whether a bucket of the unsplit answer is hidden and the whole is not.
    pub(in crate::kpi) fn has_small_buckets(&self) -> bool {
        let mut shown = self
            .series
            .iter()
            .filter(|series| series.total.base != Base::Hidden);
        shown.any(|series| series.points.iter().any(|point| point.is_suppressed))
    }
}

impl Desk<'_> {
    /// Returns the series of an answer, and hides of anonymous ones what would give others away.
    pub(super) fn drawn(&self, frame: &Frame, rows: Vec<Row>) -> Result<Vec<Series>, KpiError> {
        let veil = match self.is_promised {
            true => Some(self.veil(frame, &rows)?),
            false => None,
        };
        let series = |(idx, row): (usize, Row)| {
            let is_hidden = |slot: usize| veil.as_ref().is_some_and(|veil| veil.cells[idx][slot]);
            let point = |(slot_idx, (slot, cell)): (usize, (&Slot, &Measured))| {
                let score = match is_hidden(slot_idx) {
                    true => privacy::hidden(),
                    false => self.shown(cell),
                };
                Point {
                    start: slot.start,
                    end: slot.end,
                    label: slot.label.clone(),
                    is_complete: slot.is_complete,
                    is_provisional: slot.is_provisional,
                    is_suppressed: score.base == Base::Hidden,
                    score,
                }
            };
            let points = frame.slots.iter().zip(&row.cells).enumerate().map(point);
            // The whole is shown whatever stands in it.
            let is_total_hidden =
                row.key.is_some() && veil.as_ref().is_some_and(|veil| veil.totals[idx]);
            Series {
                points: points.collect(),
                total: match is_total_hidden {
                    true => privacy::hidden(),
                    false => self.shown(&row.total),
                },
                key: row.key,
                is_rest: row.is_rest,
                versus_rest: None,
            }
        };
        Ok(rows.into_iter().enumerate().map(series).collect())
    }

    /// Returns which cells are hidden; those with a key in the order of their keys.
    fn veil(&self, frame: &Frame, rows: &[Row]) -> Result<Veil, KpiError> {
        let exposed = self.exposed(frame, rows)?;
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|idx| &rows[*idx].key);
        let persons = |cell: &Measured| cell.n_persons;
        let grid = Grid {
            cells: (order.iter())
                .map(|idx| rows[*idx].cells.iter().map(persons).collect())
                .collect(),
            totals: order.iter().map(|idx| persons(&rows[*idx].total)).collect(),
            exposed: (order.iter())
                .map(|idx| [&exposed.cells[*idx][..], &[exposed.totals[*idx]]].concat())
                .collect(),
            ..Grid::default()
        };
        let found = veil(&self.nested(grid, frame), self.settings.min_group);
        let mut turned = found.clone();
        for (place, idx) in order.into_iter().enumerate() {
            turned.cells[idx].clone_from(&found.cells[place]);
            turned.totals[idx] = found.totals[place];
        }
        Ok(turned)
    }

    /// Adds which buckets together are one of a wider grain.
    pub(in crate::kpi) fn nested(&self, grid: Grid, frame: &Frame) -> Grid {
        let calendar = Calendar::new(self.settings, None);
        let coarser: &[Grain] = match frame.grain {
            Grain::Day => &[Grain::Week, Grain::Month, Grain::Quarter],
            Grain::Month => &[Grain::Quarter],
            // Weeks lie in two months, and nothing holds quarters.
            Grain::Week | Grain::Quarter => &[],
        };
        let mut wider = Vec::new();
        for grain in coarser {
            let first = |slot: &Slot| calendar.floor(*grain, calendar.date(slot.start));
            let mut begin = 0;
            for one in frame.slots.chunk_by(|one, next| first(one) == first(next)) {
                wider.push(begin..begin + one.len());
                begin += one.len();
            }
        }
        Grid { wider, ..grid }
    }
}
