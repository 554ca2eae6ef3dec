//! The offscreen page, which can do what a service worker cannot: make blob URLs and start workers.
//! It stays open while something holds it, and a little longer.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use web::browser;
use web::js::Outcome;
use web::time;
use web_sys::MessagePort;

/// How long the page stays open once nothing holds it any more, because opening it takes longer
/// than most of its tasks.
const LINGER: Duration = Duration::from_secs(20);
/// How many times, and how often, the file worker is looked for in a page that may not have loaded
/// yet.
const LOOKS: u32 = 50;
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The page. A clone is cheap, and is the same page.
#[derive(Clone, Default)]
pub struct Offscreen(Rc<Shown>);

#[derive(Default)]
struct Shown {
    holders: Cell<u32>,
    /// How many times it was held.
    held: Cell<u64>,
    /// The opening of the page, which may be complete.
    opened: RefCell<Option<Shared<LocalBoxFuture<'static, Outcome<()>>>>>,
    /// The closing of the page, which may be complete.
    closed: RefCell<Option<Shared<LocalBoxFuture<'static, ()>>>>,
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
    pub fn new() -> Self {
        let page = Self::default();
        wasm_bindgen_futures::spawn_local(page.clone().close_later());
        page
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
