//! Responses that carry a message instead of content.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;

/// A response with a sentence for people instead of content.
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

/// Sets `Retry-After` for statuses that may change if the client tries again.
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

/// Why a request is refused: a status, and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused(pub StatusCode, pub String);

impl Refused {
    /// A refusal because the request is invalid.
    pub fn bad(message: impl Into<String>) -> Self {
        Self(StatusCode::BAD_REQUEST, message.into())
    }
}
