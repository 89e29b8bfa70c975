//! The main configuration and the files of `conf.d`: keys that can change while the program runs do, others are named.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;

use arc_swap::ArcSwap;

use crate::app::reload::Reloadable;
use crate::app::reload::watch::{Signal, WatchPlan};
use crate::app::{listeners, wiring};
use crate::config::settings::Settings;
use crate::config::{self, KeyInForce};
use crate::shard::admission::SourcesInForce;
use crate::shard::listener::NumberedSpec;
use crate::telemetry::logging::LogControl;

/// Where parts of the program look for settings that may change.
pub(in crate::app) type SettingsInForce = Arc<ArcSwap<Settings>>;

/// What a change of the main configuration reaches.
pub(in crate::app) struct LiveParts {
    /// The main file.
    pub(in crate::app) path: PathBuf,
    /// The settings in force.
    pub(in crate::app) settings: SettingsInForce,
    /// The same, key by key.
    pub(in crate::app) keys: Vec<KeyInForce>,
    /// The log.
    pub(in crate::app) log: LogControl,
    /// What is taken from whom.
    pub(in crate::app) sources: SourcesInForce,
    /// The listeners that are bound.
    pub(in crate::app) listeners: Vec<NumberedSpec>,
    /// Number of the listener that counts the program's own events.
    pub(in crate::app) own_events: u8,
}

/// The files of the configuration, and what they reach.
pub(super) struct Configuration {
    parts: LiveParts,
    /// The threads of kinds whose files the settings name.
    dependents: Vec<Sender<Signal>>,
}

impl Configuration {
    /// The configuration that was loaded at the start; `dependents` look at their files again after each change.
    pub(super) fn of(parts: LiveParts, dependents: Vec<Sender<Signal>>) -> Box<dyn Reloadable> {
        Box::new(Self { parts, dependents })
    }

    /// Puts what can change while the program runs in force.
    fn apply(&self, settings: &Settings) {
        let LiveParts { log, sources, listeners, own_events, .. } = &self.parts;
        log.set_level(wiring::logging(settings).level);
        let listeners = respecify(listeners, settings);
        let policy = wiring::sources(settings, &listeners, *own_events, Some(&sources.load()));
        sources.store(Arc::new(policy));
        self.parts.settings.store(Arc::new(settings.clone()));
        for kind in &self.dependents {
            let _ = kind.send(Signal::Reported);
        }
    }
}

/// The bound listeners as `settings` want them; one that is switched off there stays as it is until a restart.
fn respecify(bound: &[NumberedSpec], settings: &Settings) -> Vec<NumberedSpec> {
    let wanted = listeners::specify(settings);
    let respecify = |listener: &NumberedSpec| {
        let spec = wanted.iter().find(|spec| spec.name == listener.spec.name);
        let spec = spec.map_or_else(|| Arc::clone(&listener.spec), |spec| Arc::new(spec.clone()));
        NumberedSpec { number: listener.number, spec }
    };
    bound.iter().map(respecify).collect()
}

impl Reloadable for Configuration {
    fn what(&self) -> &'static str {
        "configuration"
    }

    fn plan(&self) -> WatchPlan {
        let path = &self.parts.path;
        // A folder that cannot be read is reported when the files are loaded.
        let mut files = config::files(path).unwrap_or_else(|_| vec![path.clone()]);
        files.extend(config::secret_files(path).unwrap_or_default());
        WatchPlan { files, directories: vec![config::overrides_folder(path)] }
    }

    fn load(&mut self) -> Result<String, String> {
        let file = self.parts.path.display().to_string();
        let (settings, keys) = config::show(&self.parts.path)
            .map_err(|error| format!("{file} is rejected, the old configuration stays in force:\n{error}"))?;
        let is_changed = settings != **self.parts.settings.load();
        let changes = Changes::between(&self.parts.keys, &keys);
        self.apply(&settings);
        self.parts.keys = keys;
        Ok(format!("the configuration {file} is in force: {}", changes.describe(is_changed)))
    }
}

/// What two states of the configuration differ in.
#[derive(Debug, Default, PartialEq, Eq)]
struct Changes {
    /// Keys that changed and are in force, with the new value.
    live: Vec<String>,
    /// Keys that changed and need a restart.
    restart: Vec<String>,
}

impl Changes {
    fn between(before: &[KeyInForce], after: &[KeyInForce]) -> Self {
        let mut changes = Self::default();
        for key in after {
            let known = before.iter().find(|known| known.key == key.key);
            if known.is_none_or(|known| known.value == key.value) {
                continue;
            }
            if key.is_live {
                changes.live.push(format!("{} = {}", key.key, config::yaml(&key.value)));
            } else {
                changes.restart.push(key.key.clone());
            }
        }
        changes
    }

    /// One line; `is_changed` tells whether anything changed at all, values that are not shown included.
    fn describe(&self, is_changed: bool) -> String {
        let mut parts = Vec::new();
        if !self.live.is_empty() {
            parts.push(self.live.join(", "));
        }
        if !self.restart.is_empty() {
            parts.push(format!("{} needs a restart", self.restart.join(", ")));
        }
        match (parts.is_empty(), is_changed) {
            (false, _) => parts.join("; "),
            (true, true) => "a secret changed".to_owned(),
            (true, false) => "nothing changed".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str, value: i32, is_live: bool) -> KeyInForce {
        KeyInForce { key: name.to_owned(), value: value.into(), origin: None, is_live }
    }

    #[test]
    fn changed_keys_are_named_by_whether_they_are_in_force() {
        let before = [key("a", 1, true), key("b", 1, false), key("c", 1, true)];
        let after = [key("a", 2, true), key("b", 2, false), key("c", 1, true)];
        let changes = Changes::between(&before, &after);
        assert_eq!(changes.describe(true), "a = 2; b needs a restart");
        let none = Changes::between(&after, &after);
        assert_eq!(
            (none.describe(true), none.describe(false)),
            ("a secret changed".into(), "nothing changed".into())
        );
    }
}
