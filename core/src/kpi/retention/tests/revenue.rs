//! Money: the bridge, currencies, what is hidden and what is refused.

use super::*;
use crate::kpi::Base;

#[test]
fn the_bridge_of_revenue_adds_up() {
    let answer = ask("nrr range=2026-04-01..2026-06-01 grain=month", &table());
    assert_eq!(answer.currency.as_deref(), Some("EUR"));
    let total = &answer.total;
    let of = |name| amount(total, name);
    assert_eq!(of("start"), 6_500.0);
    assert_eq!(
        (of("expansion"), of("contraction"), of("churned")),
        (800.0, 0.0, 2_000.0)
    );
    assert_eq!(
        of("start") + of("expansion") - of("contraction") - of("churned"),
        of("kept")
    );
    assert_eq!(of("kept") + of("new") + of("reactivated"), of("end"));
    close(total.value, 100.0 * 5_300.0 / 6_500.0);
    let grr = ask("grr range=2026-04-01..2026-06-01 grain=month", &table());
    close(grr.total.value, 100.0 * 4_500.0 / 6_500.0);
    assert_eq!(
        (count(total, "expanded"), count(total, "churned")),
        (40, 20)
    );
}

#[test]
fn cents_add_up_exactly() {
    let rows = (0..30)
        .map(|idx| Row::contract(&format!("c{idx}"), "2026-01-01T00:00:00Z", None, 0.1, "EUR"));
    let answer = ask("grr range=30d", &RowTable::new(rows));
    assert_eq!(amount(&answer.total, "start"), 3.0);
}

fn in_two_currencies() -> RowTable {
    let rows = (0..30).map(|idx| {
        let currency = if idx % 2 == 0 { "EUR" } else { "USD" };
        Row::contract(
            &format!("c{idx}"),
            "2026-01-01T00:00:00Z",
            None,
            100.0,
            currency,
        )
    });
    RowTable::new(rows)
}

#[test]
fn several_currencies_need_rates() {
    let rows = in_two_currencies();
    let error = try_ask("nrr range=30d", &settings(), &rows).expect_err("two currencies");
    assert_eq!(error.status(), 400);
    assert!(error.hint().is_some_and(|hint| hint.contains("[currency]")));
    // Heads need no money.
    assert_eq!(ask("crr range=30d", &rows).total.value, Some(100.0));
    let exchange = Exchange {
        report: Some("EUR".to_owned()),
        rates: BTreeMap::from([("USD".to_owned(), vec![(date("2026-01-01"), 500_000_000)])]),
    };
    let settings = Settings {
        retention: RetentionRules {
            exchange,
            ..RetentionRules::default()
        },
        ..settings()
    };
    let answer = try_ask("nrr range=30d", &settings, &rows).expect("rates");
    assert_eq!(amount(&answer.total, "start"), 15.0 * 100.0 + 15.0 * 50.0);
    assert_eq!(answer.currency.as_deref(), Some("EUR"));
}

#[test]
fn small_groups_are_hidden_with_their_bridge() {
    let rows = (0..4).map(|idx| {
        Row::contract(
            &format!("c{idx}"),
            "2026-01-01T00:00:00Z",
            None,
            100.0,
            "EUR",
        )
    });
    let rows = RowTable::new(rows);
    for kpi in ["crr", "churn", "grr", "nrr"] {
        let total = ask(&format!("{kpi} range=30d"), &rows).total;
        assert_eq!(
            (total.value, total.n, total.base),
            (None, None, Base::Hidden),
            "{kpi}"
        );
        assert!(
            total.counts.is_empty() && total.secondary.is_empty(),
            "{kpi}"
        );
    }
}

#[test]
fn revenue_is_written_with_its_currency_and_bridge() {
    let body = json(&ask("nrr range=2026-04-01..2026-06-01", &table()));
    assert_eq!(body["currency"], "EUR");
    assert_eq!(body["total"]["secondary"]["churned"], 2000.0);
    assert_eq!(body["total"]["counts"]["churned"], 20);
}

fn check_refusal(text: &str, status: u16, message: &str, hint: &str) {
    let error = try_ask(text, &settings(), &table()).expect_err(text);
    assert_eq!(
        (
            error.status(),
            error.to_string().as_str(),
            error.hint().as_deref()
        ),
        (status, message, Some(hint))
    );
}

#[test]
fn what_makes_no_sense_is_refused_with_a_way_out() {
    check_refusal(
        "crr mode=relational",
        400,
        "`crr` cannot be computed with mode `relational`",
        "leave `mode` out",
    );
    check_refusal(
        "crr by=channel",
        400,
        "`crr` counts subscription rows, which cannot carry `channel` of response rows",
        "use a dimension that comes from subscription, customer or agent rows",
    );
    check_refusal(
        "crr where.product=a",
        400,
        "`crr` counts subscription rows, which cannot carry `product` of response rows",
        "use a dimension that comes from subscription, customer or agent rows",
    );
    check_refusal(
        "crr by=segmnet",
        400,
        "there is no dimension `segmnet`; did you mean `segment`?",
        "the dimensions are source, segment",
    );
    check_refusal(
        "crr as_of=2026-07-01T00:00:00Z",
        400,
        "`as_of` 2026-07-01T00:00:00Z lies in the future",
        "leave `as_of` out for the current state",
    );
}
