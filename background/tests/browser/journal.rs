//! Tests of the journal: events that were appended survive a kill, with and without snapshots, and
//! next to damaged records.

use background::database::{ASIDE, Database, JOURNAL, LOG, META, THUMBNAILS, beginning_with};
use background::journal::{Journal, Opened};
use fluence::command::Thumbnail;
use fluence::failure::Code;
use fluence::history::{self, History};
use fluence::journal::{self, Reader};
use fluence::private::Key;
use fluence::state::{
    Event, EventKind, ItemId, LogEntry, LogLine, MAX_LOG, NetworkStatus, Secret, Settings, State,
    Status,
};
use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::IdbTransaction;

use crate::other_versions::{STORES_OF_2, make};
use crate::{database, id};

/// The key of the snapshot.
const SNAPSHOT: &str = "snapshot";

/// Opens the journal with nothing in it, and nothing set aside.
async fn empty() -> Journal {
    let database = database().await;
    let cleared = database.write(&[ASIDE], |transaction| {
        transaction.object_store(ASIDE)?.clear()?;
        Ok(())
    });
    cleared.await.unwrap();
    empty_but_for_originals().await
}

/// Opens the journal with nothing in it, but keeps what was set aside.
async fn empty_but_for_originals() -> Journal {
    let database = database().await;
    let stores = [JOURNAL, META, LOG, THUMBNAILS];
    let cleared = database.write(&stores, |transaction| {
        for store in [JOURNAL, LOG, THUMBNAILS] {
            transaction.object_store(store)?.clear()?;
        }
        let meta = transaction.object_store(META)?;
        meta.delete(&SNAPSHOT.into())?;
        meta.delete(&"adopt".into())?;
        meta.delete(&beginning_with("frame:")?.into())?;
        Ok(())
    });
    cleared.await.unwrap();
    let opened = Journal::open(database).await;
    assert_eq!(opened.state, State::default());
    assert!(opened.damage.is_none() && !opened.adopt);
    opened.journal
}

async fn reopened() -> State {
    let Opened { state, damage, .. } = Journal::open(database().await).await;
    assert!(damage.is_none(), "{damage:?}");
    state
}

/// Stores any value under a key.
async fn put(store: &'static str, key: impl Into<JsValue>, value: impl Into<JsValue>) {
    let (key, value) = (key.into(), value.into());
    let put = |transaction: &IdbTransaction| {
        transaction
            .object_store(store)?
            .put_with_key(&value, &key)?;
        Ok(())
    };
    database().await.write(&[store], put).await.unwrap();
}

/// The values that are set aside.
async fn aside() -> Vec<JsValue> {
    let values = database().await.read(ASIDE, |aside| aside.get_all()).await;
    Array::from(&values.unwrap()).to_vec()
}

/// The numbers of the events that are stored.
async fn numbers() -> Vec<u64> {
    let keys = database()
        .await
        .read(JOURNAL, |journal| journal.get_all_keys())
        .await
        .unwrap();
    let keys = Array::from(&keys).to_vec();
    keys.iter()
        .filter_map(JsValue::as_f64)
        .map(|key| key as u64)
        .collect()
}

/// How many events are stored that are not in the snapshot.
async fn kept() -> usize {
    let snapshot = database().await.get(META, &SNAPSHOT.into()).await.unwrap();
    let seq = Reader::new(snapshot.as_string().as_deref()).seq();
    numbers().await.iter().filter(|key| **key > seq).count()
}

/// All of the history that a journal has.
async fn lived(journal: &Journal) -> History {
    let (snapshot, events) = journal.history(None).await.unwrap();
    let mut history = History::new(Reader::new(snapshot.as_deref()).finish().state);
    let add = |history: &mut History, events: &[String]| {
        let events = events.iter().filter_map(|text| history::event(text));
        events.for_each(|event| history.add(event));
    };
    add(&mut history, &events);
    loop {
        let before = history.len();
        let (again, events) = journal.history(Some(history.seq())).await.unwrap();
        assert_eq!(again, None);
        add(&mut history, &events);
        if history.len() == before {
            return history;
        }
    }
}

thread_local! {
    /// When these tests began, in Unix milliseconds: what is older than the history may be is dropped at a start.
    static BEGAN: u64 = js_sys::Date::now() as u64;
}

