//! Counts what the daemon does: a small registry of own metrics, written as OpenMetrics text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Most label sets one metric keeps; further ones are counted in `vocd_metrics_dropped` only.
///
/// Routes × statuses stay under 200 and sources × reasons under 500; the rest is head room.
pub const SERIES_MAX: usize = 1_000;

/// Upper bounds of duration histograms, in seconds: a cached picture takes about 1 ms, a cold one
/// about 60 ms, a question is stopped after some seconds.
const SECONDS_BOUNDS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// What a metric's numbers mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MetricKind {
    /// Only grows while the process lives.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Durations by upper bound, in seconds.
    Histogram,
}

/// A metric's name, meaning and kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Name without `_total`; the unit is its last word.
    pub name: &'static str,
    /// One sentence.
    pub help: &'static str,
    /// What its numbers mean.
    pub kind: MetricKind,
}

impl Metric {
    /// Declares a counter.
    #[must_use]
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind: MetricKind::Counter,
        }
    }

    /// Declares a gauge.
    #[must_use]
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind: MetricKind::Gauge,
        }
    }

    /// Declares a histogram of seconds.
    #[must_use]
    pub const fn histogram(name: &'static str, help: &'static str) -> Self {
        Self {
            name,
            help,
            kind: MetricKind::Histogram,
        }
    }
}

/// Requests by route and status.
pub const HTTP_REQUESTS: Metric = Metric::counter("vocd_http_requests", "Requests answered.");
/// Time to answer a request, by route.
pub const HTTP_SECONDS: Metric = Metric::histogram(
    "vocd_http_request_seconds",
    "Time from the request's head to its answer.",
);
/// Webhooks by source and what became of them.
pub const WEBHOOKS: Metric = Metric::counter(
    "vocd_webhooks",
    "Webhooks by what became of them: taken, refused, parsed, kept aside.",
);
/// Open connections.
pub const HTTP_CONNECTIONS: Metric = Metric::gauge("vocd_http_connections", "Open connections.");
/// Open event streams of walls.
pub const HTTP_STREAMS: Metric = Metric::gauge("vocd_http_streams", "Open event streams of walls.");
/// Lookups by cache and outcome.
pub const CACHE_LOOKUPS: Metric = Metric::counter("vocd_cache_lookups", "Cache lookups.");
/// Time to draw, by format.
pub const RENDER_SECONDS: Metric = Metric::histogram(
    "vocd_render_seconds",
    "Time from a question to the bytes of its picture.",
);
/// Requests that met a full render queue.
pub const RENDER_REFUSED: Metric = Metric::counter(
    "vocd_render_refused",
    "Pictures not drawn because the queue was full.",
);
/// Jobs waiting in the render queue.
pub const RENDER_QUEUE: Metric = Metric::gauge(
    "vocd_render_queue",
    "Pictures waiting for a free render thread.",
);
/// Live rows by source and kind.
pub const SOURCE_ROWS: Metric = Metric::gauge("vocd_source_rows", "Live rows.");
/// Seconds since the last success, by source.
pub const SOURCE_LAG: Metric = Metric::gauge(
    "vocd_source_lag_seconds",
    "Time since the last successful run.",
);
/// Whether a source is overdue, by source.
pub const SOURCE_STALE: Metric =
    Metric::gauge("vocd_source_stale", "1 while a source is overdue, else 0.");
/// Whether a source failed at its last run, by source.
pub const SOURCE_FAILING: Metric = Metric::gauge(
    "vocd_source_failing",
    "1 while a source's last run is a failure, else 0.",
);
/// Refused records by source and reason.
pub const SOURCE_REJECTS: Metric =
    Metric::gauge("vocd_source_rejects", "Records refused, by reason.");
