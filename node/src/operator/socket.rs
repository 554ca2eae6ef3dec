//! Operations on a running node, through a Unix socket in its state directory, which only its owner
//! can enter.
//!
//! Both sides send frames: a tag of one byte, a length of four bytes (little-endian), and that many
//! bytes of payload. The client sends the operation and, for an import, the CAR. The node answers
//! with the outcome. Before that it sends the CAR of an export, its progress, and from time to time
//! a sign that it is still at work. An operation may name the storage that it is meant for; a node
//! with another storage refuses it.

use std::fs;
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::net::UnixListener;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::{Operation, Port, perform};
use crate::exit::{Exit, Failed};
use crate::storage::{ExportError, ImportError, Storage};
use crate::text;

/// The socket's name in the state directory.
pub const SOCKET: &str = "operator.sock";
/// The largest payload of a frame, in bytes.
const MAX_FRAME: usize = 1024 * 1024;
/// The size of the frames into which data and long outcomes are cut, in bytes.
const DATA_FRAME: usize = 256 * 1024;
/// The most operations at the same time.
const MAX_OPERATIONS: usize = 4;
/// How long either side may be silent.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a node that is at work sends a sign of it.
const ALIVE: Duration = Duration::from_secs(10);
/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// The kind of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tag {
    /// The operation, as JSON.
    Operation = 1,
    /// Bytes of a CAR.
    Data = 2,
    /// The end of the CAR.
    End = 3,
    /// The progress as JSON: the bytes that are done, and all bytes.
    Progress = 4,
    /// The outcome, as JSON, or its last piece. This is the last frame.
    Outcome = 5,
    /// The node is still at work.
    Alive = 6,
    /// A piece of an outcome that is too long for one frame; more follows.
    Piece = 7,
}

/// What a client asks for.
#[derive(Debug, Serialize, Deserialize)]
struct Asked {
    #[serde(flatten)]
    operation: Operation,
    /// The directory of the storage that is meant, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    storage: Option<DirectoryId>,
}

/// The identity of a directory, whatever path leads to it: its device and inode numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct DirectoryId(u64, u64);

impl DirectoryId {
    fn of(directory: &Path) -> io::Result<Self> {
        let metadata = fs::metadata(directory)?;
        Ok(Self(metadata.dev(), metadata.ino()))
    }
}

/// How an operation ended.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Outcome {
    Done(Value),
    Failed {
        exit: u8,
        failure: crate::exit::Told,
    },
}

fn send(out: &mut impl Write, tag: Tag, payload: &[u8]) -> io::Result<()> {
    let len = u32::try_from(payload.len()).map_err(|_| io::Error::from(ErrorKind::InvalidInput))?;
    out.write_all(&[tag as u8])?;
    out.write_all(&len.to_le_bytes())?;
    out.write_all(payload)
}

fn send_json(out: &mut impl Write, tag: Tag, value: &impl Serialize) -> io::Result<()> {
    send(out, tag, &serde_json::to_vec(value)?)
}

fn receive(from: &mut impl Read) -> io::Result<(Tag, Vec<u8>)> {
    let mut head = [0; 5];
    from.read_exact(&mut head)?;
    let bad = |what: &str| io::Error::new(ErrorKind::InvalidData, what.to_owned());
    let tag = [
        Tag::Operation,
        Tag::Data,
        Tag::End,
        Tag::Progress,
        Tag::Outcome,
        Tag::Alive,
        Tag::Piece,
    ]
    .into_iter()
    .find(|tag| *tag as u8 == head[0])
    .ok_or_else(|| bad("an unknown frame"))?;
    let len = u32::from_le_bytes([head[1], head[2], head[3], head[4]]) as usize;
    if len > MAX_FRAME {
        return Err(bad("a frame that is too long"));
    }
    let mut payload = vec![0; len];
    from.read_exact(&mut payload)?;
    Ok((tag, payload))
}

fn json<T: DeserializeOwned>(payload: &[u8]) -> io::Result<T> {
    serde_json::from_slice(payload).map_err(io::Error::from)
}

/// Tells what a node is, holds and has done, as a JSON object.
pub type Status = Arc<dyn Fn() -> BoxFuture<'static, Value> + Send + Sync>;

