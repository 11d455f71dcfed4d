//! `distribution`: how many gave each answer, in groups where the score has them.

use plotters::element::Rectangle;

use super::axis::Values;
use super::facts::State;
use super::layout::{HEADLINE_UNITS, Panel, Wants, compose};
use super::numerals;
use super::pen::{Ink, Scale, draw, fill};
use super::sheet::{Align, Rect, Sheet};
use super::theme::Rgb;
use super::trend::empty_plot;
use crate::kpi::Score;

/// Bars of a distribution: more distinct answers than this are pooled into ranges.
const BARS_MAX: usize = 40;

/// One bar.
#[derive(Debug, Clone, PartialEq)]
struct Bar {
    answer: f64,
    percent: f64,
}

/// Draws the figure onto the sheet.
pub(super) fn draw_distribution(sheet: &mut Sheet<'_>, panel: &Panel<'_>) {
    let wants = Wants {
        headline_units: HEADLINE_UNITS,
        plot_units_min: 6.0,
        plot_units_least: 6.0,
        labels_px: 0.0,
    };
    let Some(place) = compose(sheet, panel, wants) else {
        return;
    };
    let total = &panel.figure.answer.total;
    let is_nps = total.counts.iter().any(|(name, _)| *name == "promoters");
    let bars = bars(&total.histogram, is_nps);
    if bars.is_empty() || panel.facts.state != State::Scored {
        return empty_plot(sheet, panel, place.plot);
    }
    let unit = panel.unit;
    let room = place.plot;
    let mut plot = room;
    let has_groups = is_nps && room.width() > 20.0 * unit && room.height() > 6.0 * unit;
    if has_groups {
        plot.top += 1.8 * unit;
    }
    plot.bottom -= 1.5 * unit;
    #[expect(clippy::cast_precision_loss, reason = "at most a few dozen bars")]
    let n_bars = bars.len() as f64;
    let slot = plot.width() / n_bars;
    let has_shares = slot > 2.7 * unit && plot.height() > 3.0 * unit;
    if has_shares {
        plot.top += 1.5 * unit;
    }
    let highest = bars.iter().map(|bar| bar.percent).fold(0.0, f64::max);
    let axis = Values::from_zero(highest, 5);
    let scale = Scale {
        x: (0.0, n_bars),
        y: (0.0, axis.high),
        room: plot,
    };
    draw_bars(
        sheet,
        panel,
        &scale,
        &bars,
        (is_nps, has_shares),
        room.bottom,
    );
    if has_groups {
        group_labels(sheet, panel, &scale, &bars, room.top);
    }
}

fn draw_bars(
    sheet: &mut Sheet<'_>,
    panel: &Panel<'_>,
    scale: &Scale,
    bars: &[Bar],
    (is_nps, has_shares): (bool, bool),
    bottom: f64,
) {
    let unit = panel.unit;
    let look = panel.label();
    let language = panel.style.language;
    let slot = scale.room.width() / scale.x.1;
    let mut free_from = scale.room.left - unit;
    for (idx, bar) in bars.iter().enumerate() {
        #[expect(clippy::cast_precision_loss, reason = "at most a few dozen bars")]
        let left = idx as f64;
        let colour = if is_nps {
            group_colour(panel, bar.answer)
        } else {
            panel.palette.accent
        };
        let corners = [(left + 0.09, 0.0), (left + 0.91, bar.percent)];
        draw(
            sheet,
            scale,
            Ink::Solid,
            &Rectangle::new(corners, fill(colour, 1.0)),
        );
        let centre = scale.x_px(left + 0.5);
        let decimals = usize::from(bar.answer.fract().abs() > 1e-9);
        let name = numerals::number(bar.answer, decimals, language);
        let half = sheet.width(&name, &look) / 2.0;
        if centre - half > free_from {
            sheet.text(&name, (centre, bottom - 0.3 * unit), &look, Align::Middle);
            free_from = centre + half + 0.4 * unit;
        }
        let share = format!(
            "{}{}%",
            numerals::number(bar.percent, 0, language),
            numerals::THIN
        );
        if has_shares && sheet.width(&share, &look) < slot {
            let baseline = scale.y_px(bar.percent) - 0.4 * unit;
            sheet.text(&share, (centre, baseline), &look, Align::Middle);
        }
    }
    let base = [
        (scale.room.left, scale.room.bottom),
        (scale.room.right, scale.room.bottom),
    ];
    sheet.stroke(&base, panel.palette.muted, 0.05 * unit);
}

