// name: take_numbers
// What came earlier has the lower number.
MATCH (a:Ammon {name: 'Ammon'}) SET a.numbers = a.numbers + $count RETURN a.numbers;

// name: insert_job
CREATE (j:Job) SET j = $job, j.collection = $collection;

// name: supersede
// A newer text of these documents comes: older ones that wait, or failed, are not wanted any more.
MATCH (t:Task {collection: $collection})-[:PART_OF]->(j:Job)
WHERE t.document_id IN $ids AND t.state IN ['queued', 'failed']
WITH t, j, CASE t.state WHEN 'queued' THEN 1 ELSE 0 END AS was_queued
SET t.state = 'superseded'
REMOVE t.document
WITH j, count(*) AS number, sum(was_queued) AS queued, sum(was_queued * t.drafted) AS drafts
SET j.superseded = coalesce(j.superseded, 0) + number, j.failed = j.failed - number + queued,
    j.queued = j.queued - queued, j.open = j.open - queued, j.drafts = j.drafts - drafts;

// name: open_among
MATCH (t:Task {collection: $collection})
WHERE t.document_id IN $ids AND t.state IN ['queued', 'extracting']
RETURN DISTINCT t.document_id;

// name: insert_task
UNWIND $rows AS row
MATCH (j:Job {id: row.job_id})
CREATE (t:Task)-[:PART_OF]->(j)
SET t = row, t.collection = $collection
WITH j, row, CASE row.state WHEN 'queued' THEN 1 ELSE 0 END AS is_queued
WITH j, count(*) AS number, sum(is_queued) AS queued, sum(is_queued * row.drafted) AS drafts,
     sum(row.passages) AS passages
SET j.queued = j.queued + queued, j.open = j.open + queued, j.drafts = j.drafts + drafts,
    j.superseded = coalesce(j.superseded, 0) + number - queued, j.passages = j.passages + passages;

// name: expired
MATCH (t:Task {state: 'extracting'}) WHERE t.leased_until <= $now RETURN t.id;

// name: held_among
MATCH (t:Task) WHERE t.id IN $ids AND t.state = 'extracting' AND t.worker = $worker RETURN t.id;

// name: workers
MATCH (t:Task {state: 'extracting'}) RETURN t.worker AS worker
UNION MATCH (l:Lease) WHERE l.held_until > $now RETURN l.worker AS worker
UNION MATCH (j:Job) WHERE j.filled_until > $now RETURN j.filler AS worker;

// name: leased_by
MATCH (t:Task {state: 'extracting'}) WHERE t.worker IN $workers RETURN t.id;

// name: failed_of_job
MATCH (t:Task {job_id: $job_id, state: 'failed'}) RETURN t.id ORDER BY t.number;

// name: requeue
MATCH (t:Task)-[:PART_OF]->(j:Job) WHERE t.id IN $ids
WITH t, j, CASE t.state WHEN 'failed' THEN 1 ELSE 0 END AS had_failed
SET t.state = 'queued', t.worker = ''
REMOVE t.leased_until
WITH j, count(*) AS number, sum(had_failed) AS failed, sum(had_failed * t.drafted) AS drafts
SET j.queued = j.queued + number, j.extracting = j.extracting - number + failed,
    j.failed = j.failed - failed, j.open = j.open + failed, j.drafts = j.drafts + drafts;

// name: drop_superseded
// A text that is back in the queue is not wanted if there is a newer one.
MATCH (t:Task)-[:PART_OF]->(j:Job) WHERE t.id IN $ids AND EXISTS {
  MATCH (newer:Task {collection: t.collection, document_id: t.document_id})
  WHERE newer.number > t.number AND NOT newer.state IN ['cancelled', 'superseded']
}
SET t.state = 'superseded'
REMOVE t.document
WITH j, collect(t.id) AS ids, count(*) AS number, sum(t.drafted) AS drafts
SET j.queued = j.queued - number, j.open = j.open - number, j.drafts = j.drafts - drafts,
    j.superseded = coalesce(j.superseded, 0) + number
