//! Readers wait for blocks that are on their way; a block that does not arrive ends in an error.

use std::time::{Duration, Instant};

use crate::world::*;

#[tokio::test]
async fn a_response_follows_the_upload() {
    let world = World::new().await;
    let dag = file(1, 30);
    let token = world.token(&dag);
    let car = format!("/ipfs/{}?format=car&car-dups=y", dag.text());
    let plain = format!("/ipfs/{}", dag.text());
    let leaf = format!("/ipfs/{}?format=raw", dag.blocks[3].cid);
    let tail = format!("/ipfs/{}?format=car&entity-bytes=-10:*", dag.text());
    let upload = async {
        for part in dag.blocks.chunks(6) {
            // All pauses together are longer than a reader would wait for one block.
            tokio::time::sleep(PATIENCE / 3).await;
            world.import_is(&token, car_of(&dag.root, part), 200).await;
        }
    };
    let (car, plain, leaf, tail, ()) = futures::join!(
        world.bytes(&car, 200),
        world.bytes(&plain, 200),
        world.bytes(&leaf, 200),
        world.bytes(&tail, 200),
        upload
    );
    assert_eq!(read_car(&car), cids(&dag.blocks));
    assert_eq!(plain, dag.bytes);
    assert_eq!(leaf, dag.blocks[3].data);
    assert_eq!(read_car(&tail), [dag.blocks[0].cid, dag.blocks[30].cid]);
}

#[tokio::test]
async fn available_blocks_are_sent_before_the_rest_arrives() {
    let world = World::new().await;
    let dag = file(1, 10);
    let token = world.token(&dag);
    world
        .import_is(&token, car_of(&dag.root, &dag.blocks[..4]), 200)
        .await;
    let mut response = world.get(&format!("/ipfs/{}", dag.text())).await;
    assert_eq!(header(&response, "content-length"), dag.size().to_string());
    let mut came = Vec::new();
    while came.len() < 3 * 1003 {
        came.extend(response.chunk().await.unwrap().expect("three leaves come"));
    }
    assert_eq!(came, dag.bytes[..3 * 1003]);
    world
        .import_is(&token, car_of(&dag.root, &dag.blocks[4..]), 200)
        .await;
    while let Some(more) = response.chunk().await.unwrap() {
        came.extend(more);
    }
    assert_eq!(came, dag.bytes);
}

#[tokio::test]
async fn a_response_may_begin_before_the_grant() {
    let mut setup = Setup::default();
    setup.storage.unannounced_patience = Duration::from_secs(20);
    let world = World::with(setup).await;
    let dag = file(1, 3);
    let path = format!("/ipfs/{}?format=car", dag.text());
    let upload = async {
        world.settle().await;
        world.put(&dag).await;
    };
    let (car, ()) = futures::join!(world.bytes(&path, 200), upload);
    assert_eq!(read_car(&car), cids(&dag.blocks));
}

#[tokio::test]
async fn what_does_not_come_is_an_error() {
    let world = World::new().await;
    let dag = file(1, 10);
    // Nobody is uploading anything, so the DAG is known not to be here.
    for form in ["", "?format=raw", "?format=car"] {
        world
            .bytes(&format!("/ipfs/{}{form}", dag.text()), 404)
            .await;
    }
    // The upload is granted, but nothing arrives. Nothing has been sent yet, so the status reports
    // it.
    let token = world.token(&dag);
    let began = Instant::now();
    for form in ["", "?format=raw", "?format=car"] {
        let response = world.get(&format!("/ipfs/{}{form}", dag.text())).await;
        assert_eq!(response.status(), 504);
        assert!(!header(&response, "retry-after").is_empty());
    }
    assert!(began.elapsed() >= 3 * PATIENCE);
    // The rest does not arrive: the response breaks off, and never looks complete.
    world
        .import_is(&token, car_of(&dag.root, &dag.blocks[..5]), 200)
        .await;
    for form in ["", "?format=car"] {
        let response = world.get(&format!("/ipfs/{}{form}", dag.text())).await;
        assert_eq!(response.status(), 200);
        let body = response.bytes().await;
        assert!(body.is_err(), "{form}: it ended as if it were whole");
    }
}

#[tokio::test]
async fn only_what_may_come_is_waited_for() {
    let mut setup = Setup::default();
    setup.storage.patience = Duration::from_secs(30);
    let world = World::with(setup).await;
    let (granted, begun, unknown) = (file(1, 3), file(2, 3), file(3, 3));
    world.token(&granted);
    let token = world.token(&begun);
    world
        .import_is(&token, car_of(&begun.root, &begun.blocks[..2]), 200)
        .await;
    // Both uploads are kept for longer, but neither is under way any more.
    world.pass(61);
    let began = Instant::now();
    world
        .bytes(&format!("/ipfs/{}?format=raw", unknown.text()), 404)
        .await;
    assert!(began.elapsed() < Duration::from_secs(10));
    // Readers wait for a block of an open upload.
    let leaf = format!("/ipfs/{}?format=raw", begun.blocks[3].cid);
    let upload = world.storage.upload(&token).unwrap();
    let rest = async {
        world.settle().await;
        for block in &begun.blocks[2..] {
            upload.add(block.cid, block.data.clone()).await.unwrap();
        }
    };
    let (came, ()) = futures::join!(world.bytes(&leaf, 200), rest);
    assert_eq!(came, begun.blocks[3].data);
    // They also wait for a root whose upload was granted.
    let path = format!("/ipfs/{}", granted.text());
    let late = async {
        world.settle().await;
        world.put(&granted).await;
    };
    let (came, ()) = futures::join!(world.bytes(&path, 200), late);
    assert_eq!(came, granted.bytes);
}

