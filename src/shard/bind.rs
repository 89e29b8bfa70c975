//! Binds every socket of every listener, before anybody reads.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use crate::net::accept::{ConnectionCounters, ConnectionLimit};
use crate::net::listener::{BindError, TcpGroup, UdpSettings, UdpSocket, bind_tcp, bind_udp};
use crate::net::tls::Certificates;
use crate::net::udp::{DropGauge, Responder};
use crate::shard::listener::{Listener, ListenerSpec, NumberedSpec, Protocol, StreamSpec, Transport};
use crate::shard::receive::ShardSocket;
use crate::shard::stream::BoundStream;

/// The sockets of all listeners.
#[derive(Debug)]
pub(super) struct Bound {
    /// UDP sockets, by shard.
    pub(super) shards: Vec<Vec<ShardSocket>>,
    /// Listeners over TCP.
    pub(super) streams: Vec<BoundStream>,
    /// All listeners, as they are shown.
    pub(super) listeners: Vec<Listener>,
    /// Sockets that answer informs, with their addresses.
    answering: Vec<(OwnedFd, SocketAddr)>,
}

impl Bound {
    /// Binds `listeners`, in order, with one UDP socket for each of `shards`.
    pub(super) fn bind(
        listeners: &[NumberedSpec],
        shards: usize,
        certificates: &Certificates,
    ) -> Result<Self, BindError> {
        let mut bound = Self {
            shards: (0..shards).map(|_| Vec::new()).collect(),
            streams: Vec::new(),
            listeners: Vec::new(),
            answering: Vec::new(),
        };
        for NumberedSpec { number, spec } in listeners {
            let listener = match &spec.transport {
                Transport::Udp { receive_buffer_octets } => {
                    bound.bind_udp(*number, spec, *receive_buffer_octets)?
                }
                Transport::Stream(stream) => bound.bind_stream(*number, spec, stream, certificates)?,
            };
            bound.listeners.push(listener);
        }
        Ok(bound)
    }

    /// What answers informs.
    pub(super) fn take_responder(&mut self) -> Responder {
        Responder::new(std::mem::take(&mut self.answering))
    }

    /// Binds a listener over UDP.
    fn bind_udp(
        &mut self,
        number: u8,
        spec: &ListenerSpec,
        receive_buffer_octets: usize,
    ) -> Result<Listener, BindError> {
        let is_answering = spec.protocol == Protocol::Snmp;
        let settings = UdpSettings {
            addresses: spec.addresses.clone(),
            port: spec.port,
            receive_buffer_octets,
            report_local_address: is_answering,
        };
        let group = bind_udp(&settings, self.shards.len())?;
        let granted = group.receive_buffer_octets_granted;
        let mut drops = Vec::new();
        for (shard, sockets) in self.shards.iter_mut().zip(group.shards) {
            for socket in sockets {
                let (gauge, copy) = gauge_and_copy(&socket)?;
                drops.push(gauge);
                if is_answering {
                    self.answering.push((copy, socket.address));
                }
                shard.push(ShardSocket {
                    fd: socket.fd,
                    protocol: spec.protocol,
                    listener: number,
                    port: socket.address.port(),
                    datagram_octets_max: spec.message_octets_max,
                    receive_buffer_octets: granted,
                });
            }
        }
        Ok(Listener {
            addresses: group.addresses,
            receive_buffer_octets: Some((receive_buffer_octets, granted)),
            unavailable: with_reasons(&group.unavailable),
            drops,
            ..Listener::new(number, spec.name, spec.transport_name())
        })
    }

    /// Binds a listener over TCP.
    fn bind_stream(
        &mut self,
        number: u8,
        spec: &Arc<ListenerSpec>,
        stream: &Arc<StreamSpec>,
        certificates: &Certificates,
    ) -> Result<Listener, BindError> {
        let TcpGroup { sockets, unavailable } = bind_tcp(&spec.addresses, spec.port)?;
        let tls = match &stream.tls {
            Some(files) => Some(certificates.get(files).cloned().ok_or_else(|| no_certificate(&sockets))?),
            None => None,
        };
        let counters = Arc::new(ConnectionCounters::default());
        let limit = ConnectionLimit::new(stream.limits.connections_max);
        let listener = Listener {
            addresses: sockets.iter().map(|(_, address)| *address).collect(),
            unavailable: with_reasons(&unavailable),
            connections: Some((Arc::clone(&counters), limit.clone())),
            ..Listener::new(number, spec.name, spec.transport_name())
        };
        let (spec, stream) = (Arc::clone(spec), Arc::clone(stream));
        self.streams.push(BoundStream { number, spec, stream, tls, sockets, counters, limit });
        Ok(listener)
    }
}

/// What tells a socket's drops, and a second descriptor to answer through.
fn gauge_and_copy(socket: &UdpSocket) -> Result<(DropGauge, OwnedFd), BindError> {
    let both = || -> io::Result<_> { Ok((DropGauge::of(&socket.fd)?, socket.fd.try_clone()?)) };
    both().map_err(|source| BindError { transport: "udp", address: socket.address, source })
}

/// Addresses that could not be bound, with the reasons as text.
fn with_reasons(unavailable: &[(IpAddr, io::Error)]) -> Vec<(IpAddr, String)> {
    unavailable.iter().map(|(ip, error)| (*ip, error.to_string())).collect()
}

/// A listener over TLS must never be served without it.
fn no_certificate(sockets: &[(std::net::TcpListener, SocketAddr)]) -> BindError {
    let address =
        sockets.first().map_or_else(|| SocketAddr::from(([0, 0, 0, 0], 0)), |(_, address)| *address);
    BindError { transport: "tcp", address, source: io::Error::other("its certificates are not loaded") }
}
