//! What a node tells its operator: whether it can serve, and a snapshot of all that it holds and has
//! done, as JSON for `fluence node status` and as text for Prometheus.

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::State as Extracted;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use fluence::state::NetworkStatus;
use fluence_peer::{Answered, Load, Meter, Multiaddr, Peer, Refused, RelayLimits, Routed};
use serde::Serialize;
use tokio::sync::Mutex;

use super::announced;
use crate::gateway::Server;
use crate::kubo::Blocks;
use crate::platform::{file_limit, memory, open_files};
use crate::storage::{Storage, Usage};
use crate::tls::Tls;

/// How long something is told again before it is found out anew, whoever asks how often.
const FRESH: Duration = Duration::from_secs(1);

/// How long libp2p may take to say what it holds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Something that strangers ask for, and that is found out once in a while, however often they do.
#[derive(Debug)]
pub(super) struct Fresh<T>(Mutex<Option<(tokio::time::Instant, T)>>);

impl<T> Default for Fresh<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T: Clone> Fresh<T> {
    /// What was found out within [`FRESH`], or else what `find_out` says, for which all who ask meanwhile wait.
    pub async fn get(&self, find_out: impl Future<Output = T>) -> T {
        let mut kept = self.0.lock().await;
        if let Some((at, kept)) = &*kept
            && at.elapsed() < FRESH
        {
            return kept.clone();
        }
        let found = find_out.await;
        *kept = Some((tokio::time::Instant::now(), found.clone()));
        found
    }
}

/// The parts of a node that run, each in a task, until it stops. One that ends before has panicked.
#[derive(Debug, Clone, Default)]
pub(super) struct Parts(Arc<AtomicBool>);

impl Parts {
    /// A part whose end is noted, however it ends.
    pub fn noting<F: Future<Output = ()>>(&self, part: F) -> impl Future<Output = ()> + use<F> {
        struct Noted(Arc<AtomicBool>);
        impl Drop for Noted {
            fn drop(&mut self) {
                self.0.store(true, Ordering::Relaxed);
            }
        }
        let noted = Noted(Arc::clone(&self.0));
        async move {
            part.await;
            drop(noted);
        }
    }

