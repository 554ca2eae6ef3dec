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

/// Connections that are open at one time.
const MAX_CONNECTIONS: usize = 2048;
/// How long a client may take to send a request's head.
const HEAD_PATIENCE: Duration = Duration::from_secs(15);
/// How long a connection may be open without a request after its first.
const IDLE_PATIENCE: Duration = Duration::from_secs(60);
/// How long a client may take none of what is sent to it.
const WRITE_PATIENCE: Duration = Duration::from_secs(120);
/// How often an HTTP/2 client is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(20);
/// How long it may take to say so.
const PING_PATIENCE: Duration = Duration::from_secs(20);
/// Streams of one HTTP/2 connection.
const MAX_STREAMS: u32 = 128;
/// Bytes that an HTTP/2 client may send before they are read, in one stream.
const STREAM_WINDOW: u32 = 1 << 20;
/// The same for all streams of a connection.
const CONNECTION_WINDOW: u32 = 4 << 20;
/// How long responses may go on when the server is to stop.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be accepted: most likely there are too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

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
