-- Commits are numbered, so that whoever follows the store can: ids of several shards interleave, and replayed or
-- redecoded rows come late.

-- The commit that wrote the row last. Rows that were there before are of commit 1.
ALTER TABLE events ADD COLUMN commit_number INTEGER NOT NULL DEFAULT 1;

-- The ids of the rows of commit NUMBER lie from id_first to id_last. Old commits are merged: a row then stands for all
-- from number_first to number.
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

INSERT INTO commits(number, number_first, id_first, id_last, rows, kind)
SELECT 1, 1, min(id), max(id), count(*), 1 FROM events HAVING count(*) > 0;

-- The running program is asked itself now.
DROP TABLE snmpv3_forgotten_engines;
