//! What a person shares, by right click, from a face, or by handing files over.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use fluence::command::{Answer, HandedFile, MAX_URL, ToFace};
use fluence::failure::{Code, Failure, Reason};
use fluence::plan::{Engine, Expected, Input, ShareInput};
use fluence::state::{ItemId, ItemSource};
use fluence::text::host_of;
use js_sys::Array;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;
use web::extension::storage;
use web::js::{member, warn_on_error};
use web::time;

use crate::acquire::{Acquired, Refused, Wanted};
use crate::badge::Button;
use crate::faces::Faces;
use crate::handover::Handovers;
use crate::notices::Notices;
use crate::pages::Pages;
use crate::platform::Browser;
use crate::source::{BlobSource, blob_of};

/// The most shares that wait for the person's permission; the oldest is dropped first.
const MAX_WAITING: usize = 100;
/// How long they wait, in milliseconds. A person who has not given permission by then does not want
/// to.
const WAITING_MS: u64 = 10 * 60 * 1000;
/// The key under which they are kept in the browser's session storage.
const WAITING: &str = "waiting";
/// The most files of one command.
const MAX_FILES: usize = 100_000;
/// The longest name that is made from a selected text, in characters.
const SELECTION_NAME: usize = 40;

/// The tab and the frame in which a share was begun, so that its link goes to the clipboard of that page.
pub type Clicked = Option<(i32, Option<i32>)>;

/// A share that waits for the person's permission.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct WaitingShare {
    wanted: Wanted,
    /// The match pattern of the origin that the person has to permit.
    origin: String,
    /// When it began to wait, in Unix milliseconds.
    since: u64,
}

/// The shares of a person.
pub struct Sharing {
    engine: Engine<Browser>,
    faces: Rc<Faces>,
    notices: Notices,
    button: Rc<Button>,
    /// Reads in open pages.
    pub pages: Pages,
    /// The files that faces hand over.
    pub handovers: Handovers,
    /// Shares that the person began since the worker started: the person is told when they are done.
    fresh: RefCell<BTreeMap<ItemId, Clicked>>,
    waiting: RefCell<Vec<WaitingShare>>,
}

impl Sharing {
    /// Creates the shares of a person, with those that an earlier worker noted as waiting for
    /// permission.
    pub async fn open(
        engine: Engine<Browser>,
        faces: Rc<Faces>,
        notices: Notices,
        button: Rc<Button>,
    ) -> Self {
        let waiting = storage::session(WAITING).await.ok();
        let waiting = waiting
            .and_then(|text| text.as_string())
            .map(|text| waiting_in(&text))
            .unwrap_or_default();
        Self {
            engine,
            faces,
            notices,
            button,
            pages: Pages::default(),
            handovers: Handovers::default(),
            fresh: RefCell::default(),
            waiting: RefCell::new(waiting),
        }
    }

    /// The number of shares that wait for the person's permission.
    pub fn waiting_count(&self) -> usize {
        self.waiting.borrow().len()
    }

    /// Notes that the person wants this item to be shared now, wherever they asked for it.
    pub fn is_wanted(&self, id: &ItemId) {
        self.fresh.borrow_mut().entry(id.clone()).or_default();
    }

    /// Whether the person began this share since the worker started and has not been told of its end.
    pub fn is_fresh(&self, id: &ItemId) -> bool {
        self.fresh.borrow().contains_key(id)
    }

    /// Ends or removes a share, and returns where it was begun if the person is still to be told.
    pub fn take(&self, id: &ItemId) -> Option<Clicked> {
        self.fresh.borrow_mut().remove(id)
    }

    /// Merges a share that turned out to be the same file as another item, and returns whether the
    /// person is still to be told.
    pub fn merge(&self, id: &ItemId, into: &ItemId) -> bool {
        let clicked = self.take(id);
        let told = clicked.is_some();
        if let Some(clicked) = clicked {
            self.fresh.borrow_mut().insert(into.clone(), clicked);
        }
        told
    }

