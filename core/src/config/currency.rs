//! `[currency]`: what amounts of several currencies are worth in one.

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::config::fault::Complaint;
use crate::config::reader::{Placed, Sheet, TableReader};
use crate::config::scalar;
use crate::kpi::Exchange;

/// Most rates: fifty currencies by week over ten years.
const RATES_MAX: usize = 26_000;
/// Greatest rate; no currency is worth more of another.
const RATE_MAX: f64 = 1e9;
/// Billionths in a whole.
const BILLIONTHS: f64 = 1e9;

/// Reads `[currency]`.
pub(crate) fn read(sheet: &mut Sheet<'_>, top: &mut TableReader<'_, '_>) -> Exchange {
    let mut table = top.table(sheet, "currency");
    let report = table.parsed(sheet, "report", code);
    let tables = table.tables(sheet, "rate");
    if let Some(rate) = tables.first()
        && report.is_none()
    {
        let hint = "write the currency that amounts are reported in, such as report = \"EUR\"";
        sheet.fault(&rate.place(), "[currency] has rates and no `report`", hint);
    }
    if let Some(beyond) = tables.get(RATES_MAX) {
        let what = format!("more than {RATES_MAX} rates");
        sheet.fault(&beyond.place(), what, "leave out the oldest");
    }
    let mut rates: BTreeMap<String, Vec<(Date, i64)>> = BTreeMap::new();
    for rate in tables.into_iter().take(RATES_MAX) {
        let place = rate.place();
        let Some((currency, from, worth)) = read_rate(sheet, rate) else {
            continue;
        };
        if report
            .as_ref()
            .is_some_and(|report| report.value == currency)
        {
            let what = format!("{currency} is what amounts are reported in");
            sheet.fault(&place, what, "leave this rate out: it is always 1");
        }
        let known = rates.entry(currency.clone()).or_default();
        if known.iter().any(|(day, _)| *day == from) {
            let what = format!("two rates of {currency} from {from}");
            sheet.fault(&place, what, "leave one of them out");
        }
        known.push((from, worth));
    }
    for known in rates.values_mut() {
        known.sort_unstable();
    }
    table.finish(sheet);
    Exchange {
        report: report.map(|report| report.value),
        rates,
    }
}

fn read_rate(sheet: &mut Sheet<'_>, mut table: TableReader<'_, '_>) -> Option<(String, Date, i64)> {
    let currency = table.parsed(sheet, "currency", code);
    let from = table.read(sheet, "from", scalar::date);
    let rate = table.number(sheet, "rate");
    let hint = "a rate has `currency`, `from` and `rate`";
    for key in ["currency", "from", "rate"] {
        if !table.has(key) {
            table.missing(sheet, key, hint);
        }
    }
    table.finish(sheet);
    let worth = rate.and_then(|rate| billionths(sheet, &rate));
    Some((currency?.value, from?.value, worth?))
}

/// Returns a rate in billionths, or faults it.
#[expect(clippy::cast_possible_truncation, reason = "the bounds are checked")]
fn billionths(sheet: &mut Sheet<'_>, rate: &Placed<f64>) -> Option<i64> {
    let worth = (rate.value * BILLIONTHS).round();
    if rate.value <= RATE_MAX && worth >= 1.0 {
        return Some(worth as i64);
    }
    let what = format!("{} is no rate", rate.value);
    let hint = "write what one unit is worth in the reporting currency, such as 0.92";
    sheet.fault(&rate.place, what, hint);
    None
}

/// Reads a currency's code; capitals or not.
fn code(text: &str) -> Result<String, Complaint> {
    let code = text.trim().to_uppercase();
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    is_code.then_some(code).ok_or_else(|| {
        Complaint::new(
            format!("`{text}` is no currency"),
            "write its three letters, such as \"EUR\"",
        )
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use expect_test::{Expect, expect};

    use crate::config::Config;

    fn parsed(text: &str) -> Result<crate::kpi::Exchange, String> {
        Config::parse(Path::new("vocd.toml"), text)
            .map(|config| config.kpi_settings().retention.exchange)
            .map_err(|faults| {
                let lines: Vec<String> = faults.iter().map(ToString::to_string).collect();
                lines.join("\n")
            })
    }

    fn check_faults(text: &str, expected: Expect) {
        expected.assert_eq(&parsed(text).expect_err("faults"));
    }

    #[test]
    fn rates_are_sorted_by_day_and_exact() {
        let text = "[currency]\nreport = \"eur\"\n\
                    [[currency.rate]]\ncurrency = \"USD\"\nfrom = 2026-06-01\nrate = 0.95\n\
                    [[currency.rate]]\ncurrency = \"usd\"\nfrom = \"2026-01-01\"\nrate = 0.9123\n";
        let exchange = parsed(text).expect("valid");
        assert_eq!(exchange.report.as_deref(), Some("EUR"));
        let rates: Vec<(String, i64)> = exchange.rates["USD"]
            .iter()
            .map(|(day, rate)| (day.to_string(), *rate))
            .collect();
        let expected = [("2026-01-01", 912_300_000), ("2026-06-01", 950_000_000)];
        assert_eq!(rates, expected.map(|(day, rate)| (day.to_owned(), rate)));
    }

    #[test]
    fn without_the_table_nothing_is_exchanged() {
        assert_eq!(parsed("").expect("valid"), crate::kpi::Exchange::default());
    }

    #[test]
    fn bad_rates_are_told() {
        check_faults(
            "[currency]\nreport = \"Euro\"\n",
            expect![[
                r#"vocd.toml:2:10: `report`: `Euro` is no currency; write its three letters, such as "EUR""#
            ]],
        );
        check_faults(
            "[currency]\nreport = \"EUR\"\n\
             [[currency.rate]]\ncurrency = \"USD\"\nfrom = 2026-01-01\nrate = 0\n\
             [[currency.rate]]\ncurrency = \"EUR\"\nfrom = 2026-01-01\nrate = 1\n\
             [[currency.rate]]\ncurrency = \"GBP\"\nrate = 1.2\nday = 1\n\
             [[currency.rate]]\ncurrency = \"CHF\"\nfrom = 2026-01-01\nrate = 1\n\
             [[currency.rate]]\ncurrency = \"CHF\"\nfrom = 2026-01-01\nrate = 1\n",
            expect![[r#"
                vocd.toml:6:8: 0 is no rate; write what one unit is worth in the reporting currency, such as 0.92
                vocd.toml:7:1: EUR is what amounts are reported in; leave this rate out: it is always 1
                vocd.toml:11:1: [[rate]] has no `from`; a rate has `currency`, `from` and `rate`
                vocd.toml:14:1: unknown key `day` in [[rate]]; known are `currency`, `from`, `rate`
                vocd.toml:19:1: two rates of CHF from 2026-01-01; leave one of them out"#]],
        );
        check_faults(
            "[[currency.rate]]\ncurrency = \"USD\"\nfrom = 2026-01-01\nrate = 1\n",
            expect![[
                r#"vocd.toml:1:1: [currency] has rates and no `report`; write the currency that amounts are reported in, such as report = "EUR""#
            ]],
        );
    }
}
