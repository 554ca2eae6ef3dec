//! The worker that writes. The worker that fetches starts it, because it would otherwise stand still while it
//! writes.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use futures::channel::oneshot;
use futures::future::try_join;
use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web::garbage;
use web::js::{member, set};
use web_sys::{
    DedicatedWorkerGlobalScope, MessageEvent, MessagePort, Worker, WorkerOptions, WorkerType,
};

use crate::message::{self, Answer, Leaf, Problem, Request, Said};
use crate::open::{MAX_HASHED, Open, ended, sha256_of};

/// The program of the writer.
const PROGRAM: &str = "files.js?writer";
/// The sizes of buffers that go to the writer and come back, in bytes. Leaves usually have 256 KiB or 1 MiB of a file;
/// beyond that there is room for what surrounds these and for what is read together with them.
const SIZES: [u32; 3] = [69 << 10, 261 << 10, 1029 << 10];
/// The most bytes of unused buffers of one size that are kept for the next blocks. It would take longer to
/// allocate new ones than to write.
const SPARE: usize = 8 << 20;
/// The member of an answer that returns buffers.
const BACK: &str = "buffers";

/// The member that marks requests of the file worker itself, and the answers to them.
const OWN: &str = "own";

/// Writes in a worker of its own, and answers over the port that the request came from.
pub(crate) struct Writer {
    worker: Worker,
    buffers: Rc<Buffers>,
    /// The requests of this worker that wait for an answer.
    waiting: Rc<RefCell<BTreeMap<u32, oneshot::Sender<Answer>>>>,
    last: Cell<u32>,
    ended: Cell<bool>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
}

/// The unused buffers, by size.
#[derive(Default)]
pub(crate) struct Buffers([RefCell<Vec<ArrayBuffer>>; SIZES.len()]);

impl Buffers {
    /// A buffer of at least this many bytes.
    pub(crate) fn take(&self, len: u32) -> ArrayBuffer {
        let Some(at) = SIZES.iter().position(|size| len <= *size) else {
            return ArrayBuffer::new(len);
        };
        let spare = self.0[at].borrow_mut().pop();
        spare.unwrap_or_else(|| ArrayBuffer::new(SIZES[at]))
    }

    fn give_back(&self, buffer: ArrayBuffer) {
        let len = buffer.byte_length();
        if let Some(at) = SIZES.iter().position(|size| len == *size) {
            let mut spare = self.0[at].borrow_mut();
            if (spare.len() + 1) * len as usize <= SPARE {
                spare.push(buffer);
            }
        }
    }
}

impl Writer {
    /// Ends the worker, which closes its files.
    pub(crate) fn end(&self) {
        self.ended.set(true);
        self.worker.terminate();
        self.waiting.take();
    }

