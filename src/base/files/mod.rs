//! Files of our own, behind a trait: a test puts a simulated disk in the place of the real one and makes each operation
//! fail in turn.

#[cfg(test)]
pub mod simulated;

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

/// A file that is being written.
pub trait OutputFile: Write + Send {
    /// Returns when what was written is on the disk.
    ///
    /// # Errors
    /// What the system reports; how much of the file is on the disk is unknown then.
    fn sync(&mut self) -> io::Result<()>;
}

/// The operations on files that a crash or a full disk can interrupt.
pub trait FileSystem: fmt::Debug + Send + Sync {
    /// Reads a whole file of at most `octets_max` octets.
    ///
    /// # Errors
    /// What the system reports; [`io::ErrorKind::FileTooLarge`] for a longer file.
    fn read(&self, path: &Path, octets_max: u64) -> io::Result<Vec<u8>>;

    /// Opens a file for writing, empty.
    ///
    /// # Errors
    /// What the system reports.
    fn create(&self, path: &Path) -> io::Result<Box<dyn OutputFile>>;

    /// Gives a file another name, in place of the file that had that name.
    ///
    /// # Errors
    /// What the system reports; both names are as they were then.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Returns when the names in a directory are on the disk.
    ///
    /// # Errors
    /// What the system reports.
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
}

/// The file system of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemFiles;

impl OutputFile for File {
    fn sync(&mut self) -> io::Result<()> {
        self.sync_all()
    }
}

impl FileSystem for SystemFiles {
    fn read(&self, path: &Path, octets_max: u64) -> io::Result<Vec<u8>> {
        let mut octets = Vec::new();
        // One more than allowed tells a file that is too long from one that just fits.
        File::open(path)?.take(octets_max.saturating_add(1)).read_to_end(&mut octets)?;
        if octets.len() as u64 > octets_max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        Ok(octets)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn OutputFile>> {
        Ok(Box::new(File::create(path)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }
}

/// The directory of a file; `.` for a bare name.
#[must_use]
pub fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|directory| !directory.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Puts a file with `octets` in the place of the one at `path`. Whatever happens on the way, the file at `path` is the
/// old one or the new one, whole; when this returns `Ok`, it is the new one, and on the disk.
///
/// # Errors
/// What the system reports. The file may be the new one even so, when only the directory could not be synced.
pub fn replace(files: &dyn FileSystem, path: &Path, octets: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".tmp");
    let temporary = PathBuf::from(temporary);
    let mut file = files.create(&temporary)?;
    file.write_all(octets)?;
    // Before the rename: a name that leads to octets which are not on the disk is a file lost.
    file.sync()?;
    drop(file);
    files.rename(&temporary, path)?;
    files.sync_directory(directory_of(path))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::simulated::SimulatedDisk;
    use super::*;

    #[test]
    fn the_system_replaces_a_file_and_reads_no_more_than_allowed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        for octets in [&b"old"[..], b"newer"] {
            replace(&SystemFiles, &path, octets).unwrap();
            assert_eq!(SystemFiles.read(&path, octets.len() as u64).unwrap(), octets);
        }
        assert_eq!(SystemFiles.read(&path, 4).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let names: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, ["a.json"]);
        assert_eq!(directory_of(Path::new("a.json")), Path::new("."));
    }

    #[test]
    fn a_replaced_file_is_old_or_new_wherever_the_disk_fails() {
        let path = Path::new("data/a.json");
        let mut outcomes = [0, 0];
        for operation in 1.. {
            let disk = SimulatedDisk::default();
            replace(&disk, path, b"old").unwrap();
            disk.fail_at(operation);
            let result = replace(&disk, path, b"new");
            for after in [disk.after_restart(), disk.after_power_loss()] {
                let found = after.read(path, 10).unwrap();
                assert!(found == b"old" || found == b"new", "operation {operation}: {found:?}");
                assert!(result.is_err() || found == b"new", "operation {operation}: reported as done");
                outcomes[usize::from(found == b"new")] += 1;
            }
            if result.is_ok() {
                break;
            }
        }
        assert!(outcomes[0] > 3 && outcomes[1] > 1, "{outcomes:?}");
    }

    #[test]
    fn the_simulated_disk_loses_what_was_not_synced() {
        let disk = SimulatedDisk::default();
        let mut file = disk.create(Path::new("data/a")).unwrap();
        file.write_all(b"octets").unwrap();
        disk.rename(Path::new("data/a"), Path::new("data/b")).unwrap();
        disk.sync_directory(Path::new("data")).unwrap();
        assert_eq!(disk.after_restart().read(Path::new("data/b"), 10).unwrap(), b"octets");
        assert_eq!(disk.after_power_loss().read(Path::new("data/b"), 10).unwrap(), b"");
        assert!(disk.after_power_loss().read(Path::new("data/a"), 10).is_err());
    }
}
