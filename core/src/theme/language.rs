//! Which language a comment is written in, as far as that can be known.

use std::sync::LazyLock;

use whatlang::{Detector, Lang, Script};

/// Letters below which a detector guesses.
const DETECTED_LETTERS_MIN: usize = 25;
/// Letters that a detector is shown; more do not change its mind and cost time.
const DETECTED_LETTERS_MAX: usize = 300;

/// Languages that a text may turn out to be in: those that are read, and enough others that a text
/// in a language that is not read is near one of them. A detector with every language it knows takes
/// twice as long, and holds Dutch for Afrikaans.
static DETECTOR: LazyLock<Detector> = LazyLock::new(|| {
    use Lang::{
        Cat, Ces, Dan, Deu, Eng, Fin, Fra, Hrv, Hun, Ind, Ita, Nld, Nob, Pol, Por, Ron, Spa, Swe,
        Tur, Vie,
    };
    Detector::with_allowlist(vec![
        Cat, Ces, Dan, Deu, Eng, Fin, Fra, Hrv, Hun, Ind, Ita, Nld, Nob, Pol, Por, Ron, Spa, Swe,
        Tur, Vie,
    ])
});

/// A language whose comments are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Language {
    /// English.
    English,
    /// German.
    German,
    /// French.
    French,
    /// Spanish.
    Spanish,
    /// Italian.
    Italian,
    /// Dutch.
    Dutch,
    /// Portuguese.
    Portuguese,
}

impl Language {
    /// Every language that is read.
    pub const ALL: [Self; 7] = [
        Self::English,
        Self::German,
        Self::French,
        Self::Spanish,
        Self::Italian,
        Self::Dutch,
        Self::Portuguese,
    ];

    /// Returns the ISO 639-1 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
            Self::French => "fr",
            Self::Spanish => "es",
            Self::Italian => "it",
            Self::Dutch => "nl",
            Self::Portuguese => "pt",
        }
    }

    /// Returns the language of an ISO 639-1 code in lower case.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }

    const fn of_detected(lang: Lang) -> Option<Self> {
        Some(match lang {
            Lang::Eng => Self::English,
            Lang::Deu => Self::German,
            Lang::Fra => Self::French,
            Lang::Spa => Self::Spanish,
            Lang::Ita => Self::Italian,
            Lang::Nld => Self::Dutch,
            Lang::Por => Self::Portuguese,
            _ => return None,
        })
    }
}

/// What is known of a comment's language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Spoken {
    /// A language that is read.
    Read(Language),
    /// A language that is known, but not read here.
    NotRead,
    /// Nobody said, and the text is too short or too mixed to tell.
    Unknown,
}

/// Decides a comment's language: what the response says, else what the text itself says if there is
/// enough of it, else what the survey says.
pub(super) fn spoken(text: &str, locale: Option<&str>, survey: Option<&str>) -> Spoken {
    let declared = |tag: Option<&str>| tag.and_then(of_tag);
    declared(locale)
        .or_else(|| detected(text))
        .or_else(|| declared(survey))
        .unwrap_or(Spoken::Unknown)
}

/// Returns what a tag such as `de-AT`, `pt_BR` or `eng` names; `None` if it names no language.
fn of_tag(tag: &str) -> Option<Spoken> {
    let primary = tag.trim().split(['-', '_', '.', '@']).next()?;
    let primary = primary.to_ascii_lowercase();
    let is_code =
        (2..=3).contains(&primary.len()) && primary.bytes().all(|b| b.is_ascii_lowercase());
    // Undetermined, several, uncoded, no language at all.
    if !is_code || ["und", "mul", "mis", "zxx"].contains(&&*primary) {
        return None;
    }
    let language = Language::of_code(&primary).or_else(|| {
        // The library knows one of the two codes that German, French and Dutch have.
        let code = match &*primary {
            "ger" => "deu",
            "fre" => "fra",
            "dut" => "nld",
            code => code,
        };
        Lang::from_code(code).and_then(Language::of_detected)
    });
    Some(language.map_or(Spoken::NotRead, Spoken::Read))
}

fn detected(text: &str) -> Option<Spoken> {
    // One letter of another script is enough to know that no language read here is written in it.
    if whatlang::detect_script(text).is_some_and(|script| script != Script::Latin) {
        return Some(Spoken::NotRead);
    }
    let end = letters_end(text)?;
    let found = DETECTOR
        .detect(&text[..end])
        .filter(whatlang::Info::is_reliable)?;
    Some(Language::of_detected(found.lang()).map_or(Spoken::NotRead, Spoken::Read))
}

/// Returns where the letters that a detector is shown end; `None` if they are too few.
fn letters_end(text: &str) -> Option<usize> {
    let letters = text
        .char_indices()
        .filter(|(_, letter)| letter.is_alphabetic());
    let (n_letters, end) = letters
        .take(DETECTED_LETTERS_MAX)
        .fold((0, 0), |(n, _), (at, letter)| {
            (n + 1, at + letter.len_utf8())
        });
    (n_letters >= DETECTED_LETTERS_MIN).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_is_asked_first_then_the_text_then_the_survey() {
        const GERMAN: &str =
            "Die Lieferung kam leider drei Wochen zu spät und niemand hat Bescheid gesagt.";
        let cases = [
            (
                GERMAN,
                Some("fr-CH"),
                Some("en"),
                Spoken::Read(Language::French),
            ),
            (GERMAN, None, Some("en"), Spoken::Read(Language::German)),
            (
                GERMAN,
                Some("default"),
                None,
                Spoken::Read(Language::German),
            ),
            ("ok", None, Some("es"), Spoken::Read(Language::Spanish)),
            ("ok", None, None, Spoken::Unknown),
            ("", None, Some("und"), Spoken::Unknown),
            ("ok", Some("ja_JP"), Some("en"), Spoken::NotRead),
            ("плохо", None, Some("en"), Spoken::NotRead),
            ("ok", Some("GER"), None, Spoken::Read(Language::German)),
            ("ok", Some("eng"), None, Spoken::Read(Language::English)),
            (
                "Доставка опоздала на три недели, и никто не позвонил",
                None,
                Some("en"),
                Spoken::NotRead,
            ),
        ];
        for (text, locale, survey, expected) in cases {
            assert_eq!(
                spoken(text, locale, survey),
                expected,
                "{text} {locale:?} {survey:?}"
            );
        }
    }

    #[test]
    fn a_short_text_is_never_guessed() {
        assert_eq!(spoken("Danke, sehr gut", None, None), Spoken::Unknown);
        assert_eq!(letters_end("the service was very good no"), None);
        assert!(letters_end(&"a".repeat(25)).is_some());
        assert_eq!(
            letters_end(&"ä".repeat(10_000)),
            Some(2 * DETECTED_LETTERS_MAX)
        );
    }

    #[test]
    fn codes_and_languages_match() {
        for language in Language::ALL {
            assert_eq!(Language::of_code(language.code()), Some(language));
        }
        assert_eq!(Language::of_code("xx"), None);
    }
}
