//! Answers a question about retention: resolves it, asks one plan, and follows every customer.

use jiff::{SignedDuration, Timestamp};

use super::definition::{Entry, Measure};
use super::flow::{Flow, Rate};
use super::groups::Groups;
use super::ledger::{Customer, Ledger};
use super::rates::{Purse, Rates};
use super::subject::Subject;
use super::{Active, cohort_table, risk_table, survival_table};
use crate::kpi::answer::{next_day, whole_micros};
use crate::kpi::civil::{self, Calendar};
use crate::kpi::desk::CHANGE_MIN;
use crate::kpi::formula::Measured;
use crate::kpi::frame::{Frame, FrameRequest, Slot};
use crate::kpi::interval::real;
use crate::kpi::{
    Answer, Base, Change, Grain, KpiError, Point, Query, Range, Score, Series, Settings, privacy,
    verdict,
};
use crate::plan::{Period, Periods, Span, Tally};
use crate::statistic::Proportion;

/// Answers one question about customers from the rows behind `tally`.
///
/// # Errors
/// When the question is not one, several currencies cannot be added up, there are too many
/// customers, or the data cannot be read.
pub(in crate::kpi) fn answer(
    entry: Entry,
    query: &Query,
    settings: &Settings,
    now: Timestamp,
    tally: &dyn Tally,
) -> Result<Answer, KpiError> {
    let as_of = whole_micros(query.as_of.unwrap_or(now));
    if as_of > now {
        return Err(KpiError::FutureAsOf { as_of });
    }
    let known = query.as_of.map(whole_micros);
    let subject = Subject::new(entry, query, settings, tally, known)?;
    let found = subject.periods(entry, tally, known)?;
    let calendar = Calendar::new(settings, query.tz.as_ref());
    let joining = subject.joining(&settings.retention, &calendar);
    let ledger = Ledger::new(&found, joining);
    let groups = query.by.as_ref().map(|_| Groups::new(&ledger, &found.keys));
    let apart = groups
        .as_ref()
        .filter(|_| subject.is_by_source())
        .map(|groups| groups.apart(&found, joining));
    let case = Case {
        entry,
        query,
        settings,
        calendar: &calendar,
        as_of,
        found: &found,
        ledger: &ledger,
        groups: groups.as_ref(),
        split: apart.as_ref(),
    };
    let mut answer = match entry.measure {
        Measure::Cohort => cohort_table::answer(&case)?,
        Measure::Survival => survival_table::answer(&case)?,
        Measure::AtRisk => risk_table::answer(&case, tally, known)?,
        _ => case.series()?,
    };
    if let Active::Activity { days } = subject.active {
        answer.notes.push(format!(
            "no contracts are known: a customer is who did something in the {days} days before"
        ));
    }
    answer.active = Some(subject.active);
    answer.is_additive = !subject.is_by_source();
    let is_whole = matches!(query.range, None | Some(Range::All));
    answer.verdict = verdict::of(
        &answer,
        None,
        settings,
        tally,
        known,
        is_whole.then_some(&calendar),
    )?;
    if known.is_some() {
        answer.valid_until = next_day(now);
    }
    Ok(answer)
}

/// A question with everything it is answered from.
pub(super) struct Case<'a> {
    pub(super) entry: Entry,
    pub(super) query: &'a Query,
    pub(super) settings: &'a Settings,
    pub(super) calendar: &'a Calendar,
    pub(super) as_of: Timestamp,
    found: &'a Periods,
    ledger: &'a Ledger,
    /// The split, where there is one.
    pub(super) groups: Option<&'a Groups>,
    /// Customers of each group of a split by rows.
    split: Option<&'a Ledger>,
}

