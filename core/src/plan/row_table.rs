//! Rows in memory that answer plans naively: what a plan means, row by row, for tests.

mod cohort;
mod desk;
mod period_rows;
mod sheet_rows;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jiff::Timestamp;

use self::desk::Context;
use crate::plan::{
    ClusterPlan, ClusterRow, ClusterSums, CohortPlan, Cohorts, DataVersion, Dimension, Filter,
    Keep, Measure, PeriodPlan, Periods, QuestionSet, RowTime, Sheet, SheetPlan, Stance, StancePlan,
    Tallies, Tally, TallyError, TallyPlan, TallyRow, TallyValue, Worth,
};
use crate::record::{RecordKind, SourceName};

/// One version of one row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    pub(crate) source: String,
    pub(crate) id: String,
    /// Event time.
    pub(crate) at: Timestamp,
    /// When the version became known; of the versions of a row known at `as_of`, the last counts.
    pub(crate) known_at: Timestamp,
    pub(crate) texts: BTreeMap<&'static str, String>,
    pub(crate) numbers: BTreeMap<&'static str, f64>,
    pub(crate) flags: BTreeSet<&'static str>,
    pub(crate) times: BTreeMap<&'static str, Timestamp>,
    pub(crate) dimensions: BTreeMap<String, String>,
    pub(crate) tags: Vec<String>,
}

impl Row {
    /// Returns a transactional answer to the NPS question `q` of survey `s` of the source `csv`.
    pub(crate) fn nps(id: impl ToString, at: &str, score: Option<f64>) -> Self {
        let texts = [("survey", "s"), ("question", "q"), ("metric", "nps")];
        let row = Self {
            source: "csv".to_owned(),
            id: id.to_string(),
            at: at.parse().expect(at),
            numbers: score.into_iter().map(|score| ("score", score)).collect(),
            ..Self::default()
        };
        texts
            .into_iter()
            .fold(row, |row, (name, value)| row.text(name, value))
    }

    pub(crate) fn text(mut self, name: &'static str, value: &str) -> Self {
        self.texts.insert(name, value.to_owned());
        self
    }

    pub(crate) fn dimension(mut self, name: &str, value: &str) -> Self {
        self.dimensions.insert(name.to_owned(), value.to_owned());
        self
    }

    fn value(&self, dimension: &Dimension) -> Option<&str> {
        match dimension {
            Dimension::Column("source") => Some(&self.source),
            Dimension::Column(name) => self.texts.get(name).map(String::as_str),
            Dimension::Configured(name) => self.dimensions.get(name).map(String::as_str),
            Dimension::Tag => None,
            Dimension::ServedBy => self.texts.get("agent").map(String::as_str),
        }
    }

    fn column(&self, name: &str) -> Option<String> {
        let number = || self.numbers.get(name).map(f64::to_string);
        let time = || self.times.get(name).map(Timestamp::to_string);
        let text = self.texts.get(name).cloned();
        text.or_else(number).or_else(time)
    }

    fn sourced(&self, column: &str) -> Option<String> {
        Some(format!("{}/{}", self.source, self.column(column)?))
    }

    fn person(&self) -> String {
        match self.texts.get("customer") {
            Some(customer) if !self.flags.contains("anonymous") => format!("{customer}@customer"),
            _ => format!("{}/{}", self.source, self.id),
        }
    }

    fn passes(&self, filter: &Filter, context: Context<'_>) -> bool {
        match filter {
            Filter::All => true,
            Filter::And(all) => all.iter().all(|one| self.passes(one, context)),
            Filter::Or(any) => any.iter().any(|one| self.passes(one, context)),
            Filter::Not(one) => !self.passes(one, context),
            Filter::In(Dimension::Tag, values) => {
                let carried = self
                    .tags
                    .iter()
                    .any(|tag| values.contains(&Some(tag.clone())));
                carried || (self.tags.is_empty() && values.contains(&None))
            }
            Filter::In(dimension, values) => {
                values.contains(&self.value(dimension).map(str::to_owned))
            }
            Filter::NumberIn { column, low, high } => self.numbers.get(column).is_some_and(|x| {
                low.is_none_or(|low| low <= *x) && high.is_none_or(|high| *x < high)
            }),
            Filter::Present(column) => self.column(column).is_some(),
            Filter::IsTrue(column) => self.flags.contains(column),
            Filter::NotAfter(earlier, later) => self.is_not_after(earlier, later),
            Filter::InTime { done, due } => self.is_in_time(done, due, context.present),
            Filter::HasSequel(sequel) => self.has_sequel(sequel, context.live),
        }
    }

