//! The HTTP server: it accepts connections, and counts their requests.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{Request, Response};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;

use super::connections::{Connections, Traffic, UnderWay};
use super::limits::{ACCEPT_PAUSE, MAX_CONNECTIONS, STOP_PATIENCE, WRITE_PATIENCE, builder};
use crate::fairness::AddressBlock;
use crate::platform::file_limit;

/// How many of the files that the process may have open are for connections of HTTP: one in this
/// many.
const FILES_SHARE: usize = 4;

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

/// Wraps a router so that its requests count as a connection's traffic, and say where they come from.
fn counted(
    router: Router,
    traffic: Arc<Traffic>,
    block: AddressBlock,
) -> impl Service<
    Request<Incoming>,
    Response = Response<Body>,
    Error = Infallible,
    Future: Send + 'static,
> + Send
+ 'static {
    let router = TowerToHyperService::new(router);
    service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(block);
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
/// Never fails at present: a connection that cannot be accepted makes others end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let files = file_limit() / FILES_SHARE;
    let connections = Connections::new(files.min(MAX_CONNECTIONS));
    let builder = builder();
    let graceful = GracefulShutdown::new();
    let mut shutdown = pin!(shutdown);
    loop {
        let accepted: io::Result<(TcpStream, SocketAddr)> = tokio::select! {
            () = &mut shutdown => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::debug!(%error, "a connection could not be accepted");
                connections.make_room();
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let block = AddressBlock::from(from.ip());
        let Some(connection) = connections.enter(block) else {
            continue;
        };
        // With Nagle's algorithm, a small response would wait until the previous one is
        // acknowledged.
        let _ = stream.set_nodelay(true);
        let service = counted(router.clone(), Arc::clone(&connection.traffic), block);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(WRITE_PATIENCE));
        let stream = TokioIo::new(Box::pin(stream));
        let serving = builder.serve_connection(stream, service).into_owned();
        let serving = graceful.watch(serving);
        tokio::spawn(async move {
            tokio::select! {
                ended = serving => if let Err(error) = ended {
                    tracing::debug!(error, "a connection ended");
                },
                () = connection.traffic.ends() => {}
            }
            drop(connection);
        });
    }
    drop(listener);
    // Connections that take longer are cut off when the runtime shuts down.
    let _ = timeout(STOP_PATIENCE, graceful.shutdown()).await;
    Ok(())
}
