BEGIN TRANSACTION;
CREATE TABLE chat (
  channel TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  private INTEGER NOT NULL,
  seen_at_ms INTEGER NOT NULL,                                      -- history was taken in up to here
  PRIMARY KEY (channel, chat_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "chat" VALUES('feishu','oc_demo','ou_demo',1,1795202418001);
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
INSERT INTO "effect" VALUES(1,'prime-clover:1:0','prime-clover','ou_demo','chat:prime-clover','Say','repeat','done',1,1795202417970,1795202418001,1795202417970,1795202418080,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"prime-clover","cwd":"/WORK/asks","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(2,'prime-clover:2:0','prime-clover','ou_demo','agent:prime-clover','StartTurn','once','done',1,1795202417970,1795202418001,1795202417970,1795202418026,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["2defc828-5f65-5449-9971-18c140e33dc4"],"carry":null}');
INSERT INTO "effect" VALUES(3,'prime-clover:2:1','prime-clover','ou_demo','chat:prime-clover','ShowTurn','repeat','done',1,1795202417970,1795202418094,1795202417970,1795202418294,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(4,'prime-clover:4:0','prime-clover','ou_demo','chat:prime-clover','ShowRequest','repeat','done',1,1795202418115,1795202418295,1795202418115,1795202418551,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"request_id":"060bdf6849a808e8074065414ba28255"}');
INSERT INTO "effect" VALUES(5,'solid-orbit:1:0','solid-orbit','ou_demo','chat:solid-orbit','Say','repeat','done',1,1795202418558,1795202418562,1795202418558,1795202418816,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"solid-orbit","cwd":"/WORK/waits","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(6,'solid-orbit:2:0','solid-orbit','ou_demo','agent:solid-orbit','StartTurn','once','done',1,1795202418558,1795202418562,1795202418558,1795202418573,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["90f2d4e8-75e5-54e0-9bb2-25ffa63d8241"],"carry":null}');
INSERT INTO "effect" VALUES(7,'solid-orbit:2:1','solid-orbit','ou_demo','chat:solid-orbit','ShowTurn','repeat','done',1,1795202418558,1795202418827,1795202418558,1795202419050,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(8,'solid-orbit:4:0','solid-orbit','ou_demo','chat:solid-orbit','ShowPrompt','repeat','done',1,1795202419047,1795202419052,1795202419047,1795202419292,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"prompt_id":"512a82a1-d44f-5d35-b3c5-595a2a8ec914"}');
INSERT INTO "effect" VALUES(9,'buzz-piano:1:0','buzz-piano','ou_demo','chat:buzz-piano','Say','repeat','done',1,1795202419292,1795202419294,1795202419292,1795202419545,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"buzz-piano","cwd":"/WORK/closed","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(10,'buzz-piano:2:0','buzz-piano','ou_demo','agent:buzz-piano','StartTurn','once','done',1,1795202419292,1795202419294,1795202419292,1795202419296,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["1d5a5e00-670e-5539-ae9f-c2d42de978a9"],"carry":null}');
INSERT INTO "effect" VALUES(11,'buzz-piano:2:1','buzz-piano','ou_demo','chat:buzz-piano','ShowTurn','repeat','done',1,1795202419292,1795202419546,1795202419292,1795202419794,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(12,'buzz-piano:4:0','buzz-piano','ou_demo','chat:buzz-piano','ShowResult','repeat','done',1,1795202419298,1795202419795,1795202419298,1795202420055,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(13,'buzz-piano:5:0','buzz-piano','ou_demo','agent:buzz-piano','CloseAgent','repeat','done',0,1795202420055,NULL,1795202420055,1795202420063,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(14,'buzz-piano:5:1','buzz-piano','ou_demo','chat:buzz-piano','Say','repeat','done',1,1795202420055,1795202420062,1795202420055,1795202420299,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.session_closed","params":{},"reply_to":""}');
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
INSERT INTO "event" VALUES(1,'message','om_19abea8384fc4ea19fee854185071743','Created','prime-clover','ou_demo',1795202417954,1795202417970,'applied',NULL,NULL,'idle',1,'{"session_id":"prime-clover","user_id":"ou_demo","backend":"demo","cwd":"/WORK/asks","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":true,"model":"","mode":""}');
INSERT INTO "event" VALUES(2,'message','om_19abea8384fc4ea19fee854185071743:first','MessageReceived','prime-clover','ou_demo',1795202417954,1795202417970,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"2defc828-5f65-5449-9971-18c140e33dc4","text":"confirm","sent_at":"2026-11-20T19:20:17.954000Z","status":"queued","verbatim":true,"message_id":"om_19abea8384fc4ea19fee854185071743","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(3,'agent','prime-clover:demo:3d0adee3:1:1','TurnStarted','prime-clover','ou_demo',1795202418026,1795202418026,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"237d811d-e75a-4926-87a9-404c7a8429ae"}');
INSERT INTO "event" VALUES(4,'agent','prime-clover:demo:3d0adee3:1:2','AgentAsked','prime-clover','ou_demo',1795202418115,1795202418115,'applied',NULL,'executing','waiting_confirm',4,'{"turn":1,"ask":{"request_id":"060bdf6849a808e8074065414ba28255","kind":"confirm","agent_ref":"demo_085df53e1b5c1e06","fingerprint":"b8d9228e676e998434ab91f26df0ac66660cef9f0966cd253828c4073176bb12","prompt":"May I run this command?","tool":"Bash","command":"python -m unittest -v","path":"","diff":"","plan":"","input_json":"","questions":[],"rule":"Bash(python -m unittest -v)","extra":"{}"}}');
INSERT INTO "event" VALUES(5,'message','om_b7790164d0e64beca653b0afe1be1a97','Created','solid-orbit','ou_demo',1795202418546,1795202418558,'applied',NULL,NULL,'idle',1,'{"session_id":"solid-orbit","user_id":"ou_demo","backend":"demo","cwd":"/WORK/waits","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":true,"model":"","mode":""}');
INSERT INTO "event" VALUES(6,'message','om_b7790164d0e64beca653b0afe1be1a97:first','MessageReceived','solid-orbit','ou_demo',1795202418546,1795202418558,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"90f2d4e8-75e5-54e0-9bb2-25ffa63d8241","text":"hang","sent_at":"2026-11-20T19:20:18.546000Z","status":"queued","verbatim":true,"message_id":"om_b7790164d0e64beca653b0afe1be1a97","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(7,'agent','solid-orbit:demo:3d0adee3:1:1','TurnStarted','solid-orbit','ou_demo',1795202418573,1795202418573,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"6e04b351-8aa2-4ee6-bf43-c8f3739cd1cb"}');
INSERT INTO "event" VALUES(8,'message','om_7005902af6dd4307a1f7969cd53e830f','MessageReceived','solid-orbit','ou_demo',1795202419044,1795202419047,'applied',NULL,'executing','executing',4,'{"prompt":{"prompt_id":"512a82a1-d44f-5d35-b3c5-595a2a8ec914","text":"say from the line","sent_at":"2026-11-20T19:20:19.044000Z","status":"queued","verbatim":true,"message_id":"om_7005902af6dd4307a1f7969cd53e830f","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(9,'message','om_6ac403b790eb407292e62adc0d47279e','Created','buzz-piano','ou_demo',1795202419288,1795202419292,'applied',NULL,NULL,'idle',1,'{"session_id":"buzz-piano","user_id":"ou_demo","backend":"demo","cwd":"/WORK/closed","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":true,"model":"","mode":""}');
INSERT INTO "event" VALUES(10,'message','om_6ac403b790eb407292e62adc0d47279e:first','MessageReceived','buzz-piano','ou_demo',1795202419288,1795202419292,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"1d5a5e00-670e-5539-ae9f-c2d42de978a9","text":"say one","sent_at":"2026-11-20T19:20:19.288000Z","status":"queued","verbatim":true,"message_id":"om_6ac403b790eb407292e62adc0d47279e","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(11,'agent','buzz-piano:demo:3d0adee3:1:1','TurnStarted','buzz-piano','ou_demo',1795202419296,1795202419297,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"c645c32b-a4c8-492c-ac21-744ad77344cf"}');
INSERT INTO "event" VALUES(12,'agent','buzz-piano:demo:3d0adee3:1:2','TurnFinished','buzz-piano','ou_demo',1795202419298,1795202419298,'applied',NULL,'executing','idle',4,'{"turn":1,"text":"one","interrupted":false,"usage":{"input_tokens":2,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "event" VALUES(13,'message','om_7968fb2d411243a5a09a80b1db9fc47a','CloseAsked','buzz-piano','ou_demo',1795202420044,1795202420055,'applied',NULL,'idle','closed',5,'{"by":"ou_demo"}');
CREATE TABLE message (
  delivery_key TEXT PRIMARY KEY,                                    -- the effect's key and the part
  channel TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  card_key TEXT NOT NULL DEFAULT '',                                -- what it shows
  sent_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "message" VALUES('buzz-piano:1:0/words','feishu','oc_demo','om_a8d9a95dc1c34539abb2b96f1daf2f59','',1795202419538);
INSERT INTO "message" VALUES('buzz-piano:2:1/card','feishu','oc_demo','om_2c9f0b92ac9040d1a83334a3db33cf97','turn:buzz-piano:1',1795202419789);
INSERT INTO "message" VALUES('buzz-piano:4:0/part0','feishu','oc_demo','om_4906cfe5a14140179e65ff6350704e4e','',1795202420039);
INSERT INTO "message" VALUES('buzz-piano:5:1/words','feishu','oc_demo','om_eb9bb3d01abd4d32ab46cae1f91a938c','',1795202420291);
INSERT INTO "message" VALUES('prime-clover:1:0/words','feishu','oc_demo','om_54b2e849fa1c4142b7cbfc058a6182b3','',1795202418068);
INSERT INTO "message" VALUES('prime-clover:2:1/card','feishu','oc_demo','om_8b94396f447f415695ad02ab7dbec8dc','turn:prime-clover:1',1795202418279);
INSERT INTO "message" VALUES('prime-clover:4:0/card','feishu','oc_demo','om_7378f080f8384924a50a3ec69533fb05','request:060bdf6849a808e8074065414ba28255',1795202418543);
INSERT INTO "message" VALUES('solid-orbit:1:0/words','feishu','oc_demo','om_7474136b61bf4044afafca040a59b9b9','',1795202418791);
INSERT INTO "message" VALUES('solid-orbit:2:1/card','feishu','oc_demo','om_21015cce923244969893e4c552fc64da','turn:solid-orbit:1',1795202419039);
INSERT INTO "message" VALUES('solid-orbit:4:0/card','feishu','oc_demo','om_3a86eed802a14e139d8a5ea497650395','prompt:512a82a1-d44f-5d35-b3c5-595a2a8ec914',1795202419284);
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('boot_id','98fe596a5864480aae4f806c7ec39ed8');
INSERT INTO "meta" VALUES('clean_shutdown','0');
CREATE TABLE prompt (
  prompt_id TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES session (session_id),
  place INTEGER NOT NULL,                                           -- order within the queue
  status TEXT NOT NULL CHECK (status IN ('queued', 'held', 'taken', 'dropped')),
  turn INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL CHECK (json_valid(body))                       -- the Prompt value
) STRICT, WITHOUT ROWID;
INSERT INTO "prompt" VALUES('1d5a5e00-670e-5539-ae9f-c2d42de978a9','buzz-piano',0,'taken',1,'{"prompt_id":"1d5a5e00-670e-5539-ae9f-c2d42de978a9","text":"say one","sent_at":"2026-11-20T19:20:19.288000Z","status":"taken","verbatim":true,"message_id":"om_6ac403b790eb407292e62adc0d47279e","attachments":[],"turn":1}');
INSERT INTO "prompt" VALUES('2defc828-5f65-5449-9971-18c140e33dc4','prime-clover',0,'taken',1,'{"prompt_id":"2defc828-5f65-5449-9971-18c140e33dc4","text":"confirm","sent_at":"2026-11-20T19:20:17.954000Z","status":"taken","verbatim":true,"message_id":"om_19abea8384fc4ea19fee854185071743","attachments":[],"turn":1}');
INSERT INTO "prompt" VALUES('512a82a1-d44f-5d35-b3c5-595a2a8ec914','solid-orbit',4000,'queued',0,'{"prompt_id":"512a82a1-d44f-5d35-b3c5-595a2a8ec914","text":"say from the line","sent_at":"2026-11-20T19:20:19.044000Z","status":"queued","verbatim":true,"message_id":"om_7005902af6dd4307a1f7969cd53e830f","attachments":[],"turn":0}');
INSERT INTO "prompt" VALUES('90f2d4e8-75e5-54e0-9bb2-25ffa63d8241','solid-orbit',0,'taken',1,'{"prompt_id":"90f2d4e8-75e5-54e0-9bb2-25ffa63d8241","text":"hang","sent_at":"2026-11-20T19:20:18.546000Z","status":"taken","verbatim":true,"message_id":"om_b7790164d0e64beca653b0afe1be1a97","attachments":[],"turn":1}');
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
INSERT INTO "request" VALUES('060bdf6849a808e8074065414ba28255','prime-clover',1,1,'confirm','open',1795202418115,NULL,1,'{"ask":{"request_id":"060bdf6849a808e8074065414ba28255","kind":"confirm","agent_ref":"demo_085df53e1b5c1e06","fingerprint":"b8d9228e676e998434ab91f26df0ac66660cef9f0966cd253828c4073176bb12","prompt":"May I run this command?","tool":"Bash","command":"python -m unittest -v","path":"","diff":"","plan":"","input_json":"","questions":[],"rule":"Bash(python -m unittest -v)","extra":"{}"},"turn":1,"status":"open","asked_at":"2026-11-20T19:20:18.115580Z","generation":1,"opened_at":"2026-11-20T19:20:18.115580Z","expires_at":"2026-11-20T19:25:18.115580Z","answer":null,"answered_by":null,"answered_at":null}');
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
INSERT INTO "session" VALUES('prime-clover','ou_demo','demo','/WORK/asks','waiting_confirm',4,1,1795202418115,1795202417970,1795202418115,1,1,'060bdf6849a808e8074065414ba28255','237d811d-e75a-4926-87a9-404c7a8429ae',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
INSERT INTO "session" VALUES('solid-orbit','ou_demo','demo','/WORK/waits','executing',4,1,1795202418558,1795202418558,1795202419047,1,0,NULL,'6e04b351-8aa2-4ee6-bf43-c8f3739cd1cb',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
INSERT INTO "session" VALUES('buzz-piano','ou_demo','demo','/WORK/closed','closed',5,1,1795202420055,1795202419292,1795202420055,1,0,NULL,'c645c32b-a4c8-492c-ac21-744ad77344cf',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
CREATE TABLE timer (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  name TEXT NOT NULL CHECK (name IN ('wait', 'remind', 'turn', 'idle', 'stop')),
  turn INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL,
  PRIMARY KEY (session_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO "timer" VALUES('prime-clover','remind',1,1,1);
INSERT INTO "timer" VALUES('prime-clover','turn',1,0,1);
INSERT INTO "timer" VALUES('prime-clover','wait',1,1,1);
INSERT INTO "timer" VALUES('solid-orbit','turn',1,0,1);
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
INSERT INTO "turn" VALUES('buzz-piano',1,'done',1795202419292,1795202419298,'{"turn":1,"status":"done","started_at":"2026-11-20T19:20:19.292815Z","prompt_ids":["1d5a5e00-670e-5539-ae9f-c2d42de978a9"],"ended_at":"2026-11-20T19:20:19.298123Z","text":"one","error":"","usage":{"input_tokens":2,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "turn" VALUES('prime-clover',1,'live',1795202417970,NULL,'{"turn":1,"status":"live","started_at":"2026-11-20T19:20:17.970571Z","prompt_ids":["2defc828-5f65-5449-9971-18c140e33dc4"],"ended_at":null,"text":"","error":"","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "turn" VALUES('solid-orbit',1,'live',1795202418558,NULL,'{"turn":1,"status":"live","started_at":"2026-11-20T19:20:18.558929Z","prompt_ids":["90f2d4e8-75e5-54e0-9bb2-25ffa63d8241"],"ended_at":null,"text":"","error":"","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
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
INSERT INTO "user" VALUES('ou_demo','',0,'en','direct',NULL,'{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}',NULL,0,1795202417970);
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
