//! What the command line says to people, in English: how commands end, and what happens meanwhile. Sentences about
//! failures of the engine are in the crate `words`, and what an option means is in its help. Another language is another
//! module with these names.

use std::ffi::OsStr;
use std::fmt::Display;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use fluence::Cid;
use fluence::call::{CallError, ErrorCode, Reply};
use fluence::failure::Code;
use fluence::names::{FunctionName, canonical, without_key};
use fluence::ports::NetworkError;
use fluence::state::{LinkError, Status};
use fluence::storage::AddressError;
use fluence_peer::PeerId;
use serde_json::Value;
use words::Words;

use crate::exit::{Failed, Fault, printable};
use crate::storage::{AddError, ExportError, ImportError, OpenError, StorageError};
use crate::tls::TlsError;

impl Failed {
    /// A failure because the person or the system stopped the command.
    pub fn interrupted(advice: impl Into<String>) -> Self {
        Self::new(Code::Interrupted, "Stopped before the end.", advice)
    }

    /// A failure because the program is shutting down before the work is done.
    pub fn ending() -> Self {
        Self::new(Fault::Ending, "The program is stopping.", "")
    }

    /// A failure because the file or directory at `path` cannot be used.
    pub fn file(path: &Path, error: &io::Error) -> Self {
        use io::ErrorKind::{InvalidInput, NotFound, PermissionDenied, QuotaExceeded, StorageFull};
        // A link in the place of a path is a mistake that is easily made.
        let name = path.to_string_lossy();
        let name = without_key(&name);
        let (fault, advice) = match error.kind() {
            NotFound => {
                let what = format!("There is no file {name}.");
                return Self::new(Fault::NoSuchFile, what, "Check the path.");
            }
            InvalidInput => (Fault::NotAFile, "Name another path."),
            PermissionDenied => (
                Fault::NoPermission,
                "Choose another place, or change its permissions.",
            ),
            StorageFull | QuotaExceeded => (
                Code::DiskFull.into(),
                "Free some space, then run the same command again.",
            ),
            _ => (
                Fault::File,
                "Check the disk and the path, then run the same command again.",
            ),
        };
        Self::new(fault, format!("{name}: {error}."), advice)
    }
}

impl From<NetworkError> for Failed {
    fn from(error: NetworkError) -> Self {
        no_result(&error)
    }
}

/// The public URL of a node cannot be used.
pub fn bad_public_url(error: &AddressError) -> Failed {
    Failed::usage(format!("{error}."), "Check --public-url.")
}

/// The peer of a node cannot start.
pub fn node_cannot_start(error: &dyn Display) -> Failed {
    Failed::new(
        Fault::Listen,
        format!("The node cannot start: {error}."),
        "Check --listen-tcp, --listen-ws and --peers.",
    )
}

/// The Kubo daemon behind a node cannot be used.
pub fn ipfs_unusable(error: &dyn Display) -> Failed {
    Failed::new(
        Fault::Ipfs,
        format!("The IPFS node cannot be used: {error}."),
        "Start it with `ipfs daemon`, and check --ipfs-rpc and --ipfs-gateway.",
    )
}

/// The Kubo daemon behind a node does not answer yet.
pub fn ipfs_away() -> Words {
    Words {
        what: "The IPFS node does not answer. This node waits for it, and grants no uploads until then."
            .to_owned(),
        advice: "Start it with `ipfs daemon`, or check --ipfs-rpc and --ipfs-gateway.".to_owned(),
    }
}

/// An HTTP client cannot be set up.
pub fn no_http(error: &dyn Display) -> Failed {
    Failed::new(Fault::Network, format!("HTTP cannot be used: {error}."), "")
}

/// The storage of a node cannot be opened.
pub fn storage_unusable(error: &OpenError) -> Failed {
    Failed::new(
        Fault::Storage,
        format!("The storage cannot be used: {error}."),
        "Choose another directory with --storage, or repair this one.",
    )
}

/// A server of a node cannot listen on an address.
pub fn cannot_listen(what: &str, address: &SocketAddr, error: &io::Error) -> Failed {
    Failed::new(
        Fault::Listen,
        format!("{what} cannot listen on {address}: {error}."),
        "Stop whatever is using the port, or choose others with --listen-tcp, --listen-ws, --listen-http, --listen-tls \
         and --listen-metrics.",
    )
}

/// TLS cannot be set up.
pub fn tls(error: &TlsError) -> Failed {
    let advice = match error {
        TlsError::Expired { .. } => "Renew the certificate.",
        TlsError::Mismatch { .. } => {
            "Name the two files of one certificate with --tls-cert and --tls-key."
        }
        TlsError::TooEarly { .. } => "Set the clock, or use another certificate.",
        _ => "Check the files that --tls-cert and --tls-key name, and who may read them.",
    };
    Failed::new(Fault::Certificate, format!("TLS: {error}."), advice)
}

