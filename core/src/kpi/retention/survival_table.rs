//! How long customers stay, as tables: the curve, and what is read off it.

use jiff::{SignedDuration, Timestamp, Zoned};

use super::answer::{Case, percent};
use super::ledger::Customer;
use super::survival::{Curve, Life, Survived, log_rank};
use crate::kpi::format::base_name;
use crate::kpi::formula::Measured;
use crate::kpi::frame::Frame;
use crate::kpi::{Answer, Base, Cell, Comparison, Grain, KpiError, Score, Table, Tables, privacy};

/// Day of the curve that is the headline; the mean is of as many days.
const HEADLINE_DAY: i32 = 365;
/// Days at which the curve is read off.
const DAYS: [i32; 4] = [30, 90, 180, HEADLINE_DAY];

/// Most years after which the curve is read off, as far as it goes.
const YEARS_MAX: i32 = 20;

/// Answers with the curve of how long customers stay.
pub(super) fn answer(case: &Case<'_>) -> Result<Answer, KpiError> {
    let frame = case.frame(None)?;
    let whole = Stays::new(case, &frame, false, 0);
    let total = whole.score(case, HEADLINE_DAY);
    let split: Vec<(Option<&str>, Stays)> = match case.groups {
        None => vec![(None, whole)],
        Some(groups) => (groups.keys.iter().enumerate())
            .map(|(slot, key)| (Some(&key[..]), Stays::new(case, &frame, true, slot)))
            .collect(),
    };
    let tables = tables(case, &split);
    let mut answer = case.around(frame, Vec::new(), total);
    answer.grain = Grain::Day;
    answer.tables = Some(tables);
    Ok(answer)
}

/// How long the customers of a group stay.
struct Stays {
    lives: Vec<Life>,
    curve: Curve,
}

impl Stays {
    fn new(case: &Case<'_>, frame: &Frame, is_split: bool, slot: usize) -> Self {
        let range_us = frame.from.as_microsecond()..frame.to.as_microsecond();
        let begin = case.records_begin();
        let lives: Vec<Life> = (case.ledger(is_split).customers())
            .filter(|customer| range_us.contains(&customer.first_us()))
            .filter(|customer| case.came_as(is_split, *customer) == Some(slot))
            .filter_map(|customer| life(case, customer, begin))
            .collect();
        Self {
            curve: Curve::new(&lives),
            lives,
        }
    }

    /// Returns what may be shown of the curve at a day.
    fn score(&self, case: &Case<'_>, day: i32) -> Score {
        let curve = &self.curve;
        let survived = curve.at(day);
        let measured = Measured {
            value: survived.map(|survived| 100.0 * survived.share),
            interval: survived.and_then(|survived| survived.band).map(percent),
            n: curve.n,
            n_persons: curve.n,
            counts: vec![("customers", curve.n), ("ended", curve.n_ended)],
            ..Measured::default()
        };
        privacy::shown(&measured, false, case.settings.min_group)
    }

    fn has_score(&self, case: &Case<'_>) -> bool {
        !matches!(self.score(case, 0).base, Base::Hidden | Base::CountsOnly)
    }
}

/// Returns how a customer's first spell was observed; `None` when it never was.
fn life(case: &Case<'_>, customer: Customer<'_>, begin: Option<Timestamp>) -> Option<Life> {
    let spell = customer.spells[0];
    let life = stay(case, spell.start_us, spell.end_us)?;
    let Some(begin) = begin else {
        return Some(life);
    };
    let begin_us = begin.as_microsecond();
    // Whoever was gone before records begin is known by chance only.
    if spell.end_us.is_some_and(|end_us| end_us <= begin_us) || case.as_of <= begin {
        return None;
    }
    let entry = match spell.start_us < begin_us {
        true => whole_days(&local(case, spell.start_us)?, &local(case, begin_us)?),
        false => life.entry,
    };
    Some(Life { entry, ..life })
}

