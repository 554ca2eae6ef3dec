//! docs/operating.md and examples/operating: what they name exists, and the files are started and used.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ::bytes::Bytes;
use fluence::content::car;
use fluence::content::unixfs::{self, DAG_PB, RAW};
use fluence::names::{canonical, cid_v1};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value;
use sha2::{Digest, Sha256};
use socket2::{Domain, Socket, Type};
use support::{Fluence, LONG, World, bytes, certificate, fluence, get, output, start_node};
use tokio_rustls::rustls;

/// Options of other programs than `fluence` that the guide names, with the program.
const OTHERS: [(&str, &[&str]); 5] = [
    ("systemctl", &["--now"]),
    ("cargo", &["--release", "--package"]),
    ("useradd", &["--system", "--home-dir", "--shell"]),
    ("certbot", &["--standalone", "--deploy-hook"]),
    (
        "podman",
        &[
            "--file",
            "--tag",
            "--detach",
            "--name",
            "--restart",
            "--publish",
            "--volume",
            "--ulimit",
            "--env",
            "--signal",
            "--network",
        ],
    ),
];

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

fn guide() -> String {
    fs::read_to_string(repository().join("docs/operating.md")).unwrap()
}

fn example(name: &str) -> String {
    fs::read_to_string(repository().join("examples/operating").join(name)).unwrap()
}

/// The help of the command and of all its subcommands.
fn help() -> String {
    let commands: [&[&str]; 7] = [
        &[],
        &["node"],
        &["node", "status"],
        &["share"],
        &["fetch"],
        &["storage", "export"],
        &["storage", "remove"],
    ];
    let said = commands.map(|command| {
        let asked = output(
            Command::new(env!("CARGO_BIN_EXE_fluence"))
                .arg("help")
                .args(command),
        );
        assert!(asked.status.success(), "{command:?}");
        String::from_utf8(asked.stdout).unwrap()
    });
    said.concat()
}

/// What begins with this and goes on with these characters.
fn words<'a>(text: &'a str, begin: &str, more: impl Fn(char) -> bool) -> BTreeSet<&'a str> {
    let at = text.match_indices(begin).map(|(at, _)| &text[at..]);
    let ends = at.map(|rest| {
        let end = rest[begin.len()..].find(|c| !more(c));
        &rest[..end.map_or(rest.len(), |end| end + begin.len())]
    });
    let is_word = |word: &&str| word[begin.len()..].starts_with(char::is_alphanumeric);
    ends.filter(is_word).collect()
}

#[test]
fn every_option_and_metric_of_the_guide_exists() {
    let (guide, help) = (guide(), help());
    let known = words(&help, "--", |c| c.is_ascii_lowercase() || c == '-');
    let named = words(&guide, "--", |c| c.is_ascii_lowercase() || c == '-');
    assert!(named.len() > 30, "{named:?}");
    let unit = example("fluence.service");
    let container = example("Containerfile");
    let used =
        [&unit, &container].map(|file| words(file, " --", |c| c.is_ascii_lowercase() || c == '-'));
    let used = used.iter().flatten().map(|option| option.trim());
    for option in named.iter().copied().chain(used) {
        let is_other = OTHERS
            .iter()
            .any(|(program, options)| guide.contains(program) && options.contains(&option));
        // Of the image that is built: what makes its user and its program.
        let builds = ["--locked", "--uid", "--from"].contains(&option);
        assert!(known.contains(option) || is_other || builds, "{option}");
    }
    let variables = words(&guide, "FLUENCE_", |c| c.is_ascii_uppercase() || c == '_');
    assert!(!variables.is_empty() && variables.iter().all(|variable| help.contains(variable)));

    let world = World::with(&["--listen-metrics", "127.0.0.1:0"]);
    let (_, metrics) = get(world.metrics.trim_end_matches("/metrics"), "/metrics");
    let mut metrics = String::from_utf8(metrics).unwrap();
    // These two are there only with TLS and with a Kubo.
    metrics += "fluence_certificate_expiry_timestamp_seconds fluence_ipfs_up";
    let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
    let named = ["fluence_", "process_"].map(|begin| words(&guide, begin, is_name));
    for metric in named.iter().flatten() {
        assert!(metrics.contains(metric), "{metric}");
    }
    // And all that there are are explained; of a limit, what it limits.
    for begin in ["fluence_", "process_"] {
        for metric in words(&metrics, begin, is_name) {
            let explained = metric.trim_end_matches("_limit");
            assert!(guide.contains(explained), "{metric}");
        }
    }
}

