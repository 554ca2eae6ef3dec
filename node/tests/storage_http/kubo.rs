//! A node before a Kubo daemon, which is played by the gateway of another storage.

use std::time::Duration;

use fluence_cli::kubo::{BehindStorage, Blocks, Kubo};
use fluence_cli::storage::Rules;
use tokio::net::TcpListener;

use crate::world::*;

/// Only single blocks are ever asked of Kubo, by their CIDs.
fn assert_only_blocks(world: &World) {
    let asked = world.asked.lock().unwrap();
    assert!(!asked.is_empty());
    for asked in &*asked {
        let cid = asked
            .strip_prefix("/ipfs/")
            .and_then(|cid| cid.strip_suffix("?format=raw"));
        let is_cid = cid.is_some_and(|cid| cid.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        assert!(is_cid, "{asked}");
    }
}

#[tokio::test]
async fn no_path_reaches_kubo_and_no_header_of_it_comes_through() {
    let world = World::before_kubo().await;
    let page = small(b"<script>alert(1)</script>");
    let picture = small(b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>");
    let dag = directory(&[
        ("a.html", &page),
        ("b.svg", &picture),
        ("c%2f..%2fa.html", &picture),
    ]);
    world.put(&dag).await;
    let cid = dag.text();
    for tail in [
        "/..%2f..%2fipns/example.org?format=raw",
        "/..%2f..%2fipns/example.org",
        "/%2e%2e/%2e%2e/routing/v1/providers/x?format=car",
        "/..%252f..%252fversion?format=raw",
        "/a.html%2f..%2fb.svg?format=raw",
        "/..%5c..%5cipns?format=raw",
        "/a.html%00?format=raw",
    ] {
        let path = format!("/ipfs/{cid}{tail}");
        // The client would resolve the dots itself, so this is sent as it is.
        let address = world.url.strip_prefix("http://").unwrap();
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: x\r\nAccept: application/vnd.ipld.raw\r\nConnection: close\r\n\r\n"
        );
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 404"), "{path}: {answer}");
    }
    for (tail, saved) in [
        ("/a.html", true),
        ("/b.svg", true),
        ("/a.html?format=raw", true),
        // A name is decoded once, and is not a path.
        ("/c%252f..%252fa.html", true),
        ("?format=car", true),
        ("/", false),
    ] {
        let response = world.get(&format!("/ipfs/{cid}{tail}")).await;
        assert_eq!(response.status(), 200, "{tail}");
        let policy = header(&response, "content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && policy.contains("sandbox"),
            "{tail}"
        );
        assert_eq!(
            header(&response, "x-content-type-options"),
            "nosniff",
            "{tail}"
        );
        let disposition = header(&response, "content-disposition");
        assert_eq!(disposition.starts_with("attachment"), saved, "{tail}");
    }
    assert_only_blocks(&world);
}

#[tokio::test]
async fn a_dag_that_is_incomplete_in_kubo_is_served_as_far_as_it_goes() {
    let world = World::before_kubo().await;
    let dag = file(1, 10);
    let token = world.token(&dag);
    // A block in the middle is missing.
    world
        .import_is(&token, car_of(&dag.root, &dag.blocks[..5]), 200)
        .await;
    let path = format!("/ipfs/{}", dag.text());
    for _ in 0..2 {
        // The bytes end where they are missing, and everything that is there stays readable.
        let plain = world.get(&path).await;
        assert!(plain.status() == 504 || plain.bytes().await.is_err());
        for block in &dag.blocks[..5] {
            let raw = format!("/ipfs/{}?format=raw", block.cid);
            assert_eq!(world.bytes(&raw, 200).await, block.data);
        }
        let range = world.get_with(&path, &[("range", "bytes=0-3999")]).await;
        assert_eq!(range.bytes().await.unwrap(), dag.bytes[..4000]);
    }
    world
        .import_is(&token, car_of(&dag.root, &dag.blocks[5..]), 200)
        .await;
    assert_eq!(world.bytes(&path, 200).await, dag.bytes);
    assert_only_blocks(&world);
}

#[tokio::test]
async fn wrong_bytes_of_kubo_are_never_passed_on() {
    let dag = small(b"right");
    let wrong = axum::Router::new().route("/ipfs/{cid}", axum::routing::get(async || "wrong"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, wrong).await });
    let world = World::new().await;
    let kubo = Kubo::new(&url, &url).unwrap();
    world
        .storage
        .set_behind(std::sync::Arc::new(BehindStorage(Blocks::new(kubo, true))));
    world
        .bytes(&format!("/ipfs/{}?format=raw", dag.text()), 404)
        .await;
}

#[tokio::test]
async fn an_upload_lets_nobody_at_what_kubo_has_and_no_list_allows() {
    let (kubo, world) = (World::new().await, World::new().await);
    let (allowed, other) = (file(1, 10), file(2, 3));
    kubo.put(&allowed).await;
    kubo.put(&other).await;
    let client = Kubo::new(&kubo.url, &kubo.url).unwrap();
    let behind = BehindStorage(Blocks::new(client, true));
    world.storage.set_behind(std::sync::Arc::new(behind));
    world.storage.set_rules(Rules {
        files: Some([allowed.root.hash().to_bytes()].into()),
        ..Rules::default()
    });
    let upload = world.storage.upload(&world.token(&allowed)).unwrap();
    let root = &allowed.blocks[0];
    upload.add(root.cid, root.data.clone()).await.unwrap();
    let raw = |block: &Block| format!("/ipfs/{}?format=raw", block.cid);
    for block in &other.blocks {
        world.bytes(&raw(block), 410).await;
    }
    // What the file lacks so far is a part of it, and may come from there.
    let part = &allowed.blocks[1];
    assert_eq!(world.bytes(&raw(part), 200).await, part.data);
    drop(upload);
}

#[tokio::test]
async fn a_kubo_that_is_silent_keeps_nobody_waiting_for_what_is_here() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let world = World::new().await;
    let kubo = Kubo::new(&url, &url).unwrap();
    world
        .storage
        .set_behind(std::sync::Arc::new(BehindStorage(Blocks::new(kubo, true))));
    let dag = file(1, 10);
    world.put(&dag).await;
    let path = format!("/ipfs/{}", dag.text());
    let read = tokio::time::timeout(Duration::from_secs(5), world.bytes(&path, 200)).await;
    assert_eq!(read.unwrap(), dag.bytes);
    drop(listener);
}
