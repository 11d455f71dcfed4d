//! `importance`: which drivers matter and are not done well.

use std::collections::HashMap;

use super::case::Case;
use super::drivers::{Weighed, weighed};
use super::rated::RatedAttribute;
use super::{Entry, Found};
use crate::improve::{self, Estimate, Importance, Quadrant, Standing};
use crate::kpi::cluster::Deff;
use crate::kpi::definition::Definition;
use crate::kpi::interval::real;
use crate::kpi::{Answer, Cell, ChartKind, Counted, Kpi, KpiError, Score, Table, Tables, Unit};
use crate::plan::{ClusterSums, Worth};
use crate::statistic::{Proportion, mean};

static KPI: Kpi = Kpi {
    name: "importance",
    title: "What to work on",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "what is rated beside a score, by how much of the score goes with it and by the share of \
              positive ratings; the value is the mean of those shares",
    charts: &[ChartKind::Quadrant],
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "share: as of `drivers`; performance = 100 positive / answers of each driver; value = \
                 mean(performance); lines: 100 / drivers and value; priority = share (100 - performance) \
                 / 100",
    interval: "share: as of `drivers`; performance: Wilson, with n / deff answers of persons who answered \
               several times",
    source: "Martilla and James 1977, with derived importance: Johnson 2000; Wilson 1927; Kish 1965",
    edge_cases: &[
        "drivers, their shares and the answers that count are those of `drivers` for the same question",
        "positive are the top two boxes of four or more points, the top box of fewer, or what \
         [questions] declares by `positive`; of a scale where lower is better the lowest ones",
        "a driver whose question says no scale has no performance and is left out",
        "`undecided`: an interval holds a line, so that another quadrant is as likely",
        "the lines are known without doubt; a value on a line counts as above it",
        "anonymous surveys: a share of none or all is told as the inner end of its interval",
        "the value is a mean over drivers, so it has no interval",
    ],
    vectors: &[],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    counted: Counted::Answers,
    subjects: super::drivers::ENTRY.subjects,
    has_versus: false,
    answer,
};

const COLUMNS: [(&str, &str); 14] = [
    ("driver", "text"),
    ("question", "text"),
    ("n", "count"),
    ("share", "percent"),
    ("share_low", "percent"),
    ("share_high", "percent"),
    ("performance", "percent"),
    ("performance_low", "percent"),
    ("performance_high", "percent"),
    ("quadrant", "text"),
    ("undecided", "text"),
    ("priority", "percent"),
    ("gain", "score"),
    ("first", "percent"),
];

fn answer(case: &Case<'_>) -> Result<Answer, KpiError> {
    let weighed = weighed(case)?;
    let found = match &weighed.found {
        Ok(found) if !weighed.rated.is_hidden() => found,
        _ => return Ok(weighed.nothing(case, &COLUMNS)),
    };
    let performances = performances(&weighed);
    let standings: Vec<Standing<'_>> = (found.drivers.iter())
        .filter_map(|driver| {
            Some(Standing {
                name: &driver.name,
                share: driver.share,
                performance: *performances.get(driver.name.as_str())?,
            })
        })
        .collect();
    let mut notes = Vec::new();
    let told: Vec<f64> = standings.iter().map(|one| one.performance.value).collect();
    for driver in &found.drivers {
        if !performances.contains_key(driver.name.as_str()) {
            notes.push(format!(
                "`{}` is left out: its question says no scale; map `scale_min` and `scale_max` in its \
                 source",
                driver.name
            ));
        }
    }
    let Some(importance) = improve::importance(&standings, None) else {
        let mut nothing = weighed.nothing(case, &COLUMNS);
        nothing.notes = notes;
        return Ok(nothing);
    };
    let total = Score {
        value: mean(&told).map(|mean| 100.0 * mean),
        ..weighed.score(found)
    };
    let tables = Tables {
        main: table(&weighed, found, &importance),
        ..Tables::default()
    };
    notes.splice(0..0, weighed.notes(case, found));
    Ok(weighed.around(case, total, Found::Importance(importance), tables, notes))
}

/// Returns the share of positive ratings of what was weighed, by name, among the answers that were;
/// nothing of what has no scale.
fn performances<'w>(weighed: &'w Weighed<'_>) -> HashMap<&'w str, Estimate> {
    let rated = &weighed.rated;
    let attributes: Vec<&RatedAttribute> = (weighed.choice.together.iter())
        .map(|at| &rated.attributes[*at])
        .collect();
    let is_complete = |row: &usize| {
        let mut ratings = attributes.iter().map(|one| one.ratings[*row]);
        rated.outcome[*row].is_some() && ratings.all(|rating| rating.is_some())
    };
    let rows: Vec<usize> = (0..rated.outcome.len()).filter(is_complete).collect();
    let performance = |attribute: &&'w RatedAttribute| {
        let range = attribute.terms.positive_range()?;
        let answers = rows.iter().map(|row| {
            let rating = attribute.ratings[*row].unwrap_or_default();
            (rated.persons[*row], is_within(rating, range))
        });
        let estimate = share(answers, rated.asked.desk.is_promised)?;
        Some((attribute.name.as_str(), estimate))
    };
    attributes.iter().filter_map(performance).collect()
}

