//! What customers ask the helpdesk, and what becomes of it. Kind `ticket`: the state at the end of
//! each day on which something happened.

mod course;

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::demo::agent::{self, Staff};
use crate::demo::calendar::{Day, HOUR_S, Moment};
use crate::demo::customer::{self, Customer, Customers, Segment};
use crate::demo::dice::{Cast, Stream};
use crate::demo::invitation::Channel;
use crate::demo::mood;
use crate::demo::office;
use crate::demo::sheet::Rows;
use crate::demo::world::World;

use course::{Course, Hours, Step};

/// Days after which nothing happens to a ticket any more.
pub(super) const LIFE_DAYS_MAX: i64 = 45;
/// Days within which it is solved for the first time, or never.
pub(super) const FIRST_SOLVED_DAYS_MAX: i64 = 21;
/// Days a customer must have been one before they ask.
pub(super) const ACQUAINTED_DAYS: i64 = 30;
/// Tickets on an average day.
const CONTACTS: f64 = 53.0;
/// Tickets of one day at most, in a company of the demo's size.
const CONTACTS_MAX: f64 = 500.0;
/// Share of the average by weekday, Monday first.
const CONTACTS_BY_WEEKDAY: [f64; 7] = [1.35, 1.3, 1.25, 1.2, 1.1, 0.45, 0.35];
/// Draws for a customer who has a contract; after so many the last one drawn asks all the same.
const DRAWS_MAX: usize = 12;

const COLUMNS: [&str; 22] = [
    "id",
    "updated_at",
    "created_at",
    "first_reply_at",
    "first_solved_at",
    "solved_at",
    "closed_at",
    "reopens",
    "replies",
    "status",
    "priority",
    "channel",
    "category",
    "tags",
    "agent",
    "team",
    "customer",
    "handled_by",
    "handed_off_at",
    "sla_due_at",
    "business_first_reply_s",
    "business_resolution_s",
];

/// What a ticket is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Category {
    Access,
    Question,
    Fault,
    Integration,
    Billing,
    Contract,
}

impl Category {
    /// Name in records.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Question => "question",
            Self::Fault => "fault",
            Self::Integration => "integration",
            Self::Billing => "billing",
            Self::Contract => "contract",
        }
    }

    const fn team(self) -> agent::Team {
        match self {
            Self::Access | Self::Question => agent::Team::FirstLine,
            Self::Fault | Self::Integration => agent::Team::Technical,
            Self::Billing | Self::Contract => agent::Team::Accounts,
        }
    }

    const fn tag(self) -> &'static str {
        match self {
            Self::Access => "password",
            Self::Question => "how-to",
            Self::Fault => "bug",
            Self::Integration => "api",
            Self::Billing => "refund",
            Self::Contract => "renewal",
        }
    }
}

/// How soon a ticket is to be solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Priority {
    Low,
    Normal,
    High,
    Urgent,
}

impl Priority {
    const fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Normal => "normal",
            Self::High => "high",
            Self::Urgent => "urgent",
        }
    }

    /// Working hours until it is due.
    const fn due_h(self) -> u32 {
        match self {
            Self::Low => 40,
            Self::Normal => 22,
            Self::High => 11,
            Self::Urgent => 5,
        }
    }
}

/// One ticket with everything that ever happens to it.
#[derive(Debug)]
pub(super) struct Ticket {
    number: (Day, u64),
    /// Position of the customer who asked.
    pub(super) customer_idx: usize,
    /// Where it came from.
    pub(super) channel: Channel,
    /// What it is about.
    pub(super) category: Category,
    priority: Priority,
    tags: Vec<&'static str>,
    agent_idx: usize,
    course: Course,
    /// When it was first solved, if ever: asked for each day of three weeks.
    first_solved: Option<Moment>,
}

impl Ticket {
    /// Record id.
    pub(super) fn id(&self) -> String {
        format!("T-{}-{:03}", self.number.0.date(), self.number.1)
    }

    /// Day of opening.
    pub(super) fn opened(&self) -> Day {
        self.number.0
    }

    /// Reference to it from another source.
    pub(super) fn reference(&self) -> String {
        format!("{}/{}", super::site::HELPDESK_SOURCE, self.id())
    }

    /// When it was first solved, if ever.
    pub(super) fn first_solved(&self) -> Option<Moment> {
        self.first_solved
    }

    /// The agent who worked on it; none where the bot did it alone.
    pub(super) fn agent_idx(&self) -> Option<usize> {
        self.course.has_agent().then_some(self.agent_idx)
    }

