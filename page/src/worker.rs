//! The service worker (`static/worker.js`), which answers addresses with the bytes that this page sends, so that the browser
//! saves and plays files that nothing holds as a whole.

use std::cell::Cell;

use futures::channel::mpsc;
use futures::future::select;
use futures::stream::StreamExt;
use gloo_timers::callback::Interval;
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::js::{member, outcome};
use web_sys::{
    MessageEvent, MessagePort, RegistrationOptions, ServiceWorker, ServiceWorkerRegistration,
    ServiceWorkerState,
};

use crate::text::Trouble;
use crate::view;

/// The program of the service worker.
const PROGRAM: &str = "/page/worker.js";
/// What it is asked about: everything that this page loads, since the page itself is at the root. It answers only
/// [`ADDRESSES`].
const SCOPE: &str = "/";
/// The addresses that it answers.
const ADDRESSES: &str = "/page/bytes/";
/// How often the service worker is kept from being ended, in milliseconds.
const AWAKE_MS: u32 = 10_000;
/// How long the service worker may take to become that of this page, in milliseconds.
const CLAIM_MS: u32 = 5_000;

#[wasm_bindgen]
extern "C" {
    /// Exists wherever there are service workers.
    #[wasm_bindgen(js_namespace = crypto, js_name = randomUUID)]
    fn random_uuid() -> String;
}

/// An address that nobody guesses: its last part, and all of it.
pub fn address() -> (String, String) {
    let id = random_uuid();
    let address = format!("{ADDRESSES}{id}");
    (id, address)
}

/// The service worker, running; `None` where there is none.
pub async fn worker() -> Option<ServiceWorker> {
    let navigator = view::window().navigator();
    if member(&navigator, "serviceWorker").is_falsy() {
        return None;
    }
    let options = RegistrationOptions::new();
    options.set_scope(SCOPE);
    let registered = navigator
        .service_worker()
        .register_with_options(PROGRAM, &options);
    let registration = outcome(Ok(registered)).await.ok()?;
    let registration: ServiceWorkerRegistration = registration.unchecked_into();
    if let Some(active) = registration.active() {
        return Some(active);
    }
    let coming = registration.installing().or(registration.waiting())?;
    let activated = Promise::new(&mut |resolve, reject| {
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

/// The service worker, which is asked about what this page loads; `None` where there is none.
pub async fn controlling() -> Option<ServiceWorker> {
    let worker = worker().await?;
    let container = view::window().navigator().service_worker();
    if container.controller().is_none() {
        // A page that was loaded by force is not the worker's until it is claimed, and the first one not at once.
        let claimed =
            Promise::new(&mut |resolve, _| container.set_oncontrollerchange(Some(&resolve)));
        worker.post_message(&"claim".into()).ok()?;
        select(JsFuture::from(claimed), TimeoutFuture::new(CLAIM_MS)).await;
        container.set_oncontrollerchange(None);
    }
    container.controller()
}

/// What the browser wants of a file.
pub enum Ask {
    /// The worker is ready for the request.
    Ready,
    /// It takes one more piece.
    More,
    /// It takes nothing more.
    Cancelled,
}

/// A file, or a part of one, that is handed over to the browser piece by piece. Dropping it before its end makes that fail.
pub struct Pipe {
    port: MessagePort,
    asks: mpsc::UnboundedReceiver<Ask>,
    ended: Cell<bool>,
    _awake: Interval,
    _on_message: Closure<dyn Fn(MessageEvent)>,
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if !self.ended.get() {
            let _ = self.port.post_message(&"failed".into());
        }
        self.port.set_onmessage(None);
    }
}

impl Pipe {
    /// A pipe to the worker at the other end of this port.
    pub fn new(port: MessagePort, worker: ServiceWorker) -> Self {
        let (sender, asks) = mpsc::unbounded();
        let on_message = Closure::<dyn Fn(MessageEvent)>::new(move |event: MessageEvent| {
            let ask = match event.data().as_string().as_deref() {
                Some("ready") => Ask::Ready,
                Some("more") => Ask::More,
                _ => Ask::Cancelled,
            };
            // All may be over.
            let _ = sender.unbounded_send(ask);
        });
        port.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        Self {
            port,
            asks,
            ended: Cell::new(false),
            _awake: Interval::new(AWAKE_MS, move || {
                let _ = worker.post_message(&JsValue::NULL);
            }),
            _on_message: on_message,
        }
    }

    /// The port.
    pub fn port(&self) -> &MessagePort {
        &self.port
    }

    /// What the browser wants next; `None` is never returned while the pipe is there.
    pub async fn asked(&mut self) -> Option<Ask> {
        self.asks.next().await
    }

    /// Sends bytes, the only ones in their buffer, after the browser has asked for more.
    pub fn push(&self, piece: &Uint8Array) -> Result<(), Trouble> {
        let handed_over = Array::of1(&piece.buffer());
        self.port
            .post_message_with_transferable(piece, &handed_over)
            .map_err(|_| Trouble::not_saved())
    }

    /// Ends it: all of it was sent.
    pub fn end(&self) -> Result<(), Trouble> {
        self.ended.set(true);
        self.port
            .post_message(&"end".into())
            .map_err(|_| Trouble::not_saved())
    }
}
