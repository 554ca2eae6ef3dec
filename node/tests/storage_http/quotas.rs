//! Quotas, and what is removed when room is needed.

use fluence_cli::storage::Refusal;

use crate::world::*;

fn with(change: impl FnOnce(&mut Setup)) -> Setup {
    let mut setup = Setup::default();
    change(&mut setup);
    setup
}

#[tokio::test]
async fn uploads_over_a_quota_are_refused_with_the_reason() {
    let world = World::with(with(|setup| {
        setup.storage.max_file = 1000;
        setup.storage.per_peer_quota = 1500;
        setup.storage.total_quota = 2500;
    }))
    .await;
    let grant = |peer: &str, seed: u8, size| {
        world
            .storage
            .grant(peer, &small(&[seed]).root, Some(size))
            .map(drop)
    };
    assert_eq!(
        grant("a", 1, 1001),
        Err(Refusal::FileTooLarge {
            size: 1001,
            limit: 1000
        })
    );
    // A grant takes no room; bytes do, until the token ends.
    for seed in 1..10 {
        assert_eq!(grant("a", seed, 1000), Ok(()));
    }
    let (of_a, of_b) = (small(&[b'a'; 1000]), small(&[b'b'; 1000]));
    for (peer, dag) in [("a", &of_a), ("b", &of_b)] {
        let granted = world.storage.grant(peer, &dag.root, Some(1000)).unwrap();
        world
            .import_is(&granted.token, car_of(&dag.root, &dag.blocks), 200)
            .await;
    }
    assert_eq!(
        grant("a", 2, 501),
        Err(Refusal::PeerQuota {
            used: 1000,
            limit: 1500
        })
    );
    assert_eq!(grant("a", 2, 500), Ok(()));
    assert_eq!(grant("c", 4, 501), Err(Refusal::NoRoom { size: 501 }));
    // Nor is there room for what turns out to be more than was granted.
    let granted = world
        .storage
        .grant("a", &small(&[b'c'; 501]).root, Some(500));
    let more = small(&[b'c'; 501]);
    world
        .import_is(
            &granted.unwrap().token,
            car_of(&more.root, &more.blocks),
            507,
        )
        .await;
    world.pass(60 * 60);
    assert_eq!(grant("c", 4, 501), Ok(()));
}

#[tokio::test]
async fn the_least_recently_used_dag_is_removed_first() {
    let world = World::with(with(|setup| setup.storage.total_quota = 36_000)).await;
    let dags: Vec<_> = (0..3).map(|seed| file(seed, 10)).collect();
    for dag in &dags {
        world.put(dag).await;
        world.pass(2);
    }
    // All three are kept for as long as their tokens are valid.
    let fourth = file(9, 10);
    assert!(matches!(
        world
            .storage
            .grant("other", &fourth.root, Some(fourth.size())),
        Err(Refusal::NoRoom { .. })
    ));
    world.pass(24 * 60 * 60);
    world.bytes(&format!("/ipfs/{}", dags[0].text()), 200).await;
    world.put(&fourth).await;
    let states: Vec<_> = dags
        .iter()
        .map(|dag| world.storage.dag_state(&dag.root))
        .collect();
    assert_eq!(states, [Some(true), None, Some(true)]);
    assert!(world.storage.pin(&dags[0].root, true).unwrap());
    assert_eq!(
        world.storage.gc().unwrap(),
        1,
        "pinned and protected DAGs stay"
    );
    assert_eq!(world.storage.dag_state(&dags[2].root), None);
    assert!(world.storage.pin(&dags[0].root, false).unwrap());
    assert_eq!(world.storage.gc().unwrap(), 1);
    let used = world.storage.usage();
    assert_eq!((used.dags, block_files(world.dir.path()).len()), (1, 11));
}

#[tokio::test]
async fn a_peer_makes_room_in_its_own_quota() {
    let world = World::with(with(|setup| setup.storage.per_peer_quota = 12_000)).await;
    let (mine, theirs, next) = (file(1, 10), file(2, 10), file(3, 10));
    world.put(&mine).await;
    let token = world
        .storage
        .grant("another", &theirs.root, Some(theirs.size()))
        .unwrap()
        .token;
    world
        .import_is(&token, car_of(&theirs.root, &theirs.blocks), 200)
        .await;
    world.pass(24 * 60 * 60);
    world.put(&next).await;
    assert_eq!(world.storage.dag_state(&mine.root), None);
    assert_eq!(world.storage.dag_state(&theirs.root), Some(true));
}

#[tokio::test]
async fn a_full_disk_is_a_clean_error() {
    let world = World::with(with(|setup| setup.storage.min_free = u64::MAX / 2)).await;
    let dag = file(1, 3);
    let token = world.token(&dag);
    let answer = world
        .import_is(&token, car_of(&dag.root, &dag.blocks), 507)
        .await;
    assert!(answer.contains("disk is full"), "{answer}");
    assert!(block_files(world.dir.path()).is_empty());
    assert_eq!(world.storage.usage().dags, 0);
    // The gateway continues to work.
    world.bytes("/ipfs/bafkqaaa", 200).await;
}
