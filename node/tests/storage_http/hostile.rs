//! Uploaders and readers that are malicious or broken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fluence::content::unixfs::{self, Child, DAG_PB, RAW};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::world::*;

#[tokio::test]
async fn foreign_blocks_are_refused_by_name() {
    let world = World::new().await;
    let (dag, foreign) = (file(1, 3), small(b"something else"));
    let token = world.token(&dag);
    let mut blocks = dag.blocks.clone();
    blocks.insert(2, foreign.blocks[0].clone());
    let answer = world
        .import_is(&token, car_of(&dag.root, &blocks), 403)
        .await;
    assert!(answer.contains(&foreign.text()), "{answer}");
    world
        .bytes(&format!("/ipfs/{}?format=raw", foreign.text()), 504)
        .await;
    // The blocks before it are kept, and the upload can continue.
    assert_eq!(world.received().0, 2);
    world
        .import_is(&token, car_of(&dag.root, &dag.blocks), 200)
        .await;
    // A leaf that arrives before its root is refused too.
    let dag = file(2, 3);
    let token = world.token(&dag);
    world
        .import_is(&token, car_of(&dag.root, &dag.blocks[1..]), 403)
        .await;
}

#[tokio::test]
async fn wrong_bytes_never_count() {
    let world = World::new().await;
    let dag = file(1, 3);
    let token = world.token(&dag);
    let mut blocks = dag.blocks.clone();
    let mut wrong = blocks[2].data.to_vec();
    wrong[500] ^= 1;
    blocks[2].data = wrong.into();
    let answer = world
        .import_is(&token, car_of(&dag.root, &blocks), 400)
        .await;
    assert!(answer.contains(&dag.blocks[2].cid.to_string()), "{answer}");
    assert_eq!(world.storage.dag_state(&dag.root), Some(false));
    assert_eq!(block_files(world.dir.path()).len(), 2);
    let temp = std::fs::read_dir(world.dir.path().join("tmp")).unwrap();
    assert_eq!(temp.count(), 0);
}

#[tokio::test]
async fn cars_that_lie_about_lengths_are_refused() {
    let world = World::new().await;
    let dag = file(1, 3);
    let token = world.token(&dag);
    let head = fluence::content::car::header(&dag.root).to_vec();
    let whole = car_of(&dag.root, &dag.blocks);
    // A block of 2 GiB.
    let mut car = head.clone();
    put_varint(&mut car, 2 << 30);
    car.extend(dag.root.to_bytes());
    car.extend([0; 1000]);
    let began = Instant::now();
    let answer = world.import_is(&token, car, 413).await;
    assert!(answer.contains("2147483648"), "{answer}");
    // An endless varint, an invalid header, an empty CAR, and a CAR that ends in the middle.
    let mut car = head.clone();
    car.extend([0xff; 32]);
    world.import_is(&token, car, 400).await;
    world.import_is(&token, vec![0x0a; 100], 400).await;
    world.import_is(&token, Vec::new(), 400).await;
    world
        .import_is(&token, whole[..whole.len() - 5].to_vec(), 400)
        .await;
    assert!(began.elapsed() < Duration::from_secs(20));
    // None of this disturbed the upload.
    world.import_is(&token, whole, 200).await;
    // A block whose CID says that it is dag-pb, although it is not.
    let broken = block(DAG_PB, vec![0xff; 50]);
    let token = world
        .storage
        .grant(PEER, &broken.cid, Some(50))
        .unwrap()
        .token;
    let answer = world
        .import_is(
            &token,
            car_of(&broken.cid, std::slice::from_ref(&broken)),
            400,
        )
        .await;
    assert!(answer.contains("UnixFS"), "{answer}");
    let form = world
        .http
        .post(format!("{}/api/v0/dag/import", world.url))
        .bearer_auth(&token)
        .body("no form")
        .send()
        .await
        .unwrap();
    assert_eq!(form.status(), 400);
}

#[tokio::test]
async fn more_than_was_declared_is_refused() {
    let world = World::new().await;
    let leaves: Vec<Block> = (0..10_u8).map(|n| block(RAW, vec![n; 1 << 20])).collect();
    let dag = over(leaves);
    let token = world
        .storage
        .grant(PEER, &dag.root, Some(1000))
        .unwrap()
        .token;
    let answer = world
        .import_is(&token, car_of(&dag.root, &dag.blocks), 413)
        .await;
    assert!(answer.contains("1000"), "{answer}");
    assert!(world.storage.usage().bytes < 6 << 20);
}

