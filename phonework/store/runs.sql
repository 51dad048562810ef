-- Commands run for people, one a turn.

-- name: begin_run
INSERT INTO tool_call (session_id, turn, call_id, name, status, body) VALUES (?, ?, 'run', 'shell', 'claimed', ?);

-- name: finish_run
UPDATE tool_call SET status = 'done', body = ? WHERE session_id = ? AND turn = ? AND call_id = 'run' AND status = 'claimed';

-- name: get_run
SELECT status, body FROM tool_call WHERE session_id = ? AND turn = ? AND call_id = 'run';

-- name: forget_runs
DELETE FROM tool_call WHERE session_id = ? AND turn < ? AND call_id = 'run';
