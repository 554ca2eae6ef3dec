//! What is in a file or a folder that is here, shown over the page.

use fluence::command::{Command, FolderFile};
use fluence::kind::{self, Kind, SNIFFED, SVG, TEXT};
use fluence::names::chosen_name;
use fluence::state::{Item, ItemId};
use wasm_bindgen::JsValue;
use web::bytes::data_url;
use web_sys::Blob;
use yew::AttrValue;

use super::{Face, Focus, Msg, Sender, Topic, menu_id};
use crate::browser::{self, BlobUrl, Opening};
use crate::text;

/// The largest picture that consists of text, in bytes: all of it becomes part of the page, as an address.
const MAX_SVG: f64 = 4_194_304.0;
/// The MIME type of folders.
pub const FOLDER: &str = "inode/directory";
/// The `id` of the dialog.
pub const PREVIEW: &str = "preview";
/// The `id` of the button that closes it.
pub const PREVIEW_CLOSE: &str = "preview-close";

/// The `id` of the button that shows a file of a folder.
pub fn preview_file_id(file: u32) -> String {
    format!("preview-file-{file}")
}

/// What is shown over the page.
pub struct Preview {
    /// The item.
    pub id: ItemId,
    /// What is in the folder, as far as it is known; `None` if the item is a file.
    pub folder: Option<Folder>,
    /// The number of the file of the folder that is shown, if one is.
    pub file: Option<u32>,
    /// What is shown of the file.
    pub shown: Shown,
    /// The bytes that are on their way.
    opening: Option<Opening>,
}

/// A folder.
#[derive(Default)]
pub struct Folder {
    /// Its files, by their numbers.
    pub files: Vec<FolderFile>,
    /// How many there are; `None` until that is known.
    pub count: Option<u64>,
}

/// What is shown of a file.
pub enum Shown {
    /// Nothing yet.
    Waiting,
    /// Nothing, for this reason.
    Nothing(&'static str),
    /// A text, and whether that is only its beginning.
    Text(AttrValue, bool),
    /// A picture, sound or a video.
    Media(Kind, Address),
    /// A document, and whether the person has opened it.
    Document(BlobUrl, bool),
}

impl Shown {
    /// The browser cannot show what is at an address. That may be said late, when something else is shown.
    fn broke(&mut self, address: &AttrValue) {
        if matches!(self, Self::Media(_, shown) if shown.value() == *address) {
            *self = Self::Nothing(text::preview_broken());
        }
    }
}

/// Where the browser reads a picture, sound or a video.
pub enum Address {
    /// At an address of this page.
    Blob(BlobUrl),
    /// In the address itself, which belongs to no page: whatever is in it, it could do nothing here if it were opened.
    Data(AttrValue),
}

impl Address {
    /// The address.
    pub fn value(&self) -> AttrValue {
        match self {
            Self::Blob(url) => url.value(),
            Self::Data(url) => url.clone(),
        }
    }
}

/// What can happen to it.
pub enum Peek {
    /// An item is to be shown.
    Open(ItemId),
    /// A file of the folder is to be shown, or the folder again.
    File(Option<u32>),
    /// More of the folder is to be shown.
    More,
    /// The bytes for a key are here.
    Came(String, Blob),
    /// What the bytes for a key are shown as.
    Found(String, Shown),
    /// The browser cannot show what is at this address.
    Broken(AttrValue),
    /// The document is to be opened.
    Document,
    /// The file or the folder is to be saved.
    Save(Option<u32>),
    /// It is to be closed.
    Close,
}

impl Preview {
    /// The name of what is shown.
    pub fn name(&self, item: &Item) -> String {
        match self.file_of_folder() {
            Some(file) => chosen_name(&file.path),
            None if item.name.is_empty() => text::unknown_name().to_owned(),
            None => item.name.clone(),
        }
    }

