//! Plans become SQL here: text with numbered parameters, never a value in the text.

use std::collections::BTreeSet;

use duckdb::types::Value;
use vocd_plugin::record::ColumnType;

use super::beside::Beside;
use super::bucket;
use super::review;
use super::state::time;
use super::table::{DimensionSpec, TEAM, current, past, quoted};
use crate::plan::{Clock, Dimension, Filter, Keep, Measure, TallyPlan};
use crate::record::RecordKind;
use crate::record::door::BUCKET_TIME;
use crate::store::StoreError;

/// A query and its parameters.
#[derive(Debug, PartialEq)]
pub(super) struct Question {
    pub(super) sql: String,
    pub(super) values: Vec<Value>,
}

/// Writes the parts of one query about one kind.
pub(super) struct Writing<'a> {
    pub(super) kind: RecordKind,
    dimensions: &'a [DimensionSpec],
    values: Vec<Value>,
    /// Columns of `r` that the text written so far names.
    named: BTreeSet<String>,
    /// Columns to compute, in the order of their names.
    pub(super) beside: Vec<Beside>,
    pub(super) clock: Clock,
    present: jiff::Timestamp,
}

impl<'a> Writing<'a> {
    pub(super) fn new(kind: RecordKind, dimensions: &'a [DimensionSpec]) -> Self {
        Self {
            kind,
            dimensions,
            values: Vec::new(),
            named: BTreeSet::new(),
            beside: Vec::new(),
            clock: Clock::Calendar,
            present: jiff::Timestamp::MAX,
        }
    }

    /// Takes over from a plan how times are counted.
    pub(super) fn begin(&mut self, plan: &TallyPlan) {
        self.clock = plan.clock.clone();
        self.present = plan.present;
    }

    /// Goes on writing about rows of another kind, in the same query.
    pub(super) fn about(&mut self, kind: RecordKind) {
        self.kind = kind;
        self.named.clear();
    }

    pub(super) fn finish(self, sql: String) -> Question {
        Question {
            sql,
            values: self.values,
        }
    }

    pub(super) fn bind(&mut self, value: Value) -> String {
        self.values.push(value);
        format!("${}", self.values.len())
    }

    pub(super) fn bind_text(&mut self, text: &str) -> String {
        self.bind(Value::Text(text.to_owned()))
    }

    /// Returns a column of the rows named `r`.
    pub(super) fn named(&mut self, name: &str) -> String {
        let name = quoted(name);
        let column = format!("r.{name}");
        self.named.insert(name);
        column
    }

    /// Returns the rows a plan is about, as a table expression.
    ///
    /// Past knowledge is the greatest version known then, in the bucket of the lowest one.
    pub(super) fn base(&mut self, as_of: Option<jiff::Timestamp>) -> String {
        let Some(as_of) = as_of else {
            return current(self.kind);
        };
        let as_of = self.bind(time(as_of));
        let event = self.kind.event_time().unwrap_or("updated_at");
        format!(
            "(SELECT * REPLACE (coalesce(lowest_event, bucket_time) AS bucket_time) FROM (\
             SELECT *, \
             row_number() OVER (PARTITION BY key, id \
             ORDER BY updated_at DESC, revision DESC NULLS LAST, digest DESC) AS version_rank, \
             first_value({event} IGNORE NULLS) OVER (PARTITION BY key, id \
             ORDER BY updated_at, revision NULLS FIRST, digest \
             ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS lowest_event \
             FROM (FROM {current} UNION ALL BY NAME FROM {past}) \
             WHERE known_at <= {as_of}) WHERE version_rank = 1 AND NOT deleted)",
            current = current(self.kind),
            past = past(self.kind),
        )
    }

