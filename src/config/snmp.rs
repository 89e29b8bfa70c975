//! `listeners.snmp`: versions, communities and the least security level.
//!
//! Invariant: communities are passwords; neither they nor the lines that they stand on are quoted.

use crate::config::document::{Node, Written, is_null};
use crate::config::file::{self, CommunityEntry};
use crate::config::reader::{Entry, Reader};
use crate::config::secret_source::Sources;
use crate::shard::snmp_policy::{Community, SnmpPolicy, SnmpVersions};
use crate::wire::snmp::SecurityLevel;

/// Least and most octets of a community.
const COMMUNITY_OCTETS: (usize, usize) = (1, 255);

/// Words of the security levels (RFC 3411 3.4.3).
pub(super) const LEVELS: [(&str, SecurityLevel); 3] = [
    ("noAuthNoPriv", SecurityLevel::NoAuthNoPriv),
    ("authNoPriv", SecurityLevel::AuthNoPriv),
    ("authPriv", SecurityLevel::AuthPriv),
];

/// Which messages are taken. The communities are gone from `written` afterwards.
pub(super) fn policy(reader: &mut Reader<'_>, written: &mut file::SnmpListener) -> SnmpPolicy {
    let default = SnmpPolicy::default();
    SnmpPolicy {
        versions: versions(reader, &written.versions).unwrap_or(default.versions),
        communities: communities(reader, written.communities.take()),
        min_security_level: reader.choice_or(
            &written.min_security_level,
            &LEVELS,
            default.min_security_level,
        ),
    }
}

fn versions(reader: &mut Reader<'_>, entry: &Entry) -> Option<SnmpVersions> {
    let allowed = "a list of v1, v2c, v3, at least one";
    let version = |text: &str| {
        let known = ["v1", "v2c", "v3"].into_iter().find(|known| known.eq_ignore_ascii_case(text));
        known.ok_or_else(|| "not a version of SNMP".to_owned())
    };
    let found = reader.list_of(entry, allowed, version)?;
    if found.is_empty() {
        reader.wrong(entry, "not one version is taken", allowed);
    }
    let has = |version| found.contains(&version);
    Some(SnmpVersions { v1: has("v1"), v2c: has("v2c"), v3: has("v3") })
}

/// The communities that are taken; `None` for any.
fn communities(reader: &mut Reader<'_>, entry: Entry) -> Option<Vec<Community>> {
    if entry.node.as_ref().is_none_or(is_null) {
        return None;
    }
    let place = entry.node.as_ref().map(|node| node.referenced.into());
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
            found.extend(match node.value {
                Written::Mapping(_) => with_more(reader, &name, node),
                _ => plain(reader, name, node),
            });
        }
        if count == 0 {
            let what = "the list is empty: no message of v1 or v2c could be taken";
            let allowed = "null for any community; or leave v1 and v2c out of versions";
            reader.push(&key, place, None, what, allowed);
        }
        Some(found)
    })
}

/// A community that stands there by itself.
fn plain(reader: &mut Reader<'_>, key: String, node: Node) -> Option<Community> {
    let absent = || Entry { key: String::new(), node: None };
    let text = Entry { key, node: Some(node) };
    let sources = Sources { text: &text, env: &absent(), file: &absent() };
    let secret = sources.read(reader, &text, COMMUNITY_OCTETS)?;
    Some(Community::new(secret.expose(), None))
}

/// A community with its networks, or one that stands elsewhere.
fn with_more(reader: &mut Reader<'_>, key: &str, node: Node) -> Option<Community> {
    let place = node.referenced.into();
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
            reader.push(&entry.community.key, Some(place), None, "missing", allowed);
            None
        }
        [first, second, ..] => {
            reader.wrong(second, &format!("{} is there, too", first.key), "one of them");
            None
        }
    }
}
