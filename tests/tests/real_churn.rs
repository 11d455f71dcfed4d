//! Real tenures of 7,043 customers, by configuration alone, against independently computed churn,
//! revenue and survival.

use std::fmt::Write as _;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use vocd_tests::daemon::{Outcome, vocd};
use vocd_tests::scratch::Scratch;
use vocd_tests::skip::data_set;

/// The data has tenures in months and no dates: every contract that ended did so at this instant.
const END: &str = "2020-01-01T00:00:00Z";
/// A day later everything is known.
const AS_OF: &str = "2020-01-02T00:00:00Z";
/// A month of tenure as days, so that the curve at month k is that at day 30 k.
const MONTH_DAYS: i64 = 30;
const SHARE_TOLERANCE: f64 = 1e-6;

const CONFIGURATION: &str = r#"timezone = "UTC"

[dimensions]
contract = { from = "customer.segment" }
internet = { from = "customer.industry" }

[[source]]
name = "telco"
plugin = "csv"
every = "10m"

[[source.config.file]]
path = "customers.csv"

[[source.config.file.record]]
kind = "customer"
[source.config.file.record.columns]
id = "id"
segment = "contract"
industry = "internet"

[[source.config.file.record]]
kind = "subscription"
[source.config.file.record.columns]
id = "id"
customer = "id"
subscription = "id"
started_at = "start"
ended_at = "end"
mrr = "price"
currency = { const = "USD" }
"#;

/// Writes the customers with dates in the place of tenures.
fn dated(original: &str) -> String {
    let end: Timestamp = END.parse().expect("an instant");
    assert!(!original.contains('"'), "no cell is quoted");
    let mut lines = original.lines();
    let header: Vec<&str> = lines.next().expect("a header").split(',').collect();
    let column = |name: &str| {
        let found = header.iter().position(|column| *column == name);
        found.unwrap_or_else(|| panic!("no column {name}"))
    };
    let wanted = [
        "customerID",
        "tenure",
        "Churn",
        "MonthlyCharges",
        "Contract",
        "InternetService",
    ];
    let wanted = wanted.map(column);
    let mut text = "id,contract,internet,start,end,price\n".to_owned();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let [id, tenure, churn, price, contract, internet] = wanted.map(|idx| cells[idx]);
        let months: i64 = tenure.parse().expect("whole months");
        // Half a day more: customers of month 0 were there too, and whole days stay what they are.
        let hours = months * MONTH_DAYS * 24 + 12;
        let start = end - SignedDuration::from_hours(hours);
        let ended = if churn == "Yes" { END } else { "" };
        writeln!(text, "{id},{contract},{internet},{start},{ended},{price}").expect("written");
    }
    text
}

fn loaded(folder: &Path) -> Scratch {
    let original = std::fs::read_to_string(folder.join("Telco-Customer-Churn.csv")).expect("CSV");
    let scratch = Scratch::new();
    scratch.write("vocd.toml", CONFIGURATION);
    scratch.write("customers.csv", dated(&original));
    must(&vocd(scratch.folder(), &["sync", "telco"]));
    scratch
}

fn must(outcome: &Outcome) -> &str {
    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    &outcome.stdout
}

fn json(path: &Path) -> Value {
    serde_json::from_str(&std::fs::read_to_string(path).expect("readable")).expect("JSON")
}

fn kpi(scratch: &Scratch, arguments: &[&str]) -> Value {
    let mut all = vec!["kpi", "--as-of", AS_OF, "--format", "json"];
    all.extend_from_slice(arguments);
    serde_json::from_str(must(&vocd(scratch.folder(), &all))).expect("JSON")
}

/// Asks about the one day on which the contracts ended.
fn on_the_day(scratch: &Scratch, name: &str, more: &[&str]) -> Value {
    let mut all = vec![name, "--from", "2020-01-01", "--to", "2020-01-02"];
    all.extend_from_slice(more);
    kpi(scratch, &all)
}

fn check_churn(total: &Value, expected: &Value, what: &str) {
    assert_eq!(total["n"], expected["n"], "n of {what}");
    assert_eq!(
        total["counts"]["lost"], expected["churned"],
        "lost of {what}"
    );
    let found = total["value"].as_f64().expect("a rate") / 100.0;
    let wanted = expected["churn_rate"].as_f64().expect("a rate");
    assert!((found - wanted).abs() < SHARE_TOLERANCE, "{what}: {found}");
    let bound = |name: &str| total[name].as_f64().expect(name) / 100.0;
    assert!(bound("low") < found && found < bound("high"), "{what}");
}

#[test]
fn churn_is_as_computed_elsewhere() {
    let Some(folder) = data_set("real_churn::churn", "telco-churn-ibm") else {
        return;
    };
    let (scratch, expected) = (loaded(&folder), json(&folder.join("expected.json")));
    let all = on_the_day(&scratch, "churn", &[]);
    check_churn(&all["total"], &expected["all"], "all");
    for (dimension, values) in [("contract", "by_contract"), ("internet", "by_internet")] {
        let split = on_the_day(&scratch, "churn", &["--by", dimension]);
        let series = split["series"].as_array().expect("series");
        let wanted = expected[values].as_object().expect("groups");
        assert_eq!(series.len(), wanted.len());
        for (key, values) in wanted {
            let group = series.iter().find(|series| series["key"] == *key);
            check_churn(&group.expect("a group")["total"], values, key);
        }
    }
    let filter = "contract=Two year";
    let alone = on_the_day(&scratch, "churn", &["--where", filter]);
    check_churn(
        &alone["total"],
        &expected["by_contract"]["Two year"],
        filter,
    );
}