#[test]
fn every_file_that_the_guide_names_exists() {
    let guide = guide();
    let links = guide
        .split("](")
        .skip(1)
        .map(|rest| rest.split(')').next().unwrap());
    for link in links.filter(|link| !link.starts_with("https://")) {
        let exists = match link.strip_prefix('#') {
            Some(heading) => guide.lines().any(|line| {
                let words = line.strip_prefix("## ").map(|line| line.to_lowercase());
                words.is_some_and(|words| words.replace(' ', "-") == heading)
            }),
            None => repository().join("docs").join(link).exists(),
        };
        assert!(exists, "{link}");
    }
    for file in words(&guide, "examples/operating/", |c| {
        c.is_ascii_alphanumeric() || c == '.'
    }) {
        assert!(repository().join(file).exists(), "{file}");
    }
}

/// A text in which each of these, which must be there, is replaced.
#[track_caller]
fn with(text: &str, replaced: &[(&str, &str)]) -> String {
    replaced.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "no {from}: {text}");
        text.replace(from, to)
    })
}

/// A port that is free now.
fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Shares and fetches a file through this address of a node, whose certificate's authority is in the directory.
fn share_and_fetch(directory: &Path, node: &str, http: &str) {
    let (path, out) = (directory.join("a"), directory.join("out"));
    fs::write(&path, bytes(3_000_000)).unwrap();
    let ca = directory.join("ca.pem");
    let client = |state: &str, args: &[&str]| {
        let mut command = fluence(&directory.join(state));
        command
            .args(args)
            .arg("--ca")
            .arg(&ca)
            .args(["--node", node]);
        Fluence::start(&mut command)
    };
    let share = client("alice", &["share", path.to_str().unwrap()]);
    let shared = share.event("shared");
    let link = shared["link"].as_str().unwrap();
    client("bob", &["fetch", link, "-o", out.to_str().unwrap()]).succeeds();
    assert!(fs::read(&out).unwrap() == bytes(3_000_000));
    // The provider was told the public address, and everybody gets the file there.
    let ended = share.event("upload_ended");
    assert!(share.story().contains(http), "{ended}: {}", share.story());
}