    /// Starts the worker.
    pub(crate) fn start(port: MessagePort, buffers: Rc<Buffers>) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(PROGRAM, &options)?;
        let waiting: Rc<RefCell<BTreeMap<u32, oneshot::Sender<Answer>>>> = Rc::default();
        let on_message = {
            let (buffers, waiting) = (Rc::clone(&buffers), Rc::clone(&waiting));
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                garbage::made();
                let answer = event.data();
                if let Ok(back) = member(&answer, BACK).dyn_into::<Array>() {
                    // The object was made for this message.
                    let _ = Reflect::delete_property(answer.unchecked_ref(), &BACK.into());
                    for buffer in back.iter().filter_map(|buffer| buffer.dyn_into().ok()) {
                        buffers.give_back(buffer);
                    }
                }
                if member(&answer, OWN).is_truthy() {
                    let Some((number, answer)) = message::read_answer(&answer) else {
                        return;
                    };
                    if let Some(asked) = waiting.borrow_mut().remove(&number) {
                        // The request may have been given up.
                        let _ = asked.send(answer);
                    }
                } else if let Err(why) = port.post_message(&answer) {
                    web_sys::console::warn_2(&"an answer about a file was not sent".into(), &why);
                }
            })
        };
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            buffers,
            waiting,
            last: Cell::new(0),
            ended: Cell::new(false),
            _on_message: on_message,
        })
    }

    /// Passes a request on under its number.
    pub(crate) fn perform(&self, number: u32, request: Request) -> Result<(), Problem> {
        let (message, handed_over) = request.write(number);
        self.post(&message, &handed_over)
    }

    fn post(&self, message: &JsValue, handed_over: &Array) -> Result<(), Problem> {
        if self.ended.get() {
            return Err(ended());
        }
        self.worker
            .post_message_with_transfer(message, handed_over)
            .map_err(|why| Problem::of(&why))
    }

    /// Sends a request of this worker, and waits for the answer.
    async fn ask(&self, request: Request) -> Answer {
        // Nobody waits for an answer with the number 0.
        let number = self.last.get().checked_add(1).unwrap_or(1);
        self.last.set(number);
        let (sender, answer) = oneshot::channel();
        self.waiting.borrow_mut().insert(number, sender);
        if let Err(problem) = self.send(number, request) {
            self.waiting.borrow_mut().remove(&number);
            return Err(problem);
        }
        answer
            .await
            .unwrap_or_else(|_| Err(Problem::Failed("the writer has ended".to_owned())))
    }

    /// Hashes leaves: half of them in the writer, and half here, after the writer has read them. The browser
    /// hashes in the thread that asks for it.
    pub(crate) async fn hash(
        &self,
        name: String,
        leaves: Vec<Leaf>,
    ) -> Result<Uint8Array, Problem> {
        let count = leaves.len() as u32;
        let (here, there): (Vec<_>, Vec<_>) = leaves
            .into_iter()
            .enumerate()
            .partition(|(at, _)| at % 2 == 1);
        let leaves = |some: Vec<(usize, Leaf)>| some.into_iter().map(|(_, leaf)| leaf).collect();
        let (here, there): (Vec<Leaf>, Vec<Leaf>) = (leaves(here), leaves(there));
        let into: Array = here
            .iter()
            .map(|leaf| self.buffers.take(leaf.whole().unwrap_or(0).min(MAX_HASHED)))
            .collect();
        let read = self.ask(Request::Read {
            name: name.clone(),
            leaves: here,
            into,
        });
        let read = async {
            let Said::Read(pieces) = read.await? else {
                return Err(not_understood());
            };
            let digests = Uint8Array::new_with_length(32 * pieces.length());
            for (at, piece) in (0..).step_by(32).zip(pieces.iter()) {
                let piece: Uint8Array = piece.dyn_into().map_err(|_| not_understood())?;
                let digest = sha256_of(&piece).await?;
                digests.set(&digest, at);
                self.buffers.give_back(piece.buffer());
            }
            Ok(digests)
        };
        let hashed = self.ask(Request::Hash {
            name,
            leaves: there,
        });
        let hashed = async {
            match hashed.await? {
                Said::Done(digests) => Ok(digests),
                _ => Err(not_understood()),
            }
        };
        let (odd, even) = try_join(read, hashed).await?;
        let all = Uint8Array::new_with_length(32 * count);
        for (half, first) in [(even, 0), (odd, 1)] {
            for (from, to) in (0..half.length())
                .step_by(32)
                .zip((first..count).step_by(2))
            {
                all.set(&half.subarray(from, from + 32), 32 * to);
            }
        }
        Ok(all)
    }

    /// Whether the writer has no request of this worker to answer.
    pub(crate) fn is_idle(&self) -> bool {
        self.waiting.borrow().is_empty()
    }

    /// Has it keep bytes of a block, and returns the hash of the block.
    pub(crate) async fn keep_and_hash(
        &self,
        kept: u32,
        bytes: Uint8Array,
        own: Range<u32>,
    ) -> Result<Uint8Array, Problem> {
        let keep = Request::Keep {
            kept,
            bytes,
            own,
            hash: true,
        };
        match self.ask(keep).await? {
            Said::Done(digest) => Ok(digest),
            _ => Err(not_understood()),
        }
    }

    /// Has the writer keep bytes of a block.
    pub(crate) fn keep(
        &self,
        kept: u32,
        bytes: Uint8Array,
        own: Range<u32>,
    ) -> Result<(), Problem> {
        self.tell(Request::Keep {
            kept,
            bytes,
            own,
            hash: false,
        })
    }

    /// Has it release blocks.
    pub(crate) fn let_go(&self, kept: Vec<u32>) {
        // If it has ended, nothing is kept any more.
        let _ = self.tell(Request::LetGo { kept });
    }

    /// Sends a request of this worker whose answer nobody waits for.
    fn tell(&self, request: Request) -> Result<(), Problem> {
        self.send(0, request)
    }

    fn send(&self, number: u32, request: Request) -> Result<(), Problem> {
        let (message, handed_over) = request.write(number);
        set(&message, OWN, &true.into());
        self.post(&message, &handed_over)
    }
}

fn not_understood() -> Problem {
    Problem::Failed("the writer's answer is not understood".to_owned())
}

/// Runs in the worker that writes, and carries out what the worker that started it asks for.
pub fn write() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let open = Rc::new(Open::default());
    let answers = scope.clone();
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        garbage::made();
        let question = event.data();
        let Some((number, request)) = Request::read(&question) else {
            return;
        };
        let own = member(&question, OWN);
        let (open, answers) = (Rc::clone(&open), answers.clone());
        spawn_local(async move {
            let back: Array = match &request {
                Request::Write { pieces, .. } => message::buffers_of(pieces).collect(),
                Request::LetGo { kept } => open.let_go(kept),
                _ => Array::new(),
            };
            let done = open.perform(request).await;
            let handed_over = match &done {
                Ok(Said::Read(pieces)) => message::buffers_of(pieces).collect(),
                _ => back.clone(),
            };
            let answer = message::answer(number, done);
            if own.is_truthy() {
                set(&answer, OWN, &own);
            }
            if back.length() > 0 {
                set(&answer, BACK, &back);
            }
            if let Err(why) = answers.post_message_with_transfer(&answer, &handed_over) {
                web_sys::console::warn_2(&"an answer about a file was not sent".into(), &why);
            }
        });
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The requests are answered as long as this worker lives.
    on_message.forget();
}
