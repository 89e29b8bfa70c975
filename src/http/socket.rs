//! The socket beside the store, through which commands speak to the running program.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use tokio::net::UnixListener;

use crate::base::files::directory_of;

/// Name of the socket, in the directory of the database.
pub const FILE_NAME: &str = "muttd.sock";

/// Who may connect: the user that the program runs as.
const MODE: u32 = 0o600;

/// Where the socket of the store at `database` is.
#[must_use]
pub fn path_beside(database: &Path) -> PathBuf {
    directory_of(database).join(FILE_NAME)
}

/// Binds the socket at `path`, in place of one that an earlier run left there. The caller holds the lock of the store: no
/// other process listens there. Must be called inside a runtime.
///
/// # Errors
/// What the system reports; also for a path that is longer than a socket's may be (107 octets).
pub fn bind(path: &Path) -> io::Result<UnixListener> {
    // It gets its name when its permissions are right: nobody can connect before, and the old one is gone at once.
    let mut unnamed = path.as_os_str().to_owned();
    unnamed.push(".new");
    let unnamed = PathBuf::from(unnamed);
    match fs::remove_file(&unnamed) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&unnamed)?;
    fs::set_permissions(&unnamed, Permissions::from_mode(MODE))?;
    fs::rename(&unnamed, path)?;
    Ok(listener)
}
