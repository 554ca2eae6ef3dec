//! The parts of the trustless gateway specification that are easy to get wrong.

use std::sync::Arc;

use fluence::content::unixfs::{DAG_PB, RAW};
use futures::FutureExt;
use reqwest::Method;

use crate::world::*;

/// Makes a test of each function: with a node that has the blocks itself, and with one that has
/// nothing, before a Kubo that has them all.
macro_rules! both {
    ($($name:ident),* $(,)?) => {
        mod alone {
            use super::World;
            $(#[tokio::test] async fn $name() { super::$name(World::new().await).await; })*
        }
        mod before_kubo {
            use super::World;
            $(#[tokio::test] async fn $name() { super::$name(World::before_kubo().await).await; })*
        }
    };
}

both! {
    responses_describe_themselves,
    head_is_get_without_a_body,
    ranges_of_blocks_and_files,
    a_car_has_the_blocks_that_were_asked_for,
    identity_cids_need_no_storage,
    a_node_need_not_be_of_unixfs,
    data_has_the_format_of_its_codec,
    any_form_of_a_cid_is_the_same_dag,
    http_2_is_spoken_to_who_begins_with_it,
    pages_of_any_origin_may_read_and_upload,
}

const IMMUTABLE: &str = "public, max-age=29030400, immutable";

async fn responses_describe_themselves(world: World) {
    let dag = file(1, 3);
    world.put(&dag).await;
    let cid = dag.text();
    let path = format!("/ipfs/{cid}");
    let raw = world
        .get_with(&path, &[("accept", "application/vnd.ipld.raw")])
        .await;
    for (name, value) in [
        ("content-type", "application/vnd.ipld.raw"),
        ("content-length", &dag.blocks[0].data.len().to_string()),
        (
            "content-disposition",
            &format!("attachment; filename=\"{cid}.bin\""),
        ),
        ("content-location", &format!("{path}?format=raw")),
        ("etag", &format!("\"{cid}.raw\"")),
        ("cache-control", IMMUTABLE),
        ("x-content-type-options", "nosniff"),
        ("x-ipfs-path", &path),
        ("x-ipfs-roots", &cid),
        ("accept-ranges", "bytes"),
        ("access-control-allow-origin", "*"),
    ] {
        assert_eq!(header(&raw, name), value, "{name}");
    }
    let car = world
        .get_with(
            &path,
            &[("accept", "application/vnd.ipld.car;dups=y;order=dfs")],
        )
        .await;
    for (name, value) in [
        (
            "content-type",
            "application/vnd.ipld.car; version=1; order=dfs; dups=y",
        ),
        (
            "content-disposition",
            &format!("attachment; filename=\"{cid}.car\""),
        ),
        (
            "content-location",
            &format!("{path}?format=car&car-order=dfs&car-dups=y"),
        ),
        ("cache-control", IMMUTABLE),
        ("x-content-type-options", "nosniff"),
        ("accept-ranges", "none"),
    ] {
        assert_eq!(header(&car, name), value, "{name}");
    }
    // A client that refuses cached responses gets an uncacheable one: a browser would keep a part
    // of a cacheable one in memory.
    let uncached = world
        .get_with(
            &format!("{path}?format=car"),
            &[("cache-control", "no-cache")],
        )
        .await;
    assert_eq!(header(&uncached, "cache-control"), "no-store");
    let named = world
        .get(&format!("{path}?format=raw&filename=sch%C3%B6n%22.bin"))
        .await;
    assert_eq!(
        header(&named, "content-disposition"),
        "attachment; filename=\"sch_n_.bin\"; filename*=UTF-8''sch%C3%B6n%22.bin"
    );
    // Different parts of the same DAG have different tags.
    let mut tags = std::collections::BTreeSet::new();
    for query in [
        "format=raw",
        "format=car",
        "format=car&car-dups=y",
        "format=car&dag-scope=block",
        "format=car&dag-scope=entity",
        "format=car&entity-bytes=0:5",
        "format=car&entity-bytes=0:6",
        "",
    ] {
        let response = world.get(&format!("{path}?{query}")).await;
        let tag = header(&response, "etag").to_owned();
        assert_eq!(response.status(), 200);
        assert_eq!(tag.starts_with("W/"), query.contains("car"), "{tag}");
        for known in [tag.clone(), format!("\"x\", {tag}"), "*".to_owned()] {
            let again = world
                .get_with(&format!("{path}?{query}"), &[("if-none-match", &known)])
                .await;
            assert_eq!(again.status(), 304, "{query}");
            // It would replace the policy of the page that a browser has.
            assert_eq!(header(&again, "content-security-policy"), "");
            assert!(again.bytes().await.unwrap().is_empty());
        }
        assert!(tags.insert(tag), "{query} has the tag of another");
    }
}

async fn head_is_get_without_a_body(world: World) {
    let dag = directory(&[("a.txt", &file(1, 3))]);
    world.put(&dag).await;
    for tail in [
        "?format=raw",
        "?format=car",
        "/a.txt",
        "/a.txt?format=raw",
        "/",
    ] {
        let url = format!("{}/ipfs/{}{tail}", world.url, dag.text());
        let head = world.http.head(&url).send().await.unwrap();
        let get = world.http.get(&url).send().await.unwrap();
        assert_eq!(head.status(), get.status(), "{tail}");
        for (name, value) in get.headers() {
            let chunked = ["content-length", "transfer-encoding", "date"];
            if !chunked.contains(&name.as_str()) || (name == "content-length" && tail != "/") {
                assert_eq!(head.headers().get(name), Some(value), "{tail} {name}");
            }
        }
        assert!(head.bytes().await.unwrap().is_empty());
    }
    let missing = world
        .http
        .head(format!(
            "{}/ipfs/{}?format=raw",
            world.url,
            small(b"no").text()
        ))
        .send()
        .await
        .unwrap();
    assert_eq!(missing.status(), 404);
}

async fn ranges_of_blocks_and_files(world: World) {
    let dag = file(1, 10);
    world.put(&dag).await;
    let size = dag.bytes.len();
    for (query, whole) in [
        ("", dag.bytes.clone()),
        ("?format=raw", dag.blocks[0].data.to_vec()),
    ] {
        let path = format!("/ipfs/{}{query}", dag.text());
        let len = whole.len();
        for (range, from, to) in [
            ("bytes=0-0", 0, 1),
            ("bytes=5-99", 5, 100),
            ("bytes=-7", len - 7, len),
            ("bytes=100-", 100, len),
            ("bytes=3-999999", 3, len),
            ("bytes=1-2,4-5", 1, 3),
        ] {
            let response = world.get_with(&path, &[("range", range)]).await;
            assert_eq!(response.status(), 206, "{range}");
            assert_eq!(
                header(&response, "content-range"),
                format!("bytes {from}-{}/{len}", to - 1)
            );
            assert_eq!(response.bytes().await.unwrap(), whole[from..to], "{range}");
        }
        let beyond = format!("bytes={len}-");
        let response = world.get_with(&path, &[("range", &beyond)]).await;
        assert_eq!(response.status(), 416);
        assert_eq!(header(&response, "content-range"), format!("bytes */{len}"));
        for headers in [
            [("range", "bytes=5-3"), ("x", "")],
            [("range", "bytes=0-1"), ("if-range", "\"other\"")],
        ] {
            let response = world.get_with(&path, &headers).await;
            assert_eq!(response.status(), 200);
            assert_eq!(response.bytes().await.unwrap(), whole);
        }
    }
    // A range across leaves.
    let across = world
        .get_with(
            &format!("/ipfs/{}", dag.text()),
            &[("range", "bytes=1000-3010")],
        )
        .await;
    assert_eq!(across.bytes().await.unwrap(), dag.bytes[1000..3011]);
    // `Range` applies to `GET` only.
    let head = world
        .http
        .head(format!("{}/ipfs/{}", world.url, dag.text()))
        .header("range", "bytes=0-1")
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
    assert_eq!(header(&head, "content-length"), size.to_string());
    let car = world
        .get_with(
            &format!("/ipfs/{}?format=car", dag.text()),
            &[("range", "bytes=0-1")],
        )
        .await;
    assert_eq!(car.status(), 200, "a CAR does not support ranges");
    assert!(size > 0);
}

async fn a_car_has_the_blocks_that_were_asked_for(world: World) {
    let (one, two) = (file(1, 4), small(b"two"));
    let sub = directory(&[("one", &one), ("two", &two)]);
    let dag = directory(&[("copy", &one), ("sub", &sub)]);
    world.put(&dag).await;
    let car = async |tail: &str| {
        let car = world
            .bytes(&format!("/ipfs/{}{tail}", dag.text()), 200)
            .await;
        read_car(&car)
    };
    let mut once = Vec::new();
    for cid in cids(&dag.blocks) {
        if !once.contains(&cid) {
            once.push(cid);
        }
    }
    assert_eq!(car("?format=car").await, once);
    assert_eq!(car("?format=car&car-dups=y").await, cids(&dag.blocks));
    assert_eq!(car("?format=car&dag-scope=block").await, [dag.root]);
    assert_eq!(car("?format=car&dag-scope=entity").await, [dag.root]);
    assert_eq!(
        car("/sub?format=car&dag-scope=entity").await,
        [dag.root, sub.root]
    );
    let path = [vec![dag.root, sub.root], cids(&one.blocks)].concat();
    assert_eq!(car("/sub/one?format=car").await, path);
    assert_eq!(car("/sub/one?format=car&dag-scope=block").await, path[..3]);
    // Each leaf has 1003 bytes.
    for (bytes, leaves) in [
        ("0:*", 1..5),
        ("0:0", 1..2),
        ("1003:2005", 2..3),
        ("-1:*", 4..5),
        ("1002:-2009", 1..3),
        ("-99999:5", 1..2),
        ("3000:99999", 3..5),
        ("2000:-4000", 0..0),
    ] {
        let blocks = car(&format!("/sub/one?format=car&entity-bytes={bytes}")).await;
        let expected: Vec<_> = path[..3]
            .iter()
            .chain(&cids(&one.blocks)[leaves])
            .copied()
            .collect();
        assert_eq!(blocks, expected, "{bytes}");
    }
    world
        .bytes(
            &format!(
                "/ipfs/{}/sub/one?format=car&entity-bytes=99999:*",
                dag.text()
            ),
            400,
        )
        .await;
    // This is not a file, so the parameter is ignored.
    assert_eq!(car("?format=car&entity-bytes=5:6").await, [dag.root]);
    for tail in ["/none?format=car", "/sub/one/x?format=car", "/none"] {
        world
            .bytes(&format!("/ipfs/{}{tail}", dag.text()), 404)
            .await;
    }
}

#[tokio::test]
async fn a_part_that_is_linked_twice_is_sent_for_both() {
    use fluence::content::unixfs::{Child, inner};
    let world = World::new().await;
    // The file links twice to the same part of four leaves. The range covers the end of the first
    // and the beginning of the second.
    let part = file(1, 4);
    let child = Child {
        cid: part.root,
        size: part.size(),
        tsize: part.size(),
    };
    let root = block(DAG_PB, inner(&[child, child]));
    let blocks = [vec![root.clone()], part.blocks.clone()].concat();
    let token = world
        .storage
        .grant(PEER, &root.cid, Some(9000))
        .unwrap()
        .token;
    world
        .import_is(&token, car_of(&root.cid, &blocks), 200)
        .await;
    let part = cids(&part.blocks);
    let last = 3 * 1003;
    for (range, leaves) in [
        (format!("{last}:{}", last + 1003), vec![4, 1]),
        (format!("{last}:*"), vec![4, 1, 2, 3]),
        (format!("0:{}", last + 1003), vec![1, 2, 3, 4]),
        ("0:*".to_owned(), vec![1, 2, 3, 4]),
    ] {
        let path = format!("/ipfs/{}?format=car&entity-bytes={range}", root.cid);
        let leaves = leaves.into_iter().map(|n: usize| part[n]);
        let expected: Vec<_> = [root.cid, part[0]].into_iter().chain(leaves).collect();
        assert_eq!(
            read_car(&world.bytes(&path, 200).await),
            expected,
            "{range}"
        );
    }
}

async fn identity_cids_need_no_storage(world: World) {
    assert_eq!(world.bytes("/ipfs/bafkqaaa?format=raw", 200).await, b"");
    assert_eq!(
        world.bytes("/ipfs/bafkqabtimvwgy3yk", 200).await,
        b"hello\n"
    );
    let car = world.bytes("/ipfs/bafkqabtimvwgy3yk?format=car", 200).await;
    assert_eq!(read_car(&car), []);
    let head = world
        .http
        .head(format!("{}/ipfs/bafkqaaa", world.url))
        .send()
        .await
        .unwrap();
    assert_eq!(head.status(), 200);
    // In a DAG, they take part without a block of their own.
    use fluence::content::unixfs::{Child, inner};
    let hello: fluence::Cid = "bafkqabtimvwgy3yk".parse().unwrap();
    let leaf = block(RAW, b"world".to_vec());
    let child = |cid, size| Child {
        cid,
        size,
        tsize: size,
    };
    let root = block(DAG_PB, inner(&[child(hello, 6), child(leaf.cid, 5)]));
    let token = world
        .storage
        .grant(PEER, &root.cid, Some(11))
        .unwrap()
        .token;
    let blocks = [root.clone(), leaf];
    world
        .import_is(&token, car_of(&root.cid, &blocks), 200)
        .await;
    assert_eq!(world.storage.dag_state(&root.cid), Some(true));
    assert_eq!(
        world.bytes(&format!("/ipfs/{}", root.cid), 200).await,
        b"hello\nworld"
    );
    let car = world
        .bytes(&format!("/ipfs/{}?format=car", root.cid), 200)
        .await;
    assert_eq!(read_car(&car), cids(&blocks));
}

async fn a_node_need_not_be_of_unixfs(world: World) {
    let leaf = block(RAW, b"leaf".to_vec());
    let cid = leaf.cid.to_bytes();
    // A dag-pb node with a link and no data.
    let mut node = vec![0x12, cid.len() as u8 + 2, 0x0a, cid.len() as u8];
    node.extend(cid);
    let root = block(DAG_PB, node);
    let blocks = [root.clone(), leaf];
    let token = world.storage.grant(PEER, &root.cid, Some(4)).unwrap().token;
    world
        .import_is(&token, car_of(&root.cid, &blocks), 200)
        .await;
    assert_eq!(world.storage.dag_state(&root.cid), Some(true));
    let path = format!("/ipfs/{}", root.cid);
    assert_eq!(
        world.bytes(&format!("{path}?format=raw"), 200).await,
        root.data
    );
    for (scope, end) in [
        ("", 2),
        ("&dag-scope=entity", 1),
        ("&dag-scope=block", 1),
        ("&entity-bytes=0:*", 1),
    ] {
        let car = world.bytes(&format!("{path}?format=car{scope}"), 200).await;
        assert_eq!(read_car(&car), cids(&blocks[..end]), "{scope}");
    }
    let plain = world.bytes(&path, 400).await;
    assert!(String::from_utf8(plain).unwrap().contains("not UnixFS"));
}

async fn data_has_the_format_of_its_codec(world: World) {
    const FORMS: [(u64, &str, &str); 4] = [
        (0x0200, "json", "json"),
        (0x0129, "dag-json", "json"),
        (0x51, "cbor", "cbor"),
        (0x71, "dag-cbor", "cbor"),
    ];
    for (codec, form, plain) in FORMS {
        let data: &[u8] = if plain == "json" { b"{}" } else { &[0xa0] };
        let one = block(codec, data);
        let token = world.storage.grant(PEER, &one.cid, Some(2)).unwrap().token;
        world
            .import_is(&token, car_of(&one.cid, std::slice::from_ref(&one)), 200)
            .await;
        let path = format!("/ipfs/{}", one.cid);
        let mime = |form: &str| match form {
            "json" | "cbor" => format!("application/{form}"),
            _ => format!("application/vnd.ipld.{form}"),
        };
        for (_, asked, _) in FORMS {
            let queried = world.get(&format!("{path}?format={asked}")).await;
            let accept = [("accept", mime(asked))];
            let accept = accept
                .each_ref()
                .map(|(name, value)| (*name, value.as_str()));
            let accepted = world.get_with(&path, &accept).await;
            let fits = asked == form || asked == plain;
            for response in [&queried, &accepted] {
                let status = if fits { 200 } else { 406 };
                assert_eq!(response.status(), status, "{asked} of {form}");
            }
            if fits {
                let kind = if plain == "json" {
                    "inline"
                } else {
                    "attachment"
                };
                for (name, value) in [
                    ("content-type", mime(asked)),
                    ("etag", format!("\"{}.{asked}\"", one.cid)),
                    (
                        "content-disposition",
                        format!("{kind}; filename=\"{}.{plain}\"", one.cid),
                    ),
                ] {
                    assert_eq!(header(&queried, name), value, "{asked} of {form}");
                }
                let location = format!("{path}?format={asked}");
                assert_eq!(header(&accepted, "content-location"), location);
                assert_eq!(queried.bytes().await.unwrap(), data);
            }
        }
        let own = world.get(&path).await;
        assert_eq!(header(&own, "content-type"), mime(form));
        // A browser gets a page for data with links.
        let page = world.get_with(&path, &[("accept", "text/html,*/*;q=0.8")]);
        let page = page.await;
        if form == plain {
            assert_eq!(header(&page, "content-type"), mime(form));
        } else {
            assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
            assert!(header(&page, "content-security-policy").contains("sandbox"));
            let page = page.text().await.unwrap();
            assert!(page.contains(&format!("{path}?format={form}")), "{page}");
        }
    }
    // A file may be requested as plain JSON or CBOR, but not as a format with links.
    let file = small(b"{\"a\": 1}");
    world.put(&file).await;
    let path = format!("/ipfs/{}", file.text());
    let said = world.get(&format!("{path}?format=json")).await;
    assert_eq!(header(&said, "content-type"), "application/json");
    world.bytes(&format!("{path}?format=dag-json"), 406).await;
    let plain = world
        .get_with(&path, &[("accept", "application/json")])
        .await;
    assert_eq!(header(&plain, "etag"), format!("\"{}\"", file.text()));
    assert_eq!(header(&plain, "content-location"), "");
}

async fn any_form_of_a_cid_is_the_same_dag(world: World) {
    let dag = file(1, 3);
    world.put(&dag).await;
    let v1 = fluence::Cid::new_v1(dag.root.codec(), *dag.root.hash());
    let base58 = v1
        .to_string_of_base(cid::multibase::Base::Base58Btc)
        .expect("any base is allowed");
    for form in [dag.text(), v1.to_string(), base58] {
        let path = format!("/ipfs/{form}");
        assert_eq!(world.bytes(&path, 200).await, dag.bytes, "{form}");
    }
}

#[tokio::test]
async fn sharded_directories_are_walked() {
    use fluence::content::unixfs::{Child, hamt_hash, hamt_shard};
    let world = World::new().await;
    // There are two levels: all names in the slot of the first name are in a shard of their own.
    let names: Vec<String> = (0..2000).map(|n| format!("file {n}.txt")).collect();
    let slot = |name: &str, level: usize| hamt_hash(name.as_bytes())[level];
    let first = slot(&names[0], 0);
    let mut inside: Vec<&String> = names.iter().filter(|n| slot(n, 0) == first).collect();
    inside.sort_by_key(|name| slot(name, 1));
    inside.dedup_by_key(|name| slot(name, 1));
    let other = names
        .iter()
        .find(|name| slot(name, 0) != first)
        .expect("of 2000");
    let leaf = |name: &str| small(name.as_bytes());
    let child = |dag: &Dag| dag.child();
    let below = block(
        DAG_PB,
        hamt_shard(
            inside
                .iter()
                .map(|name| (slot(name, 1), name.as_str(), child(&leaf(name)))),
        ),
    );
    let shard = Child {
        cid: below.cid,
        size: 0,
        tsize: 0,
    };
    let mut slots = vec![
        (first, "", shard),
        (slot(other, 0), other.as_str(), child(&leaf(other))),
    ];
    slots.sort_by_key(|(slot, ..)| *slot);
    let root = block(DAG_PB, hamt_shard(slots));
    let mut blocks = vec![root.clone(), below.clone()];
    let mut files: Vec<&String> = inside.clone();
    files.push(other);
    blocks.extend(files.iter().map(|name| leaf(name).blocks[0].clone()));
    let token = world
        .storage
        .grant(PEER, &root.cid, Some(1000))
        .unwrap()
        .token;
    world
        .import_is(&token, car_of(&root.cid, &blocks), 200)
        .await;
    let base = format!("/ipfs/{}", root.cid);
    for name in &files {
        let path = format!("{base}/{}", name.replace(' ', "%20"));
        assert_eq!(world.bytes(&path, 200).await, name.as_bytes());
    }
    world.bytes(&format!("{base}/none"), 404).await;
    let deep = format!("{base}/{}?format=car", inside[0].replace(' ', "%20"));
    let path = [root.cid, below.cid, leaf(inside[0]).root];
    assert_eq!(read_car(&world.bytes(&deep, 200).await), path);
    let entity = world
        .bytes(&format!("{base}?format=car&dag-scope=entity"), 200)
        .await;
    assert_eq!(read_car(&entity), path[..2]);
    let page = String::from_utf8(world.bytes(&format!("{base}/"), 200).await).unwrap();
    assert!(
        files
            .iter()
            .all(|name| page.contains(&format!(">{name}</a>")))
    );
}

async fn http_2_is_spoken_to_who_begins_with_it(world: World) {
    let dag = file(1, 200);
    world.put(&dag).await;
    let http = reqwest::Client::builder()
        .http2_prior_knowledge()
        .build()
        .unwrap();
    let get = || async {
        let response = http
            .get(format!("{}/ipfs/{}", world.url, dag.text()))
            .send()
            .await
            .unwrap();
        assert_eq!(response.version(), reqwest::Version::HTTP_2);
        response.bytes().await.unwrap()
    };
    for bytes in futures::future::join_all((0..10).map(|_| get())).await {
        assert_eq!(bytes, dag.bytes);
    }
    // A response that cannot be completed breaks off over HTTP/2 too.
    let part = file(2, 10);
    let token = world.token(&part);
    world
        .import_is(&token, car_of(&part.root, &part.blocks[..3]), 200)
        .await;
    let broken = http
        .get(format!("{}/ipfs/{}?format=car", world.url, part.text()))
        .send()
        .await
        .unwrap();
    assert!(broken.bytes().await.is_err());
}

async fn pages_of_any_origin_may_read_and_upload(world: World) {
    let preflight = world
        .http
        .request(Method::OPTIONS, format!("{}/api/v0/dag/import", world.url))
        .header("origin", "chrome-extension://abc")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "authorization,content-type",
        )
        .header("access-control-request-private-network", "true")
        .send()
        .await
        .unwrap();
    assert_eq!(preflight.status(), 204);
    assert_eq!(header(&preflight, "access-control-allow-origin"), "*");
    assert_eq!(
        header(&preflight, "access-control-allow-private-network"),
        "true"
    );
    let allowed = header(&preflight, "access-control-allow-headers").to_ascii_lowercase();
    for name in [
        "authorization",
        "content-type",
        "range",
        "cache-control",
        "accept",
    ] {
        assert!(allowed.contains(name), "{name}");
    }
    assert!(header(&preflight, "access-control-allow-methods").contains("POST"));
    // Error responses can be read too.
    let error = world.get("/ipfs/x").await;
    assert_eq!(header(&error, "access-control-allow-origin"), "*");
    let exposed = header(&error, "access-control-expose-headers").to_ascii_lowercase();
    for name in [
        "content-range",
        "content-length",
        "etag",
        "x-ipfs-path",
        "x-ipfs-roots",
    ] {
        assert!(exposed.contains(name), "{name}");
    }
}

#[tokio::test]
async fn health_counts() {
    let world = World::new().await;
    let dag = file(1, 4);
    world.put(&dag).await;
    world
        .bytes(&format!("/ipfs/{}?format=car", dag.text()), 200)
        .await;
    let health = world
        .bytes(&format!("/healthz?cid={}", dag.text()), 200)
        .await;
    let health: serde_json::Value = serde_json::from_slice(&health).unwrap();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["dag"]["received_blocks"], 5);
    assert_eq!(health["dag"]["complete"], true);
    assert!(health["dag"]["served_blocks"].as_u64() >= Some(5));
    assert_eq!(
        health["counters"]["received_bytes"],
        health["storage"]["bytes"]
    );
    let bare = world.bytes("/healthz", 200).await;
    assert!(!String::from_utf8(bare).unwrap().contains(&dag.text()));
}

