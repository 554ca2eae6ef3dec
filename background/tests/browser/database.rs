//! Tests of IndexedDB: transactions are atomic, and exceptions are told apart.

use background::database::{DAGS, Database, EXTENTS, META, THUMBNAILS, beginning_with, error};
use background::identity::{self, Kept};
use background::journal::{Journal, Opened};
use fluence::failure::Code;
use fluence::ports::StoreError;
use fluence::state::{Event, EventKind};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;
use web_sys::DomException;

use crate::database;
use crate::other_versions::{STORES_OF_2, make, read};

#[wasm_bindgen_test]
async fn what_is_written_is_there_for_others() {
    let (one, other) = (database().await, database().await);
    let written = one.write(&[DAGS], |transaction| {
        let dags = transaction.object_store(DAGS)?;
        dags.put_with_key(&"value".into(), &"database-a".into())?;
        Ok(())
    });
    assert_eq!(written.await, Ok(()));
    let read = other.get(DAGS, &"database-a".into()).await.unwrap();
    assert_eq!(read.as_string().as_deref(), Some("value"));
    let missing = other.get(DAGS, &"database-b".into()).await.unwrap();
    assert!(missing.is_undefined());
}

#[wasm_bindgen_test]
async fn a_transaction_happens_whole_or_not_at_all() {
    let database = database().await;
    // The program itself refuses this transaction.
    let refused = database.write(&[DAGS, EXTENTS], |transaction| {
        let dags = transaction.object_store(DAGS)?;
        dags.put_with_key(&"half".into(), &"database-half".into())?;
        Err("no".into())
    });
    assert_eq!(refused.await, Err(StoreError::Failed("no".into())));
    // The browser refuses this one, because an object is not a key.
    let refused = database.write(&[DAGS, EXTENTS], |transaction| {
        let dags = transaction.object_store(DAGS)?;
        dags.put_with_key(&"half".into(), &"database-half".into())?;
        dags.put_with_key(&"half".into(), &js_sys::Object::new())?;
        Ok(())
    });
    let refused = refused.await;
    assert!(
        matches!(&refused, Err(StoreError::Failed(why)) if why.starts_with("DataError")),
        "{refused:?}"
    );
    // This one fails when it is carried out, because the key is taken.
    let add = || {
        database.write(&[DAGS], |transaction| {
            let dags = transaction.object_store(DAGS)?;
            dags.put_with_key(&"half".into(), &"database-half".into())?;
            dags.add_with_key(&"second".into(), &"database-taken".into())?;
            Ok(())
        })
    };
    let first = database.write(&[DAGS], |transaction| {
        let dags = transaction.object_store(DAGS)?;
        dags.put_with_key(&"first".into(), &"database-taken".into())?;
        Ok(())
    });
    assert_eq!(first.await, Ok(()));
    let refused = add().await;
    assert!(
        matches!(&refused, Err(StoreError::Failed(why)) if why.starts_with("ConstraintError")),
        "{refused:?}"
    );
    let half = database.get(DAGS, &"database-half".into()).await.unwrap();
    assert!(half.is_undefined(), "half of a transaction happened");
    // The next transaction succeeds.
    let whole = database.write(&[DAGS], |transaction| {
        transaction
            .object_store(DAGS)?
            .delete(&beginning_with("database-")?.into())?;
        Ok(())
    });
    assert_eq!(whole.await, Ok(()));
    let taken = database.get(DAGS, &"database-taken".into()).await.unwrap();
    assert!(taken.is_undefined());
}

#[wasm_bindgen_test]
async fn a_store_that_is_not_there_is_an_error() {
    let database = database().await;
    let read = database.get("nowhere", &"a".into()).await;
    assert!(matches!(read, Err(StoreError::Gone(_))), "{read:?}");
    let written = database.write(&["nowhere"], |_| Ok(())).await;
    assert!(matches!(written, Err(StoreError::Gone(_))), "{written:?}");
}

#[wasm_bindgen_test]
fn exceptions_are_told_apart() {
    let exception = |name: &str| -> JsValue {
        DomException::new_with_message_and_name("why", name)
            .unwrap()
            .into()
    };
    assert_eq!(error(exception("QuotaExceededError")), StoreError::Full);
    let disk = "Failed to write blobs (IOError)";
    let full = DomException::new_with_message_and_name(disk, "DataError").unwrap();
    assert_eq!(error(full.into()), StoreError::Full);
    for gone in ["NotFoundError", "NotReadableError"] {
        assert_eq!(error(exception(gone)), StoreError::Gone("why".into()));
    }
    assert_eq!(
        error(exception("AbortError")),
        StoreError::Failed("AbortError: why".into())
    );
    assert_eq!(error("text".into()), StoreError::Failed("text".into()));
}

