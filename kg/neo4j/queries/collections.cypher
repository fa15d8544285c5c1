// name: version
MATCH (a:Ammon {name: 'Ammon'}) RETURN a.version;

// name: set_version
// Also the lock that orders what concerns all collections, and the queue's counter.
MERGE (a:Ammon {name: 'Ammon'}) ON CREATE SET a.numbers = 0 SET a.version = $version;

// name: time
// Of the server, in milliseconds.
RETURN datetime.realtime().epochMillis;

// name: await_indexes
CALL db.awaitIndexes(300);

// name: lock_all
// Writing a property, even one that does not change, holds the node until the transaction ends.
MATCH (a:Ammon {name: 'Ammon'}) SET a.name = 'Ammon';

// name: lock_collection
MATCH (c:Collection {name: $name}) SET c.name = $name;

// name: collection
MATCH (c:Collection {name: $name}) RETURN properties(c);

// name: collections
MATCH (c:Collection) RETURN properties(c);

// name: create_collection
CREATE (c:Collection {name: $name, key: $key, revision: 0, version: 0}) SET c += $settings;

// name: create_hidden
// It gets the label :Collection once it is whole.
CREATE (c:RestoringCollection
        {name: $name, key: $key, revision: 0, version: 0, held_until: $until})
SET c += $settings;

// name: hidden
MATCH (c:RestoringCollection {name: $name}) RETURN c.key, c.held_until;

// name: hold_hidden
MATCH (c:RestoringCollection {name: $name, key: $key}) SET c.held_until = $until;

// name: drop_hidden
MATCH (c:RestoringCollection {name: $name})
REMOVE c:RestoringCollection, c.held_until SET c:DeletedCollection;

// name: show_hidden
MATCH (c:RestoringCollection {name: $name, key: $key})
REMOVE c:RestoringCollection, c.held_until SET c:Collection, c.revision = $revision;

// name: update_settings
MATCH (c:Collection {name: $collection})
SET c += $settings, c.revision = c.revision + 1, c.version = c.version + 1;

// name: touch
// What a reader sees has changed.
MATCH (c:Collection {name: $collection}) SET c.version = c.version + 1;

// name: log_revision
MATCH (c:Collection {name: $collection})
SET c.revision = $revision, c.version = c.version + 1
CREATE (r:Revision {collection: $collection, number: $revision}) SET r += $events;

// name: forget_revisions
MATCH (r:Revision {collection: $collection}) WHERE r.number <= $number DELETE r;

// name: changes_since
MATCH (r:Revision {collection: $collection}) WHERE r.number > $revision
RETURN properties(r) ORDER BY r.number;

// name: begin_deletion
MATCH (c:Collection {name: $collection}) REMOVE c:Collection SET c:DeletedCollection;

// name: all_deleted
MATCH (c:DeletedCollection) RETURN DISTINCT c.name;

// name: all_abandoned
MATCH (c:RestoringCollection) WHERE c.held_until <= $now RETURN DISTINCT c.name;

// name: drop_abandoned
MATCH (c:RestoringCollection) WHERE c.held_until <= $now
REMOVE c:RestoringCollection, c.held_until SET c:DeletedCollection;

// name: lock_deleted
MATCH (c:DeletedCollection {name: $name}) SET c.name = $name;

// name: deleted
MATCH (c:DeletedCollection {name: $name}) RETURN c.name;

// name: delete_links_of_documents
// Of the first nodes; a link between two of them may be counted twice.
MATCH (n:Document {collection: $collection}) WHERE n.id > ''
WITH n ORDER BY n.collection, n.id LIMIT $nodes
MATCH (n)-[link]-()
WITH link LIMIT $limit
DELETE link
RETURN count(*);

// name: delete_some_documents
MATCH (n:Document {collection: $collection}) WHERE n.id > ''
WITH n ORDER BY n.collection, n.id LIMIT $limit
DETACH DELETE n
RETURN count(*);

// name: delete_links_of_passages
// Of the first nodes; a link between two of them may be counted twice.
MATCH (n:Passage {collection: $collection}) WHERE n.id > ''
WITH n ORDER BY n.collection, n.id LIMIT $nodes
MATCH (n)-[link]-()
WITH link LIMIT $limit
DELETE link
RETURN count(*);

// name: delete_some_passages
MATCH (n:Passage {collection: $collection}) WHERE n.id > ''
WITH n ORDER BY n.collection, n.id LIMIT $limit
DETACH DELETE n
RETURN count(*);

// name: delete_links_of_entities
// Of the first nodes; a link between two of them may be counted twice.
MATCH (n:Entity {collection: $collection}) WHERE n.id > ''
WITH n ORDER BY n.collection, n.id LIMIT $nodes
MATCH (n)-[link]-()
WITH link LIMIT $limit
DELETE link
RETURN count(*);

// name: delete_some_entities
MATCH (n:Entity {collection: $collection}) WHERE n.id > ''
WITH n ORDER BY n.collection, n.id LIMIT $limit
DETACH DELETE n
RETURN count(*);

// name: delete_some_extractions
MATCH (n:Extraction {collection: $collection}) WHERE n.passage_id > '' WITH n LIMIT $limit
DETACH DELETE n
RETURN count(*);

// name: delete_some_saved_extractions
MATCH (n:SavedExtraction {collection: $collection})
WHERE n.passage_id > '' AND n.extractor IS NOT NULL WITH n LIMIT $limit
DETACH DELETE n
RETURN count(*);

// name: delete_some_revisions
MATCH (n:Revision {collection: $collection}) WHERE n.number > 0 WITH n LIMIT $limit
DETACH DELETE n
RETURN count(*);

// name: end_deletion
MATCH (c:DeletedCollection {name: $name}) DELETE c;
