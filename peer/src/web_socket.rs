//! A browser's WebSocket as a libp2p transport.
//!
//! A browser reports when bytes arrive and when a socket ends. It does not report when it has sent
//! its buffered bytes, and it cannot be told to stop receiving. So bytes are handed to it at once,
//! a writer waits only while [`MAX_UNSENT`] bytes or more are unsent, and a connection on which
//! more than [`MAX_UNREAD`] bytes are waiting to be read is broken. The end of a socket wakes every
//! task that waits for it.
//!
//! A browser opens one WebSocket to an address at a time (RFC 6455, section 4.1), so one that is not answered would hold up
//! the next: it ends when its dial does.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures::future::{BoxFuture, Either, Ready, select};
use futures::{AsyncRead, AsyncWrite, FutureExt};
use futures_timer::Delay;
use libp2p::Multiaddr;
use libp2p::core::transport::{DialOpts, ListenerId, TransportError, TransportEvent};
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use web_sys::{BinaryType, MessageEvent, WebSocket};

use crate::link::DIAL;
use crate::web_socket_url::url_of;

/// How many bytes may wait in the browser to be sent before a writer has to wait.
const MAX_UNSENT: u32 = 1024 * 1024;
/// How often a waiting writer checks whether they have been sent, for which browsers have no event.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How many bytes may wait to be read before the connection is broken.
const MAX_UNREAD: usize = 16 * 1024 * 1024;
/// The status code of a normal closure (RFC 6455, section 7.4.1).
const NORMAL: u16 = 1000;

/// Dials WebSockets; it cannot listen.
#[derive(Debug, Default)]
pub(crate) struct Transport;

impl libp2p::core::Transport for Transport {
    type Output = Connection;
    type Error = io::Error;
    type ListenerUpgrade = Ready<io::Result<Connection>>;
    type Dial = BoxFuture<'static, io::Result<Connection>>;

    fn listen_on(
        &mut self,
        _: ListenerId,
        address: Multiaddr,
    ) -> Result<(), TransportError<io::Error>> {
        Err(TransportError::MultiaddrNotSupported(address))
    }

    fn remove_listener(&mut self, _: ListenerId) -> bool {
        false
    }

    fn dial(
        &mut self,
        address: Multiaddr,
        options: DialOpts,
    ) -> Result<Self::Dial, TransportError<io::Error>> {
        let url = match url_of(&address) {
            Some(url) if options.role.is_dialer() => url,
            _ => return Err(TransportError::MultiaddrNotSupported(address)),
        };
        let opened = async move {
            let opening = Opening(Some(Connection::new(&url)?));
            match select(opening, Delay::new(DIAL)).await {
                Either::Left((opened, _)) => opened,
                Either::Right(_) => Err(io::ErrorKind::TimedOut.into()),
            }
        };
        Ok(opened.boxed())
    }

    fn poll(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<TransportEvent<Self::ListenerUpgrade, io::Error>> {
        Poll::Pending
    }
}

/// Why a WebSocket could not be opened. A browser reveals no more than this.
#[derive(Debug, thiserror::Error)]
enum OpenError {
    /// The socket ended before it was open.
    #[error("nothing answers there, or it is no WebSocket")]
    NotOpened,
    /// This page may not connect to the URL: it is `ws:` from a secure page, or its port is
    /// blocked.
    #[error("the browser forbids it")]
    Forbidden,
}

/// A connection that is not open yet.
struct Opening(Option<Connection>);

impl Future for Opening {
    type Output = io::Result<Connection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Some(connection) = &self.0 else {
            return Poll::Pending;
        };
        if connection.is_open() {
            return Poll::Ready(self.0.take().ok_or(io::ErrorKind::Other.into()));
        }
        if connection.shared.ended.get() {
            return Poll::Ready(Err(io::Error::new(
                io::ErrorKind::ConnectionRefused,
                OpenError::NotOpened,
            )));
        }
        connection.shared.wait(&connection.shared.opener, cx);
        Poll::Pending
    }
}

/// An open WebSocket as a stream of bytes.
pub(crate) struct Connection(SendWrapper<Inner>);

