//! `/health/live`, `/health/ready`: for whoever watches over the process.

use axum::{extract::State, http::StatusCode};

use crate::{App, Problem};

/// The process answers.
pub(crate) async fn live() -> &'static str {
    "alive\n"
}

/// New streams are welcome, though perhaps they will not be remembered.
pub(crate) async fn ready(State(app): State<App>) -> Result<String, Problem> {
    if app.is_draining() {
        return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the server is shutting down"));
    }
    Ok(match app.driver.store_away() {
        None => "ready\n".to_owned(),
        Some(why) => format!("degraded: the store is away, streams go on without it: {why}\n"),
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::routes::testbed::Testbed;

    #[tokio::test]
    async fn the_server_is_ready_until_it_is_about_to_end_and_alive_until_it_has() {
        let testbed = Testbed::new();
        assert_eq!(testbed.get("/health/live").await.text(), "alive\n");
        assert_eq!(testbed.get("/health/ready").await.text(), "ready\n");
        testbed.begin_to_end(Duration::from_millis(6500));
        assert_eq!(testbed.get("/health/live").await.status, 200);
        let ready = testbed.get("/health/ready").await;
        assert_eq!((ready.status, ready.text()), (503, "the server is shutting down\n"));
        assert_eq!(ready.header("retry-after"), "7");
    }
}
