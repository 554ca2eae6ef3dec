//! The HTTP face of a [`Storage`]: an IPFS trustless gateway, a place to upload to, and links that open for anyone.
//!
//! Rules are those of the [trustless gateway](https://specs.ipfs.tech/http-gateways/trustless-gateway/) and [path
//! gateway](https://specs.ipfs.tech/http-gateways/path-gateway/) specifications. What is added: a block that is still
//! on its way is waited for, and a response that cannot be completed breaks instead of ending as if it were whole.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header,
};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use fluence::Cid;
use futures::FutureExt as _;
use futures::future::{BoxFuture, Shared};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use serde::Deserialize;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;

use crate::storage::Storage;

mod answer;
mod body;
mod car;
mod file;
mod import;
mod listing;
mod request;
mod resolve;

/// Responses that are made at one time.
const MAX_RESPONSES: usize = 256;
/// Uploads that are taken at one time.
const MAX_UPLOADS: usize = 64;
/// Connections that are open at one time.
const MAX_CONNECTIONS: usize = 2048;
/// Files that are asked for by name at one time, because a link to them was opened.
const MAX_FETCHES: usize = 64;
/// DAGs of which it is remembered that their providers were asked for a name.
const MAX_DESCRIPTIONS: usize = 4096;
/// How long an answer may wait for that.
const DESCRIBE_PATIENCE: Duration = Duration::from_secs(2);
/// How long a client may take to send a request's head.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);
/// How long a connection may be open without a request after its first.
const IDLE_PATIENCE: Duration = Duration::from_secs(60);
/// How long a client may take none of what is sent to it.
const WRITE_PATIENCE: Duration = Duration::from_secs(120);
/// How often an HTTP/2 client is asked whether it is there, and how long it may take to say so.
const PING_EVERY: Duration = Duration::from_secs(20);
const PING_PATIENCE: Duration = Duration::from_secs(20);
/// Streams of one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;
/// Bytes that an HTTP/2 client may send before they are read: in one stream, and in all.
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 4 << 20;
/// How long responses may go on when the server is to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be accepted: most likely there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Brings files that the storage lacks: the node calls their function, so that their provider uploads them.
pub trait Fetcher: Send + Sync + 'static {
    /// Has a DAG brought into the storage. Returns when its blocks are on their way or have come.
    fn fetch(&self, cid: Cid) -> BoxFuture<'static, Result<Fetched, FetchError>>;

    /// Asks what a provider says of its file, and moves nothing.
    fn describe(&self, cid: Cid) -> BoxFuture<'static, Option<Fetched>>;
}

/// What a provider says of its file. All of it is made safe before use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fetched {
    /// What it calls it.
    pub name: Option<String>,
    /// Its MIME type.
    pub mime: Option<String>,
}

/// Why a file is not brought.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// Nobody provides its function.
    #[error("nobody shares this file now; ask its sharer to open the browser or to share it again")]
    NotFound,
    /// Someone does, and it failed.
    #[error("the file's provider could not be made to upload it: {0}")]
    Failed(String),
}

/// Tells more for `/healthz`: an object whose members are added.
pub type Health = Arc<dyn Fn() -> serde_json::Map<String, serde_json::Value> + Send + Sync>;

/// How a gateway behaves.
#[derive(Clone, Default)]
pub struct GatewayConfig {
    /// Whether links open for anyone: files as they are, not only as verifiable blocks.
    pub open: bool,
    /// Brings what the storage lacks, when the gateway is open.
    pub fetcher: Option<Arc<dyn Fetcher>>,
    /// What else `/healthz` tells.
    pub health: Option<Health>,
}

impl std::fmt::Debug for GatewayConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GatewayConfig")
            .field("open", &self.open)
            .field("fetcher", &self.fetcher.is_some())
            .finish_non_exhaustive()
    }
}

/// What a DAG's provider was asked to say of it.
type Description = Shared<BoxFuture<'static, Option<Fetched>>>;
type Fetch = Shared<BoxFuture<'static, Result<Fetched, FetchError>>>;

/// What all handlers share.
struct Gateway {
    storage: Arc<Storage>,
    config: GatewayConfig,
    responses: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
    fetches: Mutex<HashMap<Cid, Fetch>>,
    /// Of DAGs that came without a name, each asked for once.
    descriptions: Mutex<HashMap<Cid, Description>>,
}

