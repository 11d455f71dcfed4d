//! The helpdesk: how fast tickets are answered and solved, how well, and how many are open.

mod backlog;
mod bot_containment;
mod fcr;
mod first_reply_time;
mod quality_score;
mod reopen_rate;
mod resolution_time;
mod share;
mod sla;
mod waiting;

pub(super) use backlog::ENTRY as BACKLOG;
pub(super) use bot_containment::ENTRY as BOT_CONTAINMENT;
pub(super) use fcr::ENTRY as FCR;
pub(super) use first_reply_time::ENTRY as FIRST_REPLY_TIME;
pub(super) use quality_score::ENTRY as QUALITY_SCORE;
pub(super) use reopen_rate::ENTRY as REOPEN_RATE;
pub(super) use resolution_time::ENTRY as RESOLUTION_TIME;
pub(super) use sla::ENTRY as SLA;

use jiff::SignedDuration;

use super::{ChartKind, definition, formula};

/// How a helpdesk KPI can be drawn.
const CHARTS: &[ChartKind] = &[
    ChartKind::Trend,
    ChartKind::Number,
    ChartKind::Bars,
    ChartKind::Table,
    ChartKind::Bullet,
    ChartKind::Control,
];
/// When a ticket was solved; where it never was, when it was closed.
const ENDED: &[&str] = &["solved_at", "closed_at"];
/// When a ticket was solved for the first time, else for the last, else closed.
const FIRST_ENDED: &[&str] = &["first_solved_at", "solved_at", "closed_at"];
/// How long a solution must hold to count.
const HOLDS: SignedDuration = SignedDuration::from_hours(7 * 24);
