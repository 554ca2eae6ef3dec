//! What answers below `/ipfs/` have in common.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::sync::OwnedSemaphorePermit;

use super::body::made;
use super::fetching::Gateway;
use super::ranges::{ByteRange, has_etag};
use super::reply::failure;
use super::request::Asked;
use super::resolve::Resolved;

/// What lies below a CID never changes.
pub(super) const IMMUTABLE: HeaderValue =
    HeaderValue::from_static("public, max-age=29030400, immutable");
/// What a gateway made of it may change with the gateway.
pub(super) const FOR_A_WEEK: HeaderValue =
    HeaderValue::from_static("public, max-age=604800, stale-while-revalidate=2678400");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const X_IPFS_PATH: HeaderName = HeaderName::from_static("x-ipfs-path");
const X_IPFS_ROOTS: HeaderName = HeaderName::from_static("x-ipfs-roots");
/// Roots that are named in a header.
const MAX_ROOTS: usize = 32;
/// What stands as it is in a parameter of `Content-Disposition` (RFC 8187).
const ATTR: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'!')
    .remove(b'#')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b'-')
    .remove(b'.')
    .remove(b'^')
    .remove(b'_')
    .remove(b'`')
    .remove(b'|')
    .remove(b'~');

/// A request that is being answered.
pub(super) struct Request {
    pub gateway: Arc<Gateway>,
    pub asked: Asked,
    pub head: bool,
    pub headers: HeaderMap,
    pub uri: Uri,
    pub permit: OwnedSemaphorePermit,
}

impl Request {
    /// The headers that every answer has.
    pub fn headers(&self, resolved: &Resolved, etag: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CACHE_CONTROL, IMMUTABLE);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        headers.insert(header::VARY, HeaderValue::from_static("Accept"));
        put(&mut headers, header::ETAG, etag);
        put(&mut headers, X_IPFS_PATH, self.uri.path());
        let roots: Vec<String> = resolved
            .roots
            .iter()
            .take(MAX_ROOTS)
            .enumerate()
            .map(|(n, cid)| {
                if n == 0 {
                    self.asked.root_text.clone()
                } else {
                    cid.to_string()
                }
            })
            .collect();
        put(&mut headers, X_IPFS_ROOTS, &roots.join(","));
        if let Some(location) = &self.asked.content_location {
            put(&mut headers, header::CONTENT_LOCATION, location);
        }
        headers
    }

    /// The text of the CID that a path led to, as it was written where it is the root.
    pub fn text_of(&self, resolved: &Resolved) -> String {
        if self.asked.path.is_empty() {
            self.asked.root_text.clone()
        } else {
            resolved.cid.to_string()
        }
    }
}

/// Sets a header; text that cannot stand in one is left out.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// `304`, where the client has the answer already.
pub(super) fn not_modified(
    request: &HeaderMap,
    mut headers: HeaderMap,
    etag: &str,
) -> Option<Response<Body>> {
    if !has_etag(request, etag) {
        return None;
    }
    headers.remove(header::CONTENT_LOCATION);
    Some((StatusCode::NOT_MODIFIED, headers).into_response())
}

/// `Content-Disposition`, with a name in ASCII and, where that is not all of it, in UTF-8.
pub(super) fn disposition(kind: &str, name: &str) -> String {
    let ascii: String = name
        .chars()
        .map(|c| {
            if c.is_ascii() && !c.is_ascii_control() && !matches!(c, '"' | '\\') {
                c
            } else {
                '_'
            }
        })
        .collect();
    if ascii == name {
        format!("{kind}; filename=\"{ascii}\"")
    } else {
        format!(
            "{kind}; filename=\"{ascii}\"; filename*=UTF-8''{}",
            utf8_percent_encode(name, ATTR)
        )
    }
}

/// A block of `len` bytes, or the part of it that was asked for.
pub(super) fn block(
    request: Request,
    headers: HeaderMap,
    etag: &str,
    data: Bytes,
    len: u64,
) -> Response<Body> {
    let mut wanted = None;
    let mut response = ranged(&request, headers, etag, len, |range| {
        wanted = Some(range);
        Body::empty()
    });
    if let Some(range) = wanted {
        let part = data.slice(range.start as usize..range.end as usize);
        // Through a task, so that a client that takes nothing keeps it for a bounded time.
        *response.body_mut() = made(request.permit, |mut sink| async move {
            sink.send(part).await?;
            Ok(sink)
        });
    }
    response
}

/// An answer of known length, or the part of it that was asked for.
pub(super) fn ranged(
    request: &Request,
    mut headers: HeaderMap,
    etag: &str,
    len: u64,
    body: impl FnOnce(std::ops::Range<u64>) -> Body,
) -> Response<Body> {
    put(&mut headers, header::ACCEPT_RANGES, "bytes");
    let (status, range) = match ByteRange::parse(&request.headers, request.head, etag, len) {
        ByteRange::Whole => (StatusCode::OK, 0..len),
        ByteRange::Part(range) => {
            let value = format!("bytes {}-{}/{len}", range.start, range.end - 1);
            put(&mut headers, header::CONTENT_RANGE, &value);
            (StatusCode::PARTIAL_CONTENT, range)
        }
        ByteRange::Unsatisfiable => {
            let mut response = failure(
                StatusCode::RANGE_NOT_SATISFIABLE,
                format!("there are {len} bytes; the range begins after them"),
            );
            put(
                response.headers_mut(),
                header::CONTENT_RANGE,
                &format!("bytes */{len}"),
            );
            return response;
        }
    };
    headers.insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    let body = if request.head {
        Body::empty()
    } else {
        body(range)
    };
    (status, headers, body).into_response()
}

/// The name by which an answer is saved, from the request or from the last name on the path.
pub(super) fn name_of(asked: &Asked) -> Option<String> {
    asked
        .filename
        .clone()
        .or_else(|| asked.path.last().cloned())
}
