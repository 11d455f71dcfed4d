//! `scorecard`: how teams and agents do beside what their tickets would have got from anybody.
//!
//! For coaching, never for ranking: lines are in the order of names, and what is said of somebody is
//! a band, not a place.

mod examples;
mod measures;
mod rated;
mod themes;
mod whom;

use std::collections::{BTreeMap, BTreeSet};

use self::measures::Measures;
pub(super) use self::rated::Rated;
pub(super) use self::whom::Whom;
use super::agents::{self, require};
use super::case::{Asked, Case, bare_score};
use super::rating::{self, Ratings};
use super::{Colleague, Colleagues, Entry, Found};
use crate::coach::{
    self, AgentMeasures, Band, Card, Comparison, Focus, Reading, Review, Scorecard, Speed, Subject,
};
use crate::kpi::definition::Definition;
use crate::kpi::{
    Answer, Base, Cell, ChartKind, Counted, Kpi, KpiError, Score, Table, Tables, Unit,
};
use crate::plan::Span;

/// Name of the KPI.
pub(super) const NAME: &str = "scorecard";
/// Tickets of low ratings that a card names, at most; the card shows fewer.
const EXAMPLES_MAX: usize = 3;

static KPI: Kpi = Kpi {
    name: NAME,
    title: "Scorecard",
    unit: Unit::Percent,
    range: (Some(0.0), Some(100.0)),
    definition_version: 1,
    formula: "satisfied customers beside what the same kinds of tickets get from everybody; bands, \
        no ranks",
    charts: &[ChartKind::Funnel],
    is_higher_better: Some(true),
};

