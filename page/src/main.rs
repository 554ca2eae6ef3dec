//! The page that a node shows for web links (`fluence::web_link`). It fetches the file from the node, checks it block by
//! block, decrypts it if it is private, shows it if that is safe, and saves it.
//!
//! The node serves the page itself, and is trusted no further than that: nothing is shown or saved that the hash in the
//! link does not prove. No script in a shared file can run: files are shown as pictures, sound, video, text and PDF, and
//! never as pages.
#![forbid(unsafe_code)]
#![warn(missing_docs)]
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, unused_imports))]

mod content;
mod disk;
mod kind;
mod open;
mod save;
mod text;
mod transfer;
mod view;

use std::rc::Rc;

use fluence::web_link::WebLink;
use js_sys::Uint8Array;
use wasm_bindgen_futures::spawn_local;

use content::{Content, Found};
use open::Opening;
use save::Large;
use text::Trouble;
use transfer::Transfer;
use view::View;

/// The most bytes that are held in memory, so that they can be shown. What is larger is only saved.
const HELD: u64 = 64 << 20;
/// The most bytes of a folder that are held: its files can be saved one by one only if all of it is here. A larger one is
/// saved as one ZIP file.
const HELD_FOLDER: u64 = 256 << 20;

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
    let link = match WebLink::parse(&view::fragment()) {
        Ok(link) => link,
        Err(error) => return view.fail(&Trouble::from(error), false),
    };
    view.describe(link.name.as_deref(), None, link.key.is_some());
    match found(view, &link).await {
        Ok(Found::Here(content)) => view.show(&Rc::new(content), &link),
        Ok(Found::Large { name, size, folder }) => {
            view.describe(Some(&name), size, link.key.is_some());
            let what = Rc::new(Large {
                link,
                name: if folder { format!("{name}.zip") } else { name },
                size,
                folder,
            });
            let view_of = Rc::clone(view);
            view.offer(size, move |way| {
                let (view, what) = (Rc::clone(&view_of), Rc::clone(&what));
                spawn_local(async move {
                    view.begin();
                    match save::stream(&view, &what, way).await {
                        Ok(()) => view.saved(&what.name, way, what.link.key.is_some()),
                        Err(trouble) => view.fail(&trouble, true),
                    }
                });
            });
        }
        Err(trouble) => view.fail(&trouble, true),
    }
}

/// Fetches a file as far as it is shown.
async fn found(view: &View, link: &WebLink) -> Result<Found, Trouble> {
    let mut transfer = Transfer::begin(link.cid).await?;
    let mut content = Content::new(link);
    let mut opening = link.key.as_ref().map(|key| Opening::new(key.clone()));
    while let Some(bytes) = transfer.next().await? {
        match &mut opening {
            Some(opening) => content.take(opening.push(&bytes).await?),
            None => content.push(&Uint8Array::from(&bytes[..])),
        }
        view.progress(transfer.offset(), transfer.size());
        // The size of a private file is known with its name, from its first record.
        let whole = match link.key {
            Some(_) => content.single_size(),
            None => transfer.size(),
        };
        if let Some(size) = whole.filter(|size| *size > HELD)
            && content.is_single()
        {
            return Ok(Found::Large {
                name: content.name(),
                size: Some(size),
                folder: false,
            });
        }
        // Nobody knows how large a folder is, and few makers of files do not say it.
        let folder = !content.is_single() || transfer.is_folder();
        let most = if folder { HELD_FOLDER } else { HELD };
        if content.held() > most {
            return Ok(Found::Large {
                name: content.name(),
                size: None,
                folder,
            });
        }
    }
    let dag = transfer.finish()?;
    match opening {
        Some(opening) => content.take(opening.end().await?),
        None => content.files_of(&dag),
    }
    Ok(Found::Here(content))
}
