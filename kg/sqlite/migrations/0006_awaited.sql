-- Whether documents with such a fingerprint are on their way is asked again and again.

CREATE INDEX tasks_awaited ON tasks (collection, fingerprint)
WHERE state IN ('queued', 'extracting');

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES ('tasks', 'tasks_awaited', '1000 500 2');
ANALYZE sqlite_schema;

PRAGMA user_version = 6;
