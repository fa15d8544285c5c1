-- name: create_collection
INSERT INTO collections (name, settings, identity) VALUES (:name, :settings, :identity)
ON CONFLICT DO NOTHING;

-- name: collection
SELECT key, name, revision, settings, identity FROM collections WHERE name = :name;

-- name: collections
SELECT key, name, revision, settings, identity FROM collections ORDER BY name;

-- name: update_settings
UPDATE collections SET settings = :settings, revision = revision + 1 WHERE key = :collection;

-- name: delete_collection
-- All that belongs to it goes with it.
DELETE FROM collections WHERE key = :collection;

-- name: set_revision
UPDATE collections SET revision = :revision WHERE key = :collection;

-- name: changes_since
SELECT kind, id, event FROM changes
WHERE collection = :collection AND revision > :revision
ORDER BY revision;

-- name: log_change
INSERT INTO changes (collection, revision, kind, id, event)
VALUES (:collection, :revision, :kind, :id, :event);

-- name: forget_changes
DELETE FROM changes WHERE collection = :collection AND revision <= :revision;

-- name: forget_all_changes
DELETE FROM changes WHERE collection = :collection;
