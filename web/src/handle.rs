//! Handles on files that a person chose, where the browser gives them: such a file can be read where it is, and a handle
//! can be kept. The permission to read ends with the browser, and comes back after a click.

use js_sys::{Array, Promise};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{DataTransferItem, File};

use crate::js::{self, Outcome};

#[wasm_bindgen]
extern "C" {
    /// A handle on a file.
    #[wasm_bindgen(js_name = FileSystemFileHandle)]
    #[derive(Clone, Debug)]
    pub type FileHandle;

    #[wasm_bindgen(method, getter)]
    fn kind(this: &FileHandle) -> String;
    #[wasm_bindgen(method, catch, js_name = getFile)]
    fn get_file(this: &FileHandle) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = queryPermission)]
    fn query_permission(this: &FileHandle) -> Result<Promise, JsValue>;
    #[wasm_bindgen(method, catch, js_name = requestPermission)]
    fn request_permission(this: &FileHandle) -> Result<Promise, JsValue>;

    /// What was dropped, with what browsers add that have such handles.
    #[wasm_bindgen(extends = DataTransferItem)]
    type Dropped;
    #[wasm_bindgen(method, catch, js_name = getAsFileSystemHandle)]
    fn handle(this: &Dropped) -> Result<Promise, JsValue>;

    #[wasm_bindgen(catch, js_name = showOpenFilePicker)]
    fn show_open_file_picker(options: &JsValue) -> Result<Promise, JsValue>;
}

impl FileHandle {
    /// A handle that came from elsewhere; `None` if the value is none of a file.
    pub fn of(value: JsValue) -> Option<Self> {
        value
            .dyn_into()
            .ok()
            .filter(|handle: &Self| handle.kind() == "file")
    }

    /// The file as it is now.
    ///
    /// # Errors
    /// The exception of the browser: `NotAllowedError` without the permission, `NotFoundError` without the file.
    pub async fn file(&self) -> Result<File, JsValue> {
        JsFuture::from(self.get_file()?).await?.dyn_into()
    }

    /// Whether the file may be read now, without a question.
    pub async fn may_be_read(&self) -> bool {
        granted(js::outcome(self.query_permission()).await)
    }
}

fn granted(answer: Outcome<JsValue>) -> bool {
    answer.is_ok_and(|answer| answer.as_string().as_deref() == Some("granted"))
}

/// Asks the person for the permission to read all these files, in a page and a moment after a click.
pub async fn ask_to_read(handles: &[FileHandle]) {
    // The browser is asked about all of them before it has answered about one, because the click counts once.
    let asked: Array = handles
        .iter()
        .filter_map(|handle| handle.request_permission().ok())
        .collect();
    // What the person said, the next reading finds out.
    let _ = JsFuture::from(Promise::all_settled(&asked)).await;
}

/// The handle on what was dropped, if it is a file and the browser gives one. The browser is asked at once, because it
/// forgets what was dropped.
pub fn of_dropped(item: &DataTransferItem) -> impl Future<Output = Option<FileHandle>> + use<> {
    let asked = has("DataTransferItem", "getAsFileSystemHandle")
        .then(|| item.unchecked_ref::<Dropped>().handle());
    async move { FileHandle::of(js::outcome(asked?).await.ok()?) }
}

/// Whether the browser has a dialog that gives handles.
pub fn has_dialog() -> bool {
    !js::member(&js_sys::global(), "showOpenFilePicker").is_undefined()
}

/// Lets the person choose one file or several in the browser's dialog, in a page and within a click.
///
/// # Errors
/// The message of the browser, for example if they close the dialog.
pub fn choose(many: bool) -> impl Future<Output = Outcome<Vec<FileHandle>>> {
    let chosen = show_open_file_picker(&js::object([("multiple", many.into())]));
    async move {
        let chosen = js::outcome(chosen).await?;
        Ok(Array::from(&chosen)
            .iter()
            .filter_map(FileHandle::of)
            .collect())
    }
}

/// Whether the objects of a class of the browser have this method.
fn has(class: &str, method: &str) -> bool {
    let class = js::member(&js_sys::global(), class);
    let prototype = js::member(&class, "prototype");
    !js::member(&prototype, method).is_undefined()
}
