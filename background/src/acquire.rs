//! How the bytes at an address are had, as the page would get them that the address was found in.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use fluence::names::safe_file_name;
use fluence::plan::Expected;
use fluence::ports::{HttpBody, HttpError, HttpResponse};
use fluence::state::Failure;
use futures::channel::mpsc;
use futures::future::{Either, LocalBoxFuture, select};
use futures::{FutureExt, StreamExt};
use js_sys::Uint8Array;
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{RequestCredentials, RequestInit, RequestMode, Url};

use crate::browser::{self, Port};
use crate::disposition;
use crate::faces::PortId;
use crate::http::{self, FetchBody, host_of};

/// What the name of a port begins with that a page's frame opens.
pub const PAGE_PORT: &str = "page:";
/// How long a server may take to begin its answer; Chrome ends a worker whose `fetch()` waits for 30 s.
const HEAD: Duration = Duration::from_secs(27);
/// How long a server may be silent within its answer.
const PIECE: Duration = Duration::from_secs(60);
/// Pieces of a page that wait here, at most; `static/inpage.js` sends four ahead, a head and an end.
const PIECES: usize = 8;
/// The largest piece of a page, as a `data:` URL.
const MAX_PIECE: usize = 4 * 1024 * 1024;

/// Something at an address that a person wants to share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// Its address.
    pub url: String,
    /// The tab that it was found in.
    pub tab: Option<i32>,
    /// The frame in that tab.
    pub frame: Option<i32>,
    /// The page's address.
    pub page: Option<String>,
    /// What the page or a download calls it.
    pub name: Option<String>,
    /// What it was shown as: `image`, `video` or `audio`.
    pub media: Option<String>,
}

/// Bytes that come.
pub struct Acquired {
    /// As its server or its address calls it.
    pub name: String,
    /// MIME type, where it was said.
    pub mime: Option<String>,
    /// Bytes, where it was said.
    pub size: Option<u64>,
    /// What should come.
    pub expects: Expected,
    /// The bytes.
    pub body: Box<dyn HttpBody>,
}

/// Why there are none.
pub enum Refused {
    /// The browser lets nobody read from there until the person allows it; a match pattern.
    NeedsAccess(String),
    /// Anything else.
    Failed(Failure),
}

