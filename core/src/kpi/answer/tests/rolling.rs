//! Trailing windows: every point is the pooled score of its own days, wherever they lie.

use super::*;

/// Answers of 12 persons over 150 days that hold the end of summer time, in two segments.
fn half_year(mode: &str) -> RowTable {
    let start = at("2025-09-01T06:00:00Z");
    let answer = |idx: i64| {
        let at = start
            .checked_add(SignedDuration::from_mins(idx * 437))
            .expect("in range");
        #[expect(clippy::cast_precision_loss, reason = "small")]
        let score = (idx * idx % 11) as f64;
        let segment = ["large", "small"][usize::try_from(idx % 2).expect("small")];
        Row::nps(format!("r{idx}"), &at.to_string(), Some(score))
            .text("mode", mode)
            .text("customer", &format!("c{}", idx % 12))
            .dimension("segment", segment)
    };
    RowTable::new((0..490).map(answer))
}

fn check(question: &str, rows: &RowTable) {
    let rolled = ask(
        &format!("{question} range=2025-10-01..2026-01-01 rolling=28d"),
        rows,
    );
    assert_eq!(rolled.rolling.map(|rolling| rolling.days()), Some(28));
    assert!(
        rolled
            .notes
            .iter()
            .any(|note| note.contains("28d up to its end"))
    );
    let zone = &settings().timezone;
    for series in &rolled.series {
        for point in &series.points {
            let last = point.end.to_zoned(zone.clone()).date();
            let first = last
                .checked_sub(jiff::Span::new().days(28))
                .expect("in range");
            let direct = ask(&format!("{question} range={first}..{last}"), rows);
            let same = direct.series.iter().find(|other| other.key == series.key);
            let total = &same.expect("the same group").total;
            assert_eq!(&point.score, total, "{question}: {}", point.label);
        }
    }
}

#[test]
fn a_point_is_the_pooled_score_of_its_days() {
    let rows = half_year("transactional");
    check("nps grain=week", &rows);
    check("nps grain=day", &rows);
    check("nps grain=week by=segment", &rows);
    check("nps grain=month mode=relational", &half_year("relational"));
    check("responses grain=week", &rows);
}

#[test]
fn the_whole_is_that_of_the_range_and_not_of_the_windows() {
    let rows = half_year("transactional");
    let plain = ask("nps range=2025-10-01..2026-01-01 grain=week", &rows);
    let rolled = ask(
        "nps range=2025-10-01..2026-01-01 grain=week rolling=28d",
        &rows,
    );
    assert_eq!((plain.total, plain.change), (rolled.total, rolled.change));
    assert_eq!(plain.series[0].points.len(), rolled.series[0].points.len());
}

#[test]
fn what_has_no_windows_says_why() {
    let rows = half_year("transactional");
    for (question, why) in [
        ("backlog rolling=28d", "stands at the end"),
        ("crr rolling=28d", "from one day to another"),
        ("nps rolling=28d mode=clustered", "clustered"),
    ] {
        let error = answer(&query(question), &settings(), at(NOW), &rows).expect_err(question);
        assert_eq!(error.status(), 400, "{question}");
        assert!(error.to_string().contains(why), "{error}");
        assert_eq!(error.hint().as_deref(), Some("leave `rolling` out"));
    }
    for given in ["30d", "0d", "371d", "28", "d", "4mo", "-7d", "ä"] {
        let error = given.parse::<crate::kpi::Rolling>().expect_err(given);
        assert!(error.to_string().contains("whole weeks"), "{error}");
    }
    assert_eq!(
        "4w".parse(),
        Ok("28d".parse::<crate::kpi::Rolling>().expect("a window"))
    );
}
