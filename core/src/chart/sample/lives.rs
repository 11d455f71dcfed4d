//! Figures of how long customers stay.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "small positive counts"
)]

use super::customers::figure;
use super::kpis::SURVIVAL;
use super::scores::score;
use crate::chart::Figure;
use crate::kpi::{Cell, ChartKind, Comparison, Score, Table, Tables};

/// Customers of a group when they came.
const N: u64 = 1_204;

/// A group of which a share leaves every day.
#[derive(Debug, Clone, Copy)]
struct Life {
    leaving: f64,
    /// Last day on which enough are followed.
    last_day: u64,
}

impl Life {
    fn at_risk(self, day: u64) -> u64 {
        (real(N) * (1.0 - real(day) / (real(self.last_day) * 1.02))) as u64
    }

    fn share(self, day: u64) -> f64 {
        100.0 * (-self.leaving * real(day)).exp()
    }

    /// Returns share and band of a day as cells.
    fn told(self, day: u64) -> Vec<Cell> {
        let share = self.share(day);
        let reach = 1.2 + 9.0 * real(day) / real(self.last_day);
        let ends = [share, (share - reach).max(0.0), (share + reach).min(100.0)];
        ends.map(Cell::Number).to_vec()
    }

    fn steps(self) -> Vec<Vec<Cell>> {
        let days = (17..=self.last_day).step_by(17);
        let step = |day| {
            let counts = [day, self.at_risk(day), 6].map(Cell::Count);
            [&counts[..], &self.told(day)].concat()
        };
        let is_leaving = |_: &u64| self.leaving > 0.0;
        days.filter(is_leaving).map(step).collect()
    }

    fn read_off(self) -> Vec<Vec<Cell>> {
        let days = [30, 90, 180, 365, 730, 1095].into_iter();
        let day = |day| match day <= self.last_day {
            true => {
                let counts = [day, self.at_risk(day)].map(Cell::Count);
                [&counts[..], &self.told(day)].concat()
            }
            false => {
                let counts = [day, 0].map(Cell::Count);
                [&counts[..], &[const { Cell::Missing }; 3]].concat()
            }
        };
        let is_asked = |day: &u64| *day <= self.last_day.max(365);
        days.filter(is_asked).map(day).collect()
    }

    fn facts(self) -> Vec<Cell> {
        let median = (std::f64::consts::LN_2 / self.leaving.max(1e-9)).ceil();
        vec![
            Cell::Count(N),
            Cell::Count(310),
            Cell::number(Some(median).filter(|day| *day <= real(self.last_day))),
            Cell::Number(300.0),
            Cell::Text("ok".to_owned()),
        ]
    }
}

/// Returns curves of groups, each leaving faster than the one before, followed for so many days.
pub(super) fn survival(groups: &[Option<&'static str>], leaving: f64, last_day: u64) -> Figure {
    let is_split = groups.len() > 1;
    let first = Life { leaving, last_day };
    let whole = score(&SURVIVAL, first.share(365), N);
    let total = match last_day >= 365 {
        true => whole,
        false => Score {
            value: None,
            low: None,
            high: None,
            ..whole
        },
    };
    let subtitle = if is_split {
        "by segment"
    } else {
        "all customers"
    };
    let mut figure = figure(ChartKind::Survival, &SURVIVAL, subtitle, total);
    figure.answer.by = is_split.then(|| "segment".to_owned());
    let skip = usize::from(!is_split);
    let mut main = Table::new(&CURVE_COLUMNS[skip..]);
    let mut facts = Table::new(&GROUP_COLUMNS[skip..]);
    let mut days = Table::new(&DAY_COLUMNS[skip..]);
    for (idx, group) in groups.iter().enumerate() {
        let life = Life {
            leaving: leaving * (1.0 + 0.7 * real(idx as u64)),
            last_day,
        };
        let key: Vec<Cell> = group.iter().map(|key| Cell::text(Some(key))).collect();
        let keyed = |row: Vec<Cell>| [&key[..], &row].concat();
        main.rows.extend(life.steps().into_iter().map(keyed));
        days.rows.extend(life.read_off().into_iter().map(keyed));
        facts.rows.push(keyed(life.facts()));
    }
    figure.answer.tables = Some(Tables {
        main,
        further: vec![("groups", facts), ("days", days)],
        is_read_whole: false,
        across: None,
        comparison: (groups.len() == 2).then_some(Comparison {
            test: "log_rank",
            chi_squared: 9.1,
            p: 0.0026,
        }),
    });
    figure
}

const CURVE_COLUMNS: [(&str, &str); 7] = [
    ("key", "text"),
    ("day", "days"),
    ("at_risk", "customers"),
    ("ended", "customers"),
    ("value", "percent"),
    ("low", "percent"),
    ("high", "percent"),
];
const GROUP_COLUMNS: [(&str, &str); 6] = [
    ("key", "text"),
    ("n", "customers"),
    ("ended", "customers"),
    ("median", "days"),
    ("mean_of_365", "days"),
    ("base", "text"),
];
const DAY_COLUMNS: [(&str, &str); 6] = [
    ("key", "text"),
    ("day", "days"),
    ("at_risk", "customers"),
    ("value", "percent"),
    ("low", "percent"),
    ("high", "percent"),
];

fn real(n: u64) -> f64 {
    n as f64
}