#[test]
fn revenue_is_kept_to_the_cent() {
    let Some(folder) = data_set("real_churn::revenue", "telco-churn-ibm") else {
        return;
    };
    let (scratch, expected) = (loaded(&folder), json(&folder.join("expected.json")));
    let total = &on_the_day(&scratch, "grr", &[])["total"];
    let bridge = &total["secondary"];
    assert_eq!(bridge["start"], expected["monthly_charges_sum"]);
    assert_eq!(bridge["churned"], expected["monthly_charges_sum_churned"]);
    let (start, churned) = (456_116.60, 139_130.85);
    let found = total["value"].as_f64().expect("a rate");
    assert!(
        (found - 100.0 * (start - churned) / start).abs() < SHARE_TOLERANCE,
        "{found}"
    );
    assert_eq!(
        on_the_day(&scratch, "nrr", &[])["total"]["value"],
        total["value"]
    );
}

/// Returns the share beyond a month, in the rows of a group or of all.
fn share_after(rows: &[&Vec<Value>], skip: usize, month: i64) -> f64 {
    let last = rows
        .iter()
        .take_while(|row| row[skip].as_i64().expect("a day") <= month * MONTH_DAYS)
        .last();
    last.map_or(1.0, |row| row[skip + 3].as_f64().expect("a share") / 100.0)
}

fn check_curve(rows: &[&Vec<Value>], skip: usize, expected: &Value, what: &str) {
    for (month, share) in expected.as_object().expect("months") {
        let found = share_after(rows, skip, month.parse().expect("a month"));
        let wanted = share.as_f64().expect("a share");
        assert!(
            (found - wanted).abs() < SHARE_TOLERANCE,
            "{what} after {month} months: {found} is not {wanted}"
        );
    }
}

#[test]
fn survival_is_as_computed_elsewhere() {
    let Some(folder) = data_set("real_churn::survival", "telco-churn-ibm") else {
        return;
    };
    let (scratch, expected) = (loaded(&folder), json(&folder.join("survival.json")));
    let rows = |answer: &Value| -> Vec<Vec<Value>> {
        let rows = answer["table"]["rows"].as_array().expect("rows");
        rows.iter()
            .map(|row| row.as_array().expect("a row").clone())
            .collect()
    };
    let all = rows(&kpi(&scratch, &["survival"]));
    check_curve(&all.iter().collect::<Vec<_>>(), 0, &expected["all"], "all");
    let split = rows(&kpi(&scratch, &["survival", "--by", "contract"]));
    for (key, values) in expected["by_contract"].as_object().expect("groups") {
        let own: Vec<&Vec<Value>> = split.iter().filter(|row| row[0] == *key).collect();
        check_curve(&own, 1, values, key);
    }
}

#[test]
fn every_form_says_the_same() {
    let Some(folder) = data_set("real_churn::forms", "telco-churn-ibm") else {
        return;
    };
    let scratch = loaded(&folder);
    let answer = kpi(&scratch, &["survival"]);
    let printed = |format: &str| {
        let asked = ["kpi", "survival", "--as-of", AS_OF, "--format", format];
        must(&vocd(scratch.folder(), &asked)).to_owned()
    };
    let csv = printed("csv");
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines[0], "day,at_risk,ended,value,low,high");
    let rows = answer["table"]["rows"].as_array().expect("rows");
    assert_eq!(lines.len(), 1 + rows.len());
    for (line, row) in lines[1..].iter().zip(rows) {
        let cells: Vec<f64> = line
            .split(',')
            .map(|cell| cell.parse().expect("a number"))
            .collect();
        let row: Vec<f64> = row
            .as_array()
            .expect("a row")
            .iter()
            .filter_map(Value::as_f64)
            .collect();
        assert_eq!(cells, row);
    }
    let table = printed("table");
    assert!(table.starts_with("Customer survival ("), "{table}");
    let headline = answer["total"]["value"].as_f64().expect("S(365)");
    assert!(table.contains(&format!("{headline:.1}")), "{table}");
}

#[test]
fn every_kpi_of_customers_can_be_drawn() {
    let Some(folder) = data_set("real_churn::pictures", "telco-churn-ibm") else {
        return;
    };
    let scratch = loaded(&folder);
    let month = "range = \"2019-12-02..2020-01-02\"";
    let all = [
        ("churn", "number", month),
        ("crr", "trend", month),
        ("nrr", "trend", month),
        ("survival", "number", ""),
        ("cohort", "number", ""),
        ("revenue_at_risk", "number", ""),
    ];
    let panel = |(kpi, chart, range): &(&str, &str, &str)| {
        format!("[[panel]]\nid = \"{kpi}\"\nkpi = \"{kpi}\"\nchart = \"{chart}\"\n{range}\n\n")
    };
    let panels: String = all.iter().map(panel).collect();
    let page = format!("title = \"Customers\"\n\n{panels}");
    scratch.write("dashboards/customers.toml", page);
    for (name, _, range) in all {
        let place = format!("customers/{name}");
        let asked = ["render", &place, "--as-of", AS_OF, "-o", "drawn.svg"];
        must(&vocd(scratch.folder(), &asked));
        let drawn = std::fs::read_to_string(scratch.path("drawn.svg")).expect("drawn");
        let answer = match range {
            "" => kpi(&scratch, &[name]),
            _ => kpi(&scratch, &[name, "--range", "2019-12-02..2020-01-02"]),
        };
        let shown = match answer["total"]["value"].as_f64() {
            Some(value) => format!("{value:.1}"),
            // Nobody answered a survey here.
            None => "\u{2013}".to_owned(),
        };
        assert!(
            drawn.contains(&shown),
            "{name}: {shown} is not in the picture"
        );
    }
}
