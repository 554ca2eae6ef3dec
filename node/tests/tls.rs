//! A node that serves WebSocket, the gateway and the storage on one port with TLS, and one behind a
//! proxy.

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use serde_json::Value;
use support::{Fluence, LONG, World, bytes, fluence, get, output, start_node};
use tokio_rustls::rustls;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
    StreamOwned,
};

/// An authority that nobody trusts by default, and the files of a certificate that it has issued.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    directory: PathBuf,
}

impl Authority {
    fn new(directory: &Path) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let own = params.self_signed(&key).unwrap();
        fs::create_dir_all(directory).unwrap();
        fs::write(directory.join("ca.pem"), own.pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            directory: directory.to_owned(),
        }
    }

    /// The path of a file.
    fn path(&self, name: &str) -> String {
        self.directory.join(name).to_str().unwrap().to_owned()
    }

    /// Issues a certificate for this machine that ends with this year; returns its bytes.
    fn issue(&self, until: i32) -> Vec<u8> {
        self.issue_for(&["127.0.0.1"], until)
    }

    /// The same for other names.
    fn issue_for(&self, names: &[&str], until: i32) -> Vec<u8> {
        self.issue_as(names, |params| {
            params.not_after = date_time_ymd(until, 1, 1)
        })
    }

    /// Issues a certificate that ends in so many seconds.
    fn issue_in(&self, seconds: u64) -> Vec<u8> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let until = date_time_ymd(1970, 1, 1) + now + Duration::from_secs(seconds);
        self.issue_as(&["127.0.0.1"], |params| params.not_after = until)
    }

    fn issue_as(&self, names: &[&str], set: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        set(&mut params);
        let issued = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
        fs::write(self.path("cert.pem"), issued.pem()).unwrap();
        issued.der().to_vec()
    }

    /// The options of a node that has the certificate.
    fn options(&self) -> [String; 6] {
        [
            "--listen-tls".to_owned(),
            "127.0.0.1:0".to_owned(),
            "--tls-cert".to_owned(),
            self.path("cert.pem"),
            "--tls-key".to_owned(),
            self.path("key.pem"),
        ]
    }

    /// A connection with TLS to a URL, for HTTP/1.1.
    fn connect(&self, url: &str) -> StreamOwned<ClientConnection, TcpStream> {
        self.connect_after(url, b"")
    }

    /// The same, with these bytes before TLS begins.
    fn connect_after(&self, url: &str, first: &[u8]) -> StreamOwned<ClientConnection, TcpStream> {
        let mut roots = RootCertStore::empty();
        let own = CertificateDer::from_pem_file(self.path("ca.pem")).unwrap();
        roots.add(own).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut socket = TcpStream::connect(url.trim_start_matches("https://")).unwrap();
        socket.write_all(first).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        StreamOwned::new(connection, socket)
    }
}

