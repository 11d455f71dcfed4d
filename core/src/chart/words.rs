//! The words of pictures in each language.

use std::fmt;
use std::str::FromStr;

use super::Language;
use crate::kpi::GoalState;

/// Fixed words and phrases; `{}` stands for what is filled in.
#[derive(Debug)]
pub(super) struct Words {
    pub(super) points: &'static str,
    pub(super) interval: &'static str,
    pub(super) low_base: &'static str,
    pub(super) before: &'static str,
    pub(super) changed: &'static str,
    pub(super) unchanged: &'static str,
    pub(super) up: &'static str,
    pub(super) down: &'static str,
    pub(super) goal: &'static str,
    pub(super) to_go: &'static str,
    /// The value that a goal is judged by, where another is in the headline.
    pub(super) lately: &'static str,
    pub(super) reached: &'static str,
    pub(super) as_of: &'static str,
    pub(super) as_of_short: &'static str,
    pub(super) old: &'static str,
    pub(super) stale_never: &'static str,
    pub(super) failing: &'static str,
    pub(super) no_answers: &'static str,
    pub(super) hidden: &'static str,
    /// A goal in each of its states, in the order of [`GoalState::ALL`].
    pub(super) goal_states: [&'static str; 6],
    /// A goal without a state.
    pub(super) goal_open: &'static str,
    /// The last day of a goal.
    pub(super) by: &'static str,
    pub(super) counts_only: &'static str,
    pub(super) hollow: &'static str,
    pub(super) rest: &'static str,
    pub(super) more: &'static str,
    pub(super) missing: &'static str,
    pub(super) promoters: &'static str,
    pub(super) passives: &'static str,
    pub(super) detractors: &'static str,
    pub(super) satisfied: &'static str,
    pub(super) not_satisfied: &'static str,
    pub(super) easy: &'static str,
    pub(super) not_easy: &'static str,
    pub(super) responded: &'static str,
    pub(super) not_responded: &'static str,
    pub(super) bounced: &'static str,
    pub(super) months: [&'static str; 12],
    pub(super) thousand: &'static str,
    pub(super) million: &'static str,
    pub(super) billion: &'static str,
    /// One day, and several.
    pub(super) days: [&'static str; 2],
    /// The ninth decile of a time.
    pub(super) within: &'static str,
    pub(super) open: &'static str,
}

impl Words {
    /// Returns how a goal stands.
    pub(super) fn goal_state(&self, state: Option<GoalState>) -> &'static str {
        let idx = state.and_then(|state| GoalState::ALL.iter().position(|one| *one == state));
        idx.map_or(self.goal_open, |idx| self.goal_states[idx])
    }

    /// Whether a named count is a class of answers, of which people know the name.
    pub(super) fn is_class(&self, name: &str) -> bool {
        self.count(name) != name
    }

    /// Returns the plain name of a named count.
    pub(super) fn count<'a>(&self, name: &'a str) -> &'a str
    where
        'static: 'a,
    {
        match name {
            "promoters" => self.promoters,
            "passives" => self.passives,
            "detractors" => self.detractors,
            "satisfied" => self.satisfied,
            "not_satisfied" => self.not_satisfied,
            "easy" => self.easy,
            "not_easy" => self.not_easy,
            "responded" => self.responded,
            "not_responded" => self.not_responded,
            "bounced" => self.bounced,
            other => other,
        }
    }
}

const ENGLISH: Words = Words {
    points: "points",
    interval: "95\u{202f}% interval {} to {}",
    low_base: "low base",
    before: "vs. the period before",
    changed: "changed",
    unchanged: "no change beyond chance",
    up: "up",
    down: "down",
    goal: "Goal",
    to_go: "{} to go",
    lately: "lately {}",
    reached: "reached",
    as_of: "data as of {}",
    as_of_short: "as of {}",
    old: "data {} old",
    stale_never: "no data received yet",
    failing: "source failing",
    no_answers: "No answers yet",
    hidden: "Too few answers to show",
    goal_states: [
        "reached",
        "reached, may be chance",
        "missed",
        "behind the plan",
        "ahead of the plan",
        "on track",
    ],
    goal_open: "not enough answers to judge",
    by: "by {}",
    counts_only: "Too few answers for a score",
    hollow: "hollow: n < 30",
    rest: "other",
    more: "+{} more",
    missing: "(none)",
    promoters: "Promoters",
    passives: "Passives",
    detractors: "Detractors",
    satisfied: "Satisfied",
    not_satisfied: "Not satisfied",
    easy: "Easy",
    not_easy: "Not easy",
    responded: "Answered",
    not_responded: "Not answered",
    bounced: "Bounced",
    months: [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ],
    thousand: "k",
    million: "M",
    billion: "bn",
    days: ["day", "days"],
    within: "9 of 10 within {}",
    open: "{} still open",
};

const GERMAN: Words = Words {
    points: "Punkte",
    interval: "95-%-Intervall {} bis {}",
    low_base: "kleine Basis",
    before: "zum Vorzeitraum",
    changed: "verändert",
    unchanged: "nicht mehr als Zufall",
    up: "gestiegen um",
    down: "gefallen um",
    goal: "Ziel",
    to_go: "noch {}",
    lately: "zuletzt {}",
    reached: "erreicht",
    as_of: "Stand {}",
    as_of_short: "Stand {}",
    old: "Daten {} alt",
    stale_never: "noch keine Daten",
    failing: "Quelle gestört",
    no_answers: "Noch keine Antworten",
    hidden: "Zu wenige Antworten zum Zeigen",
    goal_states: [
        "erreicht",
        "erreicht, vielleicht Zufall",
        "verfehlt",
        "hinter dem Plan",
        "dem Plan voraus",
        "im Plan",
    ],
    goal_open: "zu wenige Antworten für ein Urteil",
    by: "bis {}",
    counts_only: "Zu wenige Antworten für einen Wert",
    hollow: "hohl: n < 30",
    rest: "andere",
    more: "+{} weitere",
    missing: "(ohne)",
    promoters: "Promotoren",
    passives: "Passive",
    detractors: "Detraktoren",
    satisfied: "Zufrieden",
    not_satisfied: "Nicht zufrieden",
    easy: "Leicht",
    not_easy: "Nicht leicht",
    responded: "Beantwortet",
    not_responded: "Nicht beantwortet",
    bounced: "Unzustellbar",
    months: [
        "Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sep.", "Okt.", "Nov.",
        "Dez.",
    ],
    thousand: "Tsd.",
    million: "Mio.",
    billion: "Mrd.",
    days: ["Tag", "Tage"],
    within: "9 von 10 binnen {}",
    open: "{} noch offen",
};

const FRENCH: Words = Words {
    points: "points",
    interval: "intervalle à 95\u{202f}% de {} à {}",
    low_base: "base faible",
    before: "par rapport à la période précédente",
    changed: "changement avéré",
    unchanged: "pas plus que le hasard",
    up: "en hausse de",
    down: "en baisse de",
    goal: "Objectif",
    to_go: "encore {}",
    lately: "récemment {}",
    reached: "atteint",
    as_of: "données au {}",
    as_of_short: "au {}",
    old: "données d’il y a {}",
    stale_never: "aucune donnée reçue",
    failing: "source en panne",
    no_answers: "Pas encore de réponses",
    hidden: "Trop peu de réponses à montrer",
    goal_states: [
        "atteint",
        "atteint, peut-être par hasard",
        "manqué",
        "en retard sur le plan",
        "en avance sur le plan",
        "dans les temps",
    ],
    goal_open: "trop peu de réponses pour juger",
    by: "d’ici le {}",
    counts_only: "Trop peu de réponses pour un score",
    hollow: "creux\u{202f}: n < 30",
    rest: "autres",
    more: "+{} autres",
    missing: "(vide)",
    promoters: "Promoteurs",
    passives: "Passifs",
    detractors: "Détracteurs",
    satisfied: "Satisfaits",
    not_satisfied: "Non satisfaits",
    easy: "Facile",
    not_easy: "Pas facile",
    responded: "Répondues",
    not_responded: "Sans réponse",
    bounced: "Non remises",
    months: [
        "janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.",
        "déc.",
    ],
    thousand: "k",
    million: "M",
    billion: "Md",
    days: ["jour", "jours"],
    within: "9 sur 10 en moins de {}",
    open: "{} encore ouverts",
};

const SPANISH: Words = Words {
    points: "puntos",
    interval: "intervalo del 95\u{202f}% de {} a {}",
    low_base: "base pequeña",
    before: "frente al periodo anterior",
    changed: "cambio real",
    unchanged: "no más que el azar",
    up: "sube",
    down: "baja",
    goal: "Meta",
    to_go: "faltan {}",
    lately: "últimamente {}",
    reached: "alcanzada",
    as_of: "datos al {}",
    as_of_short: "al {}",
    old: "datos de hace {}",
    stale_never: "aún sin datos",
    failing: "fuente con fallos",
    no_answers: "Aún no hay respuestas",
    hidden: "Muy pocas respuestas para mostrar",
    goal_states: [
        "alcanzada",
        "alcanzada, quizá por azar",
        "no alcanzada",
        "por detrás del plan",
        "por delante del plan",
        "según el plan",
    ],
    goal_open: "muy pocas respuestas para juzgar",
    by: "hasta el {}",
    counts_only: "Muy pocas respuestas para un valor",
    hollow: "hueco: n < 30",
    rest: "otros",
    more: "+{} más",
    missing: "(vacío)",
    promoters: "Promotores",
    passives: "Pasivos",
    detractors: "Detractores",
    satisfied: "Satisfechos",
    not_satisfied: "No satisfechos",
    easy: "Fácil",
    not_easy: "No fácil",
    responded: "Respondidas",
    not_responded: "Sin respuesta",
    bounced: "No entregadas",
    months: [
        "ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sept", "oct", "nov", "dic",
    ],
    thousand: "mil",
    million: "M",
    billion: "mil M",
    days: ["día", "días"],
    within: "9 de cada 10 en {}",
    open: "{} aún abiertos",
};

impl Language {
    /// Every language, the default first.
    pub const ALL: [Self; 4] = [Self::English, Self::German, Self::French, Self::Spanish];

    pub(super) fn words(self) -> &'static Words {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::French => &FRENCH,
            Self::Spanish => &SPANISH,
        }
    }
}

/// A word that names no language.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown language `{0}`; languages are en, de, fr, es")]
pub struct UnknownLanguage(pub String);

impl FromStr for Language {
    type Err = UnknownLanguage;

    fn from_str(word: &str) -> Result<Self, UnknownLanguage> {
        match word {
            "en" => Ok(Self::English),
            "de" => Ok(Self::German),
            "fr" => Ok(Self::French),
            "es" => Ok(Self::Spanish),
            _ => Err(UnknownLanguage(word.to_owned())),
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
        })
    }
}

/// Fills the holes of a phrase in order.
pub(super) fn filled(phrase: &str, values: &[&str]) -> String {
    let mut out = String::with_capacity(phrase.len() + 16);
    let mut values = values.iter();
    for (idx, part) in phrase.split("{}").enumerate() {
        if idx > 0 {
            out.push_str(values.next().unwrap_or(&""));
        }
        out.push_str(part);
    }
    out
}
