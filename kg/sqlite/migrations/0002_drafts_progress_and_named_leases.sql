-- Tasks come in the order in which they are wanted; what is noted of a job's progress adds up.

ALTER TABLE jobs ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN budget_tokens INTEGER;
ALTER TABLE jobs ADD COLUMN budget_cost REAL;
ALTER TABLE jobs ADD COLUMN input_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN output_tokens INTEGER NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN cost REAL NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN worked_seconds REAL NOT NULL DEFAULT 0;
ALTER TABLE jobs ADD COLUMN worked_at REAL;

ALTER TABLE tasks ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN drafted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN passages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE tasks ADD COLUMN passages_done INTEGER NOT NULL DEFAULT 0;

DROP INDEX tasks_in_state;
CREATE INDEX tasks_in_order ON tasks (state, drafted, priority DESC, number);

-- For what only one may do at a time.
CREATE TABLE leases (
    name TEXT PRIMARY KEY,
    worker TEXT NOT NULL,
    held_until REAL NOT NULL
) STRICT, WITHOUT ROWID;

DELETE FROM sqlite_stat1 WHERE idx = 'tasks_in_state';
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('tasks', 'tasks_in_order', '100000 20000 10000 5000 1');
ANALYZE sqlite_schema;

PRAGMA user_version = 2;
