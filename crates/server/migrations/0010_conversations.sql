-- Put off: until a time, or with no time until the client writes.
ALTER TABLE conversations ADD COLUMN snoozed BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN snoozed_until BIGINT;

-- A message shows its newest words; what it said before is kept for the record.
ALTER TABLE messages ADD COLUMN edited_at BIGINT;
ALTER TABLE messages ADD COLUMN deleted_at BIGINT;
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

-- Sent later: until then it is for staff only.
ALTER TABLE messages ADD COLUMN due_at BIGINT;
-- Ids of staff whom a note calls, separated by spaces.
ALTER TABLE messages ADD COLUMN mentions TEXT NOT NULL DEFAULT '';

-- A client who waits longer than so many minutes is brought to everybody's notice; 0 is never.
ALTER TABLE practices ADD COLUMN escalate_minutes BIGINT NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN escalated_at BIGINT;

-- Conversations that became part of another one: what a device still says about them is meant for that.
CREATE TABLE merges (
    practice_id TEXT NOT NULL REFERENCES practices (id),
    from_id TEXT NOT NULL,
    into_id TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (practice_id, from_id),
    FOREIGN KEY (practice_id, into_id) REFERENCES conversations (practice_id, id)
);

-- Everything up to here has reached a device of the client.
ALTER TABLE conversations ADD COLUMN delivered_to_client BIGINT NOT NULL DEFAULT 0;
