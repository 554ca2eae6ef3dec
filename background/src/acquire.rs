//! Reads what is at an address, as the page in which the address was found would.

use bytes::Bytes;
use fluence::failure::{Code, Failure, Reason};
use fluence::names::{mime_of, safe_file_name};
use fluence::plan::Expected;
use fluence::ports::{HttpBody, HttpError, HttpResponse};
use fluence::text::host_of;
use futures::future::LocalBoxFuture;
use serde::{Deserialize, Serialize};
use web_sys::{RequestCredentials, RequestInit, RequestMode, Url};

use crate::file_names::{expected_at, expected_of, is_document, name_in, with_ending};
use crate::http::{self, FetchBody};
use crate::pages::{HEAD, PIECE, PageBody, Pages};

/// Something at an address that a person wants to share.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// Bytes that have begun to arrive.
pub struct Acquired {
    /// Its name, from the server, the page or the address.
    pub name: String,
    /// Its MIME type, if the server gives one.
    pub mime: Option<String>,
    /// Its size in bytes, if the server gives it.
    pub size: Option<u64>,
    /// The kind of thing that should arrive.
    pub expects: Expected,
    /// The bytes.
    pub body: Box<dyn HttpBody>,
}

/// Why nothing could be read.
pub enum Refused {
    /// The browser does not let the extension read from the origins of this match pattern until the person permits it.
    NeedsAccess(String),
    /// It failed for another reason.
    Failed(Failure),
}

impl Wanted {
    /// Begins to read what is at the address.
    ///
    /// # Errors
    /// [`Refused`] if nothing can be read.
    pub async fn acquire(&self, pages: &Pages) -> Result<Acquired, Refused> {
        let scheme = self.url.split(':').next().unwrap_or_default();
        let response = match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" => self.over_http(pages).await?,
            "data" => self.of_worker().await.map_err(|_| {
                let damaged = Failure::new(Code::BadAddress).reason(Reason::BadDataUrl);
                Refused::Failed(damaged)
            })?,
            "blob" => {
                let read = self.of_page(pages).await;
                read.map_err(|_| Refused::Failed(Code::PageGone.into()))?
            }
            _ => {
                let unsupported = Failure::new(Code::BadAddress).reason(Reason::UnsupportedScheme);
                return Err(Refused::Failed(unsupported.name(scheme)));
            }
        };
        self.accept(response)
    }

    async fn over_http(&self, pages: &Pages) -> Result<HttpResponse<Body>, Refused> {
        let origin = origin_of(&self.url).ok_or_else(|| {
            Refused::Failed(Failure::new(Code::BadAddress).reason(Reason::NotAnAddress))
        })?;
        // With the person's permission the worker gets what the page gets, including cookies, and a click on the menu
        // permits that for the page's own origin. Without it the page itself is asked first, because the browser would
        // leave some cookies out of the worker's request.
        let allowed = web::extension::pages::may_read(&origin).await;
        let own =
            self.tab.is_some() && self.page.as_deref().and_then(origin_of) == Some(origin.clone());
        let mut failed = None;
        let mut refused = None;
        if allowed || own {
            match self.of_worker().await {
                // The page may get what the worker does not, because it sends its own address and all of its cookies.
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
            // It was redirected to an origin for which there is no permission.
            _ if allowed => Err(Refused::NeedsAccess("<all_urls>".to_owned())),
            _ => Err(Refused::NeedsAccess(origin)),
        }
    }

    async fn of_worker(&self) -> Result<HttpResponse<Body>, HttpError> {
        let init = RequestInit::new();
        init.set_credentials(RequestCredentials::Include);
        let response = http::send(&self.url, &init, HEAD, PIECE).await?;
        Ok(response.with_body(Body::Worker))
    }

    async fn of_page(&self, pages: &Pages) -> Result<HttpResponse<Body>, HttpError> {
        let unreachable = || HttpError::Unreachable(host_of(&self.url));
        let tab = self.tab.ok_or_else(unreachable)?;
        let response = pages.fetch(&self.url, tab, self.frame).await?;
        Ok(response.with_body(Body::Page))
    }

    /// Whether something answers at the address, although the answer may not be read.
    async fn is_there(&self) -> bool {
        let init = RequestInit::new();
        init.set_mode(RequestMode::NoCors);
        init.set_credentials(RequestCredentials::Omit);
        http::send(&self.url, &init, HEAD, PIECE).await.is_ok()
    }

    fn unreachable(&self, why: &HttpError) -> Refused {
        let code = match why {
            HttpError::Silent(_) => Code::SourceSilent,
            HttpError::Unreachable(_) | HttpError::Broken(_) => Code::SourceUnreachable,
        };
        Refused::Failed(Failure::of_http(code, why))
    }

    fn accept(&self, response: HttpResponse<Body>) -> Result<Acquired, Refused> {
        if !(200..300).contains(&response.status) {
            let refused = Failure::new(Code::HttpStatus).host(&self.url);
            return Err(Refused::Failed(refused.status(response.status)));
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
            // The address contains the bytes themselves.
            _ => "shared".to_owned(),
        });
        let name = with_ending(&safe_file_name(&name), mime.as_deref());
        let expects = match self.media.as_deref() {
            Some(media) => expected_of(media),
            None => expected_at(&self.url),
        };
        let no_page = expects != Expected::Any || is_document(&self.url);
        if no_page && mime.as_deref() == Some("text/html") {
            let login = Failure::new(Code::LoginPage).host(&self.url);
            return Err(Refused::Failed(login));
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

/// The match pattern of an address's origin.
fn origin_of(url: &str) -> Option<String> {
    let url = Url::new(url).ok()?;
    // Match patterns have no ports; they apply to all of them.
    (!url.hostname().is_empty()).then(|| format!("{}//{}/*", url.protocol(), url.hostname()))
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
