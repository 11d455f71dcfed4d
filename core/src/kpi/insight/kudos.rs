//! `kudos`: reasons to thank agents that neither luck nor begging wins.
//!
//! Nobody is the best here, nobody is the worst, and no customer is quoted: who thanks is given the
//! reference of the ticket.

mod help;

use std::collections::{BTreeMap, BTreeSet};

use super::agents::{AGENT, require, require_kept};
use super::case::{Asked, Case, bare_score};
use super::rating::{self, Rating, Ratings};
use super::scorecard::{Rated, Whom};
use super::{Entry, Found};
use crate::coach::{self, Band, Candidate, Praise, Review};
use crate::kpi::definition::Definition;
use crate::kpi::{
    Answer, Base, Cell, ChartKind, Counted, Kpi, KpiError, Query, Score, Table, Tables, Unit,
};
use crate::plan::Span;

/// Name of the KPI.
pub(super) const NAME: &str = "kudos";
/// Times that a streak may last: the one asked for and those before it.
const PERIODS_MAX: i32 = 6;

static KPI: Kpi = Kpi {
    name: NAME,
    title: "Kudos",
    unit: Unit::Count,
    range: (Some(0.0), None),
    definition_version: 1,
    formula: "agents to thank: named help, improvement, hard tickets, streaks; never a raw average",
    charts: &[ChartKind::Number],
    is_higher_better: None,
};

static DEFINITION: Definition = Definition {
    expression: "number of thanks: a positive rating whose comment names help; an improvement after \
        case mix that is above 0 with 90 %; hard kinds of tickets solved better than by others with \
        90 %; 4 or more times in a row within or above what is expected",
    interval: "none: each reason holds by itself",
    source: "definition of this project, on the case mix of scorecard",
    edge_cases: &[
        "at least 20 ratings from at least 10 customers in the time",
        "agents under [agents] opt_out are left out",
        "lines are in the order of names; there is no worst, and no best",
        "a comment is never quoted: the ticket is named; where customers were promised anonymity \
         comments are no reason",
        "hard: a channel and category measurably rated worse than the rest",
        "the time before is as long as the range; a streak looks back on 6 of them, as far as [agents] \
         kept",
        "names agents: for admins, leads with where.team and agents with where.agent alone; off until \
         [agents] enabled",
    ],
    vectors: &[],
};

pub(super) const ENTRY: Entry = Entry {
    kpi: &KPI,
    definition: &DEFINITION,
    counted: Counted::Answers,
    subjects: &["csat"],
    has_versus: false,
    answer,
};

const COLUMNS: [(&str, &str); 4] = [
    ("agent", "text"),
    ("reason", "text"),
    ("detail", "text"),
    ("ticket", "text"),
];

/// A reason to thank somebody; the first is told first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    Help,
    Improved,
    HardCases,
    Streak,
}

impl Reason {
    const fn words(&self) -> &'static str {
        match self {
            Self::Help => "a customer names help",
            Self::Improved => "improved",
            Self::HardCases => "solves hard tickets",
            Self::Streak => "steady",
        }
    }
}

/// One thank-you: of whom, why, in words, and the ticket.
type Thanks = (String, Reason, String, Option<String>);

fn answer(case: &Case<'_>) -> Result<Answer, KpiError> {
    require(case)?;
    if let Some(by) = case.query.by.as_deref().filter(|by| *by != AGENT) {
        return Err(KpiError::OtherSplit {
            kpi: NAME,
            by: by.to_owned(),
            known: &[AGENT],
        });
    }
    let case = &case.asking(Query {
        by: Some(AGENT.to_owned()),
        ..case.query.clone()
    });
    let asked = rating::asked(case)?;
    require_kept(case, asked.span.start)?;
    let spans = spans(case, &asked);
    let thanks = match spans.last() {
        Some(first) => {
            let span = Span {
                start: first.start,
                end: asked.span.end,
            };
            let ratings = Ratings::read(&asked, span, NAME)?;
            thanks(case, &asked, &spans, &ratings)?
        }
        None => Vec::new(),
    };
    let n = thanks.len() as u64;
    let mut table = Table::new(&COLUMNS);
    table.rows = thanks.into_iter().map(line).collect();
    let total = Score {
        value: Some(crate::kpi::interval::real(n)),
        base: Base::Ok,
        ..bare_score(n)
    };
    let tables = Tables {
        main: table,
        ..Tables::default()
    };
    let mut answer = case.around(&asked.frame, asked.before, total, Found::Kudos, tables);
    answer.mode = asked.subject.mode;
    answer.notes.clone_from(&asked.subject.notes);
    Ok(answer)
}

fn line((name, reason, detail, ticket): Thanks) -> Vec<Cell> {
    vec![
        Cell::Text(name),
        Cell::Text(reason.words().to_owned()),
        Cell::Text(detail),
        Cell::text(ticket.as_deref()),
    ]
}