    /// Returns a condition that is true, false or null; null counts as false.
    pub(super) fn condition(&mut self, filter: &Filter) -> Result<String, StoreError> {
        Ok(match filter {
            Filter::All => "true".to_owned(),
            Filter::And(parts) => self.joined(parts, " AND ", "true")?,
            Filter::Or(parts) => self.joined(parts, " OR ", "false")?,
            Filter::Not(inner) => format!("NOT coalesce({}, false)", self.condition(inner)?),
            Filter::In(dimension, wanted) => self.membership(dimension, wanted)?,
            Filter::NumberIn { column, low, high } => {
                let column = self.number(column)?;
                let mut parts = Vec::new();
                if let Some(low) = low {
                    parts.push(format!("{column} >= {}", self.bind(Value::Double(*low))));
                }
                if let Some(high) = high {
                    parts.push(format!("{column} < {}", self.bind(Value::Double(*high))));
                }
                if parts.is_empty() {
                    parts.push(format!("{column} IS NOT NULL"));
                }
                format!("({})", parts.join(" AND "))
            }
            Filter::Present(column) => format!("{} IS NOT NULL", self.column(column)?),
            Filter::IsTrue(column) => format!("coalesce({}, false)", self.column(column)?),
            Filter::NotAfter(earlier, later) => {
                format!("{} <= {}", self.instant(earlier)?, self.instant(later)?)
            }
            Filter::InTime { done, due } => {
                let present = self.bind(time(self.present));
                let (done, due) = (self.instant(done)?, self.instant(due)?);
                format!("coalesce({done}, {present}) <= {due}")
            }
            Filter::HasSequel(sequel) => self.beside(Beside::Sequel(*sequel)),
        })
    }

    fn joined(&mut self, parts: &[Filter], word: &str, empty: &str) -> Result<String, StoreError> {
        let parts = parts
            .iter()
            .map(|part| self.condition(part))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(match parts.is_empty() {
            true => empty.to_owned(),
            false => format!("({})", parts.join(word)),
        })
    }

    fn membership(
        &mut self,
        dimension: &Dimension,
        wanted: &[Option<String>],
    ) -> Result<String, StoreError> {
        let has_missing = wanted.contains(&None);
        let texts: Vec<String> = wanted
            .iter()
            .flatten()
            .map(|text| self.bind_text(text))
            .collect();
        let list = texts.join(", ");
        if *dimension == Dimension::Tag {
            let tags = self.tags();
            let mut parts = vec![match texts.is_empty() {
                true => "false".to_owned(),
                false => format!("list_has_any({tags}, [{list}])"),
            }];
            if has_missing {
                parts.push(format!("len(coalesce({tags}, [])) = 0"));
            }
            return Ok(format!("({})", parts.join(" OR ")));
        }
        let column = self.dimension(dimension)?;
        let mut parts = vec![match texts.is_empty() {
            true => "false".to_owned(),
            false => format!("{column} IN ({list})"),
        }];
        if has_missing {
            parts.push(format!("{column} IS NULL"));
        }
        Ok(format!("({})", parts.join(" OR ")))
    }

    /// Returns the text a dimension has on a row; null where the kind cannot have it.
    pub(super) fn dimension(&mut self, dimension: &Dimension) -> Result<String, StoreError> {
        let missing = || "NULL::VARCHAR".to_owned();
        match dimension {
            Dimension::Column("source") => Ok(self.named("source")),
            Dimension::Column(TEAM) => Ok(self.team()),
            Dimension::Column(name) => Ok(match self.kind.column(name) {
                Some(column) if column.column_type == ColumnType::Text => self.named(name),
                Some(column) if column.column_type != ColumnType::TextList => {
                    format!("{}::VARCHAR", self.named(name))
                }
                _ => missing(),
            }),
            Dimension::Configured(name) => {
                let spec = self
                    .dimensions
                    .iter()
                    .find(|spec| spec.name == *name)
                    .ok_or_else(|| StoreError::UnknownDimension { name: name.clone() })?;
                Ok(match spec.reach(self.kind) {
                    Some(_) => self.named(&spec.column()),
                    None => missing(),
                })
            }
            Dimension::Tag => Ok(format!(
                "unnest(CASE WHEN len({tags}) > 0 THEN list_distinct({tags}) ELSE [NULL] END)",
                tags = self.tags()
            )),
            Dimension::ServedBy => Ok(format!("{}::VARCHAR", self.named("served_by"))),
        }
    }

    /// The team a row names, else that of its agent when it happened.
    fn team(&mut self) -> String {
        let own = (self.kind.column(TEAM)).map(|column| self.named(column.name));
        let spec = DimensionSpec::team_of_agent();
        let stamped = (spec.reach(self.kind)).map(|_| self.named(&spec.column()));
        match (own, stamped) {
            (Some(own), Some(stamped)) => format!("coalesce({own}, {stamped})"),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => "NULL::VARCHAR".to_owned(),
        }
    }

    fn tags(&mut self) -> String {
        match self.kind.column("tags") {
            Some(_) => self.named("tags"),
            None => "NULL::VARCHAR[]".to_owned(),
        }
    }

    pub(super) fn column(&mut self, name: &str) -> Result<String, StoreError> {
        match self.kind.column(name) {
            Some(column) => Ok(self.named(column.name)),
            None => Err(self.unknown(name)),
        }
    }

