//! From an accepted socket to a connection that may speak: who it is (PROXY header), whether it has a place, TLS.
//!
//! Invariant: none of it may take longer than a message may, and what is refused is counted with its reason.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::base::drop_reason::DropReason;
use crate::base::limits::PROXY_HEADER_OCTETS_MAX;
use crate::net::accept::{ConnectionEvent, SourcePermit};
use crate::net::tls::TlsInForce;
use crate::net::tls::hello::{HELLO_OCTETS, Offer};
use crate::net::transport::{Rewound, Transport};
use crate::shard::stream::connection::Connection;
use crate::shard::stream::context::{ListenerContext, RefusalLog};
use crate::shard::stream::origin::Origin;
use crate::shard::stream::state::StreamState;
use crate::wire::proxy_protocol::{self, ProxyError, Step};

/// Pause after a failed accept: it fails again at once while the process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a PROXY header and a TLS handshake may take together when no frame timeout is set.
const OPENING_TIMEOUT: Duration = Duration::from_secs(60);

/// Octets of a connection read at first when a PROXY header is due.
const HEADER_READ_OCTETS: usize = 256;

/// Why a connection does not get to speak.
enum Refusal {
    /// It did not get through the opening in time.
    Late,
    /// A proxy did not say whom it stands for.
    Proxy(ProxyError),
    /// Nothing is taken from its source.
    Source(SocketAddr, DropReason),
    /// Its source has as many connections as it may have.
    SourceLimit(SocketAddr),
    /// The TLS handshake failed.
    Tls { peer: SocketAddr, offer: Offer, error: io::Error },
    /// The peer went away.
    Gone,
}

/// A connection that may speak.
struct Opened {
    transport: Transport,
    peer: SocketAddr,
    permit: SourcePermit,
}

/// Accepts connections of one socket.
pub(super) async fn accept(
    socket: TcpListener,
    context: Rc<ListenerContext>,
    state: Rc<StreamState>,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = socket.accept() => accepted,
            _ = stopped.changed() => return,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(port = context.port, %error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(permit) = context.limit.admit() else {
            context.counters.events.add(ConnectionEvent::Refused, 1);
            tracing::debug!(%peer, "connection refused: as many are open as connections_max allows");
            continue;
        };
        context.counters.events.add(ConnectionEvent::Accepted, 1);
        let (context, state, mut stopped) = (Rc::clone(&context), Rc::clone(&state), stopped.clone());
        tokio::task::spawn_local(async move {
            let _permit = permit;
            // In a box of its own, since it is large and over soon.
            let opening = Box::pin(timeout(
                context.stream.limits.frame_timeout.unwrap_or(OPENING_TIMEOUT),
                open(&context, stream, peer),
            ));
            let opened = tokio::select! {
                opened = opening => opened.unwrap_or(Err(Refusal::Late)),
                _ = stopped.changed() => return,
            };
            match opened {
                Ok(Opened { transport, peer, permit }) => {
                    let _source_permit = permit;
                    let origin = Origin {
                        listener: context.number,
                        port: context.port,
                        peer,
                        message_octets_max: context.spec.message_octets_max,
                    };
                    Connection::new(state, context, transport, origin).serve(stopped).await;
                }
                Err(refusal) => refuse(&context, peer, refusal),
            }
        });
    }
}

/// Finds out who is there, and makes TLS of it where that is due.
async fn open(context: &ListenerContext, mut stream: TcpStream, peer: SocketAddr) -> Result<Opened, Refusal> {
    // A proxy that is denied may not speak for others, either.
    if context.sources.load().denied.contains(peer.ip()) {
        return Err(Refusal::Source(peer, DropReason::SourceDenied));
    }
    let (mut source, mut ahead) = (peer, Vec::new());
    if context.stream.proxies.contains(peer.ip()) {
        let header = read_header(&mut stream, &mut ahead).await?;
        source = header.unwrap_or(peer);
    }
    if let Some(reason) = context.sources.load().refuses_source(context.number, source.ip()) {
        return Err(Refusal::Source(source, reason));
    }
    let Some(permit) = context.source_limit.admit(source.ip()) else {
        return Err(Refusal::SourceLimit(source));
    };
    let stream = Rewound::new(ahead, stream);
    let transport = match &context.tls {
        None => Transport::Plain(stream),
        Some(tls) => handshake(tls, stream, source).await?,
    };
    Ok(Opened { transport, peer: source, permit })
}

