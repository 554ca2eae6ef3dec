//! The HTTP server: connections, and how long they may be idle.

use std::convert::Infallible;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;

/// How many connections may be open at one time.
const MAX_CONNECTIONS: usize = 2048;
/// How long a client may take to send a request's head.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);
/// How long a connection may be open without a request after its first.
const IDLE_PATIENCE: Duration = Duration::from_secs(60);
/// How long a client may read nothing of what is sent to it.
const WRITE_PATIENCE: Duration = Duration::from_secs(120);
/// How often an HTTP/2 client is pinged.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long an HTTP/2 client may take to answer a ping.
const PING_PATIENCE: Duration = Duration::from_secs(20);
/// How many streams an HTTP/2 connection may have at one time.
const MAX_STREAMS: u32 = 128;
/// How many bytes an HTTP/2 client may send on one stream before they are read.
const STREAM_WINDOW: u32 = 1 << 20;
/// The same limit for all streams of a connection together.
const CONNECTION_WINDOW: u32 = 4 << 20;
/// How long responses may continue after the server was told to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be accepted, most likely because too many files
/// are open.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The requests under way on a connection. hyper has a timer for the head of an HTTP/1.1 request,
/// but none before it knows the version of HTTP, and none for an HTTP/2 client that sends no
/// request.
#[derive(Default)]
struct Traffic {
    open: AtomicUsize,
    changed: Notify,
}

impl Traffic {
    /// Returns when no request has been under way for too long.
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

/// Counts a request as under way until it is dropped.
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

/// A body that keeps its request under way until it has been sent.
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

/// Wraps a router so that its requests count as a connection's traffic.
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

/// Serves HTTP/1.1, and HTTP/2 to clients that begin with it, until `shutdown` completes. Responses
/// under way then have a few seconds to finish.
///
/// # Errors
/// Never fails at present: a connection that cannot be accepted is logged.
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
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            },
        };
        // With Nagle's algorithm, a small response would wait until the previous one is
        // acknowledged.
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
    // Connections that take longer are cut off when the runtime shuts down.
    let _ = timeout(STOP_PATIENCE, graceful.shutdown()).await;
    Ok(())
}
