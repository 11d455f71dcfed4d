//! The three forms, each of one small answer written out in full.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use jiff::Timestamp;

use super::*;
use crate::kpi::{DesignEffect, Grain, Mode, ResponseBias, SourceStamp, WeightedScore, find};

fn at(text: &str) -> Timestamp {
    text.parse().expect(text)
}

fn score(value: Option<f64>, base: Base, n: u64) -> Score {
    let is_hidden = base == Base::Hidden;
    let counts = vec![
        ("promoters", n / 2),
        ("passives", 0),
        ("detractors", n - n / 2),
    ];
    Score {
        value,
        bound: None,
        low: value.map(|value| value - 10.25),
        high: value.map(|value| value + 10.25),
        n: (!is_hidden).then_some(n),
        base,
        counts: if is_hidden { Vec::new() } else { counts },
        histogram: Vec::new(),
        secondary: Vec::new(),
    }
}

fn point(month: u32, score: Score) -> Point {
    Point {
        start: at(&format!("2026-{month:02}-01T00:00:00Z")),
        end: at(&format!("2026-{:02}-01T00:00:00Z", month + 1)),
        label: format!("2026-{month:02}"),
        is_complete: month < 6,
        is_provisional: month >= 5,
        is_suppressed: score.base == Base::Hidden,
        score,
    }
}

fn answer() -> Answer {
    let total = score(Some(-0.04), Base::Ok, 77);
    let points = vec![
        point(3, score(Some(-12.345_678), Base::Ok, 40)),
        point(4, score(None, Base::CountsOnly, 0)),
        point(5, score(None, Base::Hidden, 3)),
        point(6, score(Some(25.0), Base::Low, 28)),
    ];
    Answer {
        kpi: find("nps").expect("in the registry"),
        timezone: "UTC".to_owned(),
        tzdb: "2026f".to_owned(),
        as_of: at("2026-06-03T10:00:00Z"),
        valid_until: at("2026-06-04T00:00:00Z"),
        grain: Grain::Month,
        rolling: None,
        mode: Some(Mode::Transactional),
        filters: BTreeMap::from([("segment".to_owned(), vec![Some("a,b".to_owned()), None])]),
        by: None,
        is_additive: true,
        from: at("2026-03-01T00:00:00Z"),
        to: at("2026-06-04T00:00:00Z"),
        series: vec![Series {
            key: None,
            is_rest: false,
            points,
            total: total.clone(),
            versus_rest: None,
        }],
        total,
        change: None,
        is_lower_better: false,
        deff: None,
        active: None,
        currency: None,
        tables: None,
        bias: None,
        verdict: None,
        goal: None,
        findings: None,
        notes: Vec::new(),
        sources: vec![SourceStamp {
            name: "survey".to_owned(),
            last_success: Some(at("2026-06-03T09:55:00Z")),
            is_stale: false,
            is_failing: false,
        }],
        newest: None,
    }
}

/// The same answer as two groups and a rest, with a change and a note.
fn split() -> Answer {
    let one = answer();
    let group = |key: &str, is_rest| Series {
        key: Some(key.to_owned()),
        is_rest,
        points: one.series[0].points[..1].to_vec(),
        total: one.total.clone(),
        versus_rest: None,
    };
    Answer {
        by: Some("channel".to_owned()),
        filters: BTreeMap::new(),
        series: vec![group("e-mail, \"web\"", false), group("other", true)],
        change: Some(Change {
            value: -0.04,
            low: -5.0,
            high: 4.96,
            p: 0.9,
            is_changed: false,
            previous_start: at("2025-12-01T00:00:00Z"),
            previous_end: at("2026-03-01T00:00:00Z"),
            previous_n: 61,
        }),
        is_lower_better: false,
        deff: None,
        bias: None,
        verdict: None,
        goal: None,
        findings: None,
        notes: vec!["relational surveys only".to_owned()],
        ..one.clone()
    }
}

fn check(actual: &str, expected: &Expect) {
    expected.assert_eq(actual);
}

