//! The files and folders that a person picks, drops or pastes.

use std::collections::VecDeque;

use js_sys::{Array, Function, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
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
    /// Its name; in a folder, its path with `/`. An empty file whose path ends with `/` is an empty folder.
    pub path: String,
}

impl Picked {
    /// The size in bytes.
    pub fn size(&self) -> u64 {
        self.file.size() as u64
    }
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
        .map(|file| {
            let path = relative_path(&file);
            Picked { file, path }
        })
        .collect();
    if picked.is_empty() {
        Err(PickError::None)
    } else {
        Ok(picked)
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
pub struct Dropped(VecDeque<Result<FileSystemEntry, File>>);

impl Dropped {
    /// Takes what an event carries.
    pub fn take(data: &DataTransfer) -> Self {
        let items = data.items();
        let taken = (0..items.length())
            .filter_map(|index| items.get(index))
            .filter_map(|item| match item.webkit_get_as_entry() {
                Ok(Some(entry)) => Some(Ok(entry)),
                _ => item.get_as_file().ok().flatten().map(Err),
            })
            .collect();
        Self(taken)
    }

    /// All files that were dropped, with those in dropped folders.
    ///
    /// # Errors
    /// Fails if there are none or too many, or if a file or a folder cannot be read.
    pub async fn files(self) -> Result<Vec<Picked>, PickError> {
        let mut picked = Vec::new();
        let mut folders = 0;
        let mut waiting = self.0;
        while let Some(next) = waiting.pop_front() {
            if picked.len() == MAX_FILES {
                return Err(PickError::TooMany);
            }
            let entry = match next {
                Ok(entry) => entry,
                Err(file) => {
                    let path = file.name();
                    picked.push(Picked { file, path });
                    continue;
                }
            };
            if entry.is_file() {
                let path = entry.full_path().trim_start_matches('/').to_owned();
                let file = read_file(entry.unchecked_into())
                    .await
                    .map_err(|_| PickError::Unreadable)?;
                picked.push(Picked { file, path });
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
                    let path = format!("{path}/");
                    picked.push(Picked { file, path });
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
