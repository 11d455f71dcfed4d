//! Periods of customers: what comes back and whose it is.

mod agreement;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Decimal128Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use jiff::Timestamp;

use super::fixture::{Answer, TestStore, at};
use super::people::{Person, commit_people, commit_rows, person, segment};
use crate::plan::{Dimension, Filter, PeriodPlan, Periods, Stance, StancePlan, Tally};
use crate::record::door::Door;
use crate::record::{RecordKind, SourceName};
use crate::store::Store;

/// One price period; times in seconds into the test, the price in ten-thousandths.
#[derive(Debug, Clone)]
struct Contract {
    id: String,
    customer: String,
    start: i64,
    end: Option<i64>,
    price: i128,
    currency: &'static str,
    is_deleted: bool,
    updated_at: i64,
}

fn contract(id: &str, customer: &str, start: i64, end: Option<i64>, price: i128) -> Contract {
    Contract {
        id: id.to_owned(),
        customer: customer.to_owned(),
        start,
        end,
        price,
        currency: "EUR",
        is_deleted: false,
        updated_at: 0,
    }
}

fn times(times: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    let times: TimestampMicrosecondArray = times
        .map(|time| time.map(|second| at(second).as_microsecond()))
        .collect();
    Arc::new(times.with_timezone("UTC"))
}

fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> ArrayRef {
    Arc::new(texts.map(Some).collect::<StringArray>())
}

fn contracts_batch(all: &[Contract]) -> RecordBatch {
    let prices = Decimal128Array::from_iter_values(all.iter().map(|one| one.price));
    let deleted: BooleanArray = all.iter().map(|one| Some(one.is_deleted)).collect();
    RecordBatch::try_from_iter([
        ("id", texts(all.iter().map(|one| one.id.as_str()))),
        (
            "customer",
            texts(all.iter().map(|one| one.customer.as_str())),
        ),
        ("subscription", texts(all.iter().map(|one| one.id.as_str()))),
        ("started_at", times(all.iter().map(|one| Some(one.start)))),
        ("ended_at", times(all.iter().map(|one| one.end))),
        (
            "updated_at",
            times(all.iter().map(|one| Some(one.updated_at))),
        ),
        (
            "mrr",
            Arc::new(prices.with_precision_and_scale(18, 4).unwrap()) as ArrayRef,
        ),
        ("currency", texts(all.iter().map(|one| one.currency))),
        ("deleted", Arc::new(deleted)),
    ])
    .unwrap()
}

fn source(name: &str) -> SourceName {
    SourceName::new(name).unwrap()
}

fn commit_contracts(store: &TestStore, from: &str, all: &[Contract]) {
    commit_rows(
        store,
        source(from),
        RecordKind::Subscription,
        &contracts_batch(all),
    );
}

fn commit_activities(store: &TestStore, all: &[(String, i64)]) {
    let ids: Vec<String> = (0..all.len()).map(|idx| format!("a{idx}")).collect();
    let batch = RecordBatch::try_from_iter([
        ("id", texts(ids.iter().map(String::as_str))),
        ("customer", texts(all.iter().map(|one| one.0.as_str()))),
        ("happened_at", times(all.iter().map(|one| Some(one.1)))),
        ("name", texts(all.iter().map(|_| "login"))),
    ])
    .unwrap();
    commit_rows(store, source("app"), RecordKind::Activity, &batch);
}

fn plan(kind: RecordKind) -> PeriodPlan {
    PeriodPlan {
        kind,
        rows: Filter::All,
        member: Filter::All,
        group: None,
        joined_us: 0,
        as_of: None,
        periods_max: 1_000,
    }
}

fn contracts() -> PeriodPlan {
    plan(RecordKind::Subscription)
}

/// What a period says, without whose it is: start, end, price, currency, value, whether it passes.
type Said = (i64, Option<i64>, i64, Option<String>, Option<String>, bool);

/// The periods of each customer, in an order that names of customers do not matter for.
fn by_customer(found: &Periods) -> Vec<Vec<Said>> {
    let mut customers: BTreeMap<u64, Vec<Said>> = BTreeMap::new();
    for period in &found.periods {
        customers.entry(period.customer).or_default().push((
            period.start_us,
            period.end_us,
            period.price,
            found.currencies.get(period.currency_idx as usize).cloned(),
            found.keys[period.key_idx as usize].clone(),
            period.is_member,
        ));
    }
    let mut all: Vec<Vec<Said>> = customers.into_values().collect();
    for one in &mut all {
        one.sort();
    }
    all.sort();
    all
}

fn n_customers(store: &TestStore) -> usize {
    by_customer(&store.periods(&contracts()).unwrap()).len()
}

