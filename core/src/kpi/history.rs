//! What the whole history of a series says beyond its trend: what is usual, and what comes next.
//!
//! What is usual is told by the beginning of a history and stays: limits of a part of it would move
//! with the part, and no move would ever show.

use jiff::Timestamp;

use super::civil::Calendar;
use super::{Grain, Point};
use crate::series::{Control, HORIZON_MAX, Outlook, Reading};

/// A reading of the whole history, with the times of its buckets.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// First instants of the complete buckets; positions of the other members are among them.
    pub starts: Vec<Timestamp>,
    /// What is usual, and what is not.
    pub control: Control,
    /// What comes next.
    pub outlook: Outlook,
    /// The buckets that may be foreseen, the first after the last complete one.
    pub next: Vec<NextBucket>,
}

/// A bucket that is not complete yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextBucket {
    /// First instant.
    pub start: Timestamp,
    /// First instant after.
    pub end: Timestamp,
    /// As other buckets of its grain are labelled.
    pub label: String,
}

impl History {
    /// Returns what was read of complete points.
    pub(super) fn new(
        points: &[Point],
        reading: Reading,
        grain: Grain,
        calendar: &Calendar,
    ) -> Self {
        Self {
            starts: points.iter().map(|point| point.start).collect(),
            control: reading.control,
            outlook: reading.outlook,
            next: points
                .last()
                .map(|last| next(last.end, grain, calendar))
                .unwrap_or_default(),
        }
    }

    /// Returns the bucket of a step of the forecast.
    #[must_use]
    pub fn bucket(&self, position: usize) -> Option<&NextBucket> {
        self.next.get(position.checked_sub(self.starts.len())?)
    }
}

/// Returns the buckets from an instant on.
fn next(from: Timestamp, grain: Grain, calendar: &Calendar) -> Vec<NextBucket> {
    let mut found = Vec::new();
    let mut first = calendar.floor(grain, calendar.date(from));
    while let (Some(day), true) = (first, found.len() < HORIZON_MAX) {
        first = calendar.next(grain, day);
        let ends = calendar.day_start(day);
        let ends = ends.zip(first.and_then(|next| calendar.day_start(next)));
        let Some((start, end)) = ends.filter(|(start, end)| start < end) else {
            break;
        };
        found.push(NextBucket {
            start,
            end,
            label: calendar.label(grain, day),
        });
    }
    found
}
