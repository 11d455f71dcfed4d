//! The company is the same however it is written, and believable.

use std::fs;

use jiff::civil::date;

use super::*;

mod business;
mod quality;
mod truths;

const SEED: u64 = 1;
const UNTIL: Date = date(2026, 11, 22);

fn computed(dir: &Path, until: Date) -> BTreeMap<String, String> {
    let (_, files, truths) = files(dir, SEED, until).expect("computed");
    let texts = files
        .into_iter()
        .map(|(name, rows)| (name, rows.text().to_owned()));
    texts.chain([("truths.toml".to_owned(), truths)]).collect()
}

fn written(dir: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for folder in ["", "answers", "invitations", "reviews", "tickets"] {
        for entry in fs::read_dir(dir.join(folder)).expect("there").flatten() {
            if entry.path().is_file() {
                let name = entry.file_name().into_string().expect("plain name");
                let name = Path::new(folder).join(name).display().to_string();
                found.insert(name, fs::read_to_string(entry.path()).expect("text"));
            }
        }
    }
    found
}

#[test]
fn day_by_day_equals_all_at_once() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let start = date(2026, 1, 28);
    for n_days in [0, 1, 2, 3, 5, 6] {
        let until = start
            .checked_add(jiff::Span::new().days(n_days))
            .expect("a date");
        let report = generate(dir.path(), SEED, until).expect("written");
        assert!(report.n_bytes_written > 0, "{until}");
    }
    let until = date(2026, 2, 3);
    let report = generate(dir.path(), SEED, until).expect("written");
    assert_eq!(report.n_bytes_written, 0, "nothing is missing");
    assert_eq!(written(dir.path()), computed(dir.path(), until));
}

#[test]
fn a_half_written_file_is_completed() {
    let dir = tempfile::tempdir().expect("temporary directory");
    generate(dir.path(), SEED, UNTIL).expect("written");
    let whole = written(dir.path());
    let path = dir.path().join("answers/support-2026-11.csv");
    let text = fs::read(&path).expect("there");
    fs::write(&path, &text[..text.len() / 2]).expect("cut");
    generate(dir.path(), SEED, UNTIL).expect("written");
    assert_eq!(written(dir.path()), whole);
}

#[test]
fn a_day_does_not_depend_on_where_the_files_begin() {
    let world = World::new(SEED, Effects::Life, 1);
    let day = Day::of(date(2026, 5, 13));
    let rows = |end: Day| {
        let customers = Customers::until(&world, end);
        let staff = Staff::until(&world, end);
        let mut invitations = Invitations::new(&world, &customers, &staff);
        rows_of(&world, &customers, &mut invitations, day)
    };
    assert_eq!(rows(day.after()), rows(Day(day.0 + 400)));
}

#[test]
fn headers_are_columns_of_the_record_kinds() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (_, files, _) = files(dir.path(), SEED, UNTIL).expect("computed");
    for (name, rows) in files {
        let kind = vocd_plugin::record::RecordKind::from_name(rows.kind()).expect("a kind");
        let header: Vec<&str> = rows
            .text()
            .lines()
            .next()
            .expect("a header")
            .split(',')
            .collect();
        for column in &header {
            assert!(kind.column(column).is_some(), "{name}: {column}");
        }
        let required = kind.columns().filter(|column| column.is_required);
        for column in required {
            assert!(
                header.contains(&column.name),
                "{name} lacks {}",
                column.name
            );
        }
    }
}

struct Counts {
    promoters: f64,
    detractors: f64,
    n: f64,
}

impl Counts {
    fn nps_score(&self) -> f64 {
        100.0 * (self.promoters - self.detractors) / self.n
    }
}

/// Counts the NPS answers of a survey in the files whose name passes, by a column's value.
fn count(survey: &str, by: &str) -> BTreeMap<String, Counts> {
    let mut counts = BTreeMap::new();
    for (name, text) in business::company() {
        let Some(month) = name.strip_prefix(&format!("answers/{survey}-")) else {
            continue;
        };
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers().expect("a header").clone();
        let column = |name: &str| header.iter().position(|column| column == name);
        let (metric, score) = (
            column("metric").expect("there"),
            column("score").expect("there"),
        );
        for row in reader.records() {
            let row = row.expect("valid CSV");
            let key = column(by).map_or(month.trim_end_matches(".csv"), |idx| &row[idx]);
            let Ok(score) = row[score].parse::<u8>() else {
                continue;
            };
            if &row[metric] != "nps" {
                continue;
            }
            let count = counts.entry(key.to_owned()).or_insert(Counts {
                promoters: 0.0,
                detractors: 0.0,
                n: 0.0,
            });
            count.n += 1.0;
            count.promoters += f64::from(u8::from(score >= 9));
            count.detractors += f64::from(u8::from(score <= 6));
        }
    }
    counts
}

#[test]
fn the_company_is_believable() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (first, files, _) = files(dir.path(), SEED, UNTIL).expect("computed");
    assert_eq!(first.date(), date(2024, 11, 1));
    let mut n_rows: BTreeMap<&str, u64> = BTreeMap::new();
    for rows in files.values() {
        *n_rows.entry(rows.kind()).or_default() += rows.n_rows();
    }
    let is_between = |kind: &str, low: u64, high: u64| {
        let n = n_rows[kind];
        assert!((low..=high).contains(&n), "{n} rows of {kind}");
    };
    is_between("response", 55_000, 68_000);
    is_between("customer", 4_000, 5_000);
    is_between("invitation", 70_000, 110_000);
    is_between("event", 12, 26);
    is_between("ticket", 55_000, 80_000);
    is_between("subscription", 10_000, 30_000);
    is_between("agent", 25, 60);
    is_between("review", 13_000, 19_000);
    is_between("training", 20, 70);
}

#[test]
fn the_score_is_believable_and_outages_show() {
    let by_month = count("relationship", "month");
    let scores: Vec<f64> = by_month.values().map(Counts::nps_score).collect();
    let mean = scores.iter().sum::<f64>() / 25.0;
    assert_eq!(scores.len(), 25);
    assert!((28.0..40.0).contains(&mean), "{mean}: {scores:?}");
    let lowest = scores.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(lowest < mean - 8.0 && lowest > 0.0, "{scores:?}");
    let by_channel = count("support", "channel");
    assert!(by_channel["chat"].nps_score() > by_channel["email"].nps_score() + 5.0);
}

#[test]
fn comments_are_in_two_languages() {
    let text = &business::company()["answers/relationship-2026-10.csv"];
    assert!(text.contains(",de,") && text.contains(",en,"));
    let n_comments = text.lines().filter(|line| !line.ends_with(',')).count();
    assert!(n_comments > 50, "{n_comments}");
}

#[test]
fn an_until_outside_of_its_life_is_refused() {
    let dir = tempfile::tempdir().expect("temporary directory");
    assert!(generate(dir.path(), SEED, date(2018, 1, 1)).is_err());
}

#[test]
fn configuration_and_dashboards_have_no_fault() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let path = site::write_config(dir.path(), 7878, &[], UNTIL).expect("written");
    let config = match crate::config::Config::load(&path) {
        Ok(config) => config,
        Err(faults) => panic!("{faults:#?}"),
    };
    assert_eq!(config.goals()["nps"].due, date(2026, 12, 31));
    for (name, text) in site::DASHBOARDS {
        let written = fs::read_to_string(config.dashboards_dir().join(name)).expect("written");
        assert_eq!(written, text);
    }
}