/// Asks for a path on a connection that stays open; returns the answer, which has a length.
fn ask(stream: &mut (impl Read + Write), path: &str) -> (String, Vec<u8>) {
    write!(stream, "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head.split("content-length: ").nth(1).unwrap();
    let length = length.split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    (head, body)
}

fn refs(options: &[String]) -> Vec<&str> {
    options.iter().map(String::as_str).collect()
}

#[test]
fn everything_is_served_on_one_port_with_tls() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(&directory.path().join("tls"));
    let first = authority.issue(3000);
    let denied = authority.path("denied");
    fs::write(&denied, "").unwrap();
    let own = authority.options();
    let options = [&refs(&own)[..], &["--deny-peers", &denied]].concat();
    let node = start_node(&directory.path().join("node"), &options);
    let listening = node.event("listening");
    let url = listening["url"].as_str().unwrap();
    assert!(url.starts_with("https://127.0.0.1:"), "{listening}");
    let addresses = listening["addresses"].as_array().unwrap().iter();
    let secure = addresses
        .filter_map(Value::as_str)
        .find(|a| a.contains("/tls/ws"));
    let secure = secure.unwrap_or_else(|| panic!("{listening}"));
    let ca = authority.path("ca.pem");
    let client = |state: &str, args: &[&str]| {
        let mut command = fluence(&directory.path().join(state));
        command.args(args).args(["--node", secure]);
        command
    };

    // Who does not know the authority does not connect.
    let stranger = output(&mut client(
        "dave",
        &["call", "IPFS_multiaddr", "--wait", "2"],
    ));
    assert_eq!(stranger.status.code(), Some(4), "{stranger:?}");

    // The peer comes over WebSocket, and the upload and the download over HTTP.
    let path = directory.path().join("a");
    fs::write(&path, bytes(3_000_000)).unwrap();
    let share = ["share", path.to_str().unwrap(), "--ca", &ca];
    let share = Fluence::start(&mut client("alice", &share));
    let link = share.event("shared")["link"].as_str().unwrap().to_owned();
    let out = directory.path().join("out");
    let fetch = ["fetch", &link, "--ca", &ca, "-o", out.to_str().unwrap()];
    Fluence::start(&mut client("bob", &fetch)).succeeds();
    assert!(fs::read(&out).unwrap() == bytes(3_000_000));
    share.event("upload_ended");

    // The gateway, on a connection that outlives the certificate with which it began.
    let mut old = authority.connect(url);
    let cid = link.trim_start_matches("fluence:");
    let (head, body) = ask(&mut old, &format!("/ipfs/{cid}"));
    assert!(
        head.starts_with("http/1.1 200") && body == bytes(3_000_000),
        "{head}"
    );
    let presented = |stream: &StreamOwned<ClientConnection, TcpStream>| {
        stream.conn.peer_certificates().unwrap()[0].to_vec()
    };
    assert_eq!(presented(&old), first);
    let second = authority.issue(3001);
    node.signal("HUP");
    let end = Instant::now() + LONG;
    loop {
        let mut new = authority.connect(url);
        ask(&mut new, "/healthz");
        if presented(&new) == second {
            break;
        }
        assert!(Instant::now() < end, "{}", node.story());
    }
    assert!(ask(&mut old, "/healthz").0.starts_with("http/1.1 200"));

    // What cannot be used does not take its place, and the log says why. The lists have nothing to do with it.
    fs::write(authority.path("cert.pem"), "nonsense").unwrap();
    let bob = output(fluence(&directory.path().join("bob")).arg("id"));
    let bob: Value = serde_json::from_slice(&bob.stdout).unwrap();
    fs::write(&denied, bob["peer"].as_str().unwrap()).unwrap();
    node.signal("HUP");
    while !node.story().contains("has no certificate") {
        assert!(Instant::now() < end, "{}", node.story());
        std::thread::yield_now();
    }
    let mut new = authority.connect(url);
    ask(&mut new, "/readyz");
    assert_eq!(presented(&new), second);
    let call = ["call", "IPFS_multiaddr", "--wait", "2", "--ca", &ca];
    let bob = output(&mut client("bob", &call));
    assert!(matches!(bob.status.code(), Some(3 | 4)), "{bob:?}");
    // Nobody else was disconnected by any of it.
    let story = share.story();
    assert!(!story.contains("offline"), "{story}");
    node.terminate();
    node.event("stopped");
}

