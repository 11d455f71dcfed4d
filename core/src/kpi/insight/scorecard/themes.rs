//! What customers speak of in the comments beside their ratings.

use std::collections::{BTreeMap, HashSet};

use super::whom::Whom;
use crate::coach::Theme;
use crate::kpi::insight::rating::{Rating, Ratings};
use crate::plan::Span;
use crate::theme::{Comment, Language, Library};

/// Comments that are read, the latest: about two seconds of one processor.
const COMMENTS_MAX: usize = 50_000;
/// Examples that are kept of a theme; the card shows fewer.
const EXAMPLES_MAX: usize = 3;

/// A theme while it is counted.
#[derive(Default)]
struct Counted {
    n_comments: u64,
    n_critical: u64,
    persons: HashSet<u64>,
    examples: Vec<String>,
}

/// Returns the themes of everybody who is shown; none of fewer than `min_group` persons.
pub(super) fn themes(
    ratings: &Ratings,
    whom: &Whom,
    span: Span,
    min_group: u64,
    has_examples: bool,
    library: &Library,
) -> BTreeMap<String, Vec<Theme>> {
    let (from, to) = (span.start.as_microsecond(), span.end.as_microsecond());
    let is_read = |one: &Rating<'_>| one.comment.is_some() && (from..to).contains(&one.at);
    let mut commented: Vec<(String, Rating<'_>)> = (ratings.iter().filter(is_read))
        .filter_map(|rating| Some((whom.key_of_rating(&rating)?, rating)))
        .filter(|(key, _)| Whom::is_shown(key))
        .collect();
    let n_early = commented.len().saturating_sub(COMMENTS_MAX);
    commented.drain(..n_early);
    if commented.is_empty() {
        return BTreeMap::new();
    }
    let mut counted: BTreeMap<(String, String), Counted> = BTreeMap::new();
    // The latest first: examples are of now.
    commented.reverse();
    let comments: Vec<Comment<'_>> = (commented.iter())
        .map(|(_, rating)| Comment {
            text: rating.comment.unwrap_or_default(),
            locale: rating.language,
            survey_language: None,
        })
        .collect();
    let read = library.read(&comments);
    for ((key, rating), terms) in commented.into_iter().zip(read) {
        for mention in terms.mentions() {
            let title = library
                .taxonomy()
                .theme_of(mention)
                .title(Language::English);
            let theme = counted.entry((key.clone(), title.to_owned())).or_default();
            theme.count(&rating, has_examples);
        }
    }
    let mut themes: BTreeMap<String, Vec<Theme>> = BTreeMap::new();
    for ((key, name), counted) in counted {
        if counted.persons.len() as u64 >= min_group {
            themes.entry(key).or_default().push(Theme {
                name,
                n_comments: counted.n_comments,
                n_critical: counted.n_critical,
                examples: counted.examples,
            });
        }
    }
    themes
}

impl Counted {
    fn count(&mut self, rating: &Rating<'_>, has_examples: bool) {
        self.n_comments += 1;
        self.persons.insert(rating.someone);
        if rating.is_positive {
            return;
        }
        self.n_critical += 1;
        if let Some(ticket) = rating.ticket
            && has_examples
            && self.examples.len() < EXAMPLES_MAX
        {
            self.examples.push(ticket.to_owned());
        }
    }
}