#[tokio::test]
async fn who_asks_for_nonsense_keeps_nobody_waiting() {
    let mut setup = Setup::default();
    setup.storage.unannounced_patience = Duration::from_secs(30);
    let world = World::with(setup).await;
    let (here, coming) = (file(1, 3), file(2, 3));
    world.put(&here).await;
    world.pass(61);
    // Each of these clients uses one connection, with as many streams as it may have.
    let clients: Vec<_> = (0..10)
        .map(|_| reqwest::Client::builder().http2_prior_knowledge().build())
        .map(|client| client.unwrap())
        .collect();
    let asks = (0..1200_usize).map(|n| {
        let cid = small(&n.to_le_bytes()).text();
        let asked = clients[n % 10].get(format!("{}/ipfs/{cid}?format=raw", world.url));
        tokio::spawn(asked.send())
    });
    let asks: Vec<_> = asks.collect();
    world.settle().await;
    assert_eq!(
        world.bytes(&format!("/ipfs/{}", here.text()), 200).await,
        here.bytes
    );
    // Nor do they block a reader of an announced root.
    let token = world.token(&coming);
    let path = format!("/ipfs/{}", coming.text());
    let upload = async {
        world.settle().await;
        let car = car_of(&coming.root, &coming.blocks);
        world.import_is(&token, car, 200).await;
    };
    let (came, ()) = futures::join!(world.bytes(&path, 200), upload);
    assert_eq!(came, coming.bytes);
    asks.iter().for_each(|ask| ask.abort());
}

#[tokio::test]
async fn missing_cached_data_is_reported_at_once() {
    let mut setup = Setup::default();
    setup.storage.patience = Duration::from_secs(30);
    setup.storage.unannounced_patience = Duration::from_secs(30);
    let world = World::with(setup).await;
    let dag = file(1, 10);
    let token = world.token(&dag);
    let cached = [("cache-control", "no-transform, only-if-cached")];
    let status = async |tail: String| {
        let url = format!("{}/ipfs/{tail}", world.url);
        let head = world.http.head(&url).header(cached[0].0, cached[0].1);
        let head = head.send().await.unwrap().status().as_u16();
        let get = world.get_with(&format!("/ipfs/{tail}"), &cached).await;
        assert_eq!(get.status().as_u16(), head, "{tail}");
        head
    };
    let began = Instant::now();
    let raw = format!("{}?format=raw", dag.text());
    let leaf = format!("{}?format=raw", dag.blocks[9].cid);
    let whole = format!("{}?format=car", dag.text());
    let part = format!("{}?format=car&dag-scope=block", dag.text());
    for tail in [&raw, &leaf, &whole, &part] {
        assert_eq!(status(tail.clone()).await, 412, "{tail}");
    }
    world
        .import_is(&token, car_of(&dag.root, &dag.blocks[..3]), 200)
        .await;
    assert_eq!(status(raw.clone()).await, 200);
    assert_eq!(status(part.clone()).await, 200);
    assert_eq!(status(leaf.clone()).await, 412);
    assert_eq!(status(whole.clone()).await, 412, "a part is not the whole");
    world
        .import_is(&token, car_of(&dag.root, &dag.blocks[3..]), 200)
        .await;
    for tail in [raw, leaf, whole, part] {
        assert_eq!(status(tail.clone()).await, 200, "{tail}");
    }
    assert!(began.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn a_reader_keeps_its_dag() {
    let mut setup = Setup::default();
    setup.storage.total_quota = 25_000;
    setup.storage.patience = Duration::from_secs(20);
    let world = World::with(setup).await;
    let (old, new) = (file(1, 10), file(2, 10));
    world.put(&old).await;
    world.pass(24 * 60 * 60);
    let reader = world.storage.reader(&old.root);
    let third = file(3, 10);
    world.put(&new).await;
    let token = world.storage.grant(PEER, &third.root, Some(10));
    let token = token.expect("the declared size fits").token;
    // All room is in use or reserved.
    world
        .import_is(&token, car_of(&third.root, &third.blocks), 507)
        .await;
    drop(reader);
    world
        .import_is(&token, car_of(&third.root, &third.blocks), 200)
        .await;
    assert_eq!(world.storage.dag_state(&old.root), None);
}