#[tokio::test]
async fn an_endless_body_ends() {
    let world = World::new().await;
    let dag = small(&[b'x'; 100_000]);
    let token = world.token(&dag);
    // The sender repeats the same valid block forever: no new byte is stored, and in the end it is
    // refused.
    let mut section = Vec::new();
    put_block(&mut section, &dag.root, &dag.bytes);
    let head = fluence::content::car::header(&dag.root).to_vec();
    let sections = section.repeat(5);
    let endless = futures::stream::unfold(Some(head), move |head| {
        let piece = head.unwrap_or_else(|| sections.clone());
        async move { Some((Ok::<_, std::io::Error>(piece), None)) }
    });
    let part = reqwest::multipart::Part::stream(reqwest::Body::wrap_stream(endless));
    let sent = world
        .http
        .post(format!("{}/api/v0/dag/import", world.url))
        .bearer_auth(&token)
        .multipart(reqwest::multipart::Form::new().part("file", part))
        .send();
    let sent = tokio::time::timeout(Duration::from_secs(50), sent)
        .await
        .expect("it ends");
    // The server may have to close the connection of a client that never stops sending.
    if let Ok(response) = sent {
        assert_eq!(response.status(), 413);
    }
    assert_eq!(world.received(), (1, 100_000));
}

#[tokio::test]
async fn what_is_no_car_does_not_fill_memory() {
    let world = World::new().await;
    let dag = small(b"x");
    let token = world.token(&dag);
    for head in ["", "--B\r\nX: "] {
        for token in [Some(&token), None] {
            let sent = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&sent);
            let endless = futures::stream::unfold(head.to_owned(), move |piece| {
                count.fetch_add(piece.len(), Ordering::Relaxed);
                let next = "x".repeat(16 * 1024);
                async move { Some((Ok::<_, std::io::Error>(piece), next)) }
            });
            let mut request = world
                .http
                .post(format!("{}/api/v0/dag/import", world.url))
                .header("content-type", "multipart/form-data; boundary=B")
                .body(reqwest::Body::wrap_stream(endless));
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let answer = request.send().await;
            // Anything beyond that is refused, or at most read and discarded.
            assert!(sent.load(Ordering::Relaxed) < 40 << 20);
            // The server may have to close the connection of a client that never stops sending.
            if let Ok(answer) = answer {
                let status = if token.is_some() { 400 } else { 401 };
                assert_eq!(answer.status(), status);
                let answer = answer.text().await.unwrap();
                assert!(token.is_none() || answer.contains("65536"), "{answer}");
            }
        }
    }
}

