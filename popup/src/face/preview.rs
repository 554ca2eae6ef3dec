//! What is in a file or a folder that is here, shown over the page.

use std::cell::Cell;
use std::rc::Rc;

use fluence::command::{Command, FolderFile};
use fluence::kind::{self, Kind, SNIFFED, SVG, TEXT};
use fluence::names::chosen_name;
use fluence::state::{Item, ItemId};
use wasm_bindgen::JsValue;
use web::bytes::data_url;
use web::time::now_ms;
use web_sys::Blob;
use yew::AttrValue;

use super::{Face, Focus, Msg, Sender, Topic, menu_id};
use crate::browser::{self, BlobUrl, Opening, Told};
use crate::text;

/// The largest picture that consists of text, in bytes: all of it becomes part of the page, as an address.
const MAX_SVG: f64 = 4_194_304.0;
/// How often the worker is asked at most for more of a file that is being fetched, in milliseconds.
const MORE_MS: u64 = 1000;
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
    /// The number of bytes of which it is shown.
    len: f64,
    /// What is known of the file while only its beginning is here.
    pub part: Option<Part>,
    /// How far it has been played, in seconds, and whether it is being played.
    pub at: Rc<Cell<(f64, bool)>>,
    /// Whether everything that is here was played, and there is more to come.
    pub is_played: bool,
    /// The bytes that are on their way.
    opening: Option<Opening>,
}

/// A file of which only the beginning is here.
#[derive(Default)]
pub struct Part {
    /// The name, if only the bytes say it.
    name: Option<String>,
    /// When more was asked for, in Unix milliseconds.
    asked: u64,
    /// What more is needed for.
    next: Next,
}

/// When more of a file is shown.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Next {
    /// When there is more.
    #[default]
    More,
    /// When there is an eighth more, so that what goes on does not stop again at once.
    Eighth,
    /// When there is twice as much, because the browser cannot do anything with what is there.
    Twice,
    /// When what is there was played.
    Played,
    /// When all of it is here.
    Whole,
}

impl Part {
    /// Whether more is to be shown of an item now, of which so many bytes are shown. The time is in Unix milliseconds.
    fn is_due(&self, item: &Item, len: f64, now: u64) -> bool {
        if item.status.is_here() {
            return true;
        }
        let here = item.progress.map_or(0, |progress| progress.bytes) as f64;
        let is_enough = match self.next {
            Next::More => here > len,
            Next::Eighth => here >= len * 1.125,
            Next::Twice => here >= len * 2.0,
            Next::Played | Next::Whole => false,
        };
        is_enough && item.is_coming() && now.saturating_sub(self.asked) >= MORE_MS
    }
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
    /// A picture, sound or a video, which begins after so many seconds, and whether by itself.
    Media(Kind, Address, (f64, bool)),
    /// A document, and whether the person has opened it.
    Document(BlobUrl, bool),
}

impl Shown {
    /// Whether this is what is at an address. Something may be said of it late, when something else is shown.
    fn is_at(&self, address: &AttrValue) -> bool {
        matches!(self, Self::Media(_, shown, _) if shown.value() == *address)
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
    Came(String, Told),
    /// What the bytes for a key, of which there are so many, are shown as.
    Found(String, f64, Shown),
    /// What is at this address was played to its end.
    Played(AttrValue),
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
        let told = self.part.as_ref().and_then(|part| part.name.clone());
        match self.file_of_folder() {
            Some(file) => chosen_name(&file.path),
            None if told.is_some() => told.unwrap_or_default(),
            None if item.name.is_empty() => text::unknown_name().to_owned(),
            None => item.name.clone(),
        }
    }

    /// Takes what is told of the file, and returns the bytes that are to be shown, if there are others than before.
    fn take(&mut self, told: Told) -> Option<Blob> {
        let Told {
            blob,
            is_part,
            name,
        } = told;
        if is_part {
            let part = self.part.get_or_insert_default();
            part.name = name;
            if blob.is_none() {
                part.next = Next::Whole;
                self.shown = Shown::Nothing(text::preview_whole());
            }
        } else {
            self.part = None;
        }
        let blob = blob.filter(|blob| !is_part || blob.size() > self.len)?;
        self.len = blob.size();
        Some(blob)
    }

