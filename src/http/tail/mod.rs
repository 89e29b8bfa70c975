//! `GET /api/v1/tail`: messages as they are committed, as server-sent events.
//!
//! ```text
//! sink -> tap -> [follow] -> one text -> connection
//!         store ---^  what was committed while the client was away
//! ```
//!
//! An event is `id: CURSOR` and `data: {"events":[EVENT],"matched":n,"skipped":n}`. `matched` counts the rows of the event; when
//! it is more than there are EVENTs, those are a uniform sample. `skipped` counts rows that the client missed since it did not
//! read for too long. `after=CURSOR` or `Last-Event-ID: CURSOR` resumes without gap or double; a row that was changed meanwhile
//! comes in its new form.

mod cursor;
mod follow;
mod sample;

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Frame;
use tokio::sync::mpsc::{self, Receiver};

use crate::http::Context;
use crate::http::problem::Problem;
use crate::http::tail::cursor::Cursor;
use crate::http::tail::follow::{Follower, Store};
use crate::model::group::CommitNumber;
use crate::storage::messages::{CommitPosition, MessageReader};

/// Name of this reader in the count of what was missed.
const READER: &str = "tail";

/// Header in which a browser says where it was.
const LAST_EVENT_ID: &str = "last-event-id";

/// Octets of memory for one client at most: a text in the channel, one in the connection's buffer, one being made.
pub const READER_OCTETS_MAX: usize = 3 * follow::TEXT_OCTETS_MAX;

/// When a client that there was no room for should come again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");

/// The body of an answer: texts as they come.
struct Texts(Receiver<Bytes>);

impl HttpBody for Texts {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|text| text.map(|text| Ok(Frame::data(text))))
    }
}

/// Answers with the stream.
pub(super) async fn tail(State(context): State<Arc<Context>>, uri: Uri, headers: HeaderMap) -> Response {
    let after = match asked_cursor(&uri, &headers) {
        Ok(after) => after,
        Err(problem) => return problem.into_response(),
    };
    // Before the store is asked: what is committed from now on is in the tap.
    let Some(reader) = context.sources.tap.subscribe(READER) else {
        let detail = "as many clients follow the messages as may; try again when one has gone";
        let mut response = Problem::unavailable(detail).into_response();
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        return response;
    };
    let newest = CommitPosition { number: CommitNumber(reader.number()), id: None };
    if let Some(Cursor(after)) = after
        && let Err(problem) = check(&context, after, newest.number).await
    {
        return problem.into_response();
    }
    let store = Arc::new(Store {
        path: context.store.clone(),
        node_id: context.node_id,
        listeners: context.sources.listener_names(),
    });
    let (output, texts) = mpsc::channel(1);
    let position = after.map_or(newest, |Cursor(after)| after);
    tokio::spawn(Follower::new(reader, store, output, position).run());
    let headers = [(header::CONTENT_TYPE, "text/event-stream"), (header::CACHE_CONTROL, "no-store")];
    (headers, Body::new(Texts(texts))).into_response()
}

/// Where the client was, if it says so. A browser that comes back says it in the header, and the path is the old one.
fn asked_cursor(uri: &Uri, headers: &HeaderMap) -> Result<Option<Cursor>, Problem> {
    let mut asked = None;
    for pair in uri.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()) {
        match pair.split_once('=') {
            Some(("after", cursor)) => asked = Some(cursor),
            _ => {
                return Err(Problem::bad_request(format!(
                    "the parameter {pair:?} is not known; there is after=CURSOR"
                )));
            }
        }
    }
    if let Some(header) = headers.get(LAST_EVENT_ID) {
        asked = Some(header.to_str().unwrap_or("?"));
    }
    let Some(asked) = asked else { return Ok(None) };
    let cursor = Cursor::parse(asked);
    cursor.map(Some).ok_or_else(|| {
        Problem::bad_request(format!("the cursor {asked:?} is none; it is the id of an event of this stream"))
    })
}

/// Refuses a cursor from which the store cannot be followed.
async fn check(context: &Context, after: CommitPosition, newest: CommitNumber) -> Result<(), Problem> {
    if after.number > newest {
        return Err(Problem::bad_request(format!(
            "the cursor {} is none of this store, whose newest commit is {}",
            Cursor(after),
            newest.0
        )));
    }
    let (path, node_id) = (context.store.clone(), context.node_id);
    let look =
        tokio::task::spawn_blocking(move || MessageReader::open(&path, node_id)?.is_followable(&after));
    match look.await {
        Ok(Ok(true)) => Ok(()),
        Ok(Ok(false)) => Err(Problem::bad_request(format!(
            "the cursor {} is too old: where its commit ends is not known any more",
            Cursor(after)
        ))),
        Ok(Err(error)) => {
            tracing::warn!(%error, "the store could not be read");
            Err(Problem::unavailable("the store cannot be read"))
        }
        Err(_) => Err(Problem::unavailable("the store could not be read to the end")),
    }
}
