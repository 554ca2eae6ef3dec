//! Saves a file that is too large to be held: the browser writes it to the disk as it comes, by way of the service worker
//! (`worker.rs`). Where there is none, the person chooses a file (`disk.rs`), or else the browser keeps all of it until it is
//! saved.

use std::collections::VecDeque;
use std::rc::Rc;

use fluence::content::zip;
use fluence::private::tar::Entry;
use fluence::web_link::WebLink;
use futures::future::{Either, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::{Array, Uint8Array};
use wasm_bindgen::prelude::*;
use web::garbage;
use web::js::object;
use web_sys::{Blob, Event, MessageChannel};

use crate::content::Changes;
use crate::disk::{self, Chosen};
use crate::open::{Brought, Opening};
use crate::text::{Size, Trouble};
use crate::transfer::Transfer;
use crate::view::{self, View};
use crate::worker::{Ask, Pipe, address, worker};

/// How long the service worker may take to say that it is ready, in milliseconds.
const READY_MS: u32 = 20_000;
/// How many bytes are handed over at a time. Each hand-over takes two messages.
const PIECE: u32 = 1 << 20;
/// How many bytes are gathered before the browser may move them to the disk, where it keeps all of a file.
const GATHERED: u64 = 8 << 20;

/// How a large file is saved in this browser, and at this address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// As any download.
    Download,
    /// Into a file that the person chooses.
    Choice,
    /// As any download, once all of it is here.
    Memory,
}

/// How a large file can be saved here.
pub async fn way() -> Way {
    if worker().await.is_some() {
        Way::Download
    } else if disk::is_possible() {
        Way::Choice
    } else {
        Way::Memory
    }
}

/// A save that is under way. Dropping it before its end makes the browser's download fail.
struct Save {
    pipe: Pipe,
    _on_leaving: Closure<dyn Fn()>,
}

impl Drop for Save {
    fn drop(&mut self) {
        view::window().set_onpagehide(None);
    }
}

impl Save {
    /// Begins to save a file under this name, of this size in bytes, where it is known.
    async fn begin(view: &View, name: &str, size: Option<u64>) -> Result<Self, Trouble> {
        let worker = worker().await.ok_or_else(Trouble::not_saved)?;
        let channel = MessageChannel::new().map_err(|_| Trouble::not_saved())?;
        let (id, address) = address();
        let save = object([
            ("id", id.into()),
            ("name", name.into()),
            ("size", size.map(|size| size as f64).into()),
        ]);
        let mut pipe = Pipe::new(channel.port1(), worker.clone());
        worker
            .post_message_with_transferable(&save, &Array::of1(&channel.port2()))
            .map_err(|_| Trouble::not_saved())?;
        let ready = matches!(
            select(Box::pin(pipe.asked()), TimeoutFuture::new(READY_MS)).await,
            Either::Left((Some(Ask::Ready), _))
        );
        if !ready {
            return Err(Trouble::not_saved());
        }
        view.request(&address);
        let on_leaving = {
            let port = pipe.port().clone();
            Closure::<dyn Fn()>::new(move || {
                let _ = port.post_message(&"failed".into());
            })
        };
        view::window().set_onpagehide(Some(on_leaving.as_ref().unchecked_ref()));
        Ok(Self {
            pipe,
            _on_leaving: on_leaving,
        })
    }
}

/// Where a file goes.
enum Sink {
    Download(Save),
    Choice(Chosen),
    Memory(Held),
}

/// A file that the browser keeps until it is whole.
#[derive(Default)]
struct Held {
    /// What the browser has, in its own memory or on the disk.
    kept: Array,
    /// What comes after that.
    pieces: Array,
    /// The number of bytes in `pieces`.
    len: u64,
}

impl Held {
    fn push(&mut self, piece: &Uint8Array) -> Result<(), Trouble> {
        self.pieces.push(piece);
        self.len += u64::from(piece.length());
        if self.len >= GATHERED {
            let kept = blob(&self.pieces)?;
            self.kept.push(&kept);
            self.pieces = Array::new();
            self.len = 0;
        }
        Ok(())
    }
}

fn blob(parts: &Array) -> Result<Blob, Trouble> {
    Blob::new_with_blob_sequence(parts).map_err(|_| Trouble::not_saved())
}

impl Sink {
    async fn begin(way: Way, view: &View, what: &Large) -> Result<Self, Trouble> {
        Ok(match way {
            Way::Download => {
                Self::Download(Save::begin(view, &what.name, what.size.exactly()).await?)
            }
            Way::Choice => Self::Choice(Chosen::ask(&what.name).await?),
            Way::Memory => Self::Memory(Held::default()),
        })
    }

    async fn push(&mut self, piece: &Uint8Array) -> Result<(), Trouble> {
        match self {
            Self::Download(save) => match save.pipe.asked().await {
                Some(Ask::More) => save.pipe.push(piece),
                _ => Err(Trouble::cancelled()),
            },
            Self::Choice(chosen) => chosen.push(piece).await,
            Self::Memory(held) => held.push(piece),
        }
    }

    async fn end(self, view: &View, name: &str) -> Result<(), Trouble> {
        match self {
            Self::Download(save) => save.pipe.end(),
            Self::Choice(chosen) => chosen.end().await,
            Self::Memory(held) => {
                let whole = held.kept.concat(&held.pieces);
                view.hand_over(&blob(&whole)?, name)
            }
        }
    }
}

