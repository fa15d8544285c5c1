-- name: documents_done_with
-- Documents of tasks that were cancelled, or done by another worker, while this one was at work.
SELECT document_id FROM tasks
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids))
  AND state NOT IN ('queued', 'extracting');

-- name: known_fingerprints
SELECT id, fingerprint FROM documents
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids));

-- name: placements_of
SELECT document_id, ordinal, passage_id, "start", "end", page FROM placements
WHERE collection = :collection AND document_id IN (SELECT value FROM json_each(:ids))
ORDER BY document_id, ordinal;

-- name: delete_placements
DELETE FROM placements
WHERE collection = :collection AND document_id IN (SELECT value FROM json_each(:ids));

-- name: delete_documents
DELETE FROM documents
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids));

-- name: insert_document
INSERT INTO documents (collection, id, fingerprint, source, title, text, sections, metadata,
                       observed_at, media_type)
VALUES (:collection, :id, :fingerprint, :source, :title, :text, :sections, :metadata,
        :observed_at, :media_type);

-- name: known_passages
SELECT id FROM passages
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids));

-- name: insert_passage
INSERT INTO passages (collection, id, title, heading, text)
VALUES (:collection, :id, :title, :heading, :text);

-- name: insert_placement
INSERT INTO placements (collection, document_id, ordinal, passage_id, "start", "end", page)
VALUES (:collection, :document_id, :ordinal, :passage_id, :start, :end, :page);

-- name: placed_passages
SELECT DISTINCT passage_id FROM placements
WHERE collection = :collection AND passage_id IN (SELECT value FROM json_each(:ids));

-- name: delete_passages
-- Their extractions go with them.
DELETE FROM passages
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids));

-- name: delete_saved_of_passages
DELETE FROM saved_extractions
WHERE collection = :collection AND passage_id IN (SELECT value FROM json_each(:ids));

-- name: active_extractions
SELECT passage_id, extractor, entities, triples, model, prompt_version, input_tokens,
       output_tokens, raw, failure
FROM extractions
WHERE collection = :collection AND passage_id IN (SELECT value FROM json_each(:ids));

-- name: put_extraction
INSERT OR REPLACE INTO extractions
    (collection, passage_id, extractor, entities, triples, model, prompt_version, input_tokens,
     output_tokens, raw, failure)
VALUES (:collection, :passage_id, :extractor, :entities, :triples, :model, :prompt_version,
        :input_tokens, :output_tokens, :raw, :failure);

-- name: entities_of_passages
SELECT DISTINCT entity_id FROM mentions
WHERE collection = :collection AND passage_id IN (SELECT value FROM json_each(:ids));

-- name: facts_of_passages
SELECT DISTINCT fact_id FROM supports
WHERE collection = :collection AND passage_id IN (SELECT value FROM json_each(:ids));

-- name: delete_mentions
DELETE FROM mentions
WHERE collection = :collection AND passage_id IN (SELECT value FROM json_each(:ids));

-- name: delete_supports
DELETE FROM supports
WHERE collection = :collection AND passage_id IN (SELECT value FROM json_each(:ids));

-- name: insert_entity
INSERT INTO entities (collection, id, name) VALUES (:collection, :id, :name)
ON CONFLICT DO NOTHING;

-- name: insert_mention
INSERT INTO mentions (collection, passage_id, entity_id, surface, type)
VALUES (:collection, :passage_id, :entity_id, :surface, :type);

-- name: insert_fact
INSERT INTO facts (collection, id, subject_id, relation, object_id)
VALUES (:collection, :id, :subject_id, :relation, :object_id)
ON CONFLICT DO NOTHING;

-- name: insert_support
INSERT INTO supports (collection, passage_id, fact_id)
VALUES (:collection, :passage_id, :fact_id);

-- name: delete_unsupported_facts
DELETE FROM facts
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids))
  AND NOT EXISTS (SELECT 1 FROM supports
                  WHERE supports.collection = facts.collection AND supports.fact_id = facts.id);

-- name: unmentioned_entities
SELECT id FROM entities
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids))
  AND NOT EXISTS (SELECT 1 FROM mentions
                  WHERE mentions.collection = entities.collection
                    AND mentions.entity_id = entities.id);

-- name: unlink_sources_of
UPDATE entities SET linked = 0
WHERE collection = :collection
  AND id IN (SELECT source_id FROM synonyms
             WHERE collection = :collection
               AND target_id IN (SELECT value FROM json_each(:ids)));

-- name: delete_entities
-- Their synonyms, in both directions, go with them.
DELETE FROM entities
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids));

-- name: draft_tasks
UPDATE tasks SET drafted = 1
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids))
  AND state IN ('queued', 'extracting');

-- name: complete_tasks
-- What is done has all that it was to have, whatever was noted of it.
UPDATE tasks
SET state = 'extracted', document = NULL, error = '', worker = '', leased_until = NULL,
    passages_done = passages
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids))
  AND state IN ('queued', 'extracting')
RETURNING job;

-- name: set_job_revision
UPDATE jobs SET revision = :revision WHERE number IN (SELECT value FROM json_each(:ids));