impl Wanted {
    /// Begins to read.
    pub async fn acquire(&self, pages: &Pages) -> Result<Acquired, Refused> {
        let scheme = self.url.split(':').next().unwrap_or_default();
        let response = match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => self.over_http(pages).await?,
            "data" => self.of_worker().await.map_err(|_| {
                Refused::Failed(failure(
                    "bad_address",
                    "The picture's data: address is damaged.",
                    "Save it with the browser, and share the file.",
                ))
            })?,
            "blob" => self.of_page(pages).await.map_err(|_| {
                Refused::Failed(failure(
                    "page_gone",
                    "Only the page itself can read this, and it did not.",
                    "Reload the page and try again, or save the file with the browser and share that.",
                ))
            })?,
            _ => {
                return Err(Refused::Failed(failure(
                    "bad_address",
                    &format!("What is at a {scheme}: address cannot be shared from here."),
                    "Save it with the browser, and share the file.",
                )));
            }
        };
        self.accept(response)
    }

    async fn over_http(&self, pages: &Pages) -> Result<HttpResponse<Body>, Refused> {
        let origin = origin_of(&self.url).ok_or_else(|| {
            Refused::Failed(failure(
                "bad_address",
                "That is not an address on the web.",
                "Copy the whole address, from https:// on.",
            ))
        })?;
        // With the person's permission the worker gets what the page gets, cookies included, and a click on the menu
        // gives it that for the page's own origin. Else the page itself is asked first: the browser would leave some
        // cookies out of the worker's request.
        let allowed = browser::may_read(&origin).await;
        let own =
            self.tab.is_some() && self.page.as_deref().and_then(origin_of) == Some(origin.clone());
        let mut failed = None;
        let mut refused = None;
        if allowed || own {
            match self.of_worker().await {
                // The page may get what the worker does not: it sends its own address and all of its cookies.
                Ok(response) if matches!(response.status, 401 | 403) => refused = Some(response),
                Ok(response) => return Ok(response),
                Err(why) => failed = Some(why),
            }
        }
        match (self.of_page(pages).await, refused) {
            (Ok(response), None) => return Ok(response),
            (Ok(response), Some(_)) if (200..300).contains(&response.status) => {
                return Ok(response);
            }
            (_, Some(refused)) => return Ok(refused),
            (Err(_), None) => {}
        }
        if failed.is_none() {
            match self.of_worker().await {
                Ok(response) => return Ok(response),
                Err(why) => failed = Some(why),
            }
        }
        match failed {
            Some(why) if !self.is_there().await => Err(self.unreachable(&why)),
            // Redirected to where the permission does not reach.
            _ if allowed => Err(Refused::NeedsAccess("<all_urls>".to_owned())),
            _ => Err(Refused::NeedsAccess(origin)),
        }
    }

    async fn of_worker(&self) -> Result<HttpResponse<Body>, HttpError> {
        let init = RequestInit::new();
        init.set_credentials(RequestCredentials::Include);
        let response = http::send(&self.url, &init, HEAD, PIECE).await?;
        Ok(with_body(response, Body::Worker))
    }

    async fn of_page(&self, pages: &Pages) -> Result<HttpResponse<Body>, HttpError> {
        let unreachable = || HttpError::Unreachable(host_of(&self.url));
        let tab = self.tab.ok_or_else(unreachable)?;
        let response = pages.fetch(&self.url, tab, self.frame).await?;
        Ok(with_body(response, Body::Page))
    }

    /// Whether something answers at the address, although nobody may read what.
    async fn is_there(&self) -> bool {
        let init = RequestInit::new();
        init.set_mode(RequestMode::NoCors);
        init.set_credentials(RequestCredentials::Omit);
        http::send(&self.url, &init, HEAD, PIECE).await.is_ok()
    }

    fn unreachable(&self, why: &HttpError) -> Refused {
        let (code, advice) = match why {
            HttpError::Silent(_) => ("server_silent", "Try again later."),
            _ => (
                "server_unreachable",
                "Check the address and the connection, and try again.",
            ),
        };
        Refused::Failed(failure(code, &format!("{why}."), advice))
    }

    fn accept(&self, response: HttpResponse<Body>) -> Result<Acquired, Refused> {
        let host = host_of(&self.url);
        if !(200..300).contains(&response.status) {
            return Err(Refused::Failed(refusal(&host, response.status)));
        }
        let mime = response.content_type.as_deref().and_then(mime_of);
        let from_address = name_in(response.body.url().unwrap_or(&self.url));
        let name = [
            response.file_name,
            self.name.clone(),
            from_address,
            name_in(&self.url),
        ]
        .into_iter()
        .flatten()
        .find(|name| !name.trim().is_empty())
        .unwrap_or_else(|| match Url::new(&self.url) {
            Ok(url) if !url.hostname().is_empty() => url.hostname(),
            // An address that is the bytes themselves.
            _ => "shared".to_owned(),
        });
        let name = with_ending(&safe_file_name(&name), mime.as_deref());
        let expects = match self.media.as_deref() {
            Some(media) => expected_of(media),
            None => expected_at(&self.url),
        };
        let no_page = expects != Expected::Any || is_document(&self.url);
        if no_page && mime.as_deref() == Some("text/html") {
            return Err(Refused::Failed(failure(
                "login_page",
                &format!(
                    "{host} sent a web page in the place of the file, most likely a login form."
                ),
                "Open the file in a tab, log in there, and share it again.",
            )));
        }
        Ok(Acquired {
            name,
            mime,
            size: response.content_length,
            expects,
            body: Box::new(response.body),
        })
    }
}