fn event(seq: u64, kind: EventKind) -> Event {
    Event {
        seq,
        at: BEGAN.with(|began| *began) + seq,
        kind,
    }
}

fn began(seq: u64, name: &str) -> Event {
    event(
        seq,
        EventKind::FetchBegan {
            key: None,
            id: id(name),
            cid: format!("bafy{name}"),
            path: None,
        },
    )
}

fn log(seq: u64, name: &str) -> Event {
    event(
        seq,
        EventKind::Log {
            id: id(name),
            entry: LogEntry::Requested {
                peer: format!("peer {seq}"),
            },
        },
    )
}

/// An event that can happen many times, and that changes the state.
fn requested(seq: u64, name: &str) -> Event {
    event(
        seq,
        EventKind::Requested {
            id: id(name),
            peer: "12D3Koo".into(),
        },
    )
}

fn applied(events: &[Event]) -> State {
    let mut state = State::default();
    for event in events {
        state.apply(event);
    }
    state
}

#[wasm_bindgen_test]
async fn events_outlast_a_kill() {
    let journal = empty().await;
    let events = [
        began(1, "a"),
        event(
            2,
            EventKind::Settings {
                settings: Settings {
                    nodes: vec!["/dns4/узел.example/tcp/443".into()],
                    ..Settings::default()
                },
            },
        ),
        event(
            3,
            EventKind::Status {
                id: id("a"),
                status: Status::Downloading {
                    from: "storage.example".into(),
                },
            },
        ),
        requested(4, "a"),
    ];
    journal.append(&events[..1], None).await.unwrap();
    journal.append(&events[1..], None).await.unwrap();
    journal.append(&[], None).await.unwrap();
    drop(journal);
    assert_eq!(reopened().await, applied(&events));
}

#[wasm_bindgen_test]
async fn what_is_not_true_after_a_restart_is_not_kept() {
    let journal = empty().await;
    let network = NetworkStatus::Online {
        node: "/ip4/127.0.0.1/tcp/1/ws".into(),
    };
    let events = [began(1, "a"), event(1, EventKind::Network { network })];
    journal.append(&events, None).await.unwrap();
    assert_eq!(kept().await, 1);
    assert_eq!(reopened().await, applied(&events[..1]));
}

#[wasm_bindgen_test]
async fn a_snapshot_takes_the_place_of_many_events() {
    let journal = empty().await;
    let mut events = vec![began(1, "a")];
    events.extend((2..=2500).map(|seq| requested(seq, "a")));
    let mut state = State::default();
    for some in events.chunks(300) {
        some.iter().for_each(|event| state.apply(event));
        let is_due = journal.is_snapshot_due(some.len(), state.items.len());
        let snapshot = is_due.then(|| journal::snapshot(&state));
        journal.append(some, snapshot.as_deref()).await.unwrap();
    }
    assert!(kept().await < 1000, "{} events are kept", kept().await);
    assert_eq!(reopened().await, applied(&events));
    // The snapshot and the events after it can be read any number of times.
    assert_eq!(reopened().await, applied(&events));
    journal.append(&[requested(2501, "a")], None).await.unwrap();
    events.push(requested(2501, "a"));
    assert_eq!(reopened().await, applied(&events));
}

#[wasm_bindgen_test]
async fn many_events_that_a_kill_left_become_a_snapshot() {
    let journal = empty().await;
    let mut events = vec![began(1, "a")];
    events.extend((2..=1200).map(|seq| requested(seq, "a")));
    // An older worker may have left more events than there should be.
    let database = database().await;
    let written = database.write(&[JOURNAL], |transaction| {
        let store = transaction.object_store(JOURNAL)?;
        for event in &events {
            let text = journal::event(event);
            store.put_with_key(&text.into(), &(event.seq as f64).into())?;
        }
        Ok(())
    });
    written.await.unwrap();
    drop(journal);
    let Opened { journal, state, .. } = Journal::open(database.clone()).await;
    assert_eq!(state, applied(&events));
    assert!(journal.is_snapshot_due(1, 1));
    // With many items it takes as long as there are events that are not noticed beside them.
    assert!(!journal.is_snapshot_due(1, 10_000));
    let last = requested(1201, "a");
    events.push(last.clone());
    let snapshot = journal::snapshot(&applied(&events));
    journal.append(&[last], Some(&snapshot)).await.unwrap();
    assert_eq!(kept().await, 0);
    assert_eq!(reopened().await, applied(&events));
}

