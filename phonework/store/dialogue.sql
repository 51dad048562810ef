-- The assistant's conversation with a person, and the tool calls in it that must not be made twice.

-- name: next_dialogue_place
SELECT coalesce(max(place), 0) + 1 FROM dialogue WHERE session_id = ?;

-- name: add_dialogue
INSERT INTO dialogue (session_id, place, turn, tokens, body) VALUES (?, ?, ?, ?, ?);

-- name: dialogue_before
SELECT place, turn, tokens, body FROM (
  SELECT place, turn, tokens, body, sum(tokens) OVER (ORDER BY place DESC) AS together
  FROM dialogue WHERE session_id = ? AND turn < ?
) WHERE together <= ? ORDER BY place;

-- name: dialogue_of_turn
SELECT place, turn, tokens, body FROM dialogue WHERE session_id = ? AND turn = ? ORDER BY place;

-- name: last_dialogue_turn_before
SELECT max(turn) FROM dialogue WHERE session_id = ? AND turn < ?;

-- name: forget_dialogue
DELETE FROM dialogue WHERE session_id = ? AND turn < ?;

-- name: forget_tool_calls
DELETE FROM tool_call WHERE session_id = ? AND turn < ? AND status != 'claimed';

-- name: claim_tool_call
INSERT INTO tool_call (session_id, turn, call_id, name, status, body) VALUES (?, ?, ?, ?, 'claimed', ?);

-- name: settle_tool_call
UPDATE tool_call SET status = ? WHERE session_id = ? AND turn = ? AND call_id = ? AND status = 'claimed';

-- name: tool_calls_of_turn
SELECT call_id, status FROM tool_call WHERE session_id = ? AND turn = ?;

-- name: person_of_assistant
SELECT user_id, chosen_language, language, timezone, active_session
FROM user WHERE user_id = (SELECT user_id FROM session WHERE session_id = ?);
