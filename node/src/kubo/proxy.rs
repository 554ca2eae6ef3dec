//! A layer in front of the gateway's routes. Verifiable reads of what only Kubo has are forwarded
//! to it, other reads make the node copy the file from Kubo, and the end of an upload wakes the
//! keeper.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    ACCEPT, ACCEPT_RANGES, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, RANGE, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use axum::middleware::{self, Next};
use axum::response::IntoResponse;
use fluence::Cid;
use futures::StreamExt;
use tokio::sync::Semaphore;

use super::Keeper;
use crate::gateway::Fetcher;
use crate::storage::Storage;

/// How many reads are forwarded at one time.
const MAX_READS: usize = 128;
/// How long Kubo may be silent before or within a response; its own timeout is 30 s.
const PATIENCE: Duration = Duration::from_secs(45);

/// The headers of a request that are forwarded to Kubo.
const ASKED: [HeaderName; 4] = [ACCEPT, RANGE, IF_NONE_MATCH, CACHE_CONTROL];
/// The headers of Kubo's response that are forwarded to the client.
const ANSWERED: [HeaderName; 11] = [
    ACCEPT_RANGES,
    CACHE_CONTROL,
    CONTENT_DISPOSITION,
    CONTENT_LENGTH,
    CONTENT_RANGE,
    CONTENT_TYPE,
    ETAG,
    VARY,
    X_CONTENT_TYPE_OPTIONS,
    HeaderName::from_static("x-ipfs-path"),
    HeaderName::from_static("x-ipfs-roots"),
];

struct Front {
    keeper: Arc<Keeper>,
    storage: Arc<Storage>,
    fetcher: Option<Arc<dyn Fetcher>>,
    reads: Arc<Semaphore>,
}

/// Puts Kubo behind the routes of a gateway that uses this fetcher.
pub fn front(
    router: Router,
    keeper: Arc<Keeper>,
    storage: Arc<Storage>,
    fetcher: Option<Arc<dyn Fetcher>>,
) -> Router {
    let front = Arc::new(Front {
        keeper,
        storage,
        fetcher,
        reads: Arc::new(Semaphore::new(MAX_READS)),
    });
    router.layer(middleware::from_fn_with_state(front, pass))
}

async fn pass(State(front): State<Arc<Front>>, request: Request, next: Next) -> Response<Body> {
    let upload = *request.method() == Method::POST;
    match read(&request) {
        Some((root, true)) if front.is_only_there(&root).await => {
            return front.forward(request).await;
        }
        // Once an upload is granted, the gateway would wait for an uploader, who may find that
        // nothing is missing. So the file is fetched from Kubo.
        Some((root, false)) if front.storage.dag_state(&root).is_some() => {
            if let Some(fetcher) = &front.fetcher
                && front.is_only_there(&root).await
            {
                let _ = fetcher.fetch(root).await;
            }
        }
        _ => {}
    }
    let response = next.run(request).await;
    if upload && response.status().is_success() {
        front.keeper.wake();
    }
    response
}

/// The root of a read, and whether the client can verify the response. Other responses are made by
/// the gateway itself, which makes names and types safe.
fn read(request: &Request) -> Option<(Cid, bool)> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return None;
    }
    let uri = request.uri();
    let asked = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .find_map(|member| member.strip_prefix("format="));
    let is_verifiable = match asked {
        Some(format) => matches!(format, "raw" | "car"),
        None => request
            .headers()
            .get_all(ACCEPT)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .any(|value| {
                value.contains("application/vnd.ipld.raw")
                    || value.contains("application/vnd.ipld.car")
            }),
    };
    let root = uri
        .path()
        .strip_prefix("/ipfs/")?
        .split('/')
        .next()?
        .parse()
        .ok()?;
    Some((root, is_verifiable))
}

impl Front {
    /// Whether Kubo has a root that the node's own storage lacks. If an upload was granted here,
    /// the blocks may still arrive; until then Kubo is used only if it keeps the whole DAG, as when
    /// the node's own copy was evicted and its uploader has asked for a place again.
    async fn is_only_there(&self, root: &Cid) -> bool {
        (self.storage.dag_state(root).is_none() || self.keeper.keeps(root))
            && !self.storage.has_block(root).await
            && self.keeper.kubo().has_block(root).await.unwrap_or(false)
    }