/// The certificates of further authorities cannot be used.
pub fn authorities(error: &TlsError) -> Failed {
    Failed::new(
        Fault::Certificate,
        format!("--ca: {error}."),
        "Name a file with the certificates of the authorities.",
    )
}

/// Options that are needed together are not all there.
pub fn half_of_tls() -> Failed {
    Failed::usage(
        "TLS needs a certificate: --tls-cert with --tls-key, or --domain, by which the node gets one.",
        "Use one of the two, or leave out --listen-tls.",
    )
}

/// There are two ways to a certificate.
pub fn two_certificates() -> Failed {
    Failed::usage(
        "--domain and --tls-cert are two ways to a certificate.",
        "Use one of them.",
    )
}

/// The PROXY protocol without a proxy that may speak it.
pub fn nobody_to_trust() -> Failed {
    Failed::usage(
        "--proxy-protocol has no effect without --trusted-proxy.",
        "Name the proxies that speak it with --trusted-proxy.",
    )
}

/// Options of ACME without a name to get a certificate for.
pub fn no_domain() -> Failed {
    Failed::usage(
        "--acme-directory and --acme-contact have no effect without --domain.",
        "Give the host name for which the node gets a certificate with --domain.",
    )
}

/// The address of an authority is none.
pub fn bad_directory(directory: &str) -> Failed {
    Failed::usage(
        format!("“{directory}” is not the address of an ACME directory."),
        "It begins with https://.",
    )
}

/// A certificate cannot be got for a name.
pub fn not_a_host(domain: &str) -> Failed {
    Failed::usage(
        format!(
            "--domain: “{}” is not a host name such as node.example.org.",
            printable(domain)
        ),
        "Name the host, without a scheme, a port or a *.",
    )
}

/// Nothing tells under which name others reach a node with TLS.
pub fn nameless_certificate() -> Failed {
    Failed::usage(
        "The certificate names no host by which others could reach this node, such as node.example.org.",
        "Say with --public-url https://HOST how they do.",
    )
}

/// An option has a value that is too small.
pub fn too_small(flag: &str, least: u64) -> Failed {
    Failed::usage(
        format!("{flag} must be at least {least}."),
        "Choose a larger number, or leave the option out.",
    )
}

/// A list of peers or files is too large.
pub fn list_too_large(path: &Path, most: u64) -> Failed {
    Failed::usage(
        format!(
            "{} is too large for a list: it may have {}.",
            path.display(),
            words::size(most)
        ),
        "Check its path.",
    )
}

/// A line of a list is no entry of it.
pub fn not_listed(path: &Path, line: usize, said: &str, kind: &str) -> Failed {
    Failed::usage(
        format!(
            "{}, line {line}: “{}” is not {kind}.",
            path.display(),
            printable(said)
        ),
        "Write one in a line; what follows a # is ignored.",
    )
}

/// No node runs with a state directory.
pub fn no_node_here(state: &Path) -> Failed {
    Failed::new(
        Fault::NotRunning,
        format!("No node runs with the state directory {}.", state.display()),
        "Start it with `fluence node`, or name its state directory with --state.",
    )
}

/// A storage is asked for the status of a node.
pub fn no_status() -> Failed {
    Failed::new(
        Fault::NotRunning,
        "A node that does not run has no status.",
        "Start it with `fluence node`.",
    )
}

