PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE _sqlx_migrations (
    version BIGINT PRIMARY KEY,
    description TEXT NOT NULL,
    installed_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    success BOOLEAN NOT NULL,
    checksum BLOB NOT NULL,
    execution_time BIGINT NOT NULL
);
INSERT INTO _sqlx_migrations VALUES(1,'foundation','2026-11-29 02:22:41',1,X'2933cc1f8dd4ea7a6e62680cc2028e9ecd4f693bcd90513c32d7c26518afdad09270ddaded2c58d744f3df1a2d7f5131',6104300);
INSERT INTO _sqlx_migrations VALUES(2,'cut off','2026-11-29 02:22:41',1,X'1834b2bd21b829a61aaab7dfa06c5d4715d0733bfa095819e344060ead6aecd8d60085ea36c1f14540eaf678a9eb2917',15689865);
INSERT INTO _sqlx_migrations VALUES(3,'fences','2026-11-29 02:22:41',1,X'12432ec77cdfbdd8a0f9d8af085fcd769f4501808de792c85ac8939598809e4763071dc1762c615c9719e273e6e7df24',6712717);
INSERT INTO _sqlx_migrations VALUES(4,'shared files','2026-11-29 04:02:43',1,X'7d7da74dd1e311fa7d58ccc1d280039f1f77ac80d3466f22f86a01547fdff77173ea5e9c3a99e1d67507f5d0b47761fc',13297392);
INSERT INTO _sqlx_migrations VALUES(5,'jobs of all kinds','2026-11-29 04:02:43',1,X'945eac6137817fa7ec2768687d25ccda0124eecb4261991bfa624e3d7cc771d5d270c1699f1081406cf93581f78ffcdd',16586581);
INSERT INTO _sqlx_migrations VALUES(6,'interfaces','2026-11-29 04:02:43',1,X'ad3d2ec1f01aaee47307c78f980561af99019e1acdb0bce261365c9cf546cf99406c7ab543904d7fbdd7120251321b90',3832638);
INSERT INTO _sqlx_migrations VALUES(7,'people','2026-11-29 03:30:00',1,X'c388b6b69d40e07f48612ad63a4b6f4126d0cf3b4e7d9110466b086a096f27a15cd3c7d88d55d411a6ac68ecef1b520a',1000000);
INSERT INTO _sqlx_migrations VALUES(8,'audit','2026-11-29 03:30:00',1,X'718436f35b877e51b8c52491860a1d5e5f4d18ee20da0a5599680e7c1e5d1aa55ad5b8afa432ec4dfd364e3c71d85338',1000000);
INSERT INTO _sqlx_migrations VALUES(9,'moving','2026-11-29 03:30:00',1,X'be1916b7e63d632c3076d758f0428ce6b2a9d304df8336f762db653583735dfdc5a8507fd9f1188ee6d60894e69cfbd9',1000000);
INSERT INTO _sqlx_migrations VALUES(10,'conversations','2026-11-29 05:31:05',1,X'b39308b895ee8625193a3ede54998788e19041f051c546472aae13a953dfe355310988c82911392ad8fa799575c1216d',15723635);
INSERT INTO _sqlx_migrations VALUES(11,'escalation setting','2026-11-29 06:45:19',1,X'20414aa45904be3cb4e05f220fc3ffd6e78975d68e5061d3fd8214799e6c399a6585c0eb7e45c11f2a91fe042ab8b4ca',33010008);
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
, quota_bytes BIGINT, settings TEXT NOT NULL DEFAULT '{}', audit_number BIGINT NOT NULL DEFAULT 0, audit_hash TEXT NOT NULL DEFAULT '');
INSERT INTO practices VALUES('0195c1d2-0000-7000-8000-000000000001',9,1,'Lapa','1 Harbour Street','555 0100','Europe/Madrid',1795345200000,NULL,'{}',0,'');
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
INSERT INTO staff VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000002',2,'Ana','veterinarian','ana@example.org',1,'hash',1795345200000);
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
INSERT INTO clients VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000003',3,'Marta','marta@example.org','555 0101','2 Mill Lane','C-17');
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
INSERT INTO patients VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000004',4,'0195c1d2-0000-7000-8000-000000000003','Biscuit','Dog','Beagle','female_neutered','2017-05','tricolour',12400000,'Penicillin','P-17');
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
    plan TEXT NOT NULL, department_id TEXT, tags TEXT NOT NULL DEFAULT '', snoozed BIGINT NOT NULL DEFAULT 0, snoozed_until BIGINT, escalated_at BIGINT, delivered_to_client BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, client_id) REFERENCES clients (practice_id, id),
    FOREIGN KEY (practice_id, patient_id) REFERENCES patients (practice_id, id),
    FOREIGN KEY (practice_id, assignee_id) REFERENCES staff (practice_id, id),
    FOREIGN KEY (practice_id, ended_by) REFERENCES staff (practice_id, id)
);
INSERT INTO conversations VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000005',8,'0195c1d2-0000-7000-8000-000000000003','0195c1d2-0000-7000-8000-000000000004','Limps','open',1,'0195c1d2-0000-7000-8000-000000000002',1795345200000,'0195c1d2-0000-7000-8000-000000000002',1795345260000,0,0,NULL,NULL,'','',NULL,'',0,NULL,NULL,0);
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
INSERT INTO endings VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000005','0195c1d2-0000-7000-8000-000000000002',1795345210000,'fine','rest');
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
    content_hash TEXT NOT NULL, automatic BIGINT NOT NULL DEFAULT 0, edited_at BIGINT, deleted_at BIGINT, due_at BIGINT, mentions TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, conversation_id) REFERENCES conversations (practice_id, id)
);
INSERT INTO messages VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000006',6,'0195c1d2-0000-7000-8000-000000000005','0195c1d2-0000-7000-8000-000000000003','client','0195c1d2-0000-7000-8000-000000000003','everyone','She limps','0195c1d2-0000-7000-8000-000000000009 0195c1d2-0000-7000-8000-00000000000a',1795345220000,1795345221000,'ab',0,NULL,NULL,NULL,'');
INSERT INTO messages VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000007',7,'0195c1d2-0000-7000-8000-000000000005','0195c1d2-0000-7000-8000-000000000003','staff','0195c1d2-0000-7000-8000-000000000002','staff','hm; it''s the left one','',1795345230000,1795345231000,'cd',0,NULL,NULL,NULL,'');
INSERT INTO messages VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000008',8,'0195c1d2-0000-7000-8000-000000000005','0195c1d2-0000-7000-8000-000000000003','system',NULL,'everyone','Conversation reopened','',1795345240000,1795345241000,'ef',0,NULL,NULL,NULL,'');
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
    has_rendition BIGINT NOT NULL CHECK (has_rendition IN (0, 1)), clip_missing_us BIGINT,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, message_id) REFERENCES messages (practice_id, id)
);
INSERT INTO attachments VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000009',9,'0195c1d2-0000-7000-8000-000000000005','0195c1d2-0000-7000-8000-000000000006','0195c1d2-0000-7000-8000-000000000003','everyone',0,'clip','walk.mov','video/quicktime',1000,'processing',1000,'','abab',2000000,320,240,50,1,NULL,NULL,NULL,'After the walk',NULL,1795345225000,'capability',NULL,1,0,NULL);
INSERT INTO attachments VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-00000000000a',6,'0195c1d2-0000-7000-8000-000000000005','0195c1d2-0000-7000-8000-000000000006','0195c1d2-0000-7000-8000-000000000003','everyone',1,'document','scan.pdf','application/pdf',1000,'uploading',500,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'',NULL,NULL,NULL,NULL,0,0,NULL);
CREATE TABLE tombstones (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    client_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    PRIMARY KEY (practice_id, client_id, kind, id)
);
INSERT INTO tombstones VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000003','patient','0195c1d2-0000-7000-8000-00000000000b',5);
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
INSERT INTO sessions VALUES('hash of a token','0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000002',NULL,NULL,'desk',1795345200000,1795345200000,1797937200000);
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
INSERT INTO invitations VALUES('hash of another','0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000005','0195c1d2-0000-7000-8000-000000000003','0195c1d2-0000-7000-8000-000000000002',1795345200000,1796554800000,NULL);
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
INSERT INTO uploads VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-00000000000a',1000,1795345220000,1795950020000,NULL);
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
INSERT INTO openings VALUES('0195c1d2-0000-7000-8000-000000000001','0195c1d2-0000-7000-8000-000000000009','page','hash of an address',498706,1795345300000,1795345300000,1);
CREATE TABLE secrets (
    name TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
INSERT INTO secrets VALUES('address key','a secret');
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
CREATE TABLE keeper (
    one BIGINT NOT NULL PRIMARY KEY CHECK (one = 1),
    node TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS "jobs" (
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
INSERT INTO jobs VALUES('0195c1d2-0000-7000-8000-000000000001','prepare','0195c1d2-0000-7000-8000-000000000009',1,1795345225000,'a node',1795345285000,0,'',0,1795345225000);
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
CREATE TABLE consent_texts (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    version BIGINT NOT NULL,
    words TEXT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (practice_id, version)
);
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
CREATE TABLE account_links (
    token_hash TEXT NOT NULL PRIMARY KEY,
    practice_id TEXT NOT NULL,
    staff_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('invitation', 'reset', 'second_step')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id)
);
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
CREATE TABLE recovery_codes (
    practice_id TEXT NOT NULL,
    staff_id TEXT NOT NULL,
    code_hash TEXT NOT NULL,
    PRIMARY KEY (practice_id, staff_id, code_hash),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id)
);
CREATE TABLE known_devices (
    practice_id TEXT NOT NULL,
    staff_id TEXT NOT NULL,
    mark_hash TEXT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, staff_id, mark_hash),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id)
);
CREATE TABLE mails (
    practice_id TEXT NOT NULL,
    -- As the job's.
    kind TEXT NOT NULL CHECK (kind IN ('invite', 'reset')),
    staff_id TEXT NOT NULL,
    language TEXT NOT NULL,
    PRIMARY KEY (practice_id, kind, staff_id),
    FOREIGN KEY (practice_id, staff_id) REFERENCES staff (practice_id, id)
);
CREATE TABLE resets (
    address TEXT NOT NULL PRIMARY KEY,
    language TEXT NOT NULL,
    asked_at BIGINT NOT NULL
);
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
CREATE TABLE moving (
    -- A hash that tells one installation from another.
    source TEXT NOT NULL PRIMARY KEY,
    begun_at BIGINT NOT NULL
);
CREATE TABLE earlier_words (
    practice_id TEXT NOT NULL,
    message_id TEXT NOT NULL,
    -- From one.
    number BIGINT NOT NULL,
    body TEXT NOT NULL,
    -- Who replaced them, and when.
    actor TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    replaced_at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, message_id, number),
    FOREIGN KEY (practice_id, message_id) REFERENCES messages (practice_id, id)
);
CREATE TABLE merges (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    from_id TEXT NOT NULL,
    into_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, from_id),
    FOREIGN KEY (practice_id, into_id) REFERENCES conversations (practice_id, id)
);
CREATE INDEX staff_by_revision ON staff (practice_id, revision);
CREATE INDEX clients_by_revision ON clients (practice_id, revision);
CREATE INDEX patients_by_revision ON patients (practice_id, revision);
CREATE INDEX patients_by_client ON patients (practice_id, client_id, revision);
CREATE INDEX conversations_by_revision ON conversations (practice_id, revision);
CREATE INDEX conversations_by_client ON conversations (practice_id, client_id, revision);
CREATE INDEX messages_by_revision ON messages (practice_id, revision);
CREATE INDEX messages_by_client ON messages (practice_id, client_id, revision);
CREATE INDEX messages_by_conversation ON messages (practice_id, conversation_id, received_at);
CREATE INDEX attachments_by_revision ON attachments (practice_id, revision);
CREATE INDEX attachments_by_client ON attachments (practice_id, client_id, revision);
CREATE INDEX attachments_by_message ON attachments (practice_id, message_id, position);
CREATE INDEX tombstones_by_revision ON tombstones (practice_id, revision);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);
CREATE INDEX uploads_by_expiry ON uploads (expires_at);
CREATE INDEX attachments_by_room ON attachments (practice_id, state, uploaded_at, bytes);
CREATE INDEX turns_by_node ON turns (node);
CREATE INDEX jobs_by_time ON jobs (dead, run_at);
CREATE INDEX done_writes_by_time ON done_writes (practice_id, done_at);
CREATE INDEX deliveries_by_webhook ON deliveries (practice_id, webhook_id, created_at);
CREATE INDEX listings_by_revision ON listings (practice_id, revision);
CREATE INDEX consents_by_revision ON consents (practice_id, revision);
CREATE INDEX consents_by_client ON consents (practice_id, client_id, revision);
CREATE INDEX account_links_by_staff ON account_links (practice_id, staff_id);
CREATE INDEX sessions_by_client ON sessions (practice_id, client_id, seen_at);
CREATE INDEX sessions_by_staff ON sessions (practice_id, staff_id, seen_at);
CREATE INDEX audit_by_subject ON audit (practice_id, subject_id, number);
COMMIT;