    async fn forward(&self, request: Request) -> Response<Body> {
        let Ok(place) = Arc::clone(&self.reads).try_acquire_owned() else {
            return refuse(
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests; try again soon",
            );
        };
        let path = request
            .uri()
            .path_and_query()
            .map_or("/", |path| path.as_str());
        let mut ask = self.keeper.kubo().ask(request.method().clone(), path);
        for name in ASKED {
            for value in request.headers().get_all(&name) {
                ask = ask.header(name.clone(), value.clone());
            }
        }
        let answer = match tokio::time::timeout(PATIENCE, ask.send()).await {
            Ok(Ok(answer))
                if !answer.status().is_redirection()
                    || answer.status() == StatusCode::NOT_MODIFIED =>
            {
                answer
            }
            Ok(_) => {
                return refuse(
                    StatusCode::BAD_GATEWAY,
                    "the IPFS node behind this one does not answer",
                );
            }
            Err(_) => {
                return refuse(
                    StatusCode::GATEWAY_TIMEOUT,
                    "the IPFS node behind this one is silent",
                );
            }
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = answer.status();
        let headers = response.headers_mut();
        for name in ANSWERED {
            for value in answer.headers().get_all(&name) {
                headers.append(name.clone(), value.clone());
            }
        }
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        headers.insert(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            HeaderValue::from_static(
                "Content-Length, Content-Range, Etag, X-Ipfs-Path, X-Ipfs-Roots",
            ),
        );
        // If Kubo's response breaks off, this one breaks too, so that a part is not taken for the
        // whole.
        let body = answer.bytes_stream().boxed();
        let body = futures::stream::unfold((body, place), |(mut body, place)| async move {
            let chunk = match tokio::time::timeout(PATIENCE, body.next()).await {
                Ok(chunk) => chunk?.map_err(std::io::Error::other),
                Err(_) => Err(std::io::ErrorKind::TimedOut.into()),
            };
            Some((chunk, (body, place)))
        });
        *response.body_mut() = Body::from_stream(body);
        response
    }
}

fn refuse(status: StatusCode, message: &'static str) -> Response<Body> {
    (
        status,
        [
            (ACCESS_CONTROL_ALLOW_ORIGIN, "*"),
            (CACHE_CONTROL, "no-store"),
        ],
        format!("{message}\n"),
    )
        .into_response()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use axum::routing::get;
    use futures::future::{self, BoxFuture};

    use super::super::fake::{Fake, block, keeper, put};
    use super::*;
    use crate::gateway::{FetchError, Fetched};

    /// Counts how often it is asked to fetch.
    #[derive(Default)]
    struct Counting(AtomicUsize);

    impl Fetcher for Counting {
        fn fetch(&self, _: Cid) -> BoxFuture<'static, Result<Fetched, FetchError>> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Box::pin(future::ready(Ok(Fetched::default())))
        }

        fn describe(&self, _: Cid) -> BoxFuture<'static, Option<Fetched>> {
            Box::pin(future::ready(None))
        }
    }

    #[tokio::test]
    async fn a_link_to_what_kubo_keeps_waits_for_no_uploader() {
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        let storage = keeper.storage.clone();
        let (cid, _) = put(&storage, b"a").await;
        keeper.round().await.unwrap();
        storage.remove(&cid).unwrap();
        let fetcher = Arc::new(Counting::default());
        let gateway = Router::new().route("/ipfs/{cid}", get(async || "from the gateway"));
        let router = front(gateway, keeper, storage.clone(), Some(fetcher.clone()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/ipfs/{cid}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        for fetches in [0, 1] {
            let answer = reqwest::get(&url).await.unwrap().text().await.unwrap();
            assert_eq!(answer, "from the gateway");
            assert_eq!(fetcher.0.load(Ordering::Relaxed), fetches);
            storage.grant("somebody", &cid, Some(1)).unwrap();
        }
    }

    #[tokio::test]
    async fn what_kubo_keeps_is_read_there_though_its_upload_was_granted_again() {
        let fake = Fake::start().await;
        let (_dir, keeper) = keeper(&fake);
        let storage = keeper.storage.clone();
        let (cid, _) = put(&storage, b"a").await;
        keeper.round().await.unwrap();
        storage.remove(&cid).unwrap();
        let front = Arc::new(Front {
            keeper,
            storage: storage.clone(),
            fetcher: None,
            reads: Arc::new(Semaphore::new(1)),
        });
        // Kubo happens to have the root of this one, and may lack the rest.
        let (other, data) = block(b"other");
        fake.give(&other, data);
        for (cid, after) in [(cid, true), (other, false)] {
            assert!(front.is_only_there(&cid).await);
            storage.grant("somebody", &cid, Some(1)).unwrap();
            assert_eq!(front.is_only_there(&cid).await, after);
        }
    }
}