#[test]
fn a_contract_comes_back_to_the_ten_thousandth() {
    let store = TestStore::new();
    let mut other = contract("b", "8", 20, None, 999_999_999_999_999_999);
    other.currency = "USD";
    commit_contracts(
        &store,
        "crm",
        &[contract("a", "7", 10, Some(30), 123_456_789), other],
    );
    let found = store.periods(&contracts()).unwrap();
    let us = |second| at(second).as_microsecond();
    let expected: Vec<Vec<Said>> = vec![
        vec![(
            us(10),
            Some(us(30)),
            123_456_789,
            Some("EUR".to_owned()),
            None,
            true,
        )],
        vec![(
            us(20),
            None,
            999_999_999_999_999_999,
            Some("USD".to_owned()),
            None,
            true,
        )],
    ];
    assert_eq!(by_customer(&found), expected);
    assert_eq!(found.currencies, ["EUR", "USD"]);
}

#[test]
fn no_contracts_are_no_periods() {
    assert_eq!(
        TestStore::new().periods(&contracts()).unwrap(),
        Periods::default()
    );
}

#[test]
fn contracts_of_several_sources_meet_in_their_customer() {
    let store = TestStore::new();
    commit_contracts(&store, "crm", &[contract("a", "7", 10, None, 1)]);
    commit_contracts(
        &store,
        "billing",
        &[contract("b", "email:a@b.c", 20, None, 2)],
    );
    assert_eq!(n_customers(&store), 2);
    let seven = Person {
        alias: Some("email:a@b.c"),
        ..person("7", "smb", 5)
    };
    commit_people(&store, "crm", &[seven]);
    assert_eq!(n_customers(&store), 1);
}

#[test]
fn persons_of_one_account_are_one_customer_whichever_comes_first() {
    let of_account = |id, account| Person {
        account: Some(account),
        ..person(id, "smb", 5)
    };
    let all = [
        contract("a", "7", 10, None, 1),
        contract("b", "8", 20, None, 2),
        contract("c", "acme", 30, None, 3),
        contract("d", "9", 40, None, 4),
    ];
    let people = [
        of_account("7", "acme"),
        of_account("8", "crm/acme"),
        person("9", "smb", 5),
    ];
    let people_first = TestStore::new();
    commit_people(&people_first, "crm", &people);
    commit_contracts(&people_first, "crm", &all);
    let contracts_first = TestStore::new();
    commit_contracts(&contracts_first, "crm", &all);
    assert_eq!(n_customers(&contracts_first), 4);
    commit_people(&contracts_first, "crm", &people);
    for store in [people_first, contracts_first] {
        let found = by_customer(&store.periods(&contracts()).unwrap());
        let sizes: Vec<usize> = found.iter().map(Vec::len).collect();
        assert_eq!(sizes, [3, 1]);
        let store = store.reopened();
        assert_eq!(n_customers(&store), 2);
    }
}

#[test]
fn accounts_that_turn_out_to_be_one_are_one_customer() {
    let store = TestStore::new();
    let of_account = |id, account| Person {
        account: Some(account),
        ..person(id, "smb", 5)
    };
    commit_people(
        &store,
        "crm",
        &[of_account("7", "acme"), of_account("8", "apex")],
    );
    commit_contracts(
        &store,
        "crm",
        &[
            contract("a", "7", 10, None, 1),
            contract("b", "8", 20, None, 2),
        ],
    );
    assert_eq!(n_customers(&store), 2);
    let named = |id| Person {
        alias: Some("vat:DE1"),
        ..person(id, "smb", 6)
    };
    commit_people(&store, "crm", &[named("acme"), named("apex")]);
    assert_eq!(n_customers(&store), 1);
}

#[test]
fn a_deleted_contract_is_gone_and_was_there_before() {
    let store = TestStore::new();
    let committed = |second, contract: Contract| {
        let door = Door::new(source("crm"));
        let checked = door
            .check(
                RecordKind::Subscription,
                &contracts_batch(&[contract]),
                at(second),
            )
            .unwrap();
        let (run_id, _) = store.begin_run(&source("crm"), at(second)).unwrap();
        let mut unit = store.unit_of(vec![checked.batch], run_id, 0);
        unit.source = source("crm");
        unit.committed_at = at(second);
        unit.is_first_read = false;
        Store::commit(&*store, unit).unwrap();
    };
    committed(100, contract("a", "7", 10, None, 1));
    let mut ended = contract("a", "7", 10, Some(50), 2);
    ended.updated_at = 150;
    committed(200, ended);
    let mut deleted = contract("a", "7", 10, Some(50), 2);
    (deleted.updated_at, deleted.is_deleted) = (250, true);
    committed(300, deleted);
    let known = |as_of: Option<Timestamp>| {
        let found = store
            .periods(&PeriodPlan {
                as_of,
                ..contracts()
            })
            .unwrap();
        let prices: Vec<i64> = found.periods.iter().map(|period| period.price).collect();
        prices
    };
    assert_eq!(known(None), Vec::<i64>::new());
    assert_eq!(known(Some(at(300))), Vec::<i64>::new());
    assert_eq!(known(Some(at(299))), [2]);
    assert_eq!(known(Some(at(199))), [1]);
    assert_eq!(known(Some(at(99))), Vec::<i64>::new());
}