/// A time in Unix seconds as people read it.
pub fn utc(seconds: u64) -> String {
    // The days since 0000-03-01, in years that begin in March, so that leap days are at their ends.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 {
        shifted + 3
    } else {
        shifted - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    let (hour, minute) = (seconds / 3600 % 24, seconds / 60 % 60);
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// A length of time as people say it.
pub fn duration(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds} s"),
        (0, 0, _) => format!("{minutes} min"),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

/// The status of a node, as lines for a person.
pub fn status(status: &Value) -> Vec<String> {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let word = |value: &Value| printable(value.as_str().unwrap_or_default());
    let list = |value: &Value| {
        let values = value.as_array().map_or(&[][..], Vec::as_slice);
        values.iter().map(word).collect::<Vec<_>>()
    };
    let of = |name: &str| {
        let of = &status[name];
        format!("{} of {}", number(&of["now"]), number(&of["most"]))
    };
    let counts = |name: &str| {
        let counts = status[name].as_object().into_iter().flatten();
        let counts = counts.filter(|(_, count)| number(count) > 0);
        let counts: Vec<String> = counts
            .map(|(what, count)| format!("{} {}", number(count), what.replace('_', " ")))
            .collect();
        if counts.is_empty() {
            "none".to_owned()
        } else {
            counts.join(", ")
        }
    };
    let size = |value: &Value| words::size(number(value));
    let (storage, ready) = (&status["storage"], list(&status["not_ready"]));
    let mut lines = vec![
        ("peer", word(&status["peer"])),
        (
            "version",
            format!(
                "{}, up for {}",
                word(&status["version"]),
                duration(number(&status["uptime_seconds"]))
            ),
        ),
        ("addresses", list(&status["addresses"]).join(" ")),
        ("HTTP", word(&status["url"])),
        (
            "ready",
            if ready.is_empty() {
                "yes".to_owned()
            } else {
                format!("no: {}", ready.join("; "))
            },
        ),
        (
            "connections",
            format!(
                "{} (peers: {}, nodes: {}); HTTP: {}",
                of("connections"),
                number(&status["peers"]),
                number(&status["nodes"]),
                of("http_connections")
            ),
        ),
        ("reservations", of("reservations")),
        ("circuits", of("circuits")),
        (
            "functions",
            format!(
                "{} (records: {})",
                of("functions"),
                number(&status["records"])
            ),
        ),
        (
            "storage",
            format!(
                "{} of {} (files: {}, unfinished: {}); {} free on the disk",
                size(&storage["bytes"]),
                size(&storage["quota"]),
                number(&storage["dags"]),
                number(&storage["unfinished"]),
                size(&status["disk_free"])
            ),
        ),
        ("calls", counts("calls")),
        ("routed calls", counts("routed")),
        ("uploads", counts("grants")),
        ("refused", counts("refused")),
        (
            "traffic",
            format!(
                "{} received, {} sent",
                size(&status["received_bytes"]),
                size(&status["sent_bytes"])
            ),
        ),
        (
            "process",
            format!(
                "{} of memory, {} of {} files open",
                size(&status["memory_bytes"]),
                number(&status["open_files"]),
                number(&status["max_open_files"])
            ),
        ),
    ];
    if let Some(answers) = status["ipfs"].as_bool() {
        let ipfs = if answers {
            "answers"
        } else {
            "does not answer"
        };
        lines.push(("IPFS node", ipfs.to_owned()));
    }
    let certificate = &status["certificate"];
    if let Some(expires) = certificate["expires"].as_u64() {
        let names = list(&certificate["names"]).join(" ");
        lines.push(("certificate", format!("{names} until {}", utc(expires))));
    }
    let lines = lines.into_iter();
    lines
        .map(|(name, said)| format!("{name:<13}{said}"))
        .collect()
}

/// The lists and the certificate of a node were read again.
pub const RELOADED: &str = "The lists and the certificate were read again.";

/// A file is too large to be a configuration.
pub fn config_too_large(path: &Path) -> Failed {
    Failed::usage(
        format!("{} is too large for a configuration file.", path.display()),
        "Check its path.",
    )
}

/// A configuration cannot be read.
pub fn config_not_understood(path: &Path, error: &dyn Display) -> Failed {
    Failed::usage(
        format!(
            "{} could not be understood: {}.",
            path.display(),
            error.to_string().trim()
        ),
        "`fluence node --help` names all options.",
    )
}

/// The value of `--public-url` is not a URL of a server.
pub fn public_url(error: &AddressError) -> Failed {
    Failed::usage(
        format!("--public-url: {error}."),
        "An example: https://node.example.org",
    )
}

/// An address of the Kubo daemon is not a URL.
pub fn ipfs_address(flag: &str, error: &AddressError) -> Failed {
    Failed::usage(
        format!("{flag}: {error}."),
        "An example: http://127.0.0.1:5001",
    )
}

/// Only one address of the Kubo daemon was given.
pub fn half_an_ipfs_node() -> Failed {
    Failed::usage(
        "Only one of --ipfs-rpc and --ipfs-gateway was given.",
        "Give both, for the same daemon.",
    )
}

/// A node without listeners was asked for.
pub fn listens_nowhere() -> Failed {
    Failed::usage(
        "The node would listen neither on TCP nor on WebSocket.",
        "Leave at least one of --listen-tcp and --listen-ws on.",
    )
}

/// The running node uses another storage than the one that was named.
pub fn other_storage() -> Failed {
    Failed::new(
        Fault::OtherStorage,
        "The node of this state directory uses another storage.",
        "With --state, name the state directory of the node that uses it, or stop that node.",
    )
}

/// The connection to the running node broke.
pub fn node_gone(error: &io::Error) -> Failed {
    Failed::new(
        Fault::Node,
        format!("The connection to the node broke: {error}."),
        "The node's log may say why; the node may also have been stopped.",
    )
}

/// A storage does not have a DAG.
pub fn not_stored(cid: &Cid) -> Failed {
    Failed::new(
        Fault::NotFound,
        format!("{} is not stored here.", canonical(cid)),
        "`fluence storage list` lists what is.",
    )
}

/// An operation on a storage failed.
pub fn storage_failed(error: StorageError) -> Failed {
    let (code, advice) = match error {
        StorageError::DiskFull => (
            Fault::from(Code::DiskFull),
            "Free some space, then try again.",
        ),
        StorageError::Io(_) | StorageError::Database(_) => (
            Fault::Storage,
            "Check the storage's disk; `fluence storage check` finds what was damaged.",
        ),
    };
    Failed::new(code, format!("The operation failed: {error}."), advice)
}

/// Why a CAR was not imported, or only in part.
pub fn import_failed(error: ImportError) -> Failed {
    let error = match error {
        ImportError::Add(AddError::Storage(error)) => return storage_failed(error),
        error => error,
    };
    let (code, advice) = match &error {
        ImportError::Read(_) => (
            Fault::File,
            "What was read before that is stored. Make sure that the file can be read, and import it again.",
        ),
        ImportError::Add(AddError::NoRoom | AddError::TooLarge { .. }) => (
            Code::Quota.into(),
            "Make room with `fluence storage gc` or `remove`, or set a larger --storage-quota. Then import it again.",
        ),
        ImportError::Add(_) | ImportError::Car(_) | ImportError::Nothing => (
            Fault::Import,
            "What came before the fault is stored. Check the file, and import it again.",
        ),
    };
    let what = match &error {
        // The error's own words are meant for uploaders.
        ImportError::Add(AddError::NoRoom) => "there is no room left in the storage".to_owned(),
        error => error.to_string(),
    };
    Failed::new(code, format!("The CAR was not imported: {what}."), advice)
}

/// Why a DAG was not exported, or only in part.
pub fn export_failed(cid: &str, error: ExportError) -> Failed {
    let (code, advice) = match &error {
        ExportError::Incomplete(_) => (Fault::Export, ""),
        ExportError::Write(error) => match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => (
                Code::DiskFull.into(),
                "Free some space, or name another place with -o.",
            ),
            _ => (Fault::File, "Name another place with -o."),
        },
        ExportError::Damaged(_) => (
            Fault::Damaged,
            "`fluence storage check` removes what is damaged.",
        ),
        ExportError::Read(_) => (Fault::Storage, "Check the storage's disk."),
    };
    Failed::new(code, format!("{cid} was not exported: {error}."), advice)
}

