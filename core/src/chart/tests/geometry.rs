//! Tests over drawings: no two texts meet, none leaves the picture, the headline is large.

use crate::chart::sample::{self, Dice};
use crate::chart::{
    ErrorCard, Figure, Freshness, GoalMark, Insight, Language, Mark, Painter, Size, Style,
    TextMode, Theme,
};
use crate::kpi::{ChartKind, Grain};

/// Seeded figures per run; each is drawn at one random size.
const FIGURES: u64 = 1_200;

/// Texts may touch by this much: half a step of rounding on each side.
const TOUCH_PX: f64 = 0.13;

const CHARTS: [ChartKind; ChartKind::ALL.len()] = ChartKind::ALL;

const NAMES: [&str; 8] = [
    "",
    "A",
    "Region: Mecklenburg-Vorpommern, Baden-Württemberg; channel: e-mail",
    "DonaudampfschifffahrtsgesellschaftskapitänsmützenabteilungKundenzufriedenheit",
    "顧客満足度",
    "How likely are you to recommend our field service to a friend or a colleague?",
    "<b>&amp;\u{7}\u{202e}tricky</b> `name`",
    "Net Promoter Score",
];

fn style(width_px: u32, height_px: u32, language: Language) -> Style {
    Style {
        size: Size {
            width_px,
            height_px,
        },
        scale: 1,
        theme: Theme::Dark,
        language,
        text: TextMode::Font,
    }
}

fn random_style(dice: &mut Dice) -> Style {
    let sizes = [
        (200, 120),
        (480, 540),
        (960, 540),
        (1920, 1080),
        (1920, 200),
        (200, 1080),
        (7680, 2160),
        (640, 360),
    ];
    let (width, height) = match dice.below(12) {
        idx if idx < sizes.len() => sizes[idx],
        _ => {
            let side = |px: usize| u32::try_from(px).expect("a size");
            (side(200 + dice.below(1800)), side(120 + dice.below(1000)))
        }
    };
    style(width, height, Language::ALL[dice.below(4)])
}

fn random_figure(dice: &mut Dice) -> Figure {
    let chart = CHARTS[dice.below(CHARTS.len())];
    let kpis = [
        &sample::NPS,
        &sample::CSAT,
        &sample::RESPONSES,
        &sample::WAITING,
    ];
    let kpi = kpis[dice.below(4)];
    let mut figure = if dice.below(3) == 0 {
        sample::split(chart, 1 + dice.below(40))
    } else {
        let states = sample::states(chart);
        states[dice.below(states.len())].1.clone()
    };
    if dice.below(2) == 0 {
        figure.title = NAMES[dice.below(NAMES.len())].to_owned();
        figure.subtitle = NAMES[dice.below(NAMES.len())].to_owned();
    }
    if dice.below(3) == 0 {
        let level = [0.0, -99.0, 1e-9, 5e13][dice.below(4)] + dice.within(-1.0, 1.0);
        let n_points = 1 + dice.below(60);
        figure.answer.kpi = kpi;
        let points = sample::months(kpi, n_points, |_| {
            let n = [0, 3, 8, 20, 300][dice.below(5)];
            (level + dice.within(-9.0, 9.0), n)
        });
        for one in figure.answer.series.iter_mut().take(1) {
            one.points.clone_from(&points);
        }
        figure.answer.total = sample::score(kpi, level, [3, 8, 20, 3000][dice.below(4)]);
    }
    if dice.below(4) == 0 {
        figure.answer.grain = [Grain::Day, Grain::Week, Grain::Quarter][dice.below(3)];
    }
    for one in figure.answer.series.iter_mut().skip(1) {
        if dice.below(4) == 0 {
            one.key = Some(NAMES[dice.below(NAMES.len())].to_owned());
        }
        if dice.below(3) == 0 {
            let n = [0, 3, 8, 20, 300][dice.below(5)];
            one.total = sample::score(kpi, dice.within(-90.0, 90.0), n);
        }
    }
    if dice.below(4) == 0 {
        // What was found may be of another series, or of another chart.
        let other = sample::everyday(CHARTS[dice.below(CHARTS.len())]);
        figure.insight = other.insight;
    }
    rename(&mut figure, dice);
    surround(&mut figure, dice);
    figure
}

/// Gives some of what was found other names.
fn rename(figure: &mut Figure, dice: &mut Dice) {
    let mut names: Vec<&mut String> = match &mut figure.insight {
        Some(Insight::Quadrant(found)) => {
            let items = found.items.iter_mut();
            items.map(|item| &mut item.name).collect()
        }
        Some(Insight::Pareto(found)) => {
            let items = found.items.iter_mut();
            items.map(|item| &mut item.name).collect()
        }
        Some(Insight::Slope(found)) => {
            let items = found.items.iter_mut().map(|item| &mut item.name);
            items.chain([&mut found.before.name]).collect()
        }
        Some(Insight::Funnel(found)) => {
            let members = found.members.iter_mut();
            members.map(|member| &mut member.name).collect()
        }
        _ => Vec::new(),
    };
    for name in &mut names {
        if dice.below(3) == 0 {
            NAMES[dice.below(NAMES.len())].clone_into(name);
        }
    }
}