impl std::ops::Deref for Connection {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

pub(crate) struct Inner {
    socket: WebSocket,
    shared: Rc<Shared>,
    /// The callbacks that the browser calls; they live as long as the socket.
    _on_open: Closure<dyn FnMut()>,
    _on_end: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
    /// The timer of a waiting writer.
    look_again: Option<Delay>,
}

/// The state that the browser's events change.
#[derive(Default)]
struct Shared {
    unread: RefCell<VecDeque<u8>>,
    /// Whether the socket was closed or failed.
    ended: Cell<bool>,
    /// Whether the other side sent a text message, or more than [`MAX_UNREAD`] bytes may wait.
    broken: Cell<bool>,
    opener: Cell<Option<Waker>>,
    reader: Cell<Option<Waker>>,
    writer: Cell<Option<Waker>>,
}

impl Shared {
    fn wait(&self, who: &Cell<Option<Waker>>, cx: &Context<'_>) {
        who.set(Some(cx.waker().clone()));
    }

    fn wake_all(&self) {
        for task in [&self.opener, &self.reader, &self.writer] {
            if let Some(waker) = task.take() {
                waker.wake();
            }
        }
    }

    fn on_message(&self, data: &wasm_bindgen::JsValue) {
        let mut unread = self.unread.borrow_mut();
        match data.dyn_ref::<js_sys::ArrayBuffer>() {
            Some(buffer) if unread.len() + buffer.byte_length() as usize <= MAX_UNREAD => {
                unread.extend(js_sys::Uint8Array::new(buffer).to_vec());
            }
            // This is a text message, or it exceeds what may wait.
            _ => self.broken.set(true),
        }
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }
}

impl Connection {
    fn new(url: &str) -> io::Result<Self> {
        let socket = WebSocket::new(url)
            .map_err(|_| io::Error::new(io::ErrorKind::InvalidInput, OpenError::Forbidden))?;
        socket.set_binary_type(BinaryType::Arraybuffer);
        let shared = Rc::new(Shared::default());
        let on_open = Closure::<dyn FnMut()>::new({
            let shared = shared.clone();
            move || shared.wake_all()
        });
        let on_end = Closure::<dyn FnMut()>::new({
            let shared = shared.clone();
            move || {
                shared.ended.set(true);
                shared.wake_all();
            }
        });
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new({
            let shared = shared.clone();
            move |event: MessageEvent| shared.on_message(&event.data())
        });
        let end = Some(on_end.as_ref().unchecked_ref());
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onclose(end);
        socket.set_onerror(end);
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Ok(Self(SendWrapper::new(Inner {
            socket,
            shared,
            _on_open: on_open,
            _on_end: on_end,
            _on_message: on_message,
            look_again: None,
        })))
    }

    fn is_open(&self) -> bool {
        self.socket.ready_state() == WebSocket::OPEN
            && !self.shared.ended.get()
            && !self.shared.broken.get()
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let mut unread = self.shared.unread.borrow_mut();
        if !unread.is_empty() {
            return Poll::Ready(io::Read::read(&mut *unread, buffer));
        }
        if self.shared.broken.get() {
            return Poll::Ready(Err(io::ErrorKind::InvalidData.into()));
        }
        if !self.is_open() {
            return Poll::Ready(Ok(0));
        }
        self.shared.wait(&self.shared.reader, cx);
        Poll::Pending
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        loop {
            if !self.is_open() {
                return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
            }
            if self.socket.buffered_amount() < MAX_UNSENT {
                self.0.look_again = None;
                return Poll::Ready(match self.socket.send_with_u8_array(bytes) {
                    Ok(()) => Ok(bytes.len()),
                    Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
                });
            }
            self.shared.wait(&self.shared.writer, cx);
            let delay = self
                .0
                .look_again
                .get_or_insert_with(|| Delay::new(LOOK_AGAIN));
            futures::ready!(delay.poll_unpin(cx));
            delay.reset(LOOK_AGAIN);
        }
    }

    /// Does nothing, because the browser sends what it has by itself.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Closes the socket without waiting; the browser first sends what it has.
    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let _ = self.socket.close_with_code(NORMAL);
        Poll::Ready(Ok(()))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The closures are dropped along with this, so the browser must not call them afterwards.
        self.socket.set_onopen(None);
        self.socket.set_onclose(None);
        self.socket.set_onerror(None);
        self.socket.set_onmessage(None);
        let _ = self.socket.close_with_code(NORMAL);
    }
}
