//! What is read of an account, and what is read later.

use vocd_tests::replay::reader::Reader;
use vocd_tests::replay::zendesk::Zendesk;

use super::stage::{
    DAY_S, HOUR_S, N_AGENTS, N_CUSTOMERS, N_ORGANIZATIONS, N_TICKETS, NOW_S, account,
    assert_tickets, instant, pull_all, reader, vendor,
};

fn n_live(reader: &Reader, kind: &str) -> u64 {
    u64::try_from(reader.live(kind).len()).unwrap_or(u64::MAX)
}

#[test]
fn a_full_read_has_everything_once() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    pull_all(&mut reader);
    assert_tickets(&reader, &vendor);
    assert_eq!(n_live(&reader, "ticket"), N_TICKETS);
    assert_eq!(n_live(&reader, "agent"), N_AGENTS);
    assert_eq!(n_live(&reader, "customer"), N_CUSTOMERS + N_ORGANIZATIONS);
    assert_eq!(n_live(&reader, "response"), 5);
    assert_eq!(n_live(&reader, "invitation"), 10);
    assert_eq!((reader.n_repeats, reader.rejects.len()), (0, 0));
    // A second look costs a request a list and gives nothing.
    let _ = vendor.take_asked();
    pull_all(&mut reader);
    assert_eq!(reader.n_repeats, 0);
    let exports = |path: &str| path.starts_with("/api/v2/incremental/");
    let asked = vendor.take_asked();
    let n_exports = asked.iter().filter(|asked| exports(&asked.path)).count();
    assert_eq!(n_exports, 3, "{asked:#?}");
}

#[test]
fn a_ticket_is_told_in_the_words_of_the_record() {
    let mut account = Zendesk::default();
    let at_s = NOW_S - 2 * DAY_S;
    account.open_ticket(1, 4_001, at_s);
    account.reply(1, at_s + HOUR_S);
    account.solve(1, at_s + 3 * HOUR_S);
    account.reopen(1, at_s + 4 * HOUR_S);
    let vendor = vendor(account);
    let mut reader = reader(&vendor);
    pull_all(&mut reader);
    let check = |reader: &Reader, column: &str, expected: Option<&str>| {
        let live = reader.live("ticket");
        assert_eq!(
            live["1"].cell(column),
            expected,
            "{column} of {:?}",
            live["1"]
        );
    };
    check(&reader, "customer", Some("4001"));
    check(&reader, "agent", Some("901"));
    check(&reader, "team", Some("Technical"));
    check(&reader, "category", Some("invoice"));
    check(&reader, "channel", Some("email"));
    check(&reader, "reopens", Some("1"));
    check(&reader, "replies", Some("1"));
    check(&reader, "business_first_reply_s", Some("1200"));
    // It is open again: solved once, but not now.
    check(&reader, "solved_at", None);
    check(&reader, "business_resolution_s", None);
    let time = |reader: &Reader, column| {
        let of = instant(reader.live("ticket")["1"].cell(column));
        of.map(|time| time.as_second() - at_s)
    };
    assert_eq!(time(&reader, "first_reply_at"), Some(HOUR_S));
    assert_eq!(time(&reader, "first_solved_at"), Some(3 * HOUR_S));
    vendor.with(|account, now_s| {
        account.solve(1, now_s);
        account.close(1, now_s + 2 * HOUR_S);
    });
    vendor.pass(3 * HOUR_S);
    pull_all(&mut reader);
    check(&reader, "status", Some("closed"));
    assert_eq!(time(&reader, "first_solved_at"), Some(3 * HOUR_S));
    assert_eq!(time(&reader, "solved_at"), Some(2 * DAY_S));
    assert_eq!(time(&reader, "closed_at"), Some(2 * DAY_S + 2 * HOUR_S));
}

#[test]
fn metric_sets_are_found_beside_the_tickets_too() {
    let inside = vendor(account());
    let beside = vendor(Zendesk {
        metric_sets_beside: true,
        ..account()
    });
    let (mut first, mut second) = (reader(&inside), reader(&beside));
    pull_all(&mut first);
    pull_all(&mut second);
    assert_eq!(first.live("ticket"), second.live("ticket"));
}

