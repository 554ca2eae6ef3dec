//! Answers that are no content.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;

/// An answer that is no content: a sentence for people.
pub(super) fn failure(status: StatusCode, message: impl std::fmt::Display) -> Response<Body> {
    let mut response = (
        status,
        [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        format!("{message}\n"),
    )
        .into_response();
    retry_after(response.headers_mut(), status);
    response
}

/// Says when to try again what may go better then.
pub(super) fn retry_after(headers: &mut HeaderMap, status: StatusCode) {
    let seconds = match status {
        StatusCode::TOO_MANY_REQUESTS => "2",
        StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT
        | StatusCode::INSUFFICIENT_STORAGE => "30",
        _ => return,
    };
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
}

/// Why a request is not understood: a status, and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused(pub StatusCode, pub String);

impl Refused {
    /// A request that is wrong.
    pub fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }
}
