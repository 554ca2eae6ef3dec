//! Reads what is at an address, as the page in which the address was found would.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use fluence::disposition;
use fluence::failure::{Code, Failure, Reason};
use fluence::names::{mime_of, told_name};
use fluence::plan::{Expected, Opened, Remote, Resume, is_page};
use fluence::ports::{HttpBody, HttpError, HttpResponse};
use fluence::state::{Item, Seen};
use fluence::text::host_of;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, LocalBoxFuture, select};
use js_sys::Promise;
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;
use web::browser;
use web::extension::pages::{self, in_page, may_read};
use web::js::{self, decoded};
use web::time;
use web_sys::{Headers, RequestCredentials, RequestInit, RequestMode, Url};

use crate::file_names::{
    as_page, expected_at, expected_of, is_file, is_page_name, name_in, unpacked, with_ending,
};
use crate::http::{self, FetchBody};
use crate::offscreen::Offscreen;
use crate::pages::{PIECE, PageBody, Pages, Place, head};

/// How long a share waits for the person's permission, in milliseconds. A person who has not given it by then does
/// not want to.
const WAITING_MS: u64 = 10 * 60 * 1000;
/// How long a page may take to say in which charset it is, and what it says of a link.
const PAGE_PATIENCE: Duration = Duration::from_secs(2);

/// Something at an address that a person wants to share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The address of the thing.
    pub url: String,
    /// The address of the page.
    pub page: Option<String>,
    /// Whether the tab has cookies of its own, as a container of Firefox does, so that only the page itself can read
    /// what the person sees.
    pub own_cookies: bool,
    /// How the person came to it.
    pub seen: Seen,
    /// Whether that was some time ago, so that the tab may show something else by now.
    pub is_later: bool,
}

/// What a page says of a link with attributes of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Promised {
    /// Whether it leads to something that is downloaded.
    is_download: bool,
    /// The name of that, if it is the page's to give.
    name: Option<String>,
    /// Its MIME type.
    mime: Option<String>,
}

/// Reads what people share from addresses.
pub struct Reading {
    /// Reads in open pages.
    pub pages: Pages,
    /// The shares that wait for the person's permission.
    waiting: RefCell<Vec<Waiting>>,
    changed: OnceCell<Box<dyn Fn(Option<String>)>>,
}

/// A share that waits for the person's permission.
struct Waiting {
    /// The match pattern of the origin that the person has to permit.
    origin: String,
    /// When it began to wait, in Unix milliseconds.
    since: u64,
    /// Told whether it can be read now.
    go_on: oneshot::Sender<bool>,
}

