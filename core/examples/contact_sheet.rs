//! Draws every chart in every theme, state and several sizes into `target/contact-sheet`.

use std::fs;
use std::path::Path;

use vocd::chart::{
    ErrorCard, Language, Painter, Size, Style, TextMode, Theme, alt_text, error_text, sample,
};
use vocd::kpi::ChartKind;

/// Picture sizes: a whole wall, half and a quarter of one, and the extremes.
const SIZES: [(u32, u32); 10] = [
    (1920, 1080),
    (960, 540),
    (480, 270),
    (480, 540),
    (1920, 540),
    (200, 120),
    (400, 300),
    (200, 900),
    (1080, 1920),
    (7680, 2160),
];

fn main() -> std::io::Result<()> {
    let out = Path::new("target/contact-sheet");
    fs::create_dir_all(out)?;
    let wanted = std::env::args().nth(1).unwrap_or_default();
    let painter = Painter::embedded();
    let style = |(width_px, height_px), theme, language| Style {
        size: Size {
            width_px,
            height_px,
        },
        scale: 1,
        theme,
        language,
        text: TextMode::Font,
    };
    let save = |name: String, svg: &dyn Fn() -> String, style: &Style, alt: &str| {
        if !name.contains(&wanted) {
            return Ok(());
        }
        let svg = svg();
        fs::write(out.join(format!("{name}.svg")), &svg)?;
        fs::write(
            out.join(format!("{name}.png")),
            painter.png(&svg, style, alt),
        )
    };
    for chart in ChartKind::ALL {
        let name = chart.to_string();
        for (state, figure) in sample::states(chart) {
            let style = style((960, 540), Theme::Dark, Language::English);
            let alt = alt_text(&figure, style.language);
            let name = format!("{name}-{state}");
            save(name, &|| painter.svg(&figure, &style), &style, &alt)?;
        }
        let figure = sample::everyday(chart);
        for theme in Theme::ALL {
            for size in SIZES {
                let style = style(size, theme, Language::English);
                let name = format!("{name}-{theme}-{}x{}", size.0, size.1);
                let alt = alt_text(&figure, style.language);
                save(name, &|| painter.svg(&figure, &style), &style, &alt)?;
            }
        }
        for language in Language::ALL {
            let style = style((960, 540), Theme::Light, language);
            let alt = alt_text(&figure, language);
            let name = format!("{name}-{language}");
            save(name, &|| painter.svg(&figure, &style), &style, &alt)?;
        }
    }
    let card = ErrorCard {
        status: 404,
        title: "There is no panel `npss` on this dashboard".to_owned(),
        hint: "Did you mean `nps`? The panels are nps, nps-trend, answers.".to_owned(),
    };
    for theme in Theme::ALL {
        for size in SIZES {
            let style = style(size, theme, Language::English);
            let name = format!("error-{theme}-{}x{}", size.0, size.1);
            let alt = error_text(&card, style.language);
            save(name, &|| painter.error_svg(&card, &style), &style, &alt)?;
        }
    }
    Ok(())
}
