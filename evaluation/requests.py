"""Forty requests, each with what a good assistant does first: one of these tools, or words alone.

The scene is always the same, see `evaluation/__main__.py`: `fizz-top` in `api` is idle, `buzz-owl` in `web` works and is the active
one, `calm-fox` in `docs` waits for a decision.
"""

from typing import Final

WORDS: Final = ""
"""An answer without any tool."""

REQUESTS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("hello, who are you?", (WORDS,)),
    ("你好，你能做什么？", (WORDS,)),
    ("what is the difference between a process and a thread?", (WORDS,)),
    ("用一句话解释什么是幂等", (WORDS,)),
    ("translate to English: 明天的会议取消了", (WORDS,)),
    ("what day is it today?", (WORDS,)),
    ("what sessions do I have?", ("list_sessions", WORDS)),
    ("我现在有哪些会话在跑？", ("list_sessions", WORDS)),
    ("ask the api project to run its tests", ("send_to_session",)),
    ("让 web 那个会话把按钮改成蓝色", ("send_to_session",)),
    ("tell fizz-top to rebase on main, then push", ("send_to_session",)),
    ("把登录接口加上限流，在 api 里做", ("send_to_session",)),
    ("the web project needs a dark theme, get it started", ("send_to_session",)),
    ("have buzz-owl update its changelog when it is done", ("send_to_session",)),
    ("approve what docs is asking for", (WORDS,)),
    ("告诉 docs 可以执行", (WORDS,)),
    ("start a new session in the directory shop and fix the prices", ("create_session",)),
    ("新建一个会话，在 blog 目录里写一篇关于 SQLite 的文章", ("create_session",)),
    ("begin in a new directory called playground, make it if it is missing", ("create_session",)),
    ("close fizz-top", ("close_session",)),
    ("把 web 的会话关掉", ("close_session",)),
    ("what did fizz-top say last?", ("show_session",)),
    ("api 那边最后的结果是什么？", ("show_session",)),
    ("show me the first 40 lines of api/README.md", ("read_file",)),
    ("看一下 web/package.json", ("read_file",)),
    ("what is in the directory api/src?", ("list_files",)),
    ("where in api is load_users defined?", ("search_files",)),
    ("send me the file docs/plan.pdf", ("send_file",)),
    ("write a file notes.txt that says: call Bob on Monday", ("write_file",)),
    ("remind me in 20 minutes to look at the deployment", ("reminder_create",)),
    ("每个工作日早上九点提醒我开站会", ("reminder_create",)),
    ("what reminders are still to come?", ("reminder_list",)),
    ("取消开站会的提醒", ("reminder_list", "reminder_delete")),
    ("how much space is left on the disk?", ("run_command",)),
    ("看看 8080 端口被什么程序占用了", ("run_command",)),
    ("add the line «call Eve» at the end of notes.txt", ("append_file", "read_file")),
    ("which Python is installed on my machine?", ("run_command",)),
    ("ask the web, with sources: is WAL mode safe on a network drive?", ("ask_web", "search_web")),
    ("search the web for the newest version of uvicorn", ("search_web", "ask_web")),
    ("read https://sqlite.org/wal.html and tell me what a checkpoint is", ("read_page",)),
)
