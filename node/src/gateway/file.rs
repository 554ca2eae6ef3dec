//! Files and directories as they are, for browsers and `curl`.
//!
//! Shared files come from strangers, and all of them share the gateway's origin. So nothing is
//! shown that could run: files of active types are saved instead, browsers may not guess types, and
//! a policy forbids scripts whatever the type. A directory's `index.html`, which the specification
//! wants in place of a listing, is shown within that policy: it has an opaque origin, no scripts
//! and no forms, and loads nothing from elsewhere.

use std::ops::Range;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use bytes::Bytes;
use fluence::Cid;
use fluence::content::unixfs::{DAG_PB, Kind, Node, RAW};
use fluence::names::{mime_of, safe_file_name};

use super::accept::{DataForm, Format};
use super::body::{Sink, Unfinished, produced};
use super::config::Fetched;
use super::listing;
use super::reply::failure;
use super::resolve::{AnswerError, Resolved, decode, resolve};
use super::response::{
    Block, IMMUTABLE, Request, block, disposition, name_of, not_modified, put, ranged,
};
use crate::storage::traverse::{Scope, Seen, Walk, measured};
use crate::storage::{BlockError, Reader};

/// The content security policy of all responses: a page may only show itself, and let the files
/// that it links to be saved, which a sandbox forbids unless it is allowed explicitly.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src 'self' data:; media-src 'self'; font-src 'self'; \
     style-src 'self' 'unsafe-inline'; sandbox allow-downloads",
);
/// The policy for PDF, which browsers do not show in a sandbox, and which runs nothing outside its
/// own viewer.
const PDF_POLICY: HeaderValue =
    HeaderValue::from_static("default-src 'none'; object-src 'self'; style-src 'unsafe-inline'");
const PDF: &str = "application/pdf";
const UNKNOWN: &str = "application/octet-stream";
const TEXT: &str = "text/plain; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const JSON: &str = "application/json";
/// The page that is shown in place of a directory's listing, if the directory has it.
const INDEX: &str = "index.html";
/// How many bytes at the beginning of a file are used to guess its type.
const SNIFFED: u64 = 512;

/// Answers with a file, a directory's page, or a block of structured data.
pub(super) async fn answer(
    mut request: Request,
    reader: Reader,
    resolved: Resolved,
) -> Result<Response<Body>, AnswerError> {
    let cid = resolved.cid;
    let wanted = match request.asked.format {
        Format::Data(form) => Some(form),
        _ => None,
    };
    let form = match (wanted, DataForm::of(cid.codec())) {
        (None, form) => form,
        // A file is not structured data, but it may be requested as JSON or CBOR.
        (Some(DataForm::Json | DataForm::Cbor), None) => {
            if request.asked.by_accept {
                request.asked.content_location = None;
            }
            None
        }
        (Some(wanted), Some(form)) if wanted == form || wanted == form.plain() => Some(wanted),
        (Some(wanted), _) => {
            return Ok(failure(
                StatusCode::NOT_ACCEPTABLE,
                format!(
                    "{cid} is not {}, and this gateway does not convert",
                    wanted.name()
                ),
            ));
        }
    };
    let data = reader.block(&cid).await?;
    if let Some(form) = form {
        if wanted.is_none() && request.asked.page && form.plain() != form {
            return listing::data(&request, &resolved, &data, form, POLICY);
        }
        let content = 0..data.len();
        let block = Block {
            reader,
            cid,
            data,
            content,
        };
        return Ok(data_block(request, &resolved, block, form));
    }
    match cid.codec() {
        DAG_PB => {
            let node = decode(&cid, &data)?;
            match node.kind {
                Kind::File | Kind::Raw => {
                    let size = size_of(&reader, cid, node).await?;
                    file(request, reader, resolved, size).await
                }
                Kind::Symlink => {
                    let target = Block {
                        reader,
                        cid,
                        data,
                        content: node.data.clone(),
                    };
                    let name = name_of(&request.asked);
                    let etag = format!("\"{}\"", request.text_of(&resolved));
                    Ok(whole(request, &resolved, target, &etag, name, TEXT))
                }
                Kind::Directory | Kind::HamtShard => {
                    directory(request, reader, resolved, node).await
                }
                Kind::Metadata => Err(AnswerError::Block(
                    cid,
                    BlockError::Malformed("it is of an obsolete kind of UnixFS node"),
                )),
            }
        }
        RAW => {
            let size = data.len() as u64;
            file(request, reader, resolved, size).await
        }
        other => Err(AnswerError::Block(cid, BlockError::Codec(other))),
    }
}

