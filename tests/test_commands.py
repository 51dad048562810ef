from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phonework import texts
from phonework.channels.emulator.app import PAGE
from phonework.commands import (
    BUILT_IN,
    CHINESE,
    ChooseMode,
    Close,
    Command,
    Context,
    Help,
    Look,
    Model,
    New,
    PassThrough,
    Remind,
    Resume,
    Retry,
    SetMode,
    Status,
    Stop,
    Switch,
    Wrong,
    mistyped,
    nearest,
    parse_command,
)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/status", Status()),
        ("/resume", Look(report="resume")),
        ("/resume 2", Resume(number=2)),
        ("/接着 #２", Resume(number=2)),
        ("/diff", Look(report="diff")),
        ("/改动", Look(report="diff")),
        ("/log", Look(report="log", params={"count": "5"})),
        ("/记录 3", Look(report="log", params={"count": "3"})),
        ("/log 999", Look(report="log", params={"count": "20"})),
        ("/context", Context()),
        ("/model", Look(report="model")),
        ("/model opus", Model(name="opus")),
        ("/模型 默认", Model()),
        ("/list", Status()),
        ("  /STATUS  ", Status()),
        ("／ｓｔａｔｕｓ", Status()),
        ("/状态", Status()),
        ("/switch 2", Switch(target="2")),
        ("/switch ２", Switch(target="2")),
        ("/switch #2", Switch(target="2")),
        ("/switch fizz-top", Switch(target="fizz-top")),
        ("/close", Close()),
        ("/close 3", Close(target="3")),
        ("/retry", Retry()),
        ("/stop", Stop()),
        ("/stop。", Stop()),
        ("、stop", Stop()),
        ("/help", Help()),
        ("/帮助", Help()),
    ],
)
def test_a_command_is_read_however_it_is_typed(text: str, command: Command) -> None:
    assert parse_command(text) == command


@pytest.mark.parametrize(
    "text",
    ["/usr/bin", "/", "//", "/ new", "/1", "/-x", "", "hello", "see /new", "/etc.", "/a.txt", "、你好", "/usr/bin/x y"],
)
def test_paths_and_lone_slashes_are_plain_text(text: str) -> None:
    assert parse_command(text) is None


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/new api", New(directory="api")),
        ("／new api", New(directory="api")),
        ("/new api fix the login", New(directory="api", message="fix the login")),
        ('/new "my app" go', New(directory="my app", message="go")),
        ("/new “my app” go", New(directory="my app", message="go")),
        ("/new 「我的 项目」 开始", New(directory="我的 项目", message="开始")),
        (r"/new my\ app go", New(directory="my app", message="go")),
        ("/new it's go", New(directory="it's", message="go")),
        ("/new 'it go", New(directory="'it", message="go")),
        ("/new --backend Claude api", New(directory="api", backend="claude")),
        ("/new api --timeout 90", New(directory="api", timeout=timedelta(seconds=90))),
        ("/new api --timeout=5m hi", New(directory="api", message="hi", timeout=timedelta(minutes=5))),
        ("/new api —timeout 2h", New(directory="api", timeout=timedelta(hours=2))),
        ("/new api --idle 0 hi", New(directory="api", message="hi", idle=timedelta(0))),
        ("/new api hi there --idle 10分钟", New(directory="api", message="hi there", idle=timedelta(minutes=10))),
        (
            "/new api hi --model opus --mode plan",
            New(directory="api", message="hi", model="opus", mode="plan"),
        ),
        ("/new api run it with --verbose", New(directory="api", message="run it with --verbose")),
        ("/new api pass --model to it please", New(directory="api", message="pass --model to it please")),
        ("/new api\nfirst\n  second", New(directory="api", message="first\n  second")),
        ("/新建 api 你好", New(directory="api", message="你好")),
    ],
)
def test_new_takes_directory_message_and_options(text: str, command: Command) -> None:
    assert parse_command(text) == command


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("/new", "say.missing_argument"),
        ('/new ""', "say.missing_argument"),
        ("/new --backend claude", "say.missing_argument"),
        ("/switch", "say.missing_argument"),
        ("/new api --timeout soon", "say.bad_option"),
        ("/new api --timeout -5", "say.bad_option"),
        ("/new api --timeout 9999d", "say.bad_option"),
        ("/new api --tiemout 5", "say.unknown_option"),
        ("/new api hi --tiemout 5", "say.unknown_option"),
        ("/new api --colour red", "say.unknown_option"),
        ("/new api --model", "say.missing_value"),
        ("/new api hi --model", "say.missing_value"),
        ("/new api --model --mode plan", "say.missing_value"),
    ],
)
def test_what_is_wrong_is_said_in_words(text: str, key: str) -> None:
    command = parse_command(text)
    assert isinstance(command, Wrong)
    assert command.text == key
    params = dict(command.params)
    if command.usage:
        params["usage"] = texts.text("en", command.usage)
    assert texts.placeholders(key) == set(params)


