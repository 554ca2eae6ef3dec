//! A node whose operator lets it look in the public IPFS, and what hostile routers and gateways can do about it.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use support::{Fluence, LONG, World, bytes, fluence, get, output, request, start_node};

/// A server that does this with each connection; returns its port. It ends with the test.
fn server(with: impl Fn(TcpStream) + Clone + Send + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let with = with.clone();
            thread::spawn(move || with(stream));
        }
    });
    port
}

/// A server that answers everything with this status, type and body.
fn answers(status: &'static str, kind: &'static str, body: Vec<u8>) -> u16 {
    server(move |mut stream| {
        let mut request = [0; 4096];
        // Requests without a body come at once.
        let _ = stream.read(&mut request);
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&body);
    })
}

/// Starts another node that asks these routers and gateways.
fn looks_publicly(world: &World, routers: &str, gateways: &str) -> Fluence {
    // Nobody may upload here, which does not concern what the node fetches itself.
    let nobody = world.path("nobody");
    std::fs::write(&nobody, "").unwrap();
    let nobody = nobody.to_str().unwrap();
    let options = ["--public", "--public-routers", routers, "--public-gateways"];
    let options = [&options[..], &[gateways, "--uploads-from", nobody]].concat();
    start_node(&world.path("other"), &options)
}

/// A node that has a file, which nobody shares any more; returns the file's CID.
fn holds_public_file() -> (World, String) {
    let world = World::new();
    let path = world.file("public.bin", 300_000);
    let (mut share, link) = world.share("alice", &[path.as_os_str()]);
    let cid = link.trim_start_matches("fluence:").to_owned();
    world.fetch("bob", &link);
    share.kill();
    (world, cid)
}

/// A server that says nothing for as long as the test lasts.
fn silent() -> u16 {
    server(|stream| {
        thread::sleep(LONG);
        drop(stream);
    })
}

#[test]
fn hostile_routers_and_gateways_do_not_keep_a_file_away() {
    let (world, cid) = holds_public_file();
    let refuses = answers("503 Busy", "text/plain", b"later".to_vec());
    let car = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
    let lies = answers("200 OK", car, b"\x00no CAR at all".to_vec());
    let silent = silent();
    let listed: Vec<String> = [refuses, silent, lies, lies]
        .map(|port| {
            format!(
                r#"{{"Schema":"peer","ID":"x","Protocols":["transport-ipfs-gateway-http"],"Addrs":["/ip4/127.0.0.1/tcp/{port}/http"]}}"#
            )
        })
        .to_vec();
    let listed = format!(r#"{{"Providers":[7,{}]}}"#, listed.join(","));
    let router = answers("200 OK", "application/json", listed.into_bytes());
    let endless = server(|mut stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n");
        while stream.write_all(&[b' '; 4096]).is_ok() {}
    });
    let routers = format!("http://127.0.0.1:{endless} http://127.0.0.1:{router}");
    let other = looks_publicly(&world, &routers, &world.http);
    let http = other.event("listening")["http"]
        .as_str()
        .unwrap()
        .to_owned();
    let (status, body) = get(&http, &format!("/ipfs/{cid}"));
    assert_eq!(status, 200, "{}", other.story());
    assert!(body == bytes(300_000), "{} other bytes", body.len());
}

