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
