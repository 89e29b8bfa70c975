//! A client of the running program, over the socket beside its store or over TCP: for commands.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use axum::body::Bytes;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1;
use hyper::{Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};

use crate::http::operations::REQUEST_HEADER;
use crate::http::socket;

/// How long a program that accepts a connection may take to begin to speak.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Port of a URL without one.
const HTTP_PORT: u16 = 80;

/// Octets of an answer that is read as a whole.
const ANSWER_OCTETS_MAX: usize = 16 * 1024 * 1024;

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// Nobody listens.
    #[error("cannot reach a running muttd at {place}: {source}")]
    NotReachable {
        /// The socket, or host and port.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// The address is not `http://HOST[:PORT]`.
    #[error("{url:?} is not of the form http://HOST:PORT")]
    Url {
        /// As it was given.
        url: String,
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
    place: Place,
}

/// Where the program listens.
#[derive(Debug, Clone)]
enum Place {
    Socket(PathBuf),
    /// Host and port.
    Tcp(String),
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
        Self { place: Place::Socket(socket::path_beside(database)) }
    }

    /// The client of the program whose API is at `url`, as `http://127.0.0.1:8514`.
    ///
    /// # Errors
    /// [`ClientError::Url`].
    pub fn at(url: &str) -> Result<Self, ClientError> {
        let wrong = || ClientError::Url { url: url.to_owned() };
        let uri: Uri = url.parse().map_err(|_| wrong())?;
        let is_root = matches!(uri.path(), "" | "/") && uri.query().is_none();
        let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
        match authority {
            Some(authority) if uri.scheme_str() == Some("http") && is_root => {
                let port = authority.port_u16().unwrap_or(HTTP_PORT);
                Ok(Self { place: Place::Tcp(format!("{}:{port}", authority.host())) })
            }
            _ => Err(wrong()),
        }
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
        let request = request.header(header::HOST, self.place.host()).body(body)?;
        let response = match &self.place {
            Place::Socket(path) => exchange(self.connect(UnixStream::connect(path)).await?, request).await?,
            Place::Tcp(address) => {
                exchange(self.connect(TcpStream::connect(address)).await?, request).await?
            }
        };
        let answer = Answer { response };
        let status = answer.response.status();
        if status.is_client_error() || status.is_server_error() {
            return Err(answer.into_refusal().await);
        }
        Ok(answer)
    }

    /// Waits for a connection, though not for ever.
    async fn connect<S>(&self, connecting: impl Future<Output = io::Result<S>>) -> Result<S, ClientError> {
        let connecting = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
        connecting
            .map_err(io::Error::from)
            .and_then(|stream| stream)
            .map_err(|source| ClientError::NotReachable { place: self.place.to_string(), source })
    }
}

impl Place {
    /// The header Host.
    fn host(&self) -> &str {
        match self {
            Self::Socket(_) => "muttd",
            Self::Tcp(address) => address,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(path) => write!(f, "{}", path.display()),
            Self::Tcp(address) => f.write_str(address),
        }
    }
}

/// Sends `request` over `stream`; returns the answer as soon as its head is there.
async fn exchange<S>(stream: S, request: Request<String>) -> Result<Response<Incoming>, ClientError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the answer, or with the runtime; what went wrong shows at the answer.
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_scheme_host_and_port() {
        let place = |url| Client::at(url).map(|client| client.place.to_string()).ok();
        assert_eq!(place("http://127.0.0.1:8514").as_deref(), Some("127.0.0.1:8514"));
        assert_eq!(place("http://[::1]:8514/").as_deref(), Some("[::1]:8514"));
        assert_eq!(place("http://mutt.example").as_deref(), Some("mutt.example:80"));
        for url in
            ["", "127.0.0.1:8514", "https://a:1", "http://a:1/x", "http://a/?q", "http://u:p@a:1", "http://"]
        {
            assert_eq!(place(url), None, "{url}");
        }
    }
}
