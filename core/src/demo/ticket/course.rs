//! The course of a ticket: answered, handed on, solved, opened again or given up.

use super::{Category, FIRST_SOLVED_DAYS_MAX};
use crate::demo::calendar::{DAY_S, Day, HOUR_S, Moment};
use crate::demo::dice::Cast;
use crate::demo::invitation::Channel;
use crate::demo::office;

/// The day the bot began to answer chats (2025-06-02).
pub(super) const BOT_FROM: Day = Day(20_241);
/// Share of chats it takes, and of those that it solves alone.
const BOT_SHARE: f64 = 0.65;
const CONTAINED_SHARE: f64 = 0.42;
/// Share of tickets that are never solved: nobody answers the question back.
const GIVEN_UP_SHARE: f64 = 0.015;
/// Share of solved tickets that are opened again, and of faults, and of those opened once.
const REOPENED_SHARE: f64 = 0.06;
const REOPENED_FAULT_SHARE: f64 = 0.12;
const REOPENED_AGAIN_SHARE: f64 = 0.1;
/// Longest first reply and longest work in working hours, before the load of an outage.
const EMAIL_REPLY_H: f64 = 7.0;
const WORK_H: f64 = 36.0;

/// How a day is at the helpdesk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hours {
    /// How many times as long everything takes.
    pub(super) load: f64,
    /// Whether the bot takes chats.
    pub(super) has_bot: bool,
}

/// What may happen to a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Opened,
    HandedOff,
    Replied,
    Solved,
    Reopened,
    GivenUp,
}

/// Everything that happens to one ticket, in order.
#[derive(Debug)]
pub(super) struct Course {
    steps: Vec<(Moment, Step)>,
    starts_with_bot: bool,
}

/// What is known of a ticket at a moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) first_reply: Option<Moment>,
    pub(super) first_solved: Option<Moment>,
    pub(super) solved: Option<Moment>,
    pub(super) closed: Option<Moment>,
    pub(super) handed_off: Option<Moment>,
    pub(super) n_reopens: u32,
    pub(super) n_replies: u32,
    pub(super) status: &'static str,
    pub(super) handled_by: &'static str,
    pub(super) has_agent: bool,
}

impl Course {
    /// When the ticket was opened.
    pub(super) fn created(&self) -> Moment {
        self.steps[0].0
    }

    /// When a step was first taken, if ever.
    pub(super) fn first(&self, step: Step) -> Option<Moment> {
        let mut steps = self.steps.iter();
        steps.find(|(_, taken)| *taken == step).map(|(at, _)| *at)
    }

    /// The last thing that happened on a day.
    pub(super) fn last_on(&self, day: Day) -> Option<Moment> {
        // Most tickets are over soon, and they are looked at for weeks.
        if self.last().day < day {
            return None;
        }
        let mut moments = self.steps.iter().map(|(at, _)| *at);
        moments.rfind(|at| at.day == day)
    }

    /// Whether a person ever worked on it.
    pub(super) fn has_agent(&self) -> bool {
        !self.starts_with_bot || self.first(Step::HandedOff).is_some()
    }

    /// What is known at a moment.
    pub(super) fn state(&self, at: Moment) -> State {
        let mut state = State {
            first_reply: None,
            first_solved: None,
            solved: None,
            closed: None,
            handed_off: None,
            n_reopens: 0,
            n_replies: 0,
            status: "new",
            handled_by: if self.starts_with_bot { "bot" } else { "human" },
            has_agent: !self.starts_with_bot,
        };
        for (moment, step) in self.steps.iter().filter(|(moment, _)| *moment <= at) {
            state.take(*moment, *step);
        }
        state
    }

    fn last(&self) -> Moment {
        self.steps[self.steps.len() - 1].0
    }

    fn take(&mut self, at: Moment, step: Step) {
        self.steps.push((at, step));
    }
}

impl State {
    fn take(&mut self, at: Moment, step: Step) {
        match step {
            Step::Opened => {}
            Step::HandedOff => {
                self.handed_off = Some(at);
                self.handled_by = "both";
                self.has_agent = true;
            }
            Step::Replied => {
                // The bot's words are no agent's reply.
                if self.has_agent {
                    self.first_reply = self.first_reply.or(Some(at));
                    self.n_replies += 1;
                }
                self.status = "open";
            }
            Step::Solved => {
                self.first_solved = self.first_solved.or(Some(at));
                self.solved = Some(at);
                self.status = "solved";
            }
            Step::Reopened => {
                self.n_reopens += 1;
                self.solved = None;
                self.status = "open";
            }
            Step::GivenUp => {
                self.closed = Some(at);
                self.status = "closed";
            }
        }
    }
}