#[test]
fn what_is_wrong_with_tls_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path());
    let state = directory.path().join("node");
    let fails = |options: &[String]| {
        let (code, error) = start_node(&state, &refs(options)).fails();
        (code, error.to_string())
    };
    let options = authority.options();
    let (code, missing) = fails(&options);
    assert!(
        code == 1 && missing.contains("cert.pem cannot be read"),
        "{missing}"
    );
    authority.issue(2010);
    let (code, expired) = fails(&options);
    assert!(
        code == 1 && expired.contains("valid until 2010-01-01"),
        "{expired}"
    );
    authority.issue(3000);
    let key = KeyPair::generate().unwrap().serialize_pem();
    fs::write(authority.path("key.pem"), key).unwrap();
    let (code, mismatched) = fails(&options);
    assert!(
        code == 1 && mismatched.contains("does not belong"),
        "{mismatched}"
    );
    let (code, half) = fails(&options[..4]);
    assert!(code == 2 && half.contains("--tls-key"), "{half}");
    for name in [
        "*.example.org",
        "127.0.0.1",
        "https://node.example.org",
        "node",
    ] {
        let (code, domain) = fails(&["--domain".to_owned(), name.to_owned()]);
        assert!(code == 2 && domain.contains("not a host name"), "{domain}");
    }
    let both = [
        &options[..],
        &["--domain".to_owned(), "node.example.org".to_owned()],
    ]
    .concat();
    assert_eq!(fails(&both).0, 2);
    let (code, other) = fails(&["--ca".to_owned(), authority.path("key.pem")]);
    assert!(code == 1 && other.contains("--ca"), "{other}");
}

/// How a proxy says for whom it asks.
#[derive(Clone, Copy)]
enum Says {
    /// In a header of HTTP.
    Forwarded,
    /// With the PROXY protocol, version 1 and 2.
    Text,
    Binary,
    /// With the PROXY protocol, which does not name the client here.
    Unknown,
}

/// What a proxy writes first for this client.
fn preamble(says: Says, client: &str) -> Vec<u8> {
    match says {
        Says::Forwarded => Vec::new(),
        Says::Unknown => b"PROXY UNKNOWN\r\n".to_vec(),
        Says::Text => format!("PROXY TCP4 {client} 127.0.0.1 4711 80\r\n").into_bytes(),
        Says::Binary => {
            let ip: std::net::Ipv4Addr = client.parse().unwrap();
            let mut header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c".to_vec();
            header.extend(ip.octets());
            header.extend([127, 0, 0, 1, 0x12, 0x67, 0, 80]);
            header
        }
    }
}

/// A proxy before a port that says for whom it asks; returns its port.
fn proxy(to: &str, client: &'static str, says: Says) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let to = to.trim_start_matches("http://").to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, mut node) = (stream.unwrap(), TcpStream::connect(&to).unwrap());
            std::thread::spawn(move || {
                node.write_all(&preamble(says, client)).unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    head.extend(byte);
                }
                head.truncate(head.len() - 2);
                // With the PROXY protocol, this is what a client has written.
                let named = match says {
                    Says::Forwarded => client,
                    Says::Text | Says::Binary | Says::Unknown => "6.6.6.7",
                };
                write!(head, "X-Forwarded-For: 6.6.6.6, {named}\r\n\r\n").unwrap();
                node.write_all(&head).unwrap();
                let (mut from, mut back) = (stream.try_clone().unwrap(), node.try_clone().unwrap());
                std::thread::spawn(move || std::io::copy(&mut from, &mut node));
                let _ = std::io::copy(&mut back, &mut stream);
                let _ = stream.shutdown(std::net::Shutdown::Both);
            });
        }
    });
    port
}

/// The calls of a client: more than may be made at once and in the time that they take, however slow the machine is.
const CALLS: usize = 24;

/// How many of so many calls through a proxy that asks for this client are answered.
fn answered(world: &World, client: &'static str, says: Says) -> usize {
    let node = format!("/ip4/127.0.0.1/tcp/{}/ws", proxy(&world.http, client, says));
    let call = |n: usize| {
        let state = world.path(&format!("{client}-{n}"));
        let mut command = fluence(&state);
        Fluence::start(command.args(["call", "IPFS_multiaddr", "{}", "--node", &node]))
    };
    let calls: Vec<Fluence> = (0..CALLS).map(call).collect();
    let ended = calls.into_iter().map(|mut call| {
        let (status, said) = call.ends();
        assert!(matches!(status.code(), Some(0 | 6)), "{status}: {said}");
        status.success()
    });
    ended.filter(|answered| *answered).count()
}

