//! Reads what is at an address, as the page in which the address was found would.

use std::cell::{OnceCell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use fluence::disposition;
use fluence::failure::{Code, Failure, Reason};
use fluence::names::{mime_of, safe_file_name};
use fluence::plan::{Expected, Opened, Remote, Resume};
use fluence::ports::{HttpBody, HttpError, HttpResponse};
use fluence::state::Item;
use fluence::text::host_of;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, LocalBoxFuture, select};
use js_sys::Promise;
use wasm_bindgen_futures::JsFuture;
use web::extension::pages::{in_page, may_read};
use web::js::decoded;
use web::time;
use web_sys::{Headers, RequestCredentials, RequestInit, RequestMode, Url};

use crate::file_names::{expected_at, expected_of, is_file, name_in, unpacked, with_ending};
use crate::http::{self, FetchBody};
use crate::pages::{HEAD, PIECE, PageBody, Pages};

/// How long a share waits for the person's permission, in milliseconds. A person who has not given it by then does
/// not want to.
const WAITING_MS: u64 = 10 * 60 * 1000;
/// How long a page may take to say in which charset it is.
const CHARSET_PATIENCE: Duration = Duration::from_secs(2);

/// Something at an address that a person wants to share.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The address of the thing.
    pub url: String,
    /// The number of the tab in which it was found.
    pub tab: Option<i32>,
    /// The number of the frame in that tab.
    pub frame: Option<i32>,
    /// The address of the page.
    pub page: Option<String>,
    /// The name that the page or a download gives it.
    pub name: Option<String>,
    /// How it was shown: `image`, `video` or `audio`.
    pub media: Option<String>,
    /// Whether the tab has cookies of its own, as a container of Firefox does, so that only the page itself can read
    /// what the person sees.
    pub own_cookies: bool,
    /// Whether a web page is what the person wants, even if the address is that of a file.
    pub as_page: bool,
}

