//! Reading of files that others write: bounded, and regular files only.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use zeroize::Zeroizing;

/// The octets of the regular file at `path`. They are wiped when they are dropped, since they may be secret.
///
/// # Errors
/// What the system reports; [`io::ErrorKind::InvalidInput`] for a device, pipe, socket or directory, which are never
/// read, and [`io::ErrorKind::FileTooLarge`] for a file of more than `octets_max` octets.
pub fn read_regular(path: &Path, octets_max: u64) -> io::Result<Zeroizing<Vec<u8>>> {
    let (file, known) = open_regular(path)?;
    // Room for the whole file at once: growing would leave pieces of a secret behind.
    let capacity = usize::try_from(known.len().min(octets_max)).unwrap_or(0) + 1;
    let mut octets = Zeroizing::new(Vec::with_capacity(capacity));
    file.take(octets_max.saturating_add(1)).read_to_end(&mut octets)?;
    if octets.len() as u64 > octets_max {
        let what = format!("larger than {octets_max} octets");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, what));
    }
    Ok(octets)
}

/// Opens the regular file at `path` for reading. A pipe without a writer does not hold the caller up.
fn open_regular(path: &Path) -> io::Result<(File, Metadata)> {
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(path)?;
    let known = file.metadata()?;
    if !known.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    Ok((file, known))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn regular_files_are_read_up_to_the_bound() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, b"12345").unwrap();
        assert_eq!(read_regular(&path, 5).unwrap().as_slice(), b"12345");
        assert_eq!(read_regular(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        std::fs::remove_file(&path).unwrap();
        assert_eq!(read_regular(&path, 5).unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_is_no_regular_file_is_not_read() {
        let directory = tempfile::tempdir().unwrap();
        for path in [directory.path(), Path::new("/dev/zero")] {
            assert_eq!(read_regular(path, 5).unwrap_err().kind(), io::ErrorKind::InvalidInput);
        }
        let pipe = directory.path().join("pipe");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        assert_eq!(read_regular(&pipe, 5).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
