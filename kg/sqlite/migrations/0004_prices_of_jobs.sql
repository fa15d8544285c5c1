-- A job keeps what a million tokens cost when it was taken in; 0 is unknown.

ALTER TABLE jobs ADD COLUMN price_input REAL NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN price_output REAL NOT NULL DEFAULT 0;

PRAGMA user_version = 4;
