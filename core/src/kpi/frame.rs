//! The time of an answer: its range, its buckets, and the earlier range it is compared with.

use jiff::civil::Date;
use jiff::{SignedDuration, Span, Timestamp, ToSpan as _};

use super::civil::{Bucket, Calendar};
use super::{Grain, Instant, KpiError, Range, Rolling};
use crate::plan;

/// Most buckets of an answer, as plans allow.
pub(super) const BUCKETS_MAX: usize = 2_000;
/// Most buckets of a grain that nobody asked for; more do not fit on a screen.
const BUCKETS_DEFAULT_MAX: usize = 120;
/// Answers that no clock changes are still asked again after this time.
const VALID_MAX: SignedDuration = SignedDuration::from_hours(24);

/// One bucket of an answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slot {
    /// First instant shown.
    pub(super) start: Timestamp,
    /// First instant after, shown.
    pub(super) end: Timestamp,
    /// The rows that count.
    pub(super) rows: plan::Span,
    pub(super) label: String,
    pub(super) is_complete: bool,
    pub(super) is_provisional: bool,
}

/// The time of one answer.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Frame {
    pub(super) grain: Grain,
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// In time order; empty only when there are no rows at all.
    pub(super) slots: Vec<Slot>,
    /// The part of the range that can be compared: all of it, or what is mature.
    pub(super) current: Option<plan::Span>,
    /// The comparable range before, where there is one.
    pub(super) previous: Option<plan::Span>,
    pub(super) valid_until: Timestamp,
}

/// What a frame is built from.
#[derive(Debug, Clone, Copy)]
pub(super) struct FrameRequest<'a> {
    pub(super) range: Range,
    pub(super) grain: Option<Grain>,
    pub(super) calendar: &'a Calendar,
    pub(super) as_of: Timestamp,
    /// How long after its end a bucket's rows still change by themselves.
    pub(super) maturity: SignedDuration,
    /// How long after that a bucket is provisional.
    pub(super) provisional: SignedDuration,
    /// Window of each bucket's rows; `None` is the bucket.
    pub(super) rolling: Option<Rolling>,
    /// First and last event time of the rows.
    pub(super) extent: Option<(Timestamp, Timestamp)>,
}

