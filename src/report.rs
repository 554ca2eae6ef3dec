//! What a person can give to those who look for a fault: the list of files with what happened to each, without names, links,
//! keys, hashes, peers and addresses.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::content::Profile;
use crate::state::{Item, ItemId, LogLine, State};

/// The name of the file that a report is saved as.
pub const NAME: &str = "fluence-report.json";
/// The most items of a report, the newest ones.
pub const MAX_REPORTED: usize = 100;

/// The members whose texts are words of this program, and not of anybody's files or peers.
const WORDS: [&str; 8] = [
    "cause", "code", "event", "log", "network", "origin", "reason", "status",
];
/// The member whose text names how files are split into blocks.
const PROFILE: &str = "profile";
/// The longest of these words, in bytes.
const MAX_WORD: usize = 40;

/// Replaces every text, except for this program's own words, by what it is and a number. The same text has the same number
/// in all of a report, so that it still tells what belongs together.
#[derive(Default)]
pub(crate) struct Mask {
    known: HashMap<String, String>,
    counts: HashMap<String, usize>,
}

impl Mask {
    fn value(&mut self, member: &str, value: Value) -> Value {
        match value {
            Value::String(text) if WORDS.contains(&member) && is_word(&text) => Value::String(text),
            Value::String(text) if member == PROFILE && is_profile(&text) => Value::String(text),
            Value::String(text) => Value::String(self.text(member, text)),
            Value::Array(all) => {
                let masked = all.into_iter().map(|value| self.value(member, value));
                Value::Array(masked.collect())
            }
            Value::Object(members) => {
                let masked = members.into_iter().map(|(name, value)| {
                    let value = self.value(&name, value);
                    // A member that is named after something has no name of this program.
                    let name = if is_word(&name) {
                        name
                    } else {
                        self.text(member, name)
                    };
                    (name, value)
                });
                Value::Object(masked.collect::<Map<_, _>>())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value,
        }
    }

    fn text(&mut self, member: &str, text: String) -> String {
        if text.is_empty() {
            return text;
        }
        let count = &mut self.counts;
        let masked = self.known.entry(text).or_insert_with(|| {
            let count = count.entry(member.to_owned()).or_default();
            *count += 1;
            format!("{member} {count}")
        });
        masked.clone()
    }

    /// A value under such a member, masked.
    pub(crate) fn of(&mut self, member: &str, value: &impl Serialize) -> Value {
        // What is in a journal can be written.
        let value = serde_json::to_value(value).unwrap_or_default();
        self.value(member, value)
    }
}

/// Whether a text looks like one of this program's words.
fn is_word(text: &str) -> bool {
    text.len() <= MAX_WORD && text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn is_profile(text: &str) -> bool {
    serde_json::from_value::<Profile>(text.into()).is_ok()
}

/// The ids of the items of a report, the newest first.
pub fn reported(state: &State) -> Vec<ItemId> {
    let mut items: Vec<&Item> = state.items.values().collect();
    items.sort_by_key(|item| std::cmp::Reverse(item.created));
    items.truncate(MAX_REPORTED);
    items.iter().map(|item| item.id.clone()).collect()
}

/// The report as JSON: the versions of the program and of the journal, when it was made in Unix milliseconds, the settings,
/// the connection, how many items there are, and the items with their logs.
pub fn report(version: &str, now: u64, state: &State, logs: &[(ItemId, Vec<LogLine>)]) -> String {
    let mut mask = Mask::default();
    let items: Vec<Value> = logs
        .iter()
        .filter_map(|(id, log)| {
            let item = mask.of("item", state.items.get(id)?);
            Some(json!({ "item": item, "log": mask.of("log", log) }))
        })
        .collect();
    let report = json!({
        "version": version,
        "at": now,
        "settings": mask.of("settings", &state.settings),
        "network": mask.of("network", &state.network),
        "notice": mask.of("notice", &state.notice),
        "noticed": state.noticed,
        "copies": mask.of("copies", &state.copies),
        "withdrawn": state.withdrawn.len(),
        "count": state.items.len(),
        "items": items,
    });
    format!("{report:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Code, Failure};
    use crate::private::Key;
    use crate::state::{Event, EventKind, LogEntry, Secret, Settings};

    #[test]
    fn a_report_says_what_happened_and_not_to_what() {
        let cid = "bafkreifzjut3te7nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e";
        let peer = "12D3KooWRjsTkR1N7MtqgLwRG5thwzHFnXg42fiXNa2AiXtw2Mcj";
        let key = Key::new([7; 16]);
        let id = ItemId("0123456789abcdef0123456789abcdef".into());
        let mut state = State::default();
        let fetched = EventKind::FetchBegan {
            id: id.clone(),
            cid: cid.into(),
            key: Some(Secret(key.clone())),
            path: None,
        };
        let settings = Settings {
            nodes: vec!["/dns4/secret.example/tcp/443/tls/ws".into()],
            ..Settings::default()
        };
        let failure = Failure::new(Code::Stalled)
            .host("secret.example")
            .name("diary")
            .detail("diary was lost");
        for (seq, kind) in [
            fetched,
            EventKind::Named {
                id: id.clone(),
                name: Some("diary.txt".into()),
                note: Some("secret plans".into()),
            },
            EventKind::Settings { settings },
            EventKind::Notice {
                failure: failure.clone(),
            },
        ]
        .into_iter()
        .enumerate()
        {
            let event = Event {
                seq: seq as u64 + 1,
                at: 5,
                kind,
            };
            state.apply(&event);
        }
        let log = [
            LogEntry::Requested { peer: peer.into() },
            LogEntry::Hashed {
                cid: cid.into(),
                size: 77,
            },
            LogEntry::Failed { failure },
        ];
        let lines = log.map(|entry| LogLine { at: 6, entry }).to_vec();
        let text = report("0.1.0", 7, &state, &[(id.clone(), lines)]);
        for secret in [cid, peer, &id.0, "diary", "secret", "dns4", &key.text()] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        let report: Value = serde_json::from_str(&text).unwrap();
        let log = &report["items"][0]["log"];
        let line = |at: usize| &log[at]["entry"];
        assert_eq!(line(0)["log"], "requested");
        assert_eq!(
            (&line(1)["log"], &line(1)["size"]),
            (&json!("hashed"), &json!(77))
        );
        assert_eq!(line(2)["failure"]["code"], "stalled");
        // What is the same is masked as the same.
        assert_eq!(line(1)["text"], report["items"][0]["item"]["cid"]);
        assert_eq!(report["items"][0]["item"]["key"], "key 1");
        assert_eq!(reported(&state), [id]);
    }
}
