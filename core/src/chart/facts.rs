//! What a figure says in words, each from the fullest wording to the shortest.

mod about;
mod goal;
mod insight;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::insight::Insight;
use super::numerals::{self, THIN};
use super::sheet::Sheet;
use super::theme::Rgb;
use super::words::filled;
use super::{Figure, Freshness, Language};
use crate::kpi::{Base, Bound, Change, Unit};

pub use goal::goal_mark;
pub(super) use insight::{meanings, shown};

/// How much there is to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// A score, perhaps with a low base.
    Scored,
    /// Enough answers to count, too few to score.
    CountsOnly,
    /// Fewer answers than the smallest group.
    Hidden,
    /// Nobody answered.
    NoAnswers,
    /// Enough to say something of, but nothing follows from it yet.
    Unknown,
}

/// Which colour a fact takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Good,
    Poor,
    Goal,
    /// A verdict on ground of its own; whether it is good, where that is known.
    Chip(Option<bool>),
}

/// Which way the sign before a fact points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arrow {
    Up,
    Down,
}

impl Arrow {
    /// Draws the arrow as a capital letter would stand at `at` in letters of this size.
    pub(super) fn draw(self, sheet: &mut Sheet<'_>, at: (f64, f64), size_px: f64, colour: Rgb) {
        let (left, right) = (at.0, at.0 + 0.68 * size_px);
        let (base, tip) = match self {
            Self::Up => (at.1 - 0.04 * size_px, at.1 - 0.66 * size_px),
            Self::Down => (at.1 - 0.66 * size_px, at.1 - 0.04 * size_px),
        };
        let corners = [
            (left, base),
            (right, base),
            (f64::midpoint(left, right), tip),
        ];
        sheet.polygon(&corners, colour);
    }
}

/// One line beside the headline.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Fact {
    /// Wordings, longest first.
    pub(super) wordings: Vec<String>,
    pub(super) tone: Tone,
    pub(super) arrow: Option<Arrow>,
}

/// The badge of data that are older than they should be.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Badge {
    /// Wordings, longest first.
    pub(super) wordings: Vec<String>,
    pub(super) is_alarm: bool,
}

/// Everything a picture says besides its marks.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Facts {
    pub(super) state: State,
    /// The number, full and short.
    pub(super) headline: (String, String),
    /// Word after the number, such as `points`; empty for counts.
    pub(super) unit: String,
    /// Change, spread, goal; most important first.
    pub(super) lines: Vec<Fact>,
    /// Age of the data, longest first.
    pub(super) as_of: Vec<String>,
    pub(super) badge: Option<Badge>,
}

impl Facts {
    pub(super) fn new(figure: &Figure, language: Language) -> Self {
        let state = state(figure);
        let spread = spread(figure, state, language);
        let found = insight::facts(figure, state, language);
        let lines = [
            figure
                .answer
                .change
                .as_ref()
                .filter(|_| state == State::Scored)
                .map(|change| change_fact(figure, change, language)),
            goal::goal(figure, language),
            waiting(figure, state, language),
        ];
        let about = about::facts(figure, state, language);
        let lines = lines.into_iter().flatten().chain(about);
        Self {
            state,
            headline: headline(figure, state, language),
            unit: unit(figure, state, language),
            lines: spread.into_iter().chain(found).chain(lines).collect(),
            as_of: as_of(figure, language),
            badge: badge(figure, language),
        }
    }
}

/// Returns the zone of the answer's buckets.
pub(super) fn zone(figure: &Figure) -> TimeZone {
    TimeZone::get(&figure.answer.timezone).unwrap_or(TimeZone::UTC)
}

fn state(figure: &Figure) -> State {
    let (total, unit) = (&figure.answer.total, figure.answer.kpi.unit);
    let is_refused = matches!(figure.insight, Some(Insight::Refused(_)));
    match (total.n, total.base, total.value) {
        // Why nothing is said is said, except of what nobody may know.
        _ if is_refused && total.base != Base::Hidden => State::Unknown,
        // A count needs no base: seven answers are seven answers.
        (_, _, Some(_)) if unit == Unit::Count => State::Scored,
        (Some(0), ..) => State::NoAnswers,
        (_, Base::Hidden, _) | (None, ..) => State::Hidden,
        (_, Base::CountsOnly, _) => State::CountsOnly,
        (_, _, None) => State::Unknown,
        (_, _, Some(_)) => State::Scored,
    }
}

