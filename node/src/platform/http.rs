//! The HTTP client, built on reqwest.

use std::collections::HashSet;
use std::error::Error as _;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fluence::ports::{Http, HttpBody, HttpError, HttpRequest, HttpResponse, Piece, StoreError};
use fluence::storage::{is_private, is_private_ip};
use fluence::text::host_of;
use futures::future::LocalBoxFuture;
use futures::{FutureExt, Stream, StreamExt, stream};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Body, Certificate, Client, Method, Url};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::source::FileSource;

/// The most redirects that are followed for one request.
const MAX_REDIRECTS: usize = 10;
/// How much of a file is read at a time for a request body, in bytes.
const BODY_SLICE: u64 = 256 * 1024;
/// How long it may take to establish a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// The longest header value that is passed on to a plan, in bytes.
const MAX_HEADER: usize = 4096;

/// An HTTP client that keeps its connections open and reuses them. A clone shares them.
#[derive(Debug, Clone)]
pub struct WebClient {
    client: Client,
}

impl WebClient {
    /// A new client, which shares no connections with others. It trusts these authorities (DER)
    /// besides those of Mozilla. Strangers name most addresses, so no name and no redirect leads it
    /// from the internet into a private network, except to the hosts that the person has `chosen`.
    ///
    /// # Errors
    /// [`HttpError::Unreachable`] if TLS or the resolver cannot be set up.
    pub fn new(
        authorities: &[CertificateDer<'_>],
        chosen: HashSet<String>,
    ) -> Result<Self, HttpError> {
        let failed = |error| HttpError::Unreachable(format!("HTTP ({error})"));
        let mut builder = Client::builder();
        for authority in authorities {
            builder =
                builder.add_root_certificate(Certificate::from_der(authority).map_err(failed)?);
        }
        let careful = Careful::new(chosen);
        let following = careful.clone();
        let client = builder
            .user_agent(concat!("fluence/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::custom(move |attempt| {
                if attempt.previous().len() > MAX_REDIRECTS {
                    attempt.error("it redirects too often")
                } else if following.follows(&attempt.previous()[0], attempt.url()) {
                    attempt.follow()
                } else {
                    attempt.error("it redirects into a private network")
                }
            }))
            .dns_resolver(Arc::new(careful))
            .connect_timeout(CONNECT_TIMEOUT)
            // A proxy might alter the bytes, which would then fail verification.
            .no_proxy()
            .build()
            .map_err(failed)?;
        Ok(Self { client })
    }
}

/// Looks names up, and leads nobody from the internet into a private network. A clone is the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Careful {
    chosen: Arc<HashSet<String>>,
}

impl Careful {
    /// Hosts that a person or an operator has `chosen` may be anywhere.
    pub fn new(chosen: HashSet<String>) -> Self {
        let chosen = chosen.iter().map(|host| bare(host));
        Self {
            chosen: Arc::new(chosen.collect()),
        }
    }

    /// Whether a host was chosen, or is below a name that was, as the files of a gateway may be.
    fn is_chosen(&self, host: &str) -> bool {
        let host = bare(host);
        let above = host.match_indices('.').map(|(at, _)| &host[at + 1..]);
        self.chosen.contains(&host) || above.into_iter().any(|name| self.chosen.contains(name))
    }

    /// Whether a redirect from the first of these is followed to the second.
    fn follows(&self, from: &Url, to: &Url) -> bool {
        let is_inside = |url: &Url| url.host_str().is_none_or(is_private);
        let is_chosen = |url: &Url| url.host_str().is_some_and(|host| self.is_chosen(host));
        !is_inside(to) || is_inside(from) || is_chosen(from) || is_chosen(to)
    }

    /// Whether a name may lead to this address. Who uses a name that is one of a private network by itself has decided that.
    fn leads(&self, name: &str, to: SocketAddr) -> bool {
        !is_private_ip(to.ip()) || is_private(name) || self.is_chosen(name)
    }
}