    /// Shares what was clicked on. `info` and `tab` are what the browser passes to a listener of
    /// the context menu.
    pub async fn share_clicked(&self, info: &JsValue, tab: &JsValue) {
        let text = |name| {
            member(info, name)
                .as_string()
                .filter(|text| !text.is_empty())
        };
        let number = |object: &JsValue, name| member(object, name).as_f64().map(|n| n as i32);
        // Something that is not a tab, such as a side panel, has a negative number.
        let tab_id = number(tab, "id").filter(|id| *id >= 0);
        let frame = number(info, "frameId");
        let page = text("pageUrl");
        let title = member(tab, "title").as_string();
        let wanted = |url: String, media: Option<String>, name: Option<String>| Wanted {
            url,
            tab: tab_id,
            frame,
            page: page.clone(),
            name,
            media,
        };
        // The innermost thing that was clicked on takes precedence: a picture over its link, and a
        // link over the text around it.
        let answer = if let Some(url) = text("srcUrl") {
            self.share_url(wanted(url, text("mediaType"), None)).await
        } else if let Some(url) = text("linkUrl") {
            self.share_url(wanted(url, None, None)).await
        } else if let Some(selected) = text("selectionText") {
            let clicked = tab_id.map(|tab| (tab, frame));
            self.share_selection(selected, clicked, page).await
        } else if let Some(url) = text("frameUrl").or(page.clone()) {
            self.share_url(wanted(url, None, title)).await
        } else {
            return;
        };
        match answer {
            Answer::Done { .. } | Answer::Thumbnails { .. } | Answer::Log { .. } => {}
            Answer::Refused { failure } => self.notices.tell(failure).await,
            Answer::NeedsAccess { origins } => {
                let from = origins.first().and_then(|origin| host_of_pattern(origin));
                self.notices.tell(with_host(Code::NeedsAccess, from)).await;
            }
        }
    }

    /// Shares what is at an address, or remembers it until the person permits that.
    pub async fn share_url(&self, wanted: Wanted) -> Answer {
        if wanted.url.len() > MAX_URL && !wanted.url.starts_with("data:") {
            return refused(Failure::new(Code::BadAddress).reason(Reason::TooLong));
        }
        match wanted.acquire(&self.pages).await {
            Ok(acquired) => self.share_acquired(&wanted, acquired).await,
            Err(Refused::Failed(failure)) => Answer::Refused { failure },
            Err(Refused::NeedsAccess(origin)) => {
                {
                    let mut waiting = self.waiting.borrow_mut();
                    waiting.retain(|other| other.wanted.url != wanted.url);
                    if waiting.len() >= MAX_WAITING {
                        waiting.remove(0);
                    }
                    waiting.push(WaitingShare {
                        wanted,
                        origin: origin.clone(),
                        since: time::now_ms(),
                    });
                }
                self.waiting_changed().await;
                Answer::NeedsAccess {
                    origins: vec![origin],
                }
            }
        }
    }

    async fn share_acquired(&self, wanted: &Wanted, acquired: Acquired) -> Answer {
        // An address that contains the bytes themselves means nothing to people.
        let url = (!wanted.url.starts_with("data:")).then(|| wanted.url.clone());
        let input = ShareInput {
            name: acquired.name,
            mime: acquired.mime,
            size: acquired.size,
            source: Some(ItemSource {
                url,
                page: wanted.page.clone(),
            }),
            expects: acquired.expects,
            body: Input::Stream(acquired.body),
        };
        let clicked = wanted.tab.map(|tab| (tab, wanted.frame));
        self.share(input, clicked).await
    }

    async fn share(&self, input: ShareInput<BlobSource>, clicked: Clicked) -> Answer {
        let answer = self.engine.share(input).await;
        if let Answer::Done { id: Some(id) } = &answer
            && let Some(fresh) = self.fresh.borrow_mut().get_mut(id)
        {
            *fresh = clicked;
        }
        answer
    }