impl FrameRequest<'_> {
    /// Lays out the time of an answer.
    ///
    /// # Errors
    /// When the range is empty, too long for its grain, or past the calendar.
    pub(super) fn frame(&self) -> Result<Frame, KpiError> {
        let today = self.calendar.date(self.as_of);
        let tomorrow = self.start_of(add(today, 1.day())?)?;
        let (grain, from, to, is_exact) = match self.range {
            Range::Between(from, to) => self.exact(from, to)?,
            Range::All => match self.extent {
                Some((first, last)) => {
                    let (grain, from) = self.grain_for(first, after(last)?)?;
                    let bucket = self.buckets(grain, last, after(last)?)?;
                    let to = bucket.last().map_or(after(last)?, |bucket| bucket.end);
                    (grain, from, to, false)
                }
                None => return Ok(self.nothing()),
            },
            _ => {
                let first = self.start_of(self.nominal_first(today)?)?;
                let (grain, from) = self.grain_for(first, tomorrow)?;
                (grain, from, tomorrow, false)
            }
        };
        let slots: Vec<Slot> = self
            .buckets(grain, from, to)?
            .into_iter()
            .map(|bucket| self.rolled(self.slot(bucket, grain, (from, to), is_exact), tomorrow))
            .collect::<Result<_, _>>()?;
        let rolls_at = match self.range {
            Range::All | Range::Between(..) => None,
            _ => Some(tomorrow),
        };
        Ok(Frame {
            grain,
            from,
            to,
            valid_until: self.valid_until(&slots, rolls_at),
            current: span(from, to.min(self.mature_at())).filter(|_| from < to),
            previous: self.previous(from, to)?,
            slots,
        })
    }

    fn nothing(&self) -> Frame {
        Frame {
            grain: self.grain.unwrap_or(Grain::Day),
            from: self.as_of,
            to: self.as_of,
            slots: Vec::new(),
            current: None,
            previous: None,
            valid_until: self
                .as_of
                .saturating_add(VALID_MAX)
                .unwrap_or(Timestamp::MAX),
        }
    }

    fn exact(
        &self,
        from: Instant,
        to: Instant,
    ) -> Result<(Grain, Timestamp, Timestamp, bool), KpiError> {
        let instant = |end| match end {
            Instant::Exact(exact) => Ok(exact),
            Instant::Day(date) => self.start_of(date),
        };
        let (from, to) = (instant(from)?, instant(to)?);
        if from >= to {
            return Err(KpiError::EmptyRange { from, to });
        }
        let (grain, _) = self.grain_for(from, to)?;
        Ok((grain, from, to, true))
    }

    fn start_of(&self, date: Date) -> Result<Timestamp, KpiError> {
        self.calendar.day_start(date).ok_or(KpiError::Calendar)
    }

    /// Returns the first civil day of a relative range, before it is widened to its bucket.
    fn nominal_first(&self, today: Date) -> Result<Date, KpiError> {
        let floor = |grain| self.calendar.floor(grain, today).ok_or(KpiError::Calendar);
        match self.range {
            Range::Days(count) => add(today, Span::new().days(1 - i64::from(count))),
            Range::Weeks(count) => {
                add(floor(Grain::Week)?, Span::new().weeks(1 - i64::from(count)))
            }
            Range::Months(count) => add(
                floor(Grain::Month)?,
                Span::new().months(1 - i64::from(count)),
            ),
            Range::Years(count) => add(
                floor(Grain::Month)?,
                Span::new().months(1 - 12 * i64::from(count)),
            ),
            Range::YearToDate => self
                .calendar
                .fiscal_year_first(today)
                .ok_or(KpiError::Calendar),
            Range::All | Range::Between(..) => Ok(today),
        }
    }

    /// Returns the grain asked for, else the finest that gives few enough buckets, and the start
    /// of the first bucket.
    fn grain_for(&self, first: Timestamp, to: Timestamp) -> Result<(Grain, Timestamp), KpiError> {
        let fits = |grain: &Grain| {
            self.calendar
                .buckets(*grain, first, to, BUCKETS_DEFAULT_MAX)
                .is_some()
        };
        let finest = || {
            [Grain::Day, Grain::Week, Grain::Month]
                .into_iter()
                .find(fits)
                .unwrap_or(Grain::Quarter)
        };
        let grain = self.grain.unwrap_or_else(finest);
        let day = self.calendar.floor(grain, self.calendar.date(first));
        Ok((grain, self.start_of(day.ok_or(KpiError::Calendar)?)?))
    }

    fn buckets(
        &self,
        grain: Grain,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<Bucket>, KpiError> {
        self.calendar
            .buckets(grain, from, to, BUCKETS_MAX)
            .ok_or(KpiError::TooManyBuckets {
                grain,
                max: BUCKETS_MAX,
            })
    }

    fn slot(
        &self,
        bucket: Bucket,
        grain: Grain,
        (from, to): (Timestamp, Timestamp),
        is_exact: bool,
    ) -> Slot {
        let rows = plan::Span {
            start: bucket.start.max(from),
            end: bucket.end.min(to),
        };
        let is_cut = is_exact && (rows.start != bucket.start || rows.end != bucket.end);
        let (start, end) = if is_exact {
            (rows.start, rows.end)
        } else {
            (bucket.start, bucket.end)
        };
        Slot {
            start,
            end,
            rows,
            label: self.calendar.label(grain, bucket.first),
            is_complete: !is_cut && self.matured(end) <= self.as_of,
            is_provisional: self.as_of < self.settled(end),
        }
    }

    /// Returns a slot with the rows of the trailing window up to its end; one that is not over ends
    /// with the day that begins `tomorrow`.
    fn rolled(&self, mut slot: Slot, tomorrow: Timestamp) -> Result<Slot, KpiError> {
        let Some(rolling) = self.rolling else {
            return Ok(slot);
        };
        if slot.rows.start < tomorrow {
            slot.rows.end = slot.rows.end.min(tomorrow);
        }
        let inside = slot.rows.end.saturating_sub(SignedDuration::from_nanos(1));
        let last = self.calendar.date(inside.unwrap_or(slot.rows.end));
        let first = add(last, Span::new().days(1 - i64::from(rolling.days())))?;
        slot.rows.start = self.start_of(first)?;
        Ok(slot)
    }

    /// Returns when the rows of a bucket no longer change by themselves.
    fn matured(&self, end: Timestamp) -> Timestamp {
        end.saturating_add(self.maturity).unwrap_or(Timestamp::MAX)
    }

    /// Returns up to when rows no longer change by themselves.
    fn mature_at(&self) -> Timestamp {
        match self.maturity.is_zero() {
            // Rows of a day that is not over may lie later in it.
            true => Timestamp::MAX,
            false => (self.as_of)
                .saturating_sub(self.maturity)
                .unwrap_or(Timestamp::MIN),
        }
    }

    fn settled(&self, end: Timestamp) -> Timestamp {
        self.matured(end)
            .saturating_add(self.provisional)
            .unwrap_or(Timestamp::MAX)
    }

    fn valid_until(&self, slots: &[Slot], rolls_at: Option<Timestamp>) -> Timestamp {
        let limit = self
            .as_of
            .saturating_add(VALID_MAX)
            .unwrap_or(Timestamp::MAX);
        slots
            .iter()
            .flat_map(|slot| [slot.end, self.matured(slot.end), self.settled(slot.end)])
            .chain(rolls_at)
            .filter(|at| *at > self.as_of)
            .fold(limit, Timestamp::min)
    }

    /// Returns the range of the same length before this one. A range that is not over is compared
    /// with the same elapsed local time: as many whole days, then the same time of day. What is not
    /// mature yet counts as not over.
    fn previous(&self, from: Timestamp, to: Timestamp) -> Result<Option<plan::Span>, KpiError> {
        let now = (self.as_of)
            .saturating_sub(self.maturity)
            .unwrap_or(Timestamp::MIN);
        let (first, day) = (self.calendar.date(from), self.calendar.date(now));
        let today = self.calendar.date(self.as_of);
        let previous_first = match self.range {
            Range::All => return Ok(None),
            _ if now <= from => return Ok(None),
            Range::Between(Instant::Day(_), Instant::Day(last)) => same_length(first, last)?,
            Range::Between(..) => return Ok(previous_exact(from, to, now)),
            _ => self.previous_first(first, today)?,
        };
        let start = self.start_of(previous_first)?;
        if to <= now {
            return Ok(span(start, from));
        }
        let n_days = first.until(day).map_err(|_| KpiError::Calendar)?;
        let last_day = add(previous_first, n_days)?;
        let clock = now.to_zoned(self.calendar.zone().clone()).time();
        let end = self
            .calendar
            .zone()
            .to_timestamp(last_day.to_datetime(clock))
            .map_err(|_| KpiError::Calendar)?;
        Ok(span(start, end.min(from)))
    }

    fn previous_first(&self, first: Date, today: Date) -> Result<Date, KpiError> {
        let back = match self.range {
            Range::Weeks(count) => Span::new().weeks(-i64::from(count)),
            Range::Months(count) => Span::new().months(-i64::from(count)),
            Range::Years(count) => Span::new().months(-12 * i64::from(count)),
            Range::YearToDate => Span::new().months(-12),
            _ => Span::new(),
        };
        // A range widened to a coarser bucket is longer than its name says.
        if back.is_zero() || first != self.nominal_first(today)? {
            return same_length(first, add(today, 1.day())?);
        }
        add(first, back)
    }
}

