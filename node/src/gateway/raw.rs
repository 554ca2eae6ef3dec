//! Single blocks.

use axum::body::Body;
use axum::http::{Response, header};
use bytes::Bytes;

use super::resolve::{AnswerError, Resolved};
use super::response::{Request, block, disposition, not_modified, put};
use crate::storage::Reader;

/// One block, or a part of it.
pub(super) async fn answer(
    request: Request,
    reader: &Reader,
    resolved: Resolved,
) -> Result<Response<Body>, AnswerError> {
    let cid = resolved.cid;
    let text = request.text_of(&resolved);
    let etag = format!("\"{text}.raw\"");
    let mut headers = request.headers(&resolved, &etag);
    // A client that has it already need not wait until it is here; but what is not here is not confirmed.
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
    Ok(block(request, headers, &etag, data, len))
}
