//! An HTTP server that misbehaves, for testing the code that reads responses. It writes raw bytes,
//! because a good library would not let it misbehave.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

/// The largest request that is read, in bytes.
const MAX_REQUEST: usize = 64 * 1024 * 1024;
/// The headers of every answer. They give pages of other origins access.
const OPEN: &str = "Access-Control-Allow-Origin: *\r\n\
     Access-Control-Allow-Headers: authorization, content-type, x-test\r\n\
     Access-Control-Expose-Headers: *\r\n\
     Connection: close\r\n";
/// The text `hello, hello, hello`, compressed by gzip.
const COMPRESSED: [u8; 29] = [
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xcb, 0x48, 0xcd, 0xc9, 0xc9, 0xd7,
    0x51, 0xc8, 0x40, 0xa2, 0x00, 0x9f, 0xa1, 0xca, 0x09, 0x13, 0x00, 0x00, 0x00,
];
/// The time between two bytes of a slow answer.
const DRIP: Duration = Duration::from_millis(50);

/// A running server; it ends when this value is dropped.
pub struct Stranger {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Stranger {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Stranger {
    /// Starts the server on a free port. Its answers depend on the path:
    ///
    /// | path | answer |
    /// | --- | --- |
    /// | `/echo` | the request itself: head, empty line, body |
    /// | `/status/N` | the status N, and the body `status N` |
    /// | `/named` | `hello`, with a type and a file name |
    /// | `/compressed` | `hello, hello, hello`, compressed by gzip |
    /// | `/pieces/N` | N pieces of 64 KiB; every byte is the number of its piece |
    /// | `/drip/N` | N bytes, one every 50 ms |
    /// | `/redirect/N` | N redirects, then `arrived` |
    /// | `/round` | redirects to itself |
    /// | `/away` | redirects to a file of this machine |
    /// | `/silent` | nothing, forever |
    /// | `/stall` | three bytes, then nothing, forever |
    /// | `/short` | three bytes where a thousand are promised |
    /// | `/torn` | chunks without an end |
    /// | `/garbage` | bytes that are not HTTP |
    /// | `/endless` | bytes without end |
    /// | `/left` | how many clients have disconnected from an endless answer |
    /// | `/closed` | `hello`, which no other origin may read |
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .context("the strange server has no port")?;
        let address = listener.local_addr()?;
        let left = Arc::new(AtomicU64::new(0));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let left = Arc::clone(&left);
                tokio::spawn(async move {
                    // The other side may disconnect at any time.
                    let _: io::Result<()> = serve(stream, &left).await;
                });
            }
        });
        Ok(Self { address, task })
    }

    /// The address at which it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn serve(mut stream: TcpStream, left: &AtomicU64) -> io::Result<()> {
    let request = read_request(&mut stream).await?;
    let text = String::from_utf8_lossy(&request);
    let mut words = text.split(' ');
    let (method, path) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    if method == "OPTIONS" {
        return whole(&mut stream, "204 No Content", "", b"").await;
    }
    let (path, number) = match path.rsplit_once('/') {
        Some((path, number)) if !path.is_empty() => (path, number.parse().unwrap_or(0)),
        _ => (path, 0u32),
    };
    match path {
        "/echo" => whole(&mut stream, "200 OK", "", &request).await,
        "/status" => {
            let status = format!("{number} Somehow");
            whole(
                &mut stream,
                &status,
                "",
                format!("status {number}").as_bytes(),
            )
            .await
        }
        "/named" => {
            let headers = "Content-Type: text/x-test; charset=utf-8\r\n\
                           Content-Disposition: attachment; filename*=UTF-8''%D0%BE%D1%82.txt\r\n";
            whole(&mut stream, "200 OK", headers, b"hello").await
        }
        "/compressed" => {
            whole(
                &mut stream,
                "200 OK",
                "Content-Encoding: gzip\r\n",
                &COMPRESSED,
            )
            .await
        }
        "/pieces" => {
            head(&mut stream, "200 OK", "Transfer-Encoding: chunked\r\n").await?;
            for piece in 0..number {
                stream.write_all(b"10000\r\n").await?;
                stream.write_all(&[piece as u8; 0x10000]).await?;
                stream.write_all(b"\r\n").await?;
            }
            stream.write_all(b"0\r\n\r\n").await
        }
        "/drip" => {
            let length = format!("Content-Length: {number}\r\n");
            head(&mut stream, "200 OK", &length).await?;
            for _ in 0..number {
                stream.write_all(b".").await?;
                sleep(DRIP).await;
            }
            Ok(())
        }
        "/redirect" if number > 0 => {
            let location = format!("Location: /redirect/{}\r\n", number - 1);
            whole(&mut stream, "302 Found", &location, b"").await
        }
        "/redirect" => whole(&mut stream, "200 OK", "", b"arrived").await,
        "/round" => whole(&mut stream, "302 Found", "Location: /round\r\n", b"").await,
        "/away" => {
            let location = "Location: file:///etc/hostname\r\n";
            whole(&mut stream, "302 Found", location, b"").await
        }
        "/silent" => until_left(&mut stream).await,
        "/stall" => {
            head(&mut stream, "200 OK", "Content-Length: 1000\r\n").await?;
            stream.write_all(b"abc").await?;
            until_left(&mut stream).await
        }
        "/short" => {
            head(&mut stream, "200 OK", "Content-Length: 1000\r\n").await?;
            stream.write_all(b"abc").await
        }
        "/torn" => {
            head(&mut stream, "200 OK", "Transfer-Encoding: chunked\r\n").await?;
            stream.write_all(b"3\r\nabc\r\n").await
        }
        "/garbage" => stream.write_all(b"\0\0\0 this is no HTTP\r\n\r\n").await,
        "/endless" => {
            head(&mut stream, "200 OK", "").await?;
            let bytes = [7; 0x10000];
            while stream.write_all(&bytes).await.is_ok() {}
            left.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
        "/left" => {
            let left = left.load(Ordering::Relaxed).to_string();
            whole(&mut stream, "200 OK", "", left.as_bytes()).await
        }
        "/closed" => {
            stream
                .write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello",
                )
                .await
        }
        _ => whole(&mut stream, "404 Not Found", "", b"no such path").await,
    }
}

/// Reads a request: its head, and as much of the body as the head announces.
async fn read_request(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut request = Vec::new();
    loop {
        if stream.read_buf(&mut request).await? == 0 || request.len() > MAX_REQUEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let Some(end) = request.windows(4).position(|four| four == b"\r\n\r\n") else {
            continue;
        };
        let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok())
            .unwrap_or(0);
        if request.len() - end - 4 >= length {
            return Ok(request);
        }
    }
}

async fn head(stream: &mut TcpStream, status: &str, headers: &str) -> io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\n{OPEN}{headers}\r\n");
    stream.write_all(head.as_bytes()).await
}

async fn whole(stream: &mut TcpStream, status: &str, headers: &str, body: &[u8]) -> io::Result<()> {
    let headers = format!("{headers}Content-Length: {}\r\n", body.len());
    head(stream, status, &headers).await?;
    stream.write_all(body).await?;
    stream.shutdown().await
}

/// Sends nothing until the other side has disconnected.
async fn until_left(stream: &mut TcpStream) -> io::Result<()> {
    let mut rest = [0; 1024];
    while stream.read(&mut rest).await? > 0 {}
    Ok(())
}