impl Case<'_> {
    /// Returns the ledger of the whole, or that of the groups.
    pub(super) fn ledger(&self, is_split: bool) -> &Ledger {
        match self.split {
            Some(apart) if is_split => apart,
            _ => self.ledger,
        }
    }

    /// Returns the group of what a period says: the only one of the whole, or one of the split.
    pub(super) fn slot(&self, is_split: bool, period: &Period) -> Option<usize> {
        match (self.groups, self.split) {
            (Some(_), Some(_)) if is_split => period.is_member.then_some(period.key_idx as usize),
            (Some(groups), None) if is_split => groups.slot(period),
            _ => period.is_member.then_some(0),
        }
    }

    /// Returns the currencies of its prices, as the rows write them.
    pub(super) fn currencies(&self) -> &[String] {
        &self.found.currencies
    }

    /// Returns the group of what a customer was when it came.
    pub(super) fn came_as(&self, is_split: bool, customer: Customer<'_>) -> Option<usize> {
        let just_there_us = customer.first_us().saturating_add(1);
        self.slot(is_split, customer.period(just_there_us)?)
    }

    /// Returns the first instant with complete records.
    pub(super) fn records_begin(&self) -> Option<Timestamp> {
        let day = self.settings.retention.records_begin?;
        self.calendar.day_start(day)
    }

    /// Lays out the time of the answer.
    pub(super) fn frame(&self, grain: Option<Grain>) -> Result<Frame, KpiError> {
        let range = self.query.range.unwrap_or(Range::All);
        let mut frame = FrameRequest {
            range,
            grain,
            rolling: None,
            calendar: self.calendar,
            as_of: self.as_of,
            maturity: SignedDuration::ZERO,
            provisional: self.settings.provisional,
            extent: self.extent(),
        }
        .frame()?;
        let turn_us = self.ledger.next_turn_us(self.as_of.as_microsecond());
        let turn = turn_us.and_then(|turn_us| Timestamp::from_microsecond(turn_us).ok());
        // Who is there just before an instant is known an instant later.
        let turn = turn.and_then(|turn| turn.checked_add(SignedDuration::from_micros(1)).ok());
        frame.valid_until = turn.map_or(frame.valid_until, |turn| turn.min(frame.valid_until));
        Ok(frame)
    }

    /// Returns the first day of any customer, and now; `None` before the first came.
    fn extent(&self) -> Option<(Timestamp, Timestamp)> {
        let firsts = self.ledger.customers().map(|customer| customer.first_us());
        let first = Timestamp::from_microsecond(firsts.min()?).ok()?;
        (first <= self.as_of).then_some((first, self.as_of))
    }

    /// Returns what an answer says around its numbers.
    pub(super) fn around(&self, frame: Frame, series: Vec<Series>, total: Score) -> Answer {
        Answer {
            kpi: self.entry.kpi,
            timezone: self.calendar.zone_name(),
            tzdb: civil::tzdb_version().to_owned(),
            as_of: self.as_of,
            valid_until: frame.valid_until,
            grain: frame.grain,
            rolling: None,
            mode: None,
            filters: self.query.filters.clone(),
            by: self.query.by.clone(),
            is_additive: true,
            from: frame.from,
            to: frame.to,
            series,
            total,
            change: None,
            is_lower_better: false,
            deff: None,
            bias: None,
            verdict: None,
            goal: None,
            findings: None,
            active: None,
            currency: None,
            tables: None,
            notes: Vec::new(),
            sources: Vec::new(),
            newest: self.newest(),
        }
    }

    /// Returns the last start or end that has happened.
    fn newest(&self) -> Option<Timestamp> {
        let as_of_us = self.as_of.as_microsecond();
        let turns = self.found.periods.iter();
        let turns = turns.flat_map(|period| [Some(period.start_us), period.end_us]);
        let newest_us = turns.flatten().filter(|turn| *turn <= as_of_us).max()?;
        Timestamp::from_microsecond(newest_us).ok()
    }

    fn series(&self) -> Result<Answer, KpiError> {
        let frame = self.frame(self.query.grain)?;
        let purse = match self.entry.measure.is_money() {
            true => Some(Purse::new(
                self.entry.kpi.name,
                &self.found.currencies,
                &self.settings.retention.exchange,
                self.calendar,
            )?),
            false => None,
        };
        let rows: Vec<Span> = frame.slots.iter().map(|slot| slot.rows).collect();
        let whole_range = Span {
            start: frame.from,
            end: frame.to,
        };
        let purse = purse.as_ref();
        let whole = self.flows(purse, false, &[whole_range])?[0][0];
        let series = match self.groups {
            None => {
                let line: Vec<Flow> = self.flows(purse, false, &rows)?.concat();
                vec![self.drawn(&frame, None, &line, &whole)]
            }
            Some(groups) => {
                let totals = self.flows(purse, true, &[whole_range])?;
                let lines = self.flows(purse, true, &rows)?;
                let group = |(slot, key): (usize, &String)| {
                    let line: Vec<Flow> = lines.iter().map(|flows| flows[slot]).collect();
                    Series {
                        is_rest: groups.has_rest && slot + 1 == groups.keys.len(),
                        ..self.drawn(&frame, Some(key.clone()), &line, &totals[0][slot])
                    }
                };
                groups.keys.iter().enumerate().map(group).collect()
            }
        };
        let change = match frame.previous {
            Some(previous) => self.change(whole, previous)?,
            None => None,
        };
        let (from, has_slots) = (frame.from, !frame.slots.is_empty());
        let mut answer = self.around(frame, series, self.shown(&whole));
        answer.change = change;
        answer.currency = purse.and_then(|purse| purse.currency.clone());
        if has_slots && whole.n_start == 0 {
            answer.notes.push(format!(
                "nobody was a customer just before {from}, so the whole range has no rate; begin \
                 it later"
            ));
        }
        Ok(answer)
    }

    /// Returns the flows of each group over each period, as far as it has gone.
    fn flows(
        &self,
        purse: Option<&Purse<'_>>,
        is_split: bool,
        spans: &[Span],
    ) -> Result<Vec<Vec<Flow>>, KpiError> {
        let n_slots = match self.groups {
            Some(groups) if is_split => groups.keys.len(),
            _ => 1,
        };
        // What has not begun is empty; what is running counts up to now.
        let n_begun = spans.partition_point(|span| span.start <= self.as_of);
        let begun: Vec<Span> = spans[..n_begun]
            .iter()
            .map(|span| Span {
                end: span.end.min(self.as_of),
                ..*span
            })
            .collect();
        let rates = begun.iter().map(|span| match purse {
            Some(purse) => purse.rates(span.start),
            None => Rates::none(),
        });
        let mut rates: Vec<Rates<'_>> = rates.collect();
        let slot = |period: &Period| self.slot(is_split, period);
        let mut flows = Flow::over(self.ledger(is_split), &begun, &mut rates, n_slots, slot);
        rates.into_iter().try_for_each(Rates::checked)?;
        flows.resize(spans.len(), vec![Flow::default(); n_slots]);
        Ok(flows)
    }

    fn drawn(&self, frame: &Frame, key: Option<String>, line: &[Flow], total: &Flow) -> Series {
        let point = |(slot, flow): (&Slot, &Flow)| {
            let score = self.shown(flow);
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
        Series {
            key,
            is_rest: false,
            points: frame.slots.iter().zip(line).map(point).collect(),
            total: self.shown(total),
            versus_rest: None,
        }
    }

    fn shown(&self, flow: &Flow) -> Score {
        privacy::shown(
            &measured(self.entry.measure, flow),
            false,
            self.settings.min_group,
        )
    }

    /// Compares a rate of customers with that of the period before.
    fn change(&self, now: Flow, previous: Span) -> Result<Option<Change>, KpiError> {
        let before = self.flows(None, false, &[previous])?[0][0];
        let hits = |flow: &Flow| match self.entry.measure {
            Measure::Crr => Some(flow.n_start - flow.n_lost),
            Measure::Churn => Some(flow.n_lost),
            _ => None,
        };
        let share = |flow: &Flow| {
            let n = Some(flow.n_start).filter(|n| *n >= CHANGE_MIN)?;
            let is_shown = self.shown(flow).base != Base::Hidden;
            Proportion::new(real(hits(flow)?), real(n), real(n)).filter(|_| is_shown)
        };
        Ok(share(&now).zip(share(&before)).map(|(now, earlier)| {
            let difference = now.difference(earlier);
            Change {
                value: 100.0 * difference.value,
                low: 100.0 * difference.low,
                high: 100.0 * difference.high,
                p: difference.p,
                is_changed: difference.low > 0.0 || difference.high < 0.0,
                previous_start: previous.start,
                previous_end: previous.end,
                previous_n: before.n_start,
            }
        }))
    }
}

