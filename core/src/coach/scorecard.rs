//! One agent's card: how well and how fast side by side, what customers say, one thing to work on.

use super::band::{Band, Volume};
use super::focus::{Focus, N_EXAMPLES_MAX, N_READING_MIN, Reading, focus};

/// Themes shown on a card.
const N_THEMES_MAX: usize = 2;

/// Fewest comments in which a theme is one.
const N_COMMENTS_MIN: u64 = 3;

/// A theme of the comments on one agent's tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// Its name.
    pub name: String,
    /// Comments it is in.
    pub n_comments: u64,
    /// Those of them that came with a rating that is not positive.
    pub n_critical: u64,
    /// References of tickets that show it, the best examples first.
    pub examples: Vec<String>,
}

/// What is measured of one agent in a period.
#[derive(Debug, Clone, PartialEq)]
pub struct AgentMeasures {
    /// Who.
    pub name: String,
    /// Tickets solved.
    pub n_tickets: u64,
    /// Ratings and customers.
    pub volume: Volume,
    /// Beside the colleagues, after case mix.
    pub band: Band,
    /// Measures, at most one of a subject, in any order.
    pub readings: Vec<Reading>,
    /// Themes of the comments on own tickets, in any order.
    pub themes: Vec<Theme>,
}

/// How fast an agent is, never without how well.
#[derive(Debug, Clone, PartialEq)]
pub enum Speed {
    /// Handling time, beside the quality on the same card.
    Shown(Reading),
    /// Not shown, because nothing is known of the quality.
    WithheldWithoutQuality,
    /// Not measured, or of too few tickets.
    NotMeasured,
}

/// One agent's card.
#[derive(Debug, Clone, PartialEq)]
pub enum Scorecard {
    /// Too few ratings or customers: how much work there was, and nothing of how it was rated.
    NotEnough {
        /// Who.
        name: String,
        /// Tickets solved.
        n_tickets: u64,
        /// Ratings and customers.
        volume: Volume,
    },
    /// A card.
    Full(Card),
}

/// What a card shows.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Who.
    pub name: String,
    /// Tickets solved.
    pub n_tickets: u64,
    /// Ratings and customers.
    pub volume: Volume,
    /// Beside the colleagues; never a rank.
    pub band: Band,
    /// How well: every measure but speed that rests on enough, in the order of subjects.
    pub quality: Vec<Reading>,
    /// How fast.
    pub speed: Speed,
    /// The most frequent themes of own comments, at most two.
    pub themes: Vec<Theme>,
    /// One suggestion.
    pub focus: Focus,
}

/// Returns the card of one agent.
#[must_use]
pub fn scorecard(measures: &AgentMeasures) -> Scorecard {
    let AgentMeasures {
        name,
        n_tickets,
        volume,
        band,
        ..
    } = measures;
    if !volume.is_enough() {
        return Scorecard::NotEnough {
            name: name.clone(),
            n_tickets: *n_tickets,
            volume: *volume,
        };
    }
    let mut readings: Vec<Reading> = measures.readings.iter().filter(is_told).cloned().collect();
    readings.sort_by_key(|reading| reading.subject);
    readings.dedup_by_key(|reading| reading.subject);
    for reading in &mut readings {
        reading.examples.truncate(N_EXAMPLES_MAX);
    }
    let (quality, speed) = paired(readings);
    let shown: Vec<Reading> = match &speed {
        Speed::Shown(speed) => quality.iter().chain([speed]).cloned().collect(),
        Speed::WithheldWithoutQuality | Speed::NotMeasured => quality.clone(),
    };
    Scorecard::Full(Card {
        name: name.clone(),
        n_tickets: *n_tickets,
        volume: *volume,
        band: *band,
        focus: focus(&shown, &measures.themes),
        quality,
        speed,
        themes: top(&measures.themes),
    })
}

fn is_told(reading: &&Reading) -> bool {
    reading.n >= N_READING_MIN && reading.value.is_finite() && reading.expected.is_finite()
}

/// Returns how well and how fast, the latter only beside the former.
fn paired(readings: Vec<Reading>) -> (Vec<Reading>, Speed) {
    let (mut speed, quality): (Vec<Reading>, Vec<Reading>) = readings
        .into_iter()
        .partition(|reading| reading.subject.is_speed());
    let speed = match (speed.pop(), quality.is_empty()) {
        (None, _) => Speed::NotMeasured,
        (Some(_), true) => Speed::WithheldWithoutQuality,
        (Some(speed), false) => Speed::Shown(speed),
    };
    (quality, speed)
}

