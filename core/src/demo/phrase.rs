//! What customers write, in English and German, about the reason of their answer.

use crate::demo::answer::Feeling;
use crate::demo::customer::Customer;
use crate::demo::dice::Cast;
use crate::demo::invitation::Survey;
use crate::demo::mood::Driver;
use crate::demo::truth::Costing;

/// Words that every sentence about the theme has, in English and German.
pub(super) const THEME_TERMS: [&str; 2] = ["two-factor login", "Zwei-Faktor-Anmeldung"];
/// Best score of a comment about it: the happy write of other things.
const THEME_SCORE_MAX: u8 = 8;

/// What is written about a release that made everybody sign in with two factors.
const THEME_ENGLISH: [&str; 5] = [
    "The new two-factor login locks me out every morning.",
    "Codes of the two-factor login never arrive.",
    "Why do I need the two-factor login ten times a day?",
    "Nobody warned us about the two-factor login.",
    "Lost my phone, and the two-factor login has no way around it.",
];
const THEME_GERMAN: [&str; 5] = [
    "Die neue Zwei-Faktor-Anmeldung sperrt mich jeden Morgen aus.",
    "Der Code der Zwei-Faktor-Anmeldung kommt nicht an.",
    "Wozu zehnmal am Tag die Zwei-Faktor-Anmeldung?",
    "Die Zwei-Faktor-Anmeldung kam ohne jede Ankündigung.",
    "Handy verloren, und die Zwei-Faktor-Anmeldung kennt keinen Ausweg.",
];

