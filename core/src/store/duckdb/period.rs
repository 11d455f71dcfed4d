//! The periods of customers: contracts as they are, activities joined where they are close.

use std::collections::BTreeMap;

use arrow_array::cast::AsArray;
use arrow_array::types::{Int64Type, UInt64Type};
use arrow_array::{Array, RecordBatch, StringArray};
use duckdb::{Connection, params_from_iter};

use super::question::{Question, Writing};
use super::table::DimensionSpec;
use crate::plan::{Filter, Period, PeriodPlan, Periods};
use crate::record::RecordKind;
use crate::store::StoreError;

/// How a customer's activities follow each other.
const ORDER: &str = "PARTITION BY unit ORDER BY low, high, key NULLS FIRST, is_member";

impl Writing<'_> {
    /// Writes the question for the periods of customers.
    pub(super) fn periods(mut self, plan: &PeriodPlan) -> Result<Question, StoreError> {
        let base = self.base(plan.as_of);
        let unit = self.unit();
        let key = match &plan.group {
            Some(dimension) => self.dimension(dimension)?,
            None => "NULL::VARCHAR".to_owned(),
        };
        let is_member = format!("coalesce({}, false)", self.condition(&plan.member)?);
        let rows = self.condition(&plan.rows)?;
        let listed = format!("{unit} AS unit, {key} AS key, {is_member} AS is_member");
        let periods = match plan.kind {
            RecordKind::Activity => {
                let (joined_us, slot_us) = (plan.joined_us.max(0), plan.slot_us());
                format!(
                    "SELECT unit, min(low), max(high), 0::BIGINT, NULL::VARCHAR, any_value(key), \
                     bool_and(is_member) AS is_member FROM (\
                     SELECT *, count_if(NOT is_joined) OVER ({ORDER} \
                     ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS stay FROM (\
                     SELECT *, coalesce(low - lag(high) OVER w <= {joined_us} \
                     AND key IS NOT DISTINCT FROM lag(key) OVER w \
                     AND is_member = lag(is_member) OVER w, false) AS is_joined FROM (\
                     SELECT unit, key, is_member, min(at_us) AS low, max(at_us) AS high FROM (\
                     SELECT {listed}, epoch_us(r.happened_at) AS at_us FROM {base} r WHERE {rows}) \
                     GROUP BY unit, key, is_member, at_us // {slot_us}) WINDOW w AS ({ORDER}))) \
                     GROUP BY unit, stay"
                )
            }
            _ => format!(
                "SELECT unit, epoch_us(started_at), epoch_us(ended_at), \
                 (mrr::DECIMAL(38, 4) * 10000)::BIGINT, currency, key, is_member FROM (\
                 SELECT r.started_at, r.ended_at, r.mrr, r.currency, {listed} \
                 FROM {base} r WHERE {rows})"
            ),
        };
        let passing = match plan.member == Filter::All || plan.member == Filter::And(Vec::new()) {
            true => "",
            false => " QUALIFY bool_or(is_member) OVER (PARTITION BY unit)",
        };
        let n_rows = plan.periods_max.saturating_add(1);
        Ok(self.finish(format!("SELECT * FROM ({periods}){passing} LIMIT {n_rows}")))
    }

    /// Returns whom retention counts: the account of a row's customer, else the customer.
    pub(super) fn unit(&mut self) -> String {
        let account = self.named(&DimensionSpec::account().column());
        let (person, key) = (self.named("person"), self.named("key"));
        format!("coalesce({account}::UBIGINT, {person}, {key})")
    }
}

/// Texts by the number they were given when they were first met.
#[derive(Default)]
struct Names(BTreeMap<Option<String>, u32>);

impl Names {
    fn number(&mut self, name: Option<&str>) -> u32 {
        let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        *self.0.entry(name.map(str::to_owned)).or_insert(next)
    }

    /// Returns the names in order, and for each number the position in it.
    fn ordered(self) -> (Vec<Option<String>>, Vec<u32>) {
        let mut positions = vec![0; self.0.len()];
        for (position, number) in self.0.values().enumerate() {
            positions[*number as usize] = u32::try_from(position).unwrap_or(u32::MAX);
        }
        (self.0.into_keys().collect(), positions)
    }
}

/// Runs the question for the periods of customers.
pub(super) fn periods(connection: &Connection, question: &Question) -> duckdb::Result<Periods> {
    let mut statement = connection.prepare(&question.sql)?;
    let found = statement.query_arrow(params_from_iter(question.values.iter()))?;
    let (mut periods, mut currencies, mut keys) = (Vec::new(), Names::default(), Names::default());
    for batch in found {
        read(&batch, &mut periods, &mut currencies, &mut keys);
    }
    let (currencies, currency_positions) = currencies.ordered();
    let (keys, key_positions) = keys.ordered();
    let has_missing = currencies.first().is_some_and(Option::is_none);
    for period in &mut periods {
        let position = currency_positions[period.currency_idx as usize];
        period.currency_idx = position.saturating_sub(u32::from(has_missing));
        period.key_idx = key_positions[period.key_idx as usize];
    }
    Ok(Periods {
        periods,
        currencies: currencies.into_iter().flatten().collect(),
        keys,
    })
}

fn read(batch: &RecordBatch, periods: &mut Vec<Period>, currencies: &mut Names, keys: &mut Names) {
    let number = |idx: usize| batch.column(idx).as_primitive::<Int64Type>();
    let text = |idx: usize| batch.column(idx).as_string::<i32>();
    let (currency_texts, key_texts) = (text(4), text(5));
    let customers = batch.column(0).as_primitive::<UInt64Type>();
    let (starts, ends, prices) = (number(1), number(2), number(3));
    let is_member = batch.column(6).as_boolean();
    periods.reserve(batch.num_rows());
    for row in 0..batch.num_rows() {
        periods.push(Period {
            customer: customers.value(row),
            start_us: starts.value(row),
            end_us: ends.is_valid(row).then(|| ends.value(row)),
            price: prices.value(row),
            currency_idx: currencies.number(at(currency_texts, row)),
            key_idx: keys.number(at(key_texts, row)),
            is_member: is_member.value(row),
        });
    }
}

fn at(texts: &StringArray, row: usize) -> Option<&str> {
    texts.is_valid(row).then(|| texts.value(row))
}
