//! Groups beside each other: against the rest, and all of them together.

use super::*;

/// Three channels of so many promoters among forty answers each.
fn three_channels(n_promoters: [usize; 3]) -> RowTable {
    let all = ["mail", "phone", "web"].into_iter().zip(n_promoters);
    RowTable::new(all.flat_map(|(channel, n)| {
        let rows = rows("2026-05-04T08:00:00Z", channel, &scores(n, 0, 40 - n));
        rows.into_iter()
            .map(|row| row.text("channel", channel))
            .collect::<Vec<_>>()
    }))
}

#[test]
fn a_group_is_compared_with_the_rest_never_with_the_total() {
    let table = three_channels([36, 20, 20]);
    let split = ask("nps by=channel", &table);
    let contrast = |key: &str| {
        let series = split
            .series
            .iter()
            .find(|series| series.key.as_deref() == Some(key));
        series.expect(key).versus_rest.expect(key)
    };
    let mail = contrast("mail");
    assert_eq!(
        (mail.value, mail.n_rest, mail.is_different),
        (80.0, 80, true)
    );
    let web = contrast("web");
    // The rest holds the channel that stands out, and still not enough to be sure of more.
    assert_eq!((web.value, web.n_rest), (-40.0, 80));
    assert!(mail.low > 0.0 && mail.p < web.p);
}

#[test]
fn groups_that_overlap_or_are_small_are_not_compared() {
    let none = |answer: &Answer| answer.series.iter().all(|one| one.versus_rest.is_none());
    let table = three_channels([36, 20, 20]);
    assert!(none(&ask("nps by=channel mode=clustered", &table)));
    let relational = table.rows.iter().cloned();
    let relational = RowTable::new(relational.map(|row| row.text("mode", "relational")));
    assert!(none(&ask("nps by=channel", &relational)));
    let few = RowTable::new(table.rows.into_iter().filter(|row| {
        row.texts["channel"] == "mail" || (row.texts["channel"] == "web" && row.id.len() < 5)
    }));
    let few = ask("nps by=channel", &few);
    assert_eq!(few.series.len(), 2);
    assert!(none(&few), "the rest has nine answers");
}

proptest! {
    #[test]
    fn a_partition_into_groups_covers_every_answer(
        answers in prop::collection::vec((1_u8..=5, 0_u8..3), 1..80),
    ) {
        let open = Settings { min_group: 0, ..settings() };
        let rows: Vec<Row> = answers
            .iter()
            .enumerate()
            .map(|(idx, (score, channel))| {
                let mut row = asked("csat", "q", (1.0, 5.0), &[f64::from(*score)]).remove(0);
                row.id = idx.to_string();
                row.text("channel", &channel.to_string())
            })
            .collect();
        let table = RowTable::new(rows);
        let split = answer(&query("csat by=channel"), &open, at(NOW), &table).expect("an answer");
        let mut pooled = vec![0; 3];
        for series in &split.series {
            for (sum, count) in pooled.iter_mut().zip(counts(&series.total)) {
                *sum += count;
            }
        }
        prop_assert_eq!(&pooled, &counts(&split.total));
        if let (Some(value), Some(low), Some(high)) =
            (split.total.value, split.total.low, split.total.high)
        {
            prop_assert!(low <= value && value <= high && (0.0..=100.0).contains(&value));
        }
    }
}
