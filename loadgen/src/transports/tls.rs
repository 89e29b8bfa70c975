//! Syslog over TLS (RFC 5425): octet counting within TLS. Beside tcp, which does the rest.

use super::Transport;
use super::tcp::{Flow, PROMISE, octet_counting};

/// Its line of the table of transports.
pub const TLS: Transport = Transport {
    name: "tls",
    help: "RFC 5425; needs --tls-ca or --insecure",
    connects: true,
    is_tls: true,
    promise: PROMISE,
    open: |place| Ok(Box::new(Flow::open(place, octet_counting)?)),
};
