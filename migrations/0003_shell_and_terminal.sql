-- Sessions that are used from scripts and from terminals: what they are called, and to which group they belong.

-- As its person calls it; empty: it has no other name than its id. No two open sessions of a person share one.
ALTER TABLE session ADD COLUMN name TEXT NOT NULL DEFAULT '';
-- The container engine its agent runs in; empty: none.
ALTER TABLE session ADD COLUMN container TEXT NOT NULL DEFAULT '';
-- The group of sessions it was made for; empty: none.
ALTER TABLE session ADD COLUMN group_name TEXT NOT NULL DEFAULT '';

CREATE UNIQUE INDEX session_name ON session (user_id, name) WHERE name != '' AND state != 'closed';
CREATE INDEX session_group ON session (user_id, group_name) WHERE group_name != '';

-- A session as it is listed, with what is asked, how much waits, and the newest turn that ended. Helpers are not listed.
CREATE VIEW listed_session AS
SELECT session_id, user_id, name, group_name, backend, cwd, state, turn, since_ms, active_at_ms, created_at_ms, model,
       mode, mode_after, mode_until_ms, container,
       (SELECT count(*) FROM prompt
        WHERE prompt.session_id = session.session_id AND prompt.status IN ('queued', 'held') AND prompt.status = 'queued') AS queued,
       (SELECT body FROM request WHERE request_id = session.open_request) AS request,
       (SELECT body FROM turn WHERE turn.session_id = session.session_id AND status != 'live'
        ORDER BY turn.turn DESC LIMIT 1) AS last
FROM session WHERE companion = 0;