impl Gateway {
    /// Has a DAG brought, once for all who ask for it at one time; `None` where that is not done here.
    fn fetch(self: &Arc<Self>, cid: &Cid) -> Option<Fetch> {
        let fetcher = self.config.fetcher.as_ref().filter(|_| self.config.open)?;
        let mut fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetch) = fetches.get(cid) {
            return Some(fetch.clone());
        }
        if fetches.len() >= MAX_FETCHES {
            return None;
        }
        let fetch = fetcher.fetch(*cid).shared();
        fetches.insert(*cid, fetch.clone());
        drop(fetches);
        // It goes on when the one who asked has gone, and others may be waiting for it.
        let (gateway, task, cid) = (Arc::clone(self), fetch.clone(), *cid);
        tokio::spawn(async move {
            if let Ok(Fetched { name, mime }) = task.await {
                gateway.storage.describe(&cid, name, mime);
            }
            gateway
                .fetches
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&cid);
        });
        Some(fetch)
    }
}

impl Gateway {
    /// What a DAG's provider calls it, and its type: as it was noted, else as the provider says when it is asked now,
    /// for which it has a little time.
    async fn description(&self, root: &Cid) -> (Option<String>, Option<String>) {
        let noted = self.storage.description(root);
        if noted != (None, None) {
            return noted;
        }
        let Some(asked) = self.describe(root) else {
            return noted;
        };
        let Some(Fetched { name, mime }) = asked.await else {
            return noted;
        };
        self.storage.describe(root, name.clone(), mime.clone());
        (name, mime)
    }

    /// Asks what a DAG's provider calls it, within [`DESCRIBE_PATIENCE`] from when it was first asked; `None` where that
    /// is not done.
    fn describe(&self, root: &Cid) -> Option<Description> {
        let fetcher = self.config.fetcher.as_ref().filter(|_| self.config.open)?;
        // What is here as a part of others only has no provider that is known.
        self.storage.dag_state(root)?;
        let fetches = self.fetches.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(fetch) = fetches.get(root) {
            // Who has it brought is told as well.
            return Some(soon(fetch.clone().map(Result::ok)));
        }
        drop(fetches);
        let mut asked = self
            .descriptions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if asked.len() >= MAX_DESCRIPTIONS && !asked.contains_key(root) {
            asked.clear();
        }
        let description = asked
            .entry(*root)
            .or_insert_with(|| soon(fetcher.describe(*root)));
        Some(description.clone())
    }
}

/// What is known within [`DESCRIBE_PATIENCE`].
fn soon(asked: impl Future<Output = Option<Fetched>> + Send + 'static) -> Description {
    timeout(DESCRIBE_PATIENCE, asked)
        .map(|known| known.ok().flatten())
        .boxed()
        .shared()
}

/// The gateway, uploads and `/healthz` on a storage.
pub fn router(storage: Arc<Storage>, config: GatewayConfig) -> Router {
    let gateway = Arc::new(Gateway {
        storage,
        config,
        responses: Arc::new(Semaphore::new(MAX_RESPONSES)),
        uploads: Arc::new(Semaphore::new(MAX_UPLOADS)),
        fetches: Mutex::default(),
        descriptions: Mutex::default(),
    });
    Router::new()
        .route("/ipfs/{*path}", get(answer::get).head(answer::get))
        .route("/api/v0/dag/import", post(import::post))
        .route("/healthz", get(healthz))
        // Uploads are bounded by what their tokens allow.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(cors))
        .with_state(gateway)
}

#[derive(Deserialize)]
struct HealthQuery {
    cid: Option<String>,
}

/// What the node has to say of itself. Counters of one DAG are for those who know its CID; a list of all would tell
/// what is stored.
async fn healthz(
    State(gateway): State<Arc<Gateway>>,
    Query(query): Query<HealthQuery>,
) -> Response<Body> {
    let mut health = serde_json::Map::new();
    health.insert("status".into(), "ok".into());
    health.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    let storage = &gateway.storage;
    let put = |health: &mut serde_json::Map<_, _>, name: &str, value| {
        health.insert(name.to_owned(), value);
    };
    put(&mut health, "storage", serde_json::json!(storage.usage()));
    put(
        &mut health,
        "counters",
        serde_json::json!(storage.counters()),
    );
    if let Some(cid) = query.cid.and_then(|text| text.parse::<Cid>().ok()) {
        let mut dag = serde_json::json!(storage.dag_counters(&cid));
        dag["complete"] = serde_json::json!(storage.dag_state(&cid));
        put(&mut health, "dag", dag);
    }
    if let Some(more) = &gateway.config.health {
        health.extend(more());
    }
    (
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        serde_json::Value::Object(health).to_string(),
    )
        .into_response()
}

const ALLOW_METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, OPTIONS");
const ALLOW_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept, Authorization, Cache-Control, Content-Type, If-None-Match, If-Range, Range, User-Agent, X-Requested-With",
);
const EXPOSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Location, Content-Range, Etag, Retry-After, \
     X-Chunked-Output, X-Ipfs-Path, X-Ipfs-Roots, X-Stream-Output",
);
const ANY: HeaderValue = HeaderValue::from_static("*");
const PRIVATE_NETWORK: HeaderName = HeaderName::from_static("access-control-allow-private-network");
const WANTS_PRIVATE_NETWORK: &str = "access-control-request-private-network";
/// How long a browser may remember that it is allowed, in seconds.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("7200");

