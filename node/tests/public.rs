//! A node whose operator lets it look in the public IPFS, and what hostile routers and gateways can do about it.

mod support;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use support::{Fluence, World, bytes, fluence, get};

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

#[test]
fn hostile_routers_and_gateways_do_not_keep_a_file_away() {
    // A node that has the file, and that nobody shares it with any more.
    let world = World::new();
    let path = world.file("public.bin", 300_000);
    let (mut share, link) = world.share("alice", &[path.as_os_str()]);
    let cid = link.trim_start_matches("fluence:");
    let out = world.path("out");
    std::fs::create_dir(&out).unwrap();
    let fetch = world.client("bob", "fetch", &[cid, "-o", out.to_str().unwrap()]);
    fetch.event("fetched");
    fetch.succeeds();
    share.kill();

    let refuses = answers("503 Busy", "text/plain", b"later".to_vec());
    let car = "application/vnd.ipld.car; version=1; order=dfs; dups=y";
    let lies = answers("200 OK", car, b"\x00no CAR at all".to_vec());
    let silent = server(|stream| {
        thread::sleep(Duration::from_secs(60));
        drop(stream);
    });
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
    // Nobody may upload here, which does not concern what the node fetches itself.
    let nobody = world.path("nobody");
    std::fs::write(&nobody, "").unwrap();
    let mut command = fluence(&world.path("other"));
    command.args([
        "node",
        "--listen-tcp",
        "127.0.0.1:0",
        "--listen-ws",
        "127.0.0.1:0",
        "--listen-http",
        "127.0.0.1:0",
        "--public",
        "--public-routers",
        &routers,
        "--public-gateways",
        &world.http,
        "--uploads-from",
        nobody.to_str().unwrap(),
    ]);
    let other = Fluence::start(&mut command);
    let http = other.event("listening")["http"]
        .as_str()
        .unwrap()
        .to_owned();
    let (status, body) = get(&http, &format!("/ipfs/{cid}"));
    assert_eq!(status, 200, "{}", other.story());
    assert!(body == bytes(300_000), "{} other bytes", body.len());
}
