//! Who is asked, how, and whether they answer. Kind `invitation`.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::demo::agent::{self, Staff};
use crate::demo::calendar::{Day, HOUR_S, Moment};
use crate::demo::customer::{self, Customer, Customers};
use crate::demo::dice::{Cast, Dice, Stream};
use crate::demo::sheet::Rows;
use crate::demo::ticket::{ACQUAINTED_DAYS, Ticket, Tickets};
use crate::demo::world::World;

/// Days after which nobody answers any more.
pub(super) const ANSWER_DAYS_MAX: i64 = 6;
/// Latest second of a day at which a survey is sent.
const LATEST_SENT_S: u32 = 20 * HOUR_S;
/// Working days of the 13 weeks in which each customer is asked once.
const CYCLE_SLOTS: usize = 65;

/// The two surveys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Survey {
    Relationship,
    Support,
}

impl Survey {
    pub(super) const ALL: [Self; 2] = [Self::Relationship, Self::Support];

    /// Survey id in records and file names.
    pub(super) const fn id(self) -> &'static str {
        match self {
            Self::Relationship => "relationship",
            Self::Support => "support",
        }
    }

    /// Plain name.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Relationship => "Relationship survey",
            Self::Support => "After a support contact",
        }
    }

    /// Record mode.
    pub(super) const fn mode(self) -> &'static str {
        match self {
            Self::Relationship => "relational",
            Self::Support => "transactional",
        }
    }

    const fn answer_ratio(self) -> f64 {
        match self {
            Self::Relationship => 0.29,
            Self::Support => 0.36,
        }
    }
}

/// How a customer is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Channel {
    Email,
    InApp,
    Chat,
    Phone,
}

impl Channel {
    /// Name in records.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::InApp => "in-app",
            Self::Chat => "chat",
            Self::Phone => "phone",
        }
    }
}

/// The solved ticket that a survey asks about.
#[derive(Debug, Clone)]
pub(super) struct Contact {
    /// The ticket.
    pub(super) ticket: Rc<Ticket>,
    /// What the work on it adds to a satisfaction of 1 to 5.
    pub(super) warmth: f64,
}

/// One survey sent to one customer.
#[derive(Debug, Clone)]
pub(super) struct Invitation {
    /// Which survey.
    pub(super) survey: Survey,
    /// Day and position of sending; the key of its chance.
    pub(super) number: (Day, u64),
    /// Position of the customer.
    pub(super) customer_idx: usize,
    /// How it was sent.
    pub(super) channel: Channel,
    /// When it is answered, if ever.
    pub(super) answered: Option<Moment>,
    /// What the support survey asks about.
    pub(super) contact: Option<Contact>,
    sent: Moment,
    is_delivered: bool,
    is_opened: bool,
}

impl Invitation {
    /// References to the ticket and its agent, empty where there is none.
    pub(super) fn contact_references(&self) -> (String, String) {
        let Some(contact) = &self.contact else {
            return (String::new(), String::new());
        };
        let agent = contact.ticket.agent_idx();
        let agent = agent.map_or_else(String::new, agent::reference);
        (contact.ticket.reference(), agent)
    }

    /// Id of the answer to it.
    pub(super) fn response_id(&self) -> String {
        format!(
            "{}-{}-{:03}",
            self.survey.id(),
            self.number.0.date(),
            self.number.1
        )
    }
}

/// Invitations by day of sending, computed when first asked for.
#[derive(Debug)]
pub(super) struct Invitations<'c> {
    dice: Dice,
    customers: &'c Customers,
    tickets: Tickets<'c>,
    /// Customers by their place in the cycle of the relationship survey, each by joining.
    by_slot: Vec<Vec<&'c Customer>>,
    by_day: BTreeMap<Day, Rc<Vec<Invitation>>>,
}

impl<'c> Invitations<'c> {
    /// Computes nothing yet.
    pub(super) fn new(world: &'c World, customers: &'c Customers, staff: &'c Staff) -> Self {
        let mut by_slot = vec![Vec::new(); CYCLE_SLOTS];
        for customer in customers.all() {
            by_slot[customer.survey_slot(CYCLE_SLOTS)].push(customer);
        }
        Self {
            dice: world.dice(),
            customers,
            by_slot,
            tickets: Tickets::new(world, customers, staff),
            by_day: BTreeMap::new(),
        }
    }

    /// The tickets that the support survey asks about.
    pub(super) fn tickets(&mut self) -> &mut Tickets<'c> {
        &mut self.tickets
    }

    /// Returns what was sent on a day.
    pub(super) fn sent_on(&mut self, day: Day) -> Rc<Vec<Invitation>> {
        // Answers look a few days back and never further.
        self.by_day
            .retain(|kept, _| day.0 - kept.0 <= 2 * ANSWER_DAYS_MAX);
        if let Some(sent) = self.by_day.get(&day) {
            return Rc::clone(sent);
        }
        let sent = Rc::new(self.send(day));
        self.by_day.insert(day, Rc::clone(&sent));
        sent
    }

    fn send(&mut self, day: Day) -> Vec<Invitation> {
        let mut sent = Vec::new();
        if let Some(slot) = slot(day) {
            let joined_before = Day(day.0 - ACQUAINTED_DAYS);
            let asked = self.by_slot[slot].iter().filter(|customer| {
                customer.joined < joined_before && self.customers.is_active(customer, day)
            });
            for customer in asked {
                let number = (day, sent.len() as u64);
                sent.push(ask_about_us(self.dice, number, customer));
            }
        }
        for (solved, ticket) in self.tickets.solved_on(day) {
            let contact = Contact {
                warmth: ticket.warmth(self.tickets.staff()),
                ticket,
            };
            let number = (day, sent.len() as u64);
            sent.extend(ask_about_help(self.dice, number, solved, contact));
        }
        sent
    }

    /// Returns what was answered on a day, in the order of the answers.
    pub(super) fn answered_on(&mut self, day: Day) -> Vec<(Moment, Invitation)> {
        let mut answered = Vec::new();
        for n_days in 0..=ANSWER_DAYS_MAX {
            for invitation in self.sent_on(Day(day.0 - n_days)).iter() {
                if let Some(moment) = invitation.answered.filter(|moment| moment.day == day) {
                    answered.push((moment, invitation.clone()));
                }
            }
        }
        answered.sort_by_key(|(moment, invitation)| (*moment, invitation.number));
        answered
    }
}