fn headline(figure: &Figure, state: State, language: Language) -> (String, String) {
    let kpi = figure.answer.kpi;
    match (state, figure.answer.total.value) {
        (State::Scored, Some(score)) => {
            let full = numerals::value(score, kpi, language);
            let short = if score.abs() >= 10_000.0 && kpi.unit != Unit::Seconds {
                numerals::compact(score, 0, language)
            } else {
                full.clone()
            };
            // Of anonymous answers that all agree only a bound is told.
            let mark = match figure.answer.total.bound {
                Some(Bound::AtLeast) => format!("≥{THIN}"),
                Some(Bound::AtMost) => format!("≤{THIN}"),
                None => String::new(),
            };
            (format!("{mark}{full}"), format!("{mark}{short}"))
        }
        _ => ("–".to_owned(), "–".to_owned()),
    }
}

fn unit(figure: &Figure, state: State, language: Language) -> String {
    match (state, figure.answer.kpi.unit) {
        (State::Scored, Unit::Points) => language.words().points.to_owned(),
        (State::Scored, Unit::Money) => figure.answer.currency.clone().unwrap_or_default(),
        (State::Scored, _) => about::when(figure, language).to_owned(),
        _ => String::new(),
    }
}

/// Returns the interval and the count behind a score, or why there is none.
fn spread(figure: &Figure, state: State, language: Language) -> Option<Fact> {
    let words = language.words();
    let total = &figure.answer.total;
    let kpi = figure.answer.kpi;
    let n = total.n.map(|n| n_equals(n, language));
    let wordings = match state {
        State::NoAnswers | State::Hidden => vec![capital(nothing(figure, state, language))],
        State::Unknown => {
            let unknown = language.phrases().unknown;
            let full = n.map(|n| format!("{unknown} · {n}"));
            full.into_iter().chain([unknown.to_owned()]).collect()
        }
        State::CountsOnly => counts_only(figure, language),
        State::Scored if kpi.unit == Unit::Count && total.low.is_none() => return None,
        State::Scored => {
            let mut n = n?;
            let plain_n = n.clone();
            if total.base == Base::Low {
                n = format!("{n}, {}", words.low_base);
            }
            match (total.low, total.high) {
                (Some(low), Some(high)) => {
                    let decimals = numerals::decimals(kpi);
                    let number = |end| numerals::amount(end, decimals, kpi, language);
                    let (low, high) = (number(low), number(high));
                    let interval = filled(words.interval, &[&low, &high]);
                    vec![
                        format!("{interval} · {n}"),
                        format!("{low} … {high} · {n}"),
                        n,
                        plain_n,
                    ]
                }
                _ => vec![n, plain_n],
            }
        }
    };
    let tone = if state == State::Scored {
        Tone::Plain
    } else {
        Tone::Strong
    };
    Some(Fact {
        wordings,
        tone,
        arrow: None,
    })
}

/// Returns the words for nothing, or nothing that may be shown.
pub(super) fn nothing(figure: &Figure, state: State, language: Language) -> &'static str {
    let (words, phrases) = (language.words(), language.phrases());
    let none = phrases.none_of(figure.answer.kpi.counted());
    match (state, none) {
        (State::NoAnswers, _) if about::has_cohorts(figure) => phrases.young,
        (State::Hidden, Some(_)) => phrases.too_few,
        (State::Hidden, None) => words.hidden,
        (_, none) => none.unwrap_or(words.no_answers),
    }
}

/// Returns the words for too few to have a score.
pub(super) fn too_few(figure: &Figure, language: Language) -> &'static str {
    match language.phrases().none_of(figure.answer.kpi.counted()) {
        Some(_) => language.phrases().too_few_for_value,
        None => language.words().counts_only,
    }
}

fn counts_only(figure: &Figure, language: Language) -> Vec<String> {
    let words = language.words();
    let total = &figure.answer.total;
    let n = n_equals(total.n.unwrap_or(0), language);
    let counts: Vec<String> = total
        .counts
        .iter()
        .filter(|(name, _)| words.is_class(name))
        .map(|(name, count)| format!("{} {count}", words.count(name)))
        .collect();
    let why = too_few(figure, language);
    let mut wordings = vec![format!("{why} · {n}")];
    if !counts.is_empty() {
        wordings.insert(0, format!("{why} · {}", counts.join(", ")));
    }
    wordings.push(n);
    wordings
}

pub(super) fn n_equals(n: u64, language: Language) -> String {
    format!("n\u{a0}=\u{a0}{}", numerals::count(n, language))
}

