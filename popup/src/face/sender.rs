//! The handle through which the face and its views send messages.

use std::pin::Pin;

use wasm_bindgen_futures::spawn_local;
use web::extension::pages;
use yew::Callback;

use super::Msg;

/// Sends messages to the face. Cheap to clone.
#[derive(Clone, PartialEq)]
pub struct Sender(Callback<Msg>);

impl Sender {
    /// Makes a sender that passes messages to this callback.
    pub fn new(callback: Callback<Msg>) -> Self {
        Self(callback)
    }

    /// Sends a message.
    pub fn send(&self, msg: Msg) {
        self.0.emit(msg);
    }

    /// Sends the message that a future resolves to.
    pub fn send_future(&self, future: impl Future<Output = Msg> + 'static) {
        // Boxed, so that the code that awaits it is compiled once and not for each future.
        let (sender, future) = (
            self.clone(),
            Box::pin(future) as Pin<Box<dyn Future<Output = Msg>>>,
        );
        spawn_local(async move { sender.send(future.await) });
    }

    /// A callback that makes a message of each event with `make`, and sends it.
    pub fn callback<E>(&self, make: impl Fn(E) -> Msg + 'static) -> Callback<E> {
        self.0.reform(make)
    }

    /// A callback that asks the person to let the extension read from these origins, and sends the message that `told`
    /// makes of the answer. The browser is called within the event: Firefox asks at no later time, and what a message is
    /// answered with comes later.
    pub fn asking<E>(
        &self,
        origins: Vec<String>,
        told: impl AsyncFn(bool) -> Msg + Copy + 'static,
    ) -> Callback<E> {
        let sender = self.clone();
        Callback::from(move |_| {
            let asked = pages::ask_to_read(&origins);
            sender.send_future(async move { told(asked.await).await });
        })
    }

    /// Like [`Self::callback`], but it sends nothing for an event of which `make` makes `None`.
    pub fn callback_if<E>(&self, make: impl Fn(E) -> Option<Msg> + 'static) -> Callback<E> {
        let sender = self.clone();
        Callback::from(move |event| {
            if let Some(msg) = make(event) {
                sender.send(msg);
            }
        })
    }
}
