//! What customers answer. Kind `response`: one row per question.

use crate::demo::agent::Staff;
use crate::demo::calendar::{Day, Moment};
use crate::demo::customer::{self, Customer, Customers};
use crate::demo::dice::{Cast, Stream};
use crate::demo::invitation::{Invitation, Invitations, Survey};
use crate::demo::mood::{self, Driver};
use crate::demo::phrase;
use crate::demo::question::Question;
use crate::demo::sheet::Rows;
use crate::demo::truth::Costing;
use crate::demo::world::World;

/// Share of relationship surveys in the long form, with all five ratings.
const LONG_FORM_SHARE: f64 = 0.35;
/// Share of a rating that comes from the answering person's mood, not from what is rated.
pub(super) const SHARED: f64 = 0.55;
/// The rest, so that a rating keeps deviation 1.
const OWN: f64 = 0.835;
/// Points of the 0–10 scale per deviation of the weighted ratings, and of everything unasked.
const RATED: f64 = 1.62;
const UNRATED: f64 = 1.45;
/// Points of the 0–10 scale per unit of temper.
const TEMPER: f64 = 0.5;
/// Share of questions shown and skipped.
const SKIPPED_SHARE: f64 = 0.03;
/// Share of submissions that are the company's own tests.
const TEST_SHARE: f64 = 0.003;

/// Least satisfied answer, and the percentage of satisfied ones after an agent's help.
const SATISFIED_FROM: u8 = 4;
const CSAT_PERCENT: f64 = 78.0;

/// What the support survey rates.
const SUPPORT_DRIVERS: [Driver; 3] = [Driver::Speed, Driver::Ease, Driver::Knowledge];

const COLUMNS: [&str; 20] = [
    "id",
    "survey",
    "survey_name",
    "question",
    "question_text",
    "metric",
    "score",
    "scale_min",
    "scale_max",
    "response",
    "responded_at",
    "status",
    "mode",
    "is_test",
    "customer",
    "agent",
    "ticket",
    "channel",
    "language",
    "comment",
];

/// One answered question.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer {
    /// What was asked.
    pub(super) question: Question,
    /// `None` when it was shown and skipped.
    pub(super) score: Option<u8>,
}

/// Everything one customer sent at once.
#[derive(Debug)]
pub(super) struct Submission {
    /// At least one, in the order they were asked.
    pub(super) answers: Vec<Answer>,
    /// Whether it is the company's own test.
    pub(super) is_test: bool,
    /// What was written, if anything was.
    pub(super) comment: Option<String>,
}

impl Submission {
    /// Draws the answer to an invitation, given at a moment.
    pub(super) fn draw(
        world: &World,
        staff: &Staff,
        customer: &Customer,
        invitation: &Invitation,
        moment: Moment,
    ) -> Self {
        let (day, number) = (invitation.number.0.0, invitation.number.1);
        let mut cast = world.dice().cast(Stream::Answer, day, number);
        let feeling = Feeling::draw(world, &mut cast, customer, invitation, moment.day);
        let answers = match (invitation.survey, &invitation.contact) {
            (Survey::Relationship, _) => relationship(&mut cast, &feeling),
            (Survey::Support, None) => support(&mut cast, &feeling, 0.0, 0.0),
            (Survey::Support, Some(contact)) => {
                let agent_idx = contact.ticket.agent_idx();
                let points = agent_idx.map_or(0.0, |idx| staff.csat_points(idx, moment.day));
                support(&mut cast, &feeling, contact.warmth, points)
            }
        };
        let mut words = world.dice().cast(Stream::Comment, day, number);
        let costing = Costing::on(world, moment.day);
        Self {
            answers,
            is_test: cast.happens(TEST_SHARE),
            comment: phrase::comment(&mut words, &feeling, invitation.survey, customer, costing),
        }
    }
}

/// Writes the answers to one survey of one day, in the order they came.
pub(super) fn rows(
    world: &World,
    customers: &Customers,
    invitations: &mut Invitations<'_>,
    survey: Survey,
    day: Day,
) -> Rows {
    let mut rows = Rows::new("response", &COLUMNS);
    let staff = invitations.tickets().staff();
    for (moment, invitation) in invitations.answered_on(day) {
        if invitation.survey == survey {
            let customer = &customers.all()[invitation.customer_idx];
            let submission = Submission::draw(world, staff, customer, &invitation, moment);
            add(&mut rows, customer, &invitation, moment, submission);
        }
    }
    rows
}

fn add(
    rows: &mut Rows,
    customer: &Customer,
    invitation: &Invitation,
    moment: Moment,
    submission: Submission,
) {
    let mut answers = submission.answers.iter();
    let is_partial = answers.any(|answer| answer.score.is_none());
    let response = invitation.response_id();
    let (ticket, agent) = invitation.contact_references();
    let mut comment = submission.comment;
    for Answer { question, score } in submission.answers {
        let (scale_min, scale_max) = question.scale();
        rows.push(&[
            &format!("{response}/{}", question.id()),
            invitation.survey.id(),
            invitation.survey.title(),
            question.id(),
            &question.text(),
            question.metric(),
            &score.map_or_else(String::new, |score| score.to_string()),
            &scale_min.to_string(),
            &scale_max.to_string(),
            &response,
            &moment.to_string(),
            if is_partial { "partial" } else { "complete" },
            invitation.survey.mode(),
            if submission.is_test { "true" } else { "" },
            &customer::reference(invitation.customer_idx),
            &agent,
            &ticket,
            invitation.channel.name(),
            customer.language(),
            // The comment belongs to the submission; its first question carries it.
            &comment.take().unwrap_or_default(),
        ]);
    }
}

