-- Append-only: who did what. Each row's hash holds the one before it, and the practice's row holds the last, so that a
-- row that was changed, put in or taken out is found.
CREATE TABLE audit (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    -- From one, without a gap.
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    act TEXT NOT NULL,
    subject TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    -- JSON: ids and facts, never what somebody wrote.
    detail TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (practice_id, number)
);
CREATE INDEX audit_by_subject ON audit (practice_id, subject_id, number);
ALTER TABLE practices ADD COLUMN audit_number BIGINT NOT NULL DEFAULT 0;
ALTER TABLE practices ADD COLUMN audit_hash TEXT NOT NULL DEFAULT '';

-- What left Limpet, as devices tell of it; the id makes telling it twice harmless.
CREATE TABLE exports (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    attachment_id TEXT,
    how TEXT NOT NULL CHECK (how IN ('filed', 'saved')),
    sha256 TEXT NOT NULL,
    -- By the device's clock; the audit log has the server's.
    at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, conversation_id) REFERENCES conversations (practice_id, id)
);
