//! A client of the running program, over the socket beside its store: for commands.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::UnixStream;

use crate::http::operations::REQUEST_HEADER;
use crate::http::socket;

/// How long a program that accepts a connection may take to begin to speak.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Octets of an answer that is read as a whole.
const ANSWER_OCTETS_MAX: usize = 16 * 1024 * 1024;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody listens.
    #[error("cannot reach a running muttd at {path}: {source}")]
    NotReachable {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The connection failed, or what came is not HTTP.
    #[error("the running muttd did not answer: {0}")]
    Http(#[from] hyper::Error),
    /// The request cannot be made: a path that is none.
    #[error("the request is not possible: {0}")]
    Request(#[from] hyper::http::Error),
    /// The running program refused.
    #[error("{detail}")]
    Refused {
        /// Status of the answer.
        status: u16,
        /// Why, in words.
        detail: String,
    },
    /// The answer is not what was expected.
    #[error("the running muttd answered with something else than expected: {0}")]
    Unexpected(String),
}

/// A client of the program that has a store.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// An answer whose body is still coming.
#[derive(Debug)]
pub struct Answer {
    response: Response<Incoming>,
}

impl Client {
    /// The client of the program that has the store at `database`.
    #[must_use]
    pub fn beside(database: &Path) -> Self {
        Self { socket: socket::path_beside(database) }
    }

    /// The socket.
    #[must_use]
    pub fn socket(&self) -> &Path {
        &self.socket
    }

    /// Asks `path`, which may have a query. The body of the answer may be endless: see [`Answer::chunk`].
    ///
    /// # Errors
    /// See [`ClientError`]; [`ClientError::Refused`] for a status of 400 and above.
    pub async fn get(&self, path: &str) -> Result<Answer, ClientError> {
        self.send(Request::get(path), String::new()).await
    }

    /// Asks that something be done.
    ///
    /// # Errors
    /// See [`ClientError`]; [`ClientError::Refused`] for a status of 400 and above.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, ClientError> {
        let request =
            Request::post(path).header(header::CONTENT_TYPE, "application/json").header(REQUEST_HEADER, "1");
        self.send(request, body.to_string()).await
    }

    async fn send(
        &self,
        request: hyper::http::request::Builder,
        body: String,
    ) -> Result<Answer, ClientError> {
        let not_reachable = |source| ClientError::NotReachable { path: self.socket.clone(), source };
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, UnixStream::connect(&self.socket)).await;
        let stream = connecting.map_err(io::Error::from).and_then(|stream| stream).map_err(not_reachable)?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        // It ends with the answer, or with the runtime; what went wrong shows at the answer.
        tokio::spawn(connection);
        let request = request.header(header::HOST, "muttd").body(body)?;
        let answer = Answer { response: sender.send_request(request).await? };
        let status = answer.response.status();
        if status.is_client_error() || status.is_server_error() {
            return Err(answer.into_refusal().await);
        }
        Ok(answer)
    }
}

impl Answer {
    /// Status of the answer.
    #[must_use]
    pub fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    /// The next part of the body, as it comes; `None` at its end.
    ///
    /// # Errors
    /// [`ClientError::Http`] when the connection fails.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, ClientError> {
        loop {
            let body = self.response.body_mut();
            let frame = std::future::poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await;
            match frame.transpose()? {
                None => return Ok(None),
                // What is no data is trailers, in which nothing is said.
                Some(frame) => {
                    if let Ok(octets) = frame.into_data() {
                        return Ok(Some(octets));
                    }
                }
            }
        }
    }

    /// The whole body as JSON.
    ///
    /// # Errors
    /// [`ClientError::Http`] when the connection fails, [`ClientError::Unexpected`] for what is not JSON or is longer
    /// than 16 MiB.
    pub async fn json(mut self) -> Result<Value, ClientError> {
        let mut octets = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if octets.len() + chunk.len() > ANSWER_OCTETS_MAX {
                return Err(ClientError::Unexpected(format!("more than {ANSWER_OCTETS_MAX} octets")));
            }
            octets.extend_from_slice(&chunk);
        }
        serde_json::from_slice(&octets).map_err(|error| ClientError::Unexpected(error.to_string()))
    }

    /// The refusal that the answer is.
    async fn into_refusal(self) -> ClientError {
        let status = self.status();
        let detail = match self.json().await {
            Ok(problem) => problem.get("detail").and_then(Value::as_str).map(str::to_owned),
            Err(_) => None,
        };
        ClientError::Refused {
            status,
            detail: detail.unwrap_or_else(|| format!("refused with status {status}")),
        }
    }
}
