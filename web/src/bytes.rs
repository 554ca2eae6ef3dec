//! Streams of bytes.

use js_sys::{ArrayBuffer, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, ReadableStreamByobReader};

use crate::js::{member, object};

#[wasm_bindgen]
extern "C" {
    type Bytes;
    #[wasm_bindgen(method, js_name = getReader, catch)]
    fn get_reader(this: &Bytes, options: &JsValue) -> Result<ReadableStreamByobReader, JsValue>;
}

/// Reads a stream of bytes into the same buffer again and again: new buffers would wait for the garbage collection, and
/// hundreds of megabytes of them would gather until then.
pub struct ByteReader {
    reader: ReadableStreamByobReader,
    buffer: ArrayBuffer,
}

impl ByteReader {
    /// A reader of this stream that reads into this buffer.
    ///
    /// # Errors
    /// The exception of the browser, where the stream has a reader already.
    pub fn new(stream: &ReadableStream, buffer: ArrayBuffer) -> Result<Self, JsValue> {
        let bytes: &Bytes = stream.unchecked_ref();
        let reader = bytes.get_reader(&object([("mode", "byob".into())]))?;
        Ok(Self { reader, buffer })
    }

    /// The next piece, which is in the buffer; `None` at the end. The browser takes the buffer and returns it with the
    /// piece, and arrays on it that are still held become empty.
    ///
    /// # Errors
    /// The exception of the browser, where the stream fails.
    pub async fn read(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        if self.buffer.byte_length() == 0 {
            // A read that was not awaited to its end keeps the buffer.
            return Err("there is no buffer to read into".into());
        }
        let all = Uint8Array::new(&self.buffer);
        let read = JsFuture::from(self.reader.read_with_array_buffer_view(&all)).await?;
        let Ok(piece) = member(&read, "value").dyn_into::<Uint8Array>() else {
            return Ok(None);
        };
        self.buffer = piece.buffer();
        let ended = member(&read, "done").is_truthy();
        Ok((!ended).then_some(piece))
    }
}
