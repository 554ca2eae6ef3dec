//! How many bytes a node receives and sends, and how many it may in a second.
//!
//! A limit holds for all connections together, and they take turns: each piece is given the time at
//! which the pieces before it are through. So a connection waits as long as it must and no longer,
//! and nobody is woken in vain.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::FutureExt;
use futures_timer::Delay;
use tokio::io::ReadBuf;
use web_time::Instant;

/// The largest piece for which a limited connection waits, in bytes.
const PIECE: usize = 16 * 1024;
/// What is no longer than this does not wait for others, in bytes: pings and their answers, by which both
/// sides of a connection know that the other is there.
const SMALL: usize = 512;
/// How many bytes of a connection do not wait within [`SPARED_FOR`].
const SPARED: usize = 4 * 1024;
const SPARED_FOR: Duration = Duration::from_secs(1);
/// The longest that a piece waits for what was admitted before it.
const LONGEST: Duration = Duration::from_secs(10);
/// For how long what nobody used may be made up for.
const BURST: Duration = Duration::from_millis(250);

/// Counts the bytes of connections, and limits how many pass in a second. All clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Meter(Arc<Lines>);

#[derive(Debug, Default)]
struct Lines {
    received: Line,
    sent: Line,
}

/// One direction.
#[derive(Debug, Default)]
struct Line {
    bytes: AtomicU64,
    limit: Option<Limit>,
}

#[derive(Debug)]
struct Limit {
    bytes_per_second: f64,
    /// When everything that was admitted so far is through.
    free_at: Mutex<Instant>,
}

impl Meter {
    /// A meter that lets through so many bytes in a second in each direction, or any number.
    pub fn new(bytes_per_second: Option<u64>) -> Self {
        let line = || Line {
            bytes: AtomicU64::new(0),
            limit: bytes_per_second.map(|bytes| Limit {
                bytes_per_second: bytes.max(1) as f64,
                free_at: Mutex::new(Instant::now()),
            }),
        };
        Self(Arc::new(Lines {
            received: line(),
            sent: line(),
        }))
    }

    /// The bytes that were received so far.
    pub fn received(&self) -> u64 {
        self.0.received.bytes.load(Ordering::Relaxed)
    }

    /// The bytes that were sent so far.
    pub fn sent(&self) -> u64 {
        self.0.sent.bytes.load(Ordering::Relaxed)
    }

    /// Counts what was received on a connection that is not wrapped, and waits until more may be. Whoever reads in such
    /// steps receives no faster than the limit allows.
    pub async fn has_received(&self, bytes: usize) {
        self.0.received.count(bytes);
        let wait = self.0.received.admit(bytes);
        if !wait.is_zero() {
            Delay::new(wait).await;
        }
    }

    /// A stream whose bytes are counted and limited by this meter.
    pub fn wrap<S>(&self, stream: S) -> Metered<S> {
        Metered {
            stream,
            meter: self.clone(),
            reading: None,
            writing: Turn::None,
            spared: Spared {
                since: Instant::now(),
                bytes: 0,
            },
        }
    }
}

/// What a connection read and wrote in small pieces, without waiting.
#[derive(Debug)]
struct Spared {
    since: Instant,
    bytes: usize,
}

impl Spared {
    /// Whether a piece need not wait.
    fn spares(&mut self, bytes: usize) -> bool {
        if self.since.elapsed() >= SPARED_FOR {
            self.since = Instant::now();
            self.bytes = 0;
        }
        let spares = bytes <= SMALL && self.bytes + bytes <= SPARED;
        if spares {
            self.bytes += bytes;
        }
        spares
    }
}