/// A host as it is compared: an address of IPv6 without brackets, and a name in small letters.
fn bare(host: &str) -> String {
    host.trim_matches(['[', ']']).to_ascii_lowercase()
}

impl Resolve for Careful {
    fn resolve(&self, name: Name) -> Resolving {
        let careful = self.clone();
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found
                .filter(|address| careful.leads(name.as_str(), *address))
                .collect();
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

impl Http for WebClient {
    type Source = FileSource;
    type Body = WebBody;

    fn send(
        &self,
        request: HttpRequest<FileSource>,
    ) -> LocalBoxFuture<'static, Result<HttpResponse<WebBody>, HttpError>> {
        let client = self.client.clone();
        send(client, request).boxed_local()
    }
}

async fn send(
    client: Client,
    request: HttpRequest<FileSource>,
) -> Result<HttpResponse<WebBody>, HttpError> {
    let HttpRequest {
        method,
        url,
        headers,
        body,
        patience,
    } = request;
    let host = host_of(&url);
    let unreachable = || HttpError::Unreachable(host.clone());
    let url = Url::parse(&url)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .ok_or_else(unreachable)?;
    let method = Method::from_bytes(method.as_bytes()).map_err(|_| unreachable())?;
    let mut fields = HeaderMap::new();
    for (name, value) in headers {
        let value = HeaderValue::from_str(&value).map_err(|_| unreachable())?;
        fields.insert(HeaderName::from_static(name), value);
    }
    let mut builder = client.request(method, url);
    // The patience counts from the last time that the server took bytes of the body.
    let (moved, mut last_move) = watch::channel(Instant::now());
    if !body.is_empty() {
        let len: u64 = body.iter().map(Piece::len).sum();
        fields.insert(CONTENT_LENGTH, len.into());
        builder = builder.body(Body::wrap_stream(read_pieces(body, moved)));
    }
    let answer = builder.headers(fields).send();
    tokio::pin!(answer);
    let response = loop {
        let until = *last_move.borrow_and_update() + patience;
        tokio::select! {
            answer = &mut answer => break answer.map_err(|error| http_error(&host, &error))?,
            Ok(()) = last_move.changed() => {}
            () = sleep_until(until) => return Err(HttpError::Silent(host)),
        }
    };
    let text = |name: HeaderName| {
        let value = response.headers().get(name)?.as_bytes();
        (value.len() <= MAX_HEADER).then(|| String::from_utf8_lossy(value).into_owned())
    };
    Ok(HttpResponse {
        status: response.status().as_u16(),
        content_type: text(CONTENT_TYPE),
        content_length: text(CONTENT_LENGTH).and_then(|len| len.parse().ok()),
        body: WebBody {
            response,
            host,
            patience,
        },
    })
}

/// Streams the bytes of the pieces. Each slice is read when the server is ready to take it, and
/// `moved` is told of that time.
fn read_pieces(
    pieces: Vec<Piece<FileSource>>,
    moved: watch::Sender<Instant>,
) -> impl Stream<Item = Result<Bytes, StoreError>> + Send + 'static {
    let slices = pieces.into_iter().flat_map(|piece| match piece {
        Piece::Bytes(bytes) => vec![Piece::Bytes(bytes)],
        Piece::Slice(source, range) => cut(range)
            .map(|range| Piece::Slice(source.clone(), range))
            .collect(),
    });
    stream::iter(slices).then(move |piece| {
        moved.send_replace(Instant::now());
        async move {
            match piece {
                Piece::Bytes(bytes) => Ok(bytes),
                Piece::Slice(source, range) => source.read_slice(range).await,
            }
        }
    })
}

/// Cuts a range into consecutive ranges of at most [`BODY_SLICE`] bytes.
fn cut(range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
    let end = range.end;
    (0..(end - range.start).div_ceil(BODY_SLICE)).map(move |n| {
        let start = range.start + n * BODY_SLICE;
        start..end.min(start + BODY_SLICE)
    })
}