/// Puts chance around the numbers: age, goal, events, note.
fn surround(figure: &mut Figure, dice: &mut Dice) {
    let as_of = figure.answer.as_of;
    figure.freshness = match dice.below(5) {
        0 => Freshness::Stale(Some(as_of)),
        1 => Freshness::Stale(None),
        2 => Freshness::Failing(None),
        _ => figure.freshness.clone(),
    };
    if dice.below(4) == 0 {
        figure.goal = Some(GoalMark {
            target: dice.within(-20.0, 80.0),
            label: NAMES[dice.below(NAMES.len())].to_owned(),
            pace: (dice.below(2) == 0).then(|| dice.within(-20.0, 80.0)),
        });
    }
    for _ in 0..dice.below(5) {
        let points = figure
            .answer
            .series
            .first()
            .map_or(&[][..], |one| &one.points);
        let at = points.get(dice.below(points.len().max(1)));
        figure.events.push(Mark {
            at: at.map_or(figure.answer.from, |point| point.start),
            label: NAMES[dice.below(NAMES.len())].to_owned(),
        });
    }
    if dice.below(5) == 0 {
        figure.note = Some(NAMES[dice.below(NAMES.len())].to_owned());
    }
}

#[track_caller]
fn check_boxes(sheet: &crate::chart::sheet::Sheet<'_>, what: &str) {
    let bounds = sheet.bounds();
    let boxes = sheet.boxes();
    for (idx, one) in boxes.iter().enumerate() {
        assert!(
            one.room.left >= bounds.left - TOUCH_PX
                && one.room.top >= bounds.top - TOUCH_PX
                && one.room.right <= bounds.right + TOUCH_PX
                && one.room.bottom <= bounds.bottom + TOUCH_PX,
            "{what}: `{}` leaves the picture: {:?}",
            one.text,
            one.room
        );
        let mut inner = one.room;
        inner.left += TOUCH_PX;
        inner.right -= TOUCH_PX;
        inner.top += TOUCH_PX;
        inner.bottom -= TOUCH_PX;
        for other in &boxes[..idx] {
            assert!(
                !inner.meets(&other.room),
                "{what}: `{}` meets `{}`: {:?} {:?}",
                one.text,
                other.text,
                one.room,
                other.room
            );
        }
    }
}

#[test]
fn no_text_meets_another_or_leaves_the_picture() {
    let painter = Painter::embedded();
    for seed in 0..FIGURES {
        let mut dice = Dice::new(seed);
        let figure = random_figure(&mut dice);
        let style = random_style(&mut dice);
        let what = format!("seed {seed} {:?} {:?}", figure.chart, style.size);
        let sheet = painter.draw(&figure, &style);
        assert!(!sheet.boxes().is_empty(), "{what}: nothing is said");
        check_boxes(&sheet, &what);
    }
}

#[test]
fn every_state_fits_every_wall_tile() {
    let painter = Painter::embedded();
    for chart in CHARTS {
        for (state, figure) in sample::states(chart) {
            for (width, height) in [
                (480, 540),
                (960, 540),
                (1920, 540),
                (1920, 1080),
                (480, 360),
            ] {
                for language in Language::ALL {
                    let style = style(width, height, language);
                    let sheet = painter.draw(&figure, &style);
                    check_boxes(
                        &sheet,
                        &format!("{chart:?} {state} {width}×{height} {language}"),
                    );
                }
            }
        }
    }
}

#[test]
fn error_cards_fit_every_size() {
    let painter = Painter::embedded();
    for seed in 0..60 {
        let mut dice = Dice::new(seed);
        let style = random_style(&mut dice);
        let card = ErrorCard {
            status: 503,
            title: NAMES[dice.below(NAMES.len())].repeat(1 + dice.below(4)),
            hint: NAMES[dice.below(NAMES.len())].repeat(1 + dice.below(9)),
        };
        let sheet = painter.draw_error(&card, &style);
        check_boxes(&sheet, &format!("seed {seed} {:?}", style.size));
    }
}

/// Least height of the headline over that of the tile: a chart of many labelled lines gives them
/// the room, and still can be read from five metres.
fn headline_share_min(chart: ChartKind) -> f64 {
    match chart {
        ChartKind::Bars
        | ChartKind::Table
        | ChartKind::Cohort
        | ChartKind::Bridge
        | ChartKind::Quadrant
        | ChartKind::Pareto
        | ChartKind::Slope => 0.08,
        _ => 0.18,
    }
}

#[test]
fn the_headline_can_be_read_from_afar_on_a_wall_tile() {
    let painter = Painter::embedded();
    for chart in CHARTS {
        let share_min = headline_share_min(chart);
        for (width, height) in [
            (480, 540),
            (960, 540),
            (1920, 540),
            (1920, 1080),
            (3840, 2160),
        ] {
            let svg = painter.svg(
                &sample::everyday(chart),
                &style(width, height, Language::English),
            );
            let largest = svg
                .split("font-size=\"")
                .skip(1)
                .filter_map(|rest| rest.split('"').next()?.parse::<f64>().ok())
                .fold(0.0, f64::max)
                / crate::chart::sheet::STEPS_PER_PX;
            let share = largest / f64::from(height);
            assert!(share >= share_min, "{chart:?} {width}×{height}: {share:.3}");
        }
    }
}
