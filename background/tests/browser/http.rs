//! Tests of HTTP by `fetch()`, against the server of `fluence_tests::stranger`, which the runner
//! starts.

use std::time::Duration;

use background::http::Fetch;
use background::source::BlobSource;
use fluence::ports::{Http, HttpBody, HttpError, HttpRequest, HttpResponse, Piece};
use wasm_bindgen_test::wasm_bindgen_test;
use web::js::decoded;
use web::time::sleep;

use crate::blob;

/// The name under which the browser knows the server.
const HOST: &str = "stranger.test";
/// The patience with an answer that is expected to arrive.
const PATIENT: Duration = Duration::from_secs(20);
/// The patience with an answer that never arrives.
const IMPATIENT: Duration = Duration::from_millis(300);
/// How often a counter is read.
const LOOK: Duration = Duration::from_millis(50);

type Response = HttpResponse<<Fetch as Http>::Body>;

fn request(path: &str) -> HttpRequest<BlobSource> {
    HttpRequest {
        method: "GET",
        url: format!("http://{HOST}{path}"),
        headers: Vec::new(),
        body: Vec::new(),
        patience: PATIENT,
    }
}

async fn get(path: &str) -> Result<Response, HttpError> {
    Fetch.send(request(path)).await
}

async fn all(mut response: Response) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    while let Some(piece) = response.body.chunk().await? {
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

async fn text(response: Response) -> String {
    String::from_utf8(all(response).await.unwrap()).unwrap()
}

fn host() -> String {
    HOST.to_owned()
}

#[wasm_bindgen_test]
async fn every_status_is_an_answer() {
    for status in [200, 403, 404, 429, 500, 504] {
        let response = get(&format!("/status/{status}")).await.unwrap();
        assert_eq!(response.status, status);
        assert_eq!(text(response).await, format!("status {status}"));
    }
}

#[wasm_bindgen_test]
async fn heads_are_read() {
    let named = get("/named").await.unwrap();
    assert_eq!(
        named.content_type.as_deref(),
        Some("text/x-test; charset=utf-8")
    );
    assert_eq!(named.content_length, Some(5));
    let disposition = named.body.header("content-disposition");
    let name = disposition.and_then(|told| fluence::disposition::file_name(&told, None, &decoded));
    assert_eq!(name.as_deref(), Some("от.txt"));
    let plain = get("/status/200").await.unwrap();
    assert_eq!(plain.content_type, None);
    // The decoded body is longer than what was sent, so its length is not known.
    let compressed = get("/compressed").await.unwrap();
    assert_eq!(compressed.content_length, None);
    assert_eq!(text(compressed).await, "hello, hello, hello");
    let head = Fetch
        .send(HttpRequest {
            method: "HEAD",
            ..request("/pieces/3")
        })
        .await
        .unwrap();
    assert_eq!(head.status, 200);
}

#[wasm_bindgen_test]
async fn a_request_is_sent_as_it_was_made() {
    let file = BlobSource::new(blob(b"0123456789"));
    let response = Fetch
        .send(HttpRequest {
            method: "POST",
            headers: vec![
                ("authorization", "Bearer token".to_owned()),
                ("content-type", "application/x-test".to_owned()),
                ("x-test", "bad\nvalue".to_owned()),
            ],
            body: vec![
                Piece::Bytes("before ".into()),
                Piece::Slice(file.clone(), 3..7),
                Piece::Bytes(" after".into()),
            ],
            ..request("/echo")
        })
        .await
        .unwrap();
    let sent = text(response).await;
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.starts_with("post /echo http/1.1"), "{head}");
    assert!(head.contains("\r\nauthorization: bearer token"), "{head}");
    assert!(
        head.contains("\r\ncontent-type: application/x-test"),
        "{head}"
    );
    assert!(head.contains("\r\ncontent-length: 17"), "{head}");
    assert!(!head.contains("x-test:"), "{head}");
    assert!(!head.contains("\r\ncookie"), "{head}");
    assert_eq!(body, "before 3456 after");

    // If a part of the body does not exist, nothing is sent.
    let gone = Fetch.send(HttpRequest {
        method: "POST",
        body: vec![Piece::Slice(file, 5..11)],
        ..request("/echo")
    });
    assert_eq!(gone.await.map(|_| ()), Err(HttpError::Broken(host())));
}