def test_any_other_command_goes_to_the_agent_as_typed() -> None:
    assert parse_command("/compact keep\n  the plan") == PassThrough(
        name="compact", text="/compact keep\n  the plan", nearest=""
    )
    assert parse_command("／init") == PassThrough(name="init", text="/init", nearest="")
    assert parse_command("/my-plugin:do x") == PassThrough(name="my-plugin:do", text="/my-plugin:do x", nearest="")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("statsu", "status"),
        ("Stauts", "status"),
        ("statu", "status"),
        ("statuss", "status"),
        ("staXus", "status"),
        ("hlep", "help"),
        ("nwe", "new"),
        ("status", ""),
        ("compact", ""),
        ("init", ""),
        ("review", ""),
        ("agents", ""),
        ("s", ""),
        ("shh", ""),
        ("statsuu", ""),
    ],
)
def test_one_slip_of_the_finger_is_known_for_what_it_is(typed: str, meant: str) -> None:
    assert mistyped(typed) == meant


@given(st.sampled_from([one for one in BUILT_IN if len(one) > 3]), st.integers(0, 12), st.sampled_from("abcxyz_"))
def test_a_letter_more_less_or_other_makes_no_other_command_of_it(command: str, place: int, letter: str) -> None:
    place %= len(command)
    for typed in (command[:place] + letter + command[place:], command[:place] + command[place + 1 :]):
        assert mistyped(typed) in BUILT_IN or typed in BUILT_IN


@pytest.mark.parametrize(("typed", "meant"), [("statsu", "status"), ("swich", "switch"), ("halp", "help"), ("zzz", "")])
def test_the_nearest_command_is_suggested(typed: str, meant: str) -> None:
    assert nearest(typed) == meant


@given(st.text())
@example("/new --")
@example("/new \\")
@example("/new --timeout=" + "9" * 5000)
def test_nothing_typed_raises(text: str) -> None:
    for prefix in ("", "/", "/new ", "/switch ", "/close ", "/new a "):
        command = parse_command(prefix + text)
        if isinstance(command, New):
            assert command.directory
        if isinstance(command, Switch):
            assert command.target


@given(
    st.text(st.characters(exclude_categories=["Z", "C"], exclude_characters="-—–－"), min_size=1),
    st.text("ab \n界", max_size=20),
)
def test_the_message_of_new_is_verbatim(word: str, tail: str) -> None:
    message = f"do {word} {tail}".strip()
    assert parse_command(f"/new dir {message}") == New(directory="dir", message=message)


