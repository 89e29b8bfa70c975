//! The configuration as each floor wants it.

use std::path::Path;
use std::sync::Arc;

use arc_swap::ArcSwap;

use crate::base::limits::BATCH_EVENTS_MAX;
use crate::config::settings::{self, Settings};
use crate::config::{self, CredentialKey, Credentials, User};
use crate::matching::RuleSet;
use crate::model::event::PRODUCERS_MAX;
use crate::net::tls::Certificates;
use crate::security::{CredentialSecrets, KeySource, UserSecrets, Users};
use crate::shard::admission::SourcePolicy;
use crate::shard::group::GroupSettings;
use crate::shard::listener::{ListenerSources, NumberedSpec};
use crate::shard::rate_limit::{RateLimiter, RateSettings};
use crate::shard::runtime::Runtime;
use crate::sink::drain::DrainSettings;
use crate::storage::connection::{StoreSettings, Synchronous};
use crate::telemetry::logging;

/// The rules in the file at `path`; none, when no file is named.
///
/// # Errors
/// Every problem of the file.
pub fn load_rules(path: Option<&Path>) -> anyhow::Result<RuleSet> {
    Ok(match path {
        Some(path) => config::load_rules(path)?,
        None => RuleSet::compile(Vec::new())?,
    })
}

/// Slots of the queue beyond what full batches need: under light load batches are handed over before they are full.
const SPARE_SLOTS: usize = 32;

/// How long a refusing store is tried at shutdown.
const STOP_PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// The log.
pub fn logging(settings: &Settings) -> logging::LogSettings {
    let daemon = &settings.daemon;
    logging::LogSettings { level: daemon.log_level, file: daemon.log_file.clone(), format: daemon.log_format }
}

/// The store of the instance with this node id.
pub fn store(settings: &Settings, node_id: u64) -> StoreSettings {
    StoreSettings {
        path: settings.storage.database.path.clone(),
        connection_timeout: settings.storage.database.connection_timeout,
        synchronous: synchronous(settings),
        node_id,
    }
}

/// Durability of a commit.
pub fn synchronous(settings: &Settings) -> Synchronous {
    settings.storage.database.synchronous
}

/// The SNMPv3 users with their active credentials, keys derived; keys that `previous` has as well keep what was made of
/// them. Takes a millisecond or two for each password.
pub fn users(configured: &Credentials, previous: &Users) -> Users {
    let credentials: Vec<_> = configured.users.iter().map(active_secrets).collect();
    let secrets: Vec<UserSecrets<'_>> = configured
        .users
        .iter()
        .zip(&credentials)
        .map(|(user, credentials)| UserSecrets {
            name: user.username.as_bytes(),
            min_level: user.min_security_level,
            credentials,
        })
        .collect();
    Users::derive(&secrets, previous)
}

/// The credentials of a user that are active, in order of priority.
fn active_secrets(user: &User) -> Vec<CredentialSecrets<'_>> {
    let credentials = user.credentials.iter().filter(|credential| credential.active);
    credentials
        .map(|credential| CredentialSecrets {
            priority: credential.priority,
            engine_id: credential.engine_id,
            auth: credential.authentication.as_ref().map(|auth| (auth.protocol, key_source(&auth.key))),
            privacy: credential.privacy.as_ref().map(|privacy| (privacy.protocol, key_source(&privacy.key))),
        })
        .collect()
}

/// What a key of a credential is made from.
fn key_source(key: &CredentialKey) -> KeySource<'_> {
    match key {
        CredentialKey::Password(password) => KeySource::Password(password.expose()),
        CredentialKey::Localised(key) => KeySource::LocalisedKey(key.expose()),
    }
}

/// Number of UDP shards: as configured, or one for every two processors, at most 8. The store takes a processor of
/// its own long before a shard is busy.
pub fn shards(settings: &Settings) -> usize {
    let chosen = match settings.daemon.shards {
        0 => std::thread::available_parallelism().map_or(1, |cores| cores.get() / 2).clamp(1, 8),
        asked => asked,
    };
    // One producer of ids is the thread that reads streams.
    chosen.min(PRODUCERS_MAX - 1)
}

/// Slots of the queue.
pub fn queue_slots(settings: &Settings, listeners: usize) -> usize {
    settings.processor.queue_max_messages.div_ceil(BATCH_EVENTS_MAX) + SPARE_SLOTS + listeners
}

/// What to receive, with the listeners and their numbers in rows.
pub fn group(
    settings: &Settings,
    runtime: Runtime,
    listeners: Vec<NumberedSpec>,
    own_events: u8,
    certificates: Certificates,
) -> GroupSettings {
    let sources = sources(settings, &listeners, own_events, None);
    GroupSettings {
        runtime,
        shards: shards(settings),
        listeners,
        own_events,
        certificates,
        sources: Arc::new(ArcSwap::from_pointee(sources)),
    }
}

/// What is taken from whom. The rate limit of `previous` is changed and kept, with what it knows of sources.
pub fn sources(
    settings: &Settings,
    listeners: &[NumberedSpec],
    own_events: u8,
    previous: Option<&SourcePolicy>,
) -> SourcePolicy {
    let configured = listeners.iter().map(|listener| (listener.number, listener.spec.sources.clone()));
    let own = (own_events, ListenerSources::default());
    let rate = rate(&settings.sources);
    let limiter = match previous.and_then(|previous| previous.limiter.clone()) {
        Some(limiter) => {
            limiter.set(rate);
            Some(limiter)
        }
        None => rate.map(|rate| Arc::new(RateLimiter::new(rate))),
    };
    SourcePolicy {
        denied: settings.sources.deny_from.clone(),
        limiter,
        fair_share: settings.sources.fair_share,
        ..SourcePolicy::new(configured.chain([own]).collect(), settings.listeners.snmp.policy.clone())
    }
}

/// The limit on what one source may send.
fn rate(sources: &settings::Sources) -> Option<RateSettings> {
    Some(RateSettings {
        messages_per_second: sources.messages_per_second_max?,
        burst_messages: sources.burst_messages_max,
        summary_micros: i64::try_from(sources.summary.as_micros()).unwrap_or(i64::MAX),
    })
}

/// The sink.
pub fn drain(settings: &Settings) -> DrainSettings {
    DrainSettings {
        events_max: settings.processor.batch_write_messages,
        wait_max: settings.processor.batch_timeout,
        stop_patience: STOP_PATIENCE,
    }
}
