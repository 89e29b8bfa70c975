//! The alert rules.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::reload::Reloadable;
use crate::app::reload::watch::WatchPlan;
use crate::config;
use crate::config::settings::Settings;
use crate::shard::rules::{ActiveRules, RulesInForce};

/// The file of the rules, and where they are in force.
pub(super) struct Rules {
    path: PathBuf,
    in_force: RulesInForce,
}

impl Rules {
    /// `None` when the settings name no file.
    pub(super) fn of(settings: &Settings, in_force: RulesInForce) -> Option<Box<dyn Reloadable>> {
        let path = settings.pattern_matching.rules_file.clone()?;
        Some(Box::new(Self { path, in_force }))
    }
}

impl Reloadable for Rules {
    fn what(&self) -> &'static str {
        "rules"
    }

    fn plan(&self) -> WatchPlan {
        WatchPlan { files: vec![self.path.clone()], directories: Vec::new() }
    }

    fn load(&mut self) -> Result<String, String> {
        let file = self.path.display();
        let set = config::load_rules(&self.path)
            .map_err(|error| format!("{file} is rejected, the old rules stay in force:\n{error}"))?;
        let (count, before) = (set.len(), self.in_force.load().set.len());
        self.in_force.store(Arc::new(ActiveRules::new(set)));
        Ok(format!("{count} rule(s) from {file} are in force, {before} before"))
    }
}
