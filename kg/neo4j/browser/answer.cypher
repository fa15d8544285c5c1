CALL (collection, passages, entities, facts) {
  MATCH way = (:Document)-[:HAS_PASSAGE]->(p:Passage {collection: collection})
  WHERE p.id IN passages
  RETURN way
  UNION
  MATCH way = (p:Passage {collection: collection})-[:MENTIONS]->(e:Entity)
  WHERE p.id IN passages AND e.id IN entities
  RETURN way
  UNION
  MATCH way = (s:Entity)-[r:RELATES]->(:Entity)
  WHERE r.fact_id IN facts AND s.collection = collection
  RETURN way
}
RETURN way
