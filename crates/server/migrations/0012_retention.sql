-- What is kept however old it is, and why. A hold that was lifted stays, as part of the record.
CREATE TABLE holds (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('conversation', 'patient', 'client')),
    subject_id TEXT NOT NULL,
    reason TEXT NOT NULL,
    put_by TEXT NOT NULL,
    put_at BIGINT NOT NULL,
    lifted_by TEXT,
    lifted_at BIGINT,
    PRIMARY KEY (practice_id, id),
    FOREIGN KEY (practice_id, put_by) REFERENCES staff (practice_id, id),
    FOREIGN KEY (practice_id, lifted_by) REFERENCES staff (practice_id, id)
);
CREATE INDEX holds_by_revision ON holds (practice_id, revision);
CREATE INDEX holds_by_subject ON holds (practice_id, subject_id);

-- When the last conversation of a client, or about a patient, was removed because of its age.
ALTER TABLE clients ADD COLUMN emptied_at BIGINT;
ALTER TABLE patients ADD COLUMN emptied_at BIGINT;

-- What is removed is looked for by what refers to it, and a device by its client looks for what is gone.
CREATE INDEX sessions_by_conversation ON sessions (practice_id, conversation_id);
CREATE INDEX invitations_by_conversation ON invitations (practice_id, conversation_id);
CREATE INDEX exports_by_conversation ON exports (practice_id, conversation_id);
CREATE INDEX merges_by_into ON merges (practice_id, into_id);
CREATE INDEX conversations_by_patient ON conversations (practice_id, patient_id);
CREATE INDEX tombstones_by_client ON tombstones (practice_id, client_id, revision);
