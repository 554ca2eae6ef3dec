//! The directory that contains all files, for any worker of the extension.

use js_sys::{AsyncIterator, IteratorNext};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    File, FileSystemDirectoryHandle, FileSystemFileHandle, FileSystemGetDirectoryOptions,
    FileSystemGetFileOptions, WorkerGlobalScope,
};

/// The name of the directory in the extension's origin private file system.
const NAME: &str = "files";

async fn root() -> Result<FileSystemDirectoryHandle, JsValue> {
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let root = JsFuture::from(scope.navigator().storage().get_directory()).await?;
    Ok(root.unchecked_into())
}

/// The directory, which is created if it does not exist.
///
/// # Errors
/// The exception of the browser.
pub async fn directory() -> Result<FileSystemDirectoryHandle, JsValue> {
    let root = root().await?;
    let options = FileSystemGetDirectoryOptions::new();
    options.set_create(true);
    let directory = root.get_directory_handle_with_options(NAME, &options);
    Ok(JsFuture::from(directory).await?.unchecked_into())
}

/// The handle of a file, which is created if it does not exist and `create` is true.
pub(crate) async fn handle(name: &str, create: bool) -> Result<FileSystemFileHandle, JsValue> {
    let options = FileSystemGetFileOptions::new();
    options.set_create(create);
    let file = directory()
        .await?
        .get_file_handle_with_options(name, &options);
    Ok(JsFuture::from(file).await?.unchecked_into())
}

/// Makes, or removes, an empty file beside the directory, whose existence says something.
///
/// # Errors
/// The exception of the browser.
pub async fn set_mark(name: &str, there: bool) -> Result<(), JsValue> {
    let root = root().await?;
    if there {
        let options = FileSystemGetFileOptions::new();
        options.set_create(true);
        let made = root.get_file_handle_with_options(name, &options);
        return JsFuture::from(made).await.map(drop);
    }
    match JsFuture::from(root.remove_entry(name)).await {
        Err(why) if !is(&why, "NotFoundError") => Err(why),
        _ => Ok(()),
    }
}

/// Whether a mark is there.
///
/// # Errors
/// The exception of the browser.
pub async fn has_mark(name: &str) -> Result<bool, JsValue> {
    match JsFuture::from(root().await?.get_file_handle(name)).await {
        Ok(_) => Ok(true),
        Err(why) if is_missing(&why) => Ok(false),
        Err(why) => Err(why),
    }
}

/// Whether an exception says that there is no such file, and not that it could not be looked for.
pub fn is_missing(why: &JsValue) -> bool {
    is(why, "NotFoundError")
}

/// The bytes of a file as they are now. Once the file is written to, they can no longer be read.
///
/// # Errors
/// The exception of the browser, if there is no such file for example.
pub async fn file(name: &str) -> Result<File, JsValue> {
    let file = handle(name, false).await?.get_file();
    Ok(JsFuture::from(file).await?.unchecked_into())
}

/// Removes a file, which must not be open. It is not an error if the file does not exist.
///
/// # Errors
/// The exception of the browser.
pub async fn remove(name: &str) -> Result<(), JsValue> {
    match JsFuture::from(directory().await?.remove_entry(name)).await {
        Err(why) if !is(&why, "NotFoundError") => Err(why),
        _ => Ok(()),
    }
}

/// The names of all files.
///
/// # Errors
/// The exception of the browser.
pub async fn names() -> Result<Vec<String>, JsValue> {
    let keys: AsyncIterator = directory().await?.keys();
    let mut names = Vec::new();
    loop {
        let next: IteratorNext = JsFuture::from(keys.next()?).await?.unchecked_into();
        if next.done() {
            return Ok(names);
        }
        names.extend(next.value().as_string());
    }
}

/// Whether a value is a `DOMException` with this name.
pub(crate) fn is(why: &JsValue, name: &str) -> bool {
    why.dyn_ref::<web_sys::DomException>()
        .is_some_and(|exception| exception.name() == name)
}
