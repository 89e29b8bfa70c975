//! Floor 5: what a browser, a script, Prometheus or a command asks, over TCP or over the socket beside the store.
//!
//! Invariant: answers come from counters, settings and the store; no request reaches the receive path. What changes
//! something is asked over the socket alone.

pub mod client;
pub mod operations;
pub mod problem;
pub mod socket;

use std::collections::BTreeMap;
use std::fmt::Display;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::base::clock::Stopwatch;
use crate::http::operations::{Access, Operations};
use crate::http::problem::Problem;
use crate::storage::refused;
use crate::storage::snmp_users::report::{self, ROWS_MAX, Report};
use crate::telemetry::ledger::{Account, Sources};
use crate::telemetry::metrics;

/// What the answers are made from.
#[derive(Debug)]
pub struct Context {
    /// Everybody's counters.
    pub sources: Sources,
    /// Every listener is bound and the store is open; `false` again while the program stops.
    pub ready: AtomicBool,
    /// Since the start.
    pub uptime: Stopwatch,
    /// Address of this server.
    pub address: SocketAddr,
    /// The store's file.
    pub store: PathBuf,
    /// What the program does on request.
    pub operations: Arc<dyn Operations>,
}

/// The routes, as they are served over `access`.
pub fn router(context: Arc<Context>, access: Access) -> Router {
    let operations = operations::router(Arc::clone(&context.operations), access);
    Router::new()
        .route("/healthz", get(healthz))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics_text))
        .route("/api/v1/ledger", get(ledger))
        .route("/api/v1/listeners", get(listeners))
        .route("/api/v1/snmpv3/credentials", get(snmpv3_credentials))
        .route("/api/v1/snmp/refused", get(snmp_refused))
        .with_state(context)
        .merge(operations)
        .method_not_allowed_fallback(method_not_allowed)
        .fallback(not_found)
}

/// Serves until `stopped` is done.
///
/// # Errors
/// What the socket reports.
pub async fn serve(
    listener: tokio::net::TcpListener,
    context: Arc<Context>,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(context, Access::Tcp)).with_graceful_shutdown(stopped).await
}

/// Serves commands until `stopped` is done.
///
/// # Errors
/// What the socket reports.
pub async fn serve_commands(
    listener: tokio::net::UnixListener,
    context: Arc<Context>,
    stopped: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router(context, Access::Socket)).with_graceful_shutdown(stopped).await
}

/// The process answers.
async fn healthz() -> &'static str {
    "ok\n"
}

/// The process does its work: 200, else 503 with the reason.
async fn readyz(State(context): State<Arc<Context>>) -> Response {
    if !context.ready.load(Ordering::Acquire) {
        return (StatusCode::SERVICE_UNAVAILABLE, "starting or stopping\n").into_response();
    }
    if context.sources.sink.is_failing() {
        return (StatusCode::SERVICE_UNAVAILABLE, "the store refuses writes\n").into_response();
    }
    "ready\n".into_response()
}

