-- Version 7: the tables, laid out for writing. The promised names of messages are views: views.sql.

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

-- Every listener that ever stored something, by the number that rows have.
CREATE TABLE listeners (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL
) STRICT;

-- Labels of the rules that ever matched: a changed name or severity is a new label, old rows keep theirs.
CREATE TABLE rule_labels (
    number   INTEGER PRIMARY KEY,
    id       TEXT NOT NULL,
    name     TEXT NOT NULL,
    severity TEXT NOT NULL,
    UNIQUE (id, name, severity)
) STRICT;

-- What the JSON of many rows has in common: names of members, OIDs, whatever is the same in all messages of a kind. `pieces` is
-- a JSON list; a text in it stands for itself, a number for the value at this place of the row. Bounded in number and size; rows
-- keep what is not here themselves.
CREATE TABLE shapes (
    number    INTEGER PRIMARY KEY,
    oid       TEXT,
    trap_type TEXT,
    pieces    TEXT NOT NULL
) STRICT;

-- One row a message, in order of receipt, which is the key: newest first needs no index of its own, which would cost
-- a tenth of an insert. One tree for all, in which a span of time is a range of keys: a view over several tables (UNION ALL)
-- cannot be flattened by SQLite when the column it is sorted by is not among those selected, and then the newest 100 of a
-- million rows cost seconds instead of a millisecond.
--
-- id:    microseconds since 1970 << 11 | producer << 6 | counter. Order of ids is order of receipt, also when the clock was set
--        back; then received_at is not the time in the id, and event_times has it.
-- facts: kind (0 syslog, 1 v1, 2 v2c, 3 v3, 4 undecoded SNMP)
--        | listener << 3
--        | (PRI + 1, or 0 without) << 11
--        | what the time rests on << 19 (0 received, 1 device, 2 zone assumed, 3 year assumed, 4 device's clock not
--          synchronised, 5 received, since the device's clock was never set)
--        | what was cut from the end of the text << 22 (bits: 1 CR, 2 LF, 4 NUL, in this order)
--        | effective severity << 25 (0 none, 1 debug, 2 info, 3 warning, 4 minor, 5 major, 6 critical)
--        | where source_device is from << 28 (0 the device's own name, 1 HOSTNAME, 2 inventory)
--        | came by way of the file buffer << 30
CREATE TABLE events (
    received_at           TEXT NOT NULL,
    id                    INTEGER NOT NULL,
    commit_number         INTEGER NOT NULL, -- the commit that wrote the row last
    facts                 INTEGER NOT NULL,
    device                INTEGER NOT NULL,
    rule                  INTEGER,
    shape                 INTEGER,
    device_time_offset_us INTEGER,          -- from the time in the id
    content_start         INTEGER NOT NULL, -- octets of raw_message before the content
    process_id            INTEGER,
    reported_host         TEXT,
    program               TEXT,
    oid                   TEXT,             -- oid, trap_type: NULL where the shape has them
    trap_type             TEXT,
    raw_message           TEXT NOT NULL,
    enriched              TEXT,             -- with a shape its values, U+001F between them; else JSON
    PRIMARY KEY (received_at, id)
) STRICT, WITHOUT ROWID;

-- Commits are numbered, so that whoever follows the store can: ids of several shards interleave, and replayed or redecoded
-- rows come late. The ids of the rows of commit NUMBER lie from id_first to id_last. Old commits are merged: a row then stands
-- for all from number_first to number.
CREATE TABLE commits (
    number       INTEGER PRIMARY KEY,
    number_first INTEGER NOT NULL,
    id_first     INTEGER NOT NULL,
    id_last      INTEGER NOT NULL,
    rows         INTEGER NOT NULL,           -- when it was made; a row that is changed later is one of that commit
    kind         INTEGER NOT NULL,           -- 1 new rows, 2 changed rows, 3 both, which is so of merged ones only
    merged       INTEGER NOT NULL DEFAULT 0  -- 0 one commit, 1 a thousand of them, 2 a million
) STRICT;

-- The rows of commits of kind 2, as long as they are not merged: they may lie far apart.
CREATE TABLE commit_changes (
    number INTEGER NOT NULL,
    id     INTEGER NOT NULL,
    PRIMARY KEY (number, id)
) STRICT, WITHOUT ROWID;

-- received_at of rows whose id tells another time: to find a row by its id.
CREATE TABLE event_times (
    id          INTEGER PRIMARY KEY,
    received_at TEXT NOT NULL
) STRICT;

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
