//! How a node copies a file into its own storage from another one, which may belong to a stranger.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use fluence::Cid;
use fluence::content::car::{CarError, CarLimits, CarReader};
use fluence::names::canonical;
use fluence_peer::Meter;
use reqwest::StatusCode;
use reqwest::header::{ACCEPT, HeaderValue};
use tokio::time::{Instant, timeout};

use crate::storage::{AddError, Storage, Upload};

/// How long to wait before asking a storage again for blocks that it did not have yet.
const PAUSE: Duration = Duration::from_secs(2);
/// How many requests in a row may yield no new block.
const FRUITLESS_PULLS: u32 = 5;
/// How long a storage may be silent.
const SILENCE: Duration = Duration::from_secs(30);
/// The same for one of several that may have a file: less than a reader waits for the next block, so that another one gets
/// its turn while somebody still waits.
const SILENCE_OF_MANY: Duration = Duration::from_secs(10);
/// How much a storage may send, as a multiple of the size that the DAG may have. After a response
/// broke off, known blocks come again before new ones, and small blocks come with much framing.
const MOST_SENT: u64 = 2;
/// How long a storage may be slower than [`SLOWEST`]: it may itself be waiting for the blocks.
const GRACE: Duration = Duration::from_secs(3 * 60);
/// The lowest average rate at which a storage must send, in bytes per second.
const SLOWEST: u64 = 4 * 1024;
/// How long a file may take to come, however long it is granted for.
const LONGEST: Duration = Duration::from_secs(6 * 60 * 60);

/// Copies files into the node's storage.
#[derive(Clone)]
pub(super) struct Puller {
    storage: Arc<Storage>,
    http: reqwest::Client,
    meter: Meter,
    grace: Duration,
    pause: Duration,
    silence: Duration,
    /// How many requests in a row may yield no new block.
    fruitless: u32,
}

impl Puller {
    /// Creates a puller into this storage, with this client for other storages. What comes counts on the meter.
    pub fn new(storage: Arc<Storage>, http: reqwest::Client, meter: Meter) -> Self {
        Self {
            storage,
            http,
            meter,
            grace: GRACE,
            pause: PAUSE,
            silence: SILENCE,
            fruitless: FRUITLESS_PULLS,
        }
    }

    /// The same for a place that is expected to have all of a file, and is followed by another one if it does not send it.
    pub fn of_many(&self) -> Self {
        Self {
            silence: SILENCE_OF_MANY,
            fruitless: 1,
            ..self.clone()
        }
    }

    /// Whether the gateway at a URL has a block, as it says.
    pub async fn has(&self, gateway: &str, cid: &Cid) -> bool {
        let url = format!("{gateway}/ipfs/{}?format=raw", canonical(cid));
        let raw = HeaderValue::from_static("application/vnd.ipld.raw");
        let answer = self.http.head(url).header(ACCEPT, raw).send();
        let answer = timeout(SILENCE_OF_MANY, answer).await;
        answer.is_ok_and(|answer| answer.is_ok_and(|answer| answer.status().is_success()))
    }

