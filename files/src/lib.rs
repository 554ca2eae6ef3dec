//! The extension's file worker. It is a dedicated worker, because the browser gives direct access to the
//! extension's files ("sync access handles" of the origin private file system) to no other kind of program. A
//! file is written and read several times faster that way than through IndexedDB, and no bytes wait in the
//! browser's own process.
//!
//! `static/files.js` starts it (`main.rs`) in the offscreen page and hands it a port ([`serve`]), over which
//! the extension's own worker sends requests ([`message`]). There is one file under each name; only the
//! extension's worker knows what its bytes mean.
#![forbid(unsafe_code)]
#![warn(missing_docs)]

use std::cell::RefCell;
use std::rc::Rc;

use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web::garbage;
use web_sys::{MessageEvent, MessagePort};

mod cars;
pub mod directory;
mod keep;
pub mod message;
mod open;
mod records;
mod writer;

use cars::{Cars, Wanted};
use keep::Keeper;
use message::{Answer, Came, Request, Said};
use open::Open;
pub use writer::write;
use writer::{Buffers, Writer};

thread_local! {
    /// The connection that is being served.
    static SERVED: RefCell<Option<Rc<Served>>> = const { RefCell::new(None) };
}

/// A connection to the program that sends requests.
struct Served {
    port: MessagePort,
    cars: Cars,
    files: Rc<Files>,
}

/// What writes files, and keeps verified blocks until then.
enum Files {
    /// In this worker.
    Here(Open),
    /// In the writer, a worker of its own.
    Apart(Writer),
}

/// Serves a port from now on; another worker writes the files. Only one program sends requests: an earlier port
/// belongs to a worker that was killed, and the files that it left open are closed.
pub fn serve(port: MessagePort) {
    // The files of the earlier connection have to be closed first.
    end_earlier();
    let buffers: Rc<Buffers> = Rc::default();
    match Writer::start(port.clone(), Rc::clone(&buffers)) {
        Ok(writer) => serve_with(port, Files::Apart(writer), buffers),
        Err(why) => {
            web_sys::console::warn_2(&"the writer could not be started".into(), &why);
            serve_here(port);
        }
    }
}

/// Serves a port from now on, and writes the files in this worker.
pub fn serve_here(port: MessagePort) {
    end_earlier();
    serve_with(port, Files::Here(Open::default()), Rc::default());
}

fn end_earlier() {
    if let Some(earlier) = SERVED.take() {
        earlier.cars.end();
        earlier.files.end();
    }
}

fn serve_with(port: MessagePort, files: Files, buffers: Rc<Buffers>) {
    let files = Rc::new(files);
    let served = Rc::new(Served {
        port: port.clone(),
        cars: Cars::new(Keeper::new(Rc::clone(&files), buffers)),
        files,
    });
    SERVED.set(Some(Rc::clone(&served)));
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        garbage::made();
        match Request::read(&event.data()) {
            Some((number, request)) => Rc::clone(&served).perform(number, request),
            None => {
                web_sys::console::warn_1(&"a request about a file is not understood".into());
            }
        }
    });
    port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // The port is served as long as this worker lives.
    on_message.forget();
}

impl Files {
    fn end(&self) {
        match self {
            Self::Here(open) => open.end(),
            Self::Apart(writer) => writer.end(),
        }
    }

    fn let_go(&self, kept: Vec<u32>) {
        match self {
            Self::Here(open) => drop(open.let_go(&kept)),
            Self::Apart(writer) => writer.let_go(kept),
        }
    }
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
                    self.cars.fetch(number, wanted, answer).await;
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
            Request::LetGo { kept } => self.files.let_go(kept),
            Request::Hash { name, leaves } if leaves.len() > 1 => {
                let Files::Apart(_) = *self.files else {
                    return self.perform_on_files(number, Request::Hash { name, leaves });
                };
                spawn_local(async move {
                    if let Files::Apart(writer) = &*self.files {
                        let hashed = writer.hash(name, leaves).await;
                        self.answer(number, hashed.map(Said::Done));
                    }
                });
            }
            request => self.perform_on_files(number, request),
        }
    }

    fn perform_on_files(self: Rc<Self>, number: u32, request: Request) {
        match &*self.files {
            Files::Apart(writer) => {
                if let Err(problem) = writer.perform(number, request) {
                    self.answer(number, Err(problem));
                }
            }
            Files::Here(_) => spawn_local(async move {
                if let Files::Here(open) = &*self.files {
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
