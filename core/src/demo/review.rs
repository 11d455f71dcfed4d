//! How good the work on tickets is in the eyes of colleagues, of managers and of the agents
//! themselves. Kind `review`: one row per category.

use crate::demo::agent;
use crate::demo::calendar::{Day, HOUR_S, Moment};
use crate::demo::dice::{Cast, Stream};
use crate::demo::office;
use crate::demo::sheet::Rows;
use crate::demo::ticket::{Ticket, Tickets};
use crate::demo::world::World;

/// Share of solved tickets that are reviewed on the next day.
const REVIEWED_SHARE: f64 = 0.09;
/// Mean score of a category of five points, and its deviation.
const MEAN: f64 = 4.15;
const SPREAD: f64 = 0.8;
/// Score points per CSAT point of the agent: reviewers see what customers feel.
const PER_CSAT_POINT: f64 = 0.03;
/// Share of reviews that find customers' data handled carelessly.
const CARELESS_SHARE: f64 = 0.012;
/// Best score from which on a review names no cause.
const CAUSELESS_FROM: u8 = 4;

/// What is scored.
struct Category {
    name: &'static str,
    weight: u8,
    score_max: u8,
    is_critical: bool,
    /// How much easier it is than the others, in score points.
    ease: f64,
    /// Why it may be poor, by weight.
    causes: &'static [(f64, &'static str)],
}

const CATEGORIES: [Category; 5] = [
    Category {
        name: "understanding",
        weight: 2,
        score_max: 5,
        is_critical: false,
        ease: 0.1,
        causes: &[(0.6, "knowledge gap"), (0.4, "rushed")],
    },
    Category {
        name: "solution",
        weight: 3,
        score_max: 5,
        is_critical: false,
        ease: -0.2,
        causes: &[
            (0.55, "knowledge gap"),
            (0.3, "missing article"),
            (0.15, "tool trouble"),
        ],
    },
    Category {
        name: "tone",
        weight: 2,
        score_max: 5,
        is_critical: false,
        ease: 0.3,
        causes: &[(0.7, "rushed"), (0.3, "difficult customer")],
    },
    Category {
        name: "process",
        weight: 1,
        score_max: 5,
        is_critical: false,
        ease: -0.1,
        causes: &[(0.5, "unclear process"), (0.5, "tool trouble")],
    },
    Category {
        name: "data protection",
        weight: 1,
        score_max: 1,
        is_critical: true,
        ease: 0.0,
        causes: &[(1.0, "unclear process")],
    },
];

/// Who reviews, how often, and how much kinder than a colleague.
const REVIEWERS: [(f64, (&str, f64)); 3] = [
    (0.5, ("peer", 0.0)),
    (0.33, ("manager", -0.15)),
    (0.17, ("self", 0.35)),
];

/// Writes the reviews of one day, of tickets that were first solved the day before.
pub(super) fn rows(world: &World, tickets: &mut Tickets<'_>, day: Day) -> Rows {
    let columns = [
        "id",
        "updated_at",
        "review",
        "agent",
        "reviewer_kind",
        "category",
        "score",
        "score_max",
        "weight",
        "critical",
        "reviewed_at",
        "ticket",
        "cause",
    ];
    let mut rows = Rows::new("review", &columns);
    let Some((from, to)) = office::opening(day) else {
        return rows;
    };
    let staff = tickets.staff();
    let mut reviewed = Vec::new();
    for (idx, (_, ticket)) in tickets.solved_on(day.before()).into_iter().enumerate() {
        let mut cast = world.dice().cast(Stream::Review, day.0, idx as u64);
        let agent_idx = ticket.agent_idx();
        if let Some(agent_idx) = agent_idx.filter(|_| cast.happens(REVIEWED_SHARE)) {
            let span = u64::from(to - from - HOUR_S);
            let second = from + u32::try_from(cast.below(span)).expect("seconds of a day");
            reviewed.push((Moment { day, second }, agent_idx, ticket, cast));
        }
    }
    reviewed.sort_by_key(|(moment, _, ticket, _)| (*moment, ticket.id()));
    for (moment, agent_idx, ticket, mut cast) in reviewed {
        let quality = MEAN + PER_CSAT_POINT * staff.csat_points(agent_idx, day);
        add(&mut rows, moment, (agent_idx, quality), &ticket, &mut cast);
    }
    rows
}

fn add(
    rows: &mut Rows,
    moment: Moment,
    (agent_idx, quality): (usize, f64),
    ticket: &Ticket,
    cast: &mut Cast,
) {
    let (reviewer, kindness) = *cast.weighted(&REVIEWERS);
    let review = format!("Q-{}", ticket.id());
    // Some tickets are handled well in all, some in no respect.
    let work = quality + kindness + 0.5 * SPREAD * cast.bell();
    for category in &CATEGORIES {
        let score = if category.is_critical {
            u8::from(!cast.happens(CARELESS_SHARE))
        } else {
            scored(work + category.ease + 0.8 * SPREAD * cast.bell(), category)
        };
        let is_poor = score < CAUSELESS_FROM.min(category.score_max);
        let cause = *cast.weighted(category.causes);
        rows.push(&[
            &format!("{review}/{}", category.name),
            &moment.to_string(),
            &review,
            &agent::id(agent_idx),
            reviewer,
            category.name,
            &score.to_string(),
            &category.score_max.to_string(),
            &category.weight.to_string(),
            if category.is_critical { "true" } else { "" },
            &moment.to_string(),
            &ticket.id(),
            if is_poor { cause } else { "" },
        ]);
    }
}

fn scored(value: f64, category: &Category) -> u8 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to a scale of at most 0 to 5"
    )]
    let score = value.clamp(0.0, f64::from(category.score_max)).round() as u8;
    score
}
