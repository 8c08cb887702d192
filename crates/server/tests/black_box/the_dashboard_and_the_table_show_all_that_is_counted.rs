//! What is written for operators names the metrics that there are, and all of them.

use std::{
    collections::BTreeSet,
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::server::Server;

const DASHBOARD: &str = include_str!("../../../../docs/grafana.json");
const OPERATING: &str = include_str!("../../../../docs/operating.md");

/// `/metrics` of a server that plays: a thread's use and a station's cost are there once they are measured.
fn metrics() -> String {
    let server = Server::start();
    let id = server.create("");
    let _listener = server.get(&format!("/stream?id={id}"));
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        let text = server.text("/metrics");
        if text.contains("perpetuo_station_cost{") {
            return text;
        }
        assert!(Instant::now() < deadline, "no cost of a station:\n{text}");
        thread::sleep(Duration::from_millis(50));
    }
}

/// All queries anywhere in a dashboard.
fn queries(json: &Value, found: &mut String) {
    match json {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::String(query) if ["expr", "query"].contains(&name.as_str()) => {
                        found.push_str(query);
                        found.push('\n');
                    }
                    _ => queries(value, found),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| queries(value, found)),
        _ => {}
    }
}

/// The metrics of ours that a text names.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("perpetuo_")).collect()
}

/// Whether `name` is a family's, or that of a series which OpenMetrics derives from it.
fn is_of(name: &str, family: &str) -> bool {
    name.strip_prefix(family)
        .is_some_and(|rest| ["", "_total", "_bucket", "_sum", "_count"].contains(&rest))
}

#[test]
fn every_metric_they_name_is_there_and_every_one_that_is_there_is_named() {
    let metrics = metrics();
    let (comments, samples): (Vec<_>, Vec<_>) =
        metrics.lines().partition(|line| line.starts_with('#'));
    let series: BTreeSet<_> =
        samples.iter().filter_map(|line| line.split(['{', ' ']).next()).collect();
    let families: Vec<_> = comments
        .iter()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .collect();
    assert!(families.len() > 10, "{metrics}");

    let mut dashboard = String::new();
    queries(&serde_json::from_str(DASHBOARD).unwrap(), &mut dashboard);
    for (document, text) in [("grafana.json", &*dashboard), ("operating.md", OPERATING)] {
        let named = named(text);
        for name in &named {
            assert!(series.contains(name), "docs/{document} names {name}, which is not there");
        }
        for family in &families {
            let is_named = named.iter().any(|name| is_of(name, family));
            assert!(is_named, "{family} is there, but not in docs/{document}");
        }
    }
}
