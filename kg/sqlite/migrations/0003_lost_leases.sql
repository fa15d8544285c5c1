-- What runs out in its holders' hands again and again is counted: it may be what ends them.

ALTER TABLE leases ADD COLUMN lost INTEGER NOT NULL DEFAULT 0;

PRAGMA user_version = 3;
