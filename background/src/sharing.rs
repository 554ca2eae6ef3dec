//! What a person shares: by right click, from a face, by handing files over.

use std::rc::Rc;

use fluence::command::{Answer, HandedFile, MAX_URL, ToFace};
use fluence::plan::{Expected, Input, ShareInput};
use fluence::state::{Failure, ItemId, ItemSource};
use js_sys::Array;
use serde::{Deserialize, Serialize};
use wasm_bindgen::JsValue;

use crate::acquire::{Acquired, Refused, Wanted, failure};
use crate::browser::{self, grumble, member};
use crate::http::host_of;
use crate::source::{BlobSource, blob_of};
use crate::worker::{Clicked, Worker};

/// Shares that wait for the person's permission, at most; the oldest goes.
const MAX_WAITING: usize = 100;
/// How long they wait, in milliseconds: a person who has not allowed it by then does not want to.
const WAITING_MS: u64 = 10 * 60 * 1000;
/// The key of those in the browser's session storage.
pub const WAITING: &str = "waiting";
/// Files of one command, at most.
const MAX_FILES: usize = 100_000;
/// The longest name that is made of a selected text, in characters.
const SELECTION_NAME: usize = 40;

/// A share that waits for the person's permission.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Waiting {
    wanted: Wanted,
    /// The match pattern of what must be allowed.
    origin: String,
    /// When it began to wait, in Unix milliseconds.
    since: u64,
}

impl Worker {
    /// The context menu's entry was chosen: what the browser says of the click, and of the tab.
    pub(crate) async fn share_clicked(self: &Rc<Self>, info: &JsValue, tab: &JsValue) {
        let text = |name| {
            member(info, name)
                .as_string()
                .filter(|text| !text.is_empty())
        };
        let number = |object: &JsValue, name| member(object, name).as_f64().map(|n| n as i32);
        // A tab that is none (a side panel's, say) has a negative number.
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
        // What is clicked on goes before what it stands in: a picture before its link, a link before the text around it.
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
            Answer::Done { .. } => {}
            Answer::Refused { failure } => self.tell(failure).await,
            Answer::NeedsAccess { origins } => {
                let from = origins.first().map(|origin| host_of_pattern(origin));
                let from = from.unwrap_or_default();
                self.tell(failure(
                    "needs_access",
                    &format!("The browser does not let Fluence read from {from} yet."),
                    "Click the Fluence button and choose Allow; the share then goes on by itself.",
                ))
                .await;
            }
        }
    }

    /// Shares what is at an address.
    pub(crate) async fn share_url(&self, wanted: Wanted) -> Answer {
        if wanted.url.len() > MAX_URL && !wanted.url.starts_with("data:") {
            return refused(
                "bad_address",
                "That address is too long.",
                "Save the file with the browser, and share it from there.",
            );
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
                    waiting.push(Waiting {
                        wanted,
                        origin: origin.clone(),
                        since: browser::now_ms(),
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
        // An address that is the bytes themselves says nothing to people.
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
        // The browser's own account of a selection has no line breaks; the page's has.
        let whole = match clicked {
            Some((tab, frame)) => browser::in_page(tab, frame, &["selection".into()])
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
                return refused(
                    "no_selection",
                    &format!("The selected text could not be taken: {why}."),
                    "Try again.",
                );
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

    /// Shares files that a face hands over.
    pub(crate) async fn share_files(
        &self,
        key: &str,
        files: Vec<HandedFile>,
        together: bool,
    ) -> Answer {
        let blobs = self.handovers.take(key).await.unwrap_or_default();
        if blobs.is_empty() || blobs.len() != files.len() || blobs.len() > MAX_FILES {
            return refused(
                "no_files",
                "The files did not arrive.",
                "Choose them again; if that does not help, choose fewer at once.",
            );
        }
        let files = files.into_iter().zip(blobs);
        if together {
            let body: Vec<(String, BlobSource)> = files
                .map(|(file, blob)| (file.name, BlobSource::new(blob)))
                .collect();
            let input = ShareInput {
                name: directory_name(&body),
                mime: None,
                size: None,
                source: None,
                expects: Expected::Any,
                body: Input::Many(body),
            };
            return self.share(input, None).await;
        }
        let mut first: Option<ItemId> = None;
        let mut refused = Vec::new();
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
                answer => refused.push((file.name, answer)),
            }
        }
        let others = refused.len().saturating_sub(1);
        match refused.into_iter().next() {
            None => Answer::Done { id: first },
            // The others are shared all the same.
            Some((name, Answer::Refused { failure })) => {
                let more = match others {
                    0 => String::new(),
                    1 => " One more file was refused.".to_owned(),
                    more => format!(" {more} more files were refused."),
                };
                Answer::Refused {
                    failure: Failure {
                        what: format!("{name}: {}{more}", failure.what),
                        ..failure
                    },
                }
            }
            Some((_, answer)) => answer,
        }
    }

    /// The person allowed something: shares what can be read now.
    pub(crate) async fn share_waiting(self: &Rc<Self>) {
        let waiting = self.waiting.take();
        let mut now = Vec::new();
        for waits in waiting {
            if browser::may_read(&waits.origin).await {
                now.push(waits.wanted);
            } else {
                self.waiting.borrow_mut().push(waits);
            }
        }
        self.waiting_changed().await;
        for wanted in now {
            if let Answer::Refused { failure } = self.share_url(wanted).await {
                self.tell(failure).await;
            }
        }
    }

    /// Gives up shares that have waited too long.
    pub(crate) async fn give_up_waiting(&self) {
        let oldest = browser::now_ms().saturating_sub(WAITING_MS);
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
        self.tell(failure(
            "not_allowed",
            &format!(
                "Nothing was shared from {from}: the browser was not allowed to read it there."
            ),
            "Share it again, and choose Allow; or save the file with the browser and share that.",
        ))
        .await;
    }

    /// The origins that shares wait for, as faces are told.
    pub(crate) fn access(&self) -> ToFace {
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
        self.show_badge();
        let text = serde_json::to_string(&*self.waiting.borrow()).unwrap_or_default();
        let kept = browser::keep_for_session(WAITING, &text).await;
        grumble("what waits for permission was not noted", kept);
    }
}

fn refused(code: &str, what: &str, advice: &str) -> Answer {
    Answer::Refused {
        failure: failure(code, what, advice),
    }
}

/// The host in `https://example.org/*`, for people.
fn host_of_pattern(pattern: &str) -> String {
    match pattern.strip_suffix("/*") {
        Some(origin) => host_of(origin),
        None => "the server that the file really comes from".to_owned(),
    }
}

/// What files that become one directory are called: their common folder, if there is one.
fn directory_name<T>(files: &[(String, T)]) -> String {
    let folder = |name: &str| name.split_once('/').map(|(folder, _)| folder.to_owned());
    let first = files.first().and_then(|(name, _)| folder(name));
    match first {
        Some(first)
            if files
                .iter()
                .all(|(name, _)| folder(name).as_ref() == Some(&first)) =>
        {
            first
        }
        _ => format!("{} files", files.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_are_called_after_their_folder() {
        let name = |names: &[&str]| {
            let files: Vec<(String, ())> = names.iter().map(|n| ((*n).to_owned(), ())).collect();
            directory_name(&files)
        };
        assert_eq!(name(&["trip/a.jpg", "trip/b/c.jpg"]), "trip");
        assert_eq!(name(&["trip/a.jpg", "other/a.jpg"]), "2 files");
        assert_eq!(name(&["a.jpg", "b.jpg", "c.jpg"]), "3 files");
    }
}