/// Serves operators, for as long as the future is polled, with the storage in `directory` and the
/// node's status. The socket is in `state`, the state directory; one that a killed node left behind is replaced.
///
/// # Errors
/// If the socket cannot be created, or if the storage's directory cannot be examined.
pub async fn serve(
    state: &Path,
    directory: &Path,
    storage: Arc<Storage>,
    status: Status,
) -> io::Result<()> {
    let served = DirectoryId::of(directory)?;
    let path = state.join(SOCKET);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
    let _removed = Removed(path);
    let permits = Arc::new(Semaphore::new(MAX_OPERATIONS));
    loop {
        let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
            return Ok(());
        };
        let stream = match listener
            .accept()
            .await
            .and_then(|(stream, _)| stream.into_std())
        {
            Ok(stream) => stream,
            Err(error) => {
                tracing::warn!("an operator's connection cannot be accepted: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (storage, status, runtime) = (storage.clone(), status.clone(), Handle::current());
        tokio::task::spawn_blocking(move || {
            if let Err(error) = answer(stream, served, &storage, &status, &runtime) {
                tracing::info!("the connection to an operator broke: {error}");
            }
            drop(permit);
        });
    }
}

/// Removes the socket when the node stops.
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

fn answer(
    stream: UnixStream,
    served: DirectoryId,
    storage: &Arc<Storage>,
    status: &Status,
    runtime: &Handle,
) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let to = Mutex::new(BufWriter::new(stream.try_clone()?));
    let mut port = Frames {
        from: BufReader::new(stream),
        to: &to,
        rest: Vec::new(),
        at: 0,
    };
    let (tag, payload) = receive(&mut port.from)?;
    if tag != Tag::Operation {
        return Err(ErrorKind::InvalidData.into());
    }
    let asked: Asked = json(&payload)?;
    let done = if asked.storage.is_some_and(|named| named != served) {
        Err(text::other_storage())
    } else if asked.operation == Operation::Status {
        Ok(runtime.block_on(status()))
    } else {
        alive(&to, ALIVE, || {
            perform(storage, runtime, &asked.operation, &mut port)
        })
    };
    let outcome = match done {
        Ok(done) => Outcome::Done(done),
        Err(failed) => Outcome::Failed {
            exit: failed.exit as u8,
            failure: failed.failure,
        },
    };
    send_outcome(&mut *lock(&to), &outcome)
}

/// Does some work, and meanwhile sends a sign of it at regular intervals.
fn alive<T>(to: &Mutex<impl Write + Send>, every: Duration, work: impl FnOnce() -> T) -> T {
    let (working, worked) = channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            while worked.recv_timeout(every) == Err(RecvTimeoutError::Timeout) {
                let mut to = lock(to);
                // A client that is gone is noticed at the end.
                if send(&mut *to, Tag::Alive, &[])
                    .and_then(|()| to.flush())
                    .is_err()
                {
                    return;
                }
            }
        });
        let done = work();
        drop(working);
        done
    })
}

fn send_outcome(to: &mut impl Write, outcome: &Outcome) -> io::Result<()> {
    let json = serde_json::to_vec(outcome)?;
    let mut pieces = json.chunks(DATA_FRAME).peekable();
    while let Some(piece) = pieces.next() {
        let tag = if pieces.peek().is_some() {
            Tag::Piece
        } else {
            Tag::Outcome
        };
        send(to, tag, piece)?;
    }
    to.flush()
}

/// Locks a connection. Poisoning is ignored, because half a frame is no worse after a panic than
/// after any other error.
fn lock<T>(to: &Mutex<T>) -> MutexGuard<'_, T> {
    to.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The node's side of a connection.
struct Frames<'a> {
    from: BufReader<UnixStream>,
    to: &'a Mutex<BufWriter<UnixStream>>,
    /// The payload of the data frame that is being read.
    rest: Vec<u8>,
    /// How much of it has been read, in bytes.
    at: usize,
}

impl Read for Frames<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.at == self.rest.len() {
            match receive(&mut self.from)? {
                (Tag::Data, payload) => (self.rest, self.at) = (payload, 0),
                (Tag::End, _) => return Ok(0),
                _ => return Err(ErrorKind::InvalidData.into()),
            }
        }
        let read = (&self.rest[self.at..]).read(buffer)?;
        self.at += read;
        Ok(read)
    }
}

impl Port for Frames<'_> {
    fn input(&mut self) -> Box<dyn Read + '_> {
        Box::new(self)
    }

    fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut to = lock(self.to);
        bytes
            .chunks(DATA_FRAME)
            .try_for_each(|chunk| send(&mut *to, Tag::Data, chunk))
    }

    fn progress(&mut self, done: u64, total: u64) {
        // A client that is gone is noticed at the end.
        let mut to = lock(self.to);
        let _ = send_json(&mut *to, Tag::Progress, &(done, total)).and_then(|()| to.flush());
    }
}

/// A connection to the storage of a running node.
pub struct Remote {
    stream: UnixStream,
    named: Option<DirectoryId>,
}

