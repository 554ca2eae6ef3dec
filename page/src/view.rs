//! What the page shows. All text is set as text, wherever it comes from.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use fluence::kind::{self, Kind, SNIFFED, TEXT};
use fluence::text::quote;
use fluence::web_link::WebLink;
use js_sys::Uint8Array;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{
    Blob, Document, Element, HtmlAnchorElement, HtmlElement, HtmlIFrameElement, Url, Window,
};

use crate::content::{Changes, Content, File};
use crate::play::{Playing, Readable};
use crate::save::Way;
use crate::text::{self, Size, Trouble};

/// The most files of a folder that are listed.
const LISTED: usize = 1000;
/// The most links that are left out, and the most changed names, that are listed.
const LISTED_CHANGES: usize = 100;

/// The window.
pub fn window() -> Window {
    js_sys::global().unchecked_into()
}

/// Whether the page has a secure address, without which the browser decrypts nothing.
pub fn is_secure() -> bool {
    window().is_secure_context()
}

/// The part of the address after `#`.
pub fn fragment() -> String {
    window().location().hash().unwrap_or_default()
}

/// The page.
pub struct View {
    document: Document,
    /// What the button that saves does now.
    on_save: RefCell<Option<Closure<dyn Fn()>>>,
    /// The progress that was shown last, in thousandths.
    shown: RefCell<u32>,
    /// Where the browser reads what it shows.
    playing: RefCell<Option<Playing>>,
    /// How often it was begun to fetch.
    looks: Cell<u32>,
}

impl View {
    /// The page of the document.
    pub fn of_document() -> Self {
        let view = Self {
            document: window().document().unwrap_throw(),
            on_save: RefCell::default(),
            shown: RefCell::default(),
            playing: RefCell::default(),
            looks: Cell::default(),
        };
        for (id, words) in [
            ("name", text::title()),
            ("save", text::save()),
            ("again", text::try_again()),
            ("promise", text::about_page()),
        ] {
            view.part(id).set_text_content(Some(words));
        }
        let _ = view
            .part("progress")
            .set_attribute("aria-label", text::progress_label());
        view
    }

    fn part(&self, id: &str) -> HtmlElement {
        let part = self.document.get_element_by_id(id);
        part.expect_throw(id).unchecked_into()
    }

    fn say(&self, id: &str, words: &str) {
        let part = self.part(id);
        part.set_text_content(Some(words));
        part.set_hidden(words.is_empty());
    }

    fn make(&self, name: &str) -> HtmlElement {
        self.document
            .create_element(name)
            .unwrap_throw()
            .unchecked_into()
    }

    /// Has something done when the address gets another fragment.
    pub fn on_new_address(&self, then: impl Fn() + 'static) {
        let then = Closure::<dyn Fn()>::new(then);
        window().set_onhashchange(Some(then.as_ref().unchecked_ref()));
        // It is called as long as there is a page.
        then.forget();
    }

    /// Has something done when the person tries again.
    pub fn on_again(&self, then: impl Fn() + 'static) {
        let then = Closure::<dyn Fn()>::new(then);
        self.part("again")
            .set_onclick(Some(then.as_ref().unchecked_ref()));
        then.forget();
    }

    /// Begins to fetch.
    pub fn begin(&self) {
        for id in ["trouble", "checked", "lacks-key"] {
            self.say(id, "");
        }
        for id in ["save", "again", "preview", "files"] {
            self.part(id).set_hidden(true);
        }
        self.changed(&Changes::default());
        self.part("preview").set_text_content(None);
        self.playing.take();
        self.shown.replace(0);
        self.say("state", text::waiting());
        self.looks.set(self.looks.get() + 1);
    }

    /// Which fetching this is. What an earlier one still finds out says nothing about what is shown now.
    pub fn look(&self) -> u32 {
        self.looks.get()
    }

    /// Begins to save. What is shown stays.
    pub fn begin_saving(&self) {
        self.say("trouble", "");
        self.part("save").set_hidden(true);
        self.shown.replace(0);
        self.say("state", text::waiting());
    }