WITH ids
UNWIND ids AS id
RETURN id;

// name: uncount_attempt
MATCH (t:Task) WHERE t.id IN $ids SET t.attempts = t.attempts - 1;

// name: reset_attempts
MATCH (t:Task) WHERE t.id IN $ids SET t.attempts = 0, t.error = '';

// name: next_tasks
// In the order of the index, so that no more tasks are looked at than are taken, but for those that
// are not wanted; of these nothing else is read. The hint is for when there are hardly any tasks
// yet: a plan that walks through all of them for each would be kept for the first thousands.
MATCH (t:Task {state: 'queued'})
WHERE t.drafted >= $least AND t.drafted <= $most AND t.rank IS NOT NULL AND t.number IS NOT NULL
  AND ($of IS NULL OR t.collection = $of) AND NOT t.collection IN $excluded
WITH t ORDER BY t.state, t.drafted, t.rank, t.number
WHERE NOT EXISTS {
  MATCH (other:Task {collection: t.collection, document_id: t.document_id})
  USING INDEX SEEK other:Task(collection, document_id)
  WHERE other.state = 'extracting'
}
RETURN t.id ORDER BY t.state, t.drafted, t.rank, t.number LIMIT $limit;

// name: lease
MATCH (t:Task)-[:PART_OF]->(j:Job) WHERE t.id IN $ids
SET t.state = 'extracting', t.attempts = t.attempts + 1, t.worker = $worker,
    t.leased_until = $until
WITH j, count(*) AS number
SET j.queued = j.queued - number, j.extracting = j.extracting + number;

// name: leased_tasks
MATCH (t:Task) WHERE t.id IN $ids AND t.state = 'extracting'
RETURN properties(t) ORDER BY t.drafted, t.rank, t.number;

// name: extend
MATCH (t:Task) WHERE t.id IN $ids AND t.state = 'extracting' AND t.worker = $worker
SET t.leased_until = $until
RETURN t.id;

// name: note_error
MATCH (t:Task) WHERE t.id IN $ids SET t.error = $error;

// name: fail
MATCH (t:Task)-[:PART_OF]->(j:Job) WHERE t.id IN $ids
SET t.state = 'failed', t.worker = ''
REMOVE t.leased_until
WITH j, count(*) AS number, sum(t.drafted) AS drafts
SET j.extracting = j.extracting - number, j.open = j.open - number, j.failed = j.failed + number,
    j.drafts = j.drafts - drafts;

// name: set_passages
UNWIND $rows AS row
MATCH (t:Task {id: row.id})-[:PART_OF]->(j:Job) WHERE t.state <> 'extracted'
WITH t, j, row, t.passages AS passages,
     CASE WHEN t.passages_done < t.passages THEN t.passages_done ELSE t.passages END AS done
SET t.passages = row.passages, t.passages_done = row.passages_done
WITH j, sum(t.passages - passages) AS more, sum(
       CASE WHEN t.passages_done < t.passages THEN t.passages_done ELSE t.passages END - done
     ) AS more_done
SET j.passages = j.passages + more, j.passages_done = j.passages_done + more_done;

// name: add_passages
UNWIND $rows AS row
MATCH (t:Task {id: row.id})-[:PART_OF]->(j:Job) WHERE t.state <> 'extracted'
WITH t, j, row, t.passages AS passages,
     CASE WHEN t.passages_done < t.passages THEN t.passages_done ELSE t.passages END AS done
SET t.passages = t.passages + row.passages, t.passages_done = t.passages_done + row.passages_done
WITH j, sum(t.passages - passages) AS more, sum(
       CASE WHEN t.passages_done < t.passages THEN t.passages_done ELSE t.passages END - done
     ) AS more_done
SET j.passages = j.passages + more, j.passages_done = j.passages_done + more_done;