impl Remote {
    /// Connects to the node of a state directory; `None` if none is running. If `named` is given,
    /// the node refuses operations unless its storage is in that directory.
    ///
    /// # Errors
    /// If the socket or the named directory cannot be used.
    pub fn connect(state: &Path, named: Option<&Path>) -> Result<Option<Self>, Failed> {
        let named = match named {
            Some(directory) => {
                Some(DirectoryId::of(directory).map_err(|error| Failed::file(directory, &error))?)
            }
            None => None,
        };
        let path = state.join(SOCKET);
        let connected = UnixStream::connect(&path).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            Ok(stream)
        });
        match connected {
            Ok(stream) => Ok(Some(Self { stream, named })),
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::NotFound | ErrorKind::ConnectionRefused
                ) =>
            {
                Ok(None)
            }
            Err(error) => Err(Failed::file(&path, &error)),
        }
    }

    /// Has the node perform an operation; returns its result, a JSON object.
    ///
    /// # Errors
    /// If the operation fails, or the connection to the node breaks.
    pub fn perform(self, operation: &Operation, port: &mut dyn Port) -> Result<Value, Failed> {
        let outcome = self
            .exchange(operation, port)
            .map_err(|broken| match broken {
                Broken::Node(error) => text::node_gone(&error),
                Broken::Input(error) => text::import_failed(ImportError::Read(error)),
                Broken::Output(error) => text::export_failed("It", ExportError::Write(error)),
            })?;
        match outcome {
            Outcome::Done(value) => Ok(value),
            Outcome::Failed { exit, failure } => {
                let exit = [
                    Exit::Usage,
                    Exit::NotFound,
                    Exit::Network,
                    Exit::Verification,
                    Exit::Refused,
                ]
                .into_iter()
                .find(|known| *known as u8 == exit)
                .unwrap_or(Exit::Failure);
                Err(Failed { exit, failure })
            }
        }
    }

    fn exchange(self, operation: &Operation, port: &mut dyn Port) -> Result<Outcome, Broken> {
        let mut from = BufReader::new(self.stream.try_clone()?);
        let mut to = BufWriter::new(self.stream);
        let asked = Asked {
            operation: operation.clone(),
            storage: self.named,
        };
        send_json(&mut to, Tag::Operation, &asked)?;
        let mut sent = to.flush();
        if *operation == Operation::Import {
            sent = match send_car(&mut to, &mut port.input()) {
                Err(Broken::Node(error)) => Err(error),
                sent => Ok(sent?),
            };
        }
        let mut outcome = Vec::new();
        loop {
            match receive(&mut from) {
                Ok((Tag::Data, payload)) => port.output(&payload).map_err(Broken::Output)?,
                Ok((Tag::Progress, payload)) => {
                    let (done, total) = json(&payload)?;
                    port.progress(done, total);
                }
                Ok((Tag::Piece, payload)) => outcome.extend(payload),
                Ok((Tag::Outcome, payload)) => {
                    outcome.extend(payload);
                    return Ok(json(&outcome)?);
                }
                Ok((Tag::Alive, _)) => {}
                Ok(_) => return Err(io::Error::from(ErrorKind::InvalidData).into()),
                // A node that stops reading usually says why first. If it did not, this is the
                // reason.
                Err(error) => return Err(sent.err().unwrap_or(error).into()),
            }
        }
    }
}

/// What ended an exchange before its outcome.
enum Broken {
    /// The node, or the connection to it, failed.
    Node(io::Error),
    /// The CAR to import cannot be read.
    Input(io::Error),
    /// The exported CAR cannot be written.
    Output(io::Error),
}

impl From<io::Error> for Broken {
    fn from(error: io::Error) -> Self {
        Self::Node(error)
    }
}

fn send_car(to: &mut impl Write, car: &mut dyn Read) -> Result<(), Broken> {
    let mut buffer = vec![0; DATA_FRAME];
    loop {
        let read = car.read(&mut buffer).map_err(Broken::Input)?;
        if read == 0 {
            send(to, Tag::End, &[])?;
            return Ok(to.flush()?);
        }
        send(to, Tag::Data, &buffer[..read])?;
    }
}

#[cfg(test)]
mod tests {
    use indicatif::ProgressBar;

    use super::super::Local;
    use super::*;

    /// What a client with this patience receives from a node that works for so long and has this
    /// outcome.
    fn told(outcome: Value, work: Duration, patience: Duration) -> Result<Value, Failed> {
        let (node, client) = UnixStream::pair().unwrap();
        client.set_read_timeout(Some(patience)).unwrap();
        let node = std::thread::spawn(move || {
            let (tag, _) = receive(&mut &node).unwrap();
            assert_eq!(tag, Tag::Operation);
            let to = Mutex::new(&node);
            alive(&to, patience / 10, || std::thread::sleep(work));
            send_outcome(&mut *lock(&to), &Outcome::Done(outcome)).unwrap();
        });
        let remote = Remote {
            stream: client,
            named: None,
        };
        let (empty, sink) = (Box::new(io::empty()), Box::new(io::sink()));
        let mut port = Local::new(empty, sink, ProgressBar::hidden());
        let done = remote.perform(&Operation::List, &mut port);
        node.join().unwrap();
        done
    }

    #[test]
    fn a_node_that_takes_long_is_waited_for() {
        let done = told(
            Value::from(1),
            Duration::from_secs(2),
            Duration::from_millis(500),
        );
        assert_eq!(done.unwrap(), 1);
    }

    #[test]
    fn an_outcome_may_be_longer_than_a_frame() {
        let long = Value::from("x".repeat(3 * MAX_FRAME));
        let done = told(long.clone(), Duration::ZERO, Duration::from_secs(30));
        assert_eq!(done.unwrap(), long);
    }
}