fn with_body<B>(response: HttpResponse<B>, body: impl FnOnce(B) -> Body) -> HttpResponse<Body> {
    HttpResponse {
        status: response.status,
        content_type: response.content_type,
        content_length: response.content_length,
        file_name: response.file_name,
        body: body(response.body),
    }
}

/// A sentence for people.
pub fn failure(code: &str, what: &str, advice: &str) -> Failure {
    Failure {
        code: code.to_owned(),
        what: what.to_owned(),
        advice: advice.to_owned(),
    }
}

fn refusal(host: &str, status: u16) -> Failure {
    let (what, advice) = match status {
        401 | 403 => (
            format!("{host} refuses to give this file ({status})."),
            "Log in there in this browser, and share it again.",
        ),
        404 | 410 => (
            format!("{host} has no such file ({status})."),
            "Check the link; it may be out of date.",
        ),
        429 => (
            format!("{host} was asked too often ({status})."),
            "Try again in some minutes.",
        ),
        500..=599 => (
            format!("{host} failed to give this file ({status})."),
            "Try again later; the fault is there, not here.",
        ),
        _ => (
            format!("{host} did not give this file ({status})."),
            "Open the link in a tab to see what is there.",
        ),
    };
    failure(&format!("http_{status}"), &what, advice)
}

/// The match pattern of an address's origin.
fn origin_of(url: &str) -> Option<String> {
    let url = Url::new(url).ok()?;
    // Match patterns know no ports: they hold for all of them.
    (!url.hostname().is_empty()).then(|| format!("{}//{}/*", url.protocol(), url.hostname()))
}

fn mime_of(content_type: &str) -> Option<String> {
    /// Longer ones are no types.
    const LONGEST: usize = 127;
    let mime = content_type.split(';').next()?.trim().to_ascii_lowercase();
    let is_type = mime.len() <= LONGEST
        && mime.split('/').count() == 2
        && mime
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"/!#$&-^_.+".contains(&b));
    is_type.then_some(mime)
}

/// The last part of an address's path.
fn name_in(url: &str) -> Option<String> {
    let after_scheme = url
        .strip_prefix("https://")
        .or_else(|| url.strip_prefix("http://"))?;
    let (_host, path) = after_scheme.split_once('/')?;
    let path = path.split(['?', '#']).next()?;
    let last = path.trim_end_matches('/').rsplit('/').next()?;
    let name = percent_decode_str(last).decode_utf8_lossy().into_owned();
    (!name.is_empty()).then_some(name)
}

