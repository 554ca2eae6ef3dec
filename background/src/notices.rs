//! Tells the person what happened, by notifications of the browser and by notices to open faces.

use fluence::command::Command;
use fluence::failure::{About, Code, Failure};
use fluence::plan::Engine;
use fluence::state::{EventKind, ItemId, Origin};
use web::extension::toolbar;
use words::Words;

use crate::platform::Browser;

/// The id of notifications that belong to no item.
const GENERAL: &str = "fluence";
/// How the id of a notification begins that asks whether somebody gets an item.
const ASKING: &str = "ask:";

/// The kinds of notifications that a person can choose.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// A file is shared.
    Shared,
    /// A file has arrived.
    Fetched,
    /// Something failed.
    Failed,
    /// Somebody asks for a file.
    Asked,
}

/// Tells the person what happened.
#[derive(Clone)]
pub struct Notices {
    engine: Engine<Browser>,
}

impl Notices {
    /// Creates notices about the items of this engine.
    pub fn new(engine: Engine<Browser>) -> Self {
        Self { engine }
    }

    /// Shows a notification about an item.
    pub async fn about(&self, id: &ItemId, kind: Kind, words: &Words) {
        self.notify(&format!("item:{}", id.0), kind, words).await;
    }

    /// Asks whether somebody gets an item, or asks no longer.
    pub async fn asking(&self, id: &ItemId, asked: bool) {
        let notification = format!("{ASKING}{}", id.0);
        if !asked {
            return toolbar::unnotify(&notification).await;
        }
        // Otherwise the list of files asks alone.
        if !self.wants(Kind::Asked) {
            return;
        }
        let item = self.engine.with_state(|state| state.items.get(id).cloned());
        if let Some(item) = item {
            let Words { what, advice } = words::asking(&item.name);
            let buttons = [words::worker::allow(), words::worker::refuse()];
            toolbar::ask(&notification, &what, &advice, buttons).await;
        }
    }

    /// A button of a notification was pressed: the first one allows what is asked.
    pub async fn decided(&self, notification: &str, allow: bool) {
        if let Some(id) = notification.strip_prefix(ASKING) {
            let id = ItemId(id.to_owned());
            self.engine.command(Command::Decide { id, allow }).await;
            // An earlier worker may have asked, which nobody waits for any more.
            toolbar::unnotify(notification).await;
        }
    }

    /// Shows a notification about several items, of which so many are shared and so many have failed.
    pub async fn tell_of(&self, shared: usize, failed: usize) {
        if shared > 0 && (failed == 0 || self.wants(Kind::Shared)) {
            let words = words::shared_many(shared, failed);
            self.notify(GENERAL, Kind::Shared, &words).await;
        } else if failed > 0 {
            let words = words::not_shared_many(failed);
            self.notify(GENERAL, Kind::Failed, &words).await;
        }
    }

    /// Shows a notification that an item failed.
    pub async fn failed(&self, id: &ItemId, failure: &Failure) {
        let item = self.engine.with_state(|state| {
            let item = state.items.get(id)?;
            Some((item.name.clone(), item.origin))
        });
        let Some((name, origin)) = item else {
            return;
        };
        if failure.code == Code::NeedsClick {
            // Usually there are several, and one click is enough for them.
            let words = words::trouble(failure);
            return self.notify(GENERAL, Kind::Failed, &words).await;
        }
        let about = match origin {
            Origin::Share => About::Share,
            Origin::Fetch => About::Fetch,
        };
        let words = words::failed(&name, failure, about);
        self.about(id, Kind::Failed, &words).await;
    }

    /// Tells of a failure that belongs to no item, in open faces and by a notification.
    pub async fn tell(&self, failure: Failure) {
        let words = words::trouble(&failure);
        self.notify(GENERAL, Kind::Failed, &words).await;
        self.engine.record([EventKind::Notice { failure }]).await;
    }

    /// Like [`Self::tell`], if something failed.
    pub async fn tell_failure(&self, done: Result<(), Failure>) {
        if let Err(failure) = done {
            self.tell(failure).await;
        }
    }

    /// Whether the person wants notifications of this kind.
    fn wants(&self, kind: Kind) -> bool {
        let settings = self.engine.settings();
        settings.notify
            && match kind {
                Kind::Shared => settings.notify_shared,
                Kind::Fetched => settings.notify_fetched,
                Kind::Failed => settings.notify_failed,
                Kind::Asked => settings.notify_asked,
            }
    }

    async fn notify(&self, id: &str, kind: Kind, words: &Words) {
        if self.wants(kind) {
            toolbar::notify(id, &words.what, &words.advice).await;
        }
    }
}
