//! What a listener is: one specification from which it is bound, described, measured and limited.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use crate::base::cidr::IpRanges;
use crate::base::metric::Metric;
use crate::net::accept::{ConnectionCounters, ConnectionLimit};
use crate::net::tls::TlsSettings;
use crate::net::udp::DropGauge;
use crate::wire::syslog::framing::Oversize;

/// What a listener's octets are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Syslog.
    Syslog,
    /// SNMP notifications.
    Snmp,
}

/// What the operator says of the sources of one listener.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ListenerSources {
    /// Who may send; `None` means everybody.
    pub allowed: Option<IpRanges>,
    /// Whether the rate limit holds here. Where a sender is made to wait, it does not.
    pub is_limited: bool,
    /// Relays that speak for others: their word for where a message comes from counts.
    pub relays: IpRanges,
    /// Whether addresses are checked once, when a connection is accepted, instead of for each message.
    pub is_checked_when_accepted: bool,
}

/// Limits on what connections may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StreamLimits {
    /// What becomes of a message that is longer than the listener takes.
    pub oversize: Oversize,
    /// Connections at a time.
    pub connections_max: usize,
    /// Connections of one source at a time; 0 means as many as there may be in all.
    pub connections_per_source_max: usize,
    /// A connection that sends nothing for this long is closed.
    pub idle_timeout: Option<Duration>,
    /// A message must be complete this long after its first octet.
    pub frame_timeout: Option<Duration>,
}

/// How the octets of a stream are divided into messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StreamProtocol {
    /// Syslog messages one after the other (RFC 6587, RFC 5425).
    Syslog,
    /// RELP.
    Relp {
        /// Messages of a connection that are taken and not committed; then it is not read.
        unacknowledged_max: usize,
    },
}

/// A listener over TCP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    /// How octets are divided into messages.
    pub protocol: StreamProtocol,
    /// Certificates, when it is spoken within TLS.
    pub tls: Option<TlsSettings>,
    /// Proxies: their connections begin with a PROXY header.
    pub proxies: IpRanges,
    /// Limits on its connections.
    pub limits: StreamLimits,
}

/// How messages reach a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Transport {
    /// UDP: a datagram is a message.
    Udp {
        /// Receive buffer to ask of the kernel, octets per socket.
        receive_buffer_octets: usize,
    },
    /// TCP, with or without TLS.
    Stream(Arc<StreamSpec>),
}

/// A listener as asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerSpec {
    /// Its name in metrics, the ledger and the API: its identity.
    pub name: &'static str,
    /// The section of the configuration that refusals name, as `listeners.syslog`.
    pub section: &'static str,
    /// The key of its port.
    pub port_key: &'static str,
    /// Addresses to bind.
    pub addresses: Vec<IpAddr>,
    /// Port; 0 lets the kernel choose one.
    pub port: u16,
    /// What comes in.
    pub protocol: Protocol,
    /// Longest message that is taken whole, octets.
    pub message_octets_max: usize,
    /// Who may send.
    pub sources: ListenerSources,
    /// How messages come.
    pub transport: Transport,
}

impl ListenerSpec {
    /// The transport as the API shows it: `udp`, `tcp`, `tls`, `relp` or `relp+tls`.
    #[must_use]
    pub fn transport_name(&self) -> &'static str {
        let Some(stream) = self.stream() else { return "udp" };
        match (stream.protocol, &stream.tls) {
            (StreamProtocol::Syslog, None) => "tcp",
            (StreamProtocol::Syslog, Some(_)) => "tls",
            (StreamProtocol::Relp { .. }, None) => "relp",
            (StreamProtocol::Relp { .. }, Some(_)) => "relp+tls",
        }
    }

    /// What is special to a stream; `None` for UDP.
    #[must_use]
    pub fn stream(&self) -> Option<&Arc<StreamSpec>> {
        match &self.transport {
            Transport::Udp { .. } => None,
            Transport::Stream(stream) => Some(stream),
        }
    }

    /// Certificates, when it is spoken within TLS.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsSettings> {
        self.stream()?.tls.as_ref()
    }

    /// Messages that a RELP sender may repeat after its connection broke; 0 for other protocols.
    #[must_use]
    pub fn repeatable_messages(&self) -> usize {
        match self.stream().map(|stream| stream.protocol) {
            Some(StreamProtocol::Relp { unacknowledged_max }) => unacknowledged_max,
            Some(StreamProtocol::Syslog) | None => 0,
        }
    }
}

/// A listener with the number that rows bear.
#[derive(Debug, Clone)]
pub struct NumberedSpec {
    /// The number that is kept for the listener's name.
    pub number: u8,
    /// The listener.
    pub spec: Arc<ListenerSpec>,
}

/// A bound listener, as the ledger and the API see it.
#[derive(Debug)]
pub struct Listener {
    /// Its number in rows.
    pub number: u8,
    /// Its name.
    pub name: &'static str,
    /// As [`ListenerSpec::transport_name`]; `internal` for our own messages.
    pub transport: &'static str,
    /// Its bound addresses.
    pub addresses: Vec<SocketAddr>,
    /// Receive buffer asked for and granted, octets per socket; UDP only.
    pub receive_buffer_octets: Option<(usize, usize)>,
    /// Addresses that are not there on this machine, with what the kernel said.
    pub unavailable: Vec<(IpAddr, String)>,
    /// Kernel drops, one gauge a socket.
    pub drops: Vec<DropGauge>,
    /// What happened to connections; TCP only.
    pub connections: Option<(Arc<ConnectionCounters>, ConnectionLimit)>,
}

impl Listener {
    /// A listener without sockets.
    #[must_use]
    pub fn new(number: u8, name: &'static str, transport: &'static str) -> Self {
        Self {
            number,
            name,
            transport,
            addresses: Vec::new(),
            receive_buffer_octets: None,
            unavailable: Vec::new(),
            drops: Vec::new(),
            connections: None,
        }
    }

    /// Datagrams that the kernel dropped before we could read them.
    #[must_use]
    pub fn kernel_drops(&self) -> u64 {
        self.drops.iter().map(DropGauge::read).sum()
    }

    /// The metrics of its connections.
    pub fn describe(&self) -> impl Iterator<Item = Metric<'_>> {
        self.connections
            .iter()
            .flat_map(|(counters, limit)| counters.describe(self.name).chain([limit.describe(self.name)]))
    }
}
