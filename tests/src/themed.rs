//! What is found in the comments of demo companies, seed by seed: the theme that appears in one that
//! has it, and what is claimed of one in which every day is like every other.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, LazyLock};

use jiff::civil::date;
use vocd::demo::{Company, Effects, Reply, Scope};
use vocd::improve::{Items, Reason, pareto};
use vocd::theme::{Comment, Library, Terms, emerging, holders};

/// Persons of whom a term or theme is told: the default of `min_group_verbatim`.
const PERSONS_MIN: usize = 10;
/// Days of a time, and how many such times lie before it.
const DAYS: i64 = 84;
const TIMES_BEFORE: i64 = 3;
/// Words that only the planted theme has, as terms write them.
const PLANTED: [&str; 2] = ["factor", "faktor"];

/// Themes that it belongs to.
const BELONGS: [&str; 2] = ["online", "privacy"];

static LIBRARY: LazyLock<Library> = LazyLock::new(Library::default);

/// What was found of one company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claims {
    /// Terms that are told as new.
    pub n_new: usize,
    /// Themes that are told as spoken of more or less often.
    pub n_changed: usize,
    /// Whether a new term is one of the planted theme.
    pub is_planted_new: bool,
    /// Whether a theme that it belongs to is spoken of more often.
    pub is_planted_more: bool,
}

/// Returns what is found of the 12 weeks after the planted theme appears.
///
/// # Panics
/// When a company of two years has no theme well inside, which a test of the demo holds.
#[must_use]
pub fn planted(seed: u64) -> Claims {
    let company = draw(seed, Effects::Truths);
    let mut themes = company.truths.themes.iter().rev();
    let is_inside = |day: i64| DAYS <= day && day + DAYS <= 730;
    let theme = themes.find(|theme| is_inside(theme.day));
    claims(&company, theme.expect("a theme well inside").day)
}

/// Returns what is found of 12 weeks of a company without any effect.
#[must_use]
pub fn still(seed: u64) -> Claims {
    claims(&draw(seed, Effects::Nothing), 420)
}

fn draw(seed: u64, effects: Effects) -> Company {
    let scope = Scope {
        seed,
        first: date(2024, 11, 1),
        until: date(2026, 11, 1),
        effects,
        n_fold: 1,
    };
    Company::draw(&scope).expect("a scope within the limits")
}

/// Comments of a time: who wrote them, and what they say.
struct Written {
    persons: Vec<u64>,
    terms: Vec<Arc<Terms>>,
}

impl Written {
    fn of(company: &Company, days: &Range<i64>) -> Self {
        let is_in = |reply: &&Reply| reply.recommend.is_some() && days.contains(&reply.day);
        let replies = company.replies.iter().filter(is_in);
        let written = replies.filter_map(|reply| {
            let comment = Comment {
                text: reply.comment.as_deref()?,
                locale: Some(reply.language),
                survey_language: None,
            };
            Some((reply.customer, comment))
        });
        let (persons, comments): (Vec<u64>, Vec<Comment<'_>>) = written.unzip();
        Self {
            persons,
            terms: LIBRARY.read(&comments),
        }
    }

    fn documents(&self) -> Vec<&Terms> {
        self.terms.iter().map(|terms| &**terms).collect()
    }

    fn n_persons(&self, positions: &[usize]) -> usize {
        let persons: BTreeSet<u64> = positions.iter().map(|at| self.persons[*at]).collect();
        persons.len()
    }

    fn themes(&self) -> BTreeMap<&str, Vec<usize>> {
        let mut themes: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, terms) in self.terms.iter().enumerate() {
            for mention in terms.mentions() {
                let theme = LIBRARY.taxonomy().theme_of(mention);
                themes.entry(&theme.id).or_default().push(at);
            }
        }
        themes
    }
}

/// Finds what is new in the time from a day, as `themes` does.
fn claims(company: &Company, day: i64) -> Claims {
    let now = Written::of(company, &(day..day + DAYS));
    let before = Written::of(company, &(day - DAYS..day));
    let earlier = Written::of(company, &(day - TIMES_BEFORE * DAYS..day));
    let words = now.documents();
    let mut found = emerging(&words, &earlier.documents()).terms;
    found.retain(|term| term.log_odds > 0.0);
    let told = found.iter().zip(holders(&found, &words));
    let told = told.filter(|(_, holders)| now.n_persons(holders) >= PERSONS_MIN);
    let new: Vec<&str> = told.map(|(term, _)| &*term.term).collect();
    let is_planted = |term: &&str| PLANTED.iter().any(|word| term.contains(word));
    let changed = changed(&now, &before);
    let belongs = |(name, is_more): &(String, bool)| *is_more && BELONGS.contains(&&**name);
    Claims {
        n_new: new.len(),
        n_changed: changed.len(),
        is_planted_more: changed.iter().any(belongs),
        is_planted_new: new.iter().any(is_planted),
    }
}

/// Returns the themes that are spoken of more or less often, and whether it is more.
fn changed(now: &Written, before: &Written) -> Vec<(String, bool)> {
    let (themes, were) = (now.themes(), before.themes());
    let names: BTreeSet<&str> = themes.keys().chain(were.keys()).copied().collect();
    let none = Vec::new();
    let reasons = names.into_iter().filter_map(|name| {
        let (is, was) = (themes.get(name), were.get(name));
        let (is, was) = (is.unwrap_or(&none), was.unwrap_or(&none));
        let is_told = now.n_persons(is).max(before.n_persons(was)) >= PERSONS_MIN;
        is_told.then_some(Reason {
            name,
            n: is.len() as u64,
            n_before: was.len() as u64,
        })
    });
    let items = Items {
        n: now.terms.len() as u64,
        n_before: Some(before.terms.len() as u64),
    };
    let bars = pareto(&reasons.collect::<Vec<_>>(), items).bars;
    let finds = bars.into_iter().filter(|bar| bar.is_find);
    let told = finds.map(|bar| {
        let is_more = bar.change.is_some_and(|change| change.value > 0.0);
        (bar.name, is_more)
    });
    told.collect()
}
