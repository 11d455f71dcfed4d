//! Revenue at risk as a table: a line a group, and their sum.

use jiff::{Span as Days, Timestamp};

use super::answer::{Case, units};
use super::ledger::Customer;
use super::rates::{Purse, Rates};
use super::risk::{CLASSES, Group, Observed, Voice, answers_of, class_of};
use super::survival_table::stay;
use crate::kpi::formula::Measured;
use crate::kpi::{Answer, Cell, Grain, KpiError, Score, Table, Tables, nps, privacy};
use crate::plan::{Filter, Stance, StancePlan, Tally};

/// Days for which an answer says what a customer thinks.
const RECENT_DAYS: i32 = 180;
/// Days in which customers may leave.
const AHEAD_DAYS: i32 = 365;
/// Most answers an answer looks at: 24 MB.
const ANSWERS_MAX: usize = 1_000_000;

/// Answers with the revenue at risk, as of now.
pub(super) fn answer(
    case: &Case<'_>,
    tally: &dyn Tally,
    known: Option<Timestamp>,
) -> Result<Answer, KpiError> {
    let kpi = case.entry.kpi.name;
    if case.query.by.is_some() {
        return Err(KpiError::NoSplit { kpi });
    }
    let rules = &case.settings.retention.exchange;
    let purse = Purse::new(kpi, case.currencies(), rules, case.calendar)?;
    let mut rates = purse.rates(case.as_of);
    let voices = voices(case, &stances(case, tally, known)?, &mut rates)?;
    rates.checked()?;
    let groups = Group::all(&voices);
    let mut table = Table::new(&COLUMNS);
    let mut sum = Some([0.0; 3]);
    for group in &groups {
        let score = score(case, group.n, group.revenue, at_risk(group), Vec::new());
        let ends = score.value.zip(score.low).zip(score.high);
        sum = sum
            .zip(ends)
            .map(|(sum, ((value, low), high))| [sum[0] + value, sum[1] + low, sum[2] + high]);
        table.rows.push(line(group, &score));
    }
    let n = groups.iter().map(|group| group.n).sum();
    let revenue = groups.iter().map(|group| group.revenue).sum();
    let count = |class| {
        voices
            .iter()
            .filter(|voice| voice.class == Some(class))
            .count() as u64
    };
    let counts = (0..CLASSES.len())
        .map(|class| (CLASSES[class], count(class)))
        .collect();
    let total = score(case, n, revenue, sum, counts);
    let is_unknown = n > 0 && total.value.is_none();
    let mut answer = case.around(case.frame(None)?, Vec::new(), total);
    if is_unknown {
        answer.notes.push(format!(
            "not enough customers of each group were followed for {AHEAD_DAYS} days after an answer"
        ));
    }
    answer.grain = Grain::Day;
    answer.currency = purse.currency.clone();
    answer.tables = Some(Tables {
        main: table,
        ..Tables::default()
    });
    Ok(answer)
}

const COLUMNS: [(&str, &str); 10] = [
    ("group", "text"),
    ("n", "customers"),
    ("revenue", "money"),
    ("leaving", "percent"),
    ("leaving_low", "percent"),
    ("leaving_high", "percent"),
    ("value", "money"),
    ("low", "money"),
    ("high", "money"),
    ("base", "text"),
];

fn line(group: &Group, score: &Score) -> Vec<Cell> {
    // What is hidden of the sum is hidden of its parts.
    let leaving = group.leaving(AHEAD_DAYS).filter(|_| score.value.is_some());
    let revenue = score.n.map(|_| units(group.revenue));
    let percent = |share: f64| Cell::Number(100.0 * share);
    let mut row = vec![
        Cell::Text(group.name()),
        Cell::count(score.n),
        Cell::number(revenue),
    ];
    row.extend(match leaving {
        Some((share, (low, high))) => [share, low, high].map(percent),
        None => [const { Cell::Missing }; 3],
    });
    row.extend([score.value, score.low, score.high].map(Cell::number));
    row.push(Cell::text(Some(crate::kpi::format::base_name(score.base))));
    row
}