#[tokio::test]
async fn the_page_for_web_links_runs_nothing_but_its_own_program() {
    let world = World::new().await;
    let page = world.get("/").await;
    // It is built by `cargo xtask build`, before which a node says so.
    if page.status() == 404 {
        let said = page.text().await.unwrap();
        assert!(said.contains("cargo xtask build"), "{said}");
        return;
    }
    assert_eq!(page.status(), 200);
    assert_eq!(header(&page, "content-type"), "text/html; charset=utf-8");
    for path in [
        "/",
        "/page/start.js",
        "/page/worker.js",
        "/page/page.js",
        "/page/page_bg.wasm",
        "/page/page.css",
        "/page/words.js",
        "/page/words.ar.txt",
    ] {
        let part = world.get(path).await;
        assert_eq!(part.status(), 200, "{path}");
        let policy = header(&part, "content-security-policy").to_owned();
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"));
        for no in [
            "unsafe-inline",
            "'unsafe-eval'",
            "*",
            "http:",
            "https:",
            "data:",
        ] {
            assert!(!policy.contains(no), "{policy}");
        }
        assert_eq!(header(&part, "x-content-type-options"), "nosniff");
        assert_eq!(header(&part, "referrer-policy"), "no-referrer");
        let scope = part.headers().get("service-worker-allowed");
        let scope = scope.map(|scope| scope.to_str().unwrap());
        assert_eq!(scope, (path == "/page/worker.js").then_some("/"), "{path}");
        let tag = header(&part, "etag").to_owned();
        let again = world.get_with(path, &[("if-none-match", &tag)]).await;
        assert_eq!(again.status(), 304, "{path}");
    }
    for path in ["/page/", "/page/../ipfs", "/page/other.js", "/page/a/b"] {
        assert_eq!(world.get(path).await.status(), 404, "{path}");
    }
}