/// Prometheus metrics.
async fn metrics_text(State(context): State<Arc<Context>>) -> Response {
    match metrics::render(&context.sources) {
        Ok(text) => ([(header::CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

/// The balance.
async fn ledger(State(context): State<Arc<Context>>) -> Json<Value> {
    let ledger = context.sources.ledger();
    let listeners: Vec<Value> =
        ledger.listeners.iter().map(|(name, account)| account_json(Some(name), account)).collect();
    Json(json!({
        "balanced": ledger.listeners.iter().all(|(_, account)| account.difference == 0),
        "uptime_seconds": context.uptime.elapsed().as_secs_f64(),
        "queue_depth": context.sources.depth.events(),
        "total": account_json(None, &ledger.total),
        "listeners": listeners,
    }))
}

/// One account.
fn account_json(name: Option<&str>, account: &Account) -> Value {
    let mut value = json!({
        "received": account.received,
        "stored": account.stored,
        "discarded": account.discarded,
        "dropped": account.dropped,
        "dropped_total": account.dropped_total(),
        "in_flight": account.in_flight,
        "difference": account.difference,
        "undecoded": account.undecoded,
        "truncated": account.truncated,
        "repeated": account.repeated,
    });
    if let (Some(name), Some(members)) = (name, value.as_object_mut()) {
        members.insert("name".to_owned(), json!(name));
    }
    value
}

/// What is bound.
async fn listeners(State(context): State<Arc<Context>>) -> Json<Value> {
    let mut all: Vec<Value> = Vec::new();
    for listener in context.sources.listeners.iter().filter(|listener| !listener.addresses.is_empty()) {
        all.push(json!({
            "name": listener.name,
            "transport": listener.transport,
            "addresses": listener.addresses,
            "receive_buffer_bytes_asked": listener.receive_buffer_octets.map(|(asked, _)| asked),
            "receive_buffer_bytes_granted": listener.receive_buffer_octets.map(|(_, granted)| granted),
            "connections_open": listener.connections.as_ref().map(|(_, admission)| admission.open()),
            "connections": listener.connections.as_ref().map(|(counters, _)| counters.all().collect::<BTreeMap<_, _>>()),
        }));
    }
    all.push(json!({ "name": "http", "transport": "tcp", "addresses": [context.address] }));
    Json(json!({ "listeners": all }))
}

/// Which credential each device used last, and which users fail. No secret is in the store, nor here.
async fn snmpv3_credentials(State(context): State<Arc<Context>>) -> Response {
    match read_store(&context, report::read).await {
        Ok(report) => Json(snmpv3_json(&report)).into_response(),
        Err(response) => response,
    }
}

/// What `read` finds in the store, else the answer that says that it cannot be had.
async fn read_store<T: Send + 'static, E: Display + Send + 'static>(
    context: &Context,
    read: fn(&Path) -> Result<T, E>,
) -> Result<T, Response> {
    let path = context.store.clone();
    match tokio::task::spawn_blocking(move || read(&path)).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store could not be read");
            Err(Problem::unavailable("the store cannot be read").into_response())
        }
        Err(_) => {
            let detail = "the store could not be read to the end";
            Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, detail).into_response())
        }
    }
}

/// Whom the SNMP listener refused, and why.
async fn snmp_refused(State(context): State<Arc<Context>>) -> Response {
    let rows = match read_store(&context, refused::read).await {
        Ok(rows) => rows,
        Err(response) => return response,
    };
    let rows = rows.iter().map(|row| {
        json!({
            "source_ip": row.source_ip,
            "hostname": row.hostname,
            "reason": row.reason,
            "num_refused": row.num_refused,
            "first_refused": row.first_refused,
            "last_refused": row.last_refused,
        })
    });
    Json(json!({ "refused": rows.collect::<Vec<_>>(), "rows_max": refused::ROWS_MAX })).into_response()
}

/// The report as JSON.
fn snmpv3_json(report: &Report) -> Value {
    let uses = report.uses.iter().map(|used| {
        json!({
            "source_ip": used.source_ip,
            "hostname": used.hostname,
            "username": used.username,
            "credential_priority": used.credential_priority,
            "security_level": used.security_level,
            "first_success": used.first_success,
            "last_success": used.last_success,
            "num_failures": used.num_failures,
            "last_failure": used.last_failure,
            "last_failure_reason": used.last_failure_reason,
            "engine_id": used.engine_id,
        })
    });
    let failing = report.failing.iter().map(|user| {
        json!({
            "username": user.username,
            "hostname": user.hostname,
            "num_failures": user.num_failures,
            "last_failure": user.last_failure,
        })
    });
    json!({
        "credentials": uses.collect::<Vec<_>>(),
        "failing": failing.collect::<Vec<_>>(),
        "rows_max": ROWS_MAX,
    })
}

/// Anything else.
async fn not_found() -> Problem {
    let known = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/api/v1/ledger",
        "/api/v1/listeners",
        "/api/v1/snmpv3/credentials",
        "/api/v1/snmp/refused",
        "/api/v1/snmpv3/forget-engine",
        "/api/v1/snmpv3/redecode",
    ];
    Problem::new(StatusCode::NOT_FOUND, "no such path").with("paths", json!(known))
}

/// A path that is asked in another way.
async fn method_not_allowed() -> Problem {
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "the path does not take this method")
}
