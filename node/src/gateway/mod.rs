//! The HTTP interface of a [`Storage`]: an IPFS trustless gateway, an endpoint for uploads, and
//! links that anyone can open.
//!
//! It follows the [trustless gateway](https://specs.ipfs.tech/http-gateways/trustless-gateway/) and
//! [path gateway](https://specs.ipfs.tech/http-gateways/path-gateway/) specifications. In addition,
//! it waits for blocks that are still on their way, and it aborts a response that cannot be
//! completed, instead of ending it as if it were whole.

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
mod connections;
mod cors;
mod counts;
mod fetching;
mod file;
mod forwarded;
mod health;
mod import;
mod limits;
mod listing;
mod nodes;
mod page;
mod proxy_protocol;
mod ranges;
mod raw;
mod reply;
mod request;
mod resolve;
mod response;
mod serve;

pub use config::{FetchError, Fetched, Fetcher, GatewayConfig, Health, HttpLimits, Nodes, Ready};
pub use serve::{Server, ServerConfig};

/// The routes of the gateway, of uploads, of `/healthz` and `/readyz`, of the list of nodes and of the page for web links, for
/// a storage.
pub fn router(storage: Arc<Storage>, config: GatewayConfig) -> Router {
    let mut router = Router::new();
    if config.open {
        router = router
            .route("/", get(page::index))
            .route("/page/{name}", get(page::part))
            .fallback(page::nothing);
    }
    router
        .route("/ipfs/{*path}", get(answer::get).head(answer::get))
        .route("/api/v0/dag/import", post(import::post))
        // The token of an upload limits its size.
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn(cors::cors))
        // Pages of other origins may not read this: it tells which node it is.
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route(fluence::node_list::PATH, get(nodes::nodes))
        .layer(middleware::from_fn(cors::guard))
        .with_state(Arc::new(Gateway::new(storage, config)))
}

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use import::fuzz as fuzz_form;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use proxy_protocol::fuzz as fuzz_proxy;

/// Reads what a request asks for, as a closed gateway and as an open one, and for whom.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn parse_request(uri: &axum::http::Uri, headers: &axum::http::HeaderMap) {
    for open in [false, true] {
        let _ = request::Asked::parse(uri, headers, open);
    }
    let from = std::net::Ipv4Addr::LOCALHOST.into();
    assert_eq!(forwarded::client(from, headers, &[]), from);
    let _ = forwarded::client(from, headers, &[ipnet::IpNet::from(from)]);
}
