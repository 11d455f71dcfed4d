//! The words of what analyses find, in each language.

use super::Language;
use super::insight::{Quadrant, SignalKind};

/// Words of findings; `{}` stands for what is filled in.
#[derive(Debug)]
pub(super) struct Findings {
    /// Which way a series goes: change a period, the period.
    pub(super) rising: &'static str,
    pub(super) falling: &'static str,
    pub(super) steady: &'static str,
    /// After a change: a day, a week, a month, a quarter.
    pub(super) per: [&'static str; 4],
    /// So many days, weeks, months, quarters.
    pub(super) periods: [&'static str; 4],
    /// Ends of a 95 % interval, short.
    pub(super) interval: &'static str,
    pub(super) no_season: &'static str,
    /// A move of the level, confirmed and not.
    pub(super) shift: &'static str,
    pub(super) possible_shift: &'static str,
    pub(super) forecast: &'static str,
    /// How many forecasts of the past held, and of how many.
    pub(super) held: &'static str,
    /// Lines of a control chart.
    pub(super) centre: &'static str,
    pub(super) upper: &'static str,
    pub(super) lower: &'static str,
    pub(super) rebased: &'static str,
    /// How many signals there are, and none.
    pub(super) signals: &'static str,
    pub(super) no_signal: &'static str,
    /// Kinds of signals: beyond, run, hint.
    pub(super) signal_kinds: [&'static str; 3],
    /// What their shapes mean.
    pub(super) signal_shapes: [&'static str; 3],
    /// Fields: concentrate, keep, low priority, overkill.
    pub(super) quadrants: [&'static str; 4],
    /// What is up and what is to the right.
    pub(super) axes: &'static str,
    pub(super) importance: &'static str,
    pub(super) performance: &'static str,
    pub(super) concentrate: &'static str,
    pub(super) nothing_urgent: &'static str,
    pub(super) undecided: &'static str,
    pub(super) hollow_undecided: &'static str,
    /// Notes of a Pareto chart.
    pub(super) adds_up: &'static str,
    pub(super) overlaps: &'static str,
    pub(super) hollow_chance: &'static str,
    /// How many answers could be read, and the value among them.
    pub(super) coverage: &'static str,
    pub(super) coverage_value: &'static str,
    /// What changed between two periods.
    pub(super) changed: &'static str,
    pub(super) nothing_changed: &'static str,
    pub(super) thick_changed: &'static str,
    /// Bands of a funnel: above, within, below.
    pub(super) bands: [&'static str; 3],
    pub(super) own: &'static str,
    pub(super) expected: &'static str,
    /// Why there is no analysis: has, needs.
    pub(super) few_periods: &'static str,
    pub(super) few_answers: &'static str,
    pub(super) few_groups: &'static str,
    pub(super) entangled: &'static str,
    pub(super) alike: &'static str,
    pub(super) grouped: &'static str,
    pub(super) pending: &'static str,
    /// What moved a score: who answered, all parts together, groups that are not named.
    pub(super) mix: &'static str,
    pub(super) change: &'static str,
    pub(super) others: &'static str,
}

impl Findings {
    /// Returns the name of a field.
    pub(super) fn quadrant(&self, quadrant: Quadrant) -> &'static str {
        match quadrant {
            Quadrant::Concentrate => self.quadrants[0],
            Quadrant::Keep => self.quadrants[1],
            Quadrant::LowPriority => self.quadrants[2],
            Quadrant::Overkill => self.quadrants[3],
        }
    }

    /// Returns how a signal is known.
    pub(super) fn signal(&self, kind: SignalKind) -> &'static str {
        match kind {
            SignalKind::Beyond => self.signal_kinds[0],
            SignalKind::Run => self.signal_kinds[1],
            SignalKind::Hint => self.signal_kinds[2],
        }
    }
}

const ENGLISH: Findings = Findings {
    rising: "rising {} {}",
    falling: "falling {} {}",
    steady: "no trend beyond chance",
    per: ["a day", "a week", "a month", "a quarter"],
    periods: ["{} days", "{} weeks", "{} months", "{} quarters"],
    interval: "95\u{202f}% {} to {}",
    no_season: "season not assessable",
    shift: "level {}",
    possible_shift: "level {}?",
    forecast: "forecast",
    held: "80\u{202f}% forecasts: {} of {} held",
    centre: "centre",
    upper: "upper limit",
    lower: "lower limit",
    rebased: "new baseline",
    signals: "signals: {}",
    no_signal: "no signal: all within chance",
    signal_kinds: ["beyond a limit", "8 on one side", "hint"],
    signal_shapes: [
        "diamond: beyond a limit",
        "square: 8 on one side",
        "hollow: a hint",
    ],
    quadrants: [
        "concentrate here",
        "keep it up",
        "low priority",
        "more than needed",
    ],
    axes: "up: importance · right: performance",
    importance: "importance",
    performance: "performance",
    concentrate: "concentrate on: {}",
    nothing_urgent: "nothing to concentrate on beyond chance",
    undecided: "undecided",
    hollow_undecided: "hollow: undecided",
    adds_up: "line: share so far",
    overlaps: "may overlap: bars do not add up",
    hollow_chance: "hollow: may be chance",
    coverage: "in {} of the answers",
    coverage_value: "in {} of the answers, their value {}",
    changed: "changed beyond chance: {}",
    nothing_changed: "nothing changed beyond chance",
    thick_changed: "thick: changed beyond chance",
    bands: ["above expected", "as expected", "below expected"],
    own: "you",
    expected: "expected",
    few_periods: "{} complete periods, needs {}",
    few_answers: "{} complete answers, needs {}",
    few_groups: "{} groups, needs {}",
    entangled: "causes move together too closely to be told apart",
    alike: "everything is alike: nothing to explain",
    grouped: "of one series: choose a single group",
    pending: "being worked out",
    mix: "who answered",
    change: "change",
    others: "{} others",
};

const GERMAN: Findings = Findings {
    rising: "steigt {} {}",
    falling: "fällt {} {}",
    steady: "kein Trend über den Zufall hinaus",
    per: ["am Tag", "in der Woche", "im Monat", "im Quartal"],
    periods: ["{} Tage", "{} Wochen", "{} Monate", "{} Quartale"],
    interval: "95\u{202f}% {} bis {}",
    no_season: "Saison nicht beurteilbar",
    shift: "Niveau {}",
    possible_shift: "Niveau {}?",
    forecast: "Prognose",
    held: "80\u{202f}%-Prognosen: {} von {} trafen ein",
    centre: "Mitte",
    upper: "obere Grenze",
    lower: "untere Grenze",
    rebased: "neue Basis",
    signals: "Signale: {}",
    no_signal: "kein Signal: alles im Rahmen des Zufalls",
    signal_kinds: ["jenseits einer Grenze", "8 auf einer Seite", "Hinweis"],
    signal_shapes: [
        "Raute: jenseits einer Grenze",
        "Quadrat: 8 auf einer Seite",
        "hohl: ein Hinweis",
    ],
    quadrants: ["hier ansetzen", "weiter so", "nachrangig", "mehr als nötig"],
    axes: "nach oben: Bedeutung · nach rechts: Leistung",
    importance: "Bedeutung",
    performance: "Leistung",
    concentrate: "ansetzen bei: {}",
    nothing_urgent: "nichts Dringendes über den Zufall hinaus",
    undecided: "unentschieden",
    hollow_undecided: "hohl: unentschieden",
    adds_up: "Linie: Anteil bis hierher",
    overlaps: "Überschneidungen: Balken nicht addierbar",
    hollow_chance: "hohl: vielleicht Zufall",
    coverage: "in {} der Antworten",
    coverage_value: "in {} der Antworten, deren Wert {}",
    changed: "über den Zufall hinaus geändert: {}",
    nothing_changed: "nichts über den Zufall hinaus geändert",
    thick_changed: "dick: über den Zufall hinaus geändert",
    bands: ["über Erwartung", "wie erwartet", "unter Erwartung"],
    own: "Sie",
    expected: "erwartet",
    few_periods: "{} ganze Zeiträume, nötig sind {}",
    few_answers: "{} vollständige Antworten, nötig sind {}",
    few_groups: "{} Gruppen, nötig sind {}",
    entangled: "Ursachen hängen zu eng zusammen, um sie zu trennen",
    alike: "alles ist gleich: nichts zu erklären",
    grouped: "nur für eine Reihe: eine Gruppe wählen",
    pending: "wird berechnet",
    mix: "wer geantwortet hat",
    change: "Änderung",
    others: "{} weitere",
};

const FRENCH: Findings = Findings {
    rising: "hausse {} {}",
    falling: "baisse {} {}",
    steady: "pas de tendance au-delà du hasard",
    per: ["par jour", "par semaine", "par mois", "par trimestre"],
    periods: ["{} jours", "{} semaines", "{} mois", "{} trimestres"],
    interval: "95\u{202f}% de {} à {}",
    no_season: "saison non évaluable",
    shift: "niveau {}",
    possible_shift: "niveau {}\u{202f}?",
    forecast: "prévision",
    held: "prévisions à 80\u{202f}%\u{202f}: {} sur {} tenues",
    centre: "centre",
    upper: "limite haute",
    lower: "limite basse",
    rebased: "nouvelle base",
    signals: "signaux\u{202f}: {}",
    no_signal: "aucun signal\u{202f}: rien que le hasard",
    signal_kinds: ["hors limite", "8 du même côté", "indice"],
    signal_shapes: [
        "losange\u{202f}: hors limite",
        "carré\u{202f}: 8 du même côté",
        "creux\u{202f}: un indice",
    ],
    quadrants: [
        "agir ici",
        "à maintenir",
        "priorité basse",
        "plus que nécessaire",
    ],
    axes: "en haut\u{202f}: importance · à droite\u{202f}: performance",
    importance: "importance",
    performance: "performance",
    concentrate: "agir sur\u{202f}: {}",
    nothing_urgent: "rien d’urgent au-delà du hasard",
    undecided: "indécis",
    hollow_undecided: "creux\u{202f}: indécis",
    adds_up: "ligne\u{202f}: part cumulée",
    overlaps: "recoupements\u{202f}: les barres ne s’additionnent pas",
    hollow_chance: "creux\u{202f}: peut-être le hasard",
    coverage: "dans {} des réponses",
    coverage_value: "dans {} des réponses, leur valeur {}",
    changed: "changé au-delà du hasard\u{202f}: {}",
    nothing_changed: "rien n’a changé au-delà du hasard",
    thick_changed: "épais\u{202f}: changé au-delà du hasard",
    bands: ["au-dessus de l’attendu", "comme attendu", "sous l’attendu"],
    own: "vous",
    expected: "attendu",
    few_periods: "{} périodes complètes, il en faut {}",
    few_answers: "{} réponses complètes, il en faut {}",
    few_groups: "{} groupes, il en faut {}",
    entangled: "causes trop liées pour être distinguées",
    alike: "tout est pareil\u{202f}: rien à expliquer",
    grouped: "pour une seule série\u{202f}: choisir un groupe",
    pending: "calcul en cours",
    mix: "qui a répondu",
    change: "variation",
    others: "{} autres",
};

const SPANISH: Findings = Findings {
    rising: "sube {} {}",
    falling: "baja {} {}",
    steady: "sin tendencia más allá del azar",
    per: ["al día", "a la semana", "al mes", "al trimestre"],
    periods: ["{} días", "{} semanas", "{} meses", "{} trimestres"],
    interval: "95\u{202f}% de {} a {}",
    no_season: "estacionalidad no evaluable",
    shift: "nivel {}",
    possible_shift: "¿nivel {}?",
    forecast: "previsión",
    held: "previsiones al 80\u{202f}%: {} de {} cumplidas",
    centre: "centro",
    upper: "límite superior",
    lower: "límite inferior",
    rebased: "nueva base",
    signals: "señales: {}",
    no_signal: "ninguna señal: solo azar",
    signal_kinds: ["fuera de un límite", "8 en un mismo lado", "indicio"],
    signal_shapes: [
        "rombo: fuera de un límite",
        "cuadrado: 8 en un mismo lado",
        "hueco: un indicio",
    ],
    quadrants: [
        "actuar aquí",
        "mantener",
        "prioridad baja",
        "más de lo necesario",
    ],
    axes: "arriba: importancia · derecha: desempeño",
    importance: "importancia",
    performance: "desempeño",
    concentrate: "actuar en: {}",
    nothing_urgent: "nada urgente más allá del azar",
    undecided: "indeciso",
    hollow_undecided: "hueco: indeciso",
    adds_up: "línea: parte acumulada",
    overlaps: "pueden solaparse: las barras no se suman",
    hollow_chance: "hueco: quizá azar",
    coverage: "en {} de las respuestas",
    coverage_value: "en {} de las respuestas, su valor {}",
    changed: "cambió más allá del azar: {}",
    nothing_changed: "nada cambió más allá del azar",
    thick_changed: "grueso: cambió más allá del azar",
    bands: ["sobre lo esperado", "según lo esperado", "bajo lo esperado"],
    own: "usted",
    expected: "esperado",
    few_periods: "{} periodos completos, hacen falta {}",
    few_answers: "{} respuestas completas, hacen falta {}",
    few_groups: "{} grupos, hacen falta {}",
    entangled: "causas demasiado unidas para distinguirlas",
    alike: "todo es igual: nada que explicar",
    grouped: "de una sola serie: elija un grupo",
    pending: "en cálculo",
    mix: "quién respondió",
    change: "cambio",
    others: "{} más",
};

impl Language {
    /// Returns the words of findings.
    pub(super) fn findings(self) -> &'static Findings {
        match self {
            Self::English => &ENGLISH,
            Self::German => &GERMAN,
            Self::French => &FRENCH,
            Self::Spanish => &SPANISH,
        }
    }
}
