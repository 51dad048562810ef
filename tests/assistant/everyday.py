"""Everyday messages and where each should go, written down before there was any rule; what is known then is in words.

A line is: situation, message, where it should go. `command`: one of ours or the agent's; `api`, `web`: that session;
`assistant`: the model, where rules are silent; `which`: nobody gets it, the person is asked which session is meant.

- none: no session is open.
- idle: one session, `fizz-top` in `api`, number 1, active; it rests, and the person wrote to it three minutes ago.
- cold: the same, but the last word to it was yesterday.
- busy: the same, at work since a minute.
- confirm: it asked a minute ago whether it may run `rm -rf build`.
- choice: it asked a minute ago "Which database?": PostgreSQL, SQLite or MySQL.
- input: it asked a minute ago for a text.
- two: `fizz-top` in `api`, number 1, used an hour ago; `buzz-owl` in `web`, number 2, active, used five minutes ago. Both rest.
- both: the same two, each asked whether it may run a command.
- mixed: the same two; `web` is at work, `api` asked for a text.
- direct: as idle, and the person chose direct mode.
"""

from typing import Final

EVERYDAY: Final = (
    ("none", "你好", "assistant"),
    ("none", "what can you do?", "assistant"),
    ("none", "帮我看看今天有什么新闻", "assistant"),
    ("none", "/new api 修一下登录的 bug", "command"),
    ("none", "新建一个会话，在 api 目录里修登录", "assistant"),
    ("none", "remind me in ten minutes to look at the build", "assistant"),
    ("none", "继续", "assistant"),
    ("none", "yes", "assistant"),
    ("idle", "继续", "api"),
    ("idle", "continue", "api"),
    ("idle", "then add a test for the empty case", "api"),
    ("idle", "那就用第二种方案", "api"),
    ("idle", "再跑一遍测试", "api"),
    ("idle", "also update the changelog", "api"),
    ("idle", "为什么这个测试会失败？", "api"),
    ("idle", "why did it fail?", "api"),
    ("idle", "把变量名改成 user_id", "api"),
    ("idle", "rename the function to load_users", "api"),
    ("idle", "提醒我明天早上9点开会", "assistant"),
    ("idle", "remind me in 20 minutes to check the deploy", "assistant"),
    ("idle", "东京今天天气怎么样？", "assistant"),
    ("idle", "what's the capital of Australia?", "assistant"),
    ("idle", "谢谢", "assistant"),
    ("idle", "/status", "command"),
    ("idle", "我有哪些会话？", "assistant"),
    ("idle", "fizz: run the linter", "api"),
    ("idle", "@fizz-top 看一下日志", "api"),
    ("idle", "给 api 说 把日志级别调成 debug", "api"),
    ("idle", "tell api to rebase on main", "api"),
    ("cold", "继续", "api"),
    ("cold", "go on", "api"),
    ("cold", "把 README 翻译成英文", "assistant"),
    ("cold", "search the web for the sqlite wal reset bug", "assistant"),
    ("busy", "还有，记得更新文档", "api"),
    ("busy", "怎么样了？", "assistant"),
    ("busy", "/stop", "command"),
    ("confirm", "可以", "api"),
    ("confirm", "yes", "api"),
    ("confirm", "no, use make clean instead", "api"),
    ("confirm", "现在几点了？", "assistant"),
    ("choice", "2", "api"),
    ("choice", "sqlite", "api"),
    ("input", "release-2026.11", "api"),
    ("input", "提醒我5分钟后回来回答", "assistant"),
    ("two", "web: 按钮颜色改成蓝色", "web"),
    ("two", "@1 run the tests", "api"),
    ("two", "把登录接口加上限流", "assistant"),
    ("both", "好", "which"),
    ("mixed", "v2.3.1", "api"),
    ("direct", "今天天气怎么样？", "api"),
)
"""What the rules may be fitted to."""

KEPT_BACK: Final = (
    ("none", "你好，在吗", "assistant"),
    ("none", "查一下 uvicorn 的最新版本", "assistant"),
    ("idle", "looks good, commit it", "api"),
    ("idle", "改完之后跑一下 pytest", "api"),
    ("idle", "不对，撤销刚才的修改", "api"),
    ("idle", "what time is it in Berlin?", "assistant"),
    ("idle", "各个会话现在什么状态", "assistant"),
    ("idle", "what does that function return?", "api"),
    ("idle", "关掉这个会话", "assistant"),
    ("idle", "ask fizz-top to squash the commits", "api"),
    ("cold", "接着昨天的做", "api"),
    ("cold", "翻译一下：good morning everyone", "assistant"),
    ("busy", "and please don't touch the migrations", "api"),
    ("confirm", "不行", "api"),
    ("confirm", "明天提醒我续费域名", "assistant"),
    ("choice", "PostgreSQL", "api"),
    ("two", "告诉 web 把分支推上去", "web"),
    ("two", "which session is still running?", "assistant"),
    ("both", "yes", "which"),
    ("mixed", "用 staging 环境", "api"),
)
"""What the rules are not fitted to: it keeps them honest."""