#[wasm_bindgen_test]
async fn a_damaged_event_costs_only_itself_and_is_set_aside() {
    let journal = empty().await;
    let events = [
        began(1, "a"),
        requested(2, "a"),
        began(3, "b"),
        requested(6, "b"),
    ];
    journal.append(&events, None).await.unwrap();
    let future = r#"{"seq":2,"at":0,"kind":{"event":"of the future"}}"#;
    put(JOURNAL, 2.0, future).await;
    put(JOURNAL, 4.0, 7).await;
    put(JOURNAL, 5.0, "{\"seq\":5,\"at\":").await;
    let Opened {
        journal,
        state,
        damage,
        adopt,
    } = Journal::open(database().await).await;
    let whole = [events[0].clone(), events[2].clone(), events[3].clone()];
    assert_eq!(state, applied(&whole));
    assert_eq!(damage.events, 3);
    assert!(adopt);
    let originals: [JsValue; 3] = [future.into(), 7.into(), "{\"seq\":5,\"at\":".into()];
    assert_eq!(aside().await, originals);
    // The next start reports no damage, but files may still have to be adopted.
    assert_eq!(reopened().await, applied(&whole));
    assert!(Journal::open(database().await).await.adopt);
    journal.adopted().await.unwrap();
    assert!(!Journal::open(database().await).await.adopt);
}

#[wasm_bindgen_test]
async fn a_damaged_snapshot_keeps_nothing_from_starting() {
    for damaged in [
        JsValue::from("{\"seq\":"),
        JsValue::from(7),
        JsValue::from("[]"),
    ] {
        let journal = empty().await;
        journal.append(&[began(5, "late")], None).await.unwrap();
        put(META, SNAPSHOT, damaged.clone()).await;
        let Opened {
            state,
            damage,
            adopt,
            ..
        } = Journal::open(database().await).await;
        assert!(damage.snapshot && adopt, "{damaged:?}");
        let codes: Vec<Code> = damage
            .failures()
            .into_iter()
            .map(|failure| failure.code)
            .collect();
        assert_eq!(codes, [Code::JournalDamaged]);
        assert_eq!(state.items.len(), 1, "{damaged:?}");
        assert_eq!(reopened().await, state);
        assert_eq!(aside().await, [damaged]);
    }
    drop(empty().await);
}

#[wasm_bindgen_test]
async fn one_damaged_item_and_one_damaged_setting_cost_only_themselves() {
    let journal = empty().await;
    let mut state = applied(&[began(1, "a"), began(2, "b")]);
    state.settings = Some(Settings {
        notify: false,
        ..Settings::default()
    });
    let text = journal::snapshot(&state)
        .replace("\"cid\":\"bafya\"", "\"cid\":[]")
        .replace("\"copy_link\":true", "\"copy_link\":\"maybe\"");
    put(META, SNAPSHOT, text.as_str()).await;
    drop(journal);
    let Opened { state, damage, .. } = Journal::open(database().await).await;
    // The damaged value is one that the item can do without.
    assert_eq!(state.items.len(), 2);
    assert_eq!(state.items[&id("a")].cid, None);
    assert_eq!(damage.settings, ["copy_link"]);
    let settings = state.settings.unwrap();
    assert!(!settings.notify && settings.copy_link);
    assert_eq!(aside().await, [JsValue::from(text)]);
}

#[wasm_bindgen_test]
async fn logs_and_thumbnails_are_stored_beside_the_state() {
    let journal = empty().await;
    let url = "data:image/png;base64,AA==";
    let thumbnail = event(
        2,
        EventKind::Thumbnail {
            id: id("a"),
            data_url: url.into(),
        },
    );
    journal
        .append(&[began(1, "a"), thumbnail, log(3, "a"), log(4, "a")], None)
        .await
        .unwrap();
    let state = reopened().await;
    assert!(state.items[&id("a")].thumbnail);
    assert_eq!(kept().await, 2);
    let thumbnails = journal.thumbnails(&[id("a"), id("b")]).await.unwrap();
    let expected = Thumbnail {
        id: id("a"),
        data_url: url.to_owned(),
    };
    assert_eq!(thumbnails, [expected]);
    let line = |event: Event| match event.kind {
        EventKind::Log { entry, .. } => LogLine {
            at: event.at,
            entry,
        },
        _ => unreachable!(),
    };
    let lines = [log(3, "a"), log(4, "a")].map(line);
    assert_eq!(journal.log(&id("a")).await.unwrap(), lines);
    assert_eq!(journal.log(&id("b")).await.unwrap(), []);
    // The log and the thumbnail are removed with the item.
    let removed = event(5, EventKind::Removed { id: id("a") });
    journal.append(&[removed], None).await.unwrap();
    assert_eq!(journal.log(&id("a")).await.unwrap(), []);
    assert!(journal.thumbnails(&[id("a")]).await.unwrap().is_empty());
}