    /// Requests a file from the storage at a URL. A status that says that the blocks may still come is not an error.
    pub async fn request(&self, from: &str, cid: &Cid) -> Result<reqwest::Response, String> {
        let path = format!("/ipfs/{}?format=car&dag-scope=all", canonical(cid));
        let request = self.http.get(format!("{from}{path}"));
        let car =
            HeaderValue::from_static("application/vnd.ipld.car; version=1; order=dfs; dups=y");
        let response = request
            .header(ACCEPT, car)
            .send()
            .await
            .map_err(|_| "its storage cannot be reached".to_owned())?;
        let status = response.status();
        let later = matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        );
        if status.is_redirection() || status.is_client_error() && !later {
            return Err(format!("its storage answers {status}"));
        }
        Ok(response)
    }

    /// Copies until the DAG is complete, until nothing new comes, until the storage sends wrong
    /// bytes, too much or too slowly, or until the grant for it ends, whatever comes. `first` is the
    /// response to the first request.
    pub async fn pull(self, from: String, cid: Cid, upload: Upload, first: reqwest::Response) {
        let pulled = self.pull_all(&from, &cid, &upload, first);
        let longest = upload.time_left().min(LONGEST);
        if timeout(longest, pulled).await.is_err() {
            tracing::debug!("{} did not come from {from} in time", canonical(&cid));
        }
        if let Err(error) = upload.finish().await {
            tracing::error!("the copied blocks could not be committed: {error}");
        }
    }

    async fn pull_all(&self, from: &str, cid: &Cid, upload: &Upload, first: reqwest::Response) {
        let mut response = Some(first);
        let mut fruitless = 0;
        let mut pace = Pace {
            began: Instant::now(),
            grace: self.grace,
            bytes: 0,
            most: upload.limit().saturating_mul(MOST_SENT),
        };
        while !self.is_complete(cid) && fruitless < self.fruitless {
            let response = match response.take() {
                Some(response) => response,
                None => {
                    tokio::time::sleep(self.pause).await;
                    match self.request(from, cid).await {
                        Ok(response) => response,
                        Err(_) => {
                            fruitless += 1;
                            continue;
                        }
                    }
                }
            };
            match self.copy(cid, upload, response, &mut pace).await {
                Ok(0) => fruitless += 1,
                Ok(_) => fruitless = 0,
                // A storage that sent wrong bytes would send them again.
                Err(reason) => {
                    tracing::debug!("{} cannot be copied from {from}: {reason}", canonical(cid));
                    break;
                }
            }
        }
    }

    fn is_complete(&self, cid: &Cid) -> bool {
        self.storage.dag_state(cid) == Some(true)
    }

    /// Adds the blocks of a CAR, even if it ends early; returns how many are new. A block that is
    /// not part of the DAG or does not match its CID is an error.
    async fn copy(
        &self,
        cid: &Cid,
        upload: &Upload,
        mut response: reqwest::Response,
        pace: &mut Pace,
    ) -> Result<u64, String> {
        if !response.status().is_success() {
            return Ok(0);
        }
        let mut new = 0;
        let mut car = CarReader::new(CarLimits::default());
        loop {
            // A CAR that ends early means that more is to come, and the file is requested again.
            let Ok(Ok(Some(chunk))) = timeout(self.silence, response.chunk()).await else {
                return Ok(new);
            };
            pace.came(chunk.len())?;
            self.meter.has_received(chunk.len()).await;
            car.push(chunk);
            loop {
                match car.next() {
                    Ok(Some((block, data))) => new += u64::from(add(upload, block, data).await?),
                    Ok(None) => break,
                    Err(CarError::Empty | CarError::Truncated) => return Ok(new),
                    Err(error) => return Err(error.to_string()),
                }
            }
            if self.is_complete(cid) {
                return Ok(new);
            }
        }
    }
}

async fn add(upload: &Upload, cid: Cid, block: Bytes) -> Result<bool, String> {
    upload
        .add(cid, block)
        .await
        .map_err(|error: AddError| error.to_string())
}

/// Limits how much a storage sends, and how slowly.
struct Pace {
    began: Instant,
    grace: Duration,
    bytes: u64,
    most: u64,
}

