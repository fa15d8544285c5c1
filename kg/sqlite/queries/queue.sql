-- name: insert_job
INSERT INTO jobs (id, collection, created_at, worked_at, priority, budget_tokens, budget_cost,
                  price_input, price_output, filler, filled_until)
VALUES (:id, :collection, :created_at, :created_at, :priority, :budget_tokens, :budget_cost,
        :price_input, :price_output, :filler, :filled_until)
RETURNING number;

-- name: supersede
-- A newer text of these documents comes: older ones that wait, or failed, are not wanted any more.
UPDATE tasks SET state = 'superseded', document = NULL
WHERE collection = :collection AND document_id = :document_id AND state IN ('queued', 'failed');

-- name: open_of_document
SELECT id FROM tasks
WHERE collection = :collection AND document_id = :document_id
  AND state IN ('queued', 'extracting');

-- name: insert_task
INSERT INTO tasks (id, job, collection, document_id, source, fingerprint, document, priority,
                   drafted, passages)
VALUES (:id, :job, :collection, :document_id, :source, :fingerprint, :document, :priority,
        :drafted, :passages);

-- name: expired
SELECT id FROM tasks WHERE state = 'extracting' AND leased_until <= :now;

-- name: held_among
SELECT id FROM tasks
WHERE state = 'extracting' AND worker = :worker AND id IN (SELECT value FROM json_each(:ids));

-- name: workers
SELECT worker FROM tasks WHERE state = 'extracting'
UNION SELECT worker FROM leases WHERE held_until > :now
UNION SELECT filler FROM jobs WHERE filled_until > :now;

-- name: leased_by
SELECT id FROM tasks
WHERE state = 'extracting' AND worker IN (SELECT value FROM json_each(:workers));

-- name: failed_of_job
SELECT id FROM tasks WHERE job = :job AND state = 'failed' ORDER BY number;

-- name: requeue
UPDATE tasks SET state = 'queued', worker = '', leased_until = NULL
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: drop_superseded
-- A text that is back in the queue is not wanted if there is a newer one.
UPDATE tasks SET state = 'superseded', document = NULL
WHERE id IN (SELECT value FROM json_each(:ids))
  AND EXISTS (SELECT 1 FROM tasks AS newer
              WHERE newer.collection = tasks.collection
                AND newer.document_id = tasks.document_id
                AND newer.number > tasks.number
                AND newer.state NOT IN ('cancelled', 'superseded'))
RETURNING id;

-- name: uncount_attempt
UPDATE tasks SET attempts = attempts - 1 WHERE id IN (SELECT value FROM json_each(:ids));

-- name: reset_attempts
UPDATE tasks SET attempts = 0, error = '' WHERE id IN (SELECT value FROM json_each(:ids));

-- name: next_tasks
SELECT id FROM tasks
WHERE state = 'queued' AND drafted BETWEEN :least AND :most
  AND (:collection IS NULL
       OR collection = (SELECT key FROM collections WHERE name = :collection))
  AND collection NOT IN (SELECT key FROM collections
                         WHERE name IN (SELECT value FROM json_each(:excluded)))
  AND NOT EXISTS (SELECT 1 FROM tasks AS other
                  WHERE other.collection = tasks.collection
                    AND other.document_id = tasks.document_id
                    AND other.state = 'extracting')
ORDER BY drafted, priority DESC, number
LIMIT :limit;

-- name: lease
UPDATE tasks
SET state = 'extracting', attempts = attempts + 1, worker = :worker, leased_until = :until
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: leased_tasks
SELECT tasks.id, jobs.id, collections.name, tasks.document, tasks.document_id, tasks.source,
       tasks.state, tasks.attempts, tasks.error, tasks.worker, tasks.drafted
FROM tasks
JOIN jobs ON jobs.number = tasks.job
JOIN collections ON collections.key = tasks.collection
WHERE tasks.id IN (SELECT value FROM json_each(:ids)) AND tasks.state = 'extracting'
ORDER BY tasks.drafted, tasks.priority DESC, tasks.number;

-- name: extend
UPDATE tasks SET leased_until = :until
WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'extracting' AND worker = :worker
RETURNING id;

-- name: note_error
UPDATE tasks SET error = :error WHERE id IN (SELECT value FROM json_each(:ids));

-- name: fail
UPDATE tasks SET state = 'failed', worker = '', leased_until = NULL
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: set_passages
UPDATE tasks SET passages = :passages, passages_done = :passages_done
WHERE id = :id AND state <> 'extracted';