impl Line {
    fn count(&self, bytes: usize) {
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// Admits a piece; returns how long it has to wait.
    fn admit(&self, bytes: usize) -> Duration {
        let Some(limit) = &self.limit else {
            return Duration::ZERO;
        };
        let now = Instant::now();
        let takes = Duration::from_secs_f64(bytes as f64 / limit.bytes_per_second);
        let mut free_at = limit.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let begins = now.checked_sub(BURST).map_or(*free_at, |t| t.max(*free_at));
        *free_at = (begins + takes).min(now + LONGEST);
        begins.saturating_duration_since(now)
    }

    /// Takes back what was admitted and did not pass.
    fn take_back(&self, bytes: usize) {
        if let Some(limit) = self.limit.as_ref().filter(|_| bytes > 0) {
            let took = Duration::from_secs_f64(bytes as f64 / limit.bytes_per_second);
            let mut free_at = limit.free_at.lock().unwrap_or_else(PoisonError::into_inner);
            *free_at = free_at.checked_sub(took).unwrap_or(*free_at);
        }
    }
}

/// A stream that is counted and limited by a [`Meter`].
#[derive(Debug)]
pub struct Metered<S> {
    stream: S,
    meter: Meter,
    /// Until when nothing is read, because of what was.
    reading: Option<Delay>,
    writing: Turn,
    spared: Spared,
}

impl<S> Drop for Metered<S> {
    fn drop(&mut self) {
        // What was admitted does not pass any more.
        if let Turn::Waits(_, piece) | Turn::Has(piece) = self.writing {
            self.meter.0.sent.take_back(piece);
        }
    }
}

/// A piece that is to be written.
#[derive(Debug)]
enum Turn {
    None,
    Waits(Delay, usize),
    Has(usize),
}

impl<S> Metered<S> {
    /// Waits until something may be read; returns how much.
    fn poll_may_read(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<usize> {
        if self.meter.0.received.limit.is_none() {
            return Poll::Ready(wanted);
        }
        if let Some(wait) = &mut self.reading {
            ready!(wait.poll_unpin(cx));
            self.reading = None;
        }
        Poll::Ready(wanted.min(PIECE))
    }

    fn has_read(&mut self, bytes: usize) {
        self.meter.0.received.count(bytes);
        let wait = self.meter.0.received.admit(bytes);
        let waits = !wait.is_zero() && !self.spared.spares(bytes);
        self.reading = waits.then(|| Delay::new(wait));
    }

    /// Waits until something may be written; returns how much.
    fn poll_may_write(&mut self, cx: &mut Context<'_>, wanted: usize) -> Poll<usize> {
        let line = &self.meter.0.sent;
        if line.limit.is_none() {
            return Poll::Ready(wanted);
        }
        loop {
            match &mut self.writing {
                Turn::None => {
                    let piece = wanted.min(PIECE);
                    let wait = line.admit(piece);
                    self.writing = if wait.is_zero() || self.spared.spares(piece) {
                        Turn::Has(piece)
                    } else {
                        Turn::Waits(Delay::new(wait), piece)
                    };
                }
                Turn::Waits(wait, piece) => {
                    ready!(wait.poll_unpin(cx));
                    self.writing = Turn::Has(*piece);
                }
                Turn::Has(piece) => return Poll::Ready(wanted.min(*piece)),
            }
        }
    }

    /// Notes how a write that was let through has ended.
    fn has_written(&mut self, result: &Poll<io::Result<usize>>) {
        let Poll::Ready(result) = result else { return };
        let written = result.as_ref().copied().unwrap_or(0);
        let line = &self.meter.0.sent;
        line.count(written);
        if let Turn::Has(piece) = std::mem::replace(&mut self.writing, Turn::None) {
            line.take_back(piece.saturating_sub(written));
        }
    }
}

impl<S: futures::AsyncRead + Unpin> futures::AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let most = ready!(self.poll_may_read(cx, buffer.len()));
        let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer[..most]))?;
        self.has_read(read);
        Poll::Ready(Ok(read))
    }
}

impl<S: futures::AsyncWrite + Unpin> futures::AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let most = ready!(self.poll_may_write(cx, bytes.len()));
        let written = Pin::new(&mut self.stream).poll_write(cx, &bytes[..most]);
        self.has_written(&written);
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

impl<S: tokio::io::AsyncRead + Unpin> tokio::io::AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let most = ready!(self.poll_may_read(cx, buffer.remaining()));
        if most == buffer.remaining() {
            let before = buffer.filled().len();
            ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
            self.has_read(buffer.filled().len() - before);
            return Poll::Ready(Ok(()));
        }
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut part))?;
        let read = part.filled().len();
        buffer.advance(read);
        self.has_read(read);
        Poll::Ready(Ok(()))
    }
}

