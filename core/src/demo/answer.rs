//! What customers answer. Kind `response`: one row per question.

use crate::demo::calendar::{Day, Moment};
use crate::demo::customer::{self, Customer, Customers};
use crate::demo::dice::{Cast, Dice, Stream};
use crate::demo::invitation::{Invitation, Invitations, Survey};
use crate::demo::mood::{self, Driver};
use crate::demo::phrase;
use crate::demo::sheet::Rows;

/// Share of relationship surveys in the long form, with all five ratings.
const LONG_FORM_SHARE: f64 = 0.35;
/// Share of a rating that comes from the answering person's mood, not from what is rated.
const SHARED: f64 = 0.55;
/// The rest, so that a rating keeps deviation 1.
const OWN: f64 = 0.835;
/// Points of the 0–10 scale per unit of weighted ratings, and of everything unasked.
const RATED: f64 = 1.7;
const UNRATED: f64 = 1.45;
/// Points of the 0–10 scale per unit of temper.
const TEMPER: f64 = 0.5;
/// Share of questions shown and skipped.
const SKIPPED_SHARE: f64 = 0.03;
/// Share of submissions that are the company's own tests.
const TEST_SHARE: f64 = 0.003;

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
struct Answer {
    question: String,
    text: String,
    metric: &'static str,
    /// Lowest and greatest answer.
    scale: (u8, u8),
    /// `None` when it was shown and skipped.
    score: Option<u8>,
}

/// Writes the answers to one survey of one day, in the order they came.
pub(super) fn rows(
    dice: Dice,
    customers: &Customers,
    invitations: &mut Invitations<'_>,
    survey: Survey,
    day: Day,
) -> Rows {
    let mut rows = Rows::new("response", &COLUMNS);
    for (moment, invitation) in invitations.answered_on(day) {
        if invitation.survey == survey {
            let customer = &customers.all()[invitation.customer_idx];
            submit(dice, customer, &invitation, moment, &mut rows);
        }
    }
    rows
}

fn submit(
    dice: Dice,
    customer: &Customer,
    invitation: &Invitation,
    moment: Moment,
    rows: &mut Rows,
) {
    let (day, number) = (invitation.number.0.0, invitation.number.1);
    let mut cast = dice.cast(Stream::Answer, day, number);
    let feeling = Feeling::draw(dice, &mut cast, customer, invitation, moment.day);
    let answers = match invitation.survey {
        Survey::Relationship => relationship(&mut cast, &feeling),
        Survey::Support => {
            let warmth = invitation.contact.as_ref().map_or(0.0, |one| one.warmth);
            support(&mut cast, &feeling, warmth)
        }
    };
    let is_test = cast.happens(TEST_SHARE);
    let is_partial = answers.iter().any(|answer| answer.score.is_none());
    let response = invitation.response_id();
    let (ticket, agent) = invitation.contact_references();
    let language = if customer.is_german { "de" } else { "en" };
    let mut comment = phrase::comment(
        &mut dice.cast(Stream::Comment, day, number),
        &feeling,
        invitation.survey,
        customer.is_german,
    );
    for answer in answers {
        rows.push(&[
            &format!("{response}/{}", answer.question),
            invitation.survey.id(),
            invitation.survey.title(),
            &answer.question,
            &answer.text,
            answer.metric,
            &answer
                .score
                .map_or_else(String::new, |score| score.to_string()),
            &answer.scale.0.to_string(),
            &answer.scale.1.to_string(),
            &response,
            &moment.to_string(),
            if is_partial { "partial" } else { "complete" },
            invitation.survey.mode(),
            if is_test { "true" } else { "" },
            &customer::reference(invitation.customer_idx),
            &agent,
            &ticket,
            invitation.channel.name(),
            language,
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
        dice: Dice,
        cast: &mut Cast,
        customer: &Customer,
        invitation: &Invitation,
        day: Day,
    ) -> Self {
        let shared = cast.bell();
        let ratings = Driver::ALL.map(|_| SHARED * shared + OWN * cast.bell());
        let weighted: f64 = Driver::ALL
            .iter()
            .zip(ratings)
            .map(|(driver, rating)| driver.weight() * rating)
            .sum();
        let mean = mood::recommend_mean(
            dice,
            day,
            invitation.survey,
            invitation.channel,
            customer.segment(day),
        );
        let recommend = mean + RATED * weighted + UNRATED * cast.bell() + TEMPER * customer.temper;
        let mut ratings = ratings;
        for (driver, rating) in Driver::ALL.into_iter().zip(&mut ratings) {
            *rating += mood::driver_shift(dice, day, driver);
        }
        Self { ratings, recommend }
    }

    /// Answer on the 0–10 scale.
    pub(super) fn recommend(&self) -> u8 {
        rounded(self.recommend, (0, 10))
    }

    fn rating(&self, driver: Driver) -> f64 {
        let idx = Driver::ALL.iter().position(|other| *other == driver);
        self.ratings[idx.expect("every driver is listed")]
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
    let mut answers = vec![recommend(cast, feeling, "recommend")];
    if cast.happens(LONG_FORM_SHARE) {
        answers.extend(Driver::ALL.map(|driver| rating(cast, feeling, driver)));
    }
    answers
}

fn support(cast: &mut Cast, feeling: &Feeling, warmth: f64) -> Vec<Answer> {
    let speed = feeling.rating(Driver::Speed);
    let knowledge = feeling.rating(Driver::Knowledge);
    let satisfied = 4.15 + warmth + 0.55 * speed + 0.45 * knowledge + 0.3 * cast.bell();
    let mut answers = vec![Answer {
        question: "satisfaction".to_owned(),
        text: "How satisfied are you with our help?".to_owned(),
        metric: "csat",
        scale: (1, 5),
        score: shown(cast, satisfied, (1, 5)),
    }];
    if cast.happens(0.6) {
        answers.push(recommend(cast, feeling, "recommend-after-support"));
    }
    if cast.happens(0.5) {
        let ease = 5.6 + 1.2 * feeling.rating(Driver::Ease) + 0.3 * speed;
        answers.push(Answer {
            question: "effort".to_owned(),
            text: "It was easy to get the help I needed.".to_owned(),
            metric: "ces",
            scale: (1, 7),
            score: shown(cast, ease, (1, 7)),
        });
    }
    if cast.happens(0.25) {
        answers.extend(SUPPORT_DRIVERS.map(|driver| rating(cast, feeling, driver)));
    }
    answers
}

fn recommend(cast: &mut Cast, feeling: &Feeling, question: &str) -> Answer {
    Answer {
        question: question.to_owned(),
        text: "How likely are you to recommend us to a friend or colleague?".to_owned(),
        metric: "nps",
        scale: (0, 10),
        score: shown(cast, feeling.recommend, (0, 10)),
    }
}

fn rating(cast: &mut Cast, feeling: &Feeling, driver: Driver) -> Answer {
    let value = driver.mean() + 0.9 * feeling.rating(driver);
    Answer {
        question: driver.name().to_owned(),
        text: format!("How do you rate our {}?", driver.name()),
        metric: "driver",
        scale: (1, 5),
        score: shown(cast, value, (1, 5)),
    }
}

fn shown(cast: &mut Cast, value: f64, scale: (u8, u8)) -> Option<u8> {
    (!cast.happens(SKIPPED_SHARE)).then(|| rounded(value, scale))
}
