//! Saves to the download folder, by the browser's own download of a blob URL. The URL is made in a
//! context that can make blob URLs.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use fluence::state::ItemId;
use serde::Serialize;
use serde_json::Value;
use web::extension::downloads::{self, Download};
use web::extension::storage;
use web::js::{self, Outcome};
use web_sys::Blob;

use crate::offscreen::{Hold, Offscreen};
use crate::source::typed;

/// The MIME type of bytes that are just to be saved.
const OPAQUE: &str = "application/octet-stream";
/// The key of [`Intents`] in the extension's storage, which outlasts the browser.
const KEPT: &str = "saving";
/// The browser's codes for downloads that ended because the browser did.
const WITH_THE_BROWSER: [&str; 2] = ["CRASH", "USER_SHUTDOWN"];
/// What is being saved, as it is stored.
#[derive(Debug, Default, PartialEq, Serialize)]
struct Intents {
    /// The items that are to be saved, and how far that is.
    items: BTreeMap<ItemId, Step>,
}

/// How far saving an item is.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum Step {
    /// It is to be saved.
    Intended,
    /// The browser is asked to download it from this address, which no other download has. It may have begun.
    Asked(String),
    /// The number of its download.
    Begun(f64),
}

impl Step {
    fn read(kept: &Value) -> Option<Self> {
        match kept {
            Value::Null => Some(Self::Intended),
            Value::String(url) => Some(Self::Asked(url.clone())),
            other => other.as_f64().map(Self::Begun),
        }
    }
}

impl Intents {
    /// Reads what was stored. An item that cannot be read does not affect the others.
    fn read(text: &str) -> Self {
        let kept: Value = serde_json::from_str(text).unwrap_or_default();
        let items = kept.get("items").and_then(Value::as_object);
        let items = items
            .into_iter()
            .flatten()
            .filter_map(|(id, download)| Some((ItemId(id.clone()), Step::read(download)?)));
        Self {
            items: items.collect(),
        }
    }
}

/// How the download of an item ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Saved {
    /// The item is in the download folder under this name.
    Done(ItemId, String),
    /// The item was not saved, for this reason.
    Failed(ItemId, String),
    /// The browser ended before the item was saved, so it has to be saved again.
    Again(ItemId),
}

/// Saves items, and remembers what is being saved.
pub struct Saver {
    saving: RefCell<Intents>,
    /// The items whose end has been returned and was not recorded yet.
    ending: RefCell<BTreeSet<ItemId>>,
    page: Offscreen,
    /// Keeps the offscreen page open while it is needed: its blob URLs are revoked when it closes.
    held: RefCell<Option<Hold>>,
}

impl Saver {
    /// Continues with what an earlier worker noted.
    pub async fn open(page: Offscreen) -> Self {
        let kept = storage::kept(KEPT).await;
        let kept = kept.ok().and_then(|kept| kept.as_string());
        let mut saving = Intents::read(&kept.unwrap_or_default());
        for step in saving.items.values_mut() {
            // An earlier worker may have been killed before the browser told it the number.
            if let Step::Asked(url) = step
                && let Ok(download) = downloads::from(url).await
            {
                *step = download.map_or(Step::Intended, Step::Begun);
            }
        }
        let held = (!saving.items.is_empty()).then(|| page.hold());
        Self {
            saving: RefCell::new(saving),
            ending: RefCell::default(),
            page,
            held: RefCell::new(held),
        }
    }

    /// Notes that an item is to be saved, before anything is done; returns `false` if it is being
    /// saved already.
    pub async fn intend(&self, id: &ItemId) -> bool {
        let new = {
            let mut saving = self.saving.borrow_mut();
            let new = !saving.items.contains_key(id);
            saving.items.entry(id.clone()).or_insert(Step::Intended);
            new
        };
        self.keep().await;
        new
    }

    /// Whether nothing is being saved.
    pub fn is_idle(&self) -> bool {
        self.saving.borrow().items.is_empty()
    }

    /// The items that are to be saved, or are being saved.
    pub fn items(&self) -> Vec<ItemId> {
        self.saving.borrow().items.keys().cloned().collect()
    }

    /// The items that are to be saved and whose download has not begun.
    pub fn intended(&self) -> Vec<ItemId> {
        let saving = self.saving.borrow();
        let waiting = saving
            .items
            .iter()
            .filter(|(_, step)| !matches!(step, Step::Begun(_)));
        waiting.map(|(id, _)| id.clone()).collect()
    }

