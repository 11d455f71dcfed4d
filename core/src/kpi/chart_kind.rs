//! The ways to draw a KPI.

/// How a panel draws its KPI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChartKind {
    /// Headline, interval, sparkline, change.
    Number,
    /// Line with its interval.
    Trend,
    /// Shares over time.
    Stack,
    /// Answers by score.
    Distribution,
    /// Groups side by side, each with its interval.
    Bars,
    /// Exact numbers, a line a group.
    Table,
    /// How many of each month's newcomers are still there, month by month.
    Cohort,
    /// How long customers stay.
    Survival,
    /// From the start over what came and went to the end.
    Bridge,
    /// A goal: where it stands, where it should, and where it is to go.
    Bullet,
    /// A process: its centre, its limits, and what does not belong to it.
    Control,
    /// What matters most against what is done well.
    Quadrant,
    /// What weighs most, the heaviest first.
    Pareto,
    /// Shares of two periods side by side.
    Slope,
    /// Groups against how many answers they have, and what chance alone explains.
    Funnel,
}

impl ChartKind {
    /// Every kind, in the order of the documentation.
    pub const ALL: [Self; 15] = [
        Self::Number,
        Self::Trend,
        Self::Stack,
        Self::Distribution,
        Self::Bars,
        Self::Table,
        Self::Cohort,
        Self::Survival,
        Self::Bridge,
        Self::Bullet,
        Self::Control,
        Self::Quadrant,
        Self::Pareto,
        Self::Slope,
        Self::Funnel,
    ];
}
