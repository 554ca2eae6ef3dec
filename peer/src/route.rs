//! Routed calls on a stream: a letter goes to a provider through one node or two, and the parts of the answer come back
//! the same way (`docs/protocol.md`, “Routed calls”). What is sealed is the matter of [`crate::seal`].

use std::io;
use std::time::Duration;

use fluence::call::{self, MAX_MESSAGE, Reply};
use futures::future::{Either, select};
use futures::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use futures_timer::Delay;
use libp2p::{PeerId, StreamProtocol, request_response};
use tokio::sync::{mpsc, oneshot};
use web_time::Instant;

use crate::codec::within;
use crate::guests::Place;
use crate::refusal::Refusal;
use crate::seal::{FIRST_PART, LETTER_BESIDE, Opener, PART_BESIDE, Sealer};

/// The protocol of routed calls.
pub(crate) const ROUTE: StreamProtocol = StreamProtocol::new("/fluence/route/1.0.0");
/// Nodes that a caller may name at which the provider may be.
pub(crate) const RELAYS: usize = 4;
/// Nodes that pass a letter on to another node: one.
pub(crate) const HOPS: u8 = 1;
/// The longest peer id, in bytes.
const PEER_ID: usize = 64;
/// The longest letter: the largest request, and what it takes to seal it.
const LETTER: usize = MAX_MESSAGE + LETTER_BESIDE;
/// The longest part of an answer.
const PART: usize = MAX_MESSAGE + PART_BESIDE;
/// How many bytes of one answer a node passes on.
const PASSED: usize = 4 * MAX_MESSAGE;
/// How long somebody may take to write a letter, which is ready before the stream is opened.
const READ_LETTER: Duration = Duration::from_secs(20);
/// How often a provider says that it is at work.
const AT_WORK: Duration = Duration::from_millis(1500);
/// How long the first part of an answer may take, and each of the others, at the caller. Every node on the way waits less
/// by [`LESS`], so that the caller is told which part of the way is broken.
const FIRST: Duration = Duration::from_secs(4);
const NEXT: Duration = Duration::from_secs(6);
const LESS: Duration = Duration::from_millis(500);
/// How many bytes are read at a time.
const PIECE: usize = 4096;

/// A letter and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    /// How many nodes have passed it to another node.
    pub(crate) hops: u8,
    pub(crate) provider: PeerId,
    /// The nodes at which the provider may be, if it is not at the one that gets this.
    pub(crate) relays: Vec<PeerId>,
    /// The sealed request.
    pub(crate) letter: Vec<u8>,
}

/// Why there is no answer, as the next on the way says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The provider is not connected, or does not know routed calls.
    Nobody,
    /// A limit is reached.
    Busy,
    /// The provider does not take the letter: it does not provide the function, has had the letter before, or its clock
    /// and the caller's differ.
    Refused,
    /// The next on the way, or the provider, did not answer in time.
    Silent,
    /// The node took the letter and no answer came from it in time. The caller finds out.
    Dropped,
    /// The answer is not the provider's. The caller finds out.
    Altered,
}

impl Failure {
    const fn code(self) -> u8 {
        match self {
            Self::Nobody => 1,
            Self::Busy => 2,
            Self::Refused => 3,
            Self::Silent | Self::Dropped | Self::Altered => 4,
        }
    }

    const fn of(code: u8) -> Self {
        match code {
            1 => Self::Nobody,
            2 => Self::Busy,
            3 => Self::Refused,
            _ => Self::Silent,
        }
    }
}

/// What comes back on a stream, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    /// A sealed part of the answer.
    Sealed(Vec<u8>),
    /// Nothing more comes.
    Failed(Failure),
}

/// A letter, in either direction.
#[derive(Debug)]
pub(crate) enum Request {
    /// One of this peer's own, with the time when it gives up.
    Own(Route, Box<Opener>, Instant),
    /// One of somebody else, to whom the parts of the answer are passed, and how many nodes were on the way before this one.
    #[cfg_attr(target_family = "wasm", allow(dead_code))]
    Pass(Route, mpsc::Sender<Part>, u8),
    /// One that was received.
    In(Route),
}

/// An answer, in either direction.
pub(crate) enum Answer {
    /// The first part, and what seals the reply once the program has it.
    Out(Vec<u8>, Sealer, oneshot::Receiver<Reply>),
    /// The parts that come from elsewhere.
    #[cfg_attr(target_family = "wasm", allow(dead_code))]
    Passing(mpsc::Receiver<Part>, Option<Place>),
    /// There is none. This may be sent and received.
    Failed(Failure),
    /// The reply that was received.
    In(Reply),
    /// Parts were passed on, and whether there were any that were sealed.
    #[cfg_attr(target_family = "wasm", allow(dead_code))]
    Passed(bool),
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Answer")
    }
}

