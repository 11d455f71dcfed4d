//! What may be shown: hides small groups, scores that rest on too few answers, and of anonymous
//! surveys whatever would give a small group or a single opinion away.
//!
//! Every answer passes here before any format sees it, so that pictures, tables and streams agree.

pub(super) mod complement;
pub(super) mod isolation;
pub(super) mod promise;

use super::formula::Measured;
use super::{Base, Bound, Kpi, Score};

/// Fewer answers than this: counts, no score.
const SCORE_MIN: u64 = 10;
/// Fewer answers than this: the score is marked.
const OK_MIN: u64 = 30;

/// Returns what may be shown of a cell: a plain count always, a score only for `min_group`
/// distinct persons or more.
pub(super) fn shown(cell: &Measured, is_plain_count: bool, min_group: u64) -> Score {
    let base = if is_plain_count {
        Base::Ok
    } else {
        base(cell.n, cell.n_persons, min_group)
    };
    if base == Base::Hidden {
        return hidden();
    }
    let has_score = base != Base::CountsOnly;
    let interval = cell.interval.filter(|_| has_score);
    Score {
        bound: None,
        value: cell.value.filter(|_| has_score),
        low: interval.map(|(low, _)| low),
        high: interval.map(|(_, high)| high),
        n: Some(cell.n),
        base,
        counts: cell.counts.clone(),
        histogram: cell.histogram.clone(),
        secondary: match has_score {
            true => cell.secondary.clone(),
            false => Vec::new(),
        },
    }
}

/// Returns what is shown of a cell that is hidden.
pub(super) fn hidden() -> Score {
    Score {
        value: None,
        bound: None,
        low: None,
        high: None,
        n: None,
        base: Base::Hidden,
        counts: Vec::new(),
        histogram: Vec::new(),
        secondary: Vec::new(),
    }
}

/// Returns what may be shown of a cell of anonymous answers: where all of them agree, how many at
/// least are of that opinion, so that nobody is known to be.
pub(super) fn shown_of_anonymous(cell: &Measured, kpi: &Kpi, min_group: u64) -> Score {
    let score = shown(cell, false, min_group);
    let Some(value) = cell.value.filter(|_| score.base != Base::Hidden) else {
        return score;
    };
    let is_end = |end: Option<f64>| end == Some(value);
    let (low, high) = (score.low, score.high);
    let told = if is_end(kpi.range.1) {
        Some((low, Bound::AtLeast))
    } else if is_end(kpi.range.0) {
        Some((high, Bound::AtMost))
    } else if cell.histogram.iter().filter(|(_, n)| *n > 0).count() == 1 {
        // The same answer of all, in the middle of a scale: no end of the interval is another one.
        Some((None, Bound::AtLeast))
    } else {
        None
    };
    let Some((end, bound)) = told else {
        return score;
    };
    let is_told = end.is_some();
    Score {
        value: end,
        bound: is_told.then_some(bound),
        low: low.filter(|_| is_told),
        high: high.filter(|_| is_told),
        n: score.n,
        base: if is_told {
            score.base
        } else {
            Base::CountsOnly
        },
        counts: Vec::new(),
        histogram: Vec::new(),
        secondary: Vec::new(),
    }
}

fn base(n: u64, n_persons: u64, min_group: u64) -> Base {
    match n {
        0 => Base::CountsOnly,
        _ if n_persons < min_group => Base::Hidden,
        _ if n < SCORE_MIN => Base::CountsOnly,
        _ if n < OK_MIN => Base::Low,
        _ => Base::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(n: u64, n_persons: u64, expected: Base) {
        assert_eq!(
            base(n, n_persons, 5),
            expected,
            "n = {n}, persons = {n_persons}"
        );
    }

    #[test]
    fn the_base_follows_from_answers_and_persons() {
        check(0, 0, Base::CountsOnly);
        check(1, 1, Base::Hidden);
        check(4, 4, Base::Hidden);
        check(5, 5, Base::CountsOnly);
        check(9, 9, Base::CountsOnly);
        check(10, 10, Base::Low);
        check(29, 29, Base::Low);
        check(30, 30, Base::Ok);
        // Many answers of few persons are still few persons.
        check(40, 4, Base::Hidden);
        check(40, 5, Base::Ok);
    }

    fn cell(n: u64) -> Measured {
        Measured {
            value: Some(12.0),
            interval: Some((1.0, 23.0)),
            n,
            n_persons: n,
            counts: vec![("promoters", n)],
            histogram: vec![(10.0, n)],
            secondary: vec![("mean", 9.5)],
            ..Measured::default()
        }
    }

    #[test]
    fn a_hidden_cell_shows_nothing() {
        let score = shown(&cell(4), false, 5);
        assert_eq!(
            (score.value, score.low, score.high, score.n),
            (None, None, None, None)
        );
        assert!(score.counts.is_empty() && score.histogram.is_empty());
        assert!(score.secondary.is_empty());
    }

    #[test]
    fn a_counts_only_cell_shows_counts_without_score() {
        let score = shown(&cell(9), false, 5);
        assert_eq!(
            (score.value, score.low, score.high, score.n),
            (None, None, None, Some(9))
        );
        assert_eq!(score.counts, [("promoters", 9)]);
        assert!(score.secondary.is_empty(), "a mean is a score too");
    }

    #[test]
    fn a_plain_count_is_never_hidden() {
        let score = shown(&cell(1), true, 5);
        assert_eq!(
            (score.value, score.n, score.base),
            (Some(12.0), Some(1), Base::Ok)
        );
    }
}
