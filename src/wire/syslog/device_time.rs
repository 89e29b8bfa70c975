//! The time that a device wrote into its message, as a value.
//!
//! Nothing is filled in here. The year that a device leaves out and the zone that it does not name are the
//! reader's to choose, who knows when the message came and from where.
//!
//! Invariant: a [`DeviceTime`] exists in the calendar.

/// What a Cisco device says about its clock, by the character before the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClockMark {
    /// Nothing: as far as we know the clock is right.
    #[default]
    Unmarked,
    /// `*`: the clock was never set; the time is worth nothing.
    NotSet,
    /// `.`: the clock was set, but is not synchronised any more.
    NotSynchronised,
}

/// A device's own time, exactly as far as its message says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceTime<'a> {
    /// Year, if the message has one.
    pub year: Option<i32>,
    /// Month, 1 to 12.
    pub month: u8,
    /// Day of the month, 1 to 31; 29 February may stand without a year.
    pub day: u8,
    /// Hour, 0 to 23.
    pub hour: u8,
    /// Minute, 0 to 59.
    pub minute: u8,
    /// Second, 0 to 59: RFC 5424 6.2.3 knows no leap second.
    pub second: u8,
    /// Nanosecond, 0 to 999,999,999.
    pub nanosecond: u32,
    /// Minutes east of UTC, if the message says; -1,439 to 1,439.
    pub offset_minutes: Option<i32>,
    /// A zone word (`UTC`, `CEST`), not interpreted: IST and EST mean different zones to different people.
    pub zone: Option<&'a [u8]>,
    /// What the device says about its clock.
    pub clock: ClockMark,
}
