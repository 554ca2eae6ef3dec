//! The files and folders that a person picks, drops or pastes.

use std::collections::VecDeque;
use std::pin::Pin;

use fluence::kind::SVG;
use fluence::plan::LEFT_FROM;
use js_sys::{Array, Function, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web::handle::{self, FileHandle};
use web_sys::{
    DataTransfer, File, FileList, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry,
};

/// The largest number of files that can be shared at once.
pub const MAX_FILES: usize = 10_000;
/// The most folders that are searched for them.
const MAX_FOLDERS: usize = 10_000;

/// A file that the person picked.
#[derive(Clone)]
pub struct Picked {
    /// The file; its bytes stay on the disk until they are read.
    pub file: File,
    /// Its handle, with which it can be read where it is, if the browser gave one.
    pub handle: Option<FileHandle>,
    /// Its name; in a folder, its path with `/`. An empty file whose path ends with `/` is an empty folder.
    pub path: String,
}

impl Picked {
    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.file.size() as u64
    }

    /// Its handle if it is so large that it may stay where it is, or else `undefined`.
    pub fn handle_if_large(&self) -> JsValue {
        let handle = self.handle.as_ref();
        handle.filter(|_| self.size() >= LEFT_FROM).into()
    }
}

/// The largest picture that is searched for QR codes, in bytes.
const MAX_SCANNED: f64 = 67_108_864.0;

/// Whether a file is a picture in which there may be a QR code.
pub fn may_have_code(file: &File) -> bool {
    let kind = file.type_();
    kind.starts_with("image/") && kind != SVG && file.size() <= MAX_SCANNED
}

/// Why files could not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PickError {
    /// There are more than [`MAX_FILES`].
    TooMany,
    /// There are none.
    None,
    /// A file or a folder could not be read, because it is gone or the system forbids it.
    Unreadable,
}

/// The files of a file input or of the clipboard.
///
/// # Errors
/// Fails if there are none or more than [`MAX_FILES`].
pub fn of_list(list: &FileList) -> Result<Vec<Picked>, PickError> {
    if list.length() as usize > MAX_FILES {
        return Err(PickError::TooMany);
    }
    let picked: Vec<Picked> = (0..list.length())
        .filter_map(|index| list.get(index))
        .map(|file| Picked {
            path: relative_path(&file),
            file,
            handle: None,
        })
        .collect();
    if picked.is_empty() {
        Err(PickError::None)
    } else {
        Ok(picked)
    }
}

/// Lets the person choose one file or several in a dialog of the browser that gives handles. Call it within a click;
/// [`has_dialog`](handle::has_dialog) says whether there is one. The result is `None` if they close it.
pub fn choose(many: bool) -> impl Future<Output = Option<Result<Vec<Picked>, PickError>>> {
    let chosen = handle::choose(many);
    async move {
        let chosen = chosen.await.ok()?;
        if chosen.len() > MAX_FILES {
            return Some(Err(PickError::TooMany));
        }
        let mut picked = Vec::with_capacity(chosen.len());
        for handle in chosen {
            let Ok(file) = handle.file().await else {
                return Some(Err(PickError::Unreadable));
            };
            picked.push(Picked {
                path: file.name(),
                file,
                handle: Some(handle),
            });
        }
        Some(Ok(picked))
    }
}

fn relative_path(file: &File) -> String {
    js_sys::Reflect::get(file, &"webkitRelativePath".into())
        .ok()
        .and_then(|path| path.as_string())
        .filter(|path| !path.is_empty())
        .unwrap_or_else(|| file.name())
}

/// What was dropped. It is taken while the event is handled, because the browser forgets it afterwards.
pub struct Dropped {
    entries: VecDeque<Result<FileSystemEntry, File>>,
    /// The handles on the first of them.
    handles: Vec<Asked>,
}

/// A handle that the browser was asked for.
type Asked = Pin<Box<dyn Future<Output = Option<FileHandle>>>>;

