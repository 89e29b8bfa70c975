-- Who is refused by the SNMP listener, and which engines are to be believed afresh.

-- One row for each source and reason; the newest 1,000 stay.
CREATE TABLE snmp_refused (
    -- An address, or 'others' for the sum of those that there was no room for.
    source_ip     TEXT NOT NULL,
    -- As in the ledger: what a message was dropped for, or stored undecoded.
    reason        TEXT NOT NULL,
    num_refused   INTEGER NOT NULL,
    first_refused TEXT NOT NULL,
    last_refused  TEXT NOT NULL,
    PRIMARY KEY (source_ip, reason)
) STRICT, WITHOUT ROWID;

-- Engines that an operator wants to be believed afresh; the daemon looks here. Old rows go when one is added.
CREATE TABLE snmpv3_forgotten_engines (
    number       INTEGER PRIMARY KEY AUTOINCREMENT,
    engine_id    TEXT NOT NULL,
    forgotten_at TEXT NOT NULL
) STRICT;
