//! Tests that this version reads journals that version 1 wrote, and that nothing in them is lost.
//! `tests/vectors/journal/README.md` says how they were made, and how the expected states were
//! computed.

use std::fs;
use std::path::{Path, PathBuf};

use fluence::journal::{self, Details, Read, Reader};
use fluence::state::{Item, ItemId, LogEntry, LogLine, Settings};
use serde_json::{Value, json};

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/journal")
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn value(path: &Path) -> Value {
    serde_json::from_str(&text(path)).unwrap()
}

fn read<'a>(snapshot: Option<&str>, events: impl IntoIterator<Item = &'a str>) -> Read {
    let mut reader = Reader::new(snapshot);
    for event in events {
        assert!(reader.event(event), "{event}");
    }
    reader.finish()
}

/// What a failure of version 1 becomes in this version: its present code, and the old text as its
/// detail.
fn failure(old: &Value) -> Value {
    let code = old["code"].as_str().unwrap();
    json!({
        "code": if code.starts_with("http_") { "http_status" } else { code },
        "detail": old["what"].as_str().unwrap(),
    })
}

fn same_failure(new: &Value, old: &Value) {
    let expected = failure(old);
    assert_eq!(new["code"], expected["code"]);
    let detail = new["detail"].as_str().unwrap().trim_end_matches('…');
    assert!(
        expected["detail"].as_str().unwrap().starts_with(detail),
        "{new} {old}"
    );
}

fn same_item(item: &Item, details: Option<&Details>, old: &Value) {
    let new = serde_json::to_value(item).unwrap();
    for member in [
        "id", "origin", "name", "mime", "size", "files", "cid", "created", "source", "saved_as",
        "placed", "progress",
    ] {
        assert_eq!(new[member], old[member], "{member} of {old:#}");
    }
    for (member, none) in [
        ("providing", json!(false)),
        ("confirmed", json!(false)),
        ("requests", json!(0)),
        ("uploaded", json!(0)),
    ] {
        let new = new.get(member).unwrap_or(&none);
        assert_eq!(new, old.get(member).unwrap_or(&none), "{member} of {old:#}");
    }
    let upload = item.upload.as_ref().map(|upload| {
        json!({"multiaddr": upload.multiaddr, "token": upload.token, "expires": upload.expires})
    });
    assert_eq!(
        upload.unwrap_or_default(),
        old["upload"],
        "upload of {old:#}"
    );
    assert_eq!(new["status"]["status"], old["status"]["status"]);
    if !old["status"]["failure"].is_null() {
        same_failure(&new["status"]["failure"], &old["status"]["failure"]);
    }
    assert_eq!(
        new["upload_failure"].is_null(),
        old["upload_failure"].is_null()
    );
    if !old["upload_failure"].is_null() {
        same_failure(&new["upload_failure"], &old["upload_failure"]);
    }
    let nothing = Details::default();
    let details = details.unwrap_or(&nothing);
    assert_eq!(item.thumbnail, details.thumbnail.is_some());
    assert_eq!(details.thumbnail.as_deref(), old["thumbnail"].as_str());
    let log: Vec<LogLine> = old["log"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| LogLine {
            at: line["at"].as_u64().unwrap(),
            entry: LogEntry::Text {
                text: line["text"].as_str().unwrap().to_owned(),
            },
        })
        .collect();
    assert_eq!(details.log, log);
}

/// Checks that what was read is the state that version 1 made of the journal.
fn same(read: &Read, old: &Value) {
    assert!(read.damage.is_none(), "{:?}", read.damage);
    assert!(read.outdated);
    assert_eq!(read.state.seq, old["seq"].as_u64().unwrap());
    assert_eq!(read.state.peer.as_deref(), old["peer"].as_str());
    // Settings that are newer than the journal have their defaults.
    let settings: Option<Settings> = serde_json::from_value(old["settings"].clone()).unwrap();
    assert_eq!(read.state.settings, settings);
    let items = old["items"].as_object().unwrap();
    assert_eq!(read.state.items.len(), items.len());
    for (id, old) in items {
        let id = ItemId(id.clone());
        same_item(&read.state.items[&id], read.details.get(&id), old);
    }
    // A snapshot in the present format is read back unchanged.
    let again = Reader::new(Some(&journal::snapshot(&read.state))).finish();
    assert!(again.damage.is_none() && !again.outdated);
    assert_eq!(again.state.items, read.state.items);
    assert_eq!(again.state.settings, read.state.settings);
}

#[test]
fn the_extensions_journals_of_version_1_are_read_whole() {
    for (name, items) in [("v1-extension", 62), ("v1-extension-young", 0)] {
        let exported = value(&vectors().join(format!("{name}.json")));
        let events = exported["events"].as_array().unwrap();
        let events = events.iter().map(|event| event.as_str().unwrap());
        let read = read(exported["snapshot"].as_str(), events);
        same(&read, &value(&vectors().join(format!("{name}.state.json"))));
        assert!(read.state.items.len() >= items);
    }
}

#[test]
fn the_command_lines_journals_of_version_1_are_read_whole() {
    let mut count = 0;
    for entry in fs::read_dir(vectors().join("v1-cli")).unwrap() {
        let directory = entry.unwrap().path();
        let journal = text(&directory.join("journal.jsonl"));
        let snapshot = directory.join("state.json");
        let snapshot = snapshot.is_file().then(|| text(&snapshot));
        let read = read(snapshot.as_deref(), journal.lines());
        same(&read, &value(&directory.join("expected.json")));
        count += 1;
    }
    assert_eq!(count, 6);
}