    async fn share_selection(
        &self,
        selected: String,
        clicked: Clicked,
        page: Option<String>,
    ) -> Answer {
        // The browser gives the selected text without line breaks; the page gives it with them.
        let whole = match clicked {
            Some((tab, frame)) => web::extension::pages::in_page(tab, frame, &["selection".into()])
                .await
                .ok()
                .and_then(|text| text.as_string())
                .filter(|text| !text.is_empty()),
            None => None,
        };
        let text = whole.unwrap_or(selected);
        let words: String = text
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(SELECTION_NAME)
            .collect();
        let blob = match blob_of(&Array::of1(&text.into())) {
            Ok(blob) => blob,
            Err(why) => {
                return refused(Failure::from(&why));
            }
        };
        let input = ShareInput {
            name: format!("{}.txt", words.replace(['/', '\\', '.'], " ").trim()),
            mime: Some("text/plain".to_owned()),
            size: Some(blob.size() as u64),
            source: Some(ItemSource { url: None, page }),
            expects: Expected::Any,
            body: Input::Stored(BlobSource::new(blob)),
        };
        self.share(input, clicked).await
    }

    /// Shares the files that a face hands over under a key, as one directory if they belong
    /// `together`.
    pub async fn share_files(&self, key: &str, files: Vec<HandedFile>, together: bool) -> Answer {
        let blobs = self.handovers.take(key).await.unwrap_or_default();
        if blobs.is_empty() || blobs.len() != files.len() || blobs.len() > MAX_FILES {
            return refused(Code::Handover.into());
        }
        let files = files.into_iter().zip(blobs);
        if together {
            let mut body: Vec<(String, BlobSource)> = files
                .map(|(file, blob)| (file.name, BlobSource::new(blob)))
                .collect();
            let input = ShareInput {
                name: take_directory_name(&mut body),
                mime: None,
                size: None,
                source: None,
                expects: Expected::Any,
                body: Input::Many(body),
            };
            return self.share(input, None).await;
        }
        let mut first: Option<ItemId> = None;
        let mut not_shared = Vec::new();
        for (file, blob) in files {
            let input = ShareInput {
                name: file.name.clone(),
                mime: (!file.mime.is_empty()).then_some(file.mime),
                size: Some(blob.size() as u64),
                source: None,
                expects: Expected::Any,
                body: Input::Stored(BlobSource::new(blob)),
            };
            match self.share(input, None).await {
                Answer::Done { id } => first = first.or(id),
                answer => not_shared.push((file.name, answer)),
            }
        }
        let others = not_shared.len().saturating_sub(1);
        match not_shared.into_iter().next() {
            None => Answer::Done { id: first },
            // The remaining files are shared nevertheless.
            Some((name, Answer::Refused { failure })) => refused(Failure {
                name: Some(name),
                others: (others > 0).then_some(others as u64),
                ..failure
            }),
            Some((_, answer)) => answer,
        }
    }

    /// Shares everything that waited and can be read now. Call this when the person has permitted
    /// something.
    pub async fn share_waiting(&self) {
        let waiting = self.waiting.take();
        let mut now = Vec::new();
        for waits in waiting {
            if web::extension::pages::may_read(&waits.origin).await {
                now.push(waits.wanted);
            } else {
                self.waiting.borrow_mut().push(waits);
            }
        }
        self.waiting_changed().await;
        for wanted in now {
            if let Answer::Refused { failure } = self.share_url(wanted).await {
                self.notices.tell(failure).await;
            }
        }
    }

    /// Gives up shares that have waited too long.
    pub async fn give_up_waiting(&self) {
        let oldest = time::now_ms().saturating_sub(WAITING_MS);
        let (waiting, late): (Vec<_>, Vec<_>) = self
            .waiting
            .take()
            .into_iter()
            .partition(|waits| waits.since >= oldest);
        self.waiting.replace(waiting);
        let Some(first) = late.first() else {
            return;
        };
        self.waiting_changed().await;
        let from = host_of_pattern(&first.origin);
        self.notices.tell(with_host(Code::NotAllowed, from)).await;
    }