/// Reads a PROXY header; what came behind it stays in `ahead`. Returns for whom the proxy stands.
async fn read_header(stream: &mut TcpStream, ahead: &mut Vec<u8>) -> Result<Option<SocketAddr>, Refusal> {
    ahead.reserve_exact(HEADER_READ_OCTETS);
    loop {
        if ahead.len() > PROXY_HEADER_OCTETS_MAX {
            return Err(Refusal::Proxy(ProxyError::TooLong));
        }
        match stream.read_buf(ahead).await {
            Ok(0) if ahead.is_empty() => return Err(Refusal::Gone),
            Ok(0) => return Err(Refusal::Proxy(ProxyError::Absent)),
            Err(_) => return Err(Refusal::Gone),
            Ok(_) => {}
        }
        match proxy_protocol::parse(ahead).map_err(Refusal::Proxy)? {
            Step::NeedMore => {}
            Step::Header { consumed, source } => {
                ahead.drain(..consumed);
                return Ok(source);
            }
        }
    }
}

/// Shakes hands.
async fn handshake(tls: &TlsInForce, stream: Rewound, peer: SocketAddr) -> Result<Transport, Refusal> {
    let mut first = [0; HELLO_OCTETS];
    let seen = stream.peek(&mut first).await.map_err(|_| Refusal::Gone)?;
    if seen == 0 {
        return Err(Refusal::Gone);
    }
    match TlsAcceptor::from(tls.get()).accept(stream).await {
        Ok(stream) => Ok(Transport::Tls(Box::new(stream))),
        Err(error) => {
            let offer = Offer::of(first.get(..seen).unwrap_or_default());
            Err(Refusal::Tls { peer, offer, error })
        }
    }
}

/// Counts a refused connection, and says why.
fn refuse(context: &ListenerContext, peer: SocketAddr, refusal: Refusal) {
    let (event, reason) = match refusal {
        Refusal::Gone => return,
        Refusal::Source(source, reason) => {
            context.counters.refused_sources.add(reason, 1);
            let reason = format!("{source}: {}", reason.describe());
            return log_refusal(&context.refusals, context.port, peer, &reason);
        }
        Refusal::Late => {
            (ConnectionEvent::TimedOut, "it did not get to its first message in time".to_owned())
        }
        Refusal::Proxy(error) => (
            ConnectionEvent::ProxyHeader,
            format!(
                "{error}; it is in proxy_protocol_from of {}, so one must come first",
                context.spec.section
            ),
        ),
        Refusal::SourceLimit(source) => (
            ConnectionEvent::RefusedSource,
            format!("{source} has as many as connections_per_source_max allows"),
        ),
        Refusal::Tls { peer, offer, error } => {
            (ConnectionEvent::HandshakeFailed, handshake_reason(peer, &offer, &error))
        }
    };
    context.counters.events.add(event, 1);
    let is_tls = event == ConnectionEvent::HandshakeFailed;
    let log = if is_tls { &context.tls_refusals } else { &context.refusals };
    log_refusal(log, context.port, peer, &reason);
}

/// Logs a refused connection, as often as `log` allows.
fn log_refusal(log: &RefusalLog, port: u16, peer: SocketAddr, reason: &str) {
    match log.due() {
        Some(0) => tracing::warn!(port, %peer, "connection refused: {reason}"),
        Some(others) => tracing::warn!(port, %peer, "connection refused (and {others} before): {reason}"),
        None => tracing::debug!(port, %peer, "connection refused: {reason}"),
    }
}

/// What a failed handshake means for an operator.
fn handshake_reason(peer: SocketAddr, offer: &Offer, error: &io::Error) -> String {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        _ if *offer == Offer::NotTls => format!("{peer} sent something that is not TLS"),
        Some(rustls::Error::PeerIncompatible(why)) => format!(
            "{peer} offers {offer}, which is not supported ({why:?}); supported are TLS 1.2 and 1.3 with ECDHE and \
             AES-GCM or ChaCha20-Poly1305"
        ),
        Some(rustls::Error::NoCertificatesPresented) => {
            format!("{peer} shows no certificate, and client_certificates is required")
        }
        Some(rustls::Error::InvalidCertificate(why)) => {
            format!("the certificate of {peer} is not accepted: {why}")
        }
        Some(rustls::Error::AlertReceived(alert)) => {
            format!(
                "{peer} ended the TLS handshake with the alert {alert:?}; perhaps it does not trust our certificate"
            )
        }
        Some(other) => format!("TLS handshake with {peer}: {other}"),
        None => format!("{peer} ended the TLS handshake: {error}"),
    }
}