/// Returns the revenue that a group will have lost, with its interval.
fn at_risk(group: &Group) -> Option<[f64; 3]> {
    // A group that nobody is in loses nothing.
    if group.n == 0 {
        return Some([0.0; 3]);
    }
    let (share, (low, high)) = group.leaving(AHEAD_DAYS)?;
    Some([share, low, high].map(|share| share * units(group.revenue)))
}

fn score(
    case: &Case<'_>,
    n: u64,
    revenue: i128,
    at_risk: Option<[f64; 3]>,
    counts: Vec<(&'static str, u64)>,
) -> Score {
    let measured = Measured {
        value: at_risk.map(|[value, ..]| value).filter(|_| n > 0),
        interval: at_risk.map(|[_, low, high]| (low, high)).filter(|_| n > 0),
        n,
        n_persons: n,
        counts,
        secondary: vec![("revenue", units(revenue))],
        ..Measured::default()
    };
    privacy::shown(&measured, false, case.settings.min_group)
}

/// Returns the NPS answers of customers by customer, then time.
fn stances(
    case: &Case<'_>,
    tally: &dyn Tally,
    known: Option<Timestamp>,
) -> Result<Vec<Stance>, KpiError> {
    let formula = nps::ENTRY.formula;
    let mut stances = tally.stances(&StancePlan {
        rows: Filter::And(vec![formula.rows(), formula.answered()]),
        to: case.as_of,
        as_of: known,
        answers_max: ANSWERS_MAX,
    })?;
    if stances.len() > ANSWERS_MAX {
        return Err(KpiError::TooManyAnswers {
            kpi: case.entry.kpi.name,
            max: ANSWERS_MAX,
        });
    }
    let key = |stance: &Stance| (stance.customer, stance.at_us);
    stances.sort_by(|one, other| {
        let by_score = one.score.total_cmp(&other.score);
        key(one).cmp(&key(other)).then(by_score)
    });
    Ok(stances)
}

fn voices(
    case: &Case<'_>,
    stances: &[Stance],
    rates: &mut Rates<'_>,
) -> Result<Vec<Voice>, KpiError> {
    let local = case.as_of.to_zoned(case.calendar.zone().clone());
    let recent = local
        .checked_sub(Days::new().days(RECENT_DAYS))
        .map_err(|_| KpiError::Calendar)?;
    let recent_us = recent.timestamp().as_microsecond();
    let as_of_us = case.as_of.as_microsecond();
    let voice = |customer: Customer<'_>| {
        let said = customer.period(as_of_us)?;
        case.slot(false, said)?;
        let answers = answers_of(stances, customer);
        let last = answers.last()?;
        let is_recent = last.at_us >= recent_us && customer.is_there(as_of_us);
        Some(Voice {
            class: is_recent.then(|| class_of(last.score)),
            revenue: rates.sum(customer.priced(as_of_us)),
            lives: [0, 1, 2].map(|class| observed(case, customer, answers, class)),
        })
    };
    Ok(case.ledger(false).customers().filter_map(voice).collect())
}

/// Follows a customer from its first answer of a class on.
fn observed(
    case: &Case<'_>,
    customer: Customer<'_>,
    answers: &[Stance],
    class: usize,
) -> Option<Observed> {
    let mut own = answers
        .iter()
        .filter(|answer| class_of(answer.score) == class);
    let (since_us, spell) = own.find_map(|answer| {
        let mut spells = customer.spells.iter();
        let spell = spells.find(|spell| spell.holds_before(answer.at_us.saturating_add(1)))?;
        Some((answer.at_us, *spell))
    })?;
    let life = stay(case, since_us, spell.end_us)?;
    Some(Observed { since_us, life })
}
