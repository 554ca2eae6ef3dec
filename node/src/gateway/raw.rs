//! Single blocks.

use axum::body::Body;
use axum::http::{Response, header};
use bytes::Bytes;

use super::resolve::{AnswerError, Resolved};
use super::response::{Block, Request, block, disposition, not_modified, put};
use crate::storage::Reader;

/// Answers with a single block, or with a part of it.
pub(super) async fn answer(
    request: Request,
    reader: Reader,
    resolved: Resolved,
) -> Result<Response<Body>, AnswerError> {
    let cid = resolved.cid;
    let text = request.text_of(&resolved);
    let etag = format!("\"{text}.raw\"");
    let mut headers = request.headers(&resolved, &etag);
    // `HEAD` needs only the size of the block. Even a conditional request waits until the block is
    // here, since `304` must not confirm a block that is not.
    let (data, len) = if request.head {
        let len = match reader.size(&cid).await? {
            Some(len) => len,
            None => reader.block(&cid).await?.len() as u64,
        };
        (Bytes::new(), len)
    } else {
        let data = reader.block(&cid).await?;
        let len = data.len() as u64;
        (data, len)
    };
    if let Some(response) = not_modified(&request.headers, headers.clone(), &etag) {
        return Ok(response);
    }
    put(
        &mut headers,
        header::CONTENT_TYPE,
        "application/vnd.ipld.raw",
    );
    let name = request
        .asked
        .filename
        .clone()
        .unwrap_or_else(|| format!("{text}.bin"));
    put(
        &mut headers,
        header::CONTENT_DISPOSITION,
        &disposition("attachment", &name),
    );
    let content = 0..len as usize;
    let found = Block {
        reader,
        cid,
        data,
        content,
    };
    Ok(block(request, headers, &etag, found))
}