fn http_error(host: &str, error: &reqwest::Error) -> HttpError {
    let mut cause = error.source();
    while let Some(inner) = cause {
        // The file that was being sent could not be read; the server is not at fault.
        if let Some(store) = inner.downcast_ref::<StoreError>() {
            return HttpError::Broken(format!("{host} ({store})"));
        }
        cause = inner.source();
    }
    if error.is_timeout() {
        HttpError::Silent(host.to_owned())
    } else if error.is_body() || error.is_decode() {
        HttpError::Broken(host.to_owned())
    } else {
        HttpError::Unreachable(host.to_owned())
    }
}

/// The body of a response.
#[derive(Debug)]
pub struct WebBody {
    response: reqwest::Response,
    host: String,
    patience: Duration,
}

impl HttpBody for WebBody {
    fn chunk(&mut self) -> LocalBoxFuture<'_, Result<Option<Bytes>, HttpError>> {
        async move {
            match tokio::time::timeout(self.patience, self.response.chunk()).await {
                Ok(Ok(chunk)) => Ok(chunk),
                Ok(Err(_)) => Err(HttpError::Broken(self.host.clone())),
                Err(_) => Err(HttpError::Silent(self.host.clone())),
            }
        }
        .boxed_local()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn redirects_come_to_an_end() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counter = asked.clone();
        // Each path redirects to a longer one.
        let app = axum::Router::new().fallback(move |uri: axum::http::Uri| async move {
            counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            axum::response::Redirect::temporary(&format!("{uri}x"))
        });
        tokio::spawn(async move { axum::serve(listener, app).await });
        let request = HttpRequest {
            method: "GET",
            url: format!("{url}/ipfs/"),
            headers: Vec::new(),
            body: Vec::new(),
            patience: Duration::from_secs(10),
        };
        let client = WebClient::new(&[], HashSet::new()).unwrap();
        let answer = client.send(request).await;
        assert!(
            matches!(answer, Err(HttpError::Unreachable(_))),
            "{answer:?}"
        );
        assert_eq!(
            asked.load(std::sync::atomic::Ordering::Relaxed),
            MAX_REDIRECTS + 1
        );
    }

    #[test]
    fn nothing_leads_from_the_internet_into_a_private_network() {
        let careful = Careful::new(HashSet::from(["mine.example".to_owned()]));
        let follows = |from: &str, to: &str| {
            let url = |text: &str| Url::parse(text).unwrap();
            careful.follows(&url(from), &url(to))
        };
        let outside = "https://storage.example/ipfs/x";
        assert!(follows(outside, "https://other.example/"));
        assert!(follows(outside, "http://mine.example:8080/"));
        for inside in [
            "http://127.0.0.1:5001/",
            "http://127.1/",
            "http://2130706433/",
            "http://[::1]/",
            "http://169.254.169.254/latest/meta-data",
            "http://router/",
        ] {
            assert!(!follows(outside, inside), "{inside}");
            assert!(follows("http://192.168.1.2:4180/", inside), "{inside}");
        }
        let leads = |name, to: &str| careful.leads(name, SocketAddr::new(to.parse().unwrap(), 80));
        assert!(leads("storage.example", "1.1.1.1"));
        for inside in ["127.0.0.1", "10.0.0.1", "::1", "64:ff9b::a00:1"] {
            assert!(!leads("storage.example", inside), "{inside}");
            assert!(leads("mine.example", inside) && leads("nas.lan", inside));
        }
    }

    #[test]
    fn ranges_are_cut_without_gaps() {
        let cuts: Vec<_> = cut(5..5 + BODY_SLICE + 1).collect();
        assert_eq!(cuts, [5..5 + BODY_SLICE, 5 + BODY_SLICE..6 + BODY_SLICE]);
        assert_eq!(cut(7..7).count(), 0);
    }
}