#[test]
fn json_has_the_published_fields_in_order() {
    let mut body = json(&answer());
    let points = body["series"][0]["points"].take();
    let points = points
        .as_array()
        .expect("an array")
        .iter()
        .map(|point| ("point", point));
    let fields = body.as_object().expect("an object");
    let fields = fields.iter().map(|(name, value)| (name.as_str(), value));
    let lines: Vec<String> = points
        .chain(fields)
        .map(|(name, value)| format!("{name}: {value}\n"))
        .collect();
    check(
        &lines.concat(),
        &expect![[r#"
        point: {"start":"2026-03-01T00:00:00Z","end":"2026-04-01T00:00:00Z","label":"2026-03","value":-12.345678,"low":-22.595678,"high":-2.0956779999999995,"n":40,"base":"ok","counts":{"promoters":20,"passives":0,"detractors":20},"complete":true,"provisional":false,"suppressed":false}
        point: {"start":"2026-04-01T00:00:00Z","end":"2026-05-01T00:00:00Z","label":"2026-04","value":null,"low":null,"high":null,"n":0,"base":"counts_only","counts":{"promoters":0,"passives":0,"detractors":0},"complete":true,"provisional":false,"suppressed":false}
        point: {"start":"2026-05-01T00:00:00Z","end":"2026-06-01T00:00:00Z","label":"2026-05","value":null,"low":null,"high":null,"n":null,"base":"hidden","counts":{},"complete":true,"provisional":true,"suppressed":true}
        point: {"start":"2026-06-01T00:00:00Z","end":"2026-07-01T00:00:00Z","label":"2026-06","value":25.0,"low":14.75,"high":35.25,"n":28,"base":"low","counts":{"promoters":14,"passives":0,"detractors":14},"complete":false,"provisional":true,"suppressed":false}
        kpi: "nps"
        unit: "points"
        definition_version: 1
        timezone: "UTC"
        as_of: "2026-06-03T10:00:00Z"
        valid_until: "2026-06-04T00:00:00Z"
        grain: "month"
        mode: "transactional"
        where: {"segment":["a,b","(none)"]}
        by: null
        additive: true
        series: [{"key":null,"points":null,"total":{"value":-0.04,"low":-10.29,"high":10.21,"n":77,"base":"ok","counts":{"promoters":38,"passives":0,"detractors":39}}}]
        total: {"value":-0.04,"low":-10.29,"high":10.21,"n":77,"base":"ok","counts":{"promoters":38,"passives":0,"detractors":39}}
        provenance: {"sources":[{"name":"survey","last_success":"2026-06-03T09:55:00Z","stale":false,"failing":false}],"tzdb":"2026f"}
    "#]],
    );
}

#[test]
fn json_of_a_split_marks_the_rest_and_tells_change_and_notes() {
    let body = json(&split());
    assert_eq!(body["by"], "channel");
    assert_eq!(body["series"][0]["key"], "e-mail, \"web\"");
    assert_eq!(body["series"][0].get("rest"), None);
    assert_eq!(body["series"][1]["rest"], true);
    assert_eq!(body["total"], body["series"][0]["total"]);
    check(
        &format!("{}\n{}", body["change"], body["notes"]),
        &expect![[r#"
            {"value":-0.04,"low":-5.0,"high":4.96,"p":0.9,"changed":false,"previous":{"start":"2025-12-01T00:00:00Z","end":"2026-03-01T00:00:00Z","n":61}}
            ["relational surveys only"]"#]],
    );
}

#[test]
fn what_only_some_answers_have_is_told_where_it_is_known() {
    let mut answer = split();
    answer.deff = Some(DesignEffect {
        factor: 1.5,
        as_of: at("2026-06-02T22:00:00Z"),
    });
    answer.bias = Some(Bias::Response(ResponseBias {
        by: "channel".to_owned(),
        r_indicator: 0.734,
        n_groups: 2,
        n: 160,
        n_left_out: 4,
    }));
    answer.total.secondary = vec![("mean", 5.25), ("sd", 1.5)];
    answer.series[0].versus_rest = Some(Contrast {
        value: -8.0,
        low: -14.5,
        high: -1.5,
        p: 0.016,
        n_rest: 40,
        is_different: true,
    });
    let body = json(&answer);
    let fields = ["deff", "deff_as_of", "bias"].map(|name| body[name].to_string());
    let more = [
        &body["total"]["secondary"],
        &body["series"][0]["versus_rest"],
    ];
    check(
        &format!("{}\n{}\n{}", fields.join("\n"), more[0], more[1]),
        &expect![[r#"
            1.5
            "2026-06-02T22:00:00Z"
            {"by":"channel","r_indicator":0.734,"representative":false,"groups":2,"n":160,"n_left_out":4}
            {"mean":5.25,"sd":1.5}
            {"value":-8.0,"low":-14.5,"high":-1.5,"p":0.016,"n_rest":40,"differs":true}"#]],
    );
    let table = table(&answer);
    assert!(table.contains("below the rest\n"), "{table}");
    let line = "R-indicator by channel: 0.73 (1 is alike), those who answered are not like those \
                who were asked\n";
    assert!(table.contains(line), "{table}");
    answer.bias = Some(Bias::Weighted(WeightedScore {
        by: "channel".to_owned(),
        value: 31.25,
        coverage: 0.95,
    }));
    assert_eq!(
        json(&answer)["bias"].to_string(),
        r#"{"by":"channel","post_stratified":31.25,"coverage":0.95}"#
    );
    let line = "if each channel had answered as often as it was asked: 31.2\n";
    assert!(
        super::table(&answer).contains(line),
        "{}",
        super::table(&answer)
    );
    let plain = json(&split());
    assert!(plain.get("deff").is_none() && plain.get("bias").is_none());
    assert!(plain["series"][0].get("versus_rest").is_none());
}

#[test]
fn csv_has_one_line_per_point_and_leaves_the_unknown_empty() {
    check(
        &csv(&answer()),
        &expect![[r#"
        key,start,end,label,value,low,high,n,base,complete,provisional,suppressed
        ,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03,-12.345678,-22.595678,-2.0956779999999995,40,ok,true,false,false
        ,2026-04-01T00:00:00Z,2026-05-01T00:00:00Z,2026-04,,,,0,counts_only,true,false,false
        ,2026-05-01T00:00:00Z,2026-06-01T00:00:00Z,2026-05,,,,,hidden,true,true,true
        ,2026-06-01T00:00:00Z,2026-07-01T00:00:00Z,2026-06,25.0,14.75,35.25,28,low,false,true,false
    "#]],
    );
    check(
        &csv(&split()),
        &expect![[r#"
        key,start,end,label,value,low,high,n,base,complete,provisional,suppressed
        "e-mail, ""web""",2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03,-12.345678,-22.595678,-2.0956779999999995,40,ok,true,false,false
        other,2026-03-01T00:00:00Z,2026-04-01T00:00:00Z,2026-03,-12.345678,-22.595678,-2.0956779999999995,40,ok,true,false,false
    "#]],
    );
}

#[test]
fn the_table_is_aligned_and_rounded() {
    check(
        &table(&answer()),
        &expect![[r#"
        Net Promoter Score (per month, UTC, transactional, segment=a\,b,(none))
        period   value  95 % interval   n  base
        2026-03  −12.3  −22.6 to −2.1  40
        2026-04      –                  0  counts only
        2026-05      –                  –  hidden       provisional, hidden: too few people
        2026-06   25.0   14.8 to 35.2  28  low          incomplete
        total      0.0  −10.3 to 10.2  77
    "#]],
    );
    check(
        &table(&split()),
        &expect![[r#"
            Net Promoter Score (per month, UTC, transactional, by channel)
            period   value  95 % interval   n  base
            [e-mail, "web"]
            2026-03  −12.3  −22.6 to −2.1  40
            total      0.0  −10.3 to 10.2  77
            [other]
            2026-03  −12.3  −22.6 to −2.1  40
            total      0.0  −10.3 to 10.2  77
            [all]
            total      0.0  −10.3 to 10.2  77
            change to the period before: 0.0 (−5.0 to 5.0, n before 61), could be chance
            note: relational surveys only
        "#]],
    );
}

#[test]
fn numbers_that_are_none_are_null() {
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(number(Some(value)), Value::Null);
    }
    assert_eq!(number(Some(-0.0)).to_string(), "0.0");
}

#[test]
fn a_rounded_number_has_a_true_minus_and_no_negative_zero() {
    let check = |value, places, expected: &str| assert_eq!(rounded(value, places), expected);
    check(-12.34, 1, "−12.3");
    check(-0.04, 1, "0.0");
    check(-0.05001, 1, "−0.1");
    check(0.0, 0, "0");
    check(-0.4, 0, "0");
}
