-- Sessions by the agent's own name for the conversation.

-- name: owners_of_conversation
SELECT session_id, user_id, state != 'closed', container FROM session WHERE backend = ? AND agent_session_id = ?
ORDER BY state = 'closed', created_at_ms DESC LIMIT 1;

-- name: forks_not_begun
SELECT session_id FROM session
WHERE backend = ? AND user_id = ? AND fork_of = ? AND agent_session_id = '' AND state = 'idle' AND turn = 0;