// name: lock_jobs_of
// In one order, lest two wait for each other; whoever adds to a job's sums comes by here.
MATCH (t:Task)-[:PART_OF]->(j:Job) WHERE t.id IN $ids
WITH DISTINCT j ORDER BY j.id
SET j.id = j.id;

// name: add_spent
UNWIND $rows AS row
MATCH (t:Task {id: row.id})-[:PART_OF]->(j:Job)
WITH j, sum(row.input_tokens) AS input_tokens, sum(row.output_tokens) AS output_tokens,
     sum(row.cost) AS cost
SET j.input_tokens = j.input_tokens + input_tokens,
    j.output_tokens = j.output_tokens + output_tokens, j.cost = j.cost + cost;

// name: note_work
// A pause counts for no longer than the longest step, and no moment counts twice.
MATCH (t:Task)-[:PART_OF]->(j:Job) WHERE t.id IN $ids
WITH DISTINCT j, CASE WHEN $now > j.worked_at THEN $now - j.worked_at ELSE 0.0 END AS step
SET j.worked_seconds = j.worked_seconds
      + CASE WHEN step < $longest_step THEN step ELSE $longest_step END,
    j.worked_at = CASE WHEN $now > j.worked_at THEN $now ELSE j.worked_at END;

// name: set_budget
MATCH (j:Job {id: $job_id}) SET j.budget_tokens = $tokens, j.budget_cost = $cost;

// name: set_prices
MATCH (j:Job {id: $job_id}) SET j.price_input = $input, j.price_output = $output;

// name: cancel_job
MATCH (t:Task)-[:PART_OF]->(j:Job {id: $job_id}) WHERE t.state IN ['queued', 'extracting']
WITH t, j, CASE t.state WHEN 'queued' THEN 1 ELSE 0 END AS was_queued
SET t.state = 'cancelled', t.worker = ''
REMOVE t.document, t.leased_until
WITH j, count(*) AS number, sum(was_queued) AS queued, sum(t.drafted) AS drafts
SET j.queued = j.queued - queued, j.extracting = j.extracting - number + queued,
    j.open = j.open - number, j.cancelled = j.cancelled + number, j.drafts = j.drafts - drafts;

// name: withdraw
MATCH (t:Task {collection: $collection})-[:PART_OF]->(j:Job)
WHERE t.document_id IN $ids AND t.state IN ['queued', 'extracting', 'failed']
WITH t, j, CASE t.state WHEN 'queued' THEN 1 ELSE 0 END AS was_queued,
     CASE t.state WHEN 'failed' THEN 0 ELSE 1 END AS was_open
SET t.state = 'cancelled', t.worker = ''
REMOVE t.document, t.leased_until
WITH j, collect(t.id) AS ids, count(*) AS number, sum(was_queued) AS queued,
     sum(was_open) AS open, sum(was_open * t.drafted) AS drafts
SET j.queued = j.queued - queued, j.extracting = j.extracting - open + queued,
    j.failed = j.failed - number + open, j.open = j.open - open,
    j.cancelled = j.cancelled + number, j.drafts = j.drafts - drafts
WITH ids
UNWIND ids AS id
RETURN id;

// name: job
MATCH (j:Job {id: $job_id}) RETURN properties(j);

// name: jobs
MATCH (j:Job) WHERE $of IS NULL OR j.collection = $of
RETURN properties(j) ORDER BY j.number DESC LIMIT $limit;

// name: unfinished_jobs
CALL {
  MATCH (j:Job) WHERE j.open > 0 AND ($of IS NULL OR j.collection = $of)
  RETURN j
  UNION
  MATCH (j:Job)
  WHERE ($of IS NULL OR j.collection = $of) AND (j.revision > $at OR j.filled_until > $now)
  RETURN j
}
RETURN properties(j) ORDER BY j.number DESC LIMIT $limit;

// name: go_on_filling
MATCH (j:Job {id: $job_id}) WHERE j.filler = $worker SET j.filled_until = $until RETURN j.id;

