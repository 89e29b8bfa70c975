//! The alert rules.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::reload::Reloadable;
use crate::app::reload::settings::SettingsInForce;
use crate::app::reload::watch::WatchPlan;
use crate::app::wiring;
use crate::shard::rules::{ActiveRules, RulesInForce};

/// The file of the rules, which the settings in force name, and where the rules are in force.
pub(super) struct Rules {
    settings: SettingsInForce,
    in_force: RulesInForce,
}

impl Rules {
    /// The rules that `settings` name now and later.
    pub(super) fn of(settings: SettingsInForce, in_force: RulesInForce) -> Box<dyn Reloadable> {
        Box::new(Self { settings, in_force })
    }

    fn path(&self) -> Option<PathBuf> {
        self.settings.load().pattern_matching.rules_file.clone()
    }
}

impl Reloadable for Rules {
    fn what(&self) -> &'static str {
        "rules"
    }

    fn plan(&self) -> WatchPlan {
        WatchPlan { files: self.path().into_iter().collect(), directories: Vec::new() }
    }

    fn load(&mut self) -> Result<String, String> {
        let path = self.path();
        let file = path.as_ref().map_or_else(|| "no file".into(), |path| path.display().to_string());
        let rejected =
            |error: anyhow::Error| format!("{file} is rejected, the old rules stay in force:\n{error}");
        let set = wiring::load_rules(path.as_deref()).map_err(rejected)?;
        let (count, before) = (set.len(), self.in_force.load().set.len());
        self.in_force.store(Arc::new(ActiveRules::new(set)));
        Ok(format!("{count} rule(s) from {file} are in force, {before} before"))
    }
}