impl Pace {
    fn came(&mut self, bytes: usize) -> Result<(), String> {
        self.bytes += bytes as u64;
        if self.bytes > self.most {
            return Err(format!("it sends more than {} bytes", self.most));
        }
        let late = self.began.elapsed().saturating_sub(self.grace);
        if self.bytes < late.as_secs() * SLOWEST {
            return Err(format!("it is slower than {SLOWEST} bytes a second"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicU64, Ordering};

    use axum::Router;
    use axum::body::Body;
    use axum::http::header;
    use axum::response::IntoResponse as _;
    use axum::routing::get;
    use fluence::content::car::header as car_header;
    use fluence::content::unixfs::{self, Child, DAG_PB, RAW};
    use fluence::names::cid_v1;
    use futures::Stream;
    use futures::stream::{self, StreamExt as _};
    use sha2::{Digest as _, Sha256};
    use tempfile::TempDir;

    use super::*;
    use crate::storage::{StorageConfig, section};

    /// How long a pull may take in these tests.
    const SOON: Duration = Duration::from_secs(20);

    fn block(codec: u64, data: impl Into<Bytes>) -> (Cid, Bytes) {
        let data = data.into();
        (cid_v1(codec, &Sha256::digest(&data).into()), data)
    }

    /// The blocks of a file with two leaves, the root first.
    fn file() -> Vec<(Cid, Bytes)> {
        let leaves = [1u8, 2].map(|n| block(RAW, vec![n; 200_000]));
        let children = leaves.each_ref().map(|(cid, data)| Child {
            cid: *cid,
            size: data.len() as u64,
            tsize: data.len() as u64,
        });
        let root = block(DAG_PB, unixfs::inner(&children));
        [vec![root], leaves.to_vec()].concat()
    }

    fn put((cid, data): &(Cid, Bytes)) -> Bytes {
        [section(cid, data.len()), data.clone()].concat().into()
    }

    /// Starts a storage that answers with these pieces; returns its URL.
    async fn serve<S>(answer: impl Fn() -> S + Clone + Send + Sync + 'static) -> String
    where
        S: Stream<Item = Bytes> + Send + 'static,
    {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let answer = move || {
            let pieces = answer();
            async move { Body::from_stream(pieces.map(Ok::<_, Infallible>)) }
        };
        let status = |path: axum::extract::Path<(u16, String)>| async move {
            let status = StatusCode::from_u16(path.0.0).unwrap();
            (status, [(header::LOCATION, "/")]).into_response()
        };
        let router = Router::new()
            .route("/ipfs/{cid}", get(answer))
            .route("/{status}/ipfs/{cid}", get(status));
        tokio::spawn(async move { axum::serve(listener, router).await });
        url
    }

    fn puller() -> (TempDir, Puller) {
        let dir = tempfile::tempdir().unwrap();
        let config = StorageConfig {
            min_free: 0,
            ..StorageConfig::default()
        };
        let puller = puller_into(Storage::open(dir.path(), config).unwrap());
        (dir, puller)
    }

    fn puller_into(storage: Arc<Storage>) -> Puller {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy();
        Puller {
            storage,
            http: http.build().unwrap(),
            meter: Meter::default(),
            grace: GRACE,
            pause: Duration::from_millis(10),
            silence: SILENCE,
            fruitless: FRUITLESS_PULLS,
        }
    }

    /// Pulls the file from a storage; returns whether it became complete.
    async fn pulled(puller: &Puller, url: &str) -> bool {
        let (root, from) = (file()[0].0, url.to_owned());
        let grant = puller.storage.grant("me", &root, Some(400_000)).unwrap();
        let upload = puller.storage.upload(&grant.token).unwrap();
        let first = puller.request(&from, &root).await.unwrap();
        let pull = puller.clone().pull(from, root, upload, first);
        tokio::time::timeout(SOON, pull).await.expect("it ends");
        puller.is_complete(&root)
    }

    #[tokio::test]
    async fn a_storage_that_repeats_itself_is_left() {
        let (_dir, puller) = puller();
        let sent = Arc::new(AtomicU64::new(0));
        let count = Arc::clone(&sent);
        let url = serve(move || {
            let (blocks, count) = (file(), count.clone());
            let head = car_header(&blocks[0].0);
            let known = put(&blocks[0]);
            let again = stream::repeat(put(&blocks[1])).inspect(move |piece| {
                count.fetch_add(piece.len() as u64, Ordering::Relaxed);
            });
            stream::iter([head, known]).chain(again)
        });
        assert!(!pulled(&puller, &url.await).await);
        // Twice 4.4 MB, and what was still in transit: up to 36 MiB, with the buffers that Linux gives a loopback connection.
        assert!(sent.load(Ordering::Relaxed) < 64 << 20);
    }

    #[tokio::test]
    async fn a_storage_that_drips_is_left() {
        let (_dir, mut puller) = puller();
        puller.grace = Duration::ZERO;
        let url = serve(|| {
            stream::repeat(Bytes::from_static(&[1])).then(|byte| async {
                tokio::time::sleep(Duration::from_millis(200)).await;
                byte
            })
        });
        assert!(!pulled(&puller, &url.await).await);
    }

    #[tokio::test]
    async fn a_storage_that_never_ends_a_block_is_left_when_the_grant_ends() {
        let dir = tempfile::tempdir().unwrap();
        let config = StorageConfig {
            min_free: 0,
            token_ttl: Duration::from_secs(2),
            ..StorageConfig::default()
        };
        let puller = puller_into(Storage::open(dir.path(), config).unwrap());
        let url = serve(|| {
            let (root, data) = (&file()[0].0, 1 << 20);
            let head = [car_header(root), section(root, data)];
            // Faster than the slowest that is borne.
            let drops = stream::repeat(Bytes::from_static(&[0; 1024])).then(|drop| async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                drop
            });
            stream::iter(head).chain(drops)
        });
        assert!(!pulled(&puller, &url.await).await);
    }

    #[tokio::test]
    async fn nothing_is_read_after_the_last_block() {
        let (_dir, puller) = puller();
        let url = serve(|| {
            let blocks = file();
            let head = car_header(&blocks[0].0);
            let pieces: Vec<Bytes> = blocks.iter().map(put).collect();
            stream::iter([head].into_iter().chain(pieces)).chain(stream::pending())
        });
        assert!(pulled(&puller, &url.await).await);
    }

    #[tokio::test]
    async fn what_is_cut_off_is_asked_for_again() {
        let (_dir, puller) = puller();
        let asked = Arc::new(AtomicU64::new(0));
        let url = serve(move || {
            let blocks = file();
            // Nothing at first, then one more block each time.
            let n = asked.fetch_add(1, Ordering::Relaxed) as usize;
            let pieces: Vec<Bytes> = blocks.iter().take(n).map(put).collect();
            let head = (n > 0).then(|| car_header(&blocks[0].0));
            stream::iter(head.into_iter().chain(pieces))
        });
        assert!(pulled(&puller, &url.await).await);
    }

    #[tokio::test]
    async fn a_refusal_is_an_error() {
        let (_dir, puller) = puller();
        let url = serve(stream::empty).await;
        for (status, refuses) in [
            (404, true),
            (403, true),
            (302, true),
            (429, false),
            (504, false),
        ] {
            let from = format!("{url}/{status}");
            let answer = puller.request(&from, &file()[0].0).await;
            assert_eq!(answer.is_err(), refuses, "{status}");
        }
    }
}
