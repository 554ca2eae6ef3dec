//! `POST /api/v0/dag/import`: uploads, as Kubo takes them, with a token.

use std::error::Error as _;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, BodyDataStream, Bytes};
use axum::extract::multipart::{Field, Multipart, MultipartError};
use axum::extract::{FromRequest as _, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use axum::response::IntoResponse;
use fluence::Cid;
use fluence::content::car::{CarError, CarLimits, CarReader};
use futures::{Stream, StreamExt as _};
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::fetching::Gateway;
use super::reply::retry_after;
use crate::storage::{AddError, StorageError, TokenError, Upload};

/// How long an uploader has before it must keep to [`SLOWEST`].
const GRACE: Duration = Duration::from_secs(60);
/// The least that an uploader must send in a second, in bytes: an uploader that drips keeps others out.
const SLOWEST: u64 = 1024;
/// How often a request may send the bytes that its DAG may have: what stands around small blocks in a CAR takes as much
/// as they do.
const MOST_SENT: u64 = 2;
/// Bytes of a body that may come without any of a CAR among them: boundaries, and the heads of parts.
const MAX_FRAMING: usize = 64 * 1024;
/// Bytes of a body that are still read when its answer is known, so that the client gets to read the answer.
const DRAINED: u64 = 16 * 1024 * 1024;
/// How long that may take.
const DRAIN_PATIENCE: Duration = Duration::from_secs(3);
/// Roots that an answer names.
const MAX_ROOTS: usize = 64;

/// The members of the query that Kubo knows and that matter here.
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

/// Why an upload is not taken.
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
    #[error("{MAX_FRAMING} bytes of the body came without any of a CAR")]
    Framing,
    #[error("the body has no CAR")]
    NoCar,
    #[error(transparent)]
    Car(#[from] CarError),
    #[error(transparent)]
    Add(#[from] AddError),
    #[error("nothing came for too long; the next request goes on from what is here")]
    Silent,
    #[error(
        "the body goes on after {0} bytes, more than the declared size can need; ask for a token for the size that the file has"
    )]
    Endless(u64),
    #[error("the upload is slower than {SLOWEST} bytes a second")]
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

    /// In the form of Kubo's errors.
    fn response(&self) -> Response<Body> {
        let status = self.status();
        if status.is_server_error() {
            tracing::warn!(error = %self, "an upload is not taken");
        }
        let message = match self {
            Self::Token(error) | Self::Add(AddError::Token(error)) => {
                format!("{error}; ask for another with a call of IPFS_multiaddr")
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
        // Its text does not say why the body could not be read.
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

/// What an upload brought.
#[derive(Debug, Default)]
struct Taken {
    roots: Vec<Cid>,
    blocks: u64,
    bytes: u64,
    cars: u64,
}

/// A request's body: for the reader of its parts and, when that has ended, for what reads the rest.
///
/// The reader of parts keeps all that it can have until it finds what it looks for. So it has one piece at a time, and
/// an error instead of the next when the last [`MAX_FRAMING`] bytes were of no use.
#[derive(Clone)]
struct Source(Arc<Mutex<Pieces>>);

struct Pieces {
    body: BodyDataStream,
    /// Bytes that went to the reader since something came of them.
    passed: usize,
    /// A piece was given: first the reader is to look at it.
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

    /// Something came of what went to the reader; returns how many bytes that were.
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

pub(super) async fn post(
    State(gateway): State<Arc<Gateway>>,
    Query(options): Query<Options>,
    request: Request,
) -> Response<Body> {
    let (head, body) = request.into_parts();
    let source = Source::new(body);
    let upload = match open(&gateway, &head.headers) {
        Ok(upload) => upload,
        Err(refused) => {
            // One that has expired was good, and its uploader is to learn that; strangers are not listened to.
            if matches!(refused, Refused::Token(TokenError::Expired)) {
                drain(&source).await;
            }
            return refused.response();
        }
    };
    let Ok(_permit) = gateway.uploads.try_acquire() else {
        return Refused::Busy.response();
    };
    let parts = Request::from_parts(head, Body::from_stream(source.clone()));
    let mut multipart = match Multipart::from_request(parts, &()).await {
        Ok(multipart) => multipart,
        Err(rejection) => return Refused::Multipart(rejection.body_text()).response(),
    };
    let patience = gateway.storage.config().uploader_patience;
    let most = upload.limit().saturating_mul(MOST_SENT);
    let mut pace = Pace::begin(source, patience, most);
    let mut taken = Taken::default();
    let result = take(&upload, &mut multipart, &mut pace, &mut taken).await;
    // Also what a broken request brought is worth keeping: the next goes on from there.
    let finished = upload.finish().await;
    match result.and_then(|()| finished.map_err(Refused::from)) {
        Ok(()) => reply(&options, &taken),
        // Nothing more comes of these.
        Err(refused @ (Refused::Silent | Refused::Slow)) => refused.response(),
        Err(refused) => {
            drain(&pace.source).await;
            refused.response()
        }
    }
}

/// The upload that a request's token opens.
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

/// How fast an uploader sends.
struct Pace {
    source: Source,
    began: Instant,
    bytes: u64,
    /// Bytes that it may send.
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

    /// The head of a part came, or some of a CAR.
    fn came(&mut self) -> Result<(), Refused> {
        self.bytes += self.source.advanced() as u64;
        if self.bytes > self.most {
            return Err(Refused::Endless(self.most));
        }
        let late = self.began.elapsed().saturating_sub(GRACE);
        if self.bytes < late.as_secs() * SLOWEST {
            return Err(Refused::Slow);
        }
        Ok(())
    }
}

/// Takes each part of the body for a CAR, as Kubo does.
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

/// Kubo's answer: a line for each root where they are pinned, and one with numbers where they are asked for.
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

/// Reads on for a little: a client that is still sending would take a connection that is closed on it for broken, and
/// not see the answer.
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
