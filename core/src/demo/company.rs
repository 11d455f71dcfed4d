//! The company in memory: what a test asks an analysis about, for many seeds, without files or a
//! store. The draws are those of the files; only the shape is another.

use jiff::civil::Date;

use crate::demo::DemoError;
use crate::demo::agent::{self, Staff};
use crate::demo::answer::Submission;
use crate::demo::calendar::{Day, Moment};
use crate::demo::customer::{Customers, Segment};
use crate::demo::invitation::{Invitation, Invitations};
use crate::demo::mood::Driver;
use crate::demo::question::Question;
use crate::demo::truth::Truths;
use crate::demo::world::{Effects, World};

/// Times the demo's size that a company in memory may have.
const FOLDS_MAX: u32 = 16;
/// Days that it may have: ten years.
const SPAN_DAYS_MAX: i64 = 3_653;
/// Days of a week.
const WEEK_DAYS: i64 = 7;

/// Which company, and which of its days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// Seed of all chance.
    pub seed: u64,
    /// First day with answers.
    pub first: Date,
    /// First day without; at most ten years later.
    pub until: Date,
    /// What the company lives through.
    pub effects: Effects,
    /// Times the demo's customers and tickets, 1 to 16.
    ///
    /// The demo itself (1) has about 130 NPS answers a week in about 190 replies, and 4 has about
    /// 520 in about 730.
    pub n_fold: u32,
}

/// The company of a [`Scope`].
///
/// # Units
/// Days are counted from the scope's first day, which is 0; agents by their place in `agents`.
#[derive(Debug, Clone, PartialEq)]
pub struct Company {
    /// What is planted in it.
    pub truths: Truths,
    /// What customers sent, in the order of days.
    pub replies: Vec<Reply>,
    /// Who works for it and who did, in the order of hire.
    pub agents: Vec<Agent>,
    /// Who left, by segment.
    pub churn: Vec<SegmentChurn>,
    /// Day of the first Monday.
    first_monday: i64,
    n_days: i64,
}

/// One customer's answers to one survey.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The day.
    pub day: i64,
    /// Number of the customer.
    pub customer: u64,
    /// Their segment on that day.
    pub segment: &'static str,
    /// Id of the survey: `relationship` or `support`.
    pub survey: &'static str,
    /// Where they were asked, or where their ticket came from.
    pub channel: &'static str,
    /// What their ticket was about.
    pub category: Option<&'static str>,
    /// Who worked on it, and that agent's team on the day it was opened.
    pub agent: Option<(usize, &'static str)>,
    /// Language of the comment: `en` or `de`.
    pub language: &'static str,
    /// How likely they are to recommend, 0 to 10.
    pub recommend: Option<u8>,
    /// How satisfied they are with the help, 1 to 5.
    pub satisfaction: Option<u8>,
    /// How easy it was, 1 to 7.
    pub ease: Option<u8>,
    /// Ratings of the drivers, 1 to 5, in the order of [`Company::drivers`].
    pub ratings: [Option<u8>; 5],
    /// What they wrote.
    pub comment: Option<String>,
}

/// One agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Record id, as the truths name it.
    pub id: String,
    /// Day of the hire; negative before the first day.
    pub joined_day: i64,
    /// Day of leaving, if they leave.
    pub left_day: Option<i64>,
}

/// The NPS answers of a whole week, Monday to Sunday.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Week {
    /// Its Monday.
    pub day: i64,
    /// Answers of 9 and 10.
    pub n_promoters: u64,
    /// Answers of 7 and 8.
    pub n_passives: u64,
    /// Answers of 0 to 6.
    pub n_detractors: u64,
}

/// A recommendation together with the ratings of all drivers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rated {
    /// The day.
    pub day: i64,
    /// Number of the customer.
    pub customer: u64,
    /// 0 to 10.
    pub recommend: u8,
    /// 1 to 5, in the order of [`Company::drivers`].
    pub ratings: [u8; 5],
}