#[test]
fn answers_of_hostile_routers_cost_one_request_each_and_nothing_else() {
    let (world, cid) = holds_public_file();
    let asked = Arc::new(AtomicUsize::new(0));
    // A router that answers like this, for each of which the requests are counted.
    let router = |answer: fn(TcpStream)| {
        let asked = Arc::clone(&asked);
        server(move |mut stream| {
            asked.fetch_add(1, Ordering::Relaxed);
            let _ = stream.read(&mut [0; 4096]);
            answer(stream);
        })
    };
    let routers: [fn(TcpStream); 5] = [
        // Lines without end.
        |mut stream| {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n";
            let _ = stream.write_all(head.as_bytes());
            let line = b"{\"Schema\":\"peer\",\"ID\":\"x\",\"Addrs\":[]}\n";
            while stream.write_all(line).is_ok() {}
        },
        // A byte in a while.
        |mut stream| {
            let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n";
            let _ = stream.write_all(head.as_bytes());
            while stream.write_all(b" ").is_ok() {
                thread::sleep(Duration::from_millis(200));
            }
        },
        // A redirect to itself, which nobody follows.
        |mut stream| {
            let own = stream.local_addr().unwrap();
            let head = format!(
                "HTTP/1.1 302 Found\r\nLocation: http://{own}/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            let _ = stream.write_all(head.as_bytes());
        },
        // Lists in lists in lists.
        |mut stream| {
            let head =
                "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n";
            let _ = stream.write_all(head.as_bytes());
            let _ = stream.write_all(&[b'['; 200_000]);
        },
        // A length that would not fit into anything.
        |mut stream| {
            let head = "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n{";
            let _ = stream.write_all(head.as_bytes());
            thread::sleep(LONG);
        },
    ];
    let count = routers.len();
    let routers = routers.map(|answer| format!("http://127.0.0.1:{}", router(answer)));
    let other = looks_publicly(&world, &routers.join(" "), &world.http);
    let listening = other.event("listening");
    let http = listening["http"].as_str().unwrap();
    let before = status_of(&world)["memory_bytes"].as_u64().unwrap();
    let (status, body) = get(http, &format!("/ipfs/{cid}"));
    assert_eq!(status, 200, "{}", other.story());
    assert!(body == bytes(300_000), "{} other bytes", body.len());
    assert_eq!(asked.load(Ordering::Relaxed), count);
    let after = status_of(&world)["memory_bytes"].as_u64().unwrap();
    assert!(
        after < before + 64 * 1024 * 1024,
        "{before} to {after} bytes"
    );
}

/// What a node that [looks publicly](looks_publicly) says of itself.
fn status_of(world: &World) -> serde_json::Value {
    let status = output(fluence(&world.path("other")).args(["node", "status"]));
    serde_json::from_slice(&status.stdout).unwrap()
}

#[test]
fn what_routers_do_not_say_does_not_keep_away_what_the_operator_named() {
    let (world, cid) = holds_public_file();
    // As many as would use up any patience one after the other.
    let routers = vec![format!("http://127.0.0.1:{}", silent()); 7].join(" ");
    let other = looks_publicly(&world, &routers, &world.http);
    let listening = other.event("listening");
    let http = listening["http"].as_str().unwrap();
    let (status, body) = get(http, &format!("/ipfs/{cid}"));
    assert_eq!(status, 200, "{}", other.story());
    assert!(body == bytes(300_000), "{} other bytes", body.len());
}

#[test]
fn a_gateway_that_falls_silent_is_followed_by_the_next_while_somebody_waits() {
    let (world, cid) = holds_public_file();
    let falls_silent = server(|mut stream| {
        let mut request = [0; 4096];
        let read = stream.read(&mut request).unwrap_or_default();
        if request[..read].starts_with(b"HEAD") {
            let _ = stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
            return;
        }
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.ipld.car\r\nContent-Length: 300000\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
        thread::sleep(LONG);
    });
    let gateways = format!("http://127.0.0.1:{falls_silent} {}", world.http);
    let no_router = format!(
        "http://127.0.0.1:{}",
        answers("404 Not Found", "text/plain", Vec::new())
    );
    let other = looks_publicly(&world, &no_router, &gateways);
    let listening = other.event("listening");
    let http = listening["http"].as_str().unwrap();
    // Whether it is there is told without fetching it.
    let (status, _) = request("HEAD", http, &format!("/ipfs/{cid}"), "");
    assert_eq!(status, 200, "{}", other.story());
    let (status, _) = request(
        "HEAD",
        http,
        "/ipfs/bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku",
        "",
    );
    assert_eq!(status, 404, "{}", other.story());
    let (status, body) = get(http, &format!("/ipfs/{cid}"));
    assert_eq!(status, 200, "{}", other.story());
    assert!(body == bytes(300_000), "{} other bytes", body.len());
    // What it has fetched itself is a part of its traffic.
    let status = status_of(&world);
    assert!(
        status["received_bytes"].as_u64().unwrap() >= 300_000,
        "{status}"
    );
}