/// Lets pages of any origin read, and upload with a token: nothing here is told apart by cookies or addresses.
async fn cors(request: Request<Body>, next: Next) -> Response<Body> {
    let preflight = request.method() == Method::OPTIONS;
    let private = request.headers().contains_key(WANTS_PRIVATE_NETWORK);
    let mut response = if preflight {
        StatusCode::NO_CONTENT.into_response()
    } else {
        next.run(request).await
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, ANY);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, ALLOW_METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, ALLOW_HEADERS);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSE_HEADERS);
    if preflight {
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE);
        if private {
            headers.insert(PRIVATE_NETWORK, HeaderValue::from_static("true"));
        }
    }
    response
}

/// An answer that is no content: a sentence for people.
fn failure(status: StatusCode, message: impl std::fmt::Display) -> Response<Body> {
    let mut response = (
        status,
        [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ],
        format!("{message}\n"),
    )
        .into_response();
    retry_after(response.headers_mut(), status);
    response
}

/// Says when to try again what may go better then.
fn retry_after(headers: &mut HeaderMap, status: StatusCode) {
    let seconds = match status {
        StatusCode::TOO_MANY_REQUESTS => "2",
        StatusCode::BAD_GATEWAY
        | StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::GATEWAY_TIMEOUT
        | StatusCode::INSUFFICIENT_STORAGE => "30",
        _ => return,
    };
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static(seconds));
}

/// The requests under way on a connection. hyper has a timer for the head of a request of HTTP/1.1, but none until it
/// knows which HTTP that is, and none for an HTTP/2 client that asks nothing.
#[derive(Default)]
struct Traffic {
    open: AtomicUsize,
    changed: Notify,
}

impl Traffic {
    /// Ends when no request is under way for too long.
    async fn idle(&self) {
        let mut patience = HEAD_PATIENCE;
        loop {
            let changed = timeout(patience, self.changed.notified()).await;
            if changed.is_err() && self.open.load(Ordering::Relaxed) == 0 {
                return;
            }
            patience = IDLE_PATIENCE;
        }
    }
}

/// A request that is under way.
struct UnderWay(Arc<Traffic>);

impl UnderWay {
    fn begin(traffic: &Arc<Traffic>) -> Self {
        traffic.open.fetch_add(1, Ordering::Relaxed);
        traffic.changed.notify_one();
        Self(Arc::clone(traffic))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.changed.notify_one();
    }
}

/// A body whose request is under way until it is sent.
struct Counted {
    body: Body,
    _under_way: UnderWay,
}

impl HttpBody for Counted {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A router that counts its requests as a connection's traffic.
fn counted(
    router: Router,
    traffic: Arc<Traffic>,
) -> impl Service<
    Request<Incoming>,
    Response = Response<Body>,
    Error = Infallible,
    Future: Send + 'static,
> + Send
+ 'static {
    let router = TowerToHyperService::new(router);
    service_fn(move |request: Request<Incoming>| {
        let under_way = UnderWay::begin(&traffic);
        let response = router.call(request);
        async move {
            let response = response.await?;
            Ok(response.map(|body| {
                Body::new(Counted {
                    body,
                    _under_way: under_way,
                })
            }))
        }
    })
}

/// Serves HTTP/1.1, and HTTP/2 to clients that begin with it, until `shutdown` ends; what is under way then has a
/// little time.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_PATIENCE);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_PATIENCE)
        .max_concurrent_streams(MAX_STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW);
    let connections = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted = async {
            // The semaphore is never closed.
            let place = Arc::clone(&connections).acquire_owned().await.ok();
            listener.accept().await.map(|(stream, _)| (stream, place))
        };
        let (stream, place) = tokio::select! {
            () = &mut shutdown => break,
            accepted = accepted => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // Without it small answers wait for the acknowledgement of the last.
        let _ = stream.set_nodelay(true);
        let traffic = Arc::new(Traffic::default());
        let service = counted(router.clone(), Arc::clone(&traffic));
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_PATIENCE));
        let stream = TokioIo::new(Box::pin(stream));
        let connection = builder.serve_connection(stream, service).into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(error, "a connection ended");
                },
                () = traffic.idle() => {}
            }
            drop(place);
        });
    }
    drop(listener);
    // What goes on for longer is cut when the runtime ends.
    let _ = timeout(STOP_PATIENCE, graceful.shutdown()).await;
    Ok(())
}
