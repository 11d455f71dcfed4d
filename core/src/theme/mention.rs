//! Looks for the terms of a taxonomy in the words of a comment.

use std::collections::{BTreeSet, HashMap};

use aho_corasick::AhoCorasick;

use super::grammar::{Grammar, Sense, Word};
use super::language::Language;
use super::pattern::{Step, steps};
use super::taxonomy::{Mention, Taxonomy};

/// Words that a gap may span.
const GAP_WORDS_MAX: usize = 3;
/// Words before a term in which a negation undoes it.
const NEGATION_WORDS_MAX: usize = 3;

/// A word and the clause it stands in.
pub(super) struct Placed {
    pub(super) word: Word,
    pub(super) clause: usize,
}

/// What a single word of a comment can be, numbered.
type StepId = usize;

/// The terms of one language, ready to be looked for.
pub(super) struct Finder {
    language: Language,
    stems: HashMap<String, StepId>,
    forms: HashMap<String, StepId>,
    parts: Option<AhoCorasick>,
    /// Of each pattern of `parts`: whether a word must start and end with it, and its number.
    part_ids: Vec<(bool, bool, StepId)>,
    /// By the first step: the terms that begin with it.
    rules: Vec<Vec<Rule>>,
}

struct Rule {
    rest: Vec<Next>,
    theme_idx: u16,
    term_idx: u16,
    is_undone_by_negation: bool,
}

enum Next {
    Word(StepId),
    Gap,
}

impl Finder {
    pub(super) fn new(taxonomy: &Taxonomy, grammar: &Grammar, language: Language) -> Self {
        let mut finder = Self {
            language,
            stems: HashMap::new(),
            forms: HashMap::new(),
            parts: None,
            part_ids: Vec::new(),
            rules: Vec::new(),
        };
        let mut letters: Vec<String> = Vec::new();
        for (theme_idx, theme) in (0_u16..).zip(taxonomy.themes()) {
            for (term_idx, term) in (0_u16..).zip(theme.terms(language)) {
                // The file was checked: every one of its terms has steps.
                let steps = steps(grammar, &term.written).unwrap_or_default();
                let mut next = steps
                    .into_iter()
                    .map(|step| finder.number(step, &mut letters));
                let Some(Next::Word(first)) = next.next() else {
                    continue;
                };
                let rest = next.collect();
                finder.rules[first].push(Rule {
                    rest,
                    theme_idx,
                    term_idx,
                    is_undone_by_negation: term.is_undone_by_negation,
                });
            }
        }
        if !letters.is_empty() {
            finder.parts = AhoCorasick::new(&letters).ok();
        }
        finder
    }

    fn number(&mut self, step: Step, letters: &mut Vec<String>) -> Next {
        let fresh = self.rules.len();
        let id = match step {
            Step::Gap => return Next::Gap,
            Step::Stem(stem) => *self.stems.entry(stem).or_insert(fresh),
            Step::Form(form) => *self.forms.entry(form).or_insert(fresh),
            Step::Part {
                letters: part,
                is_start,
                is_end,
            } => {
                letters.push(part);
                self.part_ids.push((is_start, is_end, fresh));
                fresh
            }
        };
        if id == fresh {
            self.rules.push(Vec::new());
        }
        Next::Word(id)
    }

    /// Tells whether a term is this very word.
    pub(super) fn knows(&self, word: &Word) -> bool {
        self.stems.contains_key(&word.stem) || self.forms.contains_key(&word.form)
    }

    /// Returns the themes that the words speak of, each once with the first term that shows it.
    pub(super) fn mentions(&self, words: &[Placed]) -> Vec<Mention> {
        let ids: Vec<Vec<StepId>> = words.iter().map(|placed| self.ids(&placed.word)).collect();
        let text = Text { words, ids: &ids };
        let mut found: Vec<Mention> = Vec::new();
        for (at, here) in ids.iter().enumerate() {
            for rule in here.iter().flat_map(|id| &self.rules[*id]) {
                let is_new = found
                    .iter()
                    .all(|mention| mention.theme_idx != rule.theme_idx);
                if is_new && text.holds(rule, at) {
                    found.push(Mention {
                        theme_idx: rule.theme_idx,
                        term_idx: rule.term_idx,
                        language: self.language,
                    });
                }
            }
        }
        found.sort_unstable();
        found
    }

    fn ids(&self, word: &Word) -> Vec<StepId> {
        let mut ids: BTreeSet<StepId> = BTreeSet::new();
        ids.extend(self.stems.get(&word.stem));
        ids.extend(self.forms.get(&word.form));
        let Some(parts) = self.parts.as_ref().filter(|_| word.sense != Sense::Stop) else {
            return ids.into_iter().collect();
        };
        for found in parts.find_overlapping_iter(&word.form) {
            let (is_start, is_end, id) = self.part_ids[found.pattern().as_usize()];
            if (!is_start || found.start() == 0) && (!is_end || found.end() == word.form.len()) {
                ids.insert(id);
            }
        }
        ids.into_iter().collect()
    }
}

/// The words of a comment and what each can be.
struct Text<'a> {
    words: &'a [Placed],
    ids: &'a [Vec<StepId>],
}

impl Text<'_> {
    fn holds(&self, rule: &Rule, at: usize) -> bool {
        self.follows(&rule.rest, at + 1, self.words[at].clause)
            && !(rule.is_undone_by_negation && self.is_negated(at))
    }

    /// Tells whether the steps stand from `at` on, in the same clause.
    fn follows(&self, steps: &[Next], at: usize, clause: usize) -> bool {
        let stands = |place: usize, id: StepId| {
            let word = self.words.get(place);
            word.is_some_and(|word| word.clause == clause) && self.ids[place].contains(&id)
        };
        match steps {
            [] => true,
            [Next::Word(id), rest @ ..] => stands(at, *id) && self.follows(rest, at + 1, clause),
            [Next::Gap, rest @ ..] => {
                (at..=at + GAP_WORDS_MAX).any(|from| self.follows(rest, from, clause))
            }
        }
    }

    fn is_negated(&self, at: usize) -> bool {
        let before = &self.words[at.saturating_sub(NEGATION_WORDS_MAX)..at];
        let clause = self.words[at].clause;
        before
            .iter()
            .any(|placed| placed.clause == clause && placed.word.sense == Sense::Negation)
    }
}
