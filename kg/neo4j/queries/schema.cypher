// name: collection_names
CREATE CONSTRAINT ammon_collection IF NOT EXISTS
FOR (c:Collection) REQUIRE c.name IS UNIQUE;

// name: document_ids
CREATE CONSTRAINT ammon_document IF NOT EXISTS
FOR (d:Document) REQUIRE (d.collection, d.id) IS UNIQUE;

// name: passage_ids
CREATE CONSTRAINT ammon_passage IF NOT EXISTS
FOR (p:Passage) REQUIRE (p.collection, p.id) IS UNIQUE;

// name: entity_ids
CREATE CONSTRAINT ammon_entity IF NOT EXISTS
FOR (e:Entity) REQUIRE (e.collection, e.id) IS UNIQUE;

// name: extraction_passages
CREATE CONSTRAINT ammon_extraction IF NOT EXISTS
FOR (x:Extraction) REQUIRE (x.collection, x.passage_id) IS UNIQUE;

// name: saved_extraction_passages
CREATE CONSTRAINT ammon_saved_extraction IF NOT EXISTS
FOR (x:SavedExtraction) REQUIRE (x.collection, x.passage_id, x.extractor) IS UNIQUE;

// name: revision_numbers
CREATE CONSTRAINT ammon_revision IF NOT EXISTS
FOR (r:Revision) REQUIRE (r.collection, r.number) IS UNIQUE;

// name: job_ids
CREATE CONSTRAINT ammon_job IF NOT EXISTS FOR (j:Job) REQUIRE j.id IS UNIQUE;

// name: task_ids
CREATE CONSTRAINT ammon_task IF NOT EXISTS FOR (t:Task) REQUIRE t.id IS UNIQUE;

// name: lease_names
CREATE CONSTRAINT ammon_lease IF NOT EXISTS FOR (l:Lease) REQUIRE l.name IS UNIQUE;

// name: one_ammon
CREATE CONSTRAINT ammon IF NOT EXISTS FOR (a:Ammon) REQUIRE a.name IS UNIQUE;

// name: entities_by_name
CREATE INDEX ammon_entity_name IF NOT EXISTS FOR (e:Entity) ON (e.name);

// name: relations_by_passage
CREATE INDEX ammon_relates_passage IF NOT EXISTS FOR ()-[r:RELATES]-() ON (r.passage_id);

// name: relations_by_fact
CREATE INDEX ammon_relates_fact IF NOT EXISTS FOR ()-[r:RELATES]-() ON (r.fact_id);

// name: tasks_in_order
CREATE INDEX ammon_task_order IF NOT EXISTS
FOR (t:Task) ON (t.state, t.drafted, t.rank, t.number);

// name: tasks_by_state
CREATE INDEX ammon_task_state IF NOT EXISTS FOR (t:Task) ON (t.state);

// name: tasks_by_document
CREATE INDEX ammon_task_document IF NOT EXISTS FOR (t:Task) ON (t.collection, t.document_id);

// name: jobs_by_collection
CREATE INDEX ammon_job_collection IF NOT EXISTS FOR (j:Job) ON (j.collection);

// name: tasks_by_job
CREATE INDEX ammon_task_job IF NOT EXISTS FOR (t:Task) ON (t.job_id, t.state, t.number);

// name: tasks_by_fingerprint
CREATE INDEX ammon_task_fingerprint IF NOT EXISTS
FOR (t:Task) ON (t.collection, t.state, t.fingerprint);

// name: jobs_with_tasks
CREATE INDEX ammon_job_open IF NOT EXISTS FOR (j:Job) ON (j.open);
