//! The HTTP face of a [`Storage`]: an IPFS trustless gateway, a place to upload to, and links that open for anyone.
//!
//! Rules are those of the [trustless gateway](https://specs.ipfs.tech/http-gateways/trustless-gateway/) and [path
//! gateway](https://specs.ipfs.tech/http-gateways/path-gateway/) specifications. What is added: a block that is still
//! on its way is waited for, and a response that cannot be completed breaks instead of ending as if it were whole.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware;
use axum::routing::{get, post};

use crate::storage::Storage;
use fetching::Gateway;

mod accept;
mod answer;
mod body;
mod car;
mod config;
mod cors;
mod fetching;
mod file;
mod health;
mod import;
mod listing;
mod ranges;
mod raw;
mod reply;
mod request;
mod resolve;
mod response;
mod serve;

pub use config::{FetchError, Fetched, Fetcher, GatewayConfig, Health};
pub use serve::serve;

/// The gateway, uploads and `/healthz` on a storage.
pub fn router(storage: Arc<Storage>, config: GatewayConfig) -> Router {
    Router::new()
        .route("/ipfs/{*path}", get(answer::get).head(answer::get))
        .route("/api/v0/dag/import", post(import::post))
        .route("/healthz", get(health::healthz))
        // Uploads are bounded by what their tokens allow.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(cors::cors))
        .with_state(Arc::new(Gateway::new(storage, config)))
}
