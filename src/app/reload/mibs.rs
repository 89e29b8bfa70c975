//! The MIB modules in `snmp.mib_dirs`.

use std::path::PathBuf;

use crate::app::names;
use crate::app::reload::Reloadable;
use crate::app::reload::watch::WatchPlan;
use crate::config::settings::Settings;
use crate::shard::names::NamesInForce;

/// The directories of the modules, and where their names are in force.
pub(super) struct Mibs {
    directories: Vec<PathBuf>,
    in_force: NamesInForce,
}

impl Mibs {
    /// `None` when the settings name no directory.
    pub(super) fn of(settings: &Settings, in_force: NamesInForce) -> Option<Box<dyn Reloadable>> {
        let directories = settings.snmp.mib_dirs.clone();
        (!directories.is_empty()).then(|| -> Box<dyn Reloadable> { Box::new(Self { directories, in_force }) })
    }
}

impl Reloadable for Mibs {
    fn what(&self) -> &'static str {
        "mibs"
    }

    fn plan(&self) -> WatchPlan {
        WatchPlan { files: Vec::new(), directories: self.directories.clone() }
    }

    fn load(&mut self) -> Result<String, String> {
        Ok(names::load(&self.directories, &self.in_force))
    }
}
