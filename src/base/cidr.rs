//! Sets of IP addresses, written as networks: `10.0.0.0/8`, `2001:db8::/32`, or one address.
//!
//! Invariant: an IPv4-mapped IPv6 address (RFC 4291 2.5.5.2) is the IPv4 address it maps, in a network as in a
//! question; so `::/0` is all of IPv6 and nothing of IPv4.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// First address of `::ffff:0:0/96`, as a number.
const MAPPED_FIRST: u128 = 0xFFFF_0000_0000;
/// Last address of `::ffff:0:0/96`, as a number.
const MAPPED_LAST: u128 = 0xFFFF_FFFF_FFFF;

/// Why a text is not a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CidrError {
    /// What stands before the slash is not an IP address.
    Address,
    /// What stands behind the slash is not a number from 0 to this one.
    PrefixLength {
        /// 32 for IPv4, 128 for IPv6.
        most: u8,
    },
    /// The address has bits behind the prefix.
    HostBits {
        /// The network that is perhaps meant.
        network: IpNetwork,
    },
}

impl fmt::Display for CidrError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address => f.write_str(
                "not an IP address or network; allowed are as 192.0.2.1, 10.0.0.0/8, 2001:db8::1, 2001:db8::/32",
            ),
            Self::PrefixLength { most } => write!(f, "the prefix length must be a number from 0 to {most}"),
            Self::HostBits { network } => {
                write!(f, "the address has bits set behind the prefix; the network is {network}")
            }
        }
    }
}

impl std::error::Error for CidrError {}

/// One network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct IpNetwork {
    address: IpAddr,
    prefix_length: u8,
}

impl IpNetwork {
    /// The first address.
    #[must_use]
    pub fn address(&self) -> IpAddr {
        self.address
    }

    /// Leading bits that all its addresses share, 0 to 32 (IPv4) or 128 (IPv6).
    #[must_use]
    pub fn prefix_length(&self) -> u8 {
        self.prefix_length
    }

    /// Whether `ip` lies in it.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let number = number(ip);
        self.intervals().into_iter().flatten().any(|(first, last)| (first..=last).contains(&number))
    }

    /// Its addresses as numbers: one interval, or two around the mapped addresses in its midst.
    fn intervals(&self) -> [Option<(u128, u128)>; 2] {
        let first = number(self.address);
        let host_bits = match self.address {
            IpAddr::V4(_) => 32 - u32::from(self.prefix_length),
            IpAddr::V6(_) => 128 - u32::from(self.prefix_length),
        };
        let last = first | u128::MAX.checked_shr(128 - host_bits).unwrap_or(0);
        if self.address.is_ipv4() || last < MAPPED_FIRST || first > MAPPED_LAST {
            return [Some((first, last)), None];
        }
        let below = (first < MAPPED_FIRST).then_some((first, MAPPED_FIRST - 1));
        let above = (last > MAPPED_LAST).then_some((MAPPED_LAST + 1, last));
        [below, above]
    }
}

/// The place of an address among all: IPv4 where IPv6 maps it.
fn number(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(ip.to_ipv6_mapped()),
        IpAddr::V6(ip) => u128::from(ip),
    }
}

impl fmt::Display for IpNetwork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix_length)
    }
}

impl FromStr for IpNetwork {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let (address, prefix_length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| CidrError::Address)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix_length = match prefix_length {
            None => most,
            // `parse` would take a sign.
            Some(digits) if digits.bytes().all(|octet| octet.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|length| *length <= most)
                .ok_or(CidrError::PrefixLength { most })?,
            Some(_) => return Err(CidrError::PrefixLength { most }),
        };
        let network = network(address, prefix_length);
        if network.address != address.to_canonical() && network.address != address {
            return Err(CidrError::HostBits { network });
        }
        Ok(network)
    }
}

/// The network that `address` lies in; a mapped one as IPv4.
fn network(address: IpAddr, prefix_length: u8) -> IpNetwork {
    let most: u8 = if address.is_ipv4() { 32 } else { 128 };
    let host_bits = u32::from(most.saturating_sub(prefix_length));
    match address {
        IpAddr::V4(ip) => {
            let mask = u32::MAX.checked_shl(host_bits).unwrap_or(0);
            IpNetwork { address: Ipv4Addr::from(u32::from(ip) & mask).into(), prefix_length }
        }
        IpAddr::V6(ip) => {
            let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
            let first = Ipv6Addr::from(u128::from(ip) & mask);
            match first.to_ipv4_mapped() {
                Some(mapped) if prefix_length >= 96 => {
                    IpNetwork { address: mapped.into(), prefix_length: prefix_length - 96 }
                }
                _ => IpNetwork { address: first.into(), prefix_length },
            }
        }
    }
}

/// A set of addresses: the union of networks. The empty set contains nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IpRanges {
    /// First and last address, ascending, with a gap between one and the next.
    intervals: Vec<(u128, u128)>,
}