#[test]
fn the_unit_and_its_configuration_start_a_node() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    certificate(path, "127.0.0.1");
    let config = path.join("node.toml");
    let tls = path.to_str().unwrap();
    let replaced = [
        // Its other way to a certificate is tried in `acme.rs`, and has the network of a test only.
        ("domain = \"node.example.org\"\n", ""),
        ("# tls-cert", "tls-cert"),
        ("# tls-key", "tls-key"),
        ("/etc/fluence/tls", tls),
        ("[::]:443", "127.0.0.1:0"),
        ("0.0.0.0:4101", "127.0.0.1:0"),
        ("127.0.0.1:4190", "127.0.0.1:0"),
    ];
    fs::write(&config, with(&example("node.toml"), &replaced)).unwrap();
    let unit = example("fluence.service");
    let line = unit
        .lines()
        .find_map(|line| line.strip_prefix("ExecStart=/usr/local/bin/fluence "));
    let line = with(
        line.unwrap(),
        &[
            ("/etc/fluence/node.toml", config.to_str().unwrap()),
            ("/var/lib/fluence", path.join("state").to_str().unwrap()),
        ],
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluence"));
    let others = [
        "--json",
        "--listen-ws",
        "127.0.0.1:0",
        "--listen-http",
        "127.0.0.1:0",
    ];
    let mut node = Fluence::start(command.args(line.split(' ')).args(others));
    let listening = node.event("listening");
    let addresses = listening["addresses"].as_array().unwrap().iter();
    let secure = addresses
        .filter_map(Value::as_str)
        .find(|a| a.contains("/tls/ws"))
        .unwrap();
    let port = secure.split('/').nth(4).unwrap();
    let http = format!("/ip4/127.0.0.1/tcp/{port}/https");
    share_and_fetch(path, secure, &http);
    let status = output(fluence(&path.join("state")).args(["node", "status"]));
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(
        (&status["ready"], &status["storage"]["quota"]),
        (&true.into(), &50_000_000_000_u64.into())
    );
    assert!(status["certificate"]["expires"].is_u64(), "{status}");
    // As `systemctl reload` and `systemctl stop` do.
    assert!(unit.contains("ExecReload=/bin/kill -HUP $MAINPID"));
    node.signal("HUP");
    node.terminate();
    let (ended, log) = node.ends();
    assert!(ended.success(), "{log}");
    assert!(
        log.lines()
            .all(|line| serde_json::from_str::<Value>(line).is_ok()),
        "{log}"
    );
}

#[test]
fn systemd_understands_the_unit() {
    if find("systemd-analyze").is_none() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("fluence.service");
    let program = env!("CARGO_BIN_EXE_fluence");
    fs::write(
        &path,
        with(
            &example("fluence.service"),
            &[("/usr/local/bin/fluence", program)],
        ),
    )
    .unwrap();
    let mut verify = Command::new("systemd-analyze");
    let verified = output(verify.args(["verify", "--man=no"]).arg(&path));
    let said = String::from_utf8_lossy(&verified.stderr);
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("fluence.service"))
        .collect();
    assert!(ours.is_empty(), "{said}");
}

/// What can be seen of the container file without a program that builds it: its instructions, and that what it names is
/// there and is not left out of what it is built from.
#[test]
fn the_container_file_is_built_from_what_is_there() {
    let file = example("Containerfile");
    let instructions: Vec<(&str, &str)> = file
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    let all = |wanted: &str| -> Vec<&str> {
        let of = instructions.iter().filter(|(kind, _)| *kind == wanted);
        of.map(|(_, rest)| *rest).collect()
    };
    const KNOWN: [&str; 9] = [
        "FROM",
        "WORKDIR",
        "COPY",
        "RUN",
        "USER",
        "VOLUME",
        "EXPOSE",
        "ENTRYPOINT",
        "CMD",
    ];
    for (kind, rest) in &instructions {
        assert!(KNOWN.contains(kind), "{kind} {rest}");
    }
    // It is built in one stage and run in another, of the same system, so that its libraries are the same.
    let from = all("FROM");
    assert!(from[0].ends_with("-bookworm AS build") && from[1].starts_with("debian:bookworm"));
    assert_eq!(from.len(), 2);
    // The program is where the build leaves it, and where the entry point has it.
    let manifest = fs::read_to_string(repository().join("node/Cargo.toml")).unwrap();
    let build = all("RUN")[0];
    assert_eq!(
        build.split_whitespace().collect::<Vec<_>>(),
        [
            "cargo",
            "build",
            "--release",
            "--locked",
            "--package",
            "fluence-cli"
        ]
    );
    assert!(manifest.contains("name = \"fluence-cli\"") && manifest.contains("name = \"fluence\""));
    let copies = all("COPY");
    let program = format!("--from=build {}/target/release/fluence ", all("WORKDIR")[0]);
    assert_eq!(copies[0], ". .");
    let to = copies[1].strip_prefix(&*program).unwrap();
    assert!(all("ENTRYPOINT")[0].contains(to), "{to}");
    // Its user exists, and has the directory that outlasts the container.
    let user = all("RUN")[1];
    assert!(user.starts_with("useradd ") && user.ends_with(&format!(" {}", all("USER")[0])));
    assert!(user.contains(&format!("--home-dir {} ", all("VOLUME")[0])));
    // What each crate needs is not left out.
    let ignored = fs::read_to_string(repository().join(".dockerignore")).unwrap();
    let workspace = fs::read_to_string(repository().join("Cargo.toml")).unwrap();
    let members = workspace.split("\nmembers = [").nth(1).unwrap();
    let members = members.split(']').next().unwrap().split(", ");
    let needed = members.map(|member| member.trim_matches('"'));
    for needed in needed.chain(["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", ".cargo"]) {
        assert!(
            needed == "." || repository().join(needed).exists(),
            "{needed}"
        );
        assert!(ignored.lines().all(|line| line != needed), "{needed}");
    }
    assert!(ignored.lines().any(|line| line == "!dist/page"));
}

