//! The file worker (crate `files`), as the extension's worker sees it. A connection is made when it is needed.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::rc::Rc;
use std::time::Duration;

use files::message::{Answer, Came, Leaf, Piece, Problem, Request, Said, read_answer};
use fluence::Cid;
use fluence::cars::{self, Blocks, CarEnd, FromCar, Payload};
use fluence::content::layout::LEAVES_IN_FLIGHT;
use fluence::failure::Reason;
use fluence::ports::{HttpError, HttpRequest, HttpResponse, StoreError};
use fluence::text::host_of;
use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, LocalBoxFuture, Shared, select};
use futures::stream::{self, StreamExt};
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use web::garbage;
use web::js::{self, Outcome};
use web::time;
use web_sys::{MessageChannel, MessageEvent, MessagePort};

use crate::offscreen::{Hold, Offscreen};

/// How long an answer may take. By then the slowest disk has written everything that may be asked for at the
/// same time.
const PATIENCE: Duration = Duration::from_secs(120);
/// How long an unused connection is kept.
const IDLE: Duration = Duration::from_secs(5);
/// How much longer than the file worker's own patience its answer may take.
const GRACE: Duration = Duration::from_secs(5);
/// The number of requests for more of a CAR that are sent ahead.
const ASKED_AHEAD: usize = 2;
/// The number of leaves of a file that are hashed by one request. More are asked for at the same time, so that
/// the file worker has the next ones while these are answered.
const HASHED_TOGETHER: usize = LEAVES_IN_FLIGHT / 3;

/// A client of the file worker. It is cheap to clone, and clones share the connection.
#[derive(Clone)]
pub struct Disk(Rc<Inner>);

struct Inner {
    reach: Reach,
    /// The page in which the file worker runs, unless it runs beside this program.
    page: Option<Offscreen>,
    connection: RefCell<Option<Connecting>>,
    number: Cell<u32>,
    /// The number of requests that wait for an answer and of files that are being written. Meanwhile the
    /// connection is kept.
    uses: Cell<u32>,
    /// Whether a task waits for the connection to become unused.
    watched: Cell<bool>,
    /// The leaves that are to be hashed, by file, each with the sender for its digest.
    leaves: RefCell<BTreeMap<String, Vec<Asking>>>,
}

type Hashed = Result<[u8; 32], StoreError>;
type Asking = (Leaf, oneshot::Sender<Hashed>);

/// A block that the file worker keeps until this is dropped.
pub struct Kept {
    connection: Rc<Connection>,
    number: u32,
}

impl Kept {
    /// Whether another block is kept through the same connection.
    pub fn beside(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.connection, &other.connection)
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let mut dropped = self.connection.dropped.borrow_mut();
        dropped.push(self.number);
        if dropped.len() == 1 {
            // Blocks that are dropped together are released by one message.
            let connection = Rc::clone(&self.connection);
            wasm_bindgen_futures::spawn_local(async move {
                let kept = connection.dropped.take();
                connection.tell(Request::LetGo { kept });
            });
        }
    }
}

/// A CAR that the file worker fetches until this is dropped.
struct Car {
    disk: Disk,
    connection: Rc<Connection>,
    number: u32,
    /// The requests that were sent ahead, by number.
    asked: VecDeque<(u32, oneshot::Receiver<Answer>)>,
    /// The parts that have arrived and were not returned yet.
    came: VecDeque<Result<FromCar, CarEnd>>,
    /// Whether the CAR has ended.
    ended: bool,
    _held: Use,
}

impl Drop for Car {
    fn drop(&mut self) {
        self.connection.tell(Request::Stop { car: self.number });
        for (number, mut asked) in self.asked.drain(..) {
            match asked.try_recv() {
                // It has arrived, and will not be read.
                Ok(Some(answer)) => let_go(&self.connection.port, &answer),
                // It may never arrive.
                _ => drop(self.connection.waiting.borrow_mut().remove(&number)),
            }
        }
    }
}

