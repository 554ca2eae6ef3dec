//! What the toolbar's button says: always how it is.

use fluence::state::{NetworkStatus, State, Status};

/// What the button shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Badge {
    /// At most four characters.
    pub text: String,
    /// Of the text's background.
    pub colour: &'static str,
    /// Shown when the mouse is over it.
    pub title: String,
}

const GREEN: &str = "#1b7f4b";
const AMBER: &str = "#b35c00";
const RED: &str = "#b3261e";
const BLUE: &str = "#1a5fb4";

/// The badge for a state, while this many shares wait for the person's permission.
pub fn badge(state: &State, waiting: usize) -> Badge {
    let moving = state.items.values().filter(|item| {
        item.upload.is_some()
            || matches!(
                item.status,
                Status::Preparing
                    | Status::Hashing
                    | Status::Searching
                    | Status::Asked { .. }
                    | Status::Downloading { .. }
            )
    });
    let moving: Vec<_> = moving.collect();
    let bytes: u64 = moving
        .iter()
        .filter_map(|item| Some(item.progress?.bytes))
        .sum();
    let moving = moving.len();
    let shared = state.items.values().filter(|item| item.is_shared());
    let shared = shared.count();
    let (text, colour, mut title) = match &state.network {
        NetworkStatus::NoNode => (
            "?".to_owned(),
            AMBER,
            "Fluence: no node is set. Choose one in the options.".to_owned(),
        ),
        NetworkStatus::Offline { reason, .. } => (
            "!".to_owned(),
            RED,
            format!("Fluence: not connected ({reason}). It tries again by itself."),
        ),
        NetworkStatus::Starting | NetworkStatus::Connecting { .. } => {
            ("…".to_owned(), AMBER, "Fluence: connecting…".to_owned())
        }
        NetworkStatus::Online { .. } => (String::new(), GREEN, online(shared)),
    };
    if waiting > 0 {
        return Badge {
            text: "?".to_owned(),
            colour: AMBER,
            title: "Fluence: a share waits for your permission. Click to allow it.".to_owned(),
        };
    }
    if moving > 0 {
        let files = if moving == 1 { "file is" } else { "files are" };
        title.push_str(&format!(" {moving} {files} on the way"));
        if bytes > 0 {
            title.push_str(&format!(", {} MB so far", bytes.div_ceil(1_000_000)));
        }
        title.push('.');
    }
    if moving > 0 && text.is_empty() {
        return Badge {
            text: moving.min(999).to_string(),
            colour: BLUE,
            title,
        };
    }
    Badge {
        text,
        colour,
        title,
    }
}

fn online(shared: usize) -> String {
    match shared {
        0 => "Fluence: online.".to_owned(),
        1 => "Fluence: online, 1 file is shared.".to_owned(),
        n => format!("Fluence: online, {n} files are shared."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fluence::state::{Event, EventKind, ItemId};

    fn state(network: NetworkStatus, statuses: &[Status]) -> State {
        let mut state = State {
            network,
            ..State::default()
        };
        for (n, status) in statuses.iter().enumerate() {
            let id = ItemId(n.to_string());
            let kinds = [
                EventKind::ShareBegan {
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
            reason: "refused".to_owned(),
            retry_at: 0,
        };
        for (network, statuses, waiting, text, part) in [
            (NetworkStatus::NoNode, &[][..], 0, "?", "no node"),
            (offline, &[Status::Hashing], 0, "!", "refused"),
            (NetworkStatus::Starting, &[], 0, "…", "connecting"),
            (online(), &[], 0, "", "online."),
            (online(), &[Status::Shared], 0, "", "1 file is shared"),
            (online(), &[Status::Announcing], 0, "", "online."),
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