#[tokio::test]
async fn an_uploader_that_stops_half_way_is_let_go() {
    let world = World::new().await;
    let dag = file(1, 10);
    let token = world.token(&dag);
    let address = world.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let car = car_of(&dag.root, &dag.blocks);
    let head = format!(
        "POST /api/v0/dag/import HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary=B\r\nContent-Length: 100000\r\n\r\n\
         --B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&car[..5500]).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer))
        .await
        .expect("the server gives up")
        .unwrap();
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    // What it uploaded is kept for a while, so that it can continue; then it is removed.
    assert_eq!(world.storage.dag_state(&dag.root), Some(false));
    assert!(world.received().0 >= 4);
    assert_eq!(world.storage.sweep().unwrap(), 0);
    world.pass(24 * 60 * 60);
    assert_eq!(world.storage.sweep().unwrap(), 1);
    assert_eq!(world.storage.usage().bytes, 0);
    assert!(block_files(world.dir.path()).is_empty());
}

#[tokio::test]
async fn a_dag_that_contains_itself_a_million_times_is_bounded() {
    let world = World::new().await;
    // A file of 2^40 leaves of 4 bytes, in 41 blocks.
    let leaf = block(RAW, b"bomb".to_vec());
    let mut child = Child {
        cid: leaf.cid,
        size: 4,
        tsize: 4,
    };
    let mut blocks = vec![leaf];
    for _ in 0..40 {
        let node = block(DAG_PB, unixfs::inner(&[child, child]));
        child = Child {
            cid: node.cid,
            size: child.size * 2,
            tsize: child.tsize * 2,
        };
        blocks.insert(0, node);
    }
    let root = child.cid;
    let token = world.storage.grant(PEER, &root, Some(4)).unwrap().token;
    world.import_is(&token, car_of(&root, &blocks), 200).await;
    assert_eq!(world.storage.dag_state(&root), Some(true));
    let car = world.bytes(&format!("/ipfs/{root}?format=car"), 200).await;
    assert_eq!(read_car(&car), cids(&blocks));
    // With duplicates, the response continues for as long as the client reads, and no longer.
    let mut response = world
        .get(&format!("/ipfs/{root}?format=car&car-dups=y"))
        .await;
    let mut came = 0;
    while came < 200_000 {
        came += response
            .chunk()
            .await
            .unwrap()
            .expect("the response continues")
            .len();
    }
    drop(response);
    let tail = world
        .get_with(&format!("/ipfs/{root}"), &[("range", "bytes=-6")])
        .await;
    assert_eq!(tail.status(), 206);
    assert_eq!(tail.bytes().await.unwrap(), "mbbomb");
    // The reader of a client that has gone is released.
    for _ in 0..500 {
        if world.storage.remove(&root).unwrap() {
            break;
        }
    }
}

#[tokio::test]
async fn sizes_that_lie_break_the_response() {
    let world = World::new().await;
    let leaf = block(RAW, vec![7; 100]);
    let lie = Child {
        cid: leaf.cid,
        size: 1 << 50,
        tsize: 1,
    };
    let root = block(DAG_PB, unixfs::inner(&[lie, lie]));
    let token = world
        .storage
        .grant(PEER, &root.cid, Some(100))
        .unwrap()
        .token;
    world
        .import_is(&token, car_of(&root.cid, &[root.clone(), leaf]), 200)
        .await;
    for range in ["bytes=0-", "bytes=1125899906842624-"] {
        let response = world
            .get_with(
                &format!("/ipfs/{}?filename=a.png", root.cid),
                &[("range", range)],
            )
            .await;
        assert!(response.bytes().await.is_err(), "{range}");
    }
}

#[tokio::test]
async fn a_wide_node_does_not_fill_memory() {
    let world = World::new().await;
    let child = |n: u32| Child {
        cid: block(RAW, n.to_le_bytes().to_vec()).cid,
        size: 4,
        tsize: 4,
    };
    let wide = block(
        DAG_PB,
        unixfs::inner(&(0..20_000).map(child).collect::<Vec<_>>()),
    );
    let token = world
        .storage
        .grant(PEER, &wide.cid, Some(80_000))
        .unwrap()
        .token;
    world
        .import_is(&token, car_of(&wide.cid, std::slice::from_ref(&wide)), 200)
        .await;
    let list = world.storage.list();
    assert_eq!((list[0].blocks, list[0].missing), (1, 20_000));
    world.pass(24 * 60 * 60);
    assert_eq!(world.storage.sweep().unwrap(), 1);
    assert_eq!(world.storage.usage().bytes, 0);
}

#[tokio::test]
async fn invalid_requests_are_refused() {
    let world = World::new().await;
    for (path, status) in [
        ("/ipfs/nonsense", 400),
        ("/ipfs/Qm", 400),
        ("/ipfs/bafkqaaa?format=nonsense", 400),
        ("/ipfs/bafkqaaa?format=tar", 406),
        ("/ipfs/bafkqaaa?format=car&dag-scope=x", 400),
        ("/ipfs/bafkqaaa/a", 404),
        ("/ipfs/bafkqaaa/%ff", 404),
        ("/other", 404),
    ] {
        world.bytes(path, status).await;
    }
    let long = format!("/ipfs/bafkqaaa/{}", "a".repeat(5000));
    world.bytes(&long, 414).await;
    let deep = format!("/ipfs/bafkqaaa{}", "/a".repeat(300));
    world.bytes(&deep, 400).await;
}

#[tokio::test]
async fn a_head_that_never_ends_is_cut() {
    let world = World::new().await;
    let address = world.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let mut answer = Vec::new();
    // Send more headers than anybody needs.
    let filler = vec![b'a'; 64 * 1024];
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: ")
        .await
        .unwrap();
    for _ in 0..32 {
        if stream.write_all(&filler).await.is_err() {
            break;
        }
    }
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer))
        .await
        .expect("the server gives up");
    let answer = String::from_utf8_lossy(&answer);
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
}

// With a paused clock, time advances whenever all tasks are waiting.
#[tokio::test(start_paused = true)]
async fn who_connects_and_asks_nothing_is_let_go() {
    let world = World::new().await;
    let address = world.url.strip_prefix("http://").unwrap();
    // Send nothing, a beginning that may be either HTTP/1 or HTTP/2, or HTTP/2 without a request.
    let settings: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    for begun in [b"".as_slice(), b"P", b"PRI * HTTP/2.0\r\n", settings] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(begun).await.unwrap();
        let mut answer = Vec::new();
        let ended = stream.read_to_end(&mut answer);
        let ended = tokio::time::timeout(Duration::from_secs(17), ended).await;
        assert!(ended.is_ok(), "{begun:?}");
    }
    // The last connection is alive, but its only request was long ago.
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut answer = Vec::new();
    let ended = stream.read_to_end(&mut answer);
    let ended = tokio::time::timeout(Duration::from_secs(70), ended).await;
    assert!(ended.is_ok() && answer.starts_with(b"HTTP/1.1 200"));
}