impl Car {
    /// The next part of the CAR. An error is the last part.
    async fn next(&mut self, patience: Duration, host: &str) -> Option<Result<FromCar, CarEnd>> {
        loop {
            if let Some(next) = self.came.pop_front() {
                return Some(next);
            }
            if self.ended {
                return None;
            }
            let Ok(came) = self.more(patience).await else {
                return Some(Err(HttpError::Silent(host.to_owned()).into()));
            };
            if came.heard > 0 {
                let heard = FromCar::Heard(came.heard as usize);
                self.came.push_back(Ok(heard));
            }
            for (cid, piece) in came.blocks {
                let block = self.block(&cid, piece);
                self.came.push_back(block);
            }
            match came.end {
                None => {}
                Some(Err(trouble)) => self.came.push_back(Err(trouble)),
                Some(Ok(())) => self.ended = true,
            }
        }
    }

    async fn more(&mut self, patience: Duration) -> Result<Came, Problem> {
        while self.asked.len() < ASKED_AHEAD {
            let (number, next) = (self.disk.next(), Request::Next { car: self.number });
            let asked = self.connection.ask(number, next)?;
            self.asked.push_back((number, asked));
        }
        let Some((_, asked)) = self.asked.front_mut() else {
            return Err(not_understood());
        };
        let answer = select(asked, Box::pin(time::sleep(patience))).await;
        let answer = match answer {
            Either::Left((Ok(answer), _)) => answer,
            _ => {
                self.disk.0.connection.take();
                return Err(Problem::Failed(
                    "the file worker sent no more of a CAR".to_owned(),
                ));
            }
        };
        self.asked.pop_front();
        match answer? {
            Said::Came(came) => Ok(came),
            _ => Err(not_understood()),
        }
    }

    fn block(&self, cid: &Uint8Array, piece: Piece) -> Result<FromCar, CarEnd> {
        let cid = Cid::try_from(cid.to_vec()).map_err(|_| CarEnd::Unusable(Reason::BadCar))?;
        let payload = match piece {
            Piece::Bytes(bytes) => Payload::Bytes(bytes.to_vec().into()),
            Piece::Kept {
                kept,
                prefix,
                len,
                suffix,
            } => {
                let kept = Kept {
                    connection: Rc::clone(&self.connection),
                    number: kept,
                };
                Payload::Kept(cars::Kept {
                    prefix: prefix.to_vec().into(),
                    len: len.into(),
                    suffix: suffix.to_vec().into(),
                    place: Rc::new(kept),
                })
            }
        };
        Ok(FromCar::Block(cid, payload))
    }
}

type Reach = Box<dyn Fn(MessagePort) -> LocalBoxFuture<'static, Outcome<()>>>;
type Connecting = Shared<LocalBoxFuture<'static, Outcome<Rc<Connection>>>>;

/// A connection to the file worker.
struct Connection {
    port: MessagePort,
    /// The numbers of kept blocks that are no longer needed.
    dropped: RefCell<Vec<u32>>,
    waiting: Rc<RefCell<HashMap<u32, oneshot::Sender<Answer>>>>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
    _page: Option<Hold>,
}

impl Connection {
    /// Sends a request under a number. Its answer may never come.
    fn ask(&self, number: u32, request: Request) -> Result<oneshot::Receiver<Answer>, Problem> {
        let (sender, answer) = oneshot::channel();
        self.waiting.borrow_mut().insert(number, sender);
        let (message, handed_over) = request.write(number);
        self.port
            .post_message_with_transferable(&message, &handed_over)
            .map_err(|why| Problem::Failed(js::message_of(&why)))?;
        Ok(answer)
    }

    /// Sends a request without an answer.
    fn tell(&self, request: Request) {
        let (message, _) = request.write(0);
        // If the connection is broken, the file worker has dropped everything.
        let _ = self.port.post_message(&message);
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.port.set_onmessage(None);
        self.port.close();
    }
}

