-- One dialect for SQLite and PostgreSQL: TEXT ids, BIGINT milliseconds, flags as 0/1.
-- Every row belongs to a practice and its key begins with it: a practice never joins with another.
-- `revision` is the practice's revision at which the row last changed; the change feed reads nothing else.

CREATE TABLE practices (
    id TEXT NOT NULL PRIMARY KEY,
    -- The practice's counter. Taken first in each writing transaction, so commit order is revision order.
    counter BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    name TEXT NOT NULL,
    address TEXT NOT NULL,
    phone TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE staff (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    email TEXT NOT NULL UNIQUE,
    active BIGINT NOT NULL CHECK (active IN (0, 1)),
    password_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, id)
);
CREATE INDEX staff_by_revision ON staff (practice_id, revision);

CREATE TABLE clients (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    name TEXT NOT NULL,
    email TEXT NOT NULL,
    phone TEXT NOT NULL,
    address TEXT NOT NULL,
    pms_id TEXT NOT NULL,
    PRIMARY KEY (practice_id, id)
);
CREATE INDEX clients_by_revision ON clients (practice_id, revision);

CREATE TABLE patients (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    name TEXT NOT NULL,
    species TEXT NOT NULL,
    breed TEXT NOT NULL,
    sex TEXT NOT NULL,
    born TEXT NOT NULL,
    colour TEXT NOT NULL,
    -- Milligrams: a whole number means the same on both engines.
    weight_mg BIGINT,
    alert TEXT NOT NULL,
    pms_id TEXT NOT NULL,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, client_id) REFERENCES clients (practice_id, id)
);
CREATE INDEX patients_by_revision ON patients (practice_id, revision);
CREATE INDEX patients_by_client ON patients (practice_id, client_id, revision);

CREATE TABLE conversations (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    client_id TEXT NOT NULL,
    patient_id TEXT NOT NULL,
    subject TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'ended')),
    urgent BIGINT NOT NULL CHECK (urgent IN (0, 1)),
    assignee_id TEXT,
    opened_at BIGINT NOT NULL,
    opened_by TEXT NOT NULL,
    waiting_since BIGINT,
    read_by_staff BIGINT NOT NULL,
    read_by_client BIGINT NOT NULL,
    ended_at BIGINT,
    ended_by TEXT,
    summary TEXT NOT NULL,
    plan TEXT NOT NULL,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, client_id) REFERENCES clients (practice_id, id),
    FOREIGN KEY (practice_id, patient_id) REFERENCES patients (practice_id, id),
    FOREIGN KEY (practice_id, assignee_id) REFERENCES staff (practice_id, id),
    FOREIGN KEY (practice_id, ended_by) REFERENCES staff (practice_id, id)
);
CREATE INDEX conversations_by_revision ON conversations (practice_id, revision);
CREATE INDEX conversations_by_client ON conversations (practice_id, client_id, revision);

-- Append-only: what was concluded each time a conversation ended, also when it was opened again later.
CREATE TABLE endings (
    practice_id TEXT NOT NULL,
    conversation_id TEXT NOT NULL,
    ended_by TEXT NOT NULL,
    ended_at BIGINT NOT NULL,
    summary TEXT NOT NULL,
    plan TEXT NOT NULL,
    PRIMARY KEY (practice_id, conversation_id, ended_by, ended_at),
    FOREIGN KEY (practice_id, conversation_id) REFERENCES conversations (practice_id, id)
);

CREATE TABLE messages (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    conversation_id TEXT NOT NULL,
    -- The conversation's client, so that a client's view needs no join.
    client_id TEXT NOT NULL,
    author_kind TEXT NOT NULL CHECK (author_kind IN ('staff', 'client', 'system')),
    author_id TEXT,
    audience TEXT NOT NULL CHECK (audience IN ('everyone', 'staff')),
    body TEXT NOT NULL,
    -- Ids in order, separated by spaces; they never change once the message is sent.
    attachment_ids TEXT NOT NULL,
    sent_at BIGINT NOT NULL,
    received_at BIGINT NOT NULL,
    -- SHA-256 of what was asked for: the same id with other content is a conflict.
    content_hash TEXT NOT NULL,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, conversation_id) REFERENCES conversations (practice_id, id)
);
CREATE INDEX messages_by_revision ON messages (practice_id, revision);
CREATE INDEX messages_by_client ON messages (practice_id, client_id, revision);
CREATE INDEX messages_by_conversation ON messages (practice_id, conversation_id, received_at);

