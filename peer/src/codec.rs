//! A call on a stream: one JSON object is sent and one comes back. Each object is at most 64 KiB,
//! and each side closes its half of the stream after sending it.
//!
//! A request goes out along with the proposal of its protocol, so that a call takes one round trip,
//! and [`crate::muxer`] closes the caller's half once the protocol is accepted. No call takes longer
//! for it: an object shows where it ends, so neither side waits for the other to close.

use std::io;
use std::time::Duration;

use fluence::call::{self, MAX_MESSAGE, MessageError, Reply, Request};
use futures::future::{Either, select};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use futures_timer::Delay;
use libp2p::{StreamProtocol, request_response};
use tokio::sync::oneshot;
use web_time::Instant;

use crate::refusal::Refusal;

/// How long a caller may take to write its request, which it has ready before it opens the stream.
const READ_REQUEST: Duration = Duration::from_secs(20);
/// How many more bytes of a request that is too large are read and discarded, so that a caller that
/// reads only after it has written everything still gets its answer.
const DRAIN: usize = 1024 * 1024;
/// How many bytes of a message are read at a time. Nearly all messages are shorter.
const PIECE: usize = 1024;

/// Reads and writes the messages of [`call::PROTOCOL`]. Each stream has a clone of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallCodec {
    /// When the caller gives up; set on outgoing streams.
    deadline: Option<Instant>,
}

/// A request, in either direction.
#[derive(Debug)]
pub(crate) enum CallRequest {
    /// A request to be sent, encoded, and the time when the caller gives up.
    Out(Vec<u8>, Instant),
    /// A request that was received. If it could not be decoded, it is answered with `bad_request`.
    In(Result<Request, MessageError>),
}

/// A reply, in either direction.
#[derive(Debug)]
pub(crate) enum CallReply {
    /// A reply to be sent once the program has it.
    Out(oneshot::Receiver<Reply>),
    /// A reply to be sent now.
    Now(Reply),
    /// A reply that was received.
    In(Reply),
}

impl request_response::Codec for CallCodec {
    type Protocol = StreamProtocol;
    type Request = CallRequest;
    type Response = CallReply;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<CallRequest>
    where
        T: AsyncRead + Unpin + Send,
    {
        let read = async {
            let bytes = read_bounded(io).await?;
            if bytes.len() > MAX_MESSAGE {
                futures::io::copy(io.take(DRAIN as u64), &mut futures::io::sink()).await?;
            }
            Ok(CallRequest::In(call::decode(&bytes)))
        };
        within(READ_REQUEST, read).await
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<CallReply>
    where
        T: AsyncRead + Unpin + Send,
    {
        let bytes = until(self.deadline, read_bounded(io)).await?;
        if bytes.is_empty() {
            // The provider closed the stream without an answer.
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        call::decode(&bytes)
            .map(CallReply::In)
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        request: CallRequest,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let CallRequest::Out(bytes, deadline) = request else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        self.deadline = Some(deadline);
        let write = async {
            io.write_all(&bytes).await?;
            // It is closed here, where the deadline holds: that waits for the other side.
            io.close().await
        };
        until(self.deadline, write).await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        reply: CallReply,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let reply = match reply {
            CallReply::Out(reply) => reply.await.unwrap_or_else(|_| Refusal::NoResult.into()),
            CallReply::Now(reply) | CallReply::In(reply) => reply,
        };
        let bytes = call::encode(&reply)
            .or_else(|error| call::encode(&Reply::from(Refusal::UnsendableReply(error))));
        io.write_all(&bytes.map_err(io::Error::other)?).await
    }
}

/// Reads to the end of a JSON object, to the end of the stream, or to one byte beyond
/// [`MAX_MESSAGE`], by which the caller recognises a message that is too large.
async fn read_bounded(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut io = io.take(MAX_MESSAGE as u64 + 1);
    let mut bytes = Vec::new();
    let mut piece = [0; PIECE];
    let mut object = Object::default();
    loop {
        let read = io.read(&mut piece).await?;
        bytes.extend_from_slice(&piece[..read]);
        if read == 0 || piece[..read].iter().any(|byte| object.ends_with(*byte)) {
            return Ok(bytes);
        }
    }
}

/// Finds the end of a JSON object by its brackets. Whether it is valid is for the decoder to say.
#[derive(Default)]
struct Object {
    depth: usize,
    in_string: bool,
    is_escaped: bool,
}

impl Object {
    /// Takes the next byte, and returns whether it is the last one of the object.
    fn ends_with(&mut self, byte: u8) -> bool {
        if self.in_string {
            match byte {
                _ if self.is_escaped => self.is_escaped = false,
                b'\\' => self.is_escaped = true,
                b'"' => self.in_string = false,
                _ => {}
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => {
                self.depth = self.depth.saturating_sub(1);
                return self.depth == 0;
            }
            _ => {}
        }
        false
    }
}

async fn until<T>(
    deadline: Option<Instant>,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    match deadline {
        Some(deadline) => within(deadline.saturating_duration_since(Instant::now()), work).await,
        None => work.await,
    }
}

pub(crate) async fn within<T>(
    time: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    match select(std::pin::pin!(work), Delay::new(time)).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use futures::FutureExt;
    use futures::io::Cursor;

    use super::*;

    /// The rest of a stream that the other side leaves open.
    struct Silence;

    impl AsyncRead for Silence {
        fn poll_read(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }
    }

    fn read(text: &[u8]) -> Option<Vec<u8>> {
        let mut io = Cursor::new(text.to_vec()).chain(Silence);
        let read = read_bounded(&mut io).now_or_never()?;
        Some(read.unwrap())
    }

    #[test]
    fn an_object_ends_with_its_last_bracket() {
        let long = format!(r#"{{"a": "{}"}}"#, "x".repeat(3 * PIECE));
        for whole in [
            "{}",
            r#"{"function": "f", "args": {"list": [{}, []]}}"#,
            r#" {"text": "}]\"}\\"}"#,
            r#"{"text": "\\\""}"#,
            &long,
            "}",
        ] {
            assert_eq!(read(whole.as_bytes()).unwrap(), whole.as_bytes(), "{whole}");
            let cut = &whole[..whole.len() - 1];
            assert_eq!(read(cut.as_bytes()), None, "{cut}");
        }
    }

    #[test]
    fn a_message_of_the_largest_size_is_read_and_one_byte_more_is_seen() {
        for size in [MAX_MESSAGE, MAX_MESSAGE + 1, MAX_MESSAGE + 2] {
            let text = format!(r#"{{"a":"{}"}}"#, "x".repeat(size - 8));
            let read = read(text.as_bytes()).unwrap();
            assert_eq!(read.len(), size.min(MAX_MESSAGE + 1));
        }
    }
}
