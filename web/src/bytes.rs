//! Streams of bytes that are read into reused buffers. New buffers would stay in memory until the
//! browser collects its garbage, and hundreds of megabytes of them would pile up until then.

use js_sys::{ArrayBuffer, Promise, Uint8Array};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, FileReader, ReadableStream, ReadableStreamByobReader};

use crate::js::{Outcome, member, message_of, object};

#[wasm_bindgen]
extern "C" {
    type Bytes;
    #[wasm_bindgen(method, js_name = getReader, catch)]
    fn get_reader(this: &Bytes, options: &JsValue) -> Result<ReadableStreamByobReader, JsValue>;
}

/// A reader of a stream of bytes. Each read is given the buffer to read into.
pub struct ByobReader(ReadableStreamByobReader);

/// The result of one read.
pub struct Read {
    /// The bytes that were read, in the buffer that was given. It is empty at the end of the
    /// stream, and `None` if the stream was cancelled, because such a stream keeps the buffer.
    pub piece: Option<Uint8Array>,
    /// Whether the stream has ended; then `piece` has no bytes.
    pub ended: bool,
}

impl ByobReader {
    /// Makes a reader of this stream.
    ///
    /// # Errors
    /// Fails with the browser's exception if the stream has a reader already.
    pub fn new(stream: &ReadableStream) -> Result<Self, JsValue> {
        let bytes: &Bytes = stream.unchecked_ref();
        bytes
            .get_reader(&object([("mode", "byob".into())]))
            .map(Self)
    }

    /// Reads the next bytes into an array, at most as many as fit. The browser transfers the
    /// array's buffer and returns it with the bytes; all other arrays on that buffer become empty.
    ///
    /// # Errors
    /// Fails with the browser's exception if the stream fails.
    pub async fn read_into(&self, array: &Uint8Array) -> Result<Read, JsValue> {
        let read = JsFuture::from(self.0.read_with_array_buffer_view(array)).await?;
        Ok(Read {
            piece: member(&read, "value").dyn_into().ok(),
            ended: member(&read, "done").is_truthy(),
        })
    }
}

/// A reader of a stream of bytes with a buffer of its own.
pub struct ByteReader {
    reader: ByobReader,
    buffer: ArrayBuffer,
}

impl ByteReader {
    /// Makes a reader of this stream that reads into this buffer.
    ///
    /// # Errors
    /// Fails with the browser's exception if the stream has a reader already.
    pub fn new(stream: &ReadableStream, buffer: ArrayBuffer) -> Result<Self, JsValue> {
        let reader = ByobReader::new(stream)?;
        Ok(Self { reader, buffer })
    }

    /// Reads the next piece, which is in the buffer and valid until the next read; `None` at the
    /// end.
    ///
    /// # Errors
    /// Fails with the browser's exception if the stream fails.
    pub async fn read(&mut self) -> Result<Option<Uint8Array>, JsValue> {
        if self.buffer.byte_length() == 0 {
            // A read that was dropped before its end keeps the buffer.
            return Err("there is no buffer to read into".into());
        }
        let all = Uint8Array::new(&self.buffer);
        let read = self.reader.read_into(&all).await?;
        let Some(piece) = read.piece else {
            return Ok(None);
        };
        self.buffer = piece.buffer();
        Ok((!read.ended).then_some(piece))
    }

    /// The buffer, for another reader. It is empty if a read failed or was dropped before its end.
    pub fn into_buffer(self) -> ArrayBuffer {
        self.buffer
    }
}

/// The bytes of a blob as a `data:` URL, with the blob's type.
///
/// # Errors
/// The message of the browser, where the blob cannot be read any more.
pub async fn data_url(blob: &Blob) -> Outcome<String> {
    let read = async {
        let reader = FileReader::new()?;
        let ended = Promise::new(&mut |resolve, _| reader.set_onloadend(Some(&resolve)));
        reader.read_as_data_url(blob)?;
        JsFuture::from(ended).await?;
        let url = reader.result()?.as_string();
        url.ok_or_else(|| reader.error().into())
    };
    read.await.map_err(|why: JsValue| message_of(&why))
}