/// Reads and writes what [`ROUTE`] has. Each stream has a clone of its own.
#[derive(Default)]
pub(crate) struct RouteCodec {
    /// What becomes of the answer; set on outgoing streams.
    way: Option<Way>,
    /// How much sooner than the caller this side gives up.
    less: Duration,
}

enum Way {
    Own(Box<Opener>, Instant),
    Pass(mpsc::Sender<Part>),
}

impl Clone for RouteCodec {
    /// A codec is cloned for a new stream.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl request_response::Codec for RouteCodec {
    type Protocol = StreamProtocol;
    type Request = Request;
    type Response = Answer;

    async fn read_request<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Request>
    where
        T: AsyncRead + Unpin + Send,
    {
        within(READ_LETTER, read_route(io)).await.map(Request::In)
    }

    async fn read_response<T>(&mut self, _: &StreamProtocol, io: &mut T) -> io::Result<Answer>
    where
        T: AsyncRead + Unpin + Send,
    {
        let (first, next) = (FIRST - self.less, NEXT - self.less);
        match self.way.take() {
            Some(Way::Own(opener, deadline)) => own(io, opener, deadline, first, next).await,
            Some(Way::Pass(back)) => pass(io, back, first, next).await,
            None => Err(io::ErrorKind::InvalidInput.into()),
        }
    }

    async fn write_request<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        request: Request,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        let (route, way, before) = match request {
            Request::Own(route, opener, deadline) => (route, Way::Own(opener, deadline), 0),
            Request::Pass(route, back, hops) => (route, Way::Pass(back), 1 + u32::from(hops)),
            Request::In(_) => return Err(io::ErrorKind::InvalidInput.into()),
        };
        self.way = Some(way);
        self.less = LESS * before;
        let write = async {
            io.write_all(&route.encode()).await?;
            // It is closed here, where there is a limit of time: that waits for the other side.
            io.close().await
        };
        within(FIRST - self.less, write).await
    }

    async fn write_response<T>(
        &mut self,
        _: &StreamProtocol,
        io: &mut T,
        answer: Answer,
    ) -> io::Result<()>
    where
        T: AsyncWrite + Unpin + Send,
    {
        match answer {
            Answer::Out(first, mut sealer, mut reply) => {
                write_part(io, &Part::Sealed(first)).await?;
                let reply = loop {
                    match select(reply, Delay::new(AT_WORK)).await {
                        Either::Left((reply, _)) => {
                            break reply.unwrap_or_else(|_| Refusal::NoResult.into());
                        }
                        Either::Right((_, still)) => reply = still,
                    }
                    write_part(io, &Part::Sealed(sealer.at_work())).await?;
                };
                let bytes = call::encode(&reply)
                    .or_else(|error| call::encode(&Reply::from(Refusal::UnsendableReply(error))))
                    .map_err(io::Error::other)?;
                write_part(io, &Part::Sealed(sealer.reply(&bytes))).await
            }
            Answer::Passing(mut parts, _place) => {
                while let Some(part) = parts.recv().await {
                    write_part(io, &part).await?;
                }
                // Whoever has got the reply is gone by now; the others are told that nothing more comes.
                let _ = write_part(io, &Part::Failed(Failure::Silent)).await;
                Ok(())
            }
            Answer::Failed(failure) => write_part(io, &Part::Failed(failure)).await,
            Answer::In(_) | Answer::Passed(_) => Err(io::ErrorKind::InvalidInput.into()),
        }
    }
}

/// Reads the answer to a letter of this peer's own.
async fn own(
    io: &mut (impl AsyncRead + Unpin),
    mut opener: Box<Opener>,
    deadline: Instant,
    first: Duration,
    next: Duration,
) -> io::Result<Answer> {
    let mut patience = first;
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        let part = match within(patience.min(left), read_part(io)).await {
            Ok(part) => part,
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                return Ok(Answer::Failed(Failure::Altered));
            }
            Err(error) => return Err(error),
        };
        patience = next;
        match part {
            Part::Failed(failure) => return Ok(Answer::Failed(failure)),
            Part::Sealed(part) => match opener.open(&part).map(|reply| reply.map(decoded)) {
                Ok(None) => {}
                Ok(Some(reply)) => return reply,
                Err(_) => return Ok(Answer::Failed(Failure::Altered)),
            },
        }
    }
}