    /// Whether a part has ended.
    fn has_ended(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Tells whether a node can serve.
#[derive(Clone)]
pub(super) struct Readiness {
    pub peer: Peer,
    pub storage: Arc<Storage>,
    pub blocks: Option<Arc<Blocks>>,
    pub tls: Option<Arc<Tls>>,
    pub parts: Parts,
    pub load: Arc<Fresh<Option<Load>>>,
}

impl Readiness {
    /// What libp2p holds; `None` if it does not say so.
    async fn load(&self) -> Option<Load> {
        // Its patience begins with the question, and not with the wait for another one's answer.
        let asked = async {
            let asked = tokio::time::timeout(PATIENCE, self.peer.load());
            asked.await.ok().flatten()
        };
        self.load.get(asked).await
    }

    /// Why the node cannot serve now; empty if it can.
    pub async fn missing(&self) -> Vec<&'static str> {
        let load = self.load().await;
        let listens = matches!(self.peer.status(), NetworkStatus::Online { .. });
        let ended = load.as_ref().map_or(0, |load| load.ended_listeners);
        let kubo = self.blocks.as_ref().is_none_or(|blocks| blocks.answers());
        [
            (load.is_some(), "libp2p does not answer"),
            (listens, "libp2p does not listen"),
            (
                ended == 0,
                "libp2p does not listen at all its addresses any more; the node's log says why",
            ),
            (
                !self.parts.has_ended(),
                "a part of the node has failed; the node's log says why",
            ),
            (
                !self.storage.is_broken(),
                "the storage has failed; the node's log says why",
            ),
            (kubo, "the IPFS node behind this one does not answer"),
            (
                self.tls.as_ref().is_none_or(|tls| tls.is_ready()),
                "there is no valid TLS certificate; the node's log says why",
            ),
        ]
        .into_iter()
        .filter_map(|(is_fine, reason)| (!is_fine).then_some(reason))
        .collect()
    }
}

/// All that can be told about a node.
pub(super) struct State {
    pub started: Instant,
    pub readiness: Readiness,
    pub server: Arc<Server>,
    pub meter: Meter,
    pub limits: RelayLimits,
    /// The addresses that others are told, if they are named.
    pub external: Vec<Multiaddr>,
    pub url: String,
    pub text: Fresh<Arc<str>>,
}

/// How much there is of something, and how much there may be.
#[derive(Debug, Clone, Copy, Serialize)]
struct Of {
    now: u64,
    most: u64,
}

impl Of {
    fn new(now: usize, most: usize) -> Self {
        Self {
            now: now as u64,
            most: most as u64,
        }
    }
}

/// What a node is, holds and has done.
#[derive(Debug, Serialize)]
pub(super) struct Snapshot {
    peer: String,
    version: &'static str,
    uptime_seconds: u64,
    addresses: Vec<String>,
    url: String,
    ready: bool,
    not_ready: Vec<&'static str>,
    connections: Of,
    peers: usize,
    nodes: usize,
    reservations: Of,
    circuits: Of,
    records: usize,
    functions: Of,
    waiting_calls: usize,
    routed_calls: Of,
    calls: BTreeMap<&'static str, u64>,
    routed: BTreeMap<&'static str, u64>,
    grants: BTreeMap<&'static str, u64>,
    refused: BTreeMap<&'static str, u64>,
    storage: Usage,
    /// Bytes that are free on the disk, if the system tells.
    disk_free: Option<u64>,
    http_connections: Of,
    http_responses: BTreeMap<u16, u64>,
    received_bytes: u64,
    sent_bytes: u64,
    memory_bytes: Option<u64>,
    open_files: Option<usize>,
    max_open_files: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    ipfs: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<Certificate>,
}

#[derive(Debug, Serialize)]
struct Certificate {
    names: Vec<String>,
    expires: u64,
}

impl State {
    /// The state now.
    pub async fn snapshot(&self) -> Snapshot {
        let Readiness {
            peer,
            storage,
            blocks,
            tls,
            ..
        } = &self.readiness;
        let load = self.readiness.load().await.unwrap_or_default();
        let Load {
            calls,
            routed,
            refused,
            ..
        } = load;
        let disk = storage.clone();
        // The system may have to ask a disk.
        let asked =
            tokio::task::spawn_blocking(move || (disk.disk_free(), memory(), open_files())).await;
        let (disk_free, memory_bytes, open_files) = asked.unwrap_or_default();
        let (granted, not_granted) = storage.grants();
        let addresses = announced(peer, &self.external).await;
        let (http, most_http) = self.server.connections();
        let not_ready = self.readiness.missing().await;
        let limits = &self.limits;
        let max_connections = usize::try_from(limits.max_connections).unwrap_or(usize::MAX);
        Snapshot {
            peer: peer.id().to_string(),
            version: env!("CARGO_PKG_VERSION"),
            uptime_seconds: self.started.elapsed().as_secs(),
            addresses: addresses.iter().map(Multiaddr::to_string).collect(),
            url: self.url.clone(),
            ready: not_ready.is_empty(),
            not_ready,
            connections: Of::new(load.connections, max_connections),
            peers: load.peers,
            nodes: load.nodes,
            reservations: Of::new(load.reservations, limits.max_reservations),
            circuits: Of::new(load.circuits, limits.max_circuits),
            records: load.records,
            functions: Of::new(load.functions, limits.max_functions),
            waiting_calls: load.waiting_calls,
            routed_calls: Of::new(load.routed_calls, limits.max_routed_calls),
            calls: answered(calls),
            routed: passed_on(routed),
            grants: [("given", granted), ("refused", not_granted)].into(),
            refused: not_served(refused),
            storage: storage.usage(),
            disk_free,
            http_connections: Of::new(http, most_http),
            http_responses: self.server.responses().into_iter().collect(),
            received_bytes: self.meter.received(),
            sent_bytes: self.meter.sent(),
            memory_bytes,
            open_files,
            max_open_files: file_limit(),
            ipfs: blocks.as_ref().map(|blocks| blocks.answers()),
            certificate: tls.as_ref().and_then(|tls| {
                Some(Certificate {
                    names: tls.names(),
                    expires: tls.expires()?,
                })
            }),
        }
    }