impl<S: tokio::io::AsyncWrite + Unpin> tokio::io::AsyncWrite for Metered<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let most = ready!(self.poll_may_write(cx, bytes.len()));
        let written = Pin::new(&mut self.stream).poll_write(cx, &bytes[..most]);
        self.has_written(&written);
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.meter.0.sent.limit.is_some() {
            let first = slices.iter().find(|slice| !slice.is_empty());
            return self.poll_write(cx, first.map_or(&[], |slice| slice));
        }
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.has_written(&written);
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.meter.0.sent.limit.is_none() && self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use futures::io::{AsyncReadExt, AsyncWriteExt, Cursor};

    use super::*;

    #[tokio::test]
    async fn bytes_are_counted_in_both_directions() {
        let meter = Meter::default();
        let mut read = Vec::new();
        let mut from = meter.wrap(Cursor::new(vec![1; 100_000]));
        from.read_to_end(&mut read).await.unwrap();
        let mut to = meter.wrap(Cursor::new(Vec::new()));
        to.write_all(&read).await.unwrap();
        to.write_all(&[2; 5]).await.unwrap();
        assert_eq!((meter.received(), meter.sent()), (100_000, 100_005));
    }

    #[tokio::test]
    async fn all_connections_together_keep_to_the_limit() {
        let meter = Meter::new(Some(200_000));
        let began = Instant::now();
        let write = || async {
            let mut to = meter.wrap(Cursor::new(Vec::new()));
            to.write_all(&[0; 100_000]).await.unwrap();
            began.elapsed()
        };
        let (one, other) = futures::join!(write(), write());
        // 200 kB take a second, of which a quarter may be made up for and the last pieces need not be waited for.
        let least = Duration::from_millis(500);
        assert!(one.max(other) > least, "{one:?} {other:?}");
        let apart = one.max(other) - one.min(other);
        assert!(apart < least / 2, "they take turns: {one:?} {other:?}");
        let mut read = Vec::new();
        let began = Instant::now();
        let mut from = meter.wrap(Cursor::new(vec![1; 200_000]));
        from.read_to_end(&mut read).await.unwrap();
        assert!(began.elapsed() > least);
    }

    #[tokio::test]
    async fn a_ping_does_not_wait_for_what_others_send() {
        let meter = Meter::new(Some(100_000));
        let bulk = meter.clone();
        let sending = tokio::spawn(async move {
            let mut to = bulk.wrap(Cursor::new(Vec::new()));
            to.write_all(&[0; 10_000_000]).await
        });
        while meter.sent() < 40_000 {
            tokio::task::yield_now().await;
        }
        let began = Instant::now();
        let mut ping = meter.wrap(Cursor::new(vec![1; 32]));
        for _ in 0..10 {
            ping.write_all(&[0; 32]).await.unwrap();
        }
        assert!(began.elapsed() < Duration::from_millis(100));
        assert!(!sending.is_finished());
        sending.abort();
    }

    #[tokio::test]
    async fn many_small_pieces_wait_as_large_ones_do() {
        let meter = Meter::new(Some(50_000));
        let began = Instant::now();
        let mut to = meter.wrap(Cursor::new(Vec::new()));
        for _ in 0..150 {
            to.write_all(&[0; 500]).await.unwrap();
        }
        // 75 kB take a second and a half, of which a quarter of one may be made up for and 4 kB are spared.
        assert!(began.elapsed() > Duration::from_secs(1));
    }

    #[tokio::test]
    async fn what_a_closed_connection_was_to_send_costs_nothing() {
        let meter = Meter::new(Some(1000));
        for _ in 0..100 {
            let mut to = meter.wrap(Cursor::new(Vec::new()));
            let write = to.write_all(&[0; 16_000]);
            let _ = tokio::time::timeout(Duration::from_millis(1), write).await;
        }
        assert!(meter.0.sent.admit(1) <= Duration::from_secs(1));
    }

    #[test]
    fn what_was_not_written_costs_nothing() {
        let meter = Meter::new(Some(1000));
        let line = &meter.0.sent;
        for _ in 0..100 {
            assert!(line.admit(1000) <= Duration::from_secs(1));
            line.take_back(1000);
        }
    }
}
