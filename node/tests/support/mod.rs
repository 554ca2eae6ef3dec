//! Runs the real `fluence`, on loopback, with ports that the system chooses and in directories that
//! are removed after the test.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
#[cfg(target_os = "linux")]
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use serde_json::Value;
use tempfile::TempDir;

/// Longer than anything here takes.
pub const LONG: Duration = Duration::from_secs(60);

/// The directory of a test, and its node.
pub struct World {
    /// The node.
    pub node: Fluence,
    /// Its multiaddr for TCP; empty if it has none.
    pub tcp: String,
    /// Its multiaddr for WebSocket; empty if it has none.
    pub ws: String,
    /// The base URL of its HTTP.
    pub http: String,
    /// The URL of its metrics; empty if it has none.
    pub metrics: String,
    directory: TempDir,
}

impl World {
    /// Starts a node in a new directory.
    pub fn new() -> Self {
        Self::with(&[])
    }

    /// Starts a node with further options in a new directory.
    pub fn with(options: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let node = start_node(&directory.path().join("node"), options);
        let listening = node.event("listening");
        let address = |ws: bool| {
            let addresses = listening["addresses"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str);
            addresses
                .clone()
                .find(|a| a.contains("/ws") == ws)
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            tcp: address(false),
            ws: address(true),
            http: listening["http"].as_str().unwrap().to_owned(),
            metrics: listening["metrics"].as_str().unwrap_or_default().to_owned(),
            node,
            directory,
        }
    }

    /// A path in the directory of the test.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// A new file with the content `bytes(len)`.
    pub fn file(&self, name: &str, len: usize) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, bytes(len)).unwrap();
        path
    }

    /// Starts a command as a client of the node, with a state directory of this name.
    pub fn client<S: AsRef<OsStr>>(&self, state: &str, command: &str, args: &[S]) -> Fluence {
        Fluence::start(
            fluence(&self.path(state))
                .arg(command)
                .args(["--node", &self.tcp])
                .args(args),
        )
    }

    /// Shares files; returns the process and the link of the first file.
    pub fn share<S: AsRef<OsStr>>(&self, state: &str, args: &[S]) -> (Fluence, String) {
        let share = self.client(state, "share", args);
        let link = share.event("shared")["link"].as_str().unwrap().to_owned();
        (share, link)
    }

    /// Whether the node's storage has all of a file, without asking anybody for it.
    pub fn is_stored(&self, link: &str) -> bool {
        let cid = link.trim_start_matches("fluence:");
        let headers = "Cache-Control: only-if-cached\r\n";
        let (status, _) = get_with(&self.http, &format!("/ipfs/{cid}?format=car"), headers);
        assert!(matches!(status, 200 | 412), "{status}");
        status == 200
    }

    /// Fetches a file as another person, and fails if it does not come.
    #[track_caller]
    pub fn fetch(&self, who: &str, link: &str) {
        let to = self.path(&format!("of {who}"));
        let args = [
            link.as_ref(),
            "--force".as_ref(),
            "-o".as_ref(),
            to.as_os_str(),
        ];
        self.client::<&OsStr>(who, "fetch", &args).succeeds();
    }

    /// What the storage of the node reports about a file.
    pub fn counters(&self, link: &str) -> Value {
        let cid = link.trim_start_matches("fluence:");
        let (status, body) = get(&self.http, &format!("/healthz?cid={cid}"));
        assert_eq!(status, 200);
        serde_json::from_slice::<Value>(&body).unwrap()["dag"].clone()
    }
}

/// Starts a node. It listens on ports that the system chooses, except where the options say
/// otherwise.
pub fn start_node(state: &Path, options: &[&str]) -> Fluence {
    let mut command = fluence(state);
    command.arg("node");
    for (flag, default) in [
        ("--listen-tcp", "127.0.0.1:0"),
        ("--listen-ws", "127.0.0.1:0"),
        ("--listen-http", "127.0.0.1:0"),
    ] {
        if !options.contains(&flag) {
            command.args([flag, default]);
        }
    }
    Fluence::start(command.args(options))
}

/// The `fluence` command with JSON output, without the settings in the environment of this machine.
pub fn fluence(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fluence"));
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("FLUENCE_") {
            command.env_remove(name);
        }
    }
    command.arg("--json").arg("--state").arg(state);
    command
}

/// A process that prints events.
pub struct Fluence {
    child: Child,
    events: Receiver<Value>,
    seen: Mutex<Vec<Value>>,
    errors: Arc<Mutex<String>>,
    /// Reads standard error.
    reading: Option<JoinHandle<()>>,
}

