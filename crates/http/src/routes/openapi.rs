//! `/openapi.json`: the contract of every call.

use axum::{
    http::header,
    response::{IntoResponse, Response},
};

/// The document, as it stands in the source tree.
pub(crate) const DOCUMENT: &str = include_str!("../../openapi.json");

/// Answers the document.
pub(crate) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

#[cfg(test)]
mod contract;
