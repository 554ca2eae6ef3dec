//! The journal: what was appended is there after a kill, with and without snapshots, and beside damaged records.

use background::database::{JOURNAL, META};
use background::journal::Journal;
use fluence::ports::StoreError;
use fluence::state::{Event, EventKind, NetworkStatus, Settings, State, Status};
use js_sys::Array;
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{database, id};

/// The key of the snapshot.
const SNAPSHOT: &str = "snapshot";

/// A journal of which nothing was ever written.
async fn empty() -> Journal {
    let database = database().await;
    let cleared = database.write(&[JOURNAL, META], |transaction| {
        transaction.object_store(JOURNAL)?.clear()?;
        transaction.object_store(META)?.delete(&SNAPSHOT.into())?;
        Ok(())
    });
    cleared.await.unwrap();
    let (journal, state) = Journal::open(database).await.unwrap();
    assert_eq!(state, State::default());
    journal
}

async fn reopened() -> State {
    Journal::open(database().await).await.unwrap().1
}

/// Numbers of the events that are kept as such.
async fn kept() -> u32 {
    let keys = database()
        .await
        .read(JOURNAL, |journal| journal.get_all_keys())
        .await
        .unwrap();
    Array::from(&keys).length()
}

fn event(seq: u64, kind: EventKind) -> Event {
    Event {
        seq,
        at: 1_790_000_000_000 + seq,
        kind,
    }
}

fn began(seq: u64, name: &str) -> Event {
    event(
        seq,
        EventKind::FetchBegan {
            id: id(name),
            cid: format!("bafy{name}"),
        },
    )
}

fn log(seq: u64, name: &str) -> Event {
    event(
        seq,
        EventKind::Log {
            id: id(name),
            line: format!("line {seq}"),
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
        log(4, "a"),
    ];
    journal.append(&events[..1]).await.unwrap();
    journal.append(&events[1..]).await.unwrap();
    journal.append(&[]).await.unwrap();
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
    journal.append(&events).await.unwrap();
    assert_eq!(kept().await, 1);
    assert_eq!(reopened().await, applied(&events[..1]));
}

#[wasm_bindgen_test]
async fn a_snapshot_takes_the_place_of_many_events() {
    let journal = empty().await;
    let mut events = vec![began(1, "a")];
    events.extend((2..=2500).map(|seq| log(seq, "a")));
    for some in events.chunks(300) {
        journal.append(some).await.unwrap();
    }
    assert!(kept().await < 1000, "{} events are kept", kept().await);
    assert_eq!(reopened().await, applied(&events));
    // The snapshot and what came after it, again and again.
    assert_eq!(reopened().await, applied(&events));
    journal.append(&[log(2501, "a")]).await.unwrap();
    events.push(log(2501, "a"));
    assert_eq!(reopened().await, applied(&events));
}

#[wasm_bindgen_test]
async fn many_events_that_a_kill_left_become_a_snapshot() {
    let journal = empty().await;
    let mut events = vec![began(1, "a")];
    events.extend((2..=1200).map(|seq| log(seq, "a")));
    // As an older worker left them: more than there should be.
    let database = database().await;
    let written = database.write(&[JOURNAL], |transaction| {
        let store = transaction.object_store(JOURNAL)?;
        for event in &events {
            let text = serde_json::to_string(event).unwrap();
            store.put_with_key(&text.into(), &(event.seq as f64).into())?;
        }
        Ok(())
    });
    written.await.unwrap();
    drop(journal);
    assert_eq!(reopened().await, applied(&events));
    assert_eq!(kept().await, 0);
    assert_eq!(reopened().await, applied(&events));
}

#[wasm_bindgen_test]
async fn a_damaged_event_is_left_out_and_the_rest_holds() {
    let journal = empty().await;
    let events = [began(1, "a"), log(2, "a"), began(3, "b"), log(6, "b")];
    journal.append(&events).await.unwrap();
    let database = database().await;
    let written = database.write(&[JOURNAL], |transaction| {
        let store = transaction.object_store(JOURNAL)?;
        let damaged: [(f64, JsValue); 3] = [
            (
                2.0,
                r#"{"seq":2,"at":0,"kind":{"event":"of the future"}}"#.into(),
            ),
            (4.0, JsValue::from(7)),
            (5.0, "{\"seq\":5,\"at\":".into()),
        ];
        for (key, value) in damaged {
            store.put_with_key(&value, &key.into())?;
        }
        Ok(())
    });
    written.await.unwrap();
    let whole = [events[0].clone(), events[2].clone(), events[3].clone()];
    assert_eq!(reopened().await, applied(&whole));
}

#[wasm_bindgen_test]
async fn a_damaged_snapshot_is_named_and_stays() {
    drop(empty().await);
    let database = database().await;
    let put = |text: &'static str| {
        database.write(&[META], |transaction| {
            let meta = transaction.object_store(META)?;
            meta.put_with_key(&text.into(), &SNAPSHOT.into())?;
            Ok(())
        })
    };
    put("{\"seq\":").await.unwrap();
    let opened = Journal::open(database.clone()).await.map(|_| ());
    assert!(
        matches!(&opened, Err(StoreError::Failed(why)) if why.contains("journal")),
        "{opened:?}"
    );
    let there = database.get(META, &SNAPSHOT.into()).await.unwrap();
    assert_eq!(there.as_string().as_deref(), Some("{\"seq\":"));
    drop(empty().await);
}