-- name: add_passages
UPDATE tasks SET passages = passages + :passages, passages_done = passages_done + :passages_done
WHERE id = :id AND state <> 'extracted';

-- name: add_spent
UPDATE jobs
SET input_tokens = input_tokens + :input_tokens, output_tokens = output_tokens + :output_tokens,
    cost = cost + :cost
WHERE number = (SELECT job FROM tasks WHERE id = :id);

-- name: note_work
-- A pause counts for no longer than the longest step, and no moment counts twice.
UPDATE jobs
SET worked_seconds = worked_seconds
        + min(max(:now - coalesce(worked_at, created_at), 0.0), :longest_step),
    worked_at = max(:now, coalesce(worked_at, created_at))
WHERE number IN (SELECT job FROM tasks WHERE id IN (SELECT value FROM json_each(:ids)));

-- name: set_budget
UPDATE jobs SET budget_tokens = :tokens, budget_cost = :cost WHERE number = :job;

-- name: set_prices
UPDATE jobs SET price_input = :input, price_output = :output WHERE number = :job;

-- name: cancel_job
UPDATE tasks SET state = 'cancelled', document = NULL, worker = '', leased_until = NULL
WHERE job = :job AND state IN ('queued', 'extracting');

-- name: withdraw
UPDATE tasks SET state = 'cancelled', document = NULL, worker = '', leased_until = NULL
WHERE collection = :collection AND state IN ('queued', 'extracting', 'failed')
  AND document_id IN (SELECT value FROM json_each(:ids))
RETURNING id;

-- name: job
SELECT jobs.number, jobs.id, collections.name, jobs.created_at, jobs.revision, jobs.priority,
       jobs.budget_tokens, jobs.budget_cost, jobs.price_input, jobs.price_output,
       jobs.input_tokens, jobs.output_tokens, jobs.cost, jobs.worked_seconds,
       jobs.filled_until
FROM jobs JOIN collections ON collections.key = jobs.collection
WHERE jobs.id = :id;

-- name: jobs
SELECT jobs.number, jobs.id, collections.name, jobs.created_at, jobs.revision, jobs.priority,
       jobs.budget_tokens, jobs.budget_cost, jobs.price_input, jobs.price_output,
       jobs.input_tokens, jobs.output_tokens, jobs.cost, jobs.worked_seconds,
       jobs.filled_until
FROM jobs JOIN collections ON collections.key = jobs.collection
WHERE (:collection IS NULL OR collections.name = :collection)
  AND (:unfinished_at IS NULL OR jobs.revision > :unfinished_at OR jobs.filled_until > :now
       OR EXISTS (SELECT 1 FROM tasks
                  WHERE tasks.job = jobs.number AND tasks.state IN ('queued', 'extracting')))
ORDER BY jobs.number DESC
LIMIT :limit;

-- name: go_on_filling
UPDATE jobs SET filled_until = :until WHERE number = :job AND filler = :worker
RETURNING collection, priority;

-- name: end_filling
UPDATE jobs SET filled_until = :now
WHERE filled_until > :now AND filler IN (SELECT value FROM json_each(:workers));

-- name: stop_filling
UPDATE jobs SET filler = '', filled_until = 0 WHERE number = :job;

-- name: waits_in
SELECT jobs.id, count(*)
FROM tasks JOIN jobs ON jobs.number = tasks.job
WHERE tasks.collection = (SELECT key FROM collections WHERE name = :collection)
  AND tasks.state IN ('queued', 'extracting')
GROUP BY jobs.id;

-- name: waits_in_among
SELECT jobs.id, count(*)
FROM tasks JOIN jobs ON jobs.number = tasks.job
WHERE tasks.collection = (SELECT key FROM collections WHERE name = :collection)
  AND tasks.document_id IN (SELECT value FROM json_each(:ids))
  AND tasks.state IN ('queued', 'extracting')
GROUP BY jobs.id;

-- name: failed
SELECT tasks.document_id, jobs.id
FROM tasks JOIN jobs ON jobs.number = tasks.job
WHERE tasks.collection = (SELECT key FROM collections WHERE name = :collection)
  AND tasks.state = 'failed'
ORDER BY tasks.number;

