//! A month of pulls every hour at an account that lives: what the vendor lets one see is there
//! after each day, and no version comes twice.

use std::collections::BTreeMap;

use vocd_tests::replay::Replay;
use vocd_tests::replay::reader::Reader;
use vocd_tests::replay::zendesk::Zendesk;

use super::stage::{
    DAY_S, HOUR_S, N_CUSTOMERS, N_ORGANIZATIONS, N_TICKETS, account, assert_tickets, instant,
    pull_all, reader, vendor,
};

const N_DAYS: u32 = 30;

/// A small generator whose whole state is the seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

/// The account, and what it will give out next.
struct Desk {
    dice: Dice,
    next_ticket: u64,
    next_rating: u64,
    /// What each ticket was last rated.
    rated: BTreeMap<u64, &'static str>,
}

impl Desk {
    /// One hour, which ends at `now_s`; things happen inside the newest minute, too.
    fn hour(&mut self, account: &mut Zendesk, now_s: i64) {
        for _ in 0..self.dice.roll(6) {
            let into_s = i64::try_from(self.dice.roll(3_600)).unwrap_or(0);
            self.ticket(account, now_s - HOUR_S + 1 + into_s);
        }
        if self.dice.roll(5) == 0 {
            let id = 4_000 + self.dice.roll(N_CUSTOMERS + 20);
            account.put_user(id, "end-user", now_s - 10);
        }
        if self.dice.roll(20) == 0 {
            let segment = ["small", "large"][usize::from(self.dice.roll(2) == 0)];
            account.put_organization(500 + self.dice.roll(N_ORGANIZATIONS), segment, now_s - 10);
        }
    }

    /// Something happens to a ticket, or there is a new one.
    fn ticket(&mut self, account: &mut Zendesk, at_s: i64) {
        let id = 1 + self.dice.roll(self.next_ticket - 1);
        let item = account.tickets.get(&id).expect("an id given out");
        let status = item.value["status"].as_str().unwrap_or_default().to_owned();
        let is_deleted = item.is_deleted;
        // The vendor writes in the order of time.
        let at_s = at_s.max(item.changed_at_s);
        match (self.dice.roll(10), status.as_str()) {
            (0..=2, _) => {
                let customer = 4_000 + self.dice.roll(N_CUSTOMERS);
                account.open_ticket(self.next_ticket, customer, at_s);
                self.next_ticket += 1;
            }
            _ if is_deleted => {}
            (3, "open") => account.reply(id, at_s),
            (4, "open") => account.solve(id, at_s),
            (5, "solved") => account.reopen(id, at_s),
            (6, _) => account.touch(id, at_s),
            (7, "open" | "solved") if self.dice.roll(4) == 0 => account.delete(id, at_s),
            (8 | 9, "solved" | "closed") => {
                let score = ["good", "bad"][usize::from(self.dice.roll(3) == 0)];
                account.rate(self.next_rating, id, "offered", at_s);
                account.rate(self.next_rating + 1, id, score, at_s + 1);
                self.next_rating += 2;
                self.rated.insert(id, score);
            }
            (_, "solved") => account.close(id, at_s),
            _ => {}
        }
    }

    /// Compares the answers that were read with the last ratings.
    fn assert_ratings(&self, reader: &Reader) {
        let live = reader.live("response");
        for (ticket, score) in &self.rated {
            let row = live.get(format!("csat-{ticket}").as_str());
            let row = row.unwrap_or_else(|| panic!("no answer about ticket {ticket}"));
            let expected = if *score == "good" { "1" } else { "0" };
            assert_eq!(row.cell("score"), Some(expected), "{row:?}");
        }
    }
}

#[test]
fn a_month_of_pulls_misses_nothing_and_repeats_nothing() {
    let vendor = vendor(account());
    let mut reader = reader(&vendor);
    let mut desk = Desk {
        dice: Dice(0x5eed),
        next_ticket: N_TICKETS + 1,
        next_rating: 1_000,
        rated: BTreeMap::new(),
    };
    for _ in 0..N_DAYS {
        for _ in 0..DAY_S / HOUR_S {
            vendor.pass(HOUR_S);
            vendor.with(|account, now_s| desk.hour(account, now_s));
            let failure = reader.pull("tickets");
            assert!(failure.is_none(), "{failure:?}");
        }
        pull_all(&mut reader);
        assert_tickets(&reader, &vendor);
        desk.assert_ratings(&reader);
        assert_eq!(reader.n_repeats, 0);
    }
    assert!(desk.next_ticket > N_TICKETS + 500, "{}", desk.next_ticket);
    assert!(desk.rated.len() > 40, "{}", desk.rated.len());
    vendor.pass(HOUR_S);
    pull_all(&mut reader);
    assert_people(&reader, &vendor);
    assert_eq!((reader.n_repeats, reader.rejects.len()), (0, 0));
}

/// Compares users and organisations with what the vendor shows.
fn assert_people(reader: &Reader, vendor: &Replay<Zendesk>) {
    let (agents, customers) = (reader.live("agent"), reader.live("customer"));
    vendor.with(|account, _| {
        let n_people = account.users.iter().count() + account.organizations.iter().count();
        assert_eq!(agents.len() + customers.len(), n_people);
        for (id, item) in account.organizations.iter() {
            let row = customers[format!("organization-{id}").as_str()];
            let segment = item.value["organization_fields"]["segment"].as_str();
            assert_eq!(row.cell("segment"), segment, "{row:?}");
        }
        for (id, item) in account.users.iter() {
            let id = id.to_string();
            let row = agents
                .get(id.as_str())
                .or_else(|| customers.get(id.as_str()));
            let row = row.unwrap_or_else(|| panic!("user {id} is missing"));
            let updated_at = item.value["updated_at"].as_str();
            assert_eq!(
                instant(row.cell("updated_at")),
                instant(updated_at),
                "{row:?}"
            );
        }
    });
}