#[test]
fn clients_behind_a_trusted_proxy_have_limits_of_their_own() {
    let limits = ["--calls-per-ip-per-second", "1"];
    let trusting = World::with(&[&limits[..], &["--trusted-proxy", "127.0.0.0/8"]].concat());
    // Eight at once, and perhaps a few more meanwhile.
    let first = answered(&trusting, "192.0.2.1", Says::Forwarded);
    assert!((8..CALLS).contains(&first), "{first}");
    let other = answered(&trusting, "192.0.2.2", Says::Forwarded);
    assert!((8..CALLS).contains(&other), "{other}");
    let story = trusting.node.story();
    assert!(story.contains("192.0.2.1 makes more calls"), "{story}");
    assert!(!story.contains("6.6.6.6"), "{story}");
    // A header that anybody may have written says nothing.
    let careful = World::with(&limits);
    assert_eq!(answered(&careful, "192.0.2.1", Says::Forwarded), CALLS);
    assert!(!careful.node.story().contains("192.0.2.1"));
}

/// The answer to a request after these bytes, up to its end; empty if there is none.
fn raw(address: &str, first: &[u8], path: &str) -> String {
    let address = address.trim_start_matches("http://");
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    let request = format!("GET {path} HTTP/1.0\r\nHost: {address}\r\n\r\n");
    // Whoever is refused may see that while it still writes.
    let _ = stream.write_all(&[first, request.as_bytes()].concat());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_trusted_proxy_that_reads_no_http_says_who_connects() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(&directory.path().join("tls"));
    authority.issue(3000);
    let own = authority.options();
    let options = [
        "--calls-per-ip-per-second",
        "1",
        "--trusted-proxy",
        "127.0.0.1",
        "--proxy-protocol",
    ];
    let world = World::with(&[&refs(&own)[..], &options].concat());
    let first = answered(&world, "192.0.2.1", Says::Text);
    assert!((8..CALLS).contains(&first), "{first}");
    let other = answered(&world, "192.0.2.2", Says::Binary);
    assert!((8..CALLS).contains(&other), "{other}");
    // What a client says of itself is not believed either where the proxy says nothing.
    assert_eq!(answered(&world, "192.0.2.3", Says::Unknown), CALLS);
    let story = world.node.story();
    assert!(story.contains("192.0.2.1 makes more calls"), "{story}");
    assert!(!story.contains("6.6.6"), "{story}");

    // Where the proxy does not say it, there is no answer, and its own questions have one.
    let served = |first: &[u8]| raw(&world.http, first, "/healthz").starts_with("HTTP/1.0 200");
    assert!(served(&preamble(Says::Text, "192.0.2.1")));
    assert!(served(&preamble(Says::Binary, "192.0.2.1")));
    assert!(served(b"PROXY UNKNOWN\r\n"));
    assert!(served(b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"));
    assert_eq!(raw(&world.http, b"", "/healthz"), "");
    assert_eq!(raw(&world.http, b"PROXY TCP4 a b 1 2\r\n", "/healthz"), "");
    assert_eq!(
        raw(&world.http, b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff", "/"),
        ""
    );
    let mut silent = TcpStream::connect(world.http.trim_start_matches("http://")).unwrap();
    silent.write_all(b"PROXY TCP4 192.0.2.1 ").unwrap();
    ended(silent);

    // It stands before TLS, too.
    let status = output(fluence(&world.path("node")).args(["node", "status"]));
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let url = status["url"].as_str().unwrap();
    let first = preamble(Says::Binary, "192.0.2.1");
    let (head, _) = ask(&mut authority.connect_after(url, &first), "/healthz");
    assert!(head.starts_with("http/1.1 200"), "{head}");
    let mut bare = authority.connect(url);
    assert!(write!(bare, "GET / HTTP/1.0\r\n\r\n").is_err());
}

#[test]
fn nobody_but_a_trusted_proxy_says_who_connects() {
    let world = World::with(&["--trusted-proxy", "192.0.2.9", "--proxy-protocol"]);
    let answer = |first: &[u8]| raw(&world.http, first, "/healthz");
    assert!(answer(b"").starts_with("HTTP/1.0 200"));
    for says in [Says::Text, Says::Binary] {
        let said = answer(&preamble(says, "192.0.2.1"));
        assert!(!said.contains(" 200 "), "{said}");
    }
    // An option that would do nothing is a mistake.
    let (code, error) = start_node(&world.path("other"), &["--proxy-protocol"]).fails();
    let error = error.to_string();
    assert!(code == 2 && error.contains("--trusted-proxy"), "{error}");
}

#[test]
fn a_web_page_opens_no_web_socket_at_the_port_for_http_unless_it_may() {
    let world = World::with(&["--allow-origins", "https://share.example"]);
    let open = |origin: &str| {
        let headers = format!(
            "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
             Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{origin}"
        );
        let host = world.http.trim_start_matches("http://");
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        write!(stream, "GET / HTTP/1.1\r\nHost: {host}\r\n{headers}\r\n").unwrap();
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        (String::from_utf8_lossy(&status[9..]).into_owned(), stream)
    };
    let (status, silent) = open("");
    assert_eq!(status, "101");
    assert_eq!(open("Origin: moz-extension://0a-1b\r\n").0, "101");
    assert_eq!(open("Origin: https://share.example\r\n").0, "101");
    assert_eq!(open("Origin: https://evil.example\r\n").0, "403");
    assert_eq!(get(&world.http, "/healthz").0, 200);
    // Whoever opens one and says nothing is let go.
    ended(silent);
}

/// Waits until the other side ends a connection.
fn ended(mut stream: TcpStream) {
    stream.set_read_timeout(Some(LONG)).unwrap();
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => {}
        Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "{error}"),
    }
}

#[test]
fn who_does_not_come_to_the_end_of_the_handshake_is_let_go() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(&directory.path().join("tls"));
    authority.issue(3000);
    let node = start_node(&directory.path().join("node"), &refs(&authority.options()));
    let listening = node.event("listening");
    let url = listening["url"].as_str().unwrap();
    let connect = || TcpStream::connect(url.trim_start_matches("https://")).unwrap();
    // Plain HTTP, the beginning of a record that never ends, and nothing at all.
    let mut plain = connect();
    plain
        .write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        .unwrap();
    let mut half = connect();
    half.write_all(&[22, 3, 1, 0x40, 0, 1, 0]).unwrap();
    let began = Instant::now();
    for stream in [plain, half, connect()] {
        ended(stream);
    }
    assert!(began.elapsed() < LONG / 2, "{:?}", began.elapsed());
    assert!(
        ask(&mut authority.connect(url), "/healthz")
            .0
            .starts_with("http/1.1 200")
    );
}

