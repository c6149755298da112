-- Writes that carried a key of their maker's: the same one, repeated late, is not done again.
CREATE TABLE done_writes (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    -- Who, as the audit log names them: the kind, a colon, and the id.
    done_by TEXT NOT NULL,
    write_key TEXT NOT NULL,
    -- SHA-256 of what was asked for: the same key with other content is a conflict.
    content_hash TEXT NOT NULL,
    done_at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, done_by, write_key)
);
CREATE INDEX done_writes_by_time ON done_writes (practice_id, done_at);

-- What integrations come in with.
CREATE TABLE tokens (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    -- SHA-256 of the token; the token itself is only with the integration.
    token_hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    -- Words, separated by spaces.
    scopes TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- The beginning of the UTC day on which it was last used.
    used_at BIGINT,
    expires_at BIGINT,
    revoked_at BIGINT,
    PRIMARY KEY (practice_id, id)
);

-- Who is told by the server itself when something happened.
CREATE TABLE webhooks (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    url TEXT NOT NULL,
    -- Readable, because each delivery is signed with it.
    secret TEXT NOT NULL,
    -- Words, separated by spaces.
    events TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Set when the other side said that it is gone for good.
    gone_at BIGINT,
    PRIMARY KEY (practice_id, id)
);

-- What was and is to be told, written in the transaction of what happened. While it waits, a job of kind `tell` is due.
CREATE TABLE deliveries (
    practice_id TEXT NOT NULL,
    id TEXT NOT NULL,
    webhook_id TEXT NOT NULL,
    event TEXT NOT NULL,
    -- What is sent, word for word: ids, no contents.
    payload TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'dead')),
    attempts BIGINT NOT NULL,
    -- When it is tried next, while it waits.
    next_at BIGINT,
    last_error TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, webhook_id) REFERENCES webhooks (practice_id, id)
);
CREATE INDEX deliveries_by_webhook ON deliveries (practice_id, webhook_id, created_at);
