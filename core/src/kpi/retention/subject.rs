//! Which customers a question is about, and what makes one.

use jiff::Timestamp;

use super::definition::Entry;
use super::ledger::Joining;
use super::{Active, RetentionRules};
use crate::kpi::civil::Calendar;
use crate::kpi::{KpiError, Query, Settings};
use crate::nearest::nearest;
use crate::plan::{Dimension, Filter, PeriodPlan, Periods, RowTime, Tally};
use crate::record::RecordKind;

/// Most periods an answer looks at: with their ledger about 150 MB.
const PERIODS_MAX: usize = 1_000_000;
/// A civil day is never shorter or longer than 24 h by more than this in sum over any window.
const ZONE_SHIFT_US: i64 = 26 * 3_600_000_000;
const DAY_US: i64 = 86_400_000_000;
/// Dimensions that survey answers and tickets have, and customers do not.
const ELSEWHERE: [&str; 7] = [
    "survey", "question", "mode", "channel", "language", "agent", "team",
];
const SOURCE: &str = "source";

/// Everything a question asks about except its time.
#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) active: Active,
    kind: RecordKind,
    rows: Filter,
    member: Filter,
    pub(super) by: Option<Dimension>,
}

impl Subject {
    /// Resolves the names of a question and finds what makes a customer.
    ///
    /// # Errors
    /// When a dimension is unknown or not of customers, a survey mode is asked for, or the data
    /// cannot be read.
    pub(super) fn new(
        entry: Entry,
        query: &Query,
        settings: &Settings,
        tally: &dyn Tally,
        as_of: Option<Timestamp>,
    ) -> Result<Self, KpiError> {
        if let Some(mode) = query.mode {
            return Err(KpiError::UnsupportedMode {
                kpi: entry.kpi.name,
                mode,
                supported: &[],
            });
        }
        let (mut rows, mut member) = (Vec::new(), Vec::new());
        for (name, values) in &query.filters {
            let dimension = dimension(entry, settings, name)?;
            // A source is where rows come from, not what a customer is.
            let filters = match dimension {
                Dimension::Column(_) => &mut rows,
                _ => &mut member,
            };
            filters.push(Filter::In(dimension, values.clone()));
        }
        let by = query.by.as_deref();
        let by = by
            .map(|name| dimension(entry, settings, name))
            .transpose()?;
        let rows = Filter::And(rows);
        let has = |kind| {
            let extent = tally.extent(kind, &rows, RowTime::Event, as_of)?;
            Ok::<bool, KpiError>(extent.is_some())
        };
        let is_by_activity = !entry.measure.is_money()
            && !has(RecordKind::Subscription)?
            && has(RecordKind::Activity)?;
        let (active, kind) = if is_by_activity {
            let days = settings.retention.activity_days;
            (Active::Activity { days }, RecordKind::Activity)
        } else {
            (Active::Contract, RecordKind::Subscription)
        };
        Ok(Self {
            active,
            kind,
            rows,
            member: Filter::And(member),
            by,
        })
    }

    /// Asks for the periods.
    ///
    /// # Errors
    /// When there are too many, or they cannot be read.
    pub(super) fn periods(
        &self,
        entry: Entry,
        tally: &dyn Tally,
        as_of: Option<Timestamp>,
    ) -> Result<Periods, KpiError> {
        let joined_us = match self.active {
            Active::Contract => 0,
            // Closer than any civil window of so many days: they touch in every zone.
            Active::Activity { days } => (i64::from(days) * DAY_US - ZONE_SHIFT_US).max(0),
        };
        let found = tally.periods(&PeriodPlan {
            kind: self.kind,
            rows: self.rows.clone(),
            member: self.member.clone(),
            group: self.by.clone(),
            joined_us,
            as_of,
            periods_max: PERIODS_MAX,
        })?;
        if found.periods.len() > PERIODS_MAX {
            return Err(KpiError::TooManyPeriods {
                kpi: entry.kpi.name,
                max: PERIODS_MAX,
            });
        }
        Ok(found)
    }

    /// Returns how the periods become spells.
    pub(super) fn joining<'a>(
        &self,
        rules: &RetentionRules,
        calendar: &'a Calendar,
    ) -> Joining<'a> {
        let (lasting_days, grace_days) = match self.active {
            Active::Contract => (0, rules.grace_days),
            Active::Activity { days } => (days, 0),
        };
        Joining {
            zone: calendar.zone(),
            lasting_days,
            grace_days,
            is_by_key: false,
        }
    }

    /// Whether groups are made of rows, so that one customer can be in several.
    pub(super) fn is_by_source(&self) -> bool {
        matches!(self.by, Some(Dimension::Column(_)))
    }
}

/// Returns the dimension of that name: the source, or something that customers are.
fn dimension(entry: Entry, settings: &Settings, name: &str) -> Result<Dimension, KpiError> {
    if name == SOURCE {
        return Ok(Dimension::Column(SOURCE));
    }
    let configured = settings.dimensions.get(name).map(|source| source.kind);
    let elsewhere = ELSEWHERE.contains(&name).then_some(RecordKind::Response);
    match configured.or(elsewhere) {
        Some(RecordKind::Customer) => Ok(Dimension::Configured(name.to_owned())),
        Some(kind) => Err(KpiError::DimensionElsewhere {
            name: name.to_owned(),
            from: kind.name(),
            kpi: entry.kpi.name,
            kind: RecordKind::Subscription.name(),
        }),
        None => {
            let customers = settings.dimensions.iter();
            let customers = customers.filter(|(_, source)| source.kind == RecordKind::Customer);
            let known: Vec<String> = std::iter::once(SOURCE.to_owned())
                .chain(customers.map(|(name, _)| name.clone()))
                .collect();
            let nearest = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            Err(KpiError::UnknownDimension {
                name: name.to_owned(),
                nearest,
                known,
            })
        }
    }
}