/// The beginning of TLS with a name that a client asks for and the protocols that it speaks; the client takes whatever
/// certificate it gets. Returns the protocol that was agreed on, or that there was no agreement.
fn shake_hands(
    url: &str,
    name: &str,
    protocols: &[&[u8]],
) -> Result<Option<Vec<u8>>, std::io::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody(provider)))
        .with_no_client_auth();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(url.trim_start_matches("https://"))?;
    socket.set_read_timeout(Some(LONG))?;
    while connection.is_handshaking() {
        connection.complete_io(&mut socket)?;
    }
    Ok(connection.alpn_protocol().map(<[u8]>::to_vec))
}

/// Takes everybody for whom they say that they are.
#[derive(Debug)]
struct Anybody(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[test]
fn strange_names_and_protocols_get_no_more_than_others() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(&directory.path().join("tls"));
    authority.issue(3000);
    let node = start_node(&directory.path().join("node"), &refs(&authority.options()));
    let listening = node.event("listening");
    let url = listening["url"].as_str().unwrap();
    // As long as a name can be.
    let long = [&*"a".repeat(63); 3].join(".") + "." + &"b".repeat(61);
    for name in ["127.0.0.1", "::1", "node.example.org", "xn--0", "_", &long] {
        let agreed = shake_hands(url, name, &[b"http/1.1"]);
        assert_eq!(agreed.unwrap().as_deref(), Some(&b"http/1.1"[..]), "{name}");
        // Nothing is to be proven now, to anybody.
        assert!(shake_hands(url, name, &[b"acme-tls/1"]).is_err(), "{name}");
    }
    assert_eq!(shake_hands(url, "a", &[]).unwrap(), None);
    assert!(shake_hands(url, "a", &[b"h3", &[0xff; 255]]).is_err());
    let (head, _) = ask(&mut authority.connect(url), "/healthz");
    assert!(head.starts_with("http/1.1 200"), "{head}");
}

