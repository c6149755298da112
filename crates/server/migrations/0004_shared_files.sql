-- How many bytes of files the practice may keep; NULL is no limit.
ALTER TABLE practices ADD COLUMN quota_bytes BIGINT;
CREATE INDEX attachments_by_room ON attachments (practice_id, state, uploaded_at, bytes);

-- Files that arrive in a store which all nodes share. Where the store is a folder, `parts` and `turns` stay empty.

-- What has arrived, as objects: in order and without a gap, so that the end of the last one is the offset to go on from.
-- They outlive their upload; the job reads them.
CREATE TABLE parts (
    practice_id TEXT NOT NULL,
    attachment_id TEXT NOT NULL,
    begins BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    -- What the object is called in the folder of its attachment. No two writers ever give the same name.
    name TEXT NOT NULL,
    PRIMARY KEY (practice_id, attachment_id, begins),
    FOREIGN KEY (practice_id, attachment_id) REFERENCES attachments (practice_id, id)
);

-- The turn to write to an upload, by lease. The token tells the holder from whoever held it before.
CREATE TABLE turns (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    attachment_id TEXT NOT NULL,
    node TEXT NOT NULL,
    token TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    -- 1 when somebody waits for it.
    give_way BIGINT NOT NULL CHECK (give_way IN (0, 1)),
    PRIMARY KEY (practice_id, attachment_id)
);
CREATE INDEX turns_by_node ON turns (node);

-- Who keeps the files of this database: nobody ('') when they are in a bucket, 'beside' when they are in the folder of a
-- SQLite database, else the node whose folder they are in.
CREATE TABLE keeper (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    node TEXT NOT NULL
);
