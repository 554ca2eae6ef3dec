//! Uploads that are authorized by a token.

use crate::world::*;

#[tokio::test]
async fn what_is_uploaded_is_served_in_every_form() {
    let world = World::new().await;
    let dag = file(1, 20);
    let answer = world
        .import_is(&world.token(&dag), car_of(&dag.root, &dag.blocks), 200)
        .await;
    let bytes: usize = dag.blocks.iter().map(|b| b.data.len()).sum();
    let answer: serde_json::Value = serde_json::from_str(&answer).unwrap();
    let stats = serde_json::json!({"BlockBytesCount": bytes, "BlockCount": 21});
    assert_eq!(answer, serde_json::json!({ "Stats": stats }));
    assert_eq!(
        world.bytes(&format!("/ipfs/{}", dag.text()), 200).await,
        dag.bytes
    );
    let car = world
        .bytes(&format!("/ipfs/{}?format=car", dag.text()), 200)
        .await;
    assert_eq!(read_car(&car), cids(&dag.blocks));
    for block in &dag.blocks {
        let raw = format!("/ipfs/{}?format=raw", block.cid);
        assert_eq!(world.bytes(&raw, 200).await, block.data);
    }
    assert_eq!(world.received(), (21, bytes as u64));
}

#[tokio::test]
async fn the_same_again_brings_nothing_new() {
    let world = World::new().await;
    let dag = file(1, 5);
    world.put(&dag).await;
    let before = world.received();
    world.put(&dag).await;
    let other = world
        .storage
        .grant("another peer", &dag.root, Some(dag.size()))
        .unwrap();
    world
        .import_is(&other.token, car_of(&dag.root, &dag.blocks), 200)
        .await;
    assert_eq!(world.received(), before);
    assert_eq!(world.storage.usage().dags, 1);
}

#[tokio::test]
async fn many_requests_make_one_upload() {
    let world = World::new().await;
    let dag = file(1, 30);
    let token = world.token(&dag);
    for part in dag.blocks.chunks(7) {
        assert_eq!(world.storage.dag_state(&dag.root), Some(false));
        world.import_is(&token, car_of(&dag.root, part), 200).await;
    }
    assert_eq!(world.storage.dag_state(&dag.root), Some(true));
}

#[tokio::test]
async fn concurrent_parts_wait_for_the_block_that_links_to_them() {
    let world = World::new().await;
    let dag = file(1, 40);
    let token = world.token(&dag);
    // The request with the root begins first and is sent last.
    let (first, later) = dag.blocks.split_at(10);
    let url = format!("{}/api/v0/dag/import?pin-roots=false", world.url);
    let (send, body) = futures::channel::mpsc::unbounded::<Result<Vec<u8>, std::io::Error>>();
    let part = reqwest::multipart::Part::stream(reqwest::Body::wrap_stream(body));
    let slow = tokio::spawn(
        world
            .http
            .post(&url)
            .bearer_auth(&token)
            .multipart(reqwest::multipart::Form::new().part("file", part))
            .send(),
    );
    send.unbounded_send(Ok(fluence::content::car::header(&dag.root).to_vec()))
        .unwrap();
    world.settle().await;
    let fast = world.import(&token, car_of(&dag.root, later));
    let slowly = async {
        world.settle().await;
        let car = car_of(&dag.root, first);
        let head = fluence::content::car::header(&dag.root).len();
        send.unbounded_send(Ok(car[head..].to_vec())).unwrap();
        drop(send);
    };
    let (fast, ()) = futures::join!(fast, slowly);
    assert_eq!(fast.status(), 200);
    assert_eq!(slow.await.unwrap().unwrap().status(), 200);
    assert_eq!(world.storage.dag_state(&dag.root), Some(true));
}

