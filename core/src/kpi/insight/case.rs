//! An analysis as it is asked: its time, its rows, and what an answer says around its finds.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{Entry, Findings, Found};
use crate::kpi::answer::{next_day, whole_micros};
use crate::kpi::civil::{self, Calendar};
use crate::kpi::desk::Desk;
use crate::kpi::frame::{Frame, FrameRequest};
use crate::kpi::privacy::promise;
use crate::kpi::scope::Subject;
use crate::kpi::{
    Answer, Base, Grain, KpiError, Query, Range, Score, Settings, Tables, UnknownKpi, formula,
};
use crate::plan::{Span, Tally};

/// What an analysis is of that is asked of no time: long enough for weeks to differ, short enough to
/// be of now.
const RANGE_DEFAULT: Range = Range::Days(90);

/// One analysis as it is asked.
pub(super) struct Case<'a> {
    pub(super) entry: Entry,
    pub(super) query: Query,
    pub(super) settings: &'a Settings,
    pub(super) tally: &'a dyn Tally,
    pub(super) calendar: Calendar,
    /// The instant the answer is about.
    pub(super) as_of: Timestamp,
    /// State of knowledge; `None` is the current rows.
    pub(super) known: Option<Timestamp>,
    /// Whether nobody asked for a time.
    pub(super) is_any_time: bool,
    now: Timestamp,
}

/// The rows behind a KPI that an analysis is of, and their time.
pub(super) struct Asked<'a> {
    pub(super) desk: Desk<'a>,
    pub(super) subject: Subject,
    /// The time it is about.
    pub(super) span: Span,
    /// The earlier time.
    pub(super) before: Option<Span>,
    pub(super) frame: Frame,
}

impl<'a> Case<'a> {
    pub(super) fn new(
        entry: Entry,
        query: &Query,
        settings: &'a Settings,
        now: Timestamp,
        tally: &'a dyn Tally,
    ) -> Result<Self, KpiError> {
        let as_of = whole_micros(query.as_of.unwrap_or(now));
        if as_of > now {
            return Err(KpiError::FutureAsOf { as_of });
        }
        let mut query = query.clone();
        let is_any_time = query.range.is_none();
        query.range = query.range.or(Some(RANGE_DEFAULT));
        Ok(Self {
            calendar: Calendar::new(settings, query.tz.as_ref()),
            known: query.as_of.map(|_| as_of),
            is_any_time,
            entry,
            query,
            settings,
            tally,
            as_of,
            now,
        })
    }

    /// Returns the same analysis with another question.
    pub(super) fn asking(&self, query: Query) -> Self {
        Self {
            query,
            calendar: self.calendar.clone(),
            ..*self
        }
    }

    /// Returns the present instant.
    pub(super) fn present(&self) -> Timestamp {
        self.now
    }

