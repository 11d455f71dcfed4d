//! Whoever subtracts the cells that are shown learns of nobody that is hidden.

use super::*;

/// What an attacker knows: persons who passed a set of filters, in all and by bucket.
#[derive(Default)]
struct Known {
    whole: Vec<(usize, u64)>,
    buckets: BTreeSet<(String, usize, u64)>,
}

impl Known {
    /// Takes what an answer tells of the rows behind a set of filters.
    fn learn(&mut self, mask: usize, total: &Score, points: &[Point]) {
        self.whole.extend(total.n.map(|n| (mask, n)));
        for point in points {
            let told = point.score.n.map(|n| (point.label.clone(), mask, n));
            self.buckets.extend(told);
        }
    }

    fn ask(&mut self, text: &str, mask: usize, table: &RowTable) {
        let found = answer(&query(text), &settings(), at(NOW), table);
        if let Ok(found) = found {
            let points = found
                .series
                .first()
                .map_or(&[][..], |series| &series.points);
            self.learn(mask, &found.total, points);
        }
    }
}

/// Small survey: as many answers as said per channel and month.
fn survey() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let size = prop_oneof![0_usize..8, 0_usize..20];
    prop::collection::vec(prop::collection::vec(size, 1..4), 1..5)
}

fn rows_of_sizes(sizes: &[Vec<usize>]) -> Vec<Row> {
    let mut all = Vec::new();
    for (channel, months) in sizes.iter().enumerate() {
        for (month, n) in months.iter().enumerate() {
            all.extend(answers(
                &format!("2026-0{}-10", month + 3),
                &format!("c{channel}"),
                &mixed(*n),
            ));
        }
    }
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_attacker_gets_at_a_small_group(sizes in survey(), grain in 0_usize..3) {
        let grain = ["week", "month", "quarter"][grain];
        let table = anonymous(rows_of_sizes(&sizes));
        let small = |n: u64| 0 < n && n < K;
        let split = ask(&format!("nps by=channel grain={grain}"), &table);
        // Lines of the split, by key and by bucket, with what stands at their ends.
        let n_of = |key: &str| -> u64 {
            let channel: usize = key[1..].parse().expect("a number");
            sizes[channel].iter().sum::<usize>() as u64
        };
        for series in &split.series {
            let key = series.key.as_deref().expect("a key");
            prop_assert!(!small(n_of(key)) || series.total.n.is_none());
            let unknown = series.points.iter().filter(|point| point.is_suppressed).count();
            let known: u64 = series.points.iter().filter_map(|point| point.score.n).sum();
            if let Some(total) = series.total.n {
                prop_assert!(unknown != 1, "{:?}", sizes);
                prop_assert!(unknown == 0 || total - known >= K, "{:?}", sizes);
            }
            prop_assert!(series.points.iter().all(|point| !point.score.n.is_some_and(small)));
        }
        let hidden: BTreeSet<&str> = hidden_groups(&split).into_iter().collect();
        let shown: u64 = split.series.iter().filter_map(|series| series.total.n).sum();
        if let Some(total) = split.total.n {
            prop_assert!(hidden.len() != 1 && (hidden.is_empty() || total - shown >= K));
        }
        // Every filter on the channel, and what follows from two of them or from the whole.
        let n_channels = sizes.len();
        let subset = |mask: usize| -> Vec<String> {
            let inside = (0..n_channels).filter(|channel| mask >> channel & 1 == 1);
            inside.map(|channel| format!("c{channel}")).collect()
        };
        let mut known = Known::default();
        for mask in 1..1_usize << n_channels {
            let text = format!("nps grain={grain} where.channel={}", subset(mask).join(","));
            known.ask(&text, mask, &table);
        }
        known.ask(&format!("nps grain={grain}"), (1 << n_channels) - 1, &table);
        for series in &split.series {
            let key = series.key.as_deref().expect("a key");
            let channel: usize = key[1..].parse().expect("a number");
            known.learn(1 << channel, &series.total, &series.points);
        }
        for (outer, n) in &known.whole {
            prop_assert!(!small(*n), "{outer:b} of {sizes:?}");
            for (inner, part) in known.whole.iter().filter(|(inner, _)| inner & outer == *inner) {
                prop_assert!(!small(n - part), "{outer:b} less {inner:b} of {sizes:?}");
            }
        }
        for (label, outer, n) in &known.buckets {
            prop_assert!(!small(*n), "{label}: {outer:b} of {sizes:?}");
            let inside = known.buckets.iter().filter(|(of, inner, _)| of == label && inner & outer == *inner);
            for (_, inner, part) in inside {
                prop_assert!(!small(n - part), "{label}: {outer:b} less {inner:b} of {sizes:?}");
            }
        }
    }

    #[test]
    fn no_grain_tells_what_another_hides(sizes in survey(), days in 0_u32..6) {
        let mut all = rows_of_sizes(&sizes);
        // A second day of each month, which the week of the first may hold as well.
        for (channel, months) in sizes.iter().enumerate() {
            for (month, n) in months.iter().enumerate() {
                let day = format!("2026-0{}-{:02}", month + 3, 11 + days);
                all.extend(answers(&day, &format!("c{channel}"), &mixed((n * 7 + channel) % 12)));
            }
        }
        let table = anonymous(all);
        let of = |grain: &str| ask(&format!("nps by=channel grain={grain}"), &table);
        let (fine, coarse) = (of("day"), [of("week"), of("month"), of("quarter")]);
        for (series, wide) in coarse.iter().flat_map(|one| fine.series.iter().zip(&one.series)) {
            prop_assert_eq!(&series.key, &wide.key);
            for bucket in &wide.points {
                let Some(n) = bucket.score.n else { continue };
                let inside = |point: &&Point| bucket.start <= point.start && point.end <= bucket.end;
                let inside: Vec<&Point> = series.points.iter().filter(inside).collect();
                let n_hidden = inside.iter().filter(|point| point.is_suppressed).count();
                let shown: u64 = inside.iter().filter_map(|point| point.score.n).sum();
                // An empty day may be hidden to protect another: that nobody answered is no secret.
                let follows = n_hidden == 1 && 0 < n - shown && n - shown < K;
                prop_assert!(!follows, "{:?} {}", sizes, bucket.label);
            }
        }
    }

    #[test]
    fn the_unsplit_series_never_shows_a_small_bucket_alone(sizes in survey(), grain in 0_usize..4) {
        let grain = ["day", "week", "month", "quarter"][grain];
        let answer = ask(&format!("nps grain={grain}"), &anonymous(rows_of_sizes(&sizes)));
        let Some(series) = answer.series.first() else {
            return Ok(());
        };
        let hidden = series.points.iter().filter(|point| point.is_suppressed).count();
        let shown: u64 = series.points.iter().filter_map(|point| point.score.n).sum();
        if let Some(total) = answer.total.n {
            prop_assert!(hidden == 0 || hidden > 1 && total - shown >= K, "{:?}", sizes);
            prop_assert!(hidden == 0 || answer.grain == crate::kpi::Grain::Quarter);
        }
    }
}
