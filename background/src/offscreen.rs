//! The offscreen page, which can do what a service worker cannot: make blob URLs, start workers, copy to the clipboard,
//! and hold files for longer than a worker lives.
//! It stays open while something holds it, and a little longer.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::channel::oneshot;
use futures::future::{Either, LocalBoxFuture, Shared, select};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web::browser;
use web::js::{self, Outcome};
use web::time;
use web_sys::{Blob, BroadcastChannel, File, MessageEvent, MessagePort};

/// How long the page stays open once nothing holds it any more, because opening it takes longer
/// than most of its tasks.
const LINGER: Duration = Duration::from_secs(20);
/// How many times, and how often, the file worker is looked for in a page that may not have loaded
/// yet.
const LOOKS: u32 = 50;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The channel between the worker and `static/offscreen.js`: `{ask: key, …}` is answered with `{told: key, value}`.
const CHANNEL: &str = "fluence-offscreen";
/// How long the page may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The page. A clone is cheap, and is the same page.
#[derive(Clone)]
pub struct Offscreen(Rc<Shown>);

struct Shown {
    holders: Cell<u32>,
    /// How many times it was held.
    held: Cell<u64>,
    /// The opening of the page, which may be complete.
    opened: RefCell<Option<Shared<LocalBoxFuture<'static, Outcome<()>>>>>,
    /// The closing of the page, which may be complete.
    closed: RefCell<Option<Shared<LocalBoxFuture<'static, ()>>>>,
    channel: BroadcastChannel,
    /// What the page was asked, by key, with the senders for its answers.
    asked: Rc<RefCell<BTreeMap<String, oneshot::Sender<JsValue>>>>,
    _on_message: Closure<dyn FnMut(MessageEvent)>,
}

/// Keeps the page open until this is dropped.
pub struct Hold(Offscreen);

impl Drop for Hold {
    fn drop(&mut self) {
        let shown = &self.0.0;
        shown.holders.set(shown.holders.get() - 1);
        if shown.holders.get() == 0 {
            wasm_bindgen_futures::spawn_local(self.0.clone().close_later());
        }
    }
}

impl Offscreen {
    /// Creates the handle to the page. An earlier worker may have left the page open, and then it
    /// is closed later unless something holds it.
    ///
    /// # Errors
    /// The message of the browser, if it has no channels between pages.
    pub fn new() -> Outcome<Self> {
        let channel = BroadcastChannel::new(CHANNEL).map_err(|why| js::message_of(&why))?;
        let asked: Rc<RefCell<BTreeMap<String, oneshot::Sender<JsValue>>>> = Rc::default();
        let on_message = {
            let asked = Rc::clone(&asked);
            Closure::new(move |event: MessageEvent| {
                let key = js::text(&event.data(), "told");
                let asked = key.and_then(|key| asked.borrow_mut().remove(&key));
                if let Some(asked) = asked {
                    // The task that asked may have stopped waiting.
                    let _ = asked.send(js::member(&event.data(), "value"));
                }
            })
        };
        channel.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        let page = Self(Rc::new(Shown {
            holders: Cell::default(),
            held: Cell::default(),
            opened: RefCell::default(),
            closed: RefCell::default(),
            channel,
            asked,
            _on_message: on_message,
        }));
        wasm_bindgen_futures::spawn_local(page.clone().close_later());
        Ok(page)
    }

    /// A blob URL of a blob, which is valid until the page closes. The page must be held.
    ///
    /// # Errors
    /// The message of the browser, or that the page does not answer.
    pub async fn url_of(&self, blob: &Blob) -> Outcome<String> {
        if let Some(url) = browser::url_in_place(blob)? {
            return Ok(url);
        }
        let url = self.ask("blob", blob.into()).await?;
        url.as_string()
            .ok_or_else(|| "the page made no URL".to_owned())
    }

    /// Copies a text to the clipboard, outside every page of the web: no page can read or replace it on the way.
    ///
    /// # Errors
    /// The message of the browser, or that it does not copy.
    pub async fn copy(&self, text: &str) -> Outcome<()> {
        let _held = self.hold();
        if browser::copy_in_place(text).await? {
            return Ok(());
        }
        let copied = self.ask("text", text.into()).await?;
        match copied.is_truthy() {
            true => Ok(()),
            false => Err("the browser does not copy".to_owned()),
        }
    }

