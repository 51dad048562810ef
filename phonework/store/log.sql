-- What the turns of a session were.

-- name: last_turns
SELECT turn, body FROM turn WHERE session_id = ? ORDER BY turn DESC LIMIT ?;
