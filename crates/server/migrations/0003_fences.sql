-- Each claim of a job has a number of its own: who lost the lease and comes back late is told by it.
ALTER TABLE jobs ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;