/// Returns, beside a median time, the time of nine in ten and the number that still waits.
fn waiting(figure: &Figure, state: State, language: Language) -> Option<Fact> {
    let total = &figure.answer.total;
    if figure.answer.kpi.unit != Unit::Seconds || state != State::Scored {
        return None;
    }
    let words = language.words();
    let decile = total.secondary.iter().find(|(name, _)| *name == "p90");
    let within = decile.map(|(_, decile)| {
        let decile = numerals::duration(*decile, language);
        filled(words.within, &[&decile])
    });
    let open = total.counts.iter().find(|(name, _)| *name == "open");
    let open = open.map(|(_, n)| filled(words.open, &[&numerals::count(*n, language)]));
    let wordings = match (within, open) {
        (Some(within), Some(open)) => vec![format!("{within} · {open}"), within],
        (one, other) => one.or(other).into_iter().collect(),
    };
    (!wordings.is_empty()).then_some(Fact {
        wordings,
        tone: Tone::Plain,
        arrow: None,
    })
}

/// Returns the size of a change without its sign.
fn change_size(figure: &Figure, change: &Change, language: Language) -> String {
    let kpi = figure.answer.kpi;
    let decimals = numerals::change_decimals(kpi);
    numerals::amount(change.value.abs(), decimals, kpi, language)
}

/// Whether a greater value is better: of a mean that depends on how its question was asked.
pub(super) fn is_higher_better(figure: &Figure) -> Option<bool> {
    let answer = &figure.answer;
    let is_turned = answer.is_lower_better && answer.kpi.unit == Unit::Score;
    answer.kpi.is_higher_better.map(|is_up| is_up != is_turned)
}

fn change_fact(figure: &Figure, change: &Change, language: Language) -> Fact {
    let words = language.words();
    let size = change_size(figure, change, language);
    let verdict = if change.is_changed {
        words.changed
    } else {
        words.unchanged
    };
    let is_better = is_higher_better(figure).map(|is_up| is_up == (change.value > 0.0));
    let tone = match (change.is_changed, is_better) {
        (true, Some(true)) => Tone::Good,
        (true, Some(false)) => Tone::Poor,
        _ => Tone::Plain,
    };
    let arrow = match change.value {
        rise if rise > 0.0 => Some(Arrow::Up),
        fall if fall < 0.0 => Some(Arrow::Down),
        _ => None,
    };
    Fact {
        wordings: vec![
            format!("{size} {} · {verdict}", words.before),
            format!("{size} · {verdict}"),
            size,
        ],
        tone,
        arrow,
    }
}

/// Returns the instant up to which every source behind the answer had delivered.
fn delivered_at(figure: &Figure) -> Timestamp {
    let answer = &figure.answer;
    let oldest = answer
        .sources
        .iter()
        .filter_map(|source| source.last_success)
        .min();
    let told = match figure.freshness {
        Freshness::Stale(at) | Freshness::Failing(at) => at,
        Freshness::Fresh => None,
    };
    [oldest, told]
        .into_iter()
        .flatten()
        .fold(answer.as_of, Timestamp::min)
}

fn as_of(figure: &Figure, language: Language) -> Vec<String> {
    let words = language.words();
    let (zone, at) = (zone(figure), delivered_at(figure));
    let (long, short) = numerals::clock(at, &zone, language);
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let mut wordings = vec![filled(words.as_of, &[&long])];
    // A time alone means today.
    if day(at) == day(figure.answer.as_of) {
        wordings.push(filled(words.as_of, &[&short]));
        wordings.push(filled(words.as_of_short, &[&short]));
    } else {
        wordings.push(filled(words.as_of_short, &[&long]));
        wordings.push(long);
    }
    wordings
}

fn badge(figure: &Figure, language: Language) -> Option<Badge> {
    let words = language.words();
    let old = |at: Timestamp| {
        let age: SignedDuration = figure.answer.as_of.duration_since(at);
        let age = numerals::age(age, language);
        (filled(words.old, &[&age]), age)
    };
    match figure.freshness {
        Freshness::Fresh => None,
        Freshness::Stale(Some(at)) => {
            let (long, short) = old(at);
            Some(Badge {
                wordings: vec![long, short],
                is_alarm: false,
            })
        }
        Freshness::Stale(None) => Some(Badge {
            wordings: vec![words.stale_never.to_owned()],
            is_alarm: false,
        }),
        Freshness::Failing(at) => {
            let mut wordings = vec![words.failing.to_owned()];
            if let Some(at) = at {
                let (long, short) = old(at);
                wordings.insert(0, format!("{} · {long}", words.failing));
                wordings.push(short);
            }
            Some(Badge {
                wordings,
                is_alarm: true,
            })
        }
    }
}

/// Returns the text with a capital first letter.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}