    /// What the work on it adds to a satisfaction of 1 to 5: people dislike waiting.
    pub(super) fn warmth(&self, staff: &Staff) -> f64 {
        let waited_s = self
            .first_solved()
            .map_or(0, |solved| office::between(self.course.created(), solved));
        let waiting = match waited_s / HOUR_S {
            0..=1 => 0.08,
            2..=11 => 0.0,
            _ => -0.3,
        };
        waiting + self.agent_idx().map_or(-0.05, |idx| staff.skill(idx))
    }
}

/// Tickets by day of opening, computed when first asked for.
#[derive(Debug)]
pub(super) struct Tickets<'c> {
    world: &'c World,
    customers: &'c Customers,
    staff: &'c Staff,
    by_day: BTreeMap<Day, Rc<Vec<Rc<Ticket>>>>,
}

impl<'c> Tickets<'c> {
    /// Computes nothing yet.
    pub(super) fn new(world: &'c World, customers: &'c Customers, staff: &'c Staff) -> Self {
        Self {
            world,
            customers,
            staff,
            by_day: BTreeMap::new(),
        }
    }

    /// The people who work on them.
    pub(super) fn staff(&self) -> &'c Staff {
        self.staff
    }

    /// Returns what was first solved on a day, in that order.
    pub(super) fn solved_on(&mut self, day: Day) -> Vec<(Moment, Rc<Ticket>)> {
        let mut solved = Vec::new();
        for n_days in 0..=FIRST_SOLVED_DAYS_MAX {
            for ticket in self.opened_on(Day(day.0 - n_days)).iter() {
                if let Some(moment) = ticket.first_solved().filter(|solved| solved.day == day) {
                    solved.push((moment, Rc::clone(ticket)));
                }
            }
        }
        solved.sort_by_key(|(moment, ticket)| (*moment, ticket.number));
        solved
    }

    /// Writes the state at the end of a day of each ticket that something happened to on it.
    pub(super) fn rows(&mut self, day: Day) -> Rows {
        let mut changed = Vec::new();
        for n_days in 0..=LIFE_DAYS_MAX {
            for ticket in self.opened_on(Day(day.0 - n_days)).iter() {
                if let Some(moment) = ticket.course.last_on(day) {
                    changed.push((moment, Rc::clone(ticket)));
                }
            }
        }
        changed.sort_by_key(|(moment, ticket)| (*moment, ticket.number));
        let mut rows = Rows::new("ticket", &COLUMNS);
        for (moment, ticket) in changed {
            add(&mut rows, self.staff, moment, &ticket);
        }
        rows
    }

    fn opened_on(&mut self, day: Day) -> Rc<Vec<Rc<Ticket>>> {
        // Nothing looks further back than the life of a ticket, from a few days of answers.
        self.by_day
            .retain(|kept, _| day.0 - kept.0 <= LIFE_DAYS_MAX + FIRST_SOLVED_DAYS_MAX);
        let (world, customers, staff) = (self.world, self.customers, self.staff);
        let opened = self.by_day.entry(day);
        opened
            .or_insert_with(|| Rc::new(open(world, customers, staff, day)))
            .clone()
    }
}

fn open(world: &World, customers: &Customers, staff: &Staff, day: Day) -> Vec<Rc<Ticket>> {
    let acquainted = customers.joined_before(Day(day.0 - ACQUAINTED_DAYS));
    let hours = Hours {
        load: 1.0 - 0.9 * mood::outage(world, day),
        has_bot: world.has_seasons() && day >= course::BOT_FROM,
    };
    let opened = (0..u64::from(n_opened(world, day))).map(|idx| {
        let mut cast = world.dice().cast(Stream::Ticket, day.0, idx);
        let customer = asking(&mut cast, customers, acquainted, day);
        Rc::new(ticket(&mut cast, (day, idx), customer, staff, hours))
    });
    opened.collect()
}

/// Picks who asks: some customers call much more often than others.
fn asking<'c>(
    cast: &mut Cast,
    customers: &Customers,
    acquainted: &'c [Customer],
    day: Day,
) -> &'c Customer {
    let mut draw = || {
        let share = cast.share();
        let idx = cast.below(acquainted.len() as u64);
        let idx = if share < 0.3 { idx / 7 * 7 } else { idx };
        &acquainted[usize::try_from(idx).expect("below a length")]
    };
    let mut customer = draw();
    for _ in 1..DRAWS_MAX {
        if customers.is_active(customer, day) {
            break;
        }
        customer = draw();
    }
    customer
}