    /// Says what it is, as far as it is known. The name of a folder says nothing of what it can do.
    pub fn describe(&self, name: Option<&str>, size: Option<Size>, private: bool, is_folder: bool) {
        if let Some(name) = name {
            self.part("name").set_text_content(Some(name));
        }
        let mut about: Vec<String> = size.map(Size::words).into_iter().collect();
        if private {
            about.push(text::private().to_owned());
        }
        self.say("about", &about.join(" · "));
        let acts = !is_folder && name.is_some_and(kind::can_act);
        self.say("acts", if acts { text::acts() } else { "" });
    }

    /// Says that it is a private share, to which the link has no key.
    pub fn lacks_key(&self) {
        self.say("lacks-key", text::lacks_key());
    }

    /// Shows how far it is, at most a thousand times altogether.
    pub fn progress(&self, bytes: u64, total: Option<u64>) {
        let bar = self.part("progress");
        bar.set_hidden(false);
        let Some(total) = total.filter(|total| *total > 0) else {
            // Nobody knows the size of a folder before all of it is here.
            return self.say("state", &text::progress_of(bytes, None));
        };
        let share = (bytes as f64 / total as f64 * 1000.0) as u32;
        if self.shown.replace(share) != share {
            let _ = bar.set_attribute("value", &share.to_string());
            // A screen reader hears a tenth at a time.
            if share.is_multiple_of(100)
                || self.part("state").text_content().as_deref() == Some(text::waiting())
            {
                self.say("state", &text::progress_of(bytes, Some(total)));
            }
        }
    }

    /// Shows what went wrong, and nothing of the file any more.
    pub fn fail(&self, trouble: &Trouble, can_retry: bool) {
        for id in ["checked", "state", "acts", "lacks-key"] {
            self.say(id, "");
        }
        for id in ["progress", "save", "preview", "changes"] {
            self.part(id).set_hidden(true);
        }
        self.part("preview").set_text_content(None);
        self.playing.take();
        self.say("trouble", &format!("{} {}", trouble.what, trouble.advice));
        self.part("again").set_hidden(!can_retry);
    }

    /// Shows why it was not saved, which can be tried again.
    pub fn not_saved(&self, trouble: &Trouble) {
        self.part("progress").set_hidden(true);
        self.say("state", "");
        self.say("trouble", &format!("{} {}", trouble.what, trouble.advice));
        self.part("save").set_hidden(false);
    }

    /// Offers to save a file or a folder that is not held, and perhaps shown.
    pub fn offer(&self, way: Way, size: Size, shown: bool, save: impl Fn() + 'static) {
        self.part("progress").set_hidden(true);
        self.say("state", &text::large(way, size, shown));
        self.on_save(save);
    }

    fn on_save(&self, save: impl Fn() + 'static) {
        let save = Closure::<dyn Fn()>::new(save);
        let button = self.part("save");
        button.set_onclick(Some(save.as_ref().unchecked_ref()));
        button.set_hidden(false);
        self.on_save.replace(Some(save));
    }

    /// Requests an address, whose answer the browser saves.
    pub fn request(&self, address: &str) {
        let frame: HtmlIFrameElement = self.make("iframe").unchecked_into();
        frame.set_hidden(true);
        frame.set_src(address);
        if let Some(body) = self.document.body() {
            let _ = body.append_child(&frame);
        }
    }

    /// Says how what is shown while it comes is checked.
    pub fn streamed(&self, private: bool) {
        let words = if private {
            text::private_streamed()
        } else {
            text::plain_streamed()
        };
        self.say("checked", words);
    }

    /// Has the browser show a file that it reads by itself. `failed` is told why nothing more of it can be read.
    pub async fn play(
        &self,
        kind: Kind,
        name: &str,
        readable: Readable,
        failed: impl Fn(Trouble) + 'static,
    ) {
        // Without a service worker, it can be saved.
        let Some(playing) = Playing::begin(readable, failed).await else {
            return;
        };
        // What cannot be shown can be saved, too.
        if let Ok(Some(shown)) = self.shown_at(kind, name, &playing.address) {
            self.preview_of(&shown);
            self.playing.replace(Some(playing));
        }
    }

