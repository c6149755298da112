-- One table for everything that is due: what kind of work, on what, when. A subject has at most one job of a kind.
CREATE TABLE due (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    kind TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    fence BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    -- 1 when it was given up; kept for support to look at.
    dead BIGINT NOT NULL CHECK (dead IN (0, 1)),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, kind, subject_id)
);
INSERT INTO due (practice_id, kind, subject_id, attempts, run_at, lease_owner, lease_until, fence, last_error, dead,
    created_at)
SELECT practice_id, 'prepare', attachment_id, attempts, run_at, lease_owner, lease_until, fence, last_error, dead,
    created_at
FROM jobs;
DROP TABLE jobs;
ALTER TABLE due RENAME TO jobs;
CREATE INDEX jobs_by_time ON jobs (dead, run_at);