    /// Forgets an item that cannot be saved, or whose end was recorded.
    pub async fn forget(&self, id: &ItemId) {
        self.saving.borrow_mut().items.remove(id);
        self.ending.borrow_mut().remove(id);
        self.keep().await;
        self.let_go_when_idle();
    }

    /// Begins the download of an item's bytes under this name.
    ///
    /// # Errors
    /// The message of the browser, in which case the item is forgotten.
    pub async fn save(&self, id: &ItemId, blob: &Blob, file_name: &str) -> Outcome<()> {
        let begun = self.begin(id, blob, file_name).await;
        if begun.is_err() {
            self.saving.borrow_mut().items.remove(id);
        }
        self.keep().await;
        self.let_go_when_idle();
        begun
    }

    async fn begin(&self, id: &ItemId, blob: &Blob, file_name: &str) -> Outcome<()> {
        self.held
            .borrow_mut()
            .get_or_insert_with(|| self.page.hold());
        self.page.open().await?;
        // Without a type the browser guesses one, and may change the ending of the name to fit.
        let blob = typed(blob, OPAQUE).map_err(|why| js::message_of(&why))?;
        let url = self.page.url_of(&blob).await?;
        let asked = Step::Asked(url.clone());
        self.saving.borrow_mut().items.insert(id.clone(), asked);
        self.keep().await;
        let download = match downloads::download(&url, file_name).await {
            // The browser has its own rules about which names are safe.
            Err(why) if why.contains("filename") => downloads::download(&url, "file").await?,
            begun => begun?,
        };
        let mut saving = self.saving.borrow_mut();
        saving.items.insert(id.clone(), Step::Begun(download));
        Ok(())
    }

    /// Looks at all downloads that were begun here, and returns those that have ended. Call it at the start, and when
    /// the browser says that a download changed. What has ended is forgotten by [`Self::forget`], after it was recorded.
    pub async fn look(&self) -> Vec<Saved> {
        let running: Vec<(ItemId, f64)> = self
            .saving
            .borrow()
            .items
            .iter()
            .filter_map(|(id, step)| match step {
                Step::Begun(download) => Some((id.clone(), *download)),
                Step::Intended | Step::Asked(_) => None,
            })
            .collect();
        let mut ended = Vec::new();
        for (id, download) in running {
            let saved = match downloads::download_state(download).await {
                Ok(Download::Complete(name)) => Saved::Done(id.clone(), name),
                Ok(Download::Interrupted(why)) if WITH_THE_BROWSER.contains(&&why[..]) => {
                    Saved::Again(id.clone())
                }
                Ok(Download::Interrupted(why)) => Saved::Failed(id.clone(), why),
                Ok(Download::Unknown) => Saved::Failed(id.clone(), "it was removed".to_owned()),
                Ok(Download::Running) | Err(_) => continue,
            };
            // If two calls overlap, only the first to get here returns the item.
            let first = match &saved {
                Saved::Again(_) => {
                    let intended = self.saving.borrow_mut().items.insert(id, Step::Intended);
                    intended == Some(Step::Begun(download))
                }
                _ => self.is_saving(&id, download) && self.ending.borrow_mut().insert(id),
            };
            if first {
                ended.push(saved);
            }
        }
        ended
    }

    fn is_saving(&self, id: &ItemId, download: f64) -> bool {
        self.saving.borrow().items.get(id) == Some(&Step::Begun(download))
    }

    fn let_go_when_idle(&self) {
        if self.saving.borrow().items.is_empty() {
            self.held.take();
        }
    }

    async fn keep(&self) {
        let text = serde_json::to_string(&*self.saving.borrow()).unwrap_or_default();
        let kept = storage::keep(KEPT, &text).await;
        js::warn_on_error("what is being saved was not noted", kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_intent_costs_no_other() {
        let id = |id: &str| ItemId(id.to_owned());
        let intents = Intents {
            items: BTreeMap::from([
                (id("a"), Step::Intended),
                (id("b"), Step::Begun(7.0)),
                (id("c"), Step::Asked("blob:x".to_owned())),
            ]),
        };
        let text = serde_json::to_string(&intents).unwrap();
        assert_eq!(text, r#"{"items":{"a":null,"b":7.0,"c":"blob:x"}}"#);
        assert_eq!(Intents::read(&text), intents);
        let damaged = r#"{"items":{"a":null,"b":7,"c":"blob:x","d":[],"e":{}}}"#;
        assert_eq!(Intents::read(damaged), intents);
        for nothing in ["", "7", "[]", "{}", r#"{"items":[1]}"#] {
            assert_eq!(Intents::read(nothing), Intents::default(), "{nothing}");
        }
    }
}