#[wasm_bindgen_test]
async fn a_snapshot_leaves_logs_and_thumbnails_alone() {
    let journal = empty().await;
    let data_url = "data:image/png;base64,AA==".to_owned();
    let thumbnail = EventKind::Thumbnail {
        id: id("a"),
        data_url: data_url.clone(),
    };
    let mut events = vec![began(1, "a"), log(2, "a"), event(3, thumbnail)];
    events.extend((4..=1100).map(|seq| requested(seq, "a")));
    let snapshot = journal::snapshot(&applied(&events));
    journal.append(&events, Some(&snapshot)).await.unwrap();
    assert_eq!(kept().await, 0, "no snapshot was made");
    let thumbnails = journal.thumbnails(&[id("a")]).await.unwrap();
    assert_eq!(thumbnails.len(), 1);
    assert_eq!(thumbnails[0].data_url, data_url);
    assert_eq!(journal.log(&id("a")).await.unwrap().len(), 1);
    assert!(reopened().await.items[&id("a")].thumbnail);
}

#[wasm_bindgen_test]
async fn what_a_snapshot_replaces_stays_as_history_without_keys() {
    let journal = empty().await;
    let private = |seq: u64, name: &str| {
        let kind = EventKind::FetchBegan {
            key: Some(Secret(Key::new([7; 16]))),
            id: id(name),
            cid: format!("bafy{name}"),
            path: None,
        };
        event(seq, kind)
    };
    let mut events = vec![private(1, "a")];
    events.extend((2..=1500).map(|seq| requested(seq, "a")));
    let now = js_sys::Date::now() as u64;
    events.iter_mut().for_each(|event| event.at = now);
    let mut state = State::default();
    // The last events have no snapshot yet.
    for (some, has_snapshot) in [(0..1100, true), (1100..1400, true), (1400..1500, false)] {
        events[some.clone()]
            .iter()
            .for_each(|event| state.apply(event));
        let snapshot = has_snapshot.then(|| journal::snapshot(&state));
        let some = &events[some];
        journal.append(some, snapshot.as_deref()).await.unwrap();
        if has_snapshot {
            let frame = history::frame(&state);
            journal.keep_history(&frame, state.seq).await.unwrap();
        }
    }
    let history = lived(&journal).await;
    assert_eq!(history.len(), 1500);
    assert!(history.at(0).items.is_empty());
    for at in [1, 700, 1500] {
        let item = &history.at(at).items[&id("a")];
        assert_eq!((item.requests, &item.key), (at as u64 - 1, &None));
    }
    assert_eq!(reopened().await, applied(&events), "the list has its key");

    // What is forgotten is gone, and nothing else is.
    let (text, frame) = (journal::snapshot(&state), history::frame(&state));
    journal.append(&[requested(1501, "a")], None).await.unwrap();
    journal
        .forget_history(&text, &frame, state.seq)
        .await
        .unwrap();
    assert_eq!(numbers().await, [1501]);
    let history = lived(&journal).await;
    assert_eq!(history.len(), 1);
    assert_eq!(history.at(1).items[&id("a")].requests, 1500);
    events.push(requested(1501, "a"));
    assert_eq!(reopened().await, applied(&events));

    // What is too old is dropped, and with it the events before what is left.
    let old = format!("frame:{:016}:{:015}", 1, 5);
    put(META, old, "{}").await;
    state.apply(&events[1500]);
    let text = journal::snapshot(&state);
    journal
        .append(&[requested(1502, "a")], Some(&text))
        .await
        .unwrap();
    state.apply(&requested(1502, "a"));
    let frame = history::frame(&state);
    journal.keep_history(&frame, state.seq).await.unwrap();
    assert_eq!(numbers().await, [1501, 1502]);
    assert_eq!(lived(&journal).await.len(), 2);
    drop(empty().await);
}

