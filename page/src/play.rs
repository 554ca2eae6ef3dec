//! Shows a file that is not held: the browser reads it at an address of this page's own, from wherever it wants, and gets
//! nothing that was not checked. The service worker (`worker.rs`) passes each request on to this page.

use std::ops::Range;
use std::rc::Rc;

use futures::future::{Either, select};
use js_sys::Object;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::spawn_local;
use web::js::{member, object, text};
use web_sys::{MessageEvent, MessagePort, ServiceWorker};

use crate::reading::Source;
use crate::text::Trouble;
use crate::view;
use crate::worker::{Ask, Pipe, address, controlling};

/// What the browser may read at an address.
pub struct Readable {
    /// Where its bytes are.
    pub source: Source,
    /// The number of its bytes.
    pub size: u64,
    /// Its type.
    pub media_type: &'static str,
}

/// An address at which the browser reads. There is one at a time; nothing is there any more once this is dropped.
pub struct Playing {
    /// The address.
    pub address: String,
    _on_message: Closure<dyn Fn(MessageEvent)>,
}

impl Drop for Playing {
    fn drop(&mut self) {
        let container = view::window().navigator().service_worker();
        container.set_onmessage(None);
    }
}

impl Playing {
    /// An address for these bytes; `None` where the browser has no service worker. `failed` is told why nothing more can be
    /// read.
    pub async fn begin(readable: Readable, failed: impl Fn(Trouble) + 'static) -> Option<Self> {
        let worker = controlling().await?;
        let (id, address) = address();
        let (readable, failed) = (Rc::new(readable), Rc::new(failed));
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let asked = event.data();
            let Ok(port) = event.ports().get(0).dyn_into::<MessagePort>() else {
                return;
            };
            let number = |name| member(&asked, name).as_f64().map(|number| number as u64);
            let size = readable.size;
            let from = number("from").filter(|from| *from < size);
            let from = from.filter(|_| text(&asked, "id").as_ref() == Some(&id));
            let Some(from) = from else {
                let _ = port.post_message(&Object::new());
                return;
            };
            let range = from..number("to").unwrap_or(size).clamp(from, size);
            let (readable, failed) = (Rc::clone(&readable), Rc::clone(&failed));
            let worker = worker.clone();
            spawn_local(async move {
                match answer(port, worker, &readable, range).await {
                    Ok(()) => {}
                    Err(trouble) if trouble == Trouble::cancelled() => {}
                    Err(trouble) => failed(trouble),
                }
            });
        });
        let container = view::window().navigator().service_worker();
        container.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Some(Self {
            address,
            _on_message: on_message,
        })
    }
}

/// Answers one request of the browser, as fast as it takes the bytes.
async fn answer(
    port: MessagePort,
    worker: ServiceWorker,
    readable: &Readable,
    range: Range<u64>,
) -> Result<(), Trouble> {
    let about = object([
        ("type", readable.media_type.into()),
        ("size", (readable.size as f64).into()),
        ("end", (range.end as f64).into()),
    ]);
    let mut pipe = Pipe::new(port, worker);
    let posted = pipe.port().post_message(&about);
    posted.map_err(|_| Trouble::not_shown())?;
    let mut reading = readable.source.read(range);
    loop {
        match pipe.asked().await {
            Some(Ask::More) => {}
            _ => return Err(Trouble::cancelled()),
        }
        // What is asked next before anything was sent is to stop.
        let bytes = match select(Box::pin(reading.next()), Box::pin(pipe.asked())).await {
            Either::Left((bytes, _)) => bytes?,
            Either::Right(_) => return Err(Trouble::cancelled()),
        };
        match bytes {
            Some(bytes) => pipe.push(&bytes)?,
            None => return pipe.end(),
        }
    }
}