/// Another process uses the state directory.
pub fn state_in_use(root: &Path) -> Failed {
    Failed::new(
        Fault::Locked,
        format!("Another fluence process is using {}.", root.display()),
        "Stop it, or give this one a directory of its own with --state.",
    )
}

/// A file holds no identity.
pub fn bad_identity(path: &Path, reason: &str) -> Failed {
    Failed::new(
        Fault::BadIdentity,
        format!("{} holds no identity: {reason}.", path.display()),
        "Restore it from a copy, or remove it to begin with a new identity.",
    )
}

/// The state directory cannot be used.
pub fn state_unusable(path: &Path, error: &io::Error) -> Failed {
    Failed::new(
        Fault::StateDirectory,
        format!(
            "The state directory cannot be used: {}: {error}.",
            path.display()
        ),
        "Choose another one with --state, or change its permissions.",
    )
}

/// The peer has ended while it provided a function.
pub fn peer_stopped() -> Failed {
    Failed::new(
        Fault::Network,
        "The peer has stopped.",
        "Run the same command again.",
    )
}

/// A function was announced, but cannot be called from outside.
pub fn unconfirmed(name: &FunctionName) -> Failed {
    Failed::new(
        Fault::Unconfirmed,
        format!("“{name}” was announced, but a stranger could not find and call it."),
        "Check the node, then try again.",
    )
}

/// Warns of a function whose name belongs to the network itself.
pub const RESERVED_NAME: &str = "Names that begin with IPFS_ belong to files and storage: callers expect the results of \
                                 such functions.";

/// A function is provided.
pub fn providing(name: &FunctionName) -> String {
    format!("Providing “{name}” until Ctrl-C.")
}