/// Returns the time asked for and those before it that numbers are told of, the latest first.
fn spans(case: &Case<'_>, asked: &Asked<'_>) -> Vec<Span> {
    let length = asked.span.end.duration_since(asked.span.start);
    let mut spans: Vec<Span> = Vec::new();
    for nth in 0..PERIODS_MAX {
        let back = |at: jiff::Timestamp| at.checked_sub(length * nth).ok();
        let (Some(start), Some(end)) = (back(asked.span.start), back(asked.span.end)) else {
            break;
        };
        if start >= end || require_kept(case, start).is_err() {
            break;
        }
        spans.push(Span { start, end });
    }
    spans
}

fn thanks(
    case: &Case<'_>,
    asked: &Asked<'_>,
    spans: &[Span],
    ratings: &Ratings,
) -> Result<Vec<Thanks>, KpiError> {
    let whom = Whom::new(NAME, &case.query, ratings)?;
    let min_group = case.settings.min_group;
    let rated: Vec<Rated<'_>> = (spans.iter())
        .map(|span| Rated::new(ratings, &whom, *span))
        .collect();
    let reviews: Vec<Review> = rated.iter().map(|one| one.review(min_group)).collect();
    let (Some(now), Some(current), Some(span)) = (reviews.first(), rated.first(), spans.first())
    else {
        return Ok(Vec::new());
    };
    let told = current.told(now, min_group, asked.desk.is_promised);
    let opt_out = &case.settings.agents.opt_out;
    let candidates: Vec<Candidate<'_>> = (now.case_mix.peers.iter())
        .filter(|peer| Whom::is_shown(&peer.name) && told.contains(&peer.name))
        .map(|peer| Candidate {
            name: &peer.name,
            volume: now.volume(&peer.name),
            is_opted_out: whom.ids(&peer.name).any(|id| opt_out.contains(id)),
        })
        .collect();
    let mut thanks: Vec<Thanks> = Vec::new();
    if !asked.desk.is_promised {
        thanks.extend(helped(ratings, &whom, *span, &candidates));
    }
    if let Some(before) = reviews.get(1) {
        let improved = coach::improved(&now.case_mix, &before.case_mix, &candidates);
        thanks.extend(improved.into_iter().map(|one| {
            let detail = format!("{:+.1} points beside the colleagues", 100.0 * one.change);
            (one.name, Reason::Improved, detail, None)
        }));
    }
    let hard = coach::hard_cases(&current.cells(), &candidates);
    thanks.extend(hard.into_iter().map(|one| {
        let detail = format!(
            "{} of {} hard tickets rated well",
            one.n_solved, one.n_rated
        );
        (one.name, Reason::HardCases, detail, None)
    }));
    thanks.extend(steady(&reviews, &candidates));
    thanks.sort_by(|one, other| {
        let of = |thanks: &Thanks| (whom.name(&thanks.0).to_owned(), thanks.1.clone());
        of(one).cmp(&of(other))
    });
    for (name, ..) in &mut thanks {
        *name = whom.name(name).to_owned();
    }
    Ok(thanks)
}

/// Returns thanks for comments that name help, one a person.
fn helped(ratings: &Ratings, whom: &Whom, span: Span, candidates: &[Candidate<'_>]) -> Vec<Thanks> {
    let (from, to) = (span.start.as_microsecond(), span.end.as_microsecond());
    let in_time = |one: &Rating<'_>| (from..to).contains(&one.at) && one.is_positive;
    let commented: Vec<(String, String, Rating<'_>)> = (ratings.iter().filter(in_time))
        .filter_map(|rating| {
            let key = whom.key_of_rating(&rating)?;
            rating.comment?;
            Some((key, rating.ticket?.to_owned(), rating))
        })
        .collect();
    let praises: Vec<Praise<'_>> = (commented.iter())
        .map(|(key, ticket, rating)| Praise {
            name: key,
            comment: ticket,
            at: rating.at,
            is_positive: rating.is_positive,
            n_help_terms: help::terms(rating.comment.unwrap_or_default()),
            // No word of it is: its ticket is named to those who may see the agent.
            is_quotable: true,
        })
        .collect();
    let kudos = coach::kudos(&praises, candidates);
    let detail = "in the comment beside a good rating";
    (kudos.into_iter())
        .map(|one| (one.name, Reason::Help, detail.to_owned(), Some(one.comment)))
        .collect()
}

/// Returns thanks for being within or above what is expected again and again.
fn steady(reviews: &[Review], candidates: &[Candidate<'_>]) -> Vec<Thanks> {
    let mut bands: BTreeMap<String, Vec<Band>> = BTreeMap::new();
    for (idx, review) in reviews.iter().enumerate().rev() {
        for (name, band) in review.bands(reviews.get(idx + 1)) {
            bands.entry(name).or_default().push(band);
        }
    }
    let may: BTreeSet<&str> = (candidates.iter())
        .filter(|one| !one.is_opted_out && one.volume.is_enough())
        .map(|one| one.name)
        .collect();
    let streak = |(name, bands): (String, Vec<Band>)| {
        let n_periods = coach::streak(&bands).filter(|_| may.contains(name.as_str()))?;
        let detail = format!("{n_periods} times in a row within or above what is expected");
        Some((name, Reason::Streak, detail, None))
    };
    bands.into_iter().filter_map(streak).collect()
}