#[test]
fn the_command_line_of_the_container_is_understood() {
    let directory = tempfile::tempdir().unwrap();
    let file = example("Containerfile");
    let arguments = |instruction: &str| {
        let line = file
            .lines()
            .find_map(|line| line.strip_prefix(instruction))
            .unwrap();
        serde_json::from_str::<Vec<String>>(line.trim()).unwrap()
    };
    let all = [arguments("ENTRYPOINT"), arguments("CMD")].concat();
    assert_eq!(all[0], "/usr/local/bin/fluence");
    // It is not told where its certificate comes from, and that is all that it lacks.
    let state = directory.path().to_str().unwrap();
    let all: Vec<String> = all[1..]
        .iter()
        .map(|word| word.replace("/var/lib/fluence", state))
        .collect();
    let ended = output(Command::new(env!("CARGO_BIN_EXE_fluence")).args(&all));
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(2), "{said}");
    assert!(said.contains("TLS needs a certificate"), "{said}");
}

/// The path of a program that is installed, or that `cargo xtask test` has unpacked; if there is none, says that what it is
/// for is not tried.
fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let unpacked = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../tools/servers/bin");
    let places = std::env::split_paths(&path).chain([unpacked]);
    let found = places
        .map(|place| place.join(program))
        .find(|at| at.is_file());
    if found.is_none() {
        eprintln!("skipped: {program} is not installed; `cargo xtask test` gets it where it can");
    }
    found
}

/// A web server, which ends with the test.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// So few answers at the same time that one address can take its share: six of them.
const FEW: [&str; 2] = ["--max-http-responses", "8"];
const SHARE: usize = 6;

/// Starts a node as behind a proxy on this port; returns it with its port for HTTP.
fn proxied(directory: &Path, port: u16) -> (Fluence, String) {
    let config = directory.join("proxied.toml");
    let tcp = format!("/ip4/127.0.0.1/tcp/{}", free_port());
    let secure = format!("/ip4/127.0.0.1/tcp/{port}/tls/ws");
    let replaced = [
        (
            "https://node.example.org",
            &*format!("https://127.0.0.1:{port}"),
        ),
        ("/dns/node.example.org/tcp/443/tls/ws", &secure),
        ("/dns/node.example.org/tcp/4101", &tcp),
        ("127.0.0.1:4180", "127.0.0.1:0"),
        ("0.0.0.0:4101", "127.0.0.1:0"),
        ("127.0.0.1:4190", "127.0.0.1:0"),
    ];
    fs::write(&config, with(&example("proxied.toml"), &replaced)).unwrap();
    let mut command = fluence(&directory.join("node"));
    let command = command.args(["node", "--config"]).arg(&config);
    let node = Fluence::start(command.args(FEW));
    let http = node.event("listening")["http"].as_str().unwrap().to_owned();
    (node, http)
}

