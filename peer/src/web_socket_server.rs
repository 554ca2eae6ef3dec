//! The server's side of WebSocket (RFC 6455) as a libp2p transport.
//!
//! libp2p uses a WebSocket as a stream of bytes, so messages need not be put together: the payload
//! of a frame is passed on as it arrives. What a stranger can make this side hold is one frame
//! header, however long the frame says that it is. libp2p's own WebSocket transport sets aside as
//! many bytes as a frame header declares, before a single one has come.

use std::collections::HashMap;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::future::BoxFuture;
use futures::{AsyncRead, AsyncWrite, AsyncWriteExt, FutureExt, TryFutureExt};
use libp2p::Multiaddr;
use libp2p::core::Transport;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use libp2p::multiaddr::Protocol;
use soketto::handshake::Server;
use soketto::handshake::server::Response;

/// The most bytes that are sent in one frame.
const FRAME: usize = 64 * 1024;
/// The longest header of a frame: two bytes, eight of a length, and four of a mask.
const HEADER: usize = 14;
/// The longest payload of a control frame (RFC 6455, section 5.5).
const CONTROL: usize = 125;

/// Opcodes (RFC 6455, section 5.2).
const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;
/// The bit that marks the last frame of a message.
const FIN: u8 = 0x80;

/// Listens for WebSockets on addresses such as `/ip4/…/tcp/…/ws`; it cannot dial.
#[derive(Debug)]
pub(crate) struct Listening<T> {
    inner: T,
    /// The `/ws` of each listener's address.
    listeners: HashMap<ListenerId, Protocol<'static>>,
    pages: Arc<[String]>,
}

impl<T> Listening<T> {
    /// `pages` are the origins of the web pages that may connect ([`is_served`]).
    pub(crate) fn new(inner: T, pages: Arc<[String]>) -> Self {
        Self {
            inner,
            listeners: HashMap::new(),
            pages,
        }
    }
}

impl<T> Transport for Listening<T>
where
    T: Transport + Unpin,
    T::Output: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    T::ListenerUpgrade: Send + 'static,
    T::Error: Send + Sync + 'static,
{
    type Output = Connection<T::Output>;
    type Error = io::Error;
    type ListenerUpgrade = BoxFuture<'static, io::Result<Self::Output>>;
    type Dial = BoxFuture<'static, io::Result<Self::Output>>;

    fn listen_on(
        &mut self,
        id: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        let mut inner = address.clone();
        let Some(web_socket @ Protocol::Ws(_)) = inner.pop() else {
            return Err(TransportError::MultiaddrNotSupported(address));
        };
        if matches!(inner.iter().last(), Some(Protocol::Tls)) {
            return Err(TransportError::MultiaddrNotSupported(address));
        }
        self.inner
            .listen_on(id, inner)
            .map_err(|error| error.map(io::Error::other))?;
        self.listeners.insert(id, web_socket.acquire());
        Ok(())
    }

    fn remove_listener(&mut self, id: ListenerId) -> bool {
        self.inner.remove_listener(id)
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        _: DialOpts,
    ) -> Result<Self::Dial, TransportError<io::Error>> {
        Err(TransportError::MultiaddrNotSupported(address))
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        let this = &mut *self;
        let event = ready!(Pin::new(&mut this.inner).poll(cx));
        let web_socket = |id: &ListenerId, mut address: Multiaddr| {
            if let Some(web_socket) = this.listeners.get(id) {
                address.push(web_socket.clone());
            }
            address
        };
        let event = match event {
            TransportEvent::NewAddress {
                listener_id,
                listen_addr,
            } => TransportEvent::NewAddress {
                listen_addr: web_socket(&listener_id, listen_addr),
                listener_id,
            },
            TransportEvent::AddressExpired {
                listener_id,
                listen_addr,
            } => TransportEvent::AddressExpired {
                listen_addr: web_socket(&listener_id, listen_addr),
                listener_id,
            },
            TransportEvent::Incoming {
                listener_id,
                upgrade,
                local_addr,
                send_back_addr,
            } => {
                let pages = this.pages.clone();
                let accept = |stream| async move { accept(stream, &pages).await };
                TransportEvent::Incoming {
                    upgrade: upgrade.map_err(io::Error::other).and_then(accept).boxed(),
                    local_addr: web_socket(&listener_id, local_addr),
                    send_back_addr: web_socket(&listener_id, send_back_addr),
                    listener_id,
                }
            }
            TransportEvent::ListenerClosed {
                listener_id,
                reason,
            } => {
                this.listeners.remove(&listener_id);
                TransportEvent::ListenerClosed {
                    listener_id,
                    reason: reason.map_err(io::Error::other),
                }
            }
            TransportEvent::ListenerError { listener_id, error } => TransportEvent::ListenerError {
                listener_id,
                error: io::Error::other(error),
            },
        };
        Poll::Ready(event)
    }
}