fn top(themes: &[Theme]) -> Vec<Theme> {
    let is_theme = |theme: &&Theme| theme.n_comments >= N_COMMENTS_MIN;
    let mut told: Vec<Theme> = themes.iter().filter(is_theme).cloned().collect();
    told.sort_by(|a, b| b.n_comments.cmp(&a.n_comments).then(a.name.cmp(&b.name)));
    told.truncate(N_THEMES_MAX);
    for theme in &mut told {
        theme.examples.truncate(N_EXAMPLES_MAX);
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::focus::Subject;
    use super::*;

    fn reading(subject: Subject, value: f64, n: u64) -> Reading {
        Reading {
            subject,
            value,
            interval: Some((value - 0.01, value + 0.01)),
            expected: 0.8,
            n,
            examples: (1..9).map(|idx| format!("T-{idx}")).collect(),
        }
    }

    fn theme(name: &str, n_comments: u64) -> Theme {
        Theme {
            name: name.to_owned(),
            n_comments,
            n_critical: 0,
            examples: Vec::new(),
        }
    }

    fn measures(readings: Vec<Reading>) -> AgentMeasures {
        AgentMeasures {
            name: "ann".to_owned(),
            n_tickets: 120,
            volume: Volume {
                n_ratings: 30,
                n_customers: 25,
            },
            band: Band::Within,
            readings,
            themes: vec![
                theme("tone", 4),
                theme("waiting", 9),
                theme("refund", 4),
                theme("app", 2),
            ],
        }
    }

    fn card(measures: &AgentMeasures) -> Card {
        match scorecard(measures) {
            Scorecard::Full(card) => card,
            Scorecard::NotEnough { .. } => panic!("a full card"),
        }
    }

    fn subjects(card: &Card) -> Vec<Subject> {
        card.quality.iter().map(|reading| reading.subject).collect()
    }

    #[test]
    fn how_well_and_how_fast_stand_side_by_side() {
        let found = card(&measures(vec![
            reading(Subject::HandlingTime, 0.8, 90),
            reading(Subject::Reopen, 0.9, 90),
            reading(Subject::Csat, 0.8, 30),
            reading(Subject::Quality, 0.8, 9),
        ]));
        assert_eq!(subjects(&found), [Subject::Csat, Subject::Reopen]);
        assert!(matches!(&found.speed, Speed::Shown(speed) if speed.subject.is_speed()));
        assert_eq!(found.focus.to_string(), "look at reopened tickets");
        assert_eq!(found.quality[0].examples.len(), N_EXAMPLES_MAX);
    }

    #[test]
    fn speed_never_stands_alone_nor_is_suggested_alone() {
        let found = card(&measures(vec![
            reading(Subject::HandlingTime, 2.0, 90),
            reading(Subject::Csat, 0.1, 9),
        ]));
        assert_eq!(found.speed, Speed::WithheldWithoutQuality);
        assert!(found.quality.is_empty());
        assert_eq!(found.focus, Focus::Keep);
        let found = card(&measures(vec![reading(Subject::Csat, 0.8, 30)]));
        assert_eq!(found.speed, Speed::NotMeasured);
    }

    #[test]
    fn the_two_most_frequent_themes_are_shown() {
        let names: Vec<String> = card(&measures(Vec::new()))
            .themes
            .into_iter()
            .map(|theme| theme.name)
            .collect();
        assert_eq!(names, ["waiting", "refund"]);
    }

    #[test]
    fn a_thin_card_says_nothing_of_how_it_was_rated() {
        let thin = AgentMeasures {
            volume: Volume {
                n_ratings: 19,
                n_customers: 19,
            },
            ..measures(vec![reading(Subject::Csat, 0.1, 19)])
        };
        assert_eq!(
            scorecard(&thin),
            Scorecard::NotEnough {
                name: "ann".to_owned(),
                n_tickets: 120,
                volume: thin.volume
            }
        );
    }

    #[test]
    fn what_is_no_number_is_not_shown() {
        let found = card(&measures(vec![
            reading(Subject::Csat, f64::NAN, 30),
            reading(Subject::Ease, 0.8, 30),
        ]));
        assert_eq!(subjects(&found), [Subject::Ease]);
    }
}