#[wasm_bindgen_test]
async fn a_start_drops_history_that_is_too_old_and_nothing_of_the_list() {
    let mut events = vec![began(1, "a"), requested(2, "a"), requested(3, "a")];
    let now = js_sys::Date::now() as u64;
    let month = history::MAX_AGE_MS;
    for (event, at) in events
        .iter_mut()
        .zip([now - month - 2, now - month - 1, now])
    {
        event.at = at;
    }
    // A browser that has made no snapshot yet has no frame either.
    for has_frame in [true, false] {
        let journal = empty().await;
        journal.append(&events, None).await.unwrap();
        if has_frame {
            let frame = history::frame(&State::default());
            put(META, format!("frame:{:016}:{:015}", 0, 5), frame).await;
        }
        assert_eq!(reopened().await, applied(&events));
        assert_eq!(numbers().await, [3]);
        let history = lived(&journal).await;
        assert_eq!(history.len(), 1);
        assert_eq!(history.at(0).items[&id("a")].requests, 1);
        assert_eq!(history.at(1).items[&id("a")].requests, 2);
        assert_eq!(reopened().await, applied(&events));
    }
    drop(empty().await);
}

#[wasm_bindgen_test]
async fn a_snapshot_is_written_although_nothing_else_is() {
    let journal = empty().await;
    let events = [began(1, "a"), requested(2, "a")];
    journal.append(&events, None).await.unwrap();
    let state = applied(&events);
    let progress = EventKind::Room { size: 7 };
    let (text, frame) = (journal::snapshot(&state), history::frame(&state));
    journal
        .append(&[event(2, progress)], Some(&text))
        .await
        .unwrap();
    journal.keep_history(&frame, 2).await.unwrap();
    assert_eq!(reopened().await, state);
    drop(empty().await);
}

#[wasm_bindgen_test]
async fn what_cannot_be_read_while_the_worker_runs_is_not_replaced() {
    let journal = empty().await;
    put(META, SNAPSHOT, "no snapshot").await;
    let mut events = vec![began(1, "a")];
    events.extend((2..=1100).map(|seq| requested(seq, "a")));
    journal.append(&events, None).await.unwrap();
    assert_eq!(kept().await, 1100, "no event is dropped");
    assert!(aside().await.is_empty());
    // The next start sets the original aside and reports the damage.
    let Opened { state, damage, .. } = Journal::open(database().await).await;
    assert!(damage.snapshot);
    assert_eq!(state.items[&id("a")].requests, 1099);
    assert_eq!(aside().await, [JsValue::from("no snapshot")]);
    drop(empty().await);
}

#[wasm_bindgen_test]
async fn what_is_set_aside_is_bounded_and_the_newest() {
    // Another test may have set an identity aside, so this clears everything.
    drop(empty().await);
    for round in 0..2 {
        drop(empty_but_for_originals().await);
        for number in 1..=40 {
            put(JOURNAL, number, format!("{round} {number:02}")).await;
        }
        let Opened { damage, adopt, .. } = Journal::open(database().await).await;
        assert_eq!(damage.events, 40);
        assert!(adopt);
        assert!(reopened().await.items.is_empty());
    }
    let values = aside().await;
    let texts: Vec<String> = values.iter().filter_map(JsValue::as_string).collect();
    assert_eq!(texts.len(), 64);
    let of_round = |round: &str| texts.iter().filter(|text| text.starts_with(round)).count();
    assert_eq!((of_round("0 "), of_round("1 ")), (24, 40));
    drop(empty().await);
}