/// A comment and the score beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Comment<'c> {
    /// The day.
    pub day: i64,
    /// Number of the customer.
    pub customer: u64,
    /// How likely they are to recommend, 0 to 10, where they said so.
    pub recommend: Option<u8>,
    /// `en` or `de`.
    pub language: &'static str,
    /// What they wrote.
    pub text: &'c str,
}

/// A satisfaction with an agent's help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rating {
    /// The day.
    pub day: i64,
    /// Monday of its week; negative in a week that began before the first day.
    pub week_day: i64,
    /// Place in the agents.
    pub agent: usize,
    /// The agent's team.
    pub team: &'static str,
    /// Number of the customer.
    pub customer: u64,
    /// Where the ticket came from: with the category, its stratum.
    pub channel: &'static str,
    /// What the ticket was about.
    pub category: &'static str,
    /// 1 to 5; 4 and 5 are satisfied.
    pub satisfaction: u8,
}

/// How many customers of a segment left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentChurn {
    /// The segment, as of the first day.
    pub segment: &'static str,
    /// Customers with a contract on the first day.
    pub n_customers: u64,
    /// Those of them without one on the day after the last.
    pub n_left: u64,
}

impl Company {
    /// Draws the company of a scope.
    ///
    /// # Errors
    /// When the scope has no day, more than ten years, days outside of 2019 to 2100, or a size that
    /// is not 1 to 16.
    pub fn draw(scope: &Scope) -> Result<Self, DemoError> {
        let (first, end) = (Day::of(scope.first), Day::of(scope.until));
        let years = 2019..=2100;
        let is_alive = years.contains(&scope.first.year()) && years.contains(&scope.until.year());
        let is_span = (1..=SPAN_DAYS_MAX).contains(&(end.0 - first.0));
        if !is_alive || !is_span || !(1..=FOLDS_MAX).contains(&scope.n_fold) {
            return Err(DemoError::Scope { scope: *scope });
        }
        let world = World::new(scope.seed, scope.effects, scope.n_fold);
        let customers = Customers::until(&world, end);
        let staff = Staff::until(&world, end);
        let mut invitations = Invitations::new(&world, &customers, &staff);
        let mut replies = Vec::new();
        for day in (first.0..end.0).map(Day) {
            for (moment, invitation) in invitations.answered_on(day) {
                replies.extend(reply(
                    &world,
                    &customers,
                    &staff,
                    (moment, invitation),
                    first,
                ));
            }
        }
        Ok(Self {
            truths: Truths::of(&world, &staff, first, end),
            replies,
            agents: agents(&staff, first),
            churn: Segment::ALL
                .map(|segment| churn(&customers, segment, first, end))
                .to_vec(),
            first_monday: (7 - i64::from(scope.first.weekday().to_monday_zero_offset())) % 7,
            n_days: end.0 - first.0,
        })
    }

    /// Names of the drivers, in the order of every list of ratings.
    #[must_use]
    pub fn drivers() -> [&'static str; 5] {
        Driver::ALL.map(Driver::name)
    }

    /// Counts the NPS answers of the replies that pass, by whole weeks; none is left out.
    pub fn weeks(&self, passes: impl Fn(&Reply) -> bool) -> Vec<Week> {
        let mondays = (self.first_monday..).step_by(7);
        let mut weeks: Vec<Week> = mondays
            .take_while(|monday| monday + WEEK_DAYS <= self.n_days)
            .map(|day| Week {
                day,
                n_promoters: 0,
                n_passives: 0,
                n_detractors: 0,
            })
            .collect();
        for reply in self.replies.iter().filter(|reply| passes(reply)) {
            let idx = (reply.day - self.first_monday).div_euclid(WEEK_DAYS);
            let week = usize::try_from(idx).ok().and_then(|idx| weeks.get_mut(idx));
            if let (Some(week), Some(score)) = (week, reply.recommend) {
                match score {
                    9.. => week.n_promoters += 1,
                    7..=8 => week.n_passives += 1,
                    _ => week.n_detractors += 1,
                }
            }
        }
        weeks
    }

