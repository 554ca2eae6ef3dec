//! Telling the person: by notifications of the browser, and by notices to open faces.

use fluence::failure::{About, Failure};
use fluence::plan::Engine;
use fluence::state::{EventKind, ItemId, Origin};
use web::extension::toolbar;
use words::{Extension, Words};

use crate::platform::Browser;

/// The id of the notification about something that belongs to no item.
const GENERAL: &str = "fluence";

/// Tells the person what happened.
#[derive(Clone)]
pub struct Notices {
    engine: Engine<Browser>,
}

impl Notices {
    /// Notices about the items of this engine.
    pub fn new(engine: Engine<Browser>) -> Self {
        Self { engine }
    }

    /// A notification about an item.
    pub async fn about(&self, id: &ItemId, words: &Words) {
        self.notify(&format!("item:{}", id.0), words).await;
    }

    /// A notification that an item failed.
    pub async fn failed(&self, id: &ItemId, failure: &Failure) {
        let item = self.engine.with_state(|state| {
            let item = state.items.get(id)?;
            Some((item.name.clone(), item.origin))
        });
        let Some((name, origin)) = item else {
            return;
        };
        let about = match origin {
            Origin::Share => About::Share,
            Origin::Fetch => About::Fetch,
        };
        let Words { what, advice } = words::failure::<Extension>(failure, about);
        let words = Words {
            what: format!("{name}: {what}"),
            advice,
        };
        self.about(id, &words).await;
    }

    /// Tells open faces, and by a notification, what went wrong and belongs to no item.
    pub async fn tell(&self, failure: Failure) {
        let words = words::failure::<Extension>(&failure, About::Other);
        self.notify(GENERAL, &words).await;
        self.engine.record([EventKind::Notice { failure }]).await;
    }

    /// The same where something failed.
    pub async fn tell_failure(&self, done: Result<(), Failure>) {
        if let Err(failure) = done {
            self.tell(failure).await;
        }
    }

    async fn notify(&self, id: &str, words: &Words) {
        if self.engine.settings().notify {
            toolbar::notify(id, &words.what, &words.advice).await;
        }
    }
}
