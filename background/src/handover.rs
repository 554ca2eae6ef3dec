//! Files that faces hand over. They arrive through a `BroadcastChannel`, because ports cannot carry
//! blobs.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::{Either, select};
use js_sys::Array;
use wasm_bindgen::prelude::*;
use web::handle::FileHandle;
use web::js;
use web::time;
use web_sys::{Blob, BroadcastChannel, File};

use crate::source::BlobSource;

/// The most handovers that wait for their command; the oldest is dropped first.
const MAX_WAITING: usize = 16;
/// The longest key of a handover, in bytes of UTF-8.
const MAX_KEY: usize = 64;
/// How long a command waits for its files.
const PATIENCE: Duration = Duration::from_secs(10);

/// Files on their way from a face.
#[derive(Default)]
pub struct Handovers {
    came: RefCell<VecDeque<(String, Vec<BlobSource>)>>,
    awaited: RefCell<VecDeque<(String, oneshot::Sender<Vec<BlobSource>>)>>,
}

impl Handovers {
    /// Takes a message that came in on the channel, and answers it there.
    pub fn message(&self, message: &JsValue, channel: &BroadcastChannel) {
        let Some(key) = js::member(message, "key").as_string() else {
            return;
        };
        let files = js::member(message, "files");
        if !Array::is_array(&files) || key.len() > MAX_KEY {
            return;
        }
        // A file that may stay where it is comes with its handle.
        let handles = js::member(message, "handles");
        let handles = handles.dyn_into::<Array>().unwrap_or_default();
        let files: Vec<BlobSource> = Array::from(&files)
            .iter()
            .enumerate()
            .filter_map(|(index, file)| {
                let handle = FileHandle::of(handles.get(index as u32));
                let blob = file.dyn_into::<Blob>().ok()?;
                Some(match (blob.dyn_into::<File>(), handle) {
                    (Ok(file), Some(handle)) => BlobSource::chosen(file, handle),
                    (Ok(file), None) => BlobSource::new(file.into()),
                    (Err(blob), _) => BlobSource::new(blob),
                })
            })
            .collect();
        let taken = js::object([("key", key.as_str().into()), ("taken", true.into())]);
        let told = channel
            .post_message(&taken)
            .map_err(|why| js::message_of(&why));
        js::warn_on_error("the face was not told that its files came", told);
        let mut awaited = self.awaited.borrow_mut();
        if let Some(at) = awaited.iter().position(|(other, _)| *other == key) {
            if let Some((_, to)) = awaited.remove(at) {
                // The command may have stopped waiting.
                let _ = to.send(files);
            }
            return;
        }
        let mut came = self.came.borrow_mut();
        if came.len() >= MAX_WAITING {
            came.pop_front();
        }
        came.push_back((key, files));
    }

    /// The files that are handed over under a key. They may arrive before this is called or within
    /// ten seconds afterwards; `None` if they do not.
    pub async fn take(&self, key: &str) -> Option<Vec<BlobSource>> {
        let there = {
            let mut came = self.came.borrow_mut();
            let at = came.iter().position(|(other, _)| other == key);
            at.and_then(|at| came.remove(at))
        };
        if let Some((_, files)) = there {
            return Some(files);
        }
        let (to, files) = oneshot::channel();
        {
            let mut awaited = self.awaited.borrow_mut();
            if awaited.len() >= MAX_WAITING {
                awaited.pop_front();
            }
            awaited.push_back((key.to_owned(), to));
        }
        match select(files, Box::pin(time::sleep(PATIENCE))).await {
            Either::Left((files, _)) => files.ok(),
            Either::Right(_) => {
                self.awaited.borrow_mut().retain(|(other, _)| other != key);
                None
            }
        }
    }
}
