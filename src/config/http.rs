//! `http`.

use std::net::{Ipv4Addr, SocketAddr};

use crate::config::declare::{key, section};
use crate::config::kinds::{AddressAndPort, boolean};

section! {
    /// `http`: the API, metrics and the page.
    pub struct Http {
        /// Whether the API, /metrics, /healthz, /readyz and the page are served.
        pub enabled: bool = key("enabled", boolean(), true, "false");
        /// Address and port; port 0 = any free port. This machine only by default: nothing asks for a password.
        pub listen: SocketAddr =
            key("listen", AddressAndPort, (Ipv4Addr::LOCALHOST, 8514).into(), "\"[::1]:8514\"");
    }
}
