CALL (collection, passages, entities, facts) {
  UNWIND passages AS passage
  CALL (collection, passage) {
    MATCH way = (d:Document)-[:HAS_PASSAGE]->(:Passage {collection: collection, id: passage})
    RETURN way ORDER BY d.id LIMIT 10
  }
  RETURN way
  UNION
  MATCH way = (p:Passage {collection: collection})-[:MENTIONS]->(e:Entity)
  WHERE p.id IN passages AND e.id IN entities
  RETURN way
  UNION
  UNWIND facts AS fact
  CALL (collection, passages, fact) {
    MATCH way = (s:Entity)-[r:RELATES {fact_id: fact}]->(:Entity)
    WHERE s.collection = collection
    RETURN way ORDER BY r.passage_id IN passages DESC, r.passage_id LIMIT 1
  }
  RETURN way
}
RETURN way