// name: end_filling
MATCH (j:Job) WHERE j.filled_until > $now AND j.filler IN $workers SET j.filled_until = $now;

// name: stop_filling
MATCH (j:Job {id: $job_id}) SET j.filler = '', j.filled_until = 0.0;

// name: waits_in
MATCH (t:Task) WHERE t.collection = $of AND t.state IN ['queued', 'extracting']
RETURN t.job_id, count(*);

// name: waits_in_among
MATCH (t:Task {collection: $of})
WHERE t.document_id IN $ids AND t.state IN ['queued', 'extracting']
RETURN t.job_id, count(*);

// name: failed
MATCH (t:Task {state: 'failed'}) WHERE t.collection = $of
RETURN t.document_id, t.job_id ORDER BY t.number;

// name: idle_jobs
// Those in which nothing has happened for long, and whose documents are on no way at all: a task
// that is done tells that an older text of its document is not wanted any more.
MATCH (j:Job)
WHERE j.worked_at < $before AND coalesce(j.filled_until, 0.0) <= $now AND NOT j.id IN $keep
  AND ($of IS NULL OR j.collection = $of)
  AND NOT EXISTS {
    MATCH (own:Task)-[:PART_OF]->(j)
    MATCH (other:Task {collection: own.collection, document_id: own.document_id})
    WHERE other.state IN ['queued', 'extracting']
  }
RETURN j.id ORDER BY j.number LIMIT $limit;

// name: jobs_of
MATCH (j:Job {collection: $of}) RETURN j.id LIMIT $limit;

