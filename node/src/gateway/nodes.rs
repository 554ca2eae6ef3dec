//! `GET /.well-known/fluence-nodes`: the addresses of this node, as a list of nodes that a person pastes
//! (`docs/protocol.md`, “Lists of nodes”).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;

use super::fetching::Gateway;
use super::health::{host, is_name};

/// The list, one multiaddr on each line. It tells which node this is, so no web page is told, as with connections: only
/// programs and extensions are. A page that has a name of its own point here learns no more than that name, because under a
/// name only the addresses with it are listed.
pub(super) async fn nodes(
    State(gateway): State<Arc<Gateway>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let Some(nodes) = &gateway.config.nodes else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let origin = headers.get(header::ORIGIN);
    if !is_served(&headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    let listed = under(&host(&uri, &headers).unwrap_or_default(), nodes().await);
    let list: String = listed.iter().map(|node| format!("{node}\n")).collect();
    let mut response = (
        [
            (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
            (header::CACHE_CONTROL, "no-store"),
            (header::VARY, "Origin"),
        ],
        list,
    )
        .into_response();
    if let Some(origin) = origin {
        let headers = response.headers_mut();
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_ORIGIN,
            HeaderValue::clone(origin),
        );
    }
    response
}

/// The addresses for whoever asks under this host: those with the same host, or, under an IP address that no address has,
/// those that others can use.
fn under(host: &str, addresses: Vec<String>) -> Vec<String> {
    let part = match host {
        "localhost" => "/127.0.0.1/".to_owned(),
        host => format!("/{host}/"),
    };
    let has = |address: &String| address.to_ascii_lowercase().contains(&part);
    let (same, others): (Vec<String>, Vec<String>) = addresses.into_iter().partition(has);
    if is_name(host) || !same.is_empty() {
        return same;
    }
    let is_local =
        |address: &str| address.starts_with("/ip4/127.") || address.starts_with("/ip6/::1/");
    others
        .into_iter()
        .filter(|address| !is_local(address))
        .collect()
}

/// Whether whoever asks is a program, or an extension that a person has installed.
fn is_served(headers: &HeaderMap) -> bool {
    match headers.get(header::ORIGIN) {
        Some(origin) => {
            let origin = origin.to_str().unwrap_or_default();
            let scheme = origin.split_once("://").map(|(scheme, _)| scheme);
            scheme.is_some_and(|scheme| scheme.ends_with("-extension"))
        }
        None => headers
            .get("sec-fetch-site")
            .is_none_or(|site| site == "none" || site == "same-origin"),
    }
}
