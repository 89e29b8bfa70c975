//! SonicWall: `id=firewall sn=18B169A72F48 time="2016-08-19 18:42:09 UTC" fw=192.0.2.1`.

use super::{Dialect, PairRole};

pub(super) const DIALECT: Dialect = Dialect {
    pairs: &[("sn", PairRole::Serial), ("fw", PairRole::Address)],
    first_pairs: &["id"],
    ..Dialect::NONE
};