    /// Returns a number column of the rows named `r`.
    pub(super) fn number(&mut self, name: &str) -> Result<String, StoreError> {
        match self.kind.column(name).map(|column| column.column_type) {
            Some(ColumnType::Number) => self.column(name),
            Some(ColumnType::Count | ColumnType::Money) => {
                Ok(format!("{}::DOUBLE", self.column(name)?))
            }
            _ => Err(self.unknown(name)),
        }
    }

    pub(super) fn unknown(&self, name: &str) -> StoreError {
        StoreError::UnknownColumn {
            kind: self.kind.name(),
            column: name.to_owned(),
        }
    }

    /// Returns the aggregate of a measure over rows named `r`, named by its position.
    fn measure(&mut self, measure: &Measure, idx: usize) -> Result<String, StoreError> {
        let aggregate = match measure {
            Measure::Count => "count(*)".to_owned(),
            Measure::CountIf(filter) => format!("count_if({})", self.condition(filter)?),
            Measure::Sum(column) => format!("sum({})", self.number(column)?),
            Measure::SumSquares(column) => {
                let column = self.number(column)?;
                format!("sum({column} * {column})")
            }
            Measure::Min(column) => format!("min({})", self.number(column)?),
            Measure::Max(column) => format!("max({})", self.number(column)?),
            Measure::Quantile(column, p) => {
                // The engine wants a constant here; the plan's own number cannot be anything else.
                format!(
                    "quantile_cont({}, {:?})",
                    self.number(column)?,
                    p.clamp(0.0, 1.0)
                )
            }
            Measure::Distinct(column) => format!("count(DISTINCT {})", self.with_source(column)?),
            Measure::DistinctIf(column, filter) => format!(
                "count(DISTINCT {}) FILTER (WHERE {})",
                self.with_source(column)?,
                self.condition(filter)?
            ),
            Measure::Persons => format!("count(DISTINCT {})", self.someone()),
            Measure::PersonsToward { enough, among } => self.persons_toward(*enough, among)?,
            Measure::PersonsIf(among) => format!(
                "count(DISTINCT {}) FILTER (WHERE {})",
                self.someone(),
                self.condition(among)?
            ),
            Measure::Histogram(column) => format!("histogram({})", self.number(column)?),
            Measure::Order(elapsed, _) => return self.order(elapsed, idx),
        };
        Ok(format!("{aggregate} AS measure_{idx}"))
    }

    fn with_source(&mut self, name: &str) -> Result<String, StoreError> {
        // A source's name holds no slash, so the pair has one text.
        Ok(format!(
            "({} || '/' || {}::VARCHAR)",
            self.named("source"),
            self.column(name)?
        ))
    }

    /// Writes the rows of a plan named `r`, each with its bucket and keys, and the names of the keys.
    pub(super) fn placed(&mut self, plan: &TallyPlan) -> Result<(String, String), StoreError> {
        self.placed_from(plan, None)
    }

    /// Writes the same of other rows than the stored ones, that have the columns the plan names.
    pub(super) fn placed_from(
        &mut self,
        plan: &TallyPlan,
        base: Option<&str>,
    ) -> Result<(String, String), StoreError> {
        self.begin(plan);
        let keys = plan
            .group
            .iter()
            .map(|dimension| self.dimension(dimension))
            .collect::<Result<Vec<_>, _>>()?;
        let at = self.time(plan.time)?;
        let (bucket, join) = bucket::of(&plan.buckets, &at);
        let mut conditions = vec![self.condition(&plan.filter)?];
        if let (Some(first), Some(last)) = (plan.buckets.first(), plan.buckets.last()) {
            conditions.push(format!("{at} >= {}", self.bind(time(first.start))));
            conditions.push(format!("{at} < {}", self.bind(time(last.end))));
        }
        let keys: String = keys
            .iter()
            .enumerate()
            .map(|(idx, key)| format!(", {key} AS key_{idx}"))
            .collect();
        let key_names: String = (0..plan.group.len())
            .map(|idx| format!(", key_{idx}"))
            .collect();
        let base = match base {
            Some(base) => base.to_owned(),
            None => self.rows(plan)?,
        };
        let rows = format!(
            "SELECT r.*, {bucket} AS bucket_at{keys} FROM {base} r{join} WHERE {}",
            conditions.join(" AND ")
        );
        self.named.clear();
        Ok((rows, key_names))
    }

