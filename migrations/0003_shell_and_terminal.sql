-- Sessions that are used from scripts and from terminals: what they are called, and to which group they belong.

-- As its person calls it; empty: it has no other name than its id. No two open sessions of a person share one.
ALTER TABLE session ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- The group of sessions it was made for; empty: none.
ALTER TABLE session ADD COLUMN group_name TEXT NOT NULL DEFAULT '';

CREATE UNIQUE INDEX session_name ON session (user_id, name) WHERE name != '' AND state != 'closed';
CREATE INDEX session_group ON session (user_id, group_name) WHERE group_name != '';