#[wasm_bindgen_test]
async fn a_body_comes_piece_by_piece() {
    let mut response = get("/pieces/40").await.unwrap();
    let mut read = 0u64;
    let mut pieces = 0;
    while let Some(piece) = response.body.chunk().await.unwrap() {
        assert!(!piece.is_empty());
        for (at, byte) in (read..).zip(piece.iter()) {
            assert_eq!(u64::from(*byte), at / 0x10000, "byte {at}");
        }
        read += piece.len() as u64;
        pieces += 1;
    }
    assert_eq!(read, 40 * 0x10000);
    assert!(pieces > 1);
    // After the end there is still nothing.
    assert_eq!(response.body.chunk().await, Ok(None));
}

#[wasm_bindgen_test]
async fn patience_is_for_silence_and_not_for_slowness() {
    // The server sends 20 bytes in a second, each within the patience.
    let slow = HttpRequest {
        patience: IMPATIENT,
        ..request("/drip/20")
    };
    let response = Fetch.send(slow).await.unwrap();
    assert_eq!(text(response).await, ".".repeat(20));

    let silent = HttpRequest {
        patience: IMPATIENT,
        ..request("/silent")
    };
    let answer = Fetch.send(silent).await.map(|_| ());
    assert_eq!(answer, Err(HttpError::Silent(host())));

    let stalling = HttpRequest {
        patience: IMPATIENT,
        ..request("/stall")
    };
    let response = Fetch.send(stalling).await.unwrap();
    assert_eq!(all(response).await, Err(HttpError::Silent(host())));
}

#[wasm_bindgen_test]
async fn what_breaks_off_is_never_whole() {
    for path in ["/short", "/torn"] {
        let response = get(path).await.unwrap();
        assert_eq!(
            all(response).await,
            Err(HttpError::Broken(host())),
            "{path}"
        );
    }
}

#[wasm_bindgen_test]
async fn what_cannot_be_reached_is_named() {
    // The answers are not HTTP, closed to other origins, a redirect to a local file, and an endless
    // redirect.
    for path in ["/garbage", "/closed", "/away", "/round"] {
        let answer = get(path).await.map(|_| ());
        assert_eq!(answer, Err(HttpError::Unreachable(host())), "{path}");
    }
    // Nothing listens on port 9 (discard), and browsers block it.
    for (url, host) in [
        ("http://127.0.0.1:9/", "127.0.0.1:9"),
        ("http://", ""),
        ("file:///etc/hostname", ""),
    ] {
        let nowhere = HttpRequest {
            url: url.to_owned(),
            ..request("/")
        };
        let answer = Fetch.send(nowhere).await.map(|_| ());
        assert_eq!(
            answer,
            Err(HttpError::Unreachable(host.to_owned())),
            "{url}"
        );
    }
}

#[wasm_bindgen_test]
async fn redirects_of_strangers_are_not_followed() {
    // They might lead into the person's own network.
    let answer = get("/redirect/10").await.map(|_| ());
    assert_eq!(answer, Err(HttpError::Unreachable(host())));
}

#[wasm_bindgen_test]
async fn dropping_a_body_ends_the_transfer() {
    async fn left() -> u32 {
        text(get("/left").await.unwrap()).await.parse().unwrap()
    }
    let before = left().await;
    let mut read = get("/endless").await.unwrap();
    assert!(read.body.chunk().await.unwrap().is_some());
    drop(read);
    // Dropping it before anything was read has the same effect.
    drop(get("/endless").await.unwrap());
    let mut looks = 0;
    while left().await < before + 2 {
        looks += 1;
        assert!(looks < 200, "an endless answer is still read");
        sleep(LOOK).await;
    }
}