/// A call was answered, in this time.
pub fn called(from: &PeerId, reply: &Reply, took: Duration) -> String {
    let how = match reply {
        Reply::Ok(_) => "done".to_owned(),
        Reply::Error(error) => format!("failed, {}", printable(&error.message)),
    };
    format!("Call from {from}: {how}, {} ms.", took.as_millis())
}

/// The command of a function failed.
pub fn command_failed(status: ExitStatus, complaint: &str) -> String {
    format!("The command failed ({status}): {}", printable(complaint))
}

/// The output of the command of a function cannot be its result.
pub fn not_an_object(error: &dyn Display) -> String {
    format!("The command's output is not a JSON object: {error}.")
}

/// Advice after an operation on a storage that was stopped.
pub const START_OVER: &str = "Run the same command again to start over.";

/// A directory contains no storage.
pub fn no_storage(directory: &Path) -> Failed {
    Failed::usage(
        format!("There is no storage in {}.", directory.display()),
        "Name the node's state directory with --state, or its storage with --storage.",
    )
}

/// A file that is to be exported to exists.
pub fn export_exists(path: &Path) -> Failed {
    Failed::new(
        Fault::Exists,
        format!("{} already exists.", path.display()),
        "Name another path with -o.",
    )
}

/// A check of a storage found damaged blocks.
pub fn blocks_damaged(count: usize) -> Failed {
    Failed::new(
        Fault::Damaged,
        format!("{count} blocks were damaged, and have been removed."),
        "Check the disk. What was shared comes back when it is requested; import the rest again.",
    )
}

/// The arguments of a call are not a JSON object.
pub fn arguments_no_object(error: &dyn Display) -> Failed {
    Failed::usage(
        format!("The arguments are not a JSON object: {error}."),
        "An example: '{\"size\": 10}'",
    )
}

/// A text is not a peer id.
pub fn not_a_peer_id(peer: &str) -> Failed {
    let peer = without_key(peer);
    Failed::usage(
        format!("“{peer}” is not a peer id."),
        "A peer id begins with 12D3Koo.",
    )
}

/// A call cannot be encoded.
pub fn call_too_large(error: &dyn Display) -> Failed {
    Failed::usage(
        format!("The call cannot be sent: {error}."),
        "Give shorter arguments. To pass something large, share it and give its link.",
    )
}

/// A function has no provider.
pub fn nobody_provides(function: &FunctionName) -> Failed {
    let function = without_key(function.as_str());
    Failed::new(
        Code::NoProvider,
        format!("Nobody provides “{function}” now."),
        "Check the name (case matters), and whether its provider is online.",
    )
}

/// A text is not the name of a function.
pub fn bad_function(text: &str, error: &dyn Display) -> Failed {
    Failed::usage(
        format!("“{}”: {error}.", without_key(text).escape_default()),
        "Give another name.",
    )
}

/// A text is not a multiaddr.
pub fn not_a_multiaddr(text: &str, error: &dyn Display) -> Failed {
    let text = without_key(text);
    Failed::usage(
        format!("“{text}” is not a multiaddr: {error}."),
        "An example: /ip4/127.0.0.1/tcp/4101",
    )
}

/// The threads of the program cannot be started.
pub fn no_threads(error: &io::Error) -> Failed {
    Failed::new(
        Fault::Threads,
        format!("The program cannot start its threads: {error}."),
        "Check the limits of this account.",
    )
}

/// One name was given for several files.
pub fn one_name() -> Failed {
    Failed::usage(
        "One name was given for several files.",
        "Add --together, or share them one by one.",
    )
}

/// The directory of a share is in use.
pub fn work_in_use() -> Failed {
    Failed::new(
        Fault::Locked,
        "The state directory is in use.",
        "Try again.",
    )
}

/// Advice after a share that was stopped.
pub const SHARE_AGAIN: &str = "Run the same command again to share.";
/// Somebody asks for a file, and the person decides.
pub fn asking(peer: &str, name: &str) -> String {
    format!(
        "{} asks for {}. Type y and Enter to give it to them, or n to refuse; without an answer it is refused after a minute.",
        printable(peer),
        printable(name)
    )
}

/// A question was not answered in time.
pub const NOT_ANSWERED: &str = "It was refused, because there was no answer for a minute.";

/// There is nobody at a terminal who could be asked.
pub fn nobody_to_ask() -> Failed {
    Failed::usage(
        "--ask needs a terminal, and there is none.",
        "Run the command at a terminal, or leave out --ask.",
    )
}

/// A share ended because it was fetched as often as it should be.
pub fn fetched_enough(name: &str) -> String {
    format!(
        "{} was fetched as often as it should be, and is not shared any more. Its copy is taken back in a minute or so.",
        printable(name)
    )
}

