//! HTTP by `fetch()`. Request bodies are blobs of slices, which the browser reads from disk; response bodies are
//! streams.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use fluence::node_list::is_private;
use fluence::ports::{Http, HttpBody, HttpError, HttpRequest, HttpResponse};
use fluence::text::host_of;
use futures::FutureExt;
use futures::future::{Either, LocalBoxFuture, select};
use js_sys::ArrayBuffer;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::bytes::ByteReader;
use web::http;
use web::js;
use web::time;
use web_sys::{
    AbortController, Headers, RequestCache, RequestCredentials, RequestInit, RequestRedirect,
    Response,
};

use crate::source::{BlobSource, blob_of_pieces};

/// How long a request may wait for its response. Chrome stops a worker whose `fetch()` has had none
/// for 30 s.
const LONGEST_SILENCE: Duration = Duration::from_secs(27);

/// The largest piece of a response body, in bytes.
const BUFFER: u32 = 512 * 1024;

/// HTTP by `fetch()`, without cookies and without the cache.
#[derive(Clone, Copy)]
pub struct Fetch;

impl Http for Fetch {
    type Source = BlobSource;
    type Body = FetchBody;

    fn send(
        &self,
        request: HttpRequest<BlobSource>,
    ) -> LocalBoxFuture<'static, Result<HttpResponse<FetchBody>, HttpError>> {
        async move {
            let patience = request.patience.min(LONGEST_SILENCE);
            let init = RequestInit::new();
            init.set_method(request.method);
            if !request.body.is_empty() {
                // If the file to be sent is gone, nothing is sent. The store says why when it is
                // asked.
                let blob = blob_of_pieces(&request.body)
                    .map_err(|_| HttpError::Broken(host_of(&request.url)))?;
                init.set_body(&blob);
            }
            if let Ok(headers) = Headers::new() {
                for (name, value) in &request.headers {
                    // A header whose value is not allowed is left out, and the server refuses the request.
                    let _ = headers.set(name, value);
                }
                init.set_headers(&headers);
            }
            init.set_credentials(RequestCredentials::Omit);
            init.set_cache(RequestCache::NoStore);
            if !is_private(&request.url) {
                // Strangers name storages, and nobody on the internet leads into a private network.
                init.set_redirect(RequestRedirect::Error);
            }
            send(&request.url, &init, patience, request.patience).await
        }
        .boxed_local()
    }
}

/// Sends a request. The head of the response must arrive within `head`, and each piece of the body
/// within `piece`.
///
/// # Errors
/// [`HttpError`] if no head arrives.
pub async fn send(
    url: &str,
    init: &RequestInit,
    head: Duration,
    piece: Duration,
) -> Result<HttpResponse<FetchBody>, HttpError> {
    let host = host_of(url);
    let Ok(abort) = AbortController::new() else {
        return Err(HttpError::Unreachable(host));
    };
    init.set_signal(Some(&abort.signal()));
    let guard = AbortOnDrop(Rc::new(Cell::new(Some(abort))));
    let answer = JsFuture::from(http::fetch(url, init));
    let response: Response = match select(answer, Box::pin(time::sleep(head))).await {
        Either::Left((Ok(response), _)) => response
            .dyn_into()
            .map_err(|_| HttpError::Unreachable(host.clone()))?,
        Either::Left((Err(_), _)) => return Err(HttpError::Unreachable(host)),
        Either::Right(_) => return Err(HttpError::Silent(host)),
    };
    let is_of_other_site = js::text(&response, "type").as_deref() == Some("cors");
    let headers = response.headers();
    let header = |name| headers.get(name).ok().flatten();
    let buffer = ArrayBuffer::new(BUFFER);
    let reader = match response.body() {
        Some(body) => {
            Some(ByteReader::new(&body, buffer).map_err(|_| HttpError::Broken(host.clone()))?)
        }
        None => None,
    };
    Ok(HttpResponse {
        status: response.status(),
        content_type: header("content-type"),
        // The length of a compressed body is not that of what will be read.
        content_length: header("content-encoding")
            .is_none()
            .then(|| header("content-length").and_then(|text| text.parse().ok()))
            .flatten(),
        body: FetchBody {
            host,
            url: response.url(),
            headers,
            is_of_other_site,
            reader,
            patience: piece,
            _guard: guard,
        },
    })
}

/// A response body that is being received. Dropping it ends the transfer.
pub struct FetchBody {
    host: String,
    url: String,
    headers: Headers,
    is_of_other_site: bool,
    reader: Option<ByteReader>,
    patience: Duration,
    _guard: AbortOnDrop,
}

impl FetchBody {
    /// The address of the response, after all redirects.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A header of the response, if this program may see it.
    pub fn header(&self, name: &str) -> Option<String> {
        self.headers.get(name).ok().flatten()
    }

    /// Whether the browser shows only what another site lets everybody see of it.
    pub fn is_of_other_site(&self) -> bool {
        self.is_of_other_site
    }

    async fn piece(&mut self) -> Result<Option<Bytes>, HttpError> {
        let Some(reader) = &mut self.reader else {
            return Ok(None);
        };
        let next = select(
            Box::pin(reader.read()),
            Box::pin(time::sleep(self.patience)),
        );
        match next.await {
            Either::Left((Ok(piece), _)) => Ok(piece.map(|piece| piece.to_vec().into())),
            Either::Left((Err(_), _)) => Err(HttpError::Broken(self.host.clone())),
            Either::Right(_) => Err(HttpError::Silent(self.host.clone())),
        }
    }
}

impl HttpBody for FetchBody {
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>> {
        self.piece().boxed_local()
    }
}

/// Ends a transfer when this is dropped.
struct AbortOnDrop(Rc<Cell<Option<AbortController>>>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(abort) = self.0.take() {
            abort.abort();
        }
    }
}