#[test]
fn changes_are_seen_each_once() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    pull_all(&mut reader);
    vendor.with(|account, now_s| {
        account.reopen(2, now_s + 1);
        account.touch(4, now_s + 1);
        account.delete(6, now_s + 1);
        account.open_ticket(N_TICKETS + 1, 4_001, now_s + 1);
        account.put_user(4_001, "end-user", now_s + 1);
        account.put_organization(501, "large", now_s + 1);
        // The customer of a rated ticket changes their mind: a new rating.
        account.rate(90, 4, "good", now_s + 1);
    });
    // Nothing of the newest minute.
    vendor.pass(30);
    pull_all(&mut reader);
    assert_eq!(n_live(&reader, "ticket"), N_TICKETS);
    vendor.pass(60);
    pull_all(&mut reader);
    assert_tickets(&reader, &vendor);
    assert_eq!(n_live(&reader, "ticket"), N_TICKETS);
    assert_eq!(reader.live("ticket")["2"].cell("status"), Some("open"));
    assert!(!reader.live("ticket").contains_key("6"));
    assert_eq!(
        reader.live("customer")["organization-501"].cell("segment"),
        Some("large")
    );
    let response = reader.live("response")["csat-4"];
    assert_eq!(
        (response.cell("score"), response.cell("metric")),
        (Some("1"), Some("csat"))
    );
    assert_eq!(reader.n_repeats, 0);
}

#[test]
fn the_new_survey_is_read_again_until_its_answers_are_final() {
    let mut account = account();
    (account.has_legacy, account.has_new) = (false, true);
    for id in 1..=9_u32 {
        let made_s = NOW_S - i64::from(id) * DAY_S;
        account.survey(&format!("s{id}"), u64::from(id), id % 5 + 1, made_s, made_s);
    }
    let vendor = vendor(account);
    let mut reader = reader(&vendor);
    pull_all(&mut reader);
    // A rating and words each; the skipped question for words is nothing.
    assert_eq!(n_live(&reader, "response"), 18);
    let score = |reader: &Reader, id: &str| {
        let live = reader.live("response");
        live[format!("{id}:q-rating").as_str()]
            .cell("score")
            .map(str::to_owned)
    };
    assert_eq!(score(&reader, "s1").as_deref(), Some("0"));
    assert_eq!(score(&reader, "s4").as_deref(), Some("1"));
    let words = reader.live("response")["s1:q-words"];
    assert_eq!(
        (words.cell("metric"), words.cell("comment")),
        (Some("text"), Some("2 of 5"))
    );
    assert_eq!(words.cell("response"), Some("s1"));
    assert_eq!(words.cell("ticket"), Some("1"));
    // Nine days later the oldest is changed; only its new version comes.
    vendor.pass(9 * DAY_S);
    vendor.with(|account, now_s| account.survey("s9", 9, 1, NOW_S - 9 * DAY_S, now_s));
    pull_all(&mut reader);
    assert_eq!(score(&reader, "s9").as_deref(), Some("0"));
    assert_eq!(reader.n_repeats, 0);
}

#[test]
fn equal_instants_at_the_ends_of_pages_lose_nothing() {
    for page_rows in [1, 2, 3, 40] {
        let mut account = Zendesk {
            page_rows,
            ..Zendesk::default()
        };
        for id in 1..=11 {
            account.open_ticket(id, 4_001, NOW_S - DAY_S);
            account.put_user(4_000 + id, "end-user", NOW_S - DAY_S);
            account.put_organization(
                500 + id,
                "small",
                NOW_S - DAY_S + i64::try_from(id / 4).unwrap_or(0),
            );
        }
        let vendor = vendor(account);
        let mut reader = reader(&vendor);
        pull_all(&mut reader);
        assert_eq!(n_live(&reader, "ticket"), 11, "{page_rows} rows a page");
        assert_eq!(n_live(&reader, "customer"), 22, "{page_rows} rows a page");
    }
}
