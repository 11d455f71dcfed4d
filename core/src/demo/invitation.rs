//! Who is asked, how, and whether they answer. Kind `invitation`.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::demo::calendar::{Day, HOUR_S, Moment};
use crate::demo::customer::{Customer, Customers};
use crate::demo::dice::{Cast, Dice, Stream};
use crate::demo::mood;
use crate::demo::sheet::Rows;

/// Days after which nobody answers any more.
pub(super) const ANSWER_DAYS_MAX: i64 = 6;
/// Working days of the 13 weeks in which each customer is asked once.
const CYCLE_SLOTS: u64 = 65;
/// Days a customer must have been one before the relationship survey asks.
const ACQUAINTED_DAYS: i64 = 30;
/// Support contacts on an average day.
const CONTACTS: f64 = 51.0;
/// Share of the average by weekday, Monday first.
const CONTACTS_BY_WEEKDAY: [f64; 7] = [1.35, 1.3, 1.25, 1.2, 1.1, 0.45, 0.35];

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
            Self::Support => 0.34,
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
    sent: Moment,
    is_delivered: bool,
    is_opened: bool,
}

impl Invitation {
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
    by_day: BTreeMap<Day, Rc<Vec<Invitation>>>,
}

impl<'c> Invitations<'c> {
    /// Computes nothing yet.
    pub(super) fn new(dice: Dice, customers: &'c Customers) -> Self {
        let by_day = BTreeMap::new();
        Self {
            dice,
            customers,
            by_day,
        }
    }

    /// Returns what was sent on a day.
    pub(super) fn sent_on(&mut self, day: Day) -> Rc<Vec<Invitation>> {
        // Answers look a few days back and never further.
        self.by_day
            .retain(|kept, _| day.0 - kept.0 <= 2 * ANSWER_DAYS_MAX);
        let (dice, customers) = (self.dice, self.customers);
        let sent = self.by_day.entry(day);
        sent.or_insert_with(|| Rc::new(send(dice, customers, day)))
            .clone()
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

fn send(dice: Dice, customers: &Customers, day: Day) -> Vec<Invitation> {
    let mut sent = Vec::new();
    let acquainted = customers.joined_before(Day(day.0 - ACQUAINTED_DAYS));
    if let Some(slot) = slot(day) {
        let asked = acquainted
            .iter()
            .filter(|customer| customer.survey_slot % CYCLE_SLOTS == slot);
        for customer in asked {
            let number = (day, sent.len() as u64);
            sent.push(invite(dice, Survey::Relationship, number, customer));
        }
    }
    for _ in 0..n_contacts(dice, day) {
        let number = (day, sent.len() as u64);
        let mut cast = dice.cast(Stream::Invitation, day.0, number.1);
        // Some customers call much more often than others.
        let share = cast.share();
        let idx = cast.below(acquainted.len() as u64);
        let idx = if share < 0.3 { idx / 7 * 7 } else { idx };
        let idx = usize::try_from(idx).expect("below a length");
        sent.push(invite(dice, Survey::Support, number, &acquainted[idx]));
    }
    sent
}

/// Place of a day in the cycle of the relationship survey; none on weekends.
fn slot(day: Day) -> Option<u64> {
    let weekday = day.weekday_idx() as u64;
    let week = u64::try_from(day.week().rem_euclid(13)).expect("a remainder");
    (weekday < 5).then_some(week * 5 + weekday)
}

fn n_contacts(dice: Dice, day: Day) -> u32 {
    let mut cast = dice.cast(Stream::Invitation, day.0, u64::MAX);
    let outage = 1.0 - 0.8 * mood::outage(dice, day);
    let mean = CONTACTS * CONTACTS_BY_WEEKDAY[day.weekday_idx()] * outage;
    let drawn = mean * (1.0 + 0.08 * cast.bell());
    // Between 0 and a few hundred by the constants above.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "bounded by the constants above"
    )]
    let n_contacts = drawn.clamp(0.0, 500.0).round() as u32;
    n_contacts
}

fn invite(dice: Dice, survey: Survey, number: (Day, u64), customer: &Customer) -> Invitation {
    // The lower half of the second key is the draw of the customer above.
    let mut cast = dice.cast(Stream::Invitation, number.0.0, number.1 + (1 << 32));
    let channel = match survey {
        Survey::Relationship => *cast.weighted(&[(0.7, Channel::Email), (0.3, Channel::InApp)]),
        Survey::Support => *cast.weighted(&[
            (0.45, Channel::Email),
            (0.32, Channel::Chat),
            (0.23, Channel::Phone),
        ]),
    };
    let (first_hour, n_hours) = match survey {
        Survey::Relationship => (7, 2),
        Survey::Support => (6, 12),
    };
    let sent = Moment {
        day: number.0,
        second: first_hour * HOUR_S + seconds(&mut cast, n_hours * HOUR_S),
    };
    let is_delivered = !cast.happens(0.02);
    let answers = cast.happens(survey.answer_ratio()) && is_delivered;
    let is_opened = is_delivered && (answers || cast.happens(0.3));
    Invitation {
        survey,
        number,
        customer_idx: usize::try_from(customer.idx).expect("a few thousand"),
        channel,
        answered: answers.then(|| answer_moment(&mut cast, sent)),
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
        &customer_reference(invitation.customer_idx),
        if is_answered { &response_id } else { "" },
    ]);
}

/// Reference to a customer of the other source.
pub(super) fn customer_reference(customer_idx: usize) -> String {
    format!("{}/C{customer_idx:05}", super::site::CRM_SOURCE)
}