    /// Shows the bytes that were taken last.
    fn show(&mut self, shown: Shown) {
        self.shown = match shown {
            // It goes on where it was.
            Shown::Media(kind, address, _) => {
                let (at, plays) = self.at.get();
                let was_played = std::mem::take(&mut self.is_played);
                Shown::Media(kind, address, (at, plays || was_played))
            }
            shown => shown,
        };
        let len = self.len;
        if let Some(part) = &mut self.part {
            part.next = match &self.shown {
                Shown::Waiting | Shown::Media(Kind::Image(_), ..) => Next::More,
                Shown::Media(..) => Next::Played,
                Shown::Text(..) if len < TEXT as f64 => Next::More,
                Shown::Text(..) | Shown::Nothing(_) | Shown::Document(..) => Next::Whole,
            };
        }
    }

    /// The browser goes no further with what is at an address: it was played to its end, or it is `broken`.
    fn ends(&mut self, address: &AttrValue, broken: bool) {
        if !self.shown.is_at(address) {
            return;
        }
        let has_played = self.at.get().0 > 0.0;
        match &mut self.part {
            // It may be broken only where it ends.
            Some(part) if has_played || !broken => {
                part.next = Next::Eighth;
                self.is_played = true;
            }
            Some(part) => {
                part.next = Next::Twice;
                self.shown = Shown::Nothing(text::preview_later());
            }
            None if broken => self.shown = Shown::Nothing(text::preview_broken()),
            None => {}
        }
    }

    /// The file of the folder that is shown.
    pub fn file_of_folder(&self) -> Option<&FolderFile> {
        let folder = self.folder.as_ref()?;
        folder.files.get(self.file? as usize)
    }
}

