//! Who writes: the worker that fetches would stand still while it writes, so another one does, which it starts.

use std::cell::RefCell;
use std::rc::Rc;

use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web_sys::{
    DedicatedWorkerGlobalScope, MessageEvent, MessagePort, Worker, WorkerOptions, WorkerType,
};

use crate::garbage;
use crate::message::{self, Request, Said, member};
use crate::open::Open;

/// The program of the worker that writes.
const PROGRAM: &str = "files.js?writer";
/// Buffers that go to the writer and come back: their bytes, and how many are kept for the next blocks. New ones would
/// take longer to come by than to write.
const BUFFER: u32 = 1 << 20;
const BUFFERS: usize = 4;
/// The member of an answer that brings buffers back.
const BACK: &str = "buffers";

/// Writes in a worker of its own, and answers over the port of whoever asked.
pub(crate) struct Writer {
    worker: Worker,
    buffers: Rc<RefCell<Vec<ArrayBuffer>>>,
    _on_message: Closure<dyn Fn(MessageEvent)>,
}

impl Writer {
    /// Ends it; its files are closed with it.
    pub(crate) fn end(&self) {
        self.worker.terminate();
    }

    /// Starts it.
    pub(crate) fn start(port: MessagePort) -> Result<Self, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(PROGRAM, &options)?;
        let buffers: Rc<RefCell<Vec<ArrayBuffer>>> = Rc::default();
        let on_message = {
            let buffers = Rc::clone(&buffers);
            Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
                garbage::left();
                let answer = event.data();
                if let Ok(back) = member(&answer, BACK).dyn_into::<Array>() {
                    // It is an object that was made for this message.
                    let _ = Reflect::delete_property(answer.unchecked_ref(), &BACK.into());
                    let back = back.iter().filter_map(|buffer| buffer.dyn_into().ok());
                    let mut buffers = buffers.borrow_mut();
                    buffers
                        .extend(back.filter(|buffer: &ArrayBuffer| buffer.byte_length() == BUFFER));
                    buffers.truncate(BUFFERS);
                }
                if let Err(why) = port.post_message(&answer) {
                    web_sys::console::warn_2(&"an answer about a file was not sent".into(), &why);
                }
            })
        };
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Ok(Self {
            worker,
            buffers,
            _on_message: on_message,
        })
    }

    /// Has it do what was asked under a number.
    pub(crate) fn perform(&self, number: u32, request: Request) -> Result<(), JsValue> {
        let (message, handed_over) = request.write(number);
        self.worker
            .post_message_with_transfer(&message, &handed_over)
    }

    /// Bytes in a buffer that can be handed over, which may be longer.
    pub(crate) fn piece(&self, bytes: &[u8]) -> Uint8Array {
        let len = bytes.len() as u32;
        let used = (len <= BUFFER)
            .then(|| self.buffers.borrow_mut().pop())
            .flatten();
        let buffer = used.unwrap_or_else(|| ArrayBuffer::new(len.max(BUFFER)));
        let piece = Uint8Array::new_with_byte_offset_and_length(&buffer, 0, len);
        piece.copy_from(bytes);
        piece
    }
}

/// In the worker that writes: does what the worker that started it asks.
pub fn write() {
    let scope: DedicatedWorkerGlobalScope = js_sys::global().unchecked_into();
    let open = Rc::new(Open::default());
    let answers = scope.clone();
    let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
        garbage::left();
        let Some((number, request)) = Request::read(&event.data()) else {
            return;
        };
        let (open, answers) = (Rc::clone(&open), answers.clone());
        spawn_local(async move {
            let handed_over: Array = match &request {
                Request::Write { pieces, .. } => message::buffers_of(pieces).collect(),
                _ => Array::new(),
            };
            let done = open.perform(request).await;
            let answer = message::answer(number, done.map(Said::Done));
            if handed_over.length() > 0 {
                // A plain object takes any member.
                let _ = Reflect::set(&answer, &BACK.into(), &handed_over);
            }
            if let Err(why) = answers.post_message_with_transfer(&answer, &handed_over) {
                web_sys::console::warn_2(&"an answer about a file was not sent".into(), &why);
            }
        });
    });
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    // As long as the worker lives.
    on_message.forget();
}
