//! FortiGate: `date=2026-03-31 time=07:48:26 devname="fw1" ... tz="-0500"`.

use super::{Dialect, PairRole};

pub(super) const DIALECT: Dialect = Dialect {
    pairs: &[
        ("date", PairRole::Date),
        ("time", PairRole::Time),
        ("devname", PairRole::Name),
        ("tz", PairRole::Zone),
    ],
    first_pairs: &["date", "logid", "devname"],
    ..Dialect::NONE
};
