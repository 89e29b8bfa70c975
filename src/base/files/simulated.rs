//! A disk in memory for tests: its n-th operation fails, and power loss leaves only what was synced.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::base::files::{FileSystem, OutputFile, directory_of};

/// A file's octets as a running system sees them, and as they are on the disk.
#[derive(Debug, Clone, Default)]
struct Contents {
    seen: Vec<u8>,
    synced: Vec<u8>,
}

#[derive(Debug, Default)]
struct State {
    files: Vec<Contents>,
    /// Names as a running system sees them: number of the file.
    names: BTreeMap<PathBuf, usize>,
    /// Names on the disk.
    synced_names: BTreeMap<PathBuf, usize>,
    operations: u64,
    fail_at: Option<u64>,
}

/// The disk. From the operation that fails on, all others fail, too.
#[derive(Debug, Clone, Default)]
pub struct SimulatedDisk(Arc<Mutex<State>>);

struct SimulatedFile {
    disk: SimulatedDisk,
    number: usize,
}

impl SimulatedDisk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the `operation`-th operation from now on fail, counted from 1: a read, open, write, sync or rename.
    pub fn fail_at(&self, operation: u64) {
        let mut state = self.state();
        state.fail_at = Some(state.operations + operation);
    }

    /// The disk as the next process finds it.
    pub fn after_restart(&self) -> Self {
        let state = self.state();
        let (files, names) = (state.files.clone(), state.names.clone());
        Self(Arc::new(Mutex::new(State { files, synced_names: names.clone(), names, ..State::default() })))
    }

    /// The disk as the next process finds it when nothing but what was synced is left.
    pub fn after_power_loss(&self) -> Self {
        let state = self.state();
        let kept = |file: &Contents| Contents { seen: file.synced.clone(), synced: file.synced.clone() };
        let (files, names) = (state.files.iter().map(kept).collect(), state.synced_names.clone());
        Self(Arc::new(Mutex::new(State { files, synced_names: names.clone(), names, ..State::default() })))
    }

    /// Counts an operation; fails when its turn has come.
    fn begin(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.operations += 1;
        match state.fail_at {
            Some(at) if state.operations >= at => Err(io::Error::other("simulated fault")),
            _ => Ok(state),
        }
    }
}

impl Write for SimulatedFile {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.disk.begin().map(|mut state| {
            state.files[self.number].seen.extend_from_slice(octets);
            octets.len()
        });
        if written.is_err() {
            // A write that fails may have written a part.
            let half = &octets[..octets.len() / 2];
            self.disk.state().files[self.number].seen.extend_from_slice(half);
        }
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl OutputFile for SimulatedFile {
    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.begin()?;
        let file = &mut state.files[self.number];
        file.synced.clone_from(&file.seen);
        Ok(())
    }
}

impl FileSystem for SimulatedDisk {
    fn read(&self, path: &Path, octets_max: u64) -> io::Result<Vec<u8>> {
        let state = self.begin()?;
        let number = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        let octets = state.files[number].seen.clone();
        if octets.len() as u64 > octets_max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(octets) }
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn OutputFile>> {
        let mut state = self.begin()?;
        let number = match state.names.get(path).copied() {
            Some(number) => {
                state.files[number].seen.clear();
                number
            }
            None => {
                state.files.push(Contents::default());
                let number = state.files.len() - 1;
                state.names.insert(path.to_path_buf(), number);
                number
            }
        };
        Ok(Box::new(SimulatedFile { disk: self.clone(), number }))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.begin()?;
        let number = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        state.names.insert(to.to_path_buf(), number);
        Ok(())
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let mut state = self.begin()?;
        let State { names, synced_names, .. } = &mut *state;
        synced_names.retain(|name, _| directory_of(name) != path);
        let inside = names.iter().filter(|(name, _)| directory_of(name) == path);
        synced_names.extend(inside.map(|(name, number)| (name.clone(), *number)));
        Ok(())
    }
}