fn n_opened(world: &World, day: Day) -> u32 {
    let mut cast = world.dice().cast(Stream::Ticket, day.0, u64::MAX);
    let outage = 1.0 - 0.8 * mood::outage(world, day);
    let n_fold = f64::from(world.n_fold());
    let mean = n_fold * CONTACTS * CONTACTS_BY_WEEKDAY[day.weekday_idx()] * outage;
    let drawn = mean * (1.0 + 0.08 * cast.bell());
    // Between 0 and a few thousand by the constants above.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded by the constants above"
    )]
    let n_opened = drawn.clamp(0.0, n_fold * CONTACTS_MAX).round() as u32;
    n_opened
}

fn ticket(
    cast: &mut Cast,
    number: (Day, u64),
    customer: &Customer,
    staff: &Staff,
    hours: Hours,
) -> Ticket {
    let day = number.0;
    let is_outage = hours.load > 1.3;
    let channel = match office::opening(day) {
        Some(_) => *cast.weighted(&[
            (0.43, Channel::Email),
            (0.33, Channel::Chat),
            (0.24, Channel::Phone),
        ]),
        // Nobody is there to talk to.
        None => Channel::Email,
    };
    let category = *cast.weighted(&[
        (0.22, Category::Access),
        (0.24, Category::Question),
        (if is_outage { 0.7 } else { 0.17 }, Category::Fault),
        (0.10, Category::Integration),
        (0.18, Category::Billing),
        (0.09, Category::Contract),
    ]);
    let segment = customer.segment(day);
    let priority = priority(cast, category, segment, is_outage);
    let tags = tags(cast, category, segment, is_outage);
    let agent_idx = staff.pick(cast, category.team(), day);
    let course = course::draw(cast, day, channel, category, hours);
    Ticket {
        number,
        customer_idx: customer.position(),
        channel,
        category,
        priority,
        tags,
        agent_idx,
        first_solved: course.first(Step::Solved),
        course,
    }
}

fn priority(cast: &mut Cast, category: Category, segment: Segment, is_outage: bool) -> Priority {
    let is_fault = category == Category::Fault;
    let urgent = if is_outage && is_fault { 0.4 } else { 0.04 };
    let high = match segment {
        Segment::Enterprise => 0.35,
        Segment::MidMarket => 0.18,
        Segment::SmallBusiness => 0.1,
    };
    *cast.weighted(&[
        (urgent, Priority::Urgent),
        (high, Priority::High),
        (0.6, Priority::Normal),
        (0.15, Priority::Low),
    ])
}

fn tags(
    cast: &mut Cast,
    category: Category,
    segment: Segment,
    is_outage: bool,
) -> Vec<&'static str> {
    let mut tags = Vec::new();
    if cast.happens(0.5) {
        tags.push(category.tag());
    }
    if segment == Segment::Enterprise {
        tags.push("key account");
    }
    if is_outage && category == Category::Fault && cast.happens(0.8) {
        tags.push("outage");
    }
    if cast.happens(0.12) {
        tags.push("mobile");
    }
    tags
}

fn add(rows: &mut Rows, staff: &Staff, moment: Moment, ticket: &Ticket) {
    let state = ticket.course.state(moment);
    let created = ticket.course.created();
    let time = |moment: Option<Moment>| moment.map_or_else(String::new, |at| at.to_string());
    let worked = |until: Option<Moment>| {
        until.map_or_else(String::new, |until| {
            office::between(created, until).to_string()
        })
    };
    let agent = state.has_agent.then_some(ticket.agent_idx);
    let due = office::after(created, ticket.priority.due_h() * HOUR_S);
    rows.push(&[
        &ticket.id(),
        &moment.to_string(),
        &created.to_string(),
        &time(state.first_reply),
        &time(state.first_solved),
        &time(state.solved),
        &time(state.closed),
        &state.n_reopens.to_string(),
        &state.n_replies.to_string(),
        state.status,
        ticket.priority.name(),
        ticket.channel.name(),
        ticket.category.name(),
        &ticket.tags.join(";"),
        &agent.map_or_else(String::new, agent::id),
        agent.map_or("", |idx| staff.team_name(idx, ticket.number.0)),
        &customer::reference(ticket.customer_idx),
        state.handled_by,
        &time(state.handed_off),
        &due.to_string(),
        &worked(state.first_reply),
        &worked(state.solved),
    ]);
}