    /// The state as text for Prometheus, made once in a while.
    async fn metrics(&self) -> Arc<str> {
        let made = async { render(&self.snapshot().await).into() };
        self.text.get(made).await
    }
}

fn answered(calls: Answered) -> BTreeMap<&'static str, u64> {
    let Answered {
        ok,
        bad_request,
        no_such_function,
        refused,
        busy,
        unavailable,
        internal,
    } = calls;
    [
        ("ok", ok),
        ("bad_request", bad_request),
        ("no_such_function", no_such_function),
        ("refused", refused),
        ("busy", busy),
        ("unavailable", unavailable),
        ("internal", internal),
    ]
    .into()
}

fn passed_on(routed: Routed) -> BTreeMap<&'static str, u64> {
    let Routed {
        ok,
        nobody,
        busy,
        failed,
    } = routed;
    [
        ("ok", ok),
        ("nobody", nobody),
        ("busy", busy),
        ("failed", failed),
    ]
    .into()
}

fn not_served(refused: Refused) -> BTreeMap<&'static str, u64> {
    let Refused {
        connections,
        peers,
        reservations,
        circuits,
    } = refused;
    [
        ("connections", connections),
        ("peers", peers),
        ("reservations", reservations),
        ("circuits", circuits),
    ]
    .into()
}

/// The routes of the port for Prometheus.
pub(super) fn router(state: Arc<State>) -> Router {
    let metrics = async |Extracted(state): Extracted<Arc<State>>| {
        let kind = "text/plain; version=0.0.4; charset=utf-8";
        let text = state.metrics().await.to_string();
        ([(header::CONTENT_TYPE, kind)], text).into_response()
    };
    Router::new()
        .route("/metrics", get(metrics))
        .with_state(state)
}

/// Text in the exposition format of Prometheus. Labels have values of this program's own alone.
#[derive(Default)]
struct Text(String);

