//! What a bridge passes over: from the start of a period to its end, in counts or in money.

use super::insight::{Insight, MovesFigure};
use super::words::filled;
use super::{Figure, Language, numerals};

/// What a part of a bridge does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// Stands on the ground: start, what is kept, end.
    Level,
    /// Adds.
    Won,
    /// Takes away.
    Lost,
}

/// One part of a bridge.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Part {
    pub(super) name: String,
    /// Its amount with its sign.
    pub(super) shown: String,
    pub(super) role: Role,
    /// Levels before and after it.
    pub(super) from: f64,
    pub(super) to: f64,
}

/// Returns the parts from all of them to the fewest that still tell the way; empty where the
/// answer has none.
pub(super) fn passage(figure: &Figure, language: Language) -> Vec<Vec<Part>> {
    match &figure.insight {
        Some(Insight::Moves(moves)) => return moved(figure, moves, language),
        Some(_) => return Vec::new(),
        None => {}
    }
    let is_money = figure
        .answer
        .total
        .secondary
        .iter()
        .any(|(name, _)| *name == "kept");
    let ways: &[&[Step]] = match figure.answer.kpi.name {
        "grr" => &[&GROSS, &GROSS_SHORT],
        _ if is_money => &[&NET, &NET_SHORT],
        _ => &[&CUSTOMERS, &CUSTOMERS_SHORT],
    };
    let parts = ways
        .iter()
        .map(|way| parts(figure, way, is_money, language));
    parts.collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// Groups of a moved score that are told on their own: as many as fit, then ever fewer.
const MOVED_GROUPS: [usize; 4] = [10, 6, 4, 2];

/// Returns the parts of a change, from nothing to all of it.
fn moved(figure: &Figure, moves: &MovesFigure, language: Language) -> Vec<Vec<Part>> {
    let words = language.findings();
    let way = |n_groups: usize| {
        let (told, rest) = moves.parts.split_at(n_groups.min(moves.parts.len()));
        let mut steps = vec![(words.mix.to_owned(), moves.mix)];
        steps.extend(told.iter().map(|part| (part.name.clone(), part.value)));
        if !rest.is_empty() {
            let left = filled(words.others, &[&rest.len().to_string()]);
            steps.push((left, rest.iter().map(|part| part.value).sum()));
        }
        let mut level = 0.0;
        let mut parts: Vec<Part> = steps
            .into_iter()
            .map(|(name, size)| {
                let from = level;
                level += size;
                Part {
                    name,
                    shown: numerals::signed(size, figure.answer.kpi, language),
                    role: if size < 0.0 { Role::Lost } else { Role::Won },
                    from,
                    to: level,
                }
            })
            .collect();
        parts.push(Part {
            name: words.change.to_owned(),
            shown: numerals::signed(level, figure.answer.kpi, language),
            role: Role::Level,
            from: 0.0,
            to: level,
        });
        parts
    };
    let mut ways: Vec<Vec<Part>> = MOVED_GROUPS.into_iter().map(way).collect();
    ways.dedup();
    ways
}

/// A part by the names of its amounts: what is added and what is taken away.
#[derive(Debug, Clone, Copy)]
struct Step {
    word: Word,
    role: Role,
    amounts: &'static [&'static str],
}

/// Amounts from this one on are written in millions.
const COMPACT_MIN: f64 = 1e7;

/// Which of the phrases names a part.
#[derive(Debug, Clone, Copy)]
enum Word {
    Start,
    Expansion,
    Contraction,
    Churned,
    Kept,
    New,
    Back,
    End,
    Lost,
}

const fn step(word: Word, role: Role, amounts: &'static [&'static str]) -> Step {
    Step {
        word,
        role,
        amounts,
    }
}

const START: Step = step(Word::Start, Role::Level, &["start"]);
const KEPT: Step = step(Word::Kept, Role::Level, &[]);
const END: Step = step(Word::End, Role::Level, &[]);
const EXPANSION: Step = step(Word::Expansion, Role::Won, &["expansion"]);
const CONTRACTION: Step = step(Word::Contraction, Role::Lost, &["contraction"]);
const CHURNED: Step = step(Word::Churned, Role::Lost, &["churned"]);
const LOST_MONEY: Step = step(Word::Lost, Role::Lost, &["contraction", "churned"]);
const LOST: Step = step(Word::Lost, Role::Lost, &["lost"]);
const NEW: Step = step(Word::New, Role::Won, &["new"]);
const BACK: Step = step(Word::Back, Role::Won, &["reactivated"]);

