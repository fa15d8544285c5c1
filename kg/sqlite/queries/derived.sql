-- name: save_extraction
INSERT OR REPLACE INTO saved_extractions
    (collection, passage_id, extractor, entities, triples, model, prompt_version, input_tokens,
     output_tokens, raw, failure)
VALUES (:collection, :passage_id, :extractor, :entities, :triples, :model, :prompt_version,
        :input_tokens, :output_tokens, :raw, :failure);

-- name: keep_extraction
-- The graph is not made from it any more; what was saved after it counts.
INSERT INTO saved_extractions
    (collection, passage_id, extractor, entities, triples, model, prompt_version, input_tokens,
     output_tokens, raw, failure)
VALUES (:collection, :passage_id, :extractor, :entities, :triples, :model, :prompt_version,
        :input_tokens, :output_tokens, :raw, :failure)
ON CONFLICT DO NOTHING;

-- name: forget_saved
DELETE FROM saved_extractions
WHERE collection = :collection AND passage_id = :passage_id AND extractor = :extractor;

-- name: used_extractions
SELECT passage_id, extractor, entities, triples, model, prompt_version, input_tokens,
       output_tokens, raw, failure
FROM extractions
WHERE collection = :collection AND extractor = :extractor
  AND passage_id IN (SELECT value FROM json_each(:ids));

-- name: saved_extractions
SELECT passage_id, extractor, entities, triples, model, prompt_version, input_tokens,
       output_tokens, raw, failure
FROM saved_extractions
WHERE collection = :collection AND extractor = :extractor
  AND passage_id IN (SELECT value FROM json_each(:ids));

-- name: prune_extractions
DELETE FROM saved_extractions
WHERE collection = :collection
  AND NOT EXISTS (SELECT 1 FROM passages
                  WHERE passages.collection = saved_extractions.collection
                    AND passages.id = saved_extractions.passage_id)
  AND NOT EXISTS (SELECT 1 FROM tasks
                  WHERE tasks.collection = saved_extractions.collection
                    AND tasks.state IN ('queued', 'extracting', 'failed'));

-- name: delete_synonyms
DELETE FROM synonyms
WHERE collection = :collection AND source_id IN (SELECT value FROM json_each(:ids));

-- name: insert_synonym
INSERT OR REPLACE INTO synonyms (collection, source_id, target_id, score)
VALUES (:collection, :source_id, :target_id, :score);

-- name: known_entities
SELECT id FROM entities
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids));

-- name: set_linked
UPDATE entities SET linked = :linked
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids));

-- name: delete_all_synonyms
DELETE FROM synonyms WHERE collection = :collection;

-- name: unlink_all
UPDATE entities SET linked = 0 WHERE collection = :collection AND linked;