/// Waits until a port takes connections.
#[track_caller]
fn wait_for(port: u16, server: &mut Server) {
    let end = Instant::now() + LONG;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        let ended = server.0.try_wait().unwrap();
        assert!(ended.is_none() && Instant::now() < end, "{ended:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Asks over TLS for a path at this port, as a client with this address that claims to have others; returns the status, and
/// the connection, of which no more was read.
fn ask(directory: &Path, from: Ipv4Addr, port: u16, path: &str) -> (u16, impl Read + use<>) {
    let mut trusted = RootCertStore::empty();
    let ca = CertificateDer::from_pem_file(directory.join("ca.pem")).unwrap();
    trusted.add(ca).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(trusted)
        .with_no_client_auth();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let connection = ClientConnection::new(Arc::new(config), name).unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    // So that little of an answer fits into what the system keeps for it.
    socket.set_recv_buffer_size(16 * 1024).unwrap();
    socket.bind(&SocketAddr::from((from, 0)).into()).unwrap();
    let to = SocketAddr::from(([127, 0, 0, 1], port));
    socket.connect(&to.into()).unwrap();
    socket.set_read_timeout(Some(LONG)).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::from(socket));
    let claimed = stream.sock.local_addr().unwrap().port();
    let claimed = format!("192.0.{}.{}", claimed >> 8, claimed & 0xff);
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX-Forwarded-For: {claimed}\r\n\
         Forwarded: for={claimed}\r\n\r\n"
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.extend(byte);
    }
    let head = String::from_utf8(head).unwrap();
    (head[9..12].parse().unwrap(), stream)
}

/// Stores a file of 1 TiB, which has one leaf of 1 MiB, at the node in this directory; returns its CID. No buffers between a
/// node and a client hold as much as that.
fn store_endless(directory: &Path) -> String {
    const LEAF: u64 = 1 << 20;
    let block = |codec, data: Bytes| (cid_v1(codec, &Sha256::digest(&data).into()), data);
    let leaf = block(RAW, vec![7; LEAF as usize].into());
    let mut child = unixfs::Child {
        cid: leaf.0,
        size: LEAF,
        tsize: LEAF,
    };
    let mut blocks = vec![leaf];
    for _ in 0..20 {
        let node = block(DAG_PB, unixfs::inner(&[child, child]));
        child = unixfs::Child {
            cid: node.0,
            size: child.size * 2,
            tsize: child.tsize * 2,
        };
        blocks.insert(0, node);
    }
    let mut all = car::header(&child.cid).to_vec();
    for (cid, data) in blocks {
        let cid = cid.to_bytes();
        let mut len = cid.len() + data.len();
        while len >= 0x80 {
            all.push(len as u8 | 0x80);
            len >>= 7;
        }
        all.push(len as u8);
        all.extend(cid);
        all.extend(data);
    }
    let path = directory.join("endless.car");
    fs::write(&path, all).unwrap();
    let mut import = fluence(&directory.join("node"));
    let imported = output(import.args(["storage", "import"]).arg(path));
    assert!(imported.status.success(), "{imported:?}");
    canonical(&child.cid)
}

/// Uses a node through a proxy on this port, as a browser, a client and a fetcher do.
fn use_through(directory: &Path, node: &Fluence, port: u16) {
    let secure = format!("/ip4/127.0.0.1/tcp/{port}/tls/ws");
    let http = format!("/ip4/127.0.0.1/tcp/{port}/https");
    share_and_fetch(directory, &secure, &http);
    let status = output(fluence(&directory.join("node")).args(["node", "status"]));
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    assert_eq!(status["addresses"][0], secure.as_str(), "{}", node.story());
    assert_eq!(status["storage"]["dags"], 1, "{status}");
    // Other systems give a machine fewer addresses of its own.
    if cfg!(target_os = "linux") {
        share_by_address(directory, node, port);
    }
}

