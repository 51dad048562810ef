-- The whole chat: helpers of a person, reminders, work in the background, and how each person wants things shown.

-- A companion is a person's own helper (the assistant, the shell), not a piece of work: it is never listed nor numbered.
ALTER TABLE session ADD COLUMN companion INTEGER NOT NULL DEFAULT 0 CHECK (companion IN (0, 1));
-- What its directory held when the session began: the id of a git tree; empty when it is not known.
ALTER TABLE session ADD COLUMN base TEXT NOT NULL DEFAULT '';
-- The agent's own id of the conversation that this one begins as a copy of; of no use once it has an id of its own.
ALTER TABLE session ADD COLUMN fork_of TEXT NOT NULL DEFAULT '';
-- The permission mode that comes back when one for a limited time is over.
ALTER TABLE session ADD COLUMN mode_after TEXT NOT NULL DEFAULT '';
ALTER TABLE session ADD COLUMN mode_until_ms INTEGER;               -- when that is; NULL: the mode has no limit

ALTER TABLE user ADD COLUMN chosen_language TEXT NOT NULL DEFAULT '';   -- by /lang; empty: the client's
-- By /direct and /smart; empty: smart if there is an assistant. It takes the place of the column `mode`.
ALTER TABLE user ADD COLUMN chosen_mode TEXT NOT NULL DEFAULT '' CHECK (chosen_mode IN ('', 'direct', 'smart'));
ALTER TABLE user ADD COLUMN verbosity TEXT NOT NULL DEFAULT 'normal' CHECK (verbosity IN ('quiet', 'normal', 'verbose'));
ALTER TABLE user ADD COLUMN quiet_hours TEXT NOT NULL DEFAULT '';       -- like 22:00-08:00
ALTER TABLE user ADD COLUMN timezone TEXT NOT NULL DEFAULT '';
-- When they went to the session that is the active one; NULL: it became that by beginning.
ALTER TABLE user ADD COLUMN switched_at_ms INTEGER;
-- When they last wrote or tapped; kept of those with quiet hours only.
ALTER TABLE user ADD COLUMN acted_at_ms INTEGER NOT NULL DEFAULT 0;
-- Until now it was the configured one; from now on it is the client's, or empty.
UPDATE user SET language = '';

-- What a decision depended on besides the event: until when the person was not to be disturbed.
ALTER TABLE event ADD COLUMN quiet_until_ms INTEGER;

-- The channel's own id of the card that the message shows, by which its text can be streamed; empty if it has none.
ALTER TABLE message ADD COLUMN entity TEXT NOT NULL DEFAULT '';

CREATE TABLE reminder (
  reminder_id TEXT PRIMARY KEY,
  origin TEXT NOT NULL UNIQUE,                                      -- source and key of what asked for it
  user_id TEXT NOT NULL REFERENCES user (user_id),
  status TEXT NOT NULL CHECK (status IN ('waiting', 'done', 'deleted', 'broken')),
  version INTEGER NOT NULL,                                         -- raised with each change
  fired INTEGER NOT NULL,                                           -- how often it has come
  due_at_ms INTEGER,                                                -- when it comes next
  created_at_ms INTEGER NOT NULL,
  chat TEXT NOT NULL CHECK (json_valid(chat)),                      -- where it was asked for
  body TEXT NOT NULL,
  schedule TEXT NOT NULL CHECK (json_valid(schedule)),
  CHECK ((status = 'waiting') = (due_at_ms IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX reminder_due ON reminder (due_at_ms) WHERE status = 'waiting';
CREATE INDEX reminder_of_user ON reminder (user_id, due_at_ms) WHERE status = 'waiting';

-- A reminder that came. missed: how many more times it would have come since it was due.
CREATE TABLE firing (
  reminder_id TEXT NOT NULL REFERENCES reminder (reminder_id),
  number INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL,
  fired_at_ms INTEGER NOT NULL,
  missed INTEGER NOT NULL,
  settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),     -- the person has tapped its card
  again_at_ms INTEGER,                                              -- and wants it again then
  PRIMARY KEY (reminder_id, number)
) STRICT, WITHOUT ROWID;

-- A turn that went to the background. Its state is that of the turn.
CREATE TABLE task (
  user_id TEXT NOT NULL REFERENCES user (user_id),
  number INTEGER NOT NULL,
  session_id TEXT NOT NULL,
  turn INTEGER NOT NULL,
  began_at_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, number),
  UNIQUE (session_id, turn)
) STRICT, WITHOUT ROWID;

-- The assistant's conversation with a person, one row for each message of it, as the model saw it.
CREATE TABLE dialogue (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  place INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  tokens INTEGER NOT NULL,                                          -- about as many
  body TEXT NOT NULL CHECK (json_valid(body)),
  PRIMARY KEY (session_id, place)
) STRICT, WITHOUT ROWID;

-- What a companion did in a turn: written before it is begun, so that after a crash nothing is done twice.
CREATE TABLE tool_call (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  turn INTEGER NOT NULL,
  call_id TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('claimed', 'done', 'unknown')),
  body TEXT NOT NULL CHECK (json_valid(body)),
  PRIMARY KEY (session_id, turn, call_id)
) STRICT, WITHOUT ROWID;

-- Two more timers: a turn that takes long goes to the background, a mode for a limited time ends.
CREATE TABLE new_timer (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  name TEXT NOT NULL CHECK (name IN ('wait', 'remind', 'turn', 'idle', 'stop', 'background', 'mode')),
  turn INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL,
  PRIMARY KEY (session_id, name)
) STRICT, WITHOUT ROWID;

INSERT INTO new_timer SELECT session_id, name, turn, generation, due_at_ms FROM timer;
DROP TABLE timer;
ALTER TABLE new_timer RENAME TO timer;
CREATE INDEX timer_due ON timer (due_at_ms);
