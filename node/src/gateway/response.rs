//! What the responses below `/ipfs/` have in common.

use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use fluence::Cid;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::body::produced;
use super::fetching::Gateway;
use super::ranges::{ByteRange, has_etag};
use super::reply::failure;
use super::request::Asked;
use super::resolve::{Resolved, text_of_name};
use crate::fairness::Place;
use crate::storage::Reader;

/// Content below a CID never changes.
pub(super) const IMMUTABLE: HeaderValue =
    HeaderValue::from_static("public, max-age=29030400, immutable");
/// A page that the gateway generates may change with a new version of the gateway.
pub(super) const FOR_A_WEEK: HeaderValue =
    HeaderValue::from_static("public, max-age=604800, stale-while-revalidate=2678400");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const X_IPFS_PATH: HeaderName = HeaderName::from_static("x-ipfs-path");
const X_IPFS_ROOTS: HeaderName = HeaderName::from_static("x-ipfs-roots");
/// How many roots `X-Ipfs-Roots` lists at most.
const MAX_ROOTS: usize = 32;
/// The characters that are not escaped in a parameter of `Content-Disposition` (`attr-char` in RFC
/// 8187).
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
    /// The gateway that received it.
    pub gateway: Arc<Gateway>,
    /// What it asks for.
    pub asked: Asked,
    /// Whether its method is `HEAD`.
    pub head: bool,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its URI.
    pub uri: Uri,
    /// Its place among the responses.
    pub place: Place,
}

impl Request {
    /// The headers that every response has.
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

    /// The text of the CID that the path leads to; a root is given as it was written in the
    /// request.
    pub fn text_of(&self, resolved: &Resolved) -> String {
        if self.asked.path.is_empty() {
            self.asked.root_text.clone()
        } else {
            resolved.cid.to_string()
        }
    }
}

/// Sets a header, unless the text is not valid in one.
pub(super) fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Responds with `304 Not Modified` if the client already has the response.
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

/// A value of `Content-Disposition`, with the name in ASCII and, if that loses something, also in
/// UTF-8.
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

/// A block that is to be sent.
pub(super) struct Block {
    /// What it is read with.
    pub reader: Reader,
    /// Its CID.
    pub cid: Cid,
    /// Its bytes; empty if they are not to be sent.
    pub data: Bytes,
    /// Where in it the content is.
    pub content: Range<usize>,
}

/// Answers with the content of a block, or with the part of it that was asked for.
pub(super) fn block(
    request: Request,
    headers: HeaderMap,
    etag: &str,
    block: Block,
) -> Response<Body> {
    let mut wanted = None;
    let Block {
        reader,
        cid,
        data,
        content,
    } = block;
    let len = content.len() as u64;
    let mut response = ranged(&request, headers, etag, len, |range| {
        wanted = Some(range);
        Body::empty()
    });
    if let Some(range) = wanted {
        let part = content.start + range.start as usize..content.start + range.end as usize;
        // The body is sent through a task, so that a client that does not read holds no block.
        *response.body_mut() = produced(request.place, |mut sink| async move {
            sink.send_block(&reader, &cid, data, part).await?;
            Ok(sink)
        });
    }
    response
}

/// Answers with a body of known length, or with the part of it that was asked for.
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

/// The name under which a response is saved: the one in the query, or else the last name on the
/// path.
pub(super) fn name_of(asked: &Asked) -> Option<String> {
    asked
        .filename
        .clone()
        .or_else(|| asked.path.last().map(|name| text_of_name(name)))
}
