-- A job may be filled by and by: by whom, and until when that is taken to be so.

ALTER TABLE jobs ADD COLUMN filler TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN filled_until REAL NOT NULL DEFAULT 0;

PRAGMA user_version = 5;