/// Why nothing could be read.
enum Refused {
    /// The browser does not let the extension read from the origins of this match pattern until the person permits it.
    NeedsAccess(String),
    /// It failed for another reason.
    Failed(Failure),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl Reading {
    /// Reads nothing yet. The extension's own page reads what no worker may wait for.
    pub fn new(own: Offscreen) -> Self {
        Self {
            pages: Pages::new(own),
            waiting: RefCell::default(),
            changed: OnceCell::new(),
        }
    }

    /// Has a function called whenever other shares wait, with the host if a share has just begun to wait. It can be
    /// set once.
    pub fn observe(&self, changed: impl Fn(Option<String>) + 'static) {
        // Only the worker sets it, at its start.
        let _ = self.changed.set(Box::new(changed));
    }

    /// What a person wants, as the engine asks for it. `asked` is a promise that says whether the person has permitted
    /// it, if the browser is asking them.
    pub fn remote(self: &Rc<Self>, wanted: Wanted, asked: Option<Promise>) -> Box<dyn Remote> {
        Box::new(RemoteFile {
            reading: Rc::clone(self),
            wanted,
            asked: RefCell::new(asked),
        })
    }

    /// What an item was read from, by an earlier worker too.
    pub fn remote_of(self: &Rc<Self>, item: &Item) -> Option<Box<dyn Remote>> {
        let source = item.source.as_ref()?;
        let wanted = Wanted {
            url: source.url.clone()?,
            page: source.page.clone(),
            own_cookies: source.own_cookies,
            seen: source.seen.as_deref().cloned().unwrap_or_default(),
            is_later: true,
        };
        Some(self.remote(wanted, None))
    }

    /// The match patterns of the origins that shares wait for.
    pub fn origins(&self) -> Vec<String> {
        let mut waiting = self.waiting.borrow_mut();
        waiting.retain(|waits| !waits.go_on.is_canceled());
        let mut origins: Vec<String> = waiting.iter().map(|waits| waits.origin.clone()).collect();
        origins.sort();
        origins.dedup();
        origins
    }

    /// Lets go on everything that waited and can be read now. Call this when the person has permitted something.
    pub async fn permitted(&self) {
        for origin in self.origins() {
            if may_read(&origin).await {
                self.decide(true, |waits| waits.origin == origin);
            }
        }
    }

    /// Gives up shares that have waited too long.
    pub fn give_up_waiting(&self) {
        let oldest = time::now_ms().saturating_sub(WAITING_MS);
        self.decide(false, |waits| waits.since < oldest);
    }

    fn decide(&self, go_on: bool, is_decided: impl Fn(&Waiting) -> bool) {
        let waiting = self.waiting.take();
        let (decided, left): (Vec<_>, Vec<_>) = waiting.into_iter().partition(is_decided);
        self.waiting.replace(left);
        if decided.is_empty() {
            return;
        }
        for waits in decided {
            // The share may have been removed.
            let _ = waits.go_on.send(go_on);
        }
        self.tell_change(None);
    }

    /// Waits for the person's permission, and returns whether it was given.
    async fn wait_for(&self, origin: String) -> bool {
        let (go_on, decided) = oneshot::channel();
        let host = host_of_pattern(&origin);
        self.waiting.borrow_mut().push(Waiting {
            origin,
            since: time::now_ms(),
            go_on,
        });
        self.tell_change(Some(host));
        decided.await.unwrap_or_default()
    }

    fn tell_change(&self, host: Option<String>) {
        if let Some(changed) = self.changed.get() {
            changed(host);
        }
    }
}

/// Something at an address, as the engine asks for it.
struct RemoteFile {
    reading: Rc<Reading>,
    wanted: Wanted,
    asked: RefCell<Option<Promise>>,
}

impl Remote for RemoteFile {
    fn open(&self, resume: Option<Resume>) -> LocalBoxFuture<'_, Result<Opened, Failure>> {
        async move {
            let asked = self.asked.take();
            let answer = match asked {
                // If the browser did not ask, the person has not decided.
                Some(asked) => JsFuture::from(asked)
                    .await
                    .ok()
                    .and_then(|may| may.as_bool()),
                None => None,
            };
            let mut refused = answer == Some(false);
            let mut is_permitted = false;
            loop {
                let wanted = self.wanted.now().await;
                let origin = match wanted.open(&self.reading.pages, resume.as_ref()).await {
                    Ok(opened) => return Ok(opened),
                    Err(Refused::Failed(failure)) => return Err(failure),
                    Err(Refused::NeedsAccess(origin)) => origin,
                };
                // A permission that is there already would be waited for in vain. It may have been given just now.
                if may_read(&origin).await {
                    if std::mem::replace(&mut is_permitted, true) {
                        return Err(Failure::new(Code::SourceUnreachable).host(&self.wanted.url));
                    }
                    continue;
                }
                if !refused {
                    refused = !self.reading.wait_for(origin.clone()).await;
                    if !refused {
                        continue;
                    }
                }
                return Err(Failure {
                    host: Some(host_of_pattern(&origin)).filter(|host| !host.is_empty()),
                    ..Code::NotAllowed.into()
                });
            }
        }
        .boxed_local()
    }
}

impl Wanted {
    /// The name that is shown before there is an answer.
    pub fn first_name(&self) -> String {
        let name = self.seen.name.clone().or_else(|| name_in(&self.url));
        let name = name.unwrap_or_else(|| match Url::new(&self.url) {
            Ok(url) if !url.hostname().is_empty() => url.hostname(),
            // The address contains the bytes themselves.
            _ => "shared".to_owned(),
        });
        told_name(&name)
    }

    /// What is wanted, with the tab only if that still shows the page.
    async fn now(&self) -> Self {
        let mut wanted = self.clone();
        if let (true, Some(tab)) = (self.is_later, self.seen.tab) {
            let is_there = pages::tab(Some(tab)).await.is_ok_and(|tab| {
                let shown = tab.url.as_deref().map(without_fragment);
                // The browser may have been started again, and another tab may have the number.
                tab.jar == self.seen.jar && shown == self.page.as_deref().map(without_fragment)
            });
            wanted.seen.tab = wanted.seen.tab.filter(|_| is_there);
        }
        wanted
    }

