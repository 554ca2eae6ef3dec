//! Tests of files that the popup hands over, through the channel that it uses.

use std::rc::Rc;

use background::handover::Handovers;
use background::source::BlobSource;
use fluence::command::HANDOVER;
use fluence::ports::Source;
use futures::StreamExt;
use futures::channel::mpsc;
use js_sys::{Array, Object, Reflect};
use wasm_bindgen::prelude::*;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::{BroadcastChannel, MessageEvent};

use crate::blob;

/// The worker's end of the channel and the popup's.
struct Channel {
    handovers: Rc<Handovers>,
    worker: BroadcastChannel,
    face: BroadcastChannel,
    /// What the worker sends to the popup.
    said: mpsc::UnboundedReceiver<JsValue>,
    _listeners: [Closure<dyn FnMut(MessageEvent)>; 2],
}

impl Channel {
    fn open() -> Self {
        let handovers = Rc::new(Handovers::default());
        let (worker, face) = (
            BroadcastChannel::new(HANDOVER).unwrap(),
            BroadcastChannel::new(HANDOVER).unwrap(),
        );
        let (to, said) = mpsc::unbounded();
        let hears = {
            let (handovers, worker) = (Rc::clone(&handovers), worker.clone());
            Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
                handovers.message(&event.data(), &worker);
            })
        };
        worker.set_onmessage(Some(hears.as_ref().unchecked_ref()));
        let is_told = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            to.unbounded_send(event.data()).unwrap();
        });
        face.set_onmessage(Some(is_told.as_ref().unchecked_ref()));
        Self {
            handovers,
            worker,
            face,
            said,
            _listeners: [hears, is_told],
        }
    }

    fn offer(&self, key: &str, files: &JsValue) {
        let offer = Object::new();
        Reflect::set(&offer, &"key".into(), &key.into()).unwrap();
        Reflect::set(&offer, &"files".into(), files).unwrap();
        self.face.post_message(&offer).unwrap();
    }

    /// The key of the offer that the worker acknowledges.
    async fn taken(&mut self) -> Option<String> {
        let said = self.said.next().await?;
        let taken = Reflect::get(&said, &"taken".into()).unwrap();
        assert!(taken.is_truthy(), "{said:?}");
        Reflect::get(&said, &"key".into()).unwrap().as_string()
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        for channel in [&self.worker, &self.face] {
            channel.set_onmessage(None);
            channel.close();
        }
    }
}

fn files(texts: &[&'static str]) -> JsValue {
    let blobs: Array = texts.iter().map(|text| blob(text.as_bytes())).collect();
    blobs.into()
}

async fn texts(sources: Vec<BlobSource>) -> Vec<String> {
    let mut texts = Vec::new();
    for source in sources {
        let bytes = source.read(0..source.len()).await.unwrap();
        texts.push(String::from_utf8(bytes.to_vec()).unwrap());
    }
    texts
}

#[wasm_bindgen_test]
async fn files_are_taken_whichever_comes_first() {
    let mut channel = Channel::open();
    // The files come before the command.
    channel.offer("one", &files(&["first", "second"]));
    assert_eq!(channel.taken().await.as_deref(), Some("one"));
    let taken = channel.handovers.take("one").await.unwrap();
    assert_eq!(texts(taken).await, ["first", "second"]);
    // The command comes before the files, with another handover in between.
    let handovers = Rc::clone(&channel.handovers);
    let waiting = handovers.take("two");
    let offering = async {
        channel.offer("three", &files(&["third"]));
        channel.offer("two", &files(&["fourth"]));
    };
    let (taken, ()) = futures::future::join(waiting, offering).await;
    assert_eq!(texts(taken.unwrap()).await, ["fourth"]);
    let taken = channel.handovers.take("three").await.unwrap();
    assert_eq!(texts(taken).await, ["third"]);
}

#[wasm_bindgen_test]
async fn what_is_no_offer_is_not_heard() {
    let mut channel = Channel::open();
    for nonsense in [JsValue::NULL, "text".into(), Object::new().into()] {
        channel.face.post_message(&nonsense).unwrap();
        channel.offer("key", &nonsense);
    }
    channel.offer(&"x".repeat(65), &files(&["a"]));
    // A value among the files that is not a file is left out.
    let mixed: Array = Array::from(&files(&["kept"]));
    mixed.push(&"text".into());
    channel.offer("last", &mixed.into());
    assert_eq!(channel.taken().await.as_deref(), Some("last"));
    let taken = channel.handovers.take("last").await.unwrap();
    assert_eq!(texts(taken).await, ["kept"]);
}

#[wasm_bindgen_test]
async fn files_that_nobody_asks_for_do_not_gather() {
    let mut channel = Channel::open();
    for number in 0..40 {
        channel.offer(&number.to_string(), &files(&["x"]));
        assert_eq!(channel.taken().await, Some(number.to_string()));
    }
    // The newest files are kept and older ones are dropped; a command that asks for those gets
    // nothing after a while.
    let newest = channel.handovers.take("39").await.unwrap();
    assert_eq!(texts(newest).await, ["x"]);
    assert!(channel.handovers.take("0").await.is_none());
}
