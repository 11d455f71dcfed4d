//! What a panel leaves out as its room ends.

/// One rung of the ladder: what is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rung {
    pub(super) n_title_lines: usize,
    pub(super) has_subtitle: bool,
    pub(super) n_facts: usize,
    pub(super) n_formula_lines: usize,
    pub(super) headline: Headline,
    pub(super) has_plot: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Headline {
    /// At its full size on a row of its own.
    Row,
    /// Two thirds of that.
    SmallRow,
    /// At the end of the title's row.
    InTitle,
}

const fn rung(
    n_title_lines: usize,
    has_subtitle: bool,
    n_facts: usize,
    n_formula_lines: usize,
    headline: Headline,
    has_plot: bool,
) -> Rung {
    Rung {
        n_title_lines,
        has_subtitle,
        n_facts,
        n_formula_lines,
        headline,
        has_plot,
    }
}

/// From everything to almost nothing; the first that fits is drawn. The formula goes first, then
/// the goal, then the plot's headline shrinks; the number, its age and its name go last.
pub(super) const LADDER: [Rung; 16] = [
    rung(2, true, 4, 2, Headline::Row, true),
    rung(2, true, 3, 2, Headline::Row, true),
    rung(2, true, 3, 1, Headline::Row, true),
    rung(1, true, 3, 1, Headline::Row, true),
    rung(1, true, 3, 0, Headline::Row, true),
    rung(1, true, 2, 0, Headline::Row, true),
    rung(1, true, 1, 0, Headline::Row, true),
    rung(1, true, 2, 0, Headline::SmallRow, true),
    rung(1, true, 1, 0, Headline::SmallRow, true),
    rung(1, true, 1, 0, Headline::InTitle, true),
    rung(1, false, 0, 0, Headline::InTitle, true),
    rung(2, true, 3, 2, Headline::Row, false),
    rung(2, true, 2, 0, Headline::Row, false),
    rung(1, true, 1, 0, Headline::Row, false),
    rung(1, false, 1, 0, Headline::SmallRow, false),
    rung(1, false, 0, 0, Headline::InTitle, false),
];