    /// Begins to read what is at the address, or what is missing of it.
    async fn open(&self, pages: &Pages, resume: Option<&Resume>) -> Result<Opened, Refused> {
        if let Some(resume) = resume
            && let Some(opened) = self.continued(pages, resume).await?
        {
            return Ok(opened);
        }
        let promised = self.promised().await;
        let mut response = match self.scheme().as_str() {
            "http" | "https" => self.over_http(pages, 0).await?,
            "data" => self
                .of_worker(pages, true, 0, false)
                .await
                .map_err(|_| Failure::new(Code::BadAddress).reason(Reason::BadDataUrl))?,
            "blob" => {
                let read = self.of_page(pages, 0).await;
                read.map_err(|_| Failure::from(Code::PageGone))?
            }
            scheme => {
                let unsupported = Failure::new(Code::BadAddress).reason(Reason::UnsupportedScheme);
                return Err(unsupported.name(scheme).into());
            }
        };
        // The length is that of what was sent, which may be compressed.
        if response.body.hides_encoding() {
            response.content_length = None;
        }
        let name = self.told_name(&response.body).await;
        Ok(self.accept(response, name, promised)?)
    }

    /// Runs a job of `static/inpage.js` in the page, if there is one and it answers soon: one that is busy, or shows a
    /// dialog, answers whenever it likes.
    async fn ask_page(&self, arguments: &[JsValue]) -> Option<JsValue> {
        let answer = std::pin::pin!(in_page(self.seen.tab?, self.seen.frame, arguments));
        match select(answer, std::pin::pin!(time::sleep(PAGE_PATIENCE))).await {
            Either::Left((answer, _)) => answer.ok(),
            Either::Right(_) => None,
        }
    }

    /// What the page says of the link that was clicked on.
    async fn promised(&self) -> Promised {
        let is_known = self.seen.name.is_some() || self.seen.media.is_some() || self.seen.as_page;
        if is_known {
            return Promised::default();
        }
        let arguments = ["link".into(), self.url.as_str().into()];
        let link = self.ask_page(&arguments).await.unwrap_or_default();
        Promised {
            is_download: js::member(&link, "download").is_truthy(),
            name: js::text(&link, "name").filter(|name| !name.trim().is_empty()),
            mime: js::text(&link, "type").as_deref().and_then(mime_of),
        }
    }

    /// The name that an answer tells, as the browser's own download would have it.
    async fn told_name(&self, body: &Body) -> Option<String> {
        let header = body.header("content-disposition")?;
        let page = match disposition::is_untold(&header) {
            true => self.ask_page(&["charset".into()]).await,
            false => None,
        };
        let page = page.and_then(|charset| charset.as_string());
        disposition::file_name(&header, page.as_deref(), &decoded)
    }

    fn scheme(&self) -> String {
        let scheme = self.url.split(':').next().unwrap_or_default();
        scheme.to_ascii_lowercase()
    }

    /// The rest of a file, if the server has it and still has the same version.
    async fn continued(&self, pages: &Pages, resume: &Resume) -> Result<Option<Opened>, Refused> {
        if !matches!(self.scheme().as_str(), "http" | "https") {
            return Ok(None);
        }
        let response = match self.over_http(pages, resume.at).await {
            // A site may let everybody read all of it and no part. If all of it needs a permission too, that is asked for.
            Err(Refused::NeedsAccess(_)) => return Ok(None),
            response => response?,
        };
        let range = response.body.range();
        let fits = response.status == 206
            && range.is_some_and(|range| range.start == resume.at)
            && response.body.validator().as_ref() == Some(&resume.validator);
        if !fits {
            return Ok(None);
        }
        let opened = self.accept_as(response, None, Promised::default(), range, resume.at);
        Ok(Some(opened))
    }

