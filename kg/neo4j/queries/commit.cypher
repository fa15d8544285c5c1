// name: documents_done_with
// Documents of tasks that were cancelled, or done by another worker, while this one was at work.
MATCH (t:Task) WHERE t.id IN $ids AND t.collection = $collection
  AND NOT t.state IN ['queued', 'extracting']
RETURN t.document_id;

// name: known_fingerprints
MATCH (d:Document {collection: $collection}) WHERE d.id IN $ids RETURN d.id, d.fingerprint;

// name: placements_of
MATCH (d:Document {collection: $collection})-[at:HAS_PASSAGE]->(p:Passage) WHERE d.id IN $ids
RETURN d.id, at.ordinal, p.id, at.start, at.`end`, at.page
ORDER BY d.id, at.ordinal;

// name: delete_placements
MATCH (d:Document {collection: $collection})-[at:HAS_PASSAGE]->(p:Passage) WHERE d.id IN $ids
OPTIONAL MATCH (p)-[next:NEXT {document_id: d.id}]->()
DELETE at, next;

// name: delete_documents
MATCH (d:Document {collection: $collection}) WHERE d.id IN $ids DETACH DELETE d;

// name: put_document
UNWIND $rows AS row
MERGE (d:Document {collection: $collection, id: row.id})
SET d = row, d.collection = $collection;

// name: known_passages
MATCH (p:Passage {collection: $collection}) WHERE p.id IN $ids RETURN p.id;

// name: insert_passage
UNWIND $rows AS row
CREATE (p:Passage) SET p = row, p.collection = $collection;

// name: insert_placement
UNWIND $rows AS row
MATCH (d:Document {collection: $collection, id: row.document_id})
MATCH (p:Passage {collection: $collection, id: row.passage_id})
CREATE (d)-[:HAS_PASSAGE {ordinal: row.ordinal, start: row.start, `end`: row.`end`, page: row.page}]
       ->(p);

// name: insert_next
UNWIND $rows AS row
MATCH (one:Passage {collection: $collection, id: row.one})
MATCH (other:Passage {collection: $collection, id: row.other})
CREATE (one)-[:NEXT {document_id: row.document_id, ordinal: row.ordinal}]->(other);

// name: unplaced_passages
MATCH (p:Passage {collection: $collection}) WHERE p.id IN $ids
  AND NOT EXISTS { (p)<-[:HAS_PASSAGE]-() }
RETURN p.id;

// name: delete_passages
MATCH (p:Passage {collection: $collection}) WHERE p.id IN $ids DETACH DELETE p;

// name: delete_extractions
MATCH (x:Extraction {collection: $collection}) WHERE x.passage_id IN $ids DETACH DELETE x;

// name: delete_saved_of_passages
MATCH (x:SavedExtraction {collection: $collection})
WHERE x.passage_id IN $ids AND x.extractor IS NOT NULL
DELETE x;

// name: active_extractions
MATCH (x:Extraction {collection: $collection}) WHERE x.passage_id IN $ids RETURN properties(x);

// name: put_extraction
UNWIND $rows AS row
MERGE (x:Extraction {collection: $collection, passage_id: row.passage_id})
SET x = row, x.collection = $collection;

// name: forget_mentions
// Returns the entities that lost one.
MATCH (p:Passage {collection: $collection})-[m:MENTIONS]->(e:Entity) WHERE p.id IN $ids
WITH m, e.id AS id
DELETE m
RETURN DISTINCT id;

// name: forget_relations
MATCH (s:Entity)-[r:RELATES]->(:Entity)
WHERE r.passage_id IN $ids AND s.collection = $collection
DELETE r;

// name: insert_entity
UNWIND $rows AS row
MERGE (e:Entity {collection: $collection, id: row.id})
ON CREATE SET e.name = row.name, e.linked = false;

// name: insert_mention
UNWIND $rows AS row
MATCH (p:Passage {collection: $collection, id: row.passage_id})
MATCH (e:Entity {collection: $collection, id: row.entity_id})
CREATE (p)-[:MENTIONS {surface: row.surface, type: row.type}]->(e);

// name: insert_relation
UNWIND $rows AS row
MATCH (s:Entity {collection: $collection, id: row.subject_id})
MATCH (o:Entity {collection: $collection, id: row.object_id})
CREATE (s)-[:RELATES {relation: row.relation, passage_id: row.passage_id, fact_id: row.fact_id}]
       ->(o);

// name: unmentioned_entities
MATCH (e:Entity {collection: $collection}) WHERE e.id IN $ids
  AND NOT EXISTS { (e)<-[:MENTIONS]-() }
RETURN e.id;

// name: count_synonyms_of
MATCH (e:Entity {collection: $collection}) WHERE e.id IN $ids
RETURN sum(COUNT { (e)-[:SYNONYM]-() });

// name: unlink_sources_of
MATCH (s:Entity)-[:SYNONYM]->(e:Entity {collection: $collection}) WHERE e.id IN $ids
SET s.linked = false;

// name: delete_entities
// Their synonyms, in both directions, go with them.
MATCH (e:Entity {collection: $collection}) WHERE e.id IN $ids DETACH DELETE e;

// name: draft_tasks
MATCH (t:Task)-[:PART_OF]->(j:Job) WHERE t.id IN $ids AND t.collection = $collection
  AND t.state IN ['queued', 'extracting'] AND t.drafted = 0
SET t.drafted = 1
WITH j, count(*) AS number
SET j.drafts = j.drafts + number;

// name: complete_tasks
// What is done has all that it was to have, whatever was noted of it.
MATCH (t:Task)-[:PART_OF]->(j:Job) WHERE t.id IN $ids AND t.collection = $collection
  AND t.state IN ['queued', 'extracting']
WITH t, j, CASE t.state WHEN 'queued' THEN 1 ELSE 0 END AS was_queued,
     CASE WHEN t.passages_done < t.passages THEN t.passages - t.passages_done ELSE 0 END AS left
SET t.state = 'extracted', t.error = '', t.worker = '', t.passages_done = t.passages
REMOVE t.document, t.leased_until
WITH j, count(*) AS number, sum(was_queued) AS queued, sum(t.drafted) AS drafts,
     sum(left) AS passages
SET j.revision = $revision, j.extracted = j.extracted + number, j.queued = j.queued - queued,
    j.extracting = j.extracting - number + queued, j.open = j.open - number,
    j.drafts = j.drafts - drafts, j.passages_done = j.passages_done + passages;
