//! Tests over finished documents: goldens, markup, fonts, PNG.

use std::fs;
use std::path::Path;

use crate::chart::sample::{self, Dice};
use crate::chart::{
    ErrorCard, Figure, Language, Painter, Size, Style, TextMode, Theme, alt_text, headline_text,
};
use crate::kpi::{ChartKind, Counted};

fn style(width_px: u32, height_px: u32) -> Style {
    Style {
        size: Size {
            width_px,
            height_px,
        },
        scale: 1,
        theme: Theme::Dark,
        language: Language::English,
        text: TextMode::Font,
    }
}

fn everyday() -> Figure {
    sample::everyday(ChartKind::Trend)
}

/// Compares a drawing with its golden; `UPDATE_EXPECT=1` writes it anew.
#[track_caller]
fn check(name: &str, svg: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("src/chart/testcases")
        .join(name);
    // The font is tested where it is cut; here it would hide the drawing.
    let drawing = without_fonts(svg);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, &drawing).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        drawing == expected,
        "`{name}` changed; look at it, then run again with UPDATE_EXPECT=1\n{drawing}"
    );
}

fn without_fonts(svg: &str) -> String {
    let (before, rest) = svg.split_once("@font-face").unwrap();
    let (_, after) = rest.split_once("</style>").unwrap();
    format!("{before}</style>{after}")
}

#[test]
fn drawings_are_what_they_were() {
    let painter = Painter::embedded();
    for chart in ChartKind::ALL {
        let mut figure = sample::everyday(chart);
        // What was found is found at positions, so such a series stays whole.
        if figure.insight.is_none() {
            for one in &mut figure.answer.series {
                one.points.drain(..18);
            }
        }
        let name = format!("{chart}.svg");
        check(&name, &painter.svg(&figure, &style(480, 320)));
    }
    let card = ErrorCard {
        status: 404,
        title: "no dashboard `npss`".to_owned(),
        hint: "did you mean `nps`?".to_owned(),
    };
    check("error.svg", &painter.error_svg(&card, &style(480, 320)));
}

#[test]
fn the_same_figure_gives_the_same_bytes() {
    let (one, other) = (Painter::embedded(), Painter::embedded());
    let style = style(960, 540);
    assert_eq!(one.svg(&everyday(), &style), other.svg(&everyday(), &style));
}

