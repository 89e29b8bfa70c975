//! Reloading certificates: when one of their files changes, and on SIGHUP. Connections that are open keep theirs.

use std::path::{Path, PathBuf};

use tokio::runtime::Runtime;

use crate::app::changes::{Changes, Watched};
use crate::base::clock::{Clock as _, SystemClock};
use crate::net::tls::{self, Certificates, TlsInForce, TlsSettings};

/// Starts watching the files of each of `certificates`, and keeps what is in force up to date.
pub(super) fn watch(certificates: &Certificates, control: &Runtime) -> Vec<Watched> {
    let watch = |(settings, in_force): &(TlsSettings, TlsInForce)| {
        warn(settings);
        let files: Vec<PathBuf> = settings.files().into_iter().map(Path::to_path_buf).collect();
        let (changes, watched) = Changes::of(files.clone(), None, "SIGHUP remains");
        control.spawn(reload(settings.clone(), files, changes, in_force.clone()));
        watched
    };
    certificates.iter().map(watch).collect()
}

/// Says when our certificate is of no use, or soon will be.
fn warn(settings: &TlsSettings) {
    if let Some(warning) = tls::expiry_warning(settings, SystemClock.now()) {
        tracing::warn!("{warning}");
    }
}

/// Loads the certificates whenever they are to be read again.
async fn reload(settings: TlsSettings, files: Vec<PathBuf>, mut changes: Changes, in_force: TlsInForce) {
    loop {
        changes.next().await;
        match tls::load(&settings) {
            Ok(config) => {
                in_force.replace(config);
                tracing::info!("the certificates in {files:?} are in force for new connections");
                warn(&settings);
            }
            // Often one of two files is new and the other one comes in a moment: then it is looked at again.
            Err(error) => {
                tracing::error!("new certificates are rejected, the old ones stay in force: {error}");
            }
        }
    }
}