    /// The file of the folder that is shown.
    pub fn file_of_folder(&self) -> Option<&FolderFile> {
        let folder = self.folder.as_ref()?;
        folder.files.get(self.file? as usize)
    }
}

/// Whether an item is a folder.
pub fn is_folder(item: &Item) -> bool {
    // The files of a private folder are not counted, because it is one file to others.
    item.files.is_some() || item.mime.as_deref() == Some(FOLDER)
}

impl Face {
    /// Shows what is in an item, or does what the person wants with what is shown.
    pub(super) fn peek(&mut self, sender: &Sender, what: Peek) {
        match what {
            Peek::Open(id) => {
                let Some(item) = self.state.items.get(&id) else {
                    return;
                };
                let folder = is_folder(item).then(Folder::default);
                self.preview = Some(Preview {
                    id,
                    folder,
                    file: None,
                    shown: Shown::Waiting,
                    opening: None,
                });
                self.show_preview(sender);
            }
            Peek::File(file) => {
                let Some(preview) = &mut self.preview else {
                    return;
                };
                let former = std::mem::replace(&mut preview.file, file);
                self.show_preview(sender);
                self.focus = Some(Focus::Id(match (file, former) {
                    (None, Some(former)) => preview_file_id(former),
                    _ => PREVIEW_CLOSE.to_owned(),
                }));
            }
            Peek::More => self.list_folder(sender),
            Peek::Came(key, blob) => {
                let Some(name) = self.preview_name() else {
                    return;
                };
                sender.send_future(async move {
                    let shown = shown(&name, &blob).await;
                    let broken = |_| Shown::Nothing(text::preview_broken());
                    Msg::Peek(Peek::Found(key, shown.unwrap_or_else(broken)))
                });
            }
            Peek::Found(key, shown) => {
                if let Some(preview) = &mut self.preview
                    && preview
                        .opening
                        .as_ref()
                        .is_some_and(|opening| opening.key == key)
                {
                    preview.shown = shown;
                }
            }
            Peek::Broken(address) => {
                if let Some(preview) = &mut self.preview {
                    preview.shown.broke(&address);
                }
            }
            Peek::Document => {
                if let Some(Preview {
                    shown: Shown::Document(_, opened),
                    ..
                }) = &mut self.preview
                {
                    *opened = true;
                    self.focus = Some(Focus::Id(PREVIEW_CLOSE.to_owned()));
                }
            }
            Peek::Save(file) => {
                let Some(id) = self.preview.as_ref().map(|preview| preview.id.clone()) else {
                    return;
                };
                let command = match file {
                    Some(file) => Command::SaveFile { id, file },
                    None => Command::Save { id },
                };
                self.send(sender, Topic::PreviewSave, command);
            }
            Peek::Close => {
                if let Some(preview) = self.preview.take() {
                    self.forget_preview();
                    self.send(sender, Topic::PreviewHide, Command::Hide);
                    self.focus = Some(Focus::Id(menu_id(&preview.id)));
                }
            }
        }
    }

    /// Shows again what a new worker may have done away with: what was decrypted.
    pub(super) fn show_again(&mut self, sender: &Sender) {
        let Some(preview) = &self.preview else {
            return;
        };
        let item = self.state.items.get(&preview.id);
        if item.is_some_and(|item| item.key.is_some()) && !self.is_waiting(&Topic::Preview) {
            self.show_preview(sender);
        }
    }

    /// Closes what is shown of an item that is gone.
    pub(super) fn close_gone(&mut self, sender: &Sender) {
        let is_gone = |preview: &mut Preview| !self.state.items.contains_key(&preview.id);
        if self.preview.take_if(is_gone).is_some() {
            self.forget_preview();
            self.send(sender, Topic::PreviewHide, Command::Hide);
        }
    }

    /// Keeps a part of the folder that is shown.
    pub(super) fn listed(&mut self, command: &Command, files: Vec<FolderFile>, count: u64) {
        let Command::Files { id, after } = command else {
            return;
        };
        if let Some(Preview {
            id: shown,
            folder: Some(folder),
            ..
        }) = &mut self.preview
            && shown == id
            && folder.files.len() as u64 == *after
        {
            folder.count = Some(count);
            folder.files.extend(files);
            // The button that was pressed may go.
            if *after > 0 {
                self.focus = Some(Focus::Id(preview_file_id(*after as u32)));
            }
        }
    }

