//! Reservations of relays whose clock differs from this one.
//!
//! A relay says until when a reservation is valid, as a Unix time by its own clock, and libp2p's client compares it with
//! the clock of this machine: where that is fast, it refuses the reservation, and where it is slow, it renews the
//! reservation long after that has ended (`libp2p-relay` 0.22, `outbound_hop.rs`). Clocks are wrong by hours often enough,
//! and no peer says what time it is. So a time that cannot be right is replaced, on its way to libp2p, by one that has the
//! reservation renewed soon.

use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures::{AsyncRead, AsyncWrite};
use libp2p::core::muxing::{StreamMuxer, StreamMuxerEvent};
use web_time::{SystemTime, UNIX_EPOCH};

/// What both sides send first on a stream to a relay: the protocol that they agree on (multistream-select).
const HOP: &[u8] = b"\x13/multistream/1.0.0\n\x20/libp2p/circuit/relay/0.2.0/hop\n";
/// The longest time until the end of a reservation that is believed, in seconds: the hour that all implementations grant,
/// and a minute by which the clocks of careful machines may differ.
const LONGEST: u64 = 60 * 60 + 60;
/// How long a reservation is taken to last, in seconds, if its end cannot be right. It is renewed after three quarters of
/// that.
const GUESS: u64 = 20 * 60;
/// The longest message that is looked at, in bytes, which is also the longest that libp2p's client reads.
const MAX_MESSAGE: u64 = 4096;
/// How many bytes of a message are read at a time.
const PIECE: usize = 512;

/// A muxer whose streams have the ends of reservations corrected.
pub(crate) struct Muxer<M>(pub(crate) M);

/// A stream on which the end of a reservation is corrected, if it leads to a relay.
pub(crate) struct Stream<S> {
    inner: S,
    part: Part,
}

/// What is known of a stream.
enum Part {
    /// This side has written as many bytes, and they are the first of [`HOP`].
    Asking(usize),
    /// This side has written [`HOP`], and the other one the first bytes of it, as many as these.
    Agreeing(usize),
    /// It leads to a relay, of whose first message this has come, with its length in front.
    Message(Vec<u8>),
    /// The bytes from this one on are to be read before anything else.
    Held(Vec<u8>, usize),
    /// Nothing is looked at any more.
    Other,
}

/// How many of the next bytes are those that follow the first `len` bytes of [`HOP`]; `None` if they differ.
fn goes_on(len: usize, bytes: &[u8]) -> Option<usize> {
    let expected = &HOP[len..];
    let common = expected.len().min(bytes.len());
    (expected[..common] == bytes[..common]).then_some(len + common)
}

/// A number in protobuf's encoding, and how many bytes it takes; `None` if it is not whole.
fn varint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut number = 0;
    for (at, byte) in bytes.iter().enumerate().take(9) {
        number |= u64::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((number, at + 1));
        }
    }
    None
}

/// Where the message is in bytes that begin with its length. `Ok(None)` if more has to come first, and `Err` if no such
/// message is read.
fn message(bytes: &[u8]) -> Result<Option<Range<usize>>, ()> {
    let Some((len, start)) = varint(bytes) else {
        return if bytes.len() < 9 { Ok(None) } else { Err(()) };
    };
    if len > MAX_MESSAGE {
        return Err(());
    }
    let end = start + len as usize;
    Ok((bytes.len() >= end).then_some(start..end))
}

/// Where the value of a field is in this part of a protobuf message.
fn field(bytes: &[u8], message: Range<usize>, wanted: u64) -> Option<Range<usize>> {
    let bytes = bytes.get(..message.end)?;
    let mut at = message.start;
    loop {
        let (key, len) = varint(bytes.get(at..)?)?;
        at += len;
        let (number, len) = varint(bytes.get(at..)?)?;
        let value = match key & 7 {
            0 => at..at + len,
            1 => at..at + 8,
            2 => at + len..(at + len).checked_add(usize::try_from(number).ok()?)?,
            5 => at..at + 4,
            _ => return None,
        };
        if value.end > bytes.len() {
            return None;
        }
        if key >> 3 == wanted {
            return Some(value);
        }
        at = value.end;
    }
}