fn previous_exact(from: Timestamp, to: Timestamp, now: Timestamp) -> Option<plan::Span> {
    let start = from.checked_sub(to.duration_since(from)).ok()?;
    let elapsed = to.min(now).duration_since(from);
    span(start, start.checked_add(elapsed).ok()?)
}

/// Returns the first day of the stretch before `first..last` of the same length: as many months
/// where both are firsts of months, else as many days.
fn same_length(first: Date, last: Date) -> Result<Date, KpiError> {
    let unit = if first.day() == 1 && last.day() == 1 {
        jiff::Unit::Month
    } else {
        jiff::Unit::Day
    };
    let length = first.until((unit, last)).map_err(|_| KpiError::Calendar)?;
    add(first, length.negate())
}

fn span(start: Timestamp, end: Timestamp) -> Option<plan::Span> {
    (start < end).then_some(plan::Span { start, end })
}

fn add(date: Date, span: Span) -> Result<Date, KpiError> {
    date.checked_add(span).map_err(|_| KpiError::Calendar)
}

/// Returns the first instant after one that the store can hold.
fn after(at: Timestamp) -> Result<Timestamp, KpiError> {
    at.checked_add(1.microsecond())
        .map_err(|_| KpiError::Calendar)
}

#[cfg(test)]
mod tests;