    /// Does away with how the last commands about what is shown ended.
    fn forget_preview(&mut self) {
        for topic in [Topic::Preview, Topic::PreviewSave] {
            self.failures.remove(&topic);
            self.done.remove(&topic);
            // What is answered from now on is about something else than what is shown then.
            self.pending.retain(|_, (about, _)| *about != topic);
        }
    }

    fn preview_name(&self) -> Option<String> {
        let preview = self.preview.as_ref()?;
        let item = self.state.items.get(&preview.id)?;
        Some(preview.name(item))
    }

    fn show_preview(&mut self, sender: &Sender) {
        self.forget_preview();
        let Some(preview) = &mut self.preview else {
            return;
        };
        preview.shown = Shown::Waiting;
        preview.opening = None;
        if let (Some(folder), None) = (&preview.folder, preview.file) {
            if folder.files.is_empty() {
                self.list_folder(sender);
            }
            return;
        }
        let on = sender.callback(|(key, blob)| Msg::Peek(Peek::Came(key, blob)));
        let Ok(opening) = Opening::begin(move |key, blob| on.emit((key, blob))) else {
            preview.shown = Shown::Nothing(text::preview_broken());
            return;
        };
        let command = Command::Show {
            id: preview.id.clone(),
            file: preview.file,
            key: opening.key.clone(),
        };
        preview.opening = Some(opening);
        self.send(sender, Topic::Preview, command);
    }

    fn list_folder(&mut self, sender: &Sender) {
        let known = self.preview.as_ref().and_then(|preview| {
            let folder = preview.folder.as_ref()?;
            Some((preview.id.clone(), folder.files.len() as u64))
        });
        if let Some((id, after)) = known
            && !self.is_waiting(&Topic::Preview)
        {
            self.send(sender, Topic::Preview, Command::Files { id, after });
        }
    }
}

/// How bytes are shown. It is never as a page, whatever they are: pictures, sound and video have the type that they begin
/// like, and a text has no address.
async fn shown(name: &str, blob: &Blob) -> Result<Shown, JsValue> {
    if blob.size() == 0.0 {
        return Ok(Shown::Nothing(text::preview_empty()));
    }
    let beginning = |most: u64| blob.slice_with_f64_and_f64(0.0, most as f64);
    let first = browser::bytes_of(&beginning(SNIFFED)?).await?;
    Ok(match kind::of(name, &first) {
        Kind::Image(SVG) if blob.size() > MAX_SVG => Shown::Nothing(text::preview_large()),
        kind @ Kind::Image(SVG) => {
            let url = data_url(&browser::typed(blob, SVG)?).await?;
            Shown::Media(kind, Address::Data(url.into()))
        }
        kind @ (Kind::Image(media_type) | Kind::Video(media_type) | Kind::Audio(media_type)) => {
            Shown::Media(kind, Address::Blob(BlobUrl::of(blob, media_type)?))
        }
        Kind::Pdf => Shown::Document(BlobUrl::of(blob, "application/pdf")?, false),
        Kind::Text => {
            let bytes = browser::bytes_of(&beginning(TEXT)?).await?;
            // The last character may be cut off.
            let end = match std::str::from_utf8(&bytes) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => bytes.len(),
            };
            let words = String::from_utf8_lossy(&bytes[..end]).into_owned();
            Shown::Text(words.into(), blob.size() > TEXT as f64)
        }
        Kind::None => Shown::Nothing(text::preview_none()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_broken_is_what_is_shown_and_nothing_else() {
        let at = |address: &'static str| Address::Data(AttrValue::Static(address));
        let mut shown = Shown::Media(Kind::Image("image/png"), at("data:second"));
        shown.broke(&AttrValue::Static("data:first"));
        assert!(matches!(shown, Shown::Media(..)));
        shown.broke(&AttrValue::Static("data:second"));
        assert!(matches!(shown, Shown::Nothing(_)));
        let mut text = Shown::Text("words".into(), false);
        text.broke(&AttrValue::Static("data:second"));
        assert!(matches!(text, Shown::Text(..)));
    }
}