/// Place of a day in the cycle of the relationship survey; none on weekends.
fn slot(day: Day) -> Option<usize> {
    let weekday = day.weekday_idx();
    let week = usize::try_from(day.week().rem_euclid(13)).expect("a remainder");
    (weekday < 5).then_some(week * 5 + weekday)
}

fn ask_about_us(dice: Dice, number: (Day, u64), customer: &Customer) -> Invitation {
    let mut cast = cast(dice, number);
    let channel = *cast.weighted(&[(0.7, Channel::Email), (0.3, Channel::InApp)]);
    let sent = Moment {
        day: number.0,
        second: 7 * HOUR_S + seconds(&mut cast, 2 * HOUR_S),
    };
    let whom = (customer.position(), channel, sent);
    invite(&mut cast, Survey::Relationship, number, whom)
}

/// Asks soon after a ticket is solved, unless that would be at night.
fn ask_about_help(
    dice: Dice,
    number: (Day, u64),
    solved: Moment,
    contact: Contact,
) -> Option<Invitation> {
    let mut cast = cast(dice, number);
    let sent = solved.plus(5 * 60 + seconds(&mut cast, HOUR_S));
    if sent.day != number.0 || sent.second > LATEST_SENT_S {
        return None;
    }
    let whom = (contact.ticket.customer_idx, contact.ticket.channel, sent);
    let invitation = invite(&mut cast, Survey::Support, number, whom);
    Some(Invitation {
        contact: Some(contact),
        ..invitation
    })
}

fn cast(dice: Dice, number: (Day, u64)) -> Cast {
    dice.cast(Stream::Invitation, number.0.0, number.1 + (1 << 32))
}

fn invite(
    cast: &mut Cast,
    survey: Survey,
    number: (Day, u64),
    (customer_idx, channel, sent): (usize, Channel, Moment),
) -> Invitation {
    let is_delivered = !cast.happens(0.02);
    let answers = cast.happens(survey.answer_ratio()) && is_delivered;
    let is_opened = is_delivered && (answers || cast.happens(0.3));
    Invitation {
        survey,
        number,
        customer_idx,
        channel,
        answered: answers.then(|| answer_moment(cast, sent)),
        contact: None,
        sent,
        is_delivered,
        is_opened,
    }
}

fn answer_moment(cast: &mut Cast, sent: Moment) -> Moment {
    const DELAYS: [(f64, i64); 6] = [
        (0.58, 0),
        (0.22, 1),
        (0.09, 2),
        (0.05, 3),
        (0.04, 5),
        (0.02, ANSWER_DAYS_MAX),
    ];
    let n_days = *cast.weighted(&DELAYS);
    let second = if n_days == 0 {
        sent.second + 60 + seconds(cast, 21 * HOUR_S - sent.second)
    } else {
        5 * HOUR_S + seconds(cast, 15 * HOUR_S)
    };
    let day = Day(sent.day.0 + n_days);
    Moment { day, second }
}

fn seconds(cast: &mut Cast, below: u32) -> u32 {
    u32::try_from(cast.below(u64::from(below))).expect("seconds of a day")
}

/// Writes what was sent on a day, and again what was answered on it, as newer versions.
pub(super) fn rows(invitations: &mut Invitations<'_>, day: Day) -> Rows {
    let columns = [
        "id",
        "updated_at",
        "survey",
        "sent_at",
        "delivered",
        "opened_at",
        "channel",
        "customer",
        "agent",
        "ticket",
        "response",
    ];
    let mut rows = Rows::new("invitation", &columns);
    let sent = invitations.sent_on(day);
    let sent = sent
        .iter()
        .map(|invitation| (invitation.sent, invitation.clone(), false));
    let answered = invitations
        .answered_on(day)
        .into_iter()
        .map(|(moment, invitation)| (moment, invitation, true));
    let mut versions: Vec<_> = sent.chain(answered).collect();
    versions.sort_by_key(|(moment, invitation, is_answered)| {
        (*moment, invitation.number, *is_answered)
    });
    for (moment, invitation, is_answered) in versions {
        add(&mut rows, moment, &invitation, is_answered);
    }
    rows
}

fn add(rows: &mut Rows, moment: Moment, invitation: &Invitation, is_answered: bool) {
    // Opened at once, answered later: the vendors' exports know no finer.
    let opened_at = match (is_answered, invitation.is_opened) {
        (true, _) => moment.to_string(),
        (false, true) if invitation.answered.is_none() => invitation.sent.to_string(),
        (false, _) => String::new(),
    };
    let response_id = invitation.response_id();
    let (ticket, agent) = invitation.contact_references();
    rows.push(&[
        &format!("i-{response_id}"),
        &moment.to_string(),
        invitation.survey.id(),
        &invitation.sent.to_string(),
        if invitation.is_delivered {
            "true"
        } else {
            "false"
        },
        &opened_at,
        invitation.channel.name(),
        &customer::reference(invitation.customer_idx),
        &agent,
        &ticket,
        if is_answered { &response_id } else { "" },
    ]);
}