    /// Shows the beginning of a text.
    pub fn show_text(&self, beginning: &[u8], is_cut: bool) {
        let mut words = String::from_utf8_lossy(beginning).into_owned();
        if is_cut {
            words.push_str("…\n");
            words.push_str(text::cut());
        }
        let shown = self.make("pre");
        shown.set_text_content(Some(&words));
        shown.set_tab_index(0);
        self.preview_of(&shown);
    }

    /// What shows a picture, or plays sound or a video, from this address.
    fn shown_at(
        &self,
        kind: Kind,
        name: &str,
        address: &str,
    ) -> Result<Option<HtmlElement>, JsValue> {
        let element = match kind {
            Kind::Image(_) => "img",
            Kind::Video(_) => "video",
            Kind::Audio(_) => "audio",
            Kind::Pdf | Kind::Text | Kind::None => return Ok(None),
        };
        let shown = self.make(element);
        match kind {
            Kind::Image(_) => shown.set_attribute("alt", name)?,
            _ => shown.set_attribute("controls", "")?,
        }
        shown.set_attribute("src", address)?;
        Ok(Some(shown))
    }

    fn preview_of(&self, shown: &HtmlElement) {
        let preview = self.part("preview");
        preview.set_text_content(None);
        let _ = preview.append_child(shown);
        preview.set_hidden(false);
    }

    /// Says that a file was saved.
    pub fn saved(&self, name: &str, way: Way, private: bool) {
        self.part("progress").set_hidden(true);
        self.say("state", &text::saved(name, way));
        self.say("checked", checked(private));
        self.part("save").set_hidden(false);
    }

    /// Says what of it is not saved as it was shared.
    pub fn changed(&self, changes: &Changes) {
        let part = self.part("changes");
        part.set_text_content(None);
        part.set_hidden(changes.is_empty());
        let links: Vec<String> = changes.links.iter().map(|path| quote(path)).collect();
        let saved_as = |(name, path): &(String, String)| text::saved_as(&quote(name), &quote(path));
        let names: Vec<String> = changes.names.iter().map(saved_as).collect();
        for (title, lines) in [
            (text::links_left_out(), links),
            (text::names_changed(), names),
        ] {
            if lines.is_empty() {
                continue;
            }
            let says = self.make("p");
            says.set_text_content(Some(title));
            let list = self.make("ul");
            let more = (lines.len() > LISTED_CHANGES).then(|| "…".to_owned());
            for line in lines.iter().take(LISTED_CHANGES).chain(&more) {
                let row = self.make("li");
                row.set_text_content(Some(line));
                row.set_dir("auto");
                let _ = list.append_child(&row);
            }
            let _ = part.append_child(&says);
            let _ = part.append_child(&list);
        }
    }

    /// Shows what is here, all of which was checked.
    pub fn show(self: &Rc<Self>, content: &Rc<Content>, link: &WebLink) {
        self.part("progress").set_hidden(true);
        let private = link.key.is_some();
        let name = content.name();
        let size = Size::Exactly(content.size());
        self.describe(Some(&name), Some(size), private, !content.is_single());
        self.say("state", "");
        self.say("checked", checked(private));
        if content.is_single() {
            let (view, of) = (Rc::clone(self), Rc::clone(content));
            self.on_save(move || {
                if let Some(file) = of.files().first() {
                    view.save(file, of.changes());
                }
            });
            let (view, of) = (Rc::clone(self), Rc::clone(content));
            spawn_local(async move {
                if let Some(file) = of.files().first() {
                    // What cannot be shown can be saved.
                    let _ = view.preview(file).await;
                }
            });
            return;
        }
        self.say("state", &text::files(content.files().len(), LISTED));
        let list = self.part("files");
        list.set_text_content(None);
        for at in 0..content.files().len().min(LISTED) {
            let _ = self.list(&list, content, at);
        }
        list.set_hidden(false);
        self.changed(content.changes());
    }

