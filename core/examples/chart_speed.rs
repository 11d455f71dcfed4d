//! Measures a picture's way from figure to bytes; prints the best of many runs, which a busy
//! machine changes least.

use std::io::Write as _;
use std::time::Instant;

use vocd::chart::{Language, Painter, Size, Style, TextMode, Theme, sample};
use vocd::kpi::ChartKind;

/// Runs per figure.
const RUNS: usize = 21;

fn main() -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    let start = Instant::now();
    let painter = Painter::embedded();
    writeln!(out, "painter embedded {:.2} ms", ms(start))?;
    let start = Instant::now();
    let _system = Painter::new(&[]);
    writeln!(out, "painter system   {:.2} ms", ms(start))?;
    for (width_px, height_px) in [(960, 540), (1920, 1080), (3840, 2160)] {
        for chart in [ChartKind::Number, ChartKind::Trend, ChartKind::Stack] {
            let style = Style {
                size: Size {
                    width_px,
                    height_px,
                },
                scale: 1,
                theme: Theme::Dark,
                language: Language::English,
                text: TextMode::Font,
            };
            let mut figure = sample::everyday(chart);
            let (mut svgs, mut pngs, mut bytes) = (Vec::new(), Vec::new(), (0, 0));
            for run in 0..RUNS {
                // New words each time: the cut font is not in its cache.
                figure.title = format!(
                    "Score {}",
                    char::from(b'A' + u8::try_from(run).unwrap_or(0))
                );
                let start = Instant::now();
                let svg = painter.svg(&figure, &style);
                svgs.push(ms(start));
                let start = Instant::now();
                let png = painter.png(&svg, &style, "alt");
                pngs.push(ms(start));
                bytes = (svg.len(), png.len());
            }
            writeln!(
                out,
                "{chart:?} {width_px}×{height_px}: svg {:.2} ms ({} kB), png {:.2} ms ({} kB)",
                best(&svgs),
                bytes.0 / 1024,
                best(&pngs),
                bytes.1 / 1024
            )?;
        }
    }
    Ok(())
}

fn ms(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e3
}

fn best(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}
