//! A layer over the gateway's routes, by which the end of an upload wakes the keeper.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, Response};
use axum::middleware::{self, Next};

use super::Keeper;

/// Wakes the keeper after each upload to these routes.
pub fn waking(router: Router, keeper: Arc<Keeper>) -> Router {
    router.layer(middleware::from_fn_with_state(keeper, pass))
}

async fn pass(State(keeper): State<Arc<Keeper>>, request: Request, next: Next) -> Response<Body> {
    let upload = *request.method() == Method::POST;
    let response = next.run(request).await;
    if upload && response.status().is_success() {
        keeper.wake();
    }
    response
}