#[cfg(target_os = "linux")]
#[test]
fn a_crowd_that_does_not_come_to_the_end_of_the_handshake_keeps_nobody_away() {
    use std::net::SocketAddr;

    use fluence_cli::platform::raise_file_limit;
    use socket2::{Domain, Socket, Type};
    /// As many connections as there may be, and one address may have three quarters of them.
    const MOST: usize = 1024;
    const CROWD: usize = 2 * MOST;
    raise_file_limit();
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(&directory.path().join("tls"));
    authority.issue(3000);
    let state = directory.path().join("node");
    let (own, most) = (authority.options(), MOST.to_string());
    let options = [&refs(&own)[..], &["--max-http-connections", &most]].concat();
    let node = start_node(&state, &options);
    let listening = node.event("listening");
    let url = listening["url"].as_str().unwrap();
    let to: SocketAddr = url.trim_start_matches("https://").parse().unwrap();
    let status = || {
        let status = output(fluence(&state).args(["node", "status"]));
        serde_json::from_slice::<Value>(&status.stdout).unwrap()
    };
    let memory = |status: &Value| status["memory_bytes"].as_u64().unwrap();
    let before = memory(&status());
    // Each begins a handshake, as far as the length of a long message.
    let mut crowd = Vec::new();
    for _ in 0..CROWD {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let from = SocketAddr::from(([127, 0, 0, 2], 0));
        socket.bind(&from.into()).unwrap();
        socket.connect(&to.into()).unwrap();
        let mut stream = TcpStream::from(socket);
        // Some are shown the door already.
        let _ = stream.write_all(&[22, 3, 1, 0x40, 0, 1, 0, 0x3f, 0xfc]);
        crowd.push(stream);
    }
    // Somebody else is served at once, and everything that they hold together is bounded.
    for _ in 0..20 {
        let (head, _) = ask(&mut authority.connect(url), "/healthz");
        assert!(head.starts_with("http/1.1 200"), "{head}");
    }
    let crowded = status();
    let open = &crowded["http_connections"];
    assert_eq!(open["most"], MOST, "{open}");
    assert!(open["now"].as_u64().unwrap() <= MOST as u64, "{open}");
    let grown = memory(&crowded).saturating_sub(before);
    assert!(grown < 128 * 1024 * 1024, "{grown} bytes more");
    assert!(node.story().contains("127.0.0.2"), "{}", node.story());
    // One who drips goes on for no longer than others.
    let mut dripping = TcpStream::connect(to).unwrap();
    dripping.write_all(&[22, 3, 1, 0x40, 0]).unwrap();
    let end = Instant::now() + LONG;
    while dripping.write_all(&[1]).is_ok() {
        assert!(Instant::now() < end, "it may drip for ever");
        std::thread::sleep(Duration::from_millis(100));
    }
    for stream in crowd {
        ended(stream);
    }
}

