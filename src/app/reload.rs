//! Reloading the rules, the SNMPv3 credentials and the MIB modules: when a file of theirs or one that it names
//! changes, on SIGHUP, and every so often. Never on the receive path.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::runtime::Runtime;

use crate::app::changes::{Changes, DirectoryChanges, Watched};
use crate::app::{names, wiring};
use crate::config::settings::Settings;
use crate::config::{self, ConfigError};
use crate::mib;
use crate::security::UsersInForce;
use crate::shard::names::NamesInForce;
use crate::shard::rules::{ActiveRules, RulesInForce};

/// What is left for a file that cannot be watched.
const REMAINS: &str = "SIGHUP and the interval remain";

/// Loads a file and puts what is in it in force; returns how much that is, in words.
type Load = Arc<dyn Fn(&Path) -> Result<String, ConfigError> + Send + Sync>;

/// Keeps the rules and the users in force up to date.
#[derive(Debug)]
pub struct Reloader {
    rules: RulesInForce,
    files: Vec<Watched>,
}

impl Reloader {
    /// Starts watching the files that the settings name.
    pub fn start(
        settings: &Settings,
        rules: RulesInForce,
        users: UsersInForce,
        names: NamesInForce,
        control: &Runtime,
    ) -> Self {
        let interval = settings.pattern_matching.reload_interval;
        let mut files = Vec::new();
        if let Some(path) = settings.pattern_matching.rules_file.clone() {
            let in_force = Arc::clone(&rules);
            let load: Load = Arc::new(move |path| {
                let set = config::load_rules(path)?;
                let count = set.len();
                in_force.store(Arc::new(ActiveRules::new(set)));
                Ok(format!("{count} rule(s)"))
            });
            let (changes, watched) = Changes::of(vec![path.clone()], interval, REMAINS);
            control.spawn(reload("rules", path, changes, load));
            files.push(watched);
        }
        if let Some(path) = settings.snmpv3.credentials_file.clone() {
            let load: Load = Arc::new(move |path| {
                let credentials = config::load_credentials(path)?;
                let derived = wiring::users(&credentials, &users.load());
                let count = derived.len();
                users.store(Arc::new(derived));
                Ok(format!("{count} SNMPv3 user(s)"))
            });
            let (changes, watched) = Changes::of(vec![path.clone()], interval, REMAINS);
            let changes = changes.with_references(config::password_files);
            control.spawn(reload("credentials", path, changes, load));
            files.push(watched);
        }
        let directories = &settings.snmp.mib_dirs;
        if !directories.is_empty() {
            let watched = directories.clone();
            let look = move || mib::load::fingerprint(&watched);
            let (changes, watched) = DirectoryChanges::of(directories, interval, REMAINS, look);
            control.spawn(reload_names(directories.clone(), changes, names));
            files.push(watched);
        }
        Self { rules, files }
    }

    /// Asks for a reload now, whether the files changed or not.
    pub fn request(&self) {
        for file in &self.files {
            file.request();
        }
    }

    /// Number of rules in force.
    pub fn rules_in_force(&self) -> usize {
        self.rules.load().set.len()
    }
}

/// Loads the MIB modules in `directories` whenever they are to be read again.
async fn reload_names(directories: Vec<PathBuf>, mut changes: DirectoryChanges, names: NamesInForce) {
    loop {
        changes.next().await;
        let (directories, names) = (directories.clone(), Arc::clone(&names));
        if let Err(error) = tokio::task::spawn_blocking(move || names::load(&directories, &names)).await {
            tracing::error!("the MIB modules could not be made ready: {error}; the old names stay in force");
        }
    }
}

/// Loads the file at `path`, which holds `what`, whenever it is to be read again.
async fn reload(what: &'static str, path: PathBuf, mut changes: Changes, load: Load) {
    let file = path.display();
    loop {
        changes.next().await;
        let (path, load) = (path.clone(), Arc::clone(&load));
        // Thousands of rules or keys take a while; other control work goes on meanwhile.
        match tokio::task::spawn_blocking(move || load(&path)).await {
            Ok(Ok(loaded)) => tracing::info!("{loaded} from {file} are in force"),
            Ok(Err(error)) => {
                tracing::error!("{file} is rejected, the old {what} stay in force:\n{error}");
            }
            Err(error) => {
                tracing::error!("the {what} could not be made ready: {error}; the old ones stay in force")
            }
        }
    }
}
