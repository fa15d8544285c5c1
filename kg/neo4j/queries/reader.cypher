// An index of two properties is used where both are asked for, and its order where both are named:
// hence `id > ''`, and the collection in `ORDER BY`.

// name: documents
MATCH (d:Document {collection: $collection}) WHERE d.id > $after
RETURN properties(d) ORDER BY d.collection, d.id LIMIT $limit;

// name: document
MATCH (d:Document {collection: $collection, id: $id}) RETURN properties(d);

// name: fingerprints
MATCH (d:Document {collection: $collection}) WHERE d.id > '' RETURN d.id, d.fingerprint;

// name: fingerprints_among
MATCH (d:Document {collection: $collection}) WHERE d.id IN $ids RETURN d.id, d.fingerprint;

// name: quarantined
MATCH (x:Extraction {collection: $collection}) WHERE x.passage_id > '' AND x.failure <> ''
MATCH (d:Document)-[:HAS_PASSAGE]->(:Passage {collection: $collection, id: x.passage_id})
RETURN DISTINCT d.id, d.source, x.passage_id, x.failure;

// name: quarantined_among
MATCH (d:Document {collection: $collection})-[:HAS_PASSAGE]->(p:Passage) WHERE d.id IN $ids
MATCH (x:Extraction {collection: $collection, passage_id: p.id}) WHERE x.failure <> ''
RETURN DISTINCT d.id, d.source, p.id, x.failure;

// name: readings
MATCH (x:Extraction {collection: $collection}) WHERE x.passage_id > ''
RETURN x.passage_id, x.extractor, x.failure <> '';

// name: passages
MATCH (p:Passage {collection: $collection}) WHERE p.id > ''
RETURN p.id, p.title, p.heading, p.text ORDER BY p.collection, p.id;

// name: placements
MATCH (d:Document {collection: $collection})-[at:HAS_PASSAGE]->(p:Passage) WHERE d.id > ''
WITH d.id AS id, collect([at.ordinal, p.id, at.start, at.`end`, at.page]) AS places
RETURN id, places ORDER BY id;

// name: extractions
MATCH (x:Extraction {collection: $collection}) WHERE x.passage_id > ''
RETURN properties(x) ORDER BY x.collection, x.passage_id;

// name: saved
MATCH (x:SavedExtraction {collection: $collection})
WHERE x.passage_id > '' AND x.extractor IS NOT NULL
RETURN properties(x) ORDER BY x.collection, x.passage_id, x.extractor;

// name: entities
// With all that passages call each; its surface and type are counted by the reader.
MATCH (e:Entity {collection: $collection})<-[m:MENTIONS]-() WHERE e.id > ''
WITH e.id AS id, e.name AS name, collect([m.surface, m.type]) AS mentions
RETURN id, name, mentions ORDER BY id;

// name: facts
MATCH (s:Entity {collection: $collection})-[r:RELATES]->(o:Entity) WHERE s.id > ''
WITH DISTINCT r.fact_id AS id, s.id AS subject_id, r.relation AS relation, o.id AS object_id
RETURN id, subject_id, relation, object_id ORDER BY id;

// name: mentions
MATCH (p:Passage {collection: $collection})-[m:MENTIONS]->(e:Entity) WHERE p.id > ''
WITH p.id AS id, collect([e.id, m.surface, m.type]) AS mentions
RETURN id, mentions ORDER BY id;

// name: supports
MATCH (s:Entity {collection: $collection})-[r:RELATES]->() WHERE s.id > ''
WITH r.passage_id AS id, collect(r.fact_id) AS facts
RETURN id, facts ORDER BY id;

// name: synonyms
MATCH (s:Entity {collection: $collection})-[link:SYNONYM]->(t:Entity) WHERE s.id > ''
WITH s.id AS id, collect([t.id, link.score]) AS links
RETURN id, links ORDER BY id;

// name: unlinked
MATCH (e:Entity {collection: $collection}) WHERE e.id > '' AND NOT e.linked
RETURN e.id ORDER BY e.collection, e.id;

// name: counts
CALL {
  MATCH (d:Document {collection: $collection}) WHERE d.id > '' RETURN count(d) AS documents
}
CALL {
  MATCH (p:Passage {collection: $collection}) WHERE p.id > '' RETURN count(p) AS passages
}
CALL {
  MATCH (e:Entity {collection: $collection}) WHERE e.id > '' RETURN count(e) AS entities
}
CALL {
  MATCH (s:Entity {collection: $collection})-[r:RELATES]->() WHERE s.id > ''
  RETURN count(DISTINCT r.fact_id) AS facts, count(r) AS supports
}
CALL {
  MATCH (p:Passage {collection: $collection})-[m:MENTIONS]->() WHERE p.id > ''
  RETURN count(m) AS mentions
}
CALL {
  MATCH (s:Entity {collection: $collection})-[link:SYNONYM]->() WHERE s.id > ''
  RETURN count(link) AS synonyms
}
CALL {
  MATCH (x:Extraction {collection: $collection}) WHERE x.passage_id > '' AND x.failure <> ''
  RETURN count(x) AS quarantined
}
RETURN documents, passages, entities, facts, mentions, supports, synonyms, quarantined;
