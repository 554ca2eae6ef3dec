//! The page that a node shows for web links (`fluence::web_link`). It fetches the file from the node, checks it block by
//! block, decrypts it if it is private, shows it if that is safe, and saves it.
//!
//! The node serves the page itself, and is trusted no further than that: nothing is shown or saved that the hash in the
//! link does not prove. No script in a shared file can run: files are shown as pictures, sound, video, text and PDF, and
//! never as pages.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, unused_imports))]

mod address;
mod content;
mod disk;
mod open;
mod play;
mod reading;
mod save;
mod text;
mod transfer;
mod view;
mod worker;

use std::rc::Rc;

use fluence::kind::{self, Kind, SNIFFED, TEXT};
use fluence::private::record::{HEADER, Header};
use fluence::web_link::WebLink;
use futures::FutureExt;
use futures::future::{Either, LocalBoxFuture, select};
use gloo_timers::future::TimeoutFuture;
use js_sys::Uint8Array;
use wasm_bindgen_futures::spawn_local;

use content::Content;
use open::Opening;
use play::Readable;
use reading::{Body, Source};
use save::Large;
use text::{Size, Trouble};
use transfer::Transfer;
use view::View;

/// The most bytes that are held in memory, so that they can be shown. What is larger is shown while it comes, or only saved.
const HELD: u64 = 64 << 20;
/// The most bytes of a folder that are held: its files can be saved one by one only if all of it is here. A larger one is
/// saved as one ZIP file.
const HELD_FOLDER: u64 = 256 << 20;
/// How long what is played waits for the end of a private share, which shows that nothing was cut off, in milliseconds. Where
/// the end is not at the node yet, it is looked at while the beginning is played.
const END_MS: u32 = 3_000;

/// What was found.
enum Found {
    /// All of it is here.
    Here(Content),
    /// It is not held.
    Large(Large, Box<Shown>),
}

/// What is shown of a file that is not held.
enum Shown {
    Nothing,
    /// The beginning of a text.
    Text(Vec<u8>),
    /// All of it, as the browser reads it. What follows it may still have to be looked at.
    Played(Kind, Readable, Option<Checking>),
}

/// Whether the bytes of a private file are where they are looked for, and nothing was cut off.
type Checking = LocalBoxFuture<'static, Result<bool, Trouble>>;

fn main() {
    let view = Rc::new(View::of_document());
    view.on_new_address(|| {
        // Another link is another file, and nothing of the last one is to stay.
        let _ = view::window().location().reload();
    });
    let again = {
        let view = Rc::clone(&view);
        move || {
            let view = Rc::clone(&view);
            spawn_local(async move { look(&view).await });
        }
    };
    view.on_again(again.clone());
    again();
}

/// Fetches what the address names, and shows it, or what is wrong.
async fn look(view: &Rc<View>) {
    view.begin();
    let link = match address::link() {
        Ok(link) => link,
        Err(trouble) => return view.fail(&trouble, false),
    };
    view.describe(link.name.as_deref(), None, link.key.is_some(), false);
    match found(view, &link).await {
        Ok(Found::Here(content)) => view.show(&Rc::new(content), &link),
        Ok(Found::Large(what, shown)) => {
            let (what, shows) = (Rc::new(what), !matches!(*shown, Shown::Nothing));
            let is_private = what.link.key.is_some();
            view.describe(Some(&what.title), Some(what.size), is_private, what.folder);
            let way = save::way().await;
            let (view_of, what_of) = (Rc::clone(view), Rc::clone(&what));
            view.offer(way, what.size, shows, move || {
                let (view, what) = (Rc::clone(&view_of), Rc::clone(&what_of));
                spawn_local(async move {
                    view.begin_saving();
                    match save::stream(&view, &what, way).await {
                        Ok(changes) => {
                            view.saved(&what.name, way, is_private);
                            view.changed(&changes);
                        }
                        Err(trouble) => view.not_saved(&trouble),
                    }
                });
            });
            if shows {
                view.streamed(is_private);
            }
            // What goes wrong from here on takes all of that away.
            show_large(view, &what.title, *shown).await;
        }
        Err(trouble) => view.fail(&trouble, true),
    }
}

/// Shows a file that is not held.
async fn show_large(view: &Rc<View>, name: &str, shown: Shown) {
    match shown {
        Shown::Nothing => {}
        Shown::Text(beginning) => view.show_text(&beginning, true),
        Shown::Played(kind, readable, end) => {
            let failed = {
                let (view, look) = (Rc::clone(view), view.look());
                move |trouble: Trouble| {
                    if view.look() == look {
                        view.fail(&trouble, true);
                    }
                }
            };
            view.play(kind, name, readable, failed.clone()).await;
            if let Some(end) = end {
                spawn_local(async move {
                    match end.await {
                        Ok(true) => {}
                        Ok(false) => failed(Trouble::not_shown()),
                        Err(trouble) => failed(trouble),
                    }
                });
            }
        }
    }
}