/// Reads what people share from addresses.
#[derive(Default)]
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
        // The tab of that time may show something else by now.
        let wanted = Wanted {
            url: source.url.clone()?,
            page: source.page.clone(),
            own_cookies: source.own_cookies,
            as_page: item
                .status
                .failure()
                .is_some_and(|failure| failure.code == Code::LoginPage),
            ..Wanted::default()
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
                let origin = match self.wanted.open(&self.reading.pages, resume.as_ref()).await {
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
        let name = self.name.clone().or_else(|| name_in(&self.url));
        let name = name.unwrap_or_else(|| match Url::new(&self.url) {
            Ok(url) if !url.hostname().is_empty() => url.hostname(),
            // The address contains the bytes themselves.
            _ => "shared".to_owned(),
        });
        safe_file_name(&name)
    }

    /// Begins to read what is at the address, or what is missing of it.
    async fn open(&self, pages: &Pages, resume: Option<&Resume>) -> Result<Opened, Refused> {
        if let Some(resume) = resume
            && let Some(opened) = self.continued(pages, resume).await?
        {
            return Ok(opened);
        }
        let response = match self.scheme().as_str() {
            "http" | "https" => self.over_http(pages, 0).await?,
            "data" => self
                .of_worker(true, 0)
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
        let name = self.told_name(&response.body).await;
        Ok(self.accept(response, name)?)
    }

    /// The name that an answer tells, as the browser's own download would have it.
    async fn told_name(&self, body: &Body) -> Option<String> {
        let header = body.header("content-disposition")?;
        let page = match self.tab {
            Some(tab) if disposition::is_untold(&header) => {
                let arguments = ["charset".into()];
                let charset = std::pin::pin!(in_page(tab, self.frame, &arguments));
                // A page that is busy, or shows a dialog, answers whenever it likes.
                match select(charset, std::pin::pin!(time::sleep(CHARSET_PATIENCE))).await {
                    Either::Left((charset, _)) => {
                        charset.ok().and_then(|charset| charset.as_string())
                    }
                    Either::Right(_) => None,
                }
            }
            _ => None,
        };
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
        let response = self.over_http(pages, resume.at).await?;
        let range = response.body.range();
        let fits = response.status == 206
            && range.is_some_and(|range| range.start == resume.at)
            && response.body.validator().as_ref() == Some(&resume.validator);
        if !fits {
            return Ok(None);
        }
        let opened = self.accept_as(response, None, range, resume.at);
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
            match self.of_worker(true, at).await {
                // The page may get what the worker does not, because it sends its own address and all of its cookies.
                Ok(response) if self.is_doubtful(&response) => doubtful = Some(response),
                Ok(response) => return Ok(response),
                // The page can wait for longer, if there is one.
                Err(why @ HttpError::Silent(_)) if self.tab.is_none() => {
                    return Err(unreachable(&why).into());
                }
                Err(why) => failed = Some(why),
            }
        }
        match (self.of_page(pages, at).await, doubtful) {
            (Ok(response), None) => return Ok(response),
            (Ok(response), Some(_))
                if (200..300).contains(&response.status) && !self.is_doubtful(&response) =>
            {
                return Ok(response);
            }
            (_, Some(doubtful)) => return Ok(doubtful),
            (Err(why @ HttpError::Silent(_)), None) => return Err(unreachable(&why).into()),
            (Err(_), None) => {}
        }
        // What the server gives to everybody needs neither cookies nor permission.
        match self.of_worker(false, at).await {
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

    /// Whether an answer may be meant for somebody who is not logged in.
    fn is_doubtful(&self, response: &HttpResponse<Body>) -> bool {
        let mime = response.content_type.as_deref().and_then(mime_of);
        matches!(response.status, 401 | 403)
            || self.expects(None) != Expected::Any && mime.as_deref() == Some("text/html")
    }

    async fn of_worker(&self, cookies: bool, at: u64) -> Result<HttpResponse<Body>, HttpError> {
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
        let response = http::send(&self.url, &init, HEAD, PIECE).await?;
        Ok(response.with_body(Body::Worker))
    }

    async fn of_page(&self, pages: &Pages, at: u64) -> Result<HttpResponse<Body>, HttpError> {
        let unreachable = || HttpError::Unreachable(host_of(&self.url));
        let tab = self.tab.ok_or_else(unreachable)?;
        let range = (at > 0).then(|| range_from(at));
        let response = pages.fetch(&self.url, tab, self.frame, range).await?;
        Ok(response.with_body(Body::Page))
    }

    /// Whether something answers at the address, although the answer may not be read.
    async fn is_there(&self) -> bool {
        let init = RequestInit::new();
        init.set_mode(RequestMode::NoCors);
        init.set_credentials(RequestCredentials::Omit);
        http::send(&self.url, &init, HEAD, PIECE).await.is_ok()
    }

    /// The kind of thing that the person clicked on, given the name in the answer.
    fn expects(&self, told: Option<&str>) -> Expected {
        if self.as_page || self.page.as_deref() == Some(&self.url) {
            return Expected::Any;
        }
        let expected = match self.media.as_deref() {
            Some(media) => expected_of(media),
            None => expected_at(&self.url),
        };
        let address = name_in(&self.url);
        let mut names = [self.name.as_deref(), address.as_deref(), told]
            .into_iter()
            .flatten();
        match expected {
            Expected::Any if names.any(is_file) => Expected::File,
            expected => expected,
        }
    }

    fn accept(
        &self,
        response: HttpResponse<Body>,
        told: Option<String>,
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
        Ok(self.accept_as(response, told, range, 0))
    }

    fn accept_as(
        &self,
        response: HttpResponse<Body>,
        told: Option<String>,
        range: Option<ContentRange>,
        start: u64,
    ) -> Opened {
        let mime = response.content_type.as_deref().and_then(mime_of);
        let expects = self.expects(told.as_deref());
        let name = [
            told,
            self.name.clone(),
            response.body.url().and_then(name_in),
        ]
        .into_iter()
        .flatten()
        .find(|name| !name.trim().is_empty())
        .unwrap_or_else(|| self.first_name());
        let name = safe_file_name(&name);
        let unpacked = response
            .body
            .header("content-encoding")
            .and_then(|_| unpacked(&name));
        Opened {
            name: Some(with_ending(&name, mime.as_deref())),
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

    fn header(&self, name: &str) -> Option<String> {
        match self {
            Self::Worker(body) => body.header(name),
            Self::Page(body) => body.header(name),
        }
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
        if self.header("content-encoding").is_some() {
            return None;
        }
        let strong = |tag: &String| !tag.starts_with("W/");
        let tag = self.header("etag").filter(strong);
        tag.or_else(|| self.header("last-modified"))
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