/// Advice after a fetch or a save that was stopped.
pub const KEPT: &str = "Run the same command again to continue; what has arrived so far is kept.";

/// There are more files than can be shared at once.
pub fn too_many_files(limit: usize) -> Failed {
    Failed::usage(
        format!("There are more than {limit} files."),
        "Share fewer at once, or put them into an archive.",
    )
}

/// Folders are nested more deeply than can be shared.
pub fn too_deep(path: &Path, limit: usize) -> Failed {
    Failed::usage(
        format!(
            "{}: folders are nested more than {limit} deep.",
            path.display()
        ),
        "Put them into an archive and share that.",
    )
}

/// The name of a file is not text.
pub fn name_not_utf8(name: &OsStr) -> Failed {
    Failed::usage(
        format!("The name “{}” is not UTF-8.", name.to_string_lossy()),
        "Rename it, or share it alone with --name.",
    )
}

/// Something that concerns one file of several.
pub fn of_file(name: &str, said: &str) -> String {
    format!("{}: {said}", printable(name))
}

/// A peer called for a file.
pub fn asked_for(peer: &str, name: &str) -> String {
    format!("{peer} asked for {}.", printable(name))
}

/// So many bytes were uploaded.
pub fn uploaded(bytes: u64) -> String {
    format!("{} uploaded to storage.", words::size(bytes))
}

/// A storage could not be asked to remove its copy.
pub fn left_at(host: &str) -> String {
    format!(
        "A copy is still in the storage at {host}, which did not answer. The next command takes it back."
    )
}

/// Storages have removed what earlier commands left there.
pub fn released_earlier(copies: usize) -> String {
    match copies {
        1 => "A copy that an earlier command left in storage was taken back.".to_owned(),
        copies => {
            format!("{copies} copies that earlier commands left in storage were taken back.")
        }
    }
}

/// A file is shared.
pub fn shared(name: &str, size: Option<u64>) -> String {
    let size = size.map_or_else(String::new, |size| format!(" ({})", words::size(size)));
    format!("{}{size} is shared until Ctrl-C.", printable(name))
}

/// Who can read a private share.
pub const PRIVATE: &str =
    "Whoever has the whole link can read it, and nobody else. The key is in the link alone.";

/// Something cannot be shared privately.
pub fn not_sealed(name: &str, why: &dyn Display) -> Failed {
    Failed::usage(
        format!("{} cannot be shared privately: {why}.", printable(name)),
        "Share less at once, or put it into an archive.",
    )
}

/// Where a file opens in a browser; only on this machine if `here`.
pub fn opens(link: &str, here: bool) -> String {
    let whose = if here { " of this machine" } else { "" };
    format!("It opens in any browser{whose}: {link}")
}

/// A symbolic link is not shared.
pub fn left_out(path: &Path) -> String {
    let path = printable(&path.to_string_lossy());
    format!("{path} is a symbolic link and is left out.")
}

/// Hidden files of a folder are not shared, because the person said so.
pub fn hidden_left_out(path: &Path) -> String {
    let path = printable(&path.to_string_lossy());
    format!("{path} is hidden and is left out.")
}

/// A symbolic link in a fetched folder is not saved.
pub fn link_left_out(path: &str) -> String {
    let path = printable(path);
    format!("{path} is a symbolic link that may lead out of the folder, and is left out.")
}

/// A name could not be kept.
pub fn renamed(name: &str, path: &str) -> String {
    format!("“{}” is saved as {}.", printable(name), printable(path))
}

/// A directory to save to does not exist.
pub fn no_directory(path: &Path) -> Failed {
    Failed::usage(
        format!("There is no directory {}.", path.display()),
        "Create it, or name another one.",
    )
}

/// The directory of a path to save to does not exist.
pub fn no_parent(parent: &Path) -> Failed {
    Failed::usage(
        format!("There is no directory {}.", parent.display()),
        "Create it, or name another path with -o.",
    )
}

/// A folder cannot be written to standard output.
pub fn folder_to_stdout() -> Failed {
    Failed::usage(
        "That is a folder, which cannot be written to standard output.",
        "Name a path with -o.",
    )
}

/// A path to save to exists.
pub fn exists(path: &Path) -> Failed {
    Failed::new(
        Fault::Exists,
        format!("{} already exists.", path.display()),
        "Name another path with -o, or replace a file with --force.",
    )
}

/// What is at the path of a file that is to be saved is a device, a pipe or a folder.
pub fn not_a_file(path: &Path) -> Failed {
    Failed::new(
        Fault::Exists,
        format!(
            "{} exists, and is not a file that could be replaced.",
            path.display()
        ),
        "Name another path with -o, or write to standard output with -o - and redirect that.",
    )
}

