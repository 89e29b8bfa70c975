-- Version 7: the promised names of messages. {{node}} is the node id, 12 hexadecimal digits.

-- What every view needs of a row, each thing said once. Not promised.
-- uuid: the id as a UUIDv7: milliseconds, then the microseconds within and the two top bits of the tail (12 bits), then the
-- rest of the tail (9 bits, 5 zero), then the node. See RFC 9562 5.7 and 6.2.
-- pri: a message without PRI counts as 13, user.notice (RFC 3164 4.3.3).
CREATE VIEW event_rows AS
SELECT
    e.received_at,
    e.id,
    printf('%08x-%04x-7%03x-%04x-{{node}}',
        ((e.id >> 11) / 1000) >> 16, ((e.id >> 11) / 1000) & 65535,
        (((e.id >> 11) % 1000) << 2) | ((e.id >> 9) & 3), 32768 | ((e.id & 511) << 5)) AS uuid,
    e.facts & 7 AS kind,
    e.facts >> 3 & 255 AS listener,
    CASE WHEN e.facts & 7 = 0 THEN coalesce(nullif(e.facts >> 11 & 255, 0), 14) - 1 END AS pri,
    e.facts >> 19 & 7 AS time_source,
    e.facts >> 22 & 7 AS trailing,
    nullif(e.facts >> 25 & 7, 0) AS severity,
    e.facts >> 28 & 3 AS name_source,
    e.facts >> 30 & 1 AS stored_to_buffer,
    e.device,
    e.rule,
    (e.id >> 11) + e.device_time_offset_us AS device_time_us,
    e.content_start,
    e.process_id,
    e.reported_host,
    e.program,
    coalesce(e.oid, s.oid) AS oid,
    coalesce(e.trap_type, s.trap_type) AS trap_type,
    CASE e.facts & 7 WHEN 1 THEN 'v1' WHEN 2 THEN 'v2c' WHEN 3 THEN 'v3' END AS snmp_version,
    e.raw_message,
    CASE WHEN e.shape IS NULL THEN e.enriched ELSE (
        SELECT group_concat(
            CASE p.type WHEN 'text' THEN p.value ELSE json_extract(v.list, '$[' || p.value || ']') END, '')
        FROM (
            SELECT '["' || replace(replace(replace(coalesce(e.enriched, ''),
                '\', '\\'), '"', '\"'), char(31), '","') || '"]' AS list LIMIT 1
        ) v, json_each(s.pieces) p
    ) END AS enriched_json
FROM events e LEFT JOIN shapes s ON s.number = e.shape;

CREATE VIEW messages AS
SELECT
    r.uuid AS id,
    CASE r.kind WHEN 0 THEN 'syslog' ELSE 'snmp_trap' END AS type,
    d.source_ip AS source_ip,
    coalesce(r.reported_host, d.source_ip) AS source_device,
    CASE WHEN r.device_time_us IS NULL THEN r.received_at
        ELSE strftime('%Y-%m-%dT%H:%M:%S', r.device_time_us / 1000000, 'unixepoch')
            || printf('.%06dZ', r.device_time_us % 1000000) END AS timestamp,
    r.received_at AS received_at,
    r.raw_message AS raw_message,
    -- What columns say themselves (no program, no OID) is not stored again as a reason.
    NOT (r.program IS NULL AND r.kind = 0 OR r.oid IS NULL AND r.kind BETWEEN 1 AND 3
        OR EXISTS (SELECT 1 FROM event_extras x WHERE x.id = r.id AND x.reasons IS NOT NULL)) AS validated,
    '[' || ltrim(
        coalesce((SELECT x.reasons FROM event_extras x WHERE x.id = r.id), '')
        || CASE WHEN r.program IS NULL AND r.kind = 0 THEN ',"Syslog message missing program"'
            WHEN r.oid IS NULL AND r.kind BETWEEN 1 AND 3 THEN ',"SNMP trap missing OID"' ELSE '' END,
        ',') || ']' AS validation_errors,
    (SELECT l.id FROM rule_labels l WHERE l.number = r.rule) AS matched_rule_id,
    (SELECT l.name FROM rule_labels l WHERE l.number = r.rule) AS matched_rule_name,
    (SELECT l.severity FROM rule_labels l WHERE l.number = r.rule) AS match_severity,
    -- What the timestamp rests on takes no octet of a row.
    CASE WHEN r.kind <> 0 THEN coalesce(r.enriched_json, '{}')
        ELSE '{"timestamp_source":"' || CASE r.time_source
            WHEN 1 THEN 'device' WHEN 2 THEN 'device_assumed_zone' WHEN 3 THEN 'device_assumed_year'
            WHEN 4 THEN 'device_not_synchronised' WHEN 5 THEN 'received_clock_not_set' ELSE 'received' END
            || coalesce('",' || substr(r.enriched_json, 2), '"}')
        END AS enriched_data,
    1 AS stored_to_db,
    r.stored_to_buffer AS stored_to_buffer,
    NULL AS error_message,
    r.received_at AS created_at,
    coalesce(
        (SELECT x.raw_bytes FROM event_extras x WHERE x.id = r.id),
        CASE WHEN r.trailing <> 0 THEN CAST(r.raw_message
            || CASE WHEN r.trailing & 1 THEN x'0d' ELSE x'' END
            || CASE WHEN r.trailing & 2 THEN x'0a' ELSE x'' END
            || CASE WHEN r.trailing & 4 THEN x'00' ELSE x'' END AS BLOB) END) AS raw_bytes,
    CAST(r.pri / 8 AS TEXT) AS facility,
    r.pri % 8 AS level,
    r.program AS program,
    r.process_id AS process_id,
    r.oid AS oid,
    r.trap_type AS trap_type,
    r.snmp_version AS snmp_version,
    (SELECT l.name FROM listeners l WHERE l.number = r.listener) AS listener,
    CASE r.severity WHEN 1 THEN 'debug' WHEN 2 THEN 'info' WHEN 3 THEN 'warning' WHEN 4 THEN 'minor'
        WHEN 5 THEN 'major' WHEN 6 THEN 'critical' END AS severity,
    CASE r.content_start WHEN 0 THEN r.raw_message
        ELSE CAST(substr(CAST(r.raw_message AS BLOB), r.content_start + 1) AS TEXT) END AS content
FROM event_rows r LEFT JOIN devices d ON d.number = r.device;

-- LIMIT -1 takes no row away. It keeps SQLite from merging the view into a join over message_id, which would compare
-- each row with each; so it makes the view once and an index of its own on it.
CREATE VIEW syslog_messages AS
SELECT
    r.uuid AS id,
    r.uuid AS message_id,
    CAST(r.pri / 8 AS TEXT) AS facility,
    r.pri % 8 AS level,
    r.program AS program,
    r.process_id AS process_id,
    CASE WHEN r.process_id IS NULL THEN r.program ELSE r.program || '[' || r.process_id || ']' END AS tag
FROM event_rows r WHERE r.kind = 0 LIMIT -1;

CREATE VIEW snmp_messages AS
SELECT
    r.uuid AS id,
    r.uuid AS message_id,
    r.oid AS oid,
    r.trap_type AS trap_type,
    r.snmp_version AS snmp_version,
    (SELECT x.community_string FROM event_extras x WHERE x.id = r.id) AS community_string
FROM event_rows r WHERE r.kind <> 0 LIMIT -1;
