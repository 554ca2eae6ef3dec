//! `GET` and `HEAD` below `/ipfs/`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use futures::future::{self, Either};

use super::accept::Format;
use super::config::{FetchError, Fetched};
use super::fetching::Gateway;
use super::reply::failure;
use super::request::{Asked, DagScope};
use super::resolve::{AnswerError, resolve};
use super::response::Request;
use super::{car, file, raw};
use crate::fairness::AddressBlock;
use crate::storage::{Arrival, ReadError, Reader};

/// Answers a `GET` or `HEAD` request.
pub(super) async fn get(
    State(gateway): State<Arc<Gateway>>,
    from: Option<Extension<AddressBlock>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let asked = match Asked::parse(&uri, &headers, gateway.config.open) {
        Ok(asked) => asked,
        Err(refused) => return failure(refused.0, refused.1),
    };
    let only_if_cached = asked.only_if_cached;
    let question = Question {
        from: from.map_or(AddressBlock::Own, |Extension(from)| from),
        head: method == Method::HEAD,
        is_part: !gateway.storage.rules().lets_serve(&asked.root),
        headers,
        uri,
        gateway,
    };
    match answer(question, asked).await {
        Ok(response) => response,
        Err(failure) => failure.response(only_if_cached),
    }
}

/// A request that is not parsed, and where it comes from.
struct Question {
    gateway: Arc<Gateway>,
    from: AddressBlock,
    head: bool,
    /// Whether it is for something that may be served only as a part of a file that is here.
    is_part: bool,
    headers: HeaderMap,
    uri: Uri,
}

impl Question {
    /// Takes a place among the responses.
    fn begin(self, asked: Asked) -> Result<Request, Box<Response<Body>>> {
        let Some(place) = self.gateway.responses.take(self.from) else {
            return Err(Box::new(failure(
                StatusCode::TOO_MANY_REQUESTS,
                "too many requests; try again soon",
            )));
        };
        Ok(Request {
            gateway: self.gateway,
            asked,
            head: self.head,
            headers: self.headers,
            uri: self.uri,
            place,
        })
    }
}

async fn answer(question: Question, asked: Asked) -> Result<Response<Body>, AnswerError> {
    let storage = &question.gateway.storage;
    if question.is_part {
        let looking = question.gateway.unannounced.take(question.from);
        let looking = looking.ok_or(ReadError::Busy)?;
        if !storage.lets_read(&asked.root).await {
            return Err(AnswerError::Denied);
        }
        drop(looking);
    }
    let reader = if asked.only_if_cached {
        storage.reader(&asked.root).without_waiting()
    } else {
        storage.reader(&asked.root)
    };
    if asked.only_if_cached {
        // A part of a DAG is no answer to a request for the whole.
        let whole = matches!(asked.format, Format::Car(_) | Format::Plain)
            && asked.scope == DagScope::All
            && asked.path.is_empty();
        if whole && storage.dag_state(&asked.root) == Some(false) {
            return Err(ReadError::Missing(asked.root).into());
        }
    } else if question.is_part {
        // Nobody shares it for itself.
    } else if question.head {
        if is_elsewhere(&question.gateway, &asked).await {
            return Ok(describe_absent(question, asked).await);
        }
    } else if let Some(response) = fetch_absent(&question, &asked, &reader).await? {
        return Ok(response);
    }
    // A request that waits for a root, which may not even exist, takes no place from requests that
    // are being answered, and no more of the places of those that wait than its address may have.
    if reader.size(&asked.root).await?.is_none() {
        let gateway = &question.gateway;
        let places = match gateway.storage.arrival(&asked.root) {
            Arrival::Absent => &gateway.unannounced,
            Arrival::Coming | Arrival::Stalled | Arrival::Whole => &gateway.waiting,
        };
        let place = match asked.only_if_cached {
            true => None,
            false => Some(places.take(question.from).ok_or(ReadError::Busy)?),
        };
        reader.come(&asked.root).await?;
        drop(place);
    }
    let request = match question.begin(asked) {
        Ok(request) => request,
        Err(busy) => return Ok(*busy),
    };
    let asked = &request.asked;
    let resolved = resolve(&reader, asked.root, &asked.path).await?;
    let rules = request.gateway.storage.rules();
    if resolved.roots.iter().any(|cid| rules.denies(cid)) {
        return Err(AnswerError::Denied);
    }
    match asked.format {
        Format::Raw => raw::answer(request, reader, resolved).await,
        Format::Car(params) => car::answer(request, reader, resolved, params).await,
        Format::Data(_) | Format::Plain => file::answer(request, reader, resolved).await,
    }
}

