//! This version opens the journals that older versions of the command line wrote.

use std::fs;
use std::path::Path;

use fluence::failure::{Code, Failure};
use fluence::plan::Unknown;
use fluence::state::{Item, State, Status};
use fluence_cli::platform::{Journal, Opened};

/// The state of a journal of version 1. The journal is opened twice: as it was written, and as the
/// first opening left it.
fn opened(name: &str) -> State {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/vectors/journal/v1-cli");
    let home = tempfile::tempdir().unwrap();
    for file in fs::read_dir(vectors.join(name)).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), home.path().join(file.file_name())).unwrap();
    }
    let open = || {
        let Opened {
            state,
            damage,
            unknown,
            ..
        } = Journal::open(home.path()).unwrap();
        assert_eq!((damage, unknown), (vec![], Unknown::Remove), "{name}");
        state
    };
    let state = open();
    let written = fs::read_to_string(home.path().join("state.json")).unwrap();
    assert!(written.starts_with(r#"{"version":3,"#), "{written}");
    assert_eq!(
        fs::metadata(home.path().join("journal.jsonl"))
            .unwrap()
            .len(),
        0
    );
    assert_eq!(open(), state, "{name}");
    state
}

/// The only item with this name.
fn item<'a>(state: &'a State, name: &str) -> &'a Item {
    let mut named = state.items.values().filter(|item| item.name == name);
    let item = named
        .next()
        .unwrap_or_else(|| panic!("there is no {name}: {state:?}"));
    assert!(named.next().is_none(), "{name} is there twice");
    item
}

#[test]
fn a_share_of_version_1_is_opened() {
    let state = opened("share");
    assert_eq!((state.seq, state.items.len()), (34, 2));
    assert_eq!(
        state.peer.as_deref(),
        Some("12D3KooWBooBaBRN9G5YD7CWjb9yWVu89n6dysoACphfghPeex8i")
    );
    let photo = item(&state, "отпуск 2026 🏖.jpg");
    assert_eq!(photo.status, Status::Shared);
    assert_eq!(
        photo.cid.as_deref(),
        Some("QmV2psB1zpxQHeqoJhtDxwpSkG7aG6uCX5PCSSxmt5kLB1")
    );
    assert_eq!(photo.mime.as_deref(), Some("image/jpeg"));
    assert_eq!(
        (photo.size, photo.uploaded, photo.requests),
        (Some(3_000_000), 3_000_491, 2)
    );
    assert_eq!(
        photo.placed.as_deref(),
        Some("/ip4/127.0.0.1/tcp/43647/http")
    );
    assert_eq!(photo.upload, None);
    let trip = item(&state, "trip");
    assert_eq!(
        (trip.size, trip.files, trip.uploaded),
        (Some(40_001), Some(2), 40_673)
    );
    assert_eq!(trip.created, 1_795_849_149_049);
}

#[test]
fn a_snapshot_of_version_1_is_opened_with_the_events_after_it() {
    let state = opened("share-snapshot");
    assert_eq!((state.seq, state.items.len()), (21_530, 5));
    let count = |status| {
        state
            .items
            .values()
            .filter(|item| item.status == status)
            .count()
    };
    assert_eq!(count(Status::Shared), 1);
    assert_eq!(count(Status::Hashing), 2);
    assert_eq!(count(Status::Preparing), 2);
    let shared = state
        .items
        .values()
        .find(|item| item.cid.is_some())
        .unwrap();
    assert_eq!(
        shared.cid.as_deref(),
        Some("bafkreidihri4fg23y5yinjuiroxcppmcd4o5gxorif2eq3drrrlmo5xjqe")
    );
    assert!(shared.providing && !shared.thumbnail);
    assert_eq!(
        (shared.size, shared.created),
        (Some(2000), 1_795_849_310_333)
    );
}

#[test]
fn fetches_of_version_1_are_opened() {
    let state = opened("fetch-interrupted");
    let half = item(&state, "половина.bin");
    let paused = Failure::new(Code::Paused).detail("You paused it.");
    assert_eq!(half.status, Status::Interrupted { failure: paused });
    assert_eq!(
        half.cid.as_deref(),
        Some("QmfZbnXfnqSzUCWDVN2zvJY9JY5jXmoSZWiuJaqtmfFK9v")
    );

    let state = opened("fetch-killed");
    let half = item(&state, "половина.bin");
    let from = "127.0.0.1:46499".to_owned();
    assert_eq!(half.status, Status::Downloading { from });
    assert_eq!((state.seq, half.size), (20, Some(6_000_000)));

    let state = opened("fetch-bad-dag");
    let failure = item(&state, "bad.bin").status.failure().unwrap();
    assert_eq!(failure.code, Code::BadDag);
    assert!(
        failure
            .detail
            .as_deref()
            .unwrap()
            .ends_with("it is not dag-pb."),
        "{failure:?}"
    );

    let state = opened("fetch-no-provider");
    let item = state.items.values().next().unwrap();
    let nobody = Failure::new(Code::NoProvider).detail("Nobody who has this file could be found.");
    assert_eq!(item.status, Status::Failed { failure: nobody });
}
