//! `POST /api/v0/dag/import`: uploads in the form that Kubo accepts, authorized by a token.

use std::error::Error as _;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{Extension, FromRequest as _, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use fluence::Cid;
use fluence::content::car::{CarError, CarLimits, CarReader};
use futures::{Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::fetching::Gateway;
use super::limits::{SLOWEST_UPLOADER, UPLOADER_GRACE};
use super::reply::retry_after;
use crate::fairness::{AddressBlock, is_news};
use crate::storage::{AddError, StorageError, TokenError, Upload};

/// How much a request may send, as a multiple of the size that its DAG may have: the framing of
/// small blocks in a CAR may take as much as the blocks themselves.
const MOST_SENT: u64 = 2;
/// How many bytes of a body may arrive without any part of a CAR among them, such as boundaries and
/// headers of parts.
const MAX_FRAMING: usize = 64 * 1024;
/// How many bytes of a body are still read once the response is known, so that the client gets to
/// read the response.
const DRAINED: u64 = 16 * 1024 * 1024;
/// How long reading the rest of a body may take.
const DRAIN_PATIENCE: Duration = Duration::from_secs(3);
/// How many roots a response lists at most.
const MAX_ROOTS: usize = 64;

/// The query parameters of Kubo's API that matter here.
#[derive(Debug, Deserialize)]
pub(super) struct Options {
    #[serde(rename = "pin-roots", default = "yes")]
    pin_roots: bool,
    #[serde(default)]
    stats: bool,
}

fn yes() -> bool {
    true
}

/// Why an upload is refused.
#[derive(Debug, thiserror::Error)]
enum Refused {
    #[error(
        "an upload needs a token: call IPFS_multiaddr with the file's CID, and send the token as “Authorization: Bearer …”"
    )]
    NoToken,
    #[error(transparent)]
    Token(#[from] TokenError),
    #[error("too many uploads at once; try again soon")]
    Busy,
    #[error("the body is not multipart/form-data: {0}")]
    Multipart(String),
    #[error("{MAX_FRAMING} bytes of the body arrived without any part of a CAR")]
    Framing,
    #[error("the body contains no CAR")]
    NoCar,
    #[error(transparent)]
    Car(#[from] CarError),
    #[error(transparent)]
    Add(#[from] AddError),
    #[error("nothing arrived for too long; the next request continues from what is here")]
    Silent,
    #[error(
        "the body continues after {0} bytes, more than the declared size can need; ask for a token for the actual size of the file"
    )]
    Endless(u64),
    #[error("the upload is slower than {SLOWEST_UPLOADER} bytes a second")]
    Slow,
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl Refused {
    fn status(&self) -> StatusCode {
        match self {
            Self::NoToken | Self::Token(_) | Self::Add(AddError::Token(_)) => {
                StatusCode::UNAUTHORIZED
            }
            Self::Busy => StatusCode::TOO_MANY_REQUESTS,
            Self::Multipart(_) | Self::Framing | Self::NoCar => StatusCode::BAD_REQUEST,
            Self::Endless(_)
            | Self::Car(CarError::BlockTooLarge { .. })
            | Self::Add(AddError::TooLarge { .. } | AddError::BlockTooLarge { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::Add(AddError::Foreign { .. }) => StatusCode::FORBIDDEN,
            Self::Add(AddError::NoRoom | AddError::Storage(StorageError::DiskFull))
            | Self::Storage(StorageError::DiskFull) => StatusCode::INSUFFICIENT_STORAGE,
            Self::Add(AddError::Storage(_)) | Self::Storage(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Car(_) | Self::Add(AddError::Hash(_) | AddError::Block { .. }) => {
                StatusCode::BAD_REQUEST
            }
            Self::Silent | Self::Slow => StatusCode::REQUEST_TIMEOUT,
        }
    }

    /// The response, in the form of Kubo's errors.
    fn response(&self, from: AddressBlock) -> Response<Body> {
        let status = self.status();
        // What is wrong here is always told; what a stranger can bring about at will is not.
        let is_own = status == StatusCode::INTERNAL_SERVER_ERROR;
        if status.is_server_error() && (is_own || is_news(from, "refused uploads")) {
            tracing::warn!(address = %from, error = %self, "an upload from {from} was refused");
        }
        let message = match self {
            Self::Token(error) | Self::Add(AddError::Token(error)) => {
                format!("{error}; call IPFS_multiaddr for another one")
            }
            other => other.to_string(),
        };
        let body = json!({"Message": message, "Code": 0, "Type": "error"});
        let mut response = (
            status,
            [
                (header::CONTENT_TYPE, "application/json"),
                (header::CACHE_CONTROL, "no-store"),
            ],
            format!("{body}\n"),
        )
            .into_response();
        if status == StatusCode::UNAUTHORIZED {
            response
                .headers_mut()
                .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        retry_after(response.headers_mut(), status);
        response
    }
}

impl From<MultipartError> for Refused {
    fn from(error: MultipartError) -> Self {
        // The text of the error does not say why the body could not be read, so look for the cause.
        let mut reason = error.source();
        while let Some(error) = reason {
            if let Some(Self::Framing) = error.downcast_ref() {
                return Self::Framing;
            }
            reason = error.source();
        }
        Self::Multipart(error.body_text())
    }
}

/// What an upload has delivered so far.
#[derive(Debug, Default)]
struct Taken {
    roots: Vec<Cid>,
    blocks: u64,
    bytes: u64,
    cars: u64,
}

/// A request's body, shared by the multipart reader and, when that has ended, by [`drain`], which
/// reads the rest.
///
/// The multipart reader buffers whatever it can get until it finds what it looks for. So it gets
/// one piece at a time, and an error instead of the next piece if more than [`MAX_FRAMING`] bytes
/// have yielded nothing.
#[derive(Clone)]
struct Source(Arc<Mutex<Pieces>>);

struct Pieces {
    body: BodyDataStream,
    /// How many bytes went to the reader since it last yielded something.
    passed: usize,
    /// Whether a piece was just handed out, which the reader must look at before it gets another.
    given: bool,
}

impl Source {
    fn new(body: Body) -> Self {
        Self(Arc::new(Mutex::new(Pieces {
            body: body.into_data_stream(),
            passed: 0,
            given: false,
        })))
    }

    fn pieces(&self) -> MutexGuard<'_, Pieces> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that the reader has yielded something; returns how many bytes it took for that.
    fn advanced(&self) -> usize {
        mem::take(&mut self.pieces().passed)
    }
}

impl Stream for Source {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut pieces = self.pieces();
        if mem::take(&mut pieces.given) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if pieces.passed > MAX_FRAMING {
            return Poll::Ready(Some(Err(Refused::Framing.into())));
        }
        let piece = ready!(pieces.body.poll_next_unpin(context));
        if let Some(Ok(piece)) = &piece {
            pieces.passed += piece.len();
            pieces.given = true;
        }
        Poll::Ready(piece.map(|piece| piece.map_err(Into::into)))
    }
}

/// Handles an upload.
pub(super) async fn post(
    State(gateway): State<Arc<Gateway>>,
    Query(options): Query<Options>,
    from: Option<Extension<AddressBlock>>,
    request: Request,
) -> Response<Body> {
    let from = from.map_or(AddressBlock::Own, |Extension(from)| from);
    let (head, body) = request.into_parts();
    let source = Source::new(body);
    let upload = match open(&gateway, &head.headers) {
        Ok(upload) => upload,
        Err(refused) => {
            // An expired token was once valid, so its uploader gets to read the response. Nothing
            // is read from strangers.
            if matches!(refused, Refused::Token(TokenError::Expired)) {
                drain(&source).await;
            }
            return refused.response(from);
        }
    };
    let once = gateway.uploads_of_one.begin(upload.name());
    let (Some(_place), Some(_once)) = (gateway.uploads.take(from), once) else {
        return Refused::Busy.response(from);
    };
    let parts = Request::from_parts(head, Body::from_stream(source.clone()));
    let mut multipart = match Multipart::from_request(parts, &()).await {
        Ok(multipart) => multipart,
        Err(rejection) => return Refused::Multipart(rejection.body_text()).response(from),
    };
    let patience = gateway.storage.config().uploader_patience;
    let most = upload.limit().saturating_mul(MOST_SENT);
    let mut pace = Pace::begin(source, patience, most);
    let mut taken = Taken::default();
    let result = take(&upload, &mut multipart, &mut pace, &mut taken).await;
    // What a broken request delivered is worth keeping too: the next request continues from there.
    let finished = upload.finish().await;
    match result.and_then(|()| finished.map_err(Refused::from)) {
        Ok(()) => reply(&options, &taken),
        // These clients send hardly anything, so there is nothing to drain.
        Err(refused @ (Refused::Silent | Refused::Slow)) => refused.response(from),
        Err(refused) => {
            drain(&pace.source).await;
            refused.response(from)
        }
    }
}

/// Opens the upload that a request's token permits.
fn open(gateway: &Gateway, headers: &HeaderMap) -> Result<Upload, Refused> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            let (scheme, token) = value.split_once(' ')?;
            scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
        })
        .ok_or(Refused::NoToken)?;
    Ok(gateway.storage.upload(token)?)
}

/// Limits how much an uploader sends, and how slowly.
struct Pace {
    source: Source,
    began: Instant,
    bytes: u64,
    /// How many bytes it may send.
    most: u64,
    /// How long it may send nothing.
    patience: Duration,
}

impl Pace {
    fn begin(source: Source, patience: Duration, most: u64) -> Self {
        Self {
            source,
            began: Instant::now(),
            bytes: 0,
            most,
            patience,
        }
    }

    /// Notes that the head of a part or a piece of a CAR has arrived.
    fn came(&mut self) -> Result<(), Refused> {
        self.bytes += self.source.advanced() as u64;
        if self.bytes > self.most {
            return Err(Refused::Endless(self.most));
        }
        let late = self.began.elapsed().saturating_sub(UPLOADER_GRACE);
        if self.bytes < late.as_secs() * SLOWEST_UPLOADER {
            return Err(Refused::Slow);
        }
        Ok(())
    }
}

/// Treats each part of the body as a CAR, as Kubo does.
async fn take(
    upload: &Upload,
    multipart: &mut Multipart,
    pace: &mut Pace,
    taken: &mut Taken,
) -> Result<(), Refused> {
    loop {
        let field = timeout(pace.patience, multipart.next_field())
            .await
            .map_err(|_| Refused::Silent)??;
        let Some(field) = field else {
            break;
        };
        pace.came()?;
        car(upload, field, pace, taken).await?;
        taken.cars += 1;
    }
    if taken.cars == 0 {
        return Err(Refused::NoCar);
    }
    Ok(())
}

async fn car(
    upload: &Upload,
    mut field: Field<'_>,
    pace: &mut Pace,
    taken: &mut Taken,
) -> Result<(), Refused> {
    let mut reader = CarReader::new(CarLimits::default());
    loop {
        let chunk = timeout(pace.patience, field.chunk())
            .await
            .map_err(|_| Refused::Silent)??;
        let Some(chunk) = chunk else {
            break;
        };
        pace.came()?;
        reader.push(chunk);
        while let Some((cid, data)) = reader.next()? {
            taken.blocks += 1;
            taken.bytes += data.len() as u64;
            upload.add(cid, data).await?;
        }
    }
    reader.finish()?;
    let room = MAX_ROOTS.saturating_sub(taken.roots.len());
    taken.roots.extend(reader.roots().iter().take(room));
    Ok(())
}

/// The blocks of each part of a whole body that arrives in pieces of this size.
#[cfg(any(test, feature = "fuzzing"))]
async fn read_form(
    content_type: &HeaderValue,
    body: &[u8],
    piece: usize,
) -> Option<Vec<Vec<(Cid, Bytes)>>> {
    let pieces: Vec<Result<Bytes, BoxError>> = body
        .chunks(piece)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    let source = Source::new(Body::from_stream(futures::stream::iter(pieces)));
    let mut request = Request::new(Body::from_stream(source.clone()));
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type.clone());
    let mut multipart = Multipart::from_request(request, &()).await.ok()?;
    let mut parts = Vec::new();
    while let Some(mut field) = multipart.next_field().await.ok()? {
        source.advanced();
        let mut reader = CarReader::new(CarLimits::default());
        let mut blocks = Vec::new();
        while let Some(chunk) = field.chunk().await.ok()? {
            source.advanced();
            reader.push(chunk);
            while let Some(block) = reader.next().ok()? {
                blocks.push(block);
            }
        }
        reader.finish().ok()?;
        parts.push(blocks);
    }
    Some(parts)
}

/// A form with the header `Content-Type` in its first line, which is the same in whatever pieces it comes.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn fuzz(data: &[u8]) {
    let mut lines = data.splitn(2, |byte| *byte == b'\n');
    let (first, body) = (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    );
    let Ok(content_type) = HeaderValue::from_bytes(first) else {
        return;
    };
    let read = |piece| futures::executor::block_on(read_form(&content_type, body, piece));
    let whole = read(body.len().max(1));
    for piece in [1, 7] {
        assert_eq!(read(piece), whole, "in pieces of {piece}");
    }
}

/// Kubo's response: a line for each root if roots are pinned, and a line of statistics if they are
/// requested.
fn reply(options: &Options, taken: &Taken) -> Response<Body> {
    let mut lines = String::new();
    if options.pin_roots {
        for root in &taken.roots {
            let line = json!({"Root": {"Cid": {"/": root.to_string()}, "PinErrorMsg": ""}});
            lines.push_str(&format!("{line}\n"));
        }
    }
    if options.stats {
        let stats = json!({"Stats": {"BlockCount": taken.blocks, "BlockBytesCount": taken.bytes}});
        lines.push_str(&format!("{stats}\n"));
    }
    (
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        lines,
    )
        .into_response()
}

/// Reads on for a short time: if the connection were closed on a client that is still sending, it
/// would report a broken connection and not see the response.
async fn drain(source: &Source) {
    let rest = async {
        let mut left = DRAINED;
        while let Some(Ok(piece)) =
            std::future::poll_fn(|context| source.pieces().body.poll_next_unpin(context)).await
        {
            left = left.saturating_sub(piece.len() as u64);
            if left == 0 {
                return;
            }
        }
    };
    let _ = timeout(DRAIN_PATIENCE, rest).await;
}