@given(st.sampled_from(BUILT_IN), st.sampled_from(["/", "／", " /", "\n/"]))
def test_every_built_in_is_known_in_any_case(name: str, mark: str) -> None:
    command = parse_command(f"{mark}{name.upper()} 1")
    assert command is not None
    assert not isinstance(command, PassThrough)


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/提醒明天早上9点 开会", Remind(words="明天早上9点 开会")),
        ("/提醒明天9点，开会。记得带电脑", Remind(words="明天9点，开会。记得带电脑")),
        ("／提醒10分钟后看构建", Remind(words="10分钟后看构建")),
        ("/提醒９点开会", Remind(words="９点开会")),
        ("/提醒12/25过节", Remind(words="12/25过节")),
        ("/提醒列表", Look(report="reminders")),
        ("/切换2", Switch(target="2")),
        ("/关闭２", Close(target="2")),
        ("/接着3", Resume(number=3)),
        ("/待回答", Look(report="pending")),
        ("/模式计划", ChooseMode(name="计划")),
        ("/新建文档 整理一下", New(directory="文档", message="整理一下")),
        ("/直接继续", SetMode(mode="direct", message="继续")),
        ("/停止", Stop()),
        ("/停一下", Stop()),
    ],
)
def test_a_chinese_word_needs_no_space_after_it(text: str, command: Command) -> None:
    assert parse_command(text) == command


@pytest.mark.parametrize(
    "text",
    [
        "提醒明天9点开会",
        "、停止服务",
        "请/提醒明天9点",
        "/文件夹/报告.txt",
        "/列表页/组件 看一下",
        "。/停止一下",
        "1/提醒9点",
    ],
)
def test_a_sentence_or_a_path_is_no_command_though_it_holds_the_word(text: str) -> None:
    assert parse_command(text) is None


@pytest.mark.parametrize("text", ["/提醒abc", "/部署到生产", "/提示词"])
def test_the_word_of_an_agents_own_command_stays_whole(text: str) -> None:
    assert isinstance(parse_command(text), PassThrough)


chinese_words = st.sampled_from(sorted(CHINESE))
chinese_rest = st.builds(
    "".join, st.tuples(st.sampled_from("明后每十一九下我０9２五"), st.text("点分钟开会天上午 ，。:9a\n", max_size=20))
)


@given(chinese_words, chinese_rest, st.sampled_from(["/", "／", " /"]))
def test_what_follows_a_chinese_word_at_once_is_read_as_after_a_space(word: str, rest: str, mark: str) -> None:
    joined = f"{word}{rest}"
    if any(len(other) > len(word) and joined.startswith(other) for other in CHINESE):
        return  # the longer word is meant: 待 and 待办
    assert parse_command(f"{mark}{joined}") == parse_command(f"{mark}{word} {rest}")


@given(st.text(), chinese_words, chinese_rest)
def test_without_a_slash_at_its_beginning_nothing_is_a_command(before: str, word: str, rest: str) -> None:
    text = f"{before.lstrip().lstrip('/／、').lstrip()}{word}{rest}"
    if not text.lstrip().startswith(("/", "／", "、")):
        assert parse_command(text) is None


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("/mode", Look(report="mode")),
        ("/mode plan", ChooseMode(name="plan")),
        ("/模式 计划", ChooseMode(name="计划")),
        ("/mode bypass 15", ChooseMode(name="bypass", limit=timedelta(minutes=15))),
        ("/mode bypass 90 分钟", ChooseMode(name="bypass", limit=timedelta(minutes=90))),
        ("/mode ｂｙｐａｓｓ １ｈ", ChooseMode(name="bypass", limit=timedelta(hours=1))),
    ],
)
def test_a_mode_and_its_time_are_read(text: str, command: object) -> None:
    assert parse_command(text) == command


def test_a_time_that_is_none_is_named() -> None:
    wrong = parse_command("/mode bypass soon")
    assert isinstance(wrong, Wrong)
    assert (wrong.text, wrong.params) == ("say.mode_bad_time", {"value": "soon"})


@pytest.mark.parametrize("language", ["zh", "en"])
def test_help_names_every_command(language: str) -> None:
    said = texts.text(language, "say.help")
    assert [name for name in BUILT_IN if f"`/{name}" not in said and name != "sh"] == []


def test_the_demo_s_page_offers_every_command() -> None:
    labels = (PAGE / "js/i18n.js").read_text(encoding="utf-8")
    assert [name for name in BUILT_IN if f"['/{name}', " not in labels and name != "sh"] == []
