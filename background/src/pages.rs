//! Fetches as a web page would. The function of `static/inpage.js` is run in one of the page's
//! frames, and sends what it reads over a port.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use fluence::ports::{HttpBody, HttpError, HttpResponse};
use fluence::text::host_of;
use futures::channel::mpsc;
use futures::future::{Either, LocalBoxFuture, select};
use futures::{FutureExt, StreamExt};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::extension::pages;
use web::http;
use web::js;
use web::port::Port;
use web::time;
use web_sys::RequestInit;

use crate::faces::PortId;

/// How long a server may take to begin its answer. Chrome stops a worker whose `fetch()` waits for
/// 30 s.
pub const HEAD: Duration = Duration::from_secs(27);
/// The same for a page, which nothing stops.
const PAGE_HEAD: Duration = Duration::from_secs(120);
/// How long a server may be silent within its answer.
pub const PIECE: Duration = Duration::from_secs(60);
/// The beginning of the name of a port that a page's frame opens.
pub const PAGE_PORT: &str = "page:";
/// The most messages of a page that wait here. `static/inpage.js` sends up to four pieces ahead, a
/// head and an end.
const PIECES: usize = 8;
/// The longest `data:` URL of a piece, in bytes.
const MAX_PIECE: usize = 4 * 1024 * 1024;

/// The requests to pages that have not ended.
#[derive(Default)]
pub struct Pages(RefCell<Open>);

#[derive(Default)]
struct Open {
    /// The requests whose port has not been opened yet: by key, the tab and where messages go.
    expected: BTreeMap<String, (i32, mpsc::Sender<FromPage>)>,
    ports: BTreeMap<PortId, mpsc::Sender<FromPage>>,
}

enum FromPage {
    Port(Port),
    Message(JsValue),
}

impl Pages {
    /// Accepts a port that our function opened in a tab, if it has the key that was given to that tab.
    pub fn connect(&self, id: PortId, port: Port, tab: i32) {
        let name = port.name();
        let key = name.strip_prefix(PAGE_PORT).unwrap_or_default();
        let mut open = self.0.borrow_mut();
        match open.expected.remove(key) {
            Some((expected, mut to)) if expected == tab => {
                // The channel is new, so it has room.
                let _ = to.try_send(FromPage::Port(port));
                open.ports.insert(id, to);
            }
            _ => port.disconnect(),
        }
    }

    /// Takes a message that arrived at a port.
    pub fn message(&self, id: PortId, message: JsValue) {
        let mut open = self.0.borrow_mut();
        let full = open
            .ports
            .get_mut(&id)
            .is_some_and(|to| to.try_send(FromPage::Message(message)).is_err());
        if full {
            // The request has ended, or the page sends more ahead than it may.
            open.ports.remove(&id);
        }
    }

    /// Forgets a port that was closed.
    pub fn disconnect(&self, id: PortId) {
        self.0.borrow_mut().ports.remove(&id);
    }

    /// Fetches as the page in a tab would, in one of its frames, or in the top frame if none is
    /// given. `range` is the value of a `Range` header.
    ///
    /// # Errors
    /// [`HttpError`] if no head of a response arrives.
    pub async fn fetch(
        &self,
        url: &str,
        tab: i32,
        frame: Option<i32>,
        range: Option<String>,
    ) -> Result<HttpResponse<PageBody>, HttpError> {
        let host = host_of(url);
        let unreachable = || HttpError::Unreachable(host.clone());
        let key = format!("{:032x}", time::random());
        let (to, mut messages) = mpsc::channel(PIECES);
        self.0.borrow_mut().expected.insert(key.clone(), (tab, to));
        let run = async {
            let range = range.as_deref().unwrap_or_default();
            let arguments = [
                "fetch".into(),
                url.into(),
                key.as_str().into(),
                range.into(),
            ];
            let ran = pages::in_page(tab, frame, &arguments).await;
            if ran.is_err() {
                // No function may be run in this page. The channel closes, which ends the wait below.
                self.0.borrow_mut().expected.remove(&key);
            }
            // The function has ended, and what it sent is still on its way.
            std::future::pending::<()>().await;
        };
        let head = async {
            let Some(FromPage::Port(port)) = messages.next().await else {
                return Err(unreachable());
            };
            let port = Disconnecting(port);
            match messages.next().await {
                Some(FromPage::Message(message)) => Ok((port, js::member(&message, "head"))),
                _ => Err(unreachable()),
            }
        };
        let waiting = select(Box::pin(head), Box::pin(run));
        let head = match select(waiting, Box::pin(time::sleep(PAGE_HEAD))).await {
            Either::Left((Either::Left((head, _)), _)) => head,
            _ => Err(HttpError::Silent(host.clone())),
        };
        self.0.borrow_mut().expected.remove(&key);
        let (port, head) = head?;
        let text = |name| js::member(&head, name).as_string();
        let Some(status) = js::member(&head, "status").as_f64() else {
            return Err(unreachable());
        };
        Ok(HttpResponse {
            status: status as u16,
            content_type: text("content-type"),
            content_length: text("content-encoding")
                .is_none()
                .then(|| text("content-length")?.parse().ok())
                .flatten(),
            body: PageBody {
                host,
                url: text("url"),
                head,
                port,
                messages,
            },
        })
    }
}

struct Disconnecting(Port);

impl Drop for Disconnecting {
    fn drop(&mut self) {
        self.0.disconnect();
    }
}

/// A response body that a page reads.
pub struct PageBody {
    host: String,
    /// The address after all redirects.
    pub url: Option<String>,
    head: JsValue,
    port: Disconnecting,
    messages: mpsc::Receiver<FromPage>,
}

impl PageBody {
    /// A header of the response, if the page may see it.
    pub fn header(&self, name: &str) -> Option<String> {
        js::text(&self.head, name)
    }

    /// As for [`crate::http::FetchBody`].
    pub fn is_of_other_site(&self) -> bool {
        js::text(&self.head, "type").as_deref() == Some("cors")
    }
}

impl HttpBody for PageBody {
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>> {
        async move {
            let next = select(self.messages.next(), Box::pin(time::sleep(PIECE))).await;
            let message = match next {
                Either::Left((Some(FromPage::Message(message)), _)) => message,
                Either::Left(_) => return Err(HttpError::Broken(self.host.clone())),
                Either::Right(_) => return Err(HttpError::Silent(self.host.clone())),
            };
            if js::member(&message, "end").is_truthy() {
                return Ok(None);
            }
            let piece = js::member(&message, "piece").as_string();
            let bytes = decode(piece.unwrap_or_default())
                .await
                .ok_or_else(|| HttpError::Broken(self.host.clone()))?;
            self.port
                .0
                .post(&JsValue::TRUE)
                .map_err(|_| HttpError::Broken(self.host.clone()))?;
            Ok(Some(bytes))
        }
        .boxed_local()
    }
}

/// The bytes in a `data:` URL, decoded by the browser; `None` if it is not one.
async fn decode(data_url: String) -> Option<Bytes> {
    if !data_url.starts_with("data:") || data_url.len() > MAX_PIECE {
        return None;
    }
    let response = JsFuture::from(http::fetch(&data_url, &RequestInit::new())).await;
    let response: web_sys::Response = response.ok()?.dyn_into().ok()?;
    let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec().into())
}