/// Another process fetches the same file.
pub fn being_fetched() -> Failed {
    Failed::new(
        Fault::Locked,
        "Another fluence is fetching the same file.",
        "Wait for it, or give this one a directory of its own with --state.",
    )
}

/// Nothing of a file is kept from an earlier fetch.
pub fn nothing_kept(cid: &str) -> Failed {
    Failed::new(
        Fault::NotBegun,
        format!("Nothing of {cid} is kept."),
        "`fluence fetch --unfinished` lists what is.",
    )
}

/// The engine made no item.
pub fn fetch_not_begun() -> Failed {
    Failed::new(Fault::NoItem, "The fetch could not begin.", "Try again.")
}

/// The item of a fetch is gone.
pub fn fetch_removed() -> Failed {
    Failed::new(Fault::Removed, "The fetch was removed.", "Try again.")
}

/// The engine has ended during a fetch.
pub fn fetch_stopped() -> Failed {
    Failed::new(Fault::Ending, "The fetch has stopped.", "Try again.")
}

/// A fetched file is provided to others.
pub fn provided(link: &str) -> String {
    format!("{link} is provided to others until Ctrl-C.")
}

/// An unfinished fetch was removed.
pub fn discarded(cid: &str) -> String {
    format!("What had arrived of {cid} was removed.")
}

/// So many bytes were fetched and verified.
pub fn verified(bytes: u64) -> String {
    format!("{} verified.", words::size(bytes))
}

/// The peer cannot start.
pub fn no_network(error: &dyn Display) -> Failed {
    Failed::new(
        Fault::Network,
        format!("The network cannot be used: {error}."),
        "",
    )
}

/// No node can be reached.
pub fn no_node(nodes: &[String], why: &str) -> Failed {
    Failed::new(
        Code::Offline,
        format!("No node can be reached at {}: {why}.", nodes.join(", ")),
        "Start one with `fluence node`, or name one with --node.",
    )
}

/// The connection to the network was lost.
pub fn connection_lost(error: &LinkError) -> String {
    format!(
        "The connection is lost ({}); trying again.",
        words::link(error)
    )
}

/// Warns that others are not told where the storage is, because all that is known is an address that leads each of them to
/// themselves.
pub fn hidden_http(url: &str) -> Words {
    Words {
        what: format!(
            "Others are not told where the storage is, so they can neither upload nor fetch: at {url}, each of \
             them would find only their own machine."
        ),
        advice: "Say with --public-url (or FLUENCE_PUBLIC_URL) how they reach this node's HTTP, such as \
                 http://192.168.1.5:4180 or https://node.example.org."
            .to_owned(),
    }
}

/// What cannot be turned off is.
pub fn must_listen(flag: &str) -> Failed {
    Failed::usage(
        format!("{flag} names no address."),
        "Name one with a port, such as 127.0.0.1:4180.",
    )
}

/// A node that listens on all addresses of its machine has none on the internet.
pub fn announces_nothing() -> Words {
    Words {
        what: "Others are told no address of this node, because this machine has none that is on the internet. \
               Nobody can be reached through it."
            .to_owned(),
        advice: "Say with --external-address (or FLUENCE_EXTERNAL_ADDRESS) how others reach it, such as \
                 /dns4/node.example.org/tcp/4101, or with --announce-private that all who use it are in the same \
                 private network."
            .to_owned(),
    }
}

/// The connection to the network was made again.
pub const CONNECTED: &str = "Connected again.";
/// What was fetched by its hash alone looks like a private share.
pub const LACKS_KEY: &str =
    "These are the encrypted bytes of a private share: the link had no key.";
/// What to do about it.
pub const DO_LACKS_KEY: &str =
    "Ask for the whole link, with the part from # on, and put it between quotes.";
/// The node grants no reservation.
pub const UNREACHABLE: &str = "Connected, but the node has no room to make another peer reachable: \
     fetching works, and nobody can fetch from here. It tries again by itself.";
/// A node has started.
pub const NODE_RUNS: &str = "The node runs until Ctrl-C.";
/// A node stops.
pub const STOPPING: &str = "Stopping.";