/// Replaces the end of the reservation in a relay's message (`HopMessage`) unless it may be right, by a clock that says
/// `now`, in Unix seconds.
fn correct(bytes: &mut [u8], message: Range<usize>, now: u64) -> Option<()> {
    const RESERVATION: u64 = 3;
    const EXPIRE: u64 = 1;
    let reservation = field(bytes, message, RESERVATION)?;
    let expire = field(bytes, reservation, EXPIRE)?;
    let (end, len) = varint(&bytes[expire.clone()])?;
    if (1..=LONGEST).contains(&end.saturating_sub(now)) {
        return Some(());
    }
    // All times between 1978 and 3058 take five bytes.
    let mut rest = now + GUESS;
    if rest >> (7 * len) != 0 {
        return None;
    }
    for byte in &mut bytes[expire.start..expire.start + len] {
        *byte = (rest & 0x7f) as u8 | 0x80;
        rest >>= 7;
    }
    bytes[expire.start + len - 1] &= 0x7f;
    Some(())
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Self { inner, part } = &mut *self;
        loop {
            match part {
                Part::Other => return Pin::new(inner).poll_read(cx, buffer),
                // The other side speaks first, as on no stream to a relay.
                Part::Asking(_) => *part = Part::Other,
                Part::Agreeing(len) => {
                    // The message that follows is held back, and nothing before it: this side may wait for that before
                    // it asks for anything.
                    let most = buffer.len().min(HOP.len() - *len);
                    let read = ready!(Pin::new(inner).poll_read(cx, &mut buffer[..most]))?;
                    *part = match goes_on(*len, &buffer[..read]) {
                        Some(len) if len == HOP.len() => Part::Message(Vec::new()),
                        Some(len) if read > 0 => Part::Agreeing(len),
                        _ => Part::Other,
                    };
                    return Poll::Ready(Ok(read));
                }
                Part::Message(bytes) => {
                    let mut piece = [0; PIECE];
                    let read = ready!(Pin::new(&mut *inner).poll_read(cx, &mut piece))?;
                    bytes.extend_from_slice(&piece[..read]);
                    match message(bytes) {
                        Ok(None) if read > 0 => continue,
                        // If it is not understood, libp2p gets it as it is.
                        Ok(Some(message)) => drop(correct(bytes, message, now())),
                        _ => {}
                    }
                    *part = Part::Held(std::mem::take(bytes), 0);
                }
                Part::Held(bytes, at) => {
                    let len = buffer.len().min(bytes.len() - *at);
                    if len == 0 && !buffer.is_empty() {
                        *part = Part::Other;
                        continue;
                    }
                    buffer[..len].copy_from_slice(&bytes[*at..*at + len]);
                    *at += len;
                    return Poll::Ready(Ok(len));
                }
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        if let Part::Asking(len) = self.part {
            self.part = match goes_on(len, &bytes[..written]) {
                Some(len) if len == HOP.len() => Part::Agreeing(0),
                Some(len) => Part::Asking(len),
                None => Part::Other,
            };
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(cx)
    }
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
            part: Part::Other,
        })
    }

    fn poll_outbound(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Self::Substream, Self::Error>> {
        let stream = Pin::new(&mut self.0).poll_outbound(cx);
        stream.map_ok(|inner| Stream {
            inner,
            part: Part::Asking(0),
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

#[cfg(test)]
mod tests {
    use futures::io::Cursor;
    use futures::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    /// A relay that has answered already, of whose answer as many bytes are read at a time.
    struct Relay {
        answer: Cursor<Vec<u8>>,
        step: usize,
    }

    impl AsyncRead for Relay {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut [u8],
        ) -> Poll<io::Result<usize>> {
            let most = buffer.len().min(self.step);
            Pin::new(&mut self.answer).poll_read(cx, &mut buffer[..most])
        }
    }

    impl AsyncWrite for Relay {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Ready(Ok(bytes.len().min(self.step)))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    fn number(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number >= 0x80 {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    fn delimited(key: u8, content: &[u8]) -> Vec<u8> {
        [&[key][..], &number(content.len() as u64), content].concat()
    }

    /// The answer of a relay that grants a reservation until this time, as go-libp2p, js-libp2p and rust-libp2p write it.
    fn granted(expire: u64) -> Vec<u8> {
        let address = delimited(0x12, b"\x04\xcb\x00\x71\x01\x06\x10\x05");
        let reservation = [&b"\x08"[..], &number(expire), &address].concat();
        let message = [
            &b"\x08\x02"[..],
            &delimited(0x1a, &reservation),
            b"\x28\x64",
        ]
        .concat();
        [&number(message.len() as u64), &message[..]].concat()
    }

    /// What libp2p reads of an answer after it has asked a relay.
    async fn heard(answer: &[u8], step: usize) -> Vec<u8> {
        let mut stream = Stream {
            inner: Relay {
                answer: Cursor::new([HOP, answer].concat()),
                step,
            },
            part: Part::Asking(0),
        };
        let asked = [HOP, b"\x02\x08\x00"].concat();
        stream.write_all(&asked).await.unwrap();
        let mut all = Vec::new();
        stream.read_to_end(&mut all).await.unwrap();
        assert_eq!(all[..HOP.len()], *HOP);
        all.split_off(HOP.len())
    }

    #[tokio::test]
    async fn only_an_end_that_cannot_be_right_is_corrected() {
        const HOUR: u64 = 60 * 60;
        let now = now();
        for step in [1, 50, usize::MAX] {
            for right in [now + 10, now + HOUR - 5, now + HOUR + 5] {
                let answer = [granted(right), b"what follows".to_vec()].concat();
                assert_eq!(heard(&answer, step).await, answer);
            }
            // The relay is three hours behind, or five ahead.
            for wrong in [now - 2 * HOUR, now, now + 6 * HOUR] {
                let answer = [granted(wrong), b"what follows".to_vec()].concat();
                let heard = heard(&answer, step).await;
                let corrected = (now..now + 5).map(|now| granted(now + GUESS));
                let corrected = corrected.map(|answer| [answer, b"what follows".to_vec()].concat());
                assert!(corrected.into_iter().any(|corrected| corrected == heard));
            }
        }
    }

    #[tokio::test]
    async fn what_is_no_answer_with_a_reservation_passes_as_it_is() {
        let endless = [0xff; 20];
        let too_long = [&number(MAX_MESSAGE + 1), &[7; 5000][..]].concat();
        for answer in [
            &b""[..],
            b"\x05",
            b"\x04\x08\x02\x28\x64and the bytes of a circuit",
            b"\x06\x08\x02\x1a\x64\x08\x01",
            b"\x03\x1f\xff\xff",
            &granted(5),
            &granted(u64::MAX),
            &granted(1_000_000)[..20],
            &endless,
            &too_long,
        ] {
            for step in [1, usize::MAX] {
                assert_eq!(heard(answer, step).await, answer);
            }
        }
    }

    #[tokio::test]
    async fn other_streams_are_not_looked_at() {
        let answer = [b"\x13/multistream/1.0.0\n\x03na\n".to_vec(), granted(5)].concat();
        let asked: [&[u8]; 2] = [HOP, b"\x13/multistream/1.0.0\n\x10/fluence/call/1\n"];
        for asked in asked {
            let mut stream = Stream {
                inner: Relay {
                    answer: Cursor::new(answer.clone()),
                    step: usize::MAX,
                },
                part: Part::Asking(0),
            };
            stream.write_all(asked).await.unwrap();
            let mut heard = Vec::new();
            stream.read_to_end(&mut heard).await.unwrap();
            assert_eq!(heard, answer);
        }
    }
}
