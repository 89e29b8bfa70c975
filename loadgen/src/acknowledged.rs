//! The file of what was acknowledged: a promise of the receiver is written down before it is counted.
//!
//! ```text
//! loadgen acknowledged run=xxxxxxxx fingerprint=xxxxxxxxxxxxxxxx
//! 17
//! 18
//! ```
//!
//! Beside the transports. Invariant: a sequence number in the file was answered; a run that is killed leaves whole lines
//! and at most one that is cut off, which does not count.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use anyhow::{Context, Result, bail};

const HEAD: &str = "loadgen acknowledged";

/// A file that is being written.
#[derive(Debug)]
pub struct AcknowledgedFile {
    path: PathBuf,
    file: Mutex<File>,
}

fn head(run_id: u32, fingerprint: u64) -> String {
    format!("{HEAD} run={run_id:08x} fingerprint={fingerprint:016x}")
}

impl AcknowledgedFile {
    /// A new file for a run.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn create(path: &Path, run_id: u32, fingerprint: u64) -> Result<Self> {
        let this = File::create(path).map(|file| Self { path: path.to_path_buf(), file: Mutex::new(file) });
        let this = this.with_context(|| format!("--acknowledged-file: cannot create {}", path.display()))?;
        this.write(&(head(run_id, fingerprint) + "\n"))?;
        Ok(this)
    }

    /// Appends sequence numbers, in one call to the kernel.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn append(&self, sequences: &[u64]) -> Result<()> {
        let mut text = String::with_capacity(sequences.len() * 8);
        for sequence in sequences {
            let _ = writeln!(text, "{sequence}");
        }
        self.write(&text)
    }

    /// Waits until all of it is on the disk.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn sync(&self) -> Result<()> {
        self.lock().sync_data().with_context(|| self.complaint())
    }

    fn write(&self, text: &str) -> Result<()> {
        self.lock().write_all(text.as_bytes()).with_context(|| self.complaint())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, File> {
        self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn complaint(&self) -> String {
        format!("--acknowledged-file: cannot write {}", self.path.display())
    }
}

/// The sequence numbers in the file at `path`.
///
/// # Errors
/// There is no such file, it is not one of these, or it is of another run.
pub fn read(path: &Path, run_id: u32, fingerprint: u64) -> Result<Vec<u64>> {
    let name = path.display();
    let text =
        std::fs::read_to_string(path).with_context(|| format!("--acknowledged-file: cannot read {name}"))?;
    let mut lines = text.split_inclusive('\n');
    let first = lines.next().unwrap_or_default();
    if first.trim_end_matches('\n') != head(run_id, fingerprint) {
        bail!(
            "--acknowledged-file: {name} begins with {first:?}, not with {:?}: it is of another run, or the options are \
             not those of that run",
            head(run_id, fingerprint)
        );
    }
    let number = |line: &str| {
        line.trim_end_matches('\n').parse().with_context(|| format!("--acknowledged-file: {name}: {line:?}"))
    };
    // The last line may be cut off.
    lines.filter(|line| line.ends_with('\n')).map(number).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_a_cut_off_line_does_not_count() {
        let path = std::env::temp_dir().join(format!("loadgen-acknowledged-{}", std::process::id()));
        let file = AcknowledgedFile::create(&path, 0xAB, 7).unwrap();
        file.append(&[1, 2, 30]).unwrap();
        file.append(&[]).unwrap();
        file.append(&[4]).unwrap();
        file.sync().unwrap();
        assert_eq!(read(&path, 0xAB, 7).unwrap(), [1, 2, 30, 4]);
        assert!(read(&path, 0xAB, 8).unwrap_err().to_string().contains("another run"));
        file.write("12").unwrap();
        assert_eq!(read(&path, 0xAB, 7).unwrap(), [1, 2, 30, 4]);
        file.write("x\n").unwrap();
        assert!(format!("{:#}", read(&path, 0xAB, 7).unwrap_err()).contains("12x"));
        std::fs::remove_file(&path).unwrap();
        assert!(read(&path, 0xAB, 7).is_err());
    }
}