    async fn over_http(&self, pages: &Pages, at: u64) -> Result<HttpResponse<Body>, Refused> {
        let origin = origin_of(&self.url)
            .ok_or_else(|| Failure::new(Code::BadAddress).reason(Reason::NotAnAddress))?;
        // With the person's permission the worker gets what the page gets, including cookies, and a click on the menu
        // permits that for the page's own origin. Without it the page itself is asked first, because the browser would
        // leave some cookies out of the worker's request.
        let allowed = may_read(&origin).await;
        let own = self.page.as_deref().and_then(origin_of) == Some(origin.clone());
        let mut failed = None;
        let mut doubtful = None;
        if (allowed || own) && !self.own_cookies {
            // Without a permission the extension's page may not read what the worker may after a click, and the page of the
            // tab can wait for it.
            match self.of_worker(pages, true, at, allowed).await {
                // The page may get what the worker does not, because it sends its own address and all of its cookies.
                Ok(mut response) => match self.is_doubtful(&mut response).await {
                    true => doubtful = Some(response),
                    false => return Ok(response),
                },
                Err(why @ HttpError::Silent(_)) if allowed || self.seen.tab.is_none() => {
                    return Err(unreachable(&why).into());
                }
                Err(why) => failed = Some(why),
            }
        }
        match (self.of_page(pages, at).await, doubtful) {
            (Ok(response), None) => return Ok(response),
            (Ok(mut response), Some(doubtful)) if is_success(&response) => {
                let is_better = !is_success(&doubtful) || !self.is_doubtful(&mut response).await;
                return Ok(if is_better { response } else { doubtful });
            }
            (_, Some(doubtful)) => return Ok(doubtful),
            (Err(why @ HttpError::Silent(_)), None) => return Err(unreachable(&why).into()),
            (Err(_), None) => {}
        }
        // What the server gives to everybody needs neither cookies nor permission.
        match self.of_worker(pages, false, at, true).await {
            // With a permission the browser lets anything be read, and this is what somebody without cookies sees.
            Ok(response)
                if self.own_cookies && (allowed || own) && !response.body.is_for_everybody() =>
            {
                return Err(Failure::from(Code::PageGone).into());
            }
            Ok(response) => return Ok(response),
            Err(why) => failed = failed.or(Some(why)),
        }
        match failed {
            Some(why) if !self.is_there().await => Err(unreachable(&why).into()),
            // No permission gives the worker those cookies.
            _ if self.own_cookies => Err(Failure::from(Code::PageGone).into()),
            // It was redirected to an origin for which there is no permission.
            _ if allowed => Err(Refused::NeedsAccess("<all_urls>".to_owned())),
            _ => Err(Refused::NeedsAccess(origin)),
        }
    }

    /// Whether an answer may be meant for somebody who is not logged in: any web page, unless one is wanted.
    async fn is_doubtful(&self, response: &mut HttpResponse<Body>) -> bool {
        if matches!(response.status, 401 | 403) {
            return true;
        }
        if !is_success(response) || self.wants_page() {
            return false;
        }
        let mime = response.content_type.as_deref().and_then(mime_of);
        is_page(mime.as_deref(), response.body.first().await)
    }

    fn wants_page(&self) -> bool {
        self.seen.as_page || self.page.as_deref() == Some(&self.url)
    }

    /// What the worker reads, or the extension's own page if that is to wait for a server for which the worker cannot.
    async fn of_worker(
        &self,
        pages: &Pages,
        cookies: bool,
        at: u64,
        may_wait: bool,
    ) -> Result<HttpResponse<Body>, HttpError> {
        let init = RequestInit::new();
        init.set_credentials(if cookies {
            RequestCredentials::Include
        } else {
            RequestCredentials::Omit
        });
        if at > 0
            && let Ok(headers) = Headers::new()
        {
            // A header that the browser refuses is left out, and all of the file comes again.
            let _ = headers.set("range", &range_from(at));
            init.set_headers(&headers);
        }
        match http::send(&self.url, &init, head(), PIECE).await {
            Err(HttpError::Silent(_)) if may_wait && browser::ends_waiting_workers() => {
                let range = (at > 0).then(|| range_from(at));
                let response = pages
                    .fetch(&self.url, Place::Own { cookies }, range)
                    .await?;
                Ok(response.with_body(|body| Body::new(Reader::Page(body))))
            }
            response => Ok(response?.with_body(|body| Body::new(Reader::Worker(body)))),
        }
    }

