//! A muxer whose streams are closed only once the other side has answered.
//!
//! A stream proposes its protocol together with its first bytes, which saves a round trip. A stream that is closed at
//! once as well is more than js-libp2p bears: it loses what it has read, and resets the stream. So the half of a stream
//! that this peer has opened is closed when the first byte of the answer comes, which at the latest accepts the protocol.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};

/// A muxer with such streams.
pub(crate) struct Muxer<M>(pub(crate) M);

/// A stream whose half is closed only once the other side has answered.
pub(crate) struct Stream<S> {
    inner: S,
    answer: Answer,
}

/// What is known of the other side's bytes.
#[derive(Clone, Copy)]
enum Answer {
    /// None has come.
    Awaited,
    /// The first was read before the program asked for it.
    Held(u8),
    /// The program has read some, or the other side has opened the stream.
    Seen,
}

impl<M> StreamMuxer for Muxer<M>
where
    M: StreamMuxer + Unpin,
    M::Substream: Unpin,
{
    type Substream = Stream<M::Substream>;
    type Error = M::Error;

    fn poll_inbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        let stream = Pin::new(&mut self.0).poll_inbound(cx);
        stream.map_ok(|inner| Stream {
            inner,
            answer: Answer::Seen,
        })
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        let stream = Pin::new(&mut self.0).poll_outbound(cx);
        stream.map_ok(|inner| Stream {
            inner,
            answer: Answer::Awaited,
        })
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Pin::new(&mut self.0).poll_close(cx)
    }

    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<StreamMuxerEvent, Self::Error>> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        if let (Answer::Held(byte), [first, ..]) = (self.answer, &mut *buf) {
            *first = byte;
            self.answer = Answer::Seen;
            return Poll::Ready(Ok(1));
        }
        let read = ready!(Pin::new(&mut self.inner).poll_read(cx, buf))?;
        self.answer = Answer::Seen;
        Poll::Ready(Ok(read))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if matches!(self.answer, Answer::Awaited) {
            ready!(self.as_mut().poll_flush(cx))?;
            let mut first = [0];
            let read = ready!(Pin::new(&mut self.inner).poll_read(cx, &mut first))?;
            self.answer = match read {
                0 => Answer::Seen,
                _ => Answer::Held(first[0]),
            };
        }
        Pin::new(&mut self.inner).poll_close(cx)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use futures::{AsyncReadExt, AsyncWriteExt, FutureExt};

    use super::*;

    /// One side of a stream: what has come from the other side, and whether this half is closed.
    #[derive(Clone, Default)]
    struct Half(Arc<Mutex<(Vec<u8>, bool)>>);

    impl AsyncRead for Half {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let (come, _) = &mut *self.0.lock().unwrap();
            if come.is_empty() {
                return Poll::Pending;
            }
            let read = come.len().min(buf.len());
            buf[..read].copy_from_slice(&come[..read]);
            come.drain(..read);
            Poll::Ready(Ok(read))
        }
    }

    impl AsyncWrite for Half {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            buf: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(buf.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.0.lock().unwrap().1 = true;
            Poll::Ready(Ok(()))
        }
    }

    impl Half {
        fn come(&self, bytes: &[u8]) {
            self.0.lock().unwrap().0.extend_from_slice(bytes);
        }

        fn is_closed(&self) -> bool {
            self.0.lock().unwrap().1
        }
    }

    #[test]
    fn an_opened_stream_is_closed_once_the_other_side_has_answered() {
        let half = Half::default();
        let (inner, answer) = (half.clone(), Answer::Awaited);
        let mut stream = Stream { inner, answer };
        assert!(
            stream
                .write_all(b"proposal and request")
                .now_or_never()
                .is_some()
        );
        assert!(stream.close().now_or_never().is_none());
        assert!(!half.is_closed());
        half.come(b"accepted");
        assert!(matches!(stream.close().now_or_never(), Some(Ok(()))));
        assert!(half.is_closed());
        // Nothing of the answer is lost, and the next read waits.
        let mut text = [0; 8];
        let read = stream.read_exact(&mut text).now_or_never();
        assert!(matches!(read, Some(Ok(()))));
        assert_eq!(&text, b"accepted");
        assert!(stream.read(&mut text).now_or_never().is_none());
    }

    #[test]
    fn a_stream_of_the_other_side_is_closed_at_once() {
        let half = Half::default();
        let (inner, answer) = (half.clone(), Answer::Seen);
        let mut stream = Stream { inner, answer };
        assert!(stream.close().now_or_never().is_some());
        assert!(half.is_closed());
    }
}