/// A function call had no result.
fn no_result(error: &NetworkError) -> Failed {
    let (fault, what, advice): (Fault, _, _) = match error {
        NetworkError::Offline => (
            Code::Offline.into(),
            "There is no connection to the network.",
            "Check that the node runs and that its address is right.",
        ),
        NetworkError::Unreachable => (
            Fault::Unreachable,
            "The provider cannot be reached.",
            "Run the same command again later.",
        ),
        NetworkError::NoReply => (
            Fault::NoReply,
            "The provider did not answer in time; it may have received the call.",
            "Run the same command again, or allow more time with --timeout.",
        ),
        NetworkError::Malformed => (
            Fault::Malformed,
            "The provider's answer could not be understood.",
            "The provider's program is at fault.",
        ),
        NetworkError::Call(error) => return refusal(error),
    };
    Failed::new(fault, what, advice)
}

/// Describes the error that a provider returned instead of a result.
fn refusal(error: &CallError) -> Failed {
    const LATER: &str = "Run the same command again later.";
    let (fault, what, advice): (Fault, _, _) = match error.code {
        ErrorCode::BadRequest => (
            Fault::BadRequest,
            "The provider did not understand the call.",
            "Check the arguments.",
        ),
        ErrorCode::NoSuchFunction => (
            Fault::NoSuchFunction,
            "The provider does not provide that function.",
            "Check the name.",
        ),
        ErrorCode::Refused => (Code::Refused.into(), "The provider refused.", ""),
        ErrorCode::Busy => (Code::Busy.into(), "The provider is busy.", LATER),
        ErrorCode::Unavailable => (
            Fault::Unavailable,
            "The provider lacks what it needs to answer.",
            LATER,
        ),
        ErrorCode::Internal => (Fault::Internal, "The function failed.", ""),
    };
    let what = if error.message.is_empty() {
        what.to_owned()
    } else {
        let said = printable(&error.message);
        format!("The provider says: {}.", said.trim_end_matches('.'))
    };
    Failed::new(fault, what, advice)
}

/// A command cannot open a storage.
pub fn not_opened(error: &OpenError) -> Failed {
    let advice = match error {
        OpenError::InUse(_) => "Name that node's state directory with --state, or stop it.",
        _ => "Name another directory, or repair this one.",
    };
    Failed::new(Fault::Storage, format!("{error}."), advice)
}

/// A DAG was pinned, or is no longer pinned.
pub fn pinned(cid: &str, pinned: bool) -> String {
    if pinned {
        format!("{cid} is pinned.")
    } else {
        format!("{cid} is no longer pinned.")
    }
}

/// A DAG was removed.
pub fn removed(cid: &str) -> String {
    format!("{cid} was removed.")
}

/// DAGs were removed; sizes are in bytes.
pub fn collected(removed: u64, used: u64, quota: u64) -> String {
    format!("{removed} removed; {}", usage(used, quota))
}

/// How much of a storage is used, in bytes.
pub fn usage(used: u64, quota: u64) -> String {
    format!("{} of {} used.", words::size(used), words::size(quota))
}

/// A CAR was imported.
pub fn imported(path: &Path, blocks: u64, bytes: u64) -> String {
    let path = printable(&path.to_string_lossy());
    format!("{path}: {blocks} new blocks, {}.", words::size(bytes))
}

/// A CAR lacks blocks of its DAG.
pub fn blocks_missing(count: u64) -> String {
    format!("{count} blocks that it links to are missing from it.")
}

/// The state of a stored DAG, in a word.
pub fn dag_state(missing: u64, pinned: bool) -> String {
    match (missing, pinned) {
        (0, true) => "pinned".to_owned(),
        (0, false) => "whole".to_owned(),
        (missing, _) => format!("lacks {missing}"),
    }
}

/// The blocks of a storage were checked.
pub fn checked(blocks: u64, bytes: u64) -> String {
    format!("{blocks} blocks, {}.", words::size(bytes))
}

/// What happens to a share, beside its bar.
pub fn sharing(status: &Status, uploads: bool) -> &'static str {
    match status {
        _ if uploads => "uploading",
        Status::Preparing => "reading",
        Status::Hashing => HASHING,
        Status::Announcing => "announcing",
        Status::Shared => "shared",
        Status::Stopped
        | Status::Searching
        | Status::Asked { .. }
        | Status::Downloading { .. }
        | Status::Interrupted { .. }
        | Status::Done
        | Status::Failed { .. } => "",
    }
}

/// What happens to a fetch, beside its bar.
pub fn fetching(status: &Status) -> &'static str {
    match status {
        Status::Searching => "searching",
        Status::Asked { .. } => "asking",
        Status::Downloading { .. } => "fetching",
        Status::Preparing
        | Status::Hashing
        | Status::Announcing
        | Status::Shared
        | Status::Stopped
        | Status::Interrupted { .. }
        | Status::Done
        | Status::Failed { .. } => "",
    }
}

/// A file is being hashed.
pub const HASHING: &str = "hashing";
