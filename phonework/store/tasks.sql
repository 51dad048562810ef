-- Tasks: turns that went to the background, numbered for each person.

-- name: add_task
INSERT INTO task (user_id, number, session_id, turn, began_at_ms)
VALUES (?1, (SELECT coalesce(max(number), 0) + 1 FROM task WHERE user_id = ?1), ?2, ?3, ?4)
ON CONFLICT (session_id, turn) DO NOTHING;

-- name: task_number
SELECT number FROM task WHERE session_id = ? AND turn = ?;

-- name: tasks_at_work
SELECT session_id, turn FROM task JOIN turn USING (session_id, turn)
WHERE user_id = ? AND turn.status = 'live' ORDER BY number DESC LIMIT ?;

-- name: tasks_ended
SELECT session_id, turn FROM task JOIN turn USING (session_id, turn)
WHERE user_id = ? AND turn.status != 'live' ORDER BY turn.ended_at_ms DESC, number DESC LIMIT ?;