/// Keeps the page open while it saves: the browser asks before it is left, and what is left is no file.
struct Staying {
    _on_leaving: Closure<dyn Fn(Event)>,
}

impl Staying {
    fn new() -> Self {
        let on_leaving = Closure::<dyn Fn(Event)>::new(|event: Event| event.prevent_default());
        view::window().set_onbeforeunload(Some(on_leaving.as_ref().unchecked_ref()));
        Self {
            _on_leaving: on_leaving,
        }
    }
}

impl Drop for Staying {
    fn drop(&mut self) {
        view::window().set_onbeforeunload(None);
    }
}

/// What is saved.
pub struct Large {
    /// Where it is.
    pub link: WebLink,
    /// What it is called.
    pub title: String,
    /// The name under which it is saved.
    pub name: String,
    /// Its size.
    pub size: Size,
    /// Whether it is a folder, which is saved as a ZIP file.
    pub folder: bool,
}

/// Saves a file, or a folder as a ZIP file, while it is fetched, and says what is not saved as it was shared.
pub async fn stream(view: &Rc<View>, what: &Large, way: Way) -> Result<Changes, Trouble> {
    let mut out = Out {
        sink: Sink::begin(way, view, what).await?,
        piece: Uint8Array::new_with_length(PIECE),
        filled: 0,
        zip: what.folder.then(zip::Stream::default),
    };
    let _staying = Staying::new();
    let mut transfer = Transfer::begin(what.link.cid).await?;
    let key = what.link.key.as_ref();
    let mut opening = key.map(|key| Opening::new(key.clone()));
    let mut begun = 0;
    while let Some(bytes) = transfer.next().await? {
        match &mut opening {
            Some(opening) => out.take(opening.push(&bytes).await?).await?,
            None => {
                let files = transfer.files();
                for file in &files[begun..] {
                    out.begin(&file.path).await?;
                }
                begun = files.len();
                out.push_own(&bytes).await?;
            }
        }
        view.progress(transfer.offset(), transfer.size());
    }
    let changes = transfer.changes();
    transfer.finish()?;
    if let Some(opening) = opening {
        out.take(opening.end().await?).await?;
    }
    out.end(view, &what.name).await?;
    Ok(changes)
}

/// What is handed over, in large pieces.
struct Out {
    sink: Sink,
    /// What came last. The browser takes a file for whole as soon as it has as many bytes as were announced, so the last
    /// ones are not handed over before everything after them was checked too.
    piece: Uint8Array,
    /// The number of bytes in `piece`.
    filled: u32,
    zip: Option<zip::Stream>,
}

impl Out {
    /// Takes what a private share has brought.
    async fn take(&mut self, brought: VecDeque<Brought>) -> Result<(), Trouble> {
        for part in brought {
            match part {
                // What is zipped is counted by this program.
                Brought::Bytes(bytes) if self.zip.is_some() => {
                    let own = bytes.to_vec();
                    garbage::left(bytes);
                    self.push_own(&own).await?;
                }
                Brought::Bytes(bytes) => {
                    let from = |from: u32, to: &Uint8Array| {
                        to.set(&bytes.subarray(from, from + to.length()), 0);
                    };
                    self.gather(bytes.length(), from).await?;
                    garbage::left(bytes);
                }
                Brought::Entry(Entry { path, folder, .. }) => {
                    // The name of the folder is that of the ZIP file.
                    if let Some((_, path)) = path.split_once('/') {
                        let end = if folder { "/" } else { "" };
                        self.begin(&format!("{path}{end}")).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// Begins the next file of a folder.
    async fn begin(&mut self, path: &str) -> Result<(), Trouble> {
        match &mut self.zip {
            Some(zip) => {
                let head = zip.begin(path);
                self.follow(&head).await
            }
            None => Ok(()),
        }
    }

    /// Takes the next bytes of a file.
    async fn push_own(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        if let Some(zip) = &mut self.zip {
            zip.take(bytes);
        }
        self.follow(bytes).await
    }

    async fn follow(&mut self, bytes: &[u8]) -> Result<(), Trouble> {
        let from = |from: u32, to: &Uint8Array| {
            let from = from as usize;
            to.copy_from(&bytes[from..from + to.length() as usize]);
        };
        self.gather(bytes.len() as u32, from).await
    }

    /// Gathers bytes, which `copy` copies from an offset to where they belong, and hands over what was full before.
    async fn gather(&mut self, len: u32, copy: impl Fn(u32, &Uint8Array)) -> Result<(), Trouble> {
        let mut at = 0;
        while at < len {
            if self.filled == PIECE {
                let next = Uint8Array::new_with_length(PIECE);
                let full = std::mem::replace(&mut self.piece, next);
                self.filled = 0;
                self.sink.push(&full).await?;
            }
            let now = (len - at).min(PIECE - self.filled);
            copy(at, &self.piece.subarray(self.filled, self.filled + now));
            self.filled += now;
            at += now;
        }
        Ok(())
    }

    /// Ends the file, all of which was checked.
    async fn end(mut self, view: &View, name: &str) -> Result<(), Trouble> {
        if let Some(zip) = self.zip.take() {
            self.follow(&zip.end()).await?;
        }
        if self.filled > 0 {
            let last = self.piece.subarray(0, self.filled);
            self.sink.push(&last).await?;
        }
        self.sink.end(view, name).await
    }
}
