BEGIN TRANSACTION;
CREATE TABLE chat (
  channel TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  user_id TEXT NOT NULL,
  private INTEGER NOT NULL,
  seen_at_ms INTEGER NOT NULL,                                      -- history was taken in up to here
  PRIMARY KEY (channel, chat_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "chat" VALUES('feishu','oc_bob','ou_bob',1,1795284866786);
INSERT INTO "chat" VALUES('feishu','oc_demo','ou_demo',1,1795284861159);
CREATE TABLE dialogue (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  place INTEGER NOT NULL,
  turn INTEGER NOT NULL,
  tokens INTEGER NOT NULL,                                          -- about as many
  body TEXT NOT NULL CHECK (json_valid(body)),
  PRIMARY KEY (session_id, place)
) STRICT, WITHOUT ROWID;
INSERT INTO "dialogue" VALUES('assistant-097537eb',1,1,15,'{"role":"user","text":"which sessions do I have?","calls":[],"call_id":"","reasoning":null}');
INSERT INTO "dialogue" VALUES('assistant-097537eb',2,1,19,'{"role":"assistant","text":"","calls":[{"call_id":"c00000200","name":"list_sessions","arguments":"{}"}],"call_id":"","reasoning":null}');
INSERT INTO "dialogue" VALUES('assistant-097537eb',3,1,15,'{"role":"tool","text":"There is no open session.","calls":[],"call_id":"c00000200","reasoning":null}');
INSERT INTO "dialogue" VALUES('assistant-097537eb',4,1,11,'{"role":"assistant","text":"You have none.","calls":[],"call_id":"","reasoning":null}');
INSERT INTO "dialogue" VALUES('assistant-097537eb',5,2,13,'{"role":"user","text":"and what can you do?","calls":[],"call_id":"","reasoning":null}');
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
INSERT INTO "effect" VALUES(1,'trim-pepper:1:0','trim-pepper','ou_demo','chat:trim-pepper','Say','repeat','done',1,1795284861153,1795284861159,1795284861153,1795284861177,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"trim-pepper","cwd":"/WORK/asks","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(2,'trim-pepper:1:1','trim-pepper','ou_demo','agent:trim-pepper','TakeBase','repeat','done',0,1795284861153,NULL,1795284861153,1795284861170,'empty','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(3,'trim-pepper:2:0','trim-pepper','ou_demo','agent:trim-pepper','StartTurn','once','done',1,1795284861153,1795284861174,1795284861153,1795284861184,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["885850a4-5e66-52e5-a255-cc65c29225ed"],"carry":null}');
INSERT INTO "effect" VALUES(4,'trim-pepper:2:1','trim-pepper','ou_demo','chat:trim-pepper','ShowTurn','repeat','done',1,1795284861153,1795284861179,1795284861153,1795284861424,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(5,'trim-pepper:4:0','trim-pepper','ou_demo','chat:trim-pepper','ShowRequest','repeat','done',1,1795284861206,1795284861426,1795284861206,1795284861679,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"request_id":"668333c655268a51c299f35dced45d78"}');
INSERT INTO "effect" VALUES(6,'fizz-lagoon:1:0','fizz-lagoon','ou_demo','chat:fizz-lagoon','Say','repeat','done',1,1795284861686,1795284861689,1795284861686,1795284861927,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"fizz-lagoon","cwd":"/WORK/answers","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(7,'fizz-lagoon:1:1','fizz-lagoon','ou_demo','agent:fizz-lagoon','TakeBase','repeat','done',0,1795284861686,NULL,1795284861686,1795284861691,'empty','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(8,'fizz-lagoon:2:0','fizz-lagoon','ou_demo','agent:fizz-lagoon','StartTurn','once','done',1,1795284861686,1795284861691,1795284861686,1795284861692,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["4c6e43d8-7081-53ab-b24a-92f51f281a1c"],"carry":null}');
INSERT INTO "effect" VALUES(9,'fizz-lagoon:2:1','fizz-lagoon','ou_demo','chat:fizz-lagoon','ShowTurn','repeat','done',1,1795284861686,1795284861927,1795284861686,1795284862177,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(10,'fizz-lagoon:4:0','fizz-lagoon','ou_demo','chat:fizz-lagoon','ShowRequest','repeat','done',1,1795284861696,1795284862178,1795284861696,1795284862435,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"request_id":"4c0d60b80eaf0fdbc9ccfab384044c29"}');
INSERT INTO "effect" VALUES(11,'trim-pepper:5:0','trim-pepper','ou_demo','chat:trim-pepper','UpdateRequest','repeat','done',1,1795284862154,1795284862160,1795284862154,1795284862167,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"request_id":"668333c655268a51c299f35dced45d78"}');
INSERT INTO "effect" VALUES(12,'trim-pepper:5:1','trim-pepper','ou_demo','chat:trim-pepper','UpdateTurn','repeat','done',1,1795284862154,1795284862168,1795284862154,1795284862176,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(13,'chief-crown:1:0','chief-crown','ou_demo','chat:chief-crown','Say','repeat','done',1,1795284862436,1795284862439,1795284862436,1795284862680,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"chief-crown","cwd":"/WORK/waits","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(14,'chief-crown:1:1','chief-crown','ou_demo','agent:chief-crown','TakeBase','repeat','done',0,1795284862436,NULL,1795284862436,1795284862442,'empty','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(15,'chief-crown:2:0','chief-crown','ou_demo','agent:chief-crown','StartTurn','once','done',1,1795284862436,1795284862442,1795284862436,1795284862444,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["9fe08391-a8b0-5048-b7f7-d89bffb6c001"],"carry":null}');
INSERT INTO "effect" VALUES(16,'chief-crown:2:1','chief-crown','ou_demo','chat:chief-crown','ShowTurn','repeat','done',1,1795284862436,1795284862680,1795284862436,1795284862931,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(17,'fizz-lagoon:5:0','fizz-lagoon','ou_demo','chat:fizz-lagoon','UpdateRequest','repeat','done',1,1795284862688,1795284862692,1795284862688,1795284862701,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"request_id":"4c0d60b80eaf0fdbc9ccfab384044c29"}');
INSERT INTO "effect" VALUES(18,'fizz-lagoon:5:1','fizz-lagoon','ou_demo','chat:fizz-lagoon','UpdateTurn','repeat','done',1,1795284862688,1795284862703,1795284862688,1795284862830,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(19,'chief-crown:4:0','chief-crown','ou_demo','chat:chief-crown','ShowPrompt','repeat','done',1,1795284862938,1795284862941,1795284862938,1795284863183,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"prompt_id":"34e12953-c348-50fc-8870-8beca879c89c"}');
INSERT INTO "effect" VALUES(20,'useful-whale:1:0','useful-whale','ou_demo','chat:useful-whale','Say','repeat','done',1,1795284863191,1795284863193,1795284863191,1795284863432,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"useful-whale","cwd":"/WORK/closed","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(21,'useful-whale:1:1','useful-whale','ou_demo','agent:useful-whale','TakeBase','repeat','done',0,1795284863191,NULL,1795284863191,1795284863196,'empty','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(22,'useful-whale:2:0','useful-whale','ou_demo','agent:useful-whale','StartTurn','once','done',1,1795284863191,1795284863196,1795284863191,1795284863198,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["4f46e8ee-89e8-50a7-b97d-e1aae9d6a407"],"carry":null}');
INSERT INTO "effect" VALUES(23,'useful-whale:2:1','useful-whale','ou_demo','chat:useful-whale','ShowTurn','repeat','done',1,1795284863191,1795284863434,1795284863191,1795284863682,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(24,'useful-whale:4:0','useful-whale','ou_demo','chat:useful-whale','ShowResult','repeat','done',1,1795284863200,1795284863683,1795284863200,1795284864185,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"silent":false}');
INSERT INTO "effect" VALUES(25,'chief-crown:5:0','chief-crown','ou_demo','chat:chief-crown','ShowTask','repeat','done',1,1795284863437,1795284863441,1795284863437,1795284863936,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(26,'chief-crown:5:1','chief-crown','ou_demo','chat:chief-crown','UpdateTurn','repeat','done',1,1795284863437,1795284863937,1795284863437,1795284863939,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(27,'useful-whale:5:0','useful-whale','ou_demo','agent:useful-whale','CloseAgent','repeat','done',0,1795284864190,NULL,1795284864190,1795284864194,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(28,'useful-whale:5:1','useful-whale','ou_demo','chat:useful-whale','Say','repeat','done',1,1795284864190,1795284864192,1795284864190,1795284864437,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.session_closed","params":{},"reply_to":""}');
INSERT INTO "effect" VALUES(29,'nifty-elk:1:0','nifty-elk','ou_demo','chat:nifty-elk','Say','repeat','done',1,1795284864443,1795284864447,1795284864443,1795284864686,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"nifty-elk","cwd":"/WORK/rests","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(30,'nifty-elk:1:1','nifty-elk','ou_demo','agent:nifty-elk','TakeBase','repeat','done',0,1795284864443,NULL,1795284864443,1795284864450,'empty','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(31,'nifty-elk:2:0','nifty-elk','ou_demo','agent:nifty-elk','StartTurn','once','done',1,1795284864443,1795284864450,1795284864443,1795284864452,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["0ca24a38-1ad9-5adb-ae9c-1a43f29dc43a"],"carry":null}');
INSERT INTO "effect" VALUES(32,'nifty-elk:2:1','nifty-elk','ou_demo','chat:nifty-elk','ShowTurn','repeat','done',1,1795284864443,1795284864687,1795284864443,1795284864938,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(33,'nifty-elk:4:0','nifty-elk','ou_demo','chat:nifty-elk','ShowResult','repeat','done',1,1795284864454,1795284864939,1795284864454,1795284865187,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"silent":false}');
INSERT INTO "effect" VALUES(34,'ou_demo:om_5e57d2514c7549468d875526639edcc7:0',NULL,'ou_demo','chat:ou_demo','ShowReminder','repeat','done',1,1795284865202,1795284865211,1795284865202,1795284865440,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"reminder_id":"rqcp8","fired":0}');
INSERT INTO "effect" VALUES(35,'reminder:rqcp8:1:0',NULL,'ou_demo','chat:ou_demo','ShowReminder','repeat','done',1,1795284866201,1795284866203,1795284866201,1795284866211,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"reminder_id":"rqcp8","fired":1}');
INSERT INTO "effect" VALUES(36,'ou_demo:om_2276002969a440f79d8ec059dd6c16fc:0',NULL,'ou_demo','chat:ou_demo','ShowReminder','repeat','done',1,1795284866216,1795284866220,1795284866216,1795284866464,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"reminder_id":"rsys7","fired":0}');
INSERT INTO "effect" VALUES(37,'ou_demo:om_aca93b7ddd9442779ff29615d599549f:0',NULL,'ou_demo','chat:ou_demo','ShowReminder','repeat','done',1,1795284866223,1795284866466,1795284866223,1795284867083,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"reminder_id":"rcgxb","fired":0}');
INSERT INTO "effect" VALUES(38,'shell-377bc3fb:2:0','shell-377bc3fb','ou_demo','agent:shell-377bc3fb','StartTurn','once','done',1,1795284866246,1795284866246,1795284866246,1795284866249,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["ae062032-5d59-58c3-aaad-cbb8bba5764b"],"carry":null}');
INSERT INTO "effect" VALUES(39,'shell-377bc3fb:2:1','shell-377bc3fb','ou_demo','chat:shell-377bc3fb','ShowTurn','repeat','done',1,1795284866246,1795284866249,1795284866246,1795284866723,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(40,'shell-377bc3fb:4:0','shell-377bc3fb','ou_demo','chat:shell-377bc3fb','ShowResult','repeat','done',1,1795284866313,1795284866724,1795284866313,1795284866738,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"silent":false}');
INSERT INTO "effect" VALUES(41,'shell-377bc3fb:5:0','shell-377bc3fb','ou_demo','agent:shell-377bc3fb','StartTurn','once','done',1,1795284866748,1795284866748,1795284866748,1795284866751,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":2,"prompt_ids":["9cf5b725-d39d-5949-be33-f8d2940e73b5"],"carry":null}');
INSERT INTO "effect" VALUES(42,'shell-377bc3fb:5:1','shell-377bc3fb','ou_demo','chat:shell-377bc3fb','ShowTurn','repeat','done',1,1795284866748,1795284866751,1795284866748,1795284867245,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":2}');
INSERT INTO "effect" VALUES(43,'ou_bob:om_4455b30b4d154e2ca7304a66eb8055f2:0',NULL,'ou_bob','chat:ou_bob','Say','repeat','done',1,1795284866778,1795284866786,1795284866778,1795284866828,'','{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}','{"text":"say.mode_smart","params":{},"reply_to":""}');
INSERT INTO "effect" VALUES(44,'assistant-097537eb:2:0','assistant-097537eb','ou_bob','agent:assistant-097537eb','StartTurn','once','done',1,1795284866778,1795284866778,1795284866778,1795284866786,'','{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}','{"turn":1,"prompt_ids":["4ff9a76d-8202-5445-9fe1-c8429a0019ad"],"carry":null}');
INSERT INTO "effect" VALUES(45,'assistant-097537eb:2:1','assistant-097537eb','ou_bob','chat:assistant-097537eb','ShowTurn','repeat','done',1,1795284866778,1795284866786,1795284866778,1795284867096,'','{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(46,'assistant-097537eb:4:0','assistant-097537eb','ou_bob','chat:assistant-097537eb','ShowResult','repeat','done',1,1795284867151,1795284867154,1795284867151,1795284867236,'','{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}','{"turn":1,"silent":false}');
INSERT INTO "effect" VALUES(47,'ou_bob:om_b544c17a2cb4415598444ca63dbdb84e:0',NULL,'ou_bob','chat:ou_bob','Say','repeat','done',1,1795284867242,1795284867245,1795284867242,1795284867335,'','{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}','{"text":"say.mode_smart","params":{},"reply_to":""}');
INSERT INTO "effect" VALUES(48,'assistant-097537eb:5:0','assistant-097537eb','ou_bob','agent:assistant-097537eb','StartTurn','once','done',1,1795284867242,1795284867242,1795284867242,1795284867245,'','{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}','{"turn":2,"prompt_ids":["7d8cec88-bfdf-5c84-ab7f-c865e81c1182"],"carry":null}');
INSERT INTO "effect" VALUES(49,'assistant-097537eb:5:1','assistant-097537eb','ou_bob','chat:assistant-097537eb','ShowTurn','repeat','done',1,1795284867242,1795284867245,1795284867242,1795284867586,'','{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}','{"turn":2}');
INSERT INTO "effect" VALUES(50,'ou_bob:om_77ebcb30ea884972a533f958cdd65333:0',NULL,'ou_bob','chat:ou_bob','ShowStatus','repeat','owed',1,1795284867603,1795284867605,1795284868836,NULL,'Feishu''s answer could not be read (HTTP 503)','{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(51,'fizz-desk:1:0','fizz-desk','ou_demo','chat:fizz-desk','Say','repeat','done',1,1795284867629,1795284867634,1795284867629,1795284867643,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"text":"say.new_session","params":{"session_id":"fizz-desk","cwd":"/WORK/stops","backend":"demo"},"reply_to":""}');
INSERT INTO "effect" VALUES(52,'fizz-desk:1:1','fizz-desk','ou_demo','agent:fizz-desk','TakeBase','repeat','done',0,1795284867629,NULL,1795284867629,1795284867636,'empty','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{}');
INSERT INTO "effect" VALUES(53,'fizz-desk:2:0','fizz-desk','ou_demo','agent:fizz-desk','StartTurn','once','done',1,1795284867629,1795284867639,1795284867629,1795284867643,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1,"prompt_ids":["5a3e5508-9997-5ee8-993e-995e1fd5dcbe"],"carry":null}');
INSERT INTO "effect" VALUES(54,'fizz-desk:2:1','fizz-desk','ou_demo','chat:fizz-desk','ShowTurn','repeat','done',1,1795284867629,1795284867644,1795284867629,1795284867892,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
INSERT INTO "effect" VALUES(55,'shell-377bc3fb:7:0','shell-377bc3fb','ou_demo','chat:shell-377bc3fb','ShowTask','repeat','done',1,1795284867749,1795284867751,1795284867749,1795284868142,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":2}');
INSERT INTO "effect" VALUES(56,'shell-377bc3fb:7:1','shell-377bc3fb','ou_demo','chat:shell-377bc3fb','UpdateTurn','repeat','done',1,1795284867749,1795284868143,1795284867749,1795284868147,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":2}');
INSERT INTO "effect" VALUES(57,'fizz-desk:4:0','fizz-desk','ou_demo','agent:fizz-desk','InterruptTurn','repeat','done',0,1795284867898,NULL,1795284867898,1795284867902,'','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"turn":1}');
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
  payload TEXT NOT NULL CHECK (json_valid(payload)), quiet_until_ms INTEGER,
  CHECK ((version IS NOT NULL) <= (status = 'applied')),
  UNIQUE (source, dedupe_key)
) STRICT;
INSERT INTO "event" VALUES(1,'message','om_42503f3e6c58437792613b6b89aca7ce','Created','trim-pepper','ou_demo',1795284861148,1795284861153,'applied',NULL,NULL,'idle',1,'{"session_id":"trim-pepper","user_id":"ou_demo","backend":"demo","cwd":"/WORK/asks","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"},"can_steer":true,"model":"","mode":"","companion":false,"agent_session_id":"","fork_of":""}',NULL);
INSERT INTO "event" VALUES(2,'message','om_42503f3e6c58437792613b6b89aca7ce:first','MessageReceived','trim-pepper','ou_demo',1795284861148,1795284861153,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"885850a4-5e66-52e5-a255-cc65c29225ed","text":"confirm","sent_at":"2026-11-21T18:14:21.148000Z","status":"queued","verbatim":true,"message_id":"om_42503f3e6c58437792613b6b89aca7ce","attachments":[],"turn":0,"cwd":"","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_demo","stale":false}',NULL);
INSERT INTO "event" VALUES(3,'agent','trim-pepper:demo:d362462c:1:1','TurnStarted','trim-pepper','ou_demo',1795284861183,1795284861184,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"19c26097-2e83-40e5-b1b2-4603eca5d9f5"}',NULL);
INSERT INTO "event" VALUES(4,'agent','trim-pepper:demo:d362462c:1:2','AgentAsked','trim-pepper','ou_demo',1795284861206,1795284861206,'applied',NULL,'executing','waiting_confirm',4,'{"turn":1,"ask":{"request_id":"668333c655268a51c299f35dced45d78","kind":"confirm","agent_ref":"demo_fb1f7dea6edfb74e","fingerprint":"b8d9228e676e998434ab91f26df0ac66660cef9f0966cd253828c4073176bb12","prompt":"May I run this command?","tool":"Bash","command":"python -m unittest -v","path":"","diff":"","plan":"","words":"","input_json":"","questions":[],"rule":"Bash(python -m unittest -v)","scopes":["session","always"],"kept_in":"demo/rules.json","reasons":[],"extra":"{}"}}',NULL);
INSERT INTO "event" VALUES(5,'message','om_43a33c96a15344abbf31dd54317cc8b3','Created','fizz-lagoon','ou_demo',1795284861681,1795284861686,'applied',NULL,NULL,'idle',1,'{"session_id":"fizz-lagoon","user_id":"ou_demo","backend":"demo","cwd":"/WORK/answers","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"},"can_steer":true,"model":"","mode":"","companion":false,"agent_session_id":"","fork_of":""}',NULL);
INSERT INTO "event" VALUES(6,'message','om_43a33c96a15344abbf31dd54317cc8b3:first','MessageReceived','fizz-lagoon','ou_demo',1795284861681,1795284861686,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"4c6e43d8-7081-53ab-b24a-92f51f281a1c","text":"input","sent_at":"2026-11-21T18:14:21.681000Z","status":"queued","verbatim":true,"message_id":"om_43a33c96a15344abbf31dd54317cc8b3","attachments":[],"turn":0,"cwd":"","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_demo","stale":false}',NULL);
INSERT INTO "event" VALUES(7,'agent','fizz-lagoon:demo:d362462c:1:1','TurnStarted','fizz-lagoon','ou_demo',1795284861693,1795284861693,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"e15772bf-8797-48f2-aed3-25117a2d2ddc"}',NULL);
INSERT INTO "event" VALUES(8,'agent','fizz-lagoon:demo:d362462c:1:2','AgentAsked','fizz-lagoon','ou_demo',1795284861696,1795284861696,'applied',NULL,'executing','waiting_input',4,'{"turn":1,"ask":{"request_id":"4c0d60b80eaf0fdbc9ccfab384044c29","kind":"input","agent_ref":"demo_21f9cfba440a931d","fingerprint":"3eaceb7c4b24f602da9449a3ed400bdbad0c9854b2aefca53da22c3c98c90b5c","prompt":"What should the shop be called?","tool":"","command":"","path":"","diff":"","plan":"","words":"","input_json":"","questions":[],"rule":"","scopes":["always"],"kept_in":"","reasons":[],"extra":"{}"}}',NULL);
INSERT INTO "event" VALUES(9,'timer','trim-pepper:background:1:0:1795284862153','TurnWentLong','trim-pepper','ou_demo',1795284862153,1795284862154,'applied',NULL,'waiting_confirm','waiting_confirm',5,'{"turn":1}',NULL);
INSERT INTO "event" VALUES(10,'message','om_d59c3084ab4a46c398ebbeeaa03e6d74','Created','chief-crown','ou_demo',1795284862432,1795284862436,'applied',NULL,NULL,'idle',1,'{"session_id":"chief-crown","user_id":"ou_demo","backend":"demo","cwd":"/WORK/waits","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"},"can_steer":true,"model":"","mode":"","companion":false,"agent_session_id":"","fork_of":""}',NULL);
INSERT INTO "event" VALUES(11,'message','om_d59c3084ab4a46c398ebbeeaa03e6d74:first','MessageReceived','chief-crown','ou_demo',1795284862432,1795284862436,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"9fe08391-a8b0-5048-b7f7-d89bffb6c001","text":"hang","sent_at":"2026-11-21T18:14:22.432000Z","status":"queued","verbatim":true,"message_id":"om_d59c3084ab4a46c398ebbeeaa03e6d74","attachments":[],"turn":0,"cwd":"","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_demo","stale":false}',NULL);
INSERT INTO "event" VALUES(12,'agent','chief-crown:demo:d362462c:1:1','TurnStarted','chief-crown','ou_demo',1795284862444,1795284862444,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"24a19503-90c7-4dc9-90ae-6d143e693afb"}',NULL);
INSERT INTO "event" VALUES(13,'timer','fizz-lagoon:background:1:0:1795284862686','TurnWentLong','fizz-lagoon','ou_demo',1795284862686,1795284862688,'applied',NULL,'waiting_input','waiting_input',5,'{"turn":1}',NULL);
INSERT INTO "event" VALUES(14,'message','om_37df9cd656d641fc8bc29e24ff0fbb10','MessageReceived','chief-crown','ou_demo',1795284862936,1795284862938,'applied',NULL,'executing','executing',4,'{"prompt":{"prompt_id":"34e12953-c348-50fc-8870-8beca879c89c","text":"say from the line","sent_at":"2026-11-21T18:14:22.936000Z","status":"queued","verbatim":true,"message_id":"om_37df9cd656d641fc8bc29e24ff0fbb10","attachments":[],"turn":0,"cwd":"","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_demo","stale":false}',NULL);
INSERT INTO "event" VALUES(15,'message','om_882250fddfd144959bdf02d6a5ef0c97','Created','useful-whale','ou_demo',1795284863186,1795284863191,'applied',NULL,NULL,'idle',1,'{"session_id":"useful-whale","user_id":"ou_demo","backend":"demo","cwd":"/WORK/closed","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"},"can_steer":true,"model":"","mode":"","companion":false,"agent_session_id":"","fork_of":""}',NULL);
INSERT INTO "event" VALUES(16,'message','om_882250fddfd144959bdf02d6a5ef0c97:first','MessageReceived','useful-whale','ou_demo',1795284863186,1795284863191,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"4f46e8ee-89e8-50a7-b97d-e1aae9d6a407","text":"say one","sent_at":"2026-11-21T18:14:23.186000Z","status":"queued","verbatim":true,"message_id":"om_882250fddfd144959bdf02d6a5ef0c97","attachments":[],"turn":0,"cwd":"","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_demo","stale":false}',NULL);
INSERT INTO "event" VALUES(17,'agent','useful-whale:demo:d362462c:1:1','TurnStarted','useful-whale','ou_demo',1795284863198,1795284863198,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"c2eb51dc-e8fb-4ff1-8d86-f8cbd508c371"}',NULL);
INSERT INTO "event" VALUES(18,'agent','useful-whale:demo:d362462c:1:2','TurnFinished','useful-whale','ou_demo',1795284863200,1795284863200,'applied',NULL,'executing','idle',4,'{"turn":1,"text":"one","interrupted":false,"usage":{"input_tokens":2,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"steps":[],"files":[],"outcome":null,"unwell":false}',NULL);
INSERT INTO "event" VALUES(19,'timer','chief-crown:background:1:0:1795284863436','TurnWentLong','chief-crown','ou_demo',1795284863436,1795284863437,'applied',NULL,'executing','executing',5,'{"turn":1}',NULL);
INSERT INTO "event" VALUES(20,'message','om_93d89c275f4940ee833383b39df39d78','CloseAsked','useful-whale','ou_demo',1795284864188,1795284864190,'applied',NULL,'idle','closed',5,'{"by":"ou_demo"}',NULL);
INSERT INTO "event" VALUES(21,'message','om_b4f78a5983f549368be81556e5481884','Created','nifty-elk','ou_demo',1795284864439,1795284864443,'applied',NULL,NULL,'idle',1,'{"session_id":"nifty-elk","user_id":"ou_demo","backend":"demo","cwd":"/WORK/rests","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"},"can_steer":true,"model":"","mode":"","companion":false,"agent_session_id":"","fork_of":""}',NULL);
INSERT INTO "event" VALUES(22,'message','om_b4f78a5983f549368be81556e5481884:first','MessageReceived','nifty-elk','ou_demo',1795284864439,1795284864443,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"0ca24a38-1ad9-5adb-ae9c-1a43f29dc43a","text":"say two","sent_at":"2026-11-21T18:14:24.439000Z","status":"queued","verbatim":true,"message_id":"om_b4f78a5983f549368be81556e5481884","attachments":[],"turn":0,"cwd":"","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_demo","stale":false}',NULL);
INSERT INTO "event" VALUES(23,'agent','nifty-elk:demo:d362462c:1:1','TurnStarted','nifty-elk','ou_demo',1795284864452,1795284864452,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"f1086d1e-0b3c-4256-bdbc-59cb451cad60"}',NULL);
INSERT INTO "event" VALUES(24,'agent','nifty-elk:demo:d362462c:1:2','TurnFinished','nifty-elk','ou_demo',1795284864454,1795284864454,'applied',NULL,'executing','idle',4,'{"turn":1,"text":"two","interrupted":false,"usage":{"input_tokens":2,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"steps":[],"files":[],"outcome":null,"unwell":false}',NULL);
INSERT INTO "event" VALUES(25,'message','om_5e57d2514c7549468d875526639edcc7','Command',NULL,'ou_demo',1795284865200,1795284865202,'applied',NULL,NULL,NULL,NULL,'{"key":"om_5e57d2514c7549468d875526639edcc7","user":"ou_demo","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"message_id":"om_5e57d2514c7549468d875526639edcc7","text":"/remind 1s drink some water","sent_at":"2026-11-21T18:14:25.200000Z","attachments":[],"reply_to":"","addressed":true,"problem":"","language":""}',NULL);
INSERT INTO "event" VALUES(26,'reminder','rqcp8:1','ReminderFired',NULL,'ou_demo',1795284866200,1795284866201,'applied',NULL,NULL,NULL,NULL,'{"reminder_id":"rqcp8","number":1,"due":"2026-11-21T18:14:26.200000Z","at":"2026-11-21T18:14:26.201272Z","missed":0,"settled":false,"again":null}',NULL);
INSERT INTO "event" VALUES(27,'message','om_2276002969a440f79d8ec059dd6c16fc','Command',NULL,'ou_demo',1795284866214,1795284866216,'applied',NULL,NULL,NULL,NULL,'{"key":"om_2276002969a440f79d8ec059dd6c16fc","user":"ou_demo","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"message_id":"om_2276002969a440f79d8ec059dd6c16fc","text":"/remind 1h check the build","sent_at":"2026-11-21T18:14:26.214000Z","attachments":[],"reply_to":"","addressed":true,"problem":"","language":""}',NULL);
INSERT INTO "event" VALUES(28,'message','om_aca93b7ddd9442779ff29615d599549f','Command',NULL,'ou_demo',1795284866216,1795284866223,'applied',NULL,NULL,NULL,NULL,'{"key":"om_aca93b7ddd9442779ff29615d599549f","user":"ou_demo","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"message_id":"om_aca93b7ddd9442779ff29615d599549f","text":"/remind every Monday 10:00 weekly meeting","sent_at":"2026-11-21T18:14:26.216000Z","attachments":[],"reply_to":"","addressed":true,"problem":"","language":""}',NULL);
INSERT INTO "event" VALUES(29,'companion','shell-377bc3fb','Created','shell-377bc3fb','ou_demo',1795284866246,1795284866246,'applied',NULL,NULL,'idle',1,'{"session_id":"shell-377bc3fb","user_id":"ou_demo","backend":"shell","cwd":"/WORK","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"P0D","stop":"PT20S","remind":"PT60S","background":"PT1S"},"can_steer":false,"model":"","mode":"","companion":true,"agent_session_id":"","fork_of":""}',NULL);
INSERT INTO "event" VALUES(30,'message','om_fb4f4d2c9feb4067a05e1c78b25083c2','MessageReceived','shell-377bc3fb','ou_demo',1795284866242,1795284866246,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"ae062032-5d59-58c3-aaad-cbb8bba5764b","text":"echo hello","sent_at":"2026-11-21T18:14:26.242000Z","status":"queued","verbatim":false,"message_id":"om_fb4f4d2c9feb4067a05e1c78b25083c2","attachments":[],"turn":0,"cwd":"/WORK/rests","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_demo","stale":false}',NULL);
INSERT INTO "event" VALUES(31,'agent','shell-377bc3fb:shell:1:TurnStarted','TurnStarted','shell-377bc3fb','ou_demo',1795284866249,1795284866249,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"shell-377bc3fb"}',NULL);
INSERT INTO "event" VALUES(32,'agent','shell-377bc3fb:shell:1:TurnFinished','TurnFinished','shell-377bc3fb','ou_demo',1795284866313,1795284866313,'applied',NULL,'executing','idle',4,'{"turn":1,"text":"✅ Exit code 0 · 0.0 s\n\n```\nhello\n```","interrupted":false,"usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"steps":[{"title":"$ echo hello","state":"ok","output":""}],"files":[],"outcome":null,"unwell":false}',NULL);
INSERT INTO "event" VALUES(33,'message','om_d1bb0772acaf4cd59313ef942d2e05cc','MessageReceived','shell-377bc3fb','ou_demo',1795284866743,1795284866748,'applied',NULL,'idle','executing',5,'{"prompt":{"prompt_id":"9cf5b725-d39d-5949-be33-f8d2940e73b5","text":"tail -f /dev/null","sent_at":"2026-11-21T18:14:26.743000Z","status":"queued","verbatim":false,"message_id":"om_d1bb0772acaf4cd59313ef942d2e05cc","attachments":[],"turn":0,"cwd":"/WORK/rests","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_demo","stale":false}',NULL);
INSERT INTO "event" VALUES(34,'agent','shell-377bc3fb:shell:2:TurnStarted','TurnStarted','shell-377bc3fb','ou_demo',1795284866752,1795284866754,'applied',NULL,'executing','executing',6,'{"turn":2,"agent_session_id":"shell-377bc3fb"}',NULL);
INSERT INTO "event" VALUES(35,'message','om_4455b30b4d154e2ca7304a66eb8055f2','Command',NULL,'ou_bob',1795284866774,1795284866778,'applied',NULL,NULL,NULL,NULL,'{"key":"om_4455b30b4d154e2ca7304a66eb8055f2","user":"ou_bob","chat":{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""},"message_id":"om_4455b30b4d154e2ca7304a66eb8055f2","text":"/smart which sessions do I have?","sent_at":"2026-11-21T18:14:26.774000Z","attachments":[],"reply_to":"","addressed":true,"problem":"","language":""}',NULL);
INSERT INTO "event" VALUES(36,'companion','assistant-097537eb','Created','assistant-097537eb','ou_bob',1795284866778,1795284866778,'applied',NULL,NULL,'idle',1,'{"session_id":"assistant-097537eb","user_id":"ou_bob","backend":"assistant","cwd":"/WORK","chat":{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"P0D","stop":"PT20S","remind":"PT60S","background":"PT1S"},"can_steer":false,"model":"","mode":"","companion":true,"agent_session_id":"","fork_of":""}',NULL);
INSERT INTO "event" VALUES(37,'message','om_4455b30b4d154e2ca7304a66eb8055f2:then','MessageReceived','assistant-097537eb','ou_bob',1795284866774,1795284866778,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"4ff9a76d-8202-5445-9fe1-c8429a0019ad","text":"which sessions do I have?","sent_at":"2026-11-21T18:14:26.774000Z","status":"queued","verbatim":true,"message_id":"om_4455b30b4d154e2ca7304a66eb8055f2","attachments":[],"turn":0,"cwd":"","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_bob","stale":false}',NULL);
INSERT INTO "event" VALUES(38,'agent','assistant-097537eb:assistant:1:TurnStarted','TurnStarted','assistant-097537eb','ou_bob',1795284866786,1795284866786,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"assistant-097537eb"}',NULL);
INSERT INTO "event" VALUES(39,'agent','assistant-097537eb:assistant:1:TurnFinished','TurnFinished','assistant-097537eb','ou_bob',1795284867151,1795284867151,'applied',NULL,'executing','idle',4,'{"turn":1,"text":"You have none.","interrupted":false,"usage":{"input_tokens":498,"output_tokens":20,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"steps":[{"title":"Look at the sessions","state":"ok","output":""}],"files":[],"outcome":null,"unwell":false}',NULL);
INSERT INTO "event" VALUES(40,'message','om_b544c17a2cb4415598444ca63dbdb84e','Command',NULL,'ou_bob',1795284867238,1795284867242,'applied',NULL,NULL,NULL,NULL,'{"key":"om_b544c17a2cb4415598444ca63dbdb84e","user":"ou_bob","chat":{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""},"message_id":"om_b544c17a2cb4415598444ca63dbdb84e","text":"/smart and what can you do?","sent_at":"2026-11-21T18:14:27.238000Z","attachments":[],"reply_to":"","addressed":true,"problem":"","language":""}',NULL);
INSERT INTO "event" VALUES(41,'message','om_b544c17a2cb4415598444ca63dbdb84e:then','MessageReceived','assistant-097537eb','ou_bob',1795284867238,1795284867242,'applied',NULL,'idle','executing',5,'{"prompt":{"prompt_id":"7d8cec88-bfdf-5c84-ab7f-c865e81c1182","text":"and what can you do?","sent_at":"2026-11-21T18:14:27.238000Z","status":"queued","verbatim":true,"message_id":"om_b544c17a2cb4415598444ca63dbdb84e","attachments":[],"turn":0,"cwd":"","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_bob","stale":false}',NULL);
INSERT INTO "event" VALUES(42,'agent','assistant-097537eb:assistant:2:TurnStarted','TurnStarted','assistant-097537eb','ou_bob',1795284867245,1795284867245,'applied',NULL,'executing','executing',6,'{"turn":2,"agent_session_id":"assistant-097537eb"}',NULL);
INSERT INTO "event" VALUES(43,'message','om_77ebcb30ea884972a533f958cdd65333','Command',NULL,'ou_bob',1795284867601,1795284867603,'ignored','noted',NULL,NULL,NULL,'{"key":"om_77ebcb30ea884972a533f958cdd65333","user":"ou_bob","chat":{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""},"message_id":"om_77ebcb30ea884972a533f958cdd65333","text":"/status","sent_at":"2026-11-21T18:14:27.601000Z","attachments":[],"reply_to":"","addressed":true,"problem":"","language":""}',NULL);
INSERT INTO "event" VALUES(44,'message','om_f1103a5d36194183800775f8697deb55','Created','fizz-desk','ou_demo',1795284867625,1795284867629,'applied',NULL,NULL,'idle',1,'{"session_id":"fizz-desk","user_id":"ou_demo","backend":"demo","cwd":"/WORK/stops","chat":{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""},"timeouts":{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"},"can_steer":true,"model":"","mode":"","companion":false,"agent_session_id":"","fork_of":""}',NULL);
INSERT INTO "event" VALUES(45,'message','om_f1103a5d36194183800775f8697deb55:first','MessageReceived','fizz-desk','ou_demo',1795284867625,1795284867629,'applied',NULL,'idle','executing',2,'{"prompt":{"prompt_id":"5a3e5508-9997-5ee8-993e-995e1fd5dcbe","text":"stubborn","sent_at":"2026-11-21T18:14:27.625000Z","status":"queued","verbatim":true,"message_id":"om_f1103a5d36194183800775f8697deb55","attachments":[],"turn":0,"cwd":"","kept":false,"joined":"","spoken":false,"late":null},"by":"ou_demo","stale":false}',NULL);
INSERT INTO "event" VALUES(46,'agent','fizz-desk:demo:d362462c:1:1','TurnStarted','fizz-desk','ou_demo',1795284867642,1795284867643,'applied',NULL,'executing','executing',3,'{"turn":1,"agent_session_id":"f77eae32-5346-48e0-a3f5-b82c23385634"}',NULL);
INSERT INTO "event" VALUES(47,'timer','shell-377bc3fb:background:2:0:1795284867748','TurnWentLong','shell-377bc3fb','ou_demo',1795284867748,1795284867749,'applied',NULL,'executing','executing',7,'{"turn":2}',NULL);
INSERT INTO "event" VALUES(48,'click','94d7730c28f34ec0a306a6bea8936f95','StopAsked','fizz-desk','ou_demo',1795284867896,1795284867898,'applied',NULL,'executing','stopping',4,'{"by":"ou_demo","turn":1}',NULL);
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
INSERT INTO "firing" VALUES('rqcp8',1,1795284866200,1795284866201,0,0,NULL);
CREATE TABLE message (
  delivery_key TEXT PRIMARY KEY,                                    -- the effect's key and the part
  channel TEXT NOT NULL,
  chat_id TEXT NOT NULL,
  message_id TEXT NOT NULL,
  card_key TEXT NOT NULL DEFAULT '',                                -- what it shows
  sent_at_ms INTEGER NOT NULL
, entity TEXT NOT NULL DEFAULT '') STRICT, WITHOUT ROWID;
INSERT INTO "message" VALUES('assistant-097537eb:2:1/card','feishu','oc_bob','om_218d7ffe25524f1abfa22167eee6636c','turn:assistant-097537eb:1',1795284867086,'f420fa4002864cdd959');
INSERT INTO "message" VALUES('assistant-097537eb:5:1/card','feishu','oc_bob','om_4e2472db5c7a4a3f816fee6fe32bba17','turn:assistant-097537eb:2',1795284867585,'a649c191484b4dba9a2');
INSERT INTO "message" VALUES('chief-crown:1:0/words','feishu','oc_demo','om_87994c02f4d2420799ea7fe76f0c4f46','',1795284862678,'');
INSERT INTO "message" VALUES('chief-crown:2:1/card','feishu','oc_demo','om_360dace7cae94132a0cee18f893ce342','turn:chief-crown:1',1795284862930,'6ff7258371054b3faa9');
INSERT INTO "message" VALUES('chief-crown:4:0/card','feishu','oc_demo','om_2855fcced5284f738395909a31239580','prompt:34e12953-c348-50fc-8870-8beca879c89c',1795284863182,'');
INSERT INTO "message" VALUES('chief-crown:5:0/words','feishu','oc_demo','om_cac68edc1c1a46bda9489a30bf05bc95','',1795284863935,'');
INSERT INTO "message" VALUES('fizz-desk:1:0/words','feishu','oc_demo','om_60101c3c1bb14b8bae4bfda69f23abda','',1795284867639,'');
INSERT INTO "message" VALUES('fizz-desk:2:1/card','feishu','oc_demo','om_b0963b4507ad4b19a3de5f89eb9c42e0','turn:fizz-desk:1',1795284867890,'0e02ac2b19324b1fa4b');
INSERT INTO "message" VALUES('fizz-lagoon:1:0/words','feishu','oc_demo','om_b7ac84de5b4c4498918bac5f10af1564','',1795284861925,'');
INSERT INTO "message" VALUES('fizz-lagoon:2:1/card','feishu','oc_demo','om_468fbc78a28d4fd28b47420fa4aef314','turn:fizz-lagoon:1',1795284862175,'868963adfa2846cf8c5');
INSERT INTO "message" VALUES('fizz-lagoon:4:0/card','feishu','oc_demo','om_461e62aaa933452eacd98c17116c068d','request:4c0d60b80eaf0fdbc9ccfab384044c29',1795284862430,'');
INSERT INTO "message" VALUES('nifty-elk:1:0/words','feishu','oc_demo','om_02563b345a814448bdfdf23b59a82df0','',1795284864684,'');
INSERT INTO "message" VALUES('nifty-elk:2:1/card','feishu','oc_demo','om_dec28e7422fa4b089c8fbdf8b33aa1b9','turn:nifty-elk:1',1795284864936,'');
INSERT INTO "message" VALUES('nifty-elk:4:0/part0','feishu','oc_demo','om_48b3f8e4bdb2498fa65fcca096477d0f','',1795284865186,'');
INSERT INTO "message" VALUES('ou_bob:om_4455b30b4d154e2ca7304a66eb8055f2:0/words','feishu','oc_bob','om_bb1b0e3ba7c74f9589d653bdfa119182','',1795284866827,'');
INSERT INTO "message" VALUES('ou_bob:om_b544c17a2cb4415598444ca63dbdb84e:0/words','feishu','oc_bob','om_1abee292ae6947549045d4aa58dfa914','',1795284867334,'');
INSERT INTO "message" VALUES('ou_demo:om_2276002969a440f79d8ec059dd6c16fc:0/card','feishu','oc_demo','om_75cc3b51d0d143b59c5bc17835a1a655','reminder:rsys7:0',1795284866463,'');
INSERT INTO "message" VALUES('ou_demo:om_5e57d2514c7549468d875526639edcc7:0/card','feishu','oc_demo','om_55ef1ba6a8df4526a36c11c60e0b4b23','reminder:rqcp8:0',1795284865438,'');
INSERT INTO "message" VALUES('ou_demo:om_aca93b7ddd9442779ff29615d599549f:0/card','feishu','oc_demo','om_f6654f2831b24499987d9cff24e30169','reminder:rcgxb:0',1795284867079,'');
INSERT INTO "message" VALUES('reminder:rqcp8:1:0/card','feishu','oc_demo','om_102dc45f73a5413bbe68d22e7dfab492','reminder:rqcp8:1',1795284866208,'');
INSERT INTO "message" VALUES('shell-377bc3fb:2:1/card','feishu','oc_demo','om_7775de04238648aaba03c247cb003a7b','turn:shell-377bc3fb:1',1795284866720,'92bfb382cc2b438ab66');
INSERT INTO "message" VALUES('shell-377bc3fb:5:1/card','feishu','oc_demo','om_e658107169c040ca95f3e4f34811f5c8','turn:shell-377bc3fb:2',1795284867242,'a2fc03603df84d03848');
INSERT INTO "message" VALUES('shell-377bc3fb:7:0/words','feishu','oc_demo','om_aec9740020b74f75a7a10839140d8e01','',1795284868140,'');
INSERT INTO "message" VALUES('trim-pepper:1:0/words','feishu','oc_demo','om_f25c1a4bb6f9437ca80307b656c7eb4f','',1795284861173,'');
INSERT INTO "message" VALUES('trim-pepper:2:1/card','feishu','oc_demo','om_725047c034b74aef88a59a6afc16188e','turn:trim-pepper:1',1795284861423,'451e0e1eb7004155aab');
INSERT INTO "message" VALUES('trim-pepper:4:0/card','feishu','oc_demo','om_7e2e1474a8a7426b9ca4aa795315138a','request:668333c655268a51c299f35dced45d78',1795284861674,'');
INSERT INTO "message" VALUES('useful-whale:1:0/words','feishu','oc_demo','om_5b39a87f005b4b1584cd19d7e92c37e6','',1795284863431,'');
INSERT INTO "message" VALUES('useful-whale:2:1/card','feishu','oc_demo','om_096abde57e6945dfa45e8624757bc68c','turn:useful-whale:1',1795284863682,'');
INSERT INTO "message" VALUES('useful-whale:4:0/part0','feishu','oc_demo','om_516462e7aed14ae09c378279b13d62d4','',1795284864184,'');
INSERT INTO "message" VALUES('useful-whale:5:1/words','feishu','oc_demo','om_60e3dc80bac84fb49b97af0b31552711','',1795284864435,'');
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "meta" VALUES('boot_id','fa60fc6a2ea84cafbd33f0b51b17b744');
INSERT INTO "meta" VALUES('clean_shutdown','0');
INSERT INTO "meta" VALUES('table_version','2');
CREATE TABLE prompt (
  prompt_id TEXT PRIMARY KEY,
  session_id TEXT NOT NULL REFERENCES session (session_id),
  place INTEGER NOT NULL,                                           -- order within the queue
  status TEXT NOT NULL CHECK (status IN ('queued', 'held', 'taken', 'dropped')),
  turn INTEGER NOT NULL DEFAULT 0,
  body TEXT NOT NULL CHECK (json_valid(body))                       -- the Prompt value
) STRICT, WITHOUT ROWID;
INSERT INTO "prompt" VALUES('0ca24a38-1ad9-5adb-ae9c-1a43f29dc43a','nifty-elk',0,'taken',1,'{"prompt_id":"0ca24a38-1ad9-5adb-ae9c-1a43f29dc43a","text":"say two","sent_at":"2026-11-21T18:14:24.439000Z","status":"taken","verbatim":true,"message_id":"om_b4f78a5983f549368be81556e5481884","attachments":[],"turn":1,"cwd":"","kept":false,"joined":"","spoken":false,"late":null}');
INSERT INTO "prompt" VALUES('34e12953-c348-50fc-8870-8beca879c89c','chief-crown',4000,'queued',0,'{"prompt_id":"34e12953-c348-50fc-8870-8beca879c89c","text":"say from the line","sent_at":"2026-11-21T18:14:22.936000Z","status":"queued","verbatim":true,"message_id":"om_37df9cd656d641fc8bc29e24ff0fbb10","attachments":[],"turn":0,"cwd":"","kept":false,"joined":"","spoken":false,"late":null}');
INSERT INTO "prompt" VALUES('4c6e43d8-7081-53ab-b24a-92f51f281a1c','fizz-lagoon',0,'taken',1,'{"prompt_id":"4c6e43d8-7081-53ab-b24a-92f51f281a1c","text":"input","sent_at":"2026-11-21T18:14:21.681000Z","status":"taken","verbatim":true,"message_id":"om_43a33c96a15344abbf31dd54317cc8b3","attachments":[],"turn":1,"cwd":"","kept":false,"joined":"","spoken":false,"late":null}');
INSERT INTO "prompt" VALUES('4f46e8ee-89e8-50a7-b97d-e1aae9d6a407','useful-whale',0,'taken',1,'{"prompt_id":"4f46e8ee-89e8-50a7-b97d-e1aae9d6a407","text":"say one","sent_at":"2026-11-21T18:14:23.186000Z","status":"taken","verbatim":true,"message_id":"om_882250fddfd144959bdf02d6a5ef0c97","attachments":[],"turn":1,"cwd":"","kept":false,"joined":"","spoken":false,"late":null}');
INSERT INTO "prompt" VALUES('4ff9a76d-8202-5445-9fe1-c8429a0019ad','assistant-097537eb',0,'taken',1,'{"prompt_id":"4ff9a76d-8202-5445-9fe1-c8429a0019ad","text":"which sessions do I have?","sent_at":"2026-11-21T18:14:26.774000Z","status":"taken","verbatim":true,"message_id":"om_4455b30b4d154e2ca7304a66eb8055f2","attachments":[],"turn":1,"cwd":"","kept":false,"joined":"","spoken":false,"late":null}');
INSERT INTO "prompt" VALUES('5a3e5508-9997-5ee8-993e-995e1fd5dcbe','fizz-desk',0,'taken',1,'{"prompt_id":"5a3e5508-9997-5ee8-993e-995e1fd5dcbe","text":"stubborn","sent_at":"2026-11-21T18:14:27.625000Z","status":"taken","verbatim":true,"message_id":"om_f1103a5d36194183800775f8697deb55","attachments":[],"turn":1,"cwd":"","kept":false,"joined":"","spoken":false,"late":null}');
INSERT INTO "prompt" VALUES('7d8cec88-bfdf-5c84-ab7f-c865e81c1182','assistant-097537eb',0,'taken',2,'{"prompt_id":"7d8cec88-bfdf-5c84-ab7f-c865e81c1182","text":"and what can you do?","sent_at":"2026-11-21T18:14:27.238000Z","status":"taken","verbatim":true,"message_id":"om_b544c17a2cb4415598444ca63dbdb84e","attachments":[],"turn":2,"cwd":"","kept":false,"joined":"","spoken":false,"late":null}');
INSERT INTO "prompt" VALUES('885850a4-5e66-52e5-a255-cc65c29225ed','trim-pepper',0,'taken',1,'{"prompt_id":"885850a4-5e66-52e5-a255-cc65c29225ed","text":"confirm","sent_at":"2026-11-21T18:14:21.148000Z","status":"taken","verbatim":true,"message_id":"om_42503f3e6c58437792613b6b89aca7ce","attachments":[],"turn":1,"cwd":"","kept":false,"joined":"","spoken":false,"late":null}');
INSERT INTO "prompt" VALUES('9cf5b725-d39d-5949-be33-f8d2940e73b5','shell-377bc3fb',0,'taken',2,'{"prompt_id":"9cf5b725-d39d-5949-be33-f8d2940e73b5","text":"tail -f /dev/null","sent_at":"2026-11-21T18:14:26.743000Z","status":"taken","verbatim":false,"message_id":"om_d1bb0772acaf4cd59313ef942d2e05cc","attachments":[],"turn":2,"cwd":"/WORK/rests","kept":false,"joined":"","spoken":false,"late":null}');
INSERT INTO "prompt" VALUES('9fe08391-a8b0-5048-b7f7-d89bffb6c001','chief-crown',0,'taken',1,'{"prompt_id":"9fe08391-a8b0-5048-b7f7-d89bffb6c001","text":"hang","sent_at":"2026-11-21T18:14:22.432000Z","status":"taken","verbatim":true,"message_id":"om_d59c3084ab4a46c398ebbeeaa03e6d74","attachments":[],"turn":1,"cwd":"","kept":false,"joined":"","spoken":false,"late":null}');
INSERT INTO "prompt" VALUES('ae062032-5d59-58c3-aaad-cbb8bba5764b','shell-377bc3fb',0,'taken',1,'{"prompt_id":"ae062032-5d59-58c3-aaad-cbb8bba5764b","text":"echo hello","sent_at":"2026-11-21T18:14:26.242000Z","status":"taken","verbatim":false,"message_id":"om_fb4f4d2c9feb4067a05e1c78b25083c2","attachments":[],"turn":1,"cwd":"/WORK/rests","kept":false,"joined":"","spoken":false,"late":null}');
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
INSERT INTO "reminder" VALUES('rcgxb','message:om_aca93b7ddd9442779ff29615d599549f','ou_demo','waiting',1,0,1794218400000,1795284866223,'{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','weekly meeting','{"kind":"weekly","value":{"on":[0],"at":"10:00:00","weeks":1,"first":null},"zone":"Etc/UTC"}');
INSERT INTO "reminder" VALUES('rqcp8','message:om_5e57d2514c7549468d875526639edcc7','ou_demo','done',2,1,NULL,1795284865202,'{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','drink some water','{"kind":"once","value":{"at":"2026-11-21T18:14:26.200000Z"},"zone":""}');
INSERT INTO "reminder" VALUES('rsys7','message:om_2276002969a440f79d8ec059dd6c16fc','ou_demo','waiting',1,0,1794078866214,1795284866216,'{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','check the build','{"kind":"once","value":{"at":"2026-11-21T19:14:26.214000Z"},"zone":""}');
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
INSERT INTO "request" VALUES('4c0d60b80eaf0fdbc9ccfab384044c29','fizz-lagoon',1,1,'input','open',1795284861696,NULL,1,'{"ask":{"request_id":"4c0d60b80eaf0fdbc9ccfab384044c29","kind":"input","agent_ref":"demo_21f9cfba440a931d","fingerprint":"3eaceb7c4b24f602da9449a3ed400bdbad0c9854b2aefca53da22c3c98c90b5c","prompt":"What should the shop be called?","tool":"","command":"","path":"","diff":"","plan":"","words":"","input_json":"","questions":[],"rule":"","scopes":["always"],"kept_in":"","reasons":[],"extra":"{}"},"turn":1,"status":"open","asked_at":"2026-11-21T18:14:21.696887Z","generation":1,"opened_at":"2026-11-21T18:14:21.696887Z","expires_at":"2026-11-21T18:19:21.696887Z","answer":null,"answered_by":null,"answered_at":null,"shown_with":[],"together":null}');
INSERT INTO "request" VALUES('668333c655268a51c299f35dced45d78','trim-pepper',1,1,'confirm','open',1795284861206,NULL,1,'{"ask":{"request_id":"668333c655268a51c299f35dced45d78","kind":"confirm","agent_ref":"demo_fb1f7dea6edfb74e","fingerprint":"b8d9228e676e998434ab91f26df0ac66660cef9f0966cd253828c4073176bb12","prompt":"May I run this command?","tool":"Bash","command":"python -m unittest -v","path":"","diff":"","plan":"","words":"","input_json":"","questions":[],"rule":"Bash(python -m unittest -v)","scopes":["session","always"],"kept_in":"demo/rules.json","reasons":[],"extra":"{}"},"turn":1,"status":"open","asked_at":"2026-11-21T18:14:21.206950Z","generation":1,"opened_at":"2026-11-21T18:14:21.206950Z","expires_at":"2026-11-21T18:19:21.206950Z","answer":null,"answered_by":null,"answered_at":null,"shown_with":[],"together":null}');
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
  carry TEXT CHECK (carry IS NULL OR json_valid(carry)), companion INTEGER NOT NULL DEFAULT 0 CHECK (companion IN (0, 1)), base TEXT NOT NULL DEFAULT '', fork_of TEXT NOT NULL DEFAULT '', mode_after TEXT NOT NULL DEFAULT '', mode_until_ms INTEGER,
  CHECK ((state IN ('waiting_input', 'waiting_confirm')) = (open_request IS NOT NULL))
) STRICT;
INSERT INTO "session" VALUES('trim-pepper','ou_demo','demo','/WORK/asks','waiting_confirm',5,2,1795284861206,1795284861153,1795284862154,1,1,'668333c655268a51c299f35dced45d78','19c26097-2e83-40e5-b1b2-4603eca5d9f5',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"}',NULL,0,'empty','','',NULL);
INSERT INTO "session" VALUES('fizz-lagoon','ou_demo','demo','/WORK/answers','waiting_input',5,2,1795284861696,1795284861686,1795284862688,1,1,'4c0d60b80eaf0fdbc9ccfab384044c29','e15772bf-8797-48f2-aed3-25117a2d2ddc',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"}',NULL,0,'empty','','',NULL);
INSERT INTO "session" VALUES('chief-crown','ou_demo','demo','/WORK/waits','executing',5,2,1795284862436,1795284862436,1795284863437,1,0,NULL,'24a19503-90c7-4dc9-90ae-6d143e693afb',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"}',NULL,0,'empty','','',NULL);
INSERT INTO "session" VALUES('useful-whale','ou_demo','demo','/WORK/closed','closed',5,2,1795284864190,1795284863191,1795284864190,1,0,NULL,'c2eb51dc-e8fb-4ff1-8d86-f8cbd508c371',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"}',NULL,0,'empty','','',NULL);
INSERT INTO "session" VALUES('nifty-elk','ou_demo','demo','/WORK/rests','idle',4,2,1795284864454,1795284864443,1795284864454,1,0,NULL,'f1086d1e-0b3c-4256-bdbc-59cb451cad60',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"}',NULL,0,'empty','','',NULL);
INSERT INTO "session" VALUES('shell-377bc3fb','ou_demo','shell','/WORK','executing',7,2,1795284866748,1795284866246,1795284867749,2,0,NULL,'shell-377bc3fb',0,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"P0D","stop":"PT20S","remind":"PT60S","background":"PT1S"}',NULL,1,'','','',NULL);
INSERT INTO "session" VALUES('assistant-097537eb','ou_bob','assistant','/WORK','executing',6,2,1795284867242,1795284866778,1795284867245,2,0,NULL,'assistant-097537eb',0,'','','{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"P0D","stop":"PT20S","remind":"PT60S","background":"PT1S"}',NULL,1,'','','',NULL);
INSERT INTO "session" VALUES('fizz-desk','ou_demo','demo','/WORK/stops','stopping',4,2,1795284867898,1795284867629,1795284867898,1,0,NULL,'f77eae32-5346-48e0-a3f5-b82c23385634',1,'','','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}','{"wait":"PT300S","turn":"PT1800S","idle":"PT1800S","stop":"PT20S","remind":"PT60S","background":"PT1S"}',NULL,0,'empty','','',NULL);
CREATE TABLE task (
  user_id TEXT NOT NULL REFERENCES user (user_id),
  number INTEGER NOT NULL,
  session_id TEXT NOT NULL,
  turn INTEGER NOT NULL,
  began_at_ms INTEGER NOT NULL,
  PRIMARY KEY (user_id, number),
  UNIQUE (session_id, turn)
) STRICT, WITHOUT ROWID;
INSERT INTO "task" VALUES('ou_demo',1,'trim-pepper',1,1795284862154);
INSERT INTO "task" VALUES('ou_demo',2,'fizz-lagoon',1,1795284862688);
INSERT INTO "task" VALUES('ou_demo',3,'chief-crown',1,1795284863437);
INSERT INTO "task" VALUES('ou_demo',4,'shell-377bc3fb',2,1795284867749);
CREATE TABLE "timer" (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  name TEXT NOT NULL CHECK (name IN ('wait', 'remind', 'turn', 'idle', 'stop', 'background', 'mode')),
  turn INTEGER NOT NULL,
  generation INTEGER NOT NULL,
  due_at_ms INTEGER NOT NULL,
  PRIMARY KEY (session_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO "timer" VALUES('assistant-097537eb','background',2,0,1);
INSERT INTO "timer" VALUES('assistant-097537eb','turn',2,0,1);
INSERT INTO "timer" VALUES('chief-crown','turn',1,0,1);
INSERT INTO "timer" VALUES('fizz-desk','stop',1,0,1);
INSERT INTO "timer" VALUES('fizz-lagoon','remind',1,1,1);
INSERT INTO "timer" VALUES('fizz-lagoon','turn',1,0,1);
INSERT INTO "timer" VALUES('fizz-lagoon','wait',1,1,1);
INSERT INTO "timer" VALUES('nifty-elk','idle',1,0,1);
INSERT INTO "timer" VALUES('shell-377bc3fb','turn',2,0,1);
INSERT INTO "timer" VALUES('trim-pepper','remind',1,1,1);
INSERT INTO "timer" VALUES('trim-pepper','turn',1,0,1);
INSERT INTO "timer" VALUES('trim-pepper','wait',1,1,1);
CREATE TABLE tool_call (
  session_id TEXT NOT NULL REFERENCES session (session_id),
  turn INTEGER NOT NULL,
  call_id TEXT NOT NULL,
  name TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('claimed', 'done', 'unknown')),
  body TEXT NOT NULL CHECK (json_valid(body)),
  PRIMARY KEY (session_id, turn, call_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "tool_call" VALUES('shell-377bc3fb',1,'run','shell','done','{"markdown":"✅ Exit code 0 · 0.0 s\n\n```\nhello\n```","file":"","stopped":false,"outcome":null,"unwell":false}');
INSERT INTO "tool_call" VALUES('shell-377bc3fb',2,'run','shell','claimed','{}');
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
INSERT INTO "turn" VALUES('assistant-097537eb',1,'done',1795284866778,1795284867151,'{"turn":1,"status":"done","started_at":"2026-11-21T18:14:26.778268Z","prompt_ids":["4ff9a76d-8202-5445-9fe1-c8429a0019ad"],"ended_at":"2026-11-21T18:14:27.151685Z","text":"You have none.","error":"","problem":null,"usage":{"input_tokens":498,"output_tokens":20,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"background":false,"files":[],"steps":[{"title":"Look at the sessions","state":"ok","output":""}],"outcome":null,"unwell":false}');
INSERT INTO "turn" VALUES('assistant-097537eb',2,'live',1795284867242,NULL,'{"turn":2,"status":"live","started_at":"2026-11-21T18:14:27.242875Z","prompt_ids":["7d8cec88-bfdf-5c84-ab7f-c865e81c1182"],"ended_at":null,"text":"","error":"","problem":null,"usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"background":false,"files":[],"steps":[],"outcome":null,"unwell":false}');
INSERT INTO "turn" VALUES('chief-crown',1,'live',1795284862436,NULL,'{"turn":1,"status":"live","started_at":"2026-11-21T18:14:22.436769Z","prompt_ids":["9fe08391-a8b0-5048-b7f7-d89bffb6c001"],"ended_at":null,"text":"","error":"","problem":null,"usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"background":true,"files":[],"steps":[],"outcome":null,"unwell":false}');
INSERT INTO "turn" VALUES('fizz-desk',1,'live',1795284867629,NULL,'{"turn":1,"status":"live","started_at":"2026-11-21T18:14:27.629545Z","prompt_ids":["5a3e5508-9997-5ee8-993e-995e1fd5dcbe"],"ended_at":null,"text":"","error":"","problem":null,"usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"background":false,"files":[],"steps":[],"outcome":null,"unwell":false}');
INSERT INTO "turn" VALUES('fizz-lagoon',1,'live',1795284861686,NULL,'{"turn":1,"status":"live","started_at":"2026-11-21T18:14:21.686251Z","prompt_ids":["4c6e43d8-7081-53ab-b24a-92f51f281a1c"],"ended_at":null,"text":"","error":"","problem":null,"usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"background":true,"files":[],"steps":[],"outcome":null,"unwell":false}');
INSERT INTO "turn" VALUES('nifty-elk',1,'done',1795284864443,1795284864454,'{"turn":1,"status":"done","started_at":"2026-11-21T18:14:24.443890Z","prompt_ids":["0ca24a38-1ad9-5adb-ae9c-1a43f29dc43a"],"ended_at":"2026-11-21T18:14:24.454376Z","text":"two","error":"","problem":null,"usage":{"input_tokens":2,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"background":false,"files":[],"steps":[],"outcome":null,"unwell":false}');
INSERT INTO "turn" VALUES('shell-377bc3fb',1,'done',1795284866246,1795284866313,'{"turn":1,"status":"done","started_at":"2026-11-21T18:14:26.246322Z","prompt_ids":["ae062032-5d59-58c3-aaad-cbb8bba5764b"],"ended_at":"2026-11-21T18:14:26.313572Z","text":"✅ Exit code 0 · 0.0 s\n\n```\nhello\n```","error":"","problem":null,"usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"background":false,"files":[],"steps":[{"title":"$ echo hello","state":"ok","output":""}],"outcome":null,"unwell":false}');
INSERT INTO "turn" VALUES('shell-377bc3fb',2,'live',1795284866748,NULL,'{"turn":2,"status":"live","started_at":"2026-11-21T18:14:26.748077Z","prompt_ids":["9cf5b725-d39d-5949-be33-f8d2940e73b5"],"ended_at":null,"text":"","error":"","problem":null,"usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"background":true,"files":[],"steps":[],"outcome":null,"unwell":false}');
INSERT INTO "turn" VALUES('trim-pepper',1,'live',1795284861153,NULL,'{"turn":1,"status":"live","started_at":"2026-11-21T18:14:21.153643Z","prompt_ids":["885850a4-5e66-52e5-a255-cc65c29225ed"],"ended_at":null,"text":"","error":"","problem":null,"usage":{"input_tokens":0,"output_tokens":0,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"background":true,"files":[],"steps":[],"outcome":null,"unwell":false}');
INSERT INTO "turn" VALUES('useful-whale',1,'done',1795284863191,1795284863200,'{"turn":1,"status":"done","started_at":"2026-11-21T18:14:23.191166Z","prompt_ids":["4f46e8ee-89e8-50a7-b97d-e1aae9d6a407"],"ended_at":"2026-11-21T18:14:23.200403Z","text":"one","error":"","problem":null,"usage":{"input_tokens":2,"output_tokens":1,"cache_read_tokens":0,"cache_write_tokens":0,"cost_usd":null},"background":false,"files":[],"steps":[],"outcome":null,"unwell":false}');
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
, chosen_language TEXT NOT NULL DEFAULT '', chosen_mode TEXT NOT NULL DEFAULT '' CHECK (chosen_mode IN ('', 'direct', 'smart')), verbosity TEXT NOT NULL DEFAULT 'normal' CHECK (verbosity IN ('quiet', 'normal', 'verbose')), quiet_hours TEXT NOT NULL DEFAULT '', timezone TEXT NOT NULL DEFAULT '', switched_at_ms INTEGER, acted_at_ms INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO "user" VALUES('ou_demo','',0,'','direct','fizz-desk','{"channel":"feishu","chat_id":"oc_demo","private":true,"root":""}',NULL,0,1795284861153,'','','normal','','',NULL,1795284861148);
INSERT INTO "user" VALUES('ou_bob','',0,'','direct',NULL,'{"channel":"feishu","chat_id":"oc_bob","private":true,"root":""}',NULL,0,1795284866778,'','smart','normal','','',NULL,1795284866774);
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
CREATE INDEX message_of_card ON message (card_key, sent_at_ms);
CREATE INDEX message_of_id ON message (message_id);
CREATE INDEX reminder_due ON reminder (due_at_ms) WHERE status = 'waiting';
CREATE INDEX reminder_of_user ON reminder (user_id, due_at_ms) WHERE status = 'waiting';
CREATE INDEX timer_due ON timer (due_at_ms);
COMMIT;
PRAGMA user_version = 2;