-- name: idle_jobs
-- Those in which nothing has happened for long, and whose documents are on no way at all: a task
-- that is done tells that an older text of its document is not wanted any more.
SELECT number FROM jobs
WHERE coalesce(worked_at, created_at) < :before AND filled_until <= :now
  AND id NOT IN (SELECT value FROM json_each(:keep))
  AND (:collection IS NULL
       OR collection = (SELECT key FROM collections WHERE name = :collection))
  AND NOT EXISTS (SELECT 1
                  FROM tasks AS own
                  CROSS JOIN tasks AS other ON other.collection = own.collection
                                           AND other.document_id = own.document_id
                  WHERE own.job = jobs.number AND other.state IN ('queued', 'extracting'))
ORDER BY number
LIMIT :limit;

-- name: delete_tasks
DELETE FROM tasks
WHERE number IN (SELECT number FROM tasks WHERE job = :job LIMIT :limit)
RETURNING number;

-- name: delete_job
DELETE FROM jobs WHERE number = :job;

-- name: counts_of_jobs
SELECT job, state, count(*), sum(drafted), sum(passages), sum(min(passages_done, passages))
FROM tasks
WHERE job IN (SELECT value FROM json_each(:ids))
GROUP BY job, state
ORDER BY job, state;

-- name: tasks_of_job
SELECT tasks.id, jobs.id, collections.name, NULL, tasks.document_id, tasks.source,
       tasks.state, tasks.attempts, tasks.error, tasks.worker, tasks.drafted
FROM tasks
JOIN jobs ON jobs.number = tasks.job
JOIN collections ON collections.key = tasks.collection
WHERE jobs.id = :id AND (:state IS NULL OR tasks.state = :state)
ORDER BY tasks.number
LIMIT :limit;

-- name: tasks_among
SELECT tasks.id, jobs.id, collections.name, NULL, tasks.document_id, tasks.source,
       tasks.state, tasks.attempts, tasks.error, tasks.worker, tasks.drafted
FROM jobs
CROSS JOIN tasks ON tasks.collection = jobs.collection
                AND tasks.document_id IN (SELECT value FROM json_each(:ids))
                AND tasks.job = jobs.number
JOIN collections ON collections.key = tasks.collection
WHERE jobs.id = :id AND (:state IS NULL OR tasks.state = :state)
ORDER BY tasks.number
LIMIT :limit;

-- name: awaits
SELECT 1 FROM tasks INDEXED BY tasks_awaited
WHERE collection = (SELECT key FROM collections WHERE name = :collection)
  AND state IN ('queued', 'extracting')
  AND fingerprint >= :beginning AND fingerprint < :end
LIMIT 1;

-- name: waiting
SELECT count(*) FROM tasks
WHERE state IN ('queued', 'extracting')
  AND (:collection IS NULL
       OR collection = (SELECT key FROM collections WHERE name = :collection));

-- name: busy
SELECT 1 FROM tasks
WHERE state IN ('queued', 'extracting')
  AND (:collection IS NULL
       OR collection = (SELECT key FROM collections WHERE name = :collection))
LIMIT 1;

-- name: pending
SELECT document_id, fingerprint FROM tasks
WHERE collection = (SELECT key FROM collections WHERE name = :collection)
  AND state IN ('queued', 'extracting')
ORDER BY number;

-- name: pending_among
SELECT document_id, fingerprint FROM tasks
WHERE collection = (SELECT key FROM collections WHERE name = :collection)
  AND document_id IN (SELECT value FROM json_each(:ids))
  AND state IN ('queued', 'extracting')
ORDER BY number;

-- name: take
-- Another's lease is taken over once it ran out; one that nobody has was not lost.
INSERT INTO leases (name, worker, held_until)
SELECT value, :worker, :until FROM json_each(:ids) WHERE true
ON CONFLICT (name) DO UPDATE
SET lost = leases.lost + (leases.worker NOT IN ('', excluded.worker)),
    worker = excluded.worker, held_until = excluded.held_until
WHERE leases.worker IN ('', excluded.worker) OR leases.held_until <= :now
RETURNING name, lost;

-- name: held
SELECT name, worker FROM leases
WHERE name >= :beginning AND name < :end AND held_until > :now;

-- name: end_leases
UPDATE leases SET held_until = :now
WHERE held_until > :now AND worker IN (SELECT value FROM json_each(:workers));

-- name: put_back
UPDATE leases SET worker = '', held_until = :now
WHERE worker = :worker AND name IN (SELECT value FROM json_each(:ids));

-- name: let_go
DELETE FROM leases WHERE worker = :worker AND name IN (SELECT value FROM json_each(:ids));

-- name: prune_leases
DELETE FROM leases WHERE held_until <= :before RETURNING name;
