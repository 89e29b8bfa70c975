-- Messages of SNMPv3 that could not be authenticated or decrypted, and may be with a credential that comes later. What
-- came stays in event_extras, encrypted as it was; here is only which rows they are.
CREATE TABLE snmpv3_quarantine (
    id      INTEGER PRIMARY KEY, -- of the event
    -- NULL: it waits. Else it was decoded, and these are octets of its MAC: another message with the same is a copy.
    decoded INTEGER
) STRICT;
CREATE INDEX idx_quarantine_decoded ON snmpv3_quarantine(decoded) WHERE decoded IS NOT NULL;
