//! `pattern_matching`.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::declare::{key, section};
use crate::config::kinds::{PathOrNull, SecondsOrNever};

section! {
    /// `pattern_matching`: the alert rules.
    pub struct PatternMatching {
        /// The alert rules. null = none.
        pub rules_file: Option<PathBuf> =
            key("rules_file", PathOrNull, Some("./config/alert_rules.yaml".into()), "/etc/mutt/alert_rules.yaml").live();
        /// How often that file is looked at for changes. A file with an error changes nothing: the old rules stay in
        /// force.
        pub reload_interval: Option<Duration> =
            key("reload_interval_seconds", SecondsOrNever, Some(Duration::from_secs(300)), "60");
    }
}
