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
WHERE x.passage_id > '' AND x.extractor IS NOT NULL
  AND NOT EXISTS { MATCH (:Passage {collection: $collection, id: x.passage_id}) }
DELETE x
RETURN count(*);

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

// name: delete_all_synonyms
MATCH (s:Entity {collection: $collection})-[link:SYNONYM]->() WHERE s.id > '' DELETE link;

// name: unlink_all
MATCH (e:Entity {collection: $collection}) WHERE e.id > '' AND e.linked SET e.linked = false;
