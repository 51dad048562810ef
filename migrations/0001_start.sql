-- Everything a machine knows: who may write, their sessions, what happened, what is owed.
-- Times are milliseconds since the epoch, UTC. JSON is stored as text and checked to be JSON.

CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
  user_id TEXT PRIMARY KEY,
  name TEXT NOT NULL DEFAULT '',
  allowed INTEGER NOT NULL DEFAULT 0 CHECK (allowed IN (0, 1)),   -- let in by the pairing code
  language TEXT NOT NULL DEFAULT '',
  mode TEXT NOT NULL DEFAULT 'direct',
  active_session TEXT REFERENCES session (session_id),
  chat TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(chat)),         -- where they wrote last
  refused_at_ms INTEGER,                                            -- when a stranger was last told how to be added
  wrong_codes INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL
) STRICT;

CREATE TABLE route (
  user_id TEXT PRIMARY KEY,
  node TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
  session_id TEXT PRIMARY KEY,
  user_id TEXT NOT NULL REFERENCES user (user_id),
  backend TEXT NOT NULL,
  cwd TEXT NOT NULL,
  state TEXT NOT NULL,
  version INTEGER NOT NULL CHECK (version >= 1),
  table_version INTEGER NOT NULL,
  since_ms INTEGER NOT NULL,
  created_at_ms INTEGER NOT NULL,
  active_at_ms INTEGER NOT NULL,                                    -- the last thing that happened
  turn INTEGER NOT NULL DEFAULT 0,
  generation INTEGER NOT NULL DEFAULT 0,
  open_request TEXT,
  agent_session_id TEXT NOT NULL DEFAULT '',
  can_steer INTEGER NOT NULL DEFAULT 0,
  model TEXT NOT NULL DEFAULT '',
  mode TEXT NOT NULL DEFAULT '',
  chat TEXT NOT NULL CHECK (json_valid(chat)),                      -- where its cards are shown
  timeouts TEXT NOT NULL CHECK (json_valid(timeouts)),
  carry TEXT CHECK (carry IS NULL OR json_valid(carry)),
  CHECK ((state IN ('waiting_input', 'waiting_confirm')) = (open_request IS NOT NULL))
) STRICT;

CREATE INDEX session_of_user ON session (user_id, created_at_ms);
CREATE INDEX session_busy ON session (state) WHERE state NOT IN ('idle', 'closed');

CREATE TABLE turn (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  turn INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('live', 'done', 'stopped', 'failed', 'lost')),
  started_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  body TEXT NOT NULL CHECK (json_valid(body)),                      -- the Turn value
  PRIMARY KEY (session_id, turn),
  CHECK ((status = 'live') = (ended_at_ms IS NULL))
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX one_live_turn ON turn (session_id) WHERE status = 'live';

CREATE TABLE request (
  request_id TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES session (session_id),
  turn INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  kind TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN
    ('queued', 'open', 'answered', 'delivered', 'refused', 'expired', 'void', 'withdrawn', 'resumed')),
  asked_at_ms INTEGER NOT NULL,
  answered_by TEXT,
  place INTEGER NOT NULL,                                           -- order within the session
  body TEXT NOT NULL CHECK (json_valid(body)),                      -- the Request value
  CHECK (status NOT IN ('answered', 'delivered', 'resumed') OR answered_by IS NOT NULL),
  CHECK (status != 'open' OR generation > 0)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX one_open_request ON request (session_id) WHERE status = 'open';
CREATE INDEX request_of_session ON request (session_id, place);
CREATE INDEX request_waiting ON request (session_id, place) WHERE status IN ('queued', 'open');

CREATE TABLE prompt (
  prompt_id TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES session (session_id),
  place INTEGER NOT NULL,                                           -- order within the queue
  status TEXT NOT NULL CHECK (status IN ('queued', 'held', 'taken', 'dropped')),
  turn INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL CHECK (json_valid(body))                       -- the Prompt value
) STRICT, WITHOUT ROWID;

CREATE INDEX prompt_waiting ON prompt (session_id, place) WHERE status IN ('queued', 'held');
CREATE INDEX prompt_of_turn ON prompt (session_id, turn) WHERE status = 'taken';

CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  source TEXT NOT NULL,                                             -- message, click, agent, timer, effect, boot
  dedupe_key TEXT NOT NULL,
  kind TEXT NOT NULL,
  session_id TEXT,
  user_id TEXT,
  occurred_at_ms INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('applied', 'ignored', 'stale', 'late', 'poisoned')),
  reason TEXT,
  from_state TEXT,
  to_state TEXT,
  version INTEGER,                                                  -- of the session, after; only when applied
  payload TEXT NOT NULL CHECK (json_valid(payload)),
  CHECK ((version IS NOT NULL) <= (status = 'applied')),
  UNIQUE (source, dedupe_key)
) STRICT;

CREATE INDEX event_of_session ON event (session_id, seq);
CREATE INDEX event_poisoned ON event (seq) WHERE status = 'poisoned';

CREATE TABLE effect (
  seq INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,                                         -- session:version:n
  session_id TEXT,
  user_id TEXT NOT NULL,
  lane TEXT NOT NULL,                                               -- agent:<session> or chat:<session or user>
  kind TEXT NOT NULL,
  policy TEXT NOT NULL CHECK (policy IN ('repeat', 'once')),
  status TEXT NOT NULL CHECK (status IN ('owed', 'claimed', 'done', 'failed', 'unknown', 'superseded')),
  attempts INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  first_at_ms INTEGER,
  not_before_ms INTEGER NOT NULL,
  ended_at_ms INTEGER,
  result TEXT NOT NULL DEFAULT '',
  chat TEXT NOT NULL CHECK (json_valid(chat)),                      -- where it is shown
  payload TEXT NOT NULL CHECK (json_valid(payload))
) STRICT;

CREATE INDEX effect_owed ON effect (seq) WHERE status = 'owed';
CREATE INDEX effect_claimed ON effect (seq) WHERE status = 'claimed';
CREATE INDEX effect_owed_in_lane ON effect (lane, seq) WHERE status = 'owed';
CREATE INDEX effect_trouble ON effect (seq) WHERE status IN ('failed', 'unknown');
CREATE INDEX effect_of_session ON effect (session_id, seq);

CREATE TABLE timer (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  name TEXT NOT NULL CHECK (name IN ('wait', 'remind', 'turn', 'idle', 'stop')),
  turn INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL,
  PRIMARY KEY (session_id, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX timer_due ON timer (due_at_ms);

CREATE TABLE message (
  delivery_key TEXT PRIMARY KEY,                                    -- the effect's key and the part
  channel TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  card_key TEXT NOT NULL DEFAULT '',                                -- what it shows
  sent_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX message_of_card ON message (card_key, sent_at_ms);
CREATE INDEX message_of_id ON message (message_id);

CREATE TABLE chat (
  channel TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  private INTEGER NOT NULL,
  seen_at_ms INTEGER NOT NULL,                                      -- history was taken in up to here
  PRIMARY KEY (channel, chat_id)
) STRICT, WITHOUT ROWID;
