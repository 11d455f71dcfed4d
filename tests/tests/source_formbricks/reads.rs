//! Whole reads, reads of what is new, and a month of them.

use super::stage::{
    HOUR_S, N_RESPONSES, NOW_S, RESPONSES, STREAM, account, assert_equal, pull, reader, vendor,
};

#[test]
fn everything_is_read_once_and_then_what_is_new() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    pull(&mut reader);
    assert_equal(&reader, &vendor);
    let row = reader.live("response")["r000:recommend"].clone();
    for (column, value) in [
        ("customer", "email:r000@example.org"),
        ("survey_name", "After support"),
        ("channel", "link"),
        ("metric", "nps"),
        ("scale_max", "10"),
        ("response", "r000"),
        (
            "attributes",
            r#"{"country":"DE","os":"Linux","plan":"pro"}"#,
        ),
    ] {
        assert_eq!(row.cell(column), Some(value), "{column}");
    }

    vendor.pass(HOUR_S);
    vendor.with(|account, now_s| {
        account.begin("new", 9, now_s);
        account.edit("r001", 10, now_s);
        account.finish("r001", "on second thought", now_s);
        account.page_rows = 0;
    });
    let _ = vendor.take_asked();
    pull(&mut reader);
    assert_equal(&reader, &vendor);
    let asked = vendor.take_asked();
    let n_pages = asked.iter().filter(|asked| asked.path == RESPONSES).count();
    assert_eq!(n_pages, 1, "only what is new is asked for");
    pull(&mut reader);
    assert_eq!(reader.n_repeats, 0, "no row came twice");
    assert!(reader.rejects.is_empty());
}

#[test]
fn equal_instants_at_the_ends_of_pages_lose_nothing() {
    for page_rows in 1..=13 {
        let mut account = account();
        account.page_rows = page_rows;
        let vendor = vendor(account);
        let mut reader = reader(&vendor);
        pull(&mut reader);
        assert_equal(&reader, &vendor);
        assert_eq!(reader.n_repeats, 0, "pages of {page_rows}");
    }
}

#[test]
fn a_change_that_comes_to_light_late_is_read() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    vendor.with(|account, now_s| account.begin("on-time", 5, now_s));
    pull(&mut reader);
    // Its transaction began before the last one seen, and ended after it.
    vendor.with(|account, now_s| account.begin("late", 3, now_s - 20));
    vendor.pass(60);
    pull(&mut reader);
    assert_equal(&reader, &vendor);
    assert_eq!(reader.n_repeats, 0);
}

#[test]
fn a_response_that_was_deleted_stays_as_it_was() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    pull(&mut reader);
    let before = reader.live("response").len();
    vendor.with(|account, now_s| account.responses.delete(&"r000".to_owned(), now_s));
    vendor.pass(HOUR_S);
    pull(&mut reader);
    // The vendor shows nothing of it: the README names the gap.
    assert_eq!(reader.live("response").len(), before);
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
    let mut n_responses = N_RESPONSES;
    for _pull in 0..30 * 6 {
        for _change in 0..dice(5) {
            vendor.pass(i64::try_from(dice(3)).unwrap_or(0));
            vendor.with(|account, now_s| match dice(3) {
                0 => {
                    account.begin(&format!("r{n_responses:03}"), dice(11), now_s);
                    n_responses += 1;
                }
                1 => account.edit(&format!("r{:03}", dice(n_responses)), dice(11), now_s),
                _ => account.finish(&format!("r{:03}", dice(n_responses)), "kind", now_s),
            });
        }
        // Four hours, or at once: the last change may bear the second of the pull before.
        vendor.pass(if dice(4) == 0 { 1 } else { 4 * HOUR_S });
        let failure = reader.pull(STREAM);
        assert!(failure.is_none(), "{failure:?}");
        assert_equal(&reader, &vendor);
    }
    assert!(vendor.now_s() > NOW_S + 15 * 24 * HOUR_S && n_responses > N_RESPONSES + 50);
    assert_eq!(reader.n_repeats, 0);
    assert!(reader.rejects.is_empty());
}