/// Returns how the time from an instant on was observed, under observation from then on; `None`
/// when it has not begun.
pub(super) fn stay(case: &Case<'_>, since_us: i64, end_us: Option<i64>) -> Option<Life> {
    let as_of_us = case.as_of.as_microsecond();
    if since_us >= as_of_us {
        return None;
    }
    let end_us = end_us.filter(|end_us| *end_us <= as_of_us);
    let last_us = end_us.unwrap_or(as_of_us);
    Some(Life {
        entry: -1,
        days: whole_days(&local(case, since_us)?, &local(case, last_us)?),
        is_ended: end_us.is_some(),
    })
}

fn local(case: &Case<'_>, at_us: i64) -> Option<Zoned> {
    let at = Timestamp::from_microsecond(at_us).ok()?;
    Some(at.to_zoned(case.calendar.zone().clone()))
}

/// Returns the whole civil days from one local time to a later one.
fn whole_days(from: &Zoned, to: &Zoned) -> i32 {
    let days = to.date().duration_since(from.date());
    let days = days.as_hours() / SignedDuration::from_hours(24).as_hours();
    let is_cut = to.time() < from.time();
    i32::try_from(days - i64::from(is_cut))
        .unwrap_or(i32::MAX)
        .max(0)
}

fn tables(case: &Case<'_>, split: &[(Option<&str>, Stays)]) -> Tables {
    let skip = usize::from(case.groups.is_none());
    let mut main = Table::new(&CURVE_COLUMNS[skip..]);
    let mut groups = Table::new(&GROUP_COLUMNS[skip..]);
    let mut days = Table::new(&DAY_COLUMNS[skip..]);
    for (key, stays) in split {
        let key: Vec<Cell> = key.map(|key| Cell::text(Some(key))).into_iter().collect();
        let curve = &stays.curve;
        let headline = stays.score(case, HEADLINE_DAY);
        let shown = Some(stays.has_score(case)).filter(|is_shown| *is_shown);
        let steps = shown.map_or(&[][..], |_| &curve.steps);
        for step in steps {
            let number = [step.day.unsigned_abs().into(), step.n_at_risk, step.n_ended];
            let counts = number.map(Cell::Count);
            let row = [&key[..], &counts, &survived_cells(Some(step.survived()))];
            main.rows.push(row.concat());
        }
        let n_ended = (headline.base != Base::Hidden).then_some(curve.n_ended);
        let facts = [
            Cell::count(headline.n),
            Cell::count(n_ended),
            Cell::number(shown.and(curve.median()).map(f64::from)),
            Cell::number(shown.and(curve.mean_of_first(HEADLINE_DAY))),
            Cell::text(Some(base_name(headline.base))),
        ];
        groups.rows.push([&key[..], &facts].concat());
        let last_day = shown.and(curve.last_day).unwrap_or_default();
        let years = (2..=YEARS_MAX).map(|years| years * HEADLINE_DAY);
        for day in DAYS.into_iter().chain(years.filter(|day| *day <= last_day)) {
            let at_risk = shown.map(|_| curve.n_at_risk(day));
            let counts = [Cell::Count(day.unsigned_abs().into()), Cell::count(at_risk)];
            let survived = shown.and(curve.at(day));
            days.rows
                .push([&key[..], &counts, &survived_cells(survived)].concat());
        }
    }
    Tables {
        main,
        further: vec![("groups", groups), ("days", days)],
        is_read_whole: false,
        across: None,
        comparison: comparison(case, split),
    }
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

fn survived_cells(survived: Option<Survived>) -> [Cell; 3] {
    let band = survived.and_then(|survived| survived.band).map(percent);
    [
        Cell::number(survived.map(|survived| 100.0 * survived.share)),
        Cell::number(band.map(|(low, _)| low)),
        Cell::number(band.map(|(_, high)| high)),
    ]
}

/// Compares two groups that may both be shown.
fn comparison(case: &Case<'_>, split: &[(Option<&str>, Stays)]) -> Option<Comparison> {
    let [(_, one), (_, other)] = split else {
        return None;
    };
    if !one.has_score(case) || !other.has_score(case) {
        return None;
    }
    let test = log_rank(&one.lives, &other.lives)?;
    Some(Comparison {
        test: "log_rank",
        chi_squared: test.chi_squared,
        p: test.p,
    })
}