/// Draws the course of a ticket opened on a day.
pub(super) fn draw(
    cast: &mut Cast,
    day: Day,
    channel: Channel,
    category: Category,
    Hours { load, has_bot }: Hours,
) -> Course {
    let created = opened(cast, day, channel);
    let starts_with_bot = channel == Channel::Chat && has_bot && cast.happens(BOT_SHARE);
    let mut course = Course {
        steps: vec![(created, Step::Opened)],
        starts_with_bot,
    };
    if starts_with_bot {
        let talked = created.plus(40 + below(cast, 300));
        if cast.happens(CONTAINED_SHARE) {
            course.take(created.plus(5), Step::Replied);
            course.take(talked, Step::Solved);
            return course;
        }
        course.take(talked, Step::HandedOff);
    }
    let reply = first_reply(cast, course.last(), channel, load);
    course.take(reply, Step::Replied);
    if cast.happens(GIVEN_UP_SHARE) {
        let days = 14 + below(cast, 8);
        course.take(reply.plus(days * DAY_S), Step::GivenUp);
        return course;
    }
    work(cast, &mut course, channel, category, load);
    reopen(cast, &mut course, category);
    course
}

/// When customers write and call: mails come at any time, but mostly while others work.
fn opened(cast: &mut Cast, day: Day, channel: Channel) -> Moment {
    let (from, to) = match office::opening(day) {
        Some((from, to)) if channel != Channel::Email => (from, to - HOUR_S),
        hours => {
            let (from, to) = hours.unwrap_or((8 * HOUR_S, 20 * HOUR_S));
            *cast.weighted(&[(0.08, (0, from)), (0.77, (from, to)), (0.15, (to, DAY_S))])
        }
    };
    Moment {
        day,
        second: from + below(cast, to - from),
    }
}

fn first_reply(cast: &mut Cast, asked: Moment, channel: Channel, load: f64) -> Moment {
    match channel {
        Channel::Email | Channel::InApp => {
            let share = cast.share();
            let hours = 0.15 + EMAIL_REPLY_H * share * share;
            office::after(asked, seconds(hours * load))
        }
        Channel::Chat => asked.plus(15 + seconds(0.08 * cast.share() * load)),
        Channel::Phone => asked.plus(10 + seconds(0.06 * cast.share() * load)),
    }
}

/// Adds replies and the first solution.
fn work(cast: &mut Cast, course: &mut Course, channel: Channel, category: Category, load: f64) {
    let effort = match category {
        Category::Access => 0.5,
        Category::Question => 0.7,
        Category::Billing | Category::Contract => 1.0,
        Category::Integration => 1.4,
        Category::Fault => 1.6,
    };
    let at_once = match channel {
        Channel::Email | Channel::InApp => 0.5,
        Channel::Chat => 0.88,
        Channel::Phone => 0.95,
    };
    let replied = course.last();
    if cast.happens(at_once / (0.6 + 0.4 * effort)) {
        // In the conversation that is going on, or with the first mail.
        let minutes = 3 + below(cast, 32);
        course.take(replied.plus(minutes * 60), Step::Solved);
        return;
    }
    let share = cast.share();
    let hours = (0.5 + WORK_H * share * share * share) * effort * load;
    let n_replies = 1 + below(cast, 3);
    for nth in 1..=n_replies {
        let part = f64::from(nth) / f64::from(n_replies);
        let at = office::after(replied, seconds(hours * part));
        course.take(at, Step::Replied);
    }
    course.take(course.last(), Step::Solved);
    debug_assert!(course.last().day.0 - course.created().day.0 <= FIRST_SOLVED_DAYS_MAX);
}

fn reopen(cast: &mut Cast, course: &mut Course, category: Category) {
    let mut share = match category {
        Category::Fault => REOPENED_FAULT_SHARE,
        _ => REOPENED_SHARE,
    };
    for _ in 0..2 {
        if !cast.happens(share) {
            return;
        }
        share = REOPENED_AGAIN_SHARE;
        let days = 1 + i64::from(below(cast, 4));
        let reopened = Moment {
            day: Day(course.last().day.0 + days),
            second: 7 * HOUR_S + below(cast, 11 * HOUR_S),
        };
        course.take(reopened, Step::Reopened);
        let part = cast.share();
        let hours = 0.3 + 14.0 * part * part;
        course.take(office::after(reopened, seconds(hours)), Step::Replied);
        course.take(course.last(), Step::Solved);
    }
}

fn below(cast: &mut Cast, below: u32) -> u32 {
    u32::try_from(cast.below(u64::from(below))).expect("below a count of 32 bits")
}

/// Turns hours into whole seconds.
fn seconds(hours: f64) -> u32 {
    // At most a few hundred hours by the constants above.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded by the constants above"
    )]
    let seconds = (hours * 3_600.0).clamp(0.0, 4_000_000.0).round() as u32;
    seconds
}