/// Returns the cell of a flow: rate, interval, and the bridge from start to end.
fn measured(measure: Measure, flow: &Flow) -> Measured {
    let rate = match measure {
        Measure::Crr => flow.crr(),
        Measure::Churn => flow.churn(),
        Measure::Grr => flow.grr(),
        _ => flow.nrr(),
    };
    let n = flow.n_start;
    let cell = Measured {
        value: rate.map(|rate: Rate| rate.value),
        interval: rate.map(|rate| (rate.low, rate.high)),
        n,
        n_persons: n,
        ..Measured::default()
    };
    if measure.is_money() {
        return Measured {
            counts: vec![
                ("start", n),
                ("expanded", flow.n_expanded),
                ("contracted", flow.n_contracted),
                ("churned", flow.n_lost),
                ("new", flow.n_new),
                ("reactivated", flow.n_back),
            ],
            secondary: bridge(flow),
            ..cell
        };
    }
    Measured {
        counts: vec![
            ("start", n),
            ("lost", flow.n_lost),
            ("new", flow.n_new),
            ("reactivated", flow.n_back),
            ("end", flow.n_end()),
            ("came_and_went", flow.n_passing),
        ],
        ..cell
    }
}

/// Returns the amounts of the bridge in whole units of the currency.
fn bridge(flow: &Flow) -> Vec<(&'static str, f64)> {
    [
        ("start", flow.start),
        ("expansion", flow.expansion),
        ("contraction", flow.contraction),
        ("churned", flow.churned),
        ("kept", flow.kept()),
        ("new", flow.new),
        ("reactivated", flow.back),
        ("end", flow.end()),
    ]
    .map(|(name, amount)| (name, units(amount)))
    .to_vec()
}

/// Returns the nearest number to an amount; written out it is exact up to 900 thousand million.
#[expect(
    clippy::cast_precision_loss,
    reason = "the only rounding of money, at its very end"
)]
pub(super) fn units(ten_thousandths: i128) -> f64 {
    ten_thousandths as f64 / 10_000.0
}

/// Returns shares in percent.
pub(super) fn percent((low, high): (f64, f64)) -> (f64, f64) {
    (100.0 * low, 100.0 * high)
}
