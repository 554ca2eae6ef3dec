//! A file that the person chooses and that is written as it comes, where the browser has File System Access.

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use web::js::{member, object, outcome};

use crate::text::Trouble;
use crate::view;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_name = showSaveFilePicker, catch)]
    fn show_save_file_picker(options: &JsValue) -> Result<Promise, JsValue>;

    type Handle;
    #[wasm_bindgen(method, js_name = createWritable, catch)]
    fn create_writable(this: &Handle) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn remove(this: &Handle) -> Result<Promise, JsValue>;

    type Writable;
    #[wasm_bindgen(method, catch)]
    fn write(this: &Writable, bytes: &Uint8Array) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn close(this: &Writable) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn abort(this: &Writable) -> Result<Promise, JsValue>;
}

/// Whether the browser lets people choose where a file is saved.
pub fn is_possible() -> bool {
    member(&view::window(), "showSaveFilePicker").is_function()
}

/// A file that is being written. If this is dropped before its end, nothing stays of it.
pub struct Chosen {
    handle: Handle,
    writable: Writable,
    ended: bool,
}

impl Chosen {
    /// Asks the person for a file, in the click that saves.
    pub async fn ask(name: &str) -> Result<Self, Trouble> {
        let options = object([("suggestedName", name.into())]);
        let handle = outcome(show_save_file_picker(&options)).await;
        let handle: Handle = handle.map_err(|_| Trouble::cancelled())?.unchecked_into();
        let writable = outcome(handle.create_writable()).await;
        let writable = writable.map_err(|_| Trouble::not_saved())?;
        Ok(Self {
            handle,
            writable: writable.unchecked_into(),
            ended: false,
        })
    }

    /// Writes the next bytes.
    pub async fn push(&self, bytes: &Uint8Array) -> Result<(), Trouble> {
        let written = self.writable.write(bytes);
        outcome(written).await.map_err(|_| Trouble::not_saved())?;
        Ok(())
    }

    /// Gives the file its name: all of it is here.
    pub async fn end(mut self) -> Result<(), Trouble> {
        let closed = outcome(self.writable.close()).await;
        closed.map_err(|_| Trouble::not_saved())?;
        self.ended = true;
        Ok(())
    }
}

impl Drop for Chosen {
    fn drop(&mut self) {
        if !self.ended {
            // What was written is in a file beside it, and the browser has made an empty one under its name.
            let _ = self.writable.abort();
            let _ = self.handle.remove();
        }
    }
}
