//! Endpoints that change something. They are served over the socket beside the store alone, whose permissions say who may.
//!
//! A page in a browser cannot send what they ask for: `Content-Type: application/json` and `X-Mutt-Request: 1` are not
//! sent across origins without a question that is never answered.

use std::fmt::Debug;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::http::problem::Problem;

/// Name of the header that every operating request has, with the value `1`.
pub const REQUEST_HEADER: &str = "x-mutt-request";

/// Octets of a request at most.
const BODY_OCTETS_MAX: usize = 64 * 1024;

/// How a request came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Over TCP: reading only.
    Tcp,
    /// Over the socket beside the store: whoever can connect may operate.
    Socket,
}

/// Engines whose clocks are to be forgotten: one of the two is set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ForgetEngine {
    /// The engine's ID in hexadecimal digits.
    pub engine_id: Option<String>,
    /// An address that the engines sent from.
    pub source: Option<IpAddr>,
}

/// Messages of SNMPv3 that are to be decoded again.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redecode {
    /// Say what could be decoded, and change nothing.
    pub dry_run: bool,
}

/// The answer of an operation, as soon as it is done.
pub type Answering = Pin<Box<dyn Future<Output = Result<Value, Problem>> + Send>>;

/// What the running program does on request.
pub trait Operations: Debug + Send + Sync {
    /// Forgets clocks of engines, in the store and in memory: `{"engines": [...]}`.
    fn forget_engine(&self, request: ForgetEngine) -> Answering;

    /// Decodes messages of SNMPv3 again: `{"tried", "decoded", "left": {reason: count}, "dry_run"}`.
    fn redecode(&self, request: Redecode) -> Answering;
}

/// The routes of the operations.
pub fn router(operations: Arc<dyn Operations>, access: Access) -> Router {
    Router::new()
        .route("/api/v1/snmpv3/forget-engine", post(forget_engine))
        .route("/api/v1/snmpv3/redecode", post(redecode))
        .route_layer(DefaultBodyLimit::max(BODY_OCTETS_MAX))
        .route_layer(middleware::from_fn_with_state(access, guard))
        .with_state(operations)
}

/// Lets through what may operate and says so as it must.
async fn guard(State(access): State<Access>, request: Request, next: Next) -> Response {
    match refusal(access, request.method(), request.headers()) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

/// Why a request may not operate.
fn refusal(access: Access, method: &Method, headers: &HeaderMap) -> Option<Problem> {
    if access == Access::Tcp {
        let detail = "operating endpoints are served over the socket muttd.sock beside the store, not over TCP; use the \
                      command line, or curl --unix-socket";
        return Some(Problem::new(StatusCode::FORBIDDEN, detail));
    }
    if method != Method::POST {
        return None;
    }
    if headers.get(REQUEST_HEADER).is_none_or(|value| value != "1") {
        return Some(Problem::new(StatusCode::FORBIDDEN, "the header X-Mutt-Request: 1 is missing"));
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or_default().trim();
    (!media_type.eq_ignore_ascii_case("application/json")).then(|| {
        Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "the body must be JSON, with Content-Type: application/json",
        )
    })
}

/// What a body says.
fn parse<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::bad_request(format!("the body is wrong: {error}")))
}

async fn forget_engine(
    State(operations): State<Arc<dyn Operations>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    operations.forget_engine(parse(&body)?).await.map(Json)
}

async fn redecode(
    State(operations): State<Arc<dyn Operations>>,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    operations.redecode(parse(&body)?).await.map(Json)
}