/// Sentences about one driver.
struct Phrases {
    good: [&'static str; 5],
    bad: [&'static str; 5],
}

/// Returns the comment of a submission, or `None` from the many who write nothing.
pub(super) fn comment(
    cast: &mut Cast,
    feeling: &Feeling,
    survey: Survey,
    customer: &Customer,
    costing: Option<Costing>,
) -> Option<String> {
    let is_german = customer.is_german;
    let share = match survey {
        Survey::Relationship => 0.32,
        Survey::Support => 0.24,
    };
    let score = feeling.recommend();
    // The very happy and the unhappy write more.
    let eagerness = match score {
        0..=4 => 1.8,
        5..=6 | 10 => 1.2,
        _ => 0.7,
    };
    if !cast.happens(share * eagerness) {
        return None;
    }
    let theme_share = costing.map_or(0.0, |costing| costing.theme_share);
    if cast.share() < theme_share && score <= THEME_SCORE_MAX {
        let phrases = if is_german {
            &THEME_GERMAN
        } else {
            &THEME_ENGLISH
        };
        return Some((*cast.pick(phrases)).to_owned());
    }
    let reason = feeling.reason(survey);
    let phrases = if is_german { &GERMAN } else { &ENGLISH };
    let about = Driver::ALL
        .iter()
        .zip(phrases)
        .find(|(driver, _)| **driver == reason);
    let (_, phrases) = about.expect("there are phrases about every driver");
    let is_good = score >= 8;
    let first = *cast.pick(if is_good { &phrases.good } else { &phrases.bad });
    if !cast.happens(0.35) {
        return Some(first.to_owned());
    }
    let second = *cast.pick(closings(is_good, is_german));
    Some(format!("{first} {second}"))
}

fn closings(is_good: bool, is_german: bool) -> &'static [&'static str] {
    match (is_good, is_german) {
        (true, false) => &[
            "Thank you!",
            "Keep it up.",
            "We told our partners about you.",
            ":-)",
        ],
        (true, true) => &[
            "Danke!",
            "Weiter so.",
            "Gern wieder.",
            "Wir sind sehr zufrieden.",
        ],
        (false, false) => &[
            "Please do something about it.",
            "We are looking at alternatives.",
            "It used to be better.",
            "Not what we pay for.",
        ],
        (false, true) => &[
            "Bitte kümmern Sie sich darum.",
            "Wir sehen uns gerade nach Alternativen um.",
            "Das war schon mal besser.",
            "Dafür zahlen wir nicht.",
        ],
    }
}

/// In the order of [`Driver::ALL`].
static ENGLISH: [Phrases; 5] = [
    // About speed.
    Phrases {
        good: [
            "Got an answer within minutes.",
            "Very quick reply, even on a Friday evening.",
            "Fast and reliable.",
            "Problem solved the same day.",
            "I never wait long.",
        ],
        bad: [
            "Waited three days for a first reply.",
            "Everything is slow since the last outage.",
            "Took five mails until somebody looked at it.",
            "The app is slow, pages take ages to load.",
            "No reply for a week, then \"please try again\".",
        ],
    },
    // About ease.
    Phrases {
        good: [
            "So easy to use that nobody needed training.",
            "Setting it up took ten minutes.",
            "The new menu is much clearer.",
            "I find everything where I expect it.",
            "Simple, and it just works.",
        ],
        bad: [
            "Too many clicks for a simple order.",
            "I cannot find the settings, the menu is confusing.",
            "Had to explain my problem to three people.",
            "The sign-in is a nightmare on the phone.",
            "The export is hidden and the help page is outdated.",
        ],
    },
    // About knowledge.
    Phrases {
        good: [
            "The person on the phone knew exactly what to do.",
            "Competent and friendly support.",
            "They explained the cause, not only the fix.",
            "Great advice on our set-up.",
            "Understood the question at once.",
        ],
        bad: [
            "The answer was copied from the help page and did not fit.",
            "Nobody could tell me why the import fails.",
            "Three different answers to the same question.",
            "Support did not know their own product.",
            "They closed the request without solving it.",
        ],
    },
    // About product.
    Phrases {
        good: [
            "The reports save us a day every month.",
            "The last release fixed exactly what we missed.",
            "Solid product, we rely on it every day.",
            "The integration with our shop works perfectly.",
            "Best tool of its kind that we tried.",
        ],
        bad: [
            "The import loses rows and nobody notices.",
            "Notifications arrive late or not at all.",
            "Important reports are still missing.",
            "The app crashes when I attach a photo.",
            "The last update broke our integration.",
        ],
    },
    // About price.
    Phrases {
        good: [
            "Fair price for what we get.",
            "Good value, no hidden fees.",
            "Cheaper than our old system, and better.",
            "The yearly plan is a good deal.",
            "Worth every cent.",
        ],
        bad: [
            "Too expensive for a small team.",
            "Another price increase without a new feature.",
            "We pay for seats that we do not use.",
            "The invoice is impossible to understand.",
            "Competitors offer the same for half the price.",
        ],
    },
];

/// In the order of [`Driver::ALL`].
static GERMAN: [Phrases; 5] = [
    // About speed.
    Phrases {
        good: [
            "Schnelle Antwort, innerhalb weniger Minuten.",
            "Noch am selben Tag gelöst.",
            "Sehr flott und zuverlässig.",
            "Man wartet nie lange.",
            "Rückruf kam sofort.",
        ],
        bad: [
            "Drei Tage auf eine Antwort gewartet.",
            "Seit der Störung ist alles langsam.",
            "Fünf Mails, bis sich jemand gekümmert hat.",
            "Die App lädt ewig.",
            "Eine Woche lang keine Rückmeldung.",
        ],
    },
    // About ease.
    Phrases {
        good: [
            "Einfach zu bedienen, niemand brauchte eine Schulung.",
            "In zehn Minuten eingerichtet.",
            "Das neue Menü ist viel übersichtlicher.",
            "Man findet sich sofort zurecht.",
            "Einfach und funktioniert.",
        ],
        bad: [
            "Zu viele Klicks für eine einfache Bestellung.",
            "Die Einstellungen sind nicht zu finden.",
            "Ich musste mein Problem dreimal erklären.",
            "Die Anmeldung am Handy ist eine Zumutung.",
            "Der Export ist versteckt, die Hilfe veraltet.",
        ],
    },
    // About knowledge.
    Phrases {
        good: [
            "Der Support wusste sofort, was zu tun ist.",
            "Kompetent und freundlich.",
            "Die Ursache wurde verständlich erklärt.",
            "Sehr gute Beratung bei der Einrichtung.",
            "Die Frage wurde gleich verstanden.",
        ],
        bad: [
            "Die Antwort war kopiert und passte nicht.",
            "Niemand konnte sagen, warum der Import scheitert.",
            "Drei verschiedene Auskünfte zur selben Frage.",
            "Der Support kennt das eigene Produkt nicht.",
            "Anfrage geschlossen, Problem nicht gelöst.",
        ],
    },
    // About product.
    Phrases {
        good: [
            "Die Auswertungen sparen uns jeden Monat einen Tag.",
            "Das letzte Update hat genau das gebracht, was fehlte.",
            "Läuft stabil, wir verlassen uns täglich darauf.",
            "Die Anbindung an unseren Shop klappt hervorragend.",
            "Das beste Werkzeug, das wir getestet haben.",
        ],
        bad: [
            "Der Import verliert Zeilen, und niemand merkt es.",
            "Benachrichtigungen kommen zu spät oder gar nicht.",
            "Wichtige Auswertungen fehlen immer noch.",
            "Die App stürzt beim Hochladen von Fotos ab.",
            "Das letzte Update hat unsere Schnittstelle zerlegt.",
        ],
    },
    // About price.
    Phrases {
        good: [
            "Fairer Preis für die Leistung.",
            "Gutes Preis-Leistungs-Verhältnis, keine versteckten Kosten.",
            "Günstiger als das alte System, und besser.",
            "Der Jahrestarif lohnt sich.",
            "Sein Geld wert.",
        ],
        bad: [
            "Zu teuer für ein kleines Team.",
            "Schon wieder eine Preiserhöhung ohne neue Funktion.",
            "Wir zahlen für Plätze, die wir nicht nutzen.",
            "Die Rechnung versteht kein Mensch.",
            "Anderswo gibt es dasselbe zum halben Preis.",
        ],
    },
];