impl Text {
    fn begin(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.begin(name, "gauge", help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.begin(name, "counter", help);
        let _ = writeln!(self.0, "{name} {value}");
    }

    fn limited(&mut self, name: &str, what: &str, of: Of) {
        self.gauge(name, what, of.now);
        self.gauge(
            &format!("{name}_limit"),
            &format!("{what}, at most."),
            of.most,
        );
    }

    fn counters<L: Display>(
        &mut self,
        name: &str,
        help: &str,
        label: &str,
        values: impl IntoIterator<Item = (L, u64)>,
    ) {
        self.begin(name, "counter", help);
        for (of, value) in values {
            let _ = writeln!(self.0, "{name}{{{label}=\"{of}\"}} {value}");
        }
    }
}

fn render(now: &Snapshot) -> String {
    let mut text = Text::default();
    text.begin("fluence_info", "gauge", "The version that runs.");
    let _ = writeln!(text.0, "fluence_info{{version=\"{}\"}} 1", now.version);
    text.gauge(
        "fluence_uptime_seconds",
        "Seconds since the node was started.",
        now.uptime_seconds,
    );
    text.gauge(
        "fluence_ready",
        "Whether the node can serve (/readyz).",
        u8::from(now.ready),
    );
    text.limited("fluence_connections", "libp2p connections", now.connections);
    text.gauge("fluence_peers", "Connected peers.", now.peers);
    text.gauge(
        "fluence_nodes",
        "Connected nodes of the same network.",
        now.nodes,
    );
    text.limited(
        "fluence_reservations",
        "Relay reservations",
        now.reservations,
    );
    text.limited("fluence_circuits", "Relayed connections", now.circuits);
    text.gauge("fluence_records", "Provider records.", now.records);
    text.limited(
        "fluence_functions",
        "Functions with provider records",
        now.functions,
    );
    text.gauge(
        "fluence_calls_waiting",
        "Calls that wait for the node's own answer.",
        now.waiting_calls,
    );
    text.limited(
        "fluence_routed_calls",
        "Calls that are being passed on to their providers",
        now.routed_calls,
    );
    text.counters(
        "fluence_calls_total",
        "Calls that were answered, by outcome.",
        "outcome",
        now.calls.iter().map(|(outcome, n)| (*outcome, *n)),
    );
    text.counters(
        "fluence_routed_calls_total",
        "Calls that were to be passed on to their providers, by outcome.",
        "outcome",
        now.routed.iter().map(|(outcome, n)| (*outcome, *n)),
    );
    text.counters(
        "fluence_grants_total",
        "Uploads that were asked for, by outcome.",
        "outcome",
        now.grants.iter().map(|(outcome, n)| (*outcome, *n)),
    );
    text.counters(
        "fluence_refused_total",
        "What was refused to peers, because of a limit or a list.",
        "what",
        now.refused.iter().map(|(what, n)| (*what, *n)),
    );
    text.gauge("fluence_storage_dags", "Stored DAGs.", now.storage.dags);
    text.gauge(
        "fluence_storage_unfinished_dags",
        "DAGs that are not complete.",
        now.storage.unfinished,
    );
    text.gauge(
        "fluence_storage_bytes",
        "Bytes of stored blocks.",
        now.storage.bytes,
    );
    text.gauge(
        "fluence_storage_bytes_limit",
        "Bytes that stored blocks may have.",
        now.storage.quota,
    );
    text.gauge(
        "fluence_storage_files",
        "Files of blocks.",
        now.storage.files,
    );
    text.gauge(
        "fluence_storage_files_limit",
        "Files of blocks, at most.",
        now.storage.files_quota,
    );
    if let Some(free) = now.disk_free {
        text.gauge(
            "fluence_disk_free_bytes",
            "Bytes free on the storage's disk.",
            free,
        );
    }
    text.limited(
        "fluence_http_connections",
        "HTTP connections",
        now.http_connections,
    );
    text.counters(
        "fluence_http_requests_total",
        "HTTP requests, by status.",
        "status",
        now.http_responses.iter().map(|(status, n)| (*status, *n)),
    );
    text.counter(
        "fluence_received_bytes_total",
        "Bytes received on all connections.",
        now.received_bytes,
    );
    text.counter(
        "fluence_sent_bytes_total",
        "Bytes sent on all connections.",
        now.sent_bytes,
    );
    if let Some(answers) = now.ipfs {
        let help = "Whether the IPFS node behind this one answers.";
        text.gauge("fluence_ipfs_up", help, u8::from(answers));
    }
    if let Some(certificate) = &now.certificate {
        text.gauge(
            "fluence_certificate_expiry_timestamp_seconds",
            "When the TLS certificate expires, in Unix seconds.",
            certificate.expires,
        );
    }
    if let Some(memory) = now.memory_bytes {
        let help = "Resident memory size in bytes.";
        text.gauge("process_resident_memory_bytes", help, memory);
    }
    if let Some(files) = now.open_files {
        text.gauge(
            "process_open_fds",
            "Number of open file descriptors.",
            files,
        );
    }
    text.gauge(
        "process_max_fds",
        "Maximum number of open file descriptors.",
        now.max_open_files,
    );
    text.0
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_strangers_ask_for_is_found_out_once_in_a_while() {
        let (fresh, asked) = (Fresh::default(), AtomicUsize::new(0));
        let ask = || {
            fresh.get(async {
                tokio::time::sleep(Duration::from_millis(100)).await;
                asked.fetch_add(1, Ordering::Relaxed)
            })
        };
        // Also those who come while it is being found out.
        let told = futures::future::join_all((0..100).map(|_| ask())).await;
        assert_eq!(told, [0; 100]);
        tokio::time::advance(FRESH / 2).await;
        assert_eq!(ask().await, 0);
        tokio::time::advance(FRESH).await;
        assert_eq!(ask().await, 1);
    }

    #[tokio::test]
    async fn a_part_that_panics_is_noted() {
        let parts = Parts::default();
        let other = tokio::spawn(parts.noting(std::future::pending()));
        tokio::task::yield_now().await;
        assert!(!parts.has_ended());
        let failed = tokio::spawn(parts.noting(async { panic!("as a fault would") }));
        assert!(failed.await.unwrap_err().is_panic());
        assert!(parts.has_ended());
        other.abort();
    }
}
