//! Files of themes: those of the program, those of a site, and bad ones.

use std::collections::BTreeSet;

use super::tests::themes;
use super::*;

#[test]
fn a_site_adds_replaces_and_leaves_out_themes() {
    let file = r#"
        language = "en"
        version = 7
        leave_out = ["design"]

        [[theme]]
        id = "roaming"
        title = "Roaming"
        terms = ["roaming", "=5g"]

        [[theme]]
        id = "price"
        title = "Money"
        terms = ["dear"]
    "#;
    let mut taxonomy = Taxonomy::built_in();
    let n_before = taxonomy.themes().len();
    taxonomy
        .add(ThemeFile::parse(file).expect("a correct file"))
        .expect("themes that exist");
    assert_eq!(taxonomy.themes().len(), n_before);
    assert_eq!(taxonomy.versions().last(), Some(&(Language::English, 7)));
    let reader = Reader::new(taxonomy);
    assert_eq!(
        themes(
            &reader,
            "5G roaming is dear, price is high, ugly design",
            "en"
        ),
        ["price: dear", "roaming: =5g"]
    );
    // Other languages keep their terms of the theme, and a theme its title in them.
    assert_eq!(themes(&reader, "viel zu teuer", "de"), ["price: teuer"]);
    let price = reader
        .taxonomy()
        .themes()
        .iter()
        .find(|theme| theme.id == "price")
        .expect("the theme");
    let titles = [Language::English, Language::German, Language::Dutch]
        .map(|language| price.title(language));
    assert_eq!(titles, ["Money", "Preis und Leistung", "Money"]);
}

#[test]
fn a_bad_file_is_told_with_place_and_remedy() {
    let cases = [
        (
            "language = \"en\"\nversion = \"1\"\n",
            "2:11: invalid type: string \"1\", expected u32; a file has",
        ),
        (
            "language = \"tlh\"\nversion = 1\n",
            "1:12: `tlh` is not a language that is read; write one of en, de",
        ),
        (
            "language = \"en\"\nversion = 1\ncolour = 1\n",
            "3:1: unknown field `colour`",
        ),
        (
            "language = \"en\"\nversion = 1\n[[theme]]\nid = \"Price\"\ntitle = \"P\"\nterms = [\"price\"]\n",
            "4:6: `Price` is not an id; write small letters",
        ),
        (
            "language = \"en\"\nversion = 1\n[[theme]]\nid = \"price\"\ntitle = \" \"\nterms = [\"price\"]\n",
            "5:9: theme `price` has an empty title; write",
        ),
        (
            "language = \"en\"\nversion = 1\n[[theme]]\nid = \"price\"\ntitle = \"P\"\n",
            "4:6: theme `price` has 0 terms; write 1 to 500",
        ),
        (
            "language = \"en\"\nversion = 1\n[[theme]]\nid = \"price\"\ntitle = \"P\"\nterms = [\"cost\",\n  \"costs\"]\n",
            "7:3: `costs` is the same as a term before it; take it away",
        ),
        (
            "language = \"en\"\nversion = 1\n[[theme]]\nid = \"price\"\ntitle = \"P\"\nterms = [\"the\"]\n",
            "6:10: nearly every comment has this word; write",
        ),
        (
            "language = \"en\"\nversion = 1\n[[theme]]\nid = \"a\"\ntitle = \"P\"\nterms = [\"x-y\"]\n",
            "6:10: `x-y` is not one word; write words apart",
        ),
        (
            "language = \"en\"\nversion = 1\n[[theme]]\nid = \"a\"\ntitle = \"A\"\nterms = [\"cost\"]\n[[theme]]\nid = \"a\"\ntitle = \"A\"\nterms = [\"cost\"]\n",
            "8:6: theme `a` is there twice; put",
        ),
    ];
    for (text, expected) in cases {
        let faults = ThemeFile::parse(text).expect_err(text);
        let told = faults[0].to_string();
        assert!(told.starts_with(expected), "{told}");
    }
    let absent = "language = \"en\"\nversion = 1\nleave_out = [\"desing\"]\n";
    let file = ThemeFile::parse(absent).expect("a file by itself");
    let faults = Taxonomy::built_in()
        .add(file)
        .expect_err("a theme that is not there");
    assert_eq!(
        faults[0].to_string(),
        "3:14: there is no theme `desing`; did you mean `design`?"
    );
}

#[test]
fn every_built_in_theme_has_terms_and_a_title_in_every_language() {
    let taxonomy = Taxonomy::built_in();
    let languages = [
        Language::English,
        Language::German,
        Language::French,
        Language::Spanish,
    ];
    assert_eq!(taxonomy.versions().len(), languages.len());
    for theme in taxonomy.themes() {
        let titles: BTreeSet<&str> = languages
            .iter()
            .map(|language| theme.title(*language))
            .collect();
        assert!(
            languages
                .iter()
                .all(|language| !theme.terms(*language).is_empty()),
            "{}",
            theme.id
        );
        assert!(titles.len() > 1 || theme.id == "service", "{titles:?}");
    }
}