#[tokio::test]
async fn a_token_opens_its_own_dag_in_its_own_time() {
    let world = World::new().await;
    let (dag, other) = (file(1, 3), file(2, 3));
    let car = car_of(&dag.root, &dag.blocks);
    let answer = world.import_is("nonsense", car.clone(), 401).await;
    assert!(answer.contains(r#""Type":"error""#), "{answer}");
    let bare = world
        .http
        .post(format!("{}/api/v0/dag/import", world.url))
        .send()
        .await
        .unwrap();
    assert_eq!(bare.status(), 401);
    assert_eq!(header(&bare, "www-authenticate"), "Bearer");
    let answer = world
        .import_is(&world.token(&other), car.clone(), 403)
        .await;
    assert!(
        answer.contains(&dag.text()) && answer.contains(&other.text()),
        "the block and the DAG are named: {answer}"
    );
    let token = world.token(&dag);
    world.pass(24 * 60 * 60);
    let answer = world.import_is(&token, car, 401).await;
    assert!(answer.contains("expired"), "{answer}");
    assert_eq!(world.received(), (0, 0));
    assert!(block_files(world.dir.path()).is_empty());
}

#[tokio::test]
async fn blocks_of_another_dag_need_not_be_uploaded_again() {
    let world = World::new().await;
    let shared = file(1, 10);
    let old = directory(&[("a", &shared), ("old", &small(b"old"))]);
    world.put(&old).await;
    let before = world.received();
    // For a new directory that contains the same file, its own node and one new file are enough.
    let new = directory(&[("a", &shared), ("new", &small(b"new"))]);
    let few: Vec<Block> = vec![new.blocks[0].clone(), small(b"new").blocks[0].clone()];
    world
        .import_is(&world.token(&new), car_of(&new.root, &few), 200)
        .await;
    assert_eq!(world.storage.dag_state(&new.root), Some(true));
    assert_eq!(world.received().0, before.0 + 2);
    // The new directory stays complete when the old one is removed.
    assert!(world.storage.remove(&old.root).unwrap());
    let bytes = world.bytes(&format!("/ipfs/{}/a", new.text()), 200).await;
    assert_eq!(bytes, shared.bytes);
    let report = world.storage.check(|_, _| ()).unwrap();
    assert!(report.damaged.is_empty() && report.incomplete.is_empty());
}

#[tokio::test]
async fn a_part_of_a_dag_becomes_a_dag_when_it_is_granted() {
    let world = World::new().await;
    let part = file(1, 10);
    let whole = directory(&[("a", &part)]);
    world.put(&whole).await;
    let _token = world.token(&part);
    for _ in 0..200 {
        if world.storage.dag_state(&part.root) == Some(true) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(world.storage.dag_state(&part.root), Some(true));
    world.storage.remove(&whole.root).unwrap();
    assert_eq!(
        world.bytes(&format!("/ipfs/{}", part.text()), 200).await,
        part.bytes
    );
}

#[tokio::test]
async fn large_parts_can_be_uploaded_over_http_1_and_2() {
    use fluence::content::unixfs::RAW;
    for over_2 in [false, true] {
        let world = World::new().await;
        let leaves = (0..12_u8).map(|n| block(RAW, vec![n; 1 << 20])).collect();
        let dag = over(leaves);
        let token = world.token(&dag);
        let http = reqwest::Client::builder();
        let http = if over_2 {
            http.http2_prior_knowledge()
        } else {
            http
        };
        // Several CARs of various sizes in one request.
        let mut form = reqwest::multipart::Form::new();
        for part in [&dag.blocks[..1], &dag.blocks[1..2], &dag.blocks[2..]] {
            let car = car_of(&dag.root, part);
            form = form.part("file", reqwest::multipart::Part::bytes(car));
        }
        let answer = http
            .build()
            .unwrap()
            .post(format!("{}/api/v0/dag/import", world.url))
            .bearer_auth(&token)
            .multipart(form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());
        assert_eq!(world.storage.dag_state(&dag.root), Some(true));
    }
}

#[tokio::test]
async fn each_root_of_an_operators_car_has_what_is_below_it_and_nothing_else() {
    let world = World::new().await;
    let (one, two) = (file(1, 10), file(2, 10));
    // {"roots": [42(h'00…'), 42(h'00…')], "version": 1}
    let mut header = b"\xa2eroots\x82".to_vec();
    for root in [one.root, two.root] {
        // Codec and hash are those of the blocks; the version does not matter to the storage.
        let cid = fluence::Cid::new_v1(root.codec(), *root.hash()).to_bytes();
        header.extend([&[0xd8, 42, 0x58, cid.len() as u8 + 1, 0][..], &cid].concat());
    }
    header.extend(b"gversion\x01");
    let mut car = Vec::new();
    put_varint(&mut car, header.len() as u64);
    car.extend(header);
    for block in one.blocks.iter().chain(&two.blocks) {
        put_block(&mut car, &block.cid, &block.data);
    }
    let storage = world.storage.clone();
    let imported = tokio::task::spawn_blocking(move || storage.import_car(&car[..]));
    let imported = imported.await.unwrap().unwrap();
    assert_eq!((imported.roots.len(), imported.missing), (2, 0));
    let dags = world.storage.list();
    assert_eq!(
        dags.iter().map(|dag| dag.blocks).collect::<Vec<_>>(),
        [11, 11]
    );
    assert!(world.storage.remove(&one.root).unwrap());
    let bytes: usize = two.blocks.iter().map(|block| block.data.len()).sum();
    assert_eq!(world.storage.usage().bytes, bytes as u64);
    assert!(world.storage.remove(&two.root).unwrap());
    assert_eq!(world.storage.usage().bytes, 0);
}
