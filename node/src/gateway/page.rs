//! The page for web links: `/#CID` in any browser. It is a program in WebAssembly (crate `page`), which was put into this
//! one when it was built.

use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;

/// What the page may do: run its own program, and talk to this node. What it shows of files is in blobs, or comes from its
/// service worker at addresses of its own.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; \
     img-src 'self' blob:; media-src 'self' blob:; frame-src 'self' blob:; worker-src 'self'; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'",
);
/// The file that is the page's service worker.
const WORKER: &str = "worker.js";
const NO_PAGE: &str = "This node was built without its page for web links. To build it in, run `cargo xtask build` and \
                       then build the node. Files are at /ipfs/CID.\n";

/// The beginning of a path that was a fragment before a program escaped the link.
const ESCAPED: &str = "/%23";
const NO_FRAGMENT: &str = "Nothing is opened here. In this link, # has become %23, so that what follows was sent to this node. If it is the \
                           link of a private share, its key was, too. Ask for the link once more, or put # in the place of %23.\n";

/// A file of the page.
struct File {
    name: &'static str,
    kind: &'static str,
    /// The `ETag`.
    tag: &'static str,
    bytes: &'static [u8],
}

/// The files of the page, itself first; none if it was not built in.
static FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// Answers `/`.
pub(super) async fn index(headers: HeaderMap) -> Response<Body> {
    match FILES.first() {
        Some(page) => answer(page, &headers),
        None => (StatusCode::NOT_FOUND, NO_PAGE).into_response(),
    }
}

/// Answers what nothing else does.
pub(super) async fn nothing(uri: Uri) -> Response<Body> {
    match uri.path().starts_with(ESCAPED) {
        true => (StatusCode::NOT_FOUND, NO_FRAGMENT).into_response(),
        false => StatusCode::NOT_FOUND.into_response(),
    }
}

/// Answers `/page/NAME`.
pub(super) async fn part(Path(name): Path<String>, headers: HeaderMap) -> Response<Body> {
    match FILES.iter().find(|file| file.name == name) {
        Some(file) => answer(file, &headers),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn answer(file: &'static File, headers: &HeaderMap) -> Response<Body> {
    let tag = HeaderValue::from_static(file.tag);
    let has_it = headers.get(header::IF_NONE_MATCH) == Some(&tag);
    let about = [
        (header::ETAG, tag),
        // The next version of the node has another page at the same address.
        (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    ];
    if has_it {
        return (StatusCode::NOT_MODIFIED, about).into_response();
    }
    let guards = [
        (header::CONTENT_TYPE, HeaderValue::from_static(file.kind)),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (
            header::REFERRER_POLICY,
            HeaderValue::from_static("no-referrer"),
        ),
        (
            header::HeaderName::from_static("cross-origin-opener-policy"),
            HeaderValue::from_static("same-origin"),
        ),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            HeaderValue::from_static("same-origin"),
        ),
    ];
    // The page is at the root, and what it plays is asked of its service worker.
    let scope = (file.name == WORKER).then(|| {
        let name = header::HeaderName::from_static("service-worker-allowed");
        [(name, HeaderValue::from_static("/"))]
    });
    (about, guards, scope, Body::from(file.bytes)).into_response()
}