impl Face {
    /// Shows what is in an item, or does what the person wants with what is shown.
    pub(super) fn peek(&mut self, sender: &Sender, what: Peek) {
        match what {
            Peek::Open(id) => {
                let Some(item) = self.state.items.get(&id) else {
                    return;
                };
                let folder = item.is_folder().then(Folder::default);
                self.preview = Some(Preview {
                    id,
                    folder,
                    file: None,
                    shown: Shown::Waiting,
                    len: 0.0,
                    part: None,
                    at: Rc::default(),
                    is_played: false,
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
            Peek::Came(key, told) => {
                let Some(blob) = self.preview_of(&key).and_then(|preview| preview.take(told))
                else {
                    return;
                };
                let Some((name, is_part)) = self.preview_name() else {
                    return;
                };
                sender.send_future(async move {
                    let shown = shown(&name, &blob, is_part).await;
                    let broken = |_| Shown::Nothing(text::preview_broken());
                    let shown = shown.unwrap_or_else(broken);
                    Msg::Peek(Peek::Found(key, blob.size(), shown))
                });
            }
            Peek::Found(key, len, shown) => {
                let preview = self.preview_of(&key);
                if let Some(preview) = preview.filter(|preview| preview.len == len) {
                    preview.show(shown);
                }
            }
            Peek::Played(address) => self.preview_ends(sender, &address, false),
            Peek::Broken(address) => self.preview_ends(sender, &address, true),
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
        // What is being fetched is asked for again when there is more of it.
        let item = item.filter(|_| preview.part.is_none());
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

    /// The name of what is shown, and whether it is only the beginning of a file.
    fn preview_name(&self) -> Option<(String, bool)> {
        let preview = self.preview.as_ref()?;
        let item = self.state.items.get(&preview.id)?;
        Some((preview.name(item), preview.part.is_some()))
    }

    /// What is shown, if that is what was asked for under this key.
    fn preview_of(&mut self, key: &str) -> Option<&mut Preview> {
        let preview = self.preview.as_mut()?;
        let opening = preview.opening.as_ref()?;
        (opening.key == key).then_some(preview)
    }

    fn preview_ends(&mut self, sender: &Sender, address: &AttrValue, broken: bool) {
        if let Some(preview) = &mut self.preview {
            preview.ends(address, broken);
        }
        self.show_more(sender);
    }

    /// Asks for more of a file that is being fetched while it is shown, if more is here and of use.
    pub(super) fn show_more(&mut self, sender: &Sender) {
        if self.is_waiting(&Topic::Preview) {
            return;
        }
        let Some(preview) = &mut self.preview else {
            return;
        };
        let (Some(part), Some(opening)) = (&mut preview.part, &preview.opening) else {
            return;
        };
        let Some(item) = self.state.items.get(&preview.id) else {
            return;
        };
        let now = now_ms();
        let is_refused = self.failures.contains(&Topic::Preview) && !item.status.is_here();
        if is_refused || !part.is_due(item, preview.len, now) {
            return;
        }
        if item.is_folder() {
            // Nobody said so before.
            let id = item.id.clone();
            return self.peek(sender, Peek::Open(id));
        }
        part.asked = now;
        let command = Command::Show {
            id: preview.id.clone(),
            file: None,
            key: opening.key.clone(),
        };
        self.send(sender, Topic::Preview, command);
    }

    fn show_preview(&mut self, sender: &Sender) {
        self.forget_preview();
        let Some(preview) = &mut self.preview else {
            return;
        };
        preview.shown = Shown::Waiting;
        preview.len = 0.0;
        preview.part = None;
        preview.at = Rc::default();
        preview.is_played = false;
        preview.opening = None;
        if let (Some(folder), None) = (&preview.folder, preview.file) {
            if folder.files.is_empty() {
                self.list_folder(sender);
            }
            return;
        }
        let on = sender.callback(|(key, told)| Msg::Peek(Peek::Came(key, told)));
        let Ok(opening) = Opening::begin(move |key, told| on.emit((key, told))) else {
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
/// like, and a text has no address. What needs the end of a file is not shown as long as only a part is here.
async fn shown(name: &str, blob: &Blob, is_part: bool) -> Result<Shown, JsValue> {
    if blob.size() == 0.0 {
        return Ok(Shown::Nothing(text::preview_empty()));
    }
    let beginning = |most: u64| blob.slice_with_f64_and_f64(0.0, most as f64);
    let first = browser::bytes_of(&beginning(SNIFFED)?).await?;
    Ok(match kind::of(name, &first) {
        Kind::Image(SVG) | Kind::Pdf if is_part => Shown::Nothing(text::preview_whole()),
        Kind::Image(SVG) if blob.size() > MAX_SVG => Shown::Nothing(text::preview_large()),
        kind @ Kind::Image(SVG) => {
            let url = data_url(&browser::typed(blob, SVG)?).await?;
            Shown::Media(kind, Address::Data(url.into()), Default::default())
        }
        kind @ (Kind::Image(media_type) | Kind::Video(media_type) | Kind::Audio(media_type)) => {
            let url = BlobUrl::of(blob, media_type)?;
            Shown::Media(kind, Address::Blob(url), Default::default())
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
    use fluence::state::{Event, EventKind, Progress, State, Status};

    use super::*;

    const FIRST: AttrValue = AttrValue::Static("data:first");
    const SECOND: AttrValue = AttrValue::Static("data:second");

    fn preview(shown: Shown, part: Option<Part>) -> Preview {
        Preview {
            id: ItemId("1".to_owned()),
            folder: None,
            file: None,
            shown,
            len: 1000.0,
            part,
            at: Rc::default(),
            is_played: false,
            opening: None,
        }
    }

    fn media(kind: Kind, address: AttrValue) -> Shown {
        Shown::Media(kind, Address::Data(address), (0.0, false))
    }

    /// A file with this status that is fetched, of which so many bytes are here.
    fn fetched(status: Status, bytes: u64) -> Item {
        let id = ItemId("1".to_owned());
        let mut state = State::default();
        let progress = Progress {
            bytes,
            ..Progress::default()
        };
        let kinds = [
            EventKind::FetchBegan {
                id: id.clone(),
                cid: "bafy".to_owned(),
                key: None,
                path: None,
            },
            EventKind::Status {
                id: id.clone(),
                status,
            },
            EventKind::Progress {
                id: id.clone(),
                progress,
            },
        ];
        for (seq, kind) in (1..).zip(kinds) {
            state.apply(&Event { seq, at: 0, kind });
        }
        state.items[&id].clone()
    }

    fn coming(bytes: u64) -> Item {
        let from = "storage.example".to_owned();
        fetched(Status::Downloading { from }, bytes)
    }

    #[test]
    fn what_is_broken_is_what_is_shown_and_nothing_else() {
        let mut picture = preview(media(Kind::Image("image/png"), SECOND), None);
        picture.ends(&FIRST, true);
        assert!(matches!(picture.shown, Shown::Media(..)));
        picture.ends(&SECOND, true);
        assert!(matches!(picture.shown, Shown::Nothing(_)));
        let mut text = preview(Shown::Text("words".into(), false), None);
        text.ends(&SECOND, true);
        assert!(matches!(text.shown, Shown::Text(..)));
    }

    #[test]
    fn more_is_shown_of_what_is_played_once_that_is_over() {
        const NOW: u64 = 1_790_000_000_000;
        let mut video = preview(Shown::Waiting, Some(Part::default()));
        video.show(media(Kind::Video("video/webm"), FIRST));
        let is_due = |preview: &Preview, item: &Item| {
            let part = preview.part.as_ref().unwrap();
            part.is_due(item, preview.len, NOW)
        };
        let here = fetched(Status::Done, 9000);
        assert!(!is_due(&video, &coming(9000)) && is_due(&video, &here));
        // What is said of something else changes nothing.
        video.ends(&SECOND, false);
        assert!(!is_due(&video, &coming(9000)));
        video.at.set((12.5, false));
        video.ends(&FIRST, false);
        assert!(video.is_played);
        assert!(is_due(&video, &coming(1125)) && !is_due(&video, &coming(1124)));
        // It goes on where it was, by itself.
        video.show(media(Kind::Video("video/webm"), SECOND));
        let goes_on = matches!(&video.shown, Shown::Media(_, _, from) if *from == (12.5, true));
        assert!(goes_on && !video.is_played);
        assert!(!is_due(&video, &coming(9000)));
        // Once all of it is here, it goes on as it was.
        video.part = None;
        for now in [(3.0, true), (4.0, false)] {
            video.at.set(now);
            video.show(media(Kind::Video("video/webm"), FIRST));
            assert!(matches!(&video.shown, Shown::Media(_, _, from) if *from == now));
        }
    }

    #[test]
    fn what_cannot_begin_yet_is_tried_again_with_twice_as_much() {
        const NOW: u64 = 1_790_000_000_000;
        let mut video = preview(Shown::Waiting, Some(Part::default()));
        video.show(media(Kind::Video("video/mp4"), FIRST));
        video.ends(&FIRST, true);
        assert!(matches!(video.shown, Shown::Nothing(_)) && !video.is_played);
        let part = video.part.as_ref().unwrap();
        assert!(!part.is_due(&coming(1999), video.len, NOW));
        assert!(part.is_due(&coming(2000), video.len, NOW));
        // Once all of it is here, there is nothing to wait for.
        video.part = None;
        video.show(media(Kind::Video("video/mp4"), SECOND));
        video.ends(&SECOND, true);
        assert!(matches!(video.shown, Shown::Nothing(_)));
    }

    #[test]
    fn the_worker_is_asked_for_more_once_a_second_and_at_once_for_the_whole() {
        const NOW: u64 = 1_790_000_000_000;
        let part = Part {
            asked: NOW,
            ..Part::default()
        };
        assert!(!part.is_due(&coming(9000), 1000.0, NOW + MORE_MS - 1));
        assert!(part.is_due(&coming(9000), 1000.0, NOW + MORE_MS));
        assert!(part.is_due(&fetched(Status::Done, 9000), 1000.0, NOW));
        let failure = fluence::failure::Code::Interrupted.into();
        let stopped = fetched(Status::Failed { failure }, 9000);
        assert!(!part.is_due(&stopped, 1000.0, NOW + MORE_MS));
    }
}
