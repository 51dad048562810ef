"""What the words of a message look like: going on with work, talk, a wish for the assistant, a question of its own."""

import re
import unicodedata
from typing import Final

_GO_ON: Final = re.compile(
    r"(?:please\s+|ok(?:ay)?[,.\s]+|(?:great|good|nice)[,.\s]+)?(?:continue|go on|go ahead|keep going|carry on|proceed|resume|then|also|"
    r"and|next|now|again|instead|actually|once more|try again|do it|do that|looks good|lgtm)\b"
    r"|(?:好的?|嗯|行|可以)?[,，。\s]*(?:继续|接着|那就|那么|然后|另外|还有|再|顺便|下一步|接下来|不对|改成|换成|就这样|照这个|按这个)",
    re.IGNORECASE,
)
_TALK: Final = re.compile(
    r"(?:hi|hello|hey|thanks?|thank you|thx|cheers|great|cool|nice|good (?:morning|evening|night)|bye|"
    r"你好|您好|在吗|嗨|哈喽|谢谢|多谢|感谢|辛苦了?|早|早上好|晚安|晚上好|再见|拜拜|厉害|不错)[啊呀哦了吗你\s,，.。!！~～?？]*"
    r"(?:在吗|谢谢|thanks)?[\s.。!！~～?？]*",
    re.IGNORECASE,
)
_WISH: Final = re.compile(
    r"\bremind me\b|\breminders?\b|\bset (?:a |an )?(?:reminder|timer|alarm)\b|\bsearch (?:the )?(?:web|internet|online)\b|\bgoogle\b"
    r"|\bweather\b|\bwhat(?:'s| is) the time\b|\bwhat time\b|\bwhat day\b|\bnews\b|\btranslate\b.{0,20}[:：]"
    r"|\b(?:list|which|show|close|open|new|create|start|my|other|another)\b.{0,20}\bsessions?\b|\bsessions?\b.{0,30}\?\s*$"
    r"|提醒|闹钟|叫我一?下|天气|几点|星期几|几号了|新闻|翻译一下|上网|网上|(?:搜索?|查)一?下.{0,20}(?:最新|网|资料|新闻|价格)"
    r"|哪些会话|哪个会话|各个会话|所有会话|我的会话|会话列表|(?:新建|新开|打开|关闭|关掉|关了|切换).{0,12}会话|会话.{0,8}(?:状态|关掉|关闭)"
    # Not where the conversation is what the code is about: 建一个会话管理模块.
    r"|(?:开|建|起|来|换|切)(?:到|[一两另]?个|新).{0,8}会话(?:$|[\W吧在来做跑])",
    re.IGNORECASE,
)
_ASKS: Final = re.compile(
    r"\s*(?:what|who|whom|whose|when|where|which|why|how|is|are|was|were|do|does|did|can|could|should|would|will|have|has)\b"
    r"|.*(?:什么|怎么|为什么|为何|谁|哪|多少|几个|是否|能不能|可不可以|是不是|有没有|吗|呢)[\s\S]*",
    re.IGNORECASE | re.DOTALL,
)
_ABOUT_WORK: Final = re.compile(
    r"\b(?:this|that|these|those|it|its|they|you|your|test|tests|code|function|class|file|files|error|build|branch|commit|diff|bug|fail"
    r"(?:s|ed|ing)?|change[sd]?|above|line)\b|这|那|上面|刚才|刚刚|你|测试|代码|函数|报错|错误|文件|分支|提交|改动|失败|编译|构建|方法|变量|接口",
    re.IGNORECASE,
)
_PROGRESS: Final = re.compile(
    r"\s*(?:how(?:'s| is) it going|how far|are you done|done yet|any (?:news|progress)|status|怎么样了|好了吗|做完了?吗|完成了吗|进度|到哪了|情况怎么样)"
    r".{0,12}",
    re.IGNORECASE,
)


def continues(text: str) -> bool:
    """Whether the words follow on what was said before: "continue", "also …", "再跑一遍"."""
    return _GO_ON.match(_plain(text)) is not None


def idle_talk(text: str) -> bool:
    """A greeting or thanks and nothing more: no agent need be set to work for it."""
    return _TALK.fullmatch(_plain(text)) is not None


def for_assistant(text: str) -> bool:
    """Wishes that no coding agent is for: reminders, the web, the weather, sessions themselves."""
    return _WISH.search(_plain(text)) is not None


def question_of_its_own(text: str) -> bool:
    """A question that does not point at the work in hand; or how far it is, which is not asked of an agent at work."""
    plain = _plain(text)
    if _PROGRESS.fullmatch(plain.rstrip("?？!！。. ")):
        return True
    asks = plain.endswith(("?", "？")) or _ASKS.match(plain) is not None
    return asks and _ABOUT_WORK.search(plain) is None


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).strip()
