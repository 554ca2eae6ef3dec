//! The badge and the title of the toolbar button, which always show the current state.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use fluence::plan::Engine;
use fluence::state::{Item, NetworkStatus, State};
use wasm_bindgen_futures::spawn_local;
use web::extension::toolbar;
use web::time;

use crate::platform::Browser;

/// How often progress alone changes the button, in milliseconds. Each change also shows the browser
/// that the worker is busy, even if no connection would show it.
const PROGRESS_EVERY_MS: u64 = 5000;

/// How long changes are gathered before they are shown.
const MOMENT: Duration = Duration::from_millis(40);

/// What the button shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// At most four characters.
    pub text: String,
    /// The colour behind the text.
    pub colour: &'static str,
    /// The title, which is shown while the mouse is over the button.
    pub title: String,
}

const GREEN: &str = "#1b7f4b";
const AMBER: &str = "#b35c00";
const RED: &str = "#b3261e";
const BLUE: &str = "#1a5fb4";

/// The toolbar button.
pub struct Button {
    engine: Engine<Browser>,
    shown: RefCell<Option<Badge>>,
    shown_at: Cell<u64>,
    /// The number of shares that wait for the person's permission.
    waiting: Cell<usize>,
    /// Whether it is about to be shown.
    is_scheduled: Cell<bool>,
}

impl Button {
    /// A button that shows nothing yet.
    pub fn new(engine: Engine<Browser>) -> Self {
        Self {
            engine,
            shown: RefCell::default(),
            shown_at: Cell::new(0),
            waiting: Cell::new(0),
            is_scheduled: Cell::new(false),
        }
    }

    /// Makes the button show the current state in a moment, with `waiting` shares waiting for the
    /// person's permission. Many changes are shown as one.
    pub fn show(self: &Rc<Self>, waiting: usize) {
        self.waiting.set(waiting);
        if !self.is_scheduled.replace(true) {
            let button = Rc::clone(self);
            spawn_local(async move {
                time::sleep(MOMENT).await;
                button.is_scheduled.set(false);
                button.show_now(button.waiting.get());
            });
        }
    }

    fn show_now(&self, waiting: usize) {
        let now = self.engine.with_state(|state| badge(state, waiting));
        self.shown_at.set(time::now_ms());
        let mut shown = self.shown.borrow_mut();
        if shown.as_ref() != Some(&now) {
            *shown = Some(now.clone());
            spawn_local(async move { toolbar::badge(&now.text, now.colour, &now.title).await });
        }
    }

    /// Whether the button is due for an update about progress at this time, in Unix milliseconds.
    pub fn is_due(&self, at: u64) -> bool {
        at.saturating_sub(self.shown_at.get()) >= PROGRESS_EVERY_MS
    }
}

/// The badge for a state, with `waiting` shares waiting for the person's permission.
pub fn badge(state: &State, waiting: usize) -> Badge {
    let locked = state.items.values().any(Item::needs_click);
    if waiting > 0 || locked {
        return Badge {
            text: "?".to_owned(),
            colour: AMBER,
            title: words::worker::button_waits().to_owned(),
        };
    }
    let (mut moving, mut bytes, mut shared) = (0_usize, 0_u64, 0_usize);
    for item in state.items.values() {
        if item.upload.is_some() || item.status.is_moving() {
            moving += 1;
            bytes += item.progress.map_or(0, |progress| progress.bytes);
        }
        shared += usize::from(item.is_shared());
    }
    let (text, colour) = match &state.network {
        NetworkStatus::NoNode => ("?", AMBER),
        NetworkStatus::Offline { .. } => ("!", RED),
        NetworkStatus::Starting | NetworkStatus::Connecting { .. } => ("…", AMBER),
        NetworkStatus::Unreachable { .. } => ("!", AMBER),
        NetworkStatus::Online { .. } => ("", GREEN),
    };
    let mut title = words::button(&state.network, shared);
    if moving > 0 {
        title = words::join(&title, &words::button_moving(moving, bytes));
    }
    // Whoever clicks is to see that something moves, whatever the network is like, of which the title tells.
    let (text, colour) = match moving {
        1.. => (moving.min(999).to_string(), BLUE),
        0 => (text.to_owned(), colour),
    };
    Badge {
        text,
        colour,
        title,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::state::{Event, EventKind, ItemId, LinkCause, LinkError, Status};

    fn state(network: NetworkStatus, statuses: &[Status]) -> State {
        let mut state = State {
            network,
            ..State::default()
        };
        for (n, status) in statuses.iter().enumerate() {
            let id = ItemId(n.to_string());
            let kinds = [
                EventKind::ShareBegan {
                    key: None,
                    ends: None,
                    id: id.clone(),
                    name: "a".to_owned(),
                    mime: None,
                    size: None,
                    source: None,
                },
                EventKind::Status {
                    id,
                    status: status.clone(),
                },
            ];
            for kind in kinds {
                state.apply(&Event {
                    seq: state.seq + 1,
                    at: 0,
                    kind,
                });
            }
        }
        state
    }

    #[test]
    fn it_says_how_it_is() {
        let online = || NetworkStatus::Online {
            node: "/ip4/127.0.0.1".to_owned(),
        };
        let offline = NetworkStatus::Offline {
            error: LinkError {
                node: None,
                others_failed: false,
                cause: LinkCause::ReservationRefused { detail: None },
            },
            retry_at: 0,
        };
        for (network, statuses, waiting, text, part) in [
            (NetworkStatus::NoNode, &[][..], 0, "?", "no node"),
            (offline.clone(), &[], 0, "!", "grants no reservation"),
            (offline, &[Status::Hashing], 0, "1", "grants no reservation"),
            (NetworkStatus::Starting, &[], 0, "…", "connecting"),
            (
                NetworkStatus::NoNode,
                &[Status::Preparing],
                0,
                "1",
                "1 file is on the way",
            ),
            (online(), &[], 0, "", "ready to share and fetch."),
            (online(), &[Status::Shared], 0, "", "1 file is shared"),
            (online(), &[Status::Announcing], 0, "", "ready to share"),
            (
                online(),
                &[Status::Preparing, Status::Shared],
                0,
                "1",
                "1 file is on the way",
            ),
            (online(), &[Status::Shared], 1, "?", "permission"),
        ] {
            let badge = badge(&state(network.clone(), statuses), waiting);
            assert_eq!(badge.text, text, "{network:?} {statuses:?}");
            assert!(badge.title.contains(part), "{}", badge.title);
        }
    }
}