/// Answers with a block of JSON or CBOR, as it is.
fn data_block(
    request: Request,
    resolved: &Resolved,
    data: Block,
    form: DataForm,
) -> Response<Body> {
    let text = request.text_of(resolved);
    let etag = match request.asked.format {
        Format::Plain => format!("\"{text}\""),
        _ => format!("\"{text}.{}\"", form.name()),
    };
    let name = name_of(&request.asked).unwrap_or_else(|| format!("{text}.{}", form.plain().name()));
    whole(request, resolved, data, &etag, Some(name), form.mime())
}

/// Answers with data that needs no further blocks.
fn whole(
    request: Request,
    resolved: &Resolved,
    content: Block,
    etag: &str,
    name: Option<String>,
    mime: &str,
) -> Response<Body> {
    let mut headers = request.headers(resolved, etag);
    if let Some(response) = not_modified(&request.headers, headers.clone(), etag) {
        return response;
    }
    describe(&mut headers, &request, name, mime, is_passive(mime));
    block(request, headers, etag, content)
}

/// Answers a `HEAD` request for a file that is not here, from what its provider says about it.
pub(super) fn described(request: &Request, described: Fetched) -> Response<Body> {
    let root = request.asked.root;
    let resolved = Resolved {
        path: Vec::new(),
        roots: vec![root],
        cid: root,
    };
    let etag = format!("\"{}\"", request.text_of(&resolved));
    let mut headers = request.headers(&resolved, &etag);
    // Nothing of it has been verified.
    headers.remove(header::ETAG);
    put(&mut headers, header::CACHE_CONTROL, "no-store");
    let name = name_of(&request.asked).or(described.name);
    let mime = name.as_deref().and_then(mime_of_name);
    let mime = mime.or_else(|| described.mime.as_deref().and_then(mime_of_text));
    let mime = mime.unwrap_or_else(|| UNKNOWN.to_owned());
    describe(&mut headers, request, name, &mime, is_passive(&mime));
    if let Some(size) = described.size {
        headers.insert(header::CONTENT_LENGTH, size.into());
    }
    (headers, Body::empty()).into_response()
}

async fn file(
    request: Request,
    reader: Reader,
    resolved: Resolved,
    size: u64,
) -> Result<Response<Body>, AnswerError> {
    let cid = resolved.cid;
    let text = request.text_of(&resolved);
    // A type in the query counts, as a name in the query does.
    let said = match request.asked.format {
        Format::Data(form) if !request.asked.by_accept => Some(form),
        _ => None,
    };
    let etag = match said {
        Some(form) => format!("\"{text}.{}\"", form.name()),
        None => format!("\"{text}\""),
    };
    let mut headers = request.headers(&resolved, &etag);
    if let Some(response) = not_modified(&request.headers, headers.clone(), &etag) {
        return Ok(response);
    }
    let named = name_of(&request.asked);
    let (gateway, root) = (&request.gateway, &request.asked.root);
    let (described_name, described_mime) = if !request.asked.path.is_empty() {
        (None, None)
    } else if named.is_none() && !request.asked.only_if_cached {
        gateway.description(root).await
    } else {
        gateway.storage.description(root)
    };
    let name = named.or(described_name);
    let said = said.map(|form| form.mime().to_owned());
    let known = said
        .or_else(|| name.as_deref().and_then(mime_of_name))
        .or_else(|| described_mime.as_deref().and_then(mime_of_text));
    let mime = match known {
        Some(mime) => mime,
        None => sniff(&beginning(&reader, cid, size).await?).to_owned(),
    };
    describe(&mut headers, &request, name, &mime, is_passive(&mime));
    Ok(content(request, reader, headers, &etag, cid, size))
}

/// Answers with the bytes of a file, or with the part of them that was asked for.
fn content(
    request: Request,
    reader: Reader,
    headers: HeaderMap,
    etag: &str,
    cid: Cid,
    size: u64,
) -> Response<Body> {
    let mut wanted = None;
    let mut response = ranged(&request, headers, etag, size, |range| {
        wanted = Some(range);
        Body::empty()
    });
    if let Some(range) = wanted {
        *response.body_mut() = produced(request.place, |sink| stream(reader, cid, range, sink));
    }
    response
}

/// The size of a file, given the node of its root.
pub(super) async fn size_of(reader: &Reader, cid: Cid, node: Node) -> Result<u64, AnswerError> {
    let node = measured(reader, cid, node).await?;
    node.file_size()
        .map_err(|error| AnswerError::Block(cid, error.into()))
}