    /// Has the page hold a file under a name, so that it can be read although the permission ends. The page must be held
    /// until the file is [forgotten](Self::forget_file).
    ///
    /// # Errors
    /// The message of the browser, or that the page does not answer.
    pub async fn keep_file(&self, name: &str, file: &File) -> Outcome<()> {
        let message = js::object([("id", name.into()), ("keep", file.into())]);
        self.ask_with(message).await.map(drop)
    }

    /// The file that the page, which must be held, holds under a name.
    ///
    /// # Errors
    /// The message of the browser, or that the page does not answer.
    pub async fn kept_file(&self, name: &str) -> Outcome<Option<File>> {
        Ok(self.ask("kept", name.into()).await?.dyn_into().ok())
    }

    /// Has the page, which must be held, let go of a file.
    ///
    /// # Errors
    /// The message of the browser, or that the page does not answer.
    pub async fn forget_file(&self, name: &str) -> Outcome<()> {
        self.ask("forget", name.into()).await.map(drop)
    }

    /// Has the page, which must be held, do a job of `static/inpage.js`, which opens a port to this program.
    ///
    /// # Errors
    /// The message of the browser, or that the page does not answer.
    pub async fn run(&self, arguments: &Array) -> Outcome<()> {
        self.ask("fetch", arguments.into()).await.map(drop)
    }

    async fn ask(&self, what: &str, value: JsValue) -> Outcome<JsValue> {
        self.ask_with(js::object([(what, value)])).await
    }

    /// Asks the page, which must be held, and returns its answer.
    async fn ask_with(&self, message: JsValue) -> Outcome<JsValue> {
        self.open().await?;
        let key = format!("{:032x}", time::random());
        let (told, answer) = oneshot::channel();
        self.0.asked.borrow_mut().insert(key.clone(), told);
        js::set(&message, "ask", &key.as_str().into());
        let posted = self.0.channel.post_message(&message);
        posted.map_err(|why| js::message_of(&why))?;
        let answer = select(answer, Box::pin(time::sleep(PATIENCE))).await;
        self.0.asked.borrow_mut().remove(&key);
        match answer {
            Either::Left((Ok(value), _)) => Ok(value),
            _ => Err("the offscreen page did not answer".to_owned()),
        }
    }

    /// Keeps the page open if it is open. [`Self::open`] opens it.
    pub fn hold(&self) -> Hold {
        self.0.holders.set(self.0.holders.get() + 1);
        self.0.held.set(self.0.held.get() + 1);
        Hold(self.clone())
    }

    /// Opens the page, which must be held.
    ///
    /// # Errors
    /// The message of the browser, if it does not open the page.
    pub async fn open(&self) -> Outcome<()> {
        // A page that is being closed never answers.
        let closed = self.0.closed.borrow().clone();
        let open = || {
            async move {
                if let Some(closed) = closed {
                    closed.await;
                }
                browser::open_offscreen().await
            }
            .boxed_local()
            .shared()
        };
        let opened = self.0.opened.borrow_mut().get_or_insert_with(open).clone();
        let result = opened.await;
        if result.is_err() {
            self.0.opened.take();
        }
        result
    }

    /// Hands a port to the file worker of the page, which must be held.
    ///
    /// # Errors
    /// The message of the browser, or that the page does not open.
    pub async fn hand_to_files(&self, port: &MessagePort) -> Outcome<()> {
        let mut looks = 0;
        loop {
            self.open().await?;
            if browser::hand_to_offscreen(port).await? {
                return Ok(());
            }
            looks += 1;
            if looks == LOOKS {
                // Something else closed the page, or it never loaded.
                self.0.opened.take();
                return Err("the page that writes files does not open".to_owned());
            }
            time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Closes the page, unless something holds it or has held it in the meantime.
    async fn close_later(self) {
        let held = self.0.held.get();
        time::sleep(LINGER).await;
        if self.0.holders.get() == 0 && self.0.held.get() == held {
            self.0.opened.take();
            let closing = browser::close_offscreen().boxed_local().shared();
            self.0.closed.replace(Some(closing.clone()));
            closing.await;
        }
    }
}