fn decoded(bytes: Vec<u8>) -> io::Result<Answer> {
    let reply = call::decode(&bytes).map(Answer::In);
    reply.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Passes the parts of an answer on until it ends, or the one who waits for them is gone.
async fn pass(
    io: &mut (impl AsyncRead + Unpin),
    back: mpsc::Sender<Part>,
    first: Duration,
    next: Duration,
) -> io::Result<Answer> {
    let (mut patience, mut passed, mut has_sealed) = (first, 0, false);
    loop {
        let part = match within(patience, read_part(io)).await {
            Ok(part) => part,
            // After the last part, the stream ends.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Ok(Answer::Passed(has_sealed));
            }
            Err(_) => {
                let _ = back.send(Part::Failed(Failure::Silent)).await;
                return Ok(Answer::Passed(false));
            }
        };
        patience = next;
        if let Part::Sealed(bytes) = &part {
            has_sealed = true;
            passed += bytes.len();
        }
        let is_over = matches!(part, Part::Failed(_)) || passed > PASSED;
        if back.send(part).await.is_err() || is_over {
            return Ok(Answer::Passed(has_sealed));
        }
    }
}

impl Route {
    /// One byte of hops; the provider's id; the number of relays and their ids; the length of the letter in four bytes, the
    /// highest first; the letter. Each id has its length before it, in one byte.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = vec![self.hops];
        let id = |bytes: &mut Vec<u8>, id: &PeerId| {
            let id = id.to_bytes();
            bytes.push(id.len() as u8);
            bytes.extend(id);
        };
        id(&mut bytes, &self.provider);
        let relays = self.relays.iter().take(RELAYS);
        bytes.push(relays.len() as u8);
        relays.for_each(|relay| id(&mut bytes, relay));
        bytes.extend((self.letter.len() as u32).to_be_bytes());
        bytes.extend(&self.letter);
        bytes
    }
}

fn invalid() -> io::Error {
    io::ErrorKind::InvalidData.into()
}

/// Reads what [`Route::encode`] writes.
pub(crate) async fn read_route(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Route> {
    let hops = read_byte(io).await?;
    if hops > HOPS {
        return Err(invalid());
    }
    let provider = read_id(io).await?;
    let count = usize::from(read_byte(io).await?);
    if count > RELAYS {
        return Err(invalid());
    }
    let mut relays = Vec::new();
    for _ in 0..count {
        relays.push(read_id(io).await?);
    }
    let letter = read_bytes(io, LETTER).await?;
    Ok(Route {
        hops,
        provider,
        relays,
        letter,
    })
}

/// A sealed part is the byte 0, its length in four bytes, the highest first, and its bytes. A failure is its code.
async fn write_part(io: &mut (impl AsyncWrite + Unpin), part: &Part) -> io::Result<()> {
    let bytes = match part {
        Part::Sealed(part) => {
            let mut bytes = vec![0];
            bytes.extend((part.len() as u32).to_be_bytes());
            bytes.extend(part);
            bytes
        }
        Part::Failed(failure) => vec![failure.code()],
    };
    io.write_all(&bytes).await?;
    io.flush().await
}

/// Reads what [`write_part`] writes.
pub(crate) async fn read_part(io: &mut (impl AsyncRead + Unpin)) -> io::Result<Part> {
    match read_byte(io).await? {
        0 => read_bytes(io, PART.max(FIRST_PART)).await.map(Part::Sealed),
        code => Ok(Part::Failed(Failure::of(code))),
    }
}

async fn read_byte(io: &mut (impl AsyncRead + Unpin)) -> io::Result<u8> {
    let mut byte = [0];
    io.read_exact(&mut byte).await?;
    Ok(byte[0])
}

async fn read_id(io: &mut (impl AsyncRead + Unpin)) -> io::Result<PeerId> {
    let length = usize::from(read_byte(io).await?);
    if length > PEER_ID {
        return Err(invalid());
    }
    let mut bytes = vec![0; length];
    io.read_exact(&mut bytes).await?;
    PeerId::from_bytes(&bytes).map_err(|_| invalid())
}

/// Reads a length in four bytes and as many bytes, for which memory is set aside as they come.
async fn read_bytes(io: &mut (impl AsyncRead + Unpin), most: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    io.read_exact(&mut length).await?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > most {
        return Err(invalid());
    }
    let (mut bytes, mut piece) = (Vec::new(), [0; PIECE]);
    while bytes.len() < length {
        let room = PIECE.min(length - bytes.len());
        match io.read(&mut piece[..room]).await? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            read => bytes.extend_from_slice(&piece[..read]),
        }
    }
    Ok(bytes)
}
