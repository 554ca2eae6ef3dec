//! A node that gets its certificate by itself, from Pebble, the ACME server by which Let's Encrypt has
//! clients tested (`tests/pebble`, built with Go).

mod support;

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use support::{Fluence, LONG, certificate, get, pebble, start_node};
use tokio_rustls::rustls;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The name that is proven.
const NAME: &str = "node.example.org";
/// For how many seconds Pebble's certificates are valid. A third of that must be enough for a node to renew one.
const VALID: u64 = 20;

/// A process that ends with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A port that is free now.
fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// An authority that speaks ACME, and what it needs.
struct Authority {
    directory: PathBuf,
    programs: [PathBuf; 2],
    /// Where it listens, its management, and where it looks for proofs.
    ports: [u16; 3],
    dns: u16,
    /// What answers that every name leads to this machine.
    _names: Running,
}

impl Authority {
    fn new(directory: &Path, programs: [PathBuf; 2]) -> Self {
        certificate(directory, "127.0.0.1");
        let (dns, management) = (free_port(), free_port());
        let mut names = Command::new(&programs[1]);
        let listen = [
            ("-dnsserver", format!("127.0.0.1:{dns}")),
            ("-management", format!("127.0.0.1:{management}")),
            ("-defaultIPv4", "127.0.0.1".to_owned()),
        ];
        // It would serve challenges too.
        let none = ["-defaultIPv6", "-http01", "-https01", "-tlsalpn01", "-doh"];
        for (option, value) in listen
            .iter()
            .map(|(option, value)| (*option, value.as_str()))
        {
            names.arg(option).arg(value);
        }
        for option in none {
            names.arg(option).arg("");
        }
        names.stdout(Stdio::null()).stderr(Stdio::null());
        Self {
            directory: directory.to_owned(),
            programs,
            ports: [free_port(), free_port(), free_port()],
            dns,
            _names: Running(names.spawn().unwrap()),
        }
    }

    /// Starts it.
    fn start(&self) -> Running {
        let [port, management, proofs] = self.ports;
        let config = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{management}"),
            "certificate": self.directory.join("fullchain.pem"),
            "privateKey": self.directory.join("privkey.pem"),
            "httpPort": 1,
            "tlsPort": proofs,
            "retryAfter": {"authz": 1, "order": 1},
            "profiles": {"default": {"description": "short", "validityPeriod": VALID}},
        }});
        let path = self.directory.join("pebble.json");
        fs::write(&path, config.to_string()).unwrap();
        let log = fs::File::create(self.directory.join("pebble.log")).unwrap();
        let mut pebble = Command::new(&self.programs[0]);
        pebble.arg("-config").arg(path);
        pebble.args(["-dnsserver", &format!("127.0.0.1:{}", self.dns)]);
        pebble.env("PEBBLE_VA_NOSLEEP", "1");
        pebble.stdout(log.try_clone().unwrap()).stderr(log);
        let running = Running(pebble.spawn().unwrap());
        let end = Instant::now() + LONG;
        for port in [port, management] {
            while TcpStream::connect(("127.0.0.1", port)).is_err() {
                assert!(Instant::now() < end, "{}", self.log());
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        running
    }

    fn log(&self) -> String {
        fs::read_to_string(self.directory.join("pebble.log")).unwrap_or_default()
    }

    /// Starts a node that gets its certificate here.
    fn node(&self) -> (Fluence, String) {
        let tls = format!("127.0.0.1:{}", self.ports[2]);
        let acme = format!("https://127.0.0.1:{}/dir", self.ports[0]);
        let ca = self.directory.join("ca.pem");
        let options = [
            "--domain",
            NAME,
            "--acme-directory",
            &acme,
            "--acme-contact",
            "operator@example.org",
            "--ca",
            ca.to_str().unwrap(),
            "--listen-tls",
            &tls,
        ];
        let node = start_node(&self.directory.join("node"), &options);
        let listening = node.event("listening");
        let url = format!("https://{NAME}:{}", self.ports[2]);
        assert_eq!(listening["url"], url.as_str(), "{listening}");
        (node, listening["http"].as_str().unwrap().to_owned())
    }
}