/// Pulls that ended, by source and outcome: `ok`, or the reason of the failure.
pub const SOURCE_PULLS: Metric = Metric::counter(
    "vocd_source_pulls",
    "Pulls that ended, by outcome: ok, or why they failed.",
);
/// Requests that sources made, by source and status class.
pub const SOURCE_REQUESTS: Metric = Metric::counter(
    "vocd_source_http_requests",
    "Requests made for sources, by status class.",
);
/// Requests that were repeated, by source.
pub const SOURCE_RETRIES: Metric = Metric::counter(
    "vocd_source_http_retries",
    "Requests made again after a failure.",
);
/// Requests that were not let out, by source.
pub const SOURCE_REFUSED: Metric = Metric::counter(
    "vocd_source_http_refused",
    "Requests to hosts that the plugin does not declare; none went out.",
);
/// Time that sources waited for a vendor's limits, by source.
pub const SOURCE_WAIT: Metric = Metric::counter(
    "vocd_source_http_wait_seconds",
    "Time waited before requests.",
);
/// Bytes of answers, by source.
pub const SOURCE_BODY_BYTES: Metric =
    Metric::counter("vocd_source_http_body_bytes", "Bytes of answers, decoded.");
/// Builds that a plugin ran so far, by plugin.
pub const PLUGIN_GENERATION: Metric = Metric::gauge(
    "vocd_plugin_generation",
    "Number of the build of a plugin that runs.",
);
/// Whether a plugin's file is not what runs, by plugin.
pub const PLUGIN_HELD: Metric = Metric::gauge(
    "vocd_plugin_held",
    "1 while a plugin's file is refused, pending or missing, else 0.",
);
/// What became of plugins' builds, by plugin and event.
pub const PLUGIN_EVENTS: Metric = Metric::counter(
    "vocd_plugin_events",
    "What became of plugins' builds: loaded, swapped, refused, pending, approved, rolled back.",
);
/// Size of the store's files.
pub const STORE_BYTES: Metric = Metric::gauge("vocd_store_bytes", "Size of the store's files.");
/// Label sets refused by this registry.
const DROPPED: Metric = Metric::counter(
    "vocd_metrics_dropped",
    "Label sets beyond the limit of a metric.",
);

/// The process's metrics; cheap to share, never fails.
#[derive(Debug, Default)]
pub struct Metrics {
    families: Mutex<BTreeMap<&'static str, Family>>,
}

#[derive(Debug)]
struct Family {
    metric: Metric,
    series: BTreeMap<String, Sample>,
}

#[derive(Debug, Clone)]
enum Sample {
    Number(f64),
    Spread {
        buckets: [u64; SECONDS_BOUNDS.len()],
        n: u64,
        sum: f64,
    },
}

impl Metrics {
    /// Returns an empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds to a counter or gauge.
    pub fn add(&self, metric: &Metric, labels: &[(&str, &str)], amount: f64) {
        self.touch(metric, labels, |sample| {
            if let Sample::Number(number) = sample {
                *number += amount;
            }
        });
    }

    /// Sets a gauge.
    pub fn set(&self, metric: &Metric, labels: &[(&str, &str)], value: f64) {
        self.touch(metric, labels, |sample| {
            if let Sample::Number(number) = sample {
                *number = value;
            }
        });
    }

    /// Notes one duration in a histogram.
    pub fn observe(&self, metric: &Metric, labels: &[(&str, &str)], seconds: f64) {
        self.touch(metric, labels, |sample| {
            if let Sample::Spread { buckets, n, sum } = sample {
                for (bound, count) in SECONDS_BOUNDS.iter().zip(buckets.iter_mut()) {
                    *count += u64::from(seconds <= *bound);
                }
                *n += 1;
                *sum += seconds;
            }
        });
    }

    /// Forgets every series of a gauge, before it is set anew from a list that may have shrunk.
    pub fn forget(&self, metric: &Metric) {
        self.lock().remove(metric.name);
    }

