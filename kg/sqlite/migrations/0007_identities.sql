-- A collection's identity tells it from others of its name, in other stores; '' if it is older.

ALTER TABLE collections ADD COLUMN identity TEXT NOT NULL DEFAULT '';

PRAGMA user_version = 7;
