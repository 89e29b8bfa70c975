//! The certificates of the listeners over TLS. Connections that are open keep theirs.

use std::path::Path;

use crate::app::reload::Reloadable;
use crate::app::reload::watch::WatchPlan;
use crate::base::clock::{Clock as _, SystemClock};
use crate::net::tls::{self, Certificates, TlsInForce, TlsSettings};

/// The files of certificates that some listeners share, and where these are in force.
pub(super) struct SharedCertificates {
    settings: TlsSettings,
    in_force: TlsInForce,
}

impl SharedCertificates {
    /// One for each TLS configuration. Warns when a certificate in force is of no use, or soon will be.
    pub(super) fn each_of(certificates: &Certificates) -> impl Iterator<Item = Box<dyn Reloadable>> {
        certificates.iter().map(|(settings, in_force)| -> Box<dyn Reloadable> {
            warn_of_expiry(settings);
            Box::new(Self { settings: settings.clone(), in_force: in_force.clone() })
        })
    }
}

/// Says when our certificate is of no use, or soon will be.
fn warn_of_expiry(settings: &TlsSettings) {
    if let Some(warning) = tls::expiry_warning(settings, SystemClock.now()) {
        tracing::warn!("{warning}");
    }
}

impl Reloadable for SharedCertificates {
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
