//! `GET /healthz` and `GET /readyz`.

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Response, StatusCode, Uri, header};
use axum::response::IntoResponse;
use fluence::Cid;
use serde::Deserialize;

use super::fetching::Gateway;

/// The query parameters of `/healthz`.
#[derive(Debug, Deserialize)]
pub(super) struct HealthQuery {
    /// The root of a DAG whose counters are reported too.
    cid: Option<String>,
}

/// Whether a request was made by a web page of another origin, or by one that has a name of its own
/// point here. Such a page is told only that a node is here: its id would follow a person across
/// sites, and so would exact numbers of what it holds and has done.
fn is_of_a_page(uri: &Uri, headers: &HeaderMap) -> bool {
    let says = |name: &str, own: &[&str]| {
        let value = headers.get(name).map(|value| value.to_str().unwrap_or("?"));
        value.is_some_and(|value| !own.contains(&value))
    };
    host(uri, headers).is_some_and(|host| is_name(&host))
        || headers.contains_key(header::ORIGIN)
        || says("sec-fetch-site", &["none", "same-origin"])
}

/// The host under which a request came. Requests of HTTP/2 have it in their URI, others in a header.
pub(super) fn host(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    let bare = |host: &str| host.trim_matches(['[', ']']).to_ascii_lowercase();
    if let Some(host) = uri.host() {
        return Some(bare(host));
    }
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let host = format!("http://{host}").parse::<Uri>().ok()?;
    Some(bare(host.host()?))
}

/// Whether a host is a name that a page may have.
pub(super) fn is_name(host: &str) -> bool {
    host.parse::<IpAddr>().is_err() && host != "localhost"
}

/// Reports the node's state. The counters of a DAG are reported only to clients that know its CID,
/// since a list of all DAGs would reveal what is stored.
pub(super) async fn healthz(
    State(gateway): State<Arc<Gateway>>,
    Query(query): Query<HealthQuery>,
    uri: Uri,
    headers: HeaderMap,
) -> Response<Body> {
    let mut health = serde_json::Map::new();
    let storage = &gateway.storage;
    let status = match storage.is_broken() {
        true => "storage failed",
        false => "ok",
    };
    health.insert("status".into(), status.into());
    health.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    if is_of_a_page(&uri, &headers) {
        return answer(health);
    }
    let put = |health: &mut serde_json::Map<_, _>, name: &str, value| {
        health.insert(name.to_owned(), value);
    };
    put(&mut health, "storage", serde_json::json!(storage.usage()));
    put(
        &mut health,
        "counters",
        serde_json::json!(storage.counters()),
    );
    if let Some(cid) = query.cid.and_then(|text| text.parse::<Cid>().ok()) {
        let mut dag = serde_json::json!(storage.dag_counters(&cid));
        dag["complete"] = serde_json::json!(storage.dag_state(&cid));
        put(&mut health, "dag", dag);
    }
    if let Some(more) = &gateway.config.health {
        health.extend(more());
    }
    answer(health)
}

fn answer(health: serde_json::Map<String, serde_json::Value>) -> Response<Body> {
    (
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        serde_json::Value::Object(health).to_string(),
    )
        .into_response()
}

/// Whether the node can serve now: `200`, or `503` and a line for each reason.
pub(super) async fn readyz(State(gateway): State<Arc<Gateway>>) -> Response<Body> {
    let reasons = match &gateway.config.ready {
        Some(ready) => ready().await,
        None => Vec::new(),
    };
    let (status, text) = match reasons.is_empty() {
        true => (StatusCode::OK, "ready".to_owned()),
        false => (StatusCode::SERVICE_UNAVAILABLE, reasons.join("\n")),
    };
    let headers = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, text + "\n").into_response()
}
