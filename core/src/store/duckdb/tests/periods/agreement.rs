//! Plans about periods give in SQL what they give row by row.

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::plan::row_table::{Row, RowTable};

/// Customers, contracts and activities, the same in a store and in a table. Customers 0 to 3 are
/// two accounts; each third customer has no row and no segment.
static ROWS: LazyLock<(TestStore, RowTable)> = LazyLock::new(|| {
    const SEGMENTS: [&str; 2] = ["large", "small"];
    const ACCOUNTS: [(&str, &str); 4] = [("c0", "x"), ("c1", "x"), ("c3", "y"), ("c4", "y")];
    const NAMES: [&str; 12] = [
        "c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10", "c11",
    ];
    let account = |name: &str| {
        ACCOUNTS
            .iter()
            .find(|(of, _)| *of == name)
            .map(|pair| pair.1)
    };
    let segment_of = |idx: usize| (idx % 3 != 2).then(|| SEGMENTS[idx % 2]);
    let store = TestStore::with_dimensions(segment());
    let people: Vec<Person> = NAMES
        .iter()
        .enumerate()
        .filter_map(|(idx, name)| {
            Some(Person {
                account: account(name),
                ..person(name, segment_of(idx)?, 0)
            })
        })
        .collect();
    commit_people(&store, "crm", &people);
    let mut rows = Vec::new();
    let mut contracts = Vec::new();
    let mut activities = Vec::new();
    let described = |idx: usize, mut row: Row| {
        if let (Some(segment), Some(account)) = (segment_of(idx), account(NAMES[idx])) {
            row = row.text("account", account).dimension("segment", segment);
        } else if let Some(segment) = segment_of(idx) {
            row = row.dimension("segment", segment);
        }
        row
    };
    for step in 0..200_usize {
        let idx = step * 7 % NAMES.len();
        let start = (step * 389 % 977 * 500) as i64;
        let end = (step % 4 != 0).then_some(start + (step % 11 * 3_000) as i64);
        let currency = ["EUR", "USD"][step % 2];
        contracts.push(Contract {
            currency,
            ..contract(
                &format!("k{step}"),
                NAMES[idx],
                start,
                end,
                (step as i128) * 10_000,
            )
        });
        let text = |second| at(second).to_string();
        let ended = end.map(text);
        let mut row = Row::contract(
            NAMES[idx],
            &text(start),
            ended.as_deref(),
            step as f64,
            currency,
        );
        row.id = format!("k{step}");
        rows.push(described(idx, row));
        activities.push((NAMES[idx].to_owned(), start));
        let mut row = Row::activity(NAMES[idx], &text(start));
        (row.id, row.source) = (format!("a{step}"), "app".to_owned());
        rows.push(described(idx, row));
    }
    commit_contracts(&store, "crm", &contracts);
    // The app names customers of the CRM.
    let activities: Vec<(String, i64)> = activities
        .into_iter()
        .map(|(customer, second)| (format!("crm/{customer}"), second))
        .collect();
    commit_activities(&store, &activities);
    (store, RowTable::new(rows))
});

fn member() -> impl Strategy<Value = Filter> {
    let values = prop::sample::subsequence(vec![None, Some("large"), Some("small")], 0..=3);
    values.prop_map(|values| {
        let values = values
            .into_iter()
            .map(|value| value.map(str::to_owned))
            .collect();
        Filter::In(Dimension::Configured("segment".to_owned()), values)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn periods_are_the_same_in_sql_and_row_by_row(
        is_activity in any::<bool>(),
        member in prop_oneof![Just(Filter::All), member()],
        is_split in any::<bool>(),
        joined_s in 0_i64..90_000,
    ) {
        let (store, table) = &*ROWS;
        let kind = if is_activity { RecordKind::Activity } else { RecordKind::Subscription };
        let plan = PeriodPlan {
            member,
            group: is_split.then(|| Dimension::Configured("segment".to_owned())),
            joined_us: joined_s * 1_000_000,
            ..plan(kind)
        };
        let (in_sql, in_rows) = (store.periods(&plan).unwrap(), table.periods(&plan).unwrap());
        prop_assert_eq!(by_customer(&in_sql), by_customer(&in_rows));
        prop_assert_eq!(in_sql.keys, in_rows.keys);
    }
}