CREATE TABLE attachments (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    conversation_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    -- Copied from the message, so that a client's view needs no join.
    client_id TEXT NOT NULL,
    audience TEXT NOT NULL CHECK (audience IN ('everyone', 'staff')),
    position BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('clip', 'photo', 'still', 'document')),
    name TEXT NOT NULL,
    mime TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('uploading', 'processing', 'ready', 'refused')),
    received BIGINT NOT NULL,
    reason TEXT NOT NULL,
    sha256 TEXT,
    clip_duration_us BIGINT,
    clip_width BIGINT,
    clip_height BIGINT,
    clip_frames BIGINT,
    clip_audio BIGINT,
    still_clip_id TEXT,
    still_frame BIGINT,
    still_at_us BIGINT,
    caption TEXT NOT NULL,
    captured_at BIGINT,
    uploaded_at BIGINT,
    -- The unguessable part of the media link; kept readable because the link is shown again and again.
    capability TEXT UNIQUE,
    revoked_at BIGINT,
    has_poster BIGINT NOT NULL CHECK (has_poster IN (0, 1)),
    has_rendition BIGINT NOT NULL CHECK (has_rendition IN (0, 1)),
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, message_id) REFERENCES messages (practice_id, id)
);
CREATE INDEX attachments_by_revision ON attachments (practice_id, revision);
CREATE INDEX attachments_by_client ON attachments (practice_id, client_id, revision);
CREATE INDEX attachments_by_message ON attachments (practice_id, message_id, position);

-- `client_id` is whose view it left; empty means everybody's.
CREATE TABLE tombstones (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    client_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (practice_id, client_id, kind, id)
);
CREATE INDEX tombstones_by_revision ON tombstones (practice_id, revision);

CREATE TABLE sessions (
    -- SHA-256 of the token; the token itself is only on the device.
    token_hash TEXT NOT NULL PRIMARY KEY,
    practice_id TEXT NOT NULL REFERENCES practices (id),
    staff_id TEXT,
    client_id TEXT,
    conversation_id TEXT,
    device TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    CHECK ((staff_id IS NULL) <> (client_id IS NULL)),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id),
    FOREIGN KEY (practice_id, client_id) REFERENCES clients (practice_id, id),
    FOREIGN KEY (practice_id, conversation_id) REFERENCES conversations (practice_id, id)
);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE invitations (
    token_hash TEXT NOT NULL PRIMARY KEY,
    practice_id TEXT NOT NULL REFERENCES practices (id),
    conversation_id TEXT NOT NULL,
    client_id TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    revoked_at BIGINT,
    FOREIGN KEY (practice_id, conversation_id) REFERENCES conversations (practice_id, id)
);

-- An upload that is under way. Its offset is the length of its file; this row says what the file is to become.
CREATE TABLE uploads (
    practice_id TEXT NOT NULL,
    attachment_id TEXT NOT NULL,
    bytes BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- While a chunk with a checksum arrives: where it began. What lies beyond is unproven after a crash.
    unproven_from BIGINT,
    PRIMARY KEY (practice_id, attachment_id),
    FOREIGN KEY (practice_id, attachment_id) REFERENCES attachments (practice_id, id)
);
CREATE INDEX uploads_by_expiry ON uploads (expires_at);

-- Work claimed by lease: whoever holds the lease works, and when it runs out the next one does.
CREATE TABLE jobs (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    attachment_id TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    run_at BIGINT NOT NULL,
    lease_owner TEXT NOT NULL,
    lease_until BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    -- 1 when it was given up; kept for support to look at.
    dead BIGINT NOT NULL CHECK (dead IN (0, 1)),
    created_at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, attachment_id),
    FOREIGN KEY (practice_id, attachment_id) REFERENCES attachments (practice_id, id)
);
CREATE INDEX jobs_by_time ON jobs (dead, run_at);

-- Every opening of a media link. A player asks for many ranges: those of one address within an hour are one row.
CREATE TABLE openings (
    practice_id TEXT NOT NULL,
    attachment_id TEXT NOT NULL,
    what TEXT NOT NULL,
    address_hash TEXT NOT NULL,
    hour BIGINT NOT NULL,
    first_at BIGINT NOT NULL,
    last_at BIGINT NOT NULL,
    count BIGINT NOT NULL,
    PRIMARY KEY (practice_id, attachment_id, what, address_hash, hour),
    FOREIGN KEY (practice_id, attachment_id) REFERENCES attachments (practice_id, id)
);

-- Random values made once for an installation.
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