/// Sends a range of a file's bytes.
async fn stream(
    reader: Reader,
    cid: Cid,
    range: Range<u64>,
    mut sink: Sink,
) -> Result<Sink, Unfinished> {
    let mut walk = Walk::new(&reader, true);
    let mut visits = walk.begin(cid, &Scope::Bytes(range.clone()));
    let mut at = range.start;
    while at < range.end {
        let seen = match walk.next_present(&mut visits).await? {
            Some(seen) => seen,
            None => {
                // Send what is available before waiting for a block.
                sink.flush().await?;
                walk.next(&mut visits).await?.ok_or(Unfinished::Size)?
            }
        };
        let part = cut(&seen, &range);
        at += part.len() as u64;
        let Seen { cid, data, .. } = seen;
        sink.send_block(&reader, &cid, data, part).await?;
    }
    Ok(sink)
}

/// Which of its bytes in a block lie in a range of a file.
fn cut(seen: &Seen, range: &Range<u64>) -> Range<usize> {
    let Some((own, offset)) = &seen.own else {
        return 0..0;
    };
    let len = own.len() as u64;
    let from = range.start.saturating_sub(*offset).min(len) as usize;
    let to = range.end.saturating_sub(*offset).min(len) as usize;
    if from < to {
        own.start + from..own.start + to
    } else {
        0..0
    }
}

/// The first bytes of a file, from which its type is guessed.
async fn beginning(reader: &Reader, cid: Cid, size: u64) -> Result<Bytes, AnswerError> {
    let range = 0..size.min(SNIFFED);
    let mut walk = Walk::new(reader, true);
    let mut visits = walk.begin(cid, &Scope::Bytes(range.clone()));
    while let Some(seen) = walk.next(&mut visits).await.map_err(AnswerError::from)? {
        let part = cut(&seen, &range);
        if !part.is_empty() {
            return Ok(seen.data.slice(part));
        }
    }
    Ok(Bytes::new())
}

async fn directory(
    request: Request,
    reader: Reader,
    resolved: Resolved,
    node: Node,
) -> Result<Response<Body>, AnswerError> {
    if !request.asked.slash {
        // Relative links on the page need the slash.
        let query = request
            .uri
            .query()
            .map(|q| format!("?{q}"))
            .unwrap_or_default();
        let mut headers = HeaderMap::new();
        put(
            &mut headers,
            header::LOCATION,
            &format!("{}/{query}", request.uri.path()),
        );
        headers.insert(header::CACHE_CONTROL, IMMUTABLE);
        return Ok((StatusCode::MOVED_PERMANENTLY, headers).into_response());
    }
    let Some((index, size)) = index(&reader, resolved.cid).await? else {
        return listing::answer(request, reader, resolved, node, POLICY).await;
    };
    // The tag is that of the directory, since that is what was asked for.
    let etag = format!("\"{}\"", request.text_of(&resolved));
    let mut headers = request.headers(&resolved, &etag);
    if let Some(response) = not_modified(&request.headers, headers.clone(), &etag) {
        return Ok(response);
    }
    let name = request.asked.filename.clone();
    let name = name.unwrap_or_else(|| INDEX.to_owned());
    describe(&mut headers, &request, Some(name), HTML, true);
    Ok(content(request, reader, headers, &etag, index, size))
}

/// The directory's `index.html` and its size, if that is a file.
async fn index(reader: &Reader, directory: Cid) -> Result<Option<(Cid, u64)>, AnswerError> {
    let cid = match resolve(reader, directory, &[INDEX.into()]).await {
        Ok(resolved) => resolved.cid,
        Err(AnswerError::NoLink(_)) => return Ok(None),
        Err(failure) => return Err(failure),
    };
    if !matches!(cid.codec(), DAG_PB | RAW) || reader.storage().rules().denies(&cid) {
        return Ok(None);
    }
    let data = reader.block(&cid).await?;
    if cid.codec() == RAW {
        return Ok(Some((cid, data.len() as u64)));
    }
    let node = decode(&cid, &data)?;
    Ok(match node.kind {
        Kind::File | Kind::Raw => Some((cid, size_of(reader, cid, node).await?)),
        _ => None,
    })
}

/// Sets the headers that describe the content: its type, its policy, and whether it is shown or
/// saved. `shown` says whether it may be shown; a request for a download overrides it.
fn describe(
    headers: &mut HeaderMap,
    request: &Request,
    name: Option<String>,
    mime: &str,
    shown: bool,
) {
    put(headers, header::CONTENT_TYPE, mime);
    let policy = if mime == PDF { PDF_POLICY } else { POLICY };
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    let inline = shown && !request.asked.download;
    let name = name.map(|name| safe_file_name(&name));
    let kind = if inline { "inline" } else { "attachment" };
    match name {
        Some(name) => put(
            headers,
            header::CONTENT_DISPOSITION,
            &disposition(kind, &name),
        ),
        None if inline => {}
        None => put(headers, header::CONTENT_DISPOSITION, kind),
    }
}

