-- name: documents
SELECT id, fingerprint, source, title, text, sections, metadata, observed_at, media_type
FROM documents
WHERE collection = :collection AND id > :after
ORDER BY id
LIMIT :limit;

-- name: document
SELECT id, fingerprint, source, title, text, sections, metadata, observed_at, media_type
FROM documents
WHERE collection = :collection AND id = :id;

-- name: fingerprints
SELECT id, fingerprint FROM documents WHERE collection = :collection;

-- name: fingerprints_among
SELECT id, fingerprint FROM documents
WHERE collection = :collection AND id IN (SELECT value FROM json_each(:ids));

-- name: quarantined
SELECT DISTINCT documents.id, documents.source, extractions.passage_id, extractions.failure
FROM extractions
JOIN placements ON placements.collection = extractions.collection
               AND placements.passage_id = extractions.passage_id
JOIN documents ON documents.collection = placements.collection
              AND documents.id = placements.document_id
WHERE extractions.collection = :collection AND extractions.failure <> '';

-- name: quarantined_among
SELECT DISTINCT documents.id, documents.source, extractions.passage_id, extractions.failure
FROM json_each(:ids)
CROSS JOIN documents ON documents.collection = :collection AND documents.id = json_each.value
CROSS JOIN placements ON placements.collection = documents.collection
                     AND placements.document_id = documents.id
CROSS JOIN extractions ON extractions.collection = placements.collection
                      AND extractions.passage_id = placements.passage_id
WHERE extractions.failure <> '';

-- name: readings
SELECT passage_id, extractor, failure <> '' FROM extractions WHERE collection = :collection;

-- name: passages
SELECT id, title, heading, text FROM passages WHERE collection = :collection ORDER BY id;

-- name: placements
SELECT document_id, ordinal, passage_id, "start", "end", page FROM placements
WHERE collection = :collection
ORDER BY document_id, ordinal;

-- name: extractions
SELECT passage_id, extractor, entities, triples, model, prompt_version, input_tokens,
       output_tokens, raw, failure
FROM extractions
WHERE collection = :collection
ORDER BY passage_id;

-- name: saved
SELECT passage_id, extractor, entities, triples, model, prompt_version, input_tokens,
       output_tokens, raw, failure
FROM saved_extractions
WHERE collection = :collection
ORDER BY passage_id, extractor;

-- name: entities
-- A row for each mention; an entity's surface and type are counted by the reader.
SELECT entities.id, entities.name, mentions.surface, mentions.type
FROM entities
JOIN mentions ON mentions.collection = entities.collection AND mentions.entity_id = entities.id
WHERE entities.collection = :collection
ORDER BY entities.id;

-- name: facts
SELECT id, subject_id, relation, object_id FROM facts WHERE collection = :collection ORDER BY id;

-- name: mentions
SELECT passage_id, entity_id, surface, type FROM mentions
WHERE collection = :collection
ORDER BY passage_id, entity_id;

-- name: supports
SELECT passage_id, fact_id FROM supports
WHERE collection = :collection
ORDER BY passage_id, fact_id;

-- name: synonyms
SELECT source_id, target_id, score FROM synonyms
WHERE collection = :collection
ORDER BY source_id, target_id;

-- name: unlinked
SELECT id FROM entities WHERE collection = :collection AND NOT linked ORDER BY id;

-- name: counts
SELECT
    (SELECT count(*) FROM documents WHERE collection = :collection),
    (SELECT count(*) FROM passages WHERE collection = :collection),
    (SELECT count(*) FROM entities WHERE collection = :collection),
    (SELECT count(*) FROM facts WHERE collection = :collection),
    (SELECT count(*) FROM mentions WHERE collection = :collection),
    (SELECT count(*) FROM supports WHERE collection = :collection),
    (SELECT count(*) FROM synonyms WHERE collection = :collection),
    (SELECT count(*) FROM extractions WHERE collection = :collection AND failure <> '');
