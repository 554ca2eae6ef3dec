//! As much of a Kubo daemon as the keeper needs, for tests of failures that a real Kubo cannot be
//! made to show.

use std::collections::{BTreeMap, HashMap};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{DefaultBodyLimit, Multipart, Path, Query, Request, State};
use axum::http::{Response, StatusCode};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bytes::Bytes;
use fluence::Cid;
use fluence::content::car::{CarLimits, CarReader};
use fluence::content::unixfs::RAW;
use fluence::names::{canonical, cid_v1};
use futures::stream;
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::{Blocks, Keeper, Kubo};
use crate::storage::{Storage, StorageConfig};

/// How long this Kubo may be silent before an impatient client gives up.
const PATIENCE: Duration = Duration::from_millis(200);

#[derive(Default)]
struct Had {
    blocks: HashMap<String, Bytes>,
    pins: BTreeMap<String, String>,
    silent: bool,
    gone: bool,
    refuses: bool,
}

/// A fake Kubo daemon, which ends with the test.
pub(super) struct Fake {
    had: Arc<Mutex<Had>>,
    url: String,
}

type Shared = State<Arc<Mutex<Had>>>;
type Options = Query<HashMap<String, String>>;

impl Fake {
    /// Starts the daemon on a free port of the loopback interface.
    pub async fn start() -> Self {
        let had = Arc::new(Mutex::new(Had::default()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new()
            .route("/api/v0/version", post(async || r#"{"Version": "0"}"#))
            .route("/api/v0/dag/import", post(import))
            .route("/api/v0/pin/ls", post(pins))
            .route("/api/v0/pin/add", post(pin))
            .route("/api/v0/pin/rm", post(unpin))
            .route("/ipfs/{cid}", get(read))
            .layer(DefaultBodyLimit::disable())
            .layer(middleware::from_fn_with_state(had.clone(), silence))
            .with_state(had.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { had, url }
    }

    /// Sets whether it accepts requests but never answers.
    pub fn silent(&self, silent: bool) {
        self.had.lock().unwrap().silent = silent;
    }

    /// Sets whether it breaks off each answer.
    pub fn gone(&self, gone: bool) {
        self.had.lock().unwrap().gone = gone;
    }

    /// Sets whether it takes no CARs.
    pub fn refuse(&self, refuse: bool) {
        self.had.lock().unwrap().refuses = refuse;
    }

    /// Makes it lose all its blocks and pins.
    pub fn forget(&self) {
        let mut had = self.had.lock().unwrap();
        (had.blocks, had.pins) = Default::default();
    }

    /// Whether it has a block.
    pub fn has(&self, cid: &Cid) -> bool {
        self.had
            .lock()
            .unwrap()
            .blocks
            .contains_key(&canonical(cid))
    }

    /// The name of a DAG's pin, if it is pinned.
    pub fn pin(&self, cid: &Cid) -> Option<String> {
        self.had.lock().unwrap().pins.get(&canonical(cid)).cloned()
    }
}

async fn silence(State(had): Shared, request: Request, next: Next) -> Response<Body> {
    let (silent, gone) = {
        let had = had.lock().unwrap();
        (had.silent, had.gone)
    };
    if silent {
        return pending().await;
    }
    if gone {
        let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        return Response::new(Body::from_stream(stream::once(async {
            Err::<Bytes, _>(broken)
        })));
    }
    next.run(request).await
}

async fn import(State(had): Shared, mut form: Multipart) -> Response<Body> {
    let car = form.next_field().await.unwrap().unwrap();
    let car = car.bytes().await.unwrap();
    // Unless all is read to its end, the connection is closed, perhaps just when the next request is sent.
    assert!(form.next_field().await.unwrap().is_none());
    if had.lock().unwrap().refuses {
        let failure = json!({"Message": "it is full"}).to_string();
        return (StatusCode::INTERNAL_SERVER_ERROR, failure).into_response();
    }
    let mut reader = CarReader::new(CarLimits::default());
    reader.push(car);
    let mut count = 0;
    while let Some((cid, data)) = reader.next().unwrap() {
        had.lock().unwrap().blocks.insert(canonical(&cid), data);
        count += 1;
    }
    json!({"Stats": {"BlockCount": count}})
        .to_string()
        .into_response()
}

async fn pins(State(had): Shared, Query(options): Options) -> Response<Body> {
    let had = had.lock().unwrap();
    let asked = options.get("arg");
    let lines: Vec<String> = had
        .pins
        .iter()
        .filter(|(cid, _)| asked.is_none_or(|asked| asked == *cid))
        .map(|(cid, name)| json!({"Cid": cid, "Name": name}).to_string())
        .collect();
    if asked.is_some() && lines.is_empty() {
        let failure = json!({"Message": "it is not pinned"}).to_string();
        return (StatusCode::INTERNAL_SERVER_ERROR, failure).into_response();
    }
    lines.join("\n").into_response()
}

async fn pin(State(had): Shared, Query(options): Options) -> &'static str {
    let (cid, name) = (options["arg"].clone(), options["name"].clone());
    had.lock().unwrap().pins.insert(cid, name);
    "{}"
}

async fn unpin(State(had): Shared, Query(options): Options) -> &'static str {
    had.lock().unwrap().pins.remove(&options["arg"]);
    "{}"
}

async fn read(State(had): Shared, Path(cid): Path<String>) -> Response<Body> {
    match had.lock().unwrap().blocks.get(&cid) {
        Some(block) => block.clone().into_response(),
        None => StatusCode::PRECONDITION_FAILED.into_response(),
    }
}

/// A storage with this Kubo behind it, in a directory of its own. It waits for Kubo as long as a node does, which no test
/// should have to: on a busy machine a short wait would end before the answer.
pub(super) fn keeper(fake: &Fake) -> (TempDir, Arc<Keeper>) {
    keeper_of(Kubo::new(&fake.url, &fake.url).unwrap())
}

/// The same, which soon gives up on a Kubo that is silent.
pub(super) fn impatient_keeper(fake: &Fake) -> (TempDir, Arc<Keeper>) {
    keeper_of(Kubo::new(&fake.url, &fake.url).unwrap().impatient(PATIENCE))
}

fn keeper_of(kubo: Kubo) -> (TempDir, Arc<Keeper>) {
    let dir = tempfile::tempdir().unwrap();
    let config = StorageConfig {
        min_free: 0,
        ..StorageConfig::default()
    };
    let storage = Storage::open(dir.path(), config).unwrap();
    (
        dir,
        Arc::new(Keeper::new(Blocks::new(kubo, true), storage, "me")),
    )
}

/// A file of one block.
pub(super) fn block(data: &'static [u8]) -> (Cid, Bytes) {
    (cid_v1(RAW, &Sha256::digest(data).into()), data.into())
}

/// Uploads a file of one block to the storage.
pub(super) async fn put(storage: &Arc<Storage>, data: &'static [u8]) -> (Cid, Bytes) {
    let (cid, data) = block(data);
    put_block(storage, cid, &data).await;
    (cid, data)
}

/// Uploads a file of this block to the storage.
pub(super) async fn put_block(storage: &Arc<Storage>, cid: Cid, data: &Bytes) {
    let grant = storage
        .grant("somebody", &cid, Some(data.len() as u64))
        .unwrap();
    let upload = storage.upload(&grant.token).unwrap();
    upload.add(cid, data.clone()).await.unwrap();
    upload.finish().await.unwrap();
}