const NET: [Step; 8] = [START, EXPANSION, CONTRACTION, CHURNED, KEPT, NEW, BACK, END];
const NET_SHORT: [Step; 4] = [START, EXPANSION, LOST_MONEY, KEPT];
const GROSS: [Step; 4] = [START, CONTRACTION, CHURNED, KEPT];
const GROSS_SHORT: [Step; 3] = [START, LOST_MONEY, KEPT];
const CUSTOMERS: [Step; 6] = [START, LOST, KEPT, BACK, NEW, END];
const CUSTOMERS_SHORT: [Step; 3] = [START, LOST, KEPT];

/// Returns a way's parts; `None` where an amount is not known or not shown.
fn parts(figure: &Figure, way: &[Step], is_money: bool, language: Language) -> Option<Vec<Part>> {
    let total = &figure.answer.total;
    let amount = |wanted: &str| {
        let money = total.secondary.iter().find(|(name, _)| *name == wanted);
        let counts = total.counts.iter().find(|(name, _)| *name == wanted);
        match is_money {
            true => money.map(|(_, amount)| *amount),
            #[expect(clippy::cast_precision_loss, reason = "customers are far below 2^52")]
            false => counts.map(|(_, count)| *count as f64),
        }
    };
    let mut level = 0.0;
    let mut found = Vec::new();
    for step in way {
        let amounts: Option<Vec<f64>> = step.amounts.iter().map(|name| amount(name)).collect();
        let sum: f64 = amounts?.iter().sum();
        let (from, to) = match step.role {
            Role::Level if step.amounts.is_empty() => (0.0, level),
            Role::Level => (0.0, sum),
            Role::Won => (level, level + sum),
            Role::Lost => (level, level - sum),
        };
        let size = match step.role {
            Role::Level => to,
            Role::Won | Role::Lost => sum,
        };
        found.push(Part {
            name: language.phrases().part(step.word).to_owned(),
            shown: shown(step.role, size, is_money, language),
            role: step.role,
            from,
            to,
        });
        level = to;
    }
    // A start of nothing leads nowhere.
    (found.first()?.to > 0.0).then_some(found)
}

fn shown(role: Role, size: f64, is_money: bool, language: Language) -> String {
    let sign = match role {
        _ if size == 0.0 => "",
        Role::Level => "",
        Role::Won => "+",
        Role::Lost => "−",
    };
    let number = match is_money && size >= COMPACT_MIN {
        true => numerals::compact(size, 0, language),
        false => numerals::number(size, 0, language),
    };
    format!("{sign}{number}")
}

/// Says the way in one line.
pub(super) fn told(figure: &Figure, language: Language) -> Vec<String> {
    let ways = passage(figure, language);
    let said = |part: &Part| format!("{} {}", part.name, part.shown);
    ways.first().into_iter().flatten().map(said).collect()
}

impl super::phrases::Phrases {
    fn part(&self, word: Word) -> &'static str {
        match word {
            Word::Start => self.start,
            Word::Expansion => self.expansion,
            Word::Contraction => self.contraction,
            Word::Churned => self.churned,
            Word::Kept => self.kept,
            Word::New => self.new,
            Word::Back => self.back,
            Word::End => self.end,
            Word::Lost => self.lost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chart::sample;
    use crate::kpi::ChartKind;

    #[test]
    fn the_parts_lead_from_the_start_to_the_end() {
        let figure = sample::everyday(ChartKind::Bridge);
        let ways = passage(&figure, Language::English);
        let secondary = |wanted: &str| {
            let mut all = figure.answer.total.secondary.iter();
            all.find(|(name, _)| *name == wanted)
                .map(|(_, amount)| *amount)
        };
        let last = |way: &[Part]| way.last().map(|part| part.to);
        assert_eq!(last(&ways[0]), secondary("end"));
        assert_eq!(last(&ways[1]), secondary("kept"));
        for way in &ways {
            for pair in way.windows(2) {
                let begins_at = match pair[1].role {
                    Role::Level => pair[1].to,
                    Role::Won | Role::Lost => pair[1].from,
                };
                assert!((begins_at - pair[0].to).abs() < 1e-6, "{pair:?}");
            }
        }
    }

    #[test]
    fn without_a_start_there_is_no_way() {
        let mut figure = sample::everyday(ChartKind::Bridge);
        figure.answer.total = sample::unanswered();
        assert_eq!(passage(&figure, Language::English), Vec::<Vec<Part>>::new());
    }
}
