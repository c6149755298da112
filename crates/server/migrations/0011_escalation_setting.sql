-- How long a client may wait before everybody is told stands with the other settings of the practice.
ALTER TABLE practices DROP COLUMN escalate_minutes;
