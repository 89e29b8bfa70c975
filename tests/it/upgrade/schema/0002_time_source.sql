-- Version 2. The origin of a syslog message also tells what its time rests on.
-- origin: kind (0 syslog, 1 v1, 2 v2c, 3 v3, 4 undecoded SNMP) | listener << 4 | (PRI + 1, or 0 without) << 12
--         | time source << 20 (0 received, 1 device, 2 zone assumed, 3 year assumed, 4 device's clock not synchronised,
--         5 received, since the device's clock was never set)
-- Rows of version 1 have 0 there: what their time rests on was not kept.

DROP VIEW messages;
DROP VIEW syslog_messages;

-- The id as a UUIDv7: see version 1.
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
    -- What the timestamp rests on takes no octet of a row.
    CASE WHEN e.origin & 15 <> 0 THEN coalesce(e.enriched_data, '{}')
        ELSE '{"timestamp_source":"' || CASE e.origin >> 20
            WHEN 1 THEN 'device' WHEN 2 THEN 'device_assumed_zone' WHEN 3 THEN 'device_assumed_year'
            WHEN 4 THEN 'device_not_synchronised' WHEN 5 THEN 'received_clock_not_set' ELSE 'received' END
            || CASE WHEN e.enriched_data IS NULL THEN '"}' ELSE '",' || substr(e.enriched_data, 2) END
        END AS enriched_data,
    1 AS stored_to_db,
    0 AS stored_to_buffer,
    NULL AS error_message,
    e.received_at AS created_at,
    (SELECT x.raw_bytes FROM event_extras x WHERE x.id = e.id) AS raw_bytes,
    CASE WHEN e.origin & 15 = 0 THEN CAST(((CASE WHEN e.origin >> 12 & 255 = 0 THEN 14 ELSE e.origin >> 12 & 255 END) - 1) / 8 AS TEXT) END
        AS facility,
    CASE WHEN e.origin & 15 = 0 THEN ((CASE WHEN e.origin >> 12 & 255 = 0 THEN 14 ELSE e.origin >> 12 & 255 END) - 1) % 8 END AS level,
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
    CAST(((CASE WHEN e.origin >> 12 & 255 = 0 THEN 14 ELSE e.origin >> 12 & 255 END) - 1) / 8 AS TEXT) AS facility,
    ((CASE WHEN e.origin >> 12 & 255 = 0 THEN 14 ELSE e.origin >> 12 & 255 END) - 1) % 8 AS level,
    e.program AS program,
    e.process_id AS process_id,
    CASE WHEN e.process_id IS NULL THEN e.program ELSE e.program || '[' || e.process_id || ']' END AS tag
FROM events e WHERE e.origin & 15 = 0 LIMIT -1;
