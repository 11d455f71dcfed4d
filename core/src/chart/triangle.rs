//! The cohort triangle as pictures show it, read from the table of an answer.

use jiff::civil::Date;

use super::Figure;
use super::reading::Reading;

/// Name of the pooled cohorts in the table.
const POOLED: &str = "all";

/// The lines of a triangle.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Triangle {
    /// A line a cohort, the oldest first; of a split a line a group, all cohorts pooled.
    pub(super) lines: Vec<Line>,
    /// All cohorts pooled; `None` of a split.
    pub(super) pooled: Option<Line>,
    /// Greatest number of cells in a line.
    pub(super) n_ages: usize,
}

/// One line, by age.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Line {
    /// Group of a split.
    pub(super) key: Option<String>,
    /// Month of the cohort; `None` where cohorts are pooled.
    pub(super) month: Option<Date>,
    /// How many they were at first; `None` when hidden.
    pub(super) n: Option<u64>,
    /// Share still there in percent by age; inner `None` is hidden, outer is not there yet.
    pub(super) cells: Vec<Option<Option<f64>>>,
}

impl Triangle {
    /// Returns the lines of an answer; none where it is no triangle.
    pub(super) fn of(figure: &Figure) -> Self {
        let answer = &figure.answer;
        let Some(tables) = &answer.tables else {
            return Self::default();
        };
        let is_split = answer.by.is_some();
        let reading = Reading::new(&tables.main);
        let mut lines: Vec<Line> = Vec::new();
        for row in 0..reading.n_rows() {
            let (Some(cohort), Some(age)) =
                (reading.text(row, "cohort"), reading.count(row, "age"))
            else {
                continue;
            };
            let age = usize::try_from(age).unwrap_or(usize::MAX);
            let key = reading.text(row, "key").map(str::to_owned);
            let month = (cohort != POOLED).then(|| month(cohort)).flatten();
            // A split compares its groups, not their cohorts.
            if is_split && month.is_some() || age > AGES_MAX {
                continue;
            }
            let is_same = |line: &&mut Line| line.month == month && line.key == key;
            let line = match lines.last_mut().filter(is_same) {
                Some(line) => line,
                None => {
                    lines.push(Line {
                        key,
                        month,
                        n: reading.count(row, "n"),
                        cells: Vec::new(),
                    });
                    lines.last_mut().expect("just put there")
                }
            };
            line.cells.resize(line.cells.len().max(age + 1), None);
            line.cells[age] = Some(reading.number(row, "value"));
        }
        let n_ages = lines.iter().map(|line| line.cells.len()).max().unwrap_or(0);
        let is_pooled = |line: &Line| line.month.is_none() && !is_split;
        let pooled = lines.iter().position(is_pooled).map(|at| lines.remove(at));
        Self {
            lines,
            pooled,
            n_ages,
        }
    }
}

/// Greatest age that is drawn: ten years of months.
const AGES_MAX: usize = 120;

/// Reads `2026-06` as its first day.
fn month(label: &str) -> Option<Date> {
    let (year, month) = label.split_once('-')?;
    Date::new(year.parse().ok()?, month.parse().ok()?, 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::sample;
    use crate::kpi::ChartKind;

    #[test]
    fn the_future_is_not_there_and_the_hidden_is() {
        let mut figure = sample::everyday(ChartKind::Cohort);
        let triangle = Triangle::of(&figure);
        assert_eq!(triangle.lines[0].cells.len(), triangle.n_ages);
        assert_eq!(triangle.lines.last().expect("cohorts").cells.len(), 1);
        assert!(
            triangle.pooled.expect("a pooled line").cells[0]
                .flatten()
                .is_some()
        );
        let tables = figure.answer.tables.as_mut().expect("a table");
        tables.main.rows[0][4] = crate::kpi::Cell::Missing;
        assert_eq!(Triangle::of(&figure).lines[0].cells[0], Some(None));
    }
}