fn is_within(rating: f64, (low, high): (Option<f64>, Option<f64>)) -> bool {
    low.is_none_or(|low| low <= rating) && high.is_none_or(|high| rating < high)
}

/// Returns the share of answers that are positive; of anonymous ones never that of all or none.
fn share(answers: impl Iterator<Item = (u64, bool)>, is_promised: bool) -> Option<Estimate> {
    let sums = sums(answers);
    let deff = Deff::estimated(&sums, &Worth::Classes(Vec::new()));
    let n = real(sums.n);
    let (low, high) = Proportion::new(sums.sum, n, deff.effective(sums.n))?.interval();
    let value = match sums.sum / n {
        all if is_promised && all >= 1.0 => low,
        none if is_promised && none <= 0.0 => high,
        share => share,
    };
    Some(Estimate { value, low, high })
}

/// Returns the sums over persons that a design effect is of.
fn sums(answers: impl Iterator<Item = (u64, bool)>) -> ClusterSums {
    let mut of_person: HashMap<u64, (u64, u64)> = HashMap::new();
    for (person, is_positive) in answers {
        let (n, n_positive) = of_person.entry(person).or_default();
        *n += 1;
        *n_positive += u64::from(is_positive);
    }
    let mut sums = ClusterSums::default();
    for (n, n_positive) in of_person.into_values() {
        let (size, sum) = (real(n), real(n_positive));
        sums.n += n;
        sums.n_persons += 1;
        sums.n_repeaters += u64::from(n > 1);
        // Every positive answer adds one, so that squares are sums.
        sums.sum += sum;
        sums.squares += sum;
        sums.person_squares += sum * sum;
        sums.person_products += sum * size;
        sums.size_squares += size * size;
    }
    sums
}

fn table(weighed: &Weighed<'_>, found: &improve::Drivers, importance: &Importance) -> Table {
    let mut table = Table::new(&COLUMNS);
    let percent = |ratio: f64| Cell::number(Some(100.0 * ratio));
    for point in &importance.points {
        let rated = weighed.attribute(&point.name);
        let driver = found
            .drivers
            .iter()
            .find(|driver| driver.name == point.name);
        table.rows.push(vec![
            Cell::Text(point.name.clone()),
            Cell::text(rated.and_then(|rated| rated.text.as_deref())),
            Cell::count(u64::try_from(found.n_rows).ok()),
            percent(point.share.value),
            percent(point.share.low),
            percent(point.share.high),
            percent(point.performance.value),
            percent(point.performance.low),
            percent(point.performance.high),
            Cell::text(Some(quadrant(point.quadrant))),
            Cell::text(point.is_undecided.then_some("undecided")),
            percent(point.priority),
            Cell::number(driver.map(|driver| driver.gain.value)),
            Cell::number(driver.map(|driver| 100.0 * driver.first_ratio)),
        ]);
    }
    table
}

fn quadrant(quadrant: Quadrant) -> &'static str {
    match quadrant {
        Quadrant::Concentrate => "concentrate",
        Quadrant::Keep => "keep",
        Quadrant::LowPriority => "low_priority",
        Quadrant::Overkill => "overkill",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(answers: &[(u64, bool)], is_promised: bool) -> Estimate {
        share(answers.iter().copied(), is_promised).expect("answers")
    }

    #[test]
    fn persons_who_answer_again_widen_the_interval_of_a_share() {
        let apart: Vec<(u64, bool)> = (0..80).map(|at| (at, at % 4 != 0)).collect();
        // The same answers of forty persons, each of one mind.
        let twice: Vec<(u64, bool)> = (0..80).map(|at| (at / 2, at / 2 % 4 != 0)).collect();
        let (apart, twice) = (told(&apart, false), told(&twice, false));
        assert_eq!((apart.value, twice.value), (0.75, 0.75));
        // Wilson 1927 for 60 of 80.
        assert!((apart.low - 0.645_2).abs() < 1e-4 && (apart.high - 0.831_9).abs() < 1e-4);
        let width = |one: Estimate| one.high - one.low;
        assert!((1.3..1.5).contains(&(width(twice) / width(apart))));
    }

    #[test]
    fn of_anonymous_answers_nobody_is_told_by_a_share_of_all_or_none() {
        let answers = |is_positive: bool| -> Vec<(u64, bool)> {
            (0..50).map(|person| (person, is_positive)).collect()
        };
        assert_eq!(told(&answers(true), false).value, 1.0);
        let (all, none) = (told(&answers(true), true), told(&answers(false), true));
        assert!(all.value < 1.0 && all.value == all.low && all.high == 1.0);
        assert!(none.value > 0.0 && none.value == none.high && none.low == 0.0);
    }
}