/// Whether a file is neither here nor on its way, and could be fetched.
async fn is_elsewhere(gateway: &Gateway, asked: &Asked) -> bool {
    // A raw request may be for any block, and few blocks are the root of a file.
    asked.format != Format::Raw
        && gateway.storage.arrival(&asked.root) == Arrival::Absent
        && !gateway.storage.has_block(&asked.root).await
}

/// Answers `HEAD` for a file that is not here. Only a request for its bytes makes its provider
/// upload them.
async fn describe_absent(question: Question, asked: Asked) -> Response<Body> {
    let gateway = Arc::clone(&question.gateway);
    let described = match gateway.question(&asked.root, question.from).await {
        Some(Some(described)) => described,
        Some(None) => return failure(StatusCode::NOT_FOUND, FetchError::NotFound),
        None => {
            return failure(
                StatusCode::NOT_FOUND,
                format!("{} is not in this storage", asked.root),
            );
        }
    };
    if !asked.path.is_empty() || !matches!(asked.format, Format::Plain) {
        return failure(
            StatusCode::SERVICE_UNAVAILABLE,
            "the file is with its sharer; ask for its bytes with GET to have them fetched",
        );
    }
    match question.begin(asked) {
        Ok(request) => file::described(&request, described),
        Err(busy) => *busy,
    }
}

/// Fetches a root that the storage lacks and that nobody is uploading, or the rest of a DAG whose
/// upload has stalled. Returns the response if the root cannot be fetched.
async fn fetch_absent(
    question: &Question,
    asked: &Asked,
    reader: &Reader,
) -> Result<Option<Response<Body>>, AnswerError> {
    let (gateway, from) = (&question.gateway, question.from);
    let root = &asked.root;
    // A raw request may be for any block, and few blocks are the root of a file. Files are
    // requested as a CAR or as they are.
    if asked.format == Format::Raw {
        return Ok(None);
    }
    match gateway.storage.arrival(root) {
        Arrival::Whole | Arrival::Coming => return Ok(None),
        Arrival::Stalled => {
            // Fetch in the background: the blocks that are here can be sent at once, and the
            // uploader may resume by itself.
            gateway.fetch(root, from);
            return Ok(None);
        }
        Arrival::Absent if gateway.storage.has_block(root).await => return Ok(None),
        Arrival::Absent => {}
    }
    let place = gateway.waiting.take(from).ok_or(ReadError::Busy)?;
    let Some(fetch) = gateway.fetch(root, from) else {
        return Ok(None);
    };
    let came = std::pin::pin!(async {
        // The fetch decides how long this may take.
        while reader
            .block(root)
            .await
            .is_err_and(|e| !matches!(e, ReadError::Busy))
        {}
    });
    let ended = future::select(fetch, came).await;
    drop(place);
    match ended {
        Either::Left((Err(error), _)) => {
            let status = match &error {
                FetchError::NotFound => StatusCode::NOT_FOUND,
                FetchError::Failed(_) => StatusCode::BAD_GATEWAY,
            };
            Ok(Some(failure(status, error)))
        }
        Either::Left((Ok(Fetched { name, mime, .. }), _)) => {
            gateway.storage.describe(root, name, mime);
            Ok(None)
        }
        Either::Right(_) => Ok(None),
    }
}