    async fn of_page(&self, pages: &Pages, at: u64) -> Result<HttpResponse<Body>, HttpError> {
        let unreachable = || HttpError::Unreachable(host_of(&self.url));
        let tab = self.seen.tab.ok_or_else(unreachable)?;
        let range = (at > 0).then(|| range_from(at));
        let place = Place::Tab(tab, self.seen.frame);
        let response = pages.fetch(&self.url, place, range).await?;
        Ok(response.with_body(|body| Body::new(Reader::Page(body))))
    }

    /// Whether something answers at the address, although the answer may not be read.
    async fn is_there(&self) -> bool {
        let init = RequestInit::new();
        init.set_mode(RequestMode::NoCors);
        init.set_credentials(RequestCredentials::Omit);
        http::send(&self.url, &init, head(), PIECE).await.is_ok()
    }

    /// The kind of thing that the person clicked on, given the name in the answer and what the page said of the link.
    fn expects(&self, told: Option<&str>, promised: &Promised) -> Expected {
        if self.wants_page() {
            return Expected::Any;
        }
        let typed = promised.mime.as_deref();
        let expected = match (self.seen.media.as_deref(), typed) {
            (Some(media), _) => expected_of(media),
            (None, Some(mime)) => expected_of(mime.split('/').next().unwrap_or_default()),
            (None, None) => expected_at(&self.url),
        };
        let address = name_in(&self.url);
        let given = self.seen.name.as_deref().or(promised.name.as_deref());
        let mut names = [given, address.as_deref(), told].into_iter().flatten();
        let is_promised = match typed {
            Some(mime) => !is_page(Some(mime), &[]),
            // What is downloaded is seldom a web page, and then it has a name that says so.
            None => promised.is_download && !given.or(address.as_deref()).is_some_and(is_page_name),
        };
        match expected {
            Expected::Any if is_promised || names.any(is_file) => Expected::File,
            expected => expected,
        }
    }

    fn accept(
        &self,
        response: HttpResponse<Body>,
        told: Option<String>,
        promised: Promised,
    ) -> Result<Opened, Failure> {
        let range = response.body.range();
        let is_whole = match response.status {
            // Nobody asked for a part. If it is the first one, the rest can be asked for.
            206 => range.is_some_and(|range| range.start == 0),
            // There is nothing in these.
            204 | 205 => false,
            status => (200..300).contains(&status),
        };
        if !is_whole {
            let refused = Failure::new(Code::HttpStatus).host(&self.url);
            return Err(refused.status(response.status));
        }
        Ok(self.accept_as(response, told, promised, range, 0))
    }

    fn accept_as(
        &self,
        response: HttpResponse<Body>,
        told: Option<String>,
        promised: Promised,
        range: Option<ContentRange>,
        start: u64,
    ) -> Opened {
        let mime = response.content_type.as_deref().and_then(mime_of);
        let expects = self.expects(told.as_deref(), &promised);
        let name = [
            told,
            self.seen.name.clone(),
            promised.name,
            response.body.url().and_then(name_in),
        ]
        .into_iter()
        .flatten()
        .find(|name| !name.trim().is_empty())
        .unwrap_or_else(|| self.first_name());
        let name = told_name(&name);
        let unpacked = match response.body.header("content-encoding") {
            Some(encoding) => unpacked(&name, Some(&encoding)),
            None if response.body.hides_encoding() => unpacked(&name, None),
            None => None,
        };
        Opened {
            name: Some(with_ending(&name, mime.as_deref())),
            page: self.wants_page().then(|| as_page(&name)),
            mime,
            size: range.map(|range| range.total).or(response.content_length),
            start,
            validator: response.body.validator(),
            expects,
            unpacked,
            body: Box::new(response.body),
        }
    }
}

fn unreachable(why: &HttpError) -> Failure {
    let code = match why {
        HttpError::Silent(_) => Code::SourceSilent,
        HttpError::Unreachable(_) | HttpError::Broken(_) => Code::SourceUnreachable,
    };
    Failure::of_http(code, why)
}

fn is_success(response: &HttpResponse<Body>) -> bool {
    (200..300).contains(&response.status)
}

fn without_fragment(url: &str) -> &str {
    url.split('#').next().unwrap_or_default()
}

fn range_from(at: u64) -> String {
    format!("bytes={at}-")
}

