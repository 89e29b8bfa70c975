//! The identity of this instance: read beside the store, or made, with what an older store knows of it.

use std::sync::Arc;

use crate::app::listeners;
use crate::base::files::SystemFiles;
use crate::config::settings::Settings;
use crate::identity::{self, EngineBoot, Identity, IdentityError, Inherited};
use crate::shard::listener::Protocol;
use crate::shard::own_events;
use crate::storage::connection::StoreLock;
use crate::storage::inheritance::{self, Inheritance};

/// Name of the listener of SNMP notifications in such a store.
const SNMP_UDP: &str = "snmp-udp";

/// Listeners that a store without an identity can have rows of: their numbers were positions in the order of binding.
const POSITIONS_MAX: u8 = 6;

/// The identity beside the store, whose lock is held. It is made when it is not there, with what the store knows.
///
/// # Errors
/// One line that says which file is wrong and what to do.
pub(super) fn open(settings: &Settings, lock: &StoreLock) -> anyhow::Result<Identity> {
    let database = &settings.storage.database.path;
    let path = identity::path_beside(database);
    let files = Arc::new(SystemFiles);
    let configured = settings.storage.node_id;
    let identity = match Identity::load(files.clone(), &path)? {
        Some(identity) => identity,
        None => {
            let inherited = match inheritance::read(database, lock)? {
                Some(store) => inherited(settings, &store),
                None => Inherited { node_id: configured, ..Inherited::default() },
            };
            Identity::create(files, &path, inherited)?
        }
    };
    match configured {
        Some(configured) if configured != identity.node_id() => {
            Err(IdentityError::NodeId { path, configured, stored: identity.node_id() }.into())
        }
        _ => Ok(identity),
    }
}

/// What an identity takes over from a store that was written without one.
///
/// A listener's number in its rows is the position that the listener had in the order of binding. The positions of the
/// present configuration are taken for it, unless a row of the newest 100,000 shows that they were others: SNMP where
/// syslog is bound now, syslog where SNMP is, or a position that is not there. Then only the listener of SNMP rows is
/// known, and the others get numbers that no row has.
fn inherited(settings: &Settings, store: &Inheritance) -> Inherited {
    let order = bind_order(settings);
    let rows = &store.listener_numbers;
    let fits = rows.iter().all(|(number, rows)| match order.get(usize::from(*number)) {
        Some((_, Protocol::Snmp)) => !rows.has_syslog,
        Some((_, Protocol::Syslog)) => !rows.has_snmp,
        None => false,
    });
    let listeners = if rows.is_empty() {
        Vec::new()
    } else if fits {
        (0..).zip(order).map(|(number, (name, _))| (name.to_owned(), number)).collect()
    } else {
        let mut snmp = rows.iter().filter(|(_, rows)| rows.has_snmp && !rows.has_syslog);
        match (snmp.next(), snmp.next()) {
            (Some((number, _)), None) => vec![(SNMP_UDP.to_owned(), *number)],
            _ => Vec::new(),
        }
    };
    let last_seen = rows.last_key_value().map_or(0, |(number, _)| number.saturating_add(1));
    Inherited {
        node_id: Some(store.node_id),
        engine: store.engine.map(|(number, boots)| EngineBoot { number, boots }),
        listeners,
        listener_numbers_used: if rows.is_empty() { 0 } else { last_seen.max(POSITIONS_MAX) },
    }
}

/// The listeners of the configuration in the order in which they were bound when numbers were positions. The order of the
/// table is still the same; our own events came last.
fn bind_order(settings: &Settings) -> Vec<(&'static str, Protocol)> {
    let bound = listeners::specify(settings).into_iter().map(|spec| (spec.name, spec.protocol));
    let own = settings.sources.messages_per_second_max;
    bound.chain(own.map(|_| (own_events::LISTENER_NAME, Protocol::Syslog))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::inheritance::ListenerRows;

    const SNMP: ListenerRows = ListenerRows { has_snmp: true, has_syslog: false };
    const SYSLOG: ListenerRows = ListenerRows { has_snmp: false, has_syslog: true };

    fn seed(rows: &[(u8, ListenerRows)], is_snmp_enabled: bool) -> (Vec<(String, u8)>, u8) {
        let mut settings = Settings::default();
        settings.listeners.snmp.enabled = is_snmp_enabled;
        let store = Inheritance {
            node_id: 5,
            engine: Some((6, 7)),
            listener_numbers: rows.iter().copied().collect(),
        };
        let inherited = inherited(&settings, &store);
        assert_eq!(inherited.node_id, Some(5));
        assert_eq!(inherited.engine, Some(EngineBoot { number: 6, boots: 7 }));
        (inherited.listeners, inherited.listener_numbers_used)
    }

    fn named(listeners: &[(&str, u8)]) -> Vec<(String, u8)> {
        listeners.iter().map(|(name, number)| ((*name).to_owned(), *number)).collect()
    }

    #[test]
    fn positions_become_numbers_where_the_rows_do_not_contradict() {
        let both = [(0, SNMP), (2, SYSLOG)];
        let order = named(&[("snmp-udp", 0), ("syslog-udp", 1), ("syslog-tcp", 2)]);
        assert_eq!(seed(&both, true), (order, 6));
        assert_eq!(seed(&[], true), (Vec::new(), 0), "no row has a number");
        // SNMP was bound when the rows were made: of the others it is not known who was.
        assert_eq!(seed(&both, false), (named(&[("snmp-udp", 0)]), 6));
        assert_eq!(seed(&[(0, SYSLOG)], true), (Vec::new(), 6), "SNMP was not bound then");
        assert_eq!(seed(&[(0, SNMP), (3, SYSLOG)], true), (named(&[("snmp-udp", 0)]), 6), "more were bound");
        let mixed = ListenerRows { has_snmp: true, has_syslog: true };
        assert_eq!(seed(&[(0, mixed)], true), (Vec::new(), 6), "the order changed on the way");
        assert_eq!(seed(&[(9, SYSLOG)], true), (Vec::new(), 10));
    }
}
