//! What `muttd store upgrade` says while it works.

use std::path::Path;
use std::time::Duration;

use crate::base::clock::Stopwatch;
use crate::storage::schema;
use crate::storage::upgrade::{Estimate, Progress, Summary, Upgrade, UpgradeError};

/// How often progress is told.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

const MIB_OCTETS: u64 = 1024 * 1024;

/// Upgrades the store at `path`, or says with `is_rehearsal` what that would take; each line goes to `say`.
///
/// # Errors
/// See [`UpgradeError`].
pub fn run(path: &Path, is_rehearsal: bool, say: impl Fn(&str)) -> Result<(), UpgradeError> {
    let Some(upgrade) = Upgrade::open(path)? else {
        say(&format!("{} has schema version {} already", path.display(), schema::VERSION));
        return Ok(());
    };
    for line in told_before(path, &upgrade.estimate()?) {
        say(&line);
    }
    if is_rehearsal {
        say("nothing was changed");
        return Ok(());
    }
    let mut since = Stopwatch::start();
    let summary = upgrade.run(|progress| {
        if since.elapsed() >= REPORT_INTERVAL {
            since = Stopwatch::start();
            say(&told_meanwhile(&progress));
        }
    })?;
    say(&told_after(&summary));
    Ok(())
}

fn told_before(path: &Path, estimate: &Estimate) -> [String; 3] {
    let Estimate { version, rows, rows_done, .. } = estimate;
    let resumed =
        if *rows_done > 0 { format!(", {rows_done} of them upgraded before") } else { String::new() };
    [
        format!(
            "{}: schema version {version}, {rows} rows{resumed}, {}",
            path.display(),
            size(estimate.octets)
        ),
        format!(
            "version {}: about {}; {} needed beside it until the end, {} free",
            schema::VERSION,
            size(estimate.octets_after),
            size(estimate.octets_needed),
            size(estimate.octets_free)
        ),
        format!("time: about {}", duration(estimate.duration)),
    ]
}

fn told_meanwhile(progress: &Progress) -> String {
    let Progress { rows, rows_done, rows_per_second, remaining } = progress;
    let percent = rows_done * 100 / (*rows).max(1);
    format!(
        "{rows_done} of {rows} rows ({percent} %), {rows_per_second:.0} rows/s, {} left",
        duration(*remaining)
    )
}

fn told_after(summary: &Summary) -> String {
    let Summary { rows, octets, duration: took } = summary;
    format!("done: {rows} rows, {}, in {}", size(*octets), duration(*took))
}

/// Octets for readers.
fn size(octets: u64) -> String {
    format!("{} MiB", octets.div_ceil(MIB_OCTETS))
}

/// A duration for readers: to the second, rounded up.
fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs() + u64::from(duration.subsec_nanos() > 0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told() {
        let estimate = Estimate {
            version: 5,
            rows: 1_000,
            rows_done: 400,
            octets: 3 * MIB_OCTETS - 1,
            octets_after: 2 * MIB_OCTETS,
            octets_needed: 130 * MIB_OCTETS,
            octets_free: 9_000 * MIB_OCTETS,
            duration: Duration::from_millis(61_200),
        };
        assert_eq!(
            told_before(Path::new("data/messages.db"), &estimate).join("\n"),
            "data/messages.db: schema version 5, 1000 rows, 400 of them upgraded before, 3 MiB\n\
             version 7: about 2 MiB; 130 MiB needed beside it until the end, 9000 MiB free\n\
             time: about 1 min 2 s"
        );
        let progress = Progress {
            rows: 1_000,
            rows_done: 250,
            rows_per_second: 99.6,
            remaining: Duration::from_secs(7_260),
        };
        assert_eq!(told_meanwhile(&progress), "250 of 1000 rows (25 %), 100 rows/s, 2 h 1 min left");
    }
}
