//! The words of single charts in each language.

use super::Language;
use crate::kpi::Counted;

/// Words that one chart or a few of them say; `{}` stands for what is filled in.
#[derive(Debug)]
pub(super) struct Phrases {
    /// What stands between an answer and its share.
    pub(super) colon: &'static str,
    /// Nothing counted yet, of each kind.
    pub(super) no_tickets: &'static str,
    pub(super) no_invitations: &'static str,
    pub(super) no_reviews: &'static str,
    pub(super) no_customers: &'static str,
    /// Rows, but nothing that can be said of them.
    pub(super) unknown: &'static str,
    /// Too few for a score, of what are no answers.
    pub(super) too_few_for_value: &'static str,
    /// All groups together.
    pub(super) all: &'static str,
    /// A group too small to be told.
    pub(super) too_few: &'static str,
    /// A group that differs from all others beyond chance.
    pub(super) above_rest: &'static str,
    pub(super) below_rest: &'static str,
    /// What the arrows beside groups mean.
    pub(super) arrows: &'static str,
    /// Heads of columns.
    pub(super) period: &'static str,
    pub(super) value: &'static str,
    pub(super) interval: &'static str,
    pub(super) versus_rest: &'static str,
    pub(super) change: &'static str,
    /// What the columns of cohorts count.
    pub(super) months_after: &'static str,
    /// Cohorts that have no room.
    pub(super) earlier: &'static str,
    /// Customers that are still followed, as statistics calls them.
    pub(super) at_risk: &'static str,
    /// Parts of a bridge.
    pub(super) start: &'static str,
    pub(super) expansion: &'static str,
    pub(super) contraction: &'static str,
    pub(super) churned: &'static str,
    pub(super) kept: &'static str,
    pub(super) new: &'static str,
    pub(super) back: &'static str,
    pub(super) end: &'static str,
    pub(super) lost: &'static str,
    /// When the headline of cohorts and of survival is.
    pub(super) after_months: &'static str,
    pub(super) after_days: &'static str,
    /// When half have left, or that they have not.
    pub(super) half_left: &'static str,
    pub(super) most_there: &'static str,
    /// Whether two groups stay equally long.
    pub(super) differ: &'static str,
    pub(super) alike: &'static str,
    /// No cohort is old enough for the headline.
    pub(super) young: &'static str,
    /// What the amounts of a bridge are.
    pub(super) amounts: &'static str,
    /// Where a value should be by now.
    pub(super) pace: &'static str,
    /// One year, and several.
    pub(super) years: [&'static str; 2],
}

const ENGLISH: Phrases = Phrases {
    colon: ":",
    no_tickets: "No tickets yet",
    no_invitations: "No invitations yet",
    no_reviews: "No reviews yet",
    no_customers: "No customers yet",
    unknown: "No value yet",
    too_few_for_value: "Too few for a value",
    all: "all",
    too_few: "too few to show",
    above_rest: "{}, above the rest",
    below_rest: "{}, below the rest",
    arrows: "arrow: differs from the rest",
    period: "period",
    value: "value",
    interval: "95\u{202f}% interval",
    versus_rest: "vs. rest",
    change: "change",
    months_after: "months later",
    earlier: "+{} earlier",
    at_risk: "at risk",
    start: "Start",
    expansion: "Expansion",
    contraction: "Contraction",
    churned: "Churned",
    kept: "Kept",
    new: "New",
    back: "Returned",
    end: "End",
    lost: "Lost",
    after_months: "after 12 months",
    after_days: "after 365 days",
    half_left: "half have left after {}",
    most_there: "more than half are still there",
    differ: "the groups differ (log-rank p {})",
    alike: "the groups do not differ beyond chance",
    young: "No cohort is 12 months old yet",
    amounts: "amounts in {} a month",
    pace: "plan for today {}",
    years: ["year", "years"],
};

const GERMAN: Phrases = Phrases {
    colon: ":",
    no_tickets: "Noch keine Tickets",
    no_invitations: "Noch keine Einladungen",
    no_reviews: "Noch keine Bewertungen",
    no_customers: "Noch keine Kunden",
    unknown: "Noch kein Wert",
    too_few_for_value: "Zu wenige für einen Wert",
    all: "alle",
    too_few: "zu wenige zum Zeigen",
    above_rest: "{}, über den übrigen",
    below_rest: "{}, unter den übrigen",
    arrows: "Pfeil: anders als die übrigen",
    period: "Zeitraum",
    value: "Wert",
    interval: "95-%-Intervall",
    versus_rest: "zu übrigen",
    change: "Änderung",
    months_after: "Monate später",
    earlier: "+{} frühere",
    at_risk: "unter Risiko",
    start: "Anfang",
    expansion: "Ausbau",
    contraction: "Rückbau",
    churned: "Abgänge",
    kept: "Geblieben",
    new: "Neu",
    back: "Zurück",
    end: "Ende",
    lost: "Verloren",
    after_months: "nach 12 Monaten",
    after_days: "nach 365 Tagen",
    half_left: "nach {} ist die Hälfte gegangen",
    most_there: "mehr als die Hälfte ist noch da",
    differ: "die Gruppen unterscheiden sich (Log-Rank p {})",
    alike: "kein Unterschied der Gruppen über den Zufall hinaus",
    young: "Noch keine Kohorte ist 12 Monate alt",
    amounts: "Beträge in {} im Monat",
    pace: "Plan für heute {}",
    years: ["Jahr", "Jahre"],
};

const FRENCH: Phrases = Phrases {
    colon: "\u{202f}:",
    no_tickets: "Pas encore de tickets",
    no_invitations: "Pas encore d’invitations",
    no_reviews: "Pas encore d’évaluations",
    no_customers: "Pas encore de clients",
    unknown: "Pas encore de valeur",
    too_few_for_value: "Trop peu pour une valeur",
    all: "tous",
    too_few: "trop peu à montrer",
    above_rest: "{}, au-dessus des autres",
    below_rest: "{}, au-dessous des autres",
    arrows: "flèche\u{202f}: diffère des autres",
    period: "période",
    value: "valeur",
    interval: "intervalle à 95\u{202f}%",
    versus_rest: "c. les autres",
    change: "écart",
    months_after: "mois après",
    earlier: "+{} avant",
    at_risk: "à risque",
    start: "Début",
    expansion: "Expansion",
    contraction: "Réduction",
    churned: "Partis",
    kept: "Conservé",
    new: "Nouveaux",
    back: "Revenus",
    end: "Fin",
    lost: "Perdus",
    after_months: "après 12 mois",
    after_days: "après 365 jours",
    half_left: "la moitié est partie après {}",
    most_there: "plus de la moitié est encore là",
    differ: "les groupes diffèrent (log-rank p {})",
    alike: "pas de différence au-delà du hasard",
    young: "Aucune cohorte n’a encore 12 mois",
    amounts: "montants en {} par mois",
    pace: "plan à ce jour {}",
    years: ["an", "ans"],
};

const SPANISH: Phrases = Phrases {
    colon: ":",
    no_tickets: "Aún no hay tickets",
    no_invitations: "Aún no hay invitaciones",
    no_reviews: "Aún no hay revisiones",
    no_customers: "Aún no hay clientes",
    unknown: "Aún no hay valor",
    too_few_for_value: "Muy pocos para un valor",
    all: "todos",
    too_few: "muy pocos para mostrar",
    above_rest: "{}, por encima del resto",
    below_rest: "{}, por debajo del resto",
    arrows: "flecha: difiere del resto",
    period: "periodo",
    value: "valor",
    interval: "intervalo del 95\u{202f}%",
    versus_rest: "frente al resto",
    change: "cambio",
    months_after: "meses después",
    earlier: "+{} antes",
    at_risk: "en riesgo",
    start: "Inicio",
    expansion: "Expansión",
    contraction: "Reducción",
    churned: "Bajas",
    kept: "Conservado",
    new: "Nuevos",
    back: "Vueltos",
    end: "Final",
    lost: "Perdidos",
    after_months: "tras 12 meses",
    after_days: "tras 365 días",
    half_left: "la mitad se ha ido tras {}",
    most_there: "más de la mitad sigue",
    differ: "los grupos difieren (log-rank p {})",
    alike: "los grupos no difieren más que por azar",
    young: "Aún ninguna cohorte tiene 12 meses",
    amounts: "importes en {} al mes",
    pace: "plan a hoy {}",
    years: ["año", "años"],
};

impl Phrases {
    /// Returns the words for nothing of what a KPI counts; `None` for answers.
    pub(super) fn none_of(&self, counted: Counted) -> Option<&'static str> {
        match counted {
            Counted::Answers => None,
            Counted::Tickets => Some(self.no_tickets),
            Counted::Invitations => Some(self.no_invitations),
            Counted::Reviews => Some(self.no_reviews),
            Counted::Customers => Some(self.no_customers),
        }
    }
}

impl Language {
    /// Returns the words of single charts.
    pub(super) fn phrases(self) -> &'static Phrases {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::French => &FRENCH,
            Self::Spanish => &SPANISH,
        }
    }
}
