//! Whole reads, reads of what is new, and a month of them.

use serde_json::json;

use super::stage::{
    DAY_S, HOUR_S, N_ORGANIZATIONS, NOW_S, STREAMS, account, assert_equal, pull_all, reader, vendor,
};

#[test]
fn everything_is_read_once_and_then_what_is_new() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    pull_all(&mut reader);
    assert_equal(&reader, &vendor);
    let customers = reader.live("customer");
    for (id, column, value) in [
        ("org:1", "segment", "small"),
        ("org:1", "region", "Germany"),
        ("person:1", "account", "org:1"),
        ("person:1", "aliases", "crm:person-1, email:p1@example.org"),
    ] {
        let cell = customers[id].cell(column).unwrap_or_default();
        assert_eq!(
            cell.replace(['[', ']', '"'], "")
                .replace(",", ", ")
                .replace("  ", " "),
            value
        );
    }

    vendor.pass(HOUR_S);
    vendor.with(|account, now_s| {
        account.put_organization(1, "Renamed", "large", now_s);
        account.win(1, now_s);
        account.set(2, "value", json!(5_000), now_s);
        account.lose(4, now_s);
        account.page_rows = 0;
    });
    let _ = vendor.take_asked();
    pull_all(&mut reader);
    assert_equal(&reader, &vendor);
    let n_lists = |path: &str| {
        let asked = vendor.take_asked();
        asked
            .iter()
            .filter(|asked| asked.path.starts_with(path))
            .count()
    };
    assert_eq!(
        n_lists("/api/v2/"),
        STREAMS.len(),
        "only what is new is asked for"
    );
    assert_eq!(
        reader.live("customer")["org:1"].cell("segment"),
        Some("large")
    );
    let live = reader.live("subscription");
    let of_two: Vec<_> = live.keys().filter(|id| id.starts_with("deal:2@")).collect();
    assert_eq!(of_two.len(), 2, "a price is a period: {of_two:?}");
    pull_all(&mut reader);
    assert_eq!(reader.n_repeats, 0, "no row came twice");
    assert!(reader.rejects.is_empty());
}

#[test]
fn equal_seconds_at_the_ends_of_pages_lose_nothing() {
    for page_rows in 1..=11 {
        let mut account = account();
        account.page_rows = page_rows;
        let vendor = vendor(account);
        let mut reader = reader(&vendor);
        pull_all(&mut reader);
        assert_equal(&reader, &vendor);
        assert_eq!(reader.n_repeats, 0, "pages of {page_rows}");
    }
}

#[test]
fn a_contract_lives_on_in_the_archive_and_ends_with_its_deal() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    pull_all(&mut reader);
    vendor.pass(HOUR_S);
    vendor.with(|account, now_s| {
        account.archive(2, true, now_s);
        account.set(4, "value", json!(999), now_s - 60);
        account.deals.delete(&4, now_s);
        account.deals.delete(&6, now_s);
    });
    pull_all(&mut reader);
    assert_equal(&reader, &vendor);
    let live = reader.live("subscription");
    let ended = live.iter().filter(|(id, _)| id.starts_with("deal:6@"));
    let ended: Vec<_> = ended.map(|(_, row)| row.cell("ended_at")).collect();
    let at = jiff::Timestamp::from_second(NOW_S + HOUR_S).expect("a time");
    assert_eq!(ended, [Some(at.to_string().as_str())]);
    // Back from the archive, at another price.
    vendor.pass(HOUR_S);
    vendor.with(|account, now_s| {
        account.archive(2, false, now_s);
        account.set(2, "value", json!(7), now_s);
    });
    pull_all(&mut reader);
    assert_equal(&reader, &vendor);
    assert_eq!(reader.n_repeats, 0);
}

#[test]
fn a_deletion_older_than_the_vendor_shows_is_not_seen() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    pull_all(&mut reader);
    vendor.with(|account, now_s| account.deals.delete(&2, now_s));
    vendor.pass(31 * DAY_S);
    pull_all(&mut reader);
    // The README names the gap: vocd was away for a month.
    let live = reader.live("subscription");
    let row = live.iter().find(|(id, _)| id.starts_with("deal:2@"));
    assert_eq!(row.expect("still there").1.cell("ended_at"), None);
}

#[test]
fn a_month_of_pulls_misses_nothing_and_repeats_nothing() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    // A repeatable sequence (the multiplier of Numerical Recipes).
    let mut state: u64 = 20_260_101;
    let mut dice = move |sides: u64| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 32);
        (state >> 8) % sides
    };
    let mut n_deals = N_ORGANIZATIONS;
    for _pull in 0..30 * 4 {
        for _change in 0..dice(4) {
            // Every change has a second of its own: what a second hides is in a test of the plugin.
            vendor.pass(1 + i64::try_from(dice(90)).unwrap_or(0));
            let (id, price) = (1 + dice(n_deals), 1 + dice(900));
            vendor.with(|account, now_s| {
                if account.deals.get(&id).is_some_and(|deal| deal.is_deleted) {
                    return;
                }
                match dice(8) {
                    0 => {
                        n_deals += 1;
                        account.put_organization(n_deals, "Another", "small", now_s);
                        account.open_deal(n_deals, n_deals, price, now_s);
                    }
                    1 | 2 => account.win(id, now_s),
                    3 => account.lose(id, now_s),
                    4 => account.set(id, "value", json!(price), now_s),
                    5 => account.archive(id, price % 2 == 0, now_s),
                    6 if price % 5 == 0 => account.deals.delete(&id, now_s),
                    _ => account.put_organization(id, &format!("Name {price}"), "large", now_s),
                }
            });
        }
        // Six hours, or at once: the last change may bear the second of the pull before.
        vendor.pass(if dice(4) == 0 { 1 } else { 6 * HOUR_S });
        pull_all(&mut reader);
        assert_equal(&reader, &vendor);
    }
    assert!(vendor.now_s() > NOW_S + 15 * DAY_S && n_deals > N_ORGANIZATIONS + 10);
    assert_eq!(reader.n_repeats, 0);
    assert!(reader.rejects.is_empty(), "{:?}", reader.rejects);
}
