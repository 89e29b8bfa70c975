-- Version 1. The tables are laid out for writing; the views at the end carry the promised names.

-- What the store itself must remember: its node id.
CREATE TABLE store_settings (
    name  TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT;

-- Every address that ever sent something. Permanent.
CREATE TABLE devices (
    number                 INTEGER PRIMARY KEY,
    id                     TEXT NOT NULL UNIQUE,
    hostname               TEXT NOT NULL,
    source_ip              TEXT NOT NULL UNIQUE,
    last_seen_snmp_version TEXT,
    last_seen_syslog       INTEGER NOT NULL DEFAULT 0,
    first_seen             TEXT NOT NULL,
    last_updated           TEXT NOT NULL
) STRICT;
CREATE INDEX idx_device_hostname ON devices(hostname);

-- Labels of the rules that ever matched: a changed name or severity is a new label, old rows keep theirs.
CREATE TABLE rule_labels (
    number   INTEGER PRIMARY KEY,
    id       TEXT NOT NULL,
    name     TEXT NOT NULL,
    severity TEXT NOT NULL,
    UNIQUE (id, name, severity)
) STRICT;

-- One row a message, in order of receipt, which is the key: newest first needs no index of its own, which would cost
-- a tenth of an insert. The id tells its received_at, so that a row is found by its id alone, too. One tree for all, in which a span of time is a range of keys: a view over
-- several tables (UNION ALL) cannot be flattened by SQLite when the column it is sorted by is not among those
-- selected, and then the newest 100 of a million rows cost seconds instead of a millisecond.
-- id:     microseconds since 1970 << 11 | producer << 6 | counter
-- origin: kind (0 syslog, 1 v1, 2 v2c, 3 v3, 4 undecoded SNMP) | listener << 4 | (PRI + 1, or 0 without) << 12
CREATE TABLE events (
    received_at    TEXT NOT NULL,
    id             INTEGER NOT NULL,
    origin         INTEGER NOT NULL,
    device         INTEGER NOT NULL,
    reported_host  TEXT,
    device_time_us INTEGER,
    raw_message    TEXT NOT NULL,
    program        TEXT,
    process_id     INTEGER,
    oid            TEXT,
    trap_type      TEXT,
    rule           INTEGER,
    enriched_data  TEXT,
    PRIMARY KEY (received_at, id)
) STRICT, WITHOUT ROWID;

-- What few messages have.
CREATE TABLE event_extras (
    id               INTEGER PRIMARY KEY,
    raw_bytes        BLOB,
    reasons          TEXT, -- why it is not validated, each in JSON quotes, with commas between
    community_string TEXT
) STRICT;

CREATE TABLE archives (
    id                         TEXT PRIMARY KEY NOT NULL,
    filename                   TEXT UNIQUE NOT NULL,
    message_count              INTEGER,
    size_bytes                 INTEGER,
    archived_at                TEXT NOT NULL,
    earliest_message_timestamp TEXT,
    latest_message_timestamp   TEXT
) STRICT;
CREATE INDEX idx_archive_date ON archives(archived_at);

CREATE TABLE snmpv3_auth_failures (
    id           TEXT PRIMARY KEY NOT NULL,
    username     TEXT UNIQUE NOT NULL,
    hostname     TEXT,
    num_failures INTEGER NOT NULL DEFAULT 1,
    last_failure TEXT NOT NULL
) STRICT;

-- The id as a UUIDv7: milliseconds, then the microseconds within and the two top bits of the tail (12 bits), then the
-- rest of the tail (9 bits, 5 zero), then the node. See RFC 9562 5.7 and 6.2.
CREATE VIEW messages AS
SELECT
    printf('%08x-%04x-7%03x-%04x-{{node}}',
        ((e.id >> 11) / 1000) >> 16, ((e.id >> 11) / 1000) & 65535,
        (((e.id >> 11) % 1000) << 2) | ((e.id >> 9) & 3), 32768 | ((e.id & 511) << 5)) AS id,
    CASE e.origin & 15 WHEN 0 THEN 'syslog' ELSE 'snmp_trap' END AS type,
    d.source_ip AS source_ip,
    coalesce(e.reported_host, d.source_ip) AS source_device,
    CASE WHEN e.device_time_us IS NULL THEN e.received_at
        ELSE strftime('%Y-%m-%dT%H:%M:%S', e.device_time_us / 1000000, 'unixepoch')
            || printf('.%06dZ', e.device_time_us % 1000000) END AS timestamp,
    e.received_at AS received_at,
    e.raw_message AS raw_message,
    -- What columns say themselves (no program, no OID) is not stored again as a reason.
    NOT (e.program IS NULL AND e.origin & 15 = 0 OR e.oid IS NULL AND e.origin & 15 BETWEEN 1 AND 3
        OR EXISTS (SELECT 1 FROM event_extras x WHERE x.id = e.id AND x.reasons IS NOT NULL)) AS validated,
    '[' || ltrim(
        coalesce((SELECT x.reasons FROM event_extras x WHERE x.id = e.id), '')
        || CASE WHEN e.program IS NULL AND e.origin & 15 = 0 THEN ',"Syslog message missing program"'
            WHEN e.oid IS NULL AND e.origin & 15 BETWEEN 1 AND 3 THEN ',"SNMP trap missing OID"' ELSE '' END,
        ',') || ']' AS validation_errors,
    (SELECT r.id FROM rule_labels r WHERE r.number = e.rule) AS matched_rule_id,
    (SELECT r.name FROM rule_labels r WHERE r.number = e.rule) AS matched_rule_name,
    (SELECT r.severity FROM rule_labels r WHERE r.number = e.rule) AS match_severity,
    coalesce(e.enriched_data, '{}') AS enriched_data,
    1 AS stored_to_db,
    0 AS stored_to_buffer,
    NULL AS error_message,
    e.received_at AS created_at,
    (SELECT x.raw_bytes FROM event_extras x WHERE x.id = e.id) AS raw_bytes,
    CASE WHEN e.origin & 15 = 0 THEN CAST(((CASE WHEN e.origin >> 12 = 0 THEN 14 ELSE e.origin >> 12 END) - 1) / 8 AS TEXT) END
        AS facility,
    CASE WHEN e.origin & 15 = 0 THEN ((CASE WHEN e.origin >> 12 = 0 THEN 14 ELSE e.origin >> 12 END) - 1) % 8 END AS level,
    e.program AS program,
    e.process_id AS process_id,
    e.oid AS oid,
    e.trap_type AS trap_type,
    CASE e.origin & 15 WHEN 1 THEN 'v1' WHEN 2 THEN 'v2c' WHEN 3 THEN 'v3' END AS snmp_version
FROM events e LEFT JOIN devices d ON d.number = e.device;

-- A message without PRI counts as 13, user.notice (RFC 3164 4.3.3).
--
-- LIMIT -1 takes no row away. It keeps SQLite from merging the view into a join over message_id, which would compare
-- each row with each; so it makes the view once and an index of its own on it.
CREATE VIEW syslog_messages AS
SELECT
    printf('%08x-%04x-7%03x-%04x-{{node}}',
        ((e.id >> 11) / 1000) >> 16, ((e.id >> 11) / 1000) & 65535,
        (((e.id >> 11) % 1000) << 2) | ((e.id >> 9) & 3), 32768 | ((e.id & 511) << 5)) AS id,
    printf('%08x-%04x-7%03x-%04x-{{node}}',
        ((e.id >> 11) / 1000) >> 16, ((e.id >> 11) / 1000) & 65535,
        (((e.id >> 11) % 1000) << 2) | ((e.id >> 9) & 3), 32768 | ((e.id & 511) << 5)) AS message_id,
    CAST(((CASE WHEN e.origin >> 12 = 0 THEN 14 ELSE e.origin >> 12 END) - 1) / 8 AS TEXT) AS facility,
    ((CASE WHEN e.origin >> 12 = 0 THEN 14 ELSE e.origin >> 12 END) - 1) % 8 AS level,
    e.program AS program,
    e.process_id AS process_id,
    CASE WHEN e.process_id IS NULL THEN e.program ELSE e.program || '[' || e.process_id || ']' END AS tag
FROM events e WHERE e.origin & 15 = 0 LIMIT -1;

CREATE VIEW snmp_messages AS
SELECT
    printf('%08x-%04x-7%03x-%04x-{{node}}',
        ((e.id >> 11) / 1000) >> 16, ((e.id >> 11) / 1000) & 65535,
        (((e.id >> 11) % 1000) << 2) | ((e.id >> 9) & 3), 32768 | ((e.id & 511) << 5)) AS id,
    printf('%08x-%04x-7%03x-%04x-{{node}}',
        ((e.id >> 11) / 1000) >> 16, ((e.id >> 11) / 1000) & 65535,
        (((e.id >> 11) % 1000) << 2) | ((e.id >> 9) & 3), 32768 | ((e.id & 511) << 5)) AS message_id,
    e.oid AS oid,
    e.trap_type AS trap_type,
    CASE e.origin & 15 WHEN 1 THEN 'v1' WHEN 2 THEN 'v2c' WHEN 3 THEN 'v3' END AS snmp_version,
    (SELECT x.community_string FROM event_extras x WHERE x.id = e.id) AS community_string
FROM events e WHERE e.origin & 15 <> 0 LIMIT -1;
