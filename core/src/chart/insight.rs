//! What analyses add to an answer: the figures of the charts that show more than its numbers.
//!
//! Plain numbers and names: nothing here is worked out, and positions are those of the points of
//! the answer's first series. A position beyond them is not drawn.

use jiff::Timestamp;

use crate::kpi::{Answer, Kpi};

/// What an analysis found in the numbers that it stands beside.
#[derive(Debug, Clone, PartialEq)]
pub enum Insight {
    /// Where a series goes, for `trend`.
    Trend(TrendFigure),
    /// What belongs to a process and what does not, for `control`.
    Control(ControlFigure),
    /// Importance against performance, for `quadrant`.
    Quadrant(QuadrantFigure),
    /// What weighs most, for `pareto`.
    Pareto(ParetoFigure),
    /// Two periods, for `slope`.
    Slope(SlopeFigure),
    /// Groups of different sizes, for `funnel`.
    Funnel(FunnelFigure),
    /// What moved a score, for `bridge`.
    Moves(MovesFigure),
    /// Why there is none.
    Refused(Refusal),
}

/// Why an analysis says nothing; each has words in every language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// Fewer complete periods than it takes.
    FewPeriods {
        /// Complete periods there are.
        n: usize,
        /// Complete periods it takes.
        needed: usize,
    },
    /// Fewer complete answers than it takes.
    FewAnswers {
        /// Answers there are.
        n: usize,
        /// Answers it takes.
        needed: usize,
    },
    /// Fewer groups than it takes.
    FewGroups {
        /// Groups there are.
        n: usize,
        /// Groups it takes.
        needed: usize,
    },
    /// The causes move together so closely that none can be told from another.
    Entangled,
    /// Everything is alike: there is nothing to explain.
    Alike,
    /// The answer is in groups, and the analysis is of one series.
    Grouped,
    /// It is being worked out.
    Pending,
}

/// Where a series goes.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TrendFigure {
    /// Whether it rises or falls beyond chance.
    pub verdict: Option<Verdict>,
    /// Where its level moved, in time order.
    pub shifts: Vec<Shift>,
    /// Periods to come, in time order, the first after the last complete one.
    pub forecast: Vec<ForecastPoint>,
    /// Forecasts of the past whose outcome is known: how many, and how many of them ended within
    /// their 80 % interval.
    pub held: Option<(usize, usize)>,
}

/// Whether a series rises or falls.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Verdict {
    /// Which way.
    pub course: Course,
    /// Change a period, in the KPI's unit.
    pub slope: f64,
    /// Lower end of its 95 % interval.
    pub low: f64,
    /// Upper end of its 95 % interval.
    pub high: f64,
    /// Complete periods it rests on.
    pub n_periods: usize,
    /// Whether there is enough history to tell a season from a trend.
    pub is_season_known: bool,
}

/// Which way a series goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Course {
    /// Up, beyond chance and by enough to matter.
    Rising,
    /// Down, beyond chance and by enough to matter.
    Falling,
    /// Neither.
    Steady,
}

/// A move of a level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// Position of the first point of the new level.
    pub at: usize,
    /// Level before.
    pub before: f64,
    /// Level from there on.
    pub after: f64,
    /// Whether the answers of both levels differ too, not only the series.
    pub is_confirmed: bool,
}

/// A period to come.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastPoint {
    /// First instant.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
    /// `2026-07`, ….
    pub label: String,
    /// What is expected.
    pub value: f64,
    /// 80 % interval, where past errors give one.
    pub likely: Option<(f64, f64)>,
    /// 95 % interval, where past errors give one.
    pub possible: Option<(f64, f64)>,
}

/// A process with its limits.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ControlFigure {
    /// Stretches with a centre of their own, in time order; more than one where it was re-based.
    pub stretches: Vec<Stretch>,
    /// Lower and upper limit of each point; `None` where a point has none.
    pub limits: Vec<Option<(f64, f64)>>,
    /// Points that do not belong to the process.
    pub signals: Vec<Signal>,
}

/// Points that are judged by one baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stretch {
    /// Position of its first point.
    pub from: usize,
    /// Position after the last point that the baseline was worked out from.
    pub baseline_to: usize,
    /// Position after its last point.
    pub to: usize,
    /// Mean of the baseline.
    pub centre: f64,
}

/// A point that does not belong to the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signal {
    /// Position of the point.
    pub at: usize,
    /// How it is known.
    pub kind: SignalKind,
    /// Whether it is above the centre.
    pub is_high: bool,
}

/// How a point is known not to belong to a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalKind {
    /// Beyond a limit.
    Beyond,
    /// The eighth or a later one in a row on one side of the centre.
    Run,
    /// Among three of four in the outer half of one side: a hint, not a signal.
    Hint,
}

/// Importance against performance.
#[derive(Debug, Clone, PartialEq)]
pub struct QuadrantFigure {
    /// What was rated, the most urgent first.
    pub items: Vec<QuadrantItem>,
    /// Performance that divides left from right, in percent.
    pub performance_line: f64,
    /// Importance that divides below from above, in percent.
    pub importance_line: f64,
}

/// One thing that was rated.
#[derive(Debug, Clone, PartialEq)]
pub struct QuadrantItem {
    /// Its name.
    pub name: String,
    /// Share of good ratings, 0..=100.
    pub performance: f64,
    /// 95 % interval of it.
    pub performance_interval: Option<(f64, f64)>,
    /// Its share of what can be explained, 0..=100.
    pub importance: f64,
    /// 95 % interval of it.
    pub importance_interval: Option<(f64, f64)>,
    /// Ratings.
    pub n: u64,
    /// Which field it lies in.
    pub quadrant: Quadrant,
    /// Whether an interval of it crosses a line, so that another field is as likely.
    pub is_undecided: bool,
}