    /// The message to faces with the origins that shares wait for.
    pub fn access(&self) -> ToFace {
        let mut origins: Vec<String> = self
            .waiting
            .borrow()
            .iter()
            .map(|waits| waits.origin.clone())
            .collect();
        origins.sort();
        origins.dedup();
        ToFace::Access { origins }
    }

    async fn waiting_changed(&self) {
        self.faces.send_all(&self.access());
        self.button.show(self.waiting_count());
        let text = serde_json::to_string(&*self.waiting.borrow()).unwrap_or_default();
        let kept = storage::keep_for_session(WAITING, &text).await;
        warn_on_error("what waits for permission was not noted", kept);
    }
}

/// The shares in a text that an earlier worker stored. A share that cannot be read does not affect
/// the others.
fn waiting_in(text: &str) -> Vec<WaitingShare> {
    let kept: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
    kept.iter()
        .filter_map(|share| WaitingShare::deserialize(share).ok())
        .collect()
}

fn refused(failure: Failure) -> Answer {
    Answer::Refused { failure }
}

fn with_host(code: Code, host: Option<String>) -> Failure {
    Failure {
        host,
        ..Failure::new(code)
    }
}

/// The host in a pattern such as `https://example.org/*`; `None` if the pattern matches every site.
fn host_of_pattern(pattern: &str) -> Option<String> {
    pattern.strip_suffix("/*").map(host_of)
}

/// The name for files that become one directory. If all are in one folder, it is that of the folder, which is taken
/// from their paths: the folder is the directory, and not something in it.
fn take_directory_name<T>(files: &mut [(String, T)]) -> String {
    let common = files.first().and_then(|(name, _)| name.split_once('/'));
    let Some(common) = common.map(|(folder, _)| format!("{folder}/")) else {
        return format!("{} files", files.len());
    };
    if !files.iter().all(|(name, _)| name.starts_with(&common)) {
        return format!("{} files", files.len());
    }
    for (name, _) in files {
        name.drain(..common.len());
    }
    common.trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_share_that_waits_costs_no_other() {
        let waits = WaitingShare {
            wanted: Wanted {
                url: "https://a.example/b".to_owned(),
                ..Wanted::default()
            },
            origin: "https://a.example/*".to_owned(),
            since: 7,
        };
        let whole = serde_json::to_string(&[&waits, &waits]).unwrap();
        assert_eq!(waiting_in(&whole), [waits.clone(), waits.clone()]);
        let damaged = whole.replacen("\"since\":7", "\"since\":\"yesterday\"", 1);
        assert_eq!(waiting_in(&damaged), [waits]);
        for nothing in ["", "7", "{}", "[7]"] {
            assert_eq!(waiting_in(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn a_folder_is_the_directory_and_not_in_it() {
        for (given, name, left) in [
            (
                &["trip/a.jpg", "trip/b/c.jpg"][..],
                "trip",
                &["a.jpg", "b/c.jpg"][..],
            ),
            (
                &["trip/a.jpg", "other/a.jpg"],
                "2 files",
                &["trip/a.jpg", "other/a.jpg"],
            ),
            (
                &["trip/a.jpg", "trips/a.jpg"],
                "2 files",
                &["trip/a.jpg", "trips/a.jpg"],
            ),
            (
                &["a.jpg", "b.jpg", "c.jpg"],
                "3 files",
                &["a.jpg", "b.jpg", "c.jpg"],
            ),
        ] {
            let mut files: Vec<(String, ())> =
                given.iter().map(|n| ((*n).to_owned(), ())).collect();
            assert_eq!(take_directory_name(&mut files), name);
            let names: Vec<&str> = files.iter().map(|(name, ())| name.as_str()).collect();
            assert_eq!(names, left);
        }
    }
}