/// The match pattern of an address's origin.
fn origin_of(url: &str) -> Option<String> {
    let url = Url::new(url).ok()?;
    // Match patterns have no ports; they apply to all of them.
    (!url.hostname().is_empty()).then(|| format!("{}//{}/*", url.protocol(), url.hostname()))
}

/// The host in a pattern such as `https://example.org/*`; empty if the pattern matches every site.
fn host_of_pattern(pattern: &str) -> String {
    pattern.strip_suffix("/*").map(host_of).unwrap_or_default()
}

/// The part of a file that an answer with the status 206 has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ContentRange {
    start: u64,
    total: u64,
}

impl ContentRange {
    /// Reads a header such as `bytes 0-999/102400` (RFC 9110, section 14.4).
    fn read(header: &str) -> Option<Self> {
        let (range, total) = header.trim().strip_prefix("bytes ")?.split_once('/')?;
        let (start, _) = range.split_once('-')?;
        Some(Self {
            start: start.trim().parse().ok()?,
            total: total.trim().parse().ok()?,
        })
    }
}

/// Who receives an answer.
enum Reader {
    Worker(FetchBody),
    Page(PageBody),
}

/// The body of an answer, whose beginning can be looked at before it is read.
struct Body {
    reader: Reader,
    /// What was looked at.
    first: Option<Result<Option<Bytes>, HttpError>>,
}

impl Body {
    fn new(reader: Reader) -> Self {
        Self {
            reader,
            first: None,
        }
    }

    /// The first bytes; nothing if none come, which whoever reads them is told.
    async fn first(&mut self) -> &[u8] {
        if self.first.is_none() {
            self.first = Some(self.reader.chunk().await);
        }
        match &self.first {
            Some(Ok(Some(bytes))) => bytes,
            _ => &[],
        }
    }

    fn url(&self) -> Option<&str> {
        match &self.reader {
            Reader::Worker(body) => Some(body.url()),
            Reader::Page(body) => body.url.as_deref(),
        }
    }

    fn header(&self, name: &str) -> Option<String> {
        match &self.reader {
            Reader::Worker(body) => body.header(name),
            Reader::Page(body) => body.header(name),
        }
    }

    /// Whether the browser may have decompressed it without saying so: of the answer of another site it shows only some
    /// headers, of which `Content-Length` is one and `Content-Encoding` is not.
    fn hides_encoding(&self) -> bool {
        let is_of_other = match &self.reader {
            Reader::Worker(body) => body.is_of_other_site(),
            Reader::Page(body) => body.is_of_other_site(),
        };
        is_of_other && self.header("content-encoding").is_none()
    }

    /// Whether the server lets every site read it, which it can only if it is the same for everybody.
    fn is_for_everybody(&self) -> bool {
        self.header("access-control-allow-origin").as_deref() == Some("*")
    }

    fn range(&self) -> Option<ContentRange> {
        ContentRange::read(&self.header("content-range")?)
    }

    /// What proves that a later answer has the same bytes: a strong `ETag`, or else the time of the last change. The
    /// bytes of an answer that was compressed on the way cannot be counted.
    fn validator(&self) -> Option<String> {
        if self.header("content-encoding").is_some() || self.hides_encoding() {
            return None;
        }
        let strong = |tag: &String| !tag.starts_with("W/");
        let tag = self.header("etag").filter(strong);
        tag.or_else(|| self.header("last-modified"))
    }
}

impl Reader {
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>> {
        match self {
            Self::Worker(body) => body.chunk(),
            Self::Page(body) => body.chunk(),
        }
    }
}

impl HttpBody for Body {
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>> {
        match self.first.take() {
            Some(first) => std::future::ready(first).boxed_local(),
            None => self.reader.chunk(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read() {
        let range = |start, total| Some(ContentRange { start, total });
        assert_eq!(ContentRange::read("bytes 0-999/102400"), range(0, 102_400));
        assert_eq!(ContentRange::read("bytes 7-9/10"), range(7, 10));
        for none in ["bytes 0-9/*", "bytes */10", "items 0-9/10", ""] {
            assert_eq!(ContentRange::read(none), None, "{none}");
        }
    }

    #[test]
    fn patterns_name_their_host() {
        assert_eq!(host_of_pattern("https://a.example/*"), "a.example");
        assert_eq!(host_of_pattern("<all_urls>"), "");
    }
}