    fn keys(&self, group: &[Dimension]) -> Vec<Vec<Option<String>>> {
        let mut keys = vec![Vec::new()];
        for dimension in group {
            let values: Vec<Option<String>> = match dimension {
                Dimension::Tag if !self.tags.is_empty() => {
                    self.tags.iter().cloned().map(Some).collect()
                }
                dimension => vec![self.value(dimension).map(str::to_owned)],
            };
            keys = keys
                .into_iter()
                .flat_map(|key| {
                    values
                        .iter()
                        .map(move |value| [key.clone(), vec![value.clone()]].concat())
                })
                .collect();
        }
        keys
    }
}

/// Rows that answer plans, and how many plans they were asked.
#[derive(Debug, Default)]
pub(crate) struct RowTable {
    pub(crate) rows: Vec<Row>,
    /// Rows of invitations, asked for by that kind; one flagged `bounced` was not delivered.
    pub(crate) invitations: Vec<Row>,
    pub(crate) plans: Mutex<Vec<TallyPlan>>,
    /// The most values that an answer had of any dimension so far, if anything is known.
    pub(crate) n_values: Option<usize>,
}

impl RowTable {
    pub(crate) fn new(rows: impl IntoIterator<Item = Row>) -> Self {
        Self {
            rows: rows.into_iter().collect(),
            invitations: Vec::new(),
            plans: Mutex::default(),
            n_values: None,
        }
    }

    fn live(&self, as_of: Option<Timestamp>) -> Vec<&Row> {
        latest_of(&self.rows, as_of)
    }
}

/// Returns the live rows as known at an instant.
fn latest_of(rows: &[Row], as_of: Option<Timestamp>) -> Vec<&Row> {
    let mut latest: BTreeMap<(&str, &str), &Row> = BTreeMap::new();
    for row in rows {
        if as_of.is_some_and(|as_of| row.known_at > as_of) {
            continue;
        }
        let kept = latest.entry((&row.source, &row.id)).or_insert(row);
        if row.known_at > kept.known_at {
            *kept = row;
        }
    }
    latest
        .into_values()
        .filter(|row| !row.flags.contains("deleted"))
        .collect()
}

impl Tally for RowTable {
    fn n_values(&self, _: RecordKind, _: &Dimension) -> Option<usize> {
        self.n_values
    }

    fn tally(&self, plan: &TallyPlan) -> Result<Tallies, TallyError> {
        assert!(
            (1..=2_000).contains(&plan.buckets.len()),
            "1 to 2,000 buckets"
        );
        assert!(
            plan.buckets.is_sorted_by(|a, b| a.end <= b.start),
            "sorted and disjoint"
        );
        assert!(
            plan.buckets.iter().all(|span| span.start < span.end),
            "no empty bucket"
        );
        assert!(!plan.measures.is_empty(), "at least one measure");
        self.plans
            .lock()
            .expect("no panic while held")
            .push(plan.clone());
        let mut groups: BTreeMap<(Vec<Option<String>>, usize), Vec<&Row>> = BTreeMap::new();
        let mut extent: Option<(Timestamp, Timestamp)> = None;
        let mut live = match plan.kind {
            RecordKind::Invitation => latest_of(&self.invitations, plan.as_of),
            _ => self.live(plan.as_of),
        };
        let reviews;
        if plan.keep == Keep::OnePerReview {
            reviews = desk::reviews(&live);
            live = reviews.iter().collect();
        }
        let context = Context::of(plan, &live);
        let time = |row: &Row| row.time(plan.time);
        for row in live.iter().copied() {
            let Some(at) = time(row).filter(|_| row.passes(&plan.filter, context)) else {
                continue;
            };
            let inside = |span: &crate::plan::Span| span.start <= at && at < span.end;
            let Some(bucket_idx) = plan.buckets.iter().position(inside) else {
                continue;
            };
            for key in row.keys(&plan.group) {
                groups.entry((key, bucket_idx)).or_default().push(row);
            }
        }
        let counted = groups.into_iter().map(|((key, bucket_idx), mut rows)| {
            if let Keep::LastPerCustomer(among) = &plan.keep {
                rows = last_per_customer(rows, among, context);
            }
            for at in rows.iter().filter_map(|row| time(row)) {
                let (first, last) = extent.unwrap_or((at, at));
                extent = Some((first.min(at), last.max(at)));
            }
            let values = plan
                .measures
                .iter()
                .map(|measure| measured(measure, &rows, context))
                .collect();
            TallyRow {
                bucket_idx,
                key,
                values,
            }
        });
        let rows = counted.collect();
        Ok(Tallies {
            rows,
            extent,
            ..Tallies::default()
        })
    }