#[test]
fn markup_in_names_stays_text() {
    let mut figure = everyday();
    figure.title = "<script>alert(1)</script>&\u{0}\u{8}\u{202e}x".to_owned();
    figure.events[0].label = "]]><!-- \" '".to_owned();
    let svg = Painter::embedded().svg(&figure, &style(1920, 540));
    assert!(!svg.contains("<script"), "{svg}");
    assert!(svg.contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;x"));
    let bad = svg
        .chars()
        .find(|letter| letter.is_control() && *letter != '\n');
    assert_eq!(bad, None);
    usvg::Tree::from_str(&svg, &usvg::Options::default()).expect("still XML");
}

#[test]
fn words_are_drawn_without_any_system_font() {
    let painter = Painter::embedded();
    let style = style(480, 320);
    let mut silent = everyday();
    silent.title.clear();
    let pixels = |figure: &Figure| painter.png(&painter.svg(figure, &style), &style, "");
    assert_ne!(pixels(&everyday()), pixels(&silent));
}

#[test]
fn outlines_need_no_font_and_show_the_same_pixels() {
    let painter = Painter::embedded();
    let as_text = style(480, 320);
    let as_paths = Style {
        text: TextMode::Paths,
        ..as_text
    };
    let svg = painter.svg(&everyday(), &as_paths);
    assert!(!svg.contains("<text") && !svg.contains("font-face"));
    assert!(svg.contains("<title id=\"title\">Net Promoter Score: 36"));
    let decoded = |svg: &str| decode(&painter.png(svg, &as_text, "")).1;
    let (one, other) = (decoded(&svg), decoded(&painter.svg(&everyday(), &as_text)));
    let far = one
        .iter()
        .zip(&other)
        .filter(|(a, b)| a.abs_diff(**b) > 48)
        .count();
    assert!(far * 1000 < one.len(), "{far} of {} differ", one.len());
}

fn decode(bytes: &[u8]) -> (png::OutputInfo, Vec<u8>, Vec<String>) {
    let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
    let mut reader = decoder.read_info().unwrap();
    let texts = reader
        .info()
        .utf8_text
        .iter()
        .map(|chunk| chunk.get_text().unwrap())
        .collect();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let frame = reader.next_frame(&mut pixels).unwrap();
    (frame, pixels, texts)
}

#[test]
fn a_png_has_the_asked_size_and_carries_the_alt_text() {
    let painter = Painter::embedded();
    let style = Style {
        scale: 2,
        ..style(200, 120)
    };
    let alt = alt_text(&everyday(), Language::German);
    let (frame, _, texts) = decode(&painter.png(&painter.svg(&everyday(), &style), &style, &alt));
    assert_eq!((frame.width, frame.height), (400, 240));
    assert_eq!(frame.color_type, png::ColorType::Rgb);
    assert_eq!(texts, [alt]);
}

#[test]
fn alt_text_says_what_the_picture_shows() {
    let check = |figure: &Figure, expected: &str| {
        let found = alt_text(figure, Language::English).replace(['\u{202f}', '\u{a0}'], " ");
        assert_eq!(found, expected);
    };
    check(
        &everyday(),
        "Net Promoter Score, last 24 months · segment: Enterprise: 36 points; 95 % interval 34 to 38 · n = 6,480; \
         up 5.2 vs. the period before · changed; Goal 45 (by 31 Dec) · 8.6 to go. \
         Data as of 30 Jun 2026, 14:05 CEST.",
    );
    let state = |name: &str| {
        let mut states = sample::states(ChartKind::Trend).into_iter();
        states.find(|(state, _)| *state == name).unwrap().1
    };
    check(
        &state("no-data"),
        "Net Promoter Score, last 24 months · segment: Enterprise: No answers yet. \
         Data as of 30 Jun 2026, 14:05 CEST.",
    );
    check(
        &state("counts-only"),
        "Net Promoter Score, last 24 months · segment: Enterprise: Too few answers for a score · \
         Promoters 3, Passives 2, Detractors 3. Data as of 30 Jun 2026, 14:05 CEST.",
    );
    check(
        &state("time"),
        "Resolution time, last 24 months · segment: Enterprise: 24.5 h; 95 % interval 24.2 h to 24.8 h · n = 15,360; \
         9 of 10 within 4.1 days · 2,194 still open. Data as of 30 Jun 2026, 14:05 CEST.",
    );
    check(
        &state("stale"),
        "Net Promoter Score, last 24 months · segment: Enterprise: 36 points; 95 % interval 34 to 38 · n = 6,480; \
         up 5.2 vs. the period before · changed; Goal 45 (by 31 Dec) · 8.6 to go. \
         Data as of 30 Jun 2026, 07:05 CEST (data 7 h old).",
    );
}

#[test]
fn alt_text_says_what_charts_of_groups_and_customers_show() {
    let check = |chart: ChartKind, expected: &str| {
        let found = alt_text(&sample::everyday(chart), Language::English);
        assert_eq!(found.replace(['\u{202f}', '\u{a0}'], " "), expected);
    };
    check(
        ChartKind::Bars,
        "Net Promoter Score, last 24 months · by region: 36 points; 95 % interval 34 to 38 · n = 6,480; \
         up 5.2 vs. the period before · changed; Germany 48, above the rest; Italy 41; \
         United Kingdom 38; Nordics 35; Spain & Portugal 34; France 31. \
         Data as of 30 Jun 2026, 14:05 CEST.",
    );
    check(
        ChartKind::Bridge,
        "Net revenue retention, last 12 months: 100.5 %; 95 % interval 95.8 to 105.3 · n = 1,204; \
         amounts in EUR a month; Start 1,240,000; Expansion +96,400; Contraction −31,200; \
         Churned −58,800; Kept 1,246,400; New +74,500; Returned +8,300; End 1,329,200. \
         Data as of 30 Jun 2026, 14:05 CEST.",
    );
    check(
        ChartKind::Survival,
        "Customer survival, all customers: 66.9 % after 365 days; 95 % interval 62.2 to 71.7 · n = 1,204; \
         half have left after 631 days. Data as of 30 Jun 2026, 14:05 CEST.",
    );
    check(
        ChartKind::Cohort,
        "Cohort retention, last 14 months: 69.4 % after 12 months; 95 % interval 63.9 to 74.9 · n = 900. \
         Data as of 30 Jun 2026, 14:05 CEST.",
    );
}

#[test]
fn nothing_hidden_is_said_or_drawn() {
    for chart in ChartKind::ALL {
        let states = sample::states(chart);
        let (_, figure) = states
            .iter()
            .find(|(name, _)| *name == "suppressed")
            .unwrap();
        let expected = match figure.answer.kpi.counted() {
            Counted::Answers => "Too few answers to show",
            _ => "Too few to show",
        };
        assert_eq!(headline_text(figure, Language::English), expected);
        let svg = Painter::embedded().svg(figure, &style(960, 540));
        assert!(
            !svg.contains("n\u{a0}=") && !svg.contains("<circle"),
            "{chart:?}"
        );
    }
}

#[test]
fn any_thread_may_draw() {
    fn is_shared<T: Send + Sync>(_: &T) {}
    is_shared(&Painter::embedded());
    assert!(Dice::new(1).share() < 1.0);
}