impl Fluence {
    /// Starts a command.
    pub fn start(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::null()).stderr(Stdio::piped());
        Self::spawn(piped)
    }

    /// Starts a command whose standard input and standard error are a terminal.
    #[cfg(target_os = "linux")]
    pub fn start_at_terminal(command: &mut Command) -> (Self, Terminal) {
        let terminal = Terminal::new();
        let typed = terminal.open();
        let shown = typed.try_clone().unwrap();
        (Self::spawn(command.stdin(typed).stderr(shown)), terminal)
    }

    fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let (sender, events) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::String(line));
                if sender.send(event).is_err() {
                    return;
                }
            }
        });
        let errors = Arc::new(Mutex::new(String::new()));
        let reading = child.stderr.take().map(|stderr| {
            let written = errors.clone();
            std::thread::spawn(move || read_into(stderr, &written))
        });
        Self {
            child,
            events,
            seen: Mutex::default(),
            errors,
            reading,
        }
    }

    /// The next event of this kind. The test fails if none comes within [`LONG`].
    #[track_caller]
    pub fn event(&self, name: &str) -> Value {
        self.event_where(name, |event| event["event"] == name)
    }

    /// The next event for which `is` returns true; `what` describes it if the test fails.
    #[track_caller]
    pub fn event_where(&self, what: &str, is: impl Fn(&Value) -> bool) -> Value {
        let end = Instant::now() + LONG;
        loop {
            match self
                .events
                .recv_timeout(end.saturating_duration_since(Instant::now()))
            {
                Ok(event) => {
                    self.seen.lock().unwrap().push(event.clone());
                    if is(&event) {
                        return event;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("no “{what}” within {LONG:?}: {}", self.story())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended without “{what}”: {}", self.story())
                }
            }
        }
    }

    /// Waits for the process to end.
    #[track_caller]
    pub fn wait(&mut self) -> ExitStatus {
        self.wait_for(LONG)
    }

    /// Waits for the process to end, for this long.
    #[track_caller]
    pub fn wait_for(&mut self, patience: Duration) -> ExitStatus {
        let end = Instant::now() + patience;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < end,
                "it did not end within {patience:?}: {}",
                self.story()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits for the process to end; returns the exit code and the error that it reported.
    #[track_caller]
    pub fn fails(mut self) -> (i32, Value) {
        let status = self.wait();
        while let Ok(event) = self.events.recv_timeout(Duration::from_secs(1)) {
            self.seen.lock().unwrap().push(event);
        }
        let seen = self.seen.lock().unwrap();
        let error = seen
            .iter()
            .rev()
            .find(|event| event["event"] == "error")
            .cloned();
        drop(seen);
        (
            status.code().unwrap_or(-1),
            error.unwrap_or_else(|| panic!("no error was reported: {}", self.story())),
        )
    }

    /// Waits for the process to end, which must be with success.
    #[track_caller]
    pub fn succeeds(mut self) {
        let status = self.wait();
        assert!(status.success(), "{status}: {}", self.story());
    }

    /// The memory that the process has in use, in bytes.
    pub fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let number = line.and_then(|line| line.split_whitespace().nth(1));
        number.unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Sends `SIGTERM`.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// The process ID.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, name: &str) {
        let (name, id) = (format!("-{name}"), self.child.id().to_string());
        assert!(
            Command::new("kill")
                .args([&name, &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// Sends `SIGKILL`, which leaves the process no time to clean up, and waits for its end.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for the process to end; returns how, and all that it has written to standard error.
    #[track_caller]
    pub fn ends(&mut self) -> (ExitStatus, String) {
        let status = self.wait();
        if let Some(reading) = self.reading.take() {
            reading.join().unwrap();
        }
        (status, self.errors.lock().unwrap().clone())
    }

    /// Everything that the process has printed so far.
    pub fn story(&self) -> String {
        self.seen.lock().unwrap().extend(self.events.try_iter());
        let seen: Vec<String> = self
            .seen
            .lock()
            .unwrap()
            .iter()
            .map(Value::to_string)
            .collect();
        format!(
            "its events are\n{}\nand its standard error is\n{}",
            seen.join("\n"),
            self.errors.lock().unwrap()
        )
    }
}

impl Drop for Fluence {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_into(mut from: impl Read, written: &Mutex<String>) {
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut buffer) {
        let text = String::from_utf8_lossy(&buffer[..read]);
        written.lock().unwrap().push_str(&text);
    }
}

/// The side of a terminal at which a person sits. It is closed when this is dropped.
#[cfg(target_os = "linux")]
pub struct Terminal {
    person: std::fs::File,
    shown: String,
}

#[cfg(target_os = "linux")]
impl Terminal {
    fn new() -> Self {
        use rustix::pty::{OpenptFlags, grantpt, openpt, unlockpt};
        let person =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&person).unwrap();
        unlockpt(&person).unwrap();
        Self {
            person: person.into(),
            shown: String::new(),
        }
    }

    /// The other side, for a program.
    fn open(&self) -> std::fs::File {
        let path = rustix::pty::ptsname(&self.person, Vec::new()).unwrap();
        let path = Path::new(OsStr::new(path.to_str().unwrap()));
        let file = std::fs::File::options().read(true).write(true).open(path);
        file.unwrap()
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        self.person
            .write_all(format!("{line}\n").as_bytes())
            .unwrap();
    }

    /// Waits until this is on the screen, after what was waited for before.
    #[track_caller]
    pub fn shows(&mut self, words: &str) {
        let end = Instant::now() + LONG;
        let mut buffer = [0; 4096];
        loop {
            if let Some(at) = self.shown.find(words) {
                self.shown.drain(..at + words.len());
                return;
            }
            assert!(Instant::now() < end, "no “{words}” in {}", self.shown);
            let mut ready = [PollFd::new(&self.person, PollFlags::IN)];
            let wait = Timespec {
                tv_sec: 1,
                tv_nsec: 0,
            };
            if poll(&mut ready, Some(&wait)).unwrap() > 0 {
                let read = self.person.read(&mut buffer).unwrap();
                self.shown
                    .push_str(&String::from_utf8_lossy(&buffer[..read]));
            }
        }
    }
}

/// Runs a command to its end.
#[track_caller]
pub fn output(command: &mut Command) -> Output {
    command.stdin(Stdio::null()).output().unwrap()
}

/// Bytes that look random and are the same each time, with no two blocks alike.
pub fn bytes(len: usize) -> Vec<u8> {
    const PAGE: usize = 64 * 1024;
    let mut state = 0x2545_f491_4f6c_dd1d_u64 ^ len as u64;
    let mut page = Vec::with_capacity(PAGE);
    while page.len() < PAGE {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        page.extend(state.to_le_bytes());
    }
    let mut bytes = Vec::with_capacity(len + PAGE);
    while bytes.len() < len {
        page[..8].copy_from_slice(&bytes.len().to_le_bytes());
        bytes.extend_from_slice(&page);
    }
    bytes.truncate(len);
    bytes
}

/// An authority in a directory, `ca.pem`, and a certificate of it for a host, `fullchain.pem` and `privkey.pem`.
pub fn certificate(directory: &Path, host: &str) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // OpenSSL takes what has the name of its authority for its own authority.

    let name = &mut params.distinguished_name;
    name.push(DnType::CommonName, "an authority of a test");
    let own = params.self_signed(&key).unwrap();
    std::fs::write(directory.join("ca.pem"), own.pem()).unwrap();
    let (issuer, key) = (Issuer::new(params, key), KeyPair::generate().unwrap());
    let issued = CertificateParams::new(vec![host.to_owned()]).unwrap();
    let issued = issued.signed_by(&key, &issuer).unwrap();
    std::fs::write(directory.join("fullchain.pem"), issued.pem()).unwrap();
    std::fs::write(directory.join("privkey.pem"), key.serialize_pem()).unwrap();
}

/// Builds Pebble, the ACME server by which Let's Encrypt has clients tested, and its DNS server; `None`, and a word about
/// it, where there is no Go.
pub fn pebble() -> Option<[PathBuf; 2]> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/pebble");
    let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
    let names = ["pebble", "pebble-challtestsrv"];
    let build = |name: &str| {
        Command::new("go")
            .args(["build", "-o"])
            .arg(target.join(name))
            .arg(format!("github.com/letsencrypt/pebble/v2/cmd/{name}"))
            .current_dir(&source)
            .output()
    };
    for name in names {
        match build(name) {
            Ok(built) => assert!(built.status.success(), "{built:?}"),
            Err(error) => {
                eprintln!("skipped: Go is not installed ({error})");
                return None;
            }
        }
    }
    Some(names.map(|name| target.join(name)))
}

/// Makes a plain HTTP/1.0 request; returns the status and the body.
pub fn get(base: &str, path: &str) -> (u16, Vec<u8>) {
    get_with(base, path, "")
}

/// The same with further headers, each of which ends with a line break.
pub fn get_with(base: &str, path: &str, headers: &str) -> (u16, Vec<u8>) {
    request("GET", base, path, headers)
}

/// The same with another method.
pub fn request(method: &str, base: &str, path: &str, headers: &str) -> (u16, Vec<u8>) {
    let host = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: {host}\r\n{headers}\r\n"
    )
    .unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let head = answer
        .windows(4)
        .position(|w| w == b"\r\n\r\n")
        .expect("a head")
        + 4;
    let status = String::from_utf8_lossy(&answer[9..12]).parse().unwrap();
    (status, answer.split_off(head))
}
