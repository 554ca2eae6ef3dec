//! Saves a file that is too large to be held: the browser writes it to the disk as it comes, by way of a service worker
//! (`static/save.js`), which answers an address with the bytes that this page sends.

use std::cell::Cell;
use std::rc::Rc;

use fluence::private::tar::Part;
use fluence::web_link::WebLink;
use futures::channel::mpsc;
use futures::stream::StreamExt;
use gloo_timers::callback::Interval;
use js_sys::{Array, Math, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::js::{object, outcome};
use web_sys::{
    MessageChannel, MessageEvent, MessagePort, RegistrationOptions, ServiceWorker,
    ServiceWorkerRegistration, ServiceWorkerState,
};

use crate::open::Opening;
use crate::text::Trouble;
use crate::transfer::Transfer;
use crate::view::{self, View};

/// The program of the service worker, and the addresses that it answers.
const WORKER: &str = "/page/save.js";
const SCOPE: &str = "/page/save/";
/// How often the service worker is kept from being ended, in milliseconds.
const AWAKE_MS: u32 = 10_000;

/// What the browser wants of a save.
enum Ask {
    /// The worker is ready for the request.
    Ready,
    /// It takes one more piece.
    More,
    /// It takes nothing more.
    Cancelled,
}

/// A save that is under way. Dropping it before its end makes the browser's download fail.
struct Save {
    port: MessagePort,
    asks: mpsc::UnboundedReceiver<Ask>,
    ended: Cell<bool>,
    _awake: Interval,
    _on_message: Closure<dyn Fn(MessageEvent)>,
}

impl Drop for Save {
    fn drop(&mut self) {
        if !self.ended.get() {
            let _ = self.port.post_message(&"failed".into());
        }
    }
}

impl Save {
    /// Begins to save a file of this size, in bytes, under this name.
    async fn begin(view: &View, name: &str, size: u64) -> Result<Self, Trouble> {
        let worker = worker().await.ok_or_else(Trouble::not_saved)?;
        let channel = MessageChannel::new().map_err(|_| Trouble::not_saved())?;
        let (port, theirs) = (channel.port1(), channel.port2());
        let (sender, mut asks) = mpsc::unbounded();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let ask = match event.data().as_string().as_deref() {
                Some("ready") => Ask::Ready,
                Some("more") => Ask::More,
                _ => Ask::Cancelled,
            };
            // The save may be over.
            let _ = sender.unbounded_send(ask);
        });
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let id: String = (0..4)
            .map(|_| format!("{:08x}", (Math::random() * f64::from(u32::MAX)) as u32))
            .collect();
        let save = object([
            ("id", id.as_str().into()),
            ("name", name.into()),
            ("size", JsValue::from_f64(size as f64)),
        ]);
        worker
            .post_message_with_transferable(&save, &Array::of1(&theirs))
            .map_err(|_| Trouble::not_saved())?;
        match asks.next().await {
            Some(Ask::Ready) => {}
            _ => return Err(Trouble::not_saved()),
        }
        view.request(&format!("{SCOPE}{id}"));
        let awake = Interval::new(AWAKE_MS, move || {
            let _ = worker.post_message(&JsValue::NULL);
        });
        Ok(Self {
            port,
            asks,
            ended: Cell::new(false),
            _awake: awake,
            _on_message: on_message,
        })
    }

    /// Sends bytes once the browser takes more.
    async fn push(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        match self.asks.next().await {
            Some(Ask::More) => {}
            _ => return Err(Trouble::cancelled()),
        }
        let piece = Uint8Array::from(bytes);
        let handed_over = Array::of1(&piece.buffer());
        self.port
            .post_message_with_transferable(&piece, &handed_over)
            .map_err(|_| Trouble::not_saved())
    }

    /// Ends the file: all of it was sent.
    fn end(&self) -> Result<(), Trouble> {
        self.ended.set(true);
        self.port
            .post_message(&"end".into())
            .map_err(|_| Trouble::not_saved())
    }
}

/// Saves the only file of a share, whose name and size are known, while it is fetched.
pub async fn stream(view: &Rc<View>, link: &WebLink, name: &str, size: u64) -> Result<(), Trouble> {
    let mut save = Save::begin(view, name, size).await?;
    let mut transfer = Transfer::begin(link.cid).await?;
    let mut opening = link.key.as_ref().map(|key| Opening::new(key.clone()));
    while let Some(bytes) = transfer.next().await? {
        match &mut opening {
            Some(opening) => {
                for part in opening.push(&bytes).await? {
                    if let Part::Bytes(bytes) = part {
                        save.push(&bytes).await?;
                    }
                }
            }
            None => save.push(&bytes).await?,
        }
        view.progress(transfer.offset(), transfer.size());
    }
    transfer.finish()?;
    if let Some(opening) = opening {
        for part in opening.end().await? {
            if let Part::Bytes(bytes) = part {
                save.push(&bytes).await?;
            }
        }
    }
    save.end()
}

/// Whether the browser saves files as they come. It does on secure pages, except in some private windows.
pub async fn is_possible() -> bool {
    worker().await.is_some()
}

/// The service worker, running.
async fn worker() -> Option<ServiceWorker> {
    let navigator = view::window().navigator();
    if web::js::member(&navigator, "serviceWorker").is_falsy() {
        return None;
    }
    let options = RegistrationOptions::new();
    options.set_scope(SCOPE);
    let registered = navigator
        .service_worker()
        .register_with_options(WORKER, &options);
    let registration = outcome(Ok(registered)).await.ok()?;
    let registration: ServiceWorkerRegistration = registration.unchecked_into();
    if let Some(active) = registration.active() {
        return Some(active);
    }
    let coming = registration.installing().or(registration.waiting())?;
    let activated = js_sys::Promise::new(&mut |resolve, reject| {
        let worker = coming.clone();
        let look = Closure::<dyn Fn()>::new(move || {
            let settle = match worker.state() {
                ServiceWorkerState::Activated => &resolve,
                ServiceWorkerState::Redundant => &reject,
                _ => return,
            };
            let _ = settle.call0(&JsValue::NULL);
        });
        coming.set_onstatechange(Some(look.as_ref().unchecked_ref()));
        // It is called as long as the worker is being installed.
        look.forget();
    });
    JsFuture::from(activated).await.ok()?;
    registration.active()
}
