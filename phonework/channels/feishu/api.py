"""Call Feishu's HTTP interface through the SDK: tokens, limits, errors and counts in one place.

The SDK's synchronous transport runs in threads: its asynchronous one opens a connection per call too, fetches the token
synchronously all the same, and reads binary answers wrongly (1.7.5). Its client with a class for every call is not
loaded: it would cost 130 MB.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from urllib.parse import quote

import structlog
from pydantic import SecretStr

from phonework.channels.feishu import errors, sdk
from phonework.channels.feishu.limits import Limits
from phonework.channels.feishu.threads import Threads
from phonework.channels.feishu.untrusted import parse, string
from phonework.errors import ChannelError, TooLargeError
from phonework.files.reading import in_words

log = structlog.get_logger(__name__)

_TIME_LIMIT: Final = timedelta(seconds=20)
_DOWNLOAD_LIMIT_S: Final = 300.0
_LARGEST_REFUSAL: Final = 1024 * 1024  # bytes
_PIECE: Final = 64 * 1024  # bytes
_MOST_OUTCOMES: Final = 100
_JSON: Final = "application/json; charset=utf-8"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. path: below the domain, as documented; parts: the values of its `:names`, escaped when put in.

    form: instead of body, makes a multipart body anew for each attempt. changes: it leaves something behind, so an
    answer that never came leaves its fate unknown. largest_bytes: a yes is a file of at most this size and no JSON; 0: JSON.
    """

    method: str
    path: str
    parts: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str], ...] = ()
    body: Mapping[str, object] | None = None
    form: Callable[[], Any] | None = None
    changes: bool = True
    largest_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    content: bytes


class Api:
    """One app at one domain. Calls raise ChannelError."""

    def __init__(self, app_id: str, app_secret: SecretStr, domain: str) -> None:
        self._app_id, self._app_secret, self._domain = app_id, app_secret, domain
        self._threads = Threads(8, "feishu-call")
        self._config: Any = None
        self.limits = Limits()
        self.outcomes: Counter[str] = Counter()

    async def call(self, call: Call) -> Mapping[str, object]:
        """The answer's JSON, which said yes."""
        return parse((await self.raw(call)).content)

    async def raw(self, call: Call) -> Answer:
        """The answer with its bytes, which said yes. A refused token is renewed once."""
        await self.limits.app()
        try:
            answer = await self._threads.run(lambda: self._attempt(call))
        except ChannelError as error:
            self._count(str(error.code) if error.code else "unreachable")
            raise
        self._count("ok")
        return answer

    def _attempt(self, call: Call) -> Answer:
        lark = sdk.load()
        config = self._configured(lark)
        token = self._token(lark, config)
        try:
            return self._once(lark, config, call, token)
        except ChannelError as error:
            if error.code not in errors.TOKEN:
                raise
        log.info("feishu token renewed", reason="refused")
        forget_tokens()  # the SDK keeps a refused token until its time is up (1.7.5)
        return self._once(lark, config, call, self._token(lark, config))

    def _once(self, lark: sdk.Sdk, config: Any, call: Call, token: str) -> Answer:
        try:
            answer = _download(lark, config, call, token) if call.largest_bytes else _execute(lark, config, call, token)
        except ChannelError:
            raise
        except Exception as error:  # requests, urllib3, json and the SDK each raise their own
            raise errors.failure(error, sent=call.changes) from error
        if call.largest_bytes and 200 <= answer.status < 300:
            return answer
        if (refused := errors.refusal(answer.status, answer.headers, parse(answer.content))) is not None:
            raise refused
        return answer

    def _token(self, lark: sdk.Sdk, config: Any) -> str:
        """A token, from the SDK's cache or fetched. What goes wrong here happened before anything was sent."""
        try:
            return str(lark.TokenManager.get_self_tenant_token(config))
        except lark.TokenRefused as error:
            told = {"code": getattr(error, "code", None), "msg": string(getattr(error, "msg", ""))}
            raise errors.refusal(200, {}, told) or errors.failure(error, sent=False) from error
        except Exception as error:
            raise errors.failure(error, sent=False) from error

    def _configured(self, lark: sdk.Sdk) -> Any:
        if self._config is None:
            sdk.bypass_proxy(self._domain)
            forget_tokens()  # of an app of this id that lived elsewhere, or had another secret
            config = lark.Config()
            config.app_id, config.app_secret = self._app_id, self._app_secret.get_secret_value()
            config.domain, config.timeout = self._domain, _TIME_LIMIT.total_seconds()
            self._config = config
        return self._config

    def _count(self, outcome: str) -> None:
        if outcome in self.outcomes or len(self.outcomes) < _MOST_OUTCOMES:
            self.outcomes[outcome] += 1


def forget_tokens() -> None:
    """The SDK's cache belongs to its class and knows an app by its id alone, wherever it lives."""
    manager = sdk.load().TokenManager
    manager.cache = type(manager.cache)()


def _execute(lark: sdk.Sdk, config: Any, call: Call, token: str) -> Answer:
    option = lark.RequestOption()
    option.tenant_access_token = token
    raw = lark.Transport.execute(config, _request(lark, call), option)
    return Answer(raw.status_code, dict(raw.headers), raw.content or b"")


def _download(lark: sdk.Sdk, config: Any, call: Call, token: str) -> Answer:
    """The SDK reads an answer whole, however long; a file is read piece by piece here, up to its limit and for so long."""
    path = "/".join(quote(call.parts[part[1:]] if part[:1] == ":" else part, safe="") for part in call.path.split("/"))
    with lark.requests.get(
        config.domain + path,
        params=list(call.query),
        headers={"Authorization": f"Bearer {token}"},
        timeout=config.timeout,
        stream=True,
    ) as raw:
        limit = call.largest_bytes if raw.ok else _LARGEST_REFUSAL
        if raw.ok and int(raw.headers.get("content-length") or 0) > limit:
            raise TooLargeError(in_words(limit))
        return Answer(raw.status_code, dict(raw.headers), _pieces(raw, limit))


def _pieces(raw: Any, limit: int) -> bytes:
    """Decompressed as it comes, so the limit holds for what would be stored."""
    content, end = bytearray(), time.monotonic() + _DOWNLOAD_LIMIT_S
    for piece in raw.iter_content(_PIECE):
        content += piece
        if len(content) > limit:
            raise TooLargeError(in_words(limit))
        if time.monotonic() > end:
            raise ChannelError(f"Feishu took more than {_DOWNLOAD_LIMIT_S:.0f} s to send it", hint="send it again")
    return bytes(content)


def _request(lark: sdk.Sdk, call: Call) -> Any:
    body, kind = call.body, _JSON
    if call.form is not None:
        body = call.form()
        kind = body.content_type  # a MultipartEncoder
    return (
        lark.core.BaseRequest.builder()
        .http_method(lark.core.HttpMethod[call.method])
        .uri(call.path)
        .paths(dict(call.parts))
        .queries(list(call.query))
        .token_types({lark.core.AccessTokenType.TENANT})
        .headers({} if body is None else {"Content-Type": kind})
        .body(body)
        .build()
    )


def quoted(content: Mapping[str, object]) -> str:
    """Content as messages carry it: JSON in a string."""
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))