impl Dropped {
    /// Takes what an event carries.
    pub fn take(data: &DataTransfer) -> Self {
        let items = data.items();
        let taken = (0..items.length())
            .filter_map(|index| items.get(index))
            .filter_map(|item| {
                let entry = match item.webkit_get_as_entry() {
                    Ok(Some(entry)) => Ok(entry),
                    _ => Err(item.get_as_file().ok().flatten()?),
                };
                Some((entry, Box::pin(handle::of_dropped(&item)) as Asked))
            });
        let (entries, handles) = taken.unzip();
        Self { entries, handles }
    }

    /// All files that were dropped, with those in dropped folders.
    ///
    /// # Errors
    /// Fails if there are none or too many, or if a file or a folder cannot be read.
    pub async fn files(self) -> Result<Vec<Picked>, PickError> {
        let mut picked = Vec::new();
        let mut folders = 0;
        let (mut waiting, mut handles) = (self.entries, self.handles.into_iter());
        while let Some(next) = waiting.pop_front() {
            // What is in a folder comes after everything that was dropped by itself.
            let handle = match handles.next() {
                Some(asked) => asked.await,
                None => None,
            };
            if picked.len() == MAX_FILES {
                return Err(PickError::TooMany);
            }
            let entry = match next {
                Ok(entry) => entry,
                Err(file) => {
                    let path = file.name();
                    picked.push(Picked { file, handle, path });
                    continue;
                }
            };
            if entry.is_file() {
                let path = entry.full_path().trim_start_matches('/').to_owned();
                let file = read_file(entry.unchecked_into())
                    .await
                    .map_err(|_| PickError::Unreadable)?;
                picked.push(Picked { file, handle, path });
            } else if entry.is_directory() {
                folders += 1;
                if folders > MAX_FOLDERS {
                    return Err(PickError::TooMany);
                }
                let path = entry.full_path().trim_start_matches('/').to_owned();
                let inside = read_folder(entry.unchecked_into()).await?;
                // An empty folder in a folder is part of it.
                if inside.is_empty() && path.contains('/') {
                    let file = File::new_with_blob_sequence(&Array::new(), "")
                        .map_err(|_| PickError::Unreadable)?;
                    picked.push(Picked {
                        file,
                        handle: None,
                        path: format!("{path}/"),
                    });
                }
                waiting.extend(inside.into_iter().map(Ok));
            }
        }
        if picked.is_empty() {
            Err(PickError::None)
        } else {
            Ok(picked)
        }
    }
}

async fn read_file(entry: FileSystemFileEntry) -> Result<File, JsValue> {
    let promise = Promise::new(&mut |done: Function, failed: Function| {
        entry.file_with_callback_and_callback(&done, &failed);
    });
    JsFuture::from(promise).await?.dyn_into()
}

/// The direct entries of a folder.
async fn read_folder(folder: FileSystemDirectoryEntry) -> Result<Vec<FileSystemEntry>, PickError> {
    let reader = folder.create_reader();
    let mut entries = Vec::new();
    // The reader returns them in parts (of 100, in Chromium), and an empty part at the end.
    loop {
        let promise = Promise::new(&mut |done: Function, failed: Function| {
            if reader
                .read_entries_with_callback_and_callback(&done, &failed)
                .is_err()
            {
                // A promise that is settled already stays as it is.
                let _ = failed.call0(&JsValue::NULL);
            }
        });
        let part: Array = JsFuture::from(promise)
            .await
            .map_err(|_| PickError::Unreadable)?
            .unchecked_into();
        if part.length() == 0 {
            return Ok(entries);
        }
        entries.extend(
            part.iter()
                .map(|entry| entry.unchecked_into::<FileSystemEntry>()),
        );
        if entries.len() > MAX_FILES {
            return Err(PickError::TooMany);
        }
    }
}