/// Whether whoever sends this `Origin` may open a WebSocket.
///
/// A browser sends it for every page, which cannot change it, and lets a page connect to any server, this machine too.
/// A page that is connected learns who this peer is, and would know its person again on every site. So a page is served
/// only if its origin is among `pages`, or if `*` is. A browser's extensions, which a person has installed, and programs
/// that are no browsers, which send no `Origin`, are served always.
///
/// That a page has the same host as this peer means nothing: its own host name may lead here by now.
pub(crate) fn is_served(origin: Option<&[u8]>, pages: &[String]) -> bool {
    let Some(origin) = origin else { return true };
    let scheme = origin.split(|byte| *byte == b':').next();
    scheme.is_some_and(|scheme| scheme.ends_with(b"-extension"))
        || pages
            .iter()
            .any(|page| page == "*" || page.as_bytes().eq_ignore_ascii_case(origin))
}

/// Answers the HTTP request that opens a WebSocket; it may have 8 KiB.
async fn accept<S>(stream: S, pages: &[String]) -> io::Result<Connection<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut server = Server::new(stream);
    let request = server.receive_request().await.map_err(io::Error::other)?;
    let origin = request.headers().origin;
    let answer = if is_served(origin, pages) {
        Response::Accept {
            key: request.key(),
            protocol: None,
        }
    } else {
        let origin = origin.map(String::from_utf8_lossy);
        tracing::debug!(
            ?origin,
            "a web page may not connect; --allow-origins allows it"
        );
        Response::Reject { status_code: 403 }
    };
    server
        .send_response(&answer)
        .await
        .map_err(io::Error::other)?;
    if let Response::Reject { .. } = answer {
        server.into_inner().close().await?;
        return Err(io::ErrorKind::PermissionDenied.into());
    }
    // A client sends nothing before it has the answer, so nothing was read beyond the request.
    Ok(Connection::new(server.into_inner()))
}

/// An open WebSocket as a stream of bytes.
#[derive(Debug)]
pub(crate) struct Connection<S> {
    stream: S,
    reader: Reader,
    /// Whole frames that wait to be sent: at most one with bytes, one pong and one close frame.
    unsent: Vec<u8>,
    /// How many bytes of [`Self::unsent`] are sent.
    sent: usize,
    /// Whether a close frame was sent, or waits to be.
    closing: bool,
}

/// What has been read of a frame.
#[derive(Debug)]
enum Reader {
    /// The first bytes of its header.
    Header { bytes: [u8; HEADER], length: usize },
    /// The header of a frame with data, of whose payload this many bytes are left.
    Data { left: u64, mask: Mask },
    /// The header of a control frame, and what has come of its payload.
    Control {
        opcode: u8,
        expected: usize,
        payload: Vec<u8>,
        mask: Mask,
    },
    /// A close frame, or the end of the stream.
    Ended,
}

const START: Reader = Reader::Header {
    bytes: [0; HEADER],
    length: 0,
};

/// The key by which a client hides its payload from proxies (RFC 6455, section 5.3), and the place in it.
#[derive(Debug, Clone, Copy)]
struct Mask {
    key: [u8; 4],
    at: usize,
}

