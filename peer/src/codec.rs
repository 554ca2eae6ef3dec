//! A call on a stream: one JSON object there, one back, each side closed after its object, neither over 64 KiB.

use std::io;
use std::time::Duration;

use fluence::call::{self, ErrorCode, MAX_MESSAGE, MessageError, Reply, Request};
use futures::future::{Either, select};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use futures_timer::Delay;
use libp2p::{StreamProtocol, request_response};
use tokio::sync::oneshot;
use web_time::Instant;

/// How long a caller may take to write its request; it has been composed before the stream was opened.
const READ_REQUEST: Duration = Duration::from_secs(20);
/// Of a request that is too large so much more is read and thrown away, for a caller that reads only after it wrote.
const DRAIN: usize = 1024 * 1024;

/// Reads and writes the messages of [`call::PROTOCOL`]. Each stream has a clone of its own.
#[derive(Debug, Clone, Default)]
pub(crate) struct CallCodec {
    /// When the caller gives up, on a stream that goes out.
    deadline: Option<Instant>,
}

/// A request, outward or inward.
#[derive(Debug)]
pub(crate) enum CallRequest {
    /// To be sent: encoded, and when the caller gives up.
    Out(Vec<u8>, Instant),
    /// Received; what was not understood is answered with `bad_request`.
    In(Result<Request, MessageError>),
}

/// A reply, outward or inward.
#[derive(Debug)]
pub(crate) enum CallReply {
    /// To be sent, when the provider has it.
    Out(oneshot::Receiver<Reply>),
    /// To be sent now.
    Now(Reply),
    /// Received.
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
            // The provider ended before it answered.
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
            CallReply::Out(reply) => reply.await.unwrap_or_else(|_| {
                Reply::error(ErrorCode::Internal, "the function ended without a result")
            }),
            CallReply::Now(reply) | CallReply::In(reply) => reply,
        };
        let bytes = call::encode(&reply).or_else(|e| {
            call::encode(&Reply::error(
                ErrorCode::Internal,
                format!("the function's result cannot be sent: {e}"),
            ))
        });
        io.write_all(&bytes.map_err(io::Error::other)?).await
    }
}

/// Reads to the end, but one byte over the limit at most, so that too much is seen and never taken for whole.
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
