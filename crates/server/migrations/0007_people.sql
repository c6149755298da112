-- How a practice works, as JSON: what an older row does not say has a default.
ALTER TABLE practices ADD COLUMN settings TEXT NOT NULL DEFAULT '{}';

-- Which department answers, and tags: ids in order, separated by spaces.
ALTER TABLE conversations ADD COLUMN department_id TEXT;
ALTER TABLE conversations ADD COLUMN tags TEXT NOT NULL DEFAULT '';

-- 1 when the server wrote it by itself.
ALTER TABLE messages ADD COLUMN automatic BIGINT NOT NULL DEFAULT 0;

-- Departments, tags and templates: what staff sort their work by. `name_key` is the name as it is compared.
CREATE TABLE listings (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    kind TEXT NOT NULL CHECK (kind IN ('department', 'tag', 'template')),
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    name_key TEXT NOT NULL,
    archived BIGINT NOT NULL CHECK (archived IN (0, 1)),
    document TEXT NOT NULL,
    PRIMARY KEY (practice_id, kind, id)
);
CREATE INDEX listings_by_revision ON listings (practice_id, revision);

-- Append-only: every text that clients were ever asked to consent to.
CREATE TABLE consent_texts (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    version BIGINT NOT NULL,
    words TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (practice_id, version)
);

-- Append-only: what clients said to it.
CREATE TABLE consents (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    version BIGINT NOT NULL,
    given BIGINT NOT NULL CHECK (given IN (0, 1)),
    at BIGINT NOT NULL,
    -- Who wrote it down; empty when the client's own device said it.
    staff_id TEXT,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, client_id) REFERENCES clients (practice_id, id),
    FOREIGN KEY (practice_id, version) REFERENCES consent_texts (practice_id, version),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id)
);
CREATE INDEX consents_by_revision ON consents (practice_id, revision);
CREATE INDEX consents_by_client ON consents (practice_id, client_id, revision);

-- Links into an account: SHA-256 of the token. The row goes when the link is used.
CREATE TABLE account_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    practice_id TEXT NOT NULL,
    staff_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('invitation', 'reset', 'second_step')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id)
);
CREATE INDEX account_links_by_staff ON account_links (practice_id, staff_id);

-- Codes beside the password. The secret has to be readable: codes are computed from it.
CREATE TABLE second_steps (
    practice_id TEXT NOT NULL,
    staff_id TEXT NOT NULL,
    secret TEXT NOT NULL,
    -- Empty until a first code has shown that the secret arrived.
    confirmed_at BIGINT,
    -- The newest time step a code was taken of: none is taken twice.
    last_step BIGINT NOT NULL,
    -- Codes tried since `tried_since` that were wrong.
    tried BIGINT NOT NULL,
    tried_since BIGINT NOT NULL,
    PRIMARY KEY (practice_id, staff_id),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id)
);

-- SHA-256 of codes for when the authenticator app is gone. The row goes when the code is used.
CREATE TABLE recovery_codes (
    practice_id TEXT NOT NULL,
    staff_id TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    PRIMARY KEY (practice_id, staff_id, code_hash),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id)
);

-- Devices that somebody signed in on before, by SHA-256 of the mark they were given.
CREATE TABLE known_devices (
    practice_id TEXT NOT NULL,
    staff_id TEXT NOT NULL,
    mark_hash TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, staff_id, mark_hash),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id)
);

-- Mail on its way; when it goes out is a job. A link is made when its mail goes out: none is kept here.
CREATE TABLE mails (
    practice_id TEXT NOT NULL,
    -- As the job's.
    kind TEXT NOT NULL CHECK (kind IN ('invite', 'reset')),
    staff_id TEXT NOT NULL,
    language TEXT NOT NULL,
    PRIMARY KEY (practice_id, kind, staff_id),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id)
);

-- Forgotten passwords. Only the address that was typed is known; whose it is, if anybody's, is found out once the answer
-- is out.
CREATE TABLE resets (
    address TEXT NOT NULL PRIMARY KEY,
    language TEXT NOT NULL,
    asked_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_client ON sessions (practice_id, client_id, seen_at);
CREATE INDEX sessions_by_staff ON sessions (practice_id, staff_id, seen_at);
