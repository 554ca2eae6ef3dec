//! What browsers are told about all responses.
//!
//! Cross-origin requests: pages of any origin may use the gateway, since it grants nothing on the
//! basis of cookies or addresses.

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, header};
use axum::middleware::Next;
use axum::response::IntoResponse;

const ALLOW_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
const ALLOW_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept, Authorization, Cache-Control, Content-Type, If-None-Match, If-Range, Range, User-Agent, X-Requested-With",
);
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Location, Content-Range, Etag, Retry-After, \
     X-Chunked-Output, X-Ipfs-Path, X-Ipfs-Roots, X-Stream-Output",
);
const ANY: HeaderValue = HeaderValue::from_static("*");
const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");
const WANTS_PRIVATE_NETWORK: &str = "access-control-request-private-network";
/// How long a browser may cache the result of a preflight request, in seconds.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("7200");

/// What a response may show if its handler does not say: nothing.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'; sandbox");

/// Adds the headers without which a browser might run what a response contains.
pub(super) async fn guard(request: Request<Body>, next: Next) -> Response<Body> {
    let mut response = next.run(request).await;
    if response.status() == StatusCode::NOT_MODIFIED {
        // Its headers would replace those of the response that the browser has.
        return response;
    }
    let headers = response.headers_mut();
    headers
        .entry(header::CONTENT_SECURITY_POLICY)
        .or_insert(NOTHING);
    headers
        .entry(header::X_CONTENT_TYPE_OPTIONS)
        .or_insert(HeaderValue::from_static("nosniff"));
    response
}

/// Adds the CORS headers that let pages of any origin read, and upload with a token.
pub(super) async fn cors(request: Request<Body>, next: Next) -> Response<Body> {
    let preflight = request.method() == Method::OPTIONS;
    let private = request.headers().contains_key(WANTS_PRIVATE_NETWORK);
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOW_METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
    if preflight {
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE);
        if private {
            headers.insert(PRIVATE_NETWORK, HeaderValue::from_static("true"));
        }
    }
    response
}
