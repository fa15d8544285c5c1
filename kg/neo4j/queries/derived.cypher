// name: save_extraction
UNWIND $rows AS row
MERGE (x:SavedExtraction
       {collection: $collection, passage_id: row.passage_id, extractor: row.extractor})
SET x = row, x.collection = $collection;

// name: keep_extraction
// The graph is not made from it any more; what was saved after it counts.
UNWIND $rows AS row
MERGE (x:SavedExtraction
       {collection: $collection, passage_id: row.passage_id, extractor: row.extractor})
ON CREATE SET x = row, x.collection = $collection;

// name: forget_saved
UNWIND $rows AS row
MATCH (x:SavedExtraction
       {collection: $collection, passage_id: row.passage_id, extractor: row.extractor})
DELETE x;

// name: used_extractions
MATCH (x:Extraction {collection: $collection})
WHERE x.passage_id IN $ids AND x.extractor = $extractor
RETURN properties(x);

// name: saved_extractions
MATCH (x:SavedExtraction {collection: $collection, extractor: $extractor})
WHERE x.passage_id IN $ids
RETURN properties(x);

// name: are_extractions_needed
MATCH (t:Task {collection: $collection}) WHERE t.state IN ['queued', 'extracting', 'failed']
RETURN t.id LIMIT 1;

// name: prune_extractions
MATCH (x:SavedExtraction {collection: $collection})
WHERE x.passage_id >= $after AND x.extractor IS NOT NULL
  AND NOT EXISTS { MATCH (:Passage {collection: $collection, id: x.passage_id}) }
WITH x, x.passage_id AS id ORDER BY x.collection, x.passage_id, x.extractor LIMIT $limit
DELETE x
RETURN max(id), count(*);

// name: known_entities
MATCH (e:Entity {collection: $collection}) WHERE e.id IN $ids RETURN e.id;

// name: delete_synonyms
MATCH (s:Entity {collection: $collection})-[link:SYNONYM]->() WHERE s.id IN $ids DELETE link;

// name: insert_synonym
UNWIND $rows AS row
MATCH (s:Entity {collection: $collection, id: row.source_id})
MATCH (t:Entity {collection: $collection, id: row.target_id})
CREATE (s)-[:SYNONYM {score: row.score}]->(t);

// name: set_linked
MATCH (e:Entity {collection: $collection}) WHERE e.id IN $ids SET e.linked = $linked;

// name: forget_some_synonyms
MATCH (s:Entity {collection: $collection})-[link:SYNONYM]->() WHERE s.id >= $after
WITH s, link ORDER BY s.collection, s.id LIMIT $limit
SET s.linked = false
DELETE link
RETURN max(s.id), count(*);

// name: unlink_some
MATCH (e:Entity {collection: $collection}) WHERE e.id > $after AND e.linked
WITH e ORDER BY e.collection, e.id LIMIT $limit
SET e.linked = false
RETURN max(e.id), count(*);

// name: forget_some_synonyms_of
// In either direction; one between two of them is counted twice.
MATCH (e:Entity {collection: $collection})-[link:SYNONYM]-() WHERE e.id IN $ids
WITH link, startNode(link) AS s LIMIT $limit
SET s.linked = false
DELETE link
RETURN count(*);