// name: delete_tasks
// The job's sums go down with its tasks: they hold for what is left, however much that is.
MATCH (t:Task)-[:PART_OF]->(j:Job {id: $job_id})
WITH t, j LIMIT $limit
WITH j, collect(t) AS tasks, count(*) AS number,
     sum(CASE WHEN t.state = 'queued' THEN 1 ELSE 0 END) AS queued,
     sum(CASE WHEN t.state = 'extracting' THEN 1 ELSE 0 END) AS extracting,
     sum(CASE WHEN t.state = 'extracted' THEN 1 ELSE 0 END) AS extracted,
     sum(CASE WHEN t.state = 'failed' THEN 1 ELSE 0 END) AS failed,
     sum(CASE WHEN t.state = 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
     sum(CASE WHEN t.state = 'superseded' THEN 1 ELSE 0 END) AS superseded,
     sum(CASE WHEN t.state IN ['queued', 'extracting'] AND t.drafted = 1 THEN 1 ELSE 0 END)
         AS drafts,
     sum(t.passages) AS passages,
     sum(CASE WHEN t.passages_done < t.passages THEN t.passages_done ELSE t.passages END)
         AS passages_done
SET j.queued = j.queued - queued, j.extracting = j.extracting - extracting,
    j.extracted = j.extracted - extracted, j.failed = j.failed - failed,
    j.cancelled = j.cancelled - cancelled,
    j.superseded = coalesce(j.superseded, 0) - superseded, j.open = j.open - queued - extracting,
    j.drafts = j.drafts - drafts, j.passages = j.passages - passages,
    j.passages_done = j.passages_done - passages_done
FOREACH (t IN tasks | DETACH DELETE t)
RETURN number;

// name: recount_job
// For when its sums are not known, as those of a job that an older version made.
MATCH (j:Job {id: $job_id})
OPTIONAL MATCH (t:Task)-[:PART_OF]->(j)
WITH j,
     sum(CASE WHEN t.state = 'queued' THEN 1 ELSE 0 END) AS queued,
     sum(CASE WHEN t.state = 'extracting' THEN 1 ELSE 0 END) AS extracting,
     sum(CASE WHEN t.state = 'extracted' THEN 1 ELSE 0 END) AS extracted,
     sum(CASE WHEN t.state = 'failed' THEN 1 ELSE 0 END) AS failed,
     sum(CASE WHEN t.state = 'cancelled' THEN 1 ELSE 0 END) AS cancelled,
     sum(CASE WHEN t.state = 'superseded' THEN 1 ELSE 0 END) AS superseded,
     sum(CASE WHEN t.state IN ['queued', 'extracting'] AND t.drafted = 1 THEN 1 ELSE 0 END)
         AS drafts,
     coalesce(sum(t.passages), 0) AS passages,
     coalesce(sum(CASE WHEN t.passages_done < t.passages THEN t.passages_done ELSE t.passages END),
              0) AS passages_done
SET j.queued = queued, j.extracting = extracting, j.extracted = extracted, j.failed = failed,
    j.cancelled = cancelled, j.superseded = superseded, j.open = queued + extracting,
    j.drafts = drafts,
    j.passages = passages, j.passages_done = passages_done;

// name: uncounted_jobs
MATCH (j:Job) WHERE j.open IS NULL RETURN j.id LIMIT $limit;

// name: delete_job
MATCH (j:Job {id: $job_id}) DETACH DELETE j;

// name: tasks_of_job
MATCH (t:Task {job_id: $job_id}) WHERE t.state IS NOT NULL AND t.number IS NOT NULL
RETURN t {.*, document: null} ORDER BY t.number LIMIT $limit;

// name: tasks_in_state
// In the order of the index, so that no more tasks are looked at than are wanted.
MATCH (t:Task {job_id: $job_id, state: $state}) WHERE t.number IS NOT NULL
RETURN t {.*, document: null} ORDER BY t.job_id, t.state, t.number LIMIT $limit;

// name: tasks_among
MATCH (t:Task) WHERE t.collection = $of AND t.document_id IN $ids AND t.job_id = $job_id
  AND ($state IS NULL OR t.state = $state)
RETURN t {.*, document: null};

// name: waiting
MATCH (j:Job) WHERE j.open > 0 AND ($of IS NULL OR j.collection = $of) RETURN sum(j.open);

// name: busy
MATCH (j:Job) WHERE j.open > 0 AND ($of IS NULL OR j.collection = $of) RETURN j.id LIMIT 1;

// name: pending
MATCH (t:Task) WHERE t.collection = $of AND t.state IN ['queued', 'extracting']
RETURN t.document_id, t.fingerprint ORDER BY t.number;

// name: awaits
MATCH (t:Task)
WHERE t.collection = $of AND t.state IN ['queued', 'extracting']
  AND t.fingerprint STARTS WITH $beginning
RETURN t.id LIMIT 1;

// name: pending_among
MATCH (t:Task {collection: $of})
WHERE t.document_id IN $ids AND t.state IN ['queued', 'extracting']
RETURN t.document_id, t.fingerprint ORDER BY t.number;

// name: take
// Another's lease is taken over once it ran out; one that nobody has was not lost.
UNWIND $ids AS name
MERGE (l:Lease {name: name})
ON CREATE SET l.worker = $worker, l.held_until = $until, l.lost = 0
WITH l WHERE l.worker IN ['', $worker] OR l.held_until <= $now
SET l.lost = coalesce(l.lost, 0) + CASE WHEN l.worker IN ['', $worker] THEN 0 ELSE 1 END,
    l.worker = $worker, l.held_until = $until
RETURN l.name, l.lost;

// name: held
MATCH (l:Lease) WHERE l.name STARTS WITH $beginning AND l.held_until > $now
RETURN l.name, l.worker;

// name: end_leases
MATCH (l:Lease) WHERE l.worker IN $workers AND l.held_until > $now SET l.held_until = $now;

// name: put_back
MATCH (l:Lease) WHERE l.name IN $ids AND l.worker = $worker
SET l.worker = '', l.held_until = $now;

// name: let_go
MATCH (l:Lease) WHERE l.name IN $ids AND l.worker = $worker DELETE l;

// name: prune_leases
MATCH (l:Lease) WHERE l.held_until <= $before
WITH l LIMIT $limit
DELETE l
RETURN count(*);