/// Names the groups over their bars, each with its share.
fn group_labels(sheet: &mut Sheet<'_>, panel: &Panel<'_>, scale: &Scale, bars: &[Bar], top: f64) {
    let unit = panel.unit;
    let look = panel.strong_label();
    let Some(parts) = shares(&panel.figure.answer.total) else {
        return;
    };
    // From the right: the short groups are there, and the long one has room to give.
    let mut free_to = scale.room.right;
    for (name, percent) in parts.into_iter().rev() {
        let of_group = |bar: &Bar| group_name(bar.answer) == name;
        let (Some(first), Some(last)) = (
            bars.iter().position(of_group),
            bars.iter().rposition(of_group),
        ) else {
            continue;
        };
        #[expect(clippy::cast_precision_loss, reason = "at most a few dozen bars")]
        let (left, right) = (
            scale.x_px(first as f64 + 0.09),
            scale.x_px(last as f64 + 0.91),
        );
        let shown = numerals::number(percent, 0, panel.style.language);
        let full = format!("{} {shown}{}%", panel.words.count(name), numerals::THIN);
        let half = sheet.width(&full, &look) / 2.0;
        let centre = f64::midpoint(left, right).min(free_to - half);
        if centre - half < scale.room.left {
            continue;
        }
        let colour = match name {
            "promoters" => panel.palette.good,
            "detractors" => panel.palette.poor,
            _ => panel.palette.muted,
        };
        let at = (centre, top + 0.93 * unit);
        sheet.text(&full, at, &look.coloured(colour), Align::Middle);
        let rule = Rect {
            left,
            top: top + 1.4 * unit,
            right,
            bottom: top + 1.5 * unit,
        };
        sheet.rect(rule, group_colour(panel, bars[first].answer), 0.0);
        free_to = centre - half - 0.8 * unit;
    }
}

/// Half points belong to the group below the next border, as in the score.
fn group_name(answer: f64) -> &'static str {
    match answer {
        answer if answer >= 9.0 => "promoters",
        answer if answer >= 7.0 => "passives",
        _ => "detractors",
    }
}

fn group_colour(panel: &Panel<'_>, answer: f64) -> Rgb {
    match group_name(answer) {
        "promoters" => panel.palette.good,
        "passives" => panel.palette.neutral,
        _ => panel.palette.poor,
    }
}

/// Returns one bar per whole answer, or per distinct one where answers are not whole.
fn bars(histogram: &[(f64, u64)], is_nps: bool) -> Vec<Bar> {
    let sum: u64 = histogram.iter().map(|(_, count)| count).sum();
    if sum == 0 {
        return Vec::new();
    }
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let percent = |count: u64| 100.0 * count as f64 / sum as f64;
    let is_whole = histogram.iter().all(|(answer, _)| answer.fract() == 0.0);
    let (low, high) = if is_nps {
        (0.0, 10.0)
    } else {
        (
            histogram.first().map_or(0.0, |(answer, _)| answer.floor()),
            histogram.last().map_or(0.0, |(answer, _)| answer.floor()),
        )
    };
    // Whole answers keep their empty places; half points go to the answer below, as the score does.
    if is_nps || (is_whole && high - low < 40.0) || histogram.len() > BARS_MAX {
        let width = ((high - low + 1.0) / 40.0).ceil().max(1.0);
        let mut out: Vec<Bar> = Vec::new();
        let mut start = low;
        while start <= high {
            let count = histogram
                .iter()
                .filter(|(answer, _)| *answer >= start && *answer < start + width)
                .map(|(_, count)| count)
                .sum();
            out.push(Bar {
                answer: start,
                percent: percent(count),
            });
            start += width;
        }
        return out;
    }
    histogram
        .iter()
        .map(|&(answer, count)| Bar {
            answer,
            percent: percent(count),
        })
        .collect()
}

/// Returns the named counts of a score as percent of their sum, worst first.
fn shares(score: &Score) -> Option<Vec<(&'static str, f64)>> {
    let mut counts: Vec<(&'static str, u64)> = score
        .counts
        .iter()
        .filter(|(name, _)| *name != "unanswered")
        .copied()
        .collect();
    // Counts are listed best first; bars grow from the worst.
    counts.reverse();
    let sum: u64 = counts.iter().map(|(_, count)| count).sum();
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let percent = |count: u64| 100.0 * count as f64 / sum as f64;
    (sum > 0).then(|| {
        counts
            .into_iter()
            .map(|(name, count)| (name, percent(count)))
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(histogram: &[(f64, u64)], is_nps: bool, expected: &[(f64, f64)]) {
        let found: Vec<(f64, f64)> = bars(histogram, is_nps)
            .iter()
            .filter(|bar| bar.percent > 0.0)
            .map(|bar| (bar.answer, bar.percent))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn half_points_join_the_answer_below() {
        check(
            &[(6.5, 1), (8.5, 1), (9.0, 2)],
            true,
            &[(6.0, 25.0), (8.0, 25.0), (9.0, 50.0)],
        );
    }

    #[test]
    fn a_whole_scale_keeps_its_empty_answers() {
        assert_eq!(bars(&[(1.0, 1), (5.0, 1)], false).len(), 5);
        assert_eq!(bars(&[(3.0, 1)], true).len(), 11);
    }

    #[test]
    fn many_answers_are_pooled() {
        let many: Vec<(f64, u64)> = (0..1000).map(|idx| (f64::from(idx), 1)).collect();
        assert!(bars(&many, false).len() <= BARS_MAX);
        assert_eq!(bars(&[], false), []);
    }
}