/// Whether a browser shows content of this type without running any of it.
fn is_passive(mime: &str) -> bool {
    let essence = mime.split(';').next().unwrap_or_default().trim();
    let (kind, sub) = essence.split_once('/').unwrap_or_default();
    match kind {
        // SVG is the one image format that can contain scripts.
        "image" => !sub.contains("xml") && !sub.contains("svg"),
        "audio" | "video" => true,
        _ => matches!(
            essence,
            "text/plain" | PDF | "application/json" | "application/vnd.ipld.dag-json"
        ),
    }
}

/// The type of a file, from the extension of its name.
fn mime_of_name(name: &str) -> Option<String> {
    let guess = mime_guess::from_path(name).first()?;
    mime_of_text(guess.essence_str())
}

/// A type from a stranger, made safe for a header.
fn mime_of_text(text: &str) -> Option<String> {
    let essence = mime_of(text)?;
    let (kind, _) = essence.split_once('/')?;
    match kind {
        "multipart" => None,
        _ if essence == UNKNOWN => None,
        "text" => Some(format!("{essence}; charset=utf-8")),
        _ => Some(essence),
    }
}

/// The type of a file, from its first bytes; only types that are worth showing are recognized.
fn sniff(data: &[u8]) -> &'static str {
    let at = |offset: usize, magic: &[u8]| data.get(offset..).is_some_and(|d| d.starts_with(magic));
    match data {
        _ if at(0, b"\x89PNG\r\n\x1a\n") => "image/png",
        _ if at(0, b"\xff\xd8\xff") => "image/jpeg",
        _ if at(0, b"GIF87a") || at(0, b"GIF89a") => "image/gif",
        _ if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        _ if at(0, b"RIFF") && at(8, b"WAVE") => "audio/wav",
        _ if at(4, b"ftypavif") => "image/avif",
        _ if at(4, b"ftypM4A") => "audio/mp4",
        _ if at(4, b"ftyp") => "video/mp4",
        _ if at(0, b"\x1aE\xdf\xa3") => "video/webm",
        _ if at(0, b"OggS") => "audio/ogg",
        _ if at(0, b"fLaC") => "audio/flac",
        _ if at(0, b"ID3") || at(0, b"\xff\xfb") => "audio/mpeg",
        _ if at(0, b"%PDF-") => PDF,
        _ if is_text(data) && is_object(data) => JSON,
        _ if is_text(data) => TEXT,
        _ => UNKNOWN,
    }
}

fn is_text(data: &[u8]) -> bool {
    let valid = match std::str::from_utf8(data) {
        Ok(_) => data.len(),
        // The last character may be cut off.
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        Err(_) => return false,
    };
    data[..valid]
        .iter()
        .all(|byte| !byte.is_ascii_control() || b"\t\n\r\x0c".contains(byte))
}

/// Whether a text begins like a JSON object.
fn is_object(data: &[u8]) -> bool {
    let mut solid = data.iter().filter(|byte| !byte.is_ascii_whitespace());
    solid.next() == Some(&b'{') && matches!(solid.next(), Some(b'"' | b'}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_not_shown() {
        for active in [
            "text/html; charset=utf-8",
            "image/svg+xml",
            "application/xhtml+xml",
            "text/xml; charset=utf-8",
            "text/javascript; charset=utf-8",
            "application/wasm",
            UNKNOWN,
            "",
        ] {
            assert!(!is_passive(active), "{active}");
        }
        for passive in ["image/png", "video/mp4", TEXT, PDF] {
            assert!(is_passive(passive), "{passive}");
        }
    }

    #[test]
    fn types_are_guessed_and_made_safe() {
        assert_eq!(mime_of_name("a.png").as_deref(), Some("image/png"));
        assert_eq!(mime_of_name("a.txt").as_deref(), Some(TEXT));
        assert_eq!(mime_of_name("a"), None);
        for bad in [
            "",
            "x",
            "a/b\r\nSet-Cookie: x",
            "a/",
            "multipart/mixed",
            "a/b c",
        ] {
            assert_eq!(mime_of_text(bad), None, "{bad}");
        }
        assert_eq!(sniff(b"<html>"), TEXT);
        assert_eq!(sniff(b"{ \"a\": 1 }"), JSON);
        assert_eq!(sniff(b"{a}"), TEXT);
        assert_eq!(sniff(b"\x89PNG\r\n\x1a\n.."), "image/png");
        assert_eq!(sniff("gr\u{fc}n".as_bytes()), TEXT);
        assert_eq!(sniff(&"grün".as_bytes()[..3]), TEXT);
        assert_eq!(sniff(b"\0\x01"), UNKNOWN);
        assert_eq!(sniff(b""), TEXT);
    }
}