#[test]
fn files_that_change_are_read_again_and_an_expired_certificate_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(&directory.path().join("tls"));
    authority.issue(3000);
    let state = directory.path().join("node");
    let node = start_node(&state, &refs(&authority.options()));
    let listening = node.event("listening");
    let (url, http) = (&listening["url"], &listening["http"]);
    let (url, http) = (url.as_str().unwrap(), http.as_str().unwrap());
    assert_eq!(get(http, "/readyz").0, 200);
    // Nobody says that they have changed.
    let second = authority.issue(3001);
    let end = Instant::now() + LONG;
    loop {
        let mut new = authority.connect(url);
        ask(&mut new, "/healthz");
        if new.conn.peer_certificates().unwrap()[0].to_vec() == second {
            break;
        }
        assert!(Instant::now() < end, "{}", node.story());
    }
    // One that has ended before it was read is not used, and the next one has its turn.
    'ended: loop {
        authority.issue_in(3);
        node.signal("HUP");
        let until = Instant::now() + Duration::from_secs(10);
        while Instant::now() < until {
            let (status, why) = get(http, "/readyz");
            if status == 503 {
                let why = String::from_utf8(why).unwrap();
                assert!(why.contains("no valid TLS certificate"), "{why}");
                break 'ended;
            }
        }
        assert!(Instant::now() < end, "{}", node.story());
    }
    authority.issue(3002);
    node.signal("HUP");
    while get(http, "/readyz").0 != 200 {
        assert!(Instant::now() < end, "{}", node.story());
    }
}

#[test]
fn others_are_told_the_name_of_the_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(&directory.path().join("tls"));
    let state = directory.path().join("node");
    // What the node says that it is reached at.
    let told = |names: &[&str], more: &[&str]| {
        authority.issue_for(names, 3000);
        let mut node = start_node(&state, &[&refs(&authority.options()), more].concat());
        node.event("listening");
        let status = output(fluence(&state).args(["node", "status"]));
        let status: Value = serde_json::from_slice(&status.stdout).unwrap();
        node.terminate();
        assert!(node.wait().success());
        (
            status["url"].as_str().unwrap().to_owned(),
            status["addresses"].clone(),
        )
    };
    let names = ["*.example.org", "node.example.org", "127.0.0.1"];
    let (url, addresses) = told(&names, &[]);
    let port = url
        .strip_prefix("https://node.example.org:")
        .unwrap_or_else(|| panic!("{url}"));
    let secure = format!("/dns/node.example.org/tcp/{port}/tls/ws");
    assert_eq!(
        addresses,
        serde_json::json!([secure]),
        "this machine's TCP is nobody else's"
    );

    let tcp = TcpListener::bind("0.0.0.0:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let both = format!("{tcp} [::]:{}", tcp.port());
    let (_, addresses) = told(&names, &["--listen-tcp", &both]);
    assert_eq!(addresses.as_array().unwrap().len(), 2, "{addresses}");
    let beside = format!("/dns/node.example.org/tcp/{}", tcp.port());
    assert_eq!(addresses[1], serde_json::json!(beside), "{addresses}");

    let public = ["--public-url", "https://other.example.org"];
    let (url, addresses) = told(&["*.example.org"], &public);
    assert_eq!(url, public[1]);
    assert_eq!(
        addresses,
        serde_json::json!(["/dns/other.example.org/tcp/443/tls/ws"])
    );
    let given = "/dns4/a.example/tcp/1/tls/ws";
    let (_, addresses) = told(&names, &["--external-address", given]);
    assert_eq!(addresses, serde_json::json!([given]));

    authority.issue_for(&["*.example.org"], 3000);
    let (code, error) = start_node(&state, &refs(&authority.options())).fails();
    assert!(
        code == 2 && error["advice"].to_string().contains("--public-url"),
        "{error}"
    );
}