impl Mask {
    fn lift(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte ^= self.key[self.at];
            self.at = (self.at + 1) % 4;
        }
    }
}

/// The header of a frame from a client.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    opcode: u8,
    length: u64,
    key: [u8; 4],
}

/// Reads a header; `Err(n)` if it has `n` bytes at least.
fn header_of(bytes: &[u8]) -> io::Result<Result<Header, usize>> {
    let [first, second, rest @ ..] = bytes else {
        return Ok(Err(2));
    };
    let opcode = first & 0x0f;
    let is_control = opcode >= CLOSE;
    let short = second & 0x7f;
    let known = matches!(opcode, CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG);
    // A client masks what it sends. No extension was agreed on that would use the reserved bits.
    let is_wrong = !known
        || first & 0x70 != 0
        || second & 0x80 == 0
        || is_control && (first & FIN == 0 || usize::from(short) > CONTROL);
    if is_wrong {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let (length, key) = match short {
        126 => match rest.split_at_checked(2) {
            Some((length, key)) => (u64::from(be(length) as u16), key),
            None => return Ok(Err(8)),
        },
        127 => match rest.split_at_checked(8) {
            Some((length, key)) => (be(length), key),
            None => return Ok(Err(14)),
        },
        length => (u64::from(length), rest),
    };
    let beside = bytes.len() - key.len();
    Ok(match key.first_chunk() {
        Some(key) => Ok(Header {
            opcode,
            length,
            key: *key,
        }),
        None => Err(beside + 4),
    })
}

fn be(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .fold(0, |number, byte| number << 8 | u64::from(*byte))
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            reader: START,
            unsent: Vec::new(),
            sent: 0,
            closing: false,
        }
    }

    /// The stream beneath.
    #[cfg(any(test, feature = "fuzzing"))]
    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    /// Adds a frame to those that wait to be sent. What a server sends is not masked.
    fn queue(&mut self, opcode: u8, payload: &[u8]) {
        self.unsent.reserve(HEADER + payload.len());
        self.unsent.push(FIN | opcode);
        match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
            (Ok(length @ ..=125), _) => self.unsent.push(length),
            (_, Ok(length)) => {
                self.unsent.push(126);
                self.unsent.extend(length.to_be_bytes());
            }
            _ => {
                self.unsent.push(127);
                self.unsent.extend((payload.len() as u64).to_be_bytes());
            }
        }
        self.unsent.extend(payload);
    }

    /// Sends what waits.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.sent < self.unsent.len() {
            let stream = Pin::new(&mut self.stream);
            let sent = ready!(stream.poll_write(cx, &self.unsent[self.sent..]))?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += sent;
        }
        // A node has thousands of connections, most of which are idle: nothing is kept for the next frame.
        self.unsent = Vec::new();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }

    /// Handles a whole control frame.
    fn control(&mut self, cx: &mut Context<'_>, opcode: u8, payload: &[u8]) -> io::Result<()> {
        let answer = match opcode {
            PING => PONG,
            CLOSE => CLOSE,
            _ => return Ok(()),
        };
        if opcode == CLOSE {
            self.reader = Reader::Ended;
        }
        // A ping need not be answered while an earlier answer waits (RFC 6455, section 5.5.3), and a
        // close frame is sent once.
        let is_needed = match opcode {
            PING => self.unsent.len() < CONTROL && !self.closing,
            _ => !std::mem::replace(&mut self.closing, true),
        };
        if is_needed {
            self.queue(answer, payload);
        }
        // Whoever writes or flushes next sends it, if it cannot be sent now.
        match self.poll_send(cx) {
            Poll::Ready(Err(error)) => Err(error),
            Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        if buffer.is_empty() {
            return Poll::Ready(Ok(0));
        }
        loop {
            let mut stream = Pin::new(&mut this.stream);
            match &mut this.reader {
                Reader::Ended => return Poll::Ready(Ok(0)),
                Reader::Header { bytes, length } => match header_of(&bytes[..*length])? {
                    Err(needed) => {
                        let wanted = &mut bytes[*length..needed];
                        let read = ready!(stream.as_mut().poll_read(cx, wanted))?;
                        *length += read;
                        if read == 0 {
                            this.reader = Reader::Ended;
                        }
                    }
                    Ok(header) => {
                        let mask = Mask {
                            key: header.key,
                            at: 0,
                        };
                        this.reader = if header.opcode >= CLOSE {
                            Reader::Control {
                                opcode: header.opcode,
                                expected: usize::try_from(header.length).unwrap_or(CONTROL),
                                payload: Vec::new(),
                                mask,
                            }
                        } else {
                            Reader::Data {
                                left: header.length,
                                mask,
                            }
                        };
                    }
                },
                Reader::Data { left: 0, .. } => this.reader = START,
                Reader::Data { left, mask } => {
                    let most = usize::try_from(*left).unwrap_or(usize::MAX);
                    let most = most.min(buffer.len());
                    let read = ready!(stream.as_mut().poll_read(cx, &mut buffer[..most]))?;
                    if read == 0 {
                        return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                    }
                    mask.lift(&mut buffer[..read]);
                    *left -= read as u64;
                    return Poll::Ready(Ok(read));
                }
                Reader::Control {
                    opcode,
                    expected,
                    payload,
                    mask,
                } => {
                    if payload.len() < *expected {
                        let mut bytes = [0; CONTROL];
                        let wanted = &mut bytes[..*expected - payload.len()];
                        let read = ready!(stream.as_mut().poll_read(cx, wanted))?;
                        if read == 0 {
                            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                        }
                        mask.lift(&mut bytes[..read]);
                        payload.extend(&bytes[..read]);
                        continue;
                    }
                    let (opcode, payload) = (*opcode, std::mem::take(payload));
                    this.reader = START;
                    this.control(cx, opcode, &payload)?;
                }
            }
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_send(cx))?;
        if self.closing {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let length = bytes.len().min(FRAME);
        self.queue(BINARY, &bytes[..length]);
        // The bytes are taken; what cannot be sent now is sent with the next write or flush.
        if let Poll::Ready(Err(error)) = self.poll_send(cx) {
            return Poll::Ready(Err(error));
        }
        Poll::Ready(Ok(length))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !std::mem::replace(&mut self.closing, true) {
            // 1000 stands for a normal closure (RFC 6455, section 7.4.1).
            self.queue(CLOSE, &1000_u16.to_be_bytes());
        }
        ready!(self.poll_send(cx))?;
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::AsyncReadExt;
    use futures::io::Cursor;

    use super::*;

    /// A stream with something to read, at most so many bytes at a time, that keeps what is written.
    struct Fake {
        incoming: Cursor<Vec<u8>>,
        step: usize,
        outgoing: Vec<u8>,
    }

    impl AsyncRead for Fake {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let most = buffer.len().min(self.step);
            Pin::new(&mut self.incoming).poll_read(cx, &mut buffer[..most])
        }
    }

    impl AsyncWrite for Fake {
        fn poll_write(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.outgoing.extend(bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn connection(incoming: Vec<u8>, step: usize) -> Connection<Fake> {
        Connection::new(Fake {
            incoming: Cursor::new(incoming),
            step,
            outgoing: Vec::new(),
        })
    }

    /// A frame as a client sends it.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let key = [1, 2, 3, 4];
        let mut frame = vec![first];
        match payload.len() {
            length @ ..=125 => frame.push(0x80 | length as u8),
            length @ ..=0xffff => {
                frame.push(0x80 | 126);
                frame.extend((length as u16).to_be_bytes());
            }
            length => {
                frame.push(0x80 | 127);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.extend(key);
        let masked = payload.iter().zip(key.iter().cycle());
        frame.extend(masked.map(|(byte, key)| byte ^ key));
        frame
    }

    #[tokio::test]
    async fn frames_of_every_length_are_one_stream_of_bytes() {
        let (small, medium, large) = (vec![1; 5], vec![2; 300], vec![3; 70_000]);
        let mut incoming = frame(FIN | BINARY, &small);
        incoming.extend(frame(BINARY, &medium));
        incoming.extend(frame(FIN | PING, b"are you there?"));
        incoming.extend(frame(FIN | CONTINUATION, &large));
        incoming.extend(frame(FIN | BINARY, b""));
        incoming.extend(frame(FIN | CLOSE, &1000_u16.to_be_bytes()));
        incoming.extend(frame(FIN | BINARY, b"after the end"));
        for step in [1, 7, usize::MAX] {
            let mut connection = connection(incoming.clone(), step);
            let mut bytes = Vec::new();
            connection.read_to_end(&mut bytes).await.unwrap();
            assert_eq!(bytes, [&small[..], &medium, &large].concat());
            let mut answers = b"\x8a\x0eare you there?".to_vec();
            answers.extend([FIN | CLOSE, 2]);
            answers.extend(1000_u16.to_be_bytes());
            assert_eq!(connection.stream.outgoing, answers);
            assert!(connection.write_all(b"too late").await.is_err());
        }
    }

    #[tokio::test]
    async fn bytes_are_sent_in_frames() {
        let mut connection = connection(Vec::new(), 1);
        for length in [5, 200, FRAME + 1] {
            connection.write_all(&vec![9; length]).await.unwrap();
        }
        connection.close().await.unwrap();
        let mut sent = vec![FIN | BINARY, 5, 9, 9, 9, 9, 9, FIN | BINARY, 126, 0, 200];
        sent.extend([9; 200]);
        sent.extend([FIN | BINARY, 127, 0, 0, 0, 0, 0, 1, 0, 0]);
        sent.extend([9; FRAME]);
        sent.extend([FIN | BINARY, 1, 9, FIN | CLOSE, 2, 0x03, 0xe8]);
        assert_eq!(connection.stream.outgoing, sent);
    }

    #[tokio::test]
    async fn what_no_client_sends_ends_the_connection() {
        let mut unmasked = frame(FIN | BINARY, b"x");
        unmasked[1] &= 0x7f;
        for wrong in [
            unmasked,
            frame(FIN | 3, b"x"),
            frame(FIN | 0x40 | BINARY, b"x"),
            frame(PING, b"x"),
            frame(FIN | PING, &[0; 126]),
        ] {
            let mut connection = connection(wrong, usize::MAX);
            assert!(connection.read(&mut [0; 10]).await.is_err());
        }
    }

    #[test]
    fn a_web_page_is_served_only_if_it_is_allowed() {
        let page = "https://share.example:8443";
        let served = |origin: &str, pages: &[&str]| {
            let pages: Vec<String> = pages.iter().map(|page| (*page).to_owned()).collect();
            is_served(Some(origin.as_bytes()), &pages)
        };
        assert!(is_served(None, &[]));
        for extension in ["chrome-extension://abcdef", "moz-extension://0a-1b"] {
            assert!(served(extension, &[]), "{extension}");
        }
        for origin in [
            page,
            "http://127.0.0.1:4102",
            "null",
            "file://",
            "",
            "https://chrome-extension",
            "https://x-extension://y",
        ] {
            assert!(!served(origin, &[]), "{origin}");
            assert!(served(origin, &["*"]), "{origin}");
        }
        assert!(served(page, &["http://other.example", page]));
        assert!(!served("https://share.example", &[page]));
    }

    #[tokio::test]
    async fn a_frame_that_never_comes_costs_nothing() {
        let mut header = frame(FIN | BINARY, b"");
        header[1] = 0x80 | 127;
        header.splice(2..2, u64::MAX.to_be_bytes());
        header.extend(b"abc");
        let mut connection = connection(header, usize::MAX);
        let mut buffer = [0; 10];
        assert_eq!(connection.read(&mut buffer).await.unwrap(), 3);
        assert!(connection.read(&mut buffer).await.is_err());
        assert!(connection.unsent.capacity() == 0);
    }
}