    fn clusters(&self, plan: &ClusterPlan) -> Result<Vec<ClusterRow>, TallyError> {
        let rows = &plan.rows;
        let mut groups: BTreeMap<(Vec<Option<String>>, usize), Vec<&Row>> = BTreeMap::new();
        for row in self.live(rows.as_of) {
            let inside = |span: &crate::plan::Span| span.start <= row.at && row.at < span.end;
            let Some(bucket_idx) = rows.buckets.iter().position(inside) else {
                continue;
            };
            for key in row.keys(&rows.group) {
                if row.passes(&rows.filter, Context::PLAIN) {
                    groups.entry((key, bucket_idx)).or_default().push(row);
                }
            }
        }
        let of_group = |((key, bucket_idx), rows): (_, Vec<&Row>)| ClusterRow {
            bucket_idx,
            key,
            sums: summed(&rows, &plan.worth),
        };
        Ok(groups.into_iter().map(of_group).collect())
    }

    fn cohorts(&self, plan: &CohortPlan) -> Result<Cohorts, TallyError> {
        Ok(cohort::cohorts(self, plan))
    }

    fn question_sets(&self, metric: &str) -> Result<Vec<QuestionSet>, TallyError> {
        let mut sets: Vec<QuestionSet> = Vec::new();
        for row in self.live(None) {
            let text = |name| row.texts.get(name).cloned().unwrap_or_default();
            if text("metric") != metric || row.flags.contains("is_test") {
                continue;
            }
            let set = QuestionSet {
                source: SourceName::new(&row.source).expect("a valid name"),
                survey: text("survey"),
                question: text("question"),
                is_relational: text("mode") == "relational",
                scale_min: row.numbers.get("scale_min").copied(),
                scale_max: row.numbers.get("scale_max").copied(),
                is_lower_better: text("direction") == "lower_is_better",
                n_answers: 0,
                score_min: None,
                score_max: None,
                last_answer: None,
            };
            let is_same = |known: &QuestionSet| {
                let bare = QuestionSet {
                    n_answers: 0,
                    score_min: None,
                    score_max: None,
                    ..known.clone()
                };
                bare == set
            };
            let found = sets.iter().position(is_same);
            let idx = found.unwrap_or(sets.len());
            if found.is_none() {
                sets.push(set);
            }
            let known = &mut sets[idx];
            if let Some(score) = row.numbers.get("score").copied() {
                known.n_answers += 1;
                known.score_min = Some(known.score_min.map_or(score, |low| low.min(score)));
                known.score_max = Some(known.score_max.map_or(score, |high| high.max(score)));
            }
        }
        sets.sort_by_key(|set| std::cmp::Reverse(set.n_answers));
        Ok(sets)
    }

    fn extent(
        &self,
        kind: RecordKind,
        filter: &Filter,
        time: RowTime,
        as_of: Option<Timestamp>,
    ) -> Result<Option<(Timestamp, Timestamp)>, TallyError> {
        let live = match kind {
            RecordKind::Invitation => latest_of(&self.invitations, as_of),
            _ => self.live(as_of),
        };
        let context = Context {
            live: &live,
            ..Context::PLAIN
        };
        let times = || {
            live.iter()
                .filter(|row| period_rows::is_of(kind, row) && row.passes(filter, context))
                .filter_map(|row| row.time(time))
        };
        Ok(times().min().zip(times().max()))
    }

    fn periods(&self, plan: &PeriodPlan) -> Result<Periods, TallyError> {
        Ok(period_rows::periods(&self.live(plan.as_of), plan))
    }

    fn stances(&self, plan: &StancePlan) -> Result<Vec<Stance>, TallyError> {
        Ok(period_rows::stances(&self.live(plan.as_of), plan))
    }

    fn sheet(&self, plan: &SheetPlan) -> Result<Sheet, TallyError> {
        Ok(sheet_rows::sheet(&self.live(plan.as_of), plan))
    }

    fn data_version(&self) -> DataVersion {
        DataVersion::default()
    }
}

