//! What is in a file or a folder, as far as it is here.

use std::collections::VecDeque;

use fluence::content::Dag;
use fluence::names::{canonical, chosen_name};
use fluence::private::tar::Entry;
use fluence::web_link::WebLink;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsCast;
use web_sys::{Blob, BlobPropertyBag};

use crate::open::Brought;

/// One file.
pub struct File {
    /// The names of the folders that it is in and its own, with `/` between them.
    pub path: String,
    /// The number of its bytes.
    pub len: u64,
    /// Its bytes, as far as they are here: in the browser's memory and not in that of this program.
    pieces: Array,
}

/// The files of a share.
pub struct Content {
    /// The name that the link gives, or else the hash.
    name: String,
    /// Whether it is a private share, whose names are in its bytes.
    private: bool,
    files: Vec<File>,
    is_folder: bool,
    held: u64,
    changes: Changes,
}

/// What of a folder cannot be saved as it was shared.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Changes {
    /// The paths of the symbolic links, which are left out.
    pub links: Vec<String>,
    /// The names that had to be changed, each with the path that has another one.
    pub names: Vec<(String, String)>,
}

impl Changes {
    /// That a file of this name, which may have a path in front of it, is saved under another one, if it is. What the browser
    /// changes beside that it does not tell.
    pub fn of_name(name: &str, saved: &str) -> Self {
        let name = name.rsplit('/').next().unwrap_or_default();
        let names = (name != saved).then(|| (name.to_owned(), saved.to_owned()));
        Self {
            links: Vec::new(),
            names: names.into_iter().collect(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.links.is_empty() && self.names.is_empty()
    }
}

impl Content {
    /// Nothing yet of what a link leads to.
    pub fn new(link: &WebLink) -> Self {
        let name = link.name.clone().unwrap_or_else(|| canonical(&link.cid));
        let mut content = Self {
            name: name.clone(),
            private: link.key.is_some(),
            files: Vec::new(),
            is_folder: false,
            held: 0,
            changes: Changes::default(),
        };
        if !content.private {
            content.files.push(File::new(name, 0));
        }
        content
    }

    /// Takes bytes, which are of the last file.
    pub fn push(&mut self, bytes: &Uint8Array) {
        let len = u64::from(bytes.length());
        self.held += len;
        if let Some(file) = self.files.last_mut() {
            file.pieces.push(bytes);
            if !self.private {
                file.len += len;
            }
        }
    }

    /// Takes what a private share has brought.
    pub fn take(&mut self, brought: VecDeque<Brought>) {
        for part in brought {
            match part {
                Brought::Entry(Entry {
                    path, folder, len, ..
                }) => {
                    if folder || path.contains('/') {
                        self.is_folder = true;
                    }
                    if self.files.is_empty() {
                        let first = path.split('/').next().unwrap_or_default();
                        self.name = chosen_name(first);
                    }
                    if !folder {
                        self.files.push(File::new(path, len));
                    }
                }
                Brought::Bytes(bytes) => self.push(&bytes),
            }
        }
    }

    /// Divides a plain share into its files, all of which are here, but for these changes.
    pub fn files_of(&mut self, dag: &Dag, changes: Changes) {
        self.changes = changes;
        if !dag.is_directory() {
            return;
        }
        self.is_folder = true;
        let whole = self.files.pop().and_then(|file| file.blob("").ok());
        self.files.clear();
        for file in dag.files.iter().filter(|file| !file.is_folder()) {
            let end = file.offset + file.len;
            let own = File::new(file.path.clone(), file.len);
            if let Some(Ok(slice)) = whole
                .as_ref()
                .map(|whole| whole.slice_with_f64_and_f64(file.offset as f64, end as f64))
            {
                own.pieces.push(&slice);
            }
            self.files.push(own);
        }
    }

    /// The name of the file or folder.
    pub fn name(&self) -> String {
        self.name.clone()
    }

    /// Whether it is one file, as far as is known.
    pub fn is_single(&self) -> bool {
        !self.is_folder
    }

    /// The size of the only file of a private share, once it is known.
    pub fn single_size(&self) -> Option<u64> {
        let file = self.files.first().filter(|_| self.private)?;
        Some(file.len)
    }

    /// The first bytes of the file that began last, as far as they are here, at most so many of them.
    pub fn beginning(&self, most: u64) -> Vec<u8> {
        let mut beginning = Vec::new();
        let pieces = self.files.last().map(|file| file.pieces.iter());
        for piece in pieces.into_iter().flatten() {
            let left = (most as usize).saturating_sub(beginning.len());
            if left == 0 {
                break;
            }
            let piece: Uint8Array = piece.unchecked_into();
            let end = piece.length().min(left as u32);
            beginning.extend(piece.subarray(0, end).to_vec());
        }
        beginning
    }

    /// The number of bytes that are here.
    pub fn held(&self) -> u64 {
        self.held
    }

    /// The files.
    pub fn files(&self) -> &[File] {
        &self.files
    }

    /// What cannot be saved as it was shared.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// The bytes of all files together.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.len).sum()
    }
}

impl File {
    fn new(path: String, len: u64) -> Self {
        Self {
            path,
            len,
            pieces: Array::new(),
        }
    }

    /// Its own name, made safe.
    pub fn name(&self) -> String {
        chosen_name(&self.path)
    }

    /// Its bytes as a blob of this type.
    pub fn blob(&self, media_type: &str) -> Result<Blob, wasm_bindgen::JsValue> {
        let options = BlobPropertyBag::new();
        options.set_type(media_type);
        Blob::new_with_blob_sequence_and_options(&self.pieces, &options)
    }
}