/// What a person thinks at the moment of answering.
pub(super) struct Feeling {
    /// Deviation of each driver from its mean, in the order of [`Driver::ALL`].
    ratings: [f64; 5],
    /// Answer on the 0–10 scale, before rounding.
    recommend: f64,
}

impl Feeling {
    fn draw(
        world: &World,
        cast: &mut Cast,
        customer: &Customer,
        invitation: &Invitation,
        day: Day,
    ) -> Self {
        let shared = cast.bell();
        let mut ratings = Driver::ALL.map(|_| SHARED * shared + OWN * cast.bell());
        let parts = world.weights().into_iter().zip(ratings);
        let weighted: f64 = parts.map(|(weight, rating)| weight * rating).sum();
        let mean = mood::recommend_mean(
            world,
            day,
            invitation.survey,
            invitation.channel,
            customer.segment(day),
        );
        let rated = RATED * weighted / deviation(&world.weights());
        let recommend = mean + rated + UNRATED * cast.bell() + TEMPER * customer.temper;
        for (driver, rating) in Driver::ALL.into_iter().zip(&mut ratings) {
            *rating += mood::driver_shift(world, day, driver);
        }
        Self { ratings, recommend }
    }

    /// Answer on the 0–10 scale.
    pub(super) fn recommend(&self) -> u8 {
        rounded(self.recommend, (0, 10))
    }

    fn rating(&self, driver: Driver) -> f64 {
        self.ratings[driver.position()]
    }

    /// The driver felt most in the direction of the answer, among those the survey is about.
    pub(super) fn reason(&self, survey: Survey) -> Driver {
        let sign = if self.recommend() >= 8 { 1.0 } else { -1.0 };
        let drivers = match survey {
            Survey::Relationship => Driver::ALL.as_slice(),
            Survey::Support => SUPPORT_DRIVERS.as_slice(),
        };
        drivers
            .iter()
            .copied()
            .max_by(|a, b| (sign * self.rating(*a)).total_cmp(&(sign * self.rating(*b))))
            .expect("no survey is about nothing")
    }
}

/// Deviation of the weighted sum of ratings: the weights alone do not make opinions stronger.
fn deviation(weights: &[f64]) -> f64 {
    let sum: f64 = weights.iter().sum();
    let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
    (OWN * OWN * squares + SHARED * SHARED * sum * sum).sqrt()
}

fn rounded(value: f64, scale: (u8, u8)) -> u8 {
    let clamped = value.clamp(f64::from(scale.0), f64::from(scale.1));
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a scale of at most 0 to 10"
    )]
    let score = clamped.round() as u8;
    score
}

fn relationship(cast: &mut Cast, feeling: &Feeling) -> Vec<Answer> {
    let mut answers = vec![recommend(cast, feeling, Question::Recommend)];
    if cast.happens(LONG_FORM_SHARE) {
        answers.extend(Driver::ALL.map(|driver| rating(cast, feeling, driver)));
    }
    answers
}

fn support(cast: &mut Cast, feeling: &Feeling, warmth: f64, csat_points: f64) -> Vec<Answer> {
    let speed = feeling.rating(Driver::Speed);
    let knowledge = feeling.rating(Driver::Knowledge);
    let satisfied = 4.15 + warmth + 0.55 * speed + 0.45 * knowledge + 0.3 * cast.bell();
    let satisfaction = answer(cast, Question::Satisfaction, satisfied);
    let mut answers = vec![moved(cast, satisfaction, csat_points)];
    if cast.happens(0.6) {
        answers.push(recommend(cast, feeling, Question::RecommendAfterSupport));
    }
    if cast.happens(0.5) {
        let ease = 5.6 + 1.2 * feeling.rating(Driver::Ease) + 0.3 * speed;
        answers.push(answer(cast, Question::Effort, ease));
    }
    if cast.happens(0.25) {
        answers.extend(SUPPORT_DRIVERS.map(|driver| rating(cast, feeling, driver)));
    }
    answers
}

/// Moves the share of satisfied answers by so many points, whatever the answers would have been.
fn moved(cast: &mut Cast, answer: Answer, csat_points: f64) -> Answer {
    let is_satisfied = answer.score.is_some_and(|score| score >= SATISFIED_FROM);
    // One draw in each case: the chance of what follows does not depend on the effect.
    let share = cast.share();
    let moves = if is_satisfied {
        share < -csat_points / CSAT_PERCENT
    } else {
        share < csat_points / (100.0 - CSAT_PERCENT)
    };
    let score = answer.score.map(|score| match (moves, is_satisfied) {
        (false, _) => score,
        (true, false) => SATISFIED_FROM,
        (true, true) => SATISFIED_FROM - 1,
    });
    Answer { score, ..answer }
}

fn recommend(cast: &mut Cast, feeling: &Feeling, question: Question) -> Answer {
    answer(cast, question, feeling.recommend)
}

fn rating(cast: &mut Cast, feeling: &Feeling, driver: Driver) -> Answer {
    let value = driver.mean() + 0.9 * feeling.rating(driver);
    answer(cast, Question::Rating(driver), value)
}

fn answer(cast: &mut Cast, question: Question, value: f64) -> Answer {
    let score = (!cast.happens(SKIPPED_SHARE)).then(|| rounded(value, question.scale()));
    Answer { question, score }
}
