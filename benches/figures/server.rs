//! A plain HTTP server to compare with: PUT writes to a file, and GET reads from it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Result;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use futures::StreamExt;
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufWriter};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How many bytes are read from the file, or buffered for it, at once.
const PIECE: usize = 1 << 20;

/// A running server, which is stopped when this is dropped.
pub struct Server {
    address: SocketAddr,
    task: JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Serves an empty page at `/` and this file at `/plain.bin`.
    ///
    /// # Errors
    /// Fails if no port can be bound.
    pub async fn start(file: &Path) -> Result<Self> {
        let router = Router::new()
            .route(
                "/",
                get(|| async { Html("<!doctype html><title>Plain</title>") }),
            )
            .route("/plain.bin", get(read).put(write))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(file.to_owned());
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let task = tokio::spawn(async move {
            // It serves until the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, task })
    }

    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

async fn write(State(path): State<PathBuf>, request: Request) -> StatusCode {
    let written = async {
        let mut file = BufWriter::with_capacity(PIECE, File::create(path).await?);
        let mut body = request.into_body().into_data_stream();
        while let Some(piece) = body.next().await {
            file.write_all(&piece?).await?;
        }
        anyhow::Ok(file.flush().await?)
    };
    match written.await {
        Ok(()) => StatusCode::CREATED,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn read(State(path): State<PathBuf>) -> Response {
    let Ok(file) = File::open(&path).await else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let length = file.metadata().await.map_or(0, |metadata| metadata.len());
    let pieces = futures::stream::try_unfold(file, |mut file| async move {
        let mut piece = Vec::with_capacity(PIECE);
        (&mut file)
            .take(PIECE as u64)
            .read_to_end(&mut piece)
            .await?;
        std::io::Result::Ok((!piece.is_empty()).then_some((piece, file)))
    });
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, length.to_string()),
    ];
    (headers, Body::from_stream(pieces)).into_response()
}