    /// Returns the whole registry as OpenMetrics text, `# EOF` included.
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::new();
        for family in self.lock().values() {
            family.write(&mut text);
        }
        text.push_str("# EOF\n");
        text
    }

    fn touch(&self, metric: &Metric, labels: &[(&str, &str)], change: impl FnOnce(&mut Sample)) {
        let mut families = self.lock();
        let family = families.entry(metric.name).or_insert_with(|| Family {
            metric: *metric,
            series: BTreeMap::new(),
        });
        let key = label_text(labels);
        if family.series.len() >= SERIES_MAX && !family.series.contains_key(&key) {
            let dropped = families.entry(DROPPED.name).or_insert_with(|| Family {
                metric: DROPPED,
                series: BTreeMap::new(),
            });
            let sample = dropped
                .series
                .entry(String::new())
                .or_insert(Sample::Number(0.0));
            if let Sample::Number(number) = sample {
                *number += 1.0;
            }
            return;
        }
        change(
            family
                .series
                .entry(key)
                .or_insert_with(|| Sample::empty(metric.kind)),
        );
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Family>> {
        // A count that was half made is still a count: the next one goes on from it.
        self.families.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sample {
    fn empty(kind: MetricKind) -> Self {
        match kind {
            MetricKind::Counter | MetricKind::Gauge => Self::Number(0.0),
            MetricKind::Histogram => Self::Spread {
                buckets: [0; SECONDS_BOUNDS.len()],
                n: 0,
                sum: 0.0,
            },
        }
    }
}

impl Family {
    fn write(&self, text: &mut String) {
        let Metric { name, help, kind } = self.metric;
        let kind_name = match kind {
            MetricKind::Counter => "counter",
            MetricKind::Gauge => "gauge",
            MetricKind::Histogram => "histogram",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "# TYPE {name} {kind_name}");
        let _ = writeln!(text, "# HELP {name} {help}");
        for (labels, sample) in &self.series {
            match sample {
                Sample::Number(number) => {
                    let suffix = if kind == MetricKind::Counter {
                        "_total"
                    } else {
                        ""
                    };
                    let _ = writeln!(text, "{name}{suffix}{} {number}", braces(labels, ""));
                }
                Sample::Spread { buckets, n, sum } => {
                    for (bound, count) in SECONDS_BOUNDS.iter().zip(buckets) {
                        let le = format!("le=\"{bound:?}\"");
                        let _ = writeln!(text, "{name}_bucket{} {count}", braces(labels, &le));
                    }
                    let _ = writeln!(text, "{name}_bucket{} {n}", braces(labels, "le=\"+Inf\""));
                    let _ = writeln!(text, "{name}_count{} {n}", braces(labels, ""));
                    let _ = writeln!(text, "{name}_sum{} {sum}", braces(labels, ""));
                }
            }
        }
    }
}

fn label_text(labels: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (key, value) in labels {
        if !text.is_empty() {
            text.push(',');
        }
        let escaped = value
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        let _ = write!(text, "{key}=\"{escaped}\"");
    }
    text
}

fn braces(labels: &str, extra: &str) -> String {
    match (labels.is_empty(), extra.is_empty()) {
        (true, true) => String::new(),
        (false, false) => format!("{{{labels},{extra}}}"),
        _ => format!("{{{labels}{extra}}}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_end_in_total_and_labels_are_escaped() {
        let metrics = Metrics::new();
        metrics.add(
            &HTTP_REQUESTS,
            &[("route", "a\"b\\c\n"), ("status", "200")],
            2.0,
        );
        expect_test::expect![[r##"
            # TYPE vocd_http_requests counter
            # HELP vocd_http_requests Requests answered.
            vocd_http_requests_total{route="a\"b\\c\n",status="200"} 2
            # EOF
        "##]]
        .assert_eq(&metrics.render());
    }

    #[test]
    fn histogram_buckets_are_cumulative() {
        let metrics = Metrics::new();
        metrics.observe(&RENDER_SECONDS, &[], 0.03);
        metrics.observe(&RENDER_SECONDS, &[], 20.0);
        let text = metrics.render();
        assert!(
            text.contains("vocd_render_seconds_bucket{le=\"0.025\"} 0\n"),
            "{text}"
        );
        assert!(
            text.contains("vocd_render_seconds_bucket{le=\"0.05\"} 1\n"),
            "{text}"
        );
        assert!(
            text.contains("vocd_render_seconds_bucket{le=\"+Inf\"} 2\n"),
            "{text}"
        );
        assert!(text.contains("vocd_render_seconds_sum 20.03\n"), "{text}");
    }

    #[test]
    fn series_beyond_the_limit_are_counted_not_kept() {
        let metrics = Metrics::new();
        for idx in 0..SERIES_MAX + 3 {
            metrics.add(&HTTP_REQUESTS, &[("route", &idx.to_string())], 1.0);
        }
        assert!(metrics.render().contains("vocd_metrics_dropped_total 3\n"));
    }

    #[test]
    fn forgotten_gauge_leaves_no_series() {
        let metrics = Metrics::new();
        metrics.set(&SOURCE_LAG, &[("source", "gone")], 5.0);
        metrics.forget(&SOURCE_LAG);
        assert_eq!(metrics.render(), "# EOF\n");
    }
}
