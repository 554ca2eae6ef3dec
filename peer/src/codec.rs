//! A call on a stream: one JSON object is sent and one comes back. Each object is at most 64 KiB,
//! and each side closes its half of the stream after sending it.

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
        until(self.deadline, io.write_all(&bytes)).await
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

/// Reads to the end, or to one byte beyond [`MAX_MESSAGE`], by which the caller recognises a
/// message that is too large.
async fn read_bounded(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io.take(MAX_MESSAGE as u64 + 1)
        .read_to_end(&mut bytes)
        .await?;
    Ok(bytes)
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

async fn within<T>(time: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match select(std::pin::pin!(work), Delay::new(time)).await {
        Either::Left((result, _)) => result,
        Either::Right(_) => Err(io::ErrorKind::TimedOut.into()),
    }
}
