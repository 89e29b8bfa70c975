//! `listeners.snmp`.
//!
//! Invariant: communities are passwords; neither they nor the lines that they stand on are quoted.

use std::net::IpAddr;

use serde_json::{Value as Json, json};

use crate::base::cidr::IpRanges;
use crate::config::declare::{Kind, group, key, section};
use crate::config::document::{Node, Written, is_null};
use crate::config::elements::{Element as _, element};
use crate::config::kinds::{
    Addresses, Choice, Networks, NetworksOrAll, boolean, octets, one_or_list_schema, port, text_schema,
    words_schema,
};
use crate::config::listeners_common::{RECEIVE_BUFFER_BYTES, any_address, receive_buffer};
use crate::config::reader::{Entry, Reader};
use crate::config::secret_source::{self, Sources, secret_schema};
use crate::shard::snmp_policy::{Community, SnmpPolicy, SnmpVersions};
use crate::wire::snmp::SecurityLevel;

/// Least and most octets of a community.
const COMMUNITY_OCTETS: (usize, usize) = (1, 255);

/// Words of the security levels (RFC 3411 3.4.3).
pub(super) const LEVELS: &[(&str, SecurityLevel)] = &[
    ("noAuthNoPriv", SecurityLevel::NoAuthNoPriv),
    ("authNoPriv", SecurityLevel::AuthNoPriv),
    ("authPriv", SecurityLevel::AuthPriv),
];

/// Transports of the SNMP listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SnmpProtocol {
    /// UDP (RFC 3417).
    Udp,
}

section! {
    /// `listeners.snmp`.
    pub struct SnmpListener {
        /// Whether SNMP notifications are received.
        pub enabled: bool = key("enabled", boolean(), true, "false");
        /// UDP port. The standard port 162 needs a privilege, hence 5162.
        pub port: u16 = key("port", port(), 5162, "162");
        /// Transport. There is one.
        pub protocol: SnmpProtocol =
            key("protocol", Choice(&[("udp", SnmpProtocol::Udp)]), SnmpProtocol::Udp, "UDP");
        /// Local addresses to bind. Both families by default.
        pub address: Vec<IpAddr> = key("address", Addresses, any_address(), "[\"192.0.2.1\", \"2001:db8::1\"]");
        /// Networks and addresses that may send. What others send is dropped and counted as `source_not_allowed`.
        pub allow_from: Option<IpRanges> =
            key("allow_from", NetworksOrAll, None, "[10.0.0.0/8, \"2001:db8::/32\"]").live();
        /// Proxies whose word counts for where a notification comes from: then `source_ip` is the address in
        /// snmpTrapAddress.0, or agent-addr of a v1 trap, and the proxy is in `enriched_data`. Proxies are not held to
        /// the limits below (sources).
        pub trusted_proxies: IpRanges =
            key("trusted_proxies", Networks, IpRanges::default(), "[192.0.2.10]").live();
        /// Which messages are taken: versions, communities and the least security level.
        pub policy: SnmpPolicy = group::<PolicyKeys, _>();
        /// Largest datagram taken.
        pub buffer_size_octets: usize = key("buffer_size", octets(484, 65_535), 65_535, "8192");
        /// Receive buffer asked of the kernel for each socket. It bridges the moments in which muttd is busy: 32 MiB
        /// hold tens of thousands of datagrams. Without privilege the kernel grants at most net.core.rmem_max.
        pub receive_buffer_bytes: usize =
            key("receive_buffer_bytes", receive_buffer(), RECEIVE_BUFFER_BYTES, "8388608");
    }
}

section! {
    /// The keys of [`SnmpPolicy`].
    pub struct PolicyKeys {
        /// Versions taken. A message of another version is dropped and counted as `snmp_version`.
        pub versions: SnmpVersions =
            key("versions", Versions, SnmpVersions { v1: true, v2c: true, v3: true }, "[v3]").live();
        /// Communities that a message of v1 or v2c may have; null = any. A message with another one is neither stored
        /// nor answered, but dropped and counted as `snmp_community`. Communities are passwords: each is a text, or
        /// where the text is (`{file: PATH}`, `{env: NAME}`, `{credential: NAME}` of systemd), and may be for some
        /// senders only (`{community: TEXT, from: [10.0.0.0/8]}`). `community_env` and `community_file` are taken in
        /// place of `community`.
        pub communities: Option<Vec<Community>> =
            key("communities", Communities, None, "[public, {community: \"s3cret\", from: [10.0.0.0/8]}]").live();
        /// Least security level. A message below it is dropped and counted as `snmp_security_level`, and that is all of
        /// v1 and v2c unless it is noAuthNoPriv. Each SNMPv3 user may ask for more.
        pub min_security_level: SecurityLevel =
            key("min_security_level", Choice(LEVELS), SecurityLevel::NoAuthNoPriv, "authPriv").live();
    }
}

impl From<PolicyKeys> for SnmpPolicy {
    fn from(keys: PolicyKeys) -> Self {
        let PolicyKeys { versions, communities, min_security_level } = keys;
        Self { versions, communities, min_security_level }
    }
}

/// Versions of SNMP.
struct Versions;

const VERSIONS: [&str; 3] = ["v1", "v2c", "v3"];

