//! Sophos Firewall: `device="SFW" date=2026-03-31 time=07:48:26 timezone="CEST" device_name="XG1"`, since version 18
//! `device_name="SFW" timestamp="2026-03-31T07:48:26+0200"`.

use super::{Dialect, PairRole};

pub(super) const DIALECT: Dialect = Dialect {
    pairs: &[
        ("timezone", PairRole::Zone),
        ("timestamp", PairRole::Time),
        ("device_name", PairRole::FirstName),
    ],
    first_pairs: &["device", "device_name"],
    ..Dialect::NONE
};
