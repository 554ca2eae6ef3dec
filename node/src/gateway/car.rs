//! CAR responses, sent block by block.

use axum::body::Body;
use axum::http::{Response, StatusCode, header};
use axum::response::IntoResponse;
use fluence::Cid;
use fluence::content::car::header as car_header;
use fluence::content::unixfs::{self, DAG_PB, Kind, NodeError};

use super::accept::CarParams;
use super::body::{Sink, Unfinished, produced};
use super::file::size_of;
use super::ranges::EntityRange;
use super::reply::failure;
use super::request::DagScope;
use super::resolve::{AnswerError, Resolved};
use super::response::{Request, disposition, not_modified, put};
use crate::storage::traverse::{Scope, Seen, Walk};
use crate::storage::{Reader, section};

/// Answers with a CAR.
pub(super) async fn answer(
    request: Request,
    reader: Reader,
    resolved: Resolved,
    params: CarParams,
) -> Result<Response<Body>, AnswerError> {
    let terminus = resolved.cid;
    // Wait for the last block of the path before the response begins: after that, only aborting it
    // can report that something is missing.
    let scope = match scope(&request, &reader, terminus).await? {
        Some(scope) => scope,
        None => {
            return Ok(failure(
                StatusCode::BAD_REQUEST,
                "entity-bytes begin after the end of the file",
            ));
        }
    };
    let dups = if params.dups { 'y' } else { 'n' };
    let etag = etag(&request, &scope, dups);
    let mut headers = request.headers(&resolved, &etag);
    if let Some(response) = not_modified(&request.headers, headers.clone(), &etag) {
        return Ok(response);
    }
    put(
        &mut headers,
        header::CONTENT_TYPE,
        &format!("application/vnd.ipld.car; version=1; order=dfs; dups={dups}"),
    );
    let name = request
        .asked
        .filename
        .clone()
        .unwrap_or_else(|| format!("{}.car", request.text_of(&resolved)));
    put(
        &mut headers,
        header::CONTENT_DISPOSITION,
        &disposition("attachment", &name),
    );
    put(&mut headers, header::ACCEPT_RANGES, "none");
    if request.asked.uncached {
        // Without this, Chromium reads up to 50 MB of the body into memory ahead of the page that
        // reads it.
        put(&mut headers, header::CACHE_CONTROL, "no-store");
    }
    if request.head {
        return Ok((headers, Body::empty()).into_response());
    }
    let root = request.asked.root;
    let body = produced(request.place, |mut sink: Sink| async move {
        sink.gather(&car_header(&root));
        let mut walk = Walk::new(&reader, params.dups);
        for cid in resolved.path {
            blocks(&reader, &mut walk, cid, &Scope::Block, &mut sink).await?;
        }
        blocks(&reader, &mut walk, terminus, &scope, &mut sink).await?;
        Ok(sink)
    });
    Ok((headers, body).into_response())
}

async fn blocks(
    reader: &Reader,
    walk: &mut Walk<'_>,
    root: Cid,
    scope: &Scope,
    sink: &mut Sink,
) -> Result<(), Unfinished> {
    let mut visits = walk.begin(root, scope);
    loop {
        // Send what is available before waiting for a block.
        let Seen {
            cid, data, inline, ..
        } = match walk.next_present(&mut visits).await? {
            Some(seen) => seen,
            None => {
                sink.flush().await?;
                match walk.next(&mut visits).await? {
                    Some(seen) => seen,
                    None => return Ok(()),
                }
            }
        };
        if inline {
            continue;
        }
        sink.gather(&section(&cid, data.len()));
        let all = 0..data.len();
        sink.send_block(reader, &cid, data, all).await?;
    }
}

/// Which blocks to send; `None` if the requested bytes begin after the end of the file.
async fn scope(
    request: &Request,
    reader: &Reader,
    terminus: Cid,
) -> Result<Option<Scope>, AnswerError> {
    let data = reader.block(&terminus).await?;
    let Some(bytes) = request.asked.bytes else {
        return Ok(Some(match request.asked.scope {
            DagScope::Block => Scope::Block,
            DagScope::Entity => Scope::Entity,
            DagScope::All => Scope::All,
        }));
    };
    if terminus.codec() != DAG_PB {
        return Ok(Some(Scope::Entity));
    }
    let node = match unixfs::decode(&data) {
        Err(NodeError::NotUnixFs) => return Ok(Some(Scope::Entity)),
        node => node.map_err(|error| AnswerError::Block(terminus, error.into()))?,
    };
    if !matches!(node.kind, Kind::File | Kind::Raw) {
        return Ok(Some(Scope::Entity));
    }
    let size = size_of(reader, terminus, node).await?;
    Ok(match bytes.within(size) {
        EntityRange::Bytes(range) => Some(Scope::Bytes(range)),
        EntityRange::Empty => Some(Scope::Block),
        EntityRange::Outside => None,
    })
}

/// The weak `Etag` of a CAR: two CARs with the same tag have the same blocks in the same order.
fn etag(request: &Request, scope: &Scope, dups: char) -> String {
    let asked = &request.asked;
    let mut hasher = blake3::Hasher::new();
    for name in &asked.path {
        hasher.update(name);
        hasher.update(&[0]);
    }
    let kind = match scope {
        Scope::Block => "block",
        Scope::Entity => "entity",
        Scope::Bytes(range) => {
            hasher.update(&range.start.to_le_bytes());
            hasher.update(&range.end.to_le_bytes());
            "bytes"
        }
        Scope::All => "all",
    };
    let hash = &hasher.finalize().to_hex()[..16];
    format!("W/\"{}.{kind}.{dups}.{hash}.car\"", asked.root_text)
}