impl Kind for Versions {
    type Value = SnmpVersions;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<SnmpVersions> {
        let allowed = self.allowed();
        let version = |text: &str| {
            let known = VERSIONS.into_iter().find(|known| known.eq_ignore_ascii_case(text));
            known.ok_or_else(|| "not a version of SNMP".to_owned())
        };
        let found = reader.list_of(entry, &allowed, version)?;
        if found.is_empty() {
            reader.wrong(entry, "not one version is taken", &allowed);
        }
        let has = |version| found.contains(&version);
        Some(SnmpVersions { v1: has("v1"), v2c: has("v2c"), v3: has("v3") })
    }

    fn write(&self, value: &SnmpVersions) -> Option<Json> {
        let taken = [value.v1, value.v2c, value.v3];
        Some(
            VERSIONS.into_iter().zip(taken).filter(|(_, is_taken)| *is_taken).map(|(word, _)| word).collect(),
        )
    }

    fn schema(&self) -> Json {
        one_or_list_schema(words_schema(&VERSIONS))
    }

    fn allowed(&self) -> String {
        format!("a list of {}, at least one", VERSIONS.join(", "))
    }
}

element! {
    /// One element of `communities` that says more than the community.
    CommunityEntry { community, community_env, community_file, from }
}

/// Communities, or `null` for any.
struct Communities;

impl Kind for Communities {
    type Value = Option<Vec<Community>>;

    const IS_SECRET: bool = true;

    fn read(&self, reader: &mut Reader<'_>, entry: &mut Entry) -> Option<Option<Vec<Community>>> {
        communities(reader, entry.take()).map(Some)
    }

    fn write(&self, value: &Self::Value) -> Option<Json> {
        value.is_none().then_some(Json::Null)
    }

    fn schema(&self) -> Json {
        let [community, env, file, from] = CommunityEntry::KEYS else { return Json::Bool(true) };
        let with_networks = json!({
            "type": "object",
            "properties": {
                *community: secret_schema(),
                *env: text_schema(),
                *file: text_schema(),
                *from: Networks.schema(),
            },
            "additionalProperties": false,
        });
        let element = json!({"anyOf": [secret_schema(), with_networks]});
        json!({"anyOf": [{"type": "null"}, text_schema(), {"type": "array", "items": element, "minItems": 1}]})
    }
}

/// The communities that are taken; `None` for any.
fn communities(reader: &mut Reader<'_>, entry: Entry) -> Option<Vec<Community>> {
    if entry.node.as_ref().is_none_or(is_null) {
        return None;
    }
    let place = entry.node.as_ref().map(|node| (node.file, node.place));
    reader.secretly(|reader| {
        let Entry { key, node } = entry;
        let nodes = match node {
            Some(Node { value: Written::Sequence(nodes), .. }) => nodes,
            Some(node @ Node { value: Written::Text(_) | Written::Integer(_), .. }) => vec![node],
            node => {
                reader.note(&key, node.as_ref(), "must be a list", "a list of communities, or null for any");
                return None;
            }
        };
        let count = nodes.len();
        let mut found = Vec::with_capacity(count);
        for (number, node) in (1..).zip(nodes) {
            let name = format!("{key}[{number}]");
            found.extend(
                if matches!(node.value, Written::Mapping(_)) && !secret_source::is_reference(&node) {
                    community_with_networks(reader, &name, node)
                } else {
                    plain_community(reader, name, node)
                },
            );
        }
        if let (0, Some((file, place))) = (count, place) {
            let what = "the list is empty: no message of v1 or v2c could be taken";
            let allowed = "null for any community; or leave v1 and v2c out of versions";
            reader.push_in(file, &key, Some(place), None, what, allowed);
        }
        Some(found)
    })
}

/// A community by itself.
fn plain_community(reader: &mut Reader<'_>, key: String, node: Node) -> Option<Community> {
    let absent = || Entry { key: String::new(), node: None };
    let text = Entry { key, node: Some(node) };
    let sources = Sources { text: &text, env: &absent(), file: &absent() };
    let secret = sources.read(reader, &text, COMMUNITY_OCTETS)?;
    Some(Community::new(secret.expose(), None))
}

/// A community with its networks.
fn community_with_networks(reader: &mut Reader<'_>, key: &str, node: Node) -> Option<Community> {
    let (file, place) = (node.file, node.place);
    let entry = CommunityEntry::read(Some(node), &format!("{key}."), reader);
    let sources = Sources { text: &entry.community, env: &entry.community_env, file: &entry.community_file };
    let written = sources.written(reader);
    let from = reader.networks(&entry.from).filter(|networks| !networks.is_empty());
    if !entry.from.is_absent() && from.is_none() {
        reader.wrong(&entry.from, "nobody could send", "networks or addresses, or nothing for all");
    }
    match written[..] {
        [one] => {
            sources.read(reader, one, COMMUNITY_OCTETS).map(|secret| Community::new(secret.expose(), from))
        }
        [] => {
            let allowed = "one of community, community_env, community_file";
            reader.push_in(file, &entry.community.key, Some(place), None, "missing", allowed);
            None
        }
        [first, second, ..] => {
            reader.wrong(second, &format!("{} is there, too", first.key), "one of them");
            None
        }
    }
}
