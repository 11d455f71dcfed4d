//! What reading a series costs, and how often it claims what is not there.

use std::time::Instant;

use vocd::series::{self, Context};
use vocd::statistic::{Draws, real};
use vocd_tests::chance::{self, Noise};
use vocd_tests::dice::setting;

use super::{median, print, print_with_target};

/// Series for each rate; `VOCD_SERIES_RUNS` is another number.
const N_RUNS: u64 = 1_500;
/// Weeks of the longest series that must be read at once.
const N_WEEKS: usize = 520;
/// Times that it is read.
const N_READS: usize = 40;

const PHIS: [f64; 3] = [0.0, 0.3, 0.6];

pub(super) fn series() -> anyhow::Result<()> {
    reading();
    let n_runs = usize::try_from(setting("VOCD_SERIES_RUNS", N_RUNS))?;
    trends(n_runs);
    shifts(n_runs);
    signals(n_runs);
    forecasts(n_runs / 5);
    Ok(())
}

/// One reading of ten years of weeks: trend, shifts, limits, forecast, text.
fn reading() {
    let noise = Noise {
        n: N_WEEKS,
        phi: 0.3,
    };
    let mut values = noise.draw(&mut Draws::new(1));
    for (at, value) in values.iter_mut().enumerate() {
        *value += 0.002 * real(at) + if at < 300 { 0.0 } else { 3.0 };
    }
    let points = chance::buckets(&values);
    for (name, period) in [
        ("series_520_ms", None),
        ("series_520_seasonal_ms", Some(52)),
    ] {
        let context = Context {
            period,
            ..Context::default()
        };
        let read = |_| {
            let start = Instant::now();
            let test = |before, after| series::welch(&points, before, after);
            let reading = series::read(&points, &context, &test, &[]);
            assert!(!reading.course.text.is_empty());
            start.elapsed().as_secs_f64() * 1e3
        };
        let mut times: Vec<f64> = (0..N_READS).map(read).collect();
        print_with_target(name, median(&mut times), "ms", "<= 20 ms");
    }
}

fn percent(name: &str, share: f64, target: &str) {
    print_with_target(name, 100.0 * share, "%", target);
}

fn trends(n_runs: usize) {
    for n in [12, 26, 52, 104] {
        for phi in PHIS {
            let name = format!("series_false_trend_n{n}_phi{phi}");
            let noise = Noise { n, phi };
            let share = chance::trends(noise, 0.0, None, n_runs, 1);
            percent(&name, share, "about 5 %, under 10 %");
        }
    }
    for (period, n) in [(12, 36), (12, 84), (7, 28), (7, 91), (4, 20), (4, 60)] {
        for phi in PHIS {
            let name = format!("series_false_trend_season{period}_n{n}_phi{phi}");
            let noise = Noise { n, phi };
            let share = chance::trends(noise, 0.0, Some(period), n_runs, 2);
            percent(&name, share, "2 to 5 %");
        }
    }
    let noise = Noise { n: 26, phi: 0.0 };
    let found = chance::trends(noise, 0.1, None, n_runs, 3);
    percent("series_trend_found_n26", found, "88 %");
}

fn shifts(n_runs: usize) {
    for (phi, targets) in [
        (0.0, ["5 %", "1 %", "1 %"]),
        (0.3, ["27 %", "27 %", "32 %"]),
    ] {
        for (n, target) in [24, 52, 104].into_iter().zip(targets) {
            let found = chance::shifts(Noise { n, phi }, 0.0, n_runs, 4);
            let name = |stage: &str| format!("series_false_{stage}_n{n}_phi{phi}");
            percent(&name("shift"), found.possible, target);
            print(&name("confirmed"), 100.0 * found.confirmed, "%");
        }
    }
    let found = chance::shifts(Noise { n: 52, phi: 0.0 }, 2.0, n_runs, 5);
    percent("series_shift_found_2sd_n52", found.confirmed, ">= 93 %");
    percent("series_shift_dated_2sd_n52", found.dated, ">= 90 %");
}

fn signals(n_runs: usize) {
    let noise = |phi| Noise { n: 0, phi };
    for (phi, all) in [(0.0, "19 %"), (0.3, "43 %")] {
        let found = chance::signals(noise(phi), 0.0, n_runs, 6);
        let name = |rule: &str| format!("series_false_{rule}_phi{phi}");
        print(&name("beyond"), 100.0 * found.beyond, "%");
        print(&name("run"), 100.0 * found.run, "%");
        print(&name("cluster"), 100.0 * found.cluster, "%");
        print(&name("alert"), 100.0 * found.alerts, "%");
        percent(&name("signal"), found.all, all);
    }
    let found = chance::signals(noise(0.0), 1.5, n_runs, 7);
    percent("series_alert_found_1.5sd", found.alerts, "88 %");
    percent("series_signal_found_1.5sd", found.all, "94 %");
}

fn forecasts(n_runs: usize) {
    for n in [24, 52, 104] {
        for phi in [0.0, 0.3, 0.6, 0.9] {
            let Some(found) = chance::forecasts(Noise { n, phi }, n_runs, 8) else {
                continue;
            };
            let name = |what: &str| format!("series_forecast_{what}_n{n}_phi{phi}");
            print(&name("told"), 100.0 * found.told, "%");
            if let Some(share) = found.hits.share_80() {
                percent(&name("band_80"), share, "80 %");
            }
            if let Some(share) = found.hits.share_95() {
                percent(&name("band_95"), share, "95 %");
            }
        }
    }
}