static DEFINITION: Definition = Definition {
    expression: "csat of a team or agent = share of all + tau²/(tau² + v) d; d = (x - E)/n: x positive \
        ratings of n, E expected of the channels and categories of the tickets, v variance of d by \
        chance, tau² between them (DerSimonian and Laird); of fewer than 5 the raw share",
    interval: "of the share: ± 1.96 sqrt(tau² v/(tau² + v)); of fewer than 5: Wilson; bands: funnel of \
        the arcsine of the root of d + the share of all, 95 % and 99.8 %, with overdispersion",
    source: "DerSimonian and Laird 1986; Spiegelhalter 2005 (funnel)",
    edge_cases: &[
        "who resolved the ticket when the survey was sent is said by the answer; later reassignment \
         changes nothing, and neither does a later change of team",
        "by=team unless by=agent or where.agent asks for agents; a filter on teams or agents chooses \
         who is shown, and everybody is compared with everybody",
        "channel and category of the ticket with fewer than 30 ratings fall back to the category, \
         then to the channel, then to all",
        "above or below expected: outside 99.8 % now, or outside 95 % now and in the time before; \
         fewer than 5 teams or agents have no band",
        "fewer than 20 ratings, or ratings of fewer than 10 customers: not enough yet, and no number \
         of how they were rated",
        "lines are in the order of names: nobody is ranked",
        "handling time: medians of the kinds of tickets of which there are at least 10, weighted by \
         them, beside the medians of everybody's; only where the quality is known too",
        "themes: the two most frequent in comments of own customers, each of at least [privacy] \
         min_group_verbatim customers; examples: tickets, for agents alone, and never of surveys that \
         promised anonymity",
        "focus: the measure furthest below what is expected beyond chance (5 % each, 10 % false over \
         all), else the theme most criticised, from 5 comments on, else none",
        "where a survey is asked in both modes, ratings are transactional unless mode says otherwise",
        "off until [agents] enabled; numbers of single agents reach back as far as [agents] kept",
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

/// The columns after the first, which is the team or the agent.
const COLUMNS: [(&str, &str); 22] = [
    ("band", "text"),
    ("n_tickets", "count"),
    ("n_ratings", "count"),
    ("n_customers", "count"),
    ("csat", "percent"),
    ("csat_low", "percent"),
    ("csat_high", "percent"),
    ("csat_expected", "percent"),
    ("ces", "percent"),
    ("fcr", "percent"),
    ("fcr_expected", "percent"),
    ("reopen_rate", "percent"),
    ("reopen_expected", "percent"),
    ("handling_time", "seconds"),
    ("handling_expected", "seconds"),
    ("quality", "points"),
    ("n_reviews", "count"),
    ("n_peer_reviews", "count"),
    ("theme_1", "text"),
    ("theme_2", "text"),
    ("focus", "text"),
    ("examples", "text"),
];

fn answer(case: &Case<'_>) -> Result<Answer, KpiError> {
    require(case)?;
    let asked = rating::asked(case)?;
    let before = asked.before;
    let span = Span {
        start: before.map_or(asked.span.start, |before| {
            before.start.min(asked.span.start)
        }),
        end: asked.span.end,
    };
    if span.start >= span.end {
        return Ok(nobody(case, &asked));
    }
    let ratings = Ratings::read(&asked, span, NAME)?;
    let whom = Whom::new(NAME, &case.query, &ratings)?;
    if !whom.are_teams {
        agents::require_kept(case, asked.span.start)?;
    }
    let min_group = case.settings.min_group;
    let rated = Rated::new(&ratings, &whom, asked.span);
    let review = rated.review(min_group);
    let earlier = before.map(|before| Rated::new(&ratings, &whom, before).review(min_group));
    let told = rated.told(&review, min_group, asked.desk.is_promised);
    let bands: BTreeMap<String, Band> = review.bands(earlier.as_ref()).into_iter().collect();
    let mut cards = Cards {
        case,
        asked: &asked,
        ratings: &ratings,
        whom: &whom,
        review: &review,
        told: &told,
        bands: &bands,
        measures: Measures::read(case, &whom)?,
        themes: BTreeMap::new(),
    };
    cards.read_themes();
    let table = cards.table(&rated)?;
    let found = Found::Scorecard(cards.colleagues());
    let (tally, n_persons) = rated.all();
    let is_told = n_persons >= min_group;
    let percent = |share: f64| 100.0 * share;
    let interval = tally.interval().filter(|_| is_told);
    let total = Score {
        value: tally.rate().filter(|_| is_told).map(percent),
        low: interval.map(|(low, _)| percent(low)),
        high: interval.map(|(_, high)| percent(high)),
        base: if is_told { Base::Ok } else { Base::Hidden },
        ..bare_score(tally.n())
    };
    let tables = Tables {
        main: table,
        ..Tables::default()
    };
    let mut answer = case.around(&asked.frame, before, total, found, tables);
    answer.mode = asked.subject.mode;
    answer.notes.clone_from(&asked.subject.notes);
    answer
        .notes
        .extend(note(review.case_mix.comparison, whom.are_teams));
    Ok(answer)
}

fn nobody(case: &Case<'_>, asked: &Asked<'_>) -> Answer {
    let found = Found::Nothing(super::Gap::FewAnswers { n: 0, needed: 1 });
    let tables = Tables {
        main: Table::new(&columns(true)),
        ..Tables::default()
    };
    case.around(&asked.frame, asked.before, bare_score(0), found, tables)
}

fn note(comparison: Comparison, are_teams: bool) -> Option<String> {
    let whose = if are_teams { "teams" } else { "agents" };
    match comparison {
        Comparison::Differ => None,
        Comparison::Nobody => Some(format!("no {whose} were rated in this time")),
        Comparison::TooFew { .. } => Some(format!("{whose}: {comparison}, and without a band")),
        Comparison::NoDifference => {
            Some(format!("{whose}: {comparison}; all are shown as the whole"))
        }
    }
}

fn columns(are_teams: bool) -> Vec<(&'static str, &'static str)> {
    let first = if are_teams {
        agents::TEAM
    } else {
        agents::AGENT
    };
    std::iter::once((first, "text")).chain(COLUMNS).collect()
}

/// What the cards are made of.
struct Cards<'c, 'a> {
    case: &'c Case<'a>,
    asked: &'c Asked<'a>,
    ratings: &'c Ratings,
    whom: &'c Whom,
    review: &'c Review,
    /// Keys whose ratings are told.
    told: &'c BTreeSet<String>,
    bands: &'c BTreeMap<String, Band>,
    measures: Measures,
    themes: BTreeMap<String, Vec<coach::Theme>>,
}

impl Cards<'_, '_> {
    /// Whether tickets may be named: to people who may see the agent, and not where customers were
    /// promised anonymity.
    fn has_examples(&self) -> bool {
        !self.whom.are_teams && !self.asked.desk.is_promised
    }

    fn read_themes(&mut self) {
        let settings = self.case.settings;
        let min_group = settings.min_group_verbatim.max(settings.min_group);
        let has_examples = self.has_examples();
        self.themes = themes::themes(
            self.ratings,
            self.whom,
            self.asked.span,
            min_group,
            has_examples,
            &self.case.settings.library,
        );
    }

    /// Returns a line for everybody with ratings who was asked for, in the order of names.
    fn table(&self, rated: &Rated<'_>) -> Result<Table, KpiError> {
        let mut table = Table::new(&columns(self.whom.are_teams));
        let mut keys: Vec<&String> = (self.review.case_mix.peers.iter())
            .map(|peer| &peer.name)
            .filter(|key| Whom::is_shown(key))
            .collect();
        keys.sort_by_key(|key| self.whom.name(key));
        for key in keys {
            let n_tickets = self.measures.n_tickets(key);
            let card = match self.told.contains(key) {
                true => coach::scorecard(&self.measured(key)),
                false => Scorecard::NotEnough {
                    name: key.clone(),
                    n_tickets,
                    volume: coach::Volume::default(),
                },
            };
            let line = match card {
                Scorecard::Full(card) => self.line(key, &card)?,
                Scorecard::NotEnough { .. } => {
                    let volume = rated.volume(key, self.case.settings.min_group);
                    let volume = volume.filter(|_| !self.asked.desk.is_promised);
                    let mut line = vec![Cell::Missing; table.columns.len()];
                    line[0] = Cell::Text(self.whom.name(key).to_owned());
                    line[1] = Cell::Text(Band::NotEnough.to_string());
                    line[2] = Cell::Count(n_tickets);
                    line[3] = Cell::count(volume.map(|volume| volume.n_ratings));
                    line[4] = Cell::count(volume.map(|volume| volume.n_customers));
                    line
                }
            };
            table.rows.push(line);
        }
        Ok(table)
    }

    fn measured(&self, key: &str) -> AgentMeasures {
        let mut readings = self.measures.readings(key);
        readings.extend(self.satisfaction(key));
        AgentMeasures {
            name: key.to_owned(),
            n_tickets: self.measures.n_tickets(key),
            volume: self.review.volume(key),
            band: self.bands.get(key).copied().unwrap_or(Band::NotEnough),
            readings,
            themes: self.themes.get(key).cloned().unwrap_or_default(),
        }
    }

    fn satisfaction(&self, key: &str) -> Option<Reading> {
        let found = &self.review.case_mix;
        let peer = found.peer(key)?;
        Some(Reading {
            subject: Subject::Csat,
            value: peer.headline.value,
            interval: peer.headline.interval,
            expected: measures::expected(found, peer),
            n: peer.tally.n(),
            examples: self.low_rated(key),
        })
    }

    /// Returns tickets with the lowest ratings, of equal ones the latest.
    fn low_rated(&self, key: &str) -> Vec<String> {
        if !self.has_examples() {
            return Vec::new();
        }
        let span = self.asked.span;
        let in_time = span.start.as_microsecond()..span.end.as_microsecond();
        let mut low: Vec<(f64, i64, &str)> = (self.ratings.iter())
            .filter(|one| !one.is_positive && in_time.contains(&one.at))
            .filter(|one| self.whom.key_of_rating(one).as_deref() == Some(key))
            .filter_map(|one| Some((one.score, one.at, one.ticket?)))
            .collect();
        low.sort_by(|one, other| one.0.total_cmp(&other.0).then(other.1.cmp(&one.1)));
        low.truncate(EXAMPLES_MAX);
        let tickets = low.into_iter().map(|(.., ticket)| ticket.to_owned());
        tickets.collect()
    }

    fn line(&self, key: &str, card: &Card) -> Result<Vec<Cell>, KpiError> {
        let of = |subject: Subject| card.quality.iter().find(|one| one.subject == subject);
        let percent = |value: Option<f64>| Cell::number(value.map(|share| 100.0 * share));
        let value = |subject: Subject| percent(of(subject).map(|one| one.value));
        let expected = |subject: Subject| percent(of(subject).map(|one| one.expected));
        let interval = of(Subject::Csat).and_then(|one| one.interval);
        let speed = match &card.speed {
            Speed::Shown(speed) => Some(speed),
            Speed::WithheldWithoutQuality | Speed::NotMeasured => None,
        };
        let theme = |idx: usize| Cell::text(card.themes.get(idx).map(|theme| theme.name.as_str()));
        let (n_reviews, n_peer_reviews) = self.measures.n_reviews(key);
        let examples = self.examples(key, &card.focus)?;
        Ok(vec![
            Cell::Text(self.whom.name(key).to_owned()),
            Cell::Text(card.band.to_string()),
            Cell::Count(card.n_tickets),
            Cell::Count(card.volume.n_ratings),
            Cell::Count(card.volume.n_customers),
            value(Subject::Csat),
            percent(interval.map(|(low, _)| low)),
            percent(interval.map(|(_, high)| high)),
            expected(Subject::Csat),
            value(Subject::Ease),
            value(Subject::FirstContact),
            expected(Subject::FirstContact),
            value(Subject::Reopen),
            expected(Subject::Reopen),
            Cell::number(speed.map(|speed| speed.value)),
            Cell::number(speed.map(|speed| speed.expected)),
            Cell::number(of(Subject::Quality).map(|one| one.value)),
            Cell::Count(n_reviews),
            Cell::Count(n_peer_reviews),
            theme(0),
            theme(1),
            Cell::Text(card.focus.to_string()),
            Cell::text(Some(examples.join(", ").as_str()).filter(|text| !text.is_empty())),
        ])
    }

    fn examples(&self, key: &str, focus: &Focus) -> Result<Vec<String>, KpiError> {
        match focus {
            Focus::Measure { subject, examples } if examples.is_empty() && self.has_examples() => {
                examples::examples(self.case, *subject, key)
            }
            Focus::Measure { examples, .. } | Focus::Theme { examples, .. } => Ok(examples.clone()),
            Focus::Keep => Ok(Vec::new()),
        }
    }

    /// Returns what a picture draws: everybody with enough ratings.
    fn colleagues(&self) -> Colleagues {
        let peers = self.review.case_mix.peers.iter();
        let mut members: Vec<Colleague> = peers
            .filter(|peer| self.told.contains(&peer.name))
            .filter(|peer| !self.whom.are_teams || Whom::is_shown(&peer.name))
            .map(|peer| Colleague {
                name: match Whom::is_shown(&peer.name) {
                    true => self.whom.name(&peer.name).to_owned(),
                    false => String::new(),
                },
                n: peer.tally.n(),
                rate: peer.rate,
                band: self
                    .bands
                    .get(&peer.name)
                    .copied()
                    .unwrap_or(Band::NotEnough),
                is_own: self.whom.is_chosen() && Whom::is_shown(&peer.name),
            })
            .collect();
        members.sort_by(|one, other| one.name.cmp(&other.name).then(one.n.cmp(&other.n)));
        Colleagues {
            funnel: self.review.funnel.clone(),
            members,
            are_teams: self.whom.are_teams,
        }
    }
}