    /// Returns the same question under other settings.
    pub(super) fn under<'b>(&self, settings: &'b Settings) -> Case<'b>
    where
        'a: 'b,
    {
        Case {
            entry: self.entry,
            query: self.query.clone(),
            settings,
            tally: self.tally,
            calendar: self.calendar.clone(),
            as_of: self.as_of,
            known: self.known,
            now: self.now,
            is_any_time: self.is_any_time,
        }
    }

    /// Returns what it is of.
    pub(super) fn of(&self) -> &'static str {
        let subjects = self.entry.subjects;
        let asked = self.query.of.as_deref();
        let found = asked.and_then(|of| subjects.iter().find(|known| **known == of));
        found.or(subjects.first()).copied().unwrap_or_default()
    }

    /// Returns the rows behind a KPI under the filters of the question; `by` is split by as asked.
    ///
    /// Of surveys that promised anonymity the time is blunted and filters that isolate are refused,
    /// as for the KPI itself.
    ///
    /// # Errors
    /// When a name is unknown, a filter isolates, or the data cannot be read.
    pub(super) fn rows_of(&self, base: formula::Entry) -> Result<Asked<'a>, KpiError> {
        let is_promised = promise::is_promised(base, &self.query, self.settings, self.tally)?;
        let (query, notes) = match is_promised {
            true => promise::blunted(&self.query, self.settings, self.now)?,
            false => (self.query.clone(), Vec::new()),
        };
        let mut subject = Subject::new(base, &query, self.settings, self.tally)?;
        subject.notes.extend(notes);
        let mut desk = Desk {
            is_promised,
            ..Desk::new(base, &query, self.settings, self.tally, self.as_of)
        };
        desk.weigh(&mut subject)?;
        let extent = match query.range {
            Some(Range::All) if is_promised => desk.whole_extent(&query, &subject)?,
            Some(Range::All) => desk.extent(&subject.scope)?,
            _ => None,
        };
        let maturity = base.formula.maturity(self.settings);
        let frame = self.framed(query.range, maturity, extent)?;
        let whole = Span {
            start: frame.from,
            end: frame.to,
        };
        let before = match query.versus {
            Some(versus) => {
                let earlier = self.framed(Some(versus), maturity, extent)?;
                earlier.range()
            }
            None => frame.previous,
        };
        if is_promised {
            desk.parents = desk.parents(&query)?;
            desk.refuse_isolating(&subject, frame.range())?;
            if before.is_some() {
                desk.refuse_isolating(&subject, before)?;
            }
        }
        let is_comparing = self.entry.has_versus && query.versus.is_none();
        Ok(Asked {
            desk,
            subject,
            span: frame.current.filter(|_| is_comparing).unwrap_or(whole),
            before,
            frame,
        })
    }

    /// Lays out the time of the question where it is not that of a KPI.
    pub(super) fn frame(&self) -> Result<Frame, KpiError> {
        self.framed(self.query.range, SignedDuration::ZERO, None)
    }

    fn framed(
        &self,
        range: Option<Range>,
        maturity: SignedDuration,
        extent: Option<(Timestamp, Timestamp)>,
    ) -> Result<Frame, KpiError> {
        FrameRequest {
            range: range.unwrap_or(RANGE_DEFAULT),
            grain: None,
            rolling: None,
            calendar: &self.calendar,
            as_of: self.as_of,
            maturity,
            provisional: self.settings.provisional,
            extent,
        }
        .frame()
    }

    /// Returns an answer with finds and the tables of the same numbers.
    pub(super) fn around(
        &self,
        frame: &Frame,
        before: Option<Span>,
        total: Score,
        found: Found,
        tables: Tables,
    ) -> Answer {
        let findings = Findings {
            of: self.of(),
            before,
            found,
        };
        Answer {
            kpi: self.entry.kpi,
            timezone: self.calendar.zone_name(),
            tzdb: civil::tzdb_version().to_owned(),
            as_of: self.as_of,
            valid_until: match self.known {
                Some(_) => next_day(self.now),
                None => frame.valid_until,
            },
            grain: Grain::Day,
            rolling: None,
            mode: None,
            filters: self.query.filters.clone(),
            by: self.query.by.clone(),
            is_additive: true,
            from: frame.from,
            to: frame.to,
            series: Vec::new(),
            total,
            change: None,
            is_lower_better: false,
            deff: None,
            bias: None,
            verdict: None,
            goal: None,
            findings: Some(Arc::new(findings)),
            active: None,
            currency: None,
            tables: Some(tables),
            notes: Vec::new(),
            sources: Vec::new(),
            newest: None,
        }
    }
}

/// Returns the formula that a KPI is computed by.
///
/// # Errors
/// When it has none.
pub(super) fn base(name: &str) -> Result<formula::Entry, UnknownKpi> {
    crate::kpi::entry(name)
}

/// Returns a score of so many rows without any number.
pub(super) fn bare_score(n: u64) -> Score {
    Score {
        value: None,
        bound: None,
        low: None,
        high: None,
        n: Some(n),
        base: Base::CountsOnly,
        counts: Vec::new(),
        histogram: Vec::new(),
        secondary: Vec::new(),
    }
}
