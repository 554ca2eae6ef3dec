//! The HTTP server: it accepts connections, with TLS where that is configured, counts their requests,
//! and hands WebSockets over to the node's libp2p peer.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use axum::response::IntoResponse;
use fluence_peer::{Meter, WebSockets};
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use ipnet::IpNet;
use soketto::handshake::http::{Server as Handshake, is_upgrade_request};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig as TlsConfig;
use tokio_util::compat::TokioAsyncReadCompatExt;

use super::connections::{Connection, Connections, Traffic, UnderWay};
use super::counts::Counts;
use super::forwarded::{client, is_trusted};
use super::limits::{
    ACCEPT_PAUSE, HEAD_PATIENCE, MAX_CONNECTIONS, STOP_PATIENCE, WRITE_PATIENCE, builder,
};
use super::proxy_protocol;
use crate::fairness::AddressBlock;
use crate::platform::file_limit;
use crate::tls::PROOF;

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

/// The configuration of a [`Server`].
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// How many connections may be open at one time, if the process may have four times as many
    /// files open.
    pub max_connections: usize,
    /// The networks of reverse proxies, which say truly for whom they ask.
    pub proxies: Vec<IpNet>,
    /// Whether they say so with the PROXY protocol, with which each of their connections must then begin.
    pub proxy_protocol: bool,
    /// Counts and limits the bytes of all connections.
    pub meter: Meter,
    /// Takes WebSockets over; without it, none are opened.
    pub web_sockets: Option<WebSockets>,
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            max_connections: MAX_CONNECTIONS,
            proxies: Vec::new(),
            proxy_protocol: false,
            meter: Meter::default(),
            web_sockets: None,
        }
    }
}

/// Where a connection comes from.
#[derive(Clone, Copy)]
struct Origin {
    address: SocketAddr,
    /// Whether it began with the PROXY protocol. A proxy that speaks it passes requests on as they are, so that whatever
    /// they say of their client is the client's own word.
    is_told: bool,
}

/// An HTTP server: its routes, and the limits that hold for all its ports together.
pub struct Server {
    router: Router,
    config: ServerConfig,
    builder: Builder<TokioExecutor>,
    connections: Arc<Connections>,
    counts: Counts,
}

impl Server {
    /// A server of these routes, which listens nowhere yet.
    pub fn new(router: Router, config: ServerConfig) -> Arc<Self> {
        let files = file_limit() / FILES_SHARE;
        if files < config.max_connections {
            tracing::warn!(
                "only {files} HTTP connections instead of {} at one time: a quarter of the files that may be open",
                config.max_connections
            );
        }
        Arc::new(Self {
            connections: Connections::new(files.min(config.max_connections)),
            router,
            config,
            builder: builder(),
            counts: Counts::default(),
        })
    }

    /// How many connections are open, and how many may be.
    pub fn connections(&self) -> (usize, usize) {
        self.connections.count()
    }

    /// How many requests were answered with each status, in its order.
    pub fn responses(&self) -> Vec<(u16, u64)> {
        self.counts.all()
    }

