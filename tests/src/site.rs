//! A small web site with real files, which counts the requests for each path.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use futures::StreamExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// The largest file that a page may put on the site, in bytes.
const MAX_UPLOAD: usize = 64 * 1024 * 1024;
/// How many bytes are sent at once of an answer that breaks off, in bytes.
const PART: usize = 512 * 1024;
/// The interval at which a counter is read.
const LOOK: Duration = Duration::from_millis(50);
/// How long a slow server takes to begin its answer: longer than the browser lets a worker wait.
const LONG: Duration = Duration::from_secs(50);
/// How long an answer takes that comes in a thin trickle, and in how many pieces.
const TRICKLE: (Duration, usize) = (Duration::from_secs(75), 75);
/// The cookie that opens the private part of the site.
const COOKIE: &str = "session=known";

/// JavaScript that records a video of a moving picture, in the page that it runs in, and puts it on the site under the
/// name in its first argument.
pub const RECORD_VIDEO: &str = r#"
const [name, done] = arguments;
const canvas = document.createElement('canvas');
canvas.width = 320; canvas.height = 180;
const brush = canvas.getContext('2d');
let frame = 0;
const paint = () => {
  brush.fillStyle = '#123'; brush.fillRect(0, 0, 320, 180);
  for (let x = 0; x < 320; x += 4) {
    brush.fillStyle = `hsl(${x + frame * 3} 80% 60%)`;
    brush.fillRect(x, 90 + 60 * Math.sin((x + frame * 4) / 40), 3, 12);
  }
  frame += 1;
};
paint();
const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: 'video/webm;codecs=vp8' });
const parts = [];
recorder.ondataavailable = event => parts.push(event.data);
recorder.onerror = event => done(String(event.error));
const painting = setInterval(() => { paint(); if (frame === 60) recorder.stop(); }, 40);
recorder.onstop = async () => {
  clearInterval(painting);
  const answer = await fetch('/files/' + name, {
    method: 'PUT', headers: { 'Content-Type': 'video/webm' }, body: new Blob(parts),
  });
  done(answer.ok ? null : String(answer.status));
};
recorder.start();
"#;

/// A file of the site.
#[derive(Clone)]
pub struct Page {
    /// Its MIME type.
    pub mime: String,
    /// Its bytes.
    pub body: Bytes,
}

#[derive(Default)]
struct Content {
    files: BTreeMap<String, Page>,
    asked: BTreeMap<String, u64>,
    is_released: watch::Sender<bool>,
}

type Shared = Arc<Mutex<Content>>;

/// A running site, which is stopped when this value is dropped.
pub struct Site {
    address: SocketAddr,
    content: Shared,
    task: JoinHandle<()>,
}

