-- How much of a clip is missing at its end, because the file was cut off.
ALTER TABLE attachments ADD COLUMN clip_missing_us BIGINT;