/// The node knows by which address a client came to the proxy, whatever the client says: who reads nothing of as much as one
/// address may ask for gets no more, and somebody else does.
fn share_by_address(directory: &Path, node: &Fluence, port: u16) {
    let cid = store_endless(directory);
    let path = format!("/ipfs/{cid}?format=car&car-dups=y");
    let [greedy, other] = [2, 3].map(|last| Ipv4Addr::new(127, 0, 0, last));
    let taken: Vec<_> = (0..SHARE)
        .map(|_| ask(directory, greedy, port, &path))
        .collect();
    assert!(taken.iter().all(|(status, _)| *status == 200));
    assert_eq!(ask(directory, greedy, port, &path).0, 429);
    let (status, mut body) = ask(directory, other, port, &format!("/ipfs/{cid}?format=raw"));
    assert_eq!(status, 200, "{}", node.story());
    body.read_to_end(&mut Vec::new()).unwrap();
    drop(taken);
}

#[test]
fn a_node_works_behind_nginx_as_the_example_has_it() {
    let Some(program) = find("nginx") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    certificate(path, "127.0.0.1");
    let port = free_port();
    let (node, http) = proxied(path, port);
    let tls = path.to_str().unwrap();
    let site = with(
        &example("nginx.conf"),
        &[
            ("    listen [::]:443 ssl http2;\n", ""),
            ("listen 443", &format!("listen 127.0.0.1:{port}")),
            ("/etc/letsencrypt/live/node.example.org", tls),
            ("127.0.0.1:4180", http.trim_start_matches("http://")),
        ],
    );
    fs::write(path.join("site.conf"), site).unwrap();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
    let temporary = temporary.map(|kind| format!("{kind}_temp_path {tls}/{kind};"));
    let main = format!(
        "daemon off; pid {tls}/nginx.pid; error_log stderr; events {{}}\n\
         http {{ access_log off; {} include {tls}/site.conf; }}",
        temporary.join(" ")
    );
    fs::write(path.join("nginx.conf"), main).unwrap();
    let nginx = || {
        let mut nginx = Command::new(&program);
        nginx
            .arg("-c")
            .arg(path.join("nginx.conf"))
            .args(["-e", "stderr"]);
        nginx
    };
    let tested = output(nginx().arg("-t"));
    assert!(tested.status.success(), "{tested:?}");
    let mut server = Server(
        nginx()
            .args(["-g", "master_process off;"])
            .stdout(Stdio::null())
            .spawn()
            .unwrap(),
    );
    wait_for(port, &mut server);
    use_through(path, &node, port);
}

#[test]
fn a_node_works_behind_haproxy_as_the_example_has_it() {
    let Some(program) = find("haproxy") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    certificate(path, "127.0.0.1");
    let port = free_port();
    // What the guide has the operator write, and where the certificate is.
    let guide = guide();
    let lines = guide.split("      listen-tls = ").nth(1).unwrap();
    let lines = lines.split("\n\n").next().unwrap();
    let lines = format!("listen-tls = {lines}");
    let tls = path.to_str().unwrap();
    let at = format!("127.0.0.1:{}", free_port());
    let config = with(
        &lines,
        &[
            ("127.0.0.1:8443", &*at),
            (
                "https://node.example.org",
                &format!("https://127.0.0.1:{port}"),
            ),
        ],
    );
    let config =
        format!("{config}\ntls-cert = \"{tls}/fullchain.pem\"\ntls-key = \"{tls}/privkey.pem\"\n");
    let file = path.join("node.toml");
    fs::write(&file, config).unwrap();
    let mut command = fluence(&path.join("node"));
    command.args(["node", "--config"]).arg(&file).args(FEW);
    for port in ["--listen-tcp", "--listen-ws", "--listen-http"] {
        command.args([port, "127.0.0.1:0"]);
    }
    let node = Fluence::start(&mut command);
    node.event("listening");
    let site = with(
        &example("haproxy.cfg"),
        &[
            ("bind :::443 v4v6", &format!("bind 127.0.0.1:{port}")),
            ("127.0.0.1:8443", &at),
        ],
    );
    let file = path.join("haproxy.cfg");
    fs::write(&file, site).unwrap();
    let mut haproxy = Command::new(&program);
    haproxy.arg("-db").arg("-f").arg(&file);
    let mut server = Server(haproxy.stdout(Stdio::null()).spawn().unwrap());
    wait_for(port, &mut server);
    use_through(path, &node, port);
    // Without the proxy, nobody gets anywhere from its address.
    let mut bare = TcpStream::connect(&at).unwrap();
    bare.set_read_timeout(Some(LONG)).unwrap();
    bare.write_all(&[22, 3, 1, 0, 1, 1]).unwrap();
    assert!(matches!(bare.read(&mut [0]), Ok(0) | Err(_)));
}