/// Keeps the connection to the file worker until this is dropped.
pub struct Use(Disk);

impl Drop for Use {
    fn drop(&mut self) {
        let inner = &self.0.0;
        inner.uses.set(inner.uses.get() - 1);
        if inner.uses.get() == 0 && !inner.watched.replace(true) {
            wasm_bindgen_futures::spawn_local(self.0.clone().let_go_when_idle());
        }
    }
}

impl Disk {
    /// Makes a client of the file worker in the offscreen page.
    pub fn offscreen(page: Offscreen) -> Self {
        let reach = {
            let page = page.clone();
            move |port: MessagePort| {
                let page = page.clone();
                async move { page.hand_to_files(&port).await }
            }
        };
        Self::new(Some(page), reach)
    }

    /// Makes a client of the file worker whose [`files::serve`] gets the ports that `reach` is
    /// called with.
    pub fn new<F>(page: Option<Offscreen>, reach: impl Fn(MessagePort) -> F + 'static) -> Self
    where
        F: Future<Output = Outcome<()>> + 'static,
    {
        Self(Rc::new(Inner {
            reach: Box::new(move |port| reach(port).boxed_local()),
            page,
            connection: RefCell::default(),
            number: Cell::new(0),
            uses: Cell::new(0),
            watched: Cell::new(false),
            leaves: RefCell::default(),
        }))
    }

    /// The page in which the file worker runs, unless it runs beside this program.
    pub fn page(&self) -> Option<&Offscreen> {
        self.0.page.as_ref()
    }

    /// Keeps the connection to the file worker until the result is dropped.
    pub fn hold(&self) -> Use {
        self.0.uses.set(self.0.uses.get() + 1);
        Use(self.clone())
    }

    async fn let_go_when_idle(self) {
        let inner = &self.0;
        loop {
            let before = inner.number.get();
            time::sleep(IDLE).await;
            if inner.uses.get() == 0 && inner.number.get() == before {
                break;
            }
        }
        inner.watched.set(false);
        inner.connection.take();
    }

    /// Closes a file that the file worker may have open.
    pub async fn close(&self, name: &str) {
        if self.0.connection.borrow().is_some() {
            let name = name.to_owned();
            // If there is no answer, nothing is open either.
            let _ = self.ask(Request::Close { name }).await;
        }
    }

    /// Has the file worker fetch a CAR, verify its blocks, and keep the bytes of large leaves ([`Kept`]).
    /// `request` must have no body, and no header except `accept`.
    ///
    /// # Errors
    /// Fails with [`HttpError`] if there is no response in time.
    pub fn car<S>(
        &self,
        request: &HttpRequest<S>,
    ) -> LocalBoxFuture<'static, Result<HttpResponse<Blocks>, HttpError>> {
        let (held, disk) = (self.hold(), self.clone());
        let host = host_of(&request.url);
        let accept = request.headers.iter().find(|(name, _)| *name == "accept");
        let patience = request.patience;
        let request = Request::Car {
            url: request.url.clone(),
            accept: accept.map(|(_, value)| value.clone()).unwrap_or_default(),
            patience,
            host: host.clone(),
        };
        async move {
            let unreachable = |_| HttpError::Unreachable(host.clone());
            let connection = disk.connection().await.map_err(unreachable)?;
            let number = disk.next();
            // This ends the transfer also if the head is no longer awaited.
            let car = Car {
                connection: Rc::clone(&connection),
                number,
                asked: VecDeque::new(),
                came: VecDeque::new(),
                ended: false,
                disk: disk.clone(),
                _held: held,
            };
            let patience = patience + GRACE;
            let head = match disk.said(&connection, number, request, patience).await {
                Ok(Said::Head(head)) => head,
                Err(Problem::Http(error)) => return Err(error),
                _ => return Err(HttpError::Unreachable(host)),
            };
            let blocks = stream::unfold(Some(car), move |car| {
                let host = host.clone();
                async move {
                    let mut car = car?;
                    let item = car.next(patience, &host).await?;
                    let go_on = item.is_ok().then_some(car);
                    Some((item, go_on))
                }
            });
            Ok(HttpResponse {
                status: head.status,
                content_type: head.content_type,
                content_length: None,
                body: blocks.boxed_local(),
            })
        }
        .boxed_local()
    }