#[test]
fn a_filter_takes_customers_whole_and_marks_what_passes() {
    let store = TestStore::with_dimensions(segment());
    commit_people(
        &store,
        "crm",
        &[
            person("7", "smb", 0),
            person("7", "enterprise", 100),
            person("8", "smb", 0),
        ],
    );
    commit_contracts(
        &store,
        "crm",
        &[
            contract("a", "7", 10, Some(150), 1),
            contract("b", "7", 150, None, 2),
            contract("c", "8", 10, None, 3),
        ],
    );
    let by = Dimension::Configured("segment".to_owned());
    let enterprise = PeriodPlan {
        member: Filter::In(by.clone(), vec![Some("enterprise".to_owned())]),
        group: Some(by),
        ..contracts()
    };
    let found = by_customer(&store.periods(&enterprise).unwrap());
    let said: Vec<(i64, Option<&str>, bool)> = found[0]
        .iter()
        .map(|(_, _, price, _, key, passes)| (*price, key.as_deref(), *passes))
        .collect();
    assert_eq!(found.len(), 1);
    assert_eq!(
        said,
        [(1, Some("smb"), false), (2, Some("enterprise"), true)]
    );
    let of_source = |name: &str| PeriodPlan {
        rows: Filter::In(Dimension::Column("source"), vec![Some(name.to_owned())]),
        ..contracts()
    };
    assert_eq!(store.periods(&of_source("crm")).unwrap().periods.len(), 3);
    assert_eq!(
        store.periods(&of_source("billing")).unwrap(),
        Periods::default()
    );
}

#[test]
fn one_more_than_asked_for_says_that_there_are_more() {
    let store = TestStore::new();
    let all: Vec<Contract> = (0..9)
        .map(|idx| contract(&format!("c{idx}"), &format!("{idx}"), 10, None, 1))
        .collect();
    commit_contracts(&store, "crm", &all);
    let n_found = |periods_max| {
        let plan = PeriodPlan {
            periods_max,
            ..contracts()
        };
        store.periods(&plan).unwrap().periods.len()
    };
    assert_eq!((n_found(8), n_found(9), n_found(100)), (9, 9, 9));
}

#[test]
fn close_activities_are_one_period() {
    let store = TestStore::new();
    let all = [("7", 0), ("7", 100), ("7", 200), ("7", 400), ("8", 150)];
    let all = all.map(|(customer, second)| (customer.to_owned(), second));
    commit_activities(&store, &all);
    let plan = PeriodPlan {
        joined_us: 100_000_000,
        ..plan(RecordKind::Activity)
    };
    let found = by_customer(&store.periods(&plan).unwrap());
    let us = |second| at(second).as_microsecond();
    let ends: Vec<Vec<(i64, Option<i64>)>> = found
        .iter()
        .map(|one| one.iter().map(|said| (said.0, said.1)).collect())
        .collect();
    assert_eq!(
        ends,
        [
            vec![(us(0), Some(us(200))), (us(400), Some(us(400)))],
            vec![(us(150), Some(us(150)))],
        ]
    );
}

#[test]
fn answers_have_the_number_of_the_customer_who_gave_them() {
    let store = TestStore::new();
    let of_account = |id| Person {
        account: Some("crm/acme"),
        ..person(id, "smb", 5)
    };
    commit_contracts(&store, "crm", &[contract("a", "7", 10, None, 1)]);
    let answer = |id: &str, customer: Option<&str>, score| Answer {
        customer: customer.map(str::to_owned),
        score,
        ..Answer::new(id, 0.0, 50)
    };
    store.commit(&[
        answer("a", Some("crm/7"), Some(9.0)),
        answer("b", Some("crm/8"), Some(3.0)),
        answer("nobody", None, Some(5.0)),
        answer("silent", Some("crm/7"), None),
    ]);
    commit_people(&store, "crm", &[of_account("7"), of_account("8")]);
    let plan = StancePlan {
        rows: Filter::All,
        to: at(51),
        as_of: None,
        answers_max: 10,
    };
    let owner = store.periods(&contracts()).unwrap().periods[0].customer;
    let mut found = store.stances(&plan).unwrap();
    found.sort_by(|one, other| one.score.total_cmp(&other.score));
    let stance = |score| Stance {
        customer: owner,
        at_us: at(50).as_microsecond(),
        score,
    };
    assert_eq!(found, [stance(3.0), stance(9.0)]);
    let earlier = StancePlan {
        to: at(50),
        ..plan.clone()
    };
    assert_eq!(store.stances(&earlier).unwrap(), []);
    let one = StancePlan {
        answers_max: 0,
        ..plan
    };
    assert_eq!(store.stances(&one).unwrap().len(), 1);
}