    /// Serves HTTP/1.1, and HTTP/2 to clients that begin with it or choose it, with TLS if it is
    /// configured, until `shutdown` completes. Responses under way then have a few seconds to finish.
    /// A connection that cannot be accepted makes others end.
    pub async fn serve(
        self: Arc<Self>,
        listener: TcpListener,
        tls: Option<Arc<TlsConfig>>,
        shutdown: impl Future<Output = ()>,
    ) {
        let tls = tls.map(TlsAcceptor::from);
        let graceful = GracefulShutdown::new();
        let mut shutdown = pin!(shutdown);
        loop {
            let accepted = tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => accepted,
            };
            let (stream, from) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    tracing::debug!(%error, "a connection could not be accepted");
                    self.connections.make_room();
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                    continue;
                }
            };
            let Some(connection) = self.connections.enter(AddressBlock::from(from.ip())) else {
                continue;
            };
            let (server, tls, watcher) = (Arc::clone(&self), tls.clone(), graceful.watcher());
            tokio::spawn(async move {
                let Some((stream, from, connection)) =
                    server.origin(stream, from, connection).await
                else {
                    return;
                };
                let traffic = Arc::clone(&connection.traffic);
                tokio::select! {
                    () = server.talk(stream, from, tls, &traffic, watcher) => {}
                    // It ends a client that does not come to the end of TLS's handshake, too.
                    () = traffic.ends() => {}
                }
                drop(connection);
            });
        }
        drop(listener);
        // Connections that take longer are cut off when the runtime shuts down.
        let _ = timeout(STOP_PATIENCE, graceful.shutdown()).await;
    }

    /// Where a connection comes from: for one of a proxy that speaks the PROXY protocol, the client whom it names, who
    /// takes the place of the proxy. `None` if it ends here.
    async fn origin(
        &self,
        mut stream: TcpStream,
        from: SocketAddr,
        connection: Connection,
    ) -> Option<(TcpStream, Origin, Connection)> {
        let origin = |address: SocketAddr, is_told: bool| Origin { address, is_told };
        if !self.config.proxy_protocol || !is_trusted(from.ip(), &self.config.proxies) {
            return Some((stream, origin(from, false), connection));
        }
        let told = tokio::select! {
            told = proxy_protocol::read(&mut stream) => told,
            () = connection.traffic.ends() => return None,
        };
        match told {
            Ok(Some(client)) => {
                drop(connection);
                let connection = self.connections.enter(AddressBlock::from(client.ip()))?;
                Some((stream, origin(client, true), connection))
            }
            Ok(None) => Some((stream, origin(from, true), connection)),
            Err(error) => {
                tracing::debug!(%error, proxy = %from, "a connection did not begin with the PROXY protocol");
                None
            }
        }
    }

    /// Serves one connection to its end.
    async fn talk(
        self: &Arc<Self>,
        stream: TcpStream,
        from: Origin,
        tls: Option<TlsAcceptor>,
        traffic: &Arc<Traffic>,
        watcher: Watcher,
    ) {
        // With Nagle's algorithm, a small response would wait until the previous one is
        // acknowledged.
        let _ = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(self.config.meter.wrap(stream));
        stream.set_write_timeout(Some(WRITE_PATIENCE));
        let stream = Box::pin(stream);
        match tls {
            None => self.answer(stream, from, traffic, watcher).await,
            Some(tls) => match tls.accept(stream).await {
                // An authority has seen what it came for.
                Ok(stream) if stream.get_ref().1.alpn_protocol() == Some(PROOF) => {}
                Ok(stream) => self.answer(stream, from, traffic, watcher).await,
                Err(error) => tracing::debug!(%error, "a connection did not begin TLS"),
            },
        }
    }

    async fn answer(
        self: &Arc<Self>,
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        from: Origin,
        traffic: &Arc<Traffic>,
        watcher: Watcher,
    ) {
        let service = self.service(Arc::clone(traffic), from);
        let stream = TokioIo::new(stream);
        let serving = self.builder.serve_connection_with_upgrades(stream, service);
        if let Err(error) = watcher.watch(serving.into_owned()).await {
            tracing::debug!(error, "a connection ended");
        }
    }

    /// Answers the requests of a connection, which count as its traffic, and notes where they come
    /// from.
    fn service(
        self: &Arc<Self>,
        traffic: Arc<Traffic>,
        from: Origin,
    ) -> impl Service<
        Request<Incoming>,
        Response = Response<Body>,
        Error = Infallible,
        Future: Send + 'static,
    > + Send
    + 'static {
        let server = Arc::clone(self);
        let router = TowerToHyperService::new(self.router.clone());
        service_fn(move |mut request: Request<Incoming>| {
            let client = server.client(from, request.headers());
            request.extensions_mut().insert(AddressBlock::from(client));
            let under_way = UnderWay::begin(&traffic);
            let server = Arc::clone(&server);
            let answer = match &server.config.web_sockets {
                Some(web_sockets) if is_upgrade_request(&request) => {
                    let from = SocketAddr::new(client, from.address.port());
                    Err(open(web_sockets.clone(), request, from))
                }
                _ => Ok(router.call(request)),
            };
            async move {
                let response = match answer {
                    Ok(answer) => answer.await?,
                    Err(response) => response,
                };
                server.counts.add(response.status());
                Ok(response.map(|body| {
                    Body::new(Counted {
                        body,
                        _under_way: under_way,
                    })
                }))
            }
        })
    }

    /// Where a request comes from: the address of the connection, or the one that a proxy names.
    fn client(&self, from: Origin, headers: &HeaderMap) -> IpAddr {
        let address = from.address.ip();
        match from.is_told {
            true => address,
            false => client(address, headers, &self.config.proxies),
        }
    }
}

/// Answers a request that opens a WebSocket, and hands the WebSocket over.
fn open(
    web_sockets: WebSockets,
    mut request: Request<Incoming>,
    from: SocketAddr,
) -> Response<Body> {
    let origin = request.headers().get(header::ORIGIN);
    if !web_sockets.serves(origin.map(|origin| origin.as_bytes())) {
        tracing::debug!(
            ?origin,
            "a web page may not connect; --allow-origins allows it"
        );
        return StatusCode::FORBIDDEN.into_response();
    }
    let Ok(answer) = Handshake::new().receive_request(&request) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let opened = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        if let Ok(Ok(stream)) = timeout(HEAD_PATIENCE, opened).await {
            web_sockets.hand_over(TokioIo::new(stream).compat(), from);
        }
    });
    answer.map(|()| Body::empty())
}
