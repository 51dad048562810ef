BEGIN TRANSACTION;
CREATE TABLE chat (
  channel TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  private INTEGER NOT NULL,
  seen_at_ms INTEGER NOT NULL,                                      -- history was taken in up to here
  PRIMARY KEY (channel, chat_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "chat" VALUES('feishu','oc_bob','ou_bob',1,1795284875039);
INSERT INTO "chat" VALUES('feishu','oc_demo','ou_demo',1,1795284871253);
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
INSERT INTO "effect" VALUES(1,'smart-moss:1:0','smart-moss','ou_demo','chat:smart-moss','Say','repeat','done',1,1795284871246,1795284871253,1795284871246,1795284871271,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"smart-moss","cwd":"/WORK/asks","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(2,'smart-moss:2:0','smart-moss','ou_demo','agent:smart-moss','StartTurn','once','done',1,1795284871246,1795284871253,1795284871246,1795284871263,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["d60ed656-4f9b-5a3b-b956-bed7cab9ab72"],"carry":null}');
INSERT INTO "effect" VALUES(3,'smart-moss:2:1','smart-moss','ou_demo','chat:smart-moss','ShowTurn','repeat','done',1,1795284871246,1795284871272,1795284871246,1795284871517,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(4,'smart-moss:4:0','smart-moss','ou_demo','chat:smart-moss','ShowRequest','repeat','done',1,1795284871298,1795284871517,1795284871298,1795284871768,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"request_id":"3d76980f973b6691d33eda1744a8d114"}');
INSERT INTO "effect" VALUES(5,'good-planet:1:0','good-planet','ou_demo','chat:good-planet','Say','repeat','done',1,1795284871774,1795284871777,1795284871774,1795284872016,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"good-planet","cwd":"/WORK/answers","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(6,'good-planet:2:0','good-planet','ou_demo','agent:good-planet','StartTurn','once','done',1,1795284871774,1795284871777,1795284871774,1795284871782,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["f5beb50b-15e6-581f-942a-b2eff528fc18"],"carry":null}');
INSERT INTO "effect" VALUES(7,'good-planet:2:1','good-planet','ou_demo','chat:good-planet','ShowTurn','repeat','done',1,1795284871774,1795284872017,1795284871774,1795284872269,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(8,'good-planet:4:0','good-planet','ou_demo','chat:good-planet','ShowRequest','repeat','done',1,1795284871787,1795284872270,1795284871787,1795284872517,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"request_id":"423787c8812954bdc5315ec95bcbdd0f"}');
INSERT INTO "effect" VALUES(9,'topaz-sky:1:0','topaz-sky','ou_demo','chat:topaz-sky','Say','repeat','done',1,1795284872527,1795284872531,1795284872527,1795284872768,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"topaz-sky","cwd":"/WORK/waits","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(10,'topaz-sky:2:0','topaz-sky','ou_demo','agent:topaz-sky','StartTurn','once','done',1,1795284872527,1795284872531,1795284872527,1795284872533,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["03cf9346-8e00-594e-8618-1e8eff55440e"],"carry":null}');
INSERT INTO "effect" VALUES(11,'topaz-sky:2:1','topaz-sky','ou_demo','chat:topaz-sky','ShowTurn','repeat','done',1,1795284872527,1795284872769,1795284872527,1795284873023,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(12,'topaz-sky:4:0','topaz-sky','ou_demo','chat:topaz-sky','ShowPrompt','repeat','done',1,1795284873028,1795284873032,1795284873028,1795284873271,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"prompt_id":"8784a17e-d292-546b-aa35-b8036c6fa813"}');
INSERT INTO "effect" VALUES(13,'swift-ranch:1:0','swift-ranch','ou_demo','chat:swift-ranch','Say','repeat','done',1,1795284873286,1795284873290,1795284873286,1795284873520,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"swift-ranch","cwd":"/WORK/closed","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(14,'swift-ranch:2:0','swift-ranch','ou_demo','agent:swift-ranch','StartTurn','once','done',1,1795284873286,1795284873290,1795284873286,1795284873292,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["b41007a9-edc9-5ac6-90f9-6a76507b0f62"],"carry":null}');
INSERT INTO "effect" VALUES(15,'swift-ranch:2:1','swift-ranch','ou_demo','chat:swift-ranch','ShowTurn','repeat','done',1,1795284873286,1795284873522,1795284873286,1795284873774,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(16,'swift-ranch:4:0','swift-ranch','ou_demo','chat:swift-ranch','ShowResult','repeat','done',1,1795284873294,1795284873775,1795284873294,1795284874024,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(17,'swift-ranch:5:0','swift-ranch','ou_demo','agent:swift-ranch','CloseAgent','repeat','done',0,1795284874028,NULL,1795284874028,1795284874033,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(18,'swift-ranch:5:1','swift-ranch','ou_demo','chat:swift-ranch','Say','repeat','done',1,1795284874028,1795284874031,1795284874028,1795284874276,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.session_closed","params":{},"reply_to":""}');
INSERT INTO "effect" VALUES(19,'cedar-drum:1:0','cedar-drum','ou_demo','chat:cedar-drum','Say','repeat','done',1,1795284874281,1795284874284,1795284874281,1795284874524,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"cedar-drum","cwd":"/WORK/rests","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(20,'cedar-drum:2:0','cedar-drum','ou_demo','agent:cedar-drum','StartTurn','once','done',1,1795284874281,1795284874284,1795284874281,1795284874286,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["7d46171e-27b6-5b82-bb6d-2d7e2c80b807"],"carry":null}');
INSERT INTO "effect" VALUES(21,'cedar-drum:2:1','cedar-drum','ou_demo','chat:cedar-drum','ShowTurn','repeat','done',1,1795284874281,1795284874525,1795284874281,1795284874777,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(22,'cedar-drum:4:0','cedar-drum','ou_demo','chat:cedar-drum','ShowResult','repeat','done',1,1795284874288,1795284874777,1795284874288,1795284875027,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(23,'ou_bob:om_ee069642a0cc4b458e5a41778989720c:0',NULL,'ou_bob','chat:ou_bob','ShowStatus','repeat','owed',1,1795284875037,1795284875039,1795284876043,NULL,'Feishu''s answer could not be read (HTTP 503)','{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(24,'honest-ginger:1:0','honest-ginger','ou_demo','chat:honest-ginger','Say','repeat','done',1,1795284875057,1795284875059,1795284875057,1795284875277,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"honest-ginger","cwd":"/WORK/stops","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(25,'honest-ginger:2:0','honest-ginger','ou_demo','agent:honest-ginger','StartTurn','once','done',1,1795284875057,1795284875059,1795284875057,1795284875063,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["afee4592-280d-5956-9084-0263a96c0aad"],"carry":null}');
INSERT INTO "effect" VALUES(26,'honest-ginger:2:1','honest-ginger','ou_demo','chat:honest-ginger','ShowTurn','repeat','done',1,1795284875057,1795284875279,1795284875057,1795284875529,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(27,'honest-ginger:4:0','honest-ginger','ou_demo','agent:honest-ginger','InterruptTurn','repeat','done',0,1795284875534,NULL,1795284875534,1795284875537,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
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
INSERT INTO "event" VALUES(1,'message','om_ae44a0a325ef4fa68f2e575cacbb37a8','Created','smart-moss','ou_demo',1795284871240,1795284871246,'applied',NULL,NULL,'idle',1,'{"session_id":"smart-moss","user_id":"ou_demo","backend":"demo","cwd":"/WORK/asks","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":true,"model":"","mode":""}');
INSERT INTO "event" VALUES(2,'message','om_ae44a0a325ef4fa68f2e575cacbb37a8:first','MessageReceived','smart-moss','ou_demo',1795284871240,1795284871246,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"d60ed656-4f9b-5a3b-b956-bed7cab9ab72","text":"confirm","sent_at":"2026-11-21T18:14:31.240000Z","status":"queued","verbatim":true,"message_id":"om_ae44a0a325ef4fa68f2e575cacbb37a8","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(3,'agent','smart-moss:demo:1f025aea:1:1','TurnStarted','smart-moss','ou_demo',1795284871263,1795284871265,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"0e0a9e10-5717-42a1-a4fe-7c2e59d53d52"}');
INSERT INTO "event" VALUES(4,'agent','smart-moss:demo:1f025aea:1:2','AgentAsked','smart-moss','ou_demo',1795284871298,1795284871298,'applied',NULL,'executing','waiting_confirm',4,'{"turn":1,"ask":{"request_id":"3d76980f973b6691d33eda1744a8d114","kind":"confirm","agent_ref":"demo_4ba38ddca0cb4400","fingerprint":"b8d9228e676e998434ab91f26df0ac66660cef9f0966cd253828c4073176bb12","prompt":"May I run this command?","tool":"Bash","command":"python -m unittest -v","path":"","diff":"","plan":"","input_json":"","questions":[],"rule":"Bash(python -m unittest -v)","extra":"{}"}}');
INSERT INTO "event" VALUES(5,'message','om_6495fd00149145049bb69648ec70bf53','Created','good-planet','ou_demo',1795284871771,1795284871774,'applied',NULL,NULL,'idle',1,'{"session_id":"good-planet","user_id":"ou_demo","backend":"demo","cwd":"/WORK/answers","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":true,"model":"","mode":""}');
INSERT INTO "event" VALUES(6,'message','om_6495fd00149145049bb69648ec70bf53:first','MessageReceived','good-planet','ou_demo',1795284871771,1795284871774,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"f5beb50b-15e6-581f-942a-b2eff528fc18","text":"input","sent_at":"2026-11-21T18:14:31.771000Z","status":"queued","verbatim":true,"message_id":"om_6495fd00149145049bb69648ec70bf53","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(7,'agent','good-planet:demo:1f025aea:1:1','TurnStarted','good-planet','ou_demo',1795284871783,1795284871783,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"246a7f1e-ce03-43a3-9a9a-3a9e8262dce5"}');
INSERT INTO "event" VALUES(8,'agent','good-planet:demo:1f025aea:1:2','AgentAsked','good-planet','ou_demo',1795284871787,1795284871787,'applied',NULL,'executing','waiting_input',4,'{"turn":1,"ask":{"request_id":"423787c8812954bdc5315ec95bcbdd0f","kind":"input","agent_ref":"demo_9d8e0857b5a3b337","fingerprint":"3eaceb7c4b24f602da9449a3ed400bdbad0c9854b2aefca53da22c3c98c90b5c","prompt":"What should the shop be called?","tool":"","command":"","path":"","diff":"","plan":"","input_json":"","questions":[],"rule":"","extra":"{}"}}');
INSERT INTO "event" VALUES(9,'message','om_887673c5173f420ca911b5ba0005a48d','Created','topaz-sky','ou_demo',1795284872523,1795284872527,'applied',NULL,NULL,'idle',1,'{"session_id":"topaz-sky","user_id":"ou_demo","backend":"demo","cwd":"/WORK/waits","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":true,"model":"","mode":""}');
INSERT INTO "event" VALUES(10,'message','om_887673c5173f420ca911b5ba0005a48d:first','MessageReceived','topaz-sky','ou_demo',1795284872523,1795284872527,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"03cf9346-8e00-594e-8618-1e8eff55440e","text":"hang","sent_at":"2026-11-21T18:14:32.523000Z","status":"queued","verbatim":true,"message_id":"om_887673c5173f420ca911b5ba0005a48d","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(11,'agent','topaz-sky:demo:1f025aea:1:1','TurnStarted','topaz-sky','ou_demo',1795284872534,1795284872534,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"8af1e6d1-47f1-435a-af6e-c8490ac2b61d"}');
INSERT INTO "event" VALUES(12,'message','om_1655fb82e864454a917348d14dfd394b','MessageReceived','topaz-sky','ou_demo',1795284873025,1795284873028,'applied',NULL,'executing','executing',4,'{"prompt":{"prompt_id":"8784a17e-d292-546b-aa35-b8036c6fa813","text":"say from the line","sent_at":"2026-11-21T18:14:33.025000Z","status":"queued","verbatim":true,"message_id":"om_1655fb82e864454a917348d14dfd394b","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(13,'message','om_2aa713b3dda543c7b6c10b761ae33dbb','Created','swift-ranch','ou_demo',1795284873281,1795284873286,'applied',NULL,NULL,'idle',1,'{"session_id":"swift-ranch","user_id":"ou_demo","backend":"demo","cwd":"/WORK/closed","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":true,"model":"","mode":""}');
INSERT INTO "event" VALUES(14,'message','om_2aa713b3dda543c7b6c10b761ae33dbb:first','MessageReceived','swift-ranch','ou_demo',1795284873281,1795284873286,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"b41007a9-edc9-5ac6-90f9-6a76507b0f62","text":"say one","sent_at":"2026-11-21T18:14:33.281000Z","status":"queued","verbatim":true,"message_id":"om_2aa713b3dda543c7b6c10b761ae33dbb","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(15,'agent','swift-ranch:demo:1f025aea:1:1','TurnStarted','swift-ranch','ou_demo',1795284873292,1795284873292,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"bba46ec5-4383-4d66-ace6-1163c77d1bc9"}');
INSERT INTO "event" VALUES(16,'agent','swift-ranch:demo:1f025aea:1:2','TurnFinished','swift-ranch','ou_demo',1795284873294,1795284873294,'applied',NULL,'executing','idle',4,'{"turn":1,"text":"one","interrupted":false,"usage":{"input_tokens":2,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "event" VALUES(17,'message','om_74f1f0d360a44aaf8a8c53e2c3b6b37f','CloseAsked','swift-ranch','ou_demo',1795284874027,1795284874028,'applied',NULL,'idle','closed',5,'{"by":"ou_demo"}');
INSERT INTO "event" VALUES(18,'message','om_af20796069884ab5bf87a5cfdbaf7900','Created','cedar-drum','ou_demo',1795284874277,1795284874281,'applied',NULL,NULL,'idle',1,'{"session_id":"cedar-drum","user_id":"ou_demo","backend":"demo","cwd":"/WORK/rests","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":true,"model":"","mode":""}');
INSERT INTO "event" VALUES(19,'message','om_af20796069884ab5bf87a5cfdbaf7900:first','MessageReceived','cedar-drum','ou_demo',1795284874277,1795284874281,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"7d46171e-27b6-5b82-bb6d-2d7e2c80b807","text":"say two","sent_at":"2026-11-21T18:14:34.277000Z","status":"queued","verbatim":true,"message_id":"om_af20796069884ab5bf87a5cfdbaf7900","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(20,'agent','cedar-drum:demo:1f025aea:1:1','TurnStarted','cedar-drum','ou_demo',1795284874286,1795284874286,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"3d81563d-93b7-4bd8-94e0-d8db98a7d50c"}');
INSERT INTO "event" VALUES(21,'agent','cedar-drum:demo:1f025aea:1:2','TurnFinished','cedar-drum','ou_demo',1795284874288,1795284874288,'applied',NULL,'executing','idle',4,'{"turn":1,"text":"two","interrupted":false,"usage":{"input_tokens":2,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "event" VALUES(22,'message','om_ee069642a0cc4b458e5a41778989720c','Command',NULL,'ou_bob',1795284875032,1795284875037,'ignored','noted',NULL,NULL,NULL,'{"key":"om_ee069642a0cc4b458e5a41778989720c","user":"ou_bob","chat":{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""},"message_id":"om_ee069642a0cc4b458e5a41778989720c","text":"/status","sent_at":"2026-11-21T18:14:35.032000Z","attachments":[],"reply_to":"","addressed":true,"problem":""}');
INSERT INTO "event" VALUES(23,'message','om_7b2be6da11c64fcc94d32155a6b01464','Created','honest-ginger','ou_demo',1795284875055,1795284875057,'applied',NULL,NULL,'idle',1,'{"session_id":"honest-ginger","user_id":"ou_demo","backend":"demo","cwd":"/WORK/stops","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"},"can_steer":true,"model":"","mode":""}');
INSERT INTO "event" VALUES(24,'message','om_7b2be6da11c64fcc94d32155a6b01464:first','MessageReceived','honest-ginger','ou_demo',1795284875055,1795284875057,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"afee4592-280d-5956-9084-0263a96c0aad","text":"stubborn","sent_at":"2026-11-21T18:14:35.055000Z","status":"queued","verbatim":true,"message_id":"om_7b2be6da11c64fcc94d32155a6b01464","attachments":[],"turn":0},"by":"ou_demo","stale":false}');
INSERT INTO "event" VALUES(25,'agent','honest-ginger:demo:1f025aea:1:1','TurnStarted','honest-ginger','ou_demo',1795284875063,1795284875063,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"506f019f-10e0-46eb-8f2b-569021c1e99e"}');
INSERT INTO "event" VALUES(26,'click','35c73fedfaa14f49924a6f511cda3334','StopAsked','honest-ginger','ou_demo',1795284875534,1795284875534,'applied',NULL,'executing','stopping',4,'{"by":"ou_demo","turn":1}');
CREATE TABLE message (
  delivery_key TEXT PRIMARY KEY,                                    -- the effect's key and the part
  channel TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  card_key TEXT NOT NULL DEFAULT '',                                -- what it shows
  sent_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "message" VALUES('cedar-drum:1:0/words','feishu','oc_demo','om_050a3c1051bc4ec9a3907b247b712859','',1795284874523);
INSERT INTO "message" VALUES('cedar-drum:2:1/card','feishu','oc_demo','om_0af1ae0f0df848db8ddc5a75341fa35d','turn:cedar-drum:1',1795284874775);
INSERT INTO "message" VALUES('cedar-drum:4:0/part0','feishu','oc_demo','om_d65ab3b1f8854c5fbf3236c0372c1511','',1795284875025);
INSERT INTO "message" VALUES('good-planet:1:0/words','feishu','oc_demo','om_06923de6954e49778f520a54d157097d','',1795284872015);
INSERT INTO "message" VALUES('good-planet:2:1/card','feishu','oc_demo','om_4e8c5301162748da81a5c5c2de3638c9','turn:good-planet:1',1795284872268);
INSERT INTO "message" VALUES('good-planet:4:0/card','feishu','oc_demo','om_b36e60397ecd4fdfaeac0ca63f1fb1aa','request:423787c8812954bdc5315ec95bcbdd0f',1795284872516);
INSERT INTO "message" VALUES('honest-ginger:1:0/words','feishu','oc_demo','om_74a920cc7aeb440ba72f2a0a3227b4e1','',1795284875276);
INSERT INTO "message" VALUES('honest-ginger:2:1/card','feishu','oc_demo','om_b02ff727f75d4851adbd2bc9210be6e5','turn:honest-ginger:1',1795284875527);
INSERT INTO "message" VALUES('smart-moss:1:0/words','feishu','oc_demo','om_b1b7d5734ea648e3b677215bd3fd32a1','',1795284871265);
INSERT INTO "message" VALUES('smart-moss:2:1/card','feishu','oc_demo','om_d4cc048626db4b1b8098bd7ecfe50a37','turn:smart-moss:1',1795284871516);
INSERT INTO "message" VALUES('smart-moss:4:0/card','feishu','oc_demo','om_41bfcf5b39c44ddc89cf711665b69310','request:3d76980f973b6691d33eda1744a8d114',1795284871765);
INSERT INTO "message" VALUES('swift-ranch:1:0/words','feishu','oc_demo','om_27d970e3889e49a8b73535d5319dfa2a','',1795284873519);
INSERT INTO "message" VALUES('swift-ranch:2:1/card','feishu','oc_demo','om_619490c0ff844eee8cdb95bcc6a398ac','turn:swift-ranch:1',1795284873772);
INSERT INTO "message" VALUES('swift-ranch:4:0/part0','feishu','oc_demo','om_939a7323745a434791f6aac8bf179d7b','',1795284874022);
INSERT INTO "message" VALUES('swift-ranch:5:1/words','feishu','oc_demo','om_a0dcfd65517349f3b1a342d66f6020d3','',1795284874272);
INSERT INTO "message" VALUES('topaz-sky:1:0/words','feishu','oc_demo','om_c611fd5a66a44c8d94251db649edc9e2','',1795284872767);
INSERT INTO "message" VALUES('topaz-sky:2:1/card','feishu','oc_demo','om_fe449c8a9dab4680b73d4afd4974811e','turn:topaz-sky:1',1795284873021);
INSERT INTO "message" VALUES('topaz-sky:4:0/card','feishu','oc_demo','om_e86a42b83d2747e8aa89dcc456c2e393','prompt:8784a17e-d292-546b-aa35-b8036c6fa813',1795284873271);
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('boot_id','e43a84ade7d64b309dca311ccba2a836');
INSERT INTO "meta" VALUES('clean_shutdown','0');
CREATE TABLE prompt (
  prompt_id TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES session (session_id),
  place INTEGER NOT NULL,                                           -- order within the queue
  status TEXT NOT NULL CHECK (status IN ('queued', 'held', 'taken', 'dropped')),
  turn INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL CHECK (json_valid(body))                       -- the Prompt value
) STRICT, WITHOUT ROWID;
INSERT INTO "prompt" VALUES('03cf9346-8e00-594e-8618-1e8eff55440e','topaz-sky',0,'taken',1,'{"prompt_id":"03cf9346-8e00-594e-8618-1e8eff55440e","text":"hang","sent_at":"2026-11-21T18:14:32.523000Z","status":"taken","verbatim":true,"message_id":"om_887673c5173f420ca911b5ba0005a48d","attachments":[],"turn":1}');
INSERT INTO "prompt" VALUES('7d46171e-27b6-5b82-bb6d-2d7e2c80b807','cedar-drum',0,'taken',1,'{"prompt_id":"7d46171e-27b6-5b82-bb6d-2d7e2c80b807","text":"say two","sent_at":"2026-11-21T18:14:34.277000Z","status":"taken","verbatim":true,"message_id":"om_af20796069884ab5bf87a5cfdbaf7900","attachments":[],"turn":1}');
INSERT INTO "prompt" VALUES('8784a17e-d292-546b-aa35-b8036c6fa813','topaz-sky',4000,'queued',0,'{"prompt_id":"8784a17e-d292-546b-aa35-b8036c6fa813","text":"say from the line","sent_at":"2026-11-21T18:14:33.025000Z","status":"queued","verbatim":true,"message_id":"om_1655fb82e864454a917348d14dfd394b","attachments":[],"turn":0}');
INSERT INTO "prompt" VALUES('afee4592-280d-5956-9084-0263a96c0aad','honest-ginger',0,'taken',1,'{"prompt_id":"afee4592-280d-5956-9084-0263a96c0aad","text":"stubborn","sent_at":"2026-11-21T18:14:35.055000Z","status":"taken","verbatim":true,"message_id":"om_7b2be6da11c64fcc94d32155a6b01464","attachments":[],"turn":1}');
INSERT INTO "prompt" VALUES('b41007a9-edc9-5ac6-90f9-6a76507b0f62','swift-ranch',0,'taken',1,'{"prompt_id":"b41007a9-edc9-5ac6-90f9-6a76507b0f62","text":"say one","sent_at":"2026-11-21T18:14:33.281000Z","status":"taken","verbatim":true,"message_id":"om_2aa713b3dda543c7b6c10b761ae33dbb","attachments":[],"turn":1}');
INSERT INTO "prompt" VALUES('d60ed656-4f9b-5a3b-b956-bed7cab9ab72','smart-moss',0,'taken',1,'{"prompt_id":"d60ed656-4f9b-5a3b-b956-bed7cab9ab72","text":"confirm","sent_at":"2026-11-21T18:14:31.240000Z","status":"taken","verbatim":true,"message_id":"om_ae44a0a325ef4fa68f2e575cacbb37a8","attachments":[],"turn":1}');
INSERT INTO "prompt" VALUES('f5beb50b-15e6-581f-942a-b2eff528fc18','good-planet',0,'taken',1,'{"prompt_id":"f5beb50b-15e6-581f-942a-b2eff528fc18","text":"input","sent_at":"2026-11-21T18:14:31.771000Z","status":"taken","verbatim":true,"message_id":"om_6495fd00149145049bb69648ec70bf53","attachments":[],"turn":1}');
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
INSERT INTO "request" VALUES('3d76980f973b6691d33eda1744a8d114','smart-moss',1,1,'confirm','open',1795284871298,NULL,1,'{"ask":{"request_id":"3d76980f973b6691d33eda1744a8d114","kind":"confirm","agent_ref":"demo_4ba38ddca0cb4400","fingerprint":"b8d9228e676e998434ab91f26df0ac66660cef9f0966cd253828c4073176bb12","prompt":"May I run this command?","tool":"Bash","command":"python -m unittest -v","path":"","diff":"","plan":"","input_json":"","questions":[],"rule":"Bash(python -m unittest -v)","extra":"{}"},"turn":1,"status":"open","asked_at":"2026-11-21T18:14:31.298316Z","generation":1,"opened_at":"2026-11-21T18:14:31.298316Z","expires_at":"2026-11-21T18:19:31.298316Z","answer":null,"answered_by":null,"answered_at":null}');
INSERT INTO "request" VALUES('423787c8812954bdc5315ec95bcbdd0f','good-planet',1,1,'input','open',1795284871787,NULL,1,'{"ask":{"request_id":"423787c8812954bdc5315ec95bcbdd0f","kind":"input","agent_ref":"demo_9d8e0857b5a3b337","fingerprint":"3eaceb7c4b24f602da9449a3ed400bdbad0c9854b2aefca53da22c3c98c90b5c","prompt":"What should the shop be called?","tool":"","command":"","path":"","diff":"","plan":"","input_json":"","questions":[],"rule":"","extra":"{}"},"turn":1,"status":"open","asked_at":"2026-11-21T18:14:31.787419Z","generation":1,"opened_at":"2026-11-21T18:14:31.787419Z","expires_at":"2026-11-21T18:19:31.787419Z","answer":null,"answered_by":null,"answered_at":null}');
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
INSERT INTO "session" VALUES('smart-moss','ou_demo','demo','/WORK/asks','waiting_confirm',4,1,1795284871298,1795284871246,1795284871298,1,1,'3d76980f973b6691d33eda1744a8d114','0e0a9e10-5717-42a1-a4fe-7c2e59d53d52',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
INSERT INTO "session" VALUES('good-planet','ou_demo','demo','/WORK/answers','waiting_input',4,1,1795284871787,1795284871774,1795284871787,1,1,'423787c8812954bdc5315ec95bcbdd0f','246a7f1e-ce03-43a3-9a9a-3a9e8262dce5',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
INSERT INTO "session" VALUES('topaz-sky','ou_demo','demo','/WORK/waits','executing',4,1,1795284872527,1795284872527,1795284873028,1,0,NULL,'8af1e6d1-47f1-435a-af6e-c8490ac2b61d',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
INSERT INTO "session" VALUES('swift-ranch','ou_demo','demo','/WORK/closed','closed',5,1,1795284874028,1795284873286,1795284874028,1,0,NULL,'bba46ec5-4383-4d66-ace6-1163c77d1bc9',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
INSERT INTO "session" VALUES('cedar-drum','ou_demo','demo','/WORK/rests','idle',4,1,1795284874288,1795284874281,1795284874288,1,0,NULL,'3d81563d-93b7-4bd8-94e0-d8db98a7d50c',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
INSERT INTO "session" VALUES('honest-ginger','ou_demo','demo','/WORK/stops','stopping',4,1,1795284875534,1795284875057,1795284875534,1,0,NULL,'506f019f-10e0-46eb-8f2b-569021c1e99e',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S"}',NULL);
CREATE TABLE timer (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  name TEXT NOT NULL CHECK (name IN ('wait', 'remind', 'turn', 'idle', 'stop')),
  turn INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL,
  PRIMARY KEY (session_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO "timer" VALUES('cedar-drum','idle',1,0,1);
INSERT INTO "timer" VALUES('good-planet','remind',1,1,1);
INSERT INTO "timer" VALUES('good-planet','turn',1,0,1);
INSERT INTO "timer" VALUES('good-planet','wait',1,1,1);
INSERT INTO "timer" VALUES('honest-ginger','stop',1,0,1);
INSERT INTO "timer" VALUES('smart-moss','remind',1,1,1);
INSERT INTO "timer" VALUES('smart-moss','turn',1,0,1);
INSERT INTO "timer" VALUES('smart-moss','wait',1,1,1);
INSERT INTO "timer" VALUES('topaz-sky','turn',1,0,1);
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
INSERT INTO "turn" VALUES('cedar-drum',1,'done',1795284874281,1795284874288,'{"turn":1,"status":"done","started_at":"2026-11-21T18:14:34.281757Z","prompt_ids":["7d46171e-27b6-5b82-bb6d-2d7e2c80b807"],"ended_at":"2026-11-21T18:14:34.288644Z","text":"two","error":"","usage":{"input_tokens":2,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "turn" VALUES('good-planet',1,'live',1795284871774,NULL,'{"turn":1,"status":"live","started_at":"2026-11-21T18:14:31.774983Z","prompt_ids":["f5beb50b-15e6-581f-942a-b2eff528fc18"],"ended_at":null,"text":"","error":"","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "turn" VALUES('honest-ginger',1,'live',1795284875057,NULL,'{"turn":1,"status":"live","started_at":"2026-11-21T18:14:35.057507Z","prompt_ids":["afee4592-280d-5956-9084-0263a96c0aad"],"ended_at":null,"text":"","error":"","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "turn" VALUES('smart-moss',1,'live',1795284871246,NULL,'{"turn":1,"status":"live","started_at":"2026-11-21T18:14:31.246706Z","prompt_ids":["d60ed656-4f9b-5a3b-b956-bed7cab9ab72"],"ended_at":null,"text":"","error":"","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "turn" VALUES('swift-ranch',1,'done',1795284873286,1795284873294,'{"turn":1,"status":"done","started_at":"2026-11-21T18:14:33.286474Z","prompt_ids":["b41007a9-edc9-5ac6-90f9-6a76507b0f62"],"ended_at":"2026-11-21T18:14:33.294027Z","text":"one","error":"","usage":{"input_tokens":2,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
INSERT INTO "turn" VALUES('topaz-sky',1,'live',1795284872527,NULL,'{"turn":1,"status":"live","started_at":"2026-11-21T18:14:32.527930Z","prompt_ids":["03cf9346-8e00-594e-8618-1e8eff55440e"],"ended_at":null,"text":"","error":"","usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null}}');
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
INSERT INTO "user" VALUES('ou_demo','',0,'en','direct','honest-ginger','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}',NULL,0,1795284871246);
INSERT INTO "user" VALUES('ou_bob','',0,'en','direct',NULL,'{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}',NULL,0,1795284875037);
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