#[wasm_bindgen_test]
async fn a_journal_of_version_1_is_brought_to_the_present_form() {
    use serde_json::Value;
    let vector = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let exported = vector(include_str!(
        "../../../tests/vectors/journal/v1-extension.json"
    ));
    let old = vector(include_str!(
        "../../../tests/vectors/journal/v1-extension.state.json"
    ));
    let snapshot = exported["snapshot"].as_str().unwrap();
    let events: Vec<&str> = exported["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event.as_str().unwrap())
        .collect();
    let mut values = vec![(META, SNAPSHOT.into(), snapshot.into())];
    values.extend(events.iter().map(|text| {
        let seq = vector(text)["seq"].as_f64().unwrap();
        (JOURNAL, seq.into(), JsValue::from_str(text))
    }));
    make("journal-of-version-1", 2, &STORES_OF_2, &values).await;

    let database = Database::open_one_of(&["journal-of-version-1"]).await;
    let Opened {
        journal,
        state,
        damage,
        adopt,
    } = Journal::open(database.clone()).await;
    assert!(damage.is_none() && !adopt);
    // `tests/journal.rs` compares what the reader makes of these texts with what version 1 made of
    // them.
    let mut reader = Reader::new(Some(snapshot));
    assert!(events.iter().all(|event| reader.event(event)));
    assert_eq!(state, reader.finish().state);
    assert_eq!(state.items.len(), 62);

    let old = old["items"].as_object().unwrap();
    let (mut pictures, mut lines) = (0, 0);
    for (id, old) in old {
        let id = ItemId(id.clone());
        let thumbnails = journal.thumbnails(std::slice::from_ref(&id)).await.unwrap();
        let thumbnail = thumbnails.first().map(|thumbnail| &*thumbnail.data_url);
        assert_eq!(thumbnail, old["thumbnail"].as_str());
        pictures += usize::from(thumbnail.is_some());
        let log = journal.log(&id).await.unwrap();
        let log: Vec<(u64, String)> = log
            .into_iter()
            .map(|line| match line.entry {
                LogEntry::Text { text } => (line.at, text),
                other => panic!("{other:?} is no line of version 1"),
            })
            .collect();
        let old: Vec<(u64, String)> = old["log"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| {
                let text = line["text"].as_str().unwrap().to_owned();
                (line["at"].as_u64().unwrap(), text)
            })
            .collect();
        lines += log.len();
        assert_eq!(log, old);
    }
    assert_eq!((pictures, lines), (4, 248));

    // The next start reads the present format, and finds the same state.
    let again = Journal::open(database.clone()).await;
    assert!(again.damage.is_none() && !again.adopt);
    assert_eq!(again.state, state);
    let keys = database
        .read(JOURNAL, |journal| journal.get_all_keys())
        .await;
    assert_eq!(Array::from(&keys.unwrap()).length(), 0);
}

#[wasm_bindgen_test]
async fn logs_are_bounded() {
    let journal = empty().await;
    journal.append(&[began(1, "a")], None).await.unwrap();
    let lines = 3 * MAX_LOG as u64;
    for seq in 2..lines + 2 {
        journal.append(&[log(seq, "a")], None).await.unwrap();
    }
    let log = journal.log(&id("a")).await.unwrap();
    assert_eq!(log.len(), MAX_LOG);
    let last = LogEntry::Requested {
        peer: format!("peer {}", lines + 1),
    };
    assert_eq!(log.last().unwrap().entry, last);
    let keys = database()
        .await
        .read(LOG, |log| log.get_all_keys())
        .await
        .unwrap();
    let stored = Array::from(&keys).length() as usize;
    assert!(stored <= MAX_LOG + 101, "{stored} lines are stored");
}

/// JavaScript that notes how durable each transaction is to be.
const NOTE: &str = "globalThis.durabilities = [];
    const begin = IDBDatabase.prototype.transaction;
    IDBDatabase.prototype.transaction = function (stores, mode, options) {
      if (mode === 'readwrite') durabilities.push(options?.durability);
      return begin.call(this, stores, mode, options);
    };";

#[wasm_bindgen_test]
async fn what_is_claimed_is_written_through() {
    let journal = empty().await;
    js_sys::eval(NOTE).unwrap();
    let began = EventKind::ShareBegan {
        key: None,
        ends: None,
        id: id("durable"),
        name: "a".into(),
        mime: None,
        size: None,
        source: None,
    };
    let hashed = EventKind::Hashed {
        id: id("durable"),
        cid: "b".repeat(59),
        size: 7,
        files: None,
    };
    for (number, kind) in [began, hashed].into_iter().enumerate() {
        let event = Event {
            seq: number as u64 + 1,
            at: 5,
            kind,
        };
        journal.append(&[event], None).await.unwrap();
    }
    let noted = js_sys::eval("durabilities.join()").unwrap();
    assert_eq!(noted.as_string().as_deref(), Some("default,strict"));
}
