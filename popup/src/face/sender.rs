//! Where the face and its views send messages.

use std::pin::Pin;

use wasm_bindgen_futures::spawn_local;
use yew::Callback;

use super::Msg;

/// Sends messages to the face. Cheap to clone.
#[derive(Clone)]
pub struct Sender(Callback<Msg>);

impl Sender {
    /// Sends by this callback.
    pub fn new(callback: Callback<Msg>) -> Self {
        Self(callback)
    }

    /// The callback that takes messages as they are.
    pub fn messages(&self) -> &Callback<Msg> {
        &self.0
    }

    /// Sends a message.
    pub fn send(&self, msg: Msg) {
        self.0.emit(msg);
    }

    /// Sends the message that a future results in, when it is there.
    pub fn send_future(&self, future: impl Future<Output = Msg> + 'static) {
        // Boxed, so that what awaits it is compiled once.
        let (sender, future) = (
            self.clone(),
            Box::pin(future) as Pin<Box<dyn Future<Output = Msg>>>,
        );
        spawn_local(async move { sender.send(future.await) });
    }

    /// A callback that sends the message that `make` makes of an event.
    pub fn callback<E>(&self, make: impl Fn(E) -> Msg + 'static) -> Callback<E> {
        self.0.reform(make)
    }

    /// The same, where an event may be of no interest.
    pub fn callback_if<E>(&self, make: impl Fn(E) -> Option<Msg> + 'static) -> Callback<E> {
        let sender = self.clone();
        Callback::from(move |event| {
            if let Some(msg) = make(event) {
                sender.send(msg);
            }
        })
    }
}