impl Drop for Site {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Site {
    /// Starts the site, which serves an index at `/` and files at `/files/NAME`.
    ///
    /// At `/private/NAME`, listed at `/members`, it serves the same files to visitors who have been
    /// to `/login`; all others get an HTML form, with status 200. At `/guarded/NAME`, listed at
    /// `/gallery`, it serves them to its own pages only: a request whose `Referer` is not of this
    /// site is refused with status 403. At `/open/NAME` it lets every site read them. At `/odd/MANNER/NAME` it answers
    /// as real servers sometimes do (see `Manner`).
    pub async fn start() -> Result<Self> {
        let content = Shared::default();
        let router = Router::new()
            .route("/", get(index))
            .route("/login", get(login))
            .route("/gbk", get(gbk))
            .route("/members", get(members))
            .route("/files/{name}", get(public).put(put))
            .route("/private/{name}", get(private))
            .route("/gallery", get(gallery))
            .route("/guarded/{name}", get(guarded))
            .route("/open/{name}", get(open))
            .route("/odd/{manner}/{name}", get(odd))
            .layer(axum::extract::DefaultBodyLimit::max(MAX_UPLOAD))
            .with_state(content.clone());
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("the web site has no port")?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            // The server ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self {
            address,
            content,
            task,
        })
    }

    /// Adds a file and returns its address.
    pub fn add(&self, name: &str, mime: &str, body: impl Into<Bytes>) -> String {
        let page = Page {
            mime: mime.to_owned(),
            body: body.into(),
        };
        lock(&self.content).files.insert(name.to_owned(), page);
        self.url(&format!("/files/{name}"))
    }

    /// The bytes of a file of the site.
    pub fn file(&self, name: &str) -> Option<Bytes> {
        lock(&self.content)
            .files
            .get(name)
            .map(|page| page.body.clone())
    }

    /// The address of a path on the site.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Lets the answers come that are held back.
    pub fn release(&self) {
        lock(&self.content).is_released.send_replace(true);
    }

    /// Waits until somebody has requested a path.
    pub async fn wait_asked(&self, path: &str, limit: Duration) -> Result<()> {
        self.wait_times(path, 1, limit).await
    }

    /// Waits until a path has been requested so many times.
    pub async fn wait_times(&self, path: &str, times: u64, limit: Duration) -> Result<()> {
        let deadline = Instant::now() + limit;
        while self.asked(path) < times {
            ensure!(
                Instant::now() < deadline,
                "{path} was not asked for {times} times within {limit:?}"
            );
            sleep(LOOK).await;
        }
        Ok(())
    }

    /// How often a path has been requested; `/refused/NAME` counts the refused requests for `/guarded/NAME`, and
    /// `/range/NAME` those for a part of a file whose first answer broke off or halted.
    pub fn asked(&self, path: &str) -> u64 {
        lock(&self.content).asked.get(path).copied().unwrap_or(0)
    }
}

fn lock(content: &Shared) -> MutexGuard<'_, Content> {
    content.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn index(State(content): State<Shared>) -> Html<String> {
    list(&content, "files")
}

async fn members(State(content): State<Shared>) -> Html<String> {
    list(&content, "private")
}

async fn gallery(State(content): State<Shared>) -> Html<String> {
    list(&content, "guarded")
}

/// A page that lists all files, each with its address in one part of the site.
fn list(content: &Shared, part: &str) -> Html<String> {
    let mut list = String::new();
    for (name, page) in &lock(content).files {
        let (kind, size) = (
            page.mime.split('/').next().unwrap_or_default(),
            page.body.len(),
        );
        let shown = match kind {
            "image" => {
                format!(r#"<img id="{name}" src="/{part}/{name}" alt="{name}" width="320">"#)
            }
            "video" => format!(
                r#"<video id="{name}" src="/{part}/{name}" width="320" controls muted loop autoplay></video>"#
            ),
            "audio" => format!(r#"<audio id="{name}" src="/{part}/{name}" controls></audio>"#),
            _ => format!(r#"<a id="{name}" href="/{part}/{name}" download>{name}</a>"#),
        };
        let _ = write!(
            list,
            "<li>{shown}<br><small>{name}, {size} bytes</small></li>"
        );
    }
    Html(format!(
        "<!doctype html><html lang=en><meta charset=utf-8><title>Real files</title>\
         <style>body{{font:16px sans-serif;margin:2em}}ul{{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:2em}}\
         </style><h1>Real files</h1><p><span id=words>Right click one of them: <b>Share via Fluence</b>.</span></p><ul>{list}</ul>\
         <textarea id=notes aria-label=Notes></textarea></html>"
    ))
}

async fn login() -> impl IntoResponse {
    (
        [(
            header::SET_COOKIE,
            format!("{COOKIE}; Path=/; SameSite=Strict; HttpOnly"),
        )],
        Html("<!doctype html><title>Welcome</title><h1>Welcome back</h1>"),
    )
}

/// A page whose server writes everything in this charset.
async fn gbk() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/html; charset=gbk")],
        "<!doctype html><title>GBK</title><h1>GBK</h1>",
    )
}

async fn public(
    State(content): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    give(&content, "files", &name, &headers)
}

async fn private(
    State(content): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if is_known(&headers) {
        return give(&content, "private", &name, &headers);
    }
    Html("<!doctype html><title>Log in</title><form><input type=password><button>Log in</button></form>").into_response()
}

/// Whether a request comes from a visitor who has been to `/login`.
fn is_known(headers: &HeaderMap) -> bool {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|cookies| cookies.to_str().ok())
        .flat_map(|cookies| cookies.split(';'))
        .any(|cookie| cookie.trim() == COOKIE)
}

