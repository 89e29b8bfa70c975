//! The certificates of the listeners over TLS. Connections that are open keep theirs.

use std::path::Path;

use crate::app::reload::Reloadable;
use crate::app::reload::watch::WatchPlan;
use crate::base::clock::{Clock as _, SystemClock};
use crate::net::tls::{self, TlsInForce, TlsSettings};

/// The files of the certificates, and where these are in force.
pub(super) struct Certificates {
    settings: TlsSettings,
    in_force: TlsInForce,
}

impl Certificates {
    /// `None` without a listener over TLS. Warns when the certificate in force is of no use, or soon will be.
    pub(super) fn of(certificates: Option<(TlsSettings, TlsInForce)>) -> Option<Box<dyn Reloadable>> {
        let (settings, in_force) = certificates?;
        warn_of_expiry(&settings);
        Some(Box::new(Self { settings, in_force }))
    }
}

/// Says when our certificate is of no use, or soon will be.
fn warn_of_expiry(settings: &TlsSettings) {
    if let Some(warning) = tls::expiry_warning(settings, SystemClock.now()) {
        tracing::warn!("{warning}");
    }
}

impl Reloadable for Certificates {
    fn what(&self) -> &'static str {
        "certificates"
    }

    fn plan(&self) -> WatchPlan {
        let files = self.settings.files().into_iter().map(Path::to_path_buf).collect();
        WatchPlan { files, directories: Vec::new() }
    }

    fn load(&mut self) -> Result<String, String> {
        // Often one of two files is new and the other one comes in a moment: then a change is reported again.
        let config = tls::load(&self.settings)
            .map_err(|error| format!("new certificates are rejected, the old ones stay in force: {error}"))?;
        self.in_force.replace(config);
        warn_of_expiry(&self.settings);
        Ok(format!("the certificates in {:?} are in force for new connections", self.settings.files()))
    }
}