    fn list(
        self: &Rc<Self>,
        list: &Element,
        content: &Rc<Content>,
        at: usize,
    ) -> Result<(), JsValue> {
        let file = &content.files()[at];
        let row = self.make("li");
        let name = self.make("bdi");
        name.set_text_content(Some(&file.path));
        let size = self.make("span");
        size.set_text_content(Some(&words::size(file.len)));
        let button = self.make("button");
        button.set_text_content(Some(text::save()));
        button.set_attribute("type", "button")?;
        button.set_attribute("aria-label", &text::save_named(&file.path))?;
        let (view, of) = (Rc::clone(self), Rc::clone(content));
        let save = Closure::<dyn Fn()>::new(move || view.save(&of.files()[at], of.changes()));
        button.set_onclick(Some(save.as_ref().unchecked_ref()));
        // The list stays as long as the page.
        save.forget();
        for part in [&name, &size, &button] {
            row.append_child(part)?;
        }
        list.append_child(&row)?;
        Ok(())
    }

    /// Saves a file that is here. `of` is what is said of all files.
    fn save(&self, file: &File, of: &Changes) {
        let blob = file.blob("application/octet-stream");
        let name = file.name();
        let saved = blob
            .map_err(|_| Trouble::not_saved())
            .and_then(|blob| self.hand_over(&blob, &name));
        match saved {
            Ok(()) => {
                let mut changes = of.clone();
                let own = Changes::of_name(&file.path, &name);
                changes.names.splice(0..0, own.names);
                self.changed(&changes);
            }
            Err(trouble) => self.fail(&trouble, true),
        }
    }

    /// Has the browser save bytes that it has.
    pub fn hand_over(&self, blob: &Blob, name: &str) -> Result<(), Trouble> {
        let address = Url::create_object_url_with_blob(blob).map_err(|_| Trouble::not_saved())?;
        let link: HtmlAnchorElement = self.make("a").unchecked_into();
        link.set_href(&address);
        link.set_download(name);
        link.click();
        Ok(())
    }

    async fn preview(&self, file: &File) -> Result<(), JsValue> {
        let whole = file.blob("")?;
        let first = bytes_of(&whole.slice_with_f64_and_f64(0.0, SNIFFED as f64)?).await?;
        let kind = kind::of(&file.name(), &first);
        match kind {
            // A viewer may run what a PDF does by itself, such as to show a question, so the person asks for it.
            Kind::Pdf => {
                let address = Url::create_object_url_with_blob(&file.blob("application/pdf")?)?;
                let document = self.document.clone();
                let preview = self.part("preview");
                let show = Closure::<dyn Fn()>::new(move || {
                    let Ok(frame) = document.create_element("iframe") else {
                        return;
                    };
                    let _ = frame.set_attribute("title", text::preview());
                    let _ = frame.set_attribute("src", &address);
                    preview.set_text_content(None);
                    let _ = preview.append_child(&frame);
                });
                let button = self.make("button");
                button.set_attribute("type", "button")?;
                button.set_text_content(Some(text::show()));
                button.set_onclick(Some(show.as_ref().unchecked_ref()));
                // The button stays as long as the page, or until it is pressed.
                show.forget();
                self.preview_of(&button);
            }
            Kind::Text if file.len > 0 => {
                let beginning = whole.slice_with_f64_and_f64(0.0, TEXT as f64)?;
                self.show_text(&bytes_of(&beginning).await?, file.len > TEXT);
            }
            Kind::Image(media_type) | Kind::Video(media_type) | Kind::Audio(media_type) => {
                let address = Url::create_object_url_with_blob(&file.blob(media_type)?)?;
                if let Some(shown) = self.shown_at(kind, &file.name(), &address)? {
                    self.preview_of(&shown);
                }
            }
            Kind::Text | Kind::None => {}
        }
        Ok(())
    }
}

fn checked(private: bool) -> &'static str {
    if private {
        text::private_checked()
    } else {
        text::plain_checked()
    }
}

async fn bytes_of(blob: &Blob) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(blob.array_buffer()).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}
