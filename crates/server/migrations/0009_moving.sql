-- One row while an installation is being moved into this database, and none otherwise: nothing is served meanwhile.
CREATE TABLE moving (
    -- A hash that tells one installation from another.
    source TEXT NOT NULL PRIMARY KEY,
    begun_at BIGINT NOT NULL
);
