-- Version 7: what is remembered of senders of SNMP notifications.

CREATE TABLE snmpv3_auth_failures (
    id           TEXT PRIMARY KEY NOT NULL,
    username     TEXT UNIQUE NOT NULL,
    hostname     TEXT,
    num_failures INTEGER NOT NULL DEFAULT 1,
    last_failure TEXT NOT NULL
) STRICT;

-- Which credential of an SNMPv3 user each device used last: what tells when a key can be withdrawn.
-- Rows are made by authentic messages only; failures are noted where there is a row.
CREATE TABLE snmpv3_credential_use (
    source_ip           TEXT NOT NULL,
    username            TEXT NOT NULL,
    credential_priority INTEGER NOT NULL,
    security_level      TEXT NOT NULL,
    first_success       TEXT NOT NULL,
    last_success        TEXT NOT NULL,
    num_failures        INTEGER NOT NULL DEFAULT 0,
    last_failure        TEXT,
    last_failure_reason TEXT,
    -- The device's own engine, from its traps, and the clock that it showed last: older traps are replays.
    engine_id           TEXT,
    engine_boots        INTEGER,
    engine_time         INTEGER,
    PRIMARY KEY (source_ip, username)
) STRICT, WITHOUT ROWID;

-- Messages of SNMPv3 that could not be authenticated or decrypted, and may be with a credential that comes later. What
-- came stays in event_extras, encrypted as it was; here is only which rows they are.
CREATE TABLE snmpv3_quarantine (
    id      INTEGER PRIMARY KEY, -- of the event
    -- NULL: it waits. Else it was decoded, and these are octets of its MAC: another message with the same is a copy.
    decoded INTEGER
) STRICT;
CREATE INDEX idx_quarantine_decoded ON snmpv3_quarantine(decoded) WHERE decoded IS NOT NULL;

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