    /// Sends a request, and waits for the answer: the digests that it asks for, if any.
    ///
    /// # Errors
    /// Fails with [`StoreError`] if the file worker cannot be reached or cannot do what is
    /// requested.
    pub fn ask(&self, request: Request) -> LocalBoxFuture<'static, Result<Uint8Array, StoreError>> {
        let (held, disk) = (self.hold(), self.clone());
        async move {
            let connection = disk.connection().await.map_err(StoreError::Failed)?;
            let answer = disk.done(&connection, request).await;
            drop(held);
            answer
        }
        .boxed_local()
    }

    /// Has kept blocks written to a file, one after the other from offset `at` on. All must be kept
    /// through one connection ([`Kept::beside`]).
    ///
    /// # Errors
    /// Fails with [`StoreError`] if the blocks cannot be written.
    pub fn write_kept(
        &self,
        kept: Vec<Rc<Kept>>,
        name: &str,
        at: f64,
    ) -> LocalBoxFuture<'static, Result<Uint8Array, StoreError>> {
        let request = Request::WriteKept {
            name: name.to_owned(),
            at,
            kept: kept.iter().map(|kept| kept.number).collect(),
        };
        let (held, disk) = (self.hold(), self.clone());
        async move {
            let answer = match kept.first() {
                Some(first) => disk.done(&first.connection, request).await,
                None => Ok(Uint8Array::new_with_length(0)),
            };
            drop((kept, held));
            answer
        }
        .boxed_local()
    }

    /// The SHA-256 digest of a leaf of a file. Leaves that are requested at the same time are
    /// hashed together.
    ///
    /// # Errors
    /// [`StoreError`] if the file worker cannot read it.
    pub async fn hash(&self, name: &str, leaf: Leaf) -> Hashed {
        let (sender, hashed) = oneshot::channel();
        {
            let mut leaves = self.0.leaves.borrow_mut();
            let wanted = leaves.entry(name.to_owned()).or_default();
            wanted.push((leaf, sender));
            if wanted.len() == 1 {
                let (disk, name) = (self.clone(), name.to_owned());
                wasm_bindgen_futures::spawn_local(async move {
                    let leaves = disk.0.leaves.borrow_mut().remove(&name);
                    let mut leaves = leaves.unwrap_or_default();
                    while !leaves.is_empty() {
                        let rest = leaves.split_off(HASHED_TOGETHER.min(leaves.len()));
                        disk.hash_together(name.clone(), leaves);
                        leaves = rest;
                    }
                });
            }
        }
        let ended = |_| {
            Err(StoreError::Failed(
                "the task that hashes has ended".to_owned(),
            ))
        };
        hashed.await.unwrap_or_else(ended)
    }

    fn hash_together(&self, name: String, leaves: Vec<Asking>) {
        let (leaves, waiting): (Vec<Leaf>, Vec<_>) = leaves.into_iter().unzip();
        let asked = self.ask(Request::Hash { name, leaves });
        wasm_bindgen_futures::spawn_local(async move {
            let digests = asked.await.map(|digests| digests.to_vec());
            for (number, waiting) in waiting.into_iter().enumerate() {
                let digest = digests.clone().and_then(|digests| {
                    let digest = digests.chunks(32).nth(number);
                    let digest = digest.and_then(|digest| digest.try_into().ok());
                    let missing =
                        || StoreError::Failed("a digest does not have 32 bytes".to_owned());
                    digest.ok_or_else(missing)
                });
                // The task that asked may have stopped waiting.
                let _ = waiting.send(digest);
            }
        });
    }

    async fn done(
        &self,
        connection: &Connection,
        request: Request,
    ) -> Result<Uint8Array, StoreError> {
        match self.said(connection, self.next(), request, PATIENCE).await {
            Ok(Said::Done(bytes)) => Ok(bytes),
            Ok(_) => Err(of_problem(not_understood())),
            Err(problem) => Err(of_problem(problem)),
        }
    }

    async fn said(
        &self,
        connection: &Connection,
        number: u32,
        request: Request,
        patience: Duration,
    ) -> Answer {
        let answer = connection.ask(number, request)?;
        match select(answer, Box::pin(time::sleep(patience))).await {
            Either::Left((Ok(answer), _)) => answer,
            _ => {
                // Whatever the cause, the next request makes a new connection.
                connection.waiting.borrow_mut().remove(&number);
                self.0.connection.take();
                Err(Problem::Failed("the file worker did not answer".to_owned()))
            }
        }
    }

    fn next(&self) -> u32 {
        let number = self.0.number.get().wrapping_add(1);
        self.0.number.set(number);
        number
    }

    async fn connection(&self) -> Outcome<Rc<Connection>> {
        let connecting = {
            let mut connection = self.0.connection.borrow_mut();
            let connect = || self.clone().connect().boxed_local().shared();
            connection.get_or_insert_with(connect).clone()
        };
        let connected = connecting.await;
        if connected.is_err() {
            self.0.connection.take();
        }
        connected
    }

    async fn connect(self) -> Outcome<Rc<Connection>> {
        let page = self.0.page.as_ref().map(Offscreen::hold);
        let channel = MessageChannel::new().map_err(|why| js::message_of(&why))?;
        let (port, other) = (channel.port1(), channel.port2());
        let waiting: Rc<RefCell<HashMap<u32, oneshot::Sender<Answer>>>> = Rc::default();
        let on_message = {
            let (waiting, port) = (Rc::clone(&waiting), port.clone());
            Closure::new(move |event: MessageEvent| {
                garbage::made();
                let Some((number, answer)) = read_answer(&event.data()) else {
                    return;
                };
                let asked = waiting.borrow_mut().remove(&number);
                let unread = match asked {
                    Some(asked) => asked.send(answer).err(),
                    None => Some(answer),
                };
                // Nobody waits for this answer any more.
                if let Some(answer) = unread {
                    let_go(&port, &answer);
                }
            })
        };
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        (self.0.reach)(other).await?;
        Ok(Rc::new(Connection {
            port,
            dropped: RefCell::default(),
            waiting,
            _on_message: on_message,
            _page: page,
        }))
    }
}

/// Lets go of the blocks that are kept for an answer that will not be read.
fn let_go(port: &MessagePort, answer: &Answer) {
    let Ok(Said::Came(came)) = answer else {
        return;
    };
    let kept = came.blocks.iter().filter_map(|(_, piece)| match piece {
        Piece::Kept { kept, .. } => Some(*kept),
        Piece::Bytes(_) => None,
    });
    let kept: Vec<u32> = kept.collect();
    if !kept.is_empty() {
        let (message, _) = Request::LetGo { kept }.write(0);
        // If the connection is broken, nothing is kept any more.
        let _ = port.post_message(&message);
    }
}

fn not_understood() -> Problem {
    Problem::Failed("the file worker's answer is not understood".to_owned())
}

fn of_problem(problem: Problem) -> StoreError {
    match problem {
        Problem::Full => StoreError::Full,
        Problem::Gone(text) => StoreError::Gone(text),
        Problem::Http(error) => StoreError::Failed(error.to_string()),
        Problem::Failed(text) => StoreError::Failed(text),
    }
}

/// The storage error that an exception of the browser's file system stands for.
pub fn error(why: JsValue) -> StoreError {
    of_problem(Problem::of(&why))
}
