//! The SNMPv3 credentials, and the files of passwords that they name.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::reload::Reloadable;
use crate::app::reload::watch::WatchPlan;
use crate::app::wiring;
use crate::config;
use crate::config::settings::Settings;
use crate::security::UsersInForce;

/// The file of the credentials, and where its users are in force.
pub(super) struct Credentials {
    path: PathBuf,
    in_force: UsersInForce,
}

impl Credentials {
    /// `None` when the settings name no file.
    pub(super) fn of(settings: &Settings, in_force: UsersInForce) -> Option<Box<dyn Reloadable>> {
        let path = settings.snmpv3.credentials_file.clone()?;
        Some(Box::new(Self { path, in_force }))
    }
}

impl Reloadable for Credentials {
    fn what(&self) -> &'static str {
        "credentials"
    }

    fn plan(&self) -> WatchPlan {
        let mut files = vec![self.path.clone()];
        files.extend(config::password_files(&self.path).unwrap_or_default());
        WatchPlan { files, directories: Vec::new() }
    }

    fn load(&mut self) -> Result<String, String> {
        let file = self.path.display();
        let credentials = config::load_credentials(&self.path)
            .map_err(|error| format!("{file} is rejected, the old credentials stay in force:\n{error}"))?;
        // Keys that are in force already are not derived again.
        let before = self.in_force.load();
        let derived = wiring::users(&credentials, &before);
        let count = derived.len();
        self.in_force.store(Arc::new(derived));
        Ok(format!("{count} SNMPv3 user(s) from {file} are in force, {} before", before.len()))
    }
}
