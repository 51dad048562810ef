-- A person's sessions as scripts see them; helpers are not among them.

-- name: list_sessions
SELECT * FROM listed_session
WHERE user_id = :user_id
  AND (:closed OR state != 'closed')
  AND (:states = '[]' OR state IN (SELECT value FROM json_each(:states)))
  AND (:backend = '' OR backend = :backend)
  AND (:name = '' OR name = :name)
  AND (:group_name = '' OR group_name = :group_name)
  AND (created_at_ms, session_id) > (:after_ms, :after_id)
ORDER BY created_at_ms, session_id LIMIT :limit;

-- name: listed_sessions
SELECT * FROM listed_session
WHERE session_id IN (SELECT value FROM json_each(?2)) AND user_id = ?1 ORDER BY created_at_ms, session_id;

-- name: session_called
SELECT session_id FROM session WHERE user_id = ?1 AND companion = 0 AND (session_id = ?2 OR name = ?2)
ORDER BY session_id != ?2, state = 'closed', created_at_ms DESC LIMIT 1;

-- name: open_session_named
SELECT session_id FROM session WHERE user_id = ? AND name = ? AND state != 'closed';

-- name: rename_session
UPDATE session SET name = ? WHERE session_id = ?;

-- name: unused_sessions
SELECT session_id FROM session
WHERE user_id = ? AND companion = 0 AND state = 'idle' AND active_at_ms < ? ORDER BY created_at_ms, session_id;

-- name: last_event
SELECT coalesce(max(seq), 0) FROM event;

-- name: sessions_changed
SELECT session_id, max(seq) FROM event
WHERE seq > ? AND status = 'applied' AND session_id IS NOT NULL GROUP BY session_id ORDER BY max(seq);
