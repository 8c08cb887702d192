//! `/metrics`: counters and gauges in the OpenMetrics text format, which Prometheus reads.

use axum::{
    extract::State,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};

use crate::{App, Problem};

/// Prints everything that is counted.
pub(crate) async fn metrics(State(app): State<App>) -> Result<Response, Problem> {
    const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &app.registry).map_err(|_| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written")
    })?;
    Ok(([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response())
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use axum::{body::Body, http::Method};

    use crate::routes::testbed::{Testbed, read};

    /// Reads `name{labels} number` lines, each of a metric whose type has been said.
    fn parse(text: &str) -> HashMap<&str, f64> {
        let body = text.strip_suffix("# EOF\n").unwrap();
        let mut families = Vec::new();
        let mut values = HashMap::new();
        for line in body.lines() {
            if let Some(comment) = line.strip_prefix("# ") {
                let words: Vec<_> = comment.splitn(3, ' ').collect();
                assert!(["HELP", "TYPE", "UNIT"].contains(&words[0]), "{line}");
                families.push(words[1]);
                continue;
            }
            let (name, value) = line.rsplit_once(' ').unwrap();
            assert!(families.iter().any(|family| name.starts_with(family)), "{line}");
            values.insert(name, value.parse().unwrap());
        }
        values
    }

    #[tokio::test]
    async fn what_is_counted_can_be_read_and_names_no_stream() {
        let testbed = Testbed::new();
        let ids = testbed.create("").await;
        let uri = format!("/stream?id={}", ids.id);
        let mut body = testbed.open(Method::GET, &uri, &[], Body::empty()).await.into_body();
        read(&mut body, 1000).await;
        let answer = testbed.get("/metrics").await;
        let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.header("content-type"), media_type);
        let values = parse(answer.text());
        assert_eq!(values["perpetuo_listeners{format=\"mp3\"}"], 1.0);
        assert_eq!(values["perpetuo_streams_playing"], 1.0);
        assert!(values["perpetuo_chunks_total"] >= 1.0);
        for id in [&ids.id, &ids.listen_id] {
            assert!(!answer.text().contains(&id[..8]), "{}", answer.text());
        }
    }
}
