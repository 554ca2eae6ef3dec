//! Fetches as a web page would. The function of `static/inpage.js` is run in one of the page's
//! frames, or in a page of the extension, and sends what it reads over a port.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::pending;
use std::time::Duration;

use bytes::Bytes;
use fluence::ports::{HttpBody, HttpError, HttpResponse};
use fluence::text::host_of;
use futures::channel::mpsc;
use futures::future::{Either, LocalBoxFuture, select};
use futures::{FutureExt, StreamExt};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::browser;
use web::extension::pages;
use web::http;
use web::js;
use web::port::Port;
use web::time;
use web_sys::RequestInit;

use crate::faces::PortId;
use crate::offscreen::{Hold, Offscreen};

/// How long a server may take to begin its answer. Some take a minute, and may be asked twice, with cookies and without.
const PAGE_HEAD: Duration = Duration::from_secs(150);
/// The same for a worker that the browser ends when its `fetch()` waits for 30 s. A page is then asked to wait.
const WORKER_HEAD: Duration = Duration::from_secs(27);
/// How long a server may be silent within its answer.
pub const PIECE: Duration = Duration::from_secs(60);
/// The beginning of the name of a port that a page's frame opens.
pub const PAGE_PORT: &str = "page:";
/// The most messages of a page that wait here. `static/inpage.js` sends up to four pieces ahead, a
/// head and an end.
const PIECES: usize = 8;
/// The longest `data:` URL of a piece, in bytes.
const MAX_PIECE: usize = 4 * 1024 * 1024;

/// How long a server may take to begin its answer to this program.
pub fn head() -> Duration {
    match browser::ends_waiting_workers() {
        true => WORKER_HEAD,
        false => PAGE_HEAD,
    }
}

/// The requests to pages that have not ended.
pub struct Pages {
    open: RefCell<Open>,
    own: Offscreen,
}

/// The page that is asked to fetch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// That of a tab, in one of its frames, or in the top frame if none is given, with its cookies.
    Tab(i32, Option<i32>),
    /// One of the extension, with the extension's permissions, and with cookies or not.
    Own {
        /// Whether with cookies.
        cookies: bool,
    },
}

#[derive(Default)]
struct Open {
    /// The requests whose port has not been opened yet: by key, the tab, if it is not a page of the extension, and where
    /// messages go.
    expected: BTreeMap<String, (Option<i32>, mpsc::Sender<FromPage>)>,
    ports: BTreeMap<PortId, mpsc::Sender<FromPage>>,
}

enum FromPage {
    Port(Port),
    Message(JsValue),
}

impl Pages {
    /// No requests yet. Those that no tab is there for go to the extension's own page.
    pub fn new(own: Offscreen) -> Self {
        Self {
            open: RefCell::default(),
            own,
        }
    }

    /// Accepts a port that our function opened in a tab, or in a page of the extension, if it has the key that was given to
    /// that.
    pub fn connect(&self, id: PortId, port: Port, tab: Option<i32>) {
        let name = port.name();
        let key = name.strip_prefix(PAGE_PORT).unwrap_or_default();
        let mut open = self.open.borrow_mut();
        let expected = open.expected.remove(key);
        // The channel is new, so it has room, but whoever wanted the answer may have given up.
        let taken = expected
            .filter(|(expected, _)| *expected == tab)
            .and_then(|(_, mut to)| {
                let sent = to.try_send(FromPage::Port(port.clone()));
                sent.ok().map(|()| to)
            });
        match taken {
            Some(to) => drop(open.ports.insert(id, to)),
            None => port.disconnect(),
        }
    }

    /// Takes a message that arrived at a port.
    pub fn message(&self, id: PortId, message: JsValue) {
        let mut open = self.open.borrow_mut();
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
        self.open.borrow_mut().ports.remove(&id);
    }

    /// Fetches in a page. `range` is the value of a `Range` header.
    ///
    /// # Errors
    /// [`HttpError`] if no head of a response arrives.
    pub async fn fetch(
        &self,
        url: &str,
        place: Place,
        range: Option<String>,
    ) -> Result<HttpResponse<PageBody>, HttpError> {
        let host = host_of(url);
        let unreachable = || HttpError::Unreachable(host.clone());
        let key = format!("{:032x}", time::random());
        let (to, mut messages) = mpsc::channel(PIECES);
        let (tab, credentials, held) = match place {
            Place::Tab(tab, _) => (Some(tab), "include", None),
            Place::Own { cookies: true } => (None, "include", Some(self.own.hold())),
            Place::Own { cookies: false } => (None, "omit", Some(self.own.hold())),
        };
        let expected = (tab, to);
        self.open
            .borrow_mut()
            .expected
            .insert(key.clone(), expected);
        let run = async {
            let range = range.as_deref().unwrap_or_default();
            let arguments: [JsValue; 5] = [
                "fetch".into(),
                url.into(),
                key.as_str().into(),
                range.into(),
                credentials.into(),
            ];
            let ran = match place {
                Place::Tab(tab, frame) => pages::in_page(tab, frame, &arguments).await.map(drop),
                Place::Own { .. } => self.own.run(&arguments.iter().collect::<Array>()).await,
            };
            if ran.is_err() {
                // No function may be run in this page. The channel closes, which ends the wait below.
                self.open.borrow_mut().expected.remove(&key);
            }
            // The function has ended, or does so by itself, and what it sent is still on its way.
            pending::<()>().await;
        };
        let head = async {
            let Some(FromPage::Port(port)) = messages.next().await else {
                return Err(unreachable());
            };
            let port = Disconnecting(port);
            loop {
                match messages.next().await {
                    Some(FromPage::Message(message)) if is_waiting(&message) => {}
                    Some(FromPage::Message(message)) => {
                        return Ok((port, js::member(&message, "head")));
                    }
                    _ => return Err(unreachable()),
                }
            }
        };
        let waiting = select(Box::pin(head), Box::pin(run));
        let head = match select(waiting, Box::pin(time::sleep(PAGE_HEAD))).await {
            Either::Left((Either::Left((head, _)), _)) => head,
            _ => Err(HttpError::Silent(host.clone())),
        };
        self.open.borrow_mut().expected.remove(&key);
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
                _held: held,
            },
        })
    }
}

/// Whether a page says that it still waits for a server.
fn is_waiting(message: &JsValue) -> bool {
    js::member(message, "waits").is_truthy()
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
    _held: Option<Hold>,
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
