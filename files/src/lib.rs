//! The extension's file worker: a dedicated worker, because the browser gives direct access to its files ("sync access
//! handles" of the origin private file system) nowhere else. There a file is written and read several times faster than
//! through IndexedDB, and no byte waits in the browser's own process.
//!
//! `static/files.js` starts it (`main.rs`) in the offscreen page and hands it a port ([`serve`]), over which the extension's
//! own worker asks ([`message`]). One file lies under each name; what its bytes mean, the extension's worker knows.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{MessageEvent, MessagePort};

mod cars;
pub mod directory;
pub mod garbage;
pub mod message;
mod open;
mod writer;

use cars::{Cars, Wanted};
use message::{Answer, Came, Problem, Request, Said};
use open::Open;
use writer::Writer;
pub use writer::write;

thread_local! {
    /// The connection that is served.
    static SERVED: RefCell<Option<Rc<Served>>> = const { RefCell::new(None) };
}

/// One who asks.
struct Served {
    port: MessagePort,
    cars: Cars,
    kept: Kept,
    files: Files,
}

/// Who writes.
enum Files {
    Here(Open),
    Apart(Writer),
}

/// Verified blocks that wait to be written.
#[derive(Default)]
struct Kept {
    blocks: RefCell<BTreeMap<u32, Bytes>>,
    last: Cell<u32>,
}

impl Kept {
    /// Keeps a block until it is let go; gives its number.
    fn keep(&self, block: Bytes) -> u32 {
        let number = self.last.get().wrapping_add(1);
        self.last.set(number);
        self.blocks.borrow_mut().insert(number, block);
        number
    }
}

/// Answers what is asked over a port from now on; files are written by another worker. There is one who asks: an earlier
/// port is one of a worker that was killed, whose files are closed.
pub fn serve(port: MessagePort) {
    // First the earlier one's files are closed.
    end_earlier();
    match Writer::start(port.clone()) {
        Ok(writer) => serve_with(port, Files::Apart(writer)),
        Err(why) => {
            web_sys::console::warn_2(&"no other worker can be started".into(), &why);
            serve_here(port);
        }
    }
}

/// The same, and files are written by this worker.
pub fn serve_here(port: MessagePort) {
    end_earlier();
    serve_with(port, Files::Here(Open::default()));
}

fn end_earlier() {
    if let Some(earlier) = SERVED.take() {
        earlier.cars.end();
        earlier.kept.blocks.take();
        match &earlier.files {
            Files::Here(open) => open.end(),
            Files::Apart(writer) => writer.end(),
        }
    }
}

fn serve_with(port: MessagePort, files: Files) {
    let served = Rc::new(Served {
        port: port.clone(),
        cars: Cars::default(),
        kept: Kept::default(),
        files,
    });
    SERVED.set(Some(Rc::clone(&served)));
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        garbage::left();
        match Request::read(&event.data()) {
            Some((number, request)) => Rc::clone(&served).perform(number, request),
            None => {
                web_sys::console::warn_1(&"a request for a file is not understood".into());
            }
        }
    });
    port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // As long as the worker lives: a port is served until then.
    on_message.forget();
}

impl Served {
    fn perform(self: Rc<Self>, number: u32, request: Request) {
        match request {
            Request::Car {
                url,
                accept,
                patience,
                host,
            } => {
                let wanted = Wanted {
                    url,
                    accept,
                    patience,
                    host,
                };
                spawn_local(async move {
                    let answer = |number, answer| self.answer(number, answer);
                    self.cars.fetch(number, wanted, &self.kept, answer).await;
                });
            }
            Request::Next { car } => {
                if !self.cars.next(car, number) {
                    let nothing = Came {
                        end: Some(Ok(())),
                        ..Came::default()
                    };
                    self.answer(number, Ok(Said::Came(nothing)));
                }
            }
            Request::Stop { car } => self.cars.stop(car),
            Request::LetGo { kept } => {
                let mut blocks = self.kept.blocks.borrow_mut();
                for kept in kept {
                    blocks.remove(&kept);
                }
            }
            Request::WriteKept { name, at, kept } => match self.pieces(&kept) {
                Some(pieces) => self.perform_on_files(number, Request::Write { name, at, pieces }),
                None => {
                    let text = "a block was not kept".to_owned();
                    self.answer(number, Err(Problem::Failed(text)));
                }
            },
            Request::Hash { name, leaves } if leaves.len() > 1 => {
                let Files::Apart(_) = &self.files else {
                    return self.perform_on_files(number, Request::Hash { name, leaves });
                };
                spawn_local(async move {
                    if let Files::Apart(writer) = &self.files {
                        let hashed = writer.hash(name, leaves).await;
                        self.answer(number, hashed.map(Said::Done));
                    }
                });
            }
            request => self.perform_on_files(number, request),
        }
    }

    /// What is kept, to be handed over.
    fn pieces(&self, kept: &[u32]) -> Option<Array> {
        let blocks = self.kept.blocks.borrow();
        let pieces = Array::new();
        for kept in kept {
            let block = blocks.get(kept)?;
            let piece = match &self.files {
                Files::Here(_) => Uint8Array::from(&block[..]),
                Files::Apart(writer) => writer.piece(block),
            };
            pieces.push(&piece);
        }
        Some(pieces)
    }

    fn perform_on_files(self: Rc<Self>, number: u32, request: Request) {
        match &self.files {
            Files::Apart(writer) => {
                if let Err(why) = writer.perform(number, request) {
                    self.answer(number, Err(Problem::of(&why)));
                }
            }
            Files::Here(_) => spawn_local(async move {
                if let Files::Here(open) = &self.files {
                    let done = open.perform(request).await;
                    self.answer(number, done);
                }
            }),
        }
    }

    fn answer(&self, number: u32, answer: Answer) {
        if let Err(why) = self.port.post_message(&message::answer(number, answer)) {
            web_sys::console::warn_2(&"an answer about a file was not sent".into(), &why);
        }
    }
}