/// Fetches a file as far as it is held.
async fn found(view: &View, link: &WebLink) -> Result<Found, Trouble> {
    let mut transfer = Transfer::begin(link.cid).await?;
    let mut content = Content::new(link);
    let mut opening = link.key.as_ref().map(|key| Opening::new(key.clone()));
    let (mut kind, mut is_looked_at) = (None, false);
    let large = |content: &Content, size, folder| {
        let title = content.name();
        let name = match folder {
            true => format!("{title}.zip"),
            false => title.clone(),
        };
        Large {
            link: link.clone(),
            title,
            name,
            size,
            folder,
        }
    };
    while let Some(bytes) = transfer.next().await? {
        match &mut opening {
            Some(opening) => content.take(opening.push(&bytes).await?),
            None => content.push(&Uint8Array::from(&bytes[..])),
        }
        view.progress(transfer.offset(), transfer.size());
        // Whoever makes a link to encrypted bytes on purpose names them.
        if link.key.is_none() && !is_looked_at && content.held() >= HEADER as u64 {
            is_looked_at = true;
            let is_sealed = Header::parse_share(&content.beginning(HEADER as u64)).is_ok();
            if is_sealed && link.name.is_none() {
                view.lacks_key();
            }
        }
        // The size of a private file is known with its name, from its first record.
        let whole = match link.key {
            Some(_) => content.single_size(),
            None => transfer.size(),
        };
        if let Some(size) = whole.filter(|size| content.is_single() && *size > content.held()) {
            if kind.is_none() && content.held() >= SNIFFED {
                kind = Some(kind::of(&content.name(), &content.beginning(SNIFFED)));
                if let Some(kind) = kind.filter(|kind| kind.is_played(size > HELD))
                    && let Some(shown) =
                        played(kind, size, link, &transfer, opening.as_ref()).await?
                {
                    let size = Size::Exactly(size);
                    return Ok(Found::Large(large(&content, size, false), shown.into()));
                }
            }
            if kind == Some(Kind::Text) && size > TEXT && content.held() >= TEXT {
                let beginning = Shown::Text(content.beginning(TEXT));
                let size = Size::Exactly(size);
                return Ok(Found::Large(large(&content, size, false), beginning.into()));
            }
            if size > HELD && kind.is_some_and(|kind| kind != Kind::Text) {
                let size = Size::Exactly(size);
                return Ok(Found::Large(
                    large(&content, size, false),
                    Shown::Nothing.into(),
                ));
            }
        }
        // Nobody knows how large a folder is, and few makers of files do not say it.
        let folder = !content.is_single() || transfer.is_folder();
        let most = if folder { HELD_FOLDER } else { HELD };
        if content.held() > most {
            // That of a private folder is little more than what is in it.
            let size = match link.key {
                Some(_) => transfer.size(),
                None => transfer.stated_len(),
            };
            let more = Size::MoreThan(content.held());
            let size = size.filter(|size| *size > content.held());
            let size = size.map_or(more, Size::About);
            return Ok(Found::Large(
                large(&content, size, folder),
                Shown::Nothing.into(),
            ));
        }
    }
    let changes = transfer.changes();
    let dag = transfer.finish()?;
    match opening {
        Some(opening) => content.take(opening.end().await?),
        None => content.files_of(&dag, changes),
    }
    Ok(Found::Here(content))
}

/// The file that has begun to come, as one that the browser reads from wherever it wants; `None` if it cannot be read that
/// way.
async fn played(
    kind: Kind,
    size: u64,
    link: &WebLink,
    transfer: &Transfer,
    opening: Option<&Opening>,
) -> Result<Option<Shown>, Trouble> {
    let (Some(media_type), Some(_)) = (kind.media_type(), worker::controlling().await) else {
        return Ok(None);
    };
    let body = Body(link.cid);
    let (source, end) = match opening {
        None => {
            // Some makers of files do not say where in them a byte is.
            let first = body.read(0..1).next().await;
            (first.ok().map(|_| Source::Plain(body)), None)
        }
        Some(opening) => {
            let sealed = transfer.size().ok_or_else(Trouble::not_shown)?;
            let (inside, end) = opening.inside(body, sealed, size)?;
            let checking = end.check().boxed_local();
            match select(checking, TimeoutFuture::new(END_MS)).await {
                Either::Left((is_there, _)) => (is_there?.then_some(Source::Private(inside)), None),
                Either::Right((_, checking)) => (Some(Source::Private(inside)), Some(checking)),
            }
        }
    };
    Ok(source.map(|source| {
        let readable = Readable {
            source,
            size,
            media_type,
        };
        Shown::Played(kind, readable, end)
    }))
}