#[tokio::test]
async fn no_file_becomes_a_program_of_the_page_of_web_links() {
    let world = World::new().await;
    let script = small(b"document.title = 'mine'");
    world.put(&script).await;
    let path = format!("/ipfs/{}?filename=a.js", script.text());
    for (site, dest, status) in [
        ("same-origin", "script", 403),
        ("same-origin", "worker", 403),
        ("same-origin", "serviceworker", 403),
        // The page itself reads it, a person opens it, and a page of another origin may use it as it likes.
        ("same-origin", "empty", 200),
        ("none", "document", 200),
        ("cross-site", "script", 200),
    ] {
        let headers = [("sec-fetch-site", site), ("sec-fetch-dest", dest)];
        let response = world.get_with(&path, &headers).await;
        assert_eq!(response.status(), status, "{site} {dest}");
    }
}

#[tokio::test]
async fn a_list_of_nodes_is_for_programs_and_extensions() {
    const LIST: &str = "/.well-known/fluence-nodes";
    let mut setup = Setup::default();
    let addresses = [
        "/ip4/127.0.0.1/tcp/4102/ws/p2p/12D3KooW",
        "/ip4/192.0.2.7/tcp/4102/ws/p2p/12D3KooW",
        "/dns4/node.example/tcp/443/tls/ws/p2p/12D3KooW",
    ];
    let listed = addresses.map(str::to_owned).to_vec();
    setup.gateway.nodes = Some(Arc::new(move || std::future::ready(listed.clone()).boxed()));
    let world = World::with(setup).await;
    let listed = async |headers: &[(&str, &str)]| {
        let response = world.get_with(LIST, headers).await;
        assert_eq!(response.status(), 200, "{headers:?}");
        let text = response.text().await.unwrap();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let local = ["/ip4/127.0.0.1/tcp/4102/ws/p2p/12D3KooW"];
    let named = ["/dns4/node.example/tcp/443/tls/ws/p2p/12D3KooW"];
    assert_eq!(listed(&[]).await, local);
    assert_eq!(listed(&[("host", "localhost:4180")]).await, local);
    assert_eq!(listed(&[("host", "node.example")]).await, named);
    // It is behind an address that it does not know.
    assert_eq!(listed(&[("host", "198.51.100.9:80")]).await.len(), 2);
    // A page whose own name leads here by now learns nothing but that name.
    assert!(listed(&[("host", "tracker.example")]).await.is_empty());
    let extension = ("origin", "chrome-extension://abcdef");
    let response = world.get_with(LIST, &[extension]).await;
    assert_eq!(
        header(&response, "access-control-allow-origin"),
        extension.1
    );
    for page in [
        ("origin", "https://tracker.example"),
        ("origin", "null"),
        ("origin", "https://x-extension.example"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let response = world.get_with(LIST, &[page]).await;
        assert_eq!(response.status(), 403, "{page:?}");
        assert_eq!(header(&response, "access-control-allow-origin"), "");
    }
}

#[tokio::test]
async fn no_web_page_learns_which_node_it_is() {
    let mut setup = Setup::default();
    let peer = || {
        [("peer".to_owned(), "12D3KooW".into())]
            .into_iter()
            .collect()
    };
    setup.gateway.health = Some(std::sync::Arc::new(peer));
    let world = World::with(setup).await;
    let tells = async |headers: &[(&str, &str)]| {
        let response = world.get_with("/healthz", headers).await;
        // Browsers let no page of another origin read this.
        assert_eq!(header(&response, "access-control-allow-origin"), "");
        let told = response.text().await.unwrap();
        let told: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&told).unwrap();
        // Numbers are as good as an id.
        let is_all = told.contains_key("peer") && told.contains_key("storage");
        assert!(is_all || told.keys().eq(["status", "version"]), "{told:?}");
        is_all
    };
    assert!(tells(&[]).await, "an operator's program");
    assert!(
        tells(&[("sec-fetch-site", "none")]).await,
        "a person who types the address"
    );
    assert!(tells(&[("host", "localhost:4180")]).await);
    assert!(tells(&[("host", "[::1]:4180")]).await);
    for page in [
        ("origin", "https://tracker.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        // A page whose own name leads here by now has the origin of this server.
        ("host", "tracker.example:4180"),
        ("host", "127.0.0.1.tracker.example"),
    ] {
        assert!(!tells(&[page]).await, "{page:?}");
    }
    let preflight = world
        .http
        .request(Method::OPTIONS, format!("{}/healthz", world.url))
        .header("origin", "https://tracker.example");
    let preflight = preflight.send().await.unwrap();
    assert_eq!(header(&preflight, "access-control-allow-origin"), "");
}