#[test]
fn a_node_works_behind_caddy_as_the_example_has_it() {
    let Some(program) = find("caddy") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path();
    certificate(path, "127.0.0.1");
    let port = free_port();
    let (node, http) = proxied(path, port);
    let tls = path.to_str().unwrap();
    let caddy = |arguments: &[&str], file: &Path| {
        let mut caddy = Command::new(&program);
        caddy
            .args(arguments)
            .args(["--adapter", "caddyfile", "--config"])
            .arg(file);
        caddy
            .env("HOME", path)
            .env_remove("XDG_DATA_HOME")
            .env_remove("XDG_CONFIG_HOME");
        caddy
    };
    let original = repository().join("examples/operating/Caddyfile");
    let validated = output(&mut caddy(&["validate"], &original));
    assert!(validated.status.success(), "{validated:?}");
    let site = with(
        &example("Caddyfile"),
        &[
            (
                "node.example.org {",
                &format!(
                    "https://127.0.0.1:{port} {{\n\ttls {tls}/fullchain.pem {tls}/privkey.pem"
                ),
            ),
            ("127.0.0.1:4180", http.trim_start_matches("http://")),
        ],
    );
    // No other port is to be opened on the machine of a test.
    let site = format!(
        "{{\n\tadmin off\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}}\n{site}"
    );
    let file = path.join("Caddyfile");
    fs::write(&file, site).unwrap();
    let log = fs::File::create(path.join("caddy.log")).unwrap();
    let started = caddy(&["run"], &file)
        .stdout(Stdio::null())
        .stderr(log)
        .spawn();
    let mut server = Server(started.unwrap());
    wait_for(port, &mut server);
    use_through(path, &node, port);
}

#[test]
fn a_backup_is_the_same_node_with_its_pinned_files() {
    let mut world = World::new();
    let file = world.file("a", 3_000_000);
    let (share, link) = world.share("alice", &[&file]);
    world.fetch("bob", &link);
    share.event("upload_ended");
    let cid = link.trim_start_matches("fluence:").to_owned();
    let storage = |state: &Path, args: &[&str]| {
        let done = output(fluence(state).arg("storage").args(args));
        assert!(done.status.success(), "{args:?}: {done:?}");
    };
    let (first, restored) = (world.path("node"), world.path("restored"));
    let car = world.path("pinned.car").display().to_string();
    // While the node runs.
    storage(&first, &["pin", &cid]);
    storage(&first, &["export", &cid, "-o", &car]);
    fs::create_dir(&restored).unwrap();
    fs::copy(first.join("identity.key"), restored.join("identity.key")).unwrap();
    drop(share);
    world.node.terminate();
    world.node.ends();
    fs::remove_dir_all(first).unwrap();

    let node = start_node(&restored, &[]);
    let listening = node.event("listening");
    storage(&restored, &["import", &car]);
    let peer = listening["peer"].as_str().unwrap();
    assert!(world.tcp.ends_with(peer), "{peer} is not {}", world.tcp);
    let http = listening["http"].as_str().unwrap();
    let (status, body) = get(http, &format!("/ipfs/{cid}"));
    assert_eq!(status, 200);
    assert!(body == bytes(3_000_000));
}
