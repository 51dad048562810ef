-- What agents ask and nobody has answered, of all sessions of a person.

-- name: unanswered_of_turn
SELECT EXISTS (SELECT 1 FROM request WHERE session_id = ? AND turn = ? AND status IN ('expired', 'void'));

-- name: open_requests_of_user
SELECT request.request_id FROM session JOIN request ON request.session_id = session.session_id
WHERE session.user_id = ? AND session.open_request IS NOT NULL AND request.status = 'open'
ORDER BY request.asked_at_ms, request.request_id;

-- name: late_requests_of_user
SELECT request.request_id FROM session JOIN request ON request.session_id = session.session_id
WHERE session.user_id = ? AND session.state != 'closed' AND request.status IN ('expired', 'void') AND request.generation > 0
ORDER BY request.asked_at_ms DESC, request.request_id LIMIT 3;