impl IpRanges {
    /// The union of `networks`.
    #[must_use]
    pub fn new(networks: impl IntoIterator<Item = IpNetwork>) -> Self {
        let mut all: Vec<_> =
            networks.into_iter().flat_map(|network| network.intervals()).flatten().collect();
        all.sort_unstable();
        let mut intervals: Vec<(u128, u128)> = Vec::with_capacity(all.len());
        for (first, last) in all {
            match intervals.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => intervals.push((first, last)),
            }
        }
        Self { intervals }
    }

    /// The union of the networks that `texts` name.
    ///
    /// # Errors
    /// The first text that is not a network, with the reason.
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, (String, CidrError)> {
        let networks: Result<Vec<IpNetwork>, _> =
            texts.into_iter().map(|text| text.parse().map_err(|error| (text.to_owned(), error))).collect();
        networks.map(Self::new)
    }

    /// Whether `ip` is in the set. Costs a binary search.
    #[must_use]
    pub fn contains(&self, ip: IpAddr) -> bool {
        let number = number(ip);
        let behind = self.intervals.partition_point(|(first, _)| *first <= number);
        behind
            .checked_sub(1)
            .and_then(|place| self.intervals.get(place))
            .is_some_and(|(_, last)| number <= *last)
    }

    /// Whether no address is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.intervals.is_empty()
    }
}

impl FromIterator<IpNetwork> for IpRanges {
    fn from_iter<I: IntoIterator<Item = IpNetwork>>(networks: I) -> Self {
        Self::new(networks)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use proptest::prelude::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn a_set_holds_its_networks_and_nothing_beside_them() {
        let set = IpRanges::parse(["10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "10.1.0.0/16"]).unwrap();
        for inside in
            ["10.0.0.0", "10.255.255.255", "10.1.2.3", "192.0.2.7", "2001:db8::", "2001:db8:ffff::1"]
        {
            assert!(set.contains(ip(inside)), "{inside}");
        }
        for outside in
            ["9.255.255.255", "11.0.0.0", "192.0.2.6", "192.0.2.8", "2001:db7::", "2001:db9::", "::"]
        {
            assert!(!set.contains(ip(outside)), "{outside}");
        }
        assert_eq!(set.intervals.len(), 3);
        assert!(IpRanges::default().is_empty() && !IpRanges::default().contains(ip("10.0.0.1")));
    }

    #[test]
    fn mapped_addresses_are_ipv4_and_ipv6_networks_do_not_hold_them() {
        let four = IpRanges::parse(["10.0.0.0/8"]).unwrap();
        assert!(four.contains(ip("::ffff:10.1.2.3")) && !four.contains(ip("::10.1.2.3")));
        assert_eq!(IpRanges::parse(["::ffff:10.0.0.0/104"]).unwrap(), four);
        let six = IpRanges::parse(["::/0"]).unwrap();
        assert!(
            six.contains(ip("::")) && six.contains(ip("ffff::1")) && six.contains(ip("::fffe:ffff:ffff"))
        );
        assert!(!six.contains(ip("10.1.2.3")) && !six.contains(ip("::ffff:10.1.2.3")));
        let all = IpRanges::parse(["::/0", "0.0.0.0/0"]).unwrap();
        assert_eq!(all.intervals, [(0, u128::MAX)]);
    }

    #[test]
    fn errors_say_what_is_allowed() {
        let refused = |text: &str| text.parse::<IpNetwork>().unwrap_err().to_string();
        for text in ["", "ten", "10.0.0", "10.0.0.0.0/8", "/8", " 10.0.0.0/8", "router1"] {
            assert!(refused(text).contains("allowed are"), "{text}");
        }
        for text in ["10.0.0.0/33", "10.0.0.0/", "10.0.0.0/+8", "10.0.0.0/-1", "10.0.0.0/8/8", "10.0.0.0/999"]
        {
            assert_eq!(refused(text), "the prefix length must be a number from 0 to 32", "{text}");
        }
        assert_eq!(refused("::/129"), "the prefix length must be a number from 0 to 128");
        assert!(refused("10.1.2.3/8").ends_with("the network is 10.0.0.0/8"));
        assert!(refused("2001:db8::1/32").ends_with("the network is 2001:db8::/32"));
        assert!(refused("::ffff:10.1.2.3/104").ends_with("the network is 10.0.0.0/8"));
        let (text, _) = IpRanges::parse(["10.0.0.0/8", "x"]).unwrap_err();
        assert_eq!(text, "x");
    }

    proptest! {
        #[test]
        fn a_set_agrees_with_its_networks(
            networks in prop::collection::vec((any::<u32>(), 0u8..=32, any::<bool>()), 0..20),
            asked in any::<u32>(),
        ) {
            let address = |bits: u32, wide: bool| -> IpAddr {
                if wide { Ipv6Addr::from(u128::from(bits) << 96).into() } else { Ipv4Addr::from(bits).into() }
            };
            let networks: Vec<_> =
                networks.into_iter().map(|(bits, length, wide)| network(address(bits, wide), length)).collect();
            let set = IpRanges::new(networks.iter().copied());
            let near = networks.iter().map(IpNetwork::address);
            for ip in near.chain([address(asked, false), address(asked, true)]) {
                prop_assert_eq!(set.contains(ip), networks.iter().any(|network| network.contains(ip)), "{}", ip);
            }
            for network in &networks {
                prop_assert_eq!(network.to_string().parse::<IpNetwork>(), Ok(*network));
            }
        }
    }
}