    /// Writes the whole tally: bucket, keys, measures, and the extent of the rows behind them.
    pub(super) fn tally(mut self, plan: &TallyPlan) -> Result<Question, StoreError> {
        self.begin(plan);
        // What the measures need beside the rows is joined to them below.
        let at = self.time(plan.time)?;
        let measures = plan
            .measures
            .iter()
            .enumerate()
            .map(|(idx, measure)| self.measure(&lighter(measure, &plan.keep), idx))
            .collect::<Result<Vec<_>, _>>()?
            .join(", ");
        let named = std::mem::take(&mut self.named);
        let (mut rows, key_names) = self.placed(plan)?;
        self.named = named;
        if let Keep::LastPerCustomer(among) = &plan.keep {
            rows = self.last_per_customer(&rows, &key_names, among)?;
        }
        let mut sql = format!(
            "SELECT bucket_at{key_names}, epoch_us(min({at})) AS first_us, \
             epoch_us(max({at})) AS last_us, {measures} \
             FROM ({rows}) r GROUP BY bucket_at{key_names}"
        );
        if (plan.measures.iter()).any(|measure| matches!(measure, Measure::Order(..))) {
            sql = self.ordered(plan, &key_names, &sql);
        }
        Ok(self.finish(sql))
    }

    /// Sorts the numbers of a tally's orders, each once, and takes from them what is told.
    fn ordered(&mut self, plan: &TallyPlan, key_names: &str, tally: &str) -> String {
        let (mut sorted, mut told) = (String::new(), String::new());
        for (idx, measure) in plan.measures.iter().enumerate() {
            match measure {
                Measure::Order(_, quantiles) => {
                    sorted.push_str(&format!(
                        ", list_sort(numbers_{idx}) AS order_{idx}, \
                         coalesce(len(numbers_{idx}), 0) AS n_{idx}"
                    ));
                    told.push_str(&format!(", {}", self.runs(quantiles, idx)));
                }
                _ => told.push_str(&format!(", measure_{idx}")),
            }
        }
        format!(
            "SELECT bucket_at{key_names}, first_us, last_us{told} FROM (SELECT *{sorted} \
             FROM ({tally}))"
        )
    }

    /// Returns the rows a plan is about, with what was asked for beside them.
    fn rows(&mut self, plan: &TallyPlan) -> Result<String, StoreError> {
        let mut base = self.base(plan.as_of);
        if plan.keep == Keep::OnePerReview {
            base = review::folded(&base);
        }
        let all = base.clone();
        self.with_beside(base, &all)
    }

    /// Writes the rows that stay of `rows`, with the columns named so far.
    ///
    /// Aggregated, as a window would sort all rows: at five million answers of 200,000
    /// customers that takes four times as long. A row that stands for itself is a group of its own
    /// by its key.
    fn last_per_customer(
        &mut self,
        rows: &str,
        key_names: &str,
        among: &Filter,
    ) -> Result<String, StoreError> {
        let mut carried: Vec<String> = self.named.iter().cloned().collect();
        carried.push(quoted(BUCKET_TIME));
        carried.sort_unstable();
        carried.dedup();
        let carried: Vec<String> = carried
            .iter()
            .map(|name| format!("{name} := r.{name}"))
            .collect();
        // A missing text is the least; inside a struct the engine would take it for the greatest.
        let submission = match self.kind.column("response") {
            Some(_) => "r.response IS NOT NULL, r.response, ",
            None => "",
        };
        let person = self.person();
        let is_candidate = format!(
            "{person} IS NOT NULL AND coalesce({}, false)",
            self.condition(among)?
        );
        Ok(format!(
            "SELECT bucket_at{key_names}, unnest(arg_max(struct_pack({}), \
             row(r.bucket_time, {submission}r.id, r.key))) FROM ({rows}) r \
             GROUP BY bucket_at{key_names}, {is_candidate}, \
             CASE WHEN {is_candidate} THEN {person} ELSE r.key END",
            carried.join(", ")
        ))
    }
}

/// Returns a measure that says the same of the kept rows and costs less: a customer's last answer
/// is the only one.
fn lighter(measure: &Measure, keep: &Keep) -> Measure {
    match (measure, keep) {
        (
            Measure::PersonsIf(filter) | Measure::PersonsToward { among: filter, .. },
            Keep::LastPerCustomer(among),
        ) if filter == among => Measure::CountIf(filter.clone()),
        _ => measure.clone(),
    }
}
