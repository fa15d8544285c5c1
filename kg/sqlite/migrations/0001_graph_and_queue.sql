-- Small rows that are found by their keys lie in the key's tree (WITHOUT ROWID); rows with texts do
-- not. Every key begins with the collection, so that deleting one is a handful of range deletions.

CREATE TABLE collections (
    key INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL DEFAULT 0,
    settings TEXT NOT NULL
) STRICT;

CREATE TABLE documents (
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    id TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    source TEXT NOT NULL,
    title TEXT NOT NULL,
    text TEXT NOT NULL,
    sections TEXT NOT NULL,
    metadata TEXT NOT NULL,
    observed_at TEXT,
    media_type TEXT NOT NULL,
    PRIMARY KEY (collection, id)
) STRICT;

CREATE TABLE passages (
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    id TEXT NOT NULL,
    title TEXT NOT NULL,
    heading TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (collection, id)
) STRICT;

CREATE TABLE placements (
    collection INTEGER NOT NULL,
    document_id TEXT NOT NULL,
    ordinal INTEGER NOT NULL,
    passage_id TEXT NOT NULL,
    "start" INTEGER NOT NULL,
    "end" INTEGER NOT NULL,
    page INTEGER,
    PRIMARY KEY (collection, document_id, ordinal),
    FOREIGN KEY (collection, document_id) REFERENCES documents (collection, id) ON DELETE CASCADE,
    FOREIGN KEY (collection, passage_id) REFERENCES passages (collection, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX placements_of_passage ON placements (collection, passage_id);

-- The extraction from which a passage's part of the graph was derived.
CREATE TABLE extractions (
    collection INTEGER NOT NULL,
    passage_id TEXT NOT NULL,
    extractor TEXT NOT NULL,
    entities TEXT NOT NULL,
    triples TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    raw TEXT NOT NULL,
    failure TEXT NOT NULL,
    PRIMARY KEY (collection, passage_id),
    FOREIGN KEY (collection, passage_id) REFERENCES passages (collection, id) ON DELETE CASCADE
) STRICT;

CREATE INDEX quarantined ON extractions (collection) WHERE failure <> '';

-- Others that were paid for: of passages that are not in the graph yet, or by other extractors.
CREATE TABLE saved_extractions (
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    passage_id TEXT NOT NULL,
    extractor TEXT NOT NULL,
    entities TEXT NOT NULL,
    triples TEXT NOT NULL,
    model TEXT NOT NULL,
    prompt_version TEXT NOT NULL,
    input_tokens INTEGER NOT NULL,
    output_tokens INTEGER NOT NULL,
    raw TEXT NOT NULL,
    failure TEXT NOT NULL,
    PRIMARY KEY (collection, passage_id, extractor)
) STRICT;

CREATE TABLE entities (
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    linked INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (collection, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE mentions (
    collection INTEGER NOT NULL,
    passage_id TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    surface TEXT NOT NULL,
    type TEXT NOT NULL,
    PRIMARY KEY (collection, passage_id, entity_id),
    FOREIGN KEY (collection, passage_id) REFERENCES passages (collection, id) ON DELETE CASCADE,
    FOREIGN KEY (collection, entity_id) REFERENCES entities (collection, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX mentions_of_entity ON mentions (collection, entity_id, surface, type);

CREATE TABLE facts (
    collection INTEGER NOT NULL,
    id TEXT NOT NULL,
    subject_id TEXT NOT NULL,
    relation TEXT NOT NULL,
    object_id TEXT NOT NULL,
    PRIMARY KEY (collection, id),
    FOREIGN KEY (collection, subject_id) REFERENCES entities (collection, id) ON DELETE CASCADE,
    FOREIGN KEY (collection, object_id) REFERENCES entities (collection, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX facts_of_subject ON facts (collection, subject_id);
CREATE INDEX facts_of_object ON facts (collection, object_id);

CREATE TABLE supports (
    collection INTEGER NOT NULL,
    passage_id TEXT NOT NULL,
    fact_id TEXT NOT NULL,
    PRIMARY KEY (collection, passage_id, fact_id),
    FOREIGN KEY (collection, passage_id) REFERENCES passages (collection, id) ON DELETE CASCADE,
    FOREIGN KEY (collection, fact_id) REFERENCES facts (collection, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX supports_of_fact ON supports (collection, fact_id);

CREATE TABLE synonyms (
    collection INTEGER NOT NULL,
    source_id TEXT NOT NULL,
    target_id TEXT NOT NULL,
    score REAL NOT NULL,
    PRIMARY KEY (collection, source_id, target_id),
    FOREIGN KEY (collection, source_id) REFERENCES entities (collection, id) ON DELETE CASCADE,
    FOREIGN KEY (collection, target_id) REFERENCES entities (collection, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX synonyms_of_target ON synonyms (collection, target_id);

CREATE TABLE changes (
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    revision INTEGER NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    event TEXT NOT NULL,
    PRIMARY KEY (collection, revision, kind, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    created_at REAL NOT NULL,
    revision INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_of_collection ON jobs (collection);

CREATE TABLE tasks (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    job INTEGER NOT NULL REFERENCES jobs ON DELETE CASCADE,
    collection INTEGER NOT NULL REFERENCES collections ON DELETE CASCADE,
    document_id TEXT NOT NULL,
    source TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    document TEXT,
    state TEXT NOT NULL DEFAULT 'queued',
    attempts INTEGER NOT NULL DEFAULT 0,
    error TEXT NOT NULL DEFAULT '',
    worker TEXT NOT NULL DEFAULT '',
    leased_until REAL
) STRICT;
CREATE INDEX tasks_of_job ON tasks (job, state);
CREATE INDEX tasks_of_document ON tasks (collection, document_id);
CREATE INDEX tasks_in_state ON tasks (state);

-- What the planner cannot guess: a collection is a good part of its table, an id next to nothing
-- of it. Without this it walks through a collection where an index would find a handful of rows.
-- (The first number is of rows; the others are of rows that share the first columns of the index.)
ANALYZE;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('documents', 'sqlite_autoindex_documents_1', '100000 20000 1'),
    ('passages', 'sqlite_autoindex_passages_1', '100000 20000 1'),
    ('placements', 'placements', '100000 20000 10 1'),
    ('placements', 'placements_of_passage', '100000 20000 1'),
    ('extractions', 'sqlite_autoindex_extractions_1', '100000 20000 1'),
    ('saved_extractions', 'sqlite_autoindex_saved_extractions_1', '100000 20000 2 1'),
    ('entities', 'entities', '1000000 200000 1'),
    ('mentions', 'mentions', '1000000 200000 10 1'),
    ('mentions', 'mentions_of_entity', '1000000 200000 2 2 2'),
    ('facts', 'facts', '1000000 200000 1'),
    ('facts', 'facts_of_subject', '1000000 200000 5'),
    ('facts', 'facts_of_object', '1000000 200000 5'),
    ('supports', 'supports', '1000000 200000 10 1'),
    ('supports', 'supports_of_fact', '1000000 200000 1'),
    ('synonyms', 'synonyms', '1000000 200000 10 1'),
    ('synonyms', 'synonyms_of_target', '1000000 200000 10'),
    ('changes', 'changes', '1000000 200000 1000 100 1'),
    ('jobs', 'jobs_of_collection', '1000 1000'),
    ('tasks', 'tasks_of_job', '100000 1000 500'),
    ('tasks', 'tasks_of_document', '100000 20000 2'),
    ('tasks', 'tasks_in_state', '100000 20000');
ANALYZE sqlite_schema;  -- reads them

PRAGMA user_version = 1;