    /// Returns the replies with a recommendation and a rating of every driver.
    pub fn rated(&self) -> impl Iterator<Item = Rated> + '_ {
        self.replies.iter().filter_map(|reply| {
            let mut ratings = [0; 5];
            for (rating, given) in ratings.iter_mut().zip(reply.ratings) {
                *rating = given?;
            }
            Some(Rated {
                day: reply.day,
                customer: reply.customer,
                recommend: reply.recommend?,
                ratings,
            })
        })
    }

    /// Returns what customers wrote.
    pub fn comments(&self) -> impl Iterator<Item = Comment<'_>> {
        self.replies.iter().filter_map(|reply| {
            Some(Comment {
                day: reply.day,
                customer: reply.customer,
                recommend: reply.recommend,
                language: reply.language,
                text: reply.comment.as_deref()?,
            })
        })
    }

    /// Returns the satisfactions with agents' help.
    pub fn ratings(&self) -> impl Iterator<Item = Rating> + '_ {
        self.replies.iter().filter_map(|reply| {
            let (agent, team) = reply.agent?;
            let n_days = (reply.day - self.first_monday).rem_euclid(WEEK_DAYS);
            Some(Rating {
                day: reply.day,
                week_day: reply.day - n_days,
                agent,
                team,
                customer: reply.customer,
                channel: reply.channel,
                category: reply.category?,
                satisfaction: reply.satisfaction?,
            })
        })
    }
}

/// Draws what came of an invitation; none is told of the company's own tests.
fn reply(
    world: &World,
    customers: &Customers,
    staff: &Staff,
    (moment, invitation): (Moment, Invitation),
    first: Day,
) -> Option<Reply> {
    let customer = &customers.all()[invitation.customer_idx];
    let submission = Submission::draw(world, staff, customer, &invitation, moment);
    let ticket = invitation.contact.as_ref().map(|contact| &contact.ticket);
    let agent = ticket.and_then(|ticket| {
        let agent_idx = ticket.agent_idx()?;
        Some((agent_idx, staff.team_name(agent_idx, ticket.opened())))
    });
    let mut reply = Reply {
        day: moment.day.0 - first.0,
        customer: customer.idx,
        segment: customer.segment(moment.day).name(),
        survey: invitation.survey.id(),
        channel: invitation.channel.name(),
        category: ticket.map(|ticket| ticket.category.name()),
        agent,
        language: customer.language(),
        recommend: None,
        satisfaction: None,
        ease: None,
        ratings: [None; 5],
        comment: submission.comment,
    };
    for answer in submission.answers {
        match answer.question {
            Question::Recommend | Question::RecommendAfterSupport => reply.recommend = answer.score,
            Question::Satisfaction => reply.satisfaction = answer.score,
            Question::Effort => reply.ease = answer.score,
            Question::Rating(driver) => reply.ratings[driver.position()] = answer.score,
        }
    }
    (!submission.is_test).then_some(reply)
}

fn agents(staff: &Staff, first: Day) -> Vec<Agent> {
    let lives = staff.lives().map(|(idx, joined, left)| Agent {
        id: agent::id(idx),
        joined_day: joined.0 - first.0,
        left_day: left.map(|left| left.0 - first.0),
    });
    lives.collect()
}

fn churn(customers: &Customers, segment: Segment, first: Day, end: Day) -> SegmentChurn {
    let (mut n_customers, mut n_left) = (0, 0);
    for customer in customers.joined_before(first) {
        if customer.segment(first) == segment && customers.is_active(customer, first) {
            n_customers += 1;
            n_left += u64::from(!customers.is_active(customer, end));
        }
    }
    SegmentChurn {
        segment: segment.name(),
        n_customers,
        n_left,
    }
}
