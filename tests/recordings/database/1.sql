BEGIN TRANSACTION;
CREATE TABLE chat (
  channel TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  private INTEGER NOT NULL,
  seen_at_ms INTEGER NOT NULL,                                      -- history was taken in up to here
  PRIMARY KEY (channel, chat_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "chat" VALUES('feishu','oc_of_ou_ada','ou_ada',1,32472522001000);
INSERT INTO "chat" VALUES('feishu','oc_of_ou_bob','ou_bob',1,32472522003000);
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
INSERT INTO "effect" VALUES(1,'fizz-1:1:0','fizz-1','ou_ada','chat:fizz-1','Say','repeat','done',1,32472522001000,32472522001000,32472522001000,32472522001000,'','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"fizz-1","cwd":"/srv/work/api","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(2,'fizz-1:2:0','fizz-1','ou_ada','agent:fizz-1','StartTurn','once','done',1,32472522001000,32472522001000,32472522001000,32472522001000,'','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}','{"turn":1,"prompt_ids":["94f72593-c53e-5a22-8d2d-dfb973742da2"],"carry":null}');
INSERT INTO "effect" VALUES(3,'fizz-1:2:1','fizz-1','ou_ada','chat:fizz-1','ShowTurn','repeat','done',1,32472522001000,32472522001000,32472522001000,32472522001000,'','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(4,'fizz-1:4:0','fizz-1','ou_ada','chat:fizz-1','ShowResult','repeat','done',1,32472522001000,32472522001000,32472522001000,32472522001000,'','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(5,'fizz-2:1:0','fizz-2','ou_ada','chat:fizz-2','Say','repeat','done',1,32472522002000,32472522002000,32472522002000,32472522002000,'','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"fizz-2","cwd":"/srv/work/api","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(6,'fizz-2:2:0','fizz-2','ou_ada','agent:fizz-2','StartTurn','once','done',1,32472522002000,32472522002000,32472522002000,32472522002000,'','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}','{"turn":1,"prompt_ids":["3fe52b3b-69f1-50a6-af11-617687b06b35"],"carry":null}');
INSERT INTO "effect" VALUES(7,'fizz-2:2:1','fizz-2','ou_ada','chat:fizz-2','ShowTurn','repeat','done',1,32472522002000,32472522002000,32472522002000,32472522002000,'','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(8,'fizz-2:4:0','fizz-2','ou_ada','chat:fizz-2','ShowRequest','repeat','done',1,32472522002000,32472522002000,32472522002000,32472522002000,'','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}','{"request_id":"00000000000000000000000000000006"}');
INSERT INTO "effect" VALUES(9,'fizz-3:1:0','fizz-3','ou_bob','chat:fizz-3','Say','repeat','done',1,32472522003000,32472522003000,32472522003000,32472522003000,'','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"fizz-3","cwd":"/srv/work/api","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(10,'fizz-3:2:0','fizz-3','ou_bob','agent:fizz-3','StartTurn','once','done',1,32472522003000,32472522003000,32472522003000,32472522003000,'','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"turn":1,"prompt_ids":["102499d4-683d-5d43-ab6b-faa2553b0003"],"carry":null}');
INSERT INTO "effect" VALUES(11,'fizz-3:2:1','fizz-3','ou_bob','chat:fizz-3','ShowTurn','repeat','done',1,32472522003000,32472522003000,32472522003000,32472522003000,'','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(12,'fizz-3:4:0','fizz-3','ou_bob','chat:fizz-3','ShowPrompt','repeat','done',1,32472522004000,32472522004000,32472522004000,32472522004000,'','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"prompt_id":"0df5f34f-a33f-5d52-a86c-e52c76f3954a"}');
INSERT INTO "effect" VALUES(13,'fizz-4:1:0','fizz-4','ou_bob','chat:fizz-4','Say','repeat','done',1,32472522005000,32472522005000,32472522005000,32472522005000,'','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"fizz-4","cwd":"/srv/work/api","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(14,'fizz-4:2:0','fizz-4','ou_bob','agent:fizz-4','StartTurn','once','done',1,32472522005000,32472522005000,32472522005000,32472522005000,'','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"turn":1,"prompt_ids":["f3d2e1f3-85c3-5340-9140-fe4f7d9b0461"],"carry":null}');
INSERT INTO "effect" VALUES(15,'fizz-4:2:1','fizz-4','ou_bob','chat:fizz-4','ShowTurn','repeat','done',1,32472522005000,32472522005000,32472522005000,32472522005000,'','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(16,'fizz-4:3:0','fizz-4','ou_bob','chat:fizz-4','ShowResult','repeat','done',1,32472522006000,32472522006000,32472522006000,32472522006000,'','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(17,'fizz-4:3:1','fizz-4','ou_bob','agent:fizz-4','CloseAgent','repeat','done',0,32472522006000,NULL,32472522006000,32472522006000,'','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(18,'fizz-4:3:2','fizz-4','ou_bob','chat:fizz-4','Say','repeat','done',1,32472522006000,32472522006000,32472522006000,32472522006000,'','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"text":"say.session_closed","params":{},"reply_to":""}');
INSERT INTO "effect" VALUES(19,'ou_bob:om_in_13:0',NULL,'ou_bob','chat:ou_bob','ShowStatus','repeat','owed',1,32472522007000,32472522007000,32472522009000,NULL,'too many requests','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{}');
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
INSERT INTO "event" VALUES(1,'message','om_in_1','Created','fizz-1','ou_ada',32472522001000,32472522001000,'applied',NULL,NULL,'idle',1,'{"session_id":"fizz-1","user_id":"ou_ada","backend":"demo","cwd":"/srv/work/api","chat":{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":false,"model":"","mode":""}');
INSERT INTO "event" VALUES(2,'message','om_in_1:first','MessageReceived','fizz-1','ou_ada',32472522001000,32472522001000,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"94f72593-c53e-5a22-8d2d-dfb973742da2","text":"fix the login","sent_at":"2999-01-05T09:00:01Z","status":"queued","verbatim":true,"message_id":"om_in_1","attachments":[],"turn":0},"by":"ou_ada","stale":false}');
INSERT INTO "event" VALUES(3,'agent','fizz-1:report_2','TurnStarted','fizz-1','ou_ada',32472522001000,32472522001000,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"agent-fizz-1"}');
INSERT INTO "event" VALUES(4,'agent','fizz-1:report_3','TurnFinished','fizz-1','ou_ada',32472522001000,32472522001000,'applied',NULL,'executing','idle',4,'{"turn":1,"text":"Fixed.","interrupted":false,"usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "event" VALUES(5,'message','om_in_4','Created','fizz-2','ou_ada',32472522002000,32472522002000,'applied',NULL,NULL,'idle',1,'{"session_id":"fizz-2","user_id":"ou_ada","backend":"demo","cwd":"/srv/work/api","chat":{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":false,"model":"","mode":""}');
INSERT INTO "event" VALUES(6,'message','om_in_4:first','MessageReceived','fizz-2','ou_ada',32472522002000,32472522002000,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"3fe52b3b-69f1-50a6-af11-617687b06b35","text":"clean up","sent_at":"2999-01-05T09:00:02Z","status":"queued","verbatim":true,"message_id":"om_in_4","attachments":[],"turn":0},"by":"ou_ada","stale":false}');
INSERT INTO "event" VALUES(7,'agent','fizz-2:report_5','TurnStarted','fizz-2','ou_ada',32472522002000,32472522002000,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"agent-fizz-2"}');
INSERT INTO "event" VALUES(8,'agent','fizz-2:report_7','AgentAsked','fizz-2','ou_ada',32472522002000,32472522002000,'applied',NULL,'executing','waiting_confirm',4,'{"turn":1,"ask":{"request_id":"00000000000000000000000000000006","kind":"confirm","agent_ref":"toolu","fingerprint":"rm","prompt":"May I?","tool":"Bash","command":"rm","path":"","diff":"","plan":"","input_json":"","questions":[],"rule":"","extra":"{}"}}');
INSERT INTO "event" VALUES(9,'message','om_in_8','Created','fizz-3','ou_bob',32472522003000,32472522003000,'applied',NULL,NULL,'idle',1,'{"session_id":"fizz-3","user_id":"ou_bob","backend":"demo","cwd":"/srv/work/api","chat":{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":false,"model":"","mode":""}');
INSERT INTO "event" VALUES(10,'message','om_in_8:first','MessageReceived','fizz-3','ou_bob',32472522003000,32472522003000,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"102499d4-683d-5d43-ab6b-faa2553b0003","text":"read it","sent_at":"2999-01-05T09:00:03Z","status":"queued","verbatim":true,"message_id":"om_in_8","attachments":[],"turn":0},"by":"ou_bob","stale":false}');
INSERT INTO "event" VALUES(11,'agent','fizz-3:report_9','TurnStarted','fizz-3','ou_bob',32472522003000,32472522003000,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"agent-fizz-3"}');
INSERT INTO "event" VALUES(12,'message','om_in_10','MessageReceived','fizz-3','ou_bob',32472522004000,32472522004000,'applied',NULL,'executing','executing',4,'{"prompt":{"prompt_id":"0df5f34f-a33f-5d52-a86c-e52c76f3954a","text":"and then test it","sent_at":"2999-01-05T09:00:04Z","status":"queued","verbatim":true,"message_id":"om_in_10","attachments":[],"turn":0},"by":"ou_bob","stale":false}');
INSERT INTO "event" VALUES(13,'message','om_in_11','Created','fizz-4','ou_bob',32472522005000,32472522005000,'applied',NULL,NULL,'idle',1,'{"session_id":"fizz-4","user_id":"ou_bob","backend":"demo","cwd":"/srv/work/api","chat":{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":false,"model":"","mode":""}');
INSERT INTO "event" VALUES(14,'message','om_in_11:first','MessageReceived','fizz-4','ou_bob',32472522005000,32472522005000,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"f3d2e1f3-85c3-5340-9140-fe4f7d9b0461","text":"bye","sent_at":"2999-01-05T09:00:05Z","status":"queued","verbatim":true,"message_id":"om_in_11","attachments":[],"turn":0},"by":"ou_bob","stale":false}');
INSERT INTO "event" VALUES(15,'message','om_in_12','CloseAsked','fizz-4','ou_bob',32472522006000,32472522006000,'applied',NULL,'executing','closed',3,'{"by":"ou_bob"}');
INSERT INTO "event" VALUES(16,'message','om_in_13','Command',NULL,'ou_bob',32472522007000,32472522007000,'ignored','noted',NULL,NULL,NULL,'{"key":"om_in_13","user":"ou_bob","chat":{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""},"message_id":"om_in_13","text":"/status","sent_at":"2999-01-05T09:00:07Z","attachments":[],"reply_to":"","addressed":true,"problem":""}');
CREATE TABLE message (
  delivery_key TEXT PRIMARY KEY,                                    -- the effect's key and the part
  channel TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  card_key TEXT NOT NULL DEFAULT '',                                -- what it shows
  sent_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "message" VALUES('fizz-1:1:0/words','feishu','oc_of_ou_ada','om_1','',32472522001000);
INSERT INTO "message" VALUES('fizz-1:2:1/card','feishu','oc_of_ou_ada','om_2','turn:fizz-1:1',32472522001000);
INSERT INTO "message" VALUES('fizz-1:4:0/part0','feishu','oc_of_ou_ada','om_3','',32472522001000);
INSERT INTO "message" VALUES('fizz-2:1:0/words','feishu','oc_of_ou_ada','om_4','',32472522002000);
INSERT INTO "message" VALUES('fizz-2:2:1/card','feishu','oc_of_ou_ada','om_5','turn:fizz-2:1',32472522002000);
INSERT INTO "message" VALUES('fizz-2:4:0/card','feishu','oc_of_ou_ada','om_6','request:00000000000000000000000000000006',32472522002000);
INSERT INTO "message" VALUES('fizz-3:1:0/words','feishu','oc_of_ou_bob','om_7','',32472522003000);
INSERT INTO "message" VALUES('fizz-3:2:1/card','feishu','oc_of_ou_bob','om_8','turn:fizz-3:1',32472522003000);
INSERT INTO "message" VALUES('fizz-3:4:0/card','feishu','oc_of_ou_bob','om_9','prompt:0df5f34f-a33f-5d52-a86c-e52c76f3954a',32472522004000);
INSERT INTO "message" VALUES('fizz-4:1:0/words','feishu','oc_of_ou_bob','om_10','',32472522005000);
INSERT INTO "message" VALUES('fizz-4:2:1/card','feishu','oc_of_ou_bob','om_11','turn:fizz-4:1',32472522005000);
INSERT INTO "message" VALUES('fizz-4:3:2/words','feishu','oc_of_ou_bob','om_12','',32472522006000);
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('boot_id','5e19f394b087494ba430d9e2c190a486');
INSERT INTO "meta" VALUES('clean_shutdown','0');
CREATE TABLE prompt (
  prompt_id TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES session (session_id),
  place INTEGER NOT NULL,                                           -- order within the queue
  status TEXT NOT NULL CHECK (status IN ('queued', 'held', 'taken', 'dropped')),
  turn INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL CHECK (json_valid(body))                       -- the Prompt value
) STRICT, WITHOUT ROWID;
INSERT INTO "prompt" VALUES('0df5f34f-a33f-5d52-a86c-e52c76f3954a','fizz-3',4000,'queued',0,'{"prompt_id":"0df5f34f-a33f-5d52-a86c-e52c76f3954a","text":"and then test it","sent_at":"2999-01-05T09:00:04Z","status":"queued","verbatim":true,"message_id":"om_in_10","attachments":[],"turn":0}');
INSERT INTO "prompt" VALUES('102499d4-683d-5d43-ab6b-faa2553b0003','fizz-3',0,'taken',1,'{"prompt_id":"102499d4-683d-5d43-ab6b-faa2553b0003","text":"read it","sent_at":"2999-01-05T09:00:03Z","status":"taken","verbatim":true,"message_id":"om_in_8","attachments":[],"turn":1}');
INSERT INTO "prompt" VALUES('3fe52b3b-69f1-50a6-af11-617687b06b35','fizz-2',0,'taken',1,'{"prompt_id":"3fe52b3b-69f1-50a6-af11-617687b06b35","text":"clean up","sent_at":"2999-01-05T09:00:02Z","status":"taken","verbatim":true,"message_id":"om_in_4","attachments":[],"turn":1}');
INSERT INTO "prompt" VALUES('94f72593-c53e-5a22-8d2d-dfb973742da2','fizz-1',0,'taken',1,'{"prompt_id":"94f72593-c53e-5a22-8d2d-dfb973742da2","text":"fix the login","sent_at":"2999-01-05T09:00:01Z","status":"taken","verbatim":true,"message_id":"om_in_1","attachments":[],"turn":1}');
INSERT INTO "prompt" VALUES('f3d2e1f3-85c3-5340-9140-fe4f7d9b0461','fizz-4',0,'taken',1,'{"prompt_id":"f3d2e1f3-85c3-5340-9140-fe4f7d9b0461","text":"bye","sent_at":"2999-01-05T09:00:05Z","status":"taken","verbatim":true,"message_id":"om_in_11","attachments":[],"turn":1}');
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
INSERT INTO "request" VALUES('00000000000000000000000000000006','fizz-2',1,1,'confirm','open',32472522002000,NULL,1,'{"ask":{"request_id":"00000000000000000000000000000006","kind":"confirm","agent_ref":"toolu","fingerprint":"rm","prompt":"May I?","tool":"Bash","command":"rm","path":"","diff":"","plan":"","input_json":"","questions":[],"rule":"","extra":"{}"},"turn":1,"status":"open","asked_at":"2999-01-05T09:00:02Z","generation":1,"opened_at":"2999-01-05T09:00:02Z","expires_at":"2999-01-05T09:05:02Z","answer":null,"answered_by":null,"answered_at":null}');
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
INSERT INTO "session" VALUES('fizz-1','ou_ada','demo','/srv/work/api','idle',4,1,32472522001000,32472522001000,32472522001000,1,0,NULL,'agent-fizz-1',0,'','','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
INSERT INTO "session" VALUES('fizz-2','ou_ada','demo','/srv/work/api','waiting_confirm',4,1,32472522002000,32472522002000,32472522002000,1,1,'00000000000000000000000000000006','agent-fizz-2',0,'','','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
INSERT INTO "session" VALUES('fizz-3','ou_bob','demo','/srv/work/api','executing',4,1,32472522003000,32472522003000,32472522004000,1,0,NULL,'agent-fizz-3',0,'','','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
INSERT INTO "session" VALUES('fizz-4','ou_bob','demo','/srv/work/api','closed',3,1,32472522006000,32472522005000,32472522006000,1,0,NULL,'',0,'','','{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
CREATE TABLE timer (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  name TEXT NOT NULL CHECK (name IN ('wait', 'remind', 'turn', 'idle', 'stop')),
  turn INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL,
  PRIMARY KEY (session_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO "timer" VALUES('fizz-1','idle',1,0,32472523801000);
INSERT INTO "timer" VALUES('fizz-2','remind',1,1,32472522242000);
INSERT INTO "timer" VALUES('fizz-2','turn',1,0,32472523802000);
INSERT INTO "timer" VALUES('fizz-2','wait',1,1,32472522302000);
INSERT INTO "timer" VALUES('fizz-3','turn',1,0,32472523803000);
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
INSERT INTO "turn" VALUES('fizz-1',1,'done',32472522001000,32472522001000,'{"turn":1,"status":"done","started_at":"2999-01-05T09:00:01Z","prompt_ids":["94f72593-c53e-5a22-8d2d-dfb973742da2"],"ended_at":"2999-01-05T09:00:01Z","text":"Fixed.","error":"","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "turn" VALUES('fizz-2',1,'live',32472522002000,NULL,'{"turn":1,"status":"live","started_at":"2999-01-05T09:00:02Z","prompt_ids":["3fe52b3b-69f1-50a6-af11-617687b06b35"],"ended_at":null,"text":"","error":"","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "turn" VALUES('fizz-3',1,'live',32472522003000,NULL,'{"turn":1,"status":"live","started_at":"2999-01-05T09:00:03Z","prompt_ids":["102499d4-683d-5d43-ab6b-faa2553b0003"],"ended_at":null,"text":"","error":"","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "turn" VALUES('fizz-4',1,'stopped',32472522005000,32472522006000,'{"turn":1,"status":"stopped","started_at":"2999-01-05T09:00:05Z","prompt_ids":["f3d2e1f3-85c3-5340-9140-fe4f7d9b0461"],"ended_at":"2999-01-05T09:00:06Z","text":"","error":"","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
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
INSERT INTO "user" VALUES('ou_ada','',0,'en','direct','fizz-2','{"channel":"feishu","chat_id":"oc_of_ou_ada","private":true,"root":""}',NULL,0,32472522001000);
INSERT INTO "user" VALUES('ou_bob','',0,'en','direct',NULL,'{"channel":"feishu","chat_id":"oc_of_ou_bob","private":true,"root":""}',NULL,0,32472522003000);
CREATE INDEX session_of_user ON session (user_id, created_at_ms);
CREATE INDEX session_busy ON session (state) WHERE state NOT IN ('idle', 'closed');
CREATE UNIQUE INDEX one_live_turn ON turn (session_id) WHERE status = 'live';
CREATE UNIQUE INDEX one_open_request ON request (session_id) WHERE status = 'open';
CREATE INDEX request_of_session ON request (session_id, place);
CREATE INDEX request_waiting ON request (session_id, place) WHERE status IN ('queued', 'open');
CREATE INDEX prompt_waiting ON prompt (session_id, place) WHERE status IN ('queued', 'held');
CREATE INDEX prompt_of_turn ON prompt (session_id, turn) WHERE status = 'taken';
CREATE INDEX event_of_session ON event (session_id, seq);
CREATE INDEX event_poisoned ON event (seq) WHERE status = 'poisoned';
CREATE INDEX effect_owed ON effect (seq) WHERE status = 'owed';
CREATE INDEX effect_claimed ON effect (seq) WHERE status = 'claimed';
CREATE INDEX effect_owed_in_lane ON effect (lane, seq) WHERE status = 'owed';
CREATE INDEX effect_trouble ON effect (seq) WHERE status IN ('failed', 'unknown');
CREATE INDEX effect_of_session ON effect (session_id, seq);
CREATE INDEX timer_due ON timer (due_at_ms);
CREATE INDEX message_of_card ON message (card_key, sent_at_ms);
CREATE INDEX message_of_id ON message (message_id);
COMMIT;
PRAGMA user_version = 1;