/// Endings of what is often shared, and what they are of.
const ENDINGS: [(&str, &str); 28] = [
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("png", "image/png"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
    ("avif", "image/avif"),
    ("svg", "image/svg+xml"),
    ("bmp", "image/bmp"),
    ("mp4", "video/mp4"),
    ("webm", "video/webm"),
    ("mkv", "video/x-matroska"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("ogg", "audio/ogg"),
    ("wav", "audio/wav"),
    ("flac", "audio/flac"),
    ("m4a", "audio/mp4"),
    ("pdf", "application/pdf"),
    ("zip", "application/zip"),
    ("gz", "application/gzip"),
    ("json", "application/json"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("txt", "text/plain"),
    ("csv", "text/csv"),
    ("css", "text/css"),
    ("js", "text/javascript"),
    ("xml", "application/xml"),
];

fn ending_of(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    let plausible = !stem.is_empty()
        && (1..=10).contains(&ending.len())
        && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    plausible.then(|| ending.to_ascii_lowercase())
}

/// The name with an ending, where it has none and the type has a usual one.
fn with_ending(name: &str, mime: Option<&str>) -> String {
    let usual = ENDINGS.iter().find(|(_, of)| Some(*of) == mime);
    match usual {
        Some((ending, _)) if ending_of(name).is_none() => {
            safe_file_name(&format!("{name}.{ending}"))
        }
        _ => name.to_owned(),
    }
}

/// The type that an address promises by its ending.
fn mime_at(url: &str) -> Option<&'static str> {
    let ending = ending_of(&name_in(url)?)?;
    let known = ENDINGS.iter().find(|(known, _)| *known == ending);
    known.map(|(_, mime)| *mime)
}

/// What an address promises by its ending.
fn expected_at(url: &str) -> Expected {
    let mime = mime_at(url).unwrap_or_default();
    expected_of(mime.split('/').next().unwrap_or_default())
}

/// Whether an address ends like that of a document or an archive, which nobody shows as a web page.
fn is_document(url: &str) -> bool {
    mime_at(url).is_some_and(|mime| {
        ["application/pdf", "application/zip", "application/gzip"].contains(&mime)
    })
}

fn expected_of(media: &str) -> Expected {
    match media {
        "image" => Expected::Image,
        "video" => Expected::Video,
        "audio" => Expected::Audio,
        _ => Expected::Any,
    }
}

enum Body {
    Worker(FetchBody),
    Page(PageBody),
}

impl Body {
    fn url(&self) -> Option<&str> {
        match self {
            Self::Worker(body) => Some(body.url()),
            Self::Page(body) => body.url.as_deref(),
        }
    }
}

impl HttpBody for Body {
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>> {
        match self {
            Self::Worker(body) => body.chunk(),
            Self::Page(body) => body.chunk(),
        }
    }
}

/// What was asked of pages and has not come to its end.
#[derive(Default)]
pub struct Pages(RefCell<Open>);

#[derive(Default)]
struct Open {
    /// By key, until the page's port comes.
    expected: BTreeMap<String, (i32, mpsc::Sender<FromPage>)>,
    ports: BTreeMap<PortId, mpsc::Sender<FromPage>>,
}

enum FromPage {
    Port(Port),
    Message(JsValue),
}

impl Pages {
    /// A port was opened by our function in a tab; it is let in when it has the key that it was given.
    pub fn connect(&self, id: PortId, port: Port, tab: i32) {
        let name = port.name();
        let key = name.strip_prefix(PAGE_PORT).unwrap_or_default();
        let mut open = self.0.borrow_mut();
        match open.expected.remove(key) {
            Some((expected, mut to)) if expected == tab => {
                // The channel is new and has room.
                let _ = to.try_send(FromPage::Port(port));
                open.ports.insert(id, to);
            }
            _ => port.disconnect(),
        }
    }

    /// A message came in at a port.
    pub fn message(&self, id: PortId, message: JsValue) {
        let mut open = self.0.borrow_mut();
        let full = open
            .ports
            .get_mut(&id)
            .is_some_and(|to| to.try_send(FromPage::Message(message)).is_err());
        if full {
            // Nobody reads it, or it does not keep to its allowance.
            open.ports.remove(&id);
        }
    }

    /// A port was closed.
    pub fn disconnect(&self, id: PortId) {
        self.0.borrow_mut().ports.remove(&id);
    }

    async fn fetch(
        &self,
        url: &str,
        tab: i32,
        frame: Option<i32>,
    ) -> Result<HttpResponse<PageBody>, HttpError> {
        let host = host_of(url);
        let unreachable = || HttpError::Unreachable(host.clone());
        let key = format!("{:032x}", browser::random());
        let (to, mut messages) = mpsc::channel(PIECES);
        self.0.borrow_mut().expected.insert(key.clone(), (tab, to));
        let run = async {
            let arguments = ["fetch".into(), url.into(), key.as_str().into()];
            let ran = browser::in_page(tab, frame, &arguments).await;
            if ran.is_err() {
                // The page may not be touched; the channel closes, and whoever waits is told.
                self.0.borrow_mut().expected.remove(&key);
            }
            // It has run to its end, and what it sent is on the way.
            std::future::pending::<()>().await;
        };
        let head = async {
            let Some(FromPage::Port(port)) = messages.next().await else {
                return Err(unreachable());
            };
            let port = Disconnecting(port);
            match messages.next().await {
                Some(FromPage::Message(message)) => Ok((port, browser::member(&message, "head"))),
                _ => Err(unreachable()),
            }
        };
        let waiting = select(Box::pin(head), Box::pin(run));
        let head = match select(waiting, Box::pin(browser::sleep(HEAD))).await {
            Either::Left((Either::Left((head, _)), _)) => head,
            _ => Err(HttpError::Silent(host.clone())),
        };
        self.0.borrow_mut().expected.remove(&key);
        let (port, head) = head?;
        let text = |name| browser::member(&head, name).as_string();
        let Some(status) = browser::member(&head, "status").as_f64() else {
            return Err(unreachable());
        };
        Ok(HttpResponse {
            status: status as u16,
            content_type: text("type"),
            content_length: text("length").and_then(|text| text.parse().ok()),
            file_name: text("disposition")
                .as_deref()
                .and_then(disposition::file_name),
            body: PageBody {
                host,
                url: text("url"),
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

/// A body that a page reads.
struct PageBody {
    host: String,
    url: Option<String>,
    port: Disconnecting,
    messages: mpsc::Receiver<FromPage>,
}

impl HttpBody for PageBody {
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>> {
        async move {
            let next = select(self.messages.next(), Box::pin(browser::sleep(PIECE))).await;
            let message = match next {
                Either::Left((Some(FromPage::Message(message)), _)) => message,
                Either::Left(_) => return Err(HttpError::Broken(self.host.clone())),
                Either::Right(_) => return Err(HttpError::Silent(self.host.clone())),
            };
            if browser::member(&message, "end").is_truthy() {
                return Ok(None);
            }
            let piece = browser::member(&message, "piece").as_string();
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

/// The bytes in a `data:` URL, decoded by the browser.
async fn decode(data_url: String) -> Option<Bytes> {
    if !data_url.starts_with("data:") || data_url.len() > MAX_PIECE {
        return None;
    }
    let response = JsFuture::from(browser::fetch(&data_url, &RequestInit::new())).await;
    let response: web_sys::Response = response.ok()?.dyn_into().ok()?;
    let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
    Some(Uint8Array::new(&buffer).to_vec().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_addresses() {
        for (url, name) in [
            (
                "https://a.b/c/holiday%20one.jpg?x=/y.png#z",
                Some("holiday one.jpg"),
            ),
            ("http://a.b/c/", Some("c")),
            ("https://a.b/", None),
            ("https://a.b", None),
            ("data:text/plain,x/y.z", None),
        ] {
            assert_eq!(name_in(url).as_deref(), name, "{url}");
        }
    }

    #[test]
    fn names_get_an_ending() {
        assert_eq!(with_ending("photo", Some("image/jpeg")), "photo.jpg");
        assert_eq!(with_ending("photo.png", Some("image/jpeg")), "photo.png");
        assert_eq!(
            with_ending("v1.2 notes", Some("text/plain")),
            "v1.2 notes.txt"
        );
        assert_eq!(with_ending("photo", None), "photo");
        assert_eq!(with_ending("photo", Some("application/x-strange")), "photo");
    }

    #[test]
    fn addresses_promise_by_their_ending() {
        assert_eq!(expected_at("https://a.b/x.JPG?y"), Expected::Image);
        assert_eq!(expected_at("https://a.b/x.mp4"), Expected::Video);
        assert_eq!(expected_at("https://a.b/x.html"), Expected::Any);
        assert_eq!(expected_at("https://a.b/x"), Expected::Any);
        assert!(is_document("https://a.b/report.PDF?x"));
        assert!(!is_document("https://a.b/report.html") && !is_document("https://a.b/pdf"));
    }

    #[test]
    fn types_are_types() {
        assert_eq!(
            mime_of("Text/HTML; charset=utf-8").as_deref(),
            Some("text/html")
        );
        for none in ["", "html", "a/b/c", "a b/c", "<x>/y"] {
            assert_eq!(mime_of(none), None, "{none}");
        }
    }
}