/// A field of importance against performance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quadrant {
    /// Important, and not done well.
    Concentrate,
    /// Important, and done well.
    Keep,
    /// Unimportant, and not done well.
    LowPriority,
    /// Unimportant, and done well.
    Overkill,
}

/// What weighs most.
#[derive(Debug, Clone, PartialEq)]
pub struct ParetoFigure {
    /// What the bars are.
    pub measure: ParetoMeasure,
    /// Bars in the order in which they are shown.
    pub items: Vec<ParetoItem>,
    /// How many of the answers the analysis could read.
    pub coverage: Option<Coverage>,
    /// The KPI whose value an impact changes, where it is not the answer's own.
    pub of: Option<&'static Kpi>,
}

impl ParetoFigure {
    /// Returns the KPI whose value an impact changes.
    pub(super) fn kpi(&self, answer: &Answer) -> &'static Kpi {
        self.of.unwrap_or(answer.kpi)
    }
}

/// What the bars of a Pareto chart are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParetoMeasure {
    /// Percent of all, each counted once: they add up, and a line says how far.
    Parts,
    /// Percent of all, of which several may hold for one: nothing adds up.
    Mentions,
    /// Change of a KPI's value with them, in its unit: nothing adds up.
    Impact,
}

/// One bar of a Pareto chart.
#[derive(Debug, Clone, PartialEq)]
pub struct ParetoItem {
    /// Its name.
    pub name: String,
    /// Its weight.
    pub value: f64,
    /// 95 % interval of it.
    pub interval: Option<(f64, f64)>,
    /// How many there are.
    pub n: u64,
}

impl ParetoItem {
    /// Whether it is there beyond chance: an impact whose interval leaves out zero, or any share.
    pub(super) fn is_decided(&self, pareto: &ParetoFigure) -> bool {
        match self.interval {
            Some((low, high)) if pareto.measure == ParetoMeasure::Impact => low > 0.0 || high < 0.0,
            _ => true,
        }
    }
}

/// The answers that an analysis could read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Coverage {
    /// Percent of all answers.
    pub percent: f64,
    /// The value among them, of the KPI that impacts change.
    pub value: Option<f64>,
}

/// Shares of two periods.
#[derive(Debug, Clone, PartialEq)]
pub struct SlopeFigure {
    /// The earlier period.
    pub before: SlopePeriod,
    /// The later period.
    pub after: SlopePeriod,
    /// Lines, the most telling first.
    pub items: Vec<SlopeItem>,
}

/// One of two periods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlopePeriod {
    /// Its name, such as `May 2026`.
    pub name: String,
    /// Rows in it.
    pub n: u64,
}

/// A share in two periods.
#[derive(Debug, Clone, PartialEq)]
pub struct SlopeItem {
    /// Its name.
    pub name: String,
    /// Percent in the earlier period; `None` where it is not told.
    pub before: Option<f64>,
    /// Percent in the later period; `None` where it is not told.
    pub after: Option<f64>,
    /// Whether it changed beyond chance.
    pub is_changed: bool,
    /// Whether a greater share is better; `None` where neither is.
    pub is_higher_better: Option<bool>,
}

/// What moved a score from one time to another: the parts sum to the change.
#[derive(Debug, Clone, PartialEq)]
pub struct MovesFigure {
    /// Who answered, all groups together.
    pub mix: f64,
    /// What each group answered, the largest first.
    pub parts: Vec<MovesPart>,
}

/// What one group did to a score.
#[derive(Debug, Clone, PartialEq)]
pub struct MovesPart {
    /// The group.
    pub name: String,
    /// Its part of the change, in the KPI's unit.
    pub value: f64,
    /// Whether its own score surely changed.
    pub is_find: bool,
}

/// Groups of different sizes around what is expected of them.
#[derive(Debug, Clone, PartialEq)]
pub struct FunnelFigure {
    /// The groups, in any order.
    pub members: Vec<FunnelMember>,
    /// What is expected, in the KPI's unit.
    pub centre: f64,
    /// Limits by size, ascending.
    pub limits: Vec<FunnelLimits>,
    /// Whether groups may be named.
    pub naming: Naming,
}

/// Whether the groups of a funnel are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Naming {
    /// Those beyond their limits.
    Names,
    /// None: only how many are above, within and below. No name is in the picture or its words.
    Bands,
}

/// One group of a funnel.
#[derive(Debug, Clone, PartialEq)]
pub struct FunnelMember {
    /// Its name; not shown where groups are not named.
    pub name: String,
    /// Answers.
    pub n: u64,
    /// Its value, in the KPI's unit.
    pub value: f64,
    /// Where it lies.
    pub band: FunnelBand,
    /// Whether it is the one who looks.
    pub is_own: bool,
}

/// Where a group lies against what is expected of its size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FunnelBand {
    /// Above, beyond chance.
    Above,
    /// Not told apart from chance.
    Within,
    /// Below, beyond chance.
    Below,
}

/// The limits of groups of one size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FunnelLimits {
    /// Answers.
    pub n: f64,
    /// 95 % limits.
    pub warning: (f64, f64),
    /// 99.8 % limits.
    pub action: (f64, f64),
}