#[wasm_bindgen_test]
async fn a_connection_that_the_browser_closed_is_opened_anew() {
    let database = database().await;
    let other = database.clone();
    let write = |value: &str| {
        let value = JsValue::from_str(value);
        database.write(&[DAGS], move |transaction| {
            let dags = transaction.object_store(DAGS)?;
            dags.put_with_key(&value, &"database-closed".into())?;
            Ok(())
        })
    };
    assert_eq!(write("first").await, Ok(()));
    database.close();
    let read = other.get(DAGS, &"database-closed".into()).await.unwrap();
    assert_eq!(read.as_string().as_deref(), Some("first"));
    other.close();
    // The next two writes happen at the same time.
    let (one, two) = futures::join!(write("second"), write("third"));
    assert_eq!((one, two), (Ok(()), Ok(())));
    let read = other.get(DAGS, &"database-closed".into()).await.unwrap();
    assert_eq!(read.as_string().as_deref(), Some("third"));
}

#[wasm_bindgen_test]
async fn a_database_of_version_2_keeps_what_it_has() {
    let values = [
        (EXTENTS, "a:00000000".into(), "an extent".into()),
        (DAGS, "a".into(), "a DAG".into()),
        (META, "snapshot".into(), "a snapshot".into()),
    ];
    make("of-version-2", 2, &STORES_OF_2, &values).await;
    let database = Database::open_one_of(&["of-version-2"]).await;
    for (store, key, value) in &values {
        assert_eq!(&database.get(store, key).await.unwrap(), value);
    }
    // It also has the stores that later versions added.
    let written = database.write(&[THUMBNAILS], |transaction| {
        let thumbnails = transaction.object_store(THUMBNAILS)?;
        thumbnails.put_with_key(&"a picture".into(), &"a".into())?;
        Ok(())
    });
    assert_eq!(written.await, Ok(()));
}

#[wasm_bindgen_test]
async fn a_database_that_cannot_be_used_is_left_as_it_is_and_another_one_is_used() {
    let value = || [(META, "snapshot".into(), "of another version".into())];
    make("of-version-9", 9, &[META, "new"], &value()).await;
    make("bare", 4, &[META], &value()).await;
    let databases: [(&'static [&'static str], u32); 2] = [
        (&["of-version-9", "instead-of-9"], 9),
        (&["bare", "instead-of-bare"], 4),
    ];
    for (names, version) in databases {
        let database = Database::open_one_of(names).await;
        assert!(database.is_substitute());
        let opened = Journal::open(database.clone()).await;
        assert!(opened.damage.is_none() && opened.state.items.is_empty());
        let first = identity::load(&database, Kept::Lasting).await;
        assert!(!first.replaced);
        // The next start uses the same database.
        let again = Database::open_one_of(names).await;
        let second = identity::load(&again, Kept::Lasting).await;
        assert_eq!(first.keypair.public(), second.keypair.public());
        let original = read(names[0], version, META, "snapshot").await;
        assert_eq!(original, JsValue::from("of another version"));
    }
}

#[wasm_bindgen_test]
async fn without_any_database_the_worker_starts_and_touches_none() {
    let snapshot = (META, "snapshot".into(), "of another version".into());
    make("the-only-one", 9, &[META], &[snapshot]).await;
    let database = Database::open_one_of(&["the-only-one"]).await;
    let Opened {
        journal,
        state,
        damage,
        ..
    } = Journal::open(database.clone()).await;
    assert!(state.items.is_empty());
    let failures = damage.failures();
    assert_eq!(failures.len(), 1, "the person is told");
    assert_eq!(failures[0].code, Code::JournalDamaged);
    assert!(identity::load(&database, Kept::Lasting).await.replaced);
    let written = database.write(&[META], |_| Ok(())).await;
    assert!(matches!(written, Err(StoreError::Failed(_))), "{written:?}");
    let kept = [Event {
        seq: 1,
        at: 0,
        kind: EventKind::Unconfirmed,
    }];
    assert!(journal.append(&kept, None).await.is_err());
    let original = read("the-only-one", 9, META, "snapshot").await;
    assert_eq!(original, JsValue::from("of another version"));
}