fn summed(rows: &[&Row], worth: &Worth) -> ClusterSums {
    let mut persons: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for row in rows {
        let added = match worth {
            Worth::Column(column) => row.numbers.get(column).copied().unwrap_or(0.0),
            Worth::Classes(classes) => classes
                .iter()
                .find(|(filter, _)| row.passes(filter, Context::PLAIN))
                .map_or(0.0, |(_, weight)| *weight),
        };
        persons.entry(row.person()).or_default().push(added);
    }
    let mut sums = ClusterSums::default();
    for added in persons.values() {
        #[expect(clippy::cast_precision_loss, reason = "a short list")]
        let size = added.len() as f64;
        let total: f64 = added.iter().sum();
        sums.n += added.len() as u64;
        sums.n_persons += 1;
        sums.n_repeaters += u64::from(added.len() > 1);
        sums.sum += total;
        sums.squares += added.iter().map(|x| x * x).sum::<f64>();
        sums.person_squares += total * total;
        sums.person_products += total * size;
        sums.size_squares += size * size;
    }
    sums
}

fn last_per_customer<'a>(rows: Vec<&'a Row>, among: &Filter, context: Context<'_>) -> Vec<&'a Row> {
    let order = |row: &Row| (row.at, row.texts.get("response").cloned(), row.id.clone());
    let mut kept: BTreeMap<String, &Row> = BTreeMap::new();
    let (candidates, mut others): (Vec<&Row>, Vec<&Row>) =
        rows.into_iter().partition(|row| row.passes(among, context));
    for row in candidates {
        let last = kept.entry(row.person()).or_insert(row);
        if order(row) > order(last) {
            *last = row;
        }
    }
    others.extend(kept.into_values());
    others
}

fn measured(measure: &Measure, rows: &[&Row], context: Context<'_>) -> TallyValue {
    let passing = |filter| {
        let rows = rows.iter().copied();
        rows.filter(move |row| row.passes(filter, context))
    };
    match measure {
        Measure::Count => TallyValue::Count(rows.len() as u64),
        Measure::CountIf(filter) => TallyValue::Count(passing(filter).count() as u64),
        Measure::Sum(column) => sum(&numbers(rows, column), |x| x),
        Measure::SumSquares(column) => sum(&numbers(rows, column), |x| x * x),
        Measure::Min(column) => TallyValue::Number(numbers(rows, column).first().copied()),
        Measure::Max(column) => TallyValue::Number(numbers(rows, column).last().copied()),
        Measure::Quantile(column, p) => TallyValue::Number(quantile(&numbers(rows, column), *p)),
        Measure::Distinct(column) => distinct(rows.iter().filter_map(|row| row.sourced(column))),
        Measure::DistinctIf(column, filter) => {
            distinct(passing(filter).filter_map(|row| row.sourced(column)))
        }
        Measure::Persons => distinct(rows.iter().map(|row| row.person())),
        Measure::PersonsIf(among) | Measure::PersonsToward { among, .. } => {
            distinct(passing(among).map(Row::person))
        }
        Measure::Histogram(column) => {
            let numbers = numbers(rows, column);
            let bars = numbers.chunk_by(|left, right| left == right);
            TallyValue::Histogram(bars.map(|bar| (bar[0], bar.len() as u64)).collect())
        }
        Measure::Order(elapsed, quantiles) => desk::order(rows, elapsed, quantiles, context.clock),
    }
}

/// Returns the column's values in ascending order.
fn numbers(rows: &[&Row], column: &str) -> Vec<f64> {
    let mut numbers: Vec<f64> = rows
        .iter()
        .filter_map(|row| row.numbers.get(column).copied())
        .collect();
    numbers.sort_by(f64::total_cmp);
    numbers
}

fn distinct(values: impl Iterator<Item = String>) -> TallyValue {
    TallyValue::Count(values.collect::<BTreeSet<String>>().len() as u64)
}

fn sum(numbers: &[f64], term: fn(f64) -> f64) -> TallyValue {
    let total = numbers.iter().copied().map(term).sum();
    TallyValue::Number((!numbers.is_empty()).then_some(total))
}

/// Quantile of type 7: linear between the closest ranks.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a rank of a short list"
)]
fn quantile(numbers: &[f64], p: f64) -> Option<f64> {
    let rank = numbers.len().checked_sub(1)? as f64 * p;
    let below = rank.floor();
    let low = numbers[below as usize];
    let high = numbers[rank.ceil() as usize];
    Some(low + (high - low) * (rank - below))
}
