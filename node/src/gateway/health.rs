//! `GET /healthz`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Query, State};
use axum::http::{Response, header};
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

/// Reports the node's state. The counters of a DAG are reported only to clients that know its CID,
/// since a list of all DAGs would reveal what is stored.
pub(super) async fn healthz(
    State(gateway): State<Arc<Gateway>>,
    Query(query): Query<HealthQuery>,
) -> Response<Body> {
    let mut health = serde_json::Map::new();
    health.insert("status".into(), "ok".into());
    health.insert("version".into(), env!("CARGO_PKG_VERSION").into());
    let storage = &gateway.storage;
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
    (
        [
            (header::CONTENT_TYPE, "application/json"),
            (header::CACHE_CONTROL, "no-store"),
        ],
        serde_json::Value::Object(health).to_string(),
    )
        .into_response()
}