/// Sends a request over TLS to a port of this machine; returns the certificate that was shown, and the answer.
fn request(
    port: u16,
    name: &str,
    roots: &[CertificateDer<'_>],
    path: &str,
) -> Result<(Vec<u8>, Vec<u8>), std::io::Error> {
    let mut trusted = RootCertStore::empty();
    for root in roots {
        trusted.add(root.clone().into_owned()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = TcpStream::connect(("127.0.0.1", port))?;
    socket.set_read_timeout(Some(LONG))?;
    let mut stream = StreamOwned::new(connection, socket);
    write!(stream, "GET {path} HTTP/1.0\r\nHost: a\r\n\r\n")?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => return Err(error),
        _ => {}
    }
    let shown = stream.conn.peer_certificates().unwrap()[0].to_vec();
    Ok((shown, answer))
}

#[test]
fn a_node_gets_its_certificate_and_renews_it() {
    let Some(programs) = pebble() else { return };
    let directory = tempfile::tempdir().unwrap();
    let authority = Authority::new(directory.path(), programs);
    let [_, management, port] = authority.ports;

    // As long as there is no authority there is no certificate, and the node says so.
    let (node, http) = authority.node();
    let (status, reason) = get(&http, "/readyz");
    let reason = String::from_utf8(reason).unwrap();
    assert!(
        status == 503 && reason.contains("no valid TLS certificate"),
        "{reason}"
    );
    assert!(request(port, NAME, &[], "/healthz").is_err());
    let end = Instant::now() + LONG;
    while !node
        .story()
        .contains("no certificate for node.example.org came from")
    {
        assert!(Instant::now() < end, "{}", node.story());
        std::thread::sleep(Duration::from_millis(10));
    }

    // SIGHUP has it try again at once.
    let pebble = authority.start();
    let ca = CertificateDer::from_pem_file(directory.path().join("ca.pem")).unwrap();
    let ca = std::slice::from_ref(&ca);
    let root = || {
        let (_, root) = request(management, "127.0.0.1", ca, "/roots/0").unwrap();
        CertificateDer::from_pem_slice(&root).unwrap()
    };
    let first_root = root();
    node.signal("HUP");
    let certified = |root: &CertificateDer<'_>, before: Option<&[u8]>, node: &Fluence| {
        let end = Instant::now() + LONG;
        loop {
            match request(port, NAME, std::slice::from_ref(root), "/readyz") {
                Ok((shown, answer)) if Some(&*shown) != before => {
                    assert!(answer.starts_with(b"HTTP/1.0 200"), "{answer:?}");
                    return shown;
                }
                _ => {}
            }
            let said = || format!("{}\n{}", node.story(), authority.log());
            assert!(Instant::now() < end, "{}", said());
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let first = certified(&first_root, None, &node);
    let second = certified(&first_root, Some(&first), &node);
    assert_ne!(first, second, "it was renewed");

    // An authority that has forgotten everybody gets to know the node again.
    drop(pebble);
    let pebble = authority.start();
    let root = root();
    assert_ne!(first_root, root);
    node.signal("HUP");
    certified(&root, None, &node);

    // Nobody else reads the keys.
    for file in ["acme/account.json", "acme/node.example.org.key"] {
        use std::os::unix::fs::PermissionsExt;
        let metadata = fs::metadata(directory.path().join("node").join(file)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600, "{file}");
    }
    node.terminate();
    node.event("stopped");
    drop((node, pebble));
    // What it has is there after a restart, without the authority.
    let (node, _) = authority.node();
    let end = Instant::now() + Duration::from_secs(VALID);
    let shown = loop {
        if let Ok((shown, _)) = request(port, NAME, std::slice::from_ref(&root), "/healthz") {
            break shown;
        }
        assert!(Instant::now() < end, "{}", node.story());
    };
    let kept = directory.path().join("node/acme/node.example.org.pem");
    assert_eq!(shown, CertificateDer::from_pem_file(kept).unwrap().to_vec());
}
