//! Check Point Log Exporter: `time=1709802303|hostname=fw1|product=Firewall|`.

use super::{Dialect, PairRole};

pub(super) const DIALECT: Dialect =
    Dialect { pairs: &[("hostname", PairRole::Gateway)], first_pairs: &["time"], ..Dialect::NONE };