async fn open(
    State(content): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let mut response = give(&content, "open", &name, &headers);
    let open = HeaderValue::from_static("*");
    response
        .headers_mut()
        .insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, open);
    response
}

/// Answers as real servers sometimes do. The manners are:
///
/// - `part`: the first 1000 bytes with the status 206, although nobody asked for a part
/// - `rest`: the same, and the rest when it is asked for, of a version that has an `ETag`
/// - `gzip`: the file is what came out of `Content-Encoding: gzip`
/// - `nothing`: status 204
/// - `slow`: the answer begins after 5 s
/// - `lazy`: the answer begins after 50 s
/// - `patient`: the same, and every site may read it
/// - `trickle`: the file comes in thin pieces for more than a minute, and for pages of this site alone
/// - `held`: the answer begins when the site is told to [release](Site::release) it
/// - `stuck`: the answer never begins
/// - `breaking`: the first answer breaks off in the middle
/// - `halting`: the first answer stops in the middle, and the connection stays open
/// - `own`: the file for pages of this site, and a web page with status 200 for everybody else
/// - `page`: a web page with status 200
/// - `untyped`: as for `own`, and the web page has no type that says so
/// - `waking`: no answer to the first request, then the file for pages of this site, and 403 for everybody else
/// - `second`: a web page with a title, and no answer to the second request for it
/// - `zipped`: the file, for every site, is what came out of `Content-Encoding: gzip`
/// - `asker`: the file, for the site that asks, without cookies
/// - `away`: a redirect to the address that is in the file
/// - `mine`: the file for visitors who have been to `/login`, and the file `else-NAME` for others
/// - `late`: no answer to the first request, and to the others that of `mine`
/// - `gbk`, `latin` and `charset`: the name is in `Content-Disposition` as raw GBK and Windows-1252, and in an extended value
///   that says that it is GBK
/// - `utf8`, `percent` and `words`: the name is in `Content-Disposition` as raw UTF-8, with percent signs, and as
///   words of RFC 2047
async fn odd(
    State(content): State<Shared>,
    Path((manner, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let number = {
        let mut content = lock(&content);
        let asked = content.asked.entry(format!("/odd/{manner}/{name}"));
        *asked.and_modify(|n| *n += 1).or_insert(1)
    };
    let first = number == 1;
    let has_range = headers.contains_key(header::RANGE);
    let mut response = give(&content, "files", &name, &headers);
    let body = lock(&content)
        .files
        .get(&name)
        .map(|page| page.body.clone());
    let body = body.unwrap_or_default();
    let set = |response: &mut Response, name: HeaderName, value: &[u8]| {
        if let Ok(value) = HeaderValue::from_bytes(value) {
            response.headers_mut().insert(name, value);
        }
    };
    let named = |response: &mut Response, name: &str| {
        let value = format!("attachment; filename=\"{name}\"");
        set(response, header::CONTENT_DISPOSITION, value.as_bytes());
    };
    match manner.as_str() {
        "part" | "rest" => {
            if manner == "rest" {
                set(&mut response, header::ETAG, b"\"one\"");
            }
            if manner == "part" || !has_range {
                *response.body_mut() = Body::from(body.slice(..1000.min(body.len())));
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let range = format!("bytes 0-999/{}", body.len());
                set(&mut response, header::CONTENT_RANGE, range.as_bytes());
            }
        }
        "gzip" => {
            let packed = gzip(&body);
            *response.body_mut() = Body::from(packed);
            set(&mut response, header::CONTENT_ENCODING, b"gzip");
            set(&mut response, header::CONTENT_TYPE, b"application/gzip");
        }
        "nothing" => return StatusCode::NO_CONTENT.into_response(),
        "slow" => sleep(Duration::from_secs(5)).await,
        "lazy" => sleep(LONG).await,
        "patient" => {
            sleep(LONG).await;
            set(&mut response, header::ACCESS_CONTROL_ALLOW_ORIGIN, b"*");
        }
        "trickle" if from_own_page(&headers) => {
            let (lasts, count) = TRICKLE;
            let pieces: Vec<Bytes> = body
                .chunks(body.len().div_ceil(count).max(1))
                .map(Bytes::copy_from_slice)
                .collect();
            let pause = lasts / count as u32;
            let stream = futures::stream::iter(pieces).then(move |piece| async move {
                sleep(pause).await;
                Ok::<_, std::io::Error>(piece)
            });
            *response.body_mut() = Body::from_stream(stream);
        }
        "trickle" => return StatusCode::FORBIDDEN.into_response(),
        "held" => {
            let mut is_released = lock(&content).is_released.subscribe();
            // The site lives as long as the test.
            let _ = is_released.wait_for(|released| *released).await;
        }
        "stuck" => std::future::pending::<()>().await,
        "breaking" | "halting" => {
            set(&mut response, header::ETAG, b"\"one\"");
            if has_range {
                let range = format!("/range/{name}");
                *lock(&content).asked.entry(range).or_default() += 1;
            }
            if first {
                let halts = manner == "halting";
                let half = body.slice(..body.len() / 2);
                let parts = half
                    .chunks(PART)
                    .map(|part| Ok(Bytes::copy_from_slice(part)));
                let end = [Err(std::io::Error::other("cut off"))];
                let pieces: Vec<std::io::Result<Bytes>> = parts.chain(end).collect();
                let stream = futures::stream::iter(pieces).then(move |piece| async move {
                    if halts && piece.is_err() {
                        std::future::pending::<()>().await;
                    }
                    sleep(LOOK).await;
                    piece
                });
                *response.body_mut() = Body::from_stream(stream);
                set(
                    &mut response,
                    header::CONTENT_LENGTH,
                    body.len().to_string().as_bytes(),
                );
            }
        }
        "late" if first => std::future::pending::<()>().await,
        "mine" | "late" => {
            if !is_known(&headers) {
                response = give(&content, "files", &format!("else-{name}"), &headers);
            }
        }
        "gbk" | "latin" => {
            // 会议记录.docx, and Übersicht €.pdf.
            let bytes: &[u8] = match &*manner {
                "gbk" => b"\xbb\xe1\xd2\xe9\xbc\xc7\xc2\xbc.docx",
                _ => b"\xdcbersicht \x80.pdf",
            };
            let value = [b"attachment; filename=\"", bytes, b"\""].concat();
            set(&mut response, header::CONTENT_DISPOSITION, &value);
        }
        "charset" => {
            let value = b"attachment; filename*=GBK''%BB%E1%D2%E9.docx";
            set(&mut response, header::CONTENT_DISPOSITION, value);
        }
        "own" | "untyped" | "waking"
            if !(first && manner == "waking") && from_own_page(&headers) => {}
        "waking" if first => std::future::pending::<()>().await,
        "waking" => return StatusCode::FORBIDDEN.into_response(),
        "untyped" => {
            *response.body_mut() = Body::from("<!doctype html><title>Log in</title><form></form>");
            set(
                &mut response,
                header::CONTENT_TYPE,
                b"application/octet-stream",
            );
        }
        "second" if number == 2 => std::future::pending::<()>().await,
        "second" => {
            let page = "<!doctype html><title>What it is about</title><h1>Here</h1>";
            return Html(page).into_response();
        }
        "zipped" => {
            *response.body_mut() = Body::from(gzip(&body));
            set(&mut response, header::CONTENT_ENCODING, b"gzip");
            set(&mut response, header::ACCESS_CONTROL_ALLOW_ORIGIN, b"*");
        }
        "asker" => {
            let origin = headers.get(header::ORIGIN).cloned();
            let origin = origin.unwrap_or(HeaderValue::from_static("null"));
            set(
                &mut response,
                header::ACCESS_CONTROL_ALLOW_ORIGIN,
                origin.as_bytes(),
            );
        }
        "away" => {
            set(&mut response, header::LOCATION, &body);
            *response.status_mut() = StatusCode::FOUND;
        }
        "page" | "own" => {
            return Html("<!doctype html><title>Log in</title><form></form>").into_response();
        }
        "utf8" => named(&mut response, "한글 파일.pdf"),
        "percent" => named(&mut response, "%EC%82%AC%EB%B3%B8.jpg"),
        "words" => named(&mut response, "=?UTF-8?B?7IKs67O4LmpwZw==?="),
        _ => return StatusCode::NOT_FOUND.into_response(),
    }
    response
}

/// Bytes in gzip's format, which are not made smaller.
fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
    // A vector takes everything.
    let _ = packer.write_all(bytes);
    packer.finish().unwrap_or_default()
}

/// Whether a request says that a page of this site sends it.
fn from_own_page(headers: &HeaderMap) -> bool {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let own = said(header::HOST).map(|host| format!("http://{host}/"));
    said(header::REFERER)
        .zip(own)
        .is_some_and(|(page, own)| page.starts_with(&own))
}

async fn guarded(
    State(content): State<Shared>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    if from_own_page(&headers) {
        return give(&content, "guarded", &name, &headers);
    }
    *lock(&content)
        .asked
        .entry(format!("/refused/{name}"))
        .or_default() += 1;
    (StatusCode::FORBIDDEN, "not for other sites\n").into_response()
}

/// Answers with a file, or with the requested range of it, which video players need.
fn give(content: &Shared, part: &str, name: &str, headers: &HeaderMap) -> Response {
    let mut content = lock(content);
    *content.asked.entry(format!("/{part}/{name}")).or_default() += 1;
    let Some(page) = content.files.get(name).cloned() else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    let length = page.body.len();
    let range = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-'))
        .and_then(|(from, to)| Some((from.parse::<usize>().ok()?, to.parse::<usize>().ok())))
        .filter(|(from, _)| *from < length)
        .map(|(from, to)| from..to.map_or(length, |to| (to + 1).min(length)).max(from));
    let mut response = match range {
        None => Response::new(Body::from(page.body)),
        Some(range) => {
            let mut response = Response::new(Body::from(page.body.slice(range.clone())));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            let said = format!(
                "bytes {}-{}/{length}",
                range.start,
                range.end.saturating_sub(1)
            );
            if let Ok(said) = HeaderValue::from_str(&said) {
                response.headers_mut().insert(header::CONTENT_RANGE, said);
            }
            response
        }
    };
    let headers = response.headers_mut();
    headers.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if let Ok(mime) = HeaderValue::from_str(&page.mime) {
        headers.insert(header::CONTENT_TYPE, mime);
    }
    response
}

/// Lets a page of the site add a file, such as a video that the browser has recorded.
async fn put(
    State(content): State<Shared>,
    Path(name): Path<String>,
    request: Request,
) -> StatusCode {
    let mime = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|mime| mime.to_str().ok())
        .unwrap_or("application/octet-stream")
        .to_owned();
    let Ok(body) = axum::body::to_bytes(request.into_body(), MAX_UPLOAD).await else {
        return StatusCode::PAYLOAD_TOO_LARGE;
    };
    lock(&content).files.insert(name, Page { mime, body });
    StatusCode::CREATED
}
